// TLS 1.0 to 1.3 and SSL 2 and 3, as far as they are readable: records and handshake messages (RFC 5246, RFC 8446). A
// flow has one transaction, complete once both sides have gone over to ciphers; from there on nothing is read. See
// tls.h.
#include "dataplane/parsers/tls.h"

enum tls_record { CHANGE_CIPHER_SPEC = 20, ALERT, HANDSHAKE, APPLICATION_DATA, HEARTBEAT };

enum tls_message {
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	CERTIFICATE = 11,
	SERVER_KEY_EXCHANGE = 12,
	SERVER_HELLO_DONE = 14,
	CLIENT_KEY_EXCHANGE = 16,
};

#define RECORD_HEADER 5u
#define RECORD_MAX (16384u + 2048u) // RFC 5246 section 6.2.3
#define MESSAGE_HEADER 4u
#define MESSAGE_MAX 65536u
#define CHAIN_MAX MESSAGE_MAX

struct tls_state {
	struct tls_tx *tx;          // NULL: not begun, or both sides are done
	struct app_text message[2]; // handshake messages that go on in the next record
	uint32_t rest[2];           // bytes of a record that is only told of as a frame
	bool over;                  // both sides are done: tx has gone
};

static void advance(struct tls_tx *tx, uint8_t dir, enum tls_progress progress)
{
	if (tx->tx.progress[dir] < progress)
		tx->tx.progress[dir] = (uint8_t)progress;
}

static void raise_events(struct app_run *run, struct app_session *s, struct tls_tx *tx, uint32_t events)
{
	for (uint8_t e = 0; events; e++, events >>= 1)
		if (events & 1)
			app_event(run, s, &tx->tx, e);
}

// RFC 5246 section 7.4.2: a list of certificates, the server's own or the client's own first. A list that is not there
// whole is nothing to go by.
static uint32_t read_certificates(struct app_run *run, struct tls_side *side, struct cursor body)
{
	struct cursor list, one;
	uint32_t len, fail = 0;

	if (side->chain.at || !cursor_be24(&body, &len) || !cursor_sub(&body, len, &list) || len == 0)
		return 0;
	app_text_add(run, &side->chain, list.at, len, CHAIN_MAX);
	for (; cursor_left(&list); side->chain_len++) {
		if (!cursor_be24(&list, &len) || !cursor_sub(&list, len, &one))
			return 1u << TLS_INVALID_CERTIFICATE;
		if (len == 0)
			return 1u << TLS_CERTIFICATE_INVALID_LENGTH;
		if (side->chain_len == 0)
			fail = tls_read_certificate(run, &side->cert, one);
	}
	return fail ? 1u << (fail - 1) : 0;
}

// Message types of the IANA registry. Those that are not looked into are known all the same.
static bool is_known(uint8_t type)
{
	return type <= 6 || type == 8 || (type >= 11 && type <= 16) || (type >= 20 && type <= 26) || type == 67 ||
	       type == 254;
}

// A whole handshake message. False: nothing behind it can be relied on.
static bool read_message(
	struct app_run *run, struct tls_tx *tx, uint8_t dir, uint8_t type, struct cursor body, uint32_t *events)
{
	switch (type) {
	case CLIENT_HELLO:
		if (dir != DIR_TO_SERVER)
			return false;
		tx->seen = TLS_SEEN_CLIENT_HELLO;
		if (!tls_client_hello(run, tx, body, events))
			return false;
		advance(tx, dir, TLS_HELLO);
		break;
	case SERVER_HELLO:
		if (dir != DIR_TO_CLIENT)
			return false;
		tx->seen = TLS_SEEN_SERVER_HELLO;
		if (!tls_server_hello(run, tx, body, events))
			return false;
		advance(tx, dir, TLS_HELLO);
		break;
	case CERTIFICATE:
		*events |= read_certificates(run, &tx->side[dir], body);
		advance(tx, dir, TLS_CERTIFICATE);
		break;
	case SERVER_KEY_EXCHANGE:
		tx->seen = TLS_SEEN_SERVER_KEYX;
		break;
	case SERVER_HELLO_DONE:
		advance(tx, dir, TLS_CERTIFICATE);
		break;
	case CLIENT_KEY_EXCHANGE:
		tx->seen = TLS_SEEN_CLIENT_KEYX;
		advance(tx, dir, TLS_CERTIFICATE);
		break;
	default:
		break;
	}
	return true;
}

// Messages of one record, or of what several have brought together. What is left at the cursor is not whole yet.
static bool read_messages(struct app_run *run, struct tls_tx *tx, uint8_t dir, struct cursor *c, uint32_t *events)
{
	while (cursor_left(c)) {
		bool whole_header = cursor_left(c) >= MESSAGE_HEADER;
		if (!is_known(c->at[0])) {
			*events |=
				1u << TLS_INVALID_HANDSHAKE_MESSAGE | (whole_header ? 0 : 1u << TLS_INVALID_SSL_RECORD);
			return false;
		}
		if (!whole_header)
			break;
		uint32_t len = load_be24(c->at + 1);
		if (len > MESSAGE_MAX - MESSAGE_HEADER)
			return false;
		if (cursor_left(c) < MESSAGE_HEADER + len)
			break;
		if (!read_message(run, tx, dir, c->at[0], cursor_of(c->at + MESSAGE_HEADER, len), events))
			return false;
		cursor_skip(c, MESSAGE_HEADER + len);
	}
	return true;
}

// RFC 5246 section 6.2.1: messages and records do not keep to each other's bounds.
static bool read_handshake(
	struct app_run *run, struct tls_state *st, uint8_t dir, struct cursor content, uint32_t *events)
{
	struct app_text *kept = &st->message[dir];
	bool together = kept->len != 0;
	struct cursor c = content;

	if (together) {
		if (!app_text_add(run, kept, content.at, (uint32_t)cursor_left(&content), MESSAGE_MAX))
			return false;
		c = cursor_of(kept->at, kept->len);
	}
	if (!read_messages(run, st->tx, dir, &c, events))
		return false;
	if (!together)
		return cursor_left(&c) == 0 || app_text_add(run, kept, c.at, (uint32_t)cursor_left(&c), MESSAGE_MAX);
	kept->len = (uint32_t)cursor_left(&c);
	memmove(kept->at, c.at, kept->len);
	return true;
}

// RFC 6520 section 4: a type, the length of what is to be sent back, that, and padding of 16 bytes at least. To ask for
// more than was sent is CVE-2014-0160.
static uint32_t read_heartbeat(struct cursor c)
{
	uint8_t type;
	uint16_t len;

	if (!cursor_u8(&c, &type) || !cursor_be16(&c, &len))
		return 0;
	if (type != 1 && type != 2)
		return 1u << TLS_INVALID_HEARTBEAT_MESSAGE;
	return cursor_left(&c) < len + 16u ? 1u << TLS_OVERFLOW_HEARTBEAT_MESSAGE : 0;
}

// The next records of this direction are not readable, but for those of TLS 1.3, where this record is for show (RFC
// 8446 appendix D.4).
static void change_cipher(struct tls_tx *tx, uint8_t dir)
{
	if (!tx->without_cert)
		advance(tx, dir, TLS_DONE);
}

enum record_answer { RECORD_READ, RECORD_CUT, RECORD_BAD };

static bool is_version(uint16_t v)
{
	return (v >= 0x0300 && v <= 0x0304) || (v >> 8) == 0x7f;
}

// RFC 5246 section 6.2.1: a type, a version, a length, the content.
static enum record_answer read_record(
	struct app_run *run, struct tls_state *st, uint8_t dir, struct cursor *c, uint32_t *events)
{
	const uint8_t *header = cursor_peek(c, RECORD_HEADER);
	struct cursor content;

	if (header == NULL)
		return RECORD_CUT;
	uint8_t type = header[0];
	uint16_t len = load_be16(header + 3);
	if (!is_version(load_be16(header + 1))) {
		*events |= 1u << TLS_INVALID_RECORD_VERSION;
		return RECORD_BAD;
	}
	if (type < CHANGE_CIPHER_SPEC || type > HEARTBEAT) {
		*events |= 1u << TLS_INVALID_RECORD_TYPE;
		return RECORD_BAD;
	}
	if (!st->tx->side[dir].hello)
		st->tx->side[dir].version = load_be16(header + 1);
	if (type == APPLICATION_DATA) {
		advance(st->tx, dir, TLS_DONE);
		return RECORD_READ;
	}
	if (len > RECORD_MAX)
		return RECORD_BAD;
	if (!cursor_skip(c, RECORD_HEADER + len))
		return RECORD_CUT;
	content = cursor_of(header + RECORD_HEADER, len);
	if (type == CHANGE_CIPHER_SPEC)
		change_cipher(st->tx, dir);
	else if (type == HEARTBEAT)
		*events |= read_heartbeat(content);
	else if (type == HANDSHAKE && !read_handshake(run, st, dir, content, events))
		return RECORD_BAD;
	return RECORD_READ;
}

// A hello in a record of SSL 2 (RFC 5246 appendix E.2; the whole of SSL 2 when it says so). Nothing is done with what
// an SSL 2 conversation says further.
static enum record_answer read_sslv2(struct tls_tx *tx, uint8_t dir, struct cursor *c)
{
	struct tls_side *side = &tx->side[dir];
	struct cursor body;
	uint16_t len, version;
	uint8_t type;

	struct cursor at = *c;
	if (!cursor_be16(&at, &len) || !cursor_sub(&at, len & 0x7fffu, &body))
		return RECORD_CUT;
	*c = at;
	if (!cursor_u8(&body, &type) || type != (dir == DIR_TO_SERVER ? CLIENT_HELLO : 4) ||
		(dir == DIR_TO_CLIENT && !cursor_skip(&body, 2)) || !cursor_be16(&body, &version))
		return RECORD_BAD;
	side->hello = true;
	side->version = version == 0x0002 ? 0x0200 : version;
	tx->seen = dir == DIR_TO_SERVER ? TLS_SEEN_CLIENT_HELLO : TLS_SEEN_SERVER_HELLO;
	advance(tx, dir, side->version == 0x0200 ? TLS_DONE : TLS_HELLO);
	return RECORD_READ;
}

// In the order of frames.
enum { FRAME_PDU, FRAME_HDR, FRAME_DATA, FRAME_ALERT, FRAME_HEARTBEAT, FRAME_SSL2_HDR, FRAME_SSL2_PDU };

// The record whose header is at `at`.
static void tell_record(struct app_run *run, struct app_session *s, const struct app_input *in, const uint8_t *at)
{
	uint32_t len = load_be16(at + 3);

	app_frame(run, s, in, FRAME_PDU, at, RECORD_HEADER + len);
	app_frame(run, s, in, FRAME_HDR, at, RECORD_HEADER);
	app_frame(run, s, in, FRAME_DATA, at + RECORD_HEADER, len);
	if (at[0] == ALERT)
		app_frame(run, s, in, FRAME_ALERT, at + RECORD_HEADER, len);
	if (at[0] == HEARTBEAT)
		app_frame(run, s, in, FRAME_HEARTBEAT, at + RECORD_HEADER, len);
}

static void tell_sslv2(
	struct app_run *run, struct app_session *s, const struct app_input *in, const uint8_t *at, uint32_t len)
{
	app_frame(run, s, in, FRAME_SSL2_HDR, at, 2);
	app_frame(run, s, in, FRAME_SSL2_PDU, at, len);
}

// Nothing more is read of this direction; where rules ask for frames its records are told of all the same.
static enum parse_answer follow(
	struct app_run *run, struct app_session *s, struct tls_state *st, struct app_input *in, struct cursor c)
{
	uint32_t *rest = &st->rest[in->dir];

	if (!app_frames_wanted(run))
		return PARSE_DONE;
	for (;;) {
		size_t n = *rest < cursor_left(&c) ? *rest : cursor_left(&c);
		cursor_skip(&c, n);
		*rest -= (uint32_t)n;
		if (*rest || cursor_left(&c) < RECORD_HEADER)
			break;
		if (!is_version(load_be16(c.at + 1)) || c.at[0] < CHANGE_CIPHER_SPEC || c.at[0] > HEARTBEAT)
			return PARSE_DONE;
		tell_record(run, s, in, c.at);
		*rest = load_be16(c.at + 3);
		cursor_skip(&c, RECORD_HEADER);
	}
	in->used = (uint32_t)(c.at - in->data);
	return PARSE_OK;
}

static enum record_answer next_record(struct app_run *run, struct app_session *s, struct tls_state *st,
	const struct app_input *in, struct cursor *c, uint32_t *events)
{
	const uint8_t *at = c->at;
	bool sslv2 = at[0] & 0x80 && !st->tx->side[in->dir].hello;
	enum record_answer answer = sslv2 ? read_sslv2(st->tx, in->dir, c) : read_record(run, st, in->dir, c, events);

	if (sslv2 && c->at != at)
		tell_sslv2(run, s, in, at, (uint32_t)(c->at - at));
	else if (c->at != at)
		tell_record(run, s, in, at);
	return answer;
}

static enum parse_answer tls_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct tls_state *st = state;
	struct cursor c = cursor_of(in->data, in->len);
	enum record_answer answer = RECORD_READ;
	uint32_t events = 0;

	if (in->gap)
		return PARSE_STOP;
	if (in->len == 0)
		return PARSE_OK;
	if (st->over || (st->tx && st->tx->tx.progress[in->dir] >= TLS_DONE))
		return follow(run, s, st, in, c);
	if (st->tx == NULL && (st->tx = (struct tls_tx *)app_tx_new(run, s)) == NULL)
		return PARSE_STOP;
	st->tx->tx.dirs = 1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT;
	st->tx->seen = 0;
	while (answer == RECORD_READ && cursor_left(&c) && st->tx->tx.progress[in->dir] < TLS_DONE)
		answer = next_record(run, s, st, in, &c, &events);
	raise_events(run, s, st->tx, events);
	in->used = (uint32_t)(c.at - in->data);
	if (answer == RECORD_BAD)
		return PARSE_STOP;
	st->over = st->tx->tx.progress[0] >= TLS_DONE && st->tx->tx.progress[1] >= TLS_DONE;
	return st->tx->tx.progress[in->dir] < TLS_DONE ? PARSE_OK : follow(run, s, st, in, c);
}

static void free_tx(struct app_run *run, struct app_tx *app_tx)
{
	struct tls_tx *tx = (struct tls_tx *)app_tx;

	app_text_free(run, &tx->sni);
	for (uint8_t dir = 0; dir < 2; dir++) {
		struct tls_side *side = &tx->side[dir];
		app_text_free(run, &side->alpn);
		app_text_free(run, &side->ja3);
		app_text_free(run, &side->chain);
		tls_free_certificate(run, &side->cert);
	}
}

static void free_state(struct app_run *run, void *state)
{
	struct tls_state *st = state;

	app_text_free(run, &st->message[0]);
	app_text_free(run, &st->message[1]);
}

#define RECORD(type, version, dir)                       \
	{                                                \
		type "\x03" version, 3, 0, 3, dir, false \
	}
#define RECORDS(type, dir) \
	RECORD(type, "\x00", dir), RECORD(type, "\x01", dir), RECORD(type, "\x02", dir), RECORD(type, "\x03", dir)

static const struct parser_pattern patterns[] = {RECORDS("\x16", DIR_TO_SERVER), RECORDS("\x01", DIR_TO_SERVER),
	RECORDS("\x15", DIR_TO_CLIENT), RECORDS("\x16", DIR_TO_CLIENT), RECORDS("\x17", DIR_TO_CLIENT),
	{"\x01\x00\x02", 3, 2, 5, DIR_TO_SERVER, false}, {"\x00\x02", 2, 5, 7, DIR_TO_CLIENT, false}, {0}};

// On its ports: a hello in a record of SSLv2.
static enum probe_answer tls_probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	if (len < 3)
		return PROBE_MORE;
	return dir == DIR_TO_SERVER && data[0] & 0x80 && data[2] == 1 ? PROBE_YES : PROBE_NO;
}

// In the order of enum tls_event.
static const char *const events[] = {"invalid_sslv2_header", "invalid_tls_header", "invalid_record_version",
	"invalid_record_type", "invalid_handshake_message", "heartbeat_message", "invalid_heartbeat_message",
	"overflow_heartbeat_message", "dataleak_heartbeat_mismatch", "handshake_invalid_length",
	"multiple_sni_extensions", "invalid_sni_type", "invalid_sni_length", "too_many_records_in_packet",
	"invalid_certificate", "certificate_invalid_length", "certificate_invalid_version",
	"certificate_invalid_serial", "certificate_invalid_algorithmidentifier", "certificate_invalid_x509name",
	"certificate_invalid_date", "certificate_invalid_extensions", "certificate_invalid_der",
	"certificate_invalid_subject", "certificate_invalid_issuer", "certificate_invalid_validity",
	"error_message_encountered", "invalid_ssl_record", NULL};
_Static_assert(sizeof(events) / sizeof(events[0]) == TLS_EVENTS + 1, "a name an event");

static const char *const frames[] = {"pdu", "hdr", "data", "alert", "heartbeat", "ssl2.hdr", "ssl2.pdu", NULL};

const struct parser parser_tls = {
	.name = "tls",
	.proto = APP_TLS,
	.over = OVER_TCP,
	.patterns = patterns,
	.tcp_ports = "443",
	.probe = tls_probe,
	.first_dirs = 1u << DIR_TO_SERVER,
	.state_size = sizeof(struct tls_state),
	.tx_size = sizeof(struct tls_tx),
	.complete = {TLS_DONE, TLS_DONE},
	.parse = tls_parse,
	.free_tx = free_tx,
	.free_state = free_state,
	.buffers = tls_buffers,
	.fields = tls_fields,
	.events = events,
	.frames = frames,
	.log = tls_log,
};
