// The collector's order over any number of event rings. See event_merge.h.
//
// Every poll empties the rings into a heap and hands out what no ring can still precede. Within a
// burst a worker makes events stage by stage, not packet by packet, so not even one ring is sorted:
// the heap is needed for one worker as well, and gives its output the same order as that of many.
#include "dataplane/event_merge.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/event_ring.h"

#define POOL_BLOCK_BYTES 320u // flows, alerts and anomalies without text fit; longer records are malloc'd
#define POOL_CHUNK_BLOCKS 512u
#define HOLD_DEFAULT_BYTES ((size_t)256 << 20)

struct held {
	uint64_t seq, ts_ns;
	uint64_t kind_flow; // kind above the 51 bits of the flow id
	uint64_t made;      // order of arrival: within a ring, the order of making
	uint32_t input, bytes;
	struct event *ev;
};

struct pool_chunk {
	struct pool_chunk *next;
	uint64_t mem[POOL_CHUNK_BLOCKS * POOL_BLOCK_BYTES / sizeof(uint64_t)];
};

struct pool_block {
	struct pool_block *next;
};

struct merge_input {
	struct event_ring *ring;
	uint64_t done_seq;
	uint64_t made;
};

struct event_merge {
	struct merge_input *in;
	uint32_t n;
	size_t hold_max;
	struct held *heap;
	size_t count, room;
	struct pool_chunk *chunks;
	struct pool_block *free_blocks;
	struct held last; // key of the event handed out last
	struct event_merge_stats stats;
};

// True when a goes out before b. Two events of one flow and kind come from one ring; where there is
// no flow, the ring's number decides last, and only the main lcore's own ring has such events twice.
static bool before(const struct held *a, const struct held *b)
{
	if (a->seq != b->seq)
		return a->seq < b->seq;
	if (a->ts_ns != b->ts_ns)
		return a->ts_ns < b->ts_ns;
	if (a->kind_flow != b->kind_flow)
		return a->kind_flow < b->kind_flow;
	if (a->input != b->input)
		return a->input < b->input;
	return a->made < b->made;
}

static void heap_up(struct event_merge *m, size_t i)
{
	struct held x = m->heap[i];
	while (i && before(&x, &m->heap[(i - 1) / 2])) {
		m->heap[i] = m->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	m->heap[i] = x;
}

static struct held heap_take(struct event_merge *m)
{
	struct held top = m->heap[0];
	struct held x = m->heap[--m->count];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= m->count)
			break;
		if (child + 1 < m->count && before(&m->heap[child + 1], &m->heap[child]))
			child++;
		if (!before(&m->heap[child], &x))
			break;
		m->heap[i] = m->heap[child];
		i = child;
	}
	m->heap[i] = x;
	return top;
}

static bool heap_room(struct event_merge *m)
{
	if (m->count < m->room)
		return true;
	size_t room = m->room ? m->room * 2 : 1024;
	struct held *heap = realloc(m->heap, room * sizeof(*heap));
	if (!heap)
		return false;
	m->heap = heap;
	m->room = room;
	return true;
}

static bool pool_grow(struct event_merge *m)
{
	struct pool_chunk *c = malloc(sizeof(*c));
	if (!c)
		return false;
	c->next = m->chunks;
	m->chunks = c;
	for (uint32_t i = 0; i < POOL_CHUNK_BLOCKS; i++) {
		struct pool_block *b = (struct pool_block *)((uint8_t *)c->mem + (size_t)i * POOL_BLOCK_BYTES);
		b->next = m->free_blocks;
		m->free_blocks = b;
	}
	return true;
}

static void *record_alloc(struct event_merge *m, uint32_t bytes)
{
	if (bytes > POOL_BLOCK_BYTES)
		return malloc(bytes);
	if (!m->free_blocks && !pool_grow(m))
		return NULL;
	struct pool_block *b = m->free_blocks;
	m->free_blocks = b->next;
	return b;
}

static void record_free(struct event_merge *m, const struct held *h)
{
	m->stats.held_bytes -= h->bytes;
	if (h->bytes > POOL_BLOCK_BYTES) {
		free(h->ev);
		return;
	}
	struct pool_block *b = (struct pool_block *)h->ev;
	b->next = m->free_blocks;
	m->free_blocks = b;
}

// Copies one record out of its ring. False without memory: it stays in the ring.
static bool hold(struct event_merge *m, uint32_t i, const struct event *ev)
{
	struct held h = {
		.seq = ev->seq,
		.ts_ns = ev->ts_ns,
		.kind_flow = (uint64_t)ev->kind << 51 | (ev->flow_id & ((UINT64_C(1) << 51) - 1)),
		.made = m->in[i].made++,
		.input = i,
		.bytes = (uint32_t)(event_base_size((enum event_kind)ev->kind) + ev->aux_len),
	};
	if (!heap_room(m) || !(h.ev = record_alloc(m, h.bytes)))
		return false;
	memcpy(h.ev, ev, h.bytes);
	m->heap[m->count++] = h;
	heap_up(m, m->count - 1);
	m->stats.held_bytes += h.bytes;
	if (h.seq > m->stats.taken_seq)
		m->stats.taken_seq = h.seq;
	if (m->stats.held_bytes > m->stats.held_bytes_peak)
		m->stats.held_bytes_peak = m->stats.held_bytes;
	return true;
}

// Takes what stood in ring i when the poll began (never more than a ring full, however fast it is
// refilled). Returns false when memory stopped it.
static bool take_ring(struct event_merge *m, uint32_t i)
{
	struct merge_input *in = &m->in[i];
	const struct event *ev;

	for (uint32_t n = event_ring_slots(in->ring); n && (ev = event_ring_peek(in->ring)); n--) {
		if (ev->kind == EVENT_TICK) {
			event_merge_done(m, i, ev->seq);
		} else if (m->stats.held_bytes >= m->hold_max || !hold(m, i, ev)) {
			return false;
		}
		event_ring_pop(in->ring);
	}
	return true;
}

static void hand_out(struct event_merge *m, event_merge_fn emit, void *ctx)
{
	struct held h = heap_take(m);
	if (m->stats.out && before(&h, &m->last))
		m->stats.late++;
	else
		m->last = h;
	m->stats.out++;
	emit(ctx, h.ev);
	record_free(m, &h);
}

static uint64_t hand_out_upto(struct event_merge *m, uint64_t seq, event_merge_fn emit, void *ctx)
{
	uint64_t n = 0;
	for (; m->count && m->heap[0].seq <= seq; n++)
		hand_out(m, emit, ctx);
	if (seq > m->stats.out_seq)
		m->stats.out_seq = seq;
	return n;
}

static uint64_t done_by_all(const struct event_merge *m)
{
	uint64_t least = UINT64_MAX;
	for (uint32_t i = 0; i < m->n; i++)
		if (m->in[i].done_seq < least)
			least = m->in[i].done_seq;
	return least;
}

// The caller read the done marks before this call, so all they cover stands in the rings now.
uint64_t event_merge_poll(struct event_merge *m, event_merge_fn emit, void *ctx)
{
	uint64_t n = 0;

	for (;;) {
		bool all_taken = true;
		for (uint32_t i = 0; i < m->n; i++)
			all_taken &= take_ring(m, i);
		// with a ring not emptied, its done mark does not cover what is still in it
		if (all_taken)
			return n + hand_out_upto(m, done_by_all(m), emit, ctx);
		if (!m->count)
			return n; // malloc failed with nothing held: the records wait in their ring
		// Out of memory for waiting: the oldest quarter goes now, in the best order there is.
		uint64_t forced = m->count / 4 + 1;
		m->stats.forced += forced;
		n += forced;
		while (forced--)
			hand_out(m, emit, ctx);
	}
}

uint64_t event_merge_finish(struct event_merge *m, event_merge_fn emit, void *ctx)
{
	for (uint32_t i = 0; i < m->n; i++)
		event_merge_done(m, i, UINT64_MAX);
	return event_merge_poll(m, emit, ctx);
}

void event_merge_done(struct event_merge *m, uint32_t i, uint64_t seq)
{
	if (seq > m->in[i].done_seq)
		m->in[i].done_seq = seq;
}

const struct event_merge_stats *event_merge_stats(const struct event_merge *m)
{
	return &m->stats;
}

struct event_merge *event_merge_new(struct event_ring *const *rings, uint32_t n, size_t hold_max_bytes)
{
	struct event_merge *m = calloc(1, sizeof(*m));
	if (!m || !(m->in = calloc(n ? n : 1, sizeof(*m->in)))) {
		free(m);
		return NULL;
	}
	m->n = n;
	m->hold_max = hold_max_bytes ? hold_max_bytes : HOLD_DEFAULT_BYTES;
	for (uint32_t i = 0; i < n; i++)
		m->in[i].ring = rings[i];
	return m;
}

void event_merge_free(struct event_merge *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->count; i++)
		record_free(m, &m->heap[i]);
	while (m->chunks) {
		struct pool_chunk *c = m->chunks;
		m->chunks = c->next;
		free(c);
	}
	free(m->heap);
	free(m->in);
	free(m);
}
