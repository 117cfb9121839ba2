// Detectors of the local link: ARP, DHCP, router and neighbour advertisements, ICMP redirects.
#include "tests/unit/heuristics_harness.h"

extern const struct detector detector_icmp_flood, detector_arp_spoof, detector_rogue_dhcp, detector_rogue_ra,
	detector_icmp_redirect;

#define SEC 1000000ull

// op 1: who has dst, says src; op 2: src is at mac. mac: its last byte.
static void arp(uint64_t us, uint8_t op, uint8_t mac, const char *src, const char *dst, bool to_all)
{
	uint8_t m[28] = {0, 1, 8, 0, 6, 4, 0, op, 2, 0, 0, 0, 0, mac};
	build_start(&h.build);
	build_ethernet(&h.build, 0x0806);
	memset(h.build.data, to_all ? 0xff : 0x02, 6);
	inet_pton(AF_INET, src, m + 14);
	inet_pton(AF_INET, dst, m + 24);
	build_bytes(&h.build, m, sizeof(m));
	harness_frame(&h, us);
}

static void an_unasked_answer_that_moves_an_address_is_spoofing(void **state)
{
	harness_start(&h, &detector_arp_spoof, 1);
	arp(0, 1, 7, "10.0.0.7", "10.0.0.1", true);
	arp(1000, 2, 1, "10.0.0.1", "10.0.0.7", false);
	arp(20 * SEC, 2, 66, "10.0.0.1", "10.0.0.7", false);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "an answer nobody asked for moves an address"), 1);
	harness_assert_victim(&h, 0, "10.0.0.1");
	assert_non_null(strstr(h.text[0], "\"attacker_mac\":\"02:00:00:00:00:42\""));
}

static void an_address_that_flips_is_spoofing(void **state)
{
	harness_start(&h, &detector_arp_spoof, 1);
	for (uint32_t i = 0; i < 6; i++)
		arp(i * SEC, 1, i & 1 ? 66 : 1, "10.0.0.1", "10.0.0.7", true);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "an address goes back and forth between MACs"), 1);
}

static void a_host_that_moves_once_and_says_so_is_silent(void **state)
{
	harness_start(&h, &detector_arp_spoof, 1);
	arp(0, 1, 1, "10.0.0.1", "10.0.0.7", true);
	arp(20 * SEC, 2, 2, "10.0.0.1", "10.0.0.1", true);
	arp(30 * SEC, 1, 2, "10.0.0.1", "10.0.0.7", true);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void questions_and_answers_are_silent(void **state)
{
	char a[32];
	harness_start(&h, &detector_arp_spoof, 1);
	for (uint32_t i = 0; i < 300; i++) {
		sprintf(a, "10.0.0.%u", 2 + i % 20);
		arp(i * 100000, 1, (uint8_t)(2 + i % 20), a, "10.0.0.1", true);
		arp(i * 100000 + 200, 2, 1, "10.0.0.1", a, false);
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void the_same_address_on_two_vlans_is_two_hosts(void **state)
{
	harness_start(&h, &detector_arp_spoof, 1);
	for (uint32_t i = 0; i < 8; i++) {
		uint8_t m[28] = {0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, (uint8_t)(i & 1), 10, 0, 0, 1};
		build_start(&h.build);
		build_ethernet(&h.build, 0x8100);
		build_vlan(&h.build, (uint16_t)(10 + (i & 1)), 0x0806);
		build_bytes(&h.build, m, sizeof(m));
		harness_frame(&h, i * SEC);
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void dhcp(uint64_t us, uint8_t op, uint8_t type, uint32_t xid, uint8_t client, const char *server)
{
	uint8_t m[260] = {op, 1, 6, 0};
	memcpy(m + 4, &xid, 4);
	m[33] = client;
	memcpy(m + 236, "\x63\x82\x53\x63\x35\x01", 6);
	m[242] = type;
	m[243] = 54, m[244] = 4;
	inet_pton(AF_INET, server, m + 245);
	m[249] = 255;
	if (op == 2)
		harness_udp(&h, us, server, 67, "255.255.255.255", 68, m, sizeof(m));
	else
		harness_udp(&h, us, "0.0.0.0", 68, "255.255.255.255", 67, m, sizeof(m));
}

static void two_servers_that_offer_to_one_client_are_reported(void **state)
{
	harness_start(&h, &detector_rogue_dhcp, 1);
	for (uint32_t i = 0; i < 3; i++) {
		dhcp(i * SEC, 1, 1, 77 + i, 5, "0.0.0.0");
		dhcp(i * SEC + 1000, 2, 2, 77 + i, 5, "10.0.0.1");
		dhcp(i * SEC + 2000, 2, 2, 77 + i, 5, "10.0.0.66");
	}
	harness_end(&h);
	assert_int_equal(h.findings, 1);
	harness_assert_attacker(&h, 0, "10.0.0.66");
}

static void the_server_that_was_there_first_is_not_the_rogue(void **state)
{
	harness_start(&h, &detector_rogue_dhcp, 1);
	dhcp(0, 2, 2, 7, 4, "10.0.0.1");
	dhcp(SEC, 2, 2, 77, 5, "10.0.0.66"); // quicker than the site's own
	dhcp(SEC + 1000, 2, 2, 77, 5, "10.0.0.1");
	harness_end(&h);
	assert_int_equal(h.findings, 1);
	harness_assert_attacker(&h, 0, "10.0.0.66");
	harness_assert_victim(&h, 0, "10.0.0.1");
}

static void one_server_that_repeats_itself_is_silent(void **state)
{
	harness_start(&h, &detector_rogue_dhcp, 1);
	for (uint32_t i = 0; i < 60; i++) {
		dhcp(i * SEC, 1, 1, 77 + i, (uint8_t)i, "0.0.0.0");
		dhcp(i * SEC + 1000, 2, 2, 77 + i, (uint8_t)i, "10.0.0.1");
		dhcp(i * SEC + 2000, 2, 2, 77 + i, (uint8_t)i, "10.0.0.1");
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void dhcp_starvation_is_reported(void **state)
{
	harness_start(&h, &detector_rogue_dhcp, 1);
	for (uint32_t i = 0; i < 200; i++)
		dhcp(i * 1000, 1, 1, 1000 + i, (uint8_t)i, "0.0.0.0");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "DHCP starvation"), 1);
}

// A DHCPv6 message; server NULL: a client's.
static void dhcp6(uint64_t us, uint8_t type, uint8_t xid, uint8_t client, const char *server)
{
	uint8_t m[] = {type, 0, 0, xid, 0, 8, 0, 2, 0, 0, 0, 1, 0, 10, 0, 3, 0, 1, 2, 0, 0, 0, 0, client};
	char a[40];
	sprintf(a, "fe80::%x", 0x100 + client);
	if (server)
		harness_udp(&h, us, server, 547, a, 546, m, sizeof(m));
	else
		harness_udp(&h, us, a, 546, "ff02::1:2", 547, m, sizeof(m));
}

static void dhcpv6_has_the_same_rogues_and_starvers(void **state)
{
	harness_start(&h, &detector_rogue_dhcp, 1);
	dhcp6(0, 1, 1, 4, NULL);
	dhcp6(1000, 2, 1, 4, "fe80::1");
	dhcp6(SEC, 1, 2, 5, NULL);
	dhcp6(SEC + 1000, 2, 2, 5, "fe80::66");
	dhcp6(SEC + 2000, 2, 2, 5, "fe80::1");
	harness_end(&h);
	assert_int_equal(h.findings, 1);
	harness_assert_attacker(&h, 0, "fe80::66");
	harness_assert_victim(&h, 0, "fe80::1");
	harness_stop(&h);
	harness_start(&h, &detector_rogue_dhcp, 1);
	for (uint32_t i = 0; i < 200; i++)
		dhcp6(i * 1000, 1, (uint8_t)i, (uint8_t)i, NULL);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "DHCP starvation"), 1);
}

static void dhcpv6_of_a_morning_is_silent(void **state)
{
	harness_start(&h, &detector_rogue_dhcp, 1);
	for (uint32_t i = 0; i < 80; i++) {
		dhcp6(i * 100000, 1, (uint8_t)i, (uint8_t)i, NULL);
		dhcp6(i * 100000 + 500, 2, (uint8_t)i, (uint8_t)i, "fe80::1");
	}
	for (uint32_t n = 1; n < 24; n++) { // ends early everywhere
		static const uint8_t m[] = {2, 0, 0, 9, 0, 1, 0, 10, 0, 3, 0, 1, 2, 0, 0, 0, 0, 1};
		harness_udp(&h, 20 * SEC + n, "fe80::66", 547, "fe80::101", 546, m, n < sizeof(m) ? n : 4);
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void dhcp_of_a_morning_is_silent(void **state)
{
	harness_start(&h, &detector_rogue_dhcp, 1);
	for (uint32_t i = 0; i < 80; i++)
		dhcp(i * 100000, 1, 1, 1000 + i, (uint8_t)i, "0.0.0.0");
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void advertise(uint64_t us, const char *router, uint16_t lifetime)
{
	uint8_t rest[12] = {0}; // reachable time, retransmission time, no options
	harness_begin(&h, router, "ff02::1", 58);
	h.build.data[14 + 7] = 255;
	build_icmpv6(&h.build, 134, 0, 0x40000000u | lifetime);
	harness_finish(&h, us, rest, sizeof(rest));
}

static void a_second_router_is_reported_and_one_that_repeats_itself_not(void **state)
{
	harness_start(&h, &detector_rogue_ra, 1);
	for (uint32_t i = 0; i < 20; i++)
		advertise(i * SEC, "fe80::1", 1800);
	harness_tick(&h, false);
	assert_int_equal(h.findings, 0);
	advertise(21 * SEC, "fe80::66", 1800);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "a second router announces itself"), 1);
	harness_assert_attacker(&h, 0, "fe80::66");
}

static void a_flood_of_routers_is_reported(void **state)
{
	char a[40];
	harness_start(&h, &detector_rogue_ra, 1);
	for (uint32_t i = 0; i < 100; i++) {
		sprintf(a, "fe80::%x", i + 1);
		advertise(i * 1000, a, 1800);
	}
	harness_end(&h);
	assert_int_equal(harness_count(&h, "flood of router advertisements"), 1);
}

static void claim(uint64_t us, uint8_t mac, bool solicited)
{
	uint8_t rest[24] = {0xfe, 0x80, [15] = 7, [16] = 2, [17] = 1, [18] = 2, [23] = mac};
	harness_begin(&h, "fe80::7", "fe80::8", 58);
	h.build.data[14 + 7] = 255;
	build_icmpv6(&h.build, 136, 0, solicited ? 0x60000000u : 0x20000000u);
	harness_finish(&h, us, rest, sizeof(rest));
}

static void neighbours_that_move_an_address_unasked_are_reported(void **state)
{
	harness_start(&h, &detector_rogue_ra, 1);
	claim(0, 1, true);
	claim(SEC, 1, false);
	harness_tick(&h, false);
	assert_int_equal(h.findings, 0);
	claim(2 * SEC, 66, false);
	harness_end(&h);
	assert_int_equal(h.findings, 1);
	harness_assert_victim(&h, 0, "fe80::7");
	assert_non_null(strstr(h.text[0], ":42\""));
}

static void a_neighbour_with_a_new_card_that_answers_is_silent(void **state)
{
	harness_start(&h, &detector_rogue_ra, 1);
	claim(0, 1, true);
	claim(SEC, 2, true);
	for (uint32_t i = 2; i < 20; i++)
		claim(i * SEC, 2, i & 1);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

// Who has ever other addresses, asks one host (RFC 4861 type 135), so often a second.
static void solicit(uint32_t n, uint32_t rate)
{
	uint8_t target[16] = {0xfe, 0x80};
	for (uint32_t i = 0; i < n; i++) {
		target[14] = (uint8_t)(i >> 8), target[15] = (uint8_t)i;
		harness_begin(&h, "fe80::66", "ff02::1", 58);
		h.build.data[14 + 7] = 255;
		build_icmpv6(&h.build, 135, 0, 0);
		harness_finish(&h, (uint64_t)i * SEC / rate, target, sizeof(target));
	}
	harness_end(&h);
}

static void solicitations_without_number_are_a_flood(void **state)
{
	harness_start(&h, &detector_icmp_flood, 1);
	solicit(4000, 2000);
	assert_true(harness_count(&h, "neighbour discovery flood") >= 1);
	harness_assert_victim(&h, 0, "ff02::1");
}

static void solicitations_of_a_large_link_are_silent(void **state)
{
	harness_start(&h, &detector_icmp_flood, 1);
	solicit(1200, 200);
	assert_int_equal(h.findings, 0);
}

static void redirects(uint32_t n)
{
	uint8_t quoted[28] = {0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 7, 198, 51, 100, 7};
	for (uint32_t i = 0; i < n; i++)
		harness_icmp(&h, i * SEC, "10.0.0.66", "10.0.0.7", 5, 0x0a000042, quoted, sizeof(quoted));
	harness_end(&h);
}

static void several_redirects_of_one_host_are_reported(void **state)
{
	harness_start(&h, &detector_icmp_redirect, 1);
	redirects(8);
	assert_int_equal(h.findings, 1);
	harness_assert_victim(&h, 0, "10.0.0.7");
	assert_non_null(strstr(h.text[0], "\"gateway\":\"10.0.0.66\""));
}

static void a_redirect_or_two_are_silent(void **state)
{
	harness_start(&h, &detector_icmp_redirect, 1);
	redirects(3);
	assert_int_equal(h.findings, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heuristic_test(an_unasked_answer_that_moves_an_address_is_spoofing),
		heuristic_test(an_address_that_flips_is_spoofing),
		heuristic_test(a_host_that_moves_once_and_says_so_is_silent),
		heuristic_test(questions_and_answers_are_silent),
		heuristic_test(the_same_address_on_two_vlans_is_two_hosts),
		heuristic_test(two_servers_that_offer_to_one_client_are_reported),
		heuristic_test(the_server_that_was_there_first_is_not_the_rogue),
		heuristic_test(one_server_that_repeats_itself_is_silent),
		heuristic_test(dhcp_starvation_is_reported),
		heuristic_test(dhcp_of_a_morning_is_silent),
		heuristic_test(dhcpv6_has_the_same_rogues_and_starvers),
		heuristic_test(dhcpv6_of_a_morning_is_silent),
		heuristic_test(a_second_router_is_reported_and_one_that_repeats_itself_not),
		heuristic_test(a_flood_of_routers_is_reported),
		heuristic_test(neighbours_that_move_an_address_unasked_are_reported),
		heuristic_test(a_neighbour_with_a_new_card_that_answers_is_silent),
		heuristic_test(solicitations_without_number_are_a_flood),
		heuristic_test(solicitations_of_a_large_link_are_silent),
		heuristic_test(several_redirects_of_one_host_are_reported),
		heuristic_test(a_redirect_or_two_are_silent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
