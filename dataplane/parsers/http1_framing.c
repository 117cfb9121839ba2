// How a body is framed (RFC 9112 6): which of the fields that say so is believed, and what is read when they disagree,
// are malformed, or are there where nothing should be. Next: http1_body.c.
#include <string.h>

#include "dataplane/parsers/http1.h"

int64_t http1_number(struct app_bytes b)
{
	uint32_t i = 0, digits = 0;
	int64_t n = 0;

	while (i < b.len && (b.at[i] < '0' || b.at[i] > '9'))
		i++;
	for (; i < b.len && b.at[i] >= '0' && b.at[i] <= '9'; i++, digits++) {
		if (n > (INT64_MAX - 9) / 10)
			return -1;
		n = n * 10 + b.at[i] - '0';
	}
	return digits ? n : -1;
}

// An element of a list (RFC 9110 5.6.1) that is this token.
static bool list_has(struct app_bytes list, const char *token)
{
	while (list.len) {
		const uint8_t *comma = memchr(list.at, ',', list.len);
		uint32_t len = comma ? (uint32_t)(comma - list.at) : list.len;
		if (http1_equals(http1_trim_blanks((struct app_bytes){list.at, len}), token))
			return true;
		len += comma != NULL;
		list.at += len;
		list.len -= len;
	}
	return false;
}

// Somewhere in the value, NULs not counted.
static bool holds(struct app_bytes value, const char *lower)
{
	for (uint32_t from = 0; from < value.len; from++) {
		uint32_t i = from, n = 0;
		while (i < value.len && lower[n]) {
			if (value.at[i] && text_lower(value.at[i]) != (uint8_t)lower[n])
				break;
			n += value.at[i++] != 0;
		}
		if (!lower[n])
			return true;
	}
	return false;
}

static enum http1_expect by_length(struct http1_run *r, int64_t length)
{
	http1_side(r)->left = (uint64_t)length;
	return length ? EXPECT_LENGTH : EXPECT_END;
}

enum http1_expect http1_request_framing(struct http1_run *r)
{
	struct http1_message *m = http1_message(r);
	struct app_bytes te = http1_value(m, HTTP1_F_TRANSFER_ENCODING);
	struct app_bytes cl = http1_value(m, HTTP1_F_CONTENT_LENGTH);

	if (te.at) {
		if (!list_has(te, "chunked")) {
			http1_note(r, HTTP1_E_REQUEST_TE);
			return EXPECT_NOTHING;
		}
		if (m->version < 11)
			http1_note(r, HTTP1_E_REQUEST_TE);
		m->chunked = true;
		return EXPECT_CHUNK_SIZE;
	}
	if (!cl.at)
		return EXPECT_END;
	int64_t length = http1_number(cl);
	if (length < 0) {
		http1_note(r, HTTP1_E_REQUEST_CL);
		return EXPECT_NOTHING;
	}
	return by_length(r, length);
}

// What answers never have a body, unless a field says that one is coming: RFC 9112 6.3.
static bool bodiless(const struct http1_tx *tx)
{
	return (tx->status >= 100 && tx->status < 200) || tx->status == 204 || tx->status == 304;
}

enum http1_expect http1_response_framing(struct http1_run *r)
{
	struct http1_message *m = http1_message(r);
	struct http1_tx *tx = http1_side(r)->tx;
	struct app_bytes te = http1_value(m, HTTP1_F_TRANSFER_ENCODING);
	struct app_bytes cl = http1_value(m, HTTP1_F_CONTENT_LENGTH);

	if (tx->method == HTTP1_M_HEAD && tx->seen_request)
		return EXPECT_END;
	if (bodiless(tx) && !te.at && !cl.at)
		return EXPECT_END;
	if (te.at && holds(te, "chunked")) {
		if (!http1_equals(te, "chunked"))
			http1_note(r, HTTP1_E_ABNORMAL_TE);
		if (m->version < 11)
			http1_note(r, HTTP1_E_CHUNKED_OLD);
		m->chunked = true;
		return EXPECT_CHUNK_SIZE;
	}
	if (cl.at) {
		int64_t length = http1_number(cl);
		if (length >= 0)
			return by_length(r, length);
		http1_note(r, HTTP1_E_RESPONSE_CL);
		return EXPECT_NOTHING;
	}
	if (http1_begins(http1_value(m, HTTP1_F_CONTENT_TYPE), "multipart/byteranges")) {
		http1_note(r, HTTP1_E_BYTERANGES);
		return EXPECT_NOTHING;
	}
	return EXPECT_CLOSE;
}

int64_t http1_chunk_size(struct http1_run *r, struct app_bytes line)
{
	int64_t size = 0;
	uint32_t i = 0, digits = 0;

	while (i < line.len && http1_is_space(line.at[i]))
		i++;
	if (i == line.len)
		return -2;
	for (; i < line.len && http1_hex(line.at[i]) >= 0; i++, digits++) {
		size = size * 16 + http1_hex(line.at[i]);
		if (size > INT32_MAX)
			return -1;
	}
	while (i < line.len && http1_is_space(line.at[i]))
		i++;
	if (digits && i < line.len && line.at[i] == ';')
		http1_note(r, HTTP1_E_CHUNK_EXTENSION);
	return digits ? size : -1;
}
