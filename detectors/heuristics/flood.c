// The main lcore's side of floods, see flood.h. Next: flood_victim.c.
#include "detectors/heuristics/flood_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>

// A rate below this (a second) is not worth a record of its hours: the floors are above it.
#define LEARN_FROM 20

size_t flood_size(void)
{
	return sizeof(struct flood) + keytab_size(FLOOD_VICTIM_BUCKETS_LOG, sizeof(struct flood_victim)) +
	       flood_tops_size();
}

void flood_init(struct flood *f, const struct flood_ops *ops, const void *config, const struct detector_env *env)
{
	f->home = env->home;
	f->site = env->baselines;
	f->ops = ops;
	f->config = config;
	f->common = config;
	uint8_t *at = (uint8_t *)f->records;
	keytab_init(&f->victims, at, FLOOD_VICTIM_BUCKETS_LOG, sizeof(struct flood_victim));
	flood_tops_init(f, at + keytab_size(FLOOD_VICTIM_BUCKETS_LOG, sizeof(struct flood_victim)));
}

// Who has a record for the hours of the week: hosts of ours and what the site has named.
static bool is_protected(const struct flood *f, const struct flood_victim *v)
{
	return f->site && (is_home(f->home, &v->addr, v->version) || baselines_prefix(f->site, &v->addr, v->version));
}

static uint64_t subject_of(const struct flood *f, const struct flood_victim *v)
{
	return sketch_pair(v->head.digest, f->ops->detector->sid);
}

// The usual rate of a destination while it is not flooded: of its hour of the week, and of late (mean and deviation,
// exponentially weighted over about ten minutes of ticks in which it was seen).
static void learn(struct flood *f, struct flood_victim *v, double rate)
{
	if (rate >= LEARN_FROM && is_protected(f, v))
		baselines_learn(f->site, subject_of(f, v), f->now_ns, rate);
	const double share = 1.0 / 6000;
	double d = rate - v->mean;
	v->mean += share * d;
	v->deviation += share * (fabs(d) - v->deviation);
}

void flood_usual(const struct flood *f, const struct flood_victim *v, struct flood_usual *out)
{
	const struct flood_config *c = f->common;
	struct baseline_usual week = {0};
	*out = (struct flood_usual){.state = "warm-up", .mean = v->mean, .spread = v->deviation};
	out->watched_ns = f->now_ns - v->born_ns;
	if (is_protected(f, v) && baselines_usual(f->site, subject_of(f, v), f->now_ns, &week)) {
		*out = (struct flood_usual){.state = "learned", .mean = week.mean, .spread = week.spread};
		out->hour = week.hour;
		out->weeks = week.weeks;
	} else if (out->watched_ns >= c->learn_ns) {
		out->state = "recent";
	} else {
		return;
	}
	if (c->baseline_times > 0)
		out->limit = fmax(out->mean + 6 * out->spread, out->mean * c->baseline_times);
}

// The victim is the destination; of an IPv6 prefix nobody has named, the part in which its hosts lie, up to a /64.
static void name_victim(const struct flood *f, struct flood_victim *v)
{
	uint64_t differ = v->net_or ^ v->net_and;
	uint32_t common = differ ? (uint32_t)__builtin_clzll(differ) : 64;
	v->told = v->addr;
	v->told_prefix = v->prefix;
	if (v->version != 6 || v->prefix >= RTE_MIN(common, 64u) || baselines_prefix(f->site, &v->addr, 6))
		return;
	v->told_prefix = (uint8_t)common;
	v->told.d[0] = rte_cpu_to_be_64(v->net_and & ~(common < 64 ? UINT64_MAX >> common : 0));
}

static void begin(struct flood *f, struct flood_victim *v, const struct flood_view *w, struct flood_verdict *verdict,
	struct detector_run *run)
{
	v->active = 1;
	v->head.keep = 1;
	v->start_ns = v->said_ns = v->over_ns = f->now_ns;
	v->peak = verdict->observed;
	v->start_pkts = v->pkts - w->pkts;
	v->start_bytes = v->bytes - w->bytes;
	v->verdict = *verdict;
	name_victim(f, v);
	if (f->active_count < FLOOD_VICTIMS)
		f->active[f->active_count++] = v;
	flood_report(f, v, w, "start", run);
}

static void judge(struct flood *f, struct flood_victim *v, struct detector_run *run)
{
	struct flood_view w;
	struct flood_verdict verdict;
	memset(&verdict, 0, sizeof(verdict));
	verdict.answer_ratio = -1;
	bool worth = flood_look(f, v, &w);
	flood_tops_take(f, v, worth ? v->fast[f->slot % FLOOD_SLOTS].pkts : 0);
	if (!worth)
		return;
	bool over = f->ops->judge(f->config, &w, &verdict);
	double rate = f->ops->rate(&w);
	struct flood_usual usual;
	if (over && !v->active) {
		flood_usual(f, v, &usual);
		over = rate >= usual.limit;
		if (over && usual.limit > verdict.threshold && verdict.window_ms == 1000)
			verdict.threshold = usual.limit;
	}
	if (!over) {
		if (!v->active)
			learn(f, v, rate);
		return;
	}
	if (!v->active) {
		begin(f, v, &w, &verdict, run);
		return;
	}
	v->over_ns = f->now_ns;
	if (verdict.what != v->verdict.what && verdict.confidence > v->verdict.confidence) {
		// it has become something worse than what was reported: that is news
		v->verdict = verdict;
		v->said_ns = f->now_ns;
		flood_report(f, v, &w, "update", run);
	}
	v->verdict.observed = verdict.observed;
	v->verdict.lonely = verdict.lonely;
	if (verdict.observed > v->peak)
		v->peak = verdict.observed;
}

static void end(struct flood *f, struct flood_victim *v, struct flood_view *w, struct detector_run *run)
{
	flood_report(f, v, w, "end", run);
	v->active = 0;
	v->head.keep = 0;
	flood_describe_anew(v);
}

static void follow_active(struct flood *f, struct detector_run *run)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < f->active_count; i++) {
		struct flood_victim *v = f->active[i];
		struct flood_view w;
		if (!v->active)
			continue;
		flood_advance(v, f->slot);
		flood_look(f, v, &w);
		if (run->last || f->now_ns - v->over_ns >= f->common->hold_ns) {
			end(f, v, &w, run);
			continue;
		}
		if (f->now_ns - v->said_ns >= f->common->update_ns) {
			v->said_ns = f->now_ns;
			flood_report(f, v, &w, "update", run);
		}
		f->active[kept++] = v;
	}
	f->active_count = kept;
}

// Nothing said what time it was when the first tick's cells were merged into slot 0.
static void first_tick(struct flood *f, uint64_t slot)
{
	for (uint32_t i = 0; i < f->touched_count; i++) {
		struct flood_victim *v = f->touched[i];
		struct flood_slot s = v->fast[0];
		struct flood_second t = v->slow[0];
		memset(&v->fast[0], 0, sizeof(s));
		memset(&v->slow[0], 0, sizeof(t));
		v->fast[slot % FLOOD_SLOTS] = s;
		v->slow[slot / 10 % FLOOD_SECONDS] = t;
		v->slot = slot;
		v->born_ns = f->now_ns;
	}
	f->slot = slot;
}

// What a tick has to say comes in an order that does not depend on which worker saw what first.
static int by_digest(const void *a, const void *b)
{
	uint64_t x = (*(struct flood_victim *const *)a)->head.digest,
		 y = (*(struct flood_victim *const *)b)->head.digest;
	return (x > y) - (x < y);
}

// Ticks are told apart by their number; the cells merged since the last tick belong to this one.
// A jump of packet time empties the windows of what was before it.
void flood_tick(struct flood *f, struct detector_run *run)
{
	uint64_t next = run->now_ns / (DETECTOR_TICK_MS * 1000000ull);
	f->now_ns = run->now_ns;
	if (f->slot == 0)
		first_tick(f, next - 1);
	qsort(f->touched, f->touched_count, sizeof(f->touched[0]), by_digest);
	for (uint32_t i = 0; i < f->touched_count; i++) {
		struct flood_victim *v = f->touched[i];
		if (!v->touched)
			continue; // a record that another destination got within the tick is here twice
		v->touched = 0;
		v->head.last_ns = run->now_ns;
		judge(f, v, run);
	}
	f->touched_count = 0;
	follow_active(f, run);
	run->missed += f->missed;
	run->evicted += f->evicted + f->victims.evicted;
	f->missed = f->evicted = f->victims.evicted = 0;
	f->slot = next;
}
