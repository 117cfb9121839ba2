// See stats.h. Next: eve_stats.c.
#include "ctl/eve/stats.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 128

const struct counter_info counter_table[COUNTER_COUNT] = {
#define X(id, name, unit, help) [id] = {name, unit, help},
#include "dataplane/counters.def"
#undef X
};

struct stats_snapshot *stats_new(void)
{
	return calloc(1, sizeof(struct stats_snapshot));
}

void stats_reset(struct stats_snapshot *s)
{
	memset(s, 0, offsetof(struct stats_snapshot, items));
}

static struct stats_item *find(struct stats_snapshot *s, const char *name)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (!strcmp(s->names + s->items[i].name, name))
			return &s->items[i];
	return NULL;
}

// The item of a name, made when there is none. NULL when the snapshot is full.
static struct stats_item *item(struct stats_snapshot *s, const char *name)
{
	struct stats_item *it = find(s, name);
	size_t n = strlen(name) + 1;

	if (it)
		return it;
	if (s->count == STATS_MAX_ITEMS || s->names_len + n > STATS_NAME_BYTES) {
		s->overflow++;
		return NULL;
	}
	it = &s->items[s->count++];
	*it = (struct stats_item){.name = s->names_len};
	memcpy(s->names + s->names_len, name, n);
	s->names_len += (uint32_t)n;
	return it;
}

// STATS_UNKNOWN stays unknown whatever is added to it.
static void add(struct stats_snapshot *s, const char *name, uint64_t value)
{
	struct stats_item *it = item(s, name);
	if (!it)
		return;
	it->value = value == STATS_UNKNOWN || it->value == STATS_UNKNOWN ? STATS_UNKNOWN : it->value + value;
}

void stats_add(struct stats_snapshot *s, enum counter c, uint64_t value)
{
	add(s, counter_table[c].name, value);
}

void stats_max(struct stats_snapshot *s, enum counter c, uint64_t value)
{
	struct stats_item *it = item(s, counter_table[c].name);
	if (it && value > it->value)
		it->value = value;
}

void stats_add_name(struct stats_snapshot *s, uint64_t value, const char *fmt, ...)
{
	char name[NAME_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	add(s, name, value);
}

void stats_set_bool(struct stats_snapshot *s, bool value, const char *name)
{
	struct stats_item *it = item(s, name);
	if (!it)
		return;
	it->is_bool = 1;
	it->value = value;
}

uint64_t stats_get(const struct stats_snapshot *s, const char *name)
{
	const struct stats_item *it = find((struct stats_snapshot *)s, name);
	return it ? it->value : 0;
}

// "decode" events are Suricata's decoder.event.*; those of other stages stand under the stage's name.
static void drop_name(char *out, size_t size, const char *prefix, const struct drop_info *d)
{
	bool own = !strncmp(d->name, d->type, strlen(d->type)) && d->name[strlen(d->type)] == '.';
	const char *stage = !strcmp(d->type, "decode") ? "decoder.event." : d->type;
	const char *dot = own || !strcmp(d->type, "decode") ? "" : ".";

	snprintf(out, size, "%s%s%s%s", prefix, own ? "" : stage, dot, d->name);
}

void stats_drops(struct stats_snapshot *s, const uint64_t noted[DROP_REASON_COUNT])
{
	char name[NAME_BYTES];

	for (uint32_t r = DROP_NONE + 1; r < DROP_REASON_COUNT; r++) {
		drop_name(name, sizeof(name), "", &drop_table[r]);
		add(s, name, noted[r]);
	}
}

void stats_ledger_begin(struct stats_snapshot *s, uint64_t offered, uint64_t inspected)
{
	s->offered += offered;
	s->inspected += inspected;
}

void stats_ledger_drop(struct stats_snapshot *s, const char *reason, uint64_t frames)
{
	stats_add_name(s, frames, "tocsin.ledger.dropped.%s", reason);
	if (frames == STATS_UNKNOWN)
		s->unknown++;
	else
		s->dropped += frames;
}

// Reasons that took no frame are left out: the ledger is read by people.
void stats_ledger_drops(struct stats_snapshot *s, const uint64_t ledger[DROP_REASON_COUNT])
{
	char name[NAME_BYTES];

	for (uint32_t r = DROP_NONE + 1; r < DROP_REASON_COUNT; r++) {
		if (!ledger[r])
			continue;
		drop_name(name, sizeof(name), "tocsin.ledger.dropped.", &drop_table[r]);
		add(s, name, ledger[r]);
		s->dropped += ledger[r];
	}
}

bool stats_ledger_end(struct stats_snapshot *s, char *why, size_t why_size)
{
	uint64_t known = s->inspected + s->dropped;
	bool ok = s->offered == known;

	add(s, "tocsin.ledger.offered", s->offered);
	add(s, "tocsin.ledger.inspected", s->inspected);
	add(s, "tocsin.ledger.dropped_total", s->dropped);
	stats_set_bool(s, ok, "tocsin.ledger.sum_ok");
	if (why_size)
		*why = 0;
	if (!ok)
		snprintf(why, why_size,
			"the loss ledger is off: %" PRIu64 " frames offered, %" PRIu64 " inspected and %" PRIu64
			" dropped by reason; %" PRIu64 " %s. This is a bug: please report it with this line",
			s->offered, s->inspected, s->dropped,
			ok                   ? 0
			: s->offered > known ? s->offered - known
					     : known - s->offered,
			s->offered > known ? "are not accounted for" : "are counted twice");
	return ok;
}

static const char *sort_names; // qsort has no context argument; the main lcore is the only caller

static int by_name(const void *a, const void *b)
{
	return strcmp(
		sort_names + ((const struct stats_item *)a)->name, sort_names + ((const struct stats_item *)b)->name);
}

void stats_sort(struct stats_snapshot *s)
{
	sort_names = s->names;
	qsort(s->items, s->count, sizeof(s->items[0]), by_name);
}
