// One leaf of a YAML document held against its row: a scalar, a list or a map. Next: config_set.c.
#include "ctl/config/yaml_load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void yaml_where(const struct yaml_load *l, const yaml_node_t *node, char *buf, size_t size)
{
	snprintf(buf, size, "%s:%zu", l->name, node->start_mark.line + 1);
}

void yaml_complain(struct yaml_load *l, enum config_level level, const yaml_node_t *node, const char *fmt, ...)
{
	char where[512], text[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	yaml_where(l, node, where, sizeof(where));
	config_report(l->c, level, where, "%s", text);
}

const char *yaml_text(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

bool yaml_is_null(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (node->data.scalar.length == 0 || strcmp(yaml_text(node), "~") == 0 ||
		       strcmp(yaml_text(node), "null") == 0);
}

bool yaml_has_nul(const yaml_node_t *node)
{
	return strlen(yaml_text(node)) != node->data.scalar.length;
}

// A sequence as text "[a,b]", for variables that were written without quotes. Returns false when it is not flat or too
// long.
static bool sequence_text(const struct yaml_load *l, const yaml_node_t *node, char *buf, size_t size)
{
	size_t used = (size_t)snprintf(buf, size, "[");

	for (yaml_node_item_t *it = node->data.sequence.items.start; it < node->data.sequence.items.top; it++) {
		const yaml_node_t *item = yaml_document_get_node(l->doc, *it);

		if (item->type != YAML_SCALAR_NODE || used >= size)
			return false;
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used > 1 ? "," : "", yaml_text(item));
	}
	if (used + 1 >= size)
		return false;
	snprintf(buf + used, size - used, "]");
	return true;
}

static int set_list(struct yaml_load *l, struct config_entry *e, const yaml_node_t *node)
{
	size_t n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start), kept = 0;
	const char **items = calloc(n ? n : 1, sizeof(*items));
	int rc;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const yaml_node_t *item = yaml_document_get_node(l->doc, node->data.sequence.items.start[i]);

		if (item->type != YAML_SCALAR_NODE || yaml_has_nul(item)) {
			yaml_complain(l, CONFIG_ERROR, item, "%s: a list of plain values was expected", e->key);
			free(items);
			return -EINVAL;
		}
		items[kept++] = yaml_text(item);
	}
	rc = value_set_list(e->field, items, kept);
	free(items);
	return rc;
}

static int put_pair(struct yaml_load *l, struct config_entry *e, const yaml_node_t *name, const yaml_node_t *value)
{
	char text[8192];

	if (name->type != YAML_SCALAR_NODE || yaml_has_nul(name)) {
		yaml_complain(l, CONFIG_ERROR, name, "%s: a name was expected", e->key);
		return -EINVAL;
	}
	if (value->type == YAML_SCALAR_NODE && !yaml_has_nul(value) && !yaml_is_null(value))
		return value_map_put(e->field, yaml_text(name), yaml_text(value));
	if (value->type == YAML_SEQUENCE_NODE && sequence_text(l, value, text, sizeof(text)))
		return value_map_put(e->field, yaml_text(name), text);
	yaml_complain(l, CONFIG_ERROR, name, "%s.%s: a value was expected, such as \"[192.0.2.0/24,!192.0.2.1]\"",
		e->key, yaml_text(name));
	return -EINVAL;
}

// The earlier pair of the same mapping with the same name, or NULL.
static const yaml_node_t *earlier_name(const struct yaml_load *l, const yaml_node_t *map, const yaml_node_pair_t *pair)
{
	const yaml_node_t *name = yaml_document_get_node(l->doc, pair->key);

	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair; p++) {
		const yaml_node_t *other = yaml_document_get_node(l->doc, p->key);

		if (name->type == YAML_SCALAR_NODE && other->type == YAML_SCALAR_NODE &&
			strcmp(yaml_text(name), yaml_text(other)) == 0)
			return other;
	}
	return NULL;
}

static int set_map(struct yaml_load *l, struct config_entry *e, const yaml_node_t *node)
{
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		const yaml_node_t *name = yaml_document_get_node(l->doc, p->key);
		const yaml_node_t *first = earlier_name(l, node, p);

		if (first)
			yaml_complain(l, CONFIG_ERROR, name, "\"%s.%s\" is set twice, first on line %zu", e->key,
				yaml_text(name), first->start_mark.line + 1);
		else if (put_pair(l, e, name, yaml_document_get_node(l->doc, p->value)) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

static int set_scalar(struct yaml_load *l, struct config_entry *e, const yaml_node_t *node)
{
	char err[512];
	int rc;

	if (node->type != YAML_SCALAR_NODE || yaml_has_nul(node)) {
		yaml_complain(l, CONFIG_ERROR, node, "%s: one value was expected (%s), not a list or a section", e->key,
			value_type_name(&e->row));
		return -EINVAL;
	}
	rc = value_set(&e->row, e->field, yaml_is_null(node) ? "" : yaml_text(node), err, sizeof(err));
	if (rc)
		yaml_complain(l, CONFIG_ERROR, node, "%s: %s", e->key, err);
	return rc;
}

int yaml_set_leaf(struct yaml_load *l, struct config_entry *e, const yaml_node_t *node)
{
	bool many = e->row.type == CONFIG_LIST || e->row.type == CONFIG_MAP;

	if (many && yaml_is_null(node))
		return 0;
	if (e->row.type == CONFIG_LIST && node->type == YAML_SEQUENCE_NODE)
		return set_list(l, e, node);
	if (e->row.type == CONFIG_MAP && node->type == YAML_MAPPING_NODE)
		return set_map(l, e, node);
	if (e->row.type == CONFIG_MAP) {
		yaml_complain(l, CONFIG_ERROR, node, "%s: expected names and values, one a line", e->key);
		return -EINVAL;
	}
	return set_scalar(l, e, node);
}

static void swallow(void *ctx, enum config_level level, const char *line)
{
}

int config_apply_yaml(struct config_entry *e, const char *text)
{
	struct config silent = {.report = swallow};
	struct yaml_load l = {.c = &silent, .name = "default"};
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
			rc = yaml_set_leaf(&l, e, root);
		if (rc == 0 && silent.errors)
			rc = -EINVAL;
		yaml_document_delete(&doc);
	}
	yaml_parser_delete(&parser);
	return rc;
}
