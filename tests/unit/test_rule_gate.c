// The gate between matches and alerts: what is decided over all workers, and what it costs at most.
#include "rule_bench.h"

static void a_rate_filter_changes_the_action_for_its_timeout(void **state)
{
	char path[256];
	// Suricata 7.0.10 on these times (0.5 s apart): blocked from the 4th to the 8th and at the 10th
	static const bool want[10] = {0, 0, 0, 1, 1, 1, 1, 1, 0, 1};
	bench_write(path, sizeof(path),
		"rate_filter gen_id 1, sig_id 1, track by_src, count 3, seconds 60, new_action drop, timeout 2\n");
	struct ruleset_config cfg = {.threshold_file = path};
	struct rule_bench *b = bench_open_with("alert udp any any -> any any (content:\"a\"; sid:1;)\n", &cfg);
	unlink(path);
	for (int i = 0; i < 10; i++) {
		bench_say(b, CLIENT, "a");
		b->now_ns += 499000000ull; // a packet takes a millisecond of its own
	}
	assert_int_equal(b->n, 10);
	for (int i = 0; i < 10; i++)
		assert_int_equal(b->blocked[i], want[i]);
	bench_close(b);
}

static void reject_is_written_as_blocked_and_drop_is_not(void **state)
{
	struct rule_bench *b = bench_open("drop udp any any -> any any (content:\"a\"; sid:1;)\n"
					  "reject udp any any -> any any (content:\"a\"; sid:2;)\n");
	bench_say(b, CLIENT, "a");
	assert_int_equal(b->n, 2);
	assert_false(b->blocked[0]);
	assert_true(b->blocked[1]);
	bench_close(b);
}

static void detection_filter_does_not_keep_bits_from_being_set(void **state)
{
	struct rule_bench *b = bench_open("alert udp any any -> any any (content:\"in\"; detection_filter:track "
					  "by_src,count 3,seconds 60; flowbits:set,in; sid:1;)\n"
					  "alert udp any any -> any any (content:\"in\"; flowbits:isset,in; sid:2;)\n");
	for (int i = 0; i < 4; i++)
		bench_say(b, CLIENT, "in");
	assert_int_equal(bench_count(b, 1), 1);
	assert_int_equal(bench_count(b, 2), 4);
	bench_close(b);
}

static void suppressed_matches_do_not_count_against_the_limit_of_a_packet(void **state)
{
	char rules[8192] = "";
	for (int i = 1; i <= 20; i++)
		sprintf(rules + strlen(rules), "alert udp any any -> any any (content:\"a\"; %s sid:%d;)\n",
			i <= 10 ? "threshold:type limit,track by_src,count 1,seconds 60;" : "", i);
	struct rule_bench *b = bench_open(rules);
	bench_say(b, CLIENT, "a");
	assert_int_equal(b->n, 15);
	bench_say(b, CLIENT, "a");
	assert_int_equal(b->n, 25);
	bench_close(b);
}

static void a_flow_is_alerted_only_when_an_alert_went_out(void **state)
{
	struct rule_bench *b = bench_open("alert udp any any -> any any (content:\"a\"; threshold:type limit,track "
					  "by_rule,count 1,seconds 60; sid:1;)\n");
	for (int i = 0; i < 3; i++) {
		b->sport++;
		bench_say(b, CLIENT, "a");
	}
	bench_flush(b);
	assert_int_equal(b->n, 1);
	assert_int_equal(b->flows, 3);
	assert_int_equal(b->flows_alerted, 1);
	bench_close(b);
}

static void workers_stop_sending_what_the_gate_keeps_silent(void **state)
{
	struct rule_bench *b = bench_open("alert udp any any -> any any (content:\"a\"; threshold:type limit,track "
					  "by_src,count 2,seconds 60; sid:1;)\n");
	struct signature_stats stats;
	for (int i = 0; i < 100; i++)
		bench_say(b, CLIENT, "a");
	signature_stats(b->engine, &stats);
	assert_int_equal(bench_count(b, 1), 2);
	assert_int_equal(stats.matches, 100);
	assert_int_equal(stats.alerts, 2);
	assert_int_equal(stats.suppressed, 98);
	b->now_ns += 61ull * 1000000000ull;
	bench_say(b, CLIENT, "a");
	assert_int_equal(bench_count(b, 1), 3);
	bench_close(b);
}

static void a_rule_that_needs_host_bits_at_once_reads_what_the_gate_made_known(void **state)
{
	struct rule_bench *b = bench_open(
		"alert udp any any -> any any (content:\"in\"; xbits:set,x,track ip_src,expire 60; noalert; sid:1;)\n"
		"alert udp any any -> any any (content:\"go\"; xbits:isset,x,track ip_src; flowbits:set,f; sid:2;)\n"
		"alert udp any any -> any any (content:\"on\"; flowbits:isset,f; sid:3;)\n");
	bench_say(b, CLIENT, "go");
	bench_say(b, CLIENT, "on");
	assert_int_equal(b->n, 0);
	bench_say(b, CLIENT, "in");
	bench_say(b, CLIENT, "go");
	bench_say(b, CLIENT, "on");
	assert_int_equal(bench_count(b, 2), 1);
	assert_int_equal(bench_count(b, 3), 1);
	bench_close(b);
}

static void host_state_is_bounded_and_what_is_pushed_out_is_counted(void **state)
{
	struct rule_bench *b = bench_open("alert udp any any -> any any (content:\"a\"; threshold:type threshold,track "
					  "by_src,count 2,seconds 600; sid:1;)\n"); // room for 1024
	struct alert_gate_stats stats;
	for (uint32_t i = 0; i < 3000; i++) {
		b->addr[CLIENT] = 0x0a000000 + i;
		bench_say(b, CLIENT, "a");
	}
	alert_gate_stats(b->gate, &stats);
	assert_true(stats.host_state_evicted >= 3000 - 1024);
	assert_int_equal(b->n, 0);
	bench_close(b);
}

static void a_rate_filter_may_let_the_rest_of_a_packet_pass(void **state)
{
	char path[256];
	bench_write(path, sizeof(path),
		"rate_filter gen_id 1, sig_id 2, track by_src, count 2, seconds 60, new_action pass, timeout 5\n");
	struct ruleset_config cfg = {.threshold_file = path};
	struct rule_bench *b = bench_open_with("alert udp any any -> any any (content:\"a\"; sid:1;)\n"
					       "alert udp any any -> any any (content:\"a\"; sid:2;)\n"
					       "alert udp any any -> any any (content:\"a\"; sid:3;)\n",
		&cfg);
	unlink(path);
	for (int i = 0; i < 4; i++)
		bench_say(b, CLIENT, "a");
	assert_int_equal(bench_count(b, 1), 4);
	assert_int_equal(bench_count(b, 2), 2);
	assert_int_equal(bench_count(b, 3), 2);
	bench_close(b);
}

static void lines_of_threshold_config_that_say_too_little_are_refused(void **state)
{
	static const struct {
		const char *line, *said;
	} rows[] = {{"suppress gen_id 1", "gen_id and sig_id"}, {"suppress sig_id 1", "gen_id and sig_id"},
		{"suppress", "gen_id"}, {"suppress gen_id 1, sig_id 1, track by_src", "track and ip together"},
		{"suppress gen_id 1, sig_id 1, track by_foo, ip 1.1.1.1", "found \"track by_foo\""},
		{"threshold gen_id 1, sig_id 1, type limit, track by_src, count 0, seconds 5", "found \"count 0\""},
		{"threshold gen_id 1, sig_id 1, type limit, track by_src, count 1", "type, track, count and seconds"},
		{"hush gen_id 1, sig_id 1", "found \"hush\""},
		{"rate_filter gen_id 1, sig_id 1, count 1, seconds 1", "track, count and seconds"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char path[256];
		struct rule_report report;
		bench_write(path, sizeof(path), rows[i].line);
		struct ruleset_config cfg = {.threshold_file = path};
		struct ruleset *rs =
			bench_load("alert udp any any -> any any (content:\"a\"; sid:1;)\n", &cfg, &report);
		unlink(path);
		if (report.problem_count != 1 || !strstr(report.problems[0].text, rows[i].said))
			fail_msg("%s: %s", rows[i].line, report.problem_count ? report.problems[0].text : "taken");
		ruleset_free(rs);
		rule_report_free(&report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_filter_changes_the_action_for_its_timeout),
		cmocka_unit_test(reject_is_written_as_blocked_and_drop_is_not),
		cmocka_unit_test(detection_filter_does_not_keep_bits_from_being_set),
		cmocka_unit_test(suppressed_matches_do_not_count_against_the_limit_of_a_packet),
		cmocka_unit_test(a_flow_is_alerted_only_when_an_alert_went_out),
		cmocka_unit_test(workers_stop_sending_what_the_gate_keeps_silent),
		cmocka_unit_test(a_rule_that_needs_host_bits_at_once_reads_what_the_gate_made_known),
		cmocka_unit_test(host_state_is_bounded_and_what_is_pushed_out_is_counted),
		cmocka_unit_test(a_rate_filter_may_let_the_rest_of_a_packet_pass),
		cmocka_unit_test(lines_of_threshold_config_that_say_too_little_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
