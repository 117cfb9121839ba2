// The capture source: every format, byte order and clock.
#include "tests/unit/capture_lab.h"

// ---- pcap ----

static void pcap_of_every_magic_and_byte_order_is_read(void **state)
{
	static const struct {
		uint32_t magic;
		uint64_t ns;
	} kinds[] = {{0xa1b2c3d4, 123456000}, {0xa1b23c4d, 123456}};

	for (unsigned i = 0; i < 4; i++) {
		start(i & 1);
		pcap_header(kinds[i / 2].magic, 101);
		pcap_record(1700000000, 123456, 0x45, 64, 1500);
		assert_int_equal(read_one(save_as("order.pcap")), 0);
		assert_int_equal(seen.n, 1);
		assert_int_equal(seen.p[0].ts_ns, UINT64_C(1700000000) * 1000000000 + kinds[i / 2].ns);
		assert_int_equal(seen.p[0].len, 64);
		assert_int_equal(seen.p[0].wire_len, 1500);
		assert_int_equal(seen.p[0].link_type, 101);
		assert_int_equal(seen.stats.bytes, 1500);
		assert_silent();
	}
}

static void pcap_with_kuznetzovs_longer_records_is_read(void **state)
{
	start(false);
	pcap_header(0xa1b2cd34, 1);
	for (uint8_t i = 1; i <= 2; i++) {
		put32(5);
		put32(6);
		put32(60);
		put32(60);
		put64(0); // interface, protocol, type
		put_fill(i, 60);
	}
	assert_int_equal(read_one(save_as("modified.pcap")), 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.first_byte[1], 2);
}

static void bits_above_the_link_type_are_not_part_of_it(void **state)
{
	start(false);
	pcap_header(0xa1b2c3d4, 0x14000069); // frame check sequence length and its flag
	pcap_record(1, 0, 8, 30, 30);
	assert_int_equal(read_one(save_as("fcs.pcap")), 0);
	assert_int_equal(seen.p[0].link_type, 105);
}

static void a_frame_longer_on_record_than_on_the_wire_counts_as_recorded(void **state)
{
	start(false);
	pcap_header(0xa1b2c3d4, 1);
	pcap_record(1, 0, 8, 100, 60);
	assert_int_equal(read_one(save_as("longer.pcap")), 0);
	assert_int_equal(seen.p[0].len, 100);
	assert_int_equal(seen.p[0].wire_len, 100);
}

static void frames_of_every_size_arrive_whole(void **state)
{
	static const uint32_t sizes[] = {0, 1, 60, 1514, 2047, 2048, 2049, 9018, 65535, 65536, 200000, 262144};

	start(false);
	pcap_header(0xa1b2c3d4, 1);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		pcap_record(i, 0, (uint8_t)(i + 1), sizes[i], sizes[i]);
	assert_int_equal(read_one(save_as("sizes.pcap")), 0);
	assert_int_equal(seen.n, sizeof(sizes) / sizeof(sizes[0]));
	for (unsigned i = 0; i < seen.n; i++) {
		assert_int_equal(seen.p[i].len, sizes[i]);
		if (sizes[i])
			assert_int_equal(seen.first_byte[i], i + 1);
	}
	assert_silent();
}

static void a_capture_larger_than_the_window_is_read_to_its_end(void **state)
{
	pcap_with(0);
	for (uint32_t i = 0; i < 900; i++)
		pcap_record(i, 0, (uint8_t)i, 1000 + i % 97, 1500);
	assert_true(w.len > 800000);
	assert_int_equal(read_one(save_as("large.pcap")), 0);
	assert_int_equal(seen.n, 900);
	for (uint32_t i = 0; i < 900; i++)
		assert_int_equal(seen.first_byte[i], (uint8_t)i);
}

// ---- pcapng ----

static void pcapng_of_both_byte_orders_and_all_packet_blocks_is_read(void **state)
{
	for (unsigned swapped = 0; swapped < 2; swapped++) {
		start(swapped);
		ng_section();
		ng_interface(1, 0, 6, 0);
		ng_packet(6, 0, UINT64_C(1700000000000001), 1, 61, 90);
		ng_packet(2, 0, UINT64_C(1700000000000002), 2, 62, 62);
		ng_simple(3, 64, 64);
		assert_int_equal(read_one(save_as("blocks.pcapng")), 0);
		assert_int_equal(seen.n, 3);
		assert_int_equal(seen.p[0].ts_ns, UINT64_C(1700000000000001000));
		assert_int_equal(seen.p[0].len, 61);
		assert_int_equal(seen.p[0].wire_len, 90);
		assert_int_equal(seen.p[1].ts_ns, UINT64_C(1700000000000002000));
		assert_int_equal(seen.p[2].len, 64);
		assert_int_equal(seen.first_byte[2], 3);
		assert_silent();
	}
}

static void each_interface_has_its_link_type_and_clock(void **state)
{
	start(false);
	ng_section();
	ng_interface(1, 0, 9, 0);           // nanoseconds
	ng_interface(101, 0, 3, 0);         // milliseconds
	ng_interface(113, 0, 0x80 | 10, 0); // 1/1024 second
	ng_interface(0, 0, 12, 0);          // picoseconds
	ng_interface(1, 0, 6, -10);         // ten seconds back
	ng_packet(6, 0, UINT64_C(1700000000123456789), 1, 60, 60);
	ng_packet(6, 1, UINT64_C(1700000000123), 2, 60, 60);
	ng_packet(6, 2, UINT64_C(1700000000) * 1024 + 512, 3, 60, 60);
	ng_packet(6, 3, UINT64_C(17000000123456), 4, 60, 60);
	ng_packet(6, 4, UINT64_C(1700000010000000), 5, 60, 60);
	assert_int_equal(read_one(save_as("clocks.pcapng")), 0);
	assert_int_equal(seen.n, 5);
	assert_int_equal(seen.p[0].ts_ns, UINT64_C(1700000000123456789));
	assert_int_equal(seen.p[1].ts_ns, UINT64_C(1700000000123000000));
	assert_int_equal(seen.p[2].ts_ns, UINT64_C(1700000000500000000));
	assert_int_equal(seen.p[3].ts_ns, UINT64_C(17000000123));
	assert_int_equal(seen.p[4].ts_ns, UINT64_C(1700000000000000000));
	static const uint16_t links[] = {1, 101, 113, 0, 1};
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(seen.p[i].link_type, links[i]);
		assert_int_equal(seen.p[i].iface, i);
	}
}

static void a_new_section_forgets_interfaces_and_may_turn_the_byte_order(void **state)
{
	start(false);
	ng_section();
	ng_interface(1, 0, 6, 0);
	ng_packet(6, 0, 1, 1, 60, 60);
	w.swapped = true;
	ng_section();
	ng_interface(228, 0, 6, 0);
	ng_packet(6, 0, 2, 2, 60, 60);
	w.swapped = false;
	ng_section();
	ng_packet(6, 0, 3, 3, 60, 60);
	assert_int_equal(read_one(save_as("sections.pcapng")), 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.p[1].link_type, 228);
	assert_int_equal(seen.p[1].ts_ns, 2000);
	assert_said("interface that was not described");
}

static void a_simple_packet_is_cut_at_the_snap_length(void **state)
{
	start(false);
	ng_section();
	ng_interface(1, 61, 6, 0);
	ng_simple(7, 64, 1500); // 61 bytes and three of padding
	assert_int_equal(read_one(save_as("simple.pcapng")), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.p[0].len, 61);
	assert_int_equal(seen.p[0].wire_len, 1500);
}

static void blocks_of_other_kinds_are_passed_over_even_when_huge(void **state)
{
	start(false);
	ng_section();
	ng_interface(1, 0, 6, 0);
	put32(4); // name resolution
	put32(16);
	put32(0);
	put32(16);
	put32(0x0bad); // custom, larger than the window
	put32(700000);
	put_fill(0x55, 700000 - 12);
	put32(700000);
	ng_packet(6, 0, 1, 1, 60, 60);
	assert_int_equal(read_one(save_as("other.pcapng")), 0);
	assert_int_equal(seen.n, 1);
	assert_silent();
}

static void a_packet_block_with_huge_options_is_read(void **state)
{
	start(false);
	ng_section();
	ng_interface(1, 0, 6, 0);
	size_t at = w.len;
	ng_packet(6, 0, 1, 1, 60, 60);
	w.len -= 4;
	put_fill(0, 600000);
	uint32_t len = 32 + 60 + 600000;
	put32(len);
	memcpy(w.bytes + at + 4, &len, 4);
	ng_packet(6, 0, 2, 2, 60, 60);
	assert_int_equal(read_one(save_as("options.pcapng")), 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.first_byte[1], 2);
	assert_silent();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcap_of_every_magic_and_byte_order_is_read),
		cmocka_unit_test(pcap_with_kuznetzovs_longer_records_is_read),
		cmocka_unit_test(bits_above_the_link_type_are_not_part_of_it),
		cmocka_unit_test(a_frame_longer_on_record_than_on_the_wire_counts_as_recorded),
		cmocka_unit_test(frames_of_every_size_arrive_whole),
		cmocka_unit_test(a_capture_larger_than_the_window_is_read_to_its_end),
		cmocka_unit_test(pcapng_of_both_byte_orders_and_all_packet_blocks_is_read),
		cmocka_unit_test(each_interface_has_its_link_type_and_clock),
		cmocka_unit_test(a_new_section_forgets_interfaces_and_may_turn_the_byte_order),
		cmocka_unit_test(a_simple_packet_is_cut_at_the_snap_length),
		cmocka_unit_test(blocks_of_other_kinds_are_passed_over_even_when_huge),
		cmocka_unit_test(a_packet_block_with_huge_options_is_read),
	};
	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
