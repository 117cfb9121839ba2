// Fingerprints of hellos: JA3 and JA3S (salesforce/ja3, README), JA4 (FoxIO/ja4, technical_details/JA4.md). See tls.h.
// Next: tls_x509.c.
#include "dataplane/parsers/tls.h"

#define JA4_LIST_MAX 128u // ciphers, extensions and algorithms that are sorted; a hello with more gets no JA4

static const char hex_digits[] = "0123456789abcdef";

static void put_hex(uint8_t *to, const uint8_t *bytes, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		to[2 * i] = (uint8_t)hex_digits[bytes[i] >> 4];
		to[2 * i + 1] = (uint8_t)hex_digits[bytes[i] & 15];
	}
}

struct text {
	uint32_t len;
	bool full;
	uint8_t at[TLS_JA3_MAX];
};

static void put_char(struct text *t, char c)
{
	if (t->len == sizeof(t->at))
		t->full = true;
	else
		t->at[t->len++] = (uint8_t)c;
}

static void put_number(struct text *t, uint32_t v)
{
	char digits[10];
	uint32_t n = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		put_char(t, digits[--n]);
}

// Numbers with dashes between them, without those that stand for nothing.
static void put_list(struct text *t, struct cursor c, bool bytes)
{
	bool first = true;
	uint16_t v = 0;
	uint8_t b = 0;

	put_char(t, ',');
	while (!t->full && (bytes ? cursor_u8(&c, &b) : cursor_be16(&c, &v))) {
		if (!bytes && TLS_IS_GREASE(v))
			continue;
		if (!first)
			put_char(t, '-');
		first = false;
		put_number(t, bytes ? b : v);
	}
}

static bool next_type(struct cursor *c, uint16_t *type)
{
	uint16_t len;

	return cursor_be16(c, type) && cursor_be16(c, &len) && cursor_skip(c, len);
}

static void put_types(struct text *t, struct cursor c)
{
	bool first = true;
	uint16_t type;

	put_char(t, ',');
	while (!t->full && next_type(&c, &type)) {
		if (TLS_IS_GREASE(type))
			continue;
		if (!first)
			put_char(t, '-');
		first = false;
		put_number(t, type);
	}
}

void tls_make_ja3(struct app_run *run, struct tls_side *side, const struct tls_hello *h, bool client)
{
	struct text t;
	uint8_t md5[16];

	if (side->ja3.at)
		return;
	t.len = 0;
	t.full = false;
	put_number(&t, h->version);
	put_list(&t, h->ciphers, false);
	put_types(&t, h->extensions);
	if (client) {
		put_list(&t, h->groups, false);
		put_list(&t, h->points, true);
	}
	if (t.full || !app_text_add(run, &side->ja3, t.at, t.len, TLS_JA3_MAX))
		return;
	app_digest(APP_MD5, t.at, t.len, md5);
	put_hex(side->ja3_hash, md5, sizeof(md5));
}

struct list {
	uint16_t v[JA4_LIST_MAX];
	uint32_t n;
	bool full;
};

static void add(struct list *l, uint16_t v)
{
	if (TLS_IS_GREASE(v))
		return;
	if (l->n == JA4_LIST_MAX)
		l->full = true;
	else
		l->v[l->n++] = v;
}

// Insertion sort: no memory, and at most JA4_LIST_MAX squared.
static void sort(struct list *l)
{
	for (uint32_t i = 1; i < l->n; i++) {
		uint16_t v = l->v[i];
		uint32_t at = i;
		for (; at && l->v[at - 1] > v; at--)
			l->v[at] = l->v[at - 1];
		l->v[at] = v;
	}
}

static void put_hex_list(struct text *t, const struct list *l)
{
	for (uint32_t i = 0; i < l->n; i++) {
		if (i)
			put_char(t, ',');
		for (int shift = 12; shift >= 0; shift -= 4)
			put_char(t, hex_digits[l->v[i] >> shift & 15]);
	}
}

// The first twelve digits of the text's SHA-256.
static void put_digest(uint8_t *to, const struct text *t)
{
	uint8_t sha256[32];

	app_digest(APP_SHA256, t->at, t->len, sha256);
	put_hex(to, sha256, 6);
}

static const char *ja4_version(uint16_t v)
{
	switch (v) {
	case TLS_1_3:
		return "13";
	case 0x0303:
		return "12";
	case 0x0302:
		return "11";
	case 0x0301:
		return "10";
	case 0x0300:
		return "s3";
	case 0x0200:
	case 0x0002:
		return "s2";
	default:
		return "00";
	}
}

static void put_count(uint8_t *to, uint32_t n)
{
	n = n > 99 ? 99 : n;
	to[0] = (uint8_t)('0' + n / 10);
	to[1] = (uint8_t)('0' + n % 10);
}

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// First and last character of the first protocol offered; of what cannot be printed, the first and last hex digit.
static void put_alpn(uint8_t *to, struct cursor alpn)
{
	memcpy(to, "00", 2);
	if (cursor_left(&alpn) == 0)
		return;
	to[0] = alpn.at[0];
	to[1] = alpn.end[-1];
	if (!is_alnum(to[0]) || !is_alnum(to[1])) {
		to[0] = (uint8_t)hex_digits[alpn.at[0] >> 4];
		to[1] = (uint8_t)hex_digits[alpn.end[-1] & 15];
	}
}

void tls_make_ja4(struct tls_side *side, const struct tls_hello *h)
{
	struct list ciphers = {.n = 0}, types = {.n = 0}, algorithms = {.n = 0};
	struct cursor c = h->ciphers;
	struct text t;
	uint32_t type_count = 0;
	uint16_t v;

	while (cursor_be16(&c, &v))
		add(&ciphers, v);
	for (c = h->extensions; next_type(&c, &v);) {
		type_count += !TLS_IS_GREASE(v);
		if (v != 0 && v != 16)
			add(&types, v);
	}
	for (c = h->algorithms; cursor_be16(&c, &v);)
		add(&algorithms, v);
	if (ciphers.full || types.full || algorithms.full)
		return;
	uint8_t *to = side->ja4;
	to[0] = 't';
	memcpy(to + 1, ja4_version(h->highest), 2);
	to[3] = h->sni ? 'd' : 'i';
	put_count(to + 4, ciphers.n);
	put_count(to + 6, type_count);
	put_alpn(to + 8, h->first_alpn);
	to[10] = to[23] = '_';
	sort(&ciphers);
	sort(&types);
	t.len = 0;
	t.full = false;
	put_hex_list(&t, &ciphers);
	put_digest(to + 11, &t);
	t.len = 0;
	put_hex_list(&t, &types);
	if (algorithms.n)
		put_char(&t, '_');
	put_hex_list(&t, &algorithms);
	put_digest(to + 24, &t);
}
