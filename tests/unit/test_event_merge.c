// The collector's order: one sequence, whatever the number of workers and whoever is faster.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/api/flow.h"
#include "dataplane/event_merge.h"
#include "dataplane/event_ring.h"

#define MAX_WORKERS 4u
#define PACKETS 4000u
#define TICK_EVERY 100u // packets
#define OUT_MAX 40000u

uint64_t flow_id(const struct flow_table *t, const struct flow *f)
{
	return f->port[0];
}

void flow_fill_app(const struct flow_table *t, const struct flow *f, struct event *ev)
{
}

struct worker {
	struct event_sink sink;
	uint64_t done_seq;
	uint64_t next; // next packet of the script to look at
};

struct collected {
	uint32_t n;
	uint64_t key[OUT_MAX];
};

// A digest of all that tells two events apart.
static uint64_t digest(const struct event *ev)
{
	return ev->seq * UINT64_C(1000003) ^ ev->ts_ns << 20 ^ (uint64_t)ev->kind << 60 ^ ev->flow_id << 8 ^
	       ev->tuple.proto;
}

static void collect(void *ctx, const struct event *ev)
{
	struct collected *c = ctx;
	assert_true(c->n < OUT_MAX);
	c->key[c->n++] = digest(ev);
}

static uint32_t rnd(uint32_t *x)
{
	*x = *x * 1664525u + 1013904223u;
	return *x >> 8;
}

static uint64_t flow_of(uint64_t seq)
{
	return (seq * 2654435761u >> 7) % 37 + 1;
}

static void make(struct worker *w, enum event_kind kind, uint64_t seq, uint64_t ts, uint64_t flow, uint8_t which)
{
	struct event *ev = event_begin(&w->sink, kind, NULL, 16);
	assert_non_null(ev);
	ev->seq = seq;
	ev->ts_ns = ts;
	ev->flow_id = flow;
	ev->tuple.proto = which;
	memcpy(event_aux(ev), "\"x\":1", 5);
	ev->aux_len = 5;
	event_commit(&w->sink);
}

// A burst of a worker's own packets, stage by stage as a worker does it: anomalies of all, then alerts of all.
static void burst(struct worker *w, uint32_t id, uint32_t workers, uint64_t end)
{
	for (uint64_t s = w->next; s < end; s++)
		if (flow_of(s) % workers == id && s % 5 == 0)
			make(w, EVENT_ANOMALY, s, s * 10, flow_of(s), 0);
	for (uint64_t s = w->next; s < end; s++)
		if (flow_of(s) % workers == id && s % 3 == 0)
			for (uint8_t k = 0; k < 3; k++)
				make(w, EVENT_ALERT, s, s * 10, flow_of(s), k);
	w->next = end;
}

// At a tick each worker ends some of its flows, in the order of its own table.
static void tick(struct worker *w, uint32_t id, uint32_t workers, uint64_t seq)
{
	for (uint64_t k = 0; k < 37; k++) {
		uint64_t f = (k * 11 + id * 5) % 37 + 1;
		if (f % workers == id && (f + seq) % 4 == 0)
			make(w, EVENT_FLOW, seq, seq * 10 + 1, f, 0);
	}
}

static void poll(struct event_merge *m, struct worker *w, uint32_t workers, struct collected *out)
{
	for (uint32_t i = 0; i < workers; i++)
		event_merge_done(m, i, w[i].done_seq);
	event_merge_poll(m, collect, out);
}

// One step of one worker: to the next tick at most, in bursts of random length.
static void step(struct worker *w, uint32_t id, uint32_t workers, uint32_t *x)
{
	uint64_t boundary = ((w->next - 1) / TICK_EVERY + 1) * TICK_EVERY + 1;
	uint64_t end = w->next + rnd(x) % 32 + 1;
	burst(w, id, workers, end < boundary ? end : boundary);
	w->done_seq = w->next - 2; // the tick behind the last packet may still come
	if (w->next == boundary) {
		tick(w, id, workers, boundary - 1);
		w->done_seq = boundary - 1;
	}
}

static struct collected *run(uint32_t workers, uint32_t seed, struct event_merge_stats *stats)
{
	struct worker w[MAX_WORKERS] = {0};
	struct event_ring *rings[MAX_WORKERS] = {NULL};
	struct collected *out = calloc(1, sizeof(*out));
	uint32_t x = seed, live = workers;

	for (uint32_t i = 0; i < workers; i++) {
		rings[i] = event_ring_init(aligned_alloc(64, event_ring_size(4096)), 4096);
		w[i].sink.ring = rings[i];
		w[i].next = 1;
	}
	struct event_merge *m = event_merge_new(rings, workers, 0);
	while (live) {
		uint32_t i = rnd(&x) % workers;
		if (seed & 1 && workers > 1) // let one worker run far ahead
			i = w[0].next <= PACKETS && w[0].next < w[1].next + 900 ? 0 : i;
		if (w[i].next <= PACKETS) {
			step(&w[i], i, workers, &x);
			live -= w[i].next > PACKETS;
		}
		poll(m, w, workers, out);
	}
	event_merge_finish(m, collect, out);
	*stats = *event_merge_stats(m);
	event_merge_free(m);
	for (uint32_t i = 0; i < workers; i++)
		free(rings[i]);
	return out;
}

static void any_number_of_workers_in_any_interleaving_gives_the_same_sequence(void **state)
{
	struct event_merge_stats stats;
	struct collected *want = run(1, 1, &stats);
	assert_true(want->n > PACKETS);

	for (uint32_t seed = 1; seed <= 20; seed++) {
		for (uint32_t workers = 1; workers <= MAX_WORKERS; workers++) {
			struct collected *got = run(workers, seed * 77 + workers % 2, &stats);
			assert_int_equal(got->n, want->n);
			assert_memory_equal(got->key, want->key, want->n * sizeof(want->key[0]));
			assert_int_equal(stats.late, 0);
			assert_int_equal(stats.forced, 0);
			assert_int_equal(stats.held_bytes, 0);
			free(got);
		}
	}
	free(want);
}

static void two_rings(struct worker *w, struct event_ring **rings)
{
	for (uint32_t i = 0; i < 2; i++) {
		rings[i] = event_ring_init(aligned_alloc(64, event_ring_size(1024)), 1024);
		w[i] = (struct worker){.sink.ring = rings[i]};
	}
}

static void an_event_waits_until_every_ring_is_past_it(void **state)
{
	struct worker w[2];
	struct event_ring *rings[2];
	struct collected *out = calloc(1, sizeof(*out));
	two_rings(w, rings);
	struct event_merge *m = event_merge_new(rings, 2, 0);

	make(&w[0], EVENT_ALERT, 5, 50, 1, 0);
	event_merge_done(m, 0, 5);
	assert_int_equal(event_merge_poll(m, collect, out), 0);
	event_merge_done(m, 1, 4);
	assert_int_equal(event_merge_poll(m, collect, out), 0);
	event_merge_done(m, 1, 5);
	assert_int_equal(event_merge_poll(m, collect, out), 1);
	event_merge_free(m);
	free(rings[0]);
	free(rings[1]);
	free(out);
}

static void a_tick_record_moves_its_ring_on_and_is_not_handed_out(void **state)
{
	struct worker w[2];
	struct event_ring *rings[2];
	struct collected *out = calloc(1, sizeof(*out));
	two_rings(w, rings);
	struct event_merge *m = event_merge_new(rings, 2, 0);

	make(&w[0], EVENT_FLOW, 9, 50, 1, 0);
	make(&w[0], EVENT_TICK, 9, 51, 0, 0);
	make(&w[1], EVENT_TICK, 9, 51, 0, 0);
	assert_int_equal(event_merge_poll(m, collect, out), 1);
	assert_int_equal(out->n, 1);
	event_merge_free(m);
	free(rings[0]);
	free(rings[1]);
	free(out);
}

static void a_ring_that_breaks_its_promise_is_counted_as_late(void **state)
{
	struct worker w[2];
	struct event_ring *rings[2];
	struct collected *out = calloc(1, sizeof(*out));
	two_rings(w, rings);
	struct event_merge *m = event_merge_new(rings, 2, 0);

	make(&w[0], EVENT_ALERT, 9, 50, 1, 0);
	event_merge_done(m, 0, 9);
	event_merge_done(m, 1, 9);
	assert_int_equal(event_merge_poll(m, collect, out), 1);
	make(&w[1], EVENT_ALERT, 3, 50, 1, 0);
	assert_int_equal(event_merge_poll(m, collect, out), 1);
	assert_int_equal(event_merge_stats(m)->late, 1);
	event_merge_free(m);
	free(rings[0]);
	free(rings[1]);
	free(out);
}

static void a_stalled_worker_cannot_make_the_others_wait_without_end(void **state)
{
	struct worker w[2];
	struct event_ring *rings[2];
	struct collected *out = calloc(1, sizeof(*out));
	two_rings(w, rings);
	struct event_merge *m = event_merge_new(rings, 2, 64 * 1024);

	for (uint64_t s = 1; s <= 10000; s++) {
		make(&w[0], EVENT_ALERT, s, s, 1, 0);
		event_merge_done(m, 0, s);
		event_merge_poll(m, collect, out);
		assert_true(event_merge_stats(m)->held_bytes <= 64 * 1024 + 512);
	}
	assert_true(event_merge_stats(m)->forced > 9000);
	event_merge_finish(m, collect, out);
	assert_int_equal(out->n, 10000);
	assert_int_equal(event_merge_stats(m)->late, 0);
	event_merge_free(m);
	free(rings[0]);
	free(rings[1]);
	free(out);
}

static void freeing_gives_back_what_was_never_handed_out(void **state)
{
	struct worker w[2];
	struct event_ring *rings[2];
	struct collected *out = calloc(1, sizeof(*out));
	two_rings(w, rings);
	struct event_merge *m = event_merge_new(rings, 2, 0);
	make(&w[0], EVENT_FINDING, 9, 50, 1, 0); // malloc'd: leak checkers see it
	make(&w[0], EVENT_ALERT, 9, 50, 1, 0);
	event_merge_poll(m, collect, out);
	assert_int_equal(out->n, 0);
	event_merge_free(m);
	event_merge_free(NULL);
	free(rings[0]);
	free(rings[1]);
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_number_of_workers_in_any_interleaving_gives_the_same_sequence),
		cmocka_unit_test(an_event_waits_until_every_ring_is_past_it),
		cmocka_unit_test(a_tick_record_moves_its_ring_on_and_is_not_handed_out),
		cmocka_unit_test(a_ring_that_breaks_its_promise_is_counted_as_late),
		cmocka_unit_test(a_stalled_worker_cannot_make_the_others_wait_without_end),
		cmocka_unit_test(freeing_gives_back_what_was_never_handed_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
