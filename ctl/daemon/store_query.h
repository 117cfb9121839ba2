// Reading the store, from any thread: each reader has its own read-only connection. Next: api.h.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/eve/eve_read.h"

struct store_reader;

// Addresses from lo to hi, both of len bytes (4 or 16; 0: any).
struct addr_range {
	uint8_t lo[16], hi[16];
	uint8_t len;
};

// What events to return; zero or empty: any.
struct event_filter {
	int64_t since_us, until_us; // until is exclusive; INT64_MIN and INT64_MAX: any
	int types;                  // bit 1 << enum eve_type; 0: any
	int severity;               // this or worse (a lower number)
	int64_t sid;
	uint64_t flow;
	struct addr_range src, dst, addr; // addr: either end
	char detector[32];
	char sensor[64];
	int64_t after_id; // only events stored after this one
	bool oldest_first;
	bool by_id; // in the order they were stored; with after_id nothing is skipped then
	uint32_t limit;
};

struct sensor_row {
	const char *id, *name;
	int64_t first_seen_s, last_seen_s;
	uint64_t last_seq, events, missing;
	const char *stats; // the latest EVE stats record, or NULL
};

struct store_reader *store_reader_open(const char *path, char *why, size_t why_size);
void store_reader_close(struct store_reader *r);

// Calls fn for each event: its id in the store, its sensor's id, the EVE record. fn returns false to stop.
// Returns events given, or -1 (why says what).
typedef bool (*event_fn)(void *ctx, int64_t id, const char *sensor, const char *eve, size_t len);
int64_t store_events(struct store_reader *r, const struct event_filter *f, event_fn fn, void *ctx);
typedef void (*sensor_fn)(void *ctx, const struct sensor_row *row);
int store_sensors(struct store_reader *r, sensor_fn fn, void *ctx);
// Highest event id, 0 when empty; -1 on errors.
int64_t store_last_id(struct store_reader *r);
// Events in the store and bytes of its file.
int store_size(struct store_reader *r, uint64_t *events, uint64_t *bytes);
const char *store_reader_error(const struct store_reader *r);

// "10.0.0.1", "10.0.0.0/8", "2001:db8::/32" to a range. False: no such thing.
bool addr_range_parse(const char *text, struct addr_range *out);
