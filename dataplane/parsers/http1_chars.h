// Classes of bytes in HTTP/1 (RFC 9110 5.6, RFC 5234 B.1). Any byte may come.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/parser.h"
#include "dataplane/parsers/text_line.h"

// SP, HTAB
static inline bool http1_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

// Those, and VT, FF, CR, LF.
static inline bool http1_is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

// 0..15, -1: not a hexadecimal digit
static inline int http1_hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// tchar of RFC 9110 5.6.2 in lower case; 0: it is none.
static inline uint8_t http1_token_lower(uint8_t c)
{
	// clang-format off
	static const char set[256] = {
		['!'] = '!', ['#'] = '#', '$', '%', '&', '\'', ['*'] = '*', '+', ['-'] = '-', '.',
		['0'] = '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
		['A'] = 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
		'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
		['^'] = '^', '_', '`', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
		'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', ['|'] = '|', ['~'] = '~',
	};
	// clang-format on
	return (uint8_t)set[c];
}

// Without line ends (CR and LF in any number) behind.
static inline struct app_bytes http1_chomp(struct app_bytes b)
{
	while (b.len && (b.at[b.len - 1] == '\n' || b.at[b.len - 1] == '\r'))
		b.len--;
	return b;
}

static inline struct app_bytes http1_trim_blanks(struct app_bytes b)
{
	while (b.len && http1_is_blank(b.at[0]))
		b.at++, b.len--;
	while (b.len && http1_is_blank(b.at[b.len - 1]))
		b.len--;
	return b;
}

// The same in lower case; `lower` ends with NUL and is in lower case already.
static inline bool http1_equals(struct app_bytes b, const char *lower)
{
	uint32_t i = 0;

	for (; i < b.len && lower[i]; i++)
		if (text_lower(b.at[i]) != (uint8_t)lower[i])
			return false;
	return i == b.len && !lower[i];
}

static inline bool http1_begins(struct app_bytes b, const char *lower)
{
	for (uint32_t i = 0; lower[i]; i++)
		if (i == b.len || text_lower(b.at[i]) != (uint8_t)lower[i])
			return false;
	return true;
}
