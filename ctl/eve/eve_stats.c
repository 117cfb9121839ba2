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
	jout_string_n(o, s, n);
	jout_raw(o, ":", 1);
}

// Closes the objects that the last name was in and this one is not, opens those that are new, and
// leaves the key of the leaf written. Names deeper than MAX_DEPTH keep their last dots in the key.
static uint32_t enter(struct json_out *o, const char *last, const char *name, uint32_t depth)
{
	size_t from = common_parts(last, name);
	uint32_t keep = dots(name, from);

	for (; depth > keep; depth--)
		jout_close(o, '}');
	for (const char *dot; depth < MAX_DEPTH && (dot = strchr(name + from, '.')); depth++) {
		key_n(o, name + from, (size_t)(dot - name) - from);
		jout_raw(o, "{", 1);
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
	jout_raw(o, "{", 1);
	eve_key_time(o, "timestamp", ts_ns);
	jout_kstring(o, "event_type", "stats");
	if (e->opt.sensor_name && *e->opt.sensor_name)
		jout_kstring(o, "host", e->opt.sensor_name);
	jout_open_key(o, "stats", '{');
	for (uint32_t i = 0; i < s->count; i++) {
		const char *name = s->names + s->items[i].name;
		depth = enter(o, last, name, depth);
		if (s->items[i].is_bool)
			jout_bool(o, s->items[i].value);
		else if (s->items[i].value == STATS_UNKNOWN)
			jout_null(o);
		else
			jout_uint(o, s->items[i].value);
		last = name;
	}
	for (; depth; depth--)
		jout_close(o, '}');
	if (s->overflow)
		jout_kuint(o, "stats_overflow", s->overflow);
	jout_raw(o, "}}\n", 3);
}
