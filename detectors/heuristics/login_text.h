// Text in a packet's payload, for the readers of logins. Next: login_answer.h.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline bool begins(const uint8_t *d, uint32_t n, const char *text)
{
	size_t len = strlen(text);
	return n >= len && memcmp(d, text, len) == 0;
}

// Is the text somewhere in the first `within` bytes?
static inline bool contains(const uint8_t *d, uint32_t n, uint32_t within, const void *text, size_t len)
{
	if (n > within)
		n = within;
	return d && memmem(d, n, text, len) != NULL;
}

#define NOWHERE UINT32_MAX

// The first place `at` where these two bytes stand and holds(d, n, at); NOWHERE. One pass whose cost hardly depends on
// what the bytes are, where a search for a longer text can be made to start over at each of them.
static inline __attribute__((always_inline)) uint32_t find_pair(
	const uint8_t *d, uint32_t n, char first, char second, bool (*holds)(const uint8_t *d, uint32_t n, uint32_t at))
{
	uint32_t at = 0;
#ifdef __SSE2__
	const __m128i a = _mm_set1_epi8(first), b = _mm_set1_epi8(second);
	for (; at + 17 <= n; at += 16) {
		__m128i here = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(d + at)), a);
		__m128i next = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(d + at + 1)), b);
		uint32_t found = (uint32_t)_mm_movemask_epi8(_mm_and_si128(here, next));
		for (; found; found &= found - 1)
			if (holds(d, n, at + (uint32_t)__builtin_ctz(found)))
				return at + (uint32_t)__builtin_ctz(found);
	}
#endif
	for (; at + 2 <= n; at++)
		if (d[at] == (uint8_t)first && d[at + 1] == (uint8_t)second && holds(d, n, at))
			return at;
	return NOWHERE;
}

// Do the bytes before and at `at` end in this text?
static inline bool ends_at(const uint8_t *d, uint32_t at, const char *text, uint32_t len)
{
	return at + 1 >= len && memcmp(d + at + 1 - len, text, len) == 0;
}
