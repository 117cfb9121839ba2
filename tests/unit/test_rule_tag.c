// tag: the packets behind an alert that are logged. The expected packets are what Suricata 7.0.10 logs.
#include "rule_bench.h"

#define EVIL "alert udp any any -> any any (content:\"EVIL\"; sid:1; "

// Seven packets, 0.5 s apart: the alert at 2; 3 and 4 are its session, 5 another one of the client, 6 another one of
// the server, 7 the session again.
static void talk(struct rule_bench *b)
{
	uint16_t sport = b->sport;
	uint32_t client = b->addr[CLIENT], server = b->addr[SERVER];
	b->now_ns = b->now_ns / 1000000000 * 1000000000 - 1000000;
	static const char *const says[7] = {"hello", "EVIL 12345", "third", "fourth", "fifth", "sixth", "last"};
	for (int i = 0; i < 7; i++) {
		b->sport = (uint16_t)(sport + (i == 4 || i == 5));
		b->addr[CLIENT] = i == 5 ? client + 1 : client;
		b->addr[SERVER] = i == 4 ? server + 1 : server;
		bench_say(b, i == 3 ? SERVER : CLIENT, says[i]);
		b->now_ns += 499000000; // a packet takes a millisecond of its own
	}
	b->sport = sport;
	b->addr[CLIENT] = client;
	b->addr[SERVER] = server;
}

static void expect(const char *tag, const char *logged)
{
	char rule[512], got[64] = "";
	snprintf(rule, sizeof(rule), EVIL "%s)\n", tag);
	for (int replay = 0; replay < 2; replay++) {
		struct rule_bench *b = bench_open(rule);
		signature_worker_set_gate(b->engine, b->gate, replay);
		talk(b);
		got[0] = 0;
		for (size_t i = 0; i < b->n_packets; i++)
			sprintf(got + strlen(got), "%llu", (unsigned long long)b->packets[i]);
		if (strcmp(got, logged))
			fail_msg("%s: expected packets %s, found %s", tag, logged, got);
		bench_close(b);
	}
}

static void a_session_is_logged_both_ways_until_the_count_is_reached(void **state)
{
	expect("tag:session;", "347");
	expect("tag:session,3,packets;", "34"); // with the one that alerted
	expect("tag:session,1,packets;", "");
	expect("tag:session,0,packets;", "");
	expect("tag:session,1,seconds;", "34"); // whole seconds: 0.5 to 1.5
	expect("tag:session,0,seconds;", "");
	expect("tag:session,110,bytes;", "3"); // 52 of the alert, 47, 48
	expect("tag:session,147,bytes;", "34");
	expect("tag:session,3,packets,src;", "34");
}

static void a_host_is_logged_in_all_its_sessions(void **state)
{
	expect("tag:host,100,packets,src;", "3457");
	expect("tag:host,100,packets,dst;", "3467");
	expect("tag:host;", "3467");
	expect("tag:host,3,packets,src;", "34");
	expect("tag:host,1,seconds,dst;", "34");
}

static void a_rule_may_have_several_tags_and_a_packet_is_logged_once(void **state)
{
	expect("tag:session,2,packets; tag:host,4,packets,src;", "345");
}

static void without_an_alert_nothing_is_tagged_but_a_silent_rule_tags(void **state)
{
	expect("tag:session; flowbits:isset,never;", "");
	expect("tag:session; noalert;", "347");
	expect("tag:session; threshold:type threshold,track by_src,count 2,seconds 60;", "");
	expect("tag:session; detection_filter:track by_src,count 2,seconds 60;", "");
}

static size_t logged_at(const struct rule_bench *b, uint64_t seq)
{
	size_t n = 0;
	for (size_t i = 0; i < b->n_packets; i++)
		n += b->packets[i] == seq;
	return n;
}

static void an_alert_again_begins_anew_nine_times_and_what_a_limit_hushes_does_too(void **state)
{
	static const char *const more[] = {"", "threshold:type limit,track by_src,count 1,seconds 600;"};
	for (size_t k = 0; k < 2; k++) {
		char rule[256];
		snprintf(rule, sizeof(rule), EVIL "tag:session,5,packets; %s)\n", more[k]);
		struct rule_bench *b = bench_open(rule);
		for (int i = 0; i < 15; i++) {
			bench_say(b, CLIENT, "EVIL");
			bench_say(b, CLIENT, "plain");
		}
		// packet 19 is the ninth to renew it; it lasts to 23, and 25 begins another tag, which does not log it
		for (uint64_t seq = 1; seq <= 30; seq++)
			assert_int_equal(logged_at(b, seq), seq != 1 && seq != 24 && seq != 25);
		assert_int_equal(b->n, k ? 1 : 15);
		bench_close(b);
	}
}

static void a_flow_that_ended_takes_its_tags_along_and_too_many_push_each_other_out(void **state)
{
	char rules[8192] = "";
	struct alert_gate_stats stats;
	for (int i = 1; i <= 20; i++)
		sprintf(rules + strlen(rules),
			"alert udp any any -> any any (content:\"EVIL\"; tag:session,%d,packets; sid:%d;)\n", i + 2, i);
	struct ruleset_config cfg = {.alert_max = 100};
	struct rule_bench *b = bench_open_with(rules, &cfg);
	bench_say(b, CLIENT, "EVIL");
	alert_gate_stats(b->gate, &stats);
	assert_int_equal(stats.host_state_evicted, 4);
	bench_flush(b);
	bench_say(b, CLIENT, "plain");
	assert_int_equal(b->n_packets, 0);
	bench_close(b);
}

static void what_is_put_to_the_gate_in_vain_is_counted(void **state)
{
	struct rule_bench *b = bench_open(EVIL "tag:host,2,packets,src;)\n");
	struct alert_gate_stats stats;
	signature_worker_set_gate(b->engine, b->gate, true);
	for (int i = 0; i < 10; i++)
		bench_say(b, CLIENT, i == 4 ? "EVIL" : "plain");
	alert_gate_stats(b->gate, &stats);
	assert_int_equal(b->n_packets, 1);
	assert_int_equal(stats.packets_untagged, 9);
	bench_close(b);
}

static void a_malformed_tag_is_rejected(void **state)
{
	static const char *const bad[] = {"session,3", "Session", "foo", "session,exclusive",
		"session,4294967296,packets", "session,5,Packets", "session,5,packets,src,dst", "session,5,packets,",
		"session,5,packets,up", "host,-1,bytes"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char rule[256];
		struct rule_report report;
		snprintf(rule, sizeof(rule), EVIL "tag:%s;)\n", bad[i]);
		struct ruleset *rs = bench_load(rule, NULL, &report);
		if (report.rejected != 1)
			fail_msg("tag:%s is not rejected", bad[i]);
		rule_report_free(&report);
		ruleset_free(rs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_is_logged_both_ways_until_the_count_is_reached),
		cmocka_unit_test(a_host_is_logged_in_all_its_sessions),
		cmocka_unit_test(a_rule_may_have_several_tags_and_a_packet_is_logged_once),
		cmocka_unit_test(without_an_alert_nothing_is_tagged_but_a_silent_rule_tags),
		cmocka_unit_test(an_alert_again_begins_anew_nine_times_and_what_a_limit_hushes_does_too),
		cmocka_unit_test(a_flow_that_ended_takes_its_tags_along_and_too_many_push_each_other_out),
		cmocka_unit_test(what_is_put_to_the_gate_in_vain_is_counted),
		cmocka_unit_test(a_malformed_tag_is_rejected),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
