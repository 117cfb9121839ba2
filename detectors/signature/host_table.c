// See host_table.h. Next: alert_gate.c, whose memory this is.
#include "detectors/signature/host_table.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 8u
#define SETS_MIN 64u

struct host_table {
	uint32_t sets; // power of two
	uint64_t evicted;
	struct host_entry *entries; // WAYS a set
};

struct host_table *host_table_new(uint32_t entries)
{
	struct host_table *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->sets = SETS_MIN;
	while (t->sets < UINT32_MAX / 2 / WAYS && t->sets * WAYS < entries)
		t->sets *= 2;
	t->entries = calloc((size_t)t->sets * WAYS, sizeof(*t->entries));
	if (t->entries)
		return t;
	free(t);
	return NULL;
}

void host_table_free(struct host_table *t)
{
	if (!t)
		return;
	free(t->entries);
	free(t);
}

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

uint64_t host_hash(const struct host_key *k)
{
	return mix(mix(k->a.d[0] ^ mix(k->a.d[1] + 1)) ^ mix(mix(k->b.d[0] + 3) ^ k->b.d[1]) ^
		   mix(k->what * 0x2545f4914f6cdd1dull));
}

static struct host_entry *set_of(const struct host_table *t, const struct host_key *key)
{
	return &t->entries[(host_hash(key) & (t->sets - 1)) * WAYS];
}

struct host_entry *host_find(struct host_table *t, const struct host_key *key)
{
	struct host_entry *set = set_of(t, key);
	for (uint32_t i = 0; i < WAYS; i++)
		if (set[i].expires_ns && !memcmp(&set[i].key, key, sizeof(*key)))
			return &set[i];
	return NULL;
}

struct host_entry *host_make(struct host_table *t, const struct host_key *key, uint64_t now_ns)
{
	struct host_entry *set = set_of(t, key), *pick = set;
	for (uint32_t i = 0; i < WAYS; i++)
		if (set[i].expires_ns < pick->expires_ns)
			pick = &set[i];
	t->evicted += pick->expires_ns > now_ns;
	*pick = (struct host_entry){.key = *key, .start_ns = now_ns};
	return pick;
}

uint64_t host_table_evicted(const struct host_table *t)
{
	return t->evicted;
}

static struct host_key key_of(uint64_t what, enum track_by track, const struct host_ends *ends)
{
	struct host_key k = {.what = what};
	switch (track) {
	case TRACK_SRC:
		k.a = *ends->src;
		break;
	case TRACK_DST:
		k.a = *ends->dst;
		break;
	case TRACK_BOTH: // the same both ways
		k.a = *ends->src;
		k.b = *ends->dst;
		if (memcmp(&k.a, &k.b, sizeof(k.a)) > 0) {
			k.a = *ends->dst;
			k.b = *ends->src;
		}
		break;
	case TRACK_FLOW:
		k.a.d[0] = ends->flow_id;
		break;
	default: // by rule
		break;
	}
	return k;
}

struct host_key host_key_rule(
	const struct alert_info *info, unsigned kind, enum track_by track, const struct host_ends *ends)
{
	uint64_t what = (uint64_t)(kind << 3 | track) << 56 | (uint64_t)(info->gid & 0xffffff) << 32 | info->sid;
	return key_of(what, track, ends);
}

struct host_key host_key_bit(uint16_t id, enum track_by track, const struct host_ends *ends)
{
	return key_of((uint64_t)HOST_BIT << 59 | id, track, ends);
}

struct host_key host_key_flow(enum host_kind kind, uint64_t flow_id)
{
	return (struct host_key){.a.d[0] = flow_id, .what = (uint64_t)kind << 59 | TRACK_FLOW};
}

struct host_key host_key_addr(enum host_kind kind, const union ip_addr *addr)
{
	return (struct host_key){.a = *addr, .what = (uint64_t)kind << 59 | TRACK_SRC};
}
