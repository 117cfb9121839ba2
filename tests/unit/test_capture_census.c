// The packets of a capture, counted before it is read.
#include "tests/unit/capture_lab.h"

#include <zlib.h>

#include "dataplane/capture_census.h"
#include "dataplane/decode.h"
#include "tests/unit/build_packet.h"

static struct build b;

static void put_frame(void)
{
	put32(1700000000);
	put32(0);
	put32(b.len);
	put32(b.len);
	put(b.data, b.len);
}

static void begin_datagram(uint8_t proto)
{
	build_start(&b);
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, "10.0.0.1", "10.0.0.2", proto);
}

static void put_datagrams(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		begin_datagram(17);
		build_udp(&b, (uint16_t)(1000 + i), 53);
		build_fill(&b, (uint8_t)(i * 7), 64);
		build_finish(&b);
		put_frame();
	}
}

static uint64_t count(const char *path, uint64_t size, uint64_t enough)
{
	struct decode_config decode;

	decode_config_defaults(&decode);
	return capture_census(path, size, &decode, enough);
}

static void frames_without_tunnels_count_as_many_as_they_are(void **state)
{
	pcap_with(0);
	put_datagrams(1000);
	assert_int_equal(count(save_as("plain.pcap"), w.len, 100000), 1000);
}

static void what_a_tunnel_carries_counts_too(void **state)
{
	pcap_with(0);
	for (uint32_t i = 0; i < 10; i++) {
		begin_datagram(4); // IPv4 in IPv4
		build_ipv4(&b, "10.1.0.1", "10.1.0.2", 17);
		build_udp(&b, (uint16_t)(1000 + i), 53);
		build_finish(&b);
		put_frame();
	}
	assert_int_equal(count(save_as("tunnel.pcap"), w.len, 100000), 20);
}

static void each_fragment_may_complete_a_datagram_that_holds_as_much_as_a_frame(void **state)
{
	pcap_with(0);
	for (uint32_t i = 0; i < 10; i++) {
		begin_datagram(17);
		build_ipv4_frag(&b, (uint16_t)i, 0, 1);
		build_fill(&b, 0, 64);
		build_finish(&b);
		put_frame();
	}
	assert_int_equal(count(save_as("fragments.pcap"), w.len, 100000), 10 + 10 * PKT_MAX_DEPTH);
}

static void past_enough_the_size_bounds_what_there_can_be(void **state)
{
	pcap_with(0);
	put_datagrams(8500);
	assert_int_equal(count(save_as("many.pcap"), w.len, 8000), w.len / 28);
	assert_true(w.len / 28 > 8500);
}

static const char *save_gzip(const char *name)
{
	const char *path = in_dir(name);
	gzFile f = gzopen(path, "wb1");

	assert_non_null(f);
	assert_int_equal(gzwrite(f, w.bytes, (unsigned)w.len), (int)w.len);
	gzclose(f);
	return path;
}

static void a_small_gzip_capture_is_counted_and_a_large_one_is_not(void **state)
{
	pcap_with(0);
	put_datagrams(1000);
	const char *path = save_gzip("c.pcap.gz");
	assert_int_equal(count(path, 4000, 100000), 1000);
	assert_true(count(path, 2 << 20, 100000) == CENSUS_UNKNOWN);
}

static void a_file_that_cannot_be_read_is_unknown(void **state)
{
	assert_true(count(in_dir("not-there"), 100, 100) == CENSUS_UNKNOWN);
}

static void a_damaged_capture_counts_to_the_damage(void **state)
{
	pcap_with(0);
	put_datagrams(100);
	w.len -= 5;
	assert_int_equal(count(save_as("cut.pcap"), w.len, 100000), 99);
}

// Of several inputs the flows add up, and one that nobody can count leaves the sum unknown.
static void flows_of_several_inputs_add_up(void **state)
{
	struct decode_config decode;
	struct source *s;

	decode_config_defaults(&decode);
	pcap_with(0);
	put_datagrams(100);
	const char *twice[] = {save_as("a.pcap"), save_as("b.pcap")}, *more[] = {twice[0], "-"};
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(source_pcap_open(&s, twice, 2, &pools, heard, &seen), 0);
	assert_int_equal(source_pcap_flows_most(s, &decode, 100000), 200);
	s->ops->close(s);
	assert_int_equal(source_pcap_open(&s, more, 2, &pools, heard, &seen), 0);
	assert_true(source_pcap_flows_most(s, &decode, 100000) == UINT64_MAX);
	s->ops->close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_without_tunnels_count_as_many_as_they_are),
		cmocka_unit_test(what_a_tunnel_carries_counts_too),
		cmocka_unit_test(each_fragment_may_complete_a_datagram_that_holds_as_much_as_a_frame),
		cmocka_unit_test(past_enough_the_size_bounds_what_there_can_be),
		cmocka_unit_test(a_small_gzip_capture_is_counted_and_a_large_one_is_not),
		cmocka_unit_test(a_file_that_cannot_be_read_is_unknown),
		cmocka_unit_test(a_damaged_capture_counts_to_the_damage),
		cmocka_unit_test(flows_of_several_inputs_add_up),
	};
	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
