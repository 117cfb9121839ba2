// What a flood's events say of its sources, over IPv6 too, and that floods take no more memory than they have been
// given whatever comes: random sources, random destinations, walks through a /64.
#include <malloc.h>

#include "detectors/heuristics/flood_internal.h"
#include "tests/unit/heuristics_harness.h"

extern const struct detector detector_syn_flood, detector_udp_flood, detector_icmp_flood, detector_fragment_flood,
	detector_carpet_bombing;

#define SERVER "10.1.1.80"
#define SERVER6 "2001:db8:1::80"

static void has(const char *part)
{
	if (h.findings == 0 || !strstr(h.text[0], part))
		fail_msg("expected %s in %s", part, h.findings ? h.text[0] : "no event");
}

// The share the first event gives a source, 0 when it does not name it.
static double share_of(const char *source)
{
	char key[80];
	double share = 0;
	snprintf(key, sizeof(key), "{\"source\":\"%s\",\"share\":%%lf", source);
	const char *at = strstr(h.text[0], "\"top_sources\":[");
	assert_non_null(at);
	for (at = strchr(at, '{'); at && !share; at = strchr(at + 1, '{'))
		sscanf(at, key, &share);
	return share;
}

// A flood of UDP of which one source sends two in five packets, one a fifth, and the rest is anybody's.
static void uneven_flood(uint32_t workers)
{
	char a[32];
	harness_start(&h, &detector_udp_flood, workers);
	for (uint32_t i = 0; i < 6000; i++) {
		uint32_t r = (uint32_t)sketch_mix(i) % 10;
		harness_udp(&h, (uint64_t)i * 100,
			r < 4   ? "203.0.113.7"
			: r < 6 ? "203.0.113.9"
				: harness_host(a, i),
			(uint16_t)(1024 + i), SERVER, 9000, "x", 1);
	}
}

static void sources_that_send_most_are_named_with_their_share(void **state)
{
	uneven_flood(1);
	assert_true(h.findings > 0);
	// 35 picks are known half a second after the start: three standard errors
	assert_float_equal(share_of("203.0.113.7"), 0.4, 0.25);
	assert_float_equal(share_of("203.0.113.9"), 0.2, 0.2);
	assert_null(strstr(h.text[0], "198.18."));
	has("\"spoofed\":\"no\"");
	has("a few of the sources send most of it");
	harness_end(&h);
	memcpy(h.text[0], h.text[h.findings - 1], sizeof(h.text[0]));
	assert_true(share_of("203.0.113.7") > share_of("203.0.113.9"));
}

static void sources_are_the_same_however_packets_are_spread(void **state)
{
	static char one[FINDING_TEXT_MAX + 1];
	uneven_flood(1);
	memcpy(one, h.text[0], sizeof(one));
	harness_stop(&h);
	uneven_flood(2);
	assert_string_equal(h.text[0], one);
}

static void of_random_sources_none_stands_out(void **state)
{
	char a[32];
	harness_start(&h, &detector_syn_flood, 1);
	for (uint32_t i = 0; i < 4000; i++) {
		uint32_t r = (uint32_t)sketch_mix(i);
		snprintf(a, sizeof(a), "%u.%u.%u.%u", 1 + r % 200, r >> 8 & 255, r >> 16 & 255, r >> 24);
		harness_tcp(&h, (uint64_t)i * 1000, a, (uint16_t)(1024 + i), SERVER, 80, BUILD_TCP_SYN, NULL, 0);
	}
	harness_end(&h);
	has("\"top_sources\":[],");
	has("\"spoofed\":\"yes\"");
	assert_non_null(strstr(h.text[h.findings - 1], "\"top_sources\":[],"));
}

static void many_sources_with_one_ttl_are_likely_one(void **state)
{
	char a[32];
	harness_start(&h, &detector_icmp_flood, 1);
	for (uint32_t i = 0; i < 3000; i++)
		harness_icmp(&h, (uint64_t)i * 500, harness_host(a, i % 300), SERVER, 8, i << 16, "abcdefgh", 8);
	has("\"spoofed\":\"likely\"");
	has("one TTL");
}

static void what_all_packets_have_in_common_is_said(void **state)
{
	harness_start(&h, &detector_udp_flood, 1);
	for (uint32_t i = 0; i < 6000; i++)
		harness_udp(&h, (uint64_t)i * 200, "203.0.113.7", (uint16_t)(1024 + i), SERVER, 9000, "12345",
			i & 1 ? 5 : 3);
	has("\"dest_port\":9000,");
	assert_null(strstr(h.text[0], "\"src_port\""));
	has("\"ttl_min\":64,\"ttl_max\":64,");
	has("\"length_min\":31,\"length_max\":33,");
	assert_null(strstr(strstr(h.text[0], "match_flowspec"), "length"));
}

// Random interface identifiers within one /64, or within as many as the kind asks for.
static const char *walker(char *out, uint32_t i, uint32_t nets)
{
	uint64_t r = sketch_mix(i + 77);
	sprintf(out, "2001:db8:f00d:%x:%x:%x:%x:%x", i % nets, (uint32_t)(r & 0xffff), (uint32_t)(r >> 16 & 0xffff),
		(uint32_t)(r >> 32 & 0xffff), (uint32_t)(r >> 48));
	return out;
}

static void syns6(uint32_t n, uint32_t pps)
{
	char a[48];
	harness_start(&h, &detector_syn_flood, 1);
	for (uint32_t i = 0; i < n; i++)
		harness_tcp(&h, (uint64_t)i * 1000000 / pps, walker(a, i, 1), (uint16_t)(1024 + i), SERVER6, 80,
			BUILD_TCP_SYN, NULL, 0);
	harness_end(&h);
}

static void a_syn_flood_from_all_over_a_64_has_one_source(void **state)
{
	syns6(1000, 1000);
	assert_int_equal(harness_count(&h, "SYN flood"), 2);
	harness_assert_victim(&h, 0, SERVER6);
	has("\"sources\":1,");
	assert_float_equal(share_of("2001:db8:f00d::/64"), 1.0, 0.001);
	has("\"spoofed\":\"no\"");
}

static void syns_over_ipv6_below_the_threshold_are_silent(void **state)
{
	syns6(700, 140);
	assert_int_equal(h.findings, 0);
}

static void connections_over_ipv6_are_silent(void **state)
{
	char a[48];
	harness_start(&h, &detector_syn_flood, 1);
	for (uint32_t i = 0; i < 3000; i++)
		harness_handshake(&h, i * 500, walker(a, i, 4), (uint16_t)(2000 + i), SERVER6, 443);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void datagrams6(uint32_t n, uint32_t pps, bool answered)
{
	char a[48];
	harness_start(&h, &detector_udp_flood, 1);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t us = (uint64_t)i * 1000000 / pps;
		harness_udp(&h, us, walker(a, i, 1), (uint16_t)(1024 + i), SERVER6, 53, "question", 8);
		if (answered) {
			harness_udp(&h, us + 1, SERVER6, 53, a, (uint16_t)(1024 + i), "answer", 6);
			harness_udp(&h, us + 2, a, (uint16_t)(1024 + i), SERVER6, 53, "question", 8);
		}
	}
	harness_end(&h);
}

static void a_udp_flood_from_all_over_a_64_is_reported(void **state)
{
	datagrams6(6000, 6000, false);
	assert_int_equal(harness_count(&h, "UDP flood"), 2);
	harness_assert_victim(&h, 0, SERVER6);
	has("\"sources\":1,");
	has("2001:db8:f00d::/64");
}

static void datagrams_over_ipv6_below_the_threshold_are_silent(void **state)
{
	datagrams6(3000, 1500, false);
	assert_int_equal(h.findings, 0);
}

static void answered_questions_over_ipv6_are_silent(void **state)
{
	datagrams6(3000, 3000, true);
	assert_int_equal(h.findings, 0);
}

static void pings6(uint32_t n, uint32_t pps, uint8_t type)
{
	char a[48];
	harness_start(&h, &detector_icmp_flood, 1);
	for (uint32_t i = 0; i < n; i++)
		harness_icmp(&h, (uint64_t)i * 1000000 / pps, walker(a, i, 1), SERVER6, type, i << 16, "abcdefgh", 8);
	harness_end(&h);
}

static void an_icmpv6_flood_from_all_over_a_64_is_reported(void **state)
{
	pings6(1200, 1200, 128);
	assert_int_equal(harness_count(&h, "ICMP echo flood"), 2);
	has("\"sources\":1,");
	has("flow6 { dst 2001:db8:1::80/128; next header = 58;");
}

static void icmpv6_below_the_threshold_is_silent(void **state)
{
	pings6(1000, 400, 128);
	assert_int_equal(h.findings, 0);
}

static void neighbours_of_a_busy_link_are_silent(void **state)
{
	pings6(600, 200, 135);
	assert_int_equal(h.findings, 0);
}

// Fragments of a datagram of `size` bytes; whole: its end comes as well.
static void fragments6(uint32_t n, uint32_t pps, bool whole, uint32_t size, bool options)
{
	static uint8_t payload[1400];
	static const uint8_t none[8] = {44, 0, 1, 4, 0, 0, 0, 0}; // hop-by-hop, padding
	harness_start(&h, &detector_fragment_flood, 1);
	for (uint32_t i = 0; i < n; i++) {
		bool last = whole && i & 1;
		build_start(&h.build);
		build_ethernet(&h.build, 0x86dd);
		build_ipv6(&h.build, "2001:db8:f00d::3", SERVER6, options ? 0 : 44);
		if (options)
			build_bytes(&h.build, none, sizeof(none));
		build_ipv6_frag(&h.build, 17, whole ? i / 2 : i, last ? size : 0, !last);
		harness_finish(&h, (uint64_t)i * 1000000 / pps, payload, size);
	}
	harness_end(&h);
}

static void ipv6_fragments_that_make_nothing_are_a_flood(void **state)
{
	fragments6(4000, 4000, false, 1280, false);
	assert_int_equal(harness_count(&h, "flood of fragments that make no datagram"), 2);
	harness_assert_victim(&h, 0, SERVER6);
	harness_stop(&h);
	fragments6(4000, 4000, false, 1280, true); // behind another header
	assert_int_equal(harness_count(&h, "flood of fragments that make no datagram"), 2);
}

static void ipv6_fragments_smaller_than_any_link_needs_are_a_flood(void **state)
{
	fragments6(4000, 4000, true, 64, false);
	assert_int_equal(harness_count(&h, "flood of fragments that make no datagram"), 2);
}

static void few_ipv6_fragments_are_silent(void **state)
{
	fragments6(3000, 1500, false, 1280, false);
	assert_int_equal(h.findings, 0);
}

static void ipv6_fragments_of_whole_datagrams_are_silent(void **state)
{
	fragments6(8000, 4000, true, 1280, false);
	assert_int_equal(h.findings, 0);
}

// n packets to hosts all over `nets` neighbouring /64s.
static void carpet6(uint32_t n, uint32_t pps, uint32_t nets, bool answered)
{
	char a[48], b[48];
	harness_start(&h, &detector_carpet_bombing, 1);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t us = (uint64_t)i * 1000000 / pps;
		sprintf(b, "2001:db8:77:%x::%x", 0x100 + (uint32_t)sketch_mix(i) % nets, i % 500);
		harness_udp(&h, us, walker(a, i, 3000), (uint16_t)(1024 + i), b, 5000, "x", 1);
		if (answered) {
			harness_udp(&h, us + 1, b, 5000, a, (uint16_t)(1024 + i), "x", 1);
			harness_udp(&h, us + 2, a, (uint16_t)(1024 + i), b, 5000, "x", 1);
		}
	}
	harness_end(&h);
}

static void a_carpet_over_ipv6_is_told_by_the_part_it_covers(void **state)
{
	static const struct {
		uint32_t nets;
		const char *prefix;
	} carpets[] = {{1, "2001:db8:77:100::/64"}, {16, "2001:db8:77:100::/60"}, {256, "2001:db8:77:100::/56"},
		{32768, "2001:db8:77::/48"}};
	char text[80];
	for (uint32_t i = 0; i < 4; i++) {
		carpet6(9000, 9000, carpets[i].nets, false);
		assert_int_equal(harness_stages(&h, "start"), 1);
		snprintf(text, sizeof(text), "\"prefix\":\"%s\"", carpets[i].prefix);
		has(text);
		snprintf(text, sizeof(text), "flow6 { dst %s;", carpets[i].prefix);
		has(text);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void a_thin_carpet_over_ipv6_is_silent(void **state)
{
	carpet6(7000, 3500, 256, false);
	assert_int_equal(h.findings, 0);
}

static void servers_over_ipv6_that_answer_are_no_carpet(void **state)
{
	carpet6(6000, 6000, 256, true);
	assert_int_equal(h.findings, 0);
}

// Packets counted in records that are there.
static uint64_t counted(const struct flood *f)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < f->victims.used; i++)
		sum += ((const struct flood_victim *)(f->victims.records + (size_t)i * f->victims.record_size))->pkts;
	return sum;
}

static size_t in_use(void)
{
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

enum target { ONE_HOST, ANY_HOST, WALK };

#define STORM 50000u // packets, 12,500 a tick: more hosts than there are records (FLOOD_VICTIMS)

// UDP packets from random sources to one host, to hosts all over, or to hosts all over a /64.
static void storm(enum target target)
{
	char a[48], b[48];
	for (uint32_t i = 0; i < STORM; i++) {
		uint64_t r = sketch_mix(i + 1000000);
		uint32_t to = (uint32_t)sketch_mix(i);
		if (target == WALK) {
			walker(a, i, 65536);
			sprintf(b, "2001:db8:1:1::%x:%x", to >> 16, to & 0xffff);
		} else {
			sprintf(a, "%u.%u.%u.%u", 1 + (uint32_t)r % 200, (uint32_t)(r >> 8) & 255,
				(uint32_t)(r >> 16) & 255, (uint32_t)(r >> 24) & 255);
			sprintf(b, "10.%u.%u.%u", to >> 16 & 255, to >> 8 & 255, to & 255);
		}
		harness_udp(&h, (uint64_t)i * 8, a, (uint16_t)(1024 + i % 60000), target == ONE_HOST ? SERVER : b, 7000,
			"x", 1);
	}
	harness_end(&h);
}

// The guards stand where a state's memory ends.
static void memory_stays_what_it_was(const struct detector *d, enum target target)
{
	static const uint8_t guard[64] = {0x5a, 0xa5, 0x5a, 0xa5};
	harness_start(&h, d, 1);
	size_t master = d->state_size(h.settings), delta = d->delta_size(h.settings);
	h.master = realloc(h.master, master + sizeof(guard));
	memcpy((uint8_t *)h.master + master, guard, sizeof(guard));
	memset(h.master, 0, master);
	struct detector_env env = {.home = h.home, .baselines = h.site, .workers = 1};
	assert_int_equal(d->init(h.master, h.settings, &env), 0);
	size_t before = in_use();
	storm(target);
	assert_int_equal(in_use(), before);
	assert_memory_equal((uint8_t *)h.master + master, guard, sizeof(guard));
	assert_true(delta > 0);
	const struct flood *f = h.master;
	assert_true(f->victims.used <= FLOOD_VICTIMS && f->tops.used <= 8u << FLOOD_TOPS_LOG);
	// what is not in a record has been counted as missed, or went with a record that made room
	if (d == &detector_udp_flood && target != ONE_HOST)
		assert_true(h.missed > 0);
	if (d == &detector_udp_flood && h.evicted == 0)
		assert_int_equal(counted(f) + h.missed, STORM);
	harness_stop(&h);
	h.detector = NULL;
}

static void floods_take_no_more_memory_than_they_were_given(void **state)
{
	for (enum target t = ONE_HOST; t <= WALK; t++) {
		memory_stays_what_it_was(&detector_udp_flood, t);
		memory_stays_what_it_was(&detector_carpet_bombing, t);
	}
}

// More floods at a time than records hold: those that were told are told to their end.
static void every_flood_that_was_told_ends(void **state)
{
	harness_start(&h, &detector_icmp_flood, 1);
	char b[32];
	uint32_t starts = 0, ends = 0;
	for (uint32_t round = 0; round < 10; round++) {
		for (uint32_t i = 0; i < 20000; i++) {
			sprintf(b, "10.0.%u.%u", i / 2 % 24, i / 48 % 2);
			if (i % 2)
				sprintf(b, "10.%u.%u.%u", round, i >> 8 & 255, i & 255);
			harness_icmp(&h, (uint64_t)round * 200000 + i * 10, "203.0.113.7", b, 8, i << 16, "x", 1);
		}
		starts += harness_stages(&h, "start");
		ends += harness_stages(&h, "end");
		h.findings = 0;
	}
	harness_end(&h);
	starts += harness_stages(&h, "start");
	ends += harness_stages(&h, "end");
	assert_int_equal(starts, 48);
	assert_int_equal(ends, starts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heuristic_test(sources_that_send_most_are_named_with_their_share),
		heuristic_test(sources_are_the_same_however_packets_are_spread),
		heuristic_test(of_random_sources_none_stands_out),
		heuristic_test(many_sources_with_one_ttl_are_likely_one),
		heuristic_test(what_all_packets_have_in_common_is_said),
		heuristic_test(a_syn_flood_from_all_over_a_64_has_one_source),
		heuristic_test(syns_over_ipv6_below_the_threshold_are_silent),
		heuristic_test(connections_over_ipv6_are_silent),
		heuristic_test(a_udp_flood_from_all_over_a_64_is_reported),
		heuristic_test(datagrams_over_ipv6_below_the_threshold_are_silent),
		heuristic_test(answered_questions_over_ipv6_are_silent),
		heuristic_test(an_icmpv6_flood_from_all_over_a_64_is_reported),
		heuristic_test(icmpv6_below_the_threshold_is_silent),
		heuristic_test(neighbours_of_a_busy_link_are_silent),
		heuristic_test(ipv6_fragments_that_make_nothing_are_a_flood),
		heuristic_test(ipv6_fragments_smaller_than_any_link_needs_are_a_flood),
		heuristic_test(few_ipv6_fragments_are_silent),
		heuristic_test(ipv6_fragments_of_whole_datagrams_are_silent),
		heuristic_test(a_carpet_over_ipv6_is_told_by_the_part_it_covers),
		heuristic_test(a_thin_carpet_over_ipv6_is_silent),
		heuristic_test(servers_over_ipv6_that_answer_are_no_carpet),
		heuristic_test(floods_take_no_more_memory_than_they_were_given),
		heuristic_test(every_flood_that_was_told_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
