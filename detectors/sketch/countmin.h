// Count-min: how often each of very many keys was seen, in fixed memory. Next: heavy.h.
//
// Cormode and Muthukrishnan, "An improved data stream summary" (2005). An estimate is never too low;
// it is too high by more than e/width of all that was added with probability at most exp(-rows).
// The memory holds no pointers: it can be written to disk and sent to other sensors as it lies
// (little endian), and countmin_check() says whether bytes from elsewhere are one.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct countmin {
	uint32_t magic;
	uint8_t rows;      // 1..8
	uint8_t width_log; // 4..24
	uint16_t spare;
	uint64_t total; // sum of all weights added
	uint32_t counts[];
};

// Bytes for a sketch of `rows` rows of 1 << width_log counters; 0 when out of range.
size_t countmin_size(uint8_t rows, uint8_t width_log);
// Makes an empty sketch in `mem` (8-byte aligned, countmin_size bytes).
struct countmin *countmin_init(void *mem, uint8_t rows, uint8_t width_log);
// Adds weight to a key's count (saturating) and returns the new estimate. digest: of hash.h.
uint32_t countmin_add(struct countmin *s, uint64_t digest, uint32_t weight);
// Estimates a key's count.
uint32_t countmin_get(const struct countmin *s, uint64_t digest);
// Adds what `from` counted. False, and nothing done, when the shapes differ.
bool countmin_merge(struct countmin *to, const struct countmin *from);
// Halves every count: an exponential decay with the caller's period as half-life.
void countmin_halve(struct countmin *s);
// True when `len` bytes at `mem` are a sketch that can be used.
bool countmin_check(const void *mem, size_t len);
