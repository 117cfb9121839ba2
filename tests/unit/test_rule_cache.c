// Compiled databases on disk.
#include <dirent.h>
#include <sys/stat.h>

#include <openssl/sha.h>

#include "rule_bench.h"

static char dir[256];

static struct ruleset *load(const char *rules, struct rule_report *report)
{
	struct ruleset_config cfg = {.cache_dir = dir, .threads = 2};
	struct ruleset *rs = bench_load(rules, &cfg, report);
	assert_non_null(rs);
	return rs;
}

static bool loads_from_cache(const char *rules)
{
	struct rule_report report;
	ruleset_free(load(rules, &report));
	bool cached = report.from_cache;
	rule_report_free(&report);
	return cached;
}

// The path of the only cache file.
static void cache_file(char *path, size_t cap)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	assert_non_null(d);
	path[0] = 0;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			snprintf(path, cap, "%s/%s", dir, e->d_name);
	closedir(d);
	assert_true(path[0]);
}

static int make_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(dir, sizeof(dir), "%s/rule-cacheXXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
	char path[600];
	DIR *d = opendir(dir);
	struct dirent *e;
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		unlink(path);
	}
	closedir(d);
	return rmdir(dir);
}

static const char rules[] = "alert udp any any -> any any (content:\"attack\"; sid:1;)\n"
			    "alert tcp any any -> any 80 (content:\"attack two\"; sid:2;)\n";

static void the_second_load_comes_from_the_cache(void **state)
{
	assert_false(loads_from_cache(rules));
	assert_true(loads_from_cache(rules));
	assert_false(loads_from_cache("alert udp any any -> any any (content:\"other\"; sid:1;)\n"));
}

static void a_damaged_cache_is_built_anew(void **state)
{
	char path[600];
	struct stat st;
	assert_false(loads_from_cache(rules));
	cache_file(path, sizeof(path));
	assert_int_equal(stat(path, &st), 0);
	for (long at = 0; at < st.st_size; at += st.st_size / 7 + 1) {
		FILE *f = fopen(path, "r+b");
		assert_int_equal(fseek(f, at, SEEK_SET), 0);
		int c = fgetc(f);
		assert_int_equal(fseek(f, at, SEEK_SET), 0);
		fputc(c ^ 0x40, f);
		fclose(f);
		assert_false(loads_from_cache(rules)); // refused, and written again
		assert_true(loads_from_cache(rules));
	}
	assert_int_equal(truncate(path, st.st_size / 2), 0);
	assert_false(loads_from_cache(rules));
	assert_int_equal(truncate(path, 10), 0);
	assert_false(loads_from_cache(rules));
}

static void a_cache_that_others_may_write_is_not_trusted(void **state)
{
	char path[600];
	assert_false(loads_from_cache(rules));
	cache_file(path, sizeof(path));
	assert_int_equal(chmod(path, 0666), 0);
	assert_false(loads_from_cache(rules));
}

static const char *problem_of_directory(void)
{
	struct rule_report report;
	ruleset_free(load(rules, &report));
	const char *problem = report.cache_problem;
	assert_false(report.from_cache);
	rule_report_free(&report);
	return problem ? problem : "none";
}

static void a_directory_that_others_may_write_is_neither_read_nor_written(void **state)
{
	char path[600];
	assert_false(loads_from_cache(rules));
	cache_file(path, sizeof(path));
	assert_int_equal(chmod(dir, 0777), 0);
	assert_non_null(strstr(problem_of_directory(), "nobody else may write"));
	assert_int_equal(unlink(path), 0);
	assert_non_null(strstr(problem_of_directory(), "nobody else may write"));
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(chmod(dir, 0700), 0);
}

static void a_directory_of_another_user_is_not_used(void **state)
{
	if (geteuid() != 0)
		skip(); // only root can give a directory away
	assert_false(loads_from_cache(rules));
	assert_int_equal(chown(dir, 65534, 65534), 0);
	assert_non_null(strstr(problem_of_directory(), "of the user who runs the sensor"));
	assert_int_equal(chown(dir, 0, 0), 0);
}

static void a_directory_that_cannot_be_made_is_said(void **state)
{
	size_t n = strlen(dir);
	strcpy(dir + n, "/none/there");
	assert_non_null(strstr(problem_of_directory(), "a directory that can be made"));
	dir[n] = 0;
}

static void another_set_under_the_right_name_is_not_believed(void **state)
{
	char ours[600], theirs[600];
	assert_false(loads_from_cache(rules));
	cache_file(ours, sizeof(ours));
	assert_int_equal(unlink(ours), 0);
	assert_false(loads_from_cache("alert udp any any -> any any (content:\"other\"; sid:1;)\n"));
	cache_file(theirs, sizeof(theirs));
	assert_int_equal(rename(theirs, ours), 0);
	assert_false(loads_from_cache(rules));
	assert_true(loads_from_cache(rules));
}

static void another_format_with_a_right_checksum_is_not_believed(void **state)
{
	static uint8_t bytes[1 << 20];
	char path[600];
	assert_false(loads_from_cache(rules));
	cache_file(path, sizeof(path));
	FILE *f = fopen(path, "r+b");
	size_t n = fread(bytes, 1, sizeof(bytes), f);
	assert_in_range(n, 48, sizeof(bytes) - 1);
	bytes[6]++; // the version in the magic
	SHA256(bytes, n - 32, bytes + n - 32);
	rewind(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
	assert_false(loads_from_cache(rules));
	assert_true(loads_from_cache(rules));
}

static void rules_from_the_cache_alert_the_same(void **state)
{
	struct ruleset_config cfg = {.cache_dir = dir};
	assert_false(loads_from_cache(rules));
	struct rule_bench *b = bench_open_with(rules, &cfg);
	assert_true(b->report.from_cache);
	bench_say(b, CLIENT, "an attack");
	assert_int_equal(bench_count(b, 1), 1);
	bench_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_second_load_comes_from_the_cache, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(a_damaged_cache_is_built_anew, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(a_cache_that_others_may_write_is_not_trusted, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(
			a_directory_that_others_may_write_is_neither_read_nor_written, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(a_directory_of_another_user_is_not_used, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(a_directory_that_cannot_be_made_is_said, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(another_set_under_the_right_name_is_not_believed, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(
			another_format_with_a_right_checksum_is_not_believed, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(rules_from_the_cache_alert_the_same, make_dir, drop_dir),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
