// What the gate (alert_gate.c, main lcore) lets workers know without a lock: "this key holds until then". A
// fixed table of words of a digest and a second; the latest of two keys that meet stays. A worker that
// does not find a word has lost nothing but the advice.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "detectors/signature/host_table.h"

#define BULLETIN_WORDS 65536u
#define BULLETIN_SECOND 1000000000ull

struct bulletin {
	_Atomic uint64_t words[BULLETIN_WORDS]; // digest above, second of packet time below; 0: empty
};

// until_ns: packet time, rounded down to a second; 0 takes the word back.
static inline void bulletin_say(struct bulletin *b, const struct host_key *key, uint64_t until_ns)
{
	uint64_t h = host_hash(key), s = until_ns / BULLETIN_SECOND;
	atomic_store_explicit(&b->words[h & (BULLETIN_WORDS - 1)],
		s ? (h >> 32) << 32 | (s < UINT32_MAX ? s : UINT32_MAX) : 0, memory_order_relaxed);
}

static inline bool bulletin_holds(const struct bulletin *b, const struct host_key *key, uint64_t now_ns)
{
	uint64_t h = host_hash(key);
	uint64_t w = atomic_load_explicit(&b->words[h & (BULLETIN_WORDS - 1)], memory_order_relaxed);
	return w >> 32 == h >> 32 && now_ns / BULLETIN_SECOND < (w & UINT32_MAX);
}
