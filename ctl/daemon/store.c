// See store.h.
#include "ctl/daemon/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

#include "ctl/daemon/migrations.h"

#define TRIM_STEP 5000

enum statement {
	S_SENSOR_GET,
	S_SENSOR_NEW,
	S_SENSOR_NAME,
	S_SENSOR_ADD,
	S_PUT,
	S_STATS,
	S_COUNT,
	S_TRIM,
	S_BEGIN,
	S_COMMIT,
	S_ROLLBACK,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[S_SENSOR_GET] = "SELECT id, last_seq FROM sensors WHERE key = ?1",
	[S_SENSOR_NEW] = "INSERT INTO sensors(key, name, first_seen, last_seen) VALUES(?1, ?2, ?3, ?3)",
	[S_SENSOR_NAME] = "UPDATE sensors SET name = ?2, last_seen = ?3 WHERE key = ?1",
	[S_SENSOR_ADD] =
		"UPDATE sensors SET last_seq = max(last_seq, ?2), events = events + ?3, missing = missing + ?4,"
		" last_seen = ?5 WHERE id = ?1",
	[S_PUT] =
		"INSERT OR IGNORE INTO events(sensor, seq, ts, type, severity, gid, sid, detector, src, dst, flow, eve)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
	[S_STATS] =
		"UPDATE sensors SET stats_us = ?2, stats = ?3 WHERE id = ?1 AND (stats_us IS NULL OR stats_us <= ?2)",
	[S_COUNT] = // two subqueries, each a step down the tree; min and max in one query would read the whole table
	"SELECT coalesce((SELECT max(id) FROM events) - (SELECT min(id) FROM events) + 1, 0),"
	" coalesce((SELECT min(id) FROM events), 0)",
	[S_TRIM] = "DELETE FROM events WHERE id < ?1",
	[S_BEGIN] = "BEGIN IMMEDIATE",
	[S_COMMIT] = "COMMIT",
	[S_ROLLBACK] = "ROLLBACK",
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *q[STATEMENTS];
	uint64_t max_events;
	char error[512];
};

const char *store_error(const struct store *st)
{
	return st->error;
}

// Remembers why, and says it in errno's terms.
static int fail(struct store *st)
{
	int code = sqlite3_errcode(st->db);

	snprintf(st->error, sizeof(st->error), "%s", sqlite3_errmsg(st->db));
	if (code == SQLITE_FULL || (code == SQLITE_IOERR && sqlite3_system_errno(st->db) == ENOSPC))
		return -ENOSPC;
	return -EIO;
}

// Runs a bound statement that returns no rows, and makes it ready for the next time.
static int run(struct store *st, enum statement s)
{
	int rc = sqlite3_step(st->q[s]), out = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : fail(st);

	sqlite3_reset(st->q[s]);
	sqlite3_clear_bindings(st->q[s]);
	return out;
}

static int prepare(struct store *st)
{
	for (int s = 0; s < STATEMENTS; s++)
		if (sqlite3_prepare_v3(st->db, sql[s], -1, SQLITE_PREPARE_PERSISTENT, &st->q[s], NULL) != SQLITE_OK)
			return fail(st);
	return 0;
}

static int open_db(struct store *st, const struct store_options *opt, char *why, size_t why_size)
{
	static const char pragmas[] =
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
		"PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000;"
		"PRAGMA journal_size_limit = 67108864;";

	if (sqlite3_open_v2(
		    opt->path, &st->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) ||
		sqlite3_busy_timeout(st->db, 5000) || sqlite3_exec(st->db, pragmas, NULL, NULL, NULL)) {
		snprintf(why, why_size, "%s: %s", opt->path, st->db ? sqlite3_errmsg(st->db) : "no memory");
		return -EIO;
	}
	if (migrations_run(st->db, st->error, sizeof(st->error)) || prepare(st)) {
		snprintf(why, why_size, "%s: %s", opt->path, st->error);
		return -EIO;
	}
	return 0;
}

struct store *store_open(const struct store_options *opt, char *why, size_t why_size)
{
	struct store *st = calloc(1, sizeof(*st));

	if (!st) {
		snprintf(why, why_size, "no memory");
		return NULL;
	}
	st->max_events = opt->max_events;
	if (open_db(st, opt, why, why_size)) {
		store_close(st);
		return NULL;
	}
	return st;
}

void store_close(struct store *st)
{
	if (!st)
		return;
	for (int s = 0; s < STATEMENTS; s++)
		sqlite3_finalize(st->q[s]);
	sqlite3_close(st->db);
	free(st);
}

static int find_sensor(struct store *st, const char *key, int64_t *row, uint64_t *last_seq, bool *found)
{
	sqlite3_stmt *q = st->q[S_SENSOR_GET];
	int rc;

	sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
	rc = sqlite3_step(q);
	*found = rc == SQLITE_ROW;
	if (*found) {
		*row = sqlite3_column_int64(q, 0);
		*last_seq = (uint64_t)sqlite3_column_int64(q, 1);
	}
	int out = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : fail(st);
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return out;
}

int store_sensor(struct store *st, const char *key, const char *name, int64_t *row, uint64_t *last_seq)
{
	bool found = false;
	int rc = find_sensor(st, key, row, last_seq, &found);
	enum statement s = found ? S_SENSOR_NAME : S_SENSOR_NEW;

	if (rc)
		return rc;
	sqlite3_bind_text(st->q[s], 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(st->q[s], 2, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st->q[s], 3, time(NULL));
	rc = run(st, s);
	if (!found) {
		*row = sqlite3_last_insert_rowid(st->db);
		*last_seq = 0;
	}
	return rc;
}

int store_begin(struct store *st)
{
	return run(st, S_BEGIN);
}

int store_commit(struct store *st)
{
	return run(st, S_COMMIT);
}

// A failed statement may have rolled back already; then there is nothing left to undo.
void store_rollback(struct store *st)
{
	if (!sqlite3_get_autocommit(st->db))
		run(st, S_ROLLBACK);
}

static void bind_addr(sqlite3_stmt *q, int i, const struct eve_addr *a)
{
	if (a->len)
		sqlite3_bind_blob(q, i, a->bytes, a->len, SQLITE_STATIC);
}

static void bind_positive(sqlite3_stmt *q, int i, int64_t v)
{
	if (v > 0)
		sqlite3_bind_int64(q, i, v);
}

int store_put(struct store *st, const struct store_event *e, bool *stored)
{
	sqlite3_stmt *q = st->q[S_PUT];
	const struct eve_fields *f = e->fields;

	sqlite3_bind_int64(q, 1, e->sensor);
	sqlite3_bind_int64(q, 2, (int64_t)f->seq);
	sqlite3_bind_int64(q, 3, f->ts_us);
	sqlite3_bind_int(q, 4, (int)f->type);
	bind_positive(q, 5, f->severity);
	bind_positive(q, 6, f->gid);
	bind_positive(q, 7, f->sid);
	if (*f->detector)
		sqlite3_bind_text(q, 8, f->detector, -1, SQLITE_STATIC);
	bind_addr(q, 9, &f->src);
	bind_addr(q, 10, &f->dst);
	bind_positive(q, 11, (int64_t)f->flow_id);
	sqlite3_bind_text(q, 12, e->line, (int)e->len, SQLITE_STATIC);
	int rc = run(st, S_PUT);
	*stored = !rc && sqlite3_changes(st->db) > 0;
	return rc;
}

int store_put_stats(struct store *st, int64_t sensor, int64_t ts_us, const char *line, size_t len)
{
	sqlite3_stmt *q = st->q[S_STATS];

	sqlite3_bind_int64(q, 1, sensor);
	sqlite3_bind_int64(q, 2, ts_us);
	sqlite3_bind_text(q, 3, line, (int)len, SQLITE_STATIC);
	return run(st, S_STATS);
}

int store_sensor_add(struct store *st, int64_t sensor, uint64_t last_seq, uint64_t stored, uint64_t missing)
{
	sqlite3_stmt *q = st->q[S_SENSOR_ADD];

	sqlite3_bind_int64(q, 1, sensor);
	sqlite3_bind_int64(q, 2, (int64_t)last_seq);
	sqlite3_bind_int64(q, 3, (int64_t)stored);
	sqlite3_bind_int64(q, 4, (int64_t)missing);
	sqlite3_bind_int64(q, 5, time(NULL));
	return run(st, S_SENSOR_ADD);
}

int64_t store_trim(struct store *st)
{
	sqlite3_stmt *q = st->q[S_COUNT];
	int64_t count = 0, first = 0, beyond;
	int rc;

	if (!st->max_events)
		return 0;
	if (sqlite3_step(q) == SQLITE_ROW) {
		count = sqlite3_column_int64(q, 0);
		first = sqlite3_column_int64(q, 1);
	}
	sqlite3_reset(q);
	beyond = count - (int64_t)st->max_events;
	if (beyond <= 0)
		return 0;
	sqlite3_bind_int64(st->q[S_TRIM], 1, first + (beyond < TRIM_STEP ? beyond : TRIM_STEP));
	rc = run(st, S_TRIM);
	return rc ? rc : sqlite3_changes(st->db);
}
