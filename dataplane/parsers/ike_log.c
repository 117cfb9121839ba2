// What rules read of IKE's messages, and EVE's ike record. See ike.h. Next: ike_names.c.
#include "dataplane/parsers/ike.h"

static const struct ike_tx *tx_of(const struct app_tx *tx)
{
	return (const struct ike_tx *)(const void *)tx;
}

static bool get_spi(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	*out = (struct app_bytes){tx_of(tx)->spi[dir], sizeof(tx_of(tx)->spi[dir])};
	return nth == 0 && tx_of(tx)->msg.len;
}

static bool get_vendor(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct ike_tx *t = tx_of(tx);
	uint32_t from = nth && nth < t->vendor_count ? t->vendor_end[nth - 1] : 0;

	if (nth >= t->vendor_count)
		return false;
	*out = (struct app_bytes){t->vendors.at + from, t->vendor_end[nth] - from};
	return out->len;
}

// The body of a message's own payload of version 1.
static bool payload(const struct app_tx *tx, uint8_t want, uint32_t nth, struct app_bytes *out)
{
	const struct ike_tx *t = tx_of(tx);
	struct ike_walk w = ike_walk(t);
	struct cursor body;
	uint8_t type;

	if (nth || !t->v1 || t->msg.at[19] & 1)
		return false;
	while (ike_payload(&w, &type, &body))
		if (type == want) {
			*out = (struct app_bytes){body.at, (uint32_t)cursor_left(&body)};
			return out->len;
		}
	return false;
}

static bool get_key_exchange(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return payload(tx, IKE1_KEY_EXCHANGE, nth, out);
}

static bool get_nonce(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return payload(tx, IKE1_NONCE, nth, out);
}

static bool exchange(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = tx_of(tx)->msg.len ? tx_of(tx)->msg.at[18] : 0;
	return nth == 0 && tx_of(tx)->msg.len;
}

// Type (of version 1) and value of an attribute that the responder has chosen, of 32 bits each.
static bool attributes(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	static const struct {
		uint8_t v1, v2;
	} same[] = {{1, IKE2_ENCRYPTION}, {13, IKE2_PRF}, {3, IKE2_INTEGRITY}, {4, IKE2_GROUP}};
	const struct ike_tx *t = tx_of(tx);

	if (!t->chooses || nth >= (t->v1 ? t->chosen.v1.count : sizeof(same) / sizeof(*same)))
		return false;
	if (!t->v1) {
		*out = (uint64_t)same[nth].v1 << 32 | t->chosen.v2[same[nth].v2];
		return true;
	}
	*out = (uint64_t)t->chosen.v1.at[nth].type << 32 | t->chosen.v1.at[nth].value;
	return true;
}

static bool key_exchange_len(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	struct app_bytes b = {0};
	bool there = payload(tx, IKE1_KEY_EXCHANGE, nth, &b);

	*out = b.len;
	return there;
}

static bool nonce_len(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	struct app_bytes b = {0};
	bool there = payload(tx, IKE1_NONCE, nth, &b);

	*out = b.len;
	return there;
}

#define CLIENT (1u << DIR_TO_SERVER)
#define SERVER (1u << DIR_TO_CLIENT)

const struct parser_buffer ike_buffers[] = {
	{"ike.init_spi", CLIENT, {1, 1}, get_spi},
	{"ike.resp_spi", SERVER, {1, 1}, get_spi},
	{"ike.vendor", CLIENT, {1, 1}, get_vendor},
	{"ike.key_exchange_payload", CLIENT | SERVER, {1, 1}, get_key_exchange},
	{"ike.nonce_payload", CLIENT | SERVER, {1, 1}, get_nonce},
	{0},
};

const struct parser_field ike_fields[] = {
	{"ike.exchtype", CLIENT | SERVER, {1, 1}, exchange},
	{"ike.chosen_sa_attribute", SERVER, {1, 1}, attributes},
	{"ike.key_exchange_payload_length", CLIENT | SERVER, {1, 1}, key_exchange_len},
	{"ike.nonce_payload_length", CLIENT | SERVER, {1, 1}, nonce_len},
	{0},
};

static void log_attributes(struct app_log *l, const struct ike_attributes *list)
{
	for (uint8_t i = 0; i < list->count; i++) {
		log_string(l, ike_attribute_name(list->at[i].type), ike_attribute_value(&list->at[i]));
		log_uint(l, ike_attribute_raw_name(list->at[i].type), list->at[i].value);
	}
}

// Each transform of an SA of version 1.
static void log_proposals(struct app_log *l, const struct ike_tx *tx)
{
	struct ike_walk w = ike_walk(tx);
	struct cursor body, proposal, transform;
	struct ike_attributes list;
	const uint8_t *head;
	uint32_t doi;
	uint8_t type;

	while (ike_payload(&w, &type, &body)) {
		if (type != IKE1_SA || !ike_v1_sa(&body, &doi) || !ike_part(&body, &head, &proposal) ||
			!cursor_skip(&proposal, head[6]) || !cursor_left(&proposal))
			continue;
		log_list(l, "proposals");
		while (ike_part(&proposal, &head, &transform)) {
			ike_attributes(transform, &list);
			log_object(l, NULL);
			log_attributes(l, &list);
			log_close(l);
		}
		log_close(l);
		return;
	}
}

static void log_hex(struct app_log *l, const char *name, const struct app_text *t)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t text[512];
	uint32_t n = t->len < sizeof(text) / 2 ? t->len : (uint32_t)sizeof(text) / 2;

	for (uint32_t i = 0; i < n; i++) {
		text[2 * i] = (uint8_t)hex[t->at[i] >> 4];
		text[2 * i + 1] = (uint8_t)hex[t->at[i] & 15];
	}
	log_text(l, name, (struct app_bytes){text, 2 * n});
}

static void log_side(struct app_log *l, const struct ike_tx *tx, uint8_t dir)
{
	const struct ike_secrets *s = &tx->side[dir];

	log_object(l, dir == DIR_TO_SERVER ? "client" : "server");
	if (s->key_exchange.len) {
		log_hex(l, "key_exchange_payload", &s->key_exchange);
		log_uint(l, "key_exchange_payload_length", s->key_exchange.len);
	}
	if (s->nonce.len) {
		log_hex(l, "nonce_payload", &s->nonce);
		log_uint(l, "nonce_payload_length", s->nonce.len);
	}
	if (dir == DIR_TO_SERVER && tx->tx.dirs == CLIENT)
		log_proposals(l, tx);
	log_close(l);
}

static void log_v1(struct app_log *l, const struct ike_tx *tx)
{
	bool encrypted = tx->msg.at[19] & 1;
	struct app_bytes vendor;

	log_object(l, "ikev1");
	if (tx->chosen.has_doi)
		log_uint(l, "doi", tx->chosen.doi);
	log_bool(l, "encrypted_payloads", encrypted);
	if (!encrypted) {
		log_side(l, tx, DIR_TO_SERVER);
		log_side(l, tx, DIR_TO_CLIENT);
	}
	if (tx->vendor_count) {
		log_list(l, "vendor_ids");
		for (uint32_t i = 0; i < tx->vendor_count && get_vendor(&tx->tx, 0, i, &vendor); i++)
			log_text(l, NULL, vendor);
		log_close(l);
	}
	log_close(l);
}

// RFC 7296 3.10: types below 16384 are errors.
static uint32_t log_notifications(struct app_log *l, const struct ike_tx *tx, bool count_only)
{
	struct ike_walk w = ike_walk(tx);
	char room[IKE_NAME_ROOM];
	struct cursor body;
	uint32_t found = 0;
	uint8_t type;

	while (ike_payload(&w, &type, &body) && type != IKE2_ENCRYPTED) {
		if (type != IKE2_NOTIFY || cursor_left(&body) < 4)
			continue;
		uint16_t n = load_be16(body.at + 2);
		if (count_only)
			found += n < 16384;
		else if (found++ == 0)
			log_list(l, "notify");
		if (!count_only)
			log_text(l, NULL, ike_notify_name(n, room));
	}
	if (!count_only && found)
		log_close(l);
	return found;
}

static void log_v2(struct app_log *l, const struct ike_tx *tx)
{
	log_object(l, "ikev2");
	log_uint(l, "errors", log_notifications(l, tx, true));
	log_notifications(l, tx, false);
	log_close(l);
}

// Version 2: each payload and the end; version 1: each kind, with what an SA has within.
static void log_payloads(struct app_log *l, const struct ike_tx *tx)
{
	struct ike_walk w = ike_walk(tx);
	char room[IKE_NAME_ROOM];
	struct cursor body;
	uint64_t told[4] = {0};
	uint8_t type = 0;

	log_list(l, "payload");
	if (tx->v1 && tx->msg.at[19] & 1) { // what follows is ciphered
		log_text(l, NULL, ike_payload_name(true, w.next, room));
		log_close(l);
		return;
	}
	while (ike_payload(&w, &type, &body)) {
		if (!tx->v1 || !(told[type >> 6] >> (type & 63) & 1))
			log_text(l, NULL, ike_payload_name(tx->v1, type, room));
		if (tx->v1 && type == IKE1_SA && !(told[0] >> IKE1_SA & 1) && cursor_left(&body) > 8) {
			log_text(l, NULL, ike_payload_name(true, IKE1_PROPOSAL, room));
			log_text(l, NULL, ike_payload_name(true, IKE1_TRANSFORM, room));
		}
		told[type >> 6] |= UINT64_C(1) << (type & 63);
		if (!tx->v1 && type == IKE2_ENCRYPTED)
			break;
	}
	if (!tx->v1 && (!w.next || type == IKE2_ENCRYPTED))
		log_text(l, NULL, ike_payload_name(false, w.next, room));
	log_close(l);
}

bool ike_log(const struct app_tx *base, struct app_log *l)
{
	static const char *const names[IKE2_TRANSFORMS] = {NULL, "alg_enc", "alg_prf", "alg_auth", "alg_dh", "alg_esn"};
	static const uint16_t nothing[IKE2_TRANSFORMS] = {[IKE2_ENCRYPTION] = 11}; // ENCR_NULL
	const struct ike_tx *tx = tx_of(base);
	const uint16_t *v2 = tx->chosen.has_v2 ? tx->chosen.v2 : nothing;
	char room[IKE_NAME_ROOM];

	if (!tx->msg.len)
		return false;
	log_uint(l, "version_major", tx->msg.at[17] >> 4);
	log_uint(l, "version_minor", tx->msg.at[17] & 15);
	log_text(l, "init_spi", (struct app_bytes){tx->spi[0], sizeof(tx->spi[0])});
	log_text(l, "resp_spi", (struct app_bytes){tx->spi[1], sizeof(tx->spi[1])});
	log_uint(l, "message_id", load_be32(tx->msg.at + 20));
	log_uint(l, "exchange_type", tx->msg.at[18]);
	if (tx->v1) {
		log_attributes(l, &tx->chosen.v1);
	} else {
		bool responds = base->dirs == SERVER;
		log_string(l, "role", responds ? "responder" : "initiator");
		for (uint8_t i = IKE2_ENCRYPTION; responds && i < IKE2_TRANSFORMS; i++)
			log_text(l, names[i], ike_v2_name((enum ike_v2_transform)i, v2[i], room));
	}
	log_payloads(l, tx);
	if (tx->v1)
		log_v1(l, tx);
	else
		log_v2(l, tx);
	return true;
}
