// Decaying heavy hitters: the keys that weigh most, in fixed memory. Next: distinct.h.
//
// Space-saving (Metwally et al., 2005) in buckets of eight entries, so that an update touches three
// cache lines however many keys there are. With n = bucket's total weight: a key's count is never
// too low, too high by at most its `error`, and error <= n/8; a key of more than n/8 of its
// bucket's weight is always present. Halving on a period makes old weight fade, as in a KRU table.
// The memory holds no pointers, see countmin.h.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAVY_WAYS 8u

struct heavy_entry {
	uint64_t digest; // 0: free
	uint32_t count;
	uint32_t error; // count may be too high by this much
	uint8_t key[16];
};
_Static_assert(sizeof(struct heavy_entry) == 32, "two entries a cache line");

struct heavy {
	uint32_t magic;
	uint32_t buckets_log; // 0..20
	uint64_t total;
	struct heavy_entry entries[];
};

// Bytes for 8 << buckets_log entries; 0 when out of range.
size_t heavy_size(uint32_t buckets_log);
// Makes an empty table in `mem` (8-byte aligned, heavy_size bytes).
struct heavy *heavy_init(void *mem, uint32_t buckets_log);
// Adds weight (at least 1) to a key. digest: of hash.h, not 0; key: 16 bytes kept beside it. Returns the key's entry.
struct heavy_entry *heavy_add(struct heavy *s, uint64_t digest, const void *key, uint32_t weight);
// The key's entry, or NULL when it is not tracked.
const struct heavy_entry *heavy_find(const struct heavy *s, uint64_t digest);
// Fills top[0..n) with the entries of largest count, largest first (ties by digest). Returns how many there were.
uint32_t heavy_top(const struct heavy *s, const struct heavy_entry **top, uint32_t n);
// Adds what `from` tracked; errors add up. False, and nothing done, when the shapes differ.
bool heavy_merge(struct heavy *to, const struct heavy *from);
// Halves every count and error; entries that reach 0 are freed.
void heavy_halve(struct heavy *s);
// True when `len` bytes at `mem` are a table that can be used.
bool heavy_check(const void *mem, size_t len);
