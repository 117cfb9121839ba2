// Detectors of behaviour: scans, guessing, worms, beacons, exfiltration, lateral movement.
#include "tests/unit/heuristics_harness.h"

extern const struct detector detector_port_scan, detector_host_scan, detector_brute_force, detector_worm_spread,
	detector_beacon, detector_exfiltration, detector_lateral_movement, detector_tunnel_redirect;

#define SCANNER "198.18.0.9"
#define SERVER "10.1.1.80"
#define SEC 1000000ull

static void probes(uint32_t ports, uint8_t flags, uint32_t gap_us)
{
	for (uint32_t i = 0; i < ports; i++)
		harness_tcp(&h, (uint64_t)i * gap_us, SCANNER, 40000, SERVER, (uint16_t)(1 + i), flags, NULL, 0);
	harness_end(&h);
}

static void port_scan_by_syn_is_reported_and_ended(void **state)
{
	harness_start(&h, &detector_port_scan, 1);
	probes(200, BUILD_TCP_SYN, 1000);
	assert_int_equal(harness_count(&h, "SYN scan"), 2);
	assert_int_equal(harness_stages(&h, "end"), 1);
	harness_assert_attacker(&h, 0, SCANNER);
	harness_assert_victim(&h, 0, SERVER);
	assert_true(h.found[1].finding.observed > 180 && h.found[1].finding.observed < 220);
}

static void port_scans_by_odd_flags_are_named(void **state)
{
	static const struct {
		uint8_t flags;
		const char *what;
	} kinds[] = {{0, "NULL scan"}, {BUILD_TCP_FIN, "FIN scan"},
		{BUILD_TCP_FIN | BUILD_TCP_PSH | BUILD_TCP_URG, "XMAS scan"}};
	for (size_t i = 0; i < 3; i++) {
		harness_start(&h, &detector_port_scan, 1);
		probes(60, kinds[i].flags, 1000);
		assert_int_equal(harness_count(&h, kinds[i].what), 2);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void port_scan_by_ack_shows_in_resets(void **state)
{
	harness_start(&h, &detector_port_scan, 1);
	for (uint32_t i = 0; i < 60; i++) {
		harness_tcp(&h, i * 1000, SCANNER, 40000, SERVER, (uint16_t)(1 + i), BUILD_TCP_ACK, NULL, 0);
		harness_tcp(&h, i * 1000 + 9, SERVER, (uint16_t)(1 + i), SCANNER, 40000, BUILD_TCP_RST, NULL, 0);
	}
	harness_end(&h);
	assert_int_equal(harness_count(&h, "ACK scan"), 2);
}

static void port_scan_over_an_hour_is_still_one(void **state)
{
	harness_start(&h, &detector_port_scan, 1);
	probes(30, BUILD_TCP_SYN, 60000000);
	assert_true(harness_stages(&h, "start") >= 1);
}

// One try in five minutes, as nmap's -T0: port or host number i % distinct.
static void slow_tries(uint32_t n, uint32_t distinct, bool hosts)
{
	char b[32];
	for (uint32_t i = 0; i < n; i++) {
		sprintf(b, "10.1.3.%u", hosts ? 1 + i % distinct : 1);
		harness_tcp(&h, i * 300 * SEC, SCANNER, (uint16_t)(40000 + i), b,
			hosts ? 8080 : (uint16_t)(1 + i % distinct), BUILD_TCP_SYN, NULL, 0);
	}
	harness_end(&h);
}

static void a_scan_of_a_port_in_five_minutes_is_told_within_hours(void **state)
{
	harness_start(&h, &detector_port_scan, 1);
	slow_tries(100, 100, false);
	assert_true(harness_count(&h, "slow port scan") >= 2);
	harness_assert_attacker(&h, 0, SCANNER);
	harness_assert_victim(&h, 0, "10.1.3.1");
	assert_true(h.found[0].finding.observed >= 38 && h.found[0].finding.observed <= 45);
	assert_true(h.found[0].finding.window_ms > 3 * 3600 * 1000ull);
}

static void a_sweep_of_a_host_in_five_minutes_is_told_within_hours(void **state)
{
	harness_start(&h, &detector_host_scan, 1);
	slow_tries(100, 100, true);
	assert_true(harness_count(&h, "slow service sweep") >= 2);
	harness_assert_attacker(&h, 0, SCANNER);
}

static void a_monitor_of_the_same_dead_ports_all_day_is_silent(void **state)
{
	harness_start(&h, &detector_port_scan, 1);
	slow_tries(288, 10, false);
	assert_int_equal(h.findings, 0);
}

static void a_sctp_scan_shows_in_aborts(void **state)
{
	uint8_t init[32] = {0x9c, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 20}, abort[16] = {[12] = 6, [15] = 4};
	harness_start(&h, &detector_port_scan, 1);
	for (uint32_t i = 0; i < 60; i++) {
		init[3] = abort[1] = (uint8_t)(i + 1);
		abort[2] = 0x9c, abort[3] = 0x40;
		harness_begin(&h, SCANNER, SERVER, 132);
		harness_finish(&h, i * 1000, init, sizeof(init));
		harness_begin(&h, SERVER, SCANNER, 132);
		harness_finish(&h, i * 1000 + 9, abort, sizeof(abort));
	}
	harness_end(&h);
	assert_int_equal(harness_count(&h, "SCTP scan"), 2);
}

static void port_scan_of_a_few_ports_is_silent(void **state)
{
	harness_start(&h, &detector_port_scan, 1);
	probes(15, BUILD_TCP_SYN, 1000);
	assert_int_equal(h.findings, 0);
}

static void ports_that_answer_are_no_scan(void **state)
{
	harness_start(&h, &detector_port_scan, 1);
	for (uint32_t i = 0; i < 200; i++) // FTP's passive data connections
		harness_handshake(&h, i * 1000, SCANNER, (uint16_t)(3000 + i), SERVER, (uint16_t)(50000 + i));
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void traceroute_is_no_udp_scan(void **state)
{
	harness_start(&h, &detector_port_scan, 1);
	for (uint32_t i = 0; i < 90; i++) {
		harness_begin(&h, "10.0.0.5", SCANNER, 17);
		h.build.data[14 + 8] = (uint8_t)(1 + i / 3);
		build_udp(&h.build, 45000, (uint16_t)(33434 + i));
		harness_finish(&h, i * 20000, "0123456789", 10);
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

// A port unreachable message (RFC 792) of SERVER about a datagram of `src`.
static void unreachable(uint64_t us, const char *src, uint16_t sport, uint16_t dport)
{
	struct build quoted;
	build_start(&quoted);
	build_ipv4(&quoted, src, SERVER, 17);
	build_udp(&quoted, sport, dport);
	build_finish(&quoted);
	harness_begin(&h, SERVER, src, 1);
	build_icmp(&h.build, 3, 3, 0);
	harness_finish(&h, us, quoted.data, quoted.len);
}

// Answers of services nobody asked, whatever ports the requests in SERVER's name were forged with.
static void reflected_answers_are_no_udp_scan(void **state)
{
	static const uint16_t services[] = {53, 123, 389, 1900, 11211};
	harness_start(&h, &detector_port_scan, 1);
	for (uint32_t i = 0; i < 500; i++) {
		uint16_t service = services[i % 5], port = (uint16_t)(2000 + i * 60);
		harness_udp(&h, i * 2000, SCANNER, service, SERVER, port, "0123456789", 10);
		unreachable(i * 2000 + 100, SCANNER, service, port);
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void a_udp_scan_shows_in_unreachable_ports(void **state)
{
	harness_start(&h, &detector_port_scan, 1);
	for (uint32_t i = 0; i < 200; i++)
		unreachable(i * 1000, SCANNER, 60000, (uint16_t)(1 + i * 11));
	harness_end(&h);
	assert_int_equal(harness_count(&h, "UDP scan"), 2);
}

static void udp_scan_is_reported(void **state)
{
	harness_start(&h, &detector_port_scan, 2);
	for (uint32_t i = 0; i < 60; i++)
		harness_udp(&h, i * 1000, SCANNER, 60000, SERVER, (uint16_t)(1 + i * 11), "x", 1);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "UDP scan"), 2);
}

static void distributed_scan_is_told_as_one(void **state)
{
	char a[32];
	harness_start(&h, &detector_port_scan, 2);
	for (uint32_t i = 0; i < 600; i++)
		harness_tcp(&h, i * 1000, harness_host(a, i % 60), 40000, SERVER, (uint16_t)(1 + i), BUILD_TCP_SYN,
			NULL, 0);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "distributed port scan"), 2);
	harness_assert_victim(&h, 0, SERVER);
}

static void sweep(uint32_t hosts, uint16_t port)
{
	char b[32];
	for (uint32_t i = 0; i < hosts; i++) {
		sprintf(b, "10.1.3.%u", i + 1);
		harness_tcp(&h, i * 10000, SCANNER, (uint16_t)(40000 + i), b, port, BUILD_TCP_SYN, NULL, 0);
	}
	harness_end(&h);
}

static void host_scan_is_reported(void **state)
{
	harness_start(&h, &detector_host_scan, 2);
	sweep(60, 8080);
	assert_int_equal(harness_count(&h, "service sweep"), 2);
	assert_int_equal(h.found[0].tuple.dport, 8080);
}

static void host_scan_for_smb_needs_fewer(void **state)
{
	harness_start(&h, &detector_host_scan, 1);
	sweep(10, 445);
	assert_int_equal(harness_stages(&h, "start"), 1);
}

static void host_scan_of_a_few_hosts_is_silent(void **state)
{
	harness_start(&h, &detector_host_scan, 1);
	sweep(15, 8080);
	assert_int_equal(h.findings, 0);
}

static void a_browser_with_many_servers_is_no_scan(void **state)
{
	char a[32];
	harness_start(&h, &detector_host_scan, 1);
	for (uint32_t i = 0; i < 300; i++)
		harness_handshake(&h, i * 1000, "10.0.0.5", (uint16_t)(3000 + i), harness_host(a, i), 443);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void ping_sweep_is_reported(void **state)
{
	char b[32];
	harness_start(&h, &detector_host_scan, 1);
	for (uint32_t i = 0; i < 40; i++) {
		sprintf(b, "10.1.3.%u", i + 1);
		harness_icmp(&h, i * 1000, SCANNER, b, 8, i, "01234567", 8);
	}
	harness_end(&h);
	assert_int_equal(harness_count(&h, "ping sweep"), 2);
}

static void answer(uint64_t us, const char *server, uint16_t service, const char *client, uint16_t port,
	const char *text, size_t len)
{
	harness_handshake(&h, us, client, port, server, service);
	harness_tcp(&h, us + 100, server, service, client, port, BUILD_TCP_ACK | BUILD_TCP_PSH, text, len);
}

static void ftp_guessing_and_its_success_are_reported(void **state)
{
	static const char no[] = "530 Login incorrect.\r\n", yes[] = "230 Login successful.\r\n";
	harness_start(&h, &detector_brute_force, 1);
	for (uint32_t i = 0; i < 12; i++)
		answer(i * SEC, SERVER, 21, SCANNER, (uint16_t)(3000 + i), no, sizeof(no) - 1);
	answer(13 * SEC, SERVER, 21, SCANNER, 4000, yes, sizeof(yes) - 1);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "password guessing"), 1);
	assert_int_equal(harness_count(&h, "a login succeeded after guessing"), 1);
	assert_int_equal(h.found[1].finding.severity, 1);
	harness_assert_victim(&h, 0, SERVER);
}

static void a_few_wrong_passwords_are_silent(void **state)
{
	static const char no[] = "530 Login incorrect.\r\n";
	harness_start(&h, &detector_brute_force, 1);
	for (uint32_t i = 0; i < 7; i++)
		answer(i * SEC, SERVER, 21, SCANNER, (uint16_t)(3000 + i), no, sizeof(no) - 1);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void short_ssh_sessions_on_any_port_are_guessing(void **state)
{
	static const char banner[] = "SSH-2.0-OpenSSH_9.2\r\n";
	harness_start(&h, &detector_brute_force, 1);
	for (uint32_t i = 0; i < 8; i++)
		answer(i * SEC, SERVER, 902, SCANNER, (uint16_t)(3000 + i), banner, sizeof(banner) - 1);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "password guessing by short sessions"), 1);
}

static void ssh_sessions_that_stay_are_silent(void **state)
{
	static const char banner[] = "SSH-2.0-OpenSSH_9.2\r\n";
	harness_start(&h, &detector_brute_force, 1);
	for (uint32_t i = 0; i < 8; i++) {
		answer(i * SEC, SERVER, 22, SCANNER, (uint16_t)(3000 + i), banner, sizeof(banner) - 1);
		for (uint32_t k = 0; k < 70; k++)
			harness_tcp(&h, i * SEC + 1000 + k, SERVER, 22, SCANNER, (uint16_t)(3000 + i), BUILD_TCP_ACK,
				"data", 4);
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void smb_refusals_by_many_servers_are_spraying(void **state)
{
	uint8_t refusal[60] = {0, 0, 0, 56, 0xff, 'S', 'M', 'B', 0x73, 0x6d, 0, 0, 0xc0};
	char b[32];
	harness_start(&h, &detector_brute_force, 2);
	for (uint32_t i = 0; i < 20; i++) {
		sprintf(b, "10.1.3.%u", i + 1);
		answer(i * SEC, b, 445, "10.0.0.66", (uint16_t)(3000 + i), (const char *)refusal, sizeof(refusal));
	}
	harness_end(&h);
	assert_int_equal(harness_count(&h, "password guessing at many servers"), 1);
	harness_assert_attacker(&h, 0, "10.0.0.66");
}

static void snmp(uint32_t communities, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		char get[40] = {0x30, 38, 2, 1, 1, 4, 6, 'c', 'o', 'm', 'm', 0, 0, (char)0xa0};
		get[11] = (char)('a' + i % communities % 26);
		get[12] = (char)('a' + i % communities / 26);
		harness_udp(&h, i * 100000, SCANNER, 5000, SERVER, 161, get, sizeof(get));
	}
	harness_end(&h);
}

static void snmp_communities_tried_one_after_another_are_reported(void **state)
{
	harness_start(&h, &detector_brute_force, 1);
	snmp(20, 20);
	assert_int_equal(harness_count(&h, "SNMP community guessing"), 1);
}

static void snmp_polling_with_one_community_is_silent(void **state)
{
	harness_start(&h, &detector_brute_force, 1);
	snmp(1, 300);
	assert_int_equal(h.findings, 0);
}

static void spread(bool reached, uint32_t hosts)
{
	char b[32];
	if (reached)
		harness_handshake(&h, 0, SCANNER, 3000, "10.0.0.5", 445);
	for (uint32_t i = 0; i < hosts; i++) {
		sprintf(b, "10.1.3.%u", i + 1);
		harness_tcp(&h, SEC + i * 10000, "10.0.0.5", (uint16_t)(40000 + i), b, 445, BUILD_TCP_SYN, NULL, 0);
	}
	harness_end(&h);
}

static void a_host_that_attacks_as_it_was_attacked_is_a_worm(void **state)
{
	harness_start(&h, &detector_worm_spread, 2);
	spread(true, 20);
	assert_int_equal(h.findings, 1);
	harness_assert_victim(&h, 0, "10.0.0.5");
	harness_assert_attacker(&h, 0, SCANNER);
}

static void a_scanner_nobody_reached_is_no_worm(void **state)
{
	harness_start(&h, &detector_worm_spread, 1);
	spread(false, 20);
	assert_int_equal(h.findings, 0);
}

static void a_reached_host_that_tries_a_few_is_no_worm(void **state)
{
	harness_start(&h, &detector_worm_spread, 1);
	spread(true, 6);
	assert_int_equal(h.findings, 0);
}

static void calls_of(const char *from, uint32_t n, uint32_t jitter_permille, const char *to)
{
	uint64_t us = 0;
	for (uint32_t i = 0; i < n; i++) {
		harness_handshake(&h, us, from, (uint16_t)(3000 + i), to, 443);
		uint32_t random = (i * 2654435761u >> 8) % 2001; // 0..2000
		us += 60 * SEC + (60 * SEC / 1000) * jitter_permille * random / 1000 -
		      60 * SEC / 1000 * jitter_permille;
	}
	harness_end(&h);
}

static void calls(uint32_t n, uint32_t jitter_permille, const char *to)
{
	calls_of("10.0.0.5", n, jitter_permille, to);
}

static void beacon_with_some_jitter_is_reported(void **state)
{
	harness_start(&h, &detector_beacon, 1);
	calls(20, 100, "198.51.100.7");
	assert_int_equal(h.findings, 1);
	harness_assert_victim(&h, 0, "10.0.0.5");
	harness_assert_attacker(&h, 0, "198.51.100.7");
}

static void beacon_with_much_jitter_needs_longer(void **state)
{
	harness_start(&h, &detector_beacon, 1);
	calls(40, 450, "198.51.100.7");
	assert_int_equal(h.findings, 1);
}

static void beacon_of_ten_calls_is_not_yet_one(void **state)
{
	harness_start(&h, &detector_beacon, 1);
	calls(10, 0, "198.51.100.7");
	assert_int_equal(h.findings, 0);
}

static void regular_calls_inside_are_silent(void **state)
{
	harness_start(&h, &detector_beacon, 1);
	calls(40, 0, "10.0.0.99");
	assert_int_equal(h.findings, 0);
}

static void a_beacon_over_ipv6_needs_no_home_net_where_its_host_has_a_local_address(void **state)
{
	harness_start(&h, &detector_beacon, 1);
	calls_of("fd00:1::5", 20, 100, "2001:db8:7::7");
	assert_int_equal(h.findings, 1);
	harness_assert_victim(&h, 0, "fd00:1::5");
	harness_stop(&h);
	harness_start(&h, &detector_beacon, 1);
	calls_of("fd00:1::5", 40, 0, "fd00:2::9"); // a monitor of ours
	calls_of("fe80::5", 40, 0, "fe80::9");
	assert_int_equal(h.findings, 0);
}

static void a_person_browsing_is_no_beacon(void **state)
{
	uint64_t us = 0;
	harness_start(&h, &detector_beacon, 1);
	for (uint32_t i = 0; i < 60; i++) {
		harness_handshake(&h, us, "10.0.0.5", (uint16_t)(3000 + i), "198.51.100.7", 443);
		us += (2 + (i * 2654435761u >> 8) % 17 * ((i * 40503u >> 4) % 11)) * SEC;
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void an_update_check_of_many_hosts_is_no_beacon(void **state)
{
	char a[32];
	harness_start(&h, &detector_beacon, 1);
	for (uint32_t i = 0; i < 40; i++)
		for (uint32_t host = 0; host < 8; host++) {
			sprintf(a, "10.0.0.%u", host + 1);
			harness_handshake(&h, i * 60 * SEC + host * 1000, a, (uint16_t)(3000 + i), "198.51.100.7", 443);
		}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void transfer_between(const char *ours, const char *theirs, uint32_t up, uint32_t down)
{
	static uint8_t bulk[1400];
	harness_handshake(&h, 0, ours, 3000, theirs, 443);
	for (uint32_t i = 0; i < up; i++)
		harness_tcp(&h, 1000 + i * 20, ours, 3000, theirs, 443, BUILD_TCP_ACK, bulk, sizeof(bulk));
	for (uint32_t i = 0; i < down; i++)
		harness_tcp(&h, 1000 + i * 20, theirs, 443, ours, 3000, BUILD_TCP_ACK, bulk, sizeof(bulk));
	harness_end(&h);
}

static void transfer(uint32_t up, uint32_t down)
{
	transfer_between("10.0.0.5", "198.51.100.7", up, down);
}

static void an_upload_of_half_a_gigabyte_is_reported(void **state)
{
	harness_start(&h, &detector_exfiltration, 1);
	transfer(400000, 0);
	assert_int_equal(h.findings, 1);
	harness_assert_victim(&h, 0, "10.0.0.5");
}

static void an_upload_over_ipv6_is_reported_and_one_inside_not(void **state)
{
	harness_start(&h, &detector_exfiltration, 1);
	transfer_between("fd00:1::5", "2001:db8:7::7", 400000, 0);
	assert_int_equal(h.findings, 1);
	harness_stop(&h);
	harness_start(&h, &detector_exfiltration, 1);
	transfer_between("fd00:1::5", "fd00:2::9", 400000, 0);
	assert_int_equal(h.findings, 0);
}

static void a_smaller_upload_is_silent(void **state)
{
	harness_start(&h, &detector_exfiltration, 1);
	transfer(300000, 0);
	assert_int_equal(h.findings, 0);
}

static void a_download_is_silent(void **state)
{
	harness_start(&h, &detector_exfiltration, 1);
	transfer(1000, 400000);
	assert_int_equal(h.findings, 0);
}

static void administer(uint32_t hosts, const char *pipe, size_t len)
{
	char b[32];
	uint8_t create[120] = {0, 0, 0, 116, 0xfe, 'S', 'M', 'B', 64, 0, 0, 0, 0, 0, 0, 0, 5, 0};
	memcpy(create + 90, pipe, len);
	for (uint32_t i = 0; i < hosts; i++) {
		sprintf(b, "10.1.3.%u", i + 1);
		harness_tcp(
			&h, i * SEC, "10.0.0.5", 3000, b, 445, BUILD_TCP_ACK | BUILD_TCP_PSH, create, sizeof(create));
	}
	harness_end(&h);
}

static void services_made_on_several_hosts_are_lateral_movement(void **state)
{
	harness_start(&h, &detector_lateral_movement, 2);
	administer(5, "s\0v\0c\0c\0t\0l\0", 12);
	assert_int_equal(harness_count(&h, "one host administers several others"), 1);
	harness_assert_attacker(&h, 0, "10.0.0.5");
}

static void an_administrator_of_one_host_is_silent(void **state)
{
	harness_start(&h, &detector_lateral_movement, 1);
	administer(2, "s\0v\0c\0c\0t\0l\0", 12);
	assert_int_equal(h.findings, 0);
}

static void files_opened_on_many_hosts_are_silent(void **state)
{
	harness_start(&h, &detector_lateral_movement, 1);
	administer(9, "r\0e\0p\0o\0r\0t\0", 12);
	assert_int_equal(h.findings, 0);
}

static void tunnelled_queries(uint32_t clients, const char *endpoint)
{
	static const uint8_t query[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};
	char a[32];
	for (uint32_t i = 0; i < clients; i++) {
		sprintf(a, "10.0.0.%u", i + 1);
		build_start(&h.build);
		build_ethernet(&h.build, 0x0800);
		build_ipv4(&h.build, "10.1.1.1", endpoint, 47);
		build_be32(&h.build, 0x00000800); // GRE of IPv4
		build_ipv4(&h.build, a, "203.0.113.53", 17);
		build_udp(&h.build, 5353, 53);
		harness_finish(&h, i * SEC, query, sizeof(query));
	}
	harness_end(&h);
}

static void dns_of_clients_in_a_tunnel_to_outside_is_reported(void **state)
{
	harness_start(&h, &detector_tunnel_redirect, 1);
	tunnelled_queries(6, "192.0.2.77");
	assert_int_equal(h.findings, 1);
	harness_assert_attacker(&h, 0, "192.0.2.77");
}

static void a_tunnel_of_one_client_or_between_own_sites_is_silent(void **state)
{
	harness_start(&h, &detector_tunnel_redirect, 1);
	tunnelled_queries(2, "192.0.2.77");
	assert_int_equal(h.findings, 0);
	harness_stop(&h);
	harness_start(&h, &detector_tunnel_redirect, 1);
	tunnelled_queries(9, "10.9.9.9");
	assert_int_equal(h.findings, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heuristic_test(port_scan_by_syn_is_reported_and_ended),
		heuristic_test(port_scans_by_odd_flags_are_named),
		heuristic_test(port_scan_by_ack_shows_in_resets),
		heuristic_test(port_scan_over_an_hour_is_still_one),
		heuristic_test(a_scan_of_a_port_in_five_minutes_is_told_within_hours),
		heuristic_test(a_sweep_of_a_host_in_five_minutes_is_told_within_hours),
		heuristic_test(a_monitor_of_the_same_dead_ports_all_day_is_silent),
		heuristic_test(a_sctp_scan_shows_in_aborts),
		heuristic_test(port_scan_of_a_few_ports_is_silent),
		heuristic_test(ports_that_answer_are_no_scan),
		heuristic_test(traceroute_is_no_udp_scan),
		heuristic_test(udp_scan_is_reported),
		heuristic_test(reflected_answers_are_no_udp_scan),
		heuristic_test(a_udp_scan_shows_in_unreachable_ports),
		heuristic_test(distributed_scan_is_told_as_one),
		heuristic_test(host_scan_is_reported),
		heuristic_test(host_scan_for_smb_needs_fewer),
		heuristic_test(host_scan_of_a_few_hosts_is_silent),
		heuristic_test(a_browser_with_many_servers_is_no_scan),
		heuristic_test(ping_sweep_is_reported),
		heuristic_test(ftp_guessing_and_its_success_are_reported),
		heuristic_test(a_few_wrong_passwords_are_silent),
		heuristic_test(short_ssh_sessions_on_any_port_are_guessing),
		heuristic_test(ssh_sessions_that_stay_are_silent),
		heuristic_test(smb_refusals_by_many_servers_are_spraying),
		heuristic_test(snmp_communities_tried_one_after_another_are_reported),
		heuristic_test(snmp_polling_with_one_community_is_silent),
		heuristic_test(a_host_that_attacks_as_it_was_attacked_is_a_worm),
		heuristic_test(a_scanner_nobody_reached_is_no_worm),
		heuristic_test(a_reached_host_that_tries_a_few_is_no_worm),
		heuristic_test(beacon_with_some_jitter_is_reported),
		heuristic_test(beacon_with_much_jitter_needs_longer),
		heuristic_test(beacon_of_ten_calls_is_not_yet_one),
		heuristic_test(regular_calls_inside_are_silent),
		heuristic_test(a_beacon_over_ipv6_needs_no_home_net_where_its_host_has_a_local_address),
		heuristic_test(a_person_browsing_is_no_beacon),
		heuristic_test(an_update_check_of_many_hosts_is_no_beacon),
		heuristic_test(an_upload_of_half_a_gigabyte_is_reported),
		heuristic_test(an_upload_over_ipv6_is_reported_and_one_inside_not),
		heuristic_test(a_smaller_upload_is_silent),
		heuristic_test(a_download_is_silent),
		heuristic_test(services_made_on_several_hosts_are_lateral_movement),
		heuristic_test(an_administrator_of_one_host_is_silent),
		heuristic_test(files_opened_on_many_hosts_are_silent),
		heuristic_test(dns_of_clients_in_a_tunnel_to_outside_is_reported),
		heuristic_test(a_tunnel_of_one_client_or_between_own_sites_is_silent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
