// The request target (RFC 9112 3.2, RFC 3986): its parts, and the path as a server takes it: percent-decoded,
// backslashes turned, slashes not doubled, overlong UTF-8 read, dots resolved. Query and fragment are only decoded.
// Next: http1_host.c.
#include <string.h>

#include "dataplane/parsers/http1.h"

// A text being written into room for at least as many bytes.
struct out {
	uint8_t *at;
	uint32_t len;
};

// %XX at in; false: it is none.
static bool percent(struct app_bytes in, uint8_t *c)
{
	if (in.len < 3 || http1_hex(in.at[1]) < 0 || http1_hex(in.at[2]) < 0)
		return false;
	*c = (uint8_t)(http1_hex(in.at[1]) << 4 | http1_hex(in.at[2]));
	return true;
}

// %uXXXX
static bool percent_u(struct app_bytes in, uint8_t *c)
{
	uint32_t code = 0;

	if (in.len < 6 || (in.at[1] | 0x20) != 'u')
		return false;
	for (int i = 2; i < 6; i++) {
		if (http1_hex(in.at[i]) < 0)
			return false;
		code = code << 4 | (uint32_t)http1_hex(in.at[i]);
	}
	*c = http1_best_fit(code);
	return true;
}

static void decode(struct out *o, struct app_bytes in)
{
	if (in.len && !memchr(in.at, '%', in.len)) {
		memcpy(o->at + o->len, in.at, in.len);
		o->len += in.len;
		return;
	}
	for (uint32_t i = 0; i < in.len; i++) {
		uint8_t c = in.at[i];
		if (c == '%' && percent((struct app_bytes){in.at + i, in.len - i}, &c))
			i += 2;
		o->at[o->len++] = c;
	}
}

// Into `o`, which is empty. Returns true when there are bytes outside ASCII.
static bool decode_path(struct out *o, struct app_bytes in)
{
	bool wide = false, slash = false;

	for (uint32_t i = 0; i < in.len; i++) {
		struct app_bytes here = {in.at + i, in.len - i};
		uint8_t c = *here.at;
		if (c == '%' && percent(here, &c))
			i += 2;
		else if (c == '%' && percent_u(here, &c))
			i += 5;
		if (c == '\\')
			c = '/';
		if (c == '/' && slash)
			continue;
		slash = c == '/';
		wide |= c >= 0x80;
		o->at[o->len++] = c;
	}
	return wide;
}

// A character of UTF-8, of which `left` bytes are to come. Longer forms than needed are taken (RFC 3629 3 forbids them,
// servers take them); surrogates and what is behind U+10FFFF are not.
static int lead(uint8_t c, uint32_t *code)
{
	if (c >= 0xc0 && c < 0xe0) {
		*code = c & 0x1fu;
		return 1;
	}
	if (c >= 0xe0 && c < 0xf0) {
		*code = c & 0x0fu;
		return 2;
	}
	if (c >= 0xf0 && c < 0xf5) {
		*code = c & 0x07u;
		return 3;
	}
	return 0;
}

static bool continues(uint8_t first, uint32_t nth, uint8_t c)
{
	if ((c & 0xc0) != 0x80)
		return false;
	return nth || !((first == 0xed && c >= 0xa0) || (first == 0xf4 && c >= 0x90));
}

// In place. A character that is not whole at the end is left out.
static void decode_utf8(struct out *o)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->len; i++) {
		uint8_t first = o->at[i];
		uint32_t code = 0, nth = 0, left = first < 0x80 ? 0 : (uint32_t)lead(first, &code);
		if (first < 0x80 || !left) {
			o->at[n++] = first < 0x80 ? first : '?';
			continue;
		}
		while (nth < left && i + 1 + nth < o->len && continues(first, nth, o->at[i + 1 + nth])) {
			code = code << 6 | (o->at[i + 1 + nth] & 0x3fu);
			nth++;
		}
		if (nth == left) {
			o->at[n++] = http1_best_fit(code);
			i += nth;
		} else if (i + 1 + nth < o->len) {
			o->at[n++] = '?';
			i += nth;
		} else {
			break;
		}
	}
	o->len = n;
}

// Whether a part of the path does: others are neither "." nor "..".
static bool begins_with_dot(const struct out *o)
{
	const uint8_t *at = o->at, *end = o->at + o->len;

	while (at < end && (at = memchr(at, '.', (size_t)(end - at))) != NULL) {
		if (at == o->at || at[-1] == '/')
			return true;
		at++;
	}
	return false;
}

// Resolves "." and ".." in place: RFC 3986 5.2.4, but that a slash behind the last of them goes with it.
static void resolve_dots(struct out *o)
{
	uint32_t n = 0, i = 0;

	if (!begins_with_dot(o))
		return;
	while (i < o->len) {
		uint32_t from = i;
		bool slash = o->at[i] == '/';
		i += slash;
		uint32_t name = i;
		while (i < o->len && o->at[i] != '/')
			i++;
		uint32_t len = i - name;
		bool dot = len == 1 && o->at[name] == '.';
		bool up = len == 2 && o->at[name] == '.' && o->at[name + 1] == '.';
		if (!dot && !up) {
			memmove(o->at + n, o->at + from, i - from);
			n += i - from;
			continue;
		}
		while (up && n && o->at[--n] != '/')
			;
		if (i + 1 == o->len || (!slash && i < o->len))
			i++;
	}
	o->len = n;
}

static struct app_bytes take_until(struct app_bytes *rest, const char *ends)
{
	struct app_bytes part = *rest;

	for (; *ends && part.len; ends++) {
		const uint8_t *end = memchr(part.at, *ends, part.len);
		part.len = end ? (uint32_t)(end - part.at) : part.len;
	}
	rest->at += part.len;
	rest->len -= part.len;
	return part;
}

// Cuts scheme and authority off, notes host and port.
static void take_authority(struct http1_run *r, struct app_bytes *rest)
{
	const uint8_t *colon = rest->len && *rest->at != '/' ? memchr(rest->at, ':', rest->len) : NULL;

	if (!colon)
		return;
	uint32_t scheme = (uint32_t)(colon - rest->at) + 1;
	rest->at += scheme;
	rest->len -= scheme;
	if (rest->len < 2 || rest->at[0] != '/' || rest->at[1] != '/')
		return;
	rest->at += 2;
	rest->len -= 2;
	struct app_bytes authority = take_until(rest, "/?#");
	const uint8_t *at = authority.len ? memchr(authority.at, '@', authority.len) : NULL;
	if (at) {
		authority.len -= (uint32_t)(at - authority.at) + 1;
		authority.at = at + 1;
	}
	if (authority.len)
		http1_authority(r, authority);
}

void http1_uri(struct http1_run *r)
{
	struct http1_message *m = http1_message(r);
	struct http1_tx *tx = http1_side(r)->tx;
	struct app_bytes rest = http1_bytes(&m->start, m->target);

	tx->port = -1;
	if (tx->method == HTTP1_M_CONNECT) {
		http1_authority(r, rest);
		return;
	}
	tx->uri.at = app_alloc(r->run, rest.len + 1);
	if (!tx->uri.at) {
		r->no_memory = true;
		return;
	}
	tx->uri.cap = rest.len + 1;
	struct out o = {tx->uri.at, 0};
	take_authority(r, &rest);
	if (decode_path(&o, take_until(&rest, "?#")))
		decode_utf8(&o);
	resolve_dots(&o);
	tx->path.len = o.len;
	decode(&o, rest);
	tx->uri.len = o.len;
}
