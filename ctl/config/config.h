// Configuration: rows of every part (dataplane/api/config.h) joined into one schema, filled from
// tocsin.yaml and --set, printed by --dump-config. Next: tocsin_config.h (the program's own rows).
//
//	struct config *c = config_new(report, ctx);      // report: where problems are told
//	config_add_part(c, "stream", stream_rows, &cfg.stream);
//	config_add_toggle(c, "detectors.syn_flood.enabled", &on, true, "...");
//	config_load_file(c, "tocsin.yaml");
//	config_set(c, "stream.midstream=yes");
//	config_dump(c, stdout);
//	config_free(c);                                   // strings, lists and maps die with it
//
// Cold, single-threaded. Adding a part fills its struct with the rows' defaults.
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "dataplane/api/config.h"

struct config;
struct detector;

enum config_level {
	CONFIG_ERROR,
	CONFIG_WARNING,
};

// Told one line without a newline: "tocsin.yaml:12: unknown key "strem.midstream"; nearest known key: ...".
typedef void (*config_report_fn)(void *ctx, enum config_level level, const char *line);

// A new, empty schema. report NULL: lines go to stderr as "tocsin: <line>". Returns NULL without memory.
struct config *config_new(config_report_fn report, void *ctx);
// Accepts NULL. Every string, list and map handed out through rows goes with it.
void config_free(struct config *c);

// Joins rows (to CONFIG_END) under "<prefix>." ("" for none); the rows write into target, which gets
// their defaults at once and must outlive c. A CONFIG_IGNORED row stands for its key and all below
// it, and gives way to a real row of the same key.
// Returns 0, -ENOMEM, -EEXIST (a key is known already), or -EINVAL (a default does not parse: a bug).
int config_add_part(struct config *c, const char *prefix, const struct config_row *rows, void *target);
// One more yes/no key.
int config_add_toggle(struct config *c, const char *key, bool *target, bool def, const char *help);

// The detectors a program was built with, each with its config struct, rows under detectors.<name>.
struct config_detectors {
	struct config_detector {
		const struct detector *detector;
		void *config; // config_size bytes, filled
		bool enabled;
	} * items;
	size_t count;
};
// Joins every detector of a NULL-terminated table, in its order, with the implied `enabled: yes`.
// out is owned by c from here on. Returns as config_add_part.
int config_add_detectors(struct config *c, const struct detector *const *table, struct config_detectors *out);

// Reads a YAML file (YAML 1.1, `include:` as in Suricata) over what is set. Every problem is
// reported with file:line and reading goes on, so that one run names them all.
// Returns 0, or -EINVAL after errors (values without errors are set all the same), or -errno when it cannot be read.
int config_load_file(struct config *c, const char *path);
// Same from memory; name stands for the file in messages, includes are relative to dir (NULL: none allowed).
int config_load_string(struct config *c, const char *name, const char *dir, const char *text, size_t len);
// "key=value" of --set. A map's entry is "vars.address-groups.HOME_NET=10.0.0.0/8"; a list is
// "rule-files=a" or "rule-files=[a, b]", one item "rule-files.0=a". Returns 0 or -EINVAL (reported).
int config_set(struct config *c, const char *key_value);

// The same with the key and value apart; origin stands where the value came from ("--workers").
int config_set_value(struct config *c, const char *origin, const char *key, const char *value);

// Where a key's value came from: "tocsin.yaml:12", "--set", or "default".
const char *config_origin(const struct config *c, const char *key);
// Reports "<origin>: <key>: <text>", for checks that span keys. Counted in config_errors when level says so.
void config_complain(struct config *c, enum config_level level, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
// Errors reported so far.
unsigned int config_errors(const struct config *c);

// Prints every key and its present value as YAML that config_load_file reads back, each with its
// help, type, unit, range and default as a comment. Returns 0 or -errno of the write.
int config_dump(const struct config *c, FILE *out);
// Prints the schema as Markdown tables, for docs/configuration.md. Returns 0 or -errno.
int config_markdown(const struct config *c, FILE *out);

// Value of a name in a map, or NULL.
const char *config_map_get(const struct config_map *m, const char *name);
