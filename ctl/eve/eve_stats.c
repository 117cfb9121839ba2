// EVE stats: a snapshot's dotted names as nested objects. Next: output.c (where records go).
#include "ctl/eve/eve_internal.h"

#include "ctl/eve/stats.h"

#define MAX_DEPTH 12u

// Length of the common leading components of two dotted names, in bytes up to and with the last dot.
static size_t common_parts(const char *a, const char *b)
{
	size_t end = 0;
	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '.')
			end = i + 1;
	return end;
}

static uint32_t dots(const char *s, size_t n)
{
	uint32_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += s[i] == '.';
	return count;
}

static void key_n(struct json_out *o, const char *s, size_t n)
{
	json_string_n(o, s, n);
	json_raw(o, ":", 1);
}

// Closes the objects that the last name was in and this one is not, opens those that are new, and
// leaves the key of the leaf written. Names deeper than MAX_DEPTH keep their last dots in the key.
static uint32_t enter(struct json_out *o, const char *last, const char *name, uint32_t depth)
{
	size_t from = common_parts(last, name);
	uint32_t keep = dots(name, from);

	for (; depth > keep; depth--)
		json_close(o, '}');
	for (const char *dot; depth < MAX_DEPTH && (dot = strchr(name + from, '.')); depth++) {
		key_n(o, name + from, (size_t)(dot - name) - from);
		json_raw(o, "{", 1);
		from = (size_t)(dot - name) + 1;
	}
	key_n(o, name + from, strlen(name + from));
	return depth;
}

// Sorted by name, the members of one object stand together.
void eve_format_stats(struct eve *e, struct json_out *o, struct stats_snapshot *s, uint64_t ts_ns)
{
	const char *last = "";
	uint32_t depth = 0;

	stats_sort(s);
	json_raw(o, "{", 1);
	eve_key_time(o, "timestamp", ts_ns);
	json_kstring(o, "event_type", "stats");
	if (e->opt.sensor_name && *e->opt.sensor_name)
		json_kstring(o, "host", e->opt.sensor_name);
	json_open_key(o, "stats", '{');
	for (uint32_t i = 0; i < s->count; i++) {
		const char *name = s->names + s->items[i].name;
		depth = enter(o, last, name, depth);
		if (s->items[i].is_bool)
			json_bool(o, s->items[i].value);
		else if (s->items[i].value == STATS_UNKNOWN)
			json_null(o);
		else
			json_uint(o, s->items[i].value);
		last = name;
	}
	for (; depth; depth--)
		json_close(o, '}');
	if (s->overflow)
		json_kuint(o, "stats_overflow", s->overflow);
	json_raw(o, "}}\n", 3);
}
