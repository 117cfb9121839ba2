// An HTTP/1 request that asked for HTTP/2 is the first stream (RFC 7540 3.2): the text of its message is read again, as
// fields, and the settings that it carried. See http2.h. Next: http2_buffers.c.
#include "dataplane/parsers/http2.h"

static struct app_bytes take_until(struct app_bytes *b, const char *mark, uint32_t mark_len)
{
	for (uint32_t i = 0; i + mark_len <= b->len; i++)
		if (memcmp(b->at + i, mark, mark_len) == 0) {
			struct app_bytes part = {b->at, i};
			b->at += i + mark_len;
			b->len -= i + mark_len;
			return part;
		}
	struct app_bytes all = *b;
	b->len = 0;
	return all;
}

// Base64 with - and _ (RFC 4648 5), without padding. Returns the number of bytes, -1: it is none, or more than `room`.
static int decode(struct app_bytes text, uint8_t *out, uint32_t room)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0, held = 0, n = 0;

	for (uint32_t i = 0; i < text.len; i++) {
		const char *digit = text.at[i] ? strchr(digits, text.at[i]) : NULL;
		if (!digit)
			return -1;
		held = held << 6 | (uint32_t)(digit - digits);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (n == room)
			return -1;
		out[n++] = (uint8_t)(held >> bits);
	}
	return (int)n;
}

// dir: of the bytes at hand, in which this is seen first.
static void take_settings(struct http2_run *r, struct http2_tx *request, struct app_bytes text, uint8_t dir)
{
	uint8_t bytes[HTTP2_SETTINGS_MAX];
	int n = decode(text, bytes, sizeof(bytes));

	if (n < 0 || n % 6) {
		http2_note(r, request, HTTP2_E_HTTP1_SETTINGS);
		return;
	}
	struct http2_tx *tx = http2_stream(r, 0, false);
	if (!tx)
		return;
	http2_saw(r, tx, HTTP2_SETTINGS);
	http2_settings(r, tx, bytes, (uint32_t)n);
	r->dir = dir;
	http2_end(r, tx, true);
}

static void add(struct http2_run *r, struct http2_message *m, const char *name, struct app_bytes value)
{
	http2_add_field(r, m, (struct app_bytes){(const uint8_t *)name, (uint32_t)strlen(name)}, value);
}

void http2_upgrade(struct http2_run *outer)
{
	struct http2_run r = *outer;
	struct app_bytes text = app_handed_over(r.session), line, settings = {NULL, 0};

	r.dir = DIR_TO_SERVER;
	if (!text.at)
		return;
	struct http2_tx *tx = http2_stream(&r, 1, true);
	if (!tx)
		return;
	struct http2_message *m = &tx->msg[DIR_TO_SERVER];
	http2_saw(&r, tx, HTTP2_HEADERS_FRAME);
	line = take_until(&text, "\r\n", 2);
	add(&r, m, ":method", take_until(&line, " ", 1));
	add(&r, m, ":path", take_until(&line, " ", 1));
	while ((line = take_until(&text, "\r\n", 2)).len) {
		struct app_bytes name = take_until(&line, ": ", 2);
		if (http1_equals(name, "http2-settings"))
			settings = line;
		else if (http1_equals(name, "host"))
			add(&r, m, ":authority", line);
		else
			http2_add_field(&r, m, name, line);
	}
	http2_fields_done(&r, tx);
	http2_end(&r, tx, false);
	if (settings.at)
		take_settings(&r, tx, settings, outer->dir);
	outer->no_memory |= r.no_memory;
}
