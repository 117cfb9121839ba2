// Where rule engines commonly go wrong: what the stream, flow state, thresholds and order do to alerts.
#include "rule_bench.h"

static void expect(const struct rule_bench *b, uint32_t sid, size_t n)
{
	if (bench_count(b, sid) != n)
		fail_msg("sid %u: %zu alerts, expected %zu", sid, bench_count(b, sid), n);
}

// Trap 1.
static void the_choice_of_literal_changes_nothing(void **state)
{
	struct rule_bench *b = bench_open(
		"alert udp any any -> any any (content:\"ab\"; fast_pattern; content:\"longer one\"; sid:1;)\n"
		"alert udp any any -> any any (content:\"ab\"; content:\"longer one\"; fast_pattern; sid:2;)\n"
		"alert udp any any -> any any (content:\"ab\"; content:\"longer one\"; fast_pattern:2,3; sid:3;)\n"
		"alert udp any any -> any any (content:!\"zz\"; content:!\"yy\"; sid:4;)\n"
		"alert udp any any -> any any (content:\"|00|\"; sid:5;)\n");
	bench_udp(b, CLIENT, "ab\0a longer one", 15);
	bench_say(b, CLIENT, "a longer one b");
	bench_say(b, CLIENT, "yy");
	for (uint32_t sid = 1; sid <= 3; sid++)
		expect(b, sid, 1);
	expect(b, 4, 2);
	expect(b, 5, 1);
	bench_close(b);
}

// Trap 2.
static void an_expression_is_confirmed_at_its_exact_place(void **state)
{
	struct rule_bench *b =
		bench_open("alert udp any any -> any any (content:\"id=\"; pcre:\"/^\\d+\\;/R\"; sid:1;)\n"
			   "alert udp any any -> any any (pcre:\"/(a+)+$/\"; sid:2;)\n"
			   "alert udp any any -> any any (pcre:\"/^(?=x)x\\Ky/\"; sid:3;)\n");
	struct signature_stats stats;
	bench_say(b, CLIENT, "id=x id=77;");
	bench_say(b, CLIENT, "id= 77;");
	bench_say(b, CLIENT, "xy");
	bench_say(b, CLIENT, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
	expect(b, 1, 1);
	expect(b, 2, 0);
	expect(b, 3, 1);
	signature_stats(b->engine, &stats);
	assert_true(stats.match_limit_hits >= 1); // the expression that backtracks for ever was stopped and counted
	bench_close(b);
}

// An expression of a transform is held to the same limits.
static void an_expression_that_transforms_gives_up_too(void **state)
{
	struct rule_bench *b = bench_open(
		"alert udp any any -> any any (ipv4.hdr; pcrexform:\"(?s)^()(?:.?.?.?.?.?.?.?.?.?.?){4}(?=.{50})\"; "
		"bsize:20; sid:1;)\n");
	struct signature_stats stats;
	bench_say(b, CLIENT, "a");
	expect(b, 1, 1); // the buffer stays as it is
	signature_stats(b->engine, &stats);
	assert_true(stats.match_limit_hits >= 1);
	bench_close(b);
}

// Trap 3.
static void relative_chains_try_the_next_anchor(void **state)
{
	struct rule_bench *b = bench_open(
		"alert udp any any -> any any (content:\"a\"; content:\"b\"; distance:0; within:1; sid:1;)\n"
		"alert udp any any -> any any (content:\"a\"; content:\"b\"; within:2; content:\"c\"; within:1; "
		"sid:2;)\n"
		"alert udp any any -> any any (content:\"a\"; content:!\"b\"; within:1; sid:3;)\n"
		"alert udp any any -> any any (content:\"key\"; content:\"val\"; distance:-10; within:8; sid:4;)\n"
		"alert udp any any -> any any (content:\"a\"; pcre:\"/^c/R\"; sid:5;)\n");
	bench_say(b, CLIENT, "a a ab");
	bench_say(b, CLIENT, "ab.ab.a-bc");
	bench_say(b, CLIENT, "val of key");
	bench_say(b, CLIENT, "ab ab ac");
	expect(b, 1, 3);
	expect(b, 2, 1);
	expect(b, 3, 4);
	expect(b, 4, 1);
	expect(b, 5, 1);
	bench_say(b, CLIENT, "ab.ab.abc");
	expect(b, 2, 2);
	bench_close(b);
}

// Trap 4.
static void established_needs_a_handshake(void **state)
{
	struct rule_bench *b =
		bench_open("alert tcp any any -> any any (flow:established; content:\"attack\"; sid:1;)\n"
			   "alert tcp any any -> any any (flow:from_server; content:\"attack\"; sid:2;)\n"
			   "alert tcp any any -> any any (flow:to_client,established; content:\"attack\"; sid:3;)\n");
	bench_send(b, CLIENT, "attack");
	expect(b, 1, 0);
	b->sport++;
	bench_handshake(b);
	bench_send(b, CLIENT, "attack");
	bench_fin(b);
	bench_flush(b);
	expect(b, 1, 1);
	expect(b, 2, 0);
	b->sport++;
	bench_handshake(b);
	bench_send(b, SERVER, "attack");
	bench_fin(b);
	bench_flush(b);
	expect(b, 2, 1);
	expect(b, 3, 1);
	bench_close(b);
}

static const char views[] = "alert tcp any any -> any any (content:\"abcXYZ\"; sid:1;)\n"
			    "alert tcp any any -> any any (content:\"abcXYZ\"; depth:10; sid:2;)\n"
			    "alert tcp-pkt any any -> any any (content:\"abcXYZ\"; sid:3;)\n"
			    "alert tcp any any -> any any (flow:only_stream; content:\"abcXYZ\"; sid:4;)\n"
			    "alert tcp any any -> any any (content:\"abcXYZ\"; dsize:<20; sid:5;)\n";

// Trap 5.
static void a_match_across_segments_is_in_the_stream_alone(void **state)
{
	struct rule_bench *b = bench_open(views);
	bench_handshake(b);
	bench_send(b, CLIENT, "abcX");
	bench_send(b, CLIENT, "YZ and more");
	bench_fin(b);
	expect(b, 1, 1);
	expect(b, 2, 1);
	expect(b, 3, 0);
	expect(b, 4, 1);
	expect(b, 5, 0);
	bench_close(b);
}

static void a_placed_content_is_asked_of_packets_and_of_the_stream(void **state)
{
	struct rule_bench *b = bench_open(views);
	bench_handshake(b);
	for (int i = 0; i < 3; i++)
		bench_send(b, CLIENT, "abcXYZ hello");
	bench_fin(b);
	expect(b, 1, 1);
	expect(b, 2, 4); // each packet, and the stream once
	expect(b, 3, 3);
	expect(b, 5, 3);
	bench_close(b);
}

static void a_payload_outside_the_stream_is_asked_as_a_packet(void **state)
{
	struct rule_bench *b = bench_open(views);
	bench_send(b, CLIENT, "abcXYZ hello"); // no handshake, no stream
	expect(b, 1, 1);
	expect(b, 2, 1);
	expect(b, 3, 1);
	expect(b, 4, 0);
	bench_close(b);
}

static void a_flow_that_just_stops_is_still_inspected(void **state)
{
	struct rule_bench *b = bench_open(views);
	bench_handshake(b);
	bench_send(b, CLIENT, "say abcXYZ and nothing more");
	expect(b, 1, 0);
	bench_flush(b);
	expect(b, 1, 1);
	assert_int_equal(b->seqs[b->n - 1], 0); // no packet carries it
	bench_close(b);
}

// Trap 6.
static void rules_on_protocols_wait_by_name(void **state)
{
	struct rule_report report;
	struct ruleset_config cfg = {.parsers = bench_no_parsers};
	struct ruleset *rs = bench_load("alert http any any -> any any (content:\"x\"; sid:1;)\n"
					"alert tcp any any -> any any (http.uri; content:\"x\"; sid:2;)\n"
					"alert tcp any any -> any any (content:\"x\"; http_header; sid:3;)\n"
					"alert tcp any any -> any any (content:\"x\"; sid:4;)\n",
		&cfg, &report);
	assert_int_equal(report.waiting, 3);
	assert_int_equal(report.loaded, 1);
	assert_non_null(strstr(report.problems[0].text, "http"));
	assert_non_null(strstr(report.problems[1].text, "http.uri"));
	assert_non_null(strstr(report.problems[2].text, "http.header"));
	ruleset_free(rs);
	rule_report_free(&report);
}

// Trap 7.
static void address_rules_speak_once_a_flow_and_direction(void **state)
{
	struct rule_bench *b =
		bench_open("alert ip any any -> any any (sid:1;)\n"
			   "alert udp 192.168.1.5 any -> any any (sid:2;)\n"
			   "alert udp 8.8.8.0/24 any -> any any (sid:3;)\n"
			   "alert udp !9.9.9.9 any -> any any (sid:4;)\n"
			   "alert udp [10.0.0.0/8,192.168.0.0/16] any -> [1.1.1.1,8.8.8.8] any (sid:5;)\n");
	for (int i = 0; i < 3; i++) {
		bench_say(b, CLIENT, "a");
		bench_say(b, SERVER, "b");
	}
	expect(b, 1, 2);
	expect(b, 2, 1);
	expect(b, 3, 1);
	expect(b, 4, 6); // a negated address: asked for every packet
	expect(b, 5, 1);
	b->sport++;
	bench_say(b, CLIENT, "a");
	expect(b, 2, 2);
	bench_close(b);
}

// Trap 8.
static void thresholds_count_in_packet_time(void **state)
{
	struct rule_bench *b = bench_open("alert udp any any -> any any (threshold:type limit,track by_src,count "
					  "2,seconds 5; content:\"a\"; sid:1;)\n"
					  "alert udp any any -> any any (threshold:type threshold,track by_src,count "
					  "3,seconds 60; content:\"a\"; sid:2;)\n"
					  "alert udp any any -> any any (threshold:type both,track by_dst,count "
					  "4,seconds 60; content:\"a\"; sid:3;)\n"
					  "alert udp any any -> any any (detection_filter:track by_src,count 3,seconds "
					  "60; content:\"a\"; sid:4;)\n"
					  "alert udp any any -> any any (threshold:type both,track by_rule,count "
					  "5,seconds 60; content:\"a\"; sid:5;)\n"
					  "alert udp any any -> any any (threshold:type backoff,track by_src,count "
					  "1,multiplier 10; content:\"a\"; sid:6;)\n"
					  "alert udp any any -> any any (threshold:type limit,track by_flow,count "
					  "1,seconds 60; content:\"a\"; sid:7;)\n");
	for (int i = 0; i < 12; i++) {
		bench_say(b, CLIENT, "a");
		b->sport = (uint16_t)(40000 + i % 2);
		b->now_ns += 1000000000ull;
	}
	expect(b, 1, 6); // two in each of three windows
	expect(b, 2, 4);
	expect(b, 3, 1);
	expect(b, 4, 9);
	expect(b, 5, 1);
	expect(b, 6, 2);
	expect(b, 7, 2);
	bench_close(b);
}

static void a_suppressed_alert_still_sets_its_bits(void **state)
{
	struct rule_bench *b =
		bench_open("alert udp any any -> any any (content:\"in\"; threshold:type both,track by_src,count "
			   "100,seconds 60; flowbits:set,in; sid:1;)\n"
			   "alert udp any any -> any any (content:\"cmd\"; flowbits:isset,in; sid:2;)\n");
	bench_say(b, CLIENT, "in");
	bench_say(b, CLIENT, "cmd");
	expect(b, 1, 0);
	expect(b, 2, 1);
	bench_close(b);
}

static void threshold_config_suppresses_and_limits(void **state)
{
	char path[256];
	bench_write(path, sizeof(path),
		"suppress gen_id 1, sig_id 1, track by_src, ip 192.168.0.0/16\n"
		"suppress gen_id 1, sig_id 2\n"
		"threshold gen_id 1, sig_id 3, type limit, track by_src, count 1, seconds 60\n");
	struct ruleset_config cfg = {.threshold_file = path};
	struct rule_bench *b = bench_open_with("alert udp any any -> any any (content:\"a\"; sid:1;)\n"
					       "alert udp any any -> any any (content:\"a\"; sid:2;)\n"
					       "alert udp any any -> any any (content:\"a\"; sid:3;)\n",
		&cfg);
	unlink(path);
	for (int i = 0; i < 3; i++) {
		bench_say(b, CLIENT, "a");
		bench_say(b, SERVER, "a");
	}
	expect(b, 1, 3);
	expect(b, 2, 0);
	expect(b, 3, 2);
	bench_close(b);
}

// Trap 9.
static void setters_come_before_readers_then_priority(void **state)
{
	struct rule_bench *b =
		bench_open("alert udp any any -> any any (content:\"a\"; flowbits:isset,x; priority:1; sid:1;)\n"
			   "alert udp any any -> any any (content:\"a\"; priority:2; sid:2;)\n"
			   "alert udp any any -> any any (content:\"a\"; priority:1; sid:3;)\n"
			   "alert udp any any -> any any (content:\"a\"; flowbits:set,x; priority:9; sid:4;)\n"
			   "drop udp any any -> any any (content:\"a\"; priority:9; sid:5;)\n");
	static const uint32_t want[] = {5, 4, 1, 3, 2};
	bench_say(b, CLIENT, "a");
	assert_int_equal(b->n, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(b->sids[i], want[i]);
	bench_close(b);
}

static void at_most_fifteen_alerts_a_packet_and_silent_rules_do_not_count(void **state)
{
	char rules[8192] = "";
	for (int i = 1; i <= 20; i++)
		sprintf(rules + strlen(rules), "alert udp any any -> any any (content:\"a\"; %s sid:%d;)\n",
			i <= 10 ? "noalert;" : "", i);
	for (int i = 21; i <= 30; i++)
		sprintf(rules + strlen(rules), "alert udp any any -> any any (content:\"a\"; sid:%d;)\n", i);
	struct rule_bench *b = bench_open(rules);
	struct signature_stats stats;
	bench_say(b, CLIENT, "a");
	assert_int_equal(b->n, 15);
	expect(b, 25, 1);
	expect(b, 26, 0);
	signature_stats(b->engine, &stats);
	assert_int_equal(stats.over_alert_max, 5);
	bench_close(b);
}

static void pass_silences_the_packet(void **state)
{
	struct rule_bench *b = bench_open("alert udp any any -> any any (content:\"a\"; priority:1; sid:1;)\n"
					  "pass udp any any -> any any (content:\"ab\"; sid:2;)\n");
	bench_say(b, CLIENT, "ab");
	expect(b, 1, 0);
	bench_say(b, CLIENT, "a b");
	expect(b, 1, 1);
	bench_close(b);
}

// Trap 11: a chunk of the stream is 2,560 acknowledged bytes.
static void long_streams_are_inspected_in_chunks(void **state)
{
	char text[1006];
	struct rule_bench *b = bench_open(views);
	memset(text, 'q', sizeof(text));
	memcpy(text, "abcXYZ", 6);
	text[1005] = 0;
	bench_handshake(b);
	for (int i = 0; i < 6; i++)
		bench_send(b, CLIENT, text);
	bench_fin(b);
	expect(b, 1, 2);
	expect(b, 2, 7); // each packet, and the end; the first chunk is inspected with a packet that matches anyway
	bench_close(b);
}

// Trap 12.
static void headers_negate_nest_and_go_both_ways(void **state)
{
	struct rule_bench *b =
		bench_open("alert udp $HOME_NET any -> $EXTERNAL_NET 9999 (content:\"a\"; sid:1;)\n"
			   "alert udp $EXTERNAL_NET any -> $HOME_NET any (content:\"a\"; sid:2;)\n"
			   "alert udp any any <> any 9999 (content:\"a\"; sid:3;)\n"
			   "alert udp any any -> any ![80,9000:10000] (content:\"a\"; sid:4;)\n"
			   "alert udp any any -> any [9000:10000,!9999] (content:\"a\"; sid:5;)\n"
			   "alert udp [$HOME_NET,!192.168.1.5] any -> any any (content:\"a\"; sid:6;)\n"
			   "alert udp [2001:db8::/32,192.168.1.0/24] any -> any 9990: (content:\"a\"; sid:7;)\n"
			   "alert udp any :39999 -> any any (content:\"a\"; sid:8;)\n");
	static const size_t want[] = {1, 1, 2, 1, 0, 0, 1, 1};
	bench_say(b, CLIENT, "a");
	bench_say(b, SERVER, "a");
	for (uint32_t i = 0; i < 8; i++)
		expect(b, i + 1, want[i]);
	bench_close(b);
}

// Trap 13.
static void escapes_hex_and_empty_buffers(void **state)
{
	struct rule_report report;
	struct ruleset *rs = bench_load("alert tcp any any -> any any (content:\"a\\;b|3b 22|c\\\"\\\\\\:\"; sid:1;)\n"
					"alert http any any -> any any (http.uri; sid:2;)\n"
					"alert tcp any any -> any any (content:\"|4|\"; sid:3;)\n"
					"alert tcp any any -> any any (content:\"a\"b\"; sid:4;)\n",
		NULL, &report);
	assert_int_equal(report.loaded, 1);
	assert_int_equal(report.rejected, 3);
	ruleset_free(rs);
	rule_report_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_choice_of_literal_changes_nothing),
		cmocka_unit_test(an_expression_is_confirmed_at_its_exact_place),
		cmocka_unit_test(an_expression_that_transforms_gives_up_too),
		cmocka_unit_test(relative_chains_try_the_next_anchor),
		cmocka_unit_test(established_needs_a_handshake),
		cmocka_unit_test(a_match_across_segments_is_in_the_stream_alone),
		cmocka_unit_test(a_placed_content_is_asked_of_packets_and_of_the_stream),
		cmocka_unit_test(a_payload_outside_the_stream_is_asked_as_a_packet),
		cmocka_unit_test(a_flow_that_just_stops_is_still_inspected),
		cmocka_unit_test(rules_on_protocols_wait_by_name),
		cmocka_unit_test(address_rules_speak_once_a_flow_and_direction),
		cmocka_unit_test(thresholds_count_in_packet_time),
		cmocka_unit_test(a_suppressed_alert_still_sets_its_bits),
		cmocka_unit_test(threshold_config_suppresses_and_limits),
		cmocka_unit_test(setters_come_before_readers_then_priority),
		cmocka_unit_test(at_most_fifteen_alerts_a_packet_and_silent_rules_do_not_count),
		cmocka_unit_test(pass_silences_the_packet),
		cmocka_unit_test(long_streams_are_inspected_in_chunks),
		cmocka_unit_test(headers_negate_nest_and_go_both_ways),
		cmocka_unit_test(escapes_hex_and_empty_buffers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
