// Records by key, see keytab.h.
#include "detectors/heuristics/keytab.h"

#include <string.h>

void keytab_init(struct keytab *t, void *mem, uint32_t buckets_log, size_t record_size)
{
	t->bucket_mask = (1u << buckets_log) - 1;
	t->record_size = (uint32_t)record_size;
	t->used = 0;
	t->evicted = 0;
	t->buckets = mem;
	t->records = (uint8_t *)(t->buckets + t->bucket_mask + 1);
}

static inline uint32_t bucket_of(const struct keytab *t, uint64_t digest)
{
	return (uint32_t)(digest >> 32) & t->bucket_mask;
}

static inline struct keyed *record_of(const struct keytab *t, uint32_t bucket, uint32_t way)
{
	return (struct keyed *)(t->records + (size_t)t->buckets[bucket].record[way] * t->record_size);
}

void *keytab_find(struct keytab *t, uint64_t digest)
{
	uint32_t b = bucket_of(t, digest);
	for (uint32_t i = 0; i < 8; i++)
		if (t->buckets[b].digest[i] == digest)
			return record_of(t, b, i);
	return NULL;
}

// The way to lose: a free one, else the one unused for longest that need not be kept, else the oldest of all.
static uint32_t choose(const struct keytab *t, uint32_t b)
{
	const struct keytab_bucket *k = &t->buckets[b];
	uint32_t kept = 0, oldest = 0;
	for (uint32_t round = 0; round < 8; round++) {
		uint32_t best = 8;
		for (uint32_t i = 0; i < 8; i++) {
			if (k->digest[i] == 0)
				return i;
			if (!(kept & 1u << i) && (best == 8 || (int32_t)(k->last[i] - k->last[best]) < 0))
				best = i;
		}
		if (round == 0)
			oldest = best;
		if (!record_of(t, b, best)->keep)
			return best;
		kept |= 1u << best;
	}
	return oldest;
}

void *keytab_get(struct keytab *t, uint64_t digest, uint64_t now_ns, bool *fresh)
{
	uint32_t b = bucket_of(t, digest), i = 0, now = (uint32_t)(now_ns >> KEYTAB_AGE_SHIFT);
	struct keytab_bucket *k = &t->buckets[b];
	while (i < 8 && k->digest[i] != digest)
		i++;
	*fresh = i == 8;
	if (*fresh)
		i = choose(t, b);
	if (*fresh && k->digest[i] == 0)
		k->record[i] = t->used++;
	else
		t->evicted += *fresh;
	struct keyed *r = record_of(t, b, i);
	if (*fresh) {
		memset(r, 0, t->record_size);
		r->digest = k->digest[i] = digest;
	}
	r->last_ns = now_ns;
	k->last[i] = now;
	return r;
}

bool keytab_has_room(const struct keytab *t, uint64_t digest)
{
	uint32_t b = bucket_of(t, digest);
	for (uint32_t i = 0; i < 8; i++) {
		uint64_t d = t->buckets[b].digest[i];
		if (d == 0 || d == digest || !record_of(t, b, i)->keep)
			return true;
	}
	return false;
}
