// YAML to entries: walks a parsed document, holds each leaf against its row, keeps line numbers.
// Next: config_set.c.
#include "ctl/config/config_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

enum {
	YAML_MAX_BYTES = 16 << 20,
	YAML_MAX_DEPTH = 16,  // sections within sections; also ends a YAML alias that contains itself
	YAML_MAX_INCLUDE = 8, // files within files
	KEY_MAX = 256,
};

struct load {
	struct config *c;
	yaml_document_t *doc;
	const char *name;     // of the file, for messages
	const char *dir;      // includes are relative to it; NULL: none allowed
	unsigned int ordinal; // of this file
	unsigned int include_depth;
	char ignored[512]; // keys that have no effect here, for one warning at the end
	size_t ignored_count;
};

static void where_of(const struct load *l, const yaml_node_t *node, char *buf, size_t size)
{
	snprintf(buf, size, "%s:%zu", l->name, node->start_mark.line + 1);
}

__attribute__((format(printf, 4, 5))) static void complain(
	struct load *l, enum config_level level, const yaml_node_t *node, const char *fmt, ...)
{
	char where[512], text[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	where_of(l, node, where, sizeof(where));
	config_report(l->c, level, where, "%s", text);
}

static const char *scalar(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

// "key:" with nothing behind it, or "~".
static bool is_null(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (node->data.scalar.length == 0 || strcmp(scalar(node), "~") == 0 || strcmp(scalar(node), "null") == 0);
}

static bool has_nul(const yaml_node_t *node)
{
	return strlen(scalar(node)) != node->data.scalar.length;
}

// A sequence as text "[a,b]", for variables that were written without quotes. Returns false when it is not flat or too
// long.
static bool sequence_text(const struct load *l, const yaml_node_t *node, char *buf, size_t size)
{
	size_t used = (size_t)snprintf(buf, size, "[");

	for (yaml_node_item_t *it = node->data.sequence.items.start; it < node->data.sequence.items.top; it++) {
		const yaml_node_t *item = yaml_document_get_node(l->doc, *it);

		if (item->type != YAML_SCALAR_NODE || used >= size)
			return false;
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used > 1 ? "," : "", scalar(item));
	}
	if (used + 1 >= size)
		return false;
	snprintf(buf + used, size - used, "]");
	return true;
}

static int set_list(struct load *l, struct config_entry *e, const yaml_node_t *node)
{
	size_t n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start), kept = 0;
	const char **items = calloc(n ? n : 1, sizeof(*items));
	int rc;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const yaml_node_t *item = yaml_document_get_node(l->doc, node->data.sequence.items.start[i]);

		if (item->type != YAML_SCALAR_NODE || has_nul(item)) {
			complain(l, CONFIG_ERROR, item, "%s: a list of plain values was expected", e->key);
			free(items);
			return -EINVAL;
		}
		items[kept++] = scalar(item);
	}
	rc = value_set_list(e->field, items, kept);
	free(items);
	return rc;
}

static int put_pair(struct load *l, struct config_entry *e, const yaml_node_t *name, const yaml_node_t *value)
{
	char text[8192];

	if (name->type != YAML_SCALAR_NODE || has_nul(name)) {
		complain(l, CONFIG_ERROR, name, "%s: a name was expected", e->key);
		return -EINVAL;
	}
	if (value->type == YAML_SCALAR_NODE && !has_nul(value) && !is_null(value))
		return value_map_put(e->field, scalar(name), scalar(value));
	if (value->type == YAML_SEQUENCE_NODE && sequence_text(l, value, text, sizeof(text)))
		return value_map_put(e->field, scalar(name), text);
	complain(l, CONFIG_ERROR, name, "%s.%s: a value was expected, such as \"[192.0.2.0/24,!192.0.2.1]\"", e->key,
		scalar(name));
	return -EINVAL;
}

// The earlier pair of the same mapping with the same name, or NULL.
static const yaml_node_t *earlier_name(const struct load *l, const yaml_node_t *map, const yaml_node_pair_t *pair)
{
	const yaml_node_t *name = yaml_document_get_node(l->doc, pair->key);

	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair; p++) {
		const yaml_node_t *other = yaml_document_get_node(l->doc, p->key);

		if (name->type == YAML_SCALAR_NODE && other->type == YAML_SCALAR_NODE &&
			strcmp(scalar(name), scalar(other)) == 0)
			return other;
	}
	return NULL;
}

static int set_map(struct load *l, struct config_entry *e, const yaml_node_t *node)
{
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		const yaml_node_t *name = yaml_document_get_node(l->doc, p->key);
		const yaml_node_t *first = earlier_name(l, node, p);

		if (first)
			complain(l, CONFIG_ERROR, name, "\"%s.%s\" is set twice, first on line %zu", e->key,
				scalar(name), first->start_mark.line + 1);
		else if (put_pair(l, e, name, yaml_document_get_node(l->doc, p->value)) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

static int set_scalar(struct load *l, struct config_entry *e, const yaml_node_t *node)
{
	char err[512];
	int rc;

	if (node->type != YAML_SCALAR_NODE || has_nul(node)) {
		complain(l, CONFIG_ERROR, node, "%s: one value was expected (%s), not a list or a section", e->key,
			value_type_name(&e->row));
		return -EINVAL;
	}
	rc = value_set(&e->row, e->field, is_null(node) ? "" : scalar(node), err, sizeof(err));
	if (rc)
		complain(l, CONFIG_ERROR, node, "%s: %s", e->key, err);
	return rc;
}

// What a leaf may be depends on its row: lists take one value as well, maps and lists may be empty.
static int set_leaf(struct load *l, struct config_entry *e, const yaml_node_t *node)
{
	bool many = e->row.type == CONFIG_LIST || e->row.type == CONFIG_MAP;

	if (many && is_null(node))
		return 0;
	if (e->row.type == CONFIG_LIST && node->type == YAML_SEQUENCE_NODE)
		return set_list(l, e, node);
	if (e->row.type == CONFIG_MAP && node->type == YAML_MAPPING_NODE)
		return set_map(l, e, node);
	if (e->row.type == CONFIG_MAP) {
		complain(l, CONFIG_ERROR, node, "%s: expected names and values, one a line", e->key);
		return -EINVAL;
	}
	return set_scalar(l, e, node);
}

static void note_ignored(struct load *l, struct config_entry *e, const yaml_node_t *node)
{
	size_t used = strlen(l->ignored);

	if (e->warned)
		return;
	e->warned = true;
	if (e->row.help[0]) {
		complain(l, CONFIG_WARNING, node, "\"%s\" has no effect here: %s", e->key, e->row.help);
		return;
	}
	l->ignored_count++;
	if (used < sizeof(l->ignored))
		snprintf(l->ignored + used, sizeof(l->ignored) - used, "%s%s", used ? ", " : "", e->key);
}

static int apply_entry(struct load *l, struct config_entry *e, const yaml_node_t *key, const yaml_node_t *value)
{
	char where[512];
	int rc;

	if (e->row.type == CONFIG_IGNORED) {
		note_ignored(l, e, key);
		return 0;
	}
	if (l->ordinal && e->set_by == l->ordinal) {
		complain(l, CONFIG_ERROR, key, "\"%s\" is set twice, first at %s", e->key, e->origin);
		return 0;
	}
	rc = set_leaf(l, e, value);
	if (rc == -ENOMEM)
		return rc;
	where_of(l, key, where, sizeof(where));
	return config_mark(e, where, l->ordinal);
}

// Names the first leaf of what is not known, so that the nearest key can be a whole key.
static void unknown(struct load *l, const yaml_node_t *at, const char *path, const yaml_node_t *value)
{
	char key[KEY_MAX];
	const char *near;
	size_t used = (size_t)snprintf(key, sizeof(key), "%s", path);

	for (int depth = 0; depth < YAML_MAX_DEPTH && used < sizeof(key) && value->type == YAML_MAPPING_NODE; depth++) {
		yaml_node_pair_t *first = value->data.mapping.pairs.start;
		const yaml_node_t *name;

		if (first == value->data.mapping.pairs.top)
			break;
		name = yaml_document_get_node(l->doc, first->key);
		if (name->type != YAML_SCALAR_NODE)
			break;
		used += (size_t)snprintf(key + used, sizeof(key) - used, ".%s", scalar(name));
		value = yaml_document_get_node(l->doc, first->value);
	}
	near = config_nearest(l->c, key);
	if (near)
		complain(l, CONFIG_ERROR, at, "unknown key \"%s\"; nearest known key: \"%s\"", key, near);
	else
		complain(l, CONFIG_ERROR, at, "unknown key \"%s\"; tocsin --dump-config prints every key", key);
}

static int load_include(struct load *l, const yaml_node_t *node, const char *prefix);

static int load_mapping(struct load *l, const yaml_node_t *map, const char *prefix, unsigned int depth);

static int load_pair(
	struct load *l, const yaml_node_t *key, const yaml_node_t *value, const char *prefix, unsigned int depth)
{
	struct config_entry *e;
	char path[KEY_MAX];
	int n;

	if (key->type != YAML_SCALAR_NODE || has_nul(key)) {
		complain(l, CONFIG_ERROR, key, "a key was expected");
		return 0;
	}
	if (strcmp(scalar(key), "include") == 0)
		return load_include(l, value, prefix);
	n = snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] ? "." : "", scalar(key));
	if (n < 0 || (size_t)n >= sizeof(path)) {
		complain(l, CONFIG_ERROR, key, "the key \"%.40s...\" is too long", scalar(key));
		return 0;
	}
	e = config_find(l->c, path, (size_t)n);
	if (e)
		return apply_entry(l, e, key, value);
	if (!config_is_section(l->c, path)) {
		unknown(l, key, path, value);
		return 0;
	}
	if (value->type == YAML_MAPPING_NODE && depth < YAML_MAX_DEPTH)
		return load_mapping(l, value, path, depth + 1);
	if (!is_null(value))
		complain(l, CONFIG_ERROR, key, "\"%s\" is a section: its keys stand below it, indented by two spaces",
			path);
	return 0;
}

static int load_mapping(struct load *l, const yaml_node_t *map, const char *prefix, unsigned int depth)
{
	int rc = 0;

	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; rc == 0 && p < map->data.mapping.pairs.top; p++)
		rc = load_pair(l, yaml_document_get_node(l->doc, p->key), yaml_document_get_node(l->doc, p->value),
			prefix, depth);
	return rc;
}

// libyaml's words, with the usual cause where its own are about the grammar.
static void report_syntax(struct load *l, const yaml_parser_t *p, const char *text)
{
	size_t line = p->problem_mark.line;
	const char *start = text;
	char where[512];

	for (size_t i = 0; i < line && start; i++) {
		start = strchr(start, '\n');
		start = start ? start + 1 : NULL;
	}
	snprintf(where, sizeof(where), "%s:%zu", l->name, line + 1);
	if (p->error == YAML_READER_ERROR)
		config_report(l->c, CONFIG_ERROR, l->name, "not a text file in UTF-8 (byte %zu: %s)", p->problem_offset,
			p->problem);
	else if (start && start[strspn(start, " ")] == '\t')
		config_report(l->c, CONFIG_ERROR, where, "a tab in the indentation; YAML wants spaces");
	else
		config_report(l->c, CONFIG_ERROR, where, "not valid YAML: %s%s%s", p->problem ? p->problem : "",
			p->context ? " " : "", p->context ? p->context : "");
}

static int load_document(struct load *l, const char *prefix, unsigned int depth)
{
	const yaml_node_t *root = yaml_document_get_root_node(l->doc);
	int rc;

	if (!root || is_null(root))
		return 0;
	if (root->type != YAML_MAPPING_NODE) {
		complain(l, CONFIG_ERROR, root, "expected \"key: value\" lines");
		return 0;
	}
	rc = load_mapping(l, root, prefix, depth);
	if (l->ignored_count)
		config_report(l->c, CONFIG_WARNING, l->name, "%zu key%s of Suricata without effect here: %s%s",
			l->ignored_count, l->ignored_count > 1 ? "s" : "", l->ignored,
			strlen(l->ignored) + 1 >= sizeof(l->ignored) ? "..." : "");
	return rc;
}

static int load_text(struct config *c, const char *name, const char *dir, const char *text, size_t len,
	const char *prefix, unsigned int include_depth)
{
	struct load l = {.c = c, .name = name, .dir = dir, .ordinal = ++c->files, .include_depth = include_depth};
	unsigned int before = c->errors;
	yaml_parser_t parser;
	yaml_document_t doc, extra;
	int rc;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &doc)) {
		report_syntax(&l, &parser, text);
		yaml_parser_delete(&parser);
		return -EINVAL;
	}
	l.doc = &doc;
	rc = load_document(&l, prefix, 0);
	if (rc == 0 && yaml_parser_load(&parser, &extra)) {
		const yaml_node_t *root = yaml_document_get_root_node(&extra);

		if (root)
			complain(&l, CONFIG_ERROR, root, "a second YAML document begins here; a file holds one");
		yaml_document_delete(&extra);
	} else if (rc == 0) {
		report_syntax(&l, &parser, text);
	}
	yaml_document_delete(&doc);
	yaml_parser_delete(&parser);
	return rc ? rc : c->errors > before ? -EINVAL : 0;
}

// Reads a whole regular file or pipe; *out is NUL-terminated and the caller's. Returns 0 or -errno.
static int read_file(const char *path, char **out, size_t *len)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	char *buf;
	int rc = 0;

	if (!f)
		return -errno;
	buf = malloc(YAML_MAX_BYTES + 1);
	if (!buf)
		rc = -ENOMEM;
	else if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode))
		rc = -EISDIR;
	if (rc == 0) {
		*len = fread(buf, 1, YAML_MAX_BYTES + 1, f);
		if (ferror(f))
			rc = -EIO;
		else if (*len > YAML_MAX_BYTES)
			rc = -EFBIG;
	}
	fclose(f);
	if (rc) {
		free(buf);
		return rc;
	}
	buf[*len] = '\0';
	*out = buf;
	return 0;
}

static int load_path(
	struct config *c, const char *path, const char *said_at, const char *prefix, unsigned int include_depth)
{
	char *text = NULL, dir[4096];
	const char *slash = strrchr(path, '/');
	size_t len = 0;
	int rc = read_file(path, &text, &len);

	if (rc) {
		config_report(c, CONFIG_ERROR, said_at, "%s: cannot read the configuration: %s", path, strerror(-rc));
		return rc;
	}
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path + 1) : 0, path);
	rc = load_text(c, path, dir, text, len, prefix, include_depth);
	free(text);
	return rc;
}

static int include_one(struct load *l, const yaml_node_t *node, const char *prefix)
{
	char path[4096], where[512];
	int rc;

	if (node->type != YAML_SCALAR_NODE || has_nul(node) || is_null(node)) {
		complain(l, CONFIG_ERROR, node, "include: a file name was expected");
		return 0;
	}
	if (!l->dir || l->include_depth + 1 > YAML_MAX_INCLUDE) {
		complain(l, CONFIG_ERROR, node, "include: %s",
			l->dir ? "files include each other too deeply" : "not allowed here");
		return 0;
	}
	snprintf(path, sizeof(path), "%s%s", scalar(node)[0] == '/' ? "" : l->dir, scalar(node));
	where_of(l, node, where, sizeof(where));
	rc = load_path(l->c, path, where, prefix, l->include_depth + 1);
	return rc == -ENOMEM ? rc : 0;
}

// `include: file`, or a list of them, at any level: the file's keys stand where the word stands.
static int load_include(struct load *l, const yaml_node_t *node, const char *prefix)
{
	int rc = 0;

	if (node->type != YAML_SEQUENCE_NODE)
		return include_one(l, node, prefix);
	for (yaml_node_item_t *it = node->data.sequence.items.start; rc == 0 && it < node->data.sequence.items.top;
		it++)
		rc = include_one(l, yaml_document_get_node(l->doc, *it), prefix);
	return rc;
}

int config_load_file(struct config *c, const char *path)
{
	return load_path(c, path, "", "", 0);
}

int config_load_string(struct config *c, const char *name, const char *dir, const char *text, size_t len)
{
	return load_text(c, name, dir, text, len, "", 0);
}

static void swallow(void *ctx, enum config_level level, const char *line)
{
}

int config_apply_yaml(struct config_entry *e, const char *text)
{
	struct config silent = {.report = swallow};
	struct load l = {.c = &silent, .name = "default"};
	yaml_parser_t parser;
	yaml_document_t doc;
	int rc = -EINVAL;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
	if (yaml_parser_load(&parser, &doc)) {
		const yaml_node_t *root = yaml_document_get_root_node(&doc);

		l.doc = &doc;
		if (root)
			rc = set_leaf(&l, e, root);
		if (rc == 0 && silent.errors)
			rc = -EINVAL;
		yaml_document_delete(&doc);
	}
	yaml_parser_delete(&parser);
	return rc;
}
