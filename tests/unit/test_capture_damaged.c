// Captures cut short or damaged: what is whole is read, the rest is named.
#include "tests/unit/capture_lab.h"

// ---- cut and damaged ----

static void a_pcap_cut_anywhere_is_read_to_its_last_whole_packet(void **state)
{
	pcap_with(3);
	size_t whole = w.len;

	for (size_t cut = 24; cut < whole; cut++) {
		w.len = cut;
		assert_int_equal(read_one(save_as("cut.pcap")), 0);
		assert_int_equal(seen.n, (cut - 24) / 76);
		bool at_boundary = (cut - 24) % 76 == 0;
		assert_int_equal(seen.stats.errors, !at_boundary);
		if (!at_boundary) {
			char where[64];
			snprintf(where, sizeof(where), "cut short at byte %zu", 24 + (cut - 24) / 76 * 76);
			assert_said(where);
			assert_said("cut.pcap");
			assert_int_equal(seen.warnings, 1);
		}
	}
}

static void a_pcapng_cut_anywhere_is_read_to_its_last_whole_packet(void **state)
{
	start(false);
	ng_section();
	ng_interface(1, 0, 6, 0);
	size_t head = w.len;
	for (unsigned i = 0; i < 3; i++)
		ng_packet(6, 0, i, 9, 61, 61);
	size_t whole = w.len;
	for (size_t cut = 28; cut < whole; cut++) {
		w.len = cut;
		assert_int_equal(read_one(save_as("cut.pcapng")), 0);
		assert_int_equal(seen.n, cut < head ? 0 : (cut - head) / 96);
		assert_int_equal(seen.warnings, cut > head && (cut - head) % 96 == 0 ? 0 : 1);
	}
}

static void a_header_cut_short_is_a_cut_capture(void **state)
{
	pcap_with(0);
	w.len = 23;
	assert_int_equal(read_one(save_as("head.pcap")), 0);
	assert_int_equal(seen.n, 0);
	assert_said("cut short at byte 0");
}

static void a_record_that_claims_too_much_ends_its_file_and_not_the_run(void **state)
{
	pcap_with(2);
	put32(1);
	put32(0);
	put32(262145);
	put32(262145);
	put_fill(0, 1000);
	const char *paths[2] = {save_as("claims.pcap"), NULL};
	pcap_with(1);
	paths[1] = save_as("next.pcap");
	assert_int_equal(read_paths(paths, 2), 0);
	assert_int_equal(seen.n, 3);
	assert_said("claims.pcap: damaged at byte 176");
	assert_said("2 packets before it were read");
	assert_int_equal(seen.warnings, 1);
	assert_int_equal(seen.errors, 0);
}

static void a_pcap_of_another_major_version_is_damaged(void **state)
{
	pcap_with(1);
	w.bytes[4] = 3;
	assert_int_equal(read_one(save_as("version.pcap")), 0);
	assert_int_equal(seen.n, 0);
	assert_said("version other than 2.x");
}

static void damaged_pcapng_blocks_are_named(void **state)
{
	static const struct {
		unsigned at; // byte of the file to change, behind the section and interface blocks: 28 + 44
		uint8_t value;
		const char *said;
	} damages[] = {
		{8, 0, "no byte order magic"},
		{12, 9, "version other than 1.x"},
		{32, 8, "a block has a wrong length"},
		{28 + 20, 0x7f, "timestamp resolution beyond 64 bits"},
		{72 + 8, 1, "interface that was not described"},
		{72 + 20, 200, "a packet is longer than its block"},
		{72 + 22, 200, "a packet says it holds more than 262144 bytes"},
		{72 + 88, 93, "a packet block says two lengths"},
	};

	for (unsigned i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		start(false);
		ng_section();
		ng_interface(1, 0, 6, 0);
		ng_packet(6, 0, 5, 9, 60, 60);
		ng_packet(6, 0, 5, 9, 60, 60);
		w.bytes[damages[i].at] = damages[i].value;
		assert_int_equal(read_one(save_as("damaged.pcapng")), 0);
		assert_int_equal(seen.n, 0);
		assert_said(damages[i].said);
		assert_int_equal(seen.stats.errors, 1);
	}
}

static void a_section_with_too_many_interfaces_is_damaged(void **state)
{
	start(false);
	ng_section();
	for (unsigned i = 0; i < 1025; i++)
		ng_interface(1, 0, 6, 0);
	assert_int_equal(read_one(save_as("interfaces.pcapng")), 0);
	assert_said("more than 1024 interfaces");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pcap_cut_anywhere_is_read_to_its_last_whole_packet),
		cmocka_unit_test(a_pcapng_cut_anywhere_is_read_to_its_last_whole_packet),
		cmocka_unit_test(a_header_cut_short_is_a_cut_capture),
		cmocka_unit_test(a_record_that_claims_too_much_ends_its_file_and_not_the_run),
		cmocka_unit_test(a_pcap_of_another_major_version_is_damaged),
		cmocka_unit_test(damaged_pcapng_blocks_are_named),
		cmocka_unit_test(a_section_with_too_many_interfaces_is_damaged),
	};
	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
