// See store_query.h.
#include "ctl/daemon/store_query.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#define SQL_BYTES 2048u

struct store_reader {
	sqlite3 *db;
	char path[1024];
};

struct store_reader *store_reader_open(const char *path, char *why, size_t why_size)
{
	struct store_reader *r = calloc(1, sizeof(*r));

	if (r && sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
		sqlite3_busy_timeout(r->db, 5000);
		snprintf(r->path, sizeof(r->path), "%s", path);
		return r;
	}
	snprintf(why, why_size, "%s: %s", path, r && r->db ? sqlite3_errmsg(r->db) : "no memory");
	store_reader_close(r);
	return NULL;
}

void store_reader_close(struct store_reader *r)
{
	if (!r)
		return;
	sqlite3_close(r->db);
	free(r);
}

const char *store_reader_error(const struct store_reader *r)
{
	return sqlite3_errmsg(r->db);
}

bool addr_range_parse(const char *text, struct addr_range *out)
{
	char host[64];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	struct eve_addr a;
	char *end = NULL;
	unsigned long bits;

	*out = (struct addr_range){0};
	if (n >= sizeof(host))
		return false;
	memcpy(host, text, n);
	host[n] = 0;
	if (!eve_read_addr(host, &a))
		return false;
	bits = slash ? strtoul(slash + 1, &end, 10) : a.len * 8u;
	if ((slash && (!slash[1] || *end)) || bits > a.len * 8u)
		return false;
	out->len = a.len;
	for (unsigned int i = 0; i < a.len; i++) {
		unsigned int keep = bits >= 8 * (i + 1) ? 8 : bits > 8 * i ? (unsigned int)bits - 8 * i : 0;
		uint8_t mask = (uint8_t)(0xff00u >> keep);
		out->lo[i] = a.bytes[i] & mask;
		out->hi[i] = out->lo[i] | (uint8_t)~mask;
	}
	return true;
}

// The query's text; every value is bound, never pasted.
static void build(const struct event_filter *f, char sql[SQL_BYTES])
{
	size_t n = (size_t)snprintf(
		sql, SQL_BYTES, "SELECT e.id, s.key, e.eve FROM events e JOIN sensors s ON s.id = e.sensor WHERE 1");

#define AND(cond, text)                                                      \
	do {                                                                 \
		if (cond)                                                    \
			n += (size_t)snprintf(sql + n, SQL_BYTES - n, text); \
	} while (0)
	AND(f->types == 1 << EVE_ALERT, " AND e.type = 1"); // spelled out so that the partial indexes serve
	AND(f->types && f->types != 1 << EVE_ALERT, " AND (:types >> e.type) & 1");
	AND(f->since_us != INT64_MIN, " AND e.ts >= :since");
	AND(f->until_us != INT64_MAX, " AND e.ts < :until");
	AND(f->severity, " AND e.severity <= :severity");
	AND(f->sid, " AND e.sid = :sid");
	AND(f->flow, " AND e.flow = :flow");
	AND(*f->detector, " AND e.detector = :detector");
	AND(*f->sensor, " AND (s.key = :sensor OR s.name = :sensor)");
	AND(f->src.len, " AND e.src BETWEEN :src_lo AND :src_hi AND length(e.src) = :src_len");
	AND(f->dst.len, " AND e.dst BETWEEN :dst_lo AND :dst_hi AND length(e.dst) = :dst_len");
	AND(f->addr.len, " AND ((e.src BETWEEN :a_lo AND :a_hi AND length(e.src) = :a_len)"
			 " OR (e.dst BETWEEN :a_lo AND :a_hi AND length(e.dst) = :a_len))");
	AND(f->after_id, " AND e.id > :after");
	AND(f->by_id, " ORDER BY e.id");
	AND(!f->by_id && f->oldest_first, " ORDER BY e.ts, e.id");
	AND(!f->by_id && !f->oldest_first, " ORDER BY e.ts DESC, e.id DESC");
	AND(true, " LIMIT :limit");
#undef AND
}

static void bind_int(sqlite3_stmt *q, const char *name, int64_t v)
{
	int i = sqlite3_bind_parameter_index(q, name);
	if (i)
		sqlite3_bind_int64(q, i, v);
}

static void bind_text(sqlite3_stmt *q, const char *name, const char *v)
{
	int i = sqlite3_bind_parameter_index(q, name);
	if (i)
		sqlite3_bind_text(q, i, v, -1, SQLITE_STATIC);
}

static void bind_range(sqlite3_stmt *q, const char *lo, const char *hi, const char *len, const struct addr_range *r)
{
	int i = sqlite3_bind_parameter_index(q, lo);
	if (!i)
		return;
	sqlite3_bind_blob(q, i, r->lo, r->len, SQLITE_STATIC);
	sqlite3_bind_blob(q, sqlite3_bind_parameter_index(q, hi), r->hi, r->len, SQLITE_STATIC);
	bind_int(q, len, r->len);
}

static void bind_all(sqlite3_stmt *q, const struct event_filter *f)
{
	bind_int(q, ":types", f->types);
	bind_int(q, ":since", f->since_us);
	bind_int(q, ":until", f->until_us);
	bind_int(q, ":severity", f->severity);
	bind_int(q, ":sid", f->sid);
	bind_int(q, ":flow", (int64_t)f->flow);
	bind_int(q, ":after", f->after_id);
	bind_int(q, ":limit", f->limit ? f->limit : 1000);
	bind_text(q, ":detector", f->detector);
	bind_text(q, ":sensor", f->sensor);
	bind_range(q, ":src_lo", ":src_hi", ":src_len", &f->src);
	bind_range(q, ":dst_lo", ":dst_hi", ":dst_len", &f->dst);
	bind_range(q, ":a_lo", ":a_hi", ":a_len", &f->addr);
}

int64_t store_events(struct store_reader *r, const struct event_filter *f, event_fn fn, void *ctx)
{
	char sql[SQL_BYTES];
	sqlite3_stmt *q;
	int64_t n = 0;
	int rc;

	build(f, sql);
	if (sqlite3_prepare_v2(r->db, sql, -1, &q, NULL) != SQLITE_OK)
		return -1;
	bind_all(q, f);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		n++;
		if (!fn(ctx, sqlite3_column_int64(q, 0), (const char *)sqlite3_column_text(q, 1),
			    (const char *)sqlite3_column_text(q, 2), (size_t)sqlite3_column_bytes(q, 2)))
			break;
	}
	sqlite3_finalize(q);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? n : -1;
}

int store_sensors(struct store_reader *r, sensor_fn fn, void *ctx)
{
	static const char sql[] = "SELECT key, name, first_seen, last_seen, last_seq, events, missing, stats FROM "
				  "sensors ORDER BY name, key";
	sqlite3_stmt *q;
	int rc;

	if (sqlite3_prepare_v2(r->db, sql, -1, &q, NULL) != SQLITE_OK)
		return -1;
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct sensor_row row = {.id = (const char *)sqlite3_column_text(q, 0),
			.name = (const char *)sqlite3_column_text(q, 1),
			.first_seen_s = sqlite3_column_int64(q, 2),
			.last_seen_s = sqlite3_column_int64(q, 3),
			.last_seq = (uint64_t)sqlite3_column_int64(q, 4),
			.events = (uint64_t)sqlite3_column_int64(q, 5),
			.missing = (uint64_t)sqlite3_column_int64(q, 6),
			.stats = (const char *)sqlite3_column_text(q, 7)};
		fn(ctx, &row);
	}
	sqlite3_finalize(q);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int64_t one_number(struct store_reader *r, const char *sql)
{
	sqlite3_stmt *q;
	int64_t v = -1;

	if (sqlite3_prepare_v2(r->db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		v = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return v;
}

int64_t store_last_id(struct store_reader *r)
{
	return one_number(r, "SELECT coalesce(max(id), 0) FROM events");
}

// Ids rise by one with each event and only the oldest are ever deleted, so the span is the count.
int store_size(struct store_reader *r, uint64_t *events, uint64_t *bytes)
{
	int64_t n =
		one_number(r, "SELECT coalesce((SELECT max(id) FROM events) - (SELECT min(id) FROM events) + 1, 0)");
	int64_t pages = one_number(r, "PRAGMA page_count"), page = one_number(r, "PRAGMA page_size");

	if (n < 0 || pages < 0 || page < 0)
		return -1;
	*events = (uint64_t)n;
	*bytes = (uint64_t)(pages * page);
	return 0;
}
