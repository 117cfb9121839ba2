// How many different keys were seen. Next: quantile.h.
//
// Two counters for two sizes. `hll_*`: HyperLogLog (Flajolet et al., 2007) with linear counting below
// 2.5 m, for up to 2^60 keys; standard error 1.04/sqrt(m) with m = 1 << p registers (p 6: 13 %,
// p 10: 3.3 %, p 14: 0.8 %). `bitmap_*`: linear counting (Whang et al., 1990) in m bits, for up to about
// 4 m keys; exact to a few percent below m. Both are plain bytes that the caller embeds where he likes;
// merging (max, or) is exact: the union of two streams gives the same bytes as one counter over both.
#pragma once

#include <stdint.h>
#include <string.h>

// Counts a key in m = 1 << p registers (p 4..16). digest: of hash.h.
static inline void hll_add(uint8_t *registers, uint32_t p, uint64_t digest)
{
	// the top bits choose, the rest is ranked; the set low bit of digests ends the rank at 64 - p
	uint8_t rank = (uint8_t)(__builtin_clzll((digest << p) | 1) + 1);
	uint8_t *r = &registers[digest >> (64 - p)];
	if (*r < rank)
		*r = rank;
}

// Estimated number of different keys.
double hll_count(const uint8_t *registers, uint32_t p);

// The registers of both streams together.
static inline void hll_merge(uint8_t *to, const uint8_t *from, uint32_t p)
{
	for (uint32_t i = 0; i < 1u << p; i++)
		if (to[i] < from[i])
			to[i] = from[i];
}

// Counts a key in a bitmap of `words` 64-bit words (a power of two). Returns 1 when its bit was new.
static inline uint32_t bitmap_add(uint64_t *map, uint32_t words, uint64_t digest)
{
	uint32_t bit = (uint32_t)(digest >> 32) & (words * 64 - 1);
	uint64_t mask = 1ULL << (bit & 63);
	uint32_t fresh = (map[bit >> 6] & mask) == 0;
	map[bit >> 6] |= mask;
	return fresh;
}

// Estimated number of different keys; a full map gives the most it can tell apart.
double bitmap_count(const uint64_t *map, uint32_t words);

static inline void bitmap_merge(uint64_t *to, const uint64_t *from, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++)
		to[i] |= from[i];
}
