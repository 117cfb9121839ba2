// Detectors of what switches say to each other and learn: spanning tree, neighbour announcements, MAC tables.
#include "tests/unit/heuristics_harness.h"

extern const struct detector detector_stp_anomaly, detector_lldp_anomaly, detector_mac_flood;

#define SEC 1000000ull

// A frame to a group of bridges from a MAC that ends in `from`, with an 802.3 length or an EtherType.
static void begin(uint16_t type, uint8_t from)
{
	build_start(&h.build);
	build_ethernet(&h.build, type);
	memcpy(h.build.data, "\x01\x80\xc2\0\0\0", 6);
	h.build.data[11] = from;
}

// root, bridge: last bytes of their MACs; priority: of the root.
static void bpdu(uint64_t us, uint16_t priority, uint8_t root, uint8_t bridge)
{
	uint8_t m[38] = {0x42, 0x42, 3, 0, 0, 2, 2, 0};
	m[8] = (uint8_t)(priority >> 8), m[9] = (uint8_t)priority;
	m[10] = 2, m[15] = root;
	m[20] = 0x80, m[22] = 2, m[27] = bridge;
	begin(sizeof(m), bridge);
	build_bytes(&h.build, m, sizeof(m));
	harness_frame(&h, us);
}

static void topology_change(uint64_t us, uint8_t bridge)
{
	begin(7, bridge);
	build_bytes(&h.build, (uint8_t[]){0x42, 0x42, 3, 0, 0, 0, 0x80}, 7);
	build_fill(&h.build, 0, 39);
	harness_frame(&h, us);
}

static void a_new_bridge_that_becomes_root_is_told_once(void **state)
{
	harness_start(&h, &detector_stp_anomaly, 2);
	for (uint32_t i = 0; i < 20; i++)
		bpdu(i * 2 * SEC, 0x8000, 1, 1);
	for (uint32_t i = 20; i < 40; i++)
		bpdu(i * 2 * SEC, 0x0000, 66, 66);
	harness_end(&h);
	assert_int_equal(h.findings, 1);
	assert_int_equal(harness_count(&h, "a new bridge takes over as root of the spanning tree"), 1);
	assert_non_null(strstr(h.text[0], "\"root_mac\":\"02:00:00:00:00:42\""));
	assert_non_null(strstr(h.text[0], "\"attacker_mac\":\"02:00:00:00:00:42\""));
}

static void a_root_that_is_lost_and_comes_back_is_silent(void **state)
{
	harness_start(&h, &detector_stp_anomaly, 1);
	for (uint32_t i = 0; i < 20; i++)
		bpdu(i * 2 * SEC, 0x1000, 1, 1);
	for (uint32_t i = 20; i < 40; i++) // the next best takes its place
		bpdu(i * 2 * SEC, 0x8000, 2, 2);
	for (uint32_t i = 40; i < 60; i++)
		bpdu(i * 2 * SEC, 0x1000, 1, 1);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void trees_of_other_vlans_have_other_roots(void **state)
{
	harness_start(&h, &detector_stp_anomaly, 1);
	for (uint32_t i = 0; i < 60; i++) // the priority's low bits are the VLAN
		bpdu(i * SEC, (uint16_t)(0x8000 | (10 - i % 5)), (uint8_t)(i % 5), 1);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void a_root_that_goes_back_and_forth_is_reported(void **state)
{
	harness_start(&h, &detector_stp_anomaly, 1);
	for (uint32_t i = 0; i < 12; i++)
		bpdu(i * SEC, i % 2 ? 0x1000 : 0x8000, i % 2 ? 66 : 1, i % 2 ? 66 : 1);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "the root of the spanning tree goes back and forth"), 1);
}

static void topology_changes_are_a_flood_from_twenty_in_ten_seconds(void **state)
{
	harness_start(&h, &detector_stp_anomaly, 1);
	for (uint32_t i = 0; i < 60; i++) // one every other second, as 802.1D repeats them
		topology_change(i * 2 * SEC, 3);
	assert_int_equal(h.findings, 0);
	for (uint32_t i = 0; i < 100; i++)
		topology_change(200 * SEC + i * 1000, 3);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "flood of topology changes"), 1);
}

static void bridges_without_number_are_a_flood(void **state)
{
	harness_start(&h, &detector_stp_anomaly, 1);
	for (uint32_t i = 0; i < 100; i++)
		bpdu(i * 1000, 0x8000, (uint8_t)(200 - i), (uint8_t)(200 - i));
	harness_end(&h);
	assert_int_equal(harness_count(&h, "flood of BPDUs from ever other bridges"), 1);
}

static void a_bpdu_that_ends_early_is_not_read(void **state)
{
	harness_start(&h, &detector_stp_anomaly, 1);
	for (uint16_t n = 1; n < 35; n++) {
		uint8_t m[35] = {0x42, 0x42, 3, 0, 0, 0, 0};
		begin(n, 1);
		build_bytes(&h.build, m, n);
		harness_frame(&h, n * SEC);
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

// chassis: a number the chassis ID ends in.
static void lldp(uint64_t us, uint8_t from, uint32_t chassis)
{
	uint8_t m[18] = {2, 7, 4, 2, 0, 0, 0, (uint8_t)(chassis >> 8), (uint8_t)chassis, 4, 2, 7, '1', 6, 2, 0, 120};
	begin(0x88cc, from);
	build_bytes(&h.build, m, sizeof(m));
	build_bytes(&h.build, "\0", 2);
	harness_frame(&h, us);
}

static void neighbours_of_a_switch_are_silent(void **state)
{
	harness_start(&h, &detector_lldp_anomaly, 1);
	for (uint32_t i = 0; i < 48 * 10; i++) // 48 mirrored ports, one announcement each in 30 s
		lldp(i * 30 * SEC / 48, (uint8_t)(i % 48), i % 48);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void neighbours_without_number_are_a_flood(void **state)
{
	harness_start(&h, &detector_lldp_anomaly, 1);
	for (uint32_t i = 0; i < 400; i++)
		lldp(i * 1000, (uint8_t)i, i);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "flood of neighbour announcements"), 1);
}

static void a_sender_that_changes_who_it_is_is_reported(void **state)
{
	harness_start(&h, &detector_lldp_anomaly, 1);
	for (uint32_t i = 0; i < 8; i++)
		lldp(i * 3 * SEC, 5, i);
	harness_end(&h);
	assert_int_equal(h.findings, 1);
	assert_non_null(strstr(h.text[0], "\"attacker_mac\":\"02:00:00:00:00:05\""));
}

static void lldp_without_its_first_three_parts_is_broken(void **state)
{
	harness_start(&h, &detector_lldp_anomaly, 1);
	begin(0x88cc, 5);
	build_bytes(&h.build, (uint8_t[]){4, 2, 7, '1', 2, 7, 4, 2, 0, 0, 0, 0, 9, 6, 2, 0, 120, 0, 0}, 19);
	harness_frame(&h, 0);
	begin(0x88cc, 5);
	build_bytes(&h.build, (uint8_t[]){2, 255, 4, 2}, 4); // longer than the frame
	harness_frame(&h, SEC);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "LLDP without chassis, port and lifetime in their places"), 1);
}

static void cdp_of_ever_other_devices_is_a_flood(void **state)
{
	harness_start(&h, &detector_lldp_anomaly, 1);
	for (uint32_t i = 0; i < 400; i++) {
		uint8_t m[20] = {0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0, 2, 180, 0, 0, 0, 1, 0, 8, 'r', 't',
			(uint8_t)(i >> 8), (uint8_t)i};
		begin(sizeof(m), (uint8_t)i);
		build_bytes(&h.build, m, sizeof(m));
		harness_frame(&h, i * 1000);
	}
	harness_end(&h);
	assert_int_equal(harness_count(&h, "flood of neighbour announcements"), 1);
}

// The headers of a frame from MAC number `mac`, up to IP.
static void from_mac_begin(uint32_t mac, uint32_t flow)
{
	char a[32];
	harness_begin(&h, harness_host(a, flow), "10.0.0.9", 6);
	h.build.data[8] = (uint8_t)(mac >> 16);
	h.build.data[9] = (uint8_t)(mac >> 8);
	h.build.data[10] = (uint8_t)mac;
}

static void from_mac(uint64_t us, uint32_t mac, uint32_t flow)
{
	from_mac_begin(mac, flow);
	build_tcp(&h.build, (uint16_t)(1024 + flow % 60000), 80, BUILD_TCP_SYN, 1, 0);
	h.build.data[6] |= flow >> 31;
	harness_finish(&h, us, NULL, 0);
}

static void macs_that_never_come_back_are_a_flood(void **state)
{
	for (uint32_t workers = 1; workers <= 2; workers++) {
		harness_start(&h, &detector_mac_flood, workers);
		for (uint32_t i = 0; i < 6000; i++)
			from_mac(i * 2500, 7919 * i, i);
		harness_end(&h);
		assert_int_equal(h.findings, 1);
		assert_true(h.found[0].finding.observed > 3900 && h.found[0].finding.observed < 4200);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void sources_that_no_station_has_are_told_at_once(void **state)
{
	harness_start(&h, &detector_mac_flood, 1);
	for (uint32_t i = 0; i < 1500; i++) // macof draws all six bytes: half have the group bit
		from_mac(i * 500, 7919 * i, i | (i & 1) << 31);
	harness_tick(&h, false);
	assert_int_equal(h.findings, 1);
}

static void frames_whose_ip_is_broken_count_too(void **state)
{
	harness_start(&h, &detector_mac_flood, 1);
	for (uint32_t i = 0; i < 1500; i++) { // an IP header that promises a TCP header, and the frame ends
		from_mac_begin(i, i);
		h.build.data[6] |= i & 1;
		h.build.data[14 + 3] = 40;
		harness_frame(&h, i * 500);
	}
	harness_end(&h);
	assert_int_equal(h.findings, 1);
}

static void a_large_site_that_comes_into_view_is_silent(void **state)
{
	harness_start(&h, &detector_mac_flood, 1);
	for (uint32_t i = 0; i < 12000; i++) // 3000 stations, each with four flows
		from_mac(i * 800, i % 3000, i);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void known_macs_that_show_once_a_window_are_silent(void **state)
{
	harness_start(&h, &detector_mac_flood, 1);
	for (uint32_t i = 0; i < 30000; i++) // 600 strangers a window, then the same 1800 again, one flow each
		from_mac(i * 16000, i % 1800, i);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void a_flood_behind_one_router_is_no_mac_flood(void **state)
{
	harness_start(&h, &detector_mac_flood, 1);
	for (uint32_t i = 0; i < 20000; i++)
		from_mac(i * 50, 1, i);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heuristic_test(a_new_bridge_that_becomes_root_is_told_once),
		heuristic_test(a_root_that_is_lost_and_comes_back_is_silent),
		heuristic_test(trees_of_other_vlans_have_other_roots),
		heuristic_test(a_root_that_goes_back_and_forth_is_reported),
		heuristic_test(topology_changes_are_a_flood_from_twenty_in_ten_seconds),
		heuristic_test(bridges_without_number_are_a_flood),
		heuristic_test(a_bpdu_that_ends_early_is_not_read),
		heuristic_test(neighbours_of_a_switch_are_silent),
		heuristic_test(neighbours_without_number_are_a_flood),
		heuristic_test(a_sender_that_changes_who_it_is_is_reported),
		heuristic_test(lldp_without_its_first_three_parts_is_broken),
		heuristic_test(cdp_of_ever_other_devices_is_a_flood),
		heuristic_test(macs_that_never_come_back_are_a_flood),
		heuristic_test(sources_that_no_station_has_are_told_at_once),
		heuristic_test(frames_whose_ip_is_broken_count_too),
		heuristic_test(a_large_site_that_comes_into_view_is_silent),
		heuristic_test(known_macs_that_show_once_a_window_are_silent),
		heuristic_test(a_flood_behind_one_router_is_no_mac_flood),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
