// Ports that only listen. Next: dataplane/setup/packet_socket.c, dataplane/source_ethdev.c.
#include "dataplane/setup/port.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <net/if.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "dataplane/setup/packet_socket.h"

#define TABLE_MAX 2048u // entries of a redirection table
#define JUMBO_MTU 9000u
#define FRAME_OVERHEAD (RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN)

// clang-format off
const uint8_t port_rss_key[PORT_RSS_KEY_BYTES] = {
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d,
	0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d,
	0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
};
// clang-format on

// Drivers whose missed counter stays 0 whatever they lose.
static const char *const silent_drivers[] = {"net_af_packet", "net_pcap", "net_tap", "net_null", "net_ring",
	"net_memif",
	// what their peer could not hand over never came here
	"net_vhost", "net_virtio_user"};

// Drivers that start without a send queue but then never connect to their peer.
static const char *const pairing_drivers[] = {"net_memif", "net_vhost", "net_virtio_user"};

// Addresses alone, so that a pair's fragments and all its connections go to one queue.
#define RSS_ADDRESSES                                                                                   \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER | RTE_ETH_RSS_IPV6 | \
		RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER)
// With ports, for devices that know no other way to spread these.
#define RSS_PORTS_IPV4 (RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV4_SCTP)
#define RSS_PORTS_IPV6 (RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP | RTE_ETH_RSS_NONFRAG_IPV6_SCTP)

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

// What the device is asked to hash: IPV4 stands for every IPv4 packet, whatever it carries.
static uint64_t hash_types(uint64_t offered)
{
	uint64_t types = offered & RSS_ADDRESSES;

	if (!(offered & RTE_ETH_RSS_IPV4))
		types |= offered & RSS_PORTS_IPV4;
	if (!(offered & RTE_ETH_RSS_IPV6))
		types |= offered & RSS_PORTS_IPV6;
	return types;
}

static void note_hash_types(struct port *p, uint64_t types)
{
	if (types & (RSS_PORTS_IPV4 | RSS_PORTS_IPV6))
		note(p, "the device hashes ports too: fragments may go to another worker than the rest of their flow");
	if (!(types & (RTE_ETH_RSS_IPV4 | RSS_PORTS_IPV4)) || !(types & (RTE_ETH_RSS_IPV6 | RSS_PORTS_IPV6)))
		note(p, "the device does not hash all of IPv4 and IPv6: one worker gets what it does not");
}

// Several queues only where the device spreads symmetrically: a Toeplitz hash whose key we set, or none.
static void set_rss(struct port *p, const struct port_config *cfg, const struct rte_eth_dev_info *info,
	struct rte_eth_conf *conf, uint16_t *queues)
{
	uint64_t types = hash_types(info->flow_type_rss_offloads);

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

// A device that took the key may still use another (net_tap leaves it to the kernel): it must give it back.
static void check_rss(struct port *p, const struct rte_eth_dev_info *info, uint64_t asked)
{
	uint8_t key[PORT_RSS_KEY_BYTES] = {0};
	struct rte_eth_rss_conf conf = {.rss_key = key, .rss_key_len = info->hash_key_size};

	if (p->rss != PORT_RSS_SYMMETRIC)
		return;
	if (rte_eth_dev_rss_hash_conf_get(p->id, &conf) != 0 || memcmp(key, port_rss_key, info->hash_key_size) != 0) {
		p->rss = PORT_RSS_REFUSED;
		note(p, "the device does not show that it hashes with the symmetric key");
		return;
	}
	if (conf.rss_hf & ~(asked | RSS_ADDRESSES)) {
		p->rss = PORT_RSS_REFUSED;
		note(p, "the device hashes more than it was asked to");
		return;
	}
	note_hash_types(p, conf.rss_hf & asked);
}

// Entry e of the redirection table to the same queue on every port, whatever its table's size: so the two directions of
// a tap meet where two ports are not of one kind.
static void set_redirection(struct port *p, const struct rte_eth_dev_info *info, uint16_t queues)
{
	struct rte_eth_rss_reta_entry64 table[TABLE_MAX / RTE_ETH_RETA_GROUP_SIZE] = {0};

	if (p->rss != PORT_RSS_SYMMETRIC || !info->reta_size || info->reta_size > TABLE_MAX)
		return;
	for (uint16_t e = 0; e < info->reta_size; e++) {
		table[e / RTE_ETH_RETA_GROUP_SIZE].mask |= UINT64_C(1) << e % RTE_ETH_RETA_GROUP_SIZE;
		table[e / RTE_ETH_RETA_GROUP_SIZE].reta[e % RTE_ETH_RETA_GROUP_SIZE] = port_queue_of_hash(e, queues);
	}
	p->common_table = rte_eth_dev_rss_reta_update(p->id, table, info->reta_size) == 0 &&
			  (info->reta_size % PORT_TABLE_PERIOD == 0 || rte_is_power_of_2(queues));
}

// Zero send queues; a driver that refuses gets what it wants, set up and then left alone: one, or as many as it
// receives from.
static int configure(struct port *p, const struct rte_eth_conf *conf, uint16_t queues)
{
	bool pairs = is_among(p->driver, pairing_drivers, RTE_DIM(pairing_drivers));
	const uint16_t wanted[] = {0, 1, queues};
	int rc = -EINVAL;

	for (size_t i = pairs ? 2 : 0; rc && i < RTE_DIM(wanted); i++) {
		p->tx_queues = wanted[i];
		rc = rte_eth_dev_configure(p->id, queues, wanted[i], conf);
	}
	return rc;
}

// With several queues: symmetric RSS, else the queues without it, else one queue.
static int configure_any(struct port *p, struct rte_eth_conf *conf, uint16_t *queues)
{
	int rc = configure(p, conf, *queues);

	if (rc == 0 || *queues == 1)
		return rc;
	if (p->rss == PORT_RSS_SYMMETRIC)
		note(p, "the device refused the symmetric hash");
	p->rss = PORT_RSS_REFUSED;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_NONE;
	rc = configure(p, conf, *queues);
	return rc ? configure(p, conf, *queues = 1) : 0;
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

static int start_with(struct port *p, const struct port_config *cfg, const struct rte_eth_dev_info *info,
	bool interrupts, const char **step)
{
	struct rte_eth_conf conf = {.intr_conf.rxq = interrupts};
	uint16_t queues;
	int rc;

	conf.rxmode.mtu = p->mtu = wanted_mtu(cfg, info);
	if (cfg->checksum_offload)
		conf.rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_CHECKSUM;
	set_rss(p, cfg, info, &conf, &queues);
	*step = "configure";
	rc = configure_any(p, &conf, &queues);
	if (rc)
		return rc;
	p->queues = queues;
	*step = "set up its queues";
	rc = set_queues(p, cfg, queues);
	*step = "start";
	if (rc == 0)
		rc = rte_eth_dev_start(p->id);
	if (rc == 0) {
		check_rss(p, info, conf.rx_adv_conf.rss_conf.rss_hf);
		set_redirection(p, info, queues);
	}
	return rc;
}

// Interrupts are asked for once: a device that starts only without them is polled.
static int start(struct port *p, const struct port_config *cfg, const struct rte_eth_dev_info *info, const char **step)
{
	struct port fresh = *p;
	int rc = start_with(p, cfg, info, cfg->interrupts, step);

	if (rc && cfg->interrupts) {
		*p = fresh;
		return start_with(p, cfg, info, false, step);
	}
	if (rc == 0 && cfg->interrupts && rte_eth_dev_rx_intr_ctl_q_get_fd(p->id, 0) >= 0)
		p->wakes = PORT_WAKES_BY_DEVICE;
	return rc;
}

static _Atomic uint64_t send_attempts;

static uint16_t refuse_to_send(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	(void)queue, (void)pkts;
	atomic_fetch_add_explicit(&send_attempts, n, memory_order_relaxed);
	return 0;
}

// Whatever in this process calls rte_eth_tx_burst comes here: a port without a send queue would be a wild pointer to
// it, and one whose driver insists on a queue would send.
static void seal(const struct port *p)
{
	static void *no_queues[RTE_MAX_QUEUES_PER_PORT];
	struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[p->id];

	ops->txq.data = no_queues;
	ops->txq.clbk = no_queues;
	ops->tx_pkt_prepare = refuse_to_send;
	ops->tx_pkt_burst = refuse_to_send;
}

uint64_t port_send_attempts(void)
{
	return atomic_load_explicit(&send_attempts, memory_order_relaxed);
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
	seal(p);
	p->ifindex = cfg->kernel_name ? (int)if_nametoindex(cfg->kernel_name) : 0;
	if (p->ifindex && cfg->interrupts)
		p->wakes = PORT_WAKES_BY_SOCKET;
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
