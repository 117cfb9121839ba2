// See render.h.
#include "ctl/cli/render.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 256

static const char *text_of(json_t *v, char *out, size_t size)
{
	if (json_is_string(v))
		snprintf(out, size, "%s", json_string_value(v));
	else if (json_is_integer(v))
		snprintf(out, size, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		snprintf(out, size, "%.6g", json_real_value(v));
	else
		snprintf(out, size, "%s", json_is_true(v) ? "yes" : json_is_false(v) ? "no" : "-");
	for (char *p = out; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '.';
	return out;
}

static size_t wider(size_t width, const char *text)
{
	return strlen(text) > width ? strlen(text) : width;
}

struct column {
	const char *key;
	size_t width;
	bool right; // numbers
};

static void put_cell(const struct column *c, const char *text, bool last)
{
	if (c->right)
		printf("%*s%s", (int)c->width, text, last ? "\n" : "  ");
	else
		printf("%-*s%s", last ? 0 : (int)c->width, text, last ? "\n" : "  ");
}

// A row's name, then the columns of the first row in its order.
static void put_table(json_t *rows)
{
	struct column all[32] = {{.key = ""}};
	char text[TEXT_BYTES];
	const char *key, *name;
	size_t columns = 1;
	json_t *row, *v;

	json_object_foreach(json_object_iter_value(json_object_iter(rows)), key, v)
	{
		if (columns < sizeof(all) / sizeof(all[0]))
			all[columns++] = (struct column){key, strlen(key), json_is_number(v)};
	}
	json_object_foreach(rows, name, row)
	{
		all[0].width = wider(all[0].width, name);
		for (size_t c = 1; c < columns; c++)
			all[c].width =
				wider(all[c].width, text_of(json_object_get(row, all[c].key), text, sizeof(text)));
	}
	for (size_t c = 0; c < columns; c++)
		put_cell(&all[c], all[c].key, c + 1 == columns);
	json_object_foreach(rows, name, row)
	{
		put_cell(&all[0], name, columns == 1);
		for (size_t c = 1; c < columns; c++)
			put_cell(&all[c], text_of(json_object_get(row, all[c].key), text, sizeof(text)),
				c + 1 == columns);
	}
}

static void put_object(json_t *o, int indent)
{
	char text[TEXT_BYTES];
	size_t width = 0;
	const char *key;
	json_t *v;

	json_object_foreach(o, key, v) width = json_is_object(v) || json_is_array(v) ? width : wider(width, key);
	json_object_foreach(o, key, v)
	{
		if (json_is_object(v)) {
			printf("%*s%s\n", indent, "", key);
			put_object(v, indent + 2);
		} else if (!json_is_array(v)) {
			printf("%*s%-*s  %s\n", indent, "", (int)width, key, text_of(v, text, sizeof(text)));
		}
	}
}

// An object of objects is a table.
static bool is_table(json_t *value)
{
	const char *key;
	json_t *v;

	json_object_foreach(value, key, v)
	{
		if (!json_is_object(v))
			return false;
	}
	return json_object_size(value) > 0;
}

void render(json_t *value)
{
	char text[TEXT_BYTES];
	json_t *item;
	size_t i;

	if (is_table(value)) {
		put_table(value);
	} else if (json_object_size(value)) {
		put_object(value, 0);
	} else if (json_is_object(value) || !json_array_size(value)) {
		puts("none");
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, item) puts(text_of(item, text, sizeof(text)));
	} else {
		puts(text_of(value, text, sizeof(text)));
	}
}

void render_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
	putchar('\n');
}
