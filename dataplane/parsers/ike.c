// IKE over UDP, versions 1 and 2: each datagram is a message and a transaction. See ike.h. Next: ike_log.c.
#include "dataplane/parsers/ike.h"

#define PART_HEADER 8u
#define VERSION_1 1u

struct ike_walk ike_walk(const struct ike_tx *tx)
{
	struct ike_walk w = {.c = cursor_of(tx->msg.at, tx->msg.len)};
	const uint8_t *head = cursor_take(&w.c, IKE_HEADER);

	w.next = head ? head[16] : 0;
	return w;
}

// RFC 7296 3.2, RFC 2408 3.2
bool ike_payload(struct ike_walk *w, uint8_t *type, struct cursor *body)
{
	const uint8_t *head = w->next && w->count < IKE_PAYLOADS_MAX ? cursor_peek(&w->c, 4) : NULL;
	uint16_t len = head ? load_be16(head + 2) : 0;

	if (len < 4 || !cursor_sub(&w->c, len, body))
		return false;
	cursor_skip(body, 4);
	*type = w->next;
	w->next = head[0];
	w->count++;
	return true;
}

bool ike_part(struct cursor *c, const uint8_t **head, struct cursor *content)
{
	*head = cursor_peek(c, PART_HEADER);
	uint16_t len = *head ? load_be16(*head + 2) : 0;

	return len >= PART_HEADER && cursor_sub(c, len, content) && cursor_skip(content, PART_HEADER);
}

void ike_attributes(struct cursor c, struct ike_attributes *out)
{
	uint16_t type, value;
	struct cursor longer;

	out->count = 0;
	while (out->count < IKE_ATTRIBUTES_MAX && cursor_be16(&c, &type) && cursor_be16(&c, &value)) {
		struct ike_attribute a = {.type = type & INT16_MAX, .value = value};
		if (!(type & 0x8000)) { // value is a length
			if (!cursor_sub(&c, value, &longer))
				return;
			if (value != 4 || !cursor_be32(&longer, &a.value))
				continue;
		}
		out->at[out->count++] = a;
	}
}

bool ike_v1_sa(struct cursor *c, uint32_t *doi)
{
	return cursor_be32(c, doi) && (*doi != 1 || cursor_skip(c, 4));
}

static void digits(const uint8_t *bytes, uint32_t len, uint8_t *out)
{
	static const char hex[] = "0123456789abcdef";

	for (uint32_t i = 0; i < len; i++) {
		out[2 * i] = (uint8_t)hex[bytes[i] >> 4];
		out[2 * i + 1] = (uint8_t)hex[bytes[i] & 15];
	}
}

static void copy(struct app_run *run, struct app_text *to, const uint8_t *at, uint32_t len)
{
	to->len = 0;
	if (len)
		app_text_add(run, to, at, len, IKE_SECRET_MAX);
}

static void take_vendor(struct app_run *run, struct ike_tx *tx, const struct cursor *body)
{
	uint8_t text[2 * 256];
	size_t len = cursor_left(body) < 256 ? cursor_left(body) : 256;

	digits(body->at, (uint32_t)len, text);
	app_text_add(run, &tx->vendors, text, 2 * (uint32_t)len, UINT16_MAX);
	tx->vendor_end[tx->vendor_count++] = (uint16_t)tx->vendors.len;
}

// The responder's first transform is what holds from here on.
static void take_v1_sa(struct app_run *run, struct ike_state *st, struct ike_tx *tx, struct cursor c, uint8_t dir)
{
	struct cursor proposal, transform;
	const uint8_t *head;

	st->side[dir].key_exchange.len = st->side[dir].nonce.len = 0;
	st->chosen.has_doi = ike_v1_sa(&c, &st->chosen.doi);
	if (dir == DIR_TO_SERVER || !st->chosen.has_doi || !ike_part(&c, &head, &proposal) ||
		!cursor_skip(&proposal, head[6]) || !ike_part(&proposal, &head, &transform))
		return;
	ike_attributes(transform, &st->chosen.v1);
	tx->chooses = true;
}

static void read_v1(struct app_run *run, struct ike_state *st, struct ike_tx *tx, uint8_t dir)
{
	struct ike_walk w = ike_walk(tx);
	struct cursor body;
	uint8_t type;

	if (tx->msg.at[19] & 1) // encrypted
		return;
	while (ike_payload(&w, &type, &body)) {
		uint32_t len = (uint32_t)cursor_left(&body);
		if (type == IKE1_SA)
			take_v1_sa(run, st, tx, body, dir);
		else if (type == IKE1_KEY_EXCHANGE)
			copy(run, &st->side[dir].key_exchange, body.at, len);
		else if (type == IKE1_NONCE)
			copy(run, &st->side[dir].nonce, body.at, len);
		else if (type == IKE1_VENDOR)
			take_vendor(run, tx, &body);
	}
}

static void note(struct app_run *run, struct app_session *s, struct ike_tx *tx, enum ike_event e)
{
	app_event(run, s, &tx->tx, (uint8_t)e);
}

// What is weak today, by bit: types of encryption 1 to 9 and 11, of integrity 1 to 7, groups of at most 1536 bits.
static const struct {
	uint64_t set;
	uint8_t event;
} weak[IKE2_TRANSFORMS] = {[IKE2_ENCRYPTION] = {0xbfe, IKE_E_WEAK_ENC},
	[IKE2_PRF] = {0x6, IKE_E_WEAK_PRF},
	[IKE2_INTEGRITY] = {0xfe, IKE_E_WEAK_AUTH},
	[IKE2_GROUP] = {1u << 1 | 1u << 2 | 1u << 5 | 1u << 22, IKE_E_WEAK_DH}};
// Encryption that has its own integrity: CCM, GCM, ChaCha20-Poly1305.
#define WITH_INTEGRITY (7u << 14 | 7u << 18 | 15u << 25)

static void judge(struct app_run *run, struct app_session *s, struct ike_tx *tx, uint32_t seen, const uint16_t *last)
{
	bool sealed = last[IKE2_ENCRYPTION] < 32 && WITH_INTEGRITY >> last[IKE2_ENCRYPTION] & 1;

	if (!(seen >> IKE2_GROUP & 1))
		note(run, s, tx, IKE_E_WEAK_NO_DH);
	if (!sealed && !(seen >> IKE2_INTEGRITY & 1 && last[IKE2_INTEGRITY]))
		note(run, s, tx, IKE_E_WEAK_NO_AUTH);
}

// A proposal (RFC 7296 3.3.1): `last` gets the last transform of each kind.
static void read_proposal(
	struct app_run *run, struct app_session *s, struct ike_tx *tx, struct cursor c, uint16_t last[IKE2_TRANSFORMS])
{
	struct cursor content;
	const uint8_t *head;
	uint32_t seen = 0;

	while (ike_part(&c, &head, &content)) {
		uint8_t kind = head[4];
		uint16_t id = load_be16(head + 6);
		if (!kind || kind >= IKE2_TRANSFORMS) {
			note(run, s, tx, IKE_E_UNKNOWN_PROPOSAL);
			continue;
		}
		seen |= 1u << kind;
		last[kind] = id;
		if (id < 64 && weak[kind].set >> id & 1)
			note(run, s, tx, (enum ike_event)weak[kind].event);
		if (!id && (kind == IKE2_PRF || kind == IKE2_GROUP))
			note(run, s, tx, IKE_E_INVALID_PROPOSAL);
	}
	judge(run, s, tx, seen, last);
}

static void read_v2(struct app_run *run, struct app_session *s, struct ike_state *st, struct ike_tx *tx, uint8_t dir)
{
	struct ike_walk w = ike_walk(tx);
	struct cursor body, proposal;
	const uint8_t *head;
	uint8_t type;

	while (ike_payload(&w, &type, &body) && type != IKE2_ENCRYPTED) {
		bool first = true;
		if (type != IKE2_SA)
			continue;
		for (; ike_part(&body, &head, &proposal); first = false) {
			uint16_t last[IKE2_TRANSFORMS] = {0};
			cursor_skip(&proposal, head[6]); // the SPI
			read_proposal(run, s, tx, proposal, last);
			if (first && dir == DIR_TO_CLIENT) {
				memcpy(st->chosen.v2, last, sizeof(last));
				st->chosen.has_v2 = tx->chooses = true;
			}
		}
	}
}

static void remember(struct app_run *run, const struct ike_state *st, struct ike_tx *tx)
{
	tx->chosen = st->chosen;
	for (int dir = 0; dir < 2; dir++) {
		const struct ike_secrets *s = &st->side[dir];
		copy(run, &tx->side[dir].key_exchange, s->key_exchange.at, s->key_exchange.len);
		copy(run, &tx->side[dir].nonce, s->nonce.at, s->nonce.len);
	}
}

static enum parse_answer parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct ike_tx *tx = (struct ike_tx *)(void *)app_tx_message(run, s, in->dir);
	uint8_t major = in->len >= IKE_HEADER ? in->data[17] >> 4 : 0;

	if (!tx)
		return PARSE_STOP;
	if ((major != 1 && major != 2) || load_be32(in->data + 24) != in->len) {
		note(run, s, tx, IKE_E_MALFORMED);
		return PARSE_OK;
	}
	if (!app_text_add(run, &tx->msg, in->data, in->len, IKE_MESSAGE_MAX))
		return PARSE_STOP;
	tx->v1 = major == VERSION_1;
	digits(in->data, 8, tx->spi[0]);
	digits(in->data + 8, 8, tx->spi[1]);
	if (tx->v1)
		read_v1(run, state, tx, in->dir);
	else
		read_v2(run, s, state, tx, in->dir);
	remember(run, state, tx);
	return PARSE_OK;
}

static void free_secrets(struct app_run *run, struct ike_secrets side[2])
{
	for (int dir = 0; dir < 2; dir++) {
		app_text_free(run, &side[dir].key_exchange);
		app_text_free(run, &side[dir].nonce);
	}
}

static void free_tx(struct app_run *run, struct app_tx *base)
{
	struct ike_tx *tx = (struct ike_tx *)(void *)base;

	app_text_free(run, &tx->msg);
	app_text_free(run, &tx->vendors);
	free_secrets(run, tx->side);
}

static void free_state(struct app_run *run, void *state)
{
	free_secrets(run, ((struct ike_state *)state)->side);
}

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	static const uint8_t none[8];

	if (len < IKE_HEADER || load_be32(data + 24) != len)
		return PROBE_NO;
	uint8_t version = data[17], exchange = data[18];
	if (version != 0x10 && (version != 0x20 || exchange < 34 || exchange > 37))
		return PROBE_NO;
	// without the responder's SPI it is the initiator who speaks
	return dir == DIR_TO_CLIENT && memcmp(data + 8, none, sizeof(none)) == 0 ? PROBE_YES_REVERSED : PROBE_YES;
}

// In the order of enum ike_event.
static const char *const events[] = {"malformed_data", "no_encryption", "weak_crypto_enc", "weak_crypto_prf",
	"weak_crypto_dh", "weak_crypto_auth", "weak_crypto_no_dh", "weak_crypto_no_auth", "invalid_proposal",
	"unknown_proposal", "multiple_server_proposal", NULL};

const struct parser parser_ike = {
	.name = "ike",
	.proto = APP_IKE,
	.over = OVER_UDP,
	.udp_ports = "500",
	.probe = probe,
	.state_size = sizeof(struct ike_state),
	.tx_size = sizeof(struct ike_tx),
	.complete = {1, 1},
	.parse = parse,
	.free_tx = free_tx,
	.free_state = free_state,
	.buffers = ike_buffers,
	.fields = ike_fields,
	.events = events,
	.log = ike_log,
	.log_as_sent = true,
};
