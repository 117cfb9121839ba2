// Transforms: what happens to a buffer before it is inspected. Keyword rows and their runtime.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "dataplane/api/parser.h"
#include "detectors/signature/match_runtime.h"
#include "detectors/signature/rule_parse.h"

typedef int32_t transform_fn(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap);

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int32_t run_dotprefix(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	if (len + 1 > cap)
		return -1;
	out[0] = '.';
	memcpy(out + 1, in, len);
	return (int32_t)len + 1;
}

static int32_t run_lower(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	for (uint32_t i = 0; i < len; i++)
		out[i] = (uint8_t)tolower(in[i]);
	return (int32_t)len;
}

static int32_t run_upper(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	for (uint32_t i = 0; i < len; i++)
		out[i] = (uint8_t)toupper(in[i]);
	return (int32_t)len;
}

static int32_t run_strip_space(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < len; i++)
		if (!is_space(in[i]))
			out[n++] = in[i];
	return (int32_t)n;
}

static int32_t run_compress_space(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	uint32_t n = 0;
	bool was = false;
	for (uint32_t i = 0; i < len; i++) {
		bool space = is_space(in[i]);
		if (!space || !was)
			out[n++] = in[i];
		was = space;
	}
	return (int32_t)n;
}

// "%41" is A, "+" a space; what is no escape stays.
static int32_t run_url_decode(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < len; i++) {
		if (in[i] == '%' && i + 2 < len && lex_hex((char)in[i + 1]) >= 0 && lex_hex((char)in[i + 2]) >= 0) {
			out[n++] = (uint8_t)(lex_hex((char)in[i + 1]) << 4 | lex_hex((char)in[i + 2]));
			i += 2;
		} else {
			out[n++] = in[i] == '+' ? ' ' : in[i];
		}
	}
	return (int32_t)n;
}

static int32_t run_xor(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	for (uint32_t i = 0; i < len; i++)
		out[i] = in[i] ^ t->bytes[i % t->len];
	return (int32_t)len;
}

// Header names to lower case; values stay.
static int32_t run_header_lower(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	bool name = true;
	for (uint32_t i = 0; i < len; i++) {
		if (in[i] == ':')
			name = false;
		else if (in[i] == '\n')
			name = true;
		out[i] = name ? (uint8_t)tolower(in[i]) : in[i];
	}
	return (int32_t)len;
}

// HTTP/2 pseudo headers are lines that begin with a colon (RFC 9113 section 8.3).
static int32_t run_strip_pseudo(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < len;) {
		const uint8_t *nl = memchr(in + i, '\n', len - i);
		uint32_t line = nl ? (uint32_t)(nl - in) + 1 - i : len - i;
		if (in[i] != ':') {
			memcpy(out + n, in + i, line);
			n += line;
		}
		i += line;
	}
	return (int32_t)n;
}

static int32_t run_from_base64(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	return (int32_t)base64_decode(in, len, out, cap);
}

static int32_t digest(enum app_hash hash, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	return cap >= APP_DIGEST_MAX ? (int32_t)app_digest(hash, in, len, out) : -1;
}

static int32_t run_md5(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	return digest(APP_MD5, in, len, out, cap);
}

static int32_t run_sha1(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	return digest(APP_SHA1, in, len, out, cap);
}

static int32_t run_sha256(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	return digest(APP_SHA256, in, len, out, cap);
}

// The first group of the expression's first match; no match leaves the buffer as it is.
static int32_t run_pcrexform(
	struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	const size_t *group = match_ctx_group(m, t->code, in, len);
	uint32_t from = group ? (uint32_t)group[0] : 0, to = group ? (uint32_t)group[1] : len;
	memcpy(out, in + from, to - from);
	return (int32_t)(to - from);
}

static const struct {
	const char *name;
	transform_fn *run;
} runs[] = {{"dotprefix", run_dotprefix}, {"to_lowercase", run_lower}, {"to_uppercase", run_upper},
	{"strip_whitespace", run_strip_space}, {"compress_whitespace", run_compress_space},
	{"url_decode", run_url_decode}, {"to_md5", run_md5}, {"to_sha1", run_sha1}, {"to_sha256", run_sha256},
	{"header_lowercase", run_header_lower}, {"strip_pseudo_headers", run_strip_pseudo},
	{"from_base64", run_from_base64}, {"xor", run_xor}, {"pcrexform", run_pcrexform}};

static struct transform *add(struct rule_parser *ps, const char *name)
{
	struct buffer_test *b = ps->buffer;
	if (!b || ps->in_base64) {
		parse_fail(ps, "expected a sticky buffer before it");
		return NULL;
	}
	if (b->steps && !ps->buffer_named) {
		parse_fail(ps, "expected it before the buffer's first test");
		return NULL;
	}
	if (b->steps) { // named again: what was tested before is the buffer without them
		struct buffer_test *fresh = rule_alloc(ps, sizeof(*fresh));
		if (!fresh)
			return NULL;
		fresh->id = b->id;
		fresh->name = b->name;
		while (b->next)
			b = b->next;
		b->next = fresh;
		ps->buffer = b = fresh;
	}
	struct transform *t = rule_alloc(ps, sizeof(*t)), **at = &b->transforms;
	if (!t)
		return NULL;
	while (*at)
		at = &(*at)->next;
	*at = t;
	t->name = name;
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++)
		if (!strcmp(runs[i].name, name))
			t->run = runs[i].run;
	return t;
}

static int parse_transform(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	return add(ps, kw->name) ? 0 : -EINVAL;
}

static int parse_xor(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	uint8_t key[256];
	uint32_t n = 0;
	if (!lex_unquote(&arg))
		return parse_fail_quotes(ps, "hex digits", arg);
	for (const char *s = arg; s[0] && n < sizeof(key); s += 2) {
		int hi = lex_hex(s[0]), lo = s[1] ? lex_hex(s[1]) : -1;
		if (hi < 0 || lo < 0)
			return parse_fail(ps, "expected pairs of hex digits, found \"%.40s\"", arg);
		key[n++] = (uint8_t)(hi << 4 | lo);
	}
	struct transform *t = n ? add(ps, kw->name) : NULL;
	if (!t)
		return n ? -EINVAL : parse_fail(ps, "expected pairs of hex digits");
	t->bytes = (const uint8_t *)rule_copy(ps, (char *)key, n);
	t->len = n;
	return 0;
}

static int parse_pcrexform(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	int err;
	PCRE2_SIZE at;
	uint32_t groups = 0;
	if (!lex_unquote(&arg))
		return parse_fail_quotes(ps, "a regular expression", arg);
	const char *regex = rule_strdup(ps, arg);
	pcre2_code *code = regex ? pcre_get(&ps->rs->pcres, regex, 0, &err, &at) : NULL;
	if (!regex)
		return -ENOMEM;
	if (!code)
		return parse_fail(ps, "expected a valid regular expression, found an error at byte %zu", (size_t)at);
	pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
	if (groups != 1)
		return parse_fail(ps, "expected exactly one group, found %u", groups);
	struct transform *t = add(ps, kw->name);
	if (!t)
		return -EINVAL;
	t->code = code;
	return 0;
}

#define PLAIN(name, what)                                                                                        \
	{                                                                                                        \
		name, NULL, ARG_NONE, parse_transform, 0, "", "http.uri; " name "; content:\"1\";", what, "same" \
	}

const struct keyword kw_transform_table[] = {
	PLAIN("dotprefix", "Puts a dot in front."),
	PLAIN("to_lowercase", "Letters to lower case."),
	PLAIN("to_uppercase", "Letters to upper case."),
	PLAIN("strip_whitespace", "Leaves out white space."),
	PLAIN("compress_whitespace", "Runs of white space become their first byte."),
	{"url_decode", NULL, ARG_NONE, parse_transform, 0, "", "http.uri; url_decode; content:\"a b\";",
		"Decodes %HH and +.", "same"},
	PLAIN("to_md5", "The buffer's MD5, 16 bytes."),
	PLAIN("to_sha1", "The buffer's SHA-1, 20 bytes."),
	PLAIN("to_sha256", "The buffer's SHA-256, 32 bytes."),
	PLAIN("header_lowercase", "Header names to lower case."),
	PLAIN("strip_pseudo_headers", "Leaves out HTTP/2 pseudo headers."),
	{"from_base64", NULL, ARG_OPTIONAL, parse_transform, 0, "", "http.uri; from_base64; content:\"a\";",
		"Decodes base64.", "as Suricata 8, whole buffer; 7 does not have it"},
	{"xor", NULL, ARG_REQUIRED, parse_xor, 0, "\"hex key\"", "http.request_body; xor:\"0d0ac8ff\"; content:\"a\";",
		"Exclusive or with a repeated key.", "same"},
	{"pcrexform", NULL, ARG_REQUIRED, parse_pcrexform, 0, "\"regex with one group\"",
		"http.uri; pcrexform:\"id=([0-9]+)\"; content:\"1\";", "What the group matched.", "same"},
	{0},
};
