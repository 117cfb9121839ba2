// Defragmentation: what is put together, what is refused, what is forgotten.
#include "tests/unit/defrag_lab.h"

#include <errno.h>

static void fragments_in_order_make_the_datagram(void **state)
{
	assert_null(give4((struct piece){.more = true, .bytes = "aaaaaaaabbbbbbbb"}));
	assert_null(give4((struct piece){.offset = 16, .more = true, .bytes = "cccccccc"}));
	assert_rebuilt4(give4((struct piece){.offset = 24, .bytes = "ddd"}), "aaaaaaaabbbbbbbbccccccccddd");
	assert_int_equal(last.event_count, 0);
	assert_int_equal(defrag_counters(df)->rebuilt[0], 1);
	assert_int_equal(defrag_counters(df)->fragments[0], 3);
	assert_int_equal(defrag_counters(df)->active, 0);
}

static void fragments_in_any_order_make_the_datagram(void **state)
{
	static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	static const struct piece pieces[3] = {{.more = true, .bytes = "aaaaaaaabbbbbbbb"},
		{.offset = 16, .more = true, .bytes = "cccccccc"}, {.offset = 24, .bytes = "ddd"}};

	for (unsigned i = 0; i < 6; i++) {
		assert_null(give4(pieces[orders[i][0]]));
		assert_null(give4(pieces[orders[i][1]]));
		assert_rebuilt4(give4(pieces[orders[i][2]]), "aaaaaaaabbbbbbbbccccccccddd");
		assert_int_equal(last.event_count, 0);
	}
}

static void the_rebuilt_packet_takes_after_the_completing_fragment(void **state)
{
	struct packet *p;

	give4((struct piece){.more = true, .bytes = "aaaaaaaa", .vlan = 7, .ts_ns = START});
	p = give4((struct piece){.offset = 8, .bytes = "b", .vlan = 7, .ts_ns = START + SECOND});
	assert_rebuilt4(p, "aaaaaaaab");
	assert_int_equal(p->ts_ns, START + SECOND);
	assert_int_equal(p->seq, 7);
	assert_int_equal(p->vlan_count, 1);
	assert_int_equal(p->vlan[0], 7);
	assert_int_equal(p->ether_type, 0x0800);
	assert_ptr_equal(p, &burst.extra[0]);
}

static void ipv6_fragments_make_the_datagram(void **state)
{
	struct packet *p;

	assert_null(give6((struct piece){.more = true, .bytes = "aaaaaaaa", .proto = 17}));
	p = give6((struct piece){.offset = 8, .bytes = "bb", .proto = 17});
	assert_non_null(p);
	assert_true(p->flags & PKT_IPV6);
	assert_int_equal(p->len, 50);
	assert_int_equal(p->data[6], 17); // next header: no fragment header any more
	assert_int_equal(p->data[4] << 8 | p->data[5], 10);
	assert_memory_equal(p->data + 40, "aaaaaaaabb", 10);
	assert_int_equal(defrag_counters(df)->rebuilt[1], 1);
}

static void ipv6_extension_headers_before_the_fragment_header_are_kept(void **state)
{
	static struct build b;
	struct packet *p = NULL;
	struct piece piece = {0};

	for (unsigned i = 0; i < 2; i++) {
		build_start(&b);
		build_ethernet(&b, 0x86dd);
		build_ipv6(&b, "2001:db8::1", "2001:db8::2", 0);
		build_bytes(&b, (uint8_t[]){60, 0, 1, 4, 0, 0, 0, 0}, 8);                           // hop-by-hop
		build_bytes(&b, (uint8_t[]){44, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 16); // destination
		build_ipv6_frag(&b, 17, 99, i * 8, i == 0);
		build_text(&b, i == 0 ? "aaaaaaaa" : "b");
		build_finish(&b);
		p = give(&b, 14 + 40 + 24 + 8, &piece, 6);
	}
	assert_non_null(p);
	assert_int_equal(p->len, 40 + 24 + 9);
	assert_int_equal(p->data[6], 0);
	assert_int_equal(p->data[40], 60);
	assert_int_equal(p->data[48], 17);
	assert_memory_equal(p->data + 64, "aaaaaaaab", 9);
}

static void an_ipv6_header_chain_longer_than_is_kept_is_ignored(void **state)
{
	static struct build b;
	struct piece piece = {0};

	build_start(&b);
	build_ethernet(&b, 0x86dd);
	build_ipv6(&b, "2001:db8::1", "2001:db8::2", 60);
	build_bytes(&b, (uint8_t[]){44, 29}, 2);
	build_fill(&b, 0, 238);
	build_ipv6_frag(&b, 17, 99, 0, 1);
	build_text(&b, "aaaaaaaa");
	build_finish(&b);
	assert_null(give(&b, 14 + 40 + 240 + 8, &piece, 6));
	assert_true(noted(DECODE_IPV6_FRAG_IGNORED));
}

static void an_atomic_ipv6_fragment_is_whole_at_once(void **state)
{
	give6((struct piece){.more = true, .bytes = "xxxxxxxx", .id = 5});
	struct packet *p = give6((struct piece){.bytes = "aaaaaaaab", .id = 5});
	// RFC 6946: in isolation from fragments of the same identification
	assert_non_null(p);
	assert_memory_equal(p->data + 40, "aaaaaaaab", 9);
	assert_int_equal(last.event_count, 0);
	p = give6((struct piece){.offset = 8, .bytes = "yy", .id = 5});
	assert_non_null(p);
	assert_memory_equal(p->data + 40, "xxxxxxxxyy", 10);
}

static void an_overlap_is_noted_on_the_fragment_that_brings_it(void **state)
{
	give4((struct piece){.more = true, .bytes = "aaaaaaaabbbbbbbb"});
	assert_int_equal(last.event_count, 0);
	give4((struct piece){.offset = 8, .more = true, .bytes = "cccccccc"});
	assert_true(noted(DECODE_IPV4_FRAG_OVERLAP));
	give6((struct piece){.more = true, .bytes = "aaaaaaaabbbbbbbb"});
	give6((struct piece){.offset = 8, .more = true, .bytes = "cccccccc"});
	assert_true(noted(DECODE_IPV6_FRAG_OVERLAP));
	assert_int_equal(defrag_counters(df)->overlaps, 2);
}

static void a_duplicate_fragment_changes_nothing_but_is_noted(void **state)
{
	give4((struct piece){.more = true, .bytes = "aaaaaaaa"});
	give4((struct piece){.more = true, .bytes = "aaaaaaaa"});
	assert_true(noted(DECODE_IPV4_FRAG_OVERLAP));
	assert_rebuilt4(give4((struct piece){.offset = 8, .bytes = "b"}), "aaaaaaaab");
}

static void a_teardrop_is_noted_and_still_rebuilt(void **state)
{
	// the second fragment lies within the first (CERT CA-1997-28)
	give4((struct piece){.more = true, .fill = 'a', .len = 40});
	assert_rebuilt4(give4((struct piece){.offset = 24, .bytes = "bbbb"}), "aaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_true(noted(DECODE_IPV4_FRAG_OVERLAP));
	assert_true(noted(DECODE_IPV4_FRAG_END_CONFLICT));
}

static void a_fragment_past_65535_bytes_is_refused(void **state)
{
	// the ping of death (CERT CA-1996-26)
	assert_null(give4((struct piece){.offset = 65528, .fill = 'x', .len = 100}));
	assert_true(noted(DECODE_IPV4_FRAG_PKT_TOO_LARGE));
	assert_null(give6((struct piece){.offset = 65528, .fill = 'x', .len = 100}));
	assert_true(noted(DECODE_IPV6_FRAG_PKT_TOO_LARGE));
	assert_int_equal(defrag_counters(df)->ignored, 2);
	assert_int_equal(defrag_counters(df)->active, 0);
}

static void a_datagram_that_options_push_past_65535_bytes_is_refused(void **state)
{
	static struct build b;
	uint8_t options[40] = {1, 1, 1, 1};
	struct piece piece = {0};
	struct packet *p = NULL;

	for (uint32_t offset = 0; offset < 65504; offset += 32752) {
		build_start(&b);
		build_ethernet(&b, 0x0800);
		build_ipv4_opts(&b, "10.0.0.1", "10.0.0.2", 253, options, sizeof(options));
		build_ipv4_frag(&b, 1, offset, offset == 0);
		build_fill(&b, 'x', 32752);
		build_finish(&b);
		p = give(&b, 74, &piece, 4);
	}
	assert_null(p);
	assert_true(noted(DECODE_IPV4_FRAG_PKT_TOO_LARGE));
	assert_int_equal(defrag_counters(df)->active, 0);
}

static void the_longest_datagram_is_rebuilt(void **state)
{
	struct packet *p = NULL;

	for (uint32_t offset = 0; offset < 65504; offset += 1480)
		p = give4((struct piece){.offset = offset,
			.more = offset + 1480 < 65504,
			.fill = (uint8_t)(offset / 1480),
			.len = offset + 1480 < 65504 ? 1480 : 65515 - offset});
	assert_non_null(p);
	assert_int_equal(p->len, 65535);
	for (uint32_t i = 0; i < 65515; i++)
		assert_int_equal(p->data[20 + i], i / 1480);
}

static void a_datagram_of_eight_byte_fragments_is_rebuilt(void **state)
{
	struct packet *p = NULL;

	for (uint32_t offset = 0; offset < 65504; offset += 8)
		p = give4((struct piece){
			.offset = offset, .more = offset + 8 < 65504, .fill = (uint8_t)(offset / 8), .len = 8});
	assert_non_null(p);
	assert_int_equal(p->len, 65524);
	for (uint32_t i = 0; i < 65504; i++)
		assert_int_equal(p->data[20 + i], (uint8_t)(i / 8));
}

static void a_non_last_fragment_of_odd_length_is_cut_for_ipv4_and_refused_for_ipv6(void **state)
{
	give4((struct piece){.more = true, .bytes = "aaaaaaaabbb"});
	assert_true(noted(DECODE_IPV4_FRAG_INVALID_LENGTH));
	assert_rebuilt4(give4((struct piece){.offset = 8, .bytes = "cc"}), "aaaaaaaacc");
	assert_null(give4((struct piece){.more = true, .bytes = "aaa"}));
	assert_true(noted(DECODE_IPV4_FRAG_INVALID_LENGTH));
	assert_null(give6((struct piece){.more = true, .bytes = "aaaaaaaabbb"}));
	assert_true(noted(DECODE_IPV6_FRAG_INVALID_LENGTH));
	assert_int_equal(defrag_counters(df)->active, 0);
}

static void two_ends_of_one_datagram_are_noted_and_the_shorter_holds(void **state)
{
	give4((struct piece){.offset = 16, .bytes = "long end"});
	give4((struct piece){.offset = 8, .bytes = "end"});
	assert_true(noted(DECODE_IPV4_FRAG_END_CONFLICT));
	assert_rebuilt4(give4((struct piece){.more = true, .bytes = "aaaaaaaa"}), "aaaaaaaaend");
	give6((struct piece){.offset = 8, .bytes = "end"});
	give6((struct piece){.offset = 16, .more = true, .bytes = "bbbbbbbb"});
	assert_true(noted(DECODE_IPV6_FRAG_END_CONFLICT));
}

static void fragments_that_split_a_transport_header_are_noted(void **state)
{
	give4((struct piece){.more = true, .bytes = "tcpports", .proto = 6});
	assert_true(noted(DECODE_IPV4_FRAG_TINY));
	give4((struct piece){.offset = 8, .more = true, .fill = 'x', .len = 64, .proto = 6, .id = 2});
	assert_true(noted(DECODE_IPV4_FRAG_TINY));
	give4((struct piece){.more = true, .fill = 'x', .len = 24, .proto = 6, .id = 3});
	assert_false(noted(DECODE_IPV4_FRAG_TINY));
	give4((struct piece){.more = true, .bytes = "udphead.", .proto = 17, .id = 4});
	assert_false(noted(DECODE_IPV4_FRAG_TINY));
	give6((struct piece){.more = true, .bytes = "tcpports", .proto = 6});
	assert_true(noted(DECODE_IPV6_FRAG_TINY));
}

static void fragments_of_different_datagrams_never_meet(void **state)
{
	static const struct piece strangers[] = {
		{.offset = 8, .bytes = "x", .id = 2},
		{.offset = 8, .bytes = "x", .proto = 17},
		{.offset = 8, .bytes = "x", .vlan = 5},
		{.offset = 8, .bytes = "x", .src = "10.0.0.77"},
	};

	give4((struct piece){.more = true, .bytes = "aaaaaaaa"});
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		assert_null(give4(strangers[i]));
	assert_null(give6((struct piece){.offset = 8, .bytes = "x"}));
	assert_rebuilt4(give4((struct piece){.offset = 8, .bytes = "b"}), "aaaaaaaab");
}

static void fragments_of_different_tunnels_never_meet(void **state)
{
	static struct build b;
	struct packet outer[2] = {{.src.b = {192, 0, 2, 1}}, {.src.b = {192, 0, 2, 2}}}, frag = {0};

	build_start(&b);
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, "10.0.0.1", "10.0.0.2", 253);
	build_ipv4_frag(&b, 1, 0, 1);
	build_text(&b, "aaaaaaaa");
	build_finish(&b);
	frag = (struct packet){.data = b.data,
		.len = b.len,
		.flags = PKT_FRAGMENT | PKT_IPV4 | PKT_INNER,
		.l3_off = 14,
		.payload_off = 34,
		.payload_len = 8,
		.depth = 1,
		.outer = &outer[0]};
	assert_null(defrag_packet(df, &burst, &frag));
	build_ipv4_frag(&b, 1, 8, 0);
	frag.outer = &outer[1];
	assert_null(defrag_packet(df, &burst, &frag));
	frag.outer = &outer[0];
	struct packet *p = defrag_packet(df, &burst, &frag);
	assert_non_null(p);
	assert_true(p->flags & PKT_INNER);
	assert_int_equal(p->depth, 1);
	assert_ptr_equal(p->outer, &outer[0]);
}

static void an_incomplete_datagram_is_forgotten_after_its_timeout(void **state)
{
	give4((struct piece){.more = true, .bytes = "aaaaaaaa"});
	defrag_tick(df, START + 60 * SECOND - 1);
	assert_int_equal(defrag_counters(df)->active, 1);
	defrag_tick(df, START + 60 * SECOND);
	assert_int_equal(defrag_counters(df)->active, 0);
	assert_int_equal(defrag_counters(df)->timeouts, 1);
	assert_null(give4((struct piece){.offset = 8, .bytes = "b", .ts_ns = START + 60 * SECOND}));
}

static void a_late_fragment_begins_a_new_datagram_without_a_tick(void **state)
{
	give4((struct piece){.more = true, .bytes = "aaaaaaaa"});
	assert_null(give4((struct piece){.offset = 8, .bytes = "b", .ts_ns = START + 60 * SECOND}));
	assert_int_equal(defrag_counters(df)->timeouts, 1);
	assert_rebuilt4(
		give4((struct piece){.more = true, .bytes = "cccccccc", .ts_ns = START + 61 * SECOND}), "ccccccccb");
}

static void more_datagrams_than_fit_push_out_the_oldest(void **state)
{
	for (uint16_t id = 0; id < 65; id++)
		give4((struct piece){.more = true, .bytes = "aaaaaaaa", .id = id});
	assert_int_equal(defrag_counters(df)->active, 64);
	assert_int_equal(defrag_counters(df)->evicted, 1);
	assert_null(give4((struct piece){.offset = 8, .bytes = "b", .id = 0}));
	assert_rebuilt4(give4((struct piece){.offset = 8, .bytes = "b", .id = 64}), "aaaaaaaab");
}

static void bytes_past_the_memory_cap_push_out_the_oldest(void **state)
{
	config.memcap_bytes = 512 << 10;
	reconfigure();
	for (uint16_t id = 0; id < 60; id++)
		for (uint32_t offset = 0; offset < 16384; offset += 1024)
			give4((struct piece){
				.offset = offset + 1024, .more = true, .fill = 'x', .len = 1024, .id = id});
	assert_true(defrag_counters(df)->evicted > 30);
	assert_int_equal(defrag_counters(df)->ignored, 0);
	give4((struct piece){.more = true, .fill = 'a', .len = 1024, .id = 59});
	assert_non_null(give4((struct piece){.offset = 17408, .bytes = "end", .id = 59}));
}

static void a_never_ending_datagram_meets_its_limits(void **state)
{
	for (unsigned i = 0; i < 100; i++)
		give4((struct piece){.offset = 32768, .more = true, .fill = 'x', .len = 8000});
	assert_true(noted(DECODE_IPV4_FRAG_IGNORED));
	assert_true(defrag_counters(df)->ignored > 50);
	config.max_fragments = 3;
	reconfigure();
	for (uint32_t i = 0; i < 4; i++)
		give6((struct piece){.offset = i * 8, .more = true, .bytes = "aaaaaaaa"});
	assert_true(noted(DECODE_IPV6_FRAG_IGNORED));
}

static void memory_comes_back_and_is_used_again(void **state)
{
	config.memcap_bytes = 512 << 10;
	reconfigure();
	for (uint32_t round = 0; round < 300; round++) {
		next_burst();
		give4((struct piece){.more = true, .fill = 'a', .len = 8000, .id = (uint16_t)round});
		assert_non_null(give4((struct piece){.offset = 8000, .bytes = "b", .id = (uint16_t)round}));
	}
	assert_int_equal(defrag_counters(df)->evicted, 0);
	assert_int_equal(defrag_counters(df)->active, 0);
}

static void rebuilt_datagrams_of_one_burst_do_not_touch_each_other(void **state)
{
	struct packet *p[32];

	for (uint16_t id = 0; id < 32; id++) {
		give4((struct piece){.more = true, .fill = (uint8_t)id, .len = 8000, .id = id});
		p[id] = give4((struct piece){.offset = 8000, .fill = (uint8_t)id, .len = 100, .id = id});
		assert_non_null(p[id]);
	}
	for (unsigned id = 0; id < 32; id++)
		for (unsigned i = 0; i < 8100; i++)
			assert_int_equal(p[id]->data[20 + i], id);
}

static void a_burst_without_room_loses_the_datagram_and_nothing_else(void **state)
{
	burst.n_extra = PKT_BURST * (PKT_MAX_DEPTH - 1);
	give4((struct piece){.more = true, .bytes = "aaaaaaaa"});
	assert_null(give4((struct piece){.offset = 8, .bytes = "b"}));
	assert_int_equal(defrag_counters(df)->active, 0);
	assert_int_equal(defrag_counters(df)->rebuilt[0], 0);
}

static void offsets_that_do_not_hold_are_refused(void **state)
{
	uint8_t bytes[64] = {0};
	struct packet p = {.data = bytes, .len = 64, .flags = PKT_FRAGMENT | PKT_IPV4, .l3_off = 14, .payload_off = 34};

	p.payload_len = 31;
	assert_null(defrag_packet(df, &burst, &p));
	p.payload_off = 20;
	assert_null(defrag_packet(df, &burst, &p));
	p.payload_off = 65;
	p.payload_len = 0;
	assert_null(defrag_packet(df, &burst, &p));
	p.flags = PKT_FRAGMENT | PKT_IPV6;
	p.payload_off = 40;
	assert_null(defrag_packet(df, &burst, &p));
	assert_int_equal(defrag_counters(df)->active, 0);
}

static void a_config_out_of_range_is_refused(void **state)
{
	static uint8_t mem[64] __attribute__((aligned(64)));
	struct defrag_config bad;
	struct defrag *out;

	defrag_config_defaults(&bad);
	bad.memcap_bytes = 1000;
	assert_int_equal(defrag_init(mem, &bad, &out), -EINVAL);
	defrag_config_defaults(&bad);
	bad.max_fragments = 8193;
	assert_int_equal(defrag_init(mem, &bad, &out), -EINVAL);
	defrag_config_defaults(&bad);
	bad.max_datagrams = 0;
	assert_int_equal(defrag_init(mem, &bad, &out), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(fragments_in_order_make_the_datagram),
		CASE(fragments_in_any_order_make_the_datagram),
		CASE(the_rebuilt_packet_takes_after_the_completing_fragment),
		CASE(ipv6_fragments_make_the_datagram),
		CASE(ipv6_extension_headers_before_the_fragment_header_are_kept),
		CASE(an_ipv6_header_chain_longer_than_is_kept_is_ignored),
		CASE(an_atomic_ipv6_fragment_is_whole_at_once),
		CASE(an_overlap_is_noted_on_the_fragment_that_brings_it),
		CASE(a_duplicate_fragment_changes_nothing_but_is_noted),
		CASE(a_teardrop_is_noted_and_still_rebuilt),
		CASE(a_fragment_past_65535_bytes_is_refused),
		CASE(a_datagram_that_options_push_past_65535_bytes_is_refused),
		CASE(the_longest_datagram_is_rebuilt),
		CASE(a_datagram_of_eight_byte_fragments_is_rebuilt),
		CASE(a_non_last_fragment_of_odd_length_is_cut_for_ipv4_and_refused_for_ipv6),
		CASE(two_ends_of_one_datagram_are_noted_and_the_shorter_holds),
		CASE(fragments_that_split_a_transport_header_are_noted),
		CASE(fragments_of_different_datagrams_never_meet),
		CASE(fragments_of_different_tunnels_never_meet),
		CASE(an_incomplete_datagram_is_forgotten_after_its_timeout),
		CASE(a_late_fragment_begins_a_new_datagram_without_a_tick),
		CASE(more_datagrams_than_fit_push_out_the_oldest),
		CASE(bytes_past_the_memory_cap_push_out_the_oldest),
		CASE(a_never_ending_datagram_meets_its_limits),
		CASE(memory_comes_back_and_is_used_again),
		CASE(rebuilt_datagrams_of_one_burst_do_not_touch_each_other),
		CASE(a_burst_without_room_loses_the_datagram_and_nothing_else),
		CASE(offsets_that_do_not_hold_are_refused),
		CASE(a_config_out_of_range_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
