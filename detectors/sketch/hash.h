// Digests of keys, shared by every sketch and table. Next: countmin.h.
//
// The digests are the same in every worker and every run: sketches of several workers or sensors can
// be merged, and what a detector says does not change from run to run.
#pragma once

#include <stdint.h>
#include <string.h>

#include "dataplane/api/packet.h"

// A bijection of 64 bits whose every output bit depends on every input bit. Source: Steele et al.,
// "Fast splittable pseudorandom number generators" (2014), the mix of SplitMix64.
static inline uint64_t sketch_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

// Digest of an address; never 0, so that 0 can mean "empty".
static inline uint64_t sketch_addr(const union ip_addr *a)
{
	return sketch_mix(a->d[0] + a->d[1] * 0x9e3779b97f4a7c15ULL + 1) | 1;
}

// Digest of two things that belong together, in this order; never 0.
static inline uint64_t sketch_pair(uint64_t a, uint64_t b)
{
	return sketch_mix(a ^ (b * 0x9e3779b97f4a7c15ULL + 0x2545f4914f6cdd1dULL)) | 1;
}

// The unit in which sources are counted: an IPv4 address, an IPv6 /64 (one host can walk a whole /64).
static inline union ip_addr sketch_source(const union ip_addr *a, bool ipv6)
{
	union ip_addr s = *a;
	if (ipv6)
		s.d[1] = 0;
	return s;
}

// Digest of n bytes.
static inline uint64_t sketch_bytes(const uint8_t *d, uint32_t n)
{
	uint64_t digest = n, w = 0;
	uint32_t i = 0;
	for (; i + 8 <= n; i += 8) {
		memcpy(&w, d + i, 8);
		digest = sketch_mix(digest ^ w);
	}
	for (; i < n; i++)
		digest = sketch_mix(digest ^ d[i]);
	return digest;
}
