// Records by key in fixed memory, for master states (main lcore). Next: obslog.h.
//
// Buckets of eight records; a newcomer to a full bucket takes the place of the record unused for
// longest, sparing those marked `keep` while there are others. So random keys (spoofed sources,
// walks through a /64) push out each other before anything that is in use. Records are dealt out from the front of
// their memory: what few keys never reach is never resident.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What every record begins with.
struct keyed {
	uint64_t digest;  // of sketch/hash.h; 0: free
	uint64_t last_ns; // when it was asked for last
	uint32_t keep;    // not to be evicted while others can be: something is going on here
	uint32_t spare;
};

#define KEYTAB_AGE_SHIFT 17u // ages are told apart in steps of 131 us

// A bucket's keys, when each was asked for last and which record it has, apart from the records: a look-up, and the
// choice of what to lose, read two cache lines instead of eight records.
struct keytab_bucket {
	uint64_t digest[8];
	uint32_t last[8]; // ns >> KEYTAB_AGE_SHIFT; wraps after six days, so that older still counts as younger
	uint32_t record[8];
};

struct keytab {
	uint32_t bucket_mask;
	uint32_t record_size; // bytes, a multiple of 8
	uint32_t used;        // records dealt out
	uint32_t spare;
	uint64_t evicted; // records that made room
	struct keytab_bucket *buckets;
	uint8_t *records;
};

// Bytes of record memory for 8 << buckets_log records.
static inline size_t keytab_size(uint32_t buckets_log, size_t record_size)
{
	return (record_size * 8 + sizeof(struct keytab_bucket)) << buckets_log;
}

// mem: zeroed, keytab_size bytes, 8-byte aligned.
void keytab_init(struct keytab *t, void *mem, uint32_t buckets_log, size_t record_size);
// The record of a key: found, or a fresh one (zeroed, *fresh set). Never NULL.
void *keytab_get(struct keytab *t, uint64_t digest, uint64_t now_ns, bool *fresh);
// The record of a key, or NULL.
void *keytab_find(struct keytab *t, uint64_t digest);
// Has the key a record, or could it get one without evicting what is marked `keep`?
bool keytab_has_room(const struct keytab *t, uint64_t digest);
