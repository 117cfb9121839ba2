// Decaying heavy hitters, see heavy.h.
#include "detectors/sketch/heavy.h"

#include <string.h>

#define HEAVY_MAGIC 0x31484854u // "THH1"

size_t heavy_size(uint32_t buckets_log)
{
	if (buckets_log > 20)
		return 0;
	return sizeof(struct heavy) + (sizeof(struct heavy_entry) * HEAVY_WAYS << buckets_log);
}

struct heavy *heavy_init(void *mem, uint32_t buckets_log)
{
	struct heavy *s = mem;
	memset(s, 0, heavy_size(buckets_log));
	s->magic = HEAVY_MAGIC;
	s->buckets_log = buckets_log;
	return s;
}

static inline size_t heavy_bucket(const struct heavy *s, uint64_t digest)
{
	return ((digest >> 40) & ((1u << s->buckets_log) - 1)) * HEAVY_WAYS;
}

static uint32_t heavy_sum(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

struct heavy_entry *heavy_add(struct heavy *s, uint64_t digest, const void *key, uint32_t weight)
{
	struct heavy_entry *b = &s->entries[heavy_bucket(s, digest)];
	struct heavy_entry *least = b;
	s->total += weight;
	for (uint32_t i = 0; i < HEAVY_WAYS; i++) {
		if (b[i].digest == digest) {
			b[i].count = heavy_sum(b[i].count, weight);
			return &b[i];
		}
		if (b[i].count < least->count)
			least = &b[i];
	}
	// a free entry counts 0; a taken one passes its count on as the newcomer's possible error
	least->error = least->count;
	least->count = heavy_sum(least->count, weight);
	least->digest = digest;
	memcpy(least->key, key, sizeof(least->key));
	return least;
}

const struct heavy_entry *heavy_find(const struct heavy *s, uint64_t digest)
{
	const struct heavy_entry *b = &s->entries[heavy_bucket(s, digest)];
	for (uint32_t i = 0; i < HEAVY_WAYS; i++)
		if (b[i].digest == digest)
			return &b[i];
	return NULL;
}

static bool heavy_before(const struct heavy_entry *a, const struct heavy_entry *b)
{
	return a->count != b->count ? a->count > b->count : a->digest > b->digest;
}

uint32_t heavy_top(const struct heavy *s, const struct heavy_entry **top, uint32_t n)
{
	uint32_t have = 0;
	size_t entries = (size_t)HEAVY_WAYS << s->buckets_log;
	for (size_t e = 0; e < entries; e++) {
		const struct heavy_entry *x = &s->entries[e];
		if (x->digest == 0 || (have == n && !heavy_before(x, top[n - 1])))
			continue;
		uint32_t i = have < n ? have++ : n - 1;
		for (; i > 0 && heavy_before(x, top[i - 1]); i--)
			top[i] = top[i - 1];
		top[i] = x;
	}
	return have;
}

bool heavy_merge(struct heavy *to, const struct heavy *from)
{
	if (to->buckets_log != from->buckets_log)
		return false;
	size_t entries = (size_t)HEAVY_WAYS << from->buckets_log;
	uint64_t total = to->total + from->total;
	for (size_t e = 0; e < entries; e++) {
		const struct heavy_entry *x = &from->entries[e];
		if (x->digest == 0)
			continue;
		struct heavy_entry *y = heavy_add(to, x->digest, x->key, x->count);
		y->error = heavy_sum(y->error, x->error);
	}
	to->total = total;
	return true;
}

void heavy_halve(struct heavy *s)
{
	size_t entries = (size_t)HEAVY_WAYS << s->buckets_log;
	for (size_t e = 0; e < entries; e++) {
		s->entries[e].count >>= 1;
		s->entries[e].error >>= 1;
		if (s->entries[e].count == 0)
			memset(&s->entries[e], 0, sizeof(s->entries[e]));
	}
	s->total >>= 1;
}

bool heavy_check(const void *mem, size_t len)
{
	const struct heavy *s = mem;
	if (len < sizeof(*s) || s->magic != HEAVY_MAGIC)
		return false;
	size_t need = heavy_size(s->buckets_log);
	return need != 0 && need == len;
}
