// YAML to entries: walks a parsed document and the files it includes, keeps line numbers.
#include "ctl/config/yaml_load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	YAML_MAX_BYTES = 16 << 20,
	YAML_MAX_DEPTH = 16,  // sections within sections; also ends a YAML alias that contains itself
	YAML_MAX_INCLUDE = 8, // files within files
	KEY_MAX = 256,
};

static void note_ignored(struct yaml_load *l, struct config_entry *e, const yaml_node_t *node)
{
	size_t used = strlen(l->ignored);

	if (e->warned)
		return;
	e->warned = true;
	if (e->row.help[0]) {
		yaml_complain(l, CONFIG_WARNING, node, "\"%s\" has no effect here: %s", e->key, e->row.help);
		return;
	}
	l->ignored_count++;
	if (used < sizeof(l->ignored))
		snprintf(l->ignored + used, sizeof(l->ignored) - used, "%s%s", used ? ", " : "", e->key);
}

static int apply_entry(struct yaml_load *l, struct config_entry *e, const yaml_node_t *key, const yaml_node_t *value)
{
	char where[512];
	int rc;

	if (e->row.type == CONFIG_IGNORED) {
		note_ignored(l, e, key);
		return 0;
	}
	if (l->ordinal && e->set_by == l->ordinal) {
		yaml_complain(l, CONFIG_ERROR, key, "\"%s\" is set twice, first at %s", e->key, e->origin);
		return 0;
	}
	rc = yaml_set_leaf(l, e, value);
	if (rc == -ENOMEM)
		return rc;
	yaml_where(l, key, where, sizeof(where));
	return config_mark(e, where, l->ordinal);
}

// Names the first leaf of what is not known, so that the nearest key can be a whole key.
static void unknown(struct yaml_load *l, const yaml_node_t *at, const char *path, const yaml_node_t *value)
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
		used += (size_t)snprintf(key + used, sizeof(key) - used, ".%s", yaml_text(name));
		value = yaml_document_get_node(l->doc, first->value);
	}
	near = config_nearest(l->c, key);
	if (near)
		yaml_complain(l, CONFIG_ERROR, at, "unknown key \"%s\"; nearest known key: \"%s\"", key, near);
	else
		yaml_complain(l, CONFIG_ERROR, at, "unknown key \"%s\"; tocsin --dump-config prints every key", key);
}

static int load_include(struct yaml_load *l, const yaml_node_t *node, const char *prefix);

static int load_mapping(struct yaml_load *l, const yaml_node_t *map, const char *prefix, unsigned int depth);

static int load_pair(
	struct yaml_load *l, const yaml_node_t *key, const yaml_node_t *value, const char *prefix, unsigned int depth)
{
	struct config_entry *e;
	char path[KEY_MAX];
	int n;

	if (key->type != YAML_SCALAR_NODE || yaml_has_nul(key)) {
		yaml_complain(l, CONFIG_ERROR, key, "a key was expected");
		return 0;
	}
	if (strcmp(yaml_text(key), "include") == 0)
		return load_include(l, value, prefix);
	n = snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] ? "." : "", yaml_text(key));
	if (n < 0 || (size_t)n >= sizeof(path)) {
		yaml_complain(l, CONFIG_ERROR, key, "the key \"%.40s...\" is too long", yaml_text(key));
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
	if (!yaml_is_null(value))
		yaml_complain(l, CONFIG_ERROR, key,
			"\"%s\" is a section: its keys stand below it, indented by two spaces", path);
	return 0;
}

static int load_mapping(struct yaml_load *l, const yaml_node_t *map, const char *prefix, unsigned int depth)
{
	int rc = 0;

	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; rc == 0 && p < map->data.mapping.pairs.top; p++)
		rc = load_pair(l, yaml_document_get_node(l->doc, p->key), yaml_document_get_node(l->doc, p->value),
			prefix, depth);
	return rc;
}

// libyaml's words, with the usual cause where its own are about the grammar.
static void report_syntax(struct yaml_load *l, const yaml_parser_t *p, const char *text)
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

static int load_document(struct yaml_load *l, const char *prefix, unsigned int depth)
{
	const yaml_node_t *root = yaml_document_get_root_node(l->doc);
	int rc;

	if (!root || yaml_is_null(root))
		return 0;
	if (root->type != YAML_MAPPING_NODE) {
		yaml_complain(l, CONFIG_ERROR, root, "expected \"key: value\" lines");
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
	struct yaml_load l = {.c = c, .name = name, .dir = dir, .ordinal = ++c->files, .include_depth = include_depth};
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
			yaml_complain(&l, CONFIG_ERROR, root, "a second YAML document begins here; a file holds one");
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

static int include_one(struct yaml_load *l, const yaml_node_t *node, const char *prefix)
{
	char path[4096], where[512];
	int rc;

	if (node->type != YAML_SCALAR_NODE || yaml_has_nul(node) || yaml_is_null(node)) {
		yaml_complain(l, CONFIG_ERROR, node, "include: a file name was expected");
		return 0;
	}
	if (!l->dir || l->include_depth + 1 > YAML_MAX_INCLUDE) {
		yaml_complain(l, CONFIG_ERROR, node, "include: %s",
			l->dir ? "files include each other too deeply" : "not allowed here");
		return 0;
	}
	snprintf(path, sizeof(path), "%s%s", yaml_text(node)[0] == '/' ? "" : l->dir, yaml_text(node));
	yaml_where(l, node, where, sizeof(where));
	rc = load_path(l->c, path, where, prefix, l->include_depth + 1);
	return rc == -ENOMEM ? rc : 0;
}

// `include: file`, or a list of them, at any level: the file's keys stand where the word stands.
static int load_include(struct yaml_load *l, const yaml_node_t *node, const char *prefix)
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
