// Live ports as sources: each worker (or the distributor) reads one queue of every port. Next: run_live.h.
#pragma once

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "dataplane/setup/port.h"
#include "dataplane/source.h"

#define ETHDEV_MAX_QUEUES 64u

struct ethdev_queue {
	struct port *port;
	uint16_t queue;
	uint16_t iface; // index of the port in the order it was given
};

struct ethdev_queues {
	uint16_t count;
	struct ethdev_queue item[ETHDEV_MAX_QUEUES];
};

// A source over the named queues, in turn. Frames get the time they were received at (CLOCK_REALTIME, one
// reading a burst, never going back) and, as seq, that time's nanoseconds made unique: so what several
// sources receive has one order.
// jumbo: pool of struct mbuf_pools for frames that came in several mbufs; they are copied into one of its.
// first: the run's first source, whose stats then speak for all of them and for the ports; NULL for the first itself.
// Returns 0 or -ENOMEM. The ports must outlive the source and are not closed by it.
int source_ethdev_open(
	struct source **out, const struct ethdev_queues *queues, struct rte_mempool *jumbo, struct source *first);

// The time of the source's last rx, nanoseconds since 1970: whatever it hands over later is later.
uint64_t source_ethdev_clock(const struct source *s);
// Whether every queue of the source can wake who waits for a frame.
bool source_ethdev_waits(const struct source *s);
// From here on rx returns nothing, and ended is true. For whoever stops a run; any thread.
void source_ethdev_stop(struct source *s);
// Frames handed over by this source.
uint64_t source_ethdev_received(const struct source *s);

// What a NIC says of the checksums of a frame, as packet flags.
static inline uint32_t source_ethdev_sums(uint64_t ol_flags)
{
	const uint64_t masks = RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK;
	const uint64_t good = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;

	if (likely((ol_flags & masks) == good))
		return PKT_L3_CSUM_OK | PKT_L4_CSUM_OK;
	return ((ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD ? PKT_L3_CSUM_OK : 0) |
	       ((ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD ? PKT_L4_CSUM_OK : 0);
}

// Fills n packets from mbufs in one piece each, as a port hands them over; all have the time of the burst. seq: of the
// first. Reads the mbufs' first cache lines only, and asks for the frames': the NIC has left them in the last-level
// cache or in memory.
static inline void source_ethdev_fill(
	struct packet *p, struct rte_mbuf *const *mbufs, uint32_t n, uint16_t iface, uint64_t now_ns, uint64_t seq)
{
	for (const struct packet *end = p + n; p < end; p++) {
		struct rte_mbuf *m = *mbufs++;
		const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
		uint32_t len = m->pkt_len, flags = source_ethdev_sums(m->ol_flags);

		rte_prefetch0(data);
		packet_begin(p);
		p->data = data;
		p->mbuf = m;
		p->ts_ns = now_ns;
		p->seq = seq++;
		p->len = len;
		p->wire_len = len;
		p->link_type = SOURCE_LINK_ETHERNET;
		p->iface = iface;
		p->flags = flags;
	}
}
