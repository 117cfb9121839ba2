// Looks for a text whatever its case, sixteen places at a time: where its first and its last byte stand that far apart,
// the bytes between are compared ("generic SIMD", W. Mula, SIMD-friendly algorithms for substring searching, 2016).
#include <emmintrin.h>

#include "detectors/signature/match_runtime.h"

#define LANES 16u

// The bit by which the two cases of a letter differ; 0 where c is none. c is in lower case.
static uint8_t case_bit(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? 0x20 : 0;
}

static bool same(const uint8_t *at, const uint8_t *text, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if ((at[i] | case_bit(text[i])) != text[i])
			return false;
	return true;
}

// Which of sixteen bytes are c in either case, as 0xff.
static __m128i equal(const uint8_t *at, __m128i c, __m128i bit)
{
	return _mm_cmpeq_epi8(_mm_or_si128(_mm_loadu_si128((const __m128i *)at), bit), c);
}

uint32_t find_nocase(const uint8_t *at, uint32_t len, const uint8_t *text, uint32_t n)
{
	if (!n || len < n)
		return n ? UINT32_MAX : 0;
	const uint8_t first = text[0], last = text[n - 1];
	const __m128i firsts = _mm_set1_epi8((char)first), first_bit = _mm_set1_epi8((char)case_bit(first));
	const __m128i lasts = _mm_set1_epi8((char)last), last_bit = _mm_set1_epi8((char)case_bit(last));
	uint32_t places = len - n + 1, i = 0;
	for (; i + LANES <= places; i += LANES) {
		__m128i both = _mm_and_si128(equal(at + i, firsts, first_bit), equal(at + i + n - 1, lasts, last_bit));
		for (uint32_t hits = (uint32_t)_mm_movemask_epi8(both); hits; hits &= hits - 1) {
			uint32_t place = i + (uint32_t)__builtin_ctz(hits);
			if (same(at + place, text, n))
				return place;
		}
	}
	for (; i < places; i++)
		if (same(at + i, text, n))
			return i;
	return UINT32_MAX;
}
