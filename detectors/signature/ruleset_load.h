// The steps of loading, in order: variables and classes, files, order, thresholds, groups.
#pragma once

#include "detectors/signature/rule_parse.h"

// A report while it grows; out is never NULL.
struct report {
	struct rule_report *out;
	size_t cap;
};

__attribute__((format(printf, 6, 7))) void report_add(struct report *r, const char *file, uint32_t line, uint32_t sid,
	enum rule_verdict verdict, const char *fmt, ...);

// rule_report.c: the table by keyword.
void report_keywords(const struct ruleset *rs, struct rule_report *out);

int ruleset_set_vars(struct ruleset *rs, const struct ruleset_config *cfg);
int ruleset_set_classes(struct ruleset *rs, const struct ruleset_config *cfg, struct report *rep);
// rule_files.c: every rule of every file, kept or reported. Returns 0 or -errno of a file that cannot be read.
int ruleset_read(struct ruleset *rs, const struct ruleset_config *cfg, struct report *rep);
// rule_order.c: the rules that can fire, sorted into the order of evaluation; "<>" makes two of one.
int ruleset_order(struct ruleset *rs);
// threshold_config.c: threshold.config applied to the rules.
int ruleset_thresholds(struct ruleset *rs, const struct ruleset_config *cfg, struct report *rep);
// group_compile.c: groups by protocol, direction and port, with their databases.
int ruleset_group(struct ruleset *rs, const struct ruleset_config *cfg, struct report *rep);
void ruleset_group_free(struct ruleset *rs);
