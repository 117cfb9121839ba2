// The command line: what it takes, and one clear line for what it does not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "ctl/sensor/options.h"
#include "ctl/sensor/options_table.h"

static char err[512];

// Parses "tocsin" and the given words (to NULL).
static int parse(struct options *o, ...)
{
	char *argv[16] = {(char *)"tocsin"};
	int argc = 1;
	va_list ap;

	va_start(ap, o);
	for (char *word; argc < 16 && (word = va_arg(ap, char *));)
		argv[argc++] = word;
	va_end(ap);
	err[0] = '\0';
	return options_parse(o, argc, argv, err, sizeof(err));
}

static void options_take_separate_joined_and_repeated_arguments(void **state)
{
	struct options o;

	assert_int_equal(parse(&o, "-r", "a.pcap", "-rb.pcap", "-r", "-", "--workers=2", "--set", "a=b", "-l", "out",
				 "-vv", NULL),
		0);
	assert_int_equal(o.action, ACTION_RUN);
	assert_int_equal(o.captures.count, 3);
	assert_string_equal(o.captures.items[1], "b.pcap");
	assert_string_equal(o.captures.items[2], "-");
	assert_string_equal(o.workers, "2");
	assert_string_equal(o.settings.items[0], "a=b");
	assert_string_equal(o.log_dir, "out");
	assert_int_equal(o.verbose, 2);
	assert_false(o.quiet);
	options_free(&o);
}

static void options_bundle_letters(void **state)
{
	struct options o;

	assert_int_equal(parse(&o, "-qTr", "x", "-S", "a", "-S", "b", "--progress", "--stdout", "-k", "none", NULL), 0);
	assert_int_equal(o.action, ACTION_TEST);
	assert_true(o.quiet && o.progress && o.to_stdout);
	assert_int_equal(o.rules_only.count, 2);
	assert_string_equal(o.checksums, "none");
	options_free(&o);
}

static void options_that_replace_a_run_need_no_capture(void **state)
{
	static const struct {
		const char *word;
		enum options_action action;
	} actions[] = {{"-T", ACTION_TEST}, {"--dump-config", ACTION_DUMP_CONFIG}, {"--help", ACTION_HELP},
		{"-h", ACTION_HELP}, {"-V", ACTION_VERSION}, {"--version", ACTION_VERSION},
		{"--engine-analysis", ACTION_ENGINE_ANALYSIS}};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		struct options o;

		assert_int_equal(parse(&o, actions[i].word, NULL), 0);
		assert_int_equal(o.action, actions[i].action);
		options_free(&o);
	}
}

static void options_say_what_is_wrong(void **state)
{
	static const struct {
		const char *words[5];
		const char *says;
	} bad[] = {
		{{NULL}, "nothing to read: name a capture with -r FILE"},
		{{"-r"}, "-r needs an argument: -r FILE|DIR|-"},
		{{"-r", ""}, "-r needs an argument"},
		{{"--workers"}, "--workers needs an argument: --workers N"},
		{{"--workers="}, "--workers needs an argument"},
		{{"x.pcap"}, "\"x.pcap\" is not an option; a capture is read with -r FILE"},
		{{"-r", "a", "--", "b"}, "\"--\" is not an option"},
		{{"-"}, "\"-\" is not an option"},
		{{"--workres", "2"}, "unknown option --workres; nearest known option: --workers"},
		{{"--dumpconfig"}, "nearest known option: --dump-config"},
		{{"--elephant"}, "unknown option --elephant; tocsin --help lists all of them"},
		{{"-Z"}, "unknown option -Z; tocsin --help"},
		{{"-vZ"}, "unknown option -Z"},
		{{"--progress=yes"}, "--progress takes no argument, \"yes\" was given"},
		{{"--runmode", "single"}, "--runmode is an option of Suricata: there is one run mode here"},
		{{"--runmode=single"}, "--runmode is an option of Suricata"},
		{{"-r", "a", "-k", "some"}, "-k some: expected none or all"},
		{{"-r", "a", "-v", "-q"}, "-v and -q contradict each other"},
		{{"-l", "a", "-l", "b"}, "-l is given twice: a and b"},
		{{"-Sa", "-sb", "-ra"}, "-S means only these rules"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const *w = bad[i].words;
		struct options o;

		assert_int_equal(parse(&o, w[0], w[1], w[2], w[3], w[4], NULL), -EINVAL);
		if (!strstr(err, bad[i].says))
			fail_msg("expected \"%s\", got \"%s\"", bad[i].says, err);
		assert_null(strchr(err, '\n'));
		options_free(&o);
	}
}

static void options_help_lists_every_row_of_the_table(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	options_help(out);
	fclose(out);
	for (const struct option_row *r = option_rows; r->help; r++) {
		char name[48];

		if (r->letter)
			snprintf(name, sizeof(name), "  -%c", r->letter);
		else
			snprintf(name, sizeof(name), "--%s", r->name);
		assert_non_null(strstr(text, name));
		assert_non_null(strstr(text, r->help));
	}
	free(text);
}

static char said[2048];

static void hear(void *ctx, enum config_level level, const char *line)
{
	snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s\n", line);
}

struct applied {
	struct config *c;
	struct tocsin_config cfg;
	struct options o;
};

static int apply(struct applied *a, const char *yaml, const char *w1, const char *w2, const char *w3, const char *w4)
{
	said[0] = '\0';
	a->c = config_new(hear, NULL);
	assert_int_equal(tocsin_config_add(a->c, &a->cfg, NULL), 0);
	assert_int_equal(config_load_string(a->c, "t.yaml", NULL, yaml, strlen(yaml)), 0);
	assert_int_equal(parse(&a->o, "-rx", w1, w2, w3, w4, NULL), 0);
	return options_apply(&a->o, a->c, &a->cfg);
}

static void applied_free(struct applied *a)
{
	options_free(&a->o);
	config_free(a->c);
}

static void options_write_over_the_configuration(void **state)
{
	static struct applied a;

	assert_int_equal(apply(&a, "default-log-dir: /from/file\n", "--workers=3", "-lout", "-knone", "--stdout"), 0);
	assert_int_equal(a.cfg.workers.count, 3);
	assert_string_equal(a.cfg.log_dir, "out");
	assert_int_equal(a.cfg.capture.checksum, CHECKSUM_NONE);
	assert_true(a.cfg.eve.to_stdout);
	assert_string_equal(config_origin(a.c, "threading.workers"), "--workers");
	applied_free(&a);
}

static void options_bad_values_name_the_option(void **state)
{
	static struct applied a;

	assert_int_equal(apply(&a, "", "--workers=65", NULL, NULL, NULL), -EINVAL);
	assert_string_equal(said, "--workers: threading.workers: 65 is out of range: 0 to 64 workers\n");
	applied_free(&a);
	assert_int_equal(apply(&a, "", "--set", "vars.adress-groups.HOME_NET=10.0.0.1", NULL, NULL), -EINVAL);
	assert_non_null(strstr(said, "--set: unknown key \"vars.adress-groups.HOME_NET\""));
	applied_free(&a);
}

static const char rules_yaml[] = "default-rule-path: /rules\nrule-files: [a.rules, /abs/b.rules]\n";

static void options_small_s_adds_rule_files(void **state)
{
	static struct applied a;

	assert_int_equal(apply(&a, rules_yaml, "-s", "c.rules", NULL, NULL), 0);
	assert_int_equal(a.cfg.rules.files.count, 3);
	assert_string_equal(a.cfg.rules.files.items[0], "/rules/a.rules");
	assert_string_equal(a.cfg.rules.files.items[1], "/abs/b.rules");
	assert_string_equal(a.cfg.rules.files.items[2], "c.rules");
	applied_free(&a);
}

static void options_large_s_replaces_rule_files(void **state)
{
	static struct applied a;

	assert_int_equal(apply(&a, rules_yaml, "-S", "c.rules", NULL, NULL), 0);
	assert_int_equal(a.cfg.rules.files.count, 1);
	assert_string_equal(a.cfg.rules.files.items[0], "c.rules");
	applied_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_take_separate_joined_and_repeated_arguments),
		cmocka_unit_test(options_bundle_letters),
		cmocka_unit_test(options_that_replace_a_run_need_no_capture),
		cmocka_unit_test(options_say_what_is_wrong),
		cmocka_unit_test(options_help_lists_every_row_of_the_table),
		cmocka_unit_test(options_write_over_the_configuration),
		cmocka_unit_test(options_bad_values_name_the_option),
		cmocka_unit_test(options_small_s_adds_rule_files),
		cmocka_unit_test(options_large_s_replaces_rule_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
