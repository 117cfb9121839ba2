// Outputs when things go wrong: full disks, closed pipes, rotation in the middle of it all.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "ctl/eve/output.h"
#include "ctl/eve/sink.h"
#include "ctl/eve/stats.h"

static const struct alert_info rule = {
	.gid = 1, .sid = 7, .rev = 1, .severity = 1, .signature = "bell \033[31m", .category = ""};
static char dir[64];
static char said[4096];
static int said_errors;

static void listen(void *ctx, bool error, const char *line)
{
	said_errors += error;
	strncat(said, line, sizeof(said) - strlen(said) - 2);
	strcat(said, "\n");
}

static int setup(void **state)
{
	strcpy(dir, "/tmp/tocsin-output-XXXXXX");
	said[0] = 0;
	said_errors = 0;
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char path[400];
	DIR *d = opendir(dir);
	for (struct dirent *e; (e = readdir(d));) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		unlink(path);
	}
	closedir(d);
	return rmdir(dir);
}

static const char *in_dir(const char *name)
{
	static char path[4][512];
	static int i;
	i = (i + 1) & 3;
	snprintf(path[i], sizeof(path[i]), "%s/%s", dir, name);
	return path[i];
}

static struct eve_output_options options(const char *path)
{
	return (struct eve_output_options){.path = path, .terminal_fd = -1, .report = listen};
}

static void write_alerts(struct eve_output *out, uint64_t n)
{
	struct event ev = {.kind = EVENT_ALERT, .flags = EVENT_HAS_PACKET, .tuple = {.ip_version = 4, .proto = 17}};
	ev.alert.info = &rule;
	for (uint64_t i = 0; i < n; i++) {
		ev.seq = i + 1;
		eve_write_event(out, &ev);
	}
}

// Lines of a file, each of which must be whole JSON.
static uint64_t lines_of(const char *path)
{
	char line[8192];
	uint64_t n = 0;
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		json_t *v = json_loads(line, 0, NULL);
		if (!v)
			fail_msg("not a record: %s", line);
		json_decref(v);
		n++;
	}
	fclose(f);
	return n;
}

static void what_is_written_arrives_whole(void **state)
{
	struct eve_output_options o = options(in_dir("eve.json"));
	struct eve_output *out = eve_output_open(&o);
	struct stats_snapshot *s = stats_new();

	write_alerts(out, 10000);
	stats_add(s, COUNTER_DECODER_PKTS, 3);
	eve_write_stats(out, s, 1);
	eve_flush(out);
	assert_int_equal(eve_output_stats(out)->written[EVENT_ALERT], 10000);
	assert_int_equal(eve_output_stats(out)->written[SINK_STATS], 1);
	assert_int_equal(eve_close(out), 0);
	assert_int_equal(lines_of(in_dir("eve.json")), 10001);
	assert_int_equal(said_errors, 0);
	free(s);
}

static void only_the_kinds_asked_for_are_written(void **state)
{
	struct eve_output_options o = options(in_dir("eve.json"));
	o.kinds = 1u << EVENT_FLOW;
	struct eve_output *out = eve_output_open(&o);
	struct event tick = {.kind = EVENT_TICK};

	write_alerts(out, 10);
	eve_write_event(out, &tick);
	assert_int_equal(eve_close(out), 0);
	assert_int_equal(lines_of(in_dir("eve.json")), 0);
}

static void a_directory_that_is_not_there_is_one_clear_line(void **state)
{
	struct eve_output_options o = options("/nonexistent/eve.json");
	assert_null(eve_output_open(&o));
	assert_int_equal(said_errors, 1);
	assert_non_null(strstr(said, "/nonexistent/eve.json"));
	assert_non_null(strstr(said, "No such file or directory"));
}

static void a_full_disk_is_said_once_and_every_event_is_counted(void **state)
{
	struct eve_output_options o = options("/dev/full");
	o.buffer_bytes = 64 * 1024;
	struct eve_output *out = eve_output_open(&o);

	write_alerts(out, 5000);
	for (uint64_t t = 1; t < 5; t++)
		eve_tick(out, UINT64_MAX - t);
	assert_int_equal(said_errors, 1);
	assert_non_null(strstr(said, "/dev/full: No space left on device"));
	assert_true(eve_output_stats(out)->not_written[EVENT_ALERT] > 4000);
	assert_int_equal(eve_close(out), -EIO);
	assert_int_equal(said_errors, 2);
	assert_non_null(strstr(said, "5000 records were not written to /dev/full: 5000 alert"));
}

// A limit on the file size stands for the full disk: writes stop in the middle of a line.
static void when_there_is_room_again_nothing_is_torn_or_doubled(void **state)
{
	struct eve_output_options o = options(in_dir("eve.json"));
	struct rlimit old, small;
	o.buffer_bytes = 256 * 1024;
	struct eve_output *out = eve_output_open(&o);

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){.rlim_cur = 10001, .rlim_max = old.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	write_alerts(out, 500);
	eve_flush(out);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(said_errors, 1);
	uint64_t before = lines_of(in_dir("eve.json")); // whole lines only, even now
	assert_true(before > 10 && before < 100);
	eve_flush(out);
	assert_non_null(strstr(said, "is written again"));
	assert_int_equal(eve_close(out), 0);
	assert_int_equal(lines_of(in_dir("eve.json")), 500);
}

static void a_reader_that_leaves_does_not_end_the_run(void **state)
{
	int p[2];
	struct eve_output_options o = options(NULL);
	struct eve_output *out = eve_output_open(&o);

	assert_int_equal(pipe(p), 0);
	eve_output_add(out, sink_fd_open(&o, p[1], "stdout"));
	write_alerts(out, 100);
	eve_flush(out);
	close(p[0]);
	write_alerts(out, 100);
	eve_flush(out);
	write_alerts(out, 100);
	assert_int_equal(said_errors, 1);
	assert_non_null(strstr(said, "stdout: Broken pipe"));
	assert_int_equal(eve_output_stats(out)->written[EVENT_ALERT], 100);
	assert_int_equal(eve_close(out), -EIO);
	assert_non_null(strstr(said, "200 records were not written to stdout"));
	close(p[1]);
}

static void reopening_follows_a_log_rotator(void **state)
{
	struct eve_output_options o = options(in_dir("eve.json"));
	struct eve_output *out = eve_output_open(&o);

	write_alerts(out, 5);
	assert_int_equal(rename(in_dir("eve.json"), in_dir("eve.json.1")), 0);
	eve_reopen(out);
	write_alerts(out, 7);
	assert_int_equal(eve_close(out), 0);
	assert_int_equal(lines_of(in_dir("eve.json.1")), 5);
	assert_int_equal(lines_of(in_dir("eve.json")), 7);
}

static void a_reopen_that_fails_keeps_the_old_file(void **state)
{
	struct eve_output_options o = options(in_dir("eve.json"));
	struct eve_output *out = eve_output_open(&o);

	write_alerts(out, 5);
	assert_int_equal(rename(in_dir("eve.json"), in_dir("eve.json.1")), 0);
	assert_int_equal(mkdir(in_dir("eve.json"), 0700), 0);
	eve_reopen(out);
	write_alerts(out, 7);
	assert_int_equal(eve_close(out), 0);
	assert_non_null(strstr(said, "going on with the old file"));
	assert_int_equal(lines_of(in_dir("eve.json.1")), 12);
	rmdir(in_dir("eve.json"));
}

static void rotation_by_size_loses_and_tears_nothing(void **state)
{
	struct eve_output_options o = options(in_dir("eve.json"));
	o.rotate_size = 20000;
	struct eve_output *out = eve_output_open(&o);
	uint64_t total = 0, files = 0;
	struct stat st;

	write_alerts(out, 2000);
	eve_flush(out);
	assert_true(eve_output_stats(out)->rotations > 5);
	assert_int_equal(eve_close(out), 0);
	DIR *d = opendir(dir);
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		total += lines_of(in_dir(e->d_name));
		assert_int_equal(stat(in_dir(e->d_name), &st), 0);
		assert_true(st.st_size <= 20000);
		files++;
	}
	closedir(d);
	assert_int_equal(total, 2000);
	assert_true(files > 5);
}

static void rotation_by_time_waits_for_its_time(void **state)
{
	struct eve_output_options o = options(in_dir("eve.json"));
	struct timespec now;
	o.rotate_ns = 3600u * UINT64_C(1000000000);
	struct eve_output *out = eve_output_open(&o);

	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t now_ns = (uint64_t)now.tv_sec * 1000000000u;
	write_alerts(out, 5);
	eve_tick(out, now_ns + 60 * UINT64_C(1000000000));
	assert_int_equal(eve_output_stats(out)->rotations, 0);
	eve_tick(out, now_ns + 3602 * UINT64_C(1000000000));
	assert_int_equal(eve_output_stats(out)->rotations, 1);
	write_alerts(out, 6);
	assert_int_equal(eve_close(out), 0);
	assert_int_equal(lines_of(in_dir("eve.json")), 6);
}

static void half_a_line_of_a_killed_run_is_ended_first(void **state)
{
	FILE *f = fopen(in_dir("eve.json"), "w");
	char first[64];
	fputs("{\"timestamp\":\"2009-", f);
	fclose(f);
	struct eve_output_options o = options(in_dir("eve.json"));
	struct eve_output *out = eve_output_open(&o);
	write_alerts(out, 1);
	assert_int_equal(eve_close(out), 0);
	f = fopen(in_dir("eve.json"), "r");
	assert_non_null(fgets(first, sizeof(first), f));
	assert_string_equal(first, "{\"timestamp\":\"2009-\n");
	fclose(f);
}

static void a_terminal_gets_one_readable_line_an_alert_and_no_escapes_of_others(void **state)
{
	int p[2];
	char text[8192];
	assert_int_equal(pipe(p), 0);
	struct eve_output_options o = options(NULL);
	o.terminal_fd = p[1];
	o.terminal_max = 3;
	struct eve_output *out = eve_output_open(&o);

	write_alerts(out, 10);
	assert_int_equal(eve_close(out), 0);
	close(p[1]);
	ssize_t n = read(p[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = 0;
	close(p[0]);
	assert_null(strchr(text, '\033'));
	assert_ptr_equal(
		strstr(text, "1970-01-01 00:00:00.000  HIGH    1:7:1          bell .[31m  UDP 0.0.0.0 -> 0.0.0.0\n"),
		text);
	assert_non_null(strstr(text, "more alerts\n"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_written_arrives_whole),
		T(only_the_kinds_asked_for_are_written),
		T(a_directory_that_is_not_there_is_one_clear_line),
		T(a_full_disk_is_said_once_and_every_event_is_counted),
		T(when_there_is_room_again_nothing_is_torn_or_doubled),
		T(a_reader_that_leaves_does_not_end_the_run),
		T(reopening_follows_a_log_rotator),
		T(a_reopen_that_fails_keeps_the_old_file),
		T(rotation_by_size_loses_and_tears_nothing),
		T(rotation_by_time_waits_for_its_time),
		T(half_a_line_of_a_killed_run_is_ended_first),
		T(a_terminal_gets_one_readable_line_an_alert_and_no_escapes_of_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
