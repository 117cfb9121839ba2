// Text to typed values and back: yes/no, numbers, sizes, durations, choices. Next: value_lists.c.
#include "ctl/config/config_internal.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	double factor;
};

// As Suricata does: kb is 1024 bytes.
static const struct unit size_units[] = {
	{"", 1},
	{"b", 1},
	{"bytes", 1},
	{"k", 1024.0},
	{"kb", 1024.0},
	{"kib", 1024.0},
	{"m", 1048576.0},
	{"mb", 1048576.0},
	{"mib", 1048576.0},
	{"g", 1073741824.0},
	{"gb", 1073741824.0},
	{"gib", 1073741824.0},
	{NULL, 0},
};

static const struct unit time_units[] = {
	{"ns", 1},
	{"us", 1e3},
	{"ms", 1e6},
	{"s", 1e9},
	{"sec", 1e9},
	{"seconds", 1e9},
	{"m", 60e9},
	{"min", 60e9},
	{"minutes", 60e9},
	{"h", 3600e9},
	{"hours", 3600e9},
	{"d", 86400e9},
	{"days", 86400e9},
	{NULL, 0},
};

static double unit_factor(const struct unit *units, const char *name)
{
	for (; units->name; units++)
		if (strcasecmp(units->name, name) == 0)
			return units->factor;
	return 0;
}

static int parse_bool(const char *s, bool *out)
{
	static const char *const yes[] = {"yes", "true", "on", "enabled", "1"};
	static const char *const no[] = {"no", "false", "off", "disabled", "0"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(s, yes[i]) == 0 || strcasecmp(s, no[i]) == 0) {
			*out = strcasecmp(s, yes[i]) == 0;
			return 0;
		}
	}
	return -EINVAL;
}

// A plain decimal or 0x number; no sign, nothing behind it.
static int parse_uint(const char *s, uint64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	*out = strtoull(s, &end, s[0] == '0' && (s[1] | 32) == 'x' ? 16 : 10);
	return errno || *end ? -EINVAL : 0;
}

// "12", "1.5": what stands before a unit. Returns the rest, or NULL.
static const char *parse_decimal(const char *s, double *out)
{
	char *end;
	size_t n = strspn(s, "0123456789.");

	if (n == 0 || n > 24 || !isdigit((unsigned char)*s))
		return NULL;
	*out = strtod(s, &end);
	if (end != s + n)
		return NULL;
	while (*end == ' ')
		end++;
	return end;
}

// Result in the base unit of the table (bytes, nanoseconds); bare: unit of a number without one.
static int parse_with_unit(const char *s, const struct unit *units, const char *bare, uint64_t *out)
{
	double number, factor;
	const char *rest = parse_decimal(s, &number);

	if (!rest)
		return -EINVAL;
	factor = unit_factor(units, *rest ? rest : bare);
	if (factor == 0)
		return -EINVAL;
	// Whole numbers of the base unit stay exact past 2^53.
	if (factor == 1 && !*rest && parse_uint(s, out) == 0)
		return 0;
	if (number * factor >= 18e18)
		return -ERANGE;
	*out = (uint64_t)llround(number * factor);
	return 0;
}

static int parse_enum(const struct config_row *row, const char *s, int *out)
{
	bool b, is_bool = parse_bool(s, &b) == 0;

	for (int i = 0; row->choices[i]; i++) {
		bool choice;

		if (strcasecmp(row->choices[i], s) == 0 ||
			(is_bool && parse_bool(row->choices[i], &choice) == 0 && choice == b)) {
			*out = i;
			return 0;
		}
	}
	return -EINVAL;
}

static double row_unit_ns(const struct config_row *row)
{
	double f = unit_factor(time_units, row->unit);

	return f != 0 ? f : 1;
}

const char *value_type_name(const struct config_row *row)
{
	switch (row->type) {
	case CONFIG_BOOL:
		return "yes or no";
	case CONFIG_UINT:
		return "whole number";
	case CONFIG_DOUBLE:
		return "number";
	case CONFIG_SIZE:
		return "size";
	case CONFIG_DURATION:
		return "duration";
	case CONFIG_STRING:
		return "text";
	case CONFIG_ENUM:
		return "one of";
	case CONFIG_LIST:
		return "list";
	case CONFIG_MAP:
		return "map";
	case CONFIG_IGNORED:
		break;
	}
	return "ignored";
}

static const char *expected(const struct config_row *row)
{
	switch (row->type) {
	case CONFIG_BOOL:
		return "expected yes or no";
	case CONFIG_UINT:
		return "expected a whole number";
	case CONFIG_DOUBLE:
		return "expected a number";
	case CONFIG_SIZE:
		return "expected a size such as 4096, 64kb, 32mb or 2gb";
	case CONFIG_DURATION:
		return "expected a duration such as 500ms, 30s, 10min or 2h";
	default:
		return "expected one of";
	}
}

static void format_size(uint64_t v, char *buf, size_t size)
{
	static const char *const names[] = {"", "kb", "mb", "gb"};
	unsigned int i = 0;

	while (i < 3 && v >= 1024 && v % 1024 == 0) {
		v /= 1024;
		i++;
	}
	snprintf(buf, size, "%" PRIu64 "%s", v, names[i]);
}

static void format_duration(const struct config_row *row, uint64_t ns, char *buf, size_t size)
{
	uint64_t unit = (uint64_t)row_unit_ns(row);

	if (ns % unit == 0)
		snprintf(buf, size, "%" PRIu64 "%s", ns / unit, row->unit);
	else if (ns % 1000000 == 0)
		snprintf(buf, size, "%" PRIu64 "ms", ns / 1000000);
	else
		snprintf(buf, size, "%" PRIu64 "ns", ns);
}

static void format_bound(const struct config_row *row, double v, char *buf, size_t size)
{
	if (row->type == CONFIG_SIZE)
		format_size((uint64_t)v, buf, size);
	else if (row->type == CONFIG_DURATION)
		snprintf(buf, size, "%.15g%s", v, row->unit);
	else
		snprintf(buf, size, "%.15g", v);
}

static void range_of_choices(const struct config_row *row, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (int i = 0; row->choices[i] && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "", row->choices[i]);
}

void value_range(const struct config_row *row, char *buf, size_t size)
{
	bool number = row->type == CONFIG_UINT || row->type == CONFIG_DOUBLE;
	char lo[48], hi[48];

	buf[0] = '\0';
	if (row->type == CONFIG_ENUM) {
		range_of_choices(row, buf, size);
	} else if (number || row->type == CONFIG_SIZE || row->type == CONFIG_DURATION) {
		format_bound(row, row->min, lo, sizeof(lo));
		format_bound(row, row->max, hi, sizeof(hi));
		snprintf(buf, size, "%s to %s%s%s", lo, hi, number && row->unit[0] ? " " : "", number ? row->unit : "");
	}
}

static int fail(const struct config_row *row, const char *text, const char *what, char *err, size_t err_size)
{
	char range[256];

	value_range(row, range, sizeof(range));
	if (row->type == CONFIG_ENUM)
		snprintf(err, err_size, "\"%.80s\": %s %s", text, what, range);
	else if (range[0])
		snprintf(err, err_size, "\"%.80s\": %s (%s)", text, what, range);
	else
		snprintf(err, err_size, "\"%.80s\": %s", text, what);
	return -EINVAL;
}

static int out_of_range(const struct config_row *row, const char *text, char *err, size_t err_size)
{
	char range[256];

	value_range(row, range, sizeof(range));
	snprintf(err, err_size, "%.80s is out of range: %s", text, range);
	return -ERANGE;
}

// Numbers of all kinds: parse, then hold against min and max in the row's own unit.
static int set_number(const struct config_row *row, void *field, const char *text, char *err, size_t err_size)
{
	uint64_t u = 0;
	double d = 0;
	int rc;

	if (row->type == CONFIG_DOUBLE) {
		char *end;

		d = strtod(text, &end);
		rc = end == text || *end || !isfinite(d) ? -EINVAL : 0;
	} else if (row->type == CONFIG_SIZE) {
		rc = parse_with_unit(text, size_units, "", &u);
		d = (double)u;
	} else if (row->type == CONFIG_DURATION) {
		rc = parse_with_unit(text, time_units, row->unit, &u);
		d = (double)u / row_unit_ns(row);
	} else {
		rc = parse_uint(text, &u);
		d = (double)u;
	}
	// "-5" is a number, only not one of ours.
	if (rc == -EINVAL && *text == '-' && text[1] && strspn(text + 1, "0123456789.") == strlen(text + 1))
		rc = -ERANGE;
	if (rc == -EINVAL)
		return fail(row, text, expected(row), err, err_size);
	if (rc == -ERANGE || d < row->min || d > row->max)
		return out_of_range(row, text, err, err_size);
	if (row->type == CONFIG_DOUBLE)
		*(double *)field = d;
	else
		*(uint64_t *)field = u;
	return 0;
}

static int set_string(char **field, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

int value_set(const struct config_row *row, void *field, const char *text, char *err, size_t err_size)
{
	int choice, rc;
	bool b;

	switch (row->type) {
	case CONFIG_BOOL:
		if (parse_bool(text, &b) != 0)
			return fail(row, text, expected(row), err, err_size);
		*(bool *)field = b;
		return 0;
	case CONFIG_ENUM:
		if (parse_enum(row, text, &choice) != 0)
			return fail(row, text, expected(row), err, err_size);
		*(int *)field = choice;
		return 0;
	case CONFIG_STRING:
		rc = set_string(field, text);
		break;
	case CONFIG_LIST:
		// arguments hold commas themselves
		rc = strcmp(row->unit, "arguments") == 0 ? value_split_words(field, text)
							 : value_split_list(field, text);
		break;
	case CONFIG_MAP:
		snprintf(err, err_size, "\"%.80s\": expected a map of names and values", text);
		return -EINVAL;
	case CONFIG_IGNORED:
		return 0;
	default:
		return set_number(row, field, text, err, err_size);
	}
	if (rc)
		snprintf(err, err_size, "out of memory");
	return rc;
}

void value_format(const struct config_row *row, const void *field, char *buf, size_t size)
{
	buf[0] = '\0';
	switch (row->type) {
	case CONFIG_BOOL:
		snprintf(buf, size, "%s", *(const bool *)field ? "yes" : "no");
		break;
	case CONFIG_UINT:
		snprintf(buf, size, "%" PRIu64, *(const uint64_t *)field);
		break;
	case CONFIG_DOUBLE:
		snprintf(buf, size, "%.15g", *(const double *)field);
		break;
	case CONFIG_SIZE:
		format_size(*(const uint64_t *)field, buf, size);
		break;
	case CONFIG_DURATION:
		format_duration(row, *(const uint64_t *)field, buf, size);
		break;
	case CONFIG_STRING:
		snprintf(buf, size, "%s", *(char *const *)field);
		break;
	case CONFIG_ENUM:
		snprintf(buf, size, "%s", row->choices[*(const int *)field]);
		break;
	default:
		break;
	}
}
