// tocsin, the sensor. Reads as what happens: options, configuration, rules, outputs, packet path, run.
// Next: setup.c, then dataplane/worker.c for a packet's way.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/sensor/doctor.h"
#include "ctl/sensor/sensor.h"

#define TOCSIN_VERSION_TEXT "tocsin " TOCSIN_VERSION

// -T: what is wrong with each rule, a table by keyword, one last line. Exit 1 when a rule is rejected.
static int test_rules(struct sensor *s)
{
	const struct rule_report *r = &s->report;

	report_rules(s, 0);
	for (size_t i = 0; i < r->keyword_count; i++) {
		const struct rule_keyword_count *k = &r->keywords[i];
		if (k->waiting || k->rejected)
			printf("%-8s %-30s %8u rules  %8u waiting  %8u rejected\n",
				k->protocol ? "protocol" : "keyword", k->keyword, k->rules, k->waiting, k->rejected);
	}
	printf("rules: %u loaded, %u waiting for a parser, %u rejected\n", r->loaded, r->waiting, r->rejected);
	return r->rejected ? EXIT_BAD_INPUT : EXIT_CLEAN;
}

// --engine-analysis: rules.json beside where eve.json would be.
static int analyse_rules(struct sensor *s)
{
	char path[4096];

	if (!s->rules) {
		say("there are no rules to write about; -S FILE or rule-files names some");
		return EXIT_BAD_INPUT;
	}
	snprintf(path, sizeof(path), "%s/rules.json", s->cfg.log_dir);
	FILE *out = setup_log_dir(s) == 0 ? fopen(path, "w") : NULL;
	if (!out) {
		say("%s: cannot be written: %s", path, strerror(errno));
		return EXIT_BAD_INPUT;
	}
	ruleset_analysis_dump(s->rules, out);
	bool whole = !ferror(out);
	if (fclose(out) != 0 || !whole) {
		say("%s: not all of it could be written", path);
		return EXIT_BAD_INPUT;
	}
	if (!s->opt.quiet)
		printf("%s: how each of %u rules was understood\n", path, s->report.loaded + s->report.waiting);
	return EXIT_CLEAN;
}

static int capture_run(struct sensor *s)
{
	int rc;

	rc = setup_output(s);
	if (rc == EXIT_CLEAN)
		rc = setup_rules(s);
	if (rc == EXIT_CLEAN)
		rc = s->opt.captures.count ? setup_capture(s) : setup_live(s);
	if (rc == EXIT_CLEAN) {
		load_baselines(s);
		rc = setup_pipeline(s);
	}
	if (rc == EXIT_CLEAN)
		rc = run_captures(s);
	return rc;
}

static int act(struct sensor *s)
{
	int rc;

	switch (s->opt.action) {
	case ACTION_DOCTOR:
		return doctor_run(stdout) == 0 ? EXIT_CLEAN : EXIT_BAD_INPUT;
	case ACTION_DUMP_CONFIG:
		return config_dump(s->config, stdout) == 0 ? EXIT_CLEAN : EXIT_BAD_INPUT;
	case ACTION_TEST:
		rc = setup_rules(s);
		return rc == EXIT_CLEAN ? test_rules(s) : rc;
	case ACTION_ENGINE_ANALYSIS:
		rc = setup_rules(s);
		return rc == EXIT_CLEAN ? analyse_rules(s) : rc;
	default:
		return capture_run(s);
	}
}

int main(int argc, char **argv)
{
	struct sensor *s = calloc(1, sizeof(*s));
	char err[512];
	int rc;

	if (!s)
		return EXIT_BAD_INPUT;
	if (options_parse(&s->opt, argc, argv, err, sizeof(err)) != 0) {
		say("%s", err);
		rc = EXIT_BAD_INPUT;
	} else if (s->opt.action == ACTION_HELP) {
		options_help(stdout);
		rc = EXIT_CLEAN;
	} else if (s->opt.action == ACTION_VERSION) {
		puts(TOCSIN_VERSION_TEXT);
		rc = EXIT_CLEAN;
	} else {
		rc = setup_config(s);
		if (rc == EXIT_CLEAN)
			rc = act(s);
	}
	int undone = setup_undo(s);
	free(s);
	return rc != EXIT_CLEAN ? rc : undone;
}
