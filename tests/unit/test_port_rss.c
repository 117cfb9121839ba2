// A port's set-up against a NIC of our own: what it is asked for, and what its hash then does with real frames. The
// ethdev calls of port.c are redirected here at link time (-Wl,--wrap), nothing in the product knows of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <rte_ethdev.h>
#include <rte_thash.h>

#include "dataplane/setup/port.h"

enum { QUEUES = 4, TABLE = 256, KEY = 40 };

// What the NIC can do, and what it has been told.
static struct {
	uint64_t types; // hash types it offers
	uint8_t key_size;
	uint16_t table_size, queues;
	bool refuses_rss, hides_key, needs_tx;
	uint16_t rx, tx;
	struct rte_eth_rss_conf asked;
	uint8_t key[KEY];
	uint64_t hash_types;
	uint16_t table[TABLE];
} nic;

int __wrap_rte_eth_dev_info_get(uint16_t id, struct rte_eth_dev_info *info);
int __wrap_rte_eth_dev_info_get(uint16_t id, struct rte_eth_dev_info *info)
{
	*info = (struct rte_eth_dev_info){.driver_name = "net_test",
		.max_rx_queues = nic.queues,
		.max_tx_queues = nic.queues,
		.max_rx_pktlen = 9728,
		.max_mtu = 9600,
		.hash_key_size = nic.key_size,
		.reta_size = nic.table_size,
		.flow_type_rss_offloads = nic.types};
	return 0;
}

int __wrap_rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf);
int __wrap_rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf)
{
	bool rss = conf->rxmode.mq_mode == RTE_ETH_MQ_RX_RSS;

	if ((rss && nic.refuses_rss) || (nic.needs_tx && tx != rx))
		return -EINVAL;
	nic.rx = rx;
	nic.tx = tx;
	nic.hash_types = rss ? conf->rx_adv_conf.rss_conf.rss_hf & nic.types : 0;
	if (rss)
		memcpy(nic.key, conf->rx_adv_conf.rss_conf.rss_key, nic.key_size);
	return 0;
}

int __wrap_rte_eth_dev_rss_hash_conf_get(uint16_t id, struct rte_eth_rss_conf *conf);
int __wrap_rte_eth_dev_rss_hash_conf_get(uint16_t id, struct rte_eth_rss_conf *conf)
{
	if (nic.hides_key)
		return -ENOTSUP;
	memcpy(conf->rss_key, nic.key, nic.key_size);
	conf->rss_hf = nic.hash_types;
	return 0;
}

int __wrap_rte_eth_dev_rss_reta_update(uint16_t id, struct rte_eth_rss_reta_entry64 *table, uint16_t size);
int __wrap_rte_eth_dev_rss_reta_update(uint16_t id, struct rte_eth_rss_reta_entry64 *table, uint16_t size)
{
	for (uint16_t e = 0; e < size; e++)
		if (table[e / RTE_ETH_RETA_GROUP_SIZE].mask >> e % RTE_ETH_RETA_GROUP_SIZE & 1)
			nic.table[e] = table[e / RTE_ETH_RETA_GROUP_SIZE].reta[e % RTE_ETH_RETA_GROUP_SIZE];
	return 0;
}

int __wrap_rte_eth_rx_queue_setup(void);
int __wrap_rte_eth_rx_queue_setup(void)
{
	return 0;
}

int __wrap_rte_eth_tx_queue_setup(void);
int __wrap_rte_eth_tx_queue_setup(void)
{
	return 0;
}

int __wrap_rte_eth_dev_start(uint16_t id);
int __wrap_rte_eth_dev_start(uint16_t id)
{
	return 0;
}

int __wrap_rte_eth_dev_adjust_nb_rx_tx_desc(uint16_t id, uint16_t *rx, uint16_t *tx);
int __wrap_rte_eth_dev_adjust_nb_rx_tx_desc(uint16_t id, uint16_t *rx, uint16_t *tx)
{
	return 0;
}

int __wrap_rte_eth_dev_socket_id(uint16_t id);
int __wrap_rte_eth_dev_socket_id(uint16_t id)
{
	return 0;
}

static void fresh_nic(uint64_t types)
{
	memset(&nic, 0, sizeof(nic));
	nic.types = types;
	nic.key_size = KEY;
	nic.table_size = TABLE;
	nic.queues = 16;
}

static void open_port(struct port *p, uint16_t queues)
{
	struct port_config cfg = {.name = "nic0", .queues = queues, .descriptors = 512, .mbuf_room = 2048};
	char why[256] = "";

	assert_int_equal(port_open(p, &cfg, why, sizeof(why)), 0);
}

// ---- what a NIC does with a packet ----

struct flow_ends {
	uint32_t a[4], b[4]; // host words of the addresses, one for IPv4
	uint16_t a_port, b_port;
	bool v6;
	uint8_t protocol; // 6, 17, 132; 0: a fragment
};

static uint64_t type_with_ports(const struct flow_ends *f)
{
	switch (f->protocol) {
	case 6:
		return f->v6 ? RTE_ETH_RSS_NONFRAG_IPV6_TCP : RTE_ETH_RSS_NONFRAG_IPV4_TCP;
	case 17:
		return f->v6 ? RTE_ETH_RSS_NONFRAG_IPV6_UDP : RTE_ETH_RSS_NONFRAG_IPV4_UDP;
	case 132:
		return f->v6 ? RTE_ETH_RSS_NONFRAG_IPV6_SCTP : RTE_ETH_RSS_NONFRAG_IPV4_SCTP;
	default:
		return 0;
	}
}

// The queue a packet of the flow lands on: the most special type that is switched on decides what is hashed.
static uint16_t queue_of(const struct flow_ends *f, bool back)
{
	uint64_t plain = f->v6 ? RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 : RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4;
	uint32_t words = f->v6 ? 4 : 1, tuple[9], n = 2 * words;
	uint16_t sport = back ? f->b_port : f->a_port, dport = back ? f->a_port : f->b_port;
	bool ports = nic.hash_types & type_with_ports(f);

	if (!ports && !(nic.hash_types & plain))
		return nic.table[0]; // not hashed
	memcpy(tuple, back ? f->b : f->a, words * 4);
	memcpy(tuple + words, back ? f->a : f->b, words * 4);
	tuple[n] = (uint32_t)sport << 16 | dport;
	return nic.table[rte_softrss(tuple, ports ? n + 1 : n, nic.key) % nic.table_size];
}

static uint32_t any(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*state >> 32);
}

// Both directions of many flows of every kind meet on one queue, and all queues are used.
static void check_directions_meet(void)
{
	static const uint8_t protocols[] = {6, 17, 132, 0};
	uint32_t used[QUEUES] = {0};
	uint64_t seed = 7;

	for (int i = 0; i < 4000; i++) {
		struct flow_ends f = {.v6 = i & 1, .protocol = protocols[i / 2 % 4]};

		for (int w = 0; w < 4; w++) {
			f.a[w] = any(&seed);
			f.b[w] = any(&seed);
		}
		f.a_port = (uint16_t)any(&seed);
		f.b_port = (uint16_t)any(&seed);
		assert_int_equal(queue_of(&f, false), queue_of(&f, true));
		assert_in_range(queue_of(&f, false), 0, QUEUES - 1);
		used[queue_of(&f, false)]++;
	}
	for (int q = 0; q < QUEUES; q++)
		assert_in_range(used[q], 700, 1300);
}

#define ALL_TYPES (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_SCTP)

static void port_rss_both_directions_land_on_one_queue(void **state)
{
	struct port p;

	fresh_nic(ALL_TYPES);
	open_port(&p, QUEUES);
	assert_int_equal(p.rss, PORT_RSS_SYMMETRIC);
	assert_int_equal(nic.rx, QUEUES);
	assert_int_equal(nic.tx, 0);
	assert_true(p.common_table);
	assert_string_equal(p.note, "");
	check_directions_meet();
}

static void port_rss_hashes_addresses_alone_where_it_can(void **state)
{
	struct flow_ends f = {.a = {1}, .b = {2}, .a_port = 1000, .b_port = 80, .protocol = 6};
	struct port p;

	fresh_nic(ALL_TYPES);
	open_port(&p, QUEUES);
	uint16_t queue = queue_of(&f, false);
	for (uint16_t port = 1; port < 200; port++) {
		f.a_port = port;
		assert_int_equal(queue_of(&f, false), queue);
	}
	f.protocol = 0; // a fragment of it
	assert_int_equal(queue_of(&f, false), queue);
}

static void port_rss_with_ports_is_used_and_said_where_a_nic_knows_no_other(void **state)
{
	struct port p;

	fresh_nic(RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV4_TCP |
		  RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV4_SCTP | RTE_ETH_RSS_NONFRAG_IPV6_TCP |
		  RTE_ETH_RSS_NONFRAG_IPV6_UDP | RTE_ETH_RSS_NONFRAG_IPV6_SCTP);
	open_port(&p, QUEUES);
	assert_int_equal(p.rss, PORT_RSS_SYMMETRIC);
	assert_non_null(strstr(p.note, "hashes ports too"));
	check_directions_meet();
}

static void port_rss_of_ipv4_alone_is_said(void **state)
{
	struct port p;

	fresh_nic(RTE_ETH_RSS_IPV4);
	open_port(&p, QUEUES);
	assert_int_equal(p.rss, PORT_RSS_SYMMETRIC);
	assert_non_null(strstr(p.note, "does not hash all of IPv4 and IPv6"));
}

static void port_rss_refused_by_the_nic_falls_back_to_the_distributor(void **state)
{
	struct port p;

	fresh_nic(ALL_TYPES);
	nic.refuses_rss = true;
	open_port(&p, QUEUES);
	assert_int_equal(p.rss, PORT_RSS_REFUSED);
	assert_int_equal(p.queues, QUEUES);
	assert_non_null(strstr(p.note, "refused the symmetric hash"));
}

static void port_rss_without_a_key_falls_back_to_the_distributor(void **state)
{
	struct port p;

	fresh_nic(ALL_TYPES);
	nic.key_size = 0;
	open_port(&p, QUEUES);
	assert_int_equal(p.rss, PORT_RSS_REFUSED);
	assert_non_null(strstr(p.note, "no hash over addresses whose key can be set"));
	fresh_nic(RTE_ETH_RSS_L2_PAYLOAD); // no address is hashed
	open_port(&p, QUEUES);
	assert_int_equal(p.rss, PORT_RSS_REFUSED);
}

static void port_rss_key_that_is_not_shown_is_not_believed(void **state)
{
	struct port p;

	fresh_nic(ALL_TYPES);
	nic.hides_key = true;
	open_port(&p, QUEUES);
	assert_int_equal(p.rss, PORT_RSS_REFUSED);
	assert_non_null(strstr(p.note, "does not show that it hashes with the symmetric key"));
}

// A tap's two directions on two NICs whose tables differ in size.
static void port_rss_tables_of_all_sizes_agree(void **state)
{
	static const uint16_t sizes[] = {64, 128, 256};
	uint16_t queues[3][256];
	struct port p;

	for (size_t s = 0; s < RTE_DIM(sizes); s++) {
		fresh_nic(ALL_TYPES);
		nic.table_size = sizes[s];
		open_port(&p, 3);
		assert_int_equal(p.common_table, sizes[s] != 64); // 64 entries cannot agree on three queues
		for (uint32_t hash = 0; hash < 256; hash++)
			queues[s][hash] = nic.table[hash % sizes[s]];
	}
	assert_memory_equal(queues[1], queues[2], sizeof(queues[1]));
}

static void port_send_queues_are_none_or_what_the_nic_insists_on(void **state)
{
	struct port p;

	fresh_nic(ALL_TYPES);
	open_port(&p, 1);
	assert_int_equal(p.tx_queues, 0);
	fresh_nic(ALL_TYPES);
	nic.needs_tx = true;
	open_port(&p, QUEUES);
	assert_int_equal(p.tx_queues, QUEUES);
	assert_int_equal(p.queues, QUEUES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_rss_both_directions_land_on_one_queue),
		cmocka_unit_test(port_rss_hashes_addresses_alone_where_it_can),
		cmocka_unit_test(port_rss_with_ports_is_used_and_said_where_a_nic_knows_no_other),
		cmocka_unit_test(port_rss_of_ipv4_alone_is_said),
		cmocka_unit_test(port_rss_refused_by_the_nic_falls_back_to_the_distributor),
		cmocka_unit_test(port_rss_without_a_key_falls_back_to_the_distributor),
		cmocka_unit_test(port_rss_key_that_is_not_shown_is_not_believed),
		cmocka_unit_test(port_rss_tables_of_all_sizes_agree),
		cmocka_unit_test(port_send_queues_are_none_or_what_the_nic_insists_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
