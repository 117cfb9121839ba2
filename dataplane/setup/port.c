// Ports that only listen. Next: dataplane/setup/packet_socket.c, dataplane/source_ethdev.c.
#include "dataplane/setup/port.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <net/if.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "dataplane/setup/packet_socket.h"

#define JUMBO_MTU 9000u
#define FRAME_OVERHEAD (RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN)

const uint8_t port_rss_key[PORT_RSS_KEY_BYTES] = {
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
	0x6d,
	0x5a,
};

// Drivers whose missed counter stays 0 whatever they lose.
static const char *const silent_drivers[] = {
	"net_af_packet", "net_pcap", "net_tap", "net_null", "net_ring", "net_memif"};

// Drivers that start without a send queue but then never connect to their peer.
static const char *const pairing_drivers[] = {"net_memif", "net_vhost", "net_virtio_user"};

// Addresses alone, so that fragments go with the rest of their datagram's flow.
#define RSS_ADDRESSES                                                                                               \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER | RTE_ETH_RSS_NONFRAG_IPV4_TCP | \
		RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV4_SCTP | RTE_ETH_RSS_IPV6 |                   \
		RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER | RTE_ETH_RSS_NONFRAG_IPV6_TCP |             \
		RTE_ETH_RSS_NONFRAG_IPV6_UDP | RTE_ETH_RSS_NONFRAG_IPV6_SCTP)

static bool is_among(const char *driver, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(driver, names[i]) == 0)
			return true;
	return false;
}

__attribute__((format(printf, 2, 3))) static void note(struct port *p, const char *fmt, ...)
{
	size_t used = strlen(p->note);
	va_list ap;

	if (used && used + 2 < sizeof(p->note)) {
		memcpy(p->note + used, "; ", 3);
		used += 2;
	}
	va_start(ap, fmt);
	vsnprintf(p->note + used, sizeof(p->note) - used, fmt, ap);
	va_end(ap);
}

static uint16_t wanted_mtu(const struct port_config *cfg, const struct rte_eth_dev_info *info)
{
	uint32_t mtu = cfg->mtu ? cfg->mtu : JUMBO_MTU;
	uint32_t fits = cfg->mbuf_room - FRAME_OVERHEAD - 2 * RTE_VLAN_HLEN;

	if (info->max_mtu && mtu > info->max_mtu)
		mtu = info->max_mtu;
	if (info->max_rx_pktlen > FRAME_OVERHEAD && mtu > info->max_rx_pktlen - FRAME_OVERHEAD)
		mtu = info->max_rx_pktlen - FRAME_OVERHEAD;
	return (uint16_t)RTE_MIN(mtu, RTE_MIN(fits, UINT16_MAX));
}

// Several queues only where the device spreads addresses symmetrically: a Toeplitz hash whose key we set, or none.
static void set_rss(struct port *p, const struct port_config *cfg, const struct rte_eth_dev_info *info,
	struct rte_eth_conf *conf, uint16_t *queues)
{
	uint64_t types = info->flow_type_rss_offloads & RSS_ADDRESSES;

	*queues = RTE_MIN(cfg->queues, info->max_rx_queues);
	if (*queues <= 1) {
		*queues = 1;
		p->rss = PORT_RSS_NONE;
		return;
	}
	if (!types || !info->hash_key_size || info->hash_key_size > PORT_RSS_KEY_BYTES) {
		p->rss = PORT_RSS_REFUSED;
		note(p, "the device has no hash over addresses whose key can be set");
		return;
	}
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf.rss_key = (uint8_t *)(uintptr_t)port_rss_key;
	conf->rx_adv_conf.rss_conf.rss_key_len = info->hash_key_size;
	conf->rx_adv_conf.rss_conf.rss_hf = types;
	p->rss = PORT_RSS_SYMMETRIC;
}

// Zero send queues; a driver that refuses gets what it wants, set up and then left alone.
static int configure(struct port *p, const struct rte_eth_conf *conf, uint16_t queues)
{
	bool pairs = is_among(p->driver, pairing_drivers, RTE_DIM(pairing_drivers));

	p->tx_queues = 0;
	if (!pairs && rte_eth_dev_configure(p->id, queues, 0, conf) == 0)
		return 0;
	// what pairs wants as many to send with as it receives from
	p->tx_queues = pairs ? queues : 1;
	return rte_eth_dev_configure(p->id, queues, p->tx_queues, conf);
}

static int set_queues(struct port *p, const struct port_config *cfg, uint16_t queues)
{
	uint16_t descriptors = cfg->descriptors, tx = 64;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &descriptors, &tx);

	for (uint16_t q = 0; rc == 0 && q < queues; q++)
		rc = rte_eth_rx_queue_setup(p->id, q, descriptors, (unsigned int)p->socket, NULL, cfg->pool);
	for (uint16_t q = 0; rc == 0 && q < p->tx_queues; q++)
		rc = rte_eth_tx_queue_setup(p->id, q, tx, (unsigned int)p->socket, NULL);
	p->descriptors = descriptors;
	return rc;
}

static int start(struct port *p, const struct port_config *cfg, const struct rte_eth_dev_info *info, const char **step)
{
	struct rte_eth_conf conf = {0};
	uint16_t queues;
	int rc;

	conf.rxmode.mtu = p->mtu = wanted_mtu(cfg, info);
	if (cfg->checksum_offload)
		conf.rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_CHECKSUM;
	set_rss(p, cfg, info, &conf, &queues);
	*step = "configure";
	rc = configure(p, &conf, queues);
	if (rc && queues > 1) {
		p->rss = PORT_RSS_REFUSED;
		note(p, "the device refused the symmetric hash");
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_NONE;
		rc = configure(p, &conf, queues);
		if (rc)
			rc = configure(p, &conf, queues = 1);
	}
	if (rc)
		return rc;
	p->queues = queues;
	*step = "set up its queues";
	rc = set_queues(p, cfg, queues);
	*step = "start";
	return rc ? rc : rte_eth_dev_start(p->id);
}

int port_open(struct port *p, const struct port_config *cfg, char *why, size_t why_size)
{
	struct rte_eth_dev_info info;
	const char *step = "ask";
	int rc;

	*p = (struct port){.id = cfg->id};
	snprintf(p->name, sizeof(p->name), "%.*s", (int)strcspn(cfg->name, ","), cfg->name);
	rc = rte_eth_dev_info_get(cfg->id, &info);
	if (rc == 0) {
		snprintf(p->driver, sizeof(p->driver), "%s", info.driver_name ? info.driver_name : "?");
		p->socket = rte_eth_dev_socket_id(cfg->id);
		rc = start(p, cfg, &info, &step);
	}
	if (rc) {
		snprintf(why, why_size, "%s: the %s device does not %s: %s", p->name, p->driver[0] ? p->driver : "DPDK",
			step, strerror(-rc));
		rte_eth_dev_close(cfg->id);
		return rc;
	}
	p->running = true;
	p->ifindex = cfg->kernel_name ? (int)if_nametoindex(cfg->kernel_name) : 0;
	p->counts_drops = p->ifindex || !is_among(p->driver, silent_drivers, RTE_DIM(silent_drivers));
	rte_eth_stats_reset(p->id);
	if (cfg->promiscuous && rte_eth_promiscuous_enable(p->id) != 0 && rte_eth_promiscuous_get(p->id) != 1)
		note(p, "promiscuous mode is refused");
	// tags stay in the frame: decode wants to see them
	rte_eth_dev_set_vlan_offload(p->id, 0);
	return 0;
}

void port_close(struct port *p)
{
	if (!p->running)
		return;
	p->running = false;
	rte_eth_dev_stop(p->id);
	rte_eth_dev_close(p->id);
}

void port_stats(struct port *p, struct port_stats *out)
{
	struct rte_eth_stats s;

	if (!p->running || rte_eth_stats_get(p->id, &s) != 0) {
		*out = (struct port_stats){.missed = UINT64_MAX, .errors = UINT64_MAX, .no_buffer = UINT64_MAX};
		return;
	}
	if (p->ifindex)
		p->kernel_drops += packet_socket_drops(p->ifindex);
	*out = (struct port_stats){
		.received = s.ipackets,
		.bytes = s.ibytes,
		.missed = p->counts_drops ? s.imissed + p->kernel_drops : UINT64_MAX,
		.errors = s.ierrors,
		.no_buffer = s.rx_nombuf,
	};
}

bool port_link_up(const struct port *p)
{
	struct rte_eth_link link;

	if (p->ifindex)
		return packet_interface_up(p->ifindex);
	return rte_eth_link_get_nowait(p->id, &link) != 0 || link.link_status == RTE_ETH_LINK_UP;
}
