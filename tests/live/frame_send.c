// Sends the frames of a pcap file over a DPDK virtual device: the other end of a kernel-bypass path in
// tests. Queue of a frame: its number modulo the queues, so that flows do not keep to one.
// usage: frame_send PCAP VDEV [QUEUES]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#define POOL_MBUFS 4095u
#define WAIT_MS 15000u

static int start_eal(const char *vdev)
{
	char device[256];
	char *argv[] = {(char *)"frame_send", (char *)"--no-huge", (char *)"-m", (char *)"128", (char *)"--no-pci",
		(char *)"--no-shconf", (char *)"--no-telemetry", (char *)"--log-level=*:error", device, NULL};

	snprintf(device, sizeof(device), "--vdev=%s", vdev);
	return rte_eal_init(9, argv) < 0 ? -1 : 0;
}

static int start_port(uint16_t port, uint16_t queues, struct rte_mempool *pool)
{
	struct rte_eth_conf conf = {0};
	int rc = rte_eth_dev_configure(port, queues, queues, &conf);

	for (uint16_t q = 0; rc == 0 && q < queues; q++) {
		rc = rte_eth_rx_queue_setup(port, q, 256, SOCKET_ID_ANY, NULL, pool);
		if (rc == 0)
			rc = rte_eth_tx_queue_setup(port, q, 256, SOCKET_ID_ANY, NULL);
	}
	return rc ? rc : rte_eth_dev_start(port);
}

static int wait_link(uint16_t port)
{
	struct rte_eth_link link = {0};

	for (unsigned int ms = 0; ms < WAIT_MS; ms += 10) {
		if (rte_eth_link_get_nowait(port, &link) == 0 && link.link_status == RTE_ETH_LINK_UP)
			return 0;
		rte_delay_ms(10);
	}
	return -1;
}

// A full queue is tried again for a while: a frame that was taken is a frame that arrives.
static int send_one(uint16_t port, uint16_t queue, struct rte_mempool *pool, const u_char *data, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	char *to = m ? rte_pktmbuf_append(m, (uint16_t)len) : NULL;

	if (!to)
		return -1;
	memcpy(to, data, len);
	for (int tries = 0; tries < 20000; tries++) {
		if (rte_eth_tx_burst(port, queue, &m, 1) == 1)
			return 0;
		rte_delay_us_sleep(100);
	}
	rte_pktmbuf_free(m);
	return -1;
}

int main(int argc, char **argv)
{
	char err[PCAP_ERRBUF_SIZE];
	uint16_t queues = argc > 3 ? (uint16_t)atoi(argv[3]) : 1;
	struct pcap_pkthdr *header;
	const u_char *data;
	unsigned long sent = 0;

	if (argc < 3 || queues < 1 || start_eal(argv[2]) != 0) {
		fprintf(stderr, "usage: frame_send PCAP VDEV [QUEUES]\n");
		return 1;
	}
	pcap_t *in = pcap_open_offline(argv[1], err);
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("send", POOL_MBUFS, 64, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);

	if (!in || !pool || start_port(0, queues, pool) != 0 || wait_link(0) != 0) {
		fprintf(stderr, "frame_send: %s does not come up\n", argv[2]);
		return 1;
	}
	rte_delay_ms(300); // the other end may still be mapping the rings
	while (pcap_next_ex(in, &header, &data) == 1)
		if (send_one(0, (uint16_t)(sent % queues), pool, data, header->caplen) == 0)
			sent++;
	rte_delay_ms(1000); // let the other end take what lies in the rings
	printf("%lu\n", sent);
	rte_eth_dev_stop(0);
	return 0;
}
