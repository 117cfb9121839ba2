// --set key=value: one value over what the file said. Next: dump.c.
#include "ctl/config/config_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char ORIGIN[] = "--set";

// The entry that is an ancestor of key ("outputs" of "outputs.0.eve-log"), *rest: what follows its dot.
static struct config_entry *find_ancestor(const struct config *c, const char *key, size_t len, const char **rest)
{
	for (size_t i = len; i-- > 0;) {
		struct config_entry *e;

		if (key[i] != '.')
			continue;
		e = config_find(c, key, i);
		if (e) {
			*rest = key + i + 1;
			return e;
		}
	}
	return NULL;
}

static int set_ignored(struct config *c, const struct config_entry *e, const char *key, size_t len)
{
	config_report(c, CONFIG_WARNING, ORIGIN, "\"%.*s\" has no effect here%s%s", (int)len, key,
		e->row.help[0] ? ": " : "", e->row.help);
	return 0;
}

// "rule-files.1=b": replaces item 1, or appends where that is the next one.
static int set_item(struct config *c, struct config_entry *e, const char *index, size_t index_len, const char *value)
{
	struct config_list *list = e->field;
	const char **items;
	char *end;
	unsigned long i = strtoul(index, &end, 10);
	size_t count = i < list->count ? list->count : list->count + 1;
	int rc;

	if (end == index || end != index + index_len || i > list->count) {
		config_report(c, CONFIG_ERROR, ORIGIN, "%s has %zu item%s: \"%.*s\" is none of them", e->key,
			list->count, list->count == 1 ? "" : "s", (int)index_len, index);
		return -EINVAL;
	}
	items = calloc(count, sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (size_t k = 0; k < list->count; k++)
		items[k] = list->items[k];
	items[i] = value;
	rc = value_set_list(list, items, count);
	free(items);
	return rc ? rc : config_mark(e, ORIGIN, 0);
}

static int set_pair(struct config_entry *e, const char *name, size_t name_len, const char *value)
{
	char *copy = strndup(name, name_len);
	int rc = copy ? value_map_put(e->field, copy, value) : -ENOMEM;

	free(copy);
	return rc ? rc : config_mark(e, ORIGIN, 0);
}

static int set_whole(struct config *c, struct config_entry *e, const char *value)
{
	char err[512];
	int rc = value_set(&e->row, e->field, value, err, sizeof(err));

	if (rc) {
		if (e->row.type == CONFIG_MAP)
			config_report(c, CONFIG_ERROR, ORIGIN, "%s is a map: set one of its names, as in %s.NAME=%.40s",
				e->key, e->key, value);
		else
			config_report(c, CONFIG_ERROR, ORIGIN, "%s: %s", e->key, err);
		return -EINVAL;
	}
	return config_mark(e, ORIGIN, 0);
}

static int set_unknown(struct config *c, const char *key, size_t len)
{
	char name[256];
	const char *near;

	snprintf(name, sizeof(name), "%.*s", (int)len, key);
	near = config_nearest(c, name);
	if (config_is_section(c, name))
		config_report(c, CONFIG_ERROR, ORIGIN, "\"%s\" is a section; name one of its keys", name);
	else if (near)
		config_report(c, CONFIG_ERROR, ORIGIN, "unknown key \"%s\"; nearest known key: \"%s\"", name, near);
	else
		config_report(
			c, CONFIG_ERROR, ORIGIN, "unknown key \"%s\"; tocsin --dump-config prints every key", name);
	return -EINVAL;
}

int config_set(struct config *c, const char *key_value)
{
	const char *eq = strchr(key_value, '='), *rest = NULL;
	struct config_entry *e;
	size_t len, rest_len;

	if (!eq || eq == key_value) {
		config_report(c, CONFIG_ERROR, ORIGIN, "\"%.80s\": expected key=value, as in stream.midstream=yes",
			key_value);
		return -EINVAL;
	}
	len = (size_t)(eq - key_value);
	e = config_find(c, key_value, len);
	if (e)
		return e->row.type == CONFIG_IGNORED ? set_ignored(c, e, key_value, len) : set_whole(c, e, eq + 1);
	e = find_ancestor(c, key_value, len, &rest);
	rest_len = rest ? (size_t)(eq - rest) : 0;
	if (e && e->row.type == CONFIG_IGNORED)
		return set_ignored(c, e, key_value, len);
	if (e && e->row.type == CONFIG_MAP && rest_len)
		return set_pair(e, rest, rest_len, eq + 1);
	if (e && e->row.type == CONFIG_LIST && rest_len)
		return set_item(c, e, rest, rest_len, eq + 1);
	return set_unknown(c, key_value, len);
}
