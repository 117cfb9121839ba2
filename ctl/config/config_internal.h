// What the files of ctl/config share: the joined schema and the value parsers.
#pragma once

#include "ctl/config/config.h"

#define CONFIG_MAX_ERRORS 20u // then: "further errors are not shown"

struct config_entry {
	char *key; // full, dotted
	struct config_row row;
	void *field;         // row.offset into the part's struct; NULL for CONFIG_IGNORED
	char *origin;        // "tocsin.yaml:12", NULL: default
	unsigned int set_by; // ordinal of the file that set it last, 0: none
	bool warned;         // CONFIG_IGNORED: has been named
};

struct config {
	struct config_entry *entries; // in the order they were added
	size_t count, room;
	config_report_fn report;
	void *report_ctx;
	unsigned int errors;
	unsigned int files; // ordinal of the last file opened
	void **owned;       // detectors' config structs
	size_t owned_count;
};

// Entry of exactly this key, or NULL.
struct config_entry *config_find(const struct config *c, const char *key, size_t len);
// True when keys exist below "<section>.".
bool config_is_section(const struct config *c, const char *section);
// The nearest known key or NULL.
const char *config_nearest(const struct config *c, const char *key);
// Reports one line at its place ("tocsin.yaml:12"); counts errors and stops showing them after CONFIG_MAX_ERRORS.
void config_report(struct config *c, enum config_level level, const char *where, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
// Remembers where an entry's value came from.
int config_mark(struct config_entry *e, const char *where, unsigned int set_by);
// Applies a row's default. Returns 0 or -errno.
int config_apply_default(struct config_entry *e);

// Sets a field from one scalar's text. On failure err says what was expected and the field is unchanged.
int value_set(const struct config_row *row, void *field, const char *text, char *err, size_t err_size);
// Frees what a text, list or map field holds.
void value_free(const struct config_row *row, void *field);
// Replaces a list by copies. Returns 0 or -ENOMEM.
int value_set_list(struct config_list *list, const char *const *items, size_t count);
// Splits "[a, b]" or "a, b" into a list. Returns 0 or -ENOMEM.
int value_split_list(struct config_list *list, const char *text);
// Splits at blanks. Returns 0 or -ENOMEM.
int value_split_words(struct config_list *list, const char *text);
// Adds or replaces a map's entry. Returns 0 or -ENOMEM.
int value_map_put(struct config_map *map, const char *name, const char *value);
// Writes a scalar field as text that value_set reads back. size: of buf.
void value_format(const struct config_row *row, const void *field, char *buf, size_t size);
// "1mb to 64gb", "0 to 100 percent", "yes, no", ...; "" where everything goes.
void value_range(const struct config_row *row, char *buf, size_t size);
// "yes or no", "size in bytes", ...: the type in words.
const char *value_type_name(const struct config_row *row);

// Reads text as the YAML value of one entry; for defaults of maps. Returns 0, -EINVAL or -ENOMEM.
int config_apply_yaml(struct config_entry *e, const char *text);
