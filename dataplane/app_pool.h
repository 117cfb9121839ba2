// Memory of a worker's parsers: one region, taken at start and touched as it is used, out of which blocks of 32 bytes
// to 128 KiB are lent. Blocks are halves of halves (Knowlton 1965, Knuth volume 1 section 2.5): what is given back
// joins its other half, so that many small blocks of one flow cannot keep a large one from the next. A few small ones
// of each size wait as they are for who asks next, and join when there is no other room. At most twelve steps a call (a
// thousand once, when those that wait join), no malloc. Next: app_session.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define APP_POOL_BLOCK_MIN 32u

struct app_pool;

struct app_pool_stats {
	uint64_t size;    // bytes of the region
	uint64_t in_use;  // bytes of blocks lent
	uint64_t peak;    // the most that in_use has been
	uint64_t lent;    // blocks, ever
	uint64_t refused; // requests there was no room for
};

// Bytes of memory for a pool of at least `bytes`, rounded down to whole blocks of 128 KiB, one at least.
size_t app_pool_size(uint64_t bytes);
// Sets up an empty pool in memory of app_pool_size(bytes), aligned to 64: its first 3 % are cleared, the rest is not
// touched. Returns mem as a pool.
struct app_pool *app_pool_init(void *mem, uint64_t bytes);
// Bytes of the block that `bytes` take, 0: more than APP_ALLOC_MAX.
uint32_t app_pool_block(uint32_t bytes);
// A block with whatever is in it, aligned to 32; NULL when no room is left (counted).
void *app_pool_take(struct app_pool *p, uint32_t bytes);
// Gives a block back. Returns its size.
uint32_t app_pool_give(struct app_pool *p, void *mem);
const struct app_pool_stats *app_pool_stats(const struct app_pool *p);
