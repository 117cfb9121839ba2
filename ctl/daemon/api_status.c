// GET /api/v1/status: what the daemon is doing and what its sensors last said of themselves.
#include "ctl/daemon/api.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "ctl/daemon/counts.h"
#include "ctl/daemon/ingest.h"
#include "ctl/daemon/store_query.h"

struct status {
	json_t *sensors;
	const struct ingest_stats *in;
};

static void add_sensor(void *ctx, const struct sensor_row *row)
{
	struct status *st = ctx;
	bool connected = false;
	json_t *record = row->stats ? json_loads(row->stats, 0, NULL) : NULL;

	for (uint32_t i = 0; i < st->in->connected; i++)
		connected |= !strcmp(st->in->ids[i], row->id);
	json_array_append_new(
		st->sensors, json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:O?}", "id", row->id, "name",
				     row->name, "connected", connected, "first_seen", (json_int_t)row->first_seen_s,
				     "last_seen", (json_int_t)row->last_seen_s, "last_seq", (json_int_t)row->last_seq,
				     "events", (json_int_t)row->events, "missing", (json_int_t)row->missing, "stats",
				     json_object_get(record, "stats")));
	json_decref(record);
}

static json_t *stored_counts(void)
{
	struct counts n;

	counts_read(&n);
	return json_pack("{s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}}", "alert", (json_int_t)n.by_type[EVE_ALERT],
		"anomaly", (json_int_t)n.by_type[EVE_ANOMALY], "flow", (json_int_t)n.by_type[EVE_FLOW], "other",
		(json_int_t)n.by_type[EVE_OTHER], "alerts_by_severity", "high", (json_int_t)n.by_severity[1], "medium",
		(json_int_t)n.by_severity[2], "low", (json_int_t)n.by_severity[3], "other",
		(json_int_t)n.by_severity[0]);
}

static json_t *build(const struct api_context *api, struct store_reader *r)
{
	struct ingest_stats in;
	uint64_t events = 0, bytes = 0;
	struct status st = {.sensors = json_array(), .in = &in};

	ingest_stats(api->ingest, &in);
	if (store_size(r, &events, &bytes) || store_sensors(r, add_sensor, &st)) {
		json_decref(st.sensors);
		return NULL;
	}
	return json_pack("{s:s, s:I, s:{s:s, s:I, s:I, s:b}, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:o}, s:o}", "version",
		TOCSIN_VERSION, "uptime_s", (json_int_t)(time(NULL) - api->started_s), "store", "path", api->store_path,
		"events", (json_int_t)events, "bytes", (json_int_t)bytes, "failing", in.store_failing, "ingest",
		"stored", (json_int_t)in.stored, "duplicates", (json_int_t)in.duplicates, "missing",
		(json_int_t)in.missing, "rejected", (json_int_t)in.rejected, "batches", (json_int_t)in.batches, "bytes",
		(json_int_t)in.bytes, "by_type", stored_counts(), "sensors", st.sensors);
}

static enum MHD_Result get(const struct api_context *api, struct MHD_Connection *c)
{
	char why[256] = "the store cannot be read";
	struct store_reader *r = store_reader_open(api->store_path, why, sizeof(why));
	json_t *o = r ? build(api, r) : NULL;
	char *text = o ? json_dumps(o, JSON_INDENT(1)) : NULL;
	enum MHD_Result rc;

	if (text)
		rc = api_json(c, MHD_HTTP_OK, text, strlen(text));
	else
		rc = api_error(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "%s", r ? store_reader_error(r) : why);
	free(text);
	json_decref(o);
	store_reader_close(r);
	return rc;
}

const struct endpoint endpoint_status = {"/api/v1/status", get};
