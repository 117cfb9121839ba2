// The packet's journey. worker_process() reads as the list of stages; each stage is one file.
// Next: decode.c.
#include "dataplane/worker.h"

#include <errno.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#define DECODE_AHEAD 16u // frames between looks at the flow table

int worker_add_detector(struct worker *w, const struct detector *ops, void *state, void *delta)
{
	int class;

	if (w->detector_count == WORKER_MAX_DETECTORS)
		return -ENOSPC;
	class = sorter_add(&w->sorter, w->detector_count, ops);
	if (class < 0)
		return class;
	if (ops->on_flow_end)
		w->enders[w->ender_count++] = (uint8_t)w->detector_count;
	w->detectors[w->detector_count++] =
		(struct worker_detector){.ops = ops, .state = {state, delta ? delta : state}, .class = (uint8_t) class};
	return 0;
}

// The packet clock follows the latest timestamp seen; a packet from the past does not turn it back.
static void advance_clock(struct worker *w, struct burst *b)
{
	for (uint16_t i = 0; i < b->n_frames; i++) {
		if (b->frames[i].ts_ns > w->now_ns)
			w->now_ns = b->frames[i].ts_ns;
		w->counters.wire_bytes += b->frames[i].wire_len;
	}
	b->now_ns = w->now_ns;
	w->run.now_ns = w->now_ns;
}

static void emit_anomaly(struct worker *w, const struct packet *p, uint16_t reason)
{
	struct event *ev = event_begin(&w->sink, EVENT_ANOMALY, p, 0);

	if (!ev)
		return;
	ev->anomaly.reason = reason;
	event_commit(&w->sink);
}

// All of a packet's or none.
static void report_anomalies(struct worker *w, const struct packet *p)
{
	if (p->event_count > w->anomalies_left) {
		w->counters.anomalies_refused += p->event_count;
		return;
	}
	if (w->anomalies_left != UINT32_MAX)
		w->anomalies_left -= p->event_count;
	for (uint8_t e = 0; e < p->event_count; e++)
		emit_anomaly(w, p, p->events[e]);
}

static inline void mark(const struct worker *w, uint32_t stage)
{
	if (unlikely(w->probe))
		w->probe->mark(w->probe->arg, stage);
}

// One line of the loss ledger for a frame that no detector may see. Returns 1, or 0 for what a frame carried.
static uint32_t account_invalid(struct worker *w, const struct packet *p)
{
	if (p >= &w->burst.frames[PKT_BURST])
		return 0;
	w->counters.ledger[p->drop_reason]++;
	return 1;
}

// Accounts for the frames and reports what was noted on packets.
static void account(struct worker *w, const struct burst *b)
{
	uint32_t invalid = 0, odd = b->flags & (PKT_INVALID | PKT_NOTED);

	for (uint16_t i = 0; unlikely(odd) && i < b->n; i++) {
		const struct packet *p = b->list[i];
		if (unlikely(p->flags & PKT_INVALID))
			invalid += account_invalid(w, p);
		if (unlikely(p->event_count))
			report_anomalies(w, p);
	}
	w->counters.inspected += b->n_frames - invalid;
	w->counters.frames += b->n_frames;
	w->counters.packets += b->n;
	w->counters.bursts++;
}

// Shows every detector what it wants of the burst, in the order in which they were added.
static void run_detectors(struct worker *w, const struct burst *b)
{
	uint64_t left = w->detector_count ? sorter_sort(&w->sorter, b) : 0;

	for (; left; left &= left - 1) {
		uint32_t d = (uint32_t)__builtin_ctzll(left);
		const struct worker_detector *wd = &w->detectors[d];
		const struct sorter_class *class = &w->sorter.classes[wd->class];
		mark(w, WORKER_DETECTOR + d);
		if (wd->ops->on_packets)
			wd->ops->on_packets(wd->state[w->active], class->pkts, class->n, &w->run);
	}
}

_Static_assert(offsetof(struct rte_mbuf, refcnt) == offsetof(struct rte_mbuf, rearm_data) + 2 &&
		       offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, rearm_data) + 4,
	"is_plain() reads both at once");

// True where an mbuf goes straight back to its pool: in one piece, its own memory, nobody else's too. Then its second
// cache line need not be touched.
static inline bool is_plain(const struct rte_mbuf *m, const struct rte_mempool *pool)
{
	uint32_t refs_and_segs;

	memcpy(&refs_and_segs, (const uint8_t *)m + offsetof(struct rte_mbuf, refcnt), sizeof(refs_and_segs));
	return m->pool == pool && refs_and_segs == 0x00010001 && RTE_MBUF_DIRECT(m);
}

static void release(struct burst *b)
{
	void *plain[PKT_BURST];
	struct rte_mempool *pool = b->frames[0].mbuf ? b->frames[0].mbuf->pool : NULL;
	size_t n = 0;

	for (const struct packet *p = b->frames, *end = p + b->n_frames; p < end; p++) {
		struct rte_mbuf *m = p->mbuf;
		if (likely(m && is_plain(m, pool)))
			plain[n++] = m;
		else
			rte_pktmbuf_free(m);
	}
	if (n)
		rte_mempool_put_bulk(pool, plain, (unsigned int)n);
	rte_pktmbuf_free_bulk(b->extra_mbufs, b->n_extra_mbufs);
}

// Decode and the first look at the flow table take turns, so that memory is fetched while headers are read.
static void decode(struct worker *w, struct burst *b)
{
	for (uint32_t at = 0; at < b->n_frames; at += DECODE_AHEAD) {
		mark(w, WORKER_DECODE);
		decode_frames(&w->decoder, b, at, RTE_MIN(at + DECODE_AHEAD, b->n_frames));
		mark(w, WORKER_FLOW);
		flow_lookup_ahead(w->flows, b, &w->sink);
	}
}

void worker_process(struct worker *w)
{
	struct burst *b = &w->burst;

	if (!b->n_frames)
		return;
	b->n = b->n_extra = b->n_extra_mbufs = 0;
	if (w->engine.between_bursts)
		w->engine.between_bursts(w->engine.state);
	advance_clock(w, b);
	decode(w, b);
	// a SYN on a closed flow can be judged only once the stream stage has seen what closed it
	for (uint16_t at = 0, end; at < b->n; at = end) {
		mark(w, WORKER_FLOW);
		end = flow_lookup_burst(w->flows, b, at, &w->sink);
		mark(w, WORKER_STREAM);
		if (w->app && b->flags & PKT_UDP && !tcp_stream_wants_packets(w->streams))
			app_layer_burst(w->app, b, at, end, &w->run);
		if (b->flags & PKT_TCP || tcp_stream_wants_packets(w->streams))
			tcp_stream_burst(w->streams, b, at, end, &w->run);
	}
	mark(w, WORKER_GATHER);
	account(w, b);
	run_detectors(w, b);

	mark(w, WORKER_END);
	uint64_t last = b->frames[b->n_frames - 1].seq;
	release(b);
	b->n_frames = 0;
	atomic_store_explicit(&w->done_seq, last, memory_order_release);
}

bool worker_tick(struct worker *w, uint64_t now_ns, uint64_t seq)
{
	if (w->engine.between_bursts)
		w->engine.between_bursts(w->engine.state);
	if (now_ns > w->now_ns)
		w->now_ns = now_ns;
	w->run.now_ns = now_ns;
	w->run.seq = seq;
	defrag_tick(w->decoder.defrag, now_ns);
	if (!flow_table_tick(w->flows, now_ns, seq, &w->sink) || !tcp_stream_tick(w->streams, now_ns, seq, &w->sink))
		return false;
	decode_tick(&w->decoder);
	w->anomalies_left = w->anomalies_a_tick;
	w->active ^= 1;
	atomic_fetch_add_explicit(&w->ticks_done, 1, memory_order_release);
	return true;
}

bool worker_flush(struct worker *w, uint64_t now_ns, uint64_t seq)
{
	w->run.now_ns = now_ns;
	w->run.seq = seq;
	return flow_table_flush(w->flows, now_ns, seq, &w->sink);
}

void worker_rewind(struct worker *w)
{
	w->now_ns = 0;
	flow_table_rewind(w->flows);
}
