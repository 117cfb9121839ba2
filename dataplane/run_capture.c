// The loop behind `-r`, for one worker on the calling lcore. Next: run_spread.c (for several).
#include "dataplane/run_capture.h"

#include <string.h>

#include "dataplane/event_ring.h"
#include "dataplane/run_spread.h"

#define BURSTS_A_POLL 1024u

static void collect(struct pipeline *p, const struct worker *w)
{
	uint64_t done = atomic_load_explicit(&w->done_seq, memory_order_relaxed);

	pipeline_collect(p, &done, done);
}

// Waits for nothing: the caller is producer and consumer, so it drains until a burst's events fit.
static void make_room(struct pipeline *p, const struct worker *w)
{
	if (event_ring_free_slots(w->sink.ring) < PIPELINE_BURST_SLOTS)
		collect(p, w);
}

static void pass_tick(struct pipeline *p, struct worker *w, uint64_t tick_ns, uint64_t seq, bool last)
{
	while (!worker_tick(w, tick_ns, seq))
		collect(p, w);
	pipeline_decide(p, tick_ns, seq, last);
	collect(p, w);
}

// Ends what is open: all flows, then the last decisions of the detectors on what they saw.
static void close_time(struct pipeline *p, struct worker *w, const struct tick_clock *clock, uint64_t seq, bool last)
{
	while (!worker_flush(w, clock->last_ns, seq))
		collect(p, w);
	pass_tick(p, w, clock->next_ns, seq, last);
}

// Processes the n frames in w->burst, passing ticks where packet time crosses them.
static void feed(struct pipeline *p, struct worker *w, struct tick_clock *clock, uint16_t n)
{
	struct packet rest[PKT_BURST];
	struct packet *frames = w->burst.frames;
	uint64_t seq = atomic_load_explicit(&w->done_seq, memory_order_relaxed);
	uint64_t tick_ns = 0;
	uint16_t at = 0;

	while (n) {
		bool back = false;
		while (at < n && !(back = tick_back(clock, &frames[at])) &&
			!tick_due(clock, frames[at].ts_ns, &tick_ns))
			at++;
		if (at == n) {
			make_room(p, w);
			w->burst.n_frames = n;
			worker_process(w);
			return;
		}
		if (at) { // rare: a tick lies within the burst
			n -= at;
			memcpy(rest, &frames[at], n * sizeof(*rest));
			seq = frames[at - 1].seq;
			make_room(p, w);
			w->burst.n_frames = at;
			worker_process(w);
			memcpy(frames, rest, n * sizeof(*rest));
			at = 0;
		}
		if (back) {
			close_time(p, w, clock, seq, false);
			worker_rewind(w);
			*clock = (struct tick_clock){0};
		} else {
			pass_tick(p, w, tick_ns, seq, false);
		}
	}
}

static void run_inline(struct pipeline *p, struct source *s, const struct run_hooks *hooks)
{
	struct worker *w = pipeline_worker(p, 0);
	struct tick_clock clock = {0};
	bool go_on = true;

	for (uint32_t turn = 1; go_on && !s->ops->ended(s); turn++) {
		uint16_t n = s->ops->rx(s, w->burst.frames, PKT_BURST);
		if (n) {
			feed(p, w, &clock, n);
			collect(p, w);
		}
		if (turn % BURSTS_A_POLL == 0)
			go_on = hooks->poll(hooks->arg, clock.last_ns);
	}
	close_time(p, w, &clock, atomic_load_explicit(&w->done_seq, memory_order_relaxed), true);
	pipeline_collect_all(p);
	hooks->poll(hooks->arg, clock.last_ns);
}

int run_capture(struct pipeline *p, struct source *s, const struct run_hooks *hooks)
{
	if (pipeline_workers(p) > 1)
		return run_spread(p, s, hooks);
	run_inline(p, s, hooks);
	return 0;
}
