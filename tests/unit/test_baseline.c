// Baselines: what an hour of the week teaches, prefixes by name, and the file that keeps them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>

#include "ctl/sensor/baselines.h"
#include "detectors/sketch/hash.h"

#define HOUR 3600000000000ull
#define WEEK (168 * HOUR)
// 2023-11-13 00:00 UTC, a Monday
#define MONDAY 1699833600000000000ull

static struct baselines *b;

static int set_up(void **state)
{
	b = baselines_init(calloc(1, baselines_size()));
	return 0;
}

static int tear_down(void **state)
{
	free(b);
	return 0;
}

// An hour of one rate with a little noise.
static void hour(uint64_t subject, uint64_t at, double rate)
{
	for (uint32_t i = 0; i < 600; i++)
		baselines_learn(b, subject, at + i * 1000000000ull, rate * (0.9 + 0.2 * (i & 1)));
}

static void an_hour_of_the_week_is_learned_when_it_is_over(void **state)
{
	struct baseline_usual u;
	hour(1, MONDAY + 9 * HOUR, 1000);
	assert_false(baselines_usual(b, 1, MONDAY + 9 * HOUR, &u));
	hour(1, MONDAY + 10 * HOUR, 50);
	assert_true(baselines_usual(b, 1, MONDAY + WEEK + 9 * HOUR + 1, &u));
	assert_int_equal(u.hour, 9);
	assert_int_equal(u.weeks, 1);
	assert_true(u.mean > 999 && u.mean < 1001 && u.spread > 99 && u.spread < 101);
	assert_false(baselines_usual(b, 1, MONDAY + 8 * HOUR, &u));
	assert_false(baselines_usual(b, 2, MONDAY + 9 * HOUR, &u));
}

static void weeks_count_a_quarter_each(void **state)
{
	struct baseline_usual u;
	for (uint32_t week = 0; week < 8; week++)
		hour(1, MONDAY + week * WEEK, 100);
	hour(1, MONDAY + 8 * WEEK, 200);
	hour(1, MONDAY + 8 * WEEK + HOUR, 1);
	assert_true(baselines_usual(b, 1, MONDAY, &u));
	assert_int_equal(u.weeks, 9);
	assert_true(u.mean > 124 && u.mean < 126);
	assert_true(u.spread > 30 && u.spread < 34); // three parts of 10 and one of 100
}

static void what_passes_does_not_push_out_what_was_learned(void **state)
{
	struct baseline_usual u;
	hour(77, MONDAY, 500);
	hour(77, MONDAY + HOUR, 500);
	for (uint64_t i = 0; i < 20 * BASELINE_RECORDS; i++)
		baselines_learn(b, sketch_mix(i) | 1, MONDAY + 2 * HOUR + i, 30);
	assert_true(baselines_usual(b, 77, MONDAY, &u));
	assert_true(b->table.used <= BASELINE_RECORDS);
}

static void the_longest_named_prefix_counts(void **state)
{
	union ip_addr a = {0};
	assert_int_equal(baselines_add_prefix(b, "all", "203.0.112.0/20"), 0);
	assert_int_equal(baselines_add_prefix(b, "dns", "203.0.113.8/29"), 0);
	assert_int_equal(baselines_add_prefix(b, "six", "2001:db8:1::/47"), -EINVAL);
	assert_int_equal(baselines_add_prefix(b, "six", "2001:db8::/47"), 0);
	inet_pton(AF_INET, "203.0.113.15", a.b);
	assert_string_equal(baselines_prefix(b, &a, 4)->name, "dns");
	inet_pton(AF_INET, "203.0.127.255", a.b);
	assert_string_equal(baselines_prefix(b, &a, 4)->name, "all");
	inet_pton(AF_INET, "203.0.128.0", a.b);
	assert_null(baselines_prefix(b, &a, 4));
	inet_pton(AF_INET6, "2001:db8:1:2::3", a.b);
	assert_string_equal(baselines_prefix(b, &a, 6)->name, "six");
	assert_null(baselines_prefix(NULL, &a, 6));
}

static void what_is_no_prefix_is_refused(void **state)
{
	const char *bad[] = {
		"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "::/129", "10.0.0", "$HOME_NET"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(baselines_add_prefix(b, "name", bad[i]), -EINVAL);
	assert_int_equal(baselines_add_prefix(b, "", "10.0.0.0/8"), -EINVAL);
	assert_int_equal(baselines_add_prefix(b, "a name of thirty-two bytes, and so", "10.0.0.0/8"), -EINVAL);
	assert_int_equal(baselines_add_prefix(b, "host", "10.0.0.1"), 0);
}

static void write_bytes(const char *path, const char *mode, long at, uint8_t byte)
{
	FILE *f = fopen(path, mode);
	assert_non_null(f);
	fseek(f, at, SEEK_SET);
	fputc(byte, f);
	fclose(f);
}

static void a_file_gives_back_what_was_saved_and_damage_is_noticed(void **state)
{
	char path[] = "/tmp/tocsin-baseline-XXXXXX";
	struct baseline_usual u;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	for (uint64_t i = 1; i <= 100; i++) {
		hour(sketch_mix(i) | 1, MONDAY, (double)i);
		hour(sketch_mix(i) | 1, MONDAY + HOUR, (double)i);
	}
	assert_int_equal(baselines_save(b, path), 0);
	tear_down(NULL), set_up(NULL);
	assert_int_equal(baselines_load(b, path), 0);
	assert_true(baselines_usual(b, sketch_mix(40) | 1, MONDAY, &u));
	assert_true(u.mean > 39.9 && u.mean < 40.1);
	tear_down(NULL), set_up(NULL);
	write_bytes(path, "r+b", 5000, 0xa5);
	assert_int_equal(baselines_load(b, path), -EBADMSG);
	assert_int_equal(b->table.used, 0);
	write_bytes(path, "r+b", 8, 1); // the size of a record of another version
	assert_int_equal(baselines_load(b, path), -EPROTO);
	assert_int_equal(truncate(path, 11), 0);
	assert_int_equal(baselines_load(b, path), -EBADMSG);
	unlink(path);
	assert_int_equal(baselines_load(b, path), -ENOENT);
	assert_int_equal(baselines_save(b, "/nonexistent/baselines"), -ENOENT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(an_hour_of_the_week_is_learned_when_it_is_over),
		T(weeks_count_a_quarter_each),
		T(what_passes_does_not_push_out_what_was_learned),
		T(the_longest_named_prefix_counts),
		T(what_is_no_prefix_is_refused),
		T(a_file_gives_back_what_was_saved_and_damage_is_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
