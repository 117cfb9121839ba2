// Numbers that are the same on every machine.
#include "perf/generate/generate.h"

#include <math.h>
#include <string.h>

uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint32_t rng_below(struct rng *r, uint32_t below)
{
	return (uint32_t)((rng_next(r) >> 32) * below >> 32);
}

uint32_t rng_range(struct rng *r, uint32_t low, uint32_t high)
{
	return low + rng_below(r, high - low + 1);
}

double rng_unit(struct rng *r)
{
	return (double)(rng_next(r) >> 11) * 0x1.0p-53;
}

double rng_exponential(struct rng *r, double mean)
{
	return -mean * log(1.0 - rng_unit(r));
}

void rng_bytes(struct rng *r, void *to, size_t n)
{
	uint8_t *at = to;

	for (; n >= 8; at += 8, n -= 8)
		memcpy(at, &(uint64_t){rng_next(r)}, 8);
	if (n > 0)
		memcpy(at, &(uint64_t){rng_next(r)}, n);
}

// FNV-1a of the name, mixed with the seed.
struct rng rng_named(uint64_t seed, const char *name)
{
	struct rng r = {.state = UINT64_C(0xcbf29ce484222325)};

	for (; *name; name++)
		r.state = (r.state ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	r.state ^= seed * UINT64_C(0xd6e8feb86659fd93);
	return r;
}
