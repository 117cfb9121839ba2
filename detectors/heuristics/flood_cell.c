// A worker's side of floods: its cells of one tick. Next: flood.c.
#include "detectors/heuristics/flood.h"

#include <string.h>

size_t flood_delta_size(void)
{
	return sizeof(struct flood_delta);
}

void flood_delta_init(struct flood_delta *d, const struct detector_env *env)
{
	d->site = env->baselines;
}

// A full bucket gives up its lightest destination once that has been outweighed: every miss takes
// one off it, so that a steady destination stays and a passing one leaves (Misra and Gries, 1982).
static uint32_t make_room(struct flood_delta *d, struct flood_bucket *k)
{
	uint32_t least = 0;
	for (uint32_t i = 0; i < FLOOD_WAYS; i++) {
		if (k->tag[i] == 0)
			return i;
		if (k->weight[i] < k->weight[least])
			least = i;
	}
	if (k->weight[least] > 1) {
		k->weight[least]--;
		return FLOOD_WAYS;
	}
	d->evicted++;
	return least;
}

static struct flood_cell *set_up(
	struct flood_delta *d, uint64_t digest, const union ip_addr *addr, const struct packet *p)
{
	struct flood_cell *c = &d->cell[d->last];
	struct flood_detail *t = &d->detail[d->last];
	memset(c, 0, sizeof(*c));
	memset(t, 0, sizeof(*t));
	c->digest = digest;
	c->addr = *addr;
	t->first_seq = p->seq;
	t->version = p->flags & PKT_IPV6 ? 6 : 4;
	t->prefix = t->version == 6 ? 128 : 32;
	t->sport_and = UINT32_MAX;
	for (uint32_t i = 0; i < FLOOD_SAMPLES; i++)
		t->sample_hash[i] = UINT32_MAX;
	return c;
}

struct flood_cell *flood_cell_new(
	struct flood_delta *d, uint64_t digest, const union ip_addr *addr, const struct packet *p)
{
	uint32_t b = flood_bucket_of(digest);
	struct flood_bucket *k = &d->bucket[b];
	// packets in a row of the cell used last are not weighed one by one
	if (d->last / FLOOD_WAYS == b && k->weight[d->last % FLOOD_WAYS] < d->cell[d->last].pkts)
		k->weight[d->last % FLOOD_WAYS] = d->cell[d->last].pkts;
	if (k->tag[0] == 0)
		d->dirty[d->dirty_count++] = (uint16_t)b;
	uint32_t i = make_room(d, k);
	if (i == FLOOD_WAYS)
		return NULL;
	k->tag[i] = flood_tag(digest);
	k->weight[i] = 1;
	d->last = b * FLOOD_WAYS + i;
	return set_up(d, digest, addr, p);
}

static void take_sample(struct flood_detail *t, uint32_t h, const union ip_addr *source)
{
	if (h < t->sample_hash[0]) {
		t->sample_hash[1] = t->sample_hash[0];
		t->sample[1] = t->sample[0];
		t->sample_hash[0] = h;
		t->sample[0] = *source;
	} else if (h != t->sample_hash[0]) {
		t->sample_hash[1] = h;
		t->sample[1] = *source;
	}
}

void flood_describe(struct flood_detail *t, const struct packet *p, uint64_t source, uint32_t port)
{
	uint32_t h = (uint32_t)(source >> 20);
	hll_add(t->sources, FLOOD_SOURCE_BITS, source);
	t->ports |= 1ULL << (port >> 26);
	t->ttls |= 1u << (p->ttl >> 3);
	t->sizes |= 1u << (31 - __builtin_clz(p->wire_len | 1));
	t->sport_or |= p->sport;
	t->sport_and &= p->sport;
	if (__builtin_expect(h < t->sample_hash[FLOOD_SAMPLES - 1], 0))
		take_sample(t, h, &p->src);
}

void flood_describe_flow(struct flood_delta *d, const struct flood_cell *c, const struct packet *p)
{
	flood_describe(flood_detail(d, c), p, flood_source(p), p->dport * 0x9e3779b1u);
}
