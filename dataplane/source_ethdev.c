// Frames from live ports. The driver's mbufs are handed on as they are, but for a frame in several mbufs,
// which is copied into one: every later stage reads a frame in one piece.
// Next: run_live.c.
#include "dataplane/source_ethdev.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "dataplane/api/clock.h"
#include "dataplane/setup/memory.h"
#include "dataplane/setup/wakeup.h"

struct source_ethdev {
	struct source base;
	struct ethdev_queues queues;
	uint16_t at; // whose turn it is
	struct rte_mempool *jumbo;
	bool first;                 // answers for the ports too
	struct source_ethdev *peer; // the next source of the same run
	atomic_bool stopped;
	uint64_t now_ns;
	uint64_t seq;
	_Atomic uint64_t received, bytes;
	struct wakeup wakeup;
};

// Frames that could not be brought into one piece, of all sources.
static _Atomic uint64_t no_jumbo;

// Puts a tag back that the driver or the kernel has taken out; a pool mbuf has the headroom for it.
static void restore_vlan(struct rte_mbuf **m)
{
	if ((*m)->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		rte_vlan_insert(m);
}

// Copies a frame in several mbufs into one of the jumbo pool. Returns NULL, with m freed, where that is empty or too
// small.
static struct rte_mbuf *join(struct source_ethdev *s, struct rte_mbuf *m)
{
	struct rte_mbuf *one = m->pkt_len <= FRAME_MAX_BYTES ? rte_pktmbuf_alloc(s->jumbo) : NULL;
	uint32_t at = 0;

	if (one) {
		uint8_t *to = rte_pktmbuf_mtod(one, uint8_t *);

		for (const struct rte_mbuf *seg = m; seg; seg = seg->next) {
			memcpy(to + at, rte_pktmbuf_mtod(seg, const uint8_t *), seg->data_len);
			at += seg->data_len;
		}
		mbuf_set_len(one, at);
		one->ol_flags = m->ol_flags;
	} else {
		atomic_fetch_add_explicit(&no_jumbo, 1, memory_order_relaxed);
	}
	rte_pktmbuf_free(m);
	return one;
}

static uint16_t take(
	struct source_ethdev *s, struct packet *frames, struct rte_mbuf **mbufs, uint16_t n, uint16_t iface)
{
	uint64_t bytes = 0;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = mbufs[i];

		if (m->nb_segs > 1)
			m = join(s, m);
		if (!m)
			continue;
		restore_vlan(&m);
		bytes += m->pkt_len;
		mbufs[kept++] = m;
	}
	source_ethdev_fill(frames, mbufs, kept, iface, s->now_ns, s->seq + 1);
	s->seq += kept;
	atomic_store_explicit(&s->received, s->received + kept, memory_order_relaxed);
	atomic_store_explicit(&s->bytes, s->bytes + bytes, memory_order_relaxed);
	return kept;
}

static uint16_t rx(struct source *base, struct packet *frames, uint16_t max)
{
	struct source_ethdev *s = (struct source_ethdev *)base;
	struct rte_mbuf *mbufs[PKT_BURST];
	uint64_t now = clock_now_ns(CLOCK_REALTIME);

	if (now > s->now_ns)
		s->now_ns = now;
	if (s->now_ns > s->seq)
		s->seq = s->now_ns;
	if (atomic_load_explicit(&s->stopped, memory_order_relaxed))
		return 0;
	for (uint16_t tries = 0; tries < s->queues.count; tries++) {
		uint16_t i = s->at;
		uint16_t n = rte_eth_rx_burst(
			s->queues.item[i].port->id, s->queues.item[i].queue, mbufs, RTE_MIN(max, (uint16_t)PKT_BURST));

		s->at = i + 1u < s->queues.count ? i + 1u : 0;
		if (n)
			return take(s, frames, mbufs, n, s->queues.item[i].iface);
	}
	return 0;
}

static bool ended(const struct source *base)
{
	return atomic_load_explicit(&((const struct source_ethdev *)base)->stopped, memory_order_relaxed);
}

// Sums over ports; a count that one port cannot take is not known at all.
static void add(uint64_t *sum, uint64_t value)
{
	*sum = *sum == UINT64_MAX || value == UINT64_MAX ? UINT64_MAX : *sum + value;
}

static void stats(const struct source *base, struct source_stats *out)
{
	const struct source_ethdev *s = (const struct source_ethdev *)base;
	uint64_t split = atomic_load_explicit(&no_jumbo, memory_order_relaxed);

	*out = (struct source_stats){0};
	for (const struct source_ethdev *e = s; e; e = e->peer) {
		out->received += atomic_load_explicit(&e->received, memory_order_relaxed);
		out->bytes += atomic_load_explicit(&e->bytes, memory_order_relaxed);
	}
	for (uint16_t i = 0; s->first && i < s->queues.count; i++) {
		struct port_stats p;

		if (s->queues.item[i].queue) // a port counts once
			continue;
		port_stats(s->queues.item[i].port, &p);
		add(&out->missed, p.missed);
		add(&out->errors, p.errors);
		add(&out->no_buffer, p.no_buffer);
	}
	add(&out->no_buffer, s->first ? split : 0);
	out->offered = out->received + (out->missed == UINT64_MAX ? 0 : out->missed) +
		       (out->errors == UINT64_MAX ? 0 : out->errors) +
		       (out->no_buffer == UINT64_MAX ? 0 : out->no_buffer);
}

static bool wait_for_frames(struct source *base, unsigned int ms)
{
	return wakeup_wait(&((struct source_ethdev *)base)->wakeup, ms);
}

static void close_source(struct source *base)
{
	wakeup_close(&((struct source_ethdev *)base)->wakeup);
	free(base);
}

static const struct source_ops ethdev_ops = {.name = "ethdev",
	.rx = rx,
	.ended = ended,
	.stats = stats,
	.clock = source_ethdev_clock,
	.wait = wait_for_frames,
	.close = close_source};

int source_ethdev_open(
	struct source **out, const struct ethdev_queues *queues, struct rte_mempool *jumbo, struct source *first)
{
	struct source_ethdev *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->base.ops = &ethdev_ops;
	s->queues = *queues;
	s->jumbo = jumbo;
	s->first = !first;
	wakeup_init(&s->wakeup);
	for (uint16_t i = 0; i < queues->count; i++)
		wakeup_add(&s->wakeup, queues->item[i].port, queues->item[i].queue);
	if (first) {
		s->peer = ((struct source_ethdev *)first)->peer;
		((struct source_ethdev *)first)->peer = s;
	}
	*out = &s->base;
	return 0;
}

uint64_t source_ethdev_clock(const struct source *s)
{
	return ((const struct source_ethdev *)s)->now_ns;
}

bool source_ethdev_waits(const struct source *s)
{
	return ((const struct source_ethdev *)s)->wakeup.epfd >= 0;
}

void source_ethdev_stop(struct source *s)
{
	atomic_store(&((struct source_ethdev *)s)->stopped, true);
}

uint64_t source_ethdev_received(const struct source *s)
{
	return atomic_load_explicit(&((const struct source_ethdev *)s)->received, memory_order_relaxed);
}
