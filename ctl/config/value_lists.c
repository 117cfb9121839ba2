// Lists of text and maps of names, owned by the loader. Next: schema.c.
#include "ctl/config/config_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void list_clear(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct config_list){0};
}

static void map_clear(struct config_map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		free(map->pairs[i].name);
		free(map->pairs[i].value);
	}
	free(map->pairs);
	*map = (struct config_map){0};
}

static int list_push(struct config_list *list, const char *text, size_t len)
{
	char **items = realloc(list->items, (list->count + 1) * sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->count] = strndup(text, len);
	return items[list->count] ? (list->count++, 0) : -ENOMEM;
}

int value_set_list(struct config_list *list, const char *const *items, size_t count)
{
	struct config_list fresh = {0};

	for (size_t i = 0; i < count; i++) {
		if (list_push(&fresh, items[i], strlen(items[i]))) {
			list_clear(&fresh);
			return -ENOMEM;
		}
	}
	list_clear(list);
	*list = fresh;
	return 0;
}

int value_split_words(struct config_list *list, const char *text)
{
	static const char blank[] = " \t\r\n";
	struct config_list fresh = {0};

	for (text += strspn(text, blank); *text; text += strspn(text, blank)) {
		size_t len = strcspn(text, blank);

		if (list_push(&fresh, text, len)) {
			list_clear(&fresh);
			return -ENOMEM;
		}
		text += len;
	}
	list_clear(list);
	*list = fresh;
	return 0;
}

// Commas inside brackets belong to the item: "[a,[b,c]]" has two.
int value_split_list(struct config_list *list, const char *text)
{
	struct config_list fresh = {0};
	size_t end = strlen(text), start = 0;
	int depth = 0;

	if (end >= 2 && text[0] == '[' && text[end - 1] == ']') {
		start = 1;
		end--;
	}
	for (size_t i = start; i <= end; i++) {
		size_t from = start, to = i;

		if (i < end && text[i] == '[')
			depth++;
		else if (i < end && text[i] == ']')
			depth--;
		if (i < end && (text[i] != ',' || depth > 0))
			continue;
		while (from < to && isspace((unsigned char)text[from]))
			from++;
		while (to > from && isspace((unsigned char)text[to - 1]))
			to--;
		if (to > from && list_push(&fresh, text + from, to - from)) {
			list_clear(&fresh);
			return -ENOMEM;
		}
		start = i + 1;
	}
	list_clear(list);
	*list = fresh;
	return 0;
}

int value_map_put(struct config_map *map, const char *name, const char *value)
{
	struct config_pair *pairs;
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->pairs[i].name, name) == 0) {
			free(map->pairs[i].value);
			map->pairs[i].value = copy;
			return 0;
		}
	}
	pairs = realloc(map->pairs, (map->count + 1) * sizeof(*pairs));
	if (pairs) {
		map->pairs = pairs;
		pairs[map->count].name = strdup(name);
		pairs[map->count].value = copy;
		if (pairs[map->count].name) {
			map->count++;
			return 0;
		}
	}
	free(copy);
	return -ENOMEM;
}

void value_free(const struct config_row *row, void *field)
{
	switch (row->type) {
	case CONFIG_STRING:
		free(*(char **)field);
		*(char **)field = NULL;
		break;
	case CONFIG_LIST:
		list_clear(field);
		break;
	case CONFIG_MAP:
		map_clear(field);
		break;
	default:
		break;
	}
}

const char *config_map_get(const struct config_map *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->pairs[i].name, name) == 0)
			return m->pairs[i].value;
	return NULL;
}
