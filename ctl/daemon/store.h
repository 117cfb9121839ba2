// The daemon's store: SQLite, one writer (the ingest loop), any number of readers (the API's threads, each
// with its own connection). Write-ahead log, one transaction a batch, synced before it is acknowledged.
// Next: store_query.h (reading), ingest.h (who writes).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/eve/eve_read.h"

struct store;

struct store_options {
	const char *path;
	uint64_t max_events; // the oldest go beyond this; 0: no limit
};

// Opens or makes the store and brings an older one to this version's schema. Returns NULL with the reason in why.
struct store *store_open(const struct store_options *opt, char *why, size_t why_size);
// Accepts NULL.
void store_close(struct store *st);

// The row of a sensor, made when new. *last_seq: highest number stored. Returns 0 or -errno (why says what).
int store_sensor(struct store *st, const char *key, const char *name, int64_t *row, uint64_t *last_seq);

// One event of a batch. line is copied by SQLite.
struct store_event {
	int64_t sensor; // row
	const struct eve_fields *fields;
	const char *line; // the record, without its number
	size_t len;
};

// A batch: begin, any number of puts, commit. After an error the batch is rolled back and may be tried
// again in whole (a full disk). Returns 0 or -errno: -ENOSPC for a full disk, else -EIO; store_error says what.
int store_begin(struct store *st);
// *stored: false when the number was there already.
int store_put(struct store *st, const struct store_event *e, bool *stored);
// A stats record: the sensor's latest.
int store_put_stats(struct store *st, int64_t sensor, int64_t ts_us, const char *line, size_t len);
// Counts of a sensor in this batch: its highest number now, events added, numbers missing in between.
int store_sensor_add(struct store *st, int64_t sensor, uint64_t last_seq, uint64_t stored, uint64_t missing);
int store_commit(struct store *st);
void store_rollback(struct store *st);
// Deletes what is beyond max_events, a bounded piece a call. Returns events deleted or -errno.
int64_t store_trim(struct store *st);

const char *store_error(const struct store *st);
