// Scans of every kind, each as an attack, just below what is told, and over hours; what looks like one and is none.
#include "tests/unit/heuristics_harness.h"

extern const struct detector detector_port_scan, detector_host_scan;

#define SCANNER "198.18.0.9"
#define SERVER "10.1.1.80"
#define SEC 1000000ull

enum probe_kind { P_SYN, P_CONNECT, P_FIN, P_NULL, P_XMAS, P_ACK, P_MAIMON, P_UDP, P_SCTP, P_KINDS };

static const char *const names[P_KINDS] = {"SYN scan", "SYN scan", "FIN scan", "NULL scan", "XMAS scan", "ACK scan",
	"Maimon scan", "UDP scan", "SCTP scan"};

static void sctp(uint64_t us, const char *src, uint16_t sport, const char *dst, uint16_t dport, uint8_t chunk)
{
	uint8_t body[32] = {
		(uint8_t)(sport >> 8), (uint8_t)sport, (uint8_t)(dport >> 8), (uint8_t)dport, [12] = chunk, [15] = 20};
	harness_begin(&h, src, dst, 132);
	harness_finish(&h, us, body, sizeof(body));
}

// One try of a closed port; what answers (resets, aborts) answers.
static void probe(enum probe_kind kind, uint64_t us, const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	static const uint8_t flags[P_KINDS] = {[P_SYN] = BUILD_TCP_SYN,
		[P_CONNECT] = BUILD_TCP_SYN,
		[P_FIN] = BUILD_TCP_FIN,
		[P_XMAS] = BUILD_TCP_FIN | BUILD_TCP_PSH | BUILD_TCP_URG,
		[P_ACK] = BUILD_TCP_ACK,
		[P_MAIMON] = BUILD_TCP_FIN | BUILD_TCP_ACK};
	if (kind == P_UDP) {
		harness_udp(&h, us, src, sport, dst, dport, "x", 1);
	} else if (kind == P_SCTP) {
		sctp(us, src, sport, dst, dport, 1);
		sctp(us + 9, dst, dport, src, sport, 6);
	} else {
		harness_tcp(&h, us, src, sport, dst, dport, flags[kind], NULL, 0);
		if (kind == P_CONNECT || kind == P_ACK || kind == P_MAIMON)
			harness_tcp(&h, us + 9, dst, dport, src, sport, BUILD_TCP_RST | BUILD_TCP_ACK, NULL, 0);
	}
}

static void scan(enum probe_kind kind, const char *src, const char *dst, uint32_t ports, uint64_t gap_us)
{
	harness_start(&h, &detector_port_scan, 1);
	for (uint32_t i = 0; i < ports; i++)
		probe(kind, i * gap_us, src, (uint16_t)(40000 + i), dst, (uint16_t)(1 + i * 11));
	harness_end(&h);
}

static void every_kind_of_port_scan_is_named(void **state)
{
	for (uint32_t kind = 0; kind < P_KINDS; kind++)
		for (uint32_t v6 = 0; v6 < 2; v6++) {
			if (v6 && kind == P_SCTP)
				continue; // the builder makes SCTP over IPv4
			scan(kind, v6 ? "2001:db8:9::9" : SCANNER, v6 ? "2001:db8:1::80" : SERVER, 60, 1000);
			if (harness_count(&h, names[kind]) != 2)
				fail_msg("kind %u, IPv%u: %u findings", kind, v6 ? 6 : 4, h.findings);
			harness_assert_attacker(&h, 0, v6 ? "2001:db8:9::9" : SCANNER);
			harness_assert_victim(&h, 0, v6 ? "2001:db8:1::80" : SERVER);
			harness_stop(&h);
		}
	h.detector = NULL;
}

static void fifteen_ports_of_any_kind_are_silent(void **state)
{
	for (uint32_t kind = 0; kind < P_KINDS; kind++) {
		scan(kind, SCANNER, SERVER, 15, 1000);
		assert_int_equal(h.findings, 0);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void every_kind_of_scan_over_hours_is_told(void **state)
{
	for (uint32_t kind = 0; kind < P_KINDS; kind++) {
		scan(kind, SCANNER, SERVER, 100, 300 * SEC); // a port in five minutes
		if (harness_count(&h, "slow port scan") < 2)
			fail_msg("kind %u: %u findings", kind, h.findings);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void distributed(enum probe_kind kind, uint32_t ports, uint32_t sources)
{
	char a[32];
	harness_start(&h, &detector_port_scan, 1);
	for (uint32_t i = 0; i < ports; i++)
		probe(kind, i * 1000, harness_host(a, i % sources), 40000, SERVER, (uint16_t)(1 + i));
	harness_end(&h);
}

static void scans_from_many_sources_are_told_as_one(void **state)
{
	static const enum probe_kind kinds[] = {P_SYN, P_CONNECT, P_FIN, P_NULL, P_XMAS, P_SCTP};
	for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		distributed(kinds[i], 600, 60);
		if (harness_count(&h, "distributed port scan") != 2 || h.findings != 2)
			fail_msg("kind %u: %u findings", kinds[i], h.findings);
		harness_assert_victim(&h, 0, SERVER);
		harness_stop(&h);
		distributed(kinds[i], 180, 60);
		assert_int_equal(h.findings, 0);
		harness_stop(&h);
	}
	h.detector = NULL;
}

// `hosts` of 10.1.0.0/16 are tried on a port; every `answering`-th answers (0: none).
static void sweep(enum probe_kind kind, uint16_t port, uint32_t hosts, uint32_t answering, uint64_t gap_us)
{
	char b[32];
	harness_start(&h, &detector_host_scan, 1);
	for (uint32_t i = 0; i < hosts; i++) {
		uint16_t sport = (uint16_t)(40000 + i);
		sprintf(b, "10.1.%u.%u", 3 + i / 250, 1 + i % 250);
		probe(kind, i * gap_us, SCANNER, sport, b, port);
		if (answering && i % answering == 0 && kind == P_UDP)
			harness_udp(&h, i * gap_us + 9, b, port, SCANNER, sport, "y", 1);
		else if (answering && i % answering == 0)
			harness_tcp(
				&h, i * gap_us + 9, b, port, SCANNER, sport, BUILD_TCP_SYN | BUILD_TCP_ACK, NULL, 0);
	}
	harness_end(&h);
}

static void sweeps_for_what_worms_and_reflectors_need_are_told_from_eight_hosts(void **state)
{
	static const struct {
		enum probe_kind kind;
		uint16_t port;
	} rows[] = {
		{P_SYN, 23}, {P_SYN, 445}, {P_SYN, 3389}, {P_UDP, 161}, {P_UDP, 1434}, {P_UDP, 5060}, {P_UDP, 11211}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sweep(rows[i].kind, rows[i].port, 9, 0, 1000);
		if (harness_stages(&h, "start") != 1)
			fail_msg("port %u: %u findings", rows[i].port, h.findings);
		harness_stop(&h);
		sweep(rows[i].kind, rows[i].port, 7, 0, 1000);
		assert_int_equal(h.findings, 0);
		harness_stop(&h);
		sweep(rows[i].kind, rows[i].port, 60, 1, 1000); // a manager of live hosts
		assert_int_equal(h.findings, 0);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void a_sweep_over_hours_is_told_for_other_protocols_too(void **state)
{
	sweep(P_UDP, 500, 100, 0, 300 * SEC);
	assert_true(harness_count(&h, "slow service sweep") >= 2);
	harness_stop(&h);
	sweep(P_SCTP, 2905, 100, 0, 300 * SEC);
	assert_true(harness_count(&h, "slow service sweep") >= 2);
}

static void browsers_behind_a_firewall_that_drops_quic_are_silent(void **state)
{
	sweep(P_UDP, 443, 80, 0, 30 * SEC); // in vain, within the hour
	assert_int_equal(h.findings, 0);
	harness_stop(&h);
	sweep(P_UDP, 443, 700, 0, 100 * SEC); // and all day
	assert_int_equal(h.findings, 0);
	harness_stop(&h);
	sweep(P_UDP, 443, 150, 0, 1000); // that is a scan
	assert_int_equal(harness_stages(&h, "start"), 1);
}

static void peers_that_are_gone_are_no_sweep(void **state)
{
	sweep(P_UDP, 6881, 200, 4, SEC);
	assert_int_equal(h.findings, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heuristic_test(every_kind_of_port_scan_is_named),
		heuristic_test(fifteen_ports_of_any_kind_are_silent),
		heuristic_test(every_kind_of_scan_over_hours_is_told),
		heuristic_test(scans_from_many_sources_are_told_as_one),
		heuristic_test(sweeps_for_what_worms_and_reflectors_need_are_told_from_eight_hosts),
		heuristic_test(a_sweep_over_hours_is_told_for_other_protocols_too),
		heuristic_test(browsers_behind_a_firewall_that_drops_quic_are_silent),
		heuristic_test(peers_that_are_gone_are_no_sweep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
