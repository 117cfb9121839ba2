// The spool on disk: bounded, in order, and whole after any end of the program.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/sensor/spool_disk.h"

static char dir[64];

static int setup(void **state)
{
	strcpy(dir, "/tmp/tocsin-spool-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char why[256];
	struct spool_disk *d = spool_disk_open(dir, 0, why, sizeof(why));
	spool_disk_remove(d);
	return access(dir, F_OK) == 0; // remove takes everything away
}

static struct spool_disk *open_spool(uint64_t max_bytes)
{
	char why[256];
	struct spool_disk *d = spool_disk_open(dir, max_bytes, why, sizeof(why));
	if (!d)
		fail_msg("%s", why);
	return d;
}

static bool add(struct spool_disk *d, uint64_t seq, size_t pad)
{
	char line[2048];
	int n = snprintf(line, sizeof(line), "{\"sensor_seq\":%llu,\"event_type\":\"flow\",\"x\":\"%0*d\"}\n",
		(unsigned long long)seq, (int)pad, 0);
	return spool_disk_add(d, line, (size_t)n, seq, EVENT_FLOW);
}

// Reads on to the end; checks that the numbers follow each other. Returns the first and last.
static void read_all(struct spool_disk *d, uint64_t *first, uint64_t *last)
{
	static char buf[300000];
	size_t n;

	*first = *last = 0;
	while ((n = spool_disk_read(d, buf, sizeof(buf)))) {
		for (char *p = buf, *nl; (nl = memchr(p, '\n', (size_t)(buf + n - p))); p = nl + 1) {
			uint64_t seq = spool_line_seq(p, (size_t)(nl - p));
			assert_true(!*last || seq == *last + 1);
			*first = *first ? *first : seq;
			*last = seq;
		}
	}
}

static void lines_come_back_in_order_also_in_the_next_run(void **state)
{
	struct spool_disk *d = open_spool(64 << 20);
	uint64_t first, last;

	for (uint64_t i = 1; i <= 20000; i++)
		assert_true(add(d, i, 500)); // more than two segments
	spool_disk_flush(d);
	read_all(d, &first, &last);
	assert_int_equal(first, 1);
	assert_int_equal(last, 20000);
	spool_disk_close(d);
	d = open_spool(64 << 20);
	assert_int_equal(spool_disk_last(d), 20000);
	read_all(d, &first, &last);
	assert_int_equal(first, 1);
	assert_int_equal(last, 20000);
	spool_disk_close(d);
}

static void what_arrived_is_deleted_but_the_count_is_kept(void **state)
{
	struct spool_disk *d = open_spool(64 << 20);
	uint64_t first, last;

	for (uint64_t i = 1; i <= 20000; i++)
		add(d, i, 500);
	spool_disk_flush(d);
	uint64_t before = spool_disk_bytes(d);
	spool_disk_ack(d, 16000);
	assert_true(spool_disk_bytes(d) < before / 2);
	spool_disk_rewind(d, 16000);
	read_all(d, &first, &last);
	assert_int_equal(first, 16001);
	assert_int_equal(last, 20000);
	spool_disk_ack(d, 20000);
	spool_disk_close(d);
	d = open_spool(64 << 20);
	assert_int_equal(spool_disk_last(d), 20000); // numbers go on, they do not begin anew
	spool_disk_close(d);
}

static void a_torn_last_line_is_cut_off(void **state)
{
	struct spool_disk *d = open_spool(64 << 20);
	char path[128];
	uint64_t first, last;

	for (uint64_t i = 1; i <= 10; i++)
		add(d, i, 5);
	spool_disk_close(d);
	snprintf(path, sizeof(path), "%s/0000000000000001.eve", dir);
	FILE *f = fopen(path, "a");
	fputs("{\"sensor_seq\":11,\"event_ty", f);
	fclose(f);
	d = open_spool(64 << 20);
	assert_int_equal(spool_disk_last(d), 10);
	add(d, 11, 5);
	spool_disk_flush(d);
	read_all(d, &first, &last);
	assert_int_equal(last, 11);
	spool_disk_close(d);
}

static void a_full_spool_gives_up_its_oldest_and_counts_them(void **state)
{
	struct spool_disk *d = open_spool(0);
	uint64_t first, last, lost;

	for (uint64_t i = 1; i <= 50000; i++)
		add(d, i, 500);
	spool_disk_flush(d);
	assert_true(spool_disk_bytes(d) <= 2 * SPOOL_SEGMENT_BYTES + SPOOL_BUFFER_BYTES);
	lost = spool_disk_lost(d)[EVENT_FLOW];
	assert_true(lost > 20000);
	read_all(d, &first, &last);
	assert_int_equal(first, lost + 1);
	assert_int_equal(last, 50000);
	spool_disk_close(d);
}

static void a_reader_in_the_segment_that_goes_reads_on_in_the_next(void **state)
{
	struct spool_disk *d = open_spool(0);
	static char buf[4096];
	uint64_t first, last;

	for (uint64_t i = 1; i <= 100; i++)
		add(d, i, 500);
	spool_disk_flush(d);
	assert_true(spool_disk_read(d, buf, sizeof(buf)) > 0);
	for (uint64_t i = 101; i <= 50000; i++)
		add(d, i, 500);
	spool_disk_flush(d);
	read_all(d, &first, &last);
	assert_true(first > 100);
	assert_int_equal(last, 50000);
	spool_disk_close(d);
}

static void one_spool_has_one_sensor(void **state)
{
	struct spool_disk *d = open_spool(64 << 20);
	char why[256];

	assert_null(spool_disk_open(dir, 0, why, sizeof(why)));
	assert_non_null(strstr(why, "another sensor spools here"));
	spool_disk_close(d);
}

static void kinds_and_numbers_are_read_from_lines(void **state)
{
	static const struct {
		const char *line;
		unsigned int kind;
		uint64_t seq;
	} lines[] = {
		{"{\"sensor_seq\":7,\"timestamp\":\"x\",\"event_type\":\"alert\",\"alert\":{\"gid\":1,", EVENT_ALERT,
			7},
		{"{\"sensor_seq\":8,\"timestamp\":\"x\",\"event_type\":\"alert\",\"alert\":{\"gid\":901,",
			EVENT_FINDING, 8},
		{"{\"sensor_seq\":9,\"event_type\":\"anomaly\"}", EVENT_ANOMALY, 9},
		{"{\"sensor_seq\":9,\"event_type\":\"packet\"}", EVENT_PACKET, 9},
		{"{\"sensor_seq\":10,\"event_type\":\"flow\"}", EVENT_FLOW, 10},
		{"{\"timestamp\":\"x\",\"event_type\":\"stats\"}", SINK_STATS, 0},
		{"{", SINK_STATS, 0},
		{"", SINK_STATS, 0},
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(spool_line_kind(lines[i].line, strlen(lines[i].line)), lines[i].kind);
		assert_int_equal(spool_line_seq(lines[i].line, strlen(lines[i].line)), lines[i].seq);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(lines_come_back_in_order_also_in_the_next_run),
		T(what_arrived_is_deleted_but_the_count_is_kept),
		T(a_torn_last_line_is_cut_off),
		T(a_full_spool_gives_up_its_oldest_and_counts_them),
		T(a_reader_in_the_segment_that_goes_reads_on_in_the_next),
		T(one_spool_has_one_sensor),
		T(kinds_and_numbers_are_read_from_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
