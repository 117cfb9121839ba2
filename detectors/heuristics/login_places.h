// Where an HTTP request carries credentials: one pass over it for the header and for the names of password fields,
// whose cost hardly depends on what the bytes are. Next: login_answer.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define LOGIN_NOWHERE UINT32_MAX

// The first of each, LOGIN_NOWHERE without.
struct login_places {
	uint32_t authorization; // the value of an Authorization header (RFC 9110 section 11.6.2)
	uint32_t password;      // the last letter of a password field's name
};

// Do the bytes before and at `at` end in this text?
static inline bool login_ends_at(const uint8_t *d, uint32_t at, const char *text, uint32_t len)
{
	return at + 1 >= len && memcmp(d + at + 1 - len, text, len) == 0;
}

// Is `at`, where one of the pairs of login_pairs_at() stands, the end of such a name? Of a form's field or a JSON
// member.
static inline bool login_is_password(const uint8_t *d, uint32_t at)
{
	if (d[at + 1] == '"')
		return login_ends_at(d, at, "\"password", 9);
	switch (d[at]) {
	case 'd':
		return login_ends_at(d, at, "password", 8) || login_ends_at(d, at, "passwd", 6) ||
		       login_ends_at(d, at, "pwd", 3);
	case 's':
		return login_ends_at(d, at, "pass", 4);
	default:
		return login_ends_at(d, at, "passwort", 8);
	}
}

// A pair was found at `at`. Returns true when nothing is left to be found.
static inline bool login_place(struct login_places *places, const uint8_t *d, uint32_t n, uint32_t at)
{
	static const char header[] = "\r\nAuthorization: ";
	const uint32_t len = sizeof(header) - 1;

	if (d[at] != '\n') {
		if (places->password == LOGIN_NOWHERE && login_is_password(d, at))
			places->password = at;
	} else if (places->authorization == LOGIN_NOWHERE && at && n - (at - 1) >= len &&
		   memcmp(d + at - 1, header, len) == 0) {
		places->authorization = at - 1 + len;
	}
	return places->password != LOGIN_NOWHERE && places->authorization != LOGIN_NOWHERE;
}

#ifdef __SSE2__
// Bit i: one of "d=", "s=", "t=", "d\"" and "\nA" stands at d[i], of the sixteen from d on. Reads 17 bytes.
static inline uint32_t login_pairs_at(const uint8_t *d)
{
	const __m128i here = _mm_loadu_si128((const __m128i *)d), next = _mm_loadu_si128((const __m128i *)(d + 1));
	const __m128i ends_in_d = _mm_cmpeq_epi8(here, _mm_set1_epi8('d'));
	const __m128i field = _mm_or_si128(ends_in_d,
		_mm_or_si128(_mm_cmpeq_epi8(here, _mm_set1_epi8('s')), _mm_cmpeq_epi8(here, _mm_set1_epi8('t'))));
	const __m128i form = _mm_and_si128(field, _mm_cmpeq_epi8(next, _mm_set1_epi8('=')));
	const __m128i member = _mm_and_si128(ends_in_d, _mm_cmpeq_epi8(next, _mm_set1_epi8('"')));
	const __m128i header =
		_mm_and_si128(_mm_cmpeq_epi8(here, _mm_set1_epi8('\n')), _mm_cmpeq_epi8(next, _mm_set1_epi8('A')));
	return (uint32_t)_mm_movemask_epi8(_mm_or_si128(form, _mm_or_si128(member, header)));
}
#endif

// The same for one place; d[1] is there.
static inline bool login_is_pair(const uint8_t *d)
{
	return (d[1] == '=' && (d[0] == 'd' || d[0] == 's' || d[0] == 't')) || (d[1] == '"' && d[0] == 'd') ||
	       (d[1] == 'A' && d[0] == '\n');
}

static inline struct login_places login_places_of(const uint8_t *d, uint32_t n)
{
	struct login_places places = {LOGIN_NOWHERE, LOGIN_NOWHERE};
	uint32_t at = 0;
#ifdef __SSE2__
	for (; at + 17 <= n; at += 16)
		for (uint32_t found = login_pairs_at(d + at); found; found &= found - 1)
			if (login_place(&places, d, n, at + (uint32_t)__builtin_ctz(found)))
				return places;
#endif
	for (; at + 2 <= n; at++)
		if (login_is_pair(d + at) && login_place(&places, d, n, at))
			break;
	return places;
}
