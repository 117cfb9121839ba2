// The store's schema, step by step. A step never changes once released; a new one is appended.
// PRAGMA user_version counts the steps a file has seen.
#include "ctl/daemon/migrations.h"

#include <stdio.h>

static const char *const steps[] = {
	"CREATE TABLE sensors ("
	" id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
	" first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL," // seconds since 1970
	" last_seq INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0, missing INTEGER NOT NULL DEFAULT 0,"
	" stats_us INTEGER, stats TEXT);"
	"CREATE TABLE events ("
	" id INTEGER PRIMARY KEY, sensor INTEGER NOT NULL REFERENCES sensors(id), seq INTEGER NOT NULL,"
	" ts INTEGER NOT NULL,"   // microseconds since 1970
	" type INTEGER NOT NULL," // enum eve_type
	" severity INTEGER, gid INTEGER, sid INTEGER, detector TEXT,"
	" src BLOB, dst BLOB, flow INTEGER," // addresses in 4 or 16 bytes
	" eve TEXT NOT NULL);"
	"CREATE UNIQUE INDEX events_once ON events(sensor, seq);"
	"CREATE INDEX events_ts ON events(ts);"
	"CREATE INDEX events_flow ON events(flow) WHERE flow IS NOT NULL;"
	"CREATE INDEX alerts_ts ON events(ts) WHERE type = 1;"
	"CREATE INDEX alerts_sid ON events(sid, ts) WHERE type = 1;"
	"CREATE INDEX alerts_src ON events(src) WHERE type = 1;"
	"CREATE INDEX alerts_dst ON events(dst) WHERE type = 1;",
};

#define STEPS ((int)(sizeof(steps) / sizeof(steps[0])))

static int version_of(sqlite3 *db)
{
	sqlite3_stmt *q;
	int v = -1;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		v = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	return v;
}

int migrations_run(sqlite3 *db, char *why, size_t why_size)
{
	char sql[64];
	int from = version_of(db);

	if (from < 0) {
		snprintf(why, why_size, "%s", sqlite3_errmsg(db));
		return -1;
	}
	if (from > STEPS) {
		snprintf(
			why, why_size, "it was written by a newer tocsind (schema %d, this one knows %d)", from, STEPS);
		return -1;
	}
	for (int i = from; i < STEPS; i++) {
		snprintf(sql, sizeof(sql), "PRAGMA user_version = %d; COMMIT", i + 1);
		if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) ||
			sqlite3_exec(db, steps[i], NULL, NULL, NULL) || sqlite3_exec(db, sql, NULL, NULL, NULL)) {
			snprintf(why, why_size, "schema step %d: %s", i + 1, sqlite3_errmsg(db));
			sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
			return -1;
		}
	}
	return 0;
}
