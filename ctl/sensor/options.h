// tocsin's command line. One table (options.c) is the parser, the help and what the manual is held
// against. Configuration and command line meet in options_apply.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ctl/config/tocsin_config.h"

struct option_list {
	const char **items; // borrowed from argv
	size_t count;
};

enum options_action {
	ACTION_RUN,
	ACTION_HELP,
	ACTION_VERSION,
	ACTION_DUMP_CONFIG,
	ACTION_TEST,            // -T
	ACTION_ENGINE_ANALYSIS, // rules as they were grouped, one JSON object a rule
	ACTION_DOCTOR,
};

struct options {
	enum options_action action;
	struct option_list captures;   // -r
	struct option_list interfaces; // -i
	struct option_list ports;      // --port
	struct option_list rules_only; // -S
	struct option_list rules_also; // -s
	struct option_list settings;   // --set, in order
	const char *config_file;       // -c, NULL: none
	const char *log_dir;           // -l, NULL: as configured
	const char *checksums;         // -k: "none" or "all", NULL: as configured
	const char *workers;           // --workers, NULL: as configured
	const char *lcores;            // --lcores, NULL: as configured
	const char *dump_streams;      // --dump-streams DIR, NULL: off
	const char *rule_profile;      // --rule-profile FILE, NULL: none
	unsigned int verbose;          // -v, -vv
	bool quiet;                    // -q
	bool progress;                 // --progress
	bool to_stdout;                // --stdout
};

// Reads argv. Returns 0, or -EINVAL with one line in err that says what is wrong and what was meant,
// or -ENOMEM. o is filled from zero and freed with options_free in either case.
int options_parse(struct options *o, int argc, char **argv, char *err, size_t err_size);
// Accepts what options_parse left, also after an error.
void options_free(struct options *o);

// Writes the command line's values over the configuration (--set, -l, -k, --workers, --lcores, --stdout;
// -S replaces rule-files, -s adds; afterwards cfg->rules.files are paths ready to open, default-rule-path included).
// Problems are reported through c. Returns 0, -EINVAL or -ENOMEM.
int options_apply(const struct options *o, struct config *c, struct tocsin_config *cfg);

void options_help(FILE *out);
