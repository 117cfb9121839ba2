// Another rule set while flows are open: what is remembered stays right, what is old is let go.
#include <errno.h>
#include <malloc.h>

#include "rule_bench.h"

static struct ruleset *next_set(struct rule_bench *b, const char *rules)
{
	struct rule_report report;
	struct ruleset_config cfg = {.previous = b->rules};
	struct ruleset *rs = bench_load(rules, &cfg, &report);
	assert_non_null(rs);
	assert_int_equal(report.rejected, 0);
	rule_report_free(&report);
	return rs;
}

static void offer(struct rule_bench *b, const struct ruleset *rs)
{
	assert_int_equal(signature_swap_begin(&b->engine, 1, rs), 0);
}

static void old_set_goes(struct rule_bench *b, struct ruleset *rs)
{
	assert_true(signature_swap_done(&b->engine, 1));
	ruleset_free(b->rules);
	b->rules = rs;
	alert_gate_rules_changed(b->gate, rs);
}

// As a running sensor does it: offered, taken at the next tick, the old one freed.
static void swap_rules(struct rule_bench *b, const char *rules)
{
	struct ruleset *rs = next_set(b, rules);
	offer(b, rs);
	while (!worker_tick(b->w, b->now_ns, b->seq))
		pipeline_collect_all(b->pipeline);
	pipeline_collect_all(b->pipeline);
	old_set_goes(b, rs);
}

#define ALERT "alert udp any any -> any any "

static void a_worker_changes_over_at_its_next_burst(void **state)
{
	struct rule_bench *b = bench_open(ALERT "(content:\"a\"; sid:1;)\n" ALERT "(content:\"a\"; sid:2;)\n");
	bench_say(b, CLIENT, "a");
	struct ruleset *rs = next_set(b, ALERT "(content:\"a\"; sid:2;)\n" ALERT "(content:\"a\"; sid:3;)\n");
	offer(b, rs);
	assert_false(signature_swap_done(&b->engine, 1));
	assert_int_equal(signature_swap_begin(&b->engine, 1, rs), -EBUSY);
	bench_say(b, CLIENT, "a");
	old_set_goes(b, rs);
	assert_int_equal(bench_count(b, 1), 1);
	assert_int_equal(bench_count(b, 2), 2);
	assert_int_equal(bench_count(b, 3), 1);
	bench_close(b);
}

static void flow_state_is_known_by_name(void **state)
{
	struct rule_bench *b =
		bench_open(ALERT "(content:\"in\"; flowbits:set,first; flowint:tries,=,7; noalert; sid:1;)\n" ALERT
				 "(content:\"in\"; flowbits:isset,second; sid:2;)\n");
	bench_say(b, CLIENT, "in");
	swap_rules(b, ALERT "(content:\"go\"; flowbits:isset,third; sid:3;)\n" ALERT
			    "(content:\"go\"; flowbits:isset,second; sid:4;)\n" ALERT
			    "(content:\"go\"; flowint:tries,==,7; sid:5;)\n" ALERT
			    "(content:\"go\"; flowbits:isset,first; sid:6;)\n");
	bench_say(b, CLIENT, "go");
	assert_int_equal(b->n, 2);
	assert_int_equal(bench_count(b, 5), 1);
	assert_int_equal(bench_count(b, 6), 1);
	bench_close(b);
}

static void thresholds_and_host_bits_go_on(void **state)
{
	static const char before[] =
		ALERT "(content:\"a\"; threshold:type threshold,track by_src,count 4,seconds 60; sid:1;)\n" ALERT
		      "(content:\"in\"; xbits:set,old,track ip_src,expire 60; noalert; sid:2;)\n" ALERT
		      "(content:\"l\"; threshold:type limit,track by_src,count 1,seconds 60; sid:5;)\n";
	static const char after[] =
		ALERT "(content:\"q\"; xbits:isset,new,track ip_src; sid:3;)\n" ALERT
		      "(content:\"q\"; xbits:isset,old,track ip_src; sid:4;)\n" ALERT
		      "(content:\"a\"; threshold:type threshold,track by_src,count 4,seconds 60; sid:1;)\n" ALERT
		      "(content:\"l\"; threshold:type limit,track by_src,count 2,seconds 60; sid:5;)\n";
	struct rule_bench *b = bench_open(before);
	for (int i = 0; i < 3; i++)
		bench_say(b, CLIENT, "a");
	bench_say(b, CLIENT, "in");
	bench_say(b, CLIENT, "l");
	bench_say(b, CLIENT, "l");
	assert_int_equal(b->n, 1); // sid 5 once
	swap_rules(b, after);
	bench_say(b, CLIENT, "a");
	assert_int_equal(bench_count(b, 1), 1);
	bench_say(b, CLIENT, "q");
	assert_int_equal(bench_count(b, 3), 0);
	assert_int_equal(bench_count(b, 4), 1);
	bench_close(b);
}

static void a_match_across_the_change_is_found(void **state)
{
	static const char rules[] = "alert tcp any any -> any any (content:\"abcdef\"; sid:1;)\n";
	struct rule_bench *b = bench_open(rules);
	bench_handshake(b);
	bench_send(b, CLIENT, "..abc");
	swap_rules(b, rules);
	bench_send(b, CLIENT, "def..");
	bench_fin(b);
	bench_flush(b);
	assert_int_equal(bench_count(b, 1), 1);
	bench_close(b);
}

static void values_that_traffic_added_stay_in_their_set(void **state)
{
	static const char rules[] = ALERT "(content:\"in\"; ip.src; dataset:set,seen,type ip; noalert; sid:1;)\n" ALERT
					  "(content:\"q\"; ip.src; dataset:isset,seen,type ip; sid:2;)\n";
	struct rule_bench *b = bench_open(rules);
	bench_say(b, CLIENT, "in");
	swap_rules(b, rules);
	bench_say(b, CLIENT, "q");
	assert_int_equal(bench_count(b, 2), 1);
	bench_close(b);
}

static void fifty_changes_take_no_more_memory_than_one(void **state)
{
	char rules[16384] = "";
	for (int i = 1; i <= 100; i++)
		sprintf(rules + strlen(rules),
			ALERT "(content:\"pattern%d\"; pcre:\"/x%d+/\"; flowbits:set,b%d; sid:%d;)\n", i, i, i, i);
	struct rule_bench *b = bench_open(rules);
	bench_say(b, CLIENT, "pattern7 x7"); // the merge takes its memory with the first event
	swap_rules(b, rules);
	size_t one = mallinfo2().uordblks + mallinfo2().hblkhd;
	for (int i = 0; i < 50; i++) {
		bench_say(b, CLIENT, "pattern7 x7");
		swap_rules(b, rules);
	}
	size_t fifty = mallinfo2().uordblks + mallinfo2().hblkhd;
	assert_int_equal(bench_count(b, 7), 51);
	assert_true(fifty <= one + 262144); // glibc counts what a thread keeps for reuse as taken: up to 230 kB
	bench_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_changes_over_at_its_next_burst),
		cmocka_unit_test(flow_state_is_known_by_name),
		cmocka_unit_test(thresholds_and_host_bits_go_on),
		cmocka_unit_test(a_match_across_the_change_is_found),
		cmocka_unit_test(values_that_traffic_added_stay_in_their_set),
		cmocka_unit_test(fifty_changes_take_no_more_memory_than_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
