// Flood detectors: the attack is found with the right victim, its near miss and ordinary traffic are not.
#include "detectors/sketch/hash.h"
#include "tests/unit/heuristics_harness.h"

extern const struct detector detector_syn_flood, detector_udp_flood, detector_icmp_flood, detector_fragment_flood,
	detector_http_flood, detector_amplification, detector_carpet_bombing, detector_slow_dos;

#define SERVER "10.1.1.80"

// n SYNs at pps from `sources` addresses.
static void syns(uint64_t from_us, uint32_t n, uint32_t pps, uint32_t sources)
{
	char a[32];
	for (uint32_t i = 0; i < n; i++)
		harness_tcp(&h, from_us + (uint64_t)i * 1000000 / pps, harness_host(a, i % sources),
			(uint16_t)(1024 + i), SERVER, 80, BUILD_TCP_SYN, NULL, 0);
}

static void syn_flood_is_reported_with_its_victim(void **state)
{
	harness_start(&h, &detector_syn_flood, 1);
	syns(0, 1000, 1000, 1000);
	harness_end(&h);
	assert_int_equal(harness_stages(&h, "start"), 1);
	assert_int_equal(harness_stages(&h, "end"), 1);
	harness_assert_victim(&h, 0, SERVER);
	assert_int_equal(h.found[0].finding.victim_version, 4);
	assert_non_null(strstr(h.text[0], "\"spoofed\":\"yes\""));
	assert_non_null(strstr(h.text[0], "ip dst host 10.1.1.80 and tcp"));
}

static void syn_flood_of_one_source_names_it(void **state)
{
	harness_start(&h, &detector_syn_flood, 1);
	syns(0, 400, 400, 1);
	harness_end(&h);
	harness_assert_attacker(&h, 0, "198.18.0.0");
	assert_non_null(strstr(h.text[0], "\"spoofed\":\"no\""));
}

static void syn_flood_below_the_threshold_is_silent(void **state)
{
	harness_start(&h, &detector_syn_flood, 1);
	syns(0, 700, 140, 40);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void syn_flood_does_not_mind_a_busy_server(void **state)
{
	char a[32];
	harness_start(&h, &detector_syn_flood, 1);
	for (uint32_t i = 0; i < 3000; i++)
		harness_handshake(&h, i * 500, harness_host(a, i % 900), (uint16_t)(2000 + i), SERVER, 80);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void syn_flood_leaves_a_port_scan_to_others(void **state)
{
	harness_start(&h, &detector_syn_flood, 1);
	for (uint32_t i = 0; i < 1000; i++)
		harness_tcp(&h, i * 1000, "198.18.0.9", 4000, SERVER, (uint16_t)(1 + i), BUILD_TCP_SYN, NULL, 0);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void syn_flood_is_told_within_a_second_updated_and_ended(void **state)
{
	harness_start(&h, &detector_syn_flood, 1);
	syns(0, 300 * 15, 300, 300); // twice the threshold for 15 s
	assert_true(h.findings >= 1);
	assert_true(h.found[0].ts_ns <= HARNESS_START_NS + 1000000000ull);
	assert_int_equal(harness_stages(&h, "update"), 1);
	harness_tcp(&h, 30000000, "10.0.0.9", 5, "10.0.0.8", 80, BUILD_TCP_SYN, NULL, 0);
	harness_end(&h);
	assert_int_equal(harness_stages(&h, "end"), 1);
}

static void syn_flood_spread_over_two_workers_is_one(void **state)
{
	double observed[2];
	for (uint32_t workers = 1; workers <= 2; workers++) {
		harness_start(&h, &detector_syn_flood, workers);
		syns(0, 600, 600, 600);
		harness_end(&h);
		assert_int_equal(harness_stages(&h, "start"), 1);
		observed[workers - 1] = h.found[1].finding.observed;
		if (workers == 1)
			harness_stop(&h);
	}
	assert_true(observed[0] == observed[1]);
}

static void syn_ack_backscatter_is_told_apart(void **state)
{
	char a[32];
	harness_start(&h, &detector_syn_flood, 1);
	for (uint32_t i = 0; i < 5000; i++)
		harness_tcp(&h, i * 200, harness_host(a, i % 300), 80, SERVER, (uint16_t)(1024 + i % 60000),
			BUILD_TCP_SYN | BUILD_TCP_ACK, NULL, 0);
	harness_end(&h);
	assert_true(harness_count(&h, "SYN-ACK reflection or backscatter") >= 1);
	assert_int_equal(harness_count(&h, "SYN flood"), 0);
}

static void udp_packets(uint32_t n, uint32_t pps, uint32_t sources, uint16_t dport, size_t len)
{
	static uint8_t payload[1400];
	char a[32];
	for (uint32_t i = 0; i < n; i++)
		harness_udp(&h, (uint64_t)i * 1000000 / pps, harness_host(a, i % sources), (uint16_t)(1024 + i), SERVER,
			dport, payload, len);
}

static void udp_flood_of_new_flows_is_reported(void **state)
{
	harness_start(&h, &detector_udp_flood, 1);
	udp_packets(5000, 5000, 500, 9999, 20);
	harness_end(&h);
	assert_int_equal(harness_stages(&h, "start"), 1);
	harness_assert_victim(&h, 0, SERVER);
}

static void udp_stream_of_large_packets_is_no_flood(void **state)
{
	static uint8_t payload[1400];
	harness_start(&h, &detector_udp_flood, 1);
	for (uint32_t i = 0; i < 45000; i++) // iperf3: one flow, 30000 packets a second, nobody answers
		harness_udp(&h, i * 33, "198.18.0.1", 5201, SERVER, 5201, payload, sizeof(payload));
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void udp_flood_below_the_threshold_is_silent(void **state)
{
	harness_start(&h, &detector_udp_flood, 1);
	udp_packets(3800, 1900, 300, 9999, 20);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void quic_initials_without_progress_are_a_flood(void **state)
{
	static uint8_t initial[1200] = {0xc3, 0, 0, 0, 1, 8};
	char a[32];
	harness_start(&h, &detector_udp_flood, 1);
	for (uint32_t i = 0; i < 800; i++)
		harness_udp(
			&h, i * 1250, harness_host(a, i), (uint16_t)(2000 + i), SERVER, 443, initial, sizeof(initial));
	harness_end(&h);
	assert_int_equal(harness_count(&h, "QUIC Initial flood"), 2);
}

static void quic_handshakes_that_go_on_are_no_flood(void **state)
{
	static uint8_t initial[1200] = {0xc3, 0, 0, 0, 1, 8}, data[60] = {0x41};
	char a[32];
	harness_start(&h, &detector_udp_flood, 1);
	for (uint32_t i = 0; i < 800; i++) {
		harness_udp(&h, i * 1250, harness_host(a, i), 3000, SERVER, 443, initial, sizeof(initial));
		harness_udp(&h, i * 1250 + 1, SERVER, 443, harness_host(a, i), 3000, initial, sizeof(initial));
		harness_udp(&h, i * 1250 + 2, harness_host(a, i), 3000, SERVER, 443, data, sizeof(data));
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void pings(uint32_t n, uint32_t pps, const char *src, const char *dst, uint8_t type)
{
	for (uint32_t i = 0; i < n; i++)
		harness_icmp(&h, (uint64_t)i * 1000000 / pps, src, dst, type, i, "0123456789abcdef", 16);
}

static void icmp_echo_flood_is_reported(void **state)
{
	harness_start(&h, &detector_icmp_flood, 1);
	pings(1500, 1000, "198.18.0.7", SERVER, 8);
	harness_end(&h);
	assert_true(harness_count(&h, "ICMP echo flood") >= 1);
	harness_assert_attacker(&h, 0, "198.18.0.7");
}

static void icmpv6_echo_from_a_group_is_named(void **state)
{
	harness_start(&h, &detector_icmp_flood, 1);
	pings(1000, 2000, "ff02::1", "ff02::1", 128);
	harness_end(&h);
	assert_true(harness_count(&h, "ICMP echo flood from a group address (reverse smurf)") >= 1);
}

static void icmp_pings_of_a_monitor_are_silent(void **state)
{
	harness_start(&h, &detector_icmp_flood, 1);
	pings(1200, 400, "198.18.0.7", SERVER, 8);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

// The hour of the week in which tests play was as busy in the weeks before.
static void usually(const struct detector *d, const char *host, double pps)
{
	union ip_addr a = {0};
	inet_pton(AF_INET, host, a.b);
	uint64_t subject = sketch_pair(sketch_addr(&a), d->sid), week = 604800000000000ull, hour = week / 168;
	for (uint32_t i = 3; i > 0; i--) {
		baselines_learn(h.site, subject, HARNESS_START_NS - i * week, pps);
		baselines_learn(h.site, subject, HARNESS_START_NS - i * week + hour, 1);
	}
}

static void a_rate_that_is_usual_at_this_hour_is_no_flood(void **state)
{
	harness_start(&h, &detector_icmp_flood, 1);
	usually(&detector_icmp_flood, SERVER, 900);
	pings(2000, 2000, "198.18.0.7", SERVER, 8);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void a_rate_far_above_this_hour_is_a_flood_and_says_so(void **state)
{
	harness_start(&h, &detector_icmp_flood, 1);
	usually(&detector_icmp_flood, SERVER, 900);
	pings(10000, 5000, "198.18.0.7", SERVER, 8);
	harness_end(&h);
	assert_int_equal(harness_stages(&h, "start"), 1);
	assert_non_null(strstr(h.text[0], "\"baseline\":\"learned\""));
	assert_non_null(strstr(h.text[0], "\"baseline_weeks\":3"));
	assert_true(h.found[0].finding.threshold > 3500 && h.found[0].finding.threshold < 3700);
}

static void a_flood_of_a_host_just_met_says_that_the_baseline_warms_up(void **state)
{
	harness_start(&h, &detector_icmp_flood, 1);
	pings(1000, 1000, "198.18.0.7", SERVER, 8);
	harness_end(&h);
	assert_non_null(strstr(h.text[0], "\"baseline\":\"warm-up\""));
	assert_non_null(strstr(h.text[0], "\"watched_ms\":"));
}

static void fragments(uint32_t n, uint32_t pps, bool whole)
{
	static uint8_t payload[1400];
	for (uint32_t i = 0; i < n; i++) {
		bool last = whole && i & 1;
		build_start(&h.build);
		build_ethernet(&h.build, 0x0800);
		build_ipv4(&h.build, "198.18.0.3", SERVER, 17);
		build_ipv4_frag(&h.build, (uint16_t)(whole ? i / 2 : i), last ? 1400 : 0, !last);
		harness_finish(&h, (uint64_t)i * 1000000 / pps, payload, 1400);
	}
}

static void fragments_that_make_nothing_are_a_flood(void **state)
{
	harness_start(&h, &detector_fragment_flood, 1);
	fragments(4000, 4000, false);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "flood of fragments that make no datagram"), 2);
}

static void fragments_of_whole_datagrams_are_silent(void **state)
{
	harness_start(&h, &detector_fragment_flood, 1);
	fragments(8000, 4000, true);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void amplification_off_ntp_is_reported(void **state)
{
	static uint8_t answer[440] = {0xd7, 0, 3, 42};
	char a[32];
	harness_start(&h, &detector_amplification, 1);
	for (uint32_t i = 0; i < 300; i++)
		harness_udp(&h, i * 1000, harness_host(a, i % 60), 123, SERVER, (uint16_t)(30000 + i), answer,
			sizeof(answer));
	harness_end(&h);
	assert_int_equal(harness_count(&h, "NTP reflection"), 2);
	harness_assert_victim(&h, 0, SERVER);
}

static void amplification_that_grows_is_told_again(void **state)
{
	static uint8_t answer[440] = {0xd7, 0, 3, 42};
	char a[32];
	harness_start(&h, &detector_amplification, 1);
	harness_udp(&h, 0, "198.18.0.1", 123, SERVER, 3000, answer, sizeof(answer));
	for (uint32_t i = 0; i < 300; i++)
		harness_udp(&h, 700000 + i * 1000, harness_host(a, i % 60), 123, SERVER, 4000, answer, sizeof(answer));
	harness_end(&h);
	assert_string_equal(h.found[0].finding.what, "NTP monlist answer nobody asked for");
	assert_string_equal(h.found[1].finding.what, "NTP reflection");
	assert_string_equal(h.found[1].finding.stage, "update");
}

static void amplification_ignores_answers_that_were_asked(void **state)
{
	static uint8_t query[40] = {1}, answer[500] = {0x80};
	char a[32];
	harness_start(&h, &detector_amplification, 1);
	for (uint32_t i = 0; i < 2000; i++) {
		harness_udp(
			&h, i * 400, SERVER, (uint16_t)(2000 + i), harness_host(a, i % 500), 53, query, sizeof(query));
		harness_udp(&h, i * 400 + 100, harness_host(a, i % 500), 53, SERVER, (uint16_t)(2000 + i), answer,
			sizeof(answer));
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void amplification_below_the_threshold_is_silent(void **state)
{
	static uint8_t answer[440] = {0x24};
	char a[32];
	harness_start(&h, &detector_amplification, 1);
	for (uint32_t i = 0; i < 400; i++)
		harness_udp(&h, i * 11000, harness_host(a, i % 60), 123, SERVER, 4000, answer, sizeof(answer));
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void carpet(uint32_t n, uint32_t pps, uint32_t hosts)
{
	char a[32], b[32];
	for (uint32_t i = 0; i < n; i++) {
		sprintf(b, "10.1.2.%u", i % hosts);
		harness_udp(&h, (uint64_t)i * 1000000 / pps, harness_host(a, i * 7 % 3000), (uint16_t)(1024 + i), b,
			5000, "x", 1);
	}
}

static void carpet_bombing_names_the_prefix(void **state)
{
	harness_start(&h, &detector_carpet_bombing, 1);
	carpet(9000, 9000, 200);
	harness_end(&h);
	assert_int_equal(harness_stages(&h, "start"), 1);
	assert_non_null(strstr(h.text[0], "\"prefix\":\"10.1.2.0/24\""));
	assert_non_null(strstr(h.text[0], "dst net 10.1.2.0/24"));
}

static void carpet_bombing_counts_over_a_named_prefix(void **state)
{
	char a[32], b[32];
	harness_start(&h, &detector_carpet_bombing, 1);
	assert_int_equal(baselines_add_prefix(h.site, "customers", "10.1.0.0/22"), 0);
	for (uint32_t i = 0; i < 9000; i++) { // 2250 a second toward each /24
		sprintf(b, "10.1.%u.%u", i % 4, i / 4 % 200);
		harness_udp(&h, i * 111, harness_host(a, i * 7 % 3000), (uint16_t)(1024 + i), b, 5000, "x", 1);
	}
	harness_end(&h);
	assert_int_equal(harness_stages(&h, "start"), 1);
	assert_non_null(strstr(h.text[0], "\"prefix\":\"10.1.0.0/22\""));
	assert_non_null(strstr(h.text[0], "\"protected\":\"customers\""));
}

static void carpet_bombing_of_few_hosts_is_not_one(void **state)
{
	harness_start(&h, &detector_carpet_bombing, 1);
	carpet(9000, 9000, 4);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void carpet_bombing_below_the_threshold_is_silent(void **state)
{
	harness_start(&h, &detector_carpet_bombing, 1);
	carpet(7000, 3500, 200);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void requests(uint32_t n, uint32_t pps, uint32_t clients, uint32_t urls)
{
	char a[32], get[128];
	for (uint32_t i = 0; i < n; i++) {
		uint64_t us = (uint64_t)i * 1000000 / pps;
		uint16_t port = (uint16_t)(1024 + i);
		int len = sprintf(get, "GET /page%u HTTP/1.1\r\nHost: www.example.org\r\n\r\n", i % urls * 7919);
		harness_handshake(&h, us, harness_host(a, i % clients), port, SERVER, 80);
		harness_tcp(&h, us + 3, harness_host(a, i % clients), port, SERVER, 80, BUILD_TCP_ACK | BUILD_TCP_PSH,
			get, (size_t)len);
	}
}

static void http_flood_of_one_url_is_reported(void **state)
{
	harness_start(&h, &detector_http_flood, 1);
	requests(1600, 800, 400, 1);
	harness_end(&h);
	assert_true(harness_count(&h, "HTTP flood of one URL by many clients") >= 1);
	assert_int_equal(h.found[0].tuple.dport, 80);
}

static void http_requests_for_many_urls_are_silent(void **state)
{
	harness_start(&h, &detector_http_flood, 1);
	requests(1600, 800, 400, 300);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void http_load_of_one_client_is_silent(void **state)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
	harness_start(&h, &detector_http_flood, 1);
	for (uint32_t c = 0; c < 16; c++)
		harness_handshake(&h, c * 10, "198.18.0.1", (uint16_t)(4000 + c), SERVER, 80);
	for (uint32_t i = 0; i < 20000; i++) // wrk: 10000 requests a second on 16 connections
		harness_tcp(&h, 1000 + i * 100, "198.18.0.1", (uint16_t)(4000 + i % 16), SERVER, 80,
			BUILD_TCP_ACK | BUILD_TCP_PSH, get, sizeof(get) - 1);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

// Connections of `clients` clients in `ms` milliseconds, each with one ClientHello, of `kinds` kinds.
static void hellos(uint32_t n, uint32_t ms, uint32_t clients, uint32_t kinds)
{
	char a[32];
	uint8_t hello[300] = {22, 3, 1, 1, 39, 1, 0, 1, 35, 3, 3, [43] = 32, [77] = 32};
	for (uint32_t i = 0; i < n; i++) {
		uint64_t us = (uint64_t)i * ms * 1000 / n;
		uint16_t port = (uint16_t)(1024 + i);
		memcpy(hello + 11, &i, sizeof(i)); // random
		hello[80] = (uint8_t)(i % kinds);  // suites
		harness_handshake(&h, us, harness_host(a, i % clients), port, SERVER, 443);
		harness_tcp(&h, us + 3, harness_host(a, i % clients), port, SERVER, 443, BUILD_TCP_ACK, hello,
			sizeof(hello));
	}
	harness_end(&h);
}

static void tls_handshakes_of_one_kind_are_a_flood(void **state)
{
	harness_start(&h, &detector_http_flood, 1);
	hellos(6000, 2000, 300, 1);
	assert_int_equal(harness_stages(&h, "start"), 1);
	assert_true(harness_count(&h, "flood of TLS handshakes") >= 1);
	harness_assert_victim(&h, 0, SERVER);
}

static void tls_handshakes_of_many_kinds_or_fewer_are_silent(void **state)
{
	harness_start(&h, &detector_http_flood, 1);
	hellos(6000, 2000, 300, 40); // browsers
	assert_int_equal(h.findings, 0);
	harness_stop(&h);
	harness_start(&h, &detector_http_flood, 1);
	hellos(3000, 2000, 300, 1);
	assert_int_equal(h.findings, 0);
}

static void a_connection_a_request_of_few_clients_is_a_flood_whatever_they_ask_for(void **state)
{
	harness_start(&h, &detector_http_flood, 1);
	requests(3000, 1500, 3, 300);
	assert_int_equal(harness_count(&h, "HTTP flood, a connection a request"), 1);
	harness_stop(&h);
	harness_start(&h, &detector_http_flood, 1);
	requests(1600, 800, 3, 300);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void http_floods_over_ipv6_are_reported(void **state)
{
	static const char get[] = "GET /page HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
	char a[40];
	harness_start(&h, &detector_http_flood, 1);
	for (uint32_t i = 0; i < 2000; i++) {
		uint64_t us = (uint64_t)i * 500;
		sprintf(a, "2001:db8:%x::5", 16 + i % 400);
		harness_handshake(&h, us, a, (uint16_t)(1024 + i), "2001:db8:1::80", 80);
		harness_tcp(
			&h, us + 3, a, (uint16_t)(1024 + i), "2001:db8:1::80", 80, BUILD_TCP_ACK, get, sizeof(get) - 1);
	}
	harness_end(&h);
	assert_true(harness_count(&h, "HTTP flood of one URL by many clients") >= 1);
	harness_assert_victim(&h, 0, "2001:db8:1::80");
}

static void http2_rapid_reset_is_reported(void **state)
{
	uint8_t frames[50 * 24] = {0};
	for (uint32_t i = 0; i < 50; i++) {
		uint8_t *f = frames + i * 24;
		f[2] = 2, f[3] = 1, f[4] = 5, f[8] = (uint8_t)(2 * i + 1);     // HEADERS of two bytes
		f[13] = 4, f[14] = 3, f[19] = (uint8_t)(2 * i + 1), f[23] = 8; // RST_STREAM, CANCEL
	}
	harness_start(&h, &detector_http_flood, 1);
	harness_handshake(&h, 0, "198.18.0.1", 4000, SERVER, 80);
	for (uint32_t i = 0; i < 4; i++)
		harness_tcp(&h, 1000 + i, "198.18.0.1", 4000, SERVER, 80, BUILD_TCP_ACK, frames, sizeof(frames));
	harness_end(&h);
	assert_int_equal(harness_count(&h, "HTTP/2 rapid reset"), 2);
}

static void slow_clients(uint32_t n, bool finish)
{
	static const char part[] = "GET / HTTP/1.1\r\nHost: x\r\n", rest[] = "HTTP/1.1 200 OK\r\n\r\n";
	for (uint32_t i = 0; i < n; i++) {
		harness_handshake(&h, i * 1000, "198.18.0.1", (uint16_t)(4000 + i), SERVER, 80);
		harness_tcp(&h, i * 1000 + 5, "198.18.0.1", (uint16_t)(4000 + i), SERVER, 80, BUILD_TCP_ACK, part,
			sizeof(part) - 1);
		if (finish)
			harness_tcp(&h, i * 1000 + 9, SERVER, 80, "198.18.0.1", (uint16_t)(4000 + i), BUILD_TCP_ACK,
				rest, sizeof(rest) - 1);
	}
	harness_tcp(&h, 12000000, "198.18.0.1", 4000, SERVER, 80, BUILD_TCP_ACK, "X-a: b\r\n", 8);
	harness_end(&h);
}

static void slowloris_is_reported(void **state)
{
	harness_start(&h, &detector_slow_dos, 1);
	slow_clients(100, false);
	assert_int_equal(harness_count(&h, "requests kept unfinished (slowloris)"), 1);
	harness_assert_attacker(&h, 0, "198.18.0.1");
	harness_assert_victim(&h, 0, SERVER);
}

static void a_few_slow_clients_are_silent(void **state)
{
	harness_start(&h, &detector_slow_dos, 1);
	slow_clients(30, false);
	assert_int_equal(h.findings, 0);
}

static void clients_that_get_their_answer_are_silent(void **state)
{
	harness_start(&h, &detector_slow_dos, 1);
	slow_clients(100, true);
	assert_int_equal(h.findings, 0);
}

static const char crowd_head[] = "GET / HTTP/1.1\r\nHost: x\r\n",
		  crowd_post[] = "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n",
		  crowd_whole[] = "GET /poll HTTP/1.1\r\nHost: x\r\n\r\n", crowd_answer[] = "HTTP/1.1 200 OK\r\n\r\n";

// n connections of `clients` clients, a millisecond apart: each says `first` and 100 ms later `second` (or nothing).
static void crowd(bool v6, uint32_t n, uint32_t clients, const char *first, const char *second, size_t second_len)
{
	char a[40];
	const char *server = v6 ? "2001:db8:1::80" : SERVER;
	for (uint32_t i = 0; i < n + 100; i++) {
		uint32_t client = (i < n ? i : i - 100) % clients;
		if (i < n) {
			sprintf(a, v6 ? "2001:db8:2::%x" : "198.18.3.%u", client + 1);
			harness_handshake(&h, i * 1000, a, (uint16_t)(4000 + i), server, 80);
			harness_tcp(&h, i * 1000 + 5, a, (uint16_t)(4000 + i), server, 80, BUILD_TCP_ACK, first,
				strlen(first));
		}
		if (i >= 100 && second) {
			sprintf(a, v6 ? "2001:db8:2::%x" : "198.18.3.%u", (i - 100) % clients + 1);
			harness_tcp(&h, i * 1000 + 10, a, (uint16_t)(4000 + i - 100), server, 80, BUILD_TCP_ACK, second,
				second_len);
		}
	}
	harness_tcp(&h, 12000000, "198.18.0.1", 4000, "198.18.0.2", 80, BUILD_TCP_ACK, "x", 1);
	harness_end(&h);
}

static void slowloris_of_many_clients_with_a_few_connections_each_is_reported(void **state)
{
	for (uint32_t v6 = 0; v6 < 2; v6++) {
		harness_start(&h, &detector_slow_dos, 1);
		crowd(v6, 180, 60, crowd_head, "X-a: b\r\n", 8);
		assert_int_equal(harness_count(&h, NULL), 1);
		assert_int_equal(harness_count(&h, "connections of many clients kept unfinished"), 1);
		assert_int_equal(h.found[0].finding.attacker_version, 0);
		harness_assert_victim(&h, 0, v6 ? "2001:db8:1::80" : SERVER);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void slow_bodies_of_many_clients_are_reported(void **state)
{
	harness_start(&h, &detector_slow_dos, 1);
	crowd(false, 180, 60, crowd_post, "a=b", 3);
	assert_int_equal(harness_count(&h, "connections of many clients kept unfinished"), 1);
}

static void ninety_unfinished_requests_of_many_clients_are_silent(void **state)
{
	harness_start(&h, &detector_slow_dos, 1);
	crowd(false, 90, 60, crowd_head, NULL, 0);
	assert_int_equal(h.findings, 0);
}

static void a_busy_server_of_slow_clients_that_go_on_is_silent(void **state)
{
	static char body[700];
	memset(body, 'b', sizeof(body));
	harness_start(&h, &detector_slow_dos, 1);
	crowd(false, 4000, 200, crowd_head, "Accept: a\r\n\r\n", 13); // requests in two segments
	assert_int_equal(h.findings, 0);
	harness_stop(&h);
	harness_start(&h, &detector_slow_dos, 1);
	crowd(false, 1000, 200, crowd_post, body, sizeof(body)); // uploads that take their time
	assert_int_equal(h.findings, 0);
	harness_stop(&h);
	harness_start(&h, &detector_slow_dos, 1);
	crowd(false, 1000, 200, crowd_whole, NULL, 0); // long polls
	assert_int_equal(h.findings, 0);
}

// Windows of zero with the n-th packet of 30 clients' 5 connections each, after `said` segments of the server.
static void shut_windows(uint32_t said)
{
	static char body[1400];
	char a[32];
	harness_start(&h, &detector_slow_dos, 1);
	for (uint32_t i = 0; i < 150; i++) {
		uint16_t port = (uint16_t)(4000 + i);
		sprintf(a, "198.18.3.%u", 1 + i % 30);
		harness_handshake(&h, i * 1000, a, port, SERVER, 80);
		harness_tcp(&h, i * 1000 + 5, a, port, SERVER, 80, BUILD_TCP_ACK, crowd_whole, sizeof(crowd_whole) - 1);
		harness_tcp(
			&h, i * 1000 + 6, SERVER, 80, a, port, BUILD_TCP_ACK, crowd_answer, sizeof(crowd_answer) - 1);
		for (uint32_t k = 0; k < said; k++)
			harness_tcp(&h, i * 1000 + 7, SERVER, 80, a, port, BUILD_TCP_ACK, body, sizeof(body));
		harness_begin(&h, a, SERVER, 6);
		build_tcp(&h.build, port, 80, BUILD_TCP_ACK, 1000, 2000);
		h.build.data[14 + 20 + 14] = h.build.data[14 + 20 + 15] = 0; // the window
		harness_finish(&h, i * 1000 + 8, NULL, 0);
	}
	harness_tcp(&h, 12000000, "198.18.0.1", 4000, "198.18.0.2", 80, BUILD_TCP_ACK, "x", 1);
	harness_end(&h);
}

static void windows_of_many_clients_shut_at_once_are_reported(void **state)
{
	shut_windows(1);
	assert_int_equal(harness_count(&h, "connections of many clients kept unfinished"), 1);
}

static void viewers_who_stop_their_films_are_silent(void **state)
{
	shut_windows(30);
	assert_int_equal(h.findings, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heuristic_test(syn_flood_is_reported_with_its_victim),
		heuristic_test(syn_flood_of_one_source_names_it),
		heuristic_test(syn_flood_below_the_threshold_is_silent),
		heuristic_test(syn_flood_does_not_mind_a_busy_server),
		heuristic_test(syn_flood_leaves_a_port_scan_to_others),
		heuristic_test(syn_flood_is_told_within_a_second_updated_and_ended),
		heuristic_test(syn_flood_spread_over_two_workers_is_one),
		heuristic_test(syn_ack_backscatter_is_told_apart),
		heuristic_test(udp_flood_of_new_flows_is_reported),
		heuristic_test(udp_stream_of_large_packets_is_no_flood),
		heuristic_test(udp_flood_below_the_threshold_is_silent),
		heuristic_test(quic_initials_without_progress_are_a_flood),
		heuristic_test(quic_handshakes_that_go_on_are_no_flood),
		heuristic_test(icmp_echo_flood_is_reported),
		heuristic_test(icmpv6_echo_from_a_group_is_named),
		heuristic_test(icmp_pings_of_a_monitor_are_silent),
		heuristic_test(a_rate_that_is_usual_at_this_hour_is_no_flood),
		heuristic_test(a_rate_far_above_this_hour_is_a_flood_and_says_so),
		heuristic_test(a_flood_of_a_host_just_met_says_that_the_baseline_warms_up),
		heuristic_test(carpet_bombing_counts_over_a_named_prefix),
		heuristic_test(fragments_that_make_nothing_are_a_flood),
		heuristic_test(fragments_of_whole_datagrams_are_silent),
		heuristic_test(amplification_off_ntp_is_reported),
		heuristic_test(amplification_that_grows_is_told_again),
		heuristic_test(amplification_ignores_answers_that_were_asked),
		heuristic_test(amplification_below_the_threshold_is_silent),
		heuristic_test(carpet_bombing_names_the_prefix),
		heuristic_test(carpet_bombing_of_few_hosts_is_not_one),
		heuristic_test(carpet_bombing_below_the_threshold_is_silent),
		heuristic_test(http_flood_of_one_url_is_reported),
		heuristic_test(http_requests_for_many_urls_are_silent),
		heuristic_test(http_load_of_one_client_is_silent),
		heuristic_test(http2_rapid_reset_is_reported),
		heuristic_test(tls_handshakes_of_one_kind_are_a_flood),
		heuristic_test(tls_handshakes_of_many_kinds_or_fewer_are_silent),
		heuristic_test(a_connection_a_request_of_few_clients_is_a_flood_whatever_they_ask_for),
		heuristic_test(http_floods_over_ipv6_are_reported),
		heuristic_test(slowloris_is_reported),
		heuristic_test(a_few_slow_clients_are_silent),
		heuristic_test(clients_that_get_their_answer_are_silent),
		heuristic_test(slowloris_of_many_clients_with_a_few_connections_each_is_reported),
		heuristic_test(slow_bodies_of_many_clients_are_reported),
		heuristic_test(ninety_unfinished_requests_of_many_clients_are_silent),
		heuristic_test(a_busy_server_of_slow_clients_that_go_on_is_silent),
		heuristic_test(windows_of_many_clients_shut_at_once_are_reported),
		heuristic_test(viewers_who_stop_their_films_are_silent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
