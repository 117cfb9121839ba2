// Flows that last, that go to odd ports or come at intervals, and names whose addresses are everywhere.
#include <math.h>

#include "tests/unit/heuristics_harness.h"

extern const struct detector detector_long_flow, detector_fast_flux, detector_beacon;

#define SEC 1000000ull
#define HOUR (3600 * SEC)
#define INSIDE "10.1.1.33"
#define OUTSIDE "192.0.2.99"

// A connection with a packet of data each way every `gap` until `end`, both in microseconds.
static void talk(const char *client, const char *server, uint16_t port, uint64_t start, uint64_t end, uint64_t gap)
{
	harness_handshake(&h, start, client, 40000, server, port);
	for (uint64_t t = start + SEC; t < end; t += gap) {
		harness_tcp(&h, t, client, 40000, server, port, BUILD_TCP_ACK | BUILD_TCP_PSH, "ping", 4);
		harness_tcp(&h, t + 1000, server, port, client, 40000, BUILD_TCP_ACK | BUILD_TCP_PSH, "pong", 4);
	}
}

static void a_flow_of_nine_hours_is_told_once(void **state)
{
	harness_start(&h, &detector_long_flow, 1);
	talk(INSIDE, OUTSIDE, 443, 0, 10 * HOUR, 60 * SEC);
	harness_end(&h);
	assert_int_equal(h.findings, 1);
	assert_int_equal(harness_count(&h, "a flow to outside that does not end"), 1);
	harness_assert_victim(&h, 0, INSIDE);
	harness_assert_attacker(&h, 0, OUTSIDE);
}

static void a_flow_of_seven_hours_and_one_of_mail_are_silent(void **state)
{
	harness_start(&h, &detector_long_flow, 1);
	talk(INSIDE, OUTSIDE, 443, 0, 7 * HOUR, 60 * SEC);
	talk(INSIDE, OUTSIDE, 993, 8 * HOUR, 18 * HOUR, 60 * SEC);
	talk(INSIDE, "10.9.9.9", 443, 20 * HOUR, 30 * HOUR, 60 * SEC); // not outside
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void a_flow_to_an_odd_port_is_told(void **state)
{
	harness_start(&h, &detector_long_flow, 2);
	talk(INSIDE, OUTSIDE, 195, 0, 800 * SEC, SEC);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "a flow to a port of no usual service"), 1);
	assert_int_equal(h.findings, 1);
	harness_assert_victim(&h, 0, INSIDE);
}

static void short_flows_and_usual_ports_are_silent(void **state)
{
	harness_start(&h, &detector_long_flow, 1);
	talk(INSIDE, OUTSIDE, 195, 0, 500 * SEC, SEC);
	talk(INSIDE, OUTSIDE, 8443, 600 * SEC, 1400 * SEC, SEC);
	talk(INSIDE, OUTSIDE, 22, 1600 * SEC, 2400 * SEC, SEC);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void a_data_connection_of_ftp_is_silent(void **state)
{
	harness_start(&h, &detector_long_flow, 1);
	talk(INSIDE, OUTSIDE, 21, 0, 5 * SEC, SEC);
	talk(INSIDE, OUTSIDE, 49321, 6 * SEC, 800 * SEC, SEC);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void a_service_many_hosts_hold_open_is_told_of_the_first_only(void **state)
{
	char a[32];
	harness_start(&h, &detector_long_flow, 1);
	for (uint32_t i = 0; i < 8; i++) {
		sprintf(a, "10.1.2.%u", i + 1);
		talk(a, OUTSIDE, 4460, i * 1000 * SEC, (i * 1000 + 800) * SEC, SEC);
	}
	harness_end(&h);
	assert_int_equal(h.findings, 3);
}

// An answer with `count` A records, the n-th address being base + n * step.
static void answer(uint64_t us, const char *label, uint32_t ttl, uint32_t count, uint32_t base, uint32_t step)
{
	uint8_t m[1024] = {0, 1, 0x81, 0x80, 0, 1, 0, (uint8_t)count};
	uint32_t at = 12, len = (uint32_t)strlen(label);
	m[at++] = (uint8_t)len;
	memcpy(m + at, label, len);
	at += len;
	memcpy(m + at, "\7example\0\0\1\0\1", 13);
	at += 13;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t address = htonl(base + i * step), be_ttl = htonl(ttl);
		memcpy(m + at, "\xc0\x0c\0\1\0\1", 6);
		memcpy(m + at + 6, &be_ttl, 4);
		memcpy(m + at + 10, "\0\4", 2);
		memcpy(m + at + 12, &address, 4);
		at += 16;
	}
	harness_udp(&h, us, "10.0.0.2", 53, INSIDE, 40000, m, at);
}

static void a_name_with_addresses_everywhere_is_fast_flux(void **state)
{
	harness_start(&h, &detector_fast_flux, 2);
	for (uint32_t i = 0; i < 10; i++)
		answer(i * 120 * SEC, "flux", 120, 5, 0x20000000 + i * 0x05112233, 0x01234567);
	harness_end(&h);
	assert_int_equal(h.findings, 1);
	harness_assert_victim(&h, 0, INSIDE);
	assert_non_null(strstr(h.text[0], "\"name\":\"flux.example\""));
}

static void a_content_network_is_silent(void **state)
{
	harness_start(&h, &detector_fast_flux, 1);
	for (uint32_t i = 0; i < 200; i++) // many addresses, in six networks
		answer(i * 10 * SEC, "www", 20, 4, 0x20000000 + (i % 6) * 0x10000 + i * 4, 1);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void answers_that_live_long_are_silent(void **state)
{
	harness_start(&h, &detector_fast_flux, 1);
	for (uint32_t i = 0; i < 10; i++)
		answer(i * 120 * SEC, "www", 3600, 5, 0x20000000 + i * 0x05112233, 0x01234567);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void answers_that_end_early_are_not_read(void **state)
{
	uint8_t m[80] = {0, 1, 0x81, 0x80, 0, 1, 0, 200, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0,
		0, 9, 0, 200, 1};
	harness_start(&h, &detector_fast_flux, 1);
	for (uint32_t n = 13; n < sizeof(m); n++)
		harness_udp(&h, n * SEC, "10.0.0.2", 53, INSIDE, 40000, m, n);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

// A number between 0 and 1, the same every time.
static double chance(uint32_t i)
{
	return (double)((i + 1) * 2654435761u >> 8) / (1 << 24);
}

// A call with a request and an answer of these sizes, and its end.
static void call(uint64_t us, uint32_t i, size_t ask, size_t answer)
{
	static const char bytes[1400];
	uint16_t port = (uint16_t)(3000 + i);
	harness_handshake(&h, us, INSIDE, port, OUTSIDE, 443);
	harness_tcp(&h, us + 10, INSIDE, port, OUTSIDE, 443, BUILD_TCP_ACK, bytes, ask);
	harness_tcp(&h, us + 20, OUTSIDE, 443, INSIDE, port, BUILD_TCP_ACK, bytes, answer);
	harness_tcp(&h, us + 30, INSIDE, port, OUTSIDE, 443, BUILD_TCP_ACK | BUILD_TCP_FIN, NULL, 0);
	harness_tcp(&h, us + 40, OUTSIDE, 443, INSIDE, port, BUILD_TCP_ACK | BUILD_TCP_FIN, NULL, 0);
}

enum rhythm { JITTER_90, AT_RANDOM };

// n calls, a minute apart on the average, whose sizes vary by up to `vary` bytes.
static void calls(uint32_t n, enum rhythm rhythm, uint32_t vary)
{
	uint64_t us = 0;
	harness_start(&h, &detector_beacon, 1);
	for (uint32_t i = 0; i < n; i++) {
		double minutes = rhythm == JITTER_90 ? 0.1 + 1.8 * chance(i) : 0.02 - log(1 - chance(i));
		call(us, i, 300 + (size_t)(vary * chance(i + 7000)), 200 + (size_t)(vary * chance(i + 9000)));
		us += (uint64_t)(60 * SEC * minutes);
	}
	harness_end(&h);
}

static void a_beacon_with_a_jitter_of_90_percent_shows_in_its_sizes(void **state)
{
	calls(60, JITTER_90, 0);
	assert_int_equal(h.findings, 1);
	harness_assert_attacker(&h, 0, OUTSIDE);
	harness_assert_victim(&h, 0, INSIDE);
	assert_non_null(strstr(h.text[0], "\"bytes_out\":"));
	harness_stop(&h);
	calls(35, JITTER_90, 0); // not yet
	assert_int_equal(h.findings, 0);
}

static void calls_of_many_sizes_or_at_random_are_no_beacon(void **state)
{
	calls(200, JITTER_90, 1000);
	assert_int_equal(h.findings, 0);
	harness_stop(&h);
	calls(200, AT_RANDOM, 0); // somebody looks whether there is a connection
	assert_int_equal(h.findings, 0);
}

static void a_beacon_of_four_calls_a_day_is_told_within_days(void **state)
{
	harness_start(&h, &detector_beacon, 1);
	for (uint32_t i = 0; i < 14; i++)
		call(i * 6 * HOUR + (uint64_t)(0.3 * (double)HOUR * chance(i)), i, 300, 200);
	harness_end(&h);
	assert_int_equal(h.findings, 1);
	assert_true(h.found[0].finding.window_ms > 2 * 24 * 3600 * 1000ull);
}

static void services_that_are_asked_at_intervals_are_no_beacons(void **state)
{
	static const uint16_t ports[] = {53, 123, 3478, 514};
	harness_start(&h, &detector_beacon, 1);
	for (uint32_t i = 0; i < 60; i++)
		for (uint32_t k = 0; k < sizeof(ports) / sizeof(ports[0]); k++)
			harness_udp(
				&h, i * 64 * SEC + k * 1000, INSIDE, (uint16_t)(40000 + i), OUTSIDE, ports[k], "x", 1);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heuristic_test(a_flow_of_nine_hours_is_told_once),
		heuristic_test(a_flow_of_seven_hours_and_one_of_mail_are_silent),
		heuristic_test(a_flow_to_an_odd_port_is_told),
		heuristic_test(short_flows_and_usual_ports_are_silent),
		heuristic_test(a_data_connection_of_ftp_is_silent),
		heuristic_test(a_service_many_hosts_hold_open_is_told_of_the_first_only),
		heuristic_test(a_name_with_addresses_everywhere_is_fast_flux),
		heuristic_test(a_content_network_is_silent),
		heuristic_test(answers_that_live_long_are_silent),
		heuristic_test(answers_that_end_early_are_not_read),
		heuristic_test(a_beacon_with_a_jitter_of_90_percent_shows_in_its_sizes),
		heuristic_test(calls_of_many_sizes_or_at_random_are_no_beacon),
		heuristic_test(a_beacon_of_four_calls_a_day_is_told_within_days),
		heuristic_test(services_that_are_asked_at_intervals_are_no_beacons),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
