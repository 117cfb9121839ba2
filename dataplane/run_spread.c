// The calling lcore reads the capture, finds each frame's outermost address pair (spread_hash.c) and hands frames to
// the workers' rings; ticks travel in the same rings, so every worker passes them between the same
// two frames and the outcome does not depend on the number of workers. Next: spread_lane.c.
#include "dataplane/run_spread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring_elem.h>

#include "dataplane/spread_lane.h"

#define RING_MESSAGES 512u // frames a worker may lag behind the reader
#define BURSTS_A_POLL 1024u
#define POLL_PERIOD_NS 1000000ull // of a live source, whose turns may be long

struct spread {
	struct pipeline *pipeline;
	uint16_t lanes;
	struct lane lane[PIPELINE_MAX_WORKERS];
	struct decoder decoder; // only to find address pairs
	struct burst burst;     // of the reader
	struct tick_clock clock;
	struct idler idler; // of the reader
	uint64_t seq;       // ordinal of the last frame sent
	uint64_t ticks_sent, ticks_decided;
	uint64_t tick_ns, tick_seq; // of the tick that is under way
};

static uint64_t ticks_done(const struct lane *l)
{
	return atomic_load_explicit(&l->worker->ticks_done, memory_order_acquire);
}

// Once every worker has passed the tick that is under way, the detectors decide on it.
static bool decide(struct spread *s, bool last)
{
	if (s->ticks_decided == s->ticks_sent)
		return true;
	for (uint16_t i = 0; i < s->lanes; i++)
		if (ticks_done(&s->lane[i]) < s->ticks_sent)
			return false;
	pipeline_decide(s->pipeline, s->tick_ns, s->tick_seq, last);
	s->ticks_decided = s->ticks_sent;
	return true;
}

// Hands out what is due. A worker that has done all it was given is done with whatever was sent.
static void collect(struct spread *s)
{
	uint64_t done[PIPELINE_MAX_WORKERS];
	bool ticking = s->ticks_decided != s->ticks_sent;

	for (uint16_t i = 0; i < s->lanes; i++) {
		const struct lane *l = &s->lane[i];
		bool passed = ticks_done(l) == s->ticks_sent;
		done[i] = atomic_load_explicit(&l->worker->done_seq, memory_order_acquire);
		if (passed && done[i] == l->sent_seq)
			done[i] = s->seq;
	}
	pipeline_collect(s->pipeline, done, ticking ? s->tick_seq : s->seq);
}

// Wakes who sleeps. Once a turn is enough: nobody sleeps longer than IDLE_WAIT_MS.
static void ring_bells(struct spread *s)
{
	if (s->idler.mode != LIVE_INTERRUPT)
		return;
	atomic_thread_fence(memory_order_seq_cst);
	for (uint16_t i = 0; i < s->lanes; i++)
		if (atomic_load_explicit(&s->lane[i].asleep, memory_order_relaxed) && !rte_ring_empty(s->lane[i].ring))
			eventfd_write(s->lane[i].bell, 1);
}

// A full ring: its worker needs the time, perhaps on this very CPU.
static void deliver(struct spread *s, struct lane *l)
{
	struct idler full = {0};
	unsigned int sent = 0;

	for (;;) {
		sent += rte_ring_sp_enqueue_burst_elem(
			l->ring, &l->batch[sent], sizeof(l->batch[0]), l->batched - sent, NULL);
		if (sent == l->batched)
			break;
		ring_bells(s);
		decide(s, false);
		collect(s);
		idle_turn(&full);
	}
	l->batched = 0;
}

static void deliver_all(struct spread *s)
{
	for (uint16_t i = 0; i < s->lanes; i++)
		if (s->lane[i].batched)
			deliver(s, &s->lane[i]);
	ring_bells(s);
}

static void post(struct spread *s, struct lane *l, const struct message *m)
{
	l->batch[l->batched++] = *m;
	if (l->batched == PKT_BURST)
		deliver(s, l);
}

static void send_all(struct spread *s, enum message_kind kind, uint64_t ns)
{
	struct message m = {.kind = kind, .ts_ns = ns, .seq = s->seq};

	for (uint16_t i = 0; i < s->lanes; i++)
		post(s, &s->lane[i], &m);
}

static void await_decision(struct spread *s, bool last)
{
	struct idler waiting = {0};

	deliver_all(s);
	while (!decide(s, last)) {
		collect(s);
		idle_turn(&waiting);
	}
}

// One tick at a time is under way: workers run on while the detectors decide.
static void send_tick(struct spread *s, uint64_t tick_ns)
{
	await_decision(s, false);
	s->tick_ns = tick_ns;
	s->tick_seq = s->seq;
	s->ticks_sent++;
	send_all(s, MESSAGE_TICK, tick_ns);
}

// Ends what is open: all flows first, since their end may still matter to the last decision.
static void close_time(struct spread *s, bool last)
{
	await_decision(s, false);
	send_all(s, MESSAGE_FLUSH, s->clock.last_ns);
	send_tick(s, s->clock.next_ns);
	await_decision(s, last);
}

static void send_frame(struct spread *s, const struct packet *p)
{
	struct lane *l = &s->lane[spread_hash(p) % s->lanes];
	struct message m = {.data = p->data,
		.mbuf = p->mbuf,
		.ts_ns = p->ts_ns,
		.seq = p->seq,
		.len = p->len,
		.wire_len = p->wire_len,
		.link_type = p->link_type,
		.iface = p->iface,
		.kind = MESSAGE_FRAME};
	uint64_t tick_ns;

	if (tick_back(&s->clock, p)) {
		close_time(s, false);
		send_all(s, MESSAGE_REWIND, 0);
		s->clock = (struct tick_clock){0};
	}
	while (tick_due(&s->clock, p->ts_ns, &tick_ns))
		send_tick(s, tick_ns);
	post(s, l, &m);
	l->sent_seq = s->seq = p->seq;
}

// A live source has nothing now: time passes all the same, and the core rests.
static void idle(struct spread *s, struct source *src)
{
	uint64_t tick_ns;

	if (!src->ops->clock)
		return;
	while (tick_due(&s->clock, src->ops->clock(src), &tick_ns))
		send_tick(s, tick_ns);
	// ordinals of a live source come from its clock: no event need wait for the frame behind its own
	if (src->ops->clock(src) > s->seq)
		s->seq = src->ops->clock(src);
	idle_at_source(&s->idler, src);
}

static void read_all(struct spread *s, struct source *src, const struct run_hooks *hooks)
{
	uint64_t polled_ns = 0;
	bool go_on = true;

	for (uint32_t turn = 1; go_on && !src->ops->ended(src); turn++) {
		struct burst *b = &s->burst;
		b->n = b->n_extra = b->n_extra_mbufs = 0;
		b->n_frames = src->ops->rx(src, b->frames, PKT_BURST);
		if (b->n_frames)
			s->idler.turns = 0;
		else
			idle(s, src);
		decode_burst(&s->decoder, b);
		for (uint16_t i = 0; i < b->n_frames; i++)
			send_frame(s, &b->frames[i]);
		deliver_all(s);
		decide(s, false);
		collect(s);
		uint64_t now_ns = src->ops->clock ? src->ops->clock(src) : 0;
		if (turn % BURSTS_A_POLL != 0 && now_ns - polled_ns < POLL_PERIOD_NS)
			continue;
		polled_ns = now_ns;
		go_on = hooks->poll(hooks->arg, s->clock.last_ns);
	}
}

static void finish(struct spread *s)
{
	close_time(s, true);
	send_all(s, MESSAGE_END, 0);
	deliver_all(s);
	for (uint16_t i = 0; i < s->lanes; i++)
		rte_eal_wait_lcore(s->lane[i].lcore);
	pipeline_collect_all(s->pipeline);
}

static int start_lanes(struct spread *s)
{
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);

	for (uint16_t i = 0; i < s->lanes; i++) {
		struct lane *l = &s->lane[i];
		char name[RTE_RING_NAMESIZE];
		if (lcore == RTE_MAX_LCORE)
			return -ENODEV;
		snprintf(name, sizeof(name), "lane%u", i);
		l->ring = rte_ring_create_elem(
			name, sizeof(struct message), RING_MESSAGES, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (!l->ring)
			return -rte_errno;
		l->worker = pipeline_worker(s->pipeline, i);
		l->idler.mode = s->idler.mode;
		if (s->idler.mode == LIVE_INTERRUPT)
			l->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		l->lcore = lcore;
		lcore = rte_get_next_lcore(lcore, 1, 0);
	}
	for (uint16_t i = 0; i < s->lanes; i++)
		rte_eal_remote_launch(lane_main, &s->lane[i], s->lane[i].lcore);
	return 0;
}

int run_spread(struct pipeline *p, struct source *src, const struct run_hooks *hooks)
{
	struct spread *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return -ENOMEM;
	s->pipeline = p;
	s->lanes = pipeline_workers(p);
	s->idler.mode = hooks->idle;
	for (uint16_t i = 0; i < s->lanes; i++)
		s->lane[i].bell = -1;
	decode_init(&s->decoder, NULL);
	s->decoder.config.check_l3_csum = s->decoder.config.check_l4_csum = false;
	rc = start_lanes(s);
	if (rc == 0) {
		read_all(s, src, hooks);
		finish(s);
		hooks->poll(hooks->arg, s->clock.last_ns);
	}
	for (uint16_t i = 0; i < s->lanes; i++) {
		rte_ring_free(s->lane[i].ring);
		if (s->lane[i].bell >= 0)
			close(s->lane[i].bell);
	}
	free(s);
	return rc;
}
