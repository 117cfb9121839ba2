// A snapshot of counters, for the EVE stats record, the telemetry socket and the end of a run. Any
// stage adds its own: names are dotted, dots become JSON objects. Declared ones are in
// dataplane/counters.def. Plain data, no pointers to free.
//
//	struct stats_snapshot *s = stats_new();
//	stats_add(s, COUNTER_DECODER_PKTS, decoded);       // adding twice sums (workers)
//	stats_max(s, COUNTER_DECODER_MAX_PKT_SIZE, longest);
//	stats_add_name(s, value, "tocsin.ports.%s.missed", name);
//	stats_drops(s, reasons);                           // decoder.event.*, stream.*: by drops.def
//	stats_ledger_begin(s, offered, inspected);
//	stats_ledger_drops(s, ledger);                     // frames by drops.def reason
//	stats_ledger_drop(s, "missed", source.missed);     // UINT64_MAX: the source cannot count it
//	if (!stats_ledger_end(s, why, sizeof(why))) warn(why);
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/drops.h"

enum counter {
#define X(id, name, unit, help) id,
#include "dataplane/counters.def"
#undef X
	COUNTER_COUNT
};

struct counter_info {
	const char *name, *unit, *help;
};

extern const struct counter_info counter_table[COUNTER_COUNT];

#define STATS_MAX_ITEMS 2048u
#define STATS_NAME_BYTES 65536u
#define STATS_UNKNOWN UINT64_MAX // written as null: nobody can count this here

struct stats_item {
	uint32_t name; // offset into names
	uint32_t is_bool;
	uint64_t value;
};

struct stats_snapshot {
	uint32_t count, names_len;
	uint32_t overflow; // items that did not fit: a bug, and said so in the record
	uint64_t offered, inspected, dropped;
	uint32_t unknown; // ledger lines nobody can count
	struct stats_item items[STATS_MAX_ITEMS];
	char names[STATS_NAME_BYTES];
};

// Returns NULL without memory; give it to free().
struct stats_snapshot *stats_new(void);
// Empties it for the next round.
void stats_reset(struct stats_snapshot *s);

void stats_add(struct stats_snapshot *s, enum counter c, uint64_t value);
void stats_max(struct stats_snapshot *s, enum counter c, uint64_t value);
// The same for names that are only known at run time (at most 127 bytes).
void stats_add_name(struct stats_snapshot *s, uint64_t value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void stats_set_bool(struct stats_snapshot *s, bool value, const char *name);
// Value of a name, or 0.
uint64_t stats_get(const struct stats_snapshot *s, const char *name);

// Events noted, by reason: decoder.event.<name>, stream.<name>, source.<name>.
void stats_drops(struct stats_snapshot *s, const uint64_t noted[DROP_REASON_COUNT]);

// The loss ledger, tocsin.ledger: offered = inspected + every line of dropped.
void stats_ledger_begin(struct stats_snapshot *s, uint64_t offered, uint64_t inspected);
void stats_ledger_drop(struct stats_snapshot *s, const char *reason, uint64_t frames);
void stats_ledger_drops(struct stats_snapshot *s, const uint64_t ledger[DROP_REASON_COUNT]);
// Adds the sums. Returns true when they agree; else says in why what is off by how much.
bool stats_ledger_end(struct stats_snapshot *s, char *why, size_t why_size);

// Sorts items by name, which is how they are written. Called by the writer.
void stats_sort(struct stats_snapshot *s);
