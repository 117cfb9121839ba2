// Client and server hello (RFC 8446 section 4.1, RFC 6066, RFC 7301), see tls.h. Next: tls_ja.c.
#include "dataplane/parsers/tls.h"

enum tls_extension {
	EXT_SERVER_NAME = 0,
	EXT_GROUPS = 10,
	EXT_POINT_FORMATS = 11,
	EXT_SIGNATURE_ALGORITHMS = 13,
	EXT_ALPN = 16,
	EXT_SESSION_TICKET = 35,
	EXT_SUPPORTED_VERSIONS = 43,
};

#define SNI_MAX 255u

// RFC 6066 section 3: the first name counts.
static void read_sni(struct app_run *run, struct tls_tx *tx, struct cursor c, uint32_t *events)
{
	struct tls_side *client = &tx->side[DIR_TO_SERVER];
	uint16_t list, len;
	uint8_t type;

	if (cursor_left(&c) == 0)
		return;
	if (client->sni_seen) {
		*events |= 1u << TLS_MULTIPLE_SNI_EXTENSIONS;
		return;
	}
	if (!cursor_be16(&c, &list) || !cursor_u8(&c, &type))
		return;
	if (type != 0) {
		*events |= 1u << TLS_INVALID_SNI_TYPE;
		return;
	}
	if (!cursor_be16(&c, &len) || len == 0 || len > SNI_MAX || cursor_left(&c) < len) {
		*events |= 1u << TLS_INVALID_SNI_LENGTH;
		return;
	}
	client->sni_seen = true;
	app_text_add(run, &tx->sni, c.at, len, SNI_MAX);
}

// RFC 7301 section 3.1: a list of names; a server's has one.
static void read_alpn(struct app_run *run, struct tls_side *side, struct cursor c, struct tls_hello *h)
{
	struct cursor name;
	uint16_t list;
	uint8_t len;

	if (side->alpn.len || !cursor_be16(&c, &list))
		return;
	while (cursor_u8(&c, &len) && cursor_sub(&c, len, &name)) {
		if (h->first_alpn.at == NULL)
			h->first_alpn = name;
		if (len == 0 || side->alpn.len + 1u + len > TLS_NAMES_MAX)
			continue;
		if (!app_text_add(run, &side->alpn, &len, 1, TLS_NAMES_MAX) ||
			!app_text_add(run, &side->alpn, name.at, len, TLS_NAMES_MAX))
			return;
	}
}

// RFC 8446 section 4.2.1. A server's choice counts only where the client left it one.
static void read_versions(struct tls_tx *tx, struct cursor c, bool client, struct tls_hello *h)
{
	uint16_t v;

	if (client && !cursor_skip(&c, 1))
		return;
	tx->versions_offered |= client;
	if (!client && tx->versions_offered && cursor_be16(&c, &v)) {
		tx->side[DIR_TO_CLIENT].version = v;
		tx->without_cert = true;
		return;
	}
	h->highest = 0;
	while (cursor_be16(&c, &v)) {
		if (TLS_IS_GREASE(v))
			continue;
		if (client && h->highest == 0 && TLS_IS_1_3(v))
			tx->side[DIR_TO_SERVER].version = v; // preferred
		if (v > h->highest)
			h->highest = v;
	}
}

static void read_extension(struct app_run *run, struct tls_tx *tx, uint16_t type, struct cursor c, bool client,
	struct tls_hello *h, uint32_t *events)
{
	switch (type) {
	case EXT_SERVER_NAME:
		h->sni = true;
		if (client)
			read_sni(run, tx, c, events);
		break;
	case EXT_GROUPS:
		cursor_skip(&c, 2);
		h->groups = c;
		break;
	case EXT_POINT_FORMATS:
		cursor_skip(&c, 1);
		h->points = c;
		break;
	case EXT_SIGNATURE_ALGORITHMS:
		cursor_skip(&c, 2);
		h->algorithms = c;
		break;
	case EXT_ALPN:
		read_alpn(run, &tx->side[client ? DIR_TO_SERVER : DIR_TO_CLIENT], c, h);
		break;
	case EXT_SESSION_TICKET:
		tx->resumed |= client; // offered, and then taken unless a certificate comes
		break;
	case EXT_SUPPORTED_VERSIONS:
		read_versions(tx, c, client, h);
		break;
	default:
		break;
	}
}

static bool read_extensions(
	struct app_run *run, struct tls_tx *tx, struct cursor *c, bool client, struct tls_hello *h, uint32_t *events)
{
	struct cursor list, ext;
	uint16_t len, type;

	if (cursor_left(c) == 0)
		return true; // of TLS 1.2 and before: there need not be any
	if (!cursor_be16(c, &len) || !cursor_sub(c, len, &list))
		return false;
	h->extensions = list;
	while (cursor_left(&list)) {
		if (!cursor_be16(&list, &type) || !cursor_be16(&list, &len) || !cursor_sub(&list, len, &ext))
			return false;
		read_extension(run, tx, type, ext, client, h, events);
	}
	return true;
}

// Server hellos of drafts 1 to 21 of RFC 8446 have neither a session id nor a compression method; those before 16 said
// they were of version 1.3.
static bool is_short(uint16_t version)
{
	return version == TLS_1_3 || (version > 0x7f00 && version <= 0x7f15);
}

// What both hellos begin with.
static bool read_start(struct tls_side *side, struct cursor *c, struct tls_hello *h, bool client)
{
	const uint8_t *random, *session = NULL;
	uint8_t len = 0;

	if (!cursor_be16(c, &h->version) || (random = cursor_take(c, TLS_RANDOM_LEN)) == NULL)
		return false;
	if ((client || !is_short(h->version)) && (!cursor_u8(c, &len) || (session = cursor_take(c, len)) == NULL))
		return false;
	h->highest = h->version;
	side->version = h->version;
	side->hello = true;
	memcpy(side->random, random, TLS_RANDOM_LEN);
	side->session_len = len <= sizeof(side->session) ? len : 0;
	if (side->session_len)
		memcpy(side->session, session, side->session_len);
	return true;
}

bool tls_client_hello(struct app_run *run, struct tls_tx *tx, struct cursor c, uint32_t *events)
{
	struct tls_side *side = &tx->side[DIR_TO_SERVER];
	struct tls_hello h = {0};
	uint16_t len;
	uint8_t methods;

	if (!read_start(side, &c, &h, true) || !cursor_be16(&c, &len) || len % 2 != 0 ||
		!cursor_sub(&c, len, &h.ciphers) || !cursor_u8(&c, &methods) || !cursor_skip(&c, methods) ||
		!read_extensions(run, tx, &c, true, &h, events)) {
		*events |= 1u << TLS_HANDSHAKE_INVALID_LENGTH;
		return false;
	}
	if (app_limits(run)->tls_ja3)
		tls_make_ja3(run, side, &h, true);
	if (app_limits(run)->tls_ja4)
		tls_make_ja4(side, &h);
	return true;
}

bool tls_server_hello(struct app_run *run, struct tls_tx *tx, struct cursor c, uint32_t *events)
{
	const struct tls_side *client = &tx->side[DIR_TO_SERVER];
	struct tls_side *side = &tx->side[DIR_TO_CLIENT];
	struct tls_hello h = {0};

	if (!read_start(side, &c, &h, false) || !cursor_sub(&c, 2, &h.ciphers) ||
		(!is_short(h.version) && !cursor_skip(&c, 1)) || !read_extensions(run, tx, &c, false, &h, events)) {
		*events |= 1u << TLS_HANDSHAKE_INVALID_LENGTH;
		return false;
	}
	if (is_short(h.version)) {
		side->version = h.version == TLS_1_3 ? TLS_1_3_BEFORE_16 : h.version;
		tx->without_cert = true;
	}
	if (side->session_len && side->session_len == client->session_len &&
		memcmp(side->session, client->session, side->session_len) == 0)
		tx->resumed = true;
	if (app_limits(run)->tls_ja3)
		tls_make_ja3(run, side, &h, false);
	return true;
}
