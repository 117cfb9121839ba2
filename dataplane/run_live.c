// Workers poll their own queues; the calling lcore keeps the time, lets detectors decide and hands out
// events. Ticks are asked for by a number that workers follow at their next turn. Next: worker.c.
#include "dataplane/run_live.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "dataplane/api/clock.h"
#include "dataplane/idle.h"
#include "dataplane/source_ethdev.h"

#define MAIN_PERIOD_US 500u
#define MAIN_PERIOD_WAITING_US 5000u // where workers wait for interrupts, events are in no hurry either
#define POLL_PERIOD_NS 1000000ull
#define DRAIN_NS 200000000ull // frames that were on their way when the run was told to stop

struct live_lane {
	struct worker *worker;
	struct source *source;
	struct live *live;
	unsigned int lcore;
	uint64_t ticks; // passed
	struct idler idler;
	_Atomic uint64_t done; // every event of this worker that is still to come has a higher ordinal
} __rte_cache_aligned;

struct live {
	struct pipeline *pipeline;
	unsigned int period_us; // of the main lcore
	uint16_t lanes;
	_Atomic uint64_t tick_ns; // of the tick asked for last; written before ticks_asked
	_Atomic uint64_t ticks_asked;
	atomic_bool stop; // workers: finish, flush, return
	uint64_t ticks_decided;
	uint64_t clock_ns; // the main lcore's
	struct live_lane lane[PIPELINE_MAX_WORKERS];
};

// ---- a worker's side ----

// Ordinals come from the clock, so a worker that received nothing is done up to its latest reading of it.
static void publish_done(struct live_lane *l)
{
	uint64_t now = source_ethdev_clock(l->source), seq = l->worker->done_seq;

	atomic_store_explicit(&l->done, now > seq ? now : seq, memory_order_release);
}

static void follow_tick(struct live_lane *l)
{
	uint64_t asked = atomic_load_explicit(&l->live->ticks_asked, memory_order_acquire);

	if (asked == l->ticks)
		return;
	// the worker's own place in the order of events: nothing it said before comes behind the tick
	uint64_t seq = atomic_load_explicit(&l->done, memory_order_relaxed);
	if (worker_tick(l->worker, atomic_load_explicit(&l->live->tick_ns, memory_order_relaxed), seq))
		l->ticks++;
}

static bool turn(struct live_lane *l)
{
	struct burst *b = &l->worker->burst;

	b->n_frames = l->source->ops->rx(l->source, b->frames, PKT_BURST);
	if (!b->n_frames)
		return false;
	l->idler.turns = 0;
	worker_process(l->worker);
	return true;
}

// Ends every flow; the main lcore drains the ring meanwhile.
static void flush(struct live_lane *l)
{
	uint64_t seq = atomic_load_explicit(&l->done, memory_order_relaxed);

	while (!worker_flush(l->worker, l->worker->now_ns, seq))
		rte_pause();
}

static int lane_main(void *arg)
{
	struct live_lane *l = arg;

	while (!atomic_load_explicit(&l->live->stop, memory_order_relaxed)) {
		bool busy = turn(l);
		publish_done(l);
		follow_tick(l);
		if (!busy)
			idle_at_source(&l->idler, l->source);
	}
	flush(l);
	return 0;
}

// ---- the main lcore's side ----

static void read_clock(struct live *v)
{
	uint64_t now = clock_now_ns(CLOCK_REALTIME);

	if (now > v->clock_ns)
		v->clock_ns = now;
}

static bool all_passed(const struct live *v)
{
	for (uint16_t i = 0; i < v->lanes; i++)
		if (atomic_load_explicit(&v->lane[i].worker->ticks_done, memory_order_acquire) < v->ticks_asked)
			return false;
	return true;
}

static void ask_tick(struct live *v, uint64_t tick_ns)
{
	atomic_store_explicit(&v->tick_ns, tick_ns, memory_order_relaxed);
	atomic_fetch_add_explicit(&v->ticks_asked, 1, memory_order_release);
}

// One tick at a time is under way; detectors decide once every worker has passed it.
static void keep_time(struct live *v, bool last)
{
	uint64_t tick_ns = atomic_load_explicit(&v->tick_ns, memory_order_relaxed);

	if (v->ticks_decided != v->ticks_asked) {
		if (!all_passed(v))
			return;
		pipeline_decide(v->pipeline, tick_ns, v->clock_ns, last);
		v->ticks_decided = v->ticks_asked;
	}
	if (!last && v->clock_ns >= tick_ns + PIPELINE_TICK_NS)
		ask_tick(v, v->clock_ns - v->clock_ns % PIPELINE_TICK_NS);
}

static void collect(struct live *v)
{
	uint64_t done[PIPELINE_MAX_WORKERS];

	for (uint16_t i = 0; i < v->lanes; i++)
		done[i] = atomic_load_explicit(&v->lane[i].done, memory_order_acquire);
	pipeline_collect(v->pipeline, done, v->clock_ns);
}

static void loop(struct live *v, const struct run_hooks *hooks)
{
	uint64_t polled = 0;

	for (;;) {
		read_clock(v);
		keep_time(v, false);
		collect(v);
		if (v->clock_ns - polled >= POLL_PERIOD_NS) {
			polled = v->clock_ns;
			if (!hooks->poll(hooks->arg, v->clock_ns))
				return;
		}
		rte_delay_us_sleep(v->period_us);
	}
}

static void run_for(struct live *v, uint64_t ns)
{
	for (uint64_t end = clock_now_ns(CLOCK_REALTIME) + ns; v->clock_ns < end;) {
		read_clock(v);
		keep_time(v, false);
		collect(v);
		rte_delay_us_sleep(v->period_us);
	}
}

// Ends what is open: every flow first, then the detectors' last decision.
static void finish(struct live *v)
{
	run_for(v, DRAIN_NS);
	while (v->ticks_decided != v->ticks_asked) {
		read_clock(v);
		keep_time(v, false);
		collect(v);
	}
	atomic_store(&v->stop, true);
	for (uint16_t i = 0; i < v->lanes; i++) {
		while (rte_eal_get_lcore_state(v->lane[i].lcore) == RUNNING)
			collect(v);
		rte_eal_wait_lcore(v->lane[i].lcore);
	}
	// the workers are gone: their last tick is passed here
	read_clock(v);
	for (uint16_t i = 0; i < v->lanes; i++)
		while (!worker_tick(v->lane[i].worker, v->clock_ns, v->lane[i].done))
			collect(v);
	pipeline_decide(v->pipeline, v->clock_ns, v->clock_ns, true);
	pipeline_collect_all(v->pipeline);
}

static int start_lanes(struct live *v, struct source *const *sources, enum live_idle idle)
{
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);

	for (uint16_t i = 0; i < v->lanes; i++) {
		if (lcore == RTE_MAX_LCORE)
			return -ENODEV;
		v->lane[i] = (struct live_lane){.worker = pipeline_worker(v->pipeline, i),
			.source = sources[i],
			.live = v,
			.lcore = lcore,
			.idler = {.mode = idle}};
		lcore = rte_get_next_lcore(lcore, 1, 0);
	}
	for (uint16_t i = 0; i < v->lanes; i++)
		rte_eal_remote_launch(lane_main, &v->lane[i], v->lane[i].lcore);
	return 0;
}

int run_live(struct pipeline *p, struct source *const *sources, const struct run_hooks *hooks)
{
	struct live *v = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(sizeof(*v), RTE_CACHE_LINE_SIZE));
	int rc;

	if (!v)
		return -ENOMEM;
	memset(v, 0, sizeof(*v));
	v->pipeline = p;
	v->period_us = hooks->idle == LIVE_INTERRUPT ? MAIN_PERIOD_WAITING_US : MAIN_PERIOD_US;
	v->lanes = pipeline_workers(p);
	read_clock(v);
	v->tick_ns = v->clock_ns - v->clock_ns % PIPELINE_TICK_NS;
	rc = start_lanes(v, sources, hooks->idle);
	if (rc == 0) {
		loop(v, hooks);
		finish(v);
		hooks->poll(hooks->arg, v->clock_ns);
	}
	free(v);
	return rc;
}
