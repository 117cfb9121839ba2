// One worker with its frames on one core: a batch is made off the clock, then taken through the worker on the
// clock, as a receive ring would hand it over. What the main lcore does (decisions at ticks, events) is off the
// clock too. The median batch counts: one in which the machine did something else does not. Next: yardstick.c.
#include "perf/perf.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_pause.h>

#include "dataplane/event_ring.h"
#include "dataplane/source_ethdev.h"

#define NS_A_PACKET_X100 6720u // 14.88 million packets a second: the packet clock of a flood
#define BEGIN_NS UINT64_C(1600000000000000000)
#define EVENTS_A_SECOND UINT64_C(1000000) // what a main lcore takes; in a flood the rest is counted as lost
#define FCS_AND_GAP 24u                   // FCS, preamble and gap around what a frame holds
#define REPLAY_TRIAL_S 10u                // a trial of a replay begins no further turn after this long
#define COUNTED_FRAMES 128u               // single-stepped: about 100,000 steps

struct lane {
	const struct perf_options *o;
	struct pipeline *pipeline;
	struct worker *w;
	struct frames *frames;
	struct replay *replay;
	struct rte_mempool *pool;
	struct tick_clock clock;
	uint64_t drained; // events taken out of the worker's ring
	uint64_t seq;
	uint64_t warm_up;                      // frames of it sent so far
	uint32_t n;                            // frames of the batch
	struct rte_mbuf *mbufs[PERF_BATCH];    // of a flood
	struct replay_frame batch[PERF_BATCH]; // of a replay
	// batches of a trial: cycles, and cycles by stage
	uint32_t batches;
	double *cycles;
	double *stage[PERF_MAX_STAGES];
	bool ours; // nobody else used the core during the latest batch
	// cycles of such batches of all trials of a flood, of how many; [1] with other lanes beside it
	struct {
		double *cycles;
		uint32_t count, timed;
	} undisturbed[2];
	uint64_t yardstick; // the least of this lane's thread
	// the probe's
	struct worker_probe probe;
	uint64_t stage_began, stage_cycles[PERF_MAX_STAGES];
	uint64_t off_clock; // cycles of this batch that were not the worker's
	uint32_t stage_now;
	volatile uint32_t *shared_stage;
};

static void stage_mark(void *arg, uint32_t stage)
{
	struct lane *l = arg;
	uint64_t now = rte_rdtsc();

	l->stage_cycles[l->stage_now] += now - l->stage_began;
	l->stage_began = now;
	l->stage_now = stage;
}

uint32_t lane_enter(struct lane *l, uint32_t stage)
{
	uint32_t before = l->stage_now;

	if (l->w->probe == &l->probe && l->probe.mark == stage_mark)
		stage_mark(l, stage);
	return before;
}

static void shared_mark(void *arg, uint32_t stage)
{
	*((struct lane *)arg)->shared_stage = stage;
}

static bool open_memory(struct lane *l, uint16_t i)
{
	char name[32];

	l->batches = (uint32_t)(l->o->packets / PERF_BATCH) + 1;
	l->cycles = calloc(l->batches, sizeof(*l->cycles));
	for (uint32_t s = 0; s < PERF_MAX_STAGES; s++)
		l->stage[s] = calloc(l->batches, sizeof(double));
	for (uint32_t u = 0; u < 2; u++)
		l->undisturbed[u].cycles = calloc((size_t)l->batches * l->o->trials, sizeof(double));
	if (!l->undisturbed[0].cycles || !l->undisturbed[1].cycles)
		return false;
	if (l->o->kind == PERF_REPLAY) {
		l->replay = replay_open(l->o);
		return l->replay && l->cycles;
	}
	snprintf(name, sizeof(name), "perf_%u", i);
	// no cache: buffers come round in order, as a ring of descriptors has them
	l->pool = rte_pktmbuf_pool_create(name, PERF_BATCH * 2 - 1, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	l->frames = frames_open(l->o, l->w->flows);
	return l->pool && l->frames && l->cycles;
}

struct lane *lane_open(const struct perf_options *o, struct pipeline *p, uint16_t i)
{
	struct lane *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->o = o;
	l->pipeline = p;
	l->w = pipeline_worker(p, i);
	l->shared_stage = stages_shared(sizeof(*l->shared_stage));
	if (l->shared_stage && open_memory(l, i))
		return l;
	lane_close(l);
	return NULL;
}

void lane_close(struct lane *l)
{
	if (!l)
		return;
	for (uint32_t s = 0; s < PERF_MAX_STAGES; s++)
		free(l->stage[s]);
	free(l->cycles);
	free(l->undisturbed[0].cycles);
	free(l->undisturbed[1].cycles);
	frames_close(l->frames);
	replay_close(l->replay);
	rte_mempool_free(l->pool);
	free(l);
}

struct rte_mbuf **lane_mbufs(struct lane *l)
{
	return l->mbufs;
}

struct worker *lane_worker(struct lane *l)
{
	return l->w;
}

static void make_flood(struct lane *l)
{
	const uint64_t good = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	uint64_t total = frames_warm_up(l->frames);

	l->n = PERF_BATCH;
	if (rte_pktmbuf_alloc_bulk(l->pool, l->mbufs, l->n) != 0) {
		fprintf(stderr, "tocsin-perf: packet buffers leak\n");
		exit(1);
	}
	for (uint32_t i = 0; i < l->n; i++) {
		uint8_t *to = rte_pktmbuf_mtod(l->mbufs[i], uint8_t *);
		uint32_t len = l->warm_up < total ? frames_make_warm_up(l->frames, l->warm_up++, to)
						  : frames_make(l->frames, to);
		l->mbufs[i]->pkt_len = l->mbufs[i]->data_len = (uint16_t)len;
		l->mbufs[i]->ol_flags = l->o->nic_checksums ? good : 0;
	}
}

// Up to the end of a turn, so that a trial is of whole turns.
static void make_replay(struct lane *l)
{
	uint64_t left = replay_left(l->replay);

	l->n = left < PERF_BATCH ? (uint32_t)left : PERF_BATCH;
	for (uint32_t i = 0; i < l->n; i++)
		replay_next(l->replay, &l->batch[i]);
}

static void make_batch(struct lane *l)
{
	if (l->replay)
		make_replay(l);
	else
		make_flood(l);
}

void lane_make_batch(struct lane *l)
{
	make_batch(l);
}

void lane_restart(struct lane *l)
{
	l->warm_up = 0;
}

// Hands the next n frames over as a port's source does: out of the mbufs a driver has filled, all with the time of the
// burst. Returns that.
static inline uint64_t receive_flood(struct lane *l, uint32_t at, uint32_t n)
{
	uint64_t now_ns = BEGIN_NS + l->seq * NS_A_PACKET_X100 / 100;

	source_ethdev_fill(l->w->burst.frames, l->mbufs + at, n, 0, now_ns, l->seq + 1);
	l->seq += n;
	return now_ns;
}

// The same for frames that lie in no mbuf. Each has its own time; returns the first one's.
static inline uint64_t receive_replay(struct lane *l, uint32_t at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct packet *p = &l->w->burst.frames[i];
		const struct replay_frame *f = &l->batch[at + i];

		packet_begin(p);
		p->data = f->data;
		rte_prefetch0(p->data);
		p->mbuf = NULL;
		p->ts_ns = f->ts_ns;
		p->seq = ++l->seq;
		p->len = f->len;
		p->wire_len = f->wire_len;
		p->link_type = f->link_type;
		p->iface = 0;
		p->flags = l->o->nic_checksums ? PKT_L3_CSUM_OK | PKT_L4_CSUM_OK : 0;
	}
	return l->batch[at].ts_ns;
}

static inline uint64_t receive(struct lane *l, uint32_t at, uint32_t n)
{
	l->w->burst.n_frames = (uint16_t)n;
	return l->replay ? receive_replay(l, at, n) : receive_flood(l, at, n);
}

// Takes events out of the worker's ring as fast as a main lcore would, by packet time, and forgets them.
static void drain(struct lane *l, bool all)
{
	uint64_t allowed =
		l->clock.last_ns > BEGIN_NS ? (l->clock.last_ns - BEGIN_NS) / (1000000000u / EVENTS_A_SECOND) : 0;

	while ((all || l->drained < allowed) && event_ring_peek(l->w->sink.ring)) {
		event_ring_pop(l->w->sink.ring);
		l->drained++;
	}
	if (l->drained < allowed)
		l->drained = allowed; // time not used is not saved up
}

// The main lcore's part, off the clock. With several workers nobody decides: each lane serves itself.
static void serve(struct lane *l, uint64_t tick_ns, bool ticked)
{
	uint64_t begin = rte_rdtsc(), end;

	if (ticked && l->o->workers == 1)
		pipeline_decide(l->pipeline, tick_ns, l->seq, false);
	drain(l, l->o->kind == PERF_REPLAY || l->o->protocols);
	end = rte_rdtsc();
	l->off_clock += end - begin;
	l->stage_began += end - begin;
}

// Takes the batch through the worker. Returns cycles.
static uint64_t run_batch(struct lane *l)
{
	uint64_t tick_ns = 0, begin = rte_rdtsc_precise();

	l->off_clock = 0;
	l->stage_began = begin;
	l->stage_now = WORKER_END;
	for (uint32_t at = 0, n; at < l->n; at += n) {
		uint64_t before = l->seq;
		n = RTE_MIN(l->n - at, PKT_BURST);
		uint64_t now_ns = receive(l, at, n);
		while (tick_due(&l->clock, now_ns, &tick_ns)) {
			while (!worker_tick(l->w, tick_ns, before))
				serve(l, 0, false);
			serve(l, tick_ns, true);
		}
		worker_process(l->w);
	}
	uint64_t cycles = rte_rdtsc_precise() - begin - l->off_clock;
	serve(l, 0, false);
	return cycles;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double median(double *v, uint32_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

static uint64_t bits_of_batch(const struct lane *l)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < l->n; i++)
		bits += 8u * ((l->replay ? l->batch[i].wire_len : l->mbufs[i]->pkt_len) + FCS_AND_GAP);
	return bits;
}

// Sums over a trial.
struct sums {
	uint64_t packets, bits, cycles;
	uint64_t stage[PERF_MAX_STAGES];
};

// Waits until all lanes have their batch.
static void meet(struct lane_meeting *m)
{
	uint32_t n = atomic_fetch_add(&m->arrived, 1), all = (n / m->lanes + 1) * m->lanes;

	for (uint32_t i = 0; atomic_load(&m->arrived) < all; i++) {
		rte_pause();
		if (i > 10000)
			sched_yield(); // more lanes than cores
	}
}

// Makes a batch and takes it through. Returns its cycles.
static uint64_t one_batch(struct lane *l, struct lane_meeting *meeting, struct sums *sum)
{
	make_batch(l);
	if (meeting)
		meet(meeting);
	memset(l->stage_cycles, 0, sizeof(l->stage_cycles));
	sum->bits += bits_of_batch(l);
	sum->packets += l->n;
	uint64_t before = yardstick(), cycles = run_batch(l);
	l->ours = yardstick_ours(before);
	l->yardstick = yardstick_least();
	sum->cycles += cycles;
	for (uint32_t s = 0; s < PERF_MAX_STAGES; s++)
		sum->stage[s] += l->stage_cycles[s];
	return cycles;
}

void lane_warm_up(struct lane *l)
{
	struct sums sum = {0};

	if (l->replay) {
		do
			one_batch(l, NULL, &sum);
		while (replay_left(l->replay) != replay_frames(l->replay));
		return;
	}
	while (sum.packets < frames_warm_up(l->frames))
		one_batch(l, NULL, &sum);
	for (int i = 0; i < 64; i++)
		one_batch(l, NULL, &sum);
}

// Every batch of a flood is alike: the median counts. By stage those count that had the core to themselves.
static void trial_flood(
	struct lane *l, bool probe, struct lane_meeting *meeting, struct sums *sum, struct lane_result *out)
{
	uint32_t b = 0, patience = probe ? l->batches * YARDSTICK_PATIENCE : 0;

	while (b < l->batches) {
		l->cycles[b] = (double)one_batch(l, meeting, sum) / l->n;
		for (uint32_t s = 0; s < PERF_MAX_STAGES; s++)
			l->stage[s][b] = (double)l->stage_cycles[s] / l->n;
		if (!probe && l->ours)
			l->undisturbed[!!meeting].cycles[l->undisturbed[!!meeting].count++] = l->cycles[b];
		b += yardstick_accepts(l->ours, &patience);
	}
	l->undisturbed[!!meeting].timed += probe ? 0 : l->batches;
	out->cycles = median(l->cycles, l->batches);
	for (uint32_t s = 0; s < PERF_MAX_STAGES; s++)
		out->stage[s] = median(l->stage[s], l->batches);
}

// No two batches of a replay are: all of them count.
static void trial_replay(struct lane *l, struct sums *sum, struct lane_result *out)
{
	uint64_t begin = rte_rdtsc(), most = REPLAY_TRIAL_S * rte_get_tsc_hz();

	do
		do
			one_batch(l, NULL, sum);
		while (replay_left(l->replay) != replay_frames(l->replay));
	while (sum->packets < l->o->packets && rte_rdtsc() - begin < most);
	out->cycles = (double)sum->cycles / (double)sum->packets;
	for (uint32_t s = 0; s < PERF_MAX_STAGES; s++)
		out->stage[s] = (double)sum->stage[s] / (double)sum->packets;
}

void lane_trial(struct lane *l, bool probe, struct lane_meeting *meeting, struct lane_result *out)
{
	uint64_t created = flow_table_counters(l->w->flows)->created;
	struct sums sum = {0};

	memset(out, 0, sizeof(*out));
	l->probe = (struct worker_probe){stage_mark, l};
	l->w->probe = probe ? &l->probe : NULL;
	if (l->replay)
		trial_replay(l, &sum, out);
	else
		trial_flood(l, probe, meeting, &sum, out);
	l->w->probe = NULL;
	out->bits_on_wire = (double)sum.bits / (double)sum.packets;
	out->set_ups = (double)(flow_table_counters(l->w->flows)->created - created) / (double)sum.packets;
}

void lane_undisturbed(struct lane *l, bool together, struct lane_undisturbed *out)
{
	*out = (struct lane_undisturbed){.batches = l->undisturbed[together].count,
		.timed = l->undisturbed[together].timed,
		.yardstick = l->yardstick};
	if (!out->batches)
		return;
	out->cycles = median(l->undisturbed[together].cycles, out->batches);
	out->share = (double)out->batches / out->timed;
}

static void free_burst(struct lane *l)
{
	struct rte_mbuf *mbufs[PKT_BURST];
	uint32_t n = l->w->burst.n_frames;

	for (uint32_t i = 0; i < n; i++)
		mbufs[i] = l->w->burst.frames[i].mbuf;
	rte_pktmbuf_free_bulk(mbufs, n);
}

double lane_control(struct lane *l)
{
	uint32_t batches = l->batches < 500 ? l->batches : 500, patience = batches * YARDSTICK_PATIENCE, b = 0;

	while (b < batches) {
		make_batch(l);
		uint64_t before = yardstick(), begin = rte_rdtsc_precise();
		for (uint32_t at = 0, n; at < l->n; at += n) {
			n = RTE_MIN(l->n - at, PKT_BURST);
			receive(l, at, n);
			free_burst(l);
		}
		l->cycles[b] = (double)(rte_rdtsc_precise() - begin) / l->n;
		b += yardstick_accepts(yardstick_ours(before), &patience);
	}
	l->w->burst.n_frames = 0;
	return median(l->cycles, batches);
}

static void counted_batch(void *arg)
{
	run_batch(arg);
}

bool lane_instructions(struct lane *l, double stage[PERF_MAX_STAGES], double *total)
{
	uint64_t count[PERF_MAX_STAGES];

	uint32_t made;

	make_batch(l);
	made = l->n;
	l->n = COUNTED_FRAMES;
	l->probe = (struct worker_probe){shared_mark, l};
	l->w->probe = &l->probe;
	*l->shared_stage = WORKER_END;
	bool ok = stages_count(l->shared_stage, counted_batch, l, count);
	l->w->probe = NULL;
	l->n = made;
	run_batch(l); // the child's work was its own: here the batch is still to be taken
	*total = 0;
	for (uint32_t s = 0; s < PERF_MAX_STAGES; s++) {
		stage[s] = ok ? (double)count[s] / COUNTED_FRAMES : 0;
		*total += stage[s];
	}
	return ok;
}
