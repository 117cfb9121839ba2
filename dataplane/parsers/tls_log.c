// What rules read of a TLS transaction, and EVE's tls record. See tls.h.
#include "dataplane/parsers/tls.h"

static const struct tls_side *side_of(const struct app_tx *tx, uint8_t dir)
{
	return &((const struct tls_tx *)tx)->side[dir];
}

static bool put(struct app_bytes *out, const void *at, uint32_t len)
{
	*out = (struct app_bytes){at, len};
	return true;
}

static bool put_text(struct app_bytes *out, const struct app_text *t, bool there)
{
	return there && put(out, t->at ? t->at : (const uint8_t *)"", t->len);
}

static bool get_sni(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct app_text *sni = &((const struct tls_tx *)tx)->sni;
	return nth == 0 && put_text(out, sni, sni->at);
}

static bool get_subject(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct tls_cert *c = &side_of(tx, dir)->cert;
	return nth == 0 && put_text(out, &c->subject, c->whole);
}

static bool get_issuer(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct tls_cert *c = &side_of(tx, dir)->cert;
	return nth == 0 && put_text(out, &c->issuer, c->whole);
}

static bool get_serial(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct tls_cert *c = &side_of(tx, dir)->cert;
	return nth == 0 && put_text(out, &c->serial, c->whole);
}

static bool get_fingerprint(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct tls_cert *c = &side_of(tx, dir)->cert;
	return nth == 0 && c->whole && put(out, c->fingerprint, sizeof(c->fingerprint));
}

static bool get_certificate(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct app_text *chain = &side_of(tx, dir)->chain;
	struct cursor c = cursor_of(chain->at, chain->len), one;
	uint32_t len;

	while (cursor_be24(&c, &len) && cursor_sub(&c, len, &one))
		if (nth-- == 0)
			return put(out, one.at, len);
	return false;
}

static bool get_alternative(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct tls_cert *cert = &side_of(tx, dir)->cert;
	struct cursor c = cursor_of(cert->names.at, cert->names.len), one;
	const uint8_t *at;
	uint16_t len;

	while (cert->whole && (at = cursor_take(&c, sizeof(len))) != NULL) {
		memcpy(&len, at, sizeof(len));
		if (!cursor_sub(&c, len, &one))
			return false;
		if (nth-- == 0)
			return put(out, one.at, len);
	}
	return false;
}

static bool get_alpn(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct app_text *alpn = &side_of(tx, dir)->alpn;
	struct cursor c = cursor_of(alpn->at, alpn->len), one;
	uint8_t len;

	while (cursor_u8(&c, &len) && cursor_sub(&c, len, &one))
		if (nth-- == 0)
			return put(out, one.at, len);
	return false;
}

static bool get_random(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return nth == 0 && side_of(tx, dir)->hello && put(out, side_of(tx, dir)->random, TLS_RANDOM_LEN);
}

static bool get_random_time(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return nth == 0 && side_of(tx, dir)->hello && put(out, side_of(tx, dir)->random, 4);
}

static bool get_random_bytes(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return nth == 0 && side_of(tx, dir)->hello && put(out, side_of(tx, dir)->random + 4, TLS_RANDOM_LEN - 4);
}

static bool get_ja3_hash(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct tls_side *side = side_of(tx, dir);
	return nth == 0 && side->ja3.at && put(out, side->ja3_hash, sizeof(side->ja3_hash));
}

static bool get_ja3(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct app_text *ja3 = &side_of(tx, dir)->ja3;
	return nth == 0 && put_text(out, ja3, ja3->at);
}

static bool get_ja4(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct tls_side *side = side_of(tx, dir);
	return nth == 0 && side->ja4[0] && put(out, side->ja4, sizeof(side->ja4));
}

#define CLIENT (1u << DIR_TO_SERVER)
#define SERVER (1u << DIR_TO_CLIENT)
#define AT_HELLO                     \
	{                            \
		TLS_HELLO, TLS_HELLO \
	}
#define AT_CERTIFICATE                           \
	{                                        \
		TLS_CERTIFICATE, TLS_CERTIFICATE \
	}

const struct parser_buffer tls_buffers[] = {
	{.name = "tls.sni", .dirs = CLIENT, .progress = AT_HELLO, .get = get_sni},
	{.name = "tls.cert_subject", .dirs = CLIENT | SERVER, .progress = AT_CERTIFICATE, .get = get_subject},
	{.name = "tls.cert_issuer", .dirs = CLIENT | SERVER, .progress = AT_CERTIFICATE, .get = get_issuer},
	{.name = "tls.cert_serial", .dirs = CLIENT | SERVER, .progress = AT_CERTIFICATE, .get = get_serial},
	{.name = "tls.cert_fingerprint", .dirs = CLIENT | SERVER, .progress = AT_CERTIFICATE, .get = get_fingerprint},
	{.name = "tls.certs", .dirs = CLIENT | SERVER, .progress = AT_CERTIFICATE, .get = get_certificate},
	{.name = "tls.subjectaltname", .dirs = SERVER, .progress = AT_CERTIFICATE, .get = get_alternative},
	{.name = "tls.alpn", .dirs = CLIENT | SERVER, .progress = AT_HELLO, .get = get_alpn},
	{.name = "tls.random", .dirs = CLIENT | SERVER, .progress = AT_HELLO, .get = get_random},
	{.name = "tls.random_time", .dirs = CLIENT | SERVER, .progress = AT_HELLO, .get = get_random_time},
	{.name = "tls.random_bytes", .dirs = CLIENT | SERVER, .progress = AT_HELLO, .get = get_random_bytes},
	{.name = "ja3.hash", .dirs = CLIENT, .progress = AT_HELLO, .get = get_ja3_hash},
	{.name = "ja3.string", .dirs = CLIENT, .progress = AT_HELLO, .get = get_ja3},
	{.name = "ja3s.hash", .dirs = SERVER, .progress = AT_HELLO, .get = get_ja3_hash},
	{.name = "ja3s.string", .dirs = SERVER, .progress = AT_HELLO, .get = get_ja3},
	{.name = "ja4.hash", .dirs = CLIENT, .progress = AT_HELLO, .get = get_ja4},
	{0},
};

static bool get_version(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = side_of(tx, dir)->version;
	return nth == 0 && *out != 0;
}

static bool get_seen(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = ((const struct tls_tx *)tx)->seen;
	return nth == 0;
}

static bool get_not_before(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	const struct tls_cert *c = &side_of(tx, dir)->cert;
	*out = c->not_before < 0 ? 0 : (uint64_t)c->not_before;
	return nth == 0 && c->whole;
}

static bool get_not_after(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	const struct tls_cert *c = &side_of(tx, dir)->cert;
	*out = c->not_after < 0 ? 0 : (uint64_t)c->not_after;
	return nth == 0 && c->whole;
}

static bool get_chain_len(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = side_of(tx, dir)->chain_len;
	return nth == 0 && side_of(tx, dir)->chain.at;
}

// tls.version and ssl_version: 0x0301, SSL 2 as 0x0200. ssl_state: enum tls_seen, 0: no message. Times: seconds since
// 1970, earlier ones 0; tls_cert_valid and tls_cert_expired are questions about them.
const struct parser_field tls_fields[] = {
	{.name = "tls.version", .dirs = CLIENT | SERVER, .progress = AT_HELLO, .get = get_version},
	{.name = "ssl_version", .dirs = CLIENT | SERVER, .progress = AT_HELLO, .get = get_version},
	{.name = "ssl_state", .dirs = CLIENT | SERVER, .get = get_seen},
	{.name = "tls_cert_notbefore", .dirs = SERVER, .progress = AT_CERTIFICATE, .get = get_not_before},
	{.name = "tls_cert_notafter", .dirs = SERVER, .progress = AT_CERTIFICATE, .get = get_not_after},
	{.name = "tls.cert_chain_len", .dirs = SERVER, .progress = AT_CERTIFICATE, .get = get_chain_len},
	{0},
};

static void log_kept(struct app_log *l, const char *name, const struct app_text *t)
{
	if (t->at)
		log_text(l, name, (struct app_bytes){t->at, t->len});
}

static void put_digits(uint8_t *to, uint32_t n, uint64_t v)
{
	while (n) {
		to[--n] = (uint8_t)('0' + v % 10);
		v /= 10;
	}
}

// "2020-01-31T23:59:59" (UTC). The day 1970-01-01 itself stands for none, as in Suricata.
static void log_time(struct app_log *l, const char *name, int64_t seconds)
{
	uint8_t text[] = "0000-00-00T00:00:00";
	int64_t day = seconds / 86400 - (seconds % 86400 < 0), of_day = seconds - day * 86400;
	int64_t z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100), part = (5 * of_year + 2) / 153;
	int64_t month = part < 10 ? part + 3 : part - 9;

	if (seconds == 0)
		return;
	put_digits(text, 4, (uint64_t)(year + era * 400 + (month <= 2)));
	put_digits(text + 5, 2, (uint64_t)month);
	put_digits(text + 8, 2, (uint64_t)(of_year - (153 * part + 2) / 5 + 1));
	put_digits(text + 11, 2, (uint64_t)of_day / 3600);
	put_digits(text + 14, 2, (uint64_t)of_day / 60 % 60);
	put_digits(text + 17, 2, (uint64_t)of_day % 60);
	log_text(l, name, (struct app_bytes){text, sizeof(text) - 1});
}

static void log_version(struct app_log *l, const struct tls_side *server)
{
	static const char *const names[] = {"SSLv3", "TLSv1", "TLS 1.1", "TLS 1.2", "TLS 1.3"};
	static const char *const drafts[] = {"TLS 1.3 draft-16", "TLS 1.3 draft-17", "TLS 1.3 draft-18",
		"TLS 1.3 draft-19", "TLS 1.3 draft-20", "TLS 1.3 draft-21", "TLS 1.3 draft-22", "TLS 1.3 draft-23",
		"TLS 1.3 draft-24", "TLS 1.3 draft-25", "TLS 1.3 draft-26", "TLS 1.3 draft-27", "TLS 1.3 draft-28"};
	static const char digits[] = "0123456789abcdef";
	uint16_t v = server->version;
	uint8_t text[6] = "0x";

	if (v == 0) {
		log_string(l, "version", "UNDETERMINED");
	} else if (v == 0x0200) {
		log_string(l, "version", "SSLv2");
	} else if (v >= 0x0300 && v <= 0x0304) {
		log_string(l, "version", names[v - 0x0300]);
	} else if (v >= 0x7f10 && v <= 0x7f1c) {
		log_string(l, "version", drafts[v - 0x7f10]);
	} else if (v == 0xfb17 || v == 0xfb1a) { // Facebook's
		log_string(l, "version", v == 0xfb17 ? "TLS 1.3 draft-23-fb" : "TLS 1.3 draft-26-fb");
	} else if (v >= 0x7f01 && v < 0x7f10) {
		log_string(l, "version", "TLS 1.3 draft-<16");
	} else {
		for (uint32_t i = 0; i < 4; i++)
			text[2 + i] = (uint8_t)digits[v >> (12 - 4 * i) & 15];
		log_text(l, "version", (struct app_bytes){text, sizeof(text)});
	}
}

static void log_ja3(struct app_log *l, const char *name, const struct tls_side *side)
{
	if (!side->ja3.at)
		return;
	log_object(l, name);
	log_text(l, "hash", (struct app_bytes){side->ja3_hash, sizeof(side->ja3_hash)});
	log_kept(l, "string", &side->ja3);
	log_close(l);
}

static void log_cert_names(struct app_log *l, const struct tls_cert *c)
{
	if (!c->whole)
		return;
	log_text(l, "subject", (struct app_bytes){c->subject.at, c->subject.len}); // may be empty
	log_text(l, "issuerdn", (struct app_bytes){c->issuer.at, c->issuer.len});
	log_text(l, "serial", (struct app_bytes){c->serial.at, c->serial.len});
	log_text(l, "fingerprint", (struct app_bytes){c->fingerprint, sizeof(c->fingerprint)});
}

static void log_cert_times(struct app_log *l, const struct tls_cert *c)
{
	if (!c->whole)
		return;
	log_time(l, "notbefore", c->not_before);
	log_time(l, "notafter", c->not_after);
}

// A session is told of when there is a certificate, when it is taken up again, or when it is of a version that hides
// the certificate.
bool tls_log(const struct app_tx *app_tx, struct app_log *l)
{
	const struct tls_tx *tx = (const struct tls_tx *)app_tx;
	const struct tls_side *client = &tx->side[DIR_TO_SERVER], *server = &tx->side[DIR_TO_CLIENT];

	if (!server->cert.whole && !tx->resumed && !tx->without_cert)
		return false;
	log_cert_names(l, &server->cert);
	if (tx->resumed && server->hello && !server->cert.whole && !tx->without_cert)
		log_bool(l, "session_resumed", true);
	log_kept(l, "sni", &tx->sni);
	log_version(l, server);
	log_cert_times(l, &server->cert);
	log_ja3(l, "ja3", client);
	log_ja3(l, "ja3s", server);
	if (client->cert.whole) {
		log_object(l, "client");
		log_cert_names(l, &client->cert);
		log_cert_times(l, &client->cert);
		log_close(l);
	}
	return true;
}
