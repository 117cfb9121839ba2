// Records by key, see keytab.h.
#include "detectors/heuristics/keytab.h"

#include <string.h>

void keytab_init(struct keytab *t, void *mem, uint32_t buckets_log, size_t record_size)
{
	t->bucket_mask = (1u << buckets_log) - 1;
	t->record_size = (uint32_t)record_size;
	t->evicted = 0;
	t->records = mem;
}

static inline struct keyed *bucket_of(const struct keytab *t, uint64_t digest)
{
	return keytab_at(t, ((digest >> 32) & t->bucket_mask) * 8ull);
}

static inline struct keyed *way(const struct keytab *t, struct keyed *bucket, uint32_t i)
{
	return (struct keyed *)((uint8_t *)bucket + (size_t)i * t->record_size);
}

void *keytab_find(struct keytab *t, uint64_t digest)
{
	struct keyed *bucket = bucket_of(t, digest);
	for (uint32_t i = 0; i < 8; i++)
		if (way(t, bucket, i)->digest == digest)
			return way(t, bucket, i);
	return NULL;
}

// Is a a better record to lose than b?
static bool worse(const struct keyed *a, const struct keyed *b)
{
	if ((a->digest == 0) != (b->digest == 0))
		return a->digest == 0;
	if (a->keep != b->keep)
		return a->keep < b->keep;
	return a->last_ns < b->last_ns;
}

void *keytab_get(struct keytab *t, uint64_t digest, uint64_t now_ns, bool *fresh)
{
	struct keyed *bucket = bucket_of(t, digest);
	struct keyed *lose = bucket;
	*fresh = false;
	for (uint32_t i = 0; i < 8; i++) {
		struct keyed *k = way(t, bucket, i);
		if (k->digest == digest) {
			k->last_ns = now_ns;
			return k;
		}
		if (worse(k, lose))
			lose = k;
	}
	t->evicted += lose->digest != 0;
	memset(lose, 0, t->record_size);
	lose->digest = digest;
	lose->last_ns = now_ns;
	*fresh = true;
	return lose;
}
