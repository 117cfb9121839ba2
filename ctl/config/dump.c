// The schema for people: tocsin.yaml with help (--dump-config), and Markdown for the documentation.
// Both come from the rows, so they cannot be out of date.
#include "ctl/config/config_internal.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { KEY_MAX = 256 };

// Text as YAML takes it back unchanged: plain where that is safe, else in double quotes.
static void put_text(FILE *out, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
	static const char *const words[] = {"yes", "no", "true", "false", "on", "off", "null", NULL};
	bool quote = !*s || strspn(s, plain) != strlen(s) || *s == '-';

	for (size_t i = 0; words[i] && !quote; i++)
		quote = strcasecmp(s, words[i]) == 0;
	if (!quote) {
		fputs(s, out);
		return;
	}
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(out, "\\x%02X", (unsigned int)*s);
		else
			fputc(*s, out);
	}
	fputc('"', out);
}

static void indent(FILE *out, unsigned int depth)
{
	fprintf(out, "%*s", (int)(depth * 2), "");
}

// "yes or no; default no", "duration, 1s to 1h; default 30s".
static void put_facts(FILE *out, const struct config_row *row)
{
	char range[256];

	value_range(row, range, sizeof(range));
	fputs(value_type_name(row), out);
	if (range[0])
		fprintf(out, row->type == CONFIG_ENUM ? ": %s" : ", %s", range);
	else if (row->unit[0])
		fprintf(out, " (%s)", row->unit);
	if (row->type != CONFIG_MAP && row->def && row->def[0])
		fprintf(out, "; default %s", row->def);
}

static void dump_value(FILE *out, const struct config_entry *e, unsigned int depth)
{
	const struct config_list *list = e->field;
	const struct config_map *map = e->field;
	char text[256];

	if (e->row.type == CONFIG_LIST) {
		fputs(list->count ? "\n" : " []\n", out);
		for (size_t i = 0; i < list->count; i++) {
			indent(out, depth + 1);
			fputs("- ", out);
			put_text(out, list->items[i]);
			fputc('\n', out);
		}
	} else if (e->row.type == CONFIG_MAP) {
		fputs(map->count ? "\n" : " {}\n", out);
		for (size_t i = 0; i < map->count; i++) {
			indent(out, depth + 1);
			put_text(out, map->pairs[i].name);
			fputs(": ", out);
			put_text(out, map->pairs[i].value);
			fputc('\n', out);
		}
	} else {
		fputc(' ', out);
		if (e->row.type == CONFIG_STRING) {
			put_text(out, *(char *const *)e->field);
		} else {
			value_format(&e->row, e->field, text, sizeof(text));
			fputs(text, out);
		}
		fputc('\n', out);
	}
}

static void dump_entry(FILE *out, const struct config_entry *e, const char *leaf, unsigned int depth)
{
	if (e->row.help[0]) {
		indent(out, depth);
		fprintf(out, "# %s\n", e->row.help);
	}
	indent(out, depth);
	fputs("# (", out);
	put_facts(out, &e->row);
	fputs(")\n", out);
	indent(out, depth);
	fprintf(out, "%s:", leaf);
	dump_value(out, e, depth);
}

// True when an earlier entry already brought this section up.
static bool section_seen(const struct config *c, size_t upto, const char *path, size_t len)
{
	for (size_t i = 0; i < upto; i++)
		if (c->entries[i].field && strncmp(c->entries[i].key, path, len) == 0 && c->entries[i].key[len] == '.')
			return true;
	return false;
}

// Prints every entry below path ("" or "a.b."), each section once, in the order keys were added. Depth is that of the
// schema's own keys, a handful.
static void dump_section(const struct config *c, FILE *out, const char *path, unsigned int depth)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < c->count; i++) {
		const struct config_entry *e = &c->entries[i];
		const char *leaf = e->key + len, *dot;
		char below[KEY_MAX];

		if (!e->field || strncmp(e->key, path, len) != 0)
			continue;
		dot = strchr(leaf, '.');
		if (!dot) {
			dump_entry(out, e, leaf, depth);
			continue;
		}
		if (section_seen(c, i, e->key, (size_t)(dot - e->key)))
			continue;
		if (depth == 0)
			fputc('\n', out);
		indent(out, depth);
		fprintf(out, "%.*s:\n", (int)(dot - leaf), leaf);
		snprintf(below, sizeof(below), "%.*s", (int)(dot - e->key + 1), e->key);
		dump_section(c, out, below, depth + 1);
	}
}

static int finish(FILE *out)
{
	return fflush(out) || ferror(out) ? -(errno ? errno : EIO) : 0;
}

int config_dump(const struct config *c, FILE *out)
{
	errno = 0;
	fputs("%YAML 1.1\n---\n", out);
	fputs("# Every key of tocsin.yaml with its present value. Sizes take kb, mb, gb (powers of 1024);\n", out);
	fputs("# durations take ns, us, ms, s, min, h, d. `include: other.yaml` works at any level.\n\n", out);
	dump_section(c, out, "", 0);
	return finish(out);
}

// A cell: the bar is Markdown's own.
static void put_cell(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '|')
			fputc('\\', out);
		fputc(*s, out);
	}
}

static void markdown_row(FILE *out, const struct config_entry *e)
{
	char range[256];

	value_range(&e->row, range, sizeof(range));
	fprintf(out, "| `%s` | %s | ", e->key, value_type_name(&e->row));
	put_cell(out, range[0] ? range : e->row.unit);
	fputs(" | ", out);
	if (e->row.type == CONFIG_MAP)
		fputs("see below", out);
	else if (e->row.def && e->row.def[0])
		fprintf(out, "`%s`", e->row.def);
	fputs(" | ", out);
	put_cell(out, e->row.help);
	fputs(" |\n", out);
}

static void markdown_maps(const struct config *c, FILE *out)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct config_map *map = c->entries[i].field;

		if (c->entries[i].row.type != CONFIG_MAP)
			continue;
		fprintf(out, "\n### Defaults of `%s`\n\n| name | value |\n|---|---|\n", c->entries[i].key);
		for (size_t k = 0; k < map->count; k++)
			fprintf(out, "| `%s` | `%s` |\n", map->pairs[k].name, map->pairs[k].value);
	}
}

// The heading a key stands under: its first word, or one for all keys that have only one.
static void section_of(const char *key, char *buf, size_t size)
{
	size_t len = strcspn(key, ".");

	if (key[len])
		snprintf(buf, size, "%.*s", (int)len, key);
	else
		snprintf(buf, size, "Keys without a section");
}

static void markdown_ignored(const struct config *c, FILE *out)
{
	fputs("\n## Keys of Suricata without effect\n\nAccepted with a warning, so that a configuration can be "
	      "pasted:\n\n",
		out);
	for (size_t i = 0; i < c->count; i++)
		if (c->entries[i].row.type == CONFIG_IGNORED)
			fprintf(out, "- `%s`%s%s\n", c->entries[i].key, c->entries[i].row.help[0] ? ": " : "",
				c->entries[i].row.help);
}

int config_markdown(const struct config *c, FILE *out)
{
	char section[KEY_MAX] = "", own[KEY_MAX];

	errno = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct config_entry *e = &c->entries[i];

		if (!e->field)
			continue;
		section_of(e->key, own, sizeof(own));
		if (strcmp(own, section) != 0) {
			snprintf(section, sizeof(section), "%s", own);
			fprintf(out, "\n## %s\n\n| key | type | range or unit | default | |\n|---|---|---|---|---|\n",
				own);
		}
		markdown_row(out, e);
	}
	markdown_maps(c, out);
	markdown_ignored(c, out);
	return finish(out);
}
