// What is known of a destination on the main lcore: its windows, and what its packets look like. Next: flood_top.c.
#include <string.h>

#include <rte_common.h>

#include "detectors/heuristics/flood_internal.h"

void flood_advance(struct flood_victim *v, uint64_t now)
{
	uint64_t behind = now - v->slot;
	if (behind == 0)
		return;
	for (uint64_t s = behind < FLOOD_SLOTS ? behind : FLOOD_SLOTS; s > 0; s--)
		memset(&v->fast[(now - s + 1) % FLOOD_SLOTS], 0, sizeof(v->fast[0]));
	uint64_t sec = now / 10, old_sec = v->slot / 10, gone = sec - old_sec;
	for (uint64_t s = gone < FLOOD_SECONDS ? gone : FLOOD_SECONDS; s > 0; s--)
		memset(&v->slow[(sec - s + 1) % FLOOD_SECONDS], 0, sizeof(v->slow[0]));
	if (now / FLOOD_EPOCH_SLOTS != v->slot / FLOOD_EPOCH_SLOTS) {
		if (now / FLOOD_EPOCH_SLOTS == v->slot / FLOOD_EPOCH_SLOTS + 1)
			memcpy(v->sources[1], v->sources[0], sizeof(v->sources[0]));
		else
			memset(v->sources[1], 0, sizeof(v->sources[1]));
		memset(v->sources[0], 0, sizeof(v->sources[0]));
		v->ports[1] = v->ports[0];
		v->ports[0] = 0;
	}
	v->slot = now;
}

void flood_describe_anew(struct flood_victim *v)
{
	v->first_seq = 0;
	v->net_or = 0;
	v->net_and = UINT64_MAX;
	v->range = (struct flood_range){0};
	memset(v->range.least, 0xff, sizeof(v->range.least));
}

// Adds what a cell's packets look like.
static void add_detail(struct flood_victim *v, const struct flood_detail *d)
{
	hll_merge(v->sources[0], d->sources, FLOOD_SOURCE_BITS);
	v->ports[0] |= d->ports;
	v->net_or |= d->net_or;
	v->net_and &= d->net_and;
	for (uint32_t i = 0; i < LANES; i++) {
		v->range.least[i] = RTE_MIN(v->range.least[i], d->range.least[i]);
		v->range.most[i] = RTE_MAX(v->range.most[i], d->range.most[i]);
	}
	if (v->first_seq == 0 || d->first_seq < v->first_seq)
		v->first_seq = d->first_seq;
	for (uint32_t i = 0; i < FLOOD_PICKS && d->pick_hash[i] != UINT32_MAX; i++)
		flood_pick(v->pick_hash, v->pick, d->pick_hash[i], &d->pick[i]);
}

static struct flood_victim *victim_of(struct flood *f, const struct flood_cell *c, const struct flood_detail *d)
{
	bool fresh;
	struct flood_victim *v = keytab_get(&f->victims, c->digest, f->now_ns, &fresh);
	if (fresh) {
		v->addr = c->addr;
		v->version = d->version;
		v->prefix = d->prefix;
		v->port = d->port;
		v->slot = f->slot;
		v->born_ns = f->now_ns;
		memset(v->pick_hash, 0xff, sizeof(v->pick_hash));
		flood_describe_anew(v);
	}
	return v;
}

// Adds one cell to its destination's record, as of the tick that is now being gathered.
static void add_cell(struct flood *f, const struct flood_cell *c, const struct flood_detail *d)
{
	if (!keytab_has_room(&f->victims, c->digest)) { // floods that have begun are followed to their end
		f->missed += c->pkts;
		return;
	}
	struct flood_victim *v = victim_of(f, c, d);
	flood_advance(v, f->slot);
	struct flood_slot *s = &v->fast[f->slot % FLOOD_SLOTS];
	struct flood_second *t = &v->slow[f->slot / 10 % FLOOD_SECONDS];
	s->pkts += c->pkts;
	s->bytes += c->bytes;
	t->pkts += c->pkts;
	for (uint32_t i = 0; i < FLOOD_COUNTS; i++) {
		s->count[i] += c->count[i];
		t->count[i] += c->count[i];
	}
	add_detail(v, d);
	v->pkts += c->pkts;
	v->bytes += c->bytes;
	if (!v->touched && f->touched_count < FLOOD_VICTIMS) {
		v->touched = 1;
		f->touched[f->touched_count++] = v;
	}
}

// The cells of a tick arrive just before flood_tick() says which tick it was; it is the one after the
// last. (The very first is put right by first_tick.)
void flood_merge(struct flood *f, struct flood_delta *d)
{
	for (uint32_t n = 0; n < d->dirty_count; n++) {
		uint32_t b = d->dirty[n];
		for (uint32_t i = 0; i < FLOOD_WAYS && d->bucket[b].tag[i] != 0; i++) {
			uint32_t at = b * FLOOD_WAYS + i;
			add_cell(f, &d->cell[at], &d->detail[at]);
			d->cell[at].digest = 0;
		}
		memset(&d->bucket[b], 0, sizeof(d->bucket[b]));
	}
	d->dirty_count = 0;
	f->evicted += d->evicted;
	f->missed += d->missed;
	d->evicted = d->missed = 0;
}

bool flood_look(const struct flood *f, const struct flood_victim *v, struct flood_view *out)
{
	uint8_t regs[FLOOD_SOURCE_REGS];
	uint64_t ports = v->ports[0] | v->ports[1];
	memset(out, 0, sizeof(*out));
	for (uint32_t s = 0; s < FLOOD_SLOTS; s++) {
		out->pkts += v->fast[s].pkts;
		out->bytes += v->fast[s].bytes;
		for (uint32_t i = 0; i < FLOOD_COUNTS; i++)
			out->count[i] += v->fast[s].count[i];
	}
	for (uint32_t s = 0; s < FLOOD_SECONDS; s++) {
		out->slow_pkts += v->slow[s].pkts;
		for (uint32_t i = 0; i < FLOOD_COUNTS; i++)
			out->slow[i] += v->slow[s].count[i];
	}
	if (out->slow_pkts < (f->ops->least_pkts ? f->ops->least_pkts : 50) && !v->active)
		return false;
	memcpy(regs, v->sources[0], sizeof(regs));
	hll_merge(regs, v->sources[1], FLOOD_SOURCE_BITS);
	out->sources = hll_count(regs, FLOOD_SOURCE_BITS);
	out->ports = bitmap_count(&ports, 1);
	out->one_ttl = v->range.least[LANE_TTL] == v->range.most[LANE_TTL];
	out->active = v->active;
	out->port = v->port;
	out->sport = flood_lane(v, LANE_SPORT, &out->sport) ? out->sport : 0;
	out->version = v->version;
	out->addr = &v->addr;
	return true;
}
