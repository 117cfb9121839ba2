// The memory source: loops, sharing, and addresses that change from loop to loop with right checksums.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_eal.h>

#include "dataplane/source_memory.h"
#include "tests/unit/build_packet.h"

static struct mbuf_pools pools;

static struct source *open_frames(const struct source_frame *frames, size_t n, struct source_memory_config cfg)
{
	struct source *s;

	cfg.pools = &pools;
	assert_int_equal(source_memory_open(&s, frames, n, &cfg), 0);
	assert_int_equal(source_memory_frames(s), n);
	return s;
}

static void frames_come_in_order_and_again_each_loop(void **state)
{
	uint8_t bytes[3] = {1, 2, 3};
	struct source_frame frames[3];
	struct packet p[PKT_BURST];
	struct source_stats stats;

	for (unsigned i = 0; i < 3; i++)
		frames[i] = (struct source_frame){.data = &bytes[i],
			.len = 1,
			.wire_len = 100 + i,
			.ts_ns = 1000 * i,
			.link_type = 101,
			.iface = 4};
	struct source *s = open_frames(frames, 3, (struct source_memory_config){.loops = 2});
	assert_int_equal(s->ops->rx(s, p, PKT_BURST), 6);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(p[i].data[0], i % 3 + 1);
		assert_int_equal(p[i].seq, i + 1);
		assert_int_equal(p[i].len, 1);
		assert_int_equal(p[i].wire_len, 100 + i % 3);
		assert_int_equal(p[i].link_type, 101);
		assert_int_equal(p[i].iface, 4);
		assert_true(i == 0 || p[i].ts_ns > p[i - 1].ts_ns);
		rte_pktmbuf_free(p[i].mbuf);
	}
	assert_true(s->ops->ended(s));
	assert_int_equal(s->ops->rx(s, p, PKT_BURST), 0);
	s->ops->stats(s, &stats);
	assert_int_equal(stats.offered, 6);
	assert_int_equal(stats.bytes, 606);
	s->ops->close(s);
}

static void a_frame_can_be_in_flight_many_times(void **state)
{
	uint8_t byte = 9;
	struct source_frame frame = {.data = &byte, .len = 1};
	struct packet p[PKT_BURST];
	struct rte_mbuf *held[PKT_BURST];

	struct source *s = open_frames(&frame, 1, (struct source_memory_config){0});
	for (unsigned round = 0; round < 3; round++) {
		assert_int_equal(s->ops->rx(s, p, PKT_BURST), PKT_BURST);
		for (unsigned i = 0; i < PKT_BURST; i++) {
			assert_int_equal(p[i].data[0], 9);
			held[i] = p[i].mbuf;
		}
		rte_pktmbuf_free_bulk(held, PKT_BURST);
		assert_int_equal(rte_mbuf_refcnt_read(held[0]), 1);
	}
	assert_false(s->ops->ended(s));
	s->ops->close(s);
}

static void packet_time_follows_the_rate_asked_for(void **state)
{
	uint8_t byte = 0;
	struct source_frame frame = {.data = &byte, .len = 1, .ts_ns = 5000};
	struct packet p[PKT_BURST];

	struct source *s = open_frames(&frame, 1, (struct source_memory_config){.frames_a_second = 1e6, .loops = 10});
	assert_int_equal(s->ops->rx(s, p, PKT_BURST), 10);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(p[i].ts_ns, 5000 + 1000 * i);
		rte_pktmbuf_free(p[i].mbuf);
	}
	s->ops->close(s);
}

static uint32_t transport_sum(const uint8_t *d, uint32_t l3, uint32_t l4, uint32_t len)
{
	bool ipv4 = d[l3] >> 4 == 4;
	uint32_t n = len - l4;
	uint8_t proto = ipv4 ? d[l3 + 9] : d[l3 + 6];
	uint32_t sum = build_sum((uint8_t[]){(uint8_t)(n >> 8), (uint8_t)n, 0, proto}, 4, 0);

	sum = build_sum(d + l3 + (ipv4 ? 12 : 8), ipv4 ? 8 : 32, sum);
	return build_sum(d + l4, n, sum);
}

// Builds TCP or UDP over IPv4 or IPv6, VLAN-tagged or not. Returns the offset of the IP header.
static uint32_t build_one(struct build *b, bool ipv4, bool vlan, bool tcp)
{
	uint16_t type = ipv4 ? 0x0800 : 0x86dd;

	build_start(b);
	build_ethernet(b, vlan ? 0x8100 : type);
	if (vlan)
		build_vlan(b, 7, type);
	if (ipv4)
		build_ipv4(b, "10.20.1.2", "192.0.2.9", tcp ? 6 : 17);
	else
		build_ipv6(b, "2001:db8::1", "2001:db8::ffff", tcp ? 6 : 17);
	if (tcp)
		build_tcp(b, 1, 2, BUILD_TCP_ACK, 3, 4);
	else
		build_udp(b, 1, 2);
	build_text(b, "payload of odd length");
	build_finish(b);
	return b->l3;
}

static void fresh_addresses_keep_every_checksum_right(void **state)
{
	static struct build b[8];
	struct source_frame frames[8];
	uint32_t l3[8];
	struct packet p[8];

	for (unsigned i = 0; i < 8; i++) {
		l3[i] = build_one(&b[i], i & 1, i & 2, i & 4);
		frames[i] = (struct source_frame){.data = b[i].data, .len = b[i].len, .link_type = 1};
	}
	struct source *s = open_frames(frames, 8, (struct source_memory_config){.fresh_bits = 16, .loops = 70000});
	for (uint32_t loop = 0; loop < 70000; loop++) {
		assert_int_equal(s->ops->rx(s, p, 8), 8);
		for (unsigned i = 0; i < 8; i++) {
			uint32_t dst = l3[i] + (i & 1 ? 18 : 38), mask = loop & 0xffff;
			assert_int_equal((p[i].data[dst] << 8 | p[i].data[dst + 1]),
				(b[i].data[dst] << 8 | b[i].data[dst + 1]) ^ (int)mask);
			if (loop % 997 == 0 || mask == 0xffff) {
				assert_int_equal(transport_sum(p[i].data, l3[i], b[i].l4, p[i].len), 0xffff);
				if (i & 1)
					assert_int_equal(build_sum(p[i].data + l3[i], 20, 0), 0xffff);
			}
			rte_pktmbuf_free(p[i].mbuf);
		}
	}
	assert_true(s->ops->ended(s));
	s->ops->close(s);
}

static void a_udp_packet_without_checksum_stays_without(void **state)
{
	static struct build b;
	struct packet p;

	build_one(&b, true, false, false);
	build_put16(&b, b.l4 + 6, 0);
	struct source_frame frame = {.data = b.data, .len = b.len, .link_type = 1};
	struct source *s = open_frames(&frame, 1, (struct source_memory_config){.fresh_bits = 8});
	for (unsigned loop = 0; loop < 300; loop++) {
		assert_int_equal(s->ops->rx(s, &p, 1), 1);
		assert_int_equal(p.data[b.l4 + 6] << 8 | p.data[b.l4 + 7], 0);
		rte_pktmbuf_free(p.mbuf);
	}
	s->ops->close(s);
}

static void frames_that_are_short_or_not_ip_are_left_alone(void **state)
{
	static struct build b;
	struct packet p[4];

	build_one(&b, true, true, true);
	struct source_frame frames[4] = {
		{.data = b.data, .len = 13, .link_type = 1},
		{.data = b.data, .len = 30, .link_type = 1},
		{.data = b.data, .len = 18, .link_type = 1},
		{.data = b.data, .len = b.len, .link_type = 101},
	};
	struct source *s = open_frames(frames, 4, (struct source_memory_config){.fresh_bits = 8, .loops = 2});
	assert_int_equal(s->ops->rx(s, p, 4), 4);
	for (unsigned i = 0; i < 4; i++)
		rte_pktmbuf_free(p[i].mbuf);
	assert_int_equal(s->ops->rx(s, p, 4), 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_memory_equal(p[i].data, b.data, frames[i].len);
		rte_pktmbuf_free(p[i].mbuf);
	}
	s->ops->close(s);
}

static void large_frames_keep_their_length_shared_and_copied(void **state)
{
	static uint8_t bytes[FRAME_MAX_BYTES];
	static const uint32_t sizes[] = {60, 2048, 2049, 65535, 65536, FRAME_MAX_BYTES};
	struct source_frame frames[6];
	struct packet p[6];

	memset(bytes, 0x5a, sizeof(bytes));
	for (unsigned i = 0; i < 6; i++)
		frames[i] = (struct source_frame){.data = bytes, .len = sizes[i], .link_type = 1};
	for (uint8_t bits = 0; bits <= 8; bits += 8) {
		struct source *s =
			open_frames(frames, 6, (struct source_memory_config){.fresh_bits = bits, .loops = 1});
		assert_int_equal(s->ops->rx(s, p, 6), 6);
		for (unsigned i = 0; i < 6; i++) {
			assert_int_equal(p[i].len, sizes[i]);
			assert_int_equal(p[i].mbuf->pkt_len, sizes[i]);
			assert_memory_equal(p[i].data, bytes, sizes[i]);
			rte_pktmbuf_free(p[i].mbuf);
		}
		s->ops->close(s);
	}
}

static void a_source_without_buffers_waits_and_says_so(void **state)
{
	uint8_t byte = 1;
	struct source_frame frame = {.data = &byte, .len = 1};
	struct rte_mbuf *held[1024];
	struct packet p[4];
	struct source_stats stats;
	unsigned n = 0;

	struct source *s = open_frames(&frame, 1, (struct source_memory_config){.fresh_bits = 1, .loops = 4});
	while (n < 1024 && (held[n] = rte_pktmbuf_alloc(pools.small)) != NULL)
		n++;
	assert_int_equal(s->ops->rx(s, p, 4), 0);
	s->ops->stats(s, &stats);
	assert_int_equal(stats.no_buffer, 1);
	rte_pktmbuf_free_bulk(held, n);
	unsigned got = 0;
	for (unsigned i; !s->ops->ended(s); got += i) {
		i = s->ops->rx(s, p, 4);
		for (unsigned k = 0; k < i; k++)
			rte_pktmbuf_free(p[k].mbuf);
	}
	assert_int_equal(got, 4);
	s->ops->close(s);
}

static void another_source_is_loaded_up_to_a_limit(void **state)
{
	uint8_t bytes[40];
	struct source_frame frames[40];
	struct source *s;
	struct packet p[PKT_BURST];

	for (unsigned i = 0; i < 40; i++) {
		bytes[i] = (uint8_t)i;
		frames[i] = (struct source_frame){.data = &bytes[i], .len = 1, .ts_ns = i, .link_type = 1};
	}
	struct source *from = open_frames(frames, 40, (struct source_memory_config){.loops = 1});
	assert_int_equal(source_memory_load(&s, from, 35, &(struct source_memory_config){.loops = 1}), 0);
	from->ops->close(from);
	assert_int_equal(source_memory_frames(s), 35);
	assert_int_equal(s->ops->rx(s, p, PKT_BURST), PKT_BURST);
	for (unsigned i = 0; i < PKT_BURST; i++) {
		assert_int_equal(p[i].data[0], i);
		rte_pktmbuf_free(p[i].mbuf);
	}
	assert_int_equal(s->ops->rx(s, p, PKT_BURST), 3);
	for (unsigned i = 0; i < 3; i++)
		rte_pktmbuf_free(p[i].mbuf);
	s->ops->close(s);
}

static void bad_arguments_are_refused(void **state)
{
	struct source_memory_config cfg = {.pools = &pools};
	uint8_t byte = 0;
	struct source_frame frame = {.data = &byte, .len = FRAME_MAX_BYTES + 1};
	struct source *s;

	assert_int_equal(source_memory_open(&s, &frame, 1, &cfg), -EINVAL);
	assert_int_equal(source_memory_open(&s, &frame, 0, &cfg), -EINVAL);
	frame.len = 1;
	cfg.fresh_bits = 17;
	assert_int_equal(source_memory_open(&s, &frame, 1, &cfg), -EINVAL);
	assert_null(s);
}

static int setup_all(void **state)
{
	char *args[] = {"test_source_memory", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-l", "0",
		"--log-level=4"};

	if (rte_eal_init(8, args) < 0)
		return -1;
	return mbuf_pools_create(
		&pools, &(struct mbuf_pools_config){
				.name = "t", .small_count = 512, .jumbo_count = 8, .socket = SOCKET_ID_ANY});
}

static int teardown_all(void **state)
{
	int leaked = rte_mempool_avail_count(pools.small) != 512 || rte_mempool_avail_count(pools.jumbo) != 8;

	mbuf_pools_free(&pools);
	return leaked;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_in_order_and_again_each_loop),
		cmocka_unit_test(a_frame_can_be_in_flight_many_times),
		cmocka_unit_test(packet_time_follows_the_rate_asked_for),
		cmocka_unit_test(fresh_addresses_keep_every_checksum_right),
		cmocka_unit_test(a_udp_packet_without_checksum_stays_without),
		cmocka_unit_test(frames_that_are_short_or_not_ip_are_left_alone),
		cmocka_unit_test(large_frames_keep_their_length_shared_and_copied),
		cmocka_unit_test(a_source_without_buffers_waits_and_says_so),
		cmocka_unit_test(another_source_is_loaded_up_to_a_limit),
		cmocka_unit_test(bad_arguments_are_refused),
	};
	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
