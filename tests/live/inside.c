// Loaded into the sensor (LD_PRELOAD) by tests: code inside the process that a detector could be.
//   INSIDE_GO=FILE    when this file is there, the sensor is up and it begins
//   INSIDE_SEND=1     sends a frame on every queue of every port, again and again, as no detector may
//   INSIDE_RING=PCAP  puts the frames of a capture into the rings of net_ring ports, by turns: the port's other end
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#define PERIOD_US 20000

static struct rte_mempool *pool;

static void send_everywhere(void)
{
	static const uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 0x08, 0x06};
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port) {
		for (uint16_t queue = 0; queue < 4; queue++) {
			struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

			if (!m)
				return;
			memcpy(rte_pktmbuf_append(m, sizeof(frame)), frame, sizeof(frame));
			if (rte_eth_tx_burst(port, queue, &m, 1) == 0)
				rte_pktmbuf_free(m);
		}
	}
}

static struct rte_ring *ring_of(unsigned int queue)
{
	char name[64];

	snprintf(name, sizeof(name), "ETH_RXTX%u_net_ring0", queue);
	return rte_ring_lookup(name);
}

static void feed_rings(const char *path)
{
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *in = pcap_open_offline(path, err);
	struct rte_eth_dev_info info;
	struct pcap_pkthdr *header;
	const u_char *data;
	unsigned int queue = 0;

	rte_eth_dev_info_get(0, &info);
	while (in && pcap_next_ex(in, &header, &data) == 1) {
		struct rte_mbuf *m;

		while (!(m = rte_pktmbuf_alloc(pool)))
			usleep(100);
		memcpy(rte_pktmbuf_append(m, (uint16_t)header->caplen), data, header->caplen);
		while (rte_ring_enqueue(ring_of(queue), m) != 0)
			usleep(100);
		queue = (queue + 1) % info.nb_rx_queues;
	}
	if (in)
		pcap_close(in);
}

static void *run(void *arg)
{
	const char *path = getenv("INSIDE_RING");

	while (access(getenv("INSIDE_GO"), F_OK) != 0)
		usleep(PERIOD_US);
	pool = rte_pktmbuf_pool_create("inside", 1023, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (path)
		feed_rings(path);
	while (getenv("INSIDE_SEND")) {
		send_everywhere();
		usleep(PERIOD_US);
	}
	return arg;
}

__attribute__((constructor)) static void start(void)
{
	pthread_t thread;

	if (getenv("INSIDE_GO") && pthread_create(&thread, NULL, run, NULL) == 0)
		pthread_detach(thread);
}
