// The main lcore's side of floods, see flood.h. Next: flood_report.c.
#include "detectors/heuristics/finding.h"
#include "detectors/heuristics/flood_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// A rate below this (a second) is not worth a record of its hours: the floors are above it.
#define LEARN_FROM 20

size_t flood_size(void)
{
	return sizeof(struct flood) + keytab_size(FLOOD_VICTIM_BUCKETS_LOG, sizeof(struct flood_victim));
}

void flood_init(struct flood *f, const struct flood_ops *ops, const void *config, const struct detector_env *env)
{
	f->home = env->home;
	f->site = env->baselines;
	f->ops = ops;
	f->config = config;
	f->common = config;
	keytab_init(&f->victims, f->records, FLOOD_VICTIM_BUCKETS_LOG, sizeof(struct flood_victim));
}

// Takes the slots that time has passed out of the windows, up to slot `now` (100 ms each).
static void advance(struct flood_victim *v, uint64_t now)
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

static void add_sample(struct flood_victim *v, uint32_t hash, const union ip_addr *addr)
{
	for (uint32_t i = 0; i < FLOOD_SHOWN; i++) {
		if (v->shown_hash[i] == hash)
			return;
		if (hash < v->shown_hash[i]) {
			memmove(&v->shown_hash[i + 1], &v->shown_hash[i],
				(FLOOD_SHOWN - 1 - i) * sizeof(v->shown_hash[0]));
			memmove(&v->shown[i + 1], &v->shown[i], (FLOOD_SHOWN - 1 - i) * sizeof(v->shown[0]));
			v->shown_hash[i] = hash;
			v->shown[i] = *addr;
			return;
		}
	}
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
		v->sport_and = UINT32_MAX;
		memset(v->shown_hash, 0xff, sizeof(v->shown_hash));
	}
	return v;
}

// Adds one cell to its destination's record, as of the tick that is now being gathered.
static void add_cell(struct flood *f, const struct flood_cell *c, const struct flood_detail *d)
{
	struct flood_victim *v = victim_of(f, c, d);
	advance(v, f->slot);
	struct flood_slot *s = &v->fast[f->slot % FLOOD_SLOTS];
	struct flood_second *t = &v->slow[f->slot / 10 % FLOOD_SECONDS];
	s->pkts += c->pkts;
	s->bytes += c->bytes;
	t->pkts += c->pkts;
	for (uint32_t i = 0; i < FLOOD_COUNTS; i++) {
		s->count[i] += c->count[i];
		t->count[i] += c->count[i];
	}
	hll_merge(v->sources[0], d->sources, FLOOD_SOURCE_BITS);
	v->ports[0] |= d->ports;
	v->ttls |= d->ttls;
	v->sizes |= d->sizes;
	v->sport_or |= d->sport_or;
	v->sport_and &= d->sport_and;
	v->pkts += c->pkts;
	v->bytes += c->bytes;
	if (v->first_seq == 0 || d->first_seq < v->first_seq)
		v->first_seq = d->first_seq;
	for (uint32_t i = 0; i < FLOOD_SAMPLES; i++)
		if (d->sample_hash[i] != UINT32_MAX)
			add_sample(v, d->sample_hash[i], &d->sample[i]);
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
	d->evicted = 0;
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
	out->ttls = (uint32_t)__builtin_popcount(v->ttls);
	out->active = v->active;
	out->port = v->port;
	out->sport = v->sport_or == v->sport_and ? (uint16_t)v->sport_or : 0;
	out->version = v->version;
	out->addr = &v->addr;
	return true;
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
	if (!flood_look(f, v, &w))
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
	if (verdict.observed > v->peak)
		v->peak = verdict.observed;
}

static void end(struct flood *f, struct flood_victim *v, struct flood_view *w, struct detector_run *run)
{
	flood_report(f, v, w, "end", run);
	v->active = 0;
	v->head.keep = 0;
	v->ttls = v->sizes = v->sport_or = 0;
	v->sport_and = UINT32_MAX;
	v->first_seq = 0;
	memset(v->shown_hash, 0xff, sizeof(v->shown_hash));
}

static void follow_active(struct flood *f, struct detector_run *run)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < f->active_count; i++) {
		struct flood_victim *v = f->active[i];
		struct flood_view w;
		if (!v->active)
			continue;
		advance(v, f->slot);
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
		f->touched[i]->touched = 0;
		f->touched[i]->head.last_ns = run->now_ns;
		judge(f, f->touched[i], run);
	}
	f->touched_count = 0;
	follow_active(f, run);
	f->slot = next;
}
