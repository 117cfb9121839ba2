// A worker's side of floods: its cells of one tick. Next: flood.c.
#include "detectors/heuristics/flood.h"

#include <string.h>

size_t flood_delta_size(void)
{
	return sizeof(struct flood_delta);
}

void flood_delta_init(struct flood_delta *d)
{
	d->last = 0;
}

// A full bucket gives up its lightest destination once that has been outweighed: every miss takes
// one off it, so that a steady destination stays and a passing one leaves (Misra and Gries, 1982).
static uint32_t make_room(struct flood_delta *d, struct flood_bucket *k)
{
	uint32_t least = 0;
	for (uint32_t i = 0; i < 8; i++) {
		if (k->tag[i] == 0)
			return i;
		if (k->weight[i] < k->weight[least])
			least = i;
	}
	if (k->weight[least] > 1) {
		k->weight[least]--;
		return 8;
	}
	d->evicted++;
	return least;
}

static struct flood_cell *set_up(
	struct flood_cell *c, uint64_t digest, const union ip_addr *addr, const struct packet *p)
{
	memset(c, 0, sizeof(*c));
	c->digest = digest;
	c->addr = *addr;
	c->first_seq = p->seq;
	c->version = p->flags & PKT_IPV6 ? 6 : 4;
	c->prefix = c->version == 6 ? 128 : 32;
	c->sport_and = UINT32_MAX;
	for (uint32_t i = 0; i < FLOOD_SAMPLES; i++)
		c->sample_hash[i] = UINT32_MAX;
	return c;
}

struct flood_cell *flood_cell_new(
	struct flood_delta *d, uint64_t digest, const union ip_addr *addr, const struct packet *p)
{
	uint32_t b = (uint32_t)digest >> 8 & (FLOOD_CELLS / 8 - 1);
	struct flood_bucket *k = &d->bucket[b];
	// where destinations outnumber cells, only one packet in eight may ask for room: the rest would spend their
	// time evicting each other
	if (k->tag[7] != 0 && (uint32_t)(p->seq >> 3) * 0x9e3779b1u >> 29)
		return NULL;
	uint32_t i = make_room(d, k);
	if (i == 8)
		return NULL;
	k->tag[i] = flood_tag(digest);
	k->weight[i] = 1;
	d->last = b * 8 + i;
	return set_up(&d->cell[d->last], digest, addr, p);
}
