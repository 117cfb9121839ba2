// What reading YAML shares: the file being read, and its leaves. Next: yaml_leaf.c.
#pragma once

#include <yaml.h>

#include "ctl/config/config_internal.h"

struct yaml_load {
	struct config *c;
	yaml_document_t *doc;
	const char *name;     // of the file, for messages
	const char *dir;      // includes are relative to it; NULL: none allowed
	unsigned int ordinal; // of this file
	unsigned int include_depth;
	char ignored[512]; // keys that have no effect here, for one warning at the end
	size_t ignored_count;
};

// "tocsin.yaml:12".
void yaml_where(const struct yaml_load *l, const yaml_node_t *node, char *buf, size_t size);
// Reports one line at a node's place.
void yaml_complain(struct yaml_load *l, enum config_level level, const yaml_node_t *node, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
// A scalar node's text, NUL-terminated; it may hold NULs of its own (yaml_has_nul).
const char *yaml_text(const yaml_node_t *node);
bool yaml_has_nul(const yaml_node_t *node);
// "key:" with nothing behind it, or "~".
bool yaml_is_null(const yaml_node_t *node);
// Holds a node against an entry's row and sets its field; what does not fit is reported. What a leaf may be depends on
// its row: lists take one value as well, maps and lists may be empty. Returns 0 or -ENOMEM.
int yaml_set_leaf(struct yaml_load *l, struct config_entry *e, const yaml_node_t *node);
