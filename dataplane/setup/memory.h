// Memory taken at start: packet buffers and big tables. Cold; nothing here is called a packet.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

// The longest frame a capture may hold (libpcap's MAXIMUM_SNAPLEN).
#define FRAME_MAX_BYTES 262144u
// Room of a small buffer behind RTE_PKTMBUF_HEADROOM; longer frames go to the jumbo pool.
#define MBUF_SMALL_ROOM_BYTES 2048u

// Two pools: ordinary frames, and the few longer ones (capture files hold up to 256 KiB a frame, a
// datagram rebuilt from fragments up to 64 KiB).
//
// An mbuf's buf_len and data_len have 16 bits, so a jumbo element is simply larger than its buf_len
// says: FRAME_MAX_BYTES contiguous bytes lie behind the headroom. There pkt_len carries the real
// length and data_len is capped at what fits. struct packet's data and len are what every stage reads;
// DPDK functions that walk data_len must not be given jumbo mbufs, freeing them is ordinary.
struct mbuf_pools {
	struct rte_mempool *small;
	struct rte_mempool *jumbo;
};

struct mbuf_pools_config {
	const char *name; // prefix of the pool names, unique in the process, at most 16 characters
	uint32_t small_count;
	uint32_t jumbo_count;
	uint32_t small_room; // bytes of a frame a small buffer holds; 0: MBUF_SMALL_ROOM_BYTES
	int socket;          // NUMA node, or SOCKET_ID_ANY
};

// Creates both pools. Without hugepages (--no-huge) their memory is our own anonymous mapping, so that
// EAL's fixed heap need not be large. Returns 0 or -errno.
int mbuf_pools_create(struct mbuf_pools *out, const struct mbuf_pools_config *cfg);
// Frees what create made; pools may be NULL inside. Every mbuf must be back.
void mbuf_pools_free(struct mbuf_pools *pools);

// Sets the length of a single-segment mbuf, capped where the field is too small (see above).
static inline void mbuf_set_len(struct rte_mbuf *m, uint32_t len)
{
	uint32_t room = (uint32_t)m->buf_len - m->data_off;

	m->pkt_len = len;
	m->data_len = (uint16_t)(len < room ? len : room);
}

// Whether mem_map_bytes asks for huge pages; it does until told otherwise. A table that a short run touches here and
// there costs several times its memory on huge pages, and the time to clear it; a long run wants them.
void mem_use_huge_pages(bool yes);

// Whether mem_map_bytes takes its pages at once; it does not until told so. A live port does not wait while a page
// is cleared on the packet path; a capture does, and may never touch most of its tables.
void mem_fault_at_once(bool yes);
// The NUMA node mem_map_bytes asks for from here on: that of the worker whose tables come next, -1 for any.
void mem_prefer_node(int node);
// Zeroed anonymous memory for a big table, on transparent huge pages where the kernel grants them.
// Pages are taken when touched. Returns NULL when there is no memory. Free with mem_unmap_bytes.
void *mem_map_bytes(size_t size);
// Accepts NULL; size as given to mem_map_bytes.
void mem_unmap_bytes(void *mem, size_t size);
