// The joined schema: parts, look-up, where values came from, and what is told of problems.
// Next: yaml_load.c.
#include "ctl/config/config_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/config/nearest.h"
#include "dataplane/api/detector.h"

struct config *config_new(config_report_fn report, void *ctx)
{
	struct config *c = calloc(1, sizeof(*c));

	if (c) {
		c->report = report;
		c->report_ctx = ctx;
	}
	return c;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++) {
		if (c->entries[i].field)
			value_free(&c->entries[i].row, c->entries[i].field);
		free(c->entries[i].key);
		free(c->entries[i].origin);
	}
	for (size_t i = 0; i < c->owned_count; i++)
		free(c->owned[i]);
	free(c->owned);
	free(c->entries);
	free(c);
}

struct config_entry *config_find(const struct config *c, const char *key, size_t len)
{
	for (size_t i = 0; i < c->count; i++)
		if (strncmp(c->entries[i].key, key, len) == 0 && c->entries[i].key[len] == '\0')
			return &c->entries[i];
	return NULL;
}

bool config_is_section(const struct config *c, const char *section)
{
	size_t len = strlen(section);

	for (size_t i = 0; i < c->count; i++)
		if (strncmp(c->entries[i].key, section, len) == 0 && (len == 0 || c->entries[i].key[len] == '.'))
			return true;
	return false;
}

// True when key ends in ".<leaf>" with the same leaf as wanted: the right name in the wrong place.
static bool same_leaf(const char *key, const char *wanted)
{
	const char *a = strrchr(key, '.'), *b = strrchr(wanted, '.');

	return strcmp(a ? a + 1 : key, b ? b + 1 : wanted) == 0;
}

const char *config_nearest(const struct config *c, const char *key)
{
	struct nearest n;
	const char *best;

	nearest_begin(&n, key);
	for (size_t i = 0; i < c->count; i++)
		if (c->entries[i].field)
			nearest_offer(&n, c->entries[i].key);
	best = nearest_found(&n);
	for (size_t i = 0; i < c->count && !best; i++)
		if (c->entries[i].field && same_leaf(c->entries[i].key, key))
			best = c->entries[i].key;
	return best;
}

static void tell(struct config *c, enum config_level level, const char *line)
{
	if (c->report)
		c->report(c->report_ctx, level, line);
	else
		fprintf(stderr, "tocsin: %s%s\n", level == CONFIG_WARNING ? "warning: " : "", line);
}

static void vreport(
	struct config *c, enum config_level level, const char *where, const char *key, const char *fmt, va_list ap)
{
	char line[1024];
	size_t used;

	if (level == CONFIG_ERROR && c->errors++ >= CONFIG_MAX_ERRORS) {
		if (c->errors == CONFIG_MAX_ERRORS + 1)
			tell(c, level, "further configuration errors are not shown");
		return;
	}
	used = (size_t)snprintf(
		line, sizeof(line), "%s%s%s%s", where, where[0] ? ": " : "", key ? key : "", key ? ": " : "");
	if (used < sizeof(line))
		vsnprintf(line + used, sizeof(line) - used, fmt, ap);
	tell(c, level, line);
}

void config_report(struct config *c, enum config_level level, const char *where, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vreport(c, level, where, NULL, fmt, ap);
	va_end(ap);
}

void config_complain(struct config *c, enum config_level level, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vreport(c, level, config_origin(c, key), key, fmt, ap);
	va_end(ap);
}

unsigned int config_errors(const struct config *c)
{
	return c->errors;
}

const char *config_origin(const struct config *c, const char *key)
{
	const struct config_entry *e = config_find(c, key, strlen(key));

	return e && e->origin ? e->origin : "default";
}

int config_mark(struct config_entry *e, const char *where, unsigned int set_by)
{
	char *copy = strdup(where);

	if (!copy)
		return -ENOMEM;
	free(e->origin);
	e->origin = copy;
	e->set_by = set_by;
	return 0;
}

int config_apply_default(struct config_entry *e)
{
	const char *def = e->row.def ? e->row.def : "";
	char err[256];

	switch (e->row.type) {
	case CONFIG_STRING:
		*(char **)e->field = NULL;
		break;
	case CONFIG_LIST:
		*(struct config_list *)e->field = (struct config_list){0};
		break;
	case CONFIG_MAP:
		*(struct config_map *)e->field = (struct config_map){0};
		return def[0] ? config_apply_yaml(e, def) : 0;
	default:
		break;
	}
	return value_set(&e->row, e->field, def, err, sizeof(err));
}

static int set_row(struct config_entry *e, const struct config_row *row, void *target)
{
	e->row = *row;
	e->row.unit = row->unit ? row->unit : "";
	e->row.help = row->help ? row->help : "";
	if (row->type == CONFIG_IGNORED)
		return 0;
	e->field = (char *)target + row->offset;
	return config_apply_default(e);
}

// An ignored key gives way; the row that replaces it stands with the rest of its part.
static void forget(struct config *c, struct config_entry *e)
{
	free(e->key);
	free(e->origin);
	c->count--;
	memmove(e, e + 1, (size_t)(c->entries + c->count - e) * sizeof(*e));
}

static int add_entry(struct config *c, const char *prefix, const struct config_row *row, void *target)
{
	struct config_entry *e;
	char key[192];
	int n = snprintf(key, sizeof(key), "%s%s%s", prefix, prefix[0] && row->key[0] ? "." : "", row->key);

	if (n < 0 || (size_t)n >= sizeof(key))
		return -EINVAL;
	e = config_find(c, key, (size_t)n);
	if (e && row->type == CONFIG_IGNORED)
		return 0;
	if (e && e->row.type != CONFIG_IGNORED)
		return -EEXIST;
	if (e)
		forget(c, e);
	if (c->count == c->room) {
		size_t room = c->room ? c->room * 2 : 128;
		struct config_entry *grown = realloc(c->entries, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		c->entries = grown;
		c->room = room;
	}
	e = &c->entries[c->count];
	*e = (struct config_entry){.key = strdup(key)};
	if (!e->key)
		return -ENOMEM;
	c->count++;
	return set_row(e, row, target);
}

int config_add_part(struct config *c, const char *prefix, const struct config_row *rows, void *target)
{
	int rc = 0;

	for (; rc == 0 && rows->key; rows++)
		rc = add_entry(c, prefix, rows, target);
	return rc;
}

int config_add_toggle(struct config *c, const char *key, bool *target, bool def, const char *help)
{
	const struct config_row rows[] = {
		{.key = key, .type = CONFIG_BOOL, .def = def ? "yes" : "no", .help = help},
		CONFIG_END,
	};

	return config_add_part(c, "", rows, target);
}

static void *own_zeroed(struct config *c, size_t size)
{
	void **owned = realloc(c->owned, (c->owned_count + 1) * sizeof(*owned));
	void *mem;

	if (!owned)
		return NULL;
	c->owned = owned;
	mem = calloc(1, size ? size : 1);
	if (mem)
		owned[c->owned_count++] = mem;
	return mem;
}

static int add_detector(struct config *c, const struct detector *d, struct config_detector *out)
{
	char prefix[96], key[112];
	int rc = 0;

	snprintf(prefix, sizeof(prefix), "detectors.%s", d->name);
	snprintf(key, sizeof(key), "%s.enabled", prefix);
	out->detector = d;
	out->config = own_zeroed(c, d->config_size);
	if (!out->config)
		return -ENOMEM;
	out->enabled = true;
	rc = config_add_toggle(c, key, &out->enabled, true, d->title);
	if (rc == 0 && d->config)
		rc = config_add_part(c, prefix, d->config, out->config);
	return rc;
}

int config_add_detectors(struct config *c, const struct detector *const *table, struct config_detectors *out)
{
	size_t n = 0;
	int rc = 0;

	*out = (struct config_detectors){0};
	while (table && table[n])
		n++;
	out->items = own_zeroed(c, n * sizeof(*out->items));
	if (!out->items)
		return -ENOMEM;
	for (; rc == 0 && out->count < n; out->count++)
		rc = add_detector(c, table[out->count], &out->items[out->count]);
	return rc;
}
