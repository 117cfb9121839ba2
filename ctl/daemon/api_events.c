// GET /api/v1/events: events that match, newest first, {"events":[{"id":..,"sensor":..,"eve":{..}}],"last_id":N}.
// GET /api/v1/stream: the same as one JSON object a line, then each new event as it is stored, without end.
//
// Parameters: since, until (EVE time, or seconds since 1970), type (names, comma-separated, or "all";
// default alert), severity (this or worse), src, dst, addr (address or prefix), sid, detector, flow, sensor,
// after (an id), limit (1..100000, default 1000), order=oldest.
#include "ctl/daemon/api.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/daemon/store_query.h"
#include "ctl/eve/json_out.h"

#define LIMIT_MAX 100000
#define POLL_NS 200000000
#define KEEPALIVE_POLLS 25 // an empty line every five seconds, so that a reader who has gone is noticed

static bool read_number(const char *text, int64_t lo, int64_t hi, int64_t *out)
{
	char *end;

	errno = 0;
	long long v = strtoll(text, &end, 10);
	if (errno || end == text || *end || v < lo || v > hi)
		return false;
	*out = v;
	return true;
}

static bool read_time(const char *text, int64_t *us)
{
	int64_t s;

	if (eve_read_time(text, us))
		return true;
	if (!read_number(text, 0, INT64_MAX / 1000000, &s))
		return false;
	*us = s * 1000000;
	return true;
}

static bool read_types(const char *text, int *types)
{
	char copy[64], *save = NULL;

	*types = 0;
	if (!strcmp(text, "all"))
		return true;
	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		enum eve_type t = eve_read_type(p);
		if (t == EVE_OTHER)
			return false;
		*types |= 1 << t;
	}
	return *types != 0;
}

static bool copy_text(const char *text, char *out, size_t size)
{
	if (strlen(text) >= size)
		return false;
	strcpy(out, text);
	return true;
}

// One parameter into the filter. False: its value makes no sense.
static bool set(struct event_filter *f, const char *key, const char *value)
{
	int64_t v = 0;
	bool ok;

	if (!strcmp(key, "since"))
		return read_time(value, &f->since_us);
	if (!strcmp(key, "until"))
		return read_time(value, &f->until_us);
	if (!strcmp(key, "type"))
		return read_types(value, &f->types);
	if (!strcmp(key, "src"))
		return addr_range_parse(value, &f->src);
	if (!strcmp(key, "dst"))
		return addr_range_parse(value, &f->dst);
	if (!strcmp(key, "addr"))
		return addr_range_parse(value, &f->addr);
	if (!strcmp(key, "detector"))
		return copy_text(value, f->detector, sizeof(f->detector));
	if (!strcmp(key, "sensor"))
		return copy_text(value, f->sensor, sizeof(f->sensor));
	if (!strcmp(key, "order")) {
		f->oldest_first = !strcmp(value, "oldest");
		return f->oldest_first || !strcmp(value, "newest");
	}
	if (!strcmp(key, "severity")) {
		ok = read_number(value, 1, 255, &v);
		f->severity = (int)v;
		return ok;
	}
	if (!strcmp(key, "sid"))
		return read_number(value, 1, UINT32_MAX, &f->sid);
	if (!strcmp(key, "after"))
		return read_number(value, 0, INT64_MAX, &f->after_id);
	if (!strcmp(key, "limit")) {
		ok = read_number(value, 1, LIMIT_MAX, &v);
		f->limit = (uint32_t)v;
		return ok;
	}
	ok = !strcmp(key, "flow") && read_number(value, 1, INT64_MAX, &v);
	f->flow = (uint64_t)v;
	return ok;
}

struct parse {
	struct event_filter filter;
	char bad[256];
};

static enum MHD_Result one_parameter(void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct parse *p = ctx;

	if (!set(&p->filter, key, value ? value : ""))
		snprintf(p->bad, sizeof(p->bad), "%.32s=%.160s: no such parameter, or not a value for it", key,
			value ? value : "");
	return MHD_YES;
}

static bool parse(struct MHD_Connection *c, struct parse *p)
{
	*p = (struct parse){
		.filter = {.since_us = INT64_MIN, .until_us = INT64_MAX, .types = 1 << EVE_ALERT, .limit = 1000}};
	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, one_parameter, p);
	return !*p->bad;
}

struct list {
	struct json_out out;
	int64_t last_id;
	char after; // what follows each event
};

static bool add_event(void *ctx, int64_t id, const char *sensor, const char *eve, size_t len)
{
	struct list *l = ctx;

	if (l->after != '\n')
		jout_comma(&l->out);
	jout_raw(&l->out, "{\"id\":", 6);
	jout_uint(&l->out, (uint64_t)id);
	jout_kstring(&l->out, "sensor", sensor);
	jout_key(&l->out, "eve");
	jout_raw(&l->out, eve, len);
	jout_raw(&l->out, "}\n", l->after == '\n' ? 2 : 1);
	if (id > l->last_id)
		l->last_id = id;
	return !l->out.failed;
}

static enum MHD_Result get_events(const struct api_context *api, struct MHD_Connection *c)
{
	char why[256] = "";
	struct parse p;
	struct list l = {0};
	struct store_reader *r;
	enum MHD_Result rc;

	if (!parse(c, &p))
		return api_error(c, MHD_HTTP_BAD_REQUEST, "%s", p.bad);
	r = store_reader_open(api->store_path, why, sizeof(why));
	jout_raw(&l.out, "{\"events\":[", 11);
	if (!r || store_events(r, &p.filter, add_event, &l) < 0 || l.out.failed) {
		rc = api_error(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "%s", r ? store_reader_error(r) : why);
	} else {
		jout_close(&l.out, ']');
		jout_kuint(&l.out, "last_id", (uint64_t)(l.last_id ? l.last_id : store_last_id(r)));
		jout_raw(&l.out, "}\n", 2);
		rc = api_json(c, MHD_HTTP_OK, l.out.buf, l.out.len);
	}
	store_reader_close(r);
	jout_free(&l.out);
	return rc;
}

// A stream: what was found is handed out piece by piece; then the store is asked again for what is new.
struct stream {
	const struct api_context *api;
	struct store_reader *reader;
	struct event_filter filter;
	struct list list;
	size_t off;
	int idle;
};

static void refill(struct stream *s)
{
	s->list.out.len = 0;
	s->off = 0;
	if (store_events(s->reader, &s->filter, add_event, &s->list) > 0)
		s->filter.after_id = s->list.last_id;
}

static ssize_t read_stream(void *ctx, uint64_t pos, char *buf, size_t max)
{
	struct stream *s = ctx;
	struct timespec pause = {.tv_nsec = POLL_NS};

	while (s->off == s->list.out.len) {
		if (s->api->stopping || s->list.out.failed)
			return MHD_CONTENT_READER_END_OF_STREAM;
		refill(s);
		if (s->list.out.len)
			break;
		if (++s->idle >= KEEPALIVE_POLLS) {
			s->idle = 0;
			*buf = '\n';
			return 1;
		}
		nanosleep(&pause, NULL);
	}
	s->idle = 0;
	size_t n = s->list.out.len - s->off;
	n = n < max ? n : max;
	memcpy(buf, s->list.out.buf + s->off, n);
	s->off += n;
	return (ssize_t)n;
}

static void free_stream(void *ctx)
{
	struct stream *s = ctx;

	store_reader_close(s->reader);
	jout_free(&s->list.out);
	free(s);
}

static enum MHD_Result get_stream(const struct api_context *api, struct MHD_Connection *c)
{
	char why[256] = "no memory";
	struct parse p;
	struct stream *s;
	struct MHD_Response *r;
	enum MHD_Result rc;

	if (!parse(c, &p))
		return api_error(c, MHD_HTTP_BAD_REQUEST, "%s", p.bad);
	s = calloc(1, sizeof(*s));
	if (!s || !(s->reader = store_reader_open(api->store_path, why, sizeof(why)))) {
		free(s);
		return api_error(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "%s", why);
	}
	s->api = api;
	s->filter = p.filter;
	s->filter.by_id = true;
	s->list.after = '\n';
	if (!MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "after")) // only what is new
		s->filter.after_id = s->list.last_id = store_last_id(s->reader);
	r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 65536, read_stream, s, free_stream);
	if (!r) {
		free_stream(s);
		return MHD_NO;
	}
	MHD_add_response_header(r, "Content-Type", "application/x-ndjson");
	rc = MHD_queue_response(c, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return rc;
}

const struct endpoint endpoint_events = {"/api/v1/events", get_events};
const struct endpoint endpoint_stream = {"/api/v1/stream", get_stream};
