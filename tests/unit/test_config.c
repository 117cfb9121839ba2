// Schema, --set, --dump-config, parts and detectors.
#include "tests/unit/config_fixture.h"

#include <errno.h>

#include "ctl/config/nearest.h"
#include "dataplane/api/detector.h"

static void config_parts_fill_their_structs_with_defaults(void **state)
{
	struct config_fixture *f = *state;

	assert_false(f->v.midstream);
	assert_int_equal(f->v.depth, 1 << 20);
	assert_int_equal(f->v.interval_ns, 8000000000ull);
	assert_int_equal(f->v.count, 1);
	assert_true(f->v.ratio == 1.0);
	assert_string_equal(f->v.dir, "/var");
	assert_int_equal(f->v.mode, 1);
	assert_int_equal(f->v.files.count, 2);
	assert_string_equal(f->v.files.items[1], "b");
	assert_int_equal(f->v.groups.count, 2);
	assert_string_equal(config_map_get(&f->v.groups, "EXT"), "!$HOME");
	assert_null(config_map_get(&f->v.groups, "OTHER"));
	assert_string_equal(config_origin(f->c, "dir"), "default");
}

static void config_a_key_can_be_known_only_once(void **state)
{
	struct config_fixture *f = *state;
	bool b = true;

	assert_int_equal(config_add_toggle(f->c, "stream.midstream", &b, true, ""), -EEXIST);
	assert_int_equal(config_add_toggle(f->c, "legacy", &b, false, ""), 0);
	assert_false(b);
	assert_int_equal(config_set(f->c, "legacy=yes"), 0);
	assert_true(b);
}

static void config_a_default_that_does_not_parse_is_refused(void **state)
{
	struct config_fixture *f = *state;
	static const struct config_row bad[] = {
		{"x", CONFIG_UINT, 0, "", 0, 9, "ten", NULL, ""},
		CONFIG_END,
	};
	uint64_t v = 0;

	assert_int_equal(config_add_part(f->c, "new", bad, &v), -EINVAL);
}

static void config_set_takes_every_type(void **state)
{
	struct config_fixture *f = *state;

	assert_int_equal(config_set(f->c, "stream.midstream=on"), 0);
	assert_true(f->v.midstream);
	assert_int_equal(config_set(f->c, "stream.depth=2 MiB"), 0);
	assert_int_equal(f->v.depth, 2 << 20);
	assert_int_equal(config_set(f->c, "stats.interval=1500ms"), 0);
	assert_int_equal(f->v.interval_ns, 1500000000ull);
	assert_int_equal(config_set(f->c, "stats.interval=30"), 0);
	assert_int_equal(f->v.interval_ns, 30000000000ull);
	assert_int_equal(config_set(f->c, "threads.count=0x10"), 0);
	assert_int_equal(f->v.count, 16);
	assert_int_equal(config_set(f->c, "threads.ratio=0.75"), 0);
	assert_true(f->v.ratio == 0.75);
	assert_int_equal(config_set(f->c, "dir="), 0);
	assert_string_equal(f->v.dir, "");
	assert_int_equal(config_set(f->c, "http.enabled=false"), 0);
	assert_int_equal(f->v.mode, 0);
	assert_int_equal(config_set(f->c, "http.enabled=detection-only"), 0);
	assert_int_equal(f->v.mode, 2);
	assert_int_equal(config_set(f->c, "rule-files=[x, [y,z]]"), 0);
	assert_int_equal(f->v.files.count, 2);
	assert_string_equal(f->v.files.items[1], "[y,z]");
	assert_int_equal(config_set(f->c, "rule-files.2=third"), 0);
	assert_int_equal(config_set(f->c, "rule-files.0=first"), 0);
	assert_int_equal(f->v.files.count, 3);
	assert_string_equal(f->v.files.items[0], "first");
	assert_string_equal(f->v.files.items[2], "third");
	assert_int_equal(config_set(f->c, "vars.groups.HOME=[192.0.2.0/24,!192.0.2.1]"), 0);
	assert_string_equal(config_map_get(&f->v.groups, "HOME"), "[192.0.2.0/24,!192.0.2.1]");
	assert_string_equal(config_origin(f->c, "rule-files"), "--set");
	assert_int_equal(config_errors(f->c), 0);
	assert_string_equal(f->said.text, "");
}

static void config_set_says_what_is_wrong(void **state)
{
	static const struct {
		const char *set, *says;
	} bad[] = {
		{"stream.midstream=perhaps", "--set: stream.midstream: \"perhaps\": expected yes or no"},
		{"stream.depth=12x", "--set: stream.depth: \"12x\": expected a size such as"},
		{"stream.depth=1", "--set: stream.depth: 1 is out of range: 1kb to 1gb"},
		{"stream.depth=99999999999999999999gb", "out of range: 1kb to 1gb"},
		{"stats.interval=2 weeks", "expected a duration such as"},
		{"stats.interval=2h", "2h is out of range: 1s to 3600s"},
		{"threads.count=65", "65 is out of range: 1 to 64 workers"},
		{"threads.count=-1", "-1 is out of range: 1 to 64 workers"},
		{"threads.count=1.5", "\"1.5\": expected a whole number (1 to 64 workers)"},
		{"threads.count=", "\"\": expected a whole number"},
		{"threads.ratio=nan", "expected a number"},
		{"threads.ratio=1e9", "1e9 is out of range: 0.5 to 2"},
		{"http.enabled=maybe", "\"maybe\": expected one of no, yes, detection-only"},
		{"strem.midstream=yes", "unknown key \"strem.midstream\"; nearest known key: \"stream.midstream\""},
		{"midstream=yes", "nearest known key: \"stream.midstream\""},
		{"entirely.else=1", "unknown key \"entirely.else\"; tocsin --dump-config prints every key"},
		{"stream=1", "\"stream\" is a section; name one of its keys"},
		{"vars.groups=x", "vars.groups is a map: set one of its names, as in vars.groups.NAME=x"},
		{"rule-files.7=x", "rule-files has 2 items: \"7\" is none of them"},
		{"rule-files.x=x", "\"x\" is none of them"},
		{"no equals sign", "expected key=value"},
		{"=x", "expected key=value"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct config_fixture *f;
		void *fresh = NULL;

		assert_int_equal(config_setup(&fresh), 0);
		f = fresh;
		assert_int_equal(config_set(f->c, bad[i].set), -EINVAL);
		assert_said(&f->said, bad[i].says);
		assert_int_equal(config_errors(f->c), 1);
		assert_int_equal(f->v.depth, 1 << 20);
		assert_int_equal(f->v.count, 1);
		config_teardown(&fresh);
	}
}

static void config_set_of_an_ignored_key_only_warns(void **state)
{
	struct config_fixture *f = *state;

	assert_int_equal(config_set(f->c, "outputs.0.eve-log.enabled=yes"), 0);
	assert_said(&f->said, "warning: --set: \"outputs.0.eve-log.enabled\" has no effect here: use eve-log");
	assert_int_equal(config_errors(f->c), 0);
}

static void config_dump_reads_back_as_the_same_values(void **state)
{
	struct config_fixture *f = *state;
	struct config_fixture other = {0};
	char text[16384];
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_int_equal(config_set(f->c, "dir=a \"quoted\" \\ : # path"), 0);
	assert_int_equal(config_set(f->c, "stats.interval=2500ms"), 0);
	assert_int_equal(config_set(f->c, "stream.depth=1025"), 0);
	assert_int_equal(config_set(f->c, "rule-files=[]"), 0);
	assert_int_equal(config_set(f->c, "vars.groups.SSH=!22"), 0);
	assert_int_equal(config_dump(f->c, out), 0);
	fclose(out);
	assert_non_null(strstr(text, "# Pick up sessions."));
	assert_non_null(strstr(text, "# (size, 1kb to 1gb; default 1mb)"));
	assert_non_null(strstr(text, "# (one of: no, yes, detection-only; default yes)"));

	other.c = config_new(said_report, &other.said);
	assert_int_equal(config_add_part(other.c, "", sample_rows, &other.v), 0);
	assert_int_equal(load(&other, text), 0);
	assert_string_equal(other.said.text, "");
	assert_string_equal(other.v.dir, f->v.dir);
	assert_int_equal(other.v.interval_ns, 2500000000ull);
	assert_int_equal(other.v.depth, 1025);
	assert_int_equal(other.v.files.count, 0);
	assert_int_equal(other.v.groups.count, 3);
	assert_string_equal(config_map_get(&other.v.groups, "SSH"), "!22");
	config_free(other.c);
}

static void config_dump_to_a_full_disk_is_an_error(void **state)
{
	struct config_fixture *f = *state;
	FILE *full = fopen("/dev/full", "w");

	assert_non_null(full);
	assert_int_equal(config_dump(f->c, full), -ENOSPC);
	fclose(full);
}

struct knobs {
	double pps;
};

static const struct config_row knob_rows[] = {
	{"threshold", CONFIG_DOUBLE, offsetof(struct knobs, pps), "packets/s", 1, 1e9, "2000", NULL, "Floor."},
	CONFIG_END,
};

static void config_detectors_join_under_their_names(void **state)
{
	static const struct detector flood = {
		.name = "syn_flood", .title = "SYN flood", .config = knob_rows, .config_size = sizeof(struct knobs)};
	static const struct detector bare = {.name = "arp_spoof", .title = "ARP spoofing"};
	static const struct detector *const table[] = {&flood, &bare, NULL};
	struct config_fixture *f = *state;
	struct config_detectors d;

	assert_int_equal(config_add_detectors(f->c, table, &d), 0);
	assert_int_equal(d.count, 2);
	assert_ptr_equal(d.items[0].detector, &flood);
	assert_true(d.items[0].enabled && d.items[1].enabled);
	assert_true(((struct knobs *)d.items[0].config)->pps == 2000);
	assert_int_equal(config_set(f->c, "detectors.syn_flood.threshold=500"), 0);
	assert_int_equal(config_set(f->c, "detectors.arp_spoof.enabled=no"), 0);
	assert_true(((struct knobs *)d.items[0].config)->pps == 500);
	assert_false(d.items[1].enabled);
	assert_int_equal(config_set(f->c, "detectors.synflood.threshold=500"), -EINVAL);
	assert_said(&f->said, "nearest known key: \"detectors.syn_flood.threshold\"");
	assert_int_equal(config_set(f->c, "detectors.syn_flood.threshold=0"), -EINVAL);
	assert_said(&f->said, "0 is out of range: 1 to 1000000000 packets/s");
}

static void nearest_counts_edits_and_swaps(void **state)
{
	assert_int_equal(nearest_distance("stream", "stream"), 0);
	assert_int_equal(nearest_distance("strem", "stream"), 1);
	assert_int_equal(nearest_distance("straem", "stream"), 1);
	assert_int_equal(nearest_distance("Rule_Files", "rule-files"), 0);
	assert_int_equal(nearest_distance("", "abc"), 3);
	assert_int_equal(nearest_distance("abc", ""), 3);
	assert_int_equal(nearest_distance("kitten", "sitting"), 3);
}

static void nearest_is_silent_about_another_word(void **state)
{
	struct nearest n;

	nearest_begin(&n, "--workres");
	nearest_offer(&n, "--verbose");
	nearest_offer(&n, "--workers");
	assert_string_equal(nearest_found(&n), "--workers");
	nearest_begin(&n, "--elephant");
	nearest_offer(&n, "--workers");
	assert_null(nearest_found(&n));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, config_setup, config_teardown)
	const struct CMUnitTest tests[] = {
		CASE(config_parts_fill_their_structs_with_defaults),
		CASE(config_a_key_can_be_known_only_once),
		CASE(config_a_default_that_does_not_parse_is_refused),
		CASE(config_set_takes_every_type),
		cmocka_unit_test(config_set_says_what_is_wrong),
		CASE(config_set_of_an_ignored_key_only_warns),
		CASE(config_dump_reads_back_as_the_same_values),
		CASE(config_dump_to_a_full_disk_is_an_error),
		CASE(config_detectors_join_under_their_names),
		cmocka_unit_test(nearest_counts_edits_and_swaps),
		cmocka_unit_test(nearest_is_silent_about_another_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
