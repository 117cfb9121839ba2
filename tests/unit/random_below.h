// Random numbers for tests that build packets: the same on every run.
#pragma once

#include <stdint.h>

static uint64_t random_state = 0x9e3779b97f4a7c15u;

// xorshift64 (Marsaglia, 2003). n: above 0.
static inline uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 33) % n;
}
