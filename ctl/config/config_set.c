// --set key=value: one value over what the file said. Next: dump.c.
#include "ctl/config/config_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static int set_ignored(struct config *c, const char *origin, const struct config_entry *e, const char *key)
{
	config_report(c, CONFIG_WARNING, origin, "\"%s\" has no effect here%s%s", key, e->row.help[0] ? ": " : "",
		e->row.help);
	return 0;
}

// "rule-files.1=b": replaces item 1, or appends where that is the next one.
static int set_item(struct config *c, const char *origin, struct config_entry *e, const char *index, const char *value)
{
	struct config_list *list = e->field;
	const char **items;
	char *end;
	unsigned long i = strtoul(index, &end, 10);
	size_t count = i < list->count ? list->count : list->count + 1;
	int rc;

	if (end == index || *end || i > list->count) {
		config_report(c, CONFIG_ERROR, origin, "%s has %zu item%s: \"%s\" is none of them", e->key, list->count,
			list->count == 1 ? "" : "s", index);
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
	return rc ? rc : config_mark(e, origin, 0);
}

static int set_whole(struct config *c, const char *origin, struct config_entry *e, const char *value)
{
	char err[512];
	int rc;

	if (e->row.type == CONFIG_MAP) {
		config_report(c, CONFIG_ERROR, origin, "%s is a map: set one of its names, as in %s.NAME=%.40s", e->key,
			e->key, value);
		return -EINVAL;
	}
	rc = value_set(&e->row, e->field, value, err, sizeof(err));
	if (rc) {
		config_report(c, CONFIG_ERROR, origin, "%s: %s", e->key, err);
		return -EINVAL;
	}
	return config_mark(e, origin, 0);
}

static int set_unknown(struct config *c, const char *origin, const char *key)
{
	const char *near = config_nearest(c, key);

	if (config_is_section(c, key))
		config_report(c, CONFIG_ERROR, origin, "\"%s\" is a section; name one of its keys", key);
	else if (near)
		config_report(c, CONFIG_ERROR, origin, "unknown key \"%s\"; nearest known key: \"%s\"", key, near);
	else
		config_report(
			c, CONFIG_ERROR, origin, "unknown key \"%s\"; tocsin --dump-config prints every key", key);
	return -EINVAL;
}

int config_set_value(struct config *c, const char *origin, const char *key, const char *value)
{
	struct config_entry *e = config_find(c, key, strlen(key));
	const char *rest = NULL;
	int rc;

	if (e)
		return e->row.type == CONFIG_IGNORED ? set_ignored(c, origin, e, key) : set_whole(c, origin, e, value);
	e = find_ancestor(c, key, strlen(key), &rest);
	if (e && e->row.type == CONFIG_IGNORED)
		return set_ignored(c, origin, e, key);
	if (e && e->row.type == CONFIG_LIST && *rest)
		return set_item(c, origin, e, rest, value);
	if (!e || e->row.type != CONFIG_MAP || !*rest)
		return set_unknown(c, origin, key);
	rc = value_map_put(e->field, rest, value);
	return rc ? rc : config_mark(e, origin, 0);
}

int config_set(struct config *c, const char *key_value)
{
	const char *eq = strchr(key_value, '=');
	char key[256];

	if (!eq || eq == key_value || (size_t)(eq - key_value) >= sizeof(key)) {
		config_report(c, CONFIG_ERROR, "--set", "\"%.80s\": expected key=value, as in stream.midstream=yes",
			key_value);
		return -EINVAL;
	}
	memcpy(key, key_value, (size_t)(eq - key_value));
	key[eq - key_value] = '\0';
	return config_set_value(c, "--set", key, eq + 1);
}
