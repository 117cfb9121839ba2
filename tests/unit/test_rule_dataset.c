// Sets of values: what they take, what makes room in them, which file they come from and go to.
#include <sys/stat.h>

#include "detectors/signature/dataset.h"
#include "detectors/signature/match_runtime.h"
#include "rule_bench.h"

#define RULE "alert udp any any -> any any (ip.src; "

static char dir[128], list[160];

static int make_dir(void **state)
{
	snprintf(dir, sizeof(dir), "%s/setsXXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(list, sizeof(list), "%s/set.lst", dir);
	return 0;
}

static int remove_dir(void **state)
{
	unlink(list);
	return rmdir(dir);
}

static void write_list(const char *text)
{
	FILE *f = fopen(list, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static const char *read_list(void)
{
	static char text[256];
	FILE *f = fopen(list, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = 0;
	if (f)
		fclose(f);
	return text;
}

// What one packet from 192.168.1.5 makes of the rule's options, "%s" in them being the file.
static size_t alerts(const char *options)
{
	char rule[512], text[768];
	snprintf(rule, sizeof(rule), RULE "%s; sid:1;)\n", options);
	snprintf(text, sizeof(text), rule, list, list);
	struct rule_bench *b = bench_open(text);
	bench_say(b, CLIENT, "x");
	size_t n = bench_count(b, 1);
	bench_close(b);
	return n;
}

static void a_list_may_spell_ipv4_as_ipv6(void **state)
{
	write_list("::ffff:192.168.1.5\n");
	assert_int_equal(alerts("dataset:isset,a,type ip,load %s"), 1);
	write_list("::ffff:192.168.1.6\n");
	assert_int_equal(alerts("dataset:isset,a,type ip,load %s"), 0);
}

static void what_is_taken_away_makes_room(void **state)
{
	struct ruleset *rs = bench_load(RULE "dataset:set,a,type string; sid:1;)\n", NULL, NULL);
	struct dataset_args set = {rs->datasets->set, 2, 0}, unset = {rs->datasets->set, 3, 0};
	for (uint32_t i = 0; i < 400000; i++) {
		if (!dataset_match(&set, false, (uint8_t *)&i, sizeof(i)))
			fail_msg("value %u finds no room", i);
		assert_true(dataset_match(&unset, false, (uint8_t *)&i, sizeof(i)));
	}
	ruleset_free(rs);
}

static void a_full_set_takes_no_more_and_still_answers(void **state)
{
	struct ruleset *rs = bench_load(RULE "dataset:set,a,type string; sid:1;)\n", NULL, NULL);
	struct dataset_args set = {rs->datasets->set, 2, 0}, isset = {rs->datasets->set, 0, 0};
	uint32_t taken = 0, there = 0;
	for (uint32_t i = 0; i < 400000; i++)
		taken += dataset_match(&set, false, (uint8_t *)&i, sizeof(i));
	for (uint32_t i = 0; i < 400000; i++)
		there += dataset_match(&isset, false, (uint8_t *)&i, sizeof(i));
	assert_in_range(taken, 40000, 399999);
	assert_int_equal(there, taken);
	ruleset_free(rs);
}

static void a_state_file_is_read_and_written_anew(void **state)
{
	unlink(list);
	assert_int_equal(alerts("dataset:set,a,type ip,state %s"), 1);
	assert_string_equal(read_list(), "192.168.1.5\n");
	assert_int_equal(alerts("dataset:set,a,type ip,state %s"), 0); // it is there already
	assert_int_equal(alerts("dataset:isset,a,type ip,load %s"), 1);
	assert_int_equal(alerts("dataset:unset,a,type ip,state %s"), 1);
	assert_string_equal(read_list(), "");
}

static void a_set_that_traffic_leaves_alone_is_not_written(void **state)
{
	struct stat before, after;
	write_list("10.0.0.9\n");
	assert_int_equal(stat(list, &before), 0);
	assert_int_equal(alerts("dataset:isset,a,type ip,state %s"), 0);
	assert_int_equal(stat(list, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_string_equal(read_list(), "10.0.0.9\n");
}

static void files_of_a_set_are_those_of_all_its_rules(void **state)
{
	static const struct {
		const char *first, *second;
		uint32_t rejected;
	} rows[] = {{"set,a,type ip", "isset,a", 0}, {"set,a,type ip", "isset,a,type ip", 0},
		{"isset,a,type ip,load %s", "isset,a", 0}, {"set,a,type ip", "isset,a,type ip,load %s", 1},
		{"isset,a,type ip,load %s", "set,a,type ip,save %s", 1}, {"set,a,type ip", "isset,a,type md5", 1},
		{"set,a,type ip,save /no/such/directory/a.lst", "isset,b,type ip", 1}};
	write_list("10.0.0.9\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char rules[512], text[768];
		struct rule_report report;
		snprintf(rules, sizeof(rules), RULE "dataset:%s; sid:1;)\n" RULE "dataset:%s; sid:2;)\n", rows[i].first,
			rows[i].second);
		snprintf(text, sizeof(text), rules, list, list);
		ruleset_free(bench_load(text, NULL, &report));
		if (report.rejected != rows[i].rejected)
			fail_msg("%s %u rejected", text, report.rejected);
		rule_report_free(&report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_may_spell_ipv4_as_ipv6),
		cmocka_unit_test(what_is_taken_away_makes_room),
		cmocka_unit_test(a_full_set_takes_no_more_and_still_answers),
		cmocka_unit_test(a_state_file_is_read_and_written_anew),
		cmocka_unit_test(a_set_that_traffic_leaves_alone_is_not_written),
		cmocka_unit_test(files_of_a_set_are_those_of_all_its_rules),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
