// See json_in.h.
#include "ctl/eve/json_in.h"

#include <string.h>

struct reader {
	const char *p, *end;
	json_in_fn fn;
	void *ctx;
	const char *error;
	const char *outer;
	size_t outer_len;
};

static bool fail(struct reader *r, const char *why)
{
	if (!r->error)
		r->error = why;
	return false;
}

static void space(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
		r->p++;
}

static bool expect(struct reader *r, char c, const char *why)
{
	space(r);
	if (r->p == r->end || *r->p != c)
		return fail(r, why);
	r->p++;
	return true;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static uint32_t hex4(const char *p)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++)
		v = v << 4 | (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
	return v;
}

// The escape at p (behind the backslash). Surrogates must come in pairs.
static bool escape(struct reader *r)
{
	if (r->p == r->end)
		return fail(r, "a string without end");
	if (strchr("\"\\/bfnrt", *r->p) && *r->p) {
		r->p++;
		return true;
	}
	if (*r->p != 'u' || r->end - r->p < 5)
		return fail(r, "an escape that JSON does not have");
	for (int i = 1; i < 5; i++)
		if (!is_hex(r->p[i]))
			return fail(r, "an escape that JSON does not have");
	uint32_t c = hex4(r->p + 1);
	r->p += 5;
	if (c < 0xd800 || c > 0xdfff)
		return true;
	if (c > 0xdbff || r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u')
		return fail(r, "half a surrogate pair");
	for (int i = 2; i < 6; i++)
		if (!is_hex(r->p[i]))
			return fail(r, "an escape that JSON does not have");
	c = hex4(r->p + 2);
	r->p += 6;
	return c >= 0xdc00 && c <= 0xdfff ? true : fail(r, "half a surrogate pair");
}

// A string whose opening quote has been read.
static bool string(struct reader *r, struct json_in_value *v)
{
	bool ascii = true;

	v->type = JIN_STRING;
	v->text = r->p;
	for (;;) {
		if (r->p == r->end)
			return fail(r, "a string without end");
		unsigned char c = (unsigned char)*r->p++;
		if (c == '"')
			break;
		if (c < 0x20)
			return fail(r, "a control character in a string");
		if (c == '\\' && !escape(r))
			return false;
		ascii &= c < 0x80;
	}
	v->len = (size_t)(r->p - 1 - v->text);
	return ascii || json_in_utf8(v->text, v->len) ? true : fail(r, "a string that is not UTF-8");
}

static bool digits(struct reader *r)
{
	const char *from = r->p;
	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return r->p > from ? true : fail(r, "a number without digits");
}

static bool number(struct reader *r, struct json_in_value *v)
{
	v->type = JIN_NUMBER;
	v->text = r->p;
	if (*r->p == '-')
		r->p++;
	if (r->p < r->end && *r->p == '0')
		r->p++;
	else if (!digits(r))
		return false;
	if (r->p < r->end && *r->p == '.') {
		r->p++;
		if (!digits(r))
			return false;
	}
	if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
		r->p++;
		if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
			r->p++;
		if (!digits(r))
			return false;
	}
	v->len = (size_t)(r->p - v->text);
	return true;
}

static bool word(struct reader *r, const char *text, enum json_in_type type, struct json_in_value *v)
{
	size_t n = strlen(text);

	v->type = type;
	v->text = r->p;
	v->len = n;
	if ((size_t)(r->end - r->p) < n || memcmp(r->p, text, n))
		return fail(r, "a value that is none");
	r->p += n;
	return true;
}

static bool scalar(struct reader *r, struct json_in_value *v)
{
	switch (*r->p) {
	case '"':
		r->p++;
		return string(r, v);
	case 't':
		return word(r, "true", JIN_TRUE, v);
	case 'f':
		return word(r, "false", JIN_FALSE, v);
	case 'n':
		return word(r, "null", JIN_NULL, v);
	default:
		return number(r, v);
	}
}

static bool container(struct reader *r, int depth);

// A value at depth (1: a member of the top object). key is NULL in arrays.
static bool value(struct reader *r, int depth, const struct json_in_value *key)
{
	struct json_in_value v;

	space(r);
	if (r->p == r->end)
		return fail(r, "it ends too soon");
	if (*r->p == '{' || *r->p == '[') {
		if (depth == 1) {
			r->outer = *r->p == '{' ? key->text : NULL; // members of arrays are not handed out
			r->outer_len = key->len;
		}
		return container(r, depth + 1);
	}
	if (!scalar(r, &v))
		return false;
	if (key && depth == 1)
		r->fn(r->ctx, "", 0, key->text, key->len, &v);
	else if (key && depth == 2 && r->outer)
		r->fn(r->ctx, r->outer, r->outer_len, key->text, key->len, &v);
	return true;
}

static bool member(struct reader *r, int depth, bool object)
{
	struct json_in_value key;

	if (!object)
		return value(r, depth, NULL);
	return expect(r, '"', "a member without a name") && string(r, &key) &&
	       expect(r, ':', "a name without a value") && value(r, depth, &key);
}

// An object or array at p; its members are at `depth`. Recursion ends at JSON_IN_DEPTH.
static bool container(struct reader *r, int depth)
{
	bool object = *r->p++ == '{';
	char close = object ? '}' : ']';

	if (depth > JSON_IN_DEPTH)
		return fail(r, "objects too deep within each other");
	space(r);
	if (r->p < r->end && *r->p == close) {
		r->p++;
		return true;
	}
	for (;;) {
		if (!member(r, depth, object))
			return false;
		space(r);
		if (r->p == r->end)
			return fail(r, "it ends too soon");
		char c = *r->p++;
		if (c == close)
			return true;
		if (c != ',')
			return fail(r, "neither a comma nor an end");
	}
}

const char *json_in_object(const char *text, size_t len, json_in_fn fn, void *ctx)
{
	struct reader r = {.p = text, .end = text + len, .fn = fn, .ctx = ctx};

	space(&r);
	if (r.p == r.end || *r.p != '{')
		return "not a JSON object";
	if (!container(&r, 1))
		return r.error;
	space(&r);
	return r.p == r.end ? NULL : "something behind the object";
}

static size_t put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

// The character of an escape that string() has checked; moves *p behind it.
static uint32_t unescape(const char **p)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	char e = *(*p)++;
	const char *at = strchr(from, e);

	if (e != 'u')
		return at ? (unsigned char)to[at - from] : (unsigned char)e;
	uint32_t c = hex4(*p);
	*p += 4;
	if (c >= 0xd800 && c <= 0xdbff) {
		c = 0x10000 + ((c - 0xd800) << 10 | (hex4(*p + 2) - 0xdc00));
		*p += 6;
	}
	return c;
}

size_t json_in_string(const struct json_in_value *v, char *out, size_t size)
{
	const char *p = v->text, *end = v->text + v->len;
	size_t n = 0;

	while (p < end && n + 5 <= size) { // room for any character and the terminator
		if (*p != '\\') {
			out[n++] = *p++;
			continue;
		}
		p++;
		uint32_t c = unescape(&p);
		if (c)
			n += put_utf8(out + n, c);
	}
	while (p < end && n && (out[n - 1] & 0xc0) == 0x80) // cut: not within a character
		n--;
	if (p < end && n && (out[n - 1] & 0x80))
		n--;
	out[n] = 0;
	return n;
}

bool json_in_int(const struct json_in_value *v, int64_t *out)
{
	uint64_t n = 0;
	size_t i = v->len && v->text[0] == '-';

	if (v->type != JIN_NUMBER || v->len - i > 18 || v->len == i)
		return false;
	for (size_t k = i; k < v->len; k++) {
		if (v->text[k] < '0' || v->text[k] > '9')
			return false;
		n = n * 10 + (uint64_t)(v->text[k] - '0');
	}
	*out = i ? -(int64_t)n : (int64_t)n;
	return true;
}

// Length of the UTF-8 sequence at s (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF), 0 if none.
static size_t utf8_length(const uint8_t *s, size_t n)
{
	static const struct {
		uint8_t first_lo, first_hi, second_lo, second_hi, length;
	} forms[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].first_lo || s[0] > forms[i].first_hi)
			continue;
		if (n < forms[i].length || s[1] < forms[i].second_lo || s[1] > forms[i].second_hi)
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

bool json_in_utf8(const char *text, size_t n)
{
	const uint8_t *s = (const uint8_t *)text;

	for (size_t i = 0; i < n;) {
		size_t len = s[i] < 0x80 ? 1 : utf8_length(s + i, n - i);
		if (!len)
			return false;
		i += len;
	}
	return true;
}
