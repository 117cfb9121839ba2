// Fan-out, see fan.h.
#include "detectors/heuristics/fan.h"

#include <stddef.h>

#include "detectors/heuristics/conn_obs.h"

void fan_init(struct fan_table *t, void *records, uint32_t buckets_log, uint64_t window_ns, uint64_t slow_window_ns)
{
	keytab_init(&t->tab, records, buckets_log, sizeof(struct fan));
	t->window_ns = window_ns;
	t->slow_window_ns = slow_window_ns;
}

static void begin(struct fan *f, const struct obs *o)
{
	memset(&f->who, 0, sizeof(*f) - offsetof(struct fan, who));
	f->who = o->src;
	f->whom = o->dst;
	f->version = o->version;
	f->proto = o->proto;
	f->port = f->port_min = f->port_max = o->dport;
	f->start_ns = f->seen_ns = o->ts_ns;
	f->first_seq = o->seq;
}

// A window has ended: what it saw becomes part of the slow window, or begins a new one.
static void keep(const struct fan_table *t, struct fan *f, const struct obs *o)
{
	if (f->slow_start_ns == 0 || o->ts_ns > f->slow_start_ns + t->slow_window_ns) {
		memset(f->slow_tried, 0, sizeof(f->slow_tried));
		memset(f->slow_good, 0, sizeof(f->slow_good));
		f->slow_start_ns = f->start_ns;
		f->slow_seq = f->first_seq;
	}
	bitmap_merge(f->slow_tried, f->tried, FAN_WORDS);
	bitmap_merge(f->slow_good, f->good, FAN_WORDS);
}

struct fan *fan_touch(struct fan_table *t, uint64_t key, const struct obs *o, uint64_t item)
{
	bool fresh;
	struct fan *f = keytab_get(&t->tab, key, o->ts_ns, &fresh);
	bool ended = !fresh && !f->active && o->ts_ns > f->start_ns + t->window_ns;
	if (ended && f->start_ns != 0)
		keep(t, f, o);
	if (fresh || ended)
		begin(f, o);
	if (o->ts_ns > f->seen_ns)
		f->seen_ns = o->ts_ns;
	f->probes |= o->a;
	if (o->dport < f->port_min)
		f->port_min = o->dport;
	if (o->dport > f->port_max)
		f->port_max = o->dport;
	bitmap_add(f->tried, FAN_WORDS, item);
	if (o->kind == CONN_TRY)
		f->tries++;
	else if (o->kind == CONN_CLOSED)
		f->closed++;
	else
		f->opened += bitmap_add(f->good, FAN_WORDS, item);
	f->marked += o->kind == CONN_TRY && o->flags & CONN_SEQ_IS_DST;
	return f;
}

double fan_tried(const struct fan *f)
{
	return bitmap_count(f->tried, FAN_WORDS);
}

double fan_failed(const struct fan *f)
{
	double n = fan_tried(f) - bitmap_count(f->good, FAN_WORDS);
	return n > 0 ? n : 0;
}

static double count_both(const uint64_t *a, const uint64_t *b)
{
	uint64_t both[FAN_WORDS];
	for (uint32_t i = 0; i < FAN_WORDS; i++)
		both[i] = a[i] | b[i];
	return bitmap_count(both, FAN_WORDS);
}

double fan_slow_tried(const struct fan *f)
{
	return f->slow_start_ns ? count_both(f->slow_tried, f->tried) : 0;
}

double fan_slow_failed(const struct fan *f)
{
	double n = fan_slow_tried(f) - (f->slow_start_ns ? count_both(f->slow_good, f->good) : 0);
	return n > 0 ? n : 0;
}

void fan_report(struct fan_table *t, struct fan *f)
{
	f->active = 1;
	f->head.keep = 1;
	if (t->active_count < FAN_ACTIVE_MAX)
		t->active[t->active_count++] = f;
}

void fan_idle(struct fan_table *t, struct detector_run *run, uint64_t idle_ns, void (*done)(void *ctx, struct fan *f),
	void *ctx)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < t->active_count; i++) {
		struct fan *f = t->active[i];
		if (!f->active)
			continue;
		if (!run->last && run->now_ns < f->seen_ns + (f->slow ? t->window_ns : idle_ns)) {
			t->active[kept++] = f;
			continue;
		}
		done(ctx, f);
		// the next try begins anew
		f->active = f->slow = 0;
		f->head.keep = 0;
		f->start_ns = f->slow_start_ns = 0;
		memset(f->tried, 0, sizeof(f->tried));
		memset(f->good, 0, sizeof(f->good));
	}
	t->active_count = kept;
}
