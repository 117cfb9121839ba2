// A worker's side of floods: its cells of one tick. Next: flood.c.
#include "detectors/heuristics/flood_cell.h"

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
	d->missed += d->cell[(k - d->bucket) * FLOOD_WAYS + least].pkts;
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
	memset(t->range.least, 0xff, sizeof(t->range.least));
	t->net_and = UINT64_MAX;
	memset(t->pick_hash, 0xff, sizeof(t->pick_hash));
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

void flood_pick(uint32_t *pick_hash, union ip_addr *pick, uint32_t hash, const union ip_addr *source)
{
	uint32_t i = FLOOD_PICKS - 1;
	if (hash >= pick_hash[i])
		return;
	for (; i > 0 && pick_hash[i - 1] > hash; i--) {
		pick_hash[i] = pick_hash[i - 1];
		pick[i] = pick[i - 1];
	}
	pick_hash[i] = hash;
	pick[i] = *source;
}

// Bytes of the IP datagram, 0 where not all of it is there.
static inline uint64_t datagram_length(const struct packet *p)
{
	return p->flags & PKT_TRUNCATED ? 0 : (uint16_t)(p->payload_off + p->payload_len - p->l3_off);
}

// What packets look like, gathered before it is written down.
struct gathered {
	uint64_t ports;
#ifdef __SSE4_1__
	__m128i least, most;
#else
	struct flood_range range;
#endif
};

static inline struct gathered gather(const struct flood_detail *t)
{
	struct gathered g = {.ports = t->ports};
#ifdef __SSE4_1__
	g.least = _mm_loadl_epi64((const __m128i *)t->range.least);
	g.most = _mm_loadl_epi64((const __m128i *)t->range.most);
#else
	g.range = t->range;
#endif
	return g;
}

static inline void put_down(struct flood_detail *t, const struct gathered *g)
{
	t->ports = g->ports;
#ifdef __SSE4_1__
	_mm_storel_epi64((__m128i *)t->range.least, g->least);
	_mm_storel_epi64((__m128i *)t->range.most, g->most);
#else
	t->range = g->range;
#endif
}

static inline void look_at(struct gathered *g, const struct packet *p, uint32_t port)
{
	uint64_t lanes = p->sport | (uint64_t)p->dport << 16 | datagram_length(p) << 32 | (uint64_t)p->ttl << 48;
	g->ports |= 1ULL << (port >> 26);
#ifdef __SSE4_1__
	__m128i x = _mm_cvtsi64_si128((int64_t)lanes);
	g->least = _mm_min_epu16(x, g->least);
	g->most = _mm_max_epu16(x, g->most);
#else
	for (uint32_t i = 0; i < LANES; i++, lanes >>= 16) {
		uint16_t x = (uint16_t)lanes;
		g->range.least[i] = x < g->range.least[i] ? x : g->range.least[i];
		g->range.most[i] = x > g->range.most[i] ? x : g->range.most[i];
	}
#endif
}

void flood_describe(struct flood_detail *t, const struct packet *p, uint64_t source, uint32_t port)
{
	struct gathered g = gather(t);
	hll_add(t->sources, FLOOD_SOURCE_BITS, source);
	look_at(&g, p, port);
	put_down(t, &g);
}

void flood_row_describe(struct flood_detail *t, const struct flood_telling *list, size_t tells, size_t picks)
{
	struct gathered g = gather(t);
	for (size_t i = 0; i < tells; i++) {
		const struct packet *p = list->tells[i];
		hll_add(t->sources, FLOOD_SOURCE_BITS, flood_source(p));
		look_at(&g, p, p->dport * 0x9e3779b1u);
	}
	put_down(t, &g);
	for (size_t i = 0; i < picks; i++)
		flood_pick(t->pick_hash, t->pick, flood_pick_hash(list->picks[i]), &list->picks[i]->src);
}
