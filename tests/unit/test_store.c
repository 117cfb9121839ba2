// The daemon's store: each number once, batches whole or not at all, and questions answered right.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "ctl/daemon/store.h"
#include "ctl/daemon/store_query.h"

static char dir[64], path[96], why[512];

static int setup(void **state)
{
	strcpy(dir, "/tmp/tocsin-store-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/x.db", dir);
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char name[128];

	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
	return rmdir(dir);
}

static struct store *open_store(uint64_t max)
{
	struct store *st = store_open(&(struct store_options){.path = path, .max_events = max}, why, sizeof(why));
	if (!st)
		fail_msg("%s", why);
	return st;
}

static bool put(struct store *st, int64_t sensor, uint64_t seq, const char *src)
{
	static const char line[] = "{\"timestamp\":\"1970-01-01T00:00:00Z\"}";
	struct eve_fields f = {.type = seq % 2 ? EVE_ALERT : EVE_FLOW,
		.seq = seq,
		.ts_us = (int64_t)seq * 1000,
		.severity = 1 + (int)seq % 3};
	bool stored;

	eve_read_addr(src, &f.src);
	struct store_event e = {.sensor = sensor, .fields = &f, .line = line, .len = sizeof(line) - 1};
	assert_int_equal(store_put(st, &e, &stored), 0);
	return stored;
}

static bool count(void *ctx, int64_t id, const char *sensor, const char *eve, size_t len)
{
	++*(int *)ctx;
	return true;
}

static int matching(const struct event_filter *f)
{
	struct store_reader *r = store_reader_open(path, why, sizeof(why));
	int n = 0;

	assert_non_null(r);
	int64_t given = store_events(r, f, count, &n);
	assert_int_equal(given, n);
	store_reader_close(r);
	return n;
}

static const struct event_filter any = {.since_us = INT64_MIN, .until_us = INT64_MAX, .limit = 100000};

static void a_number_is_stored_once_a_sensor(void **state)
{
	struct store *st = open_store(0);
	int64_t a, b;
	uint64_t last;

	store_begin(st);
	assert_int_equal(store_sensor(st, "a", "first", &a, &last), 0);
	assert_int_equal(last, 0);
	assert_int_equal(store_sensor(st, "b", "second", &b, &last), 0);
	assert_true(put(st, a, 1, "10.0.0.1"));
	assert_true(put(st, b, 1, "10.0.0.1"));
	assert_false(put(st, a, 1, "10.0.0.1"));
	store_sensor_add(st, a, 1, 1, 0);
	assert_int_equal(store_commit(st), 0);
	assert_int_equal(store_sensor(st, "a", "renamed", &a, &last), 0);
	assert_int_equal(last, 1);
	store_close(st);
	assert_int_equal(matching(&any), 2);
}

static void a_batch_that_is_rolled_back_leaves_nothing(void **state)
{
	struct store *st = open_store(0);
	int64_t a;
	uint64_t last;

	store_begin(st);
	store_sensor(st, "a", "a", &a, &last);
	store_commit(st);
	store_begin(st);
	put(st, a, 1, "10.0.0.1");
	store_rollback(st);
	store_rollback(st); // nothing open: nothing happens
	store_begin(st);
	assert_true(put(st, a, 1, "10.0.0.1"));
	store_commit(st);
	store_close(st);
	assert_int_equal(matching(&any), 1);
}

static void filters_pick_what_they_say(void **state)
{
	struct store *st = open_store(0);
	struct event_filter f = any;
	int64_t a;
	uint64_t last;
	char src[32];

	store_begin(st);
	store_sensor(st, "a", "tap", &a, &last);
	for (uint64_t i = 1; i <= 60; i++) {
		snprintf(src, sizeof(src), i > 30 ? "2001:db8::%llx" : "10.0.%llu.1", (unsigned long long)i);
		put(st, a, i, src);
	}
	store_commit(st);
	store_close(st);
	f.types = 1 << EVE_ALERT;
	assert_int_equal(matching(&f), 30);
	f.types = 1 << EVE_ALERT | 1 << EVE_FLOW;
	assert_int_equal(matching(&f), 60);
	f.severity = 1;
	assert_int_equal(matching(&f), 20);
	f = any;
	f.since_us = 10000;
	f.until_us = 20000;
	assert_int_equal(matching(&f), 10);
	f = any;
	assert_true(addr_range_parse("10.0.0.0/20", &f.src));
	assert_int_equal(matching(&f), 15);
	assert_true(addr_range_parse("10.0.7.1", &f.src));
	assert_int_equal(matching(&f), 1);
	assert_true(addr_range_parse("::/0", &f.src));
	assert_int_equal(matching(&f), 30);
	f = any;
	strcpy(f.sensor, "tap");
	f.limit = 7;
	assert_int_equal(matching(&f), 7);
	strcpy(f.sensor, "' OR 1=1 --");
	assert_int_equal(matching(&f), 0);
}

static void prefixes_are_read_strictly(void **state)
{
	static const char *const bad[] = {
		"", "x", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0.0/8x", "10.0.0", "/8"};
	struct addr_range r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(addr_range_parse(bad[i], &r));
	assert_true(addr_range_parse("192.168.77.5/18", &r));
	assert_memory_equal(r.lo, "\xc0\xa8\x40\x00", 4);
	assert_memory_equal(r.hi, "\xc0\xa8\x7f\xff", 4);
}

static void beyond_its_bound_the_oldest_go(void **state)
{
	struct store *st = open_store(100);
	int64_t a;
	uint64_t last;

	store_begin(st);
	store_sensor(st, "a", "a", &a, &last);
	for (uint64_t i = 1; i <= 250; i++)
		put(st, a, i, "10.0.0.1");
	assert_int_equal(store_trim(st), 150);
	assert_int_equal(store_trim(st), 0);
	store_commit(st);
	store_close(st);
	assert_int_equal(matching(&any), 100);
	struct event_filter f = any;
	f.until_us = 151000;
	assert_int_equal(matching(&f), 0);
}

static void a_store_of_a_newer_version_is_left_alone(void **state)
{
	sqlite3 *db;

	store_close(open_store(0));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 1000", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_null(store_open(&(struct store_options){.path = path}, why, sizeof(why)));
	assert_non_null(strstr(why, "newer tocsind"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_number_is_stored_once_a_sensor),
		T(a_batch_that_is_rolled_back_leaves_nothing),
		T(filters_pick_what_they_say),
		T(prefixes_are_read_strictly),
		T(beyond_its_bound_the_oldest_go),
		T(a_store_of_a_newer_version_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
