// The command line's table, its parser and its help. Next: options_apply.c.
#include "ctl/sensor/options.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/config/nearest.h"
#include "ctl/sensor/options_table.h"

static struct option_list *list_field(struct options *o, const struct option_row *row)
{
	return (struct option_list *)((char *)o + row->offset);
}

static int list_add(struct option_list *list, const char *value)
{
	const char **items = realloc(list->items, (list->count + 1) * sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->count++] = value;
	return 0;
}

// "-r/--..." as messages name an option.
static void option_name(const struct option_row *row, char *buf, size_t size)
{
	if (row->letter)
		snprintf(buf, size, "-%c", row->letter);
	else
		snprintf(buf, size, "--%s", row->name);
}

// The help action wins over all others, whatever the order.
static void set_action(struct options *o, int action)
{
	if (o->action != ACTION_HELP)
		o->action = (enum options_action)action;
}

// Stores one option. value: NULL for options without an argument.
static int apply_row(struct options *o, const struct option_row *row, const char *value, char *err, size_t err_size)
{
	char name[40];

	switch (row->kind) {
	case OPTION_LIST:
		return list_add(list_field(o, row), value);
	case OPTION_TEXT: {
		const char **field = (const char **)((char *)o + row->offset);

		if (*field && strcmp(*field, value) != 0) {
			option_name(row, name, sizeof(name));
			snprintf(err, err_size, "%s is given twice: %s and %s", name, *field, value);
			return -EINVAL;
		}
		*field = value;
		return 0;
	}
	case OPTION_FLAG:
		*(bool *)((char *)o + row->offset) = true;
		return 0;
	case OPTION_COUNT:
		++*(unsigned int *)((char *)o + row->offset);
		return 0;
	case OPTION_ACTION:
		set_action(o, row->action);
		return 0;
	}
	return -EINVAL;
}

static const struct option_row *find_letter(char letter)
{
	for (const struct option_row *r = option_rows; r->help; r++)
		if (r->letter == letter)
			return r;
	return NULL;
}

static const struct option_row *find_name(const char *name, size_t len)
{
	for (const struct option_row *r = option_rows; r->help; r++)
		if (r->name && strlen(r->name) == len && strncmp(r->name, name, len) == 0)
			return r;
	return NULL;
}

static int needs_value(const struct option_row *row, char *err, size_t err_size)
{
	char name[40];

	option_name(row, name, sizeof(name));
	snprintf(err, err_size, "%s needs an argument: %s %s (%s)", name, name, row->arg, row->help);
	return -EINVAL;
}

static int unknown_option(const char *arg, char *err, size_t err_size)
{
	size_t len = strcspn(arg, "=");
	char wanted[64], name[64];
	struct nearest n;

	for (const struct option_hint *h = option_hints; h->name; h++) {
		if (strlen(h->name) == len && strncmp(h->name, arg, len) == 0) {
			snprintf(err, err_size, "%s is an option of Suricata: %s", h->name, h->hint);
			return -EINVAL;
		}
	}
	snprintf(wanted, sizeof(wanted), "%.*s", (int)len, arg);
	nearest_begin(&n, wanted);
	for (const struct option_row *r = option_rows; r->help && arg[1] == '-'; r++) {
		if (!r->name)
			continue;
		snprintf(name, sizeof(name), "--%s", r->name);
		nearest_offer(&n, name);
		if (n.best == name)
			n.best = r->name;
	}
	if (nearest_found(&n))
		snprintf(err, err_size, "unknown option %s; nearest known option: --%s", wanted, n.best);
	else
		snprintf(err, err_size, "unknown option %s; tocsin --help lists all of them", wanted);
	return -EINVAL;
}

// Walks argv one option at a time.
struct walk {
	int argc, at;
	char **argv;
	char *err;
	size_t err_size;
};

static const char *next_value(struct walk *w)
{
	return w->at + 1 < w->argc ? w->argv[++w->at] : NULL;
}

static int parse_long(struct options *o, struct walk *w)
{
	const char *arg = w->argv[w->at], *eq = strchr(arg, '='), *value = NULL;
	size_t len = eq ? (size_t)(eq - arg) - 2 : strlen(arg) - 2;
	const struct option_row *row = find_name(arg + 2, len);

	if (!row)
		return unknown_option(arg, w->err, w->err_size);
	if (row->arg) {
		value = eq ? eq + 1 : next_value(w);
		if (!value || !*value)
			return needs_value(row, w->err, w->err_size);
	} else if (eq) {
		snprintf(w->err, w->err_size, "--%s takes no argument, \"%s\" was given", row->name, eq + 1);
		return -EINVAL;
	}
	return apply_row(o, row, value, w->err, w->err_size);
}

// "-vr file", "-rfile".
static int parse_letters(struct options *o, struct walk *w)
{
	const char *arg = w->argv[w->at];

	for (const char *p = arg + 1; *p; p++) {
		const struct option_row *row = find_letter(*p);
		const char *value = NULL;
		bool last = false;
		int rc;

		if (!row)
			return unknown_option((const char[]){'-', *p, '\0'}, w->err, w->err_size);
		if (row->arg) {
			value = p[1] ? p + 1 : next_value(w);
			last = true;
			if (!value || !*value)
				return needs_value(row, w->err, w->err_size);
		}
		rc = apply_row(o, row, value, w->err, w->err_size);
		if (rc || last)
			return rc;
	}
	return 0;
}

static int check_checksums(const struct options *o, char *err, size_t err_size)
{
	if (!o->checksums || strcmp(o->checksums, "none") == 0 || strcmp(o->checksums, "all") == 0)
		return 0;
	snprintf(err, err_size, "-k %s: expected none or all", o->checksums);
	return -EINVAL;
}

// What belongs together and what does not.
static int check_combination(const struct options *o, char *err, size_t err_size)
{
	bool live = o->interfaces.count || o->ports.count;

	err[0] = '\0';
	if (o->action == ACTION_HELP || o->action == ACTION_VERSION)
		return 0;
	if (o->captures.count && live)
		snprintf(err, err_size, "-r reads captures, %s listens: use one of them",
			o->interfaces.count ? "-i" : "--port");
	else if (o->rules_only.count && o->rules_also.count)
		snprintf(err, err_size,
			"-S means only these rules: give the files of -s with -S as well, or use -s alone");
	else if (o->verbose && o->quiet)
		snprintf(err, err_size, "-v and -q contradict each other");
	else if (o->action == ACTION_RUN && !o->captures.count && !live)
		snprintf(err, err_size,
			"nothing to read: name a capture with -r FILE or an interface with -i IFACE; tocsin --help "
			"lists all options");
	return err[0] ? -EINVAL : check_checksums(o, err, err_size);
}

int options_parse(struct options *o, int argc, char **argv, char *err, size_t err_size)
{
	struct walk w = {.argc = argc, .at = 1, .argv = argv, .err = err, .err_size = err_size};

	memset(o, 0, sizeof(*o));
	for (; w.at < argc; w.at++) {
		const char *arg = argv[w.at];
		int rc;

		if (arg[0] != '-' || !arg[1] || strcmp(arg, "--") == 0) {
			snprintf(err, err_size, "\"%s\" is not an option; a capture is read with -r FILE", arg);
			return -EINVAL;
		}
		rc = arg[1] == '-' ? parse_long(o, &w) : parse_letters(o, &w);
		if (rc == -ENOMEM)
			snprintf(err, err_size, "out of memory");
		if (rc)
			return rc;
	}
	return check_combination(o, err, err_size);
}

void options_free(struct options *o)
{
	for (const struct option_row *r = option_rows; r->help; r++) {
		if (r->kind == OPTION_LIST) {
			free(list_field(o, r)->items);
			*list_field(o, r) = (struct option_list){0};
		}
	}
}

void options_help(FILE *out)
{
	fputs("tocsin: detects network attacks in captures and on live links; it only listens.\n\n"
	      "    tocsin -r capture.pcap -S rules.rules -l logs\n",
		out);
	for (const struct option_row *r = option_rows; r->help; r++) {
		char left[48];

		if (r->heading)
			fprintf(out, "\n%s\n", r->heading);
		snprintf(left, sizeof(left), "%c%c%s%s%s%s%s", r->letter ? '-' : ' ', r->letter ? r->letter : ' ',
			r->letter && r->name ? ", " : (r->name ? "  " : ""), r->name ? "--" : "",
			r->name ? r->name : "", r->arg ? " " : "", r->arg ? r->arg : "");
		fprintf(out, "  %-24s %s\n", left, r->help);
	}
	fputs("\nExit code: 0 clean, 1 bad input or configuration, 2 a run that ended early.\n", out);
}
