// What DPDK itself takes for parts of the same job, on the same core in the same run: receiving alone, and finding
// flows with rte_hash. So a reader sees limit, library and ours side by side. Next: report.c.
#include "perf/perf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "dataplane/setup/memory.h"

#define BURSTS 20000u
#define RX_PORT "net_null0"

// What rte_hash is keyed by: the same 5-tuple, lower endpoint first.
struct peer_key {
	uint32_t addr[2];
	uint16_t port[2];
	uint32_t proto;
};

struct peer_line {
	uint64_t bytes, pkts, last_ns, spare[5];
};
_Static_assert(sizeof(struct peer_line) == 64, "the same line a flow has");

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static int start_port(uint16_t port)
{
	struct rte_eth_conf conf = {0};
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("perf_rx", 4095, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);

	if (!pool || rte_eth_dev_configure(port, 1, 0, &conf) != 0 ||
		rte_eth_rx_queue_setup(port, 0, 512, SOCKET_ID_ANY, NULL, pool) != 0 || rte_eth_dev_start(port) != 0)
		return -EIO;
	return 0;
}

// rte_eth_rx_burst from net_null and freeing, cycles a packet: nobody receives cheaper through DPDK.
static int receive_only(double *out)
{
	static double sample[BURSTS];
	struct rte_mbuf *mbufs[PKT_BURST];
	uint16_t port;

	if (rte_eth_dev_get_port_by_name(RX_PORT, &port) != 0 || start_port(port) != 0)
		return -ENODEV;
	uint32_t patience = BURSTS * YARDSTICK_PATIENCE;
	for (uint32_t i = 0; i < BURSTS;) {
		uint64_t before = yardstick(), begin = rte_rdtsc_precise();
		uint16_t n = rte_eth_rx_burst(port, 0, mbufs, PKT_BURST);
		rte_pktmbuf_free_bulk(mbufs, n);
		sample[i] = (double)(rte_rdtsc_precise() - begin) / (n ? n : 1);
		i += yardstick_accepts(yardstick_ours(before), &patience);
	}
	rte_eth_dev_stop(port);
	qsort(sample, BURSTS, sizeof(*sample), by_value);
	*out = sample[BURSTS / 2];
	return 0;
}

static inline void key_of(struct peer_key *k, const uint8_t *frame)
{
	uint32_t src, dst;
	uint16_t sport, dport;

	memcpy(&src, frame + 26, 4);
	memcpy(&dst, frame + 30, 4);
	memcpy(&sport, frame + 34, 2);
	memcpy(&dport, frame + 36, 2);
	bool swap = src > dst;
	k->addr[swap] = src;
	k->addr[!swap] = dst;
	k->port[swap] = sport;
	k->port[!swap] = dport;
	k->proto = frame[23];
}

struct peer_table {
	struct rte_hash *hash;
	struct peer_line *lines;
	uint64_t now_ns;
};

// Finds the flows of n frames and counts them, as the flow stage does for known ones.
static void count_burst(struct peer_table *t, struct rte_mbuf **mbufs, uint32_t n)
{
	struct peer_key keys[PKT_BURST];
	const void *key[PKT_BURST];
	int32_t at[PKT_BURST];

	for (uint32_t i = 0; i < n; i++) {
		key_of(&keys[i], rte_pktmbuf_mtod(mbufs[i], const uint8_t *));
		key[i] = &keys[i];
	}
	rte_hash_lookup_bulk(t->hash, key, n, at);
	for (uint32_t i = 0; i < n; i++)
		if (at[i] >= 0)
			rte_prefetch0(&t->lines[at[i]]);
	for (uint32_t i = 0; i < n; i++) {
		if (at[i] < 0)
			at[i] = rte_hash_add_key(t->hash, key[i]);
		if (at[i] < 0)
			continue;
		struct peer_line *line = &t->lines[at[i]];
		line->bytes += mbufs[i]->pkt_len;
		line->pkts++;
		line->last_ns = t->now_ns;
	}
}

static int open_table(struct peer_table *t, const struct perf_options *o)
{
	struct rte_hash_parameters p = {
		.name = "perf_peer",
		.entries = (uint32_t)(o->flows + o->flows / 4 + 64),
		.key_len = sizeof(struct peer_key),
		.hash_func = rte_hash_crc,
		.socket_id = SOCKET_ID_ANY,
	};

	t->hash = rte_hash_create(&p);
	t->lines = mem_map_bytes((uint64_t)p.entries * 2 * sizeof(*t->lines));
	return t->hash && t->lines ? 0 : -ENOMEM;
}

static double hash_trial(struct peer_table *t, struct lane *l, uint32_t batches)
{
	static double sample[4096];
	struct rte_mbuf **mbufs = lane_mbufs(l);

	batches = batches < 4096 ? batches : 4096;
	uint32_t patience = batches * YARDSTICK_PATIENCE;
	for (uint32_t b = 0; b < batches;) {
		lane_make_batch(l);
		t->now_ns += 1000;
		uint64_t before = yardstick(), begin = rte_rdtsc_precise();
		for (uint32_t at = 0; at < PERF_BATCH; at += PKT_BURST)
			count_burst(t, mbufs + at, PKT_BURST);
		sample[b] = (double)(rte_rdtsc_precise() - begin) / PERF_BATCH;
		b += yardstick_accepts(yardstick_ours(before), &patience);
		rte_pktmbuf_free_bulk(mbufs, PERF_BATCH);
	}
	qsort(sample, batches, sizeof(*sample), by_value);
	return sample[batches / 2];
}

int peers_measure(const struct perf_options *o, struct lane *l, struct peer_result *out)
{
	struct peer_table t = {0};

	memset(out, 0, sizeof(*out));
	if (receive_only(&out->receive) != 0)
		return -ENODEV;
	if (o->kind != PERF_SYN && o->kind != PERF_UDP && o->kind != PERF_ACK && o->kind != PERF_ONE)
		return 0;
	if (open_table(&t, o) != 0)
		return -ENOMEM;
	lane_restart(l);
	hash_trial(&t, l, (uint32_t)(o->flows / PERF_BATCH + 1)); // every flow once
	out->rte_hash = hash_trial(&t, l, (uint32_t)(o->packets / PERF_BATCH + 1));
	rte_hash_free(t.hash);
	return 0;
}
