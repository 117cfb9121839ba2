// Rule files to a rule set, and what is wrong with them to the user. Next: setup_pipeline.c.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/sensor/sensor.h"

#define PATH_BYTES 4096u

// Where compiled rule sets are kept: the configuration's directory, else the user's cache directory.
// Returns NULL where there is none ("none", or no home), so that nothing is cached.
static const char *cache_dir(const struct sensor *s, char *out, size_t size)
{
	const char *set = s->cfg.rules.cache_dir, *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (strcmp(set, "none") == 0)
		return NULL;
	if (set[0])
		return set;
	if (xdg && xdg[0] == '/')
		snprintf(out, size, "%s", xdg);
	else if (home && home[0] == '/')
		snprintf(out, size, "%s/.cache", home);
	else
		return NULL;
	mkdir(out, 0700);
	strncat(out, "/tocsin", size - strlen(out) - 1);
	if (mkdir(out, 0700) != 0 && errno != EEXIST)
		return NULL;
	return out;
}

static const char *or_null(const char *text)
{
	return text && text[0] ? text : NULL;
}

struct ruleset *load_rules(
	const struct sensor *s, const struct ruleset *previous, unsigned int threads, struct rule_report *report)
{
	char cache[PATH_BYTES];
	const struct rules_config *r = &s->cfg.rules;
	struct ruleset_config cfg = {
		.files = (const char *const *)r->files.items,
		.file_count = r->files.count,
		.address_groups = &s->cfg.address_groups,
		.port_groups = &s->cfg.port_groups,
		.classification_file = or_null(r->classification_file),
		.reference_file = or_null(r->reference_file),
		.threshold_file = or_null(r->threshold_file),
		.reputation_categories = or_null(r->reputation_categories),
		.reputation_files = (const char *const *)r->reputation_files.items,
		.reputation_file_count = r->reputation_files.count,
		.geoip_database = or_null(r->geoip_database),
		.cache_dir = cache_dir(s, cache, sizeof(cache)),
		.threads = threads,
		.alert_max = (uint32_t)r->packet_alert_max,
		.match_limit = (uint32_t)r->pcre_match_limit,
		.match_limit_recursion = (uint32_t)r->pcre_match_limit_recursion,
		.magic = s->opt.captures.count > 0,
		.count_cycles = r->profile || s->opt.rule_profile,
		.keep_text = s->opt.action == ACTION_ENGINE_ANALYSIS,
		.previous = previous,
	};

	struct ruleset *rules = ruleset_load(&cfg, report);
	if (report->cache_problem && !s->opt.quiet)
		say("%s: %s", cfg.cache_dir, report->cache_problem);
	return rules;
}

static int load(struct sensor *s)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	s->rules = load_rules(s, NULL, cpus > 0 ? (unsigned int)cpus : 1, &s->report);
	if (s->rules)
		return EXIT_CLEAN;
	int why = errno;
	if (s->report.problem_count)
		report_rules(s, 1);
	else
		say("the rules cannot be loaded: %s", strerror(why));
	return EXIT_BAD_INPUT;
}

// options_apply has put the files together: the configuration's under default-rule-path, -S and -s as they are.
int setup_rules(struct sensor *s)
{
	int rc = s->cfg.rules.files.count ? load(s) : EXIT_CLEAN;

	if (rc == EXIT_CLEAN && s->rules && !s->opt.quiet && s->opt.action != ACTION_TEST)
		report_rules(s, 10);
	return rc;
}

static void print_problem(const struct rule_problem *p)
{
	// line 0: the file itself
	if (p->line)
		fprintf(stderr, "%s:%u: ", p->file, p->line);
	else
		fprintf(stderr, "tocsin: %s: ", p->file);
	if (p->sid)
		fprintf(stderr, "sid %u: ", p->sid);
	fprintf(stderr, "%s%s\n", p->verdict == RULE_REJECTED ? "" : "not used: ", p->text);
}

// Rejected rules are said one by one; rules that only wait for a parser are many and no fault of the
// file, so they are listed under -T and -v.
void report_rules(const struct sensor *s, size_t limit)
{
	bool all = limit == 0 || s->opt.verbose;
	size_t shown = 0, hidden = 0;

	for (size_t i = 0; i < s->report.problem_count; i++) {
		const struct rule_problem *p = &s->report.problems[i];
		if (p->verdict != RULE_REJECTED && !all)
			continue;
		if (limit && shown == limit) {
			hidden++;
			continue;
		}
		print_problem(p);
		shown++;
	}
	if (s->report.unlisted)
		say("... and %zu more that are not listed", s->report.unlisted);
	if (hidden)
		say("... and %zu more; tocsin -T -S FILE lists every one", hidden);
}
