// Who sends most of a flood, and whether he is who he says, see flood_internal.h. Next: flood_filter.c.
#include <string.h>

#include <rte_common.h>

#include "detectors/heuristics/flood_internal.h"
#include "detectors/sketch/heavy.h"

// A source stands out that sends so much of the packets, and was picked so often: by chance none is.
#define STANDS_OUT 0.05
#define STANDS_OUT_PICKS 3.0

static size_t record_size(void)
{
	return sizeof(struct flood_top) + heavy_size(FLOOD_TOP_LOG);
}

size_t flood_tops_size(void)
{
	return keytab_size(FLOOD_TOPS_LOG, record_size());
}

void flood_tops_init(struct flood *f, void *memory)
{
	keytab_init(&f->tops, memory, FLOOD_TOPS_LOG, record_size());
}

static struct heavy *sketch_of(struct flood_top *top)
{
	return (struct heavy *)top->memory;
}

// Old weight fades: half of it an epoch, all of it after a long silence.
static void fade(struct flood_top *top, uint64_t epoch)
{
	for (uint64_t n = RTE_MIN(epoch - top->epoch, 32u); n > 0; n--) {
		heavy_halve(sketch_of(top));
		top->picks /= 2;
	}
	top->epoch = epoch;
}

void flood_tops_take(struct flood *f, struct flood_victim *v, uint32_t pkts)
{
	uint32_t n = 0;
	bool fresh;
	while (n < FLOOD_PICKS && v->pick_hash[n] != UINT32_MAX)
		n++;
	if (n) {
		v->picked = true;
		v->latest = v->pick[0];
	}
	if (pkts && n) {
		struct flood_top *top = keytab_get(&f->tops, v->head.digest, f->now_ns, &fresh);
		uint64_t epoch = f->slot / FLOOD_EPOCH_SLOTS;
		top->head.keep = v->active;
		if (fresh) {
			heavy_init(top->memory, FLOOD_TOP_LOG);
			top->epoch = epoch;
		}
		fade(top, epoch);
		top->picks += n;
		for (uint32_t i = 0; i < n; i++) {
			union ip_addr s = sketch_source(&v->pick[i], v->version == 6);
			heavy_add(sketch_of(top), sketch_addr(&s), &s, RTE_MAX(pkts / n, 1u));
		}
	}
	memset(v->pick_hash, 0xff, sizeof(v->pick_hash));
}

uint32_t flood_tops_of(struct flood *f, const struct flood_victim *v, struct flood_share *out, uint32_t *picks)
{
	const struct heavy_entry *most[FLOOD_SHOWN];
	struct flood_top *top = keytab_find(&f->tops, v->head.digest);
	uint32_t shown = 0;
	*picks = top ? top->picks : 0;
	if (!top || top->picks == 0)
		return 0;
	const struct heavy *s = sketch_of(top);
	double total = (double)s->total, least = RTE_MAX(STANDS_OUT, STANDS_OUT_PICKS / top->picks);
	for (uint32_t i = 0, n = heavy_top(s, most, FLOOD_SHOWN); i < n; i++) {
		double share = (double)(most[i]->count - most[i]->error) / total;
		if (share < least)
			continue;
		out[shown].share = RTE_MIN(share, 1.0);
		memcpy(&out[shown++].source, most[i]->key, sizeof(out->source));
	}
	return shown;
}

const char *flood_spoofed(const struct flood_victim *v, const struct flood_view *w, const struct flood_share *top,
	uint32_t tops, const char **why)
{
	double shares = 0;
	for (uint32_t i = 0; i < tops; i++)
		shares += top[i].share;
	*why = v->verdict.spoofed_why;
	if (v->verdict.spoofed)
		return v->verdict.spoofed;
	*why = "few sources";
	if (w->sources < 16)
		return "no";
	*why = "a few of the sources send most of it";
	if (shares > 0.5)
		return "no";
	*why = v->verdict.lonely;
	if (v->verdict.lonely)
		return "yes";
	*why = "many sources, and all packets have one TTL";
	if (w->sources >= 64 && w->one_ttl)
		return "likely";
	*why = "many sources that come back";
	return "unknown";
}
