// Lines of protocols that are text: up to a line feed, with or without a carriage return before it. Of one that is too
// long the front is read, as in Suricata. Texts compared whatever their case. Next: smtp.c, ftp.c.
#pragma once

#include <string.h>

#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define TEXT_LINE_MAX 4096u // bytes of a line with its end

struct text_line {
	struct app_bytes bytes; // without its end
	uint8_t eol;            // bytes of the end; 0: it is not here
	bool truncated;         // the front of a line that is too long
	bool goes_on;           // whose rest is still to come
};

// Takes the next line. pieces: long lines come in pieces of TEXT_LINE_MAX bytes, and none is truncated. last: what is
// left is a piece, too. False: more is needed.
static inline bool text_line_next(struct cursor *c, bool pieces, bool last, struct text_line *out)
{
	uint32_t left = (uint32_t)cursor_left(c), most = left < TEXT_LINE_MAX ? left : TEXT_LINE_MAX;
	const uint8_t *lf = most ? memchr(c->at, '\n', most) : NULL;
	uint32_t n = lf ? (uint32_t)(lf - c->at) + 1 : most;

	if (!n || (!lf && n < TEXT_LINE_MAX && !(last && pieces)))
		return false;
	*out = (struct text_line){.eol = lf ? 1 + (n > 1 && lf[-1] == '\r') : 0};
	if (!pieces && n == TEXT_LINE_MAX) { // its end counts as well
		out->truncated = true;
		out->goes_on = !lf;
		out->eol = 0;
	}
	out->bytes = (struct app_bytes){c->at, n - out->eol};
	return cursor_skip(c, n);
}

// Passes over the rest of a line that goes on. Returns whether it still does.
static inline bool text_line_skip(struct cursor *c)
{
	const uint8_t *lf = cursor_left(c) ? memchr(c->at, '\n', cursor_left(c)) : NULL;

	c->at = lf ? lf + 1 : c->end;
	return !lf;
}

static inline uint8_t text_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

// True when both are the same, whatever their case.
static inline bool text_same(struct app_bytes a, struct app_bytes b)
{
	if (a.len != b.len)
		return false;
	for (uint32_t i = 0; i < a.len; i++)
		if (text_lower(a.at[i]) != text_lower(b.at[i]))
			return false;
	return true;
}

// True when b begins with the text (in lower case), whatever b's case.
static inline bool text_begins(struct app_bytes b, const char *text)
{
	uint32_t i = 0;

	while (i < b.len && text[i] && text_lower(b.at[i]) == (uint8_t)text[i])
		i++;
	return !text[i];
}
