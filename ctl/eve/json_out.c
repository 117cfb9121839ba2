// The slower half of json_out.h: growth, escaping, numbers.
#include "ctl/eve/json_out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/eve/json_in.h"

bool jout_grow(struct json_out *o, size_t n)
{
	if (o->failed)
		return false;
	size_t cap = o->cap ? o->cap : 4096;
	while (cap < o->len + n)
		cap *= 2;
	char *buf = realloc(o->buf, cap);
	if (!buf) {
		o->failed = true;
		return false;
	}
	o->buf = buf;
	o->cap = cap;
	return true;
}

void jout_free(struct json_out *o)
{
	free(o->buf);
	*o = (struct json_out){0};
}

void jout_open(struct json_out *o, char bracket)
{
	jout_comma(o);
	jout_raw(o, &bracket, 1);
}

void jout_close(struct json_out *o, char bracket)
{
	jout_raw(o, &bracket, 1);
}

void jout_open_key(struct json_out *o, const char *name, char bracket)
{
	jout_key(o, name);
	jout_raw(o, &bracket, 1);
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static const char hex[] = "0123456789abcdef";

// One byte that cannot stand as it is; at most 6 bytes at p. Returns the end.
static char *escape(char *p, uint8_t c)
{
	static const char names[] = "\bb\tt\nn\ff\rr\"\"\\\\";
	const char *found = c ? strchr(names, c) : NULL;

	if (c >= 0x80) {
		memcpy(p, "\\\\x", 3);
		p[3] = hex[c >> 4];
		p[4] = hex[c & 15];
		return p + 5;
	}
	// the letters of the table are themselves plain, so only its even places are ever looked up
	if (found) {
		p[0] = '\\';
		p[1] = found[1];
		return p + 2;
	}
	memcpy(p, "\\u00", 4);
	p[4] = hex[c >> 4];
	p[5] = hex[c & 15];
	return p + 6;
}

void jout_string_n(struct json_out *o, const char *text, size_t n)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t plain = 0;

	jout_comma(o);
	if (!jout_room(o, n * 6 + 2))
		return;
	char *p = o->buf + o->len;
	*p++ = '"';
	while (plain < n && is_plain(s[plain]))
		plain++;
	memcpy(p, s, plain);
	p += plain;
	bool utf8 = plain == n || json_in_utf8(text + plain, n - plain);
	for (size_t i = plain; i < n; i++) {
		if (is_plain(s[i]) || (s[i] >= 0x80 && utf8))
			*p++ = (char)s[i];
		else
			p = escape(p, s[i]);
	}
	*p++ = '"';
	o->len = (size_t)(p - o->buf);
}

void jout_string(struct json_out *o, const char *s)
{
	jout_string_n(o, s, strlen(s));
}

size_t jout_digits(char *p, uint64_t v)
{
	char tmp[20];
	size_t n = 0;
	do {
		tmp[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	for (size_t i = 0; i < n; i++)
		p[i] = tmp[n - 1 - i];
	return n;
}

void jout_uint(struct json_out *o, uint64_t v)
{
	jout_comma(o);
	if (jout_room(o, 20))
		o->len += jout_digits(o->buf + o->len, v);
}

void jout_int(struct json_out *o, int64_t v)
{
	jout_comma(o);
	if (!jout_room(o, 21))
		return;
	if (v < 0)
		o->buf[o->len++] = '-';
	o->len += jout_digits(o->buf + o->len, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void jout_bool(struct json_out *o, bool v)
{
	jout_comma(o);
	jout_raw(o, v ? "true" : "false", v ? 4 : 5);
}

void jout_null(struct json_out *o)
{
	jout_comma(o);
	jout_raw(o, "null", 4);
}

void jout_double(struct json_out *o, double v)
{
	char text[32];
	if (!isfinite(v)) {
		jout_null(o);
		return;
	}
	if (v >= 0 && v < 1e15 && v == floor(v)) {
		jout_uint(o, (uint64_t)v);
		return;
	}
	jout_comma(o);
	jout_raw(o, text, (size_t)snprintf(text, sizeof(text), "%.6g", v));
}
