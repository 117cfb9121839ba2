// DNS over UDP and TCP (RFC 1035, RFC 7766). A message is a transaction of one direction, complete at once; of a
// request the questions are read, of a response all that is answered. The message is kept whole for its record and read
// again there. dns_name.c reads names, dns_rdata.c records; this file has the framing, the buffers and the record.
#include "dataplane/parsers/dns_message.h"

#define DNS_QR 0x8000u
#define DNS_Z 0x0040u
#define DNS_OPCODE(flags) ((flags) >> 11 & 15u)
#define DNS_OPCODES 7u        // RFC 8490 took the last, 6
#define DNS_NAMES_BYTES 4096u // of a request's names with their lengths that rules see

struct dns_tx {
	struct app_tx tx;
	uint8_t *bytes; // the message, then names of a request: a length of two bytes (native order), text
	uint32_t len, names_len;
	uint16_t id, flags;
	uint16_t counts[3]; // questions, answers, authorities
};

enum { FRAME_PDU }; // in the order of frames

struct dns_state {
	bool lost[2]; // bytes are missing: messages are to be found again
};

struct dns_header {
	uint16_t id, flags, counts[4]; // of questions, answers, authorities and additional records
};

// RFC 1035 section 4.1.1. Counts that cannot fit into `whole` bytes are not a header's.
static bool read_header(struct cursor *c, uint32_t whole, struct dns_header *h)
{
	uint32_t records = 0;

	if (!cursor_be16(c, &h->id) || !cursor_be16(c, &h->flags))
		return false;
	for (uint32_t i = 0; i < 4; i++) {
		if (!cursor_be16(c, &h->counts[i]))
			return false;
		records += h->counts[i];
	}
	return DNS_HEADER_LEN + 2 * records <= whole;
}

// Room for the names of a request as rules see them.
struct dns_names {
	uint32_t len;
	uint8_t bytes[DNS_NAMES_BYTES];
};

static void keep_name(struct dns_names *names, const struct dns_name *name)
{
	if (names == NULL || sizeof(names->bytes) - names->len < sizeof(name->len) + name->len)
		return;
	memcpy(names->bytes + names->len, &name->len, sizeof(name->len));
	memcpy(names->bytes + names->len + sizeof(name->len), name->text, name->len);
	names->len += (uint32_t)sizeof(name->len) + name->len;
}

// All of a message that is looked at, or as much as its steps allow. names: may be NULL.
static bool read_message(struct dns_message *m, struct dns_header *h, struct dns_names *names)
{
	struct cursor c = cursor_of(m->at, m->len);
	struct dns_record r;
	uint16_t type;

	if (!read_header(&c, m->len, h))
		return false;
	for (uint32_t i = 0; i < h->counts[0]; i++) {
		if (!dns_question_read(m, &c, &r.name, &type))
			return m->steps == 0;
		if (!(h->flags & DNS_QR))
			keep_name(names, &r.name);
	}
	if (h->flags & DNS_QR)
		for (uint32_t i = 0, n = h->counts[1] + h->counts[2]; i < n; i++)
			if (!dns_record_read(m, &c, &r))
				return m->steps == 0;
	return true;
}

// What is wrong with a message that makes no transaction is said of the last one, if that is still there.
static void blame(struct app_run *run, struct app_session *s, enum dns_event event)
{
	struct app_tx *tx = app_tx_first(s);

	while (tx && tx->next)
		tx = tx->next;
	if (tx)
		app_event(run, s, tx, (uint8_t)event);
}

static void raise_events(struct app_run *run, struct app_session *s, struct dns_tx *tx, uint32_t events)
{
	if (tx->flags & DNS_Z)
		events |= 1u << DNS_Z_FLAG_SET;
	if (DNS_OPCODE(tx->flags) >= DNS_OPCODES)
		events |= 1u << DNS_INVALID_OPCODE;
	for (uint8_t e = 0; events; e++, events >>= 1)
		if (events & 1)
			app_event(run, s, &tx->tx, e);
}

// A message becomes a transaction. False: it is none, or there is no memory.
static bool take_message(struct app_run *run, struct app_session *s, const uint8_t *at, uint32_t len, uint8_t dir)
{
	struct dns_message m = dns_message_of(at, len);
	struct dns_header h;
	struct dns_names names;

	names.len = 0;
	if (!read_message(&m, &h, &names)) {
		blame(run, s, DNS_MALFORMED_DATA);
		return false;
	}
	if (!!(h.flags & DNS_QR) != (dir == DIR_TO_CLIENT)) {
		blame(run, s, dir == DIR_TO_CLIENT ? DNS_NOT_RESPONSE : DNS_NOT_REQUEST);
		return false;
	}
	struct dns_tx *tx = (struct dns_tx *)app_tx_message(run, s, dir);
	if (tx == NULL)
		return false;
	tx->id = h.id;
	tx->flags = h.flags;
	memcpy(tx->counts, h.counts, sizeof(tx->counts));
	tx->bytes = app_alloc(run, len + names.len);
	if (tx->bytes) {
		tx->len = len;
		tx->names_len = names.len;
		memcpy(tx->bytes, at, len);
		memcpy(tx->bytes + len, names.bytes, names.len);
	}
	raise_events(run, s, tx, m.events);
	return true;
}

// RFC 1035 section 4.2.2: two bytes of length, then the message. A length of 0 is passed over.
static enum parse_answer parse_tcp(
	struct app_run *run, struct app_session *s, struct dns_state *state, struct app_input *in)
{
	struct cursor c = cursor_of(in->data, in->len);

	if (in->gap)
		state->lost[in->dir] = true;
	while (cursor_left(&c) >= 2) {
		uint32_t len = load_be16(c.at);
		if (state->lost[in->dir]) { // a message has to stand here, or these bytes are let go
			struct dns_header h;
			struct cursor header = cursor_of(c.at + 2, cursor_left(&c) - 2);
			if (!read_header(&header, len, &h) || !!(h.flags & DNS_QR) != (in->dir == DIR_TO_CLIENT)) {
				in->used = in->len;
				return PARSE_OK;
			}
			state->lost[in->dir] = false;
		}
		if (cursor_left(&c) < 2 + len)
			break;
		app_frame(run, s, in, FRAME_PDU, c.at + 2, len);
		if (len && !take_message(run, s, c.at + 2, len, in->dir))
			return PARSE_STOP;
		cursor_skip(&c, 2 + len);
	}
	in->used = (uint32_t)(c.at - in->data);
	return PARSE_OK;
}

static enum parse_answer dns_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	if (in->over == OVER_TCP)
		return parse_tcp(run, s, state, in);
	app_frame(run, s, in, FRAME_PDU, in->data, in->len);
	if (in->len)
		take_message(run, s, in->data, in->len, in->dir); // the next datagram stands for itself
	return PARSE_OK;
}

static void dns_free_tx(struct app_run *run, struct app_tx *tx)
{
	app_free(run, ((struct dns_tx *)tx)->bytes);
}

// Of a message that is not whole only the header can be judged.
static enum probe_answer dns_probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	struct dns_header h;
	uint32_t whole = len;

	if (over == OVER_TCP) {
		if (len < 2 + DNS_HEADER_LEN)
			return PROBE_MORE;
		whole = load_be16(data);
		data += 2;
		len -= 2;
	}
	if (whole <= len) {
		struct dns_message m = dns_message_of(data, whole);
		if (!read_message(&m, &h, NULL))
			return PROBE_NO;
	} else {
		struct cursor c = cursor_of(data, len);
		if (!read_header(&c, whole, &h))
			return PROBE_NO;
	}
	return !!(h.flags & DNS_QR) == (dir == DIR_TO_CLIENT) ? PROBE_YES : PROBE_YES_REVERSED;
}

static bool get_query(const struct app_tx *app_tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct dns_tx *tx = (const struct dns_tx *)app_tx;
	const uint8_t *at = tx->bytes + tx->len, *end = at + tx->names_len;
	uint16_t len = 0;

	for (; at != end; at += len, nth--) {
		memcpy(&len, at, sizeof(len));
		at += sizeof(len);
		if (nth == 0) {
			*out = (struct app_bytes){at, len};
			return true;
		}
	}
	return false;
}

static bool get_opcode(const struct app_tx *app_tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = DNS_OPCODE(((const struct dns_tx *)app_tx)->flags);
	return nth == 0;
}

static void log_flags(struct app_log *l, uint16_t flags)
{
	static const char digits[] = "0123456789abcdef";
	static const struct {
		uint16_t bit;
		const char *name;
	} bits[] = {{DNS_QR, "qr"}, {0x0400, "aa"}, {0x0200, "tc"}, {0x0100, "rd"}, {0x0080, "ra"}, {DNS_Z, "z"}};
	uint8_t hex[4], n = 0;

	for (int shift = 12; shift >= 0; shift -= 4)
		if (n || flags >> shift)
			hex[n++] = (uint8_t)digits[flags >> shift & 15];
	log_text(l, "flags", (struct app_bytes){hex, n});
	for (uint32_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (flags & bits[i].bit)
			log_bool(l, bits[i].name, true);
}

static void log_rcode(struct app_log *l, uint8_t rcode)
{
	static const char *const names[16] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
		"YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE", "11", "12", "13", "14", "15"};

	log_string(l, "rcode", names[rcode]);
}

static void log_question(struct app_log *l, const struct dns_name *name, uint16_t type)
{
	log_text(l, "rrname", (struct app_bytes){name->text, name->len});
	if (name->cut)
		log_bool(l, "rrname_truncated", true);
	dns_log_type(l, "rrtype", type);
}

static void log_query(const struct dns_tx *tx, const struct dns_name *name, uint16_t type, struct app_log *l)
{
	log_string(l, "type", "query");
	log_uint(l, "id", tx->id);
	log_question(l, name, type);
	log_uint(l, "tx_id", tx->tx.id);
	if (tx->flags & DNS_Z)
		log_bool(l, "z", true);
	log_uint(l, "opcode", DNS_OPCODE(tx->flags));
}

static void log_answer(const struct dns_tx *tx, const struct dns_name *name, uint16_t type, struct app_log *l)
{
	log_string(l, "type", "answer");
	log_uint(l, "id", tx->id);
	log_flags(l, tx->flags);
	log_uint(l, "opcode", DNS_OPCODE(tx->flags));
	log_question(l, name, type);
	log_rcode(l, tx->flags & 15);
}

// EVE's dns record, version 2. A message that asks nothing has none.
static bool dns_log(const struct app_tx *app_tx, struct app_log *l)
{
	const struct dns_tx *tx = (const struct dns_tx *)app_tx;
	struct dns_message m = {.at = tx->bytes, .len = tx->len, .steps = DNS_LOG_STEPS};
	struct cursor c = cursor_of(tx->bytes + DNS_HEADER_LEN, tx->len - DNS_HEADER_LEN), authorities;
	struct dns_record r;
	uint16_t type = 0, other;

	if (tx->bytes == NULL || tx->counts[0] == 0 || !dns_question_read(&m, &c, &r.name, &type))
		return false;
	log_uint(l, "version", 2);
	if (!(tx->flags & DNS_QR)) {
		log_query(tx, &r.name, type, l);
		return true;
	}
	log_answer(tx, &r.name, type, l);
	for (uint32_t i = 1; i < tx->counts[0]; i++)
		if (!dns_question_read(&m, &c, &r.name, &other))
			return true;
	authorities = c;
	if (tx->counts[1]) {
		dns_log_grouped(&m, c, tx->counts[1], dns_log_records(&m, c, tx->counts[1], "answers", l), l);
		for (uint32_t i = 0; i < tx->counts[1]; i++)
			if (!dns_record_read(&m, &authorities, &r))
				return true;
	}
	if (tx->counts[2])
		dns_log_records(&m, authorities, tx->counts[2], "authorities", l);
	return true;
}

#define BOTH (1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT)

static const struct parser_buffer buffers[] = {
	{.name = "dns.query", .dirs = 1u << DIR_TO_SERVER, .progress = {1, 1}, .get = get_query},
	{0},
};

static const struct parser_field fields[] = {
	{.name = "dns.opcode", .dirs = BOTH, .progress = {1, 1}, .get = get_opcode},
	{0},
};

// In the order of enum dns_event.
static const char *const events[] = {"malformed_data", "not_request", "not_response", "z_flag_set", "invalid_opcode",
	"name_too_long", "too_many_labels", "infinite_loop", NULL};

static const char *const frames[] = {"pdu", NULL};

const struct parser parser_dns = {
	.name = "dns",
	.proto = APP_DNS,
	.over = OVER_TCP | OVER_UDP,
	.tcp_ports = "53",
	.udp_ports = "53",
	.probe = dns_probe,
	.state_size = sizeof(struct dns_state),
	.tx_size = sizeof(struct dns_tx),
	.complete = {1, 1},
	.parse = dns_parse,
	.free_tx = dns_free_tx,
	.buffers = buffers,
	.fields = fields,
	.events = events,
	.frames = frames,
	.log = dns_log,
};
