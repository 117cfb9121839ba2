// What rules cost, all workers together: for /tocsin/rules/top and --rule-profile.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "detectors/signature/signature.h"

struct sensor;

enum rule_cost_by { COST_CYCLES, COST_CHECKS, COST_MATCHES, COST_GAVE_UP };

struct rule_cost {
	const struct alert_info *info;
	uint64_t checks, matches;
	uint64_t cycles;  // estimated from about one check in 64
	uint64_t gave_up; // times a pcre of it reached pcre.match-limit
};

// "cycles", "checks" or "matches".
bool rule_cost_by_name(const char *name, enum rule_cost_by *by);
// The rules that were checked at all, the dearest first. NULL without memory; free() it. Not while rules are
// being changed.
struct rule_cost *rule_costs(const struct sensor *s, enum rule_cost_by by, size_t *n);
// Writes one JSON object a line: every rule that was checked, then every group that was scanned for, a worker.
// Returns 0 or -errno.
int rule_profile_write(const struct sensor *s, const char *path);
// Says which rules' expressions gave up, the ten that did so most.
void rules_say_limits(const struct sensor *s);
