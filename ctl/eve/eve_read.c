// See eve_read.h.
#include "ctl/eve/eve_read.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/eve/json_in.h"

static const char *const type_names[] = {
	[EVE_ALERT] = "alert", [EVE_ANOMALY] = "anomaly", [EVE_FLOW] = "flow", [EVE_STATS] = "stats"};

const char *eve_read_type_name(enum eve_type type)
{
	return type_names[type];
}

enum eve_type eve_read_type(const char *name)
{
	for (int t = EVE_ALERT; t <= EVE_STATS; t++)
		if (!strcmp(name, type_names[t]))
			return (enum eve_type)t;
	return EVE_OTHER;
}

// "+0100", "+01:00", "-0530", "Z" or nothing, to seconds east of UTC.
static bool read_zone(const char *p, int *east_s)
{
	unsigned int h, m;
	int n = 0;

	*east_s = 0;
	if (!*p || !strcmp(p, "Z"))
		return true;
	if (*p != '+' && *p != '-')
		return false;
	if ((sscanf(p + 1, "%2u:%2u%n", &h, &m, &n) != 2 && sscanf(p + 1, "%2u%2u%n", &h, &m, &n) != 2) || p[1 + n] ||
		h > 23 || m > 59)
		return false;
	*east_s = (int)(h * 3600 + m * 60) * (*p == '-' ? -1 : 1);
	return true;
}

bool eve_read_time(const char *text, int64_t *us)
{
	struct tm tm = {0};
	const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t fraction = 0, unit = 100000;
	int east_s;

	if (!p)
		return false;
	if (*p == '.')
		for (p++; isdigit((unsigned char)*p); p++, unit /= 10)
			fraction += (*p - '0') * unit;
	if (!read_zone(p, &east_s))
		return false;
	*us = ((int64_t)timegm(&tm) - east_s) * 1000000 + fraction;
	return true;
}

bool eve_read_addr(const char *text, struct eve_addr *out)
{
	*out = (struct eve_addr){0};
	if (inet_pton(AF_INET, text, out->bytes) == 1)
		out->len = 4;
	else if (inet_pton(AF_INET6, text, out->bytes) == 1)
		out->len = 16;
	return out->len != 0;
}

static bool is(const char *name, size_t len, const char *what)
{
	return len == strlen(what) && !memcmp(name, what, len);
}

static void addr(const struct json_in_value *v, struct eve_addr *out)
{
	char text[64];
	if (v->type == JIN_STRING && json_in_string(v, text, sizeof(text)))
		eve_read_addr(text, out); // ARP and the like have none
}

static int32_t port(const struct json_in_value *v)
{
	int64_t n;
	return json_in_int(v, &n) && n >= 0 && n <= 65535 ? (int32_t)n : -1;
}

static void positive(const struct json_in_value *v, uint64_t *out)
{
	int64_t n;
	*out = json_in_int(v, &n) && n > 0 ? (uint64_t)n : 0;
}

static void whole(const struct json_in_value *v, int64_t *out)
{
	if (!json_in_int(v, out))
		*out = 0;
}

static void text(const struct json_in_value *v, char *out, size_t size)
{
	if (v->type == JIN_STRING)
		json_in_string(v, out, size);
}

struct reading {
	struct eve_fields *f;
	bool timed, typed;
};

static void top_member(struct reading *r, const char *key, size_t n, const struct json_in_value *v)
{
	struct eve_fields *f = r->f;
	char type[32] = "", time[64] = "";

	if (is(key, n, "timestamp")) {
		text(v, time, sizeof(time));
		r->timed = eve_read_time(time, &f->ts_us);
	} else if (is(key, n, "event_type")) {
		text(v, type, sizeof(type));
		r->typed = *type;
		f->type = eve_read_type(type);
	} else if (is(key, n, "sensor_seq")) {
		positive(v, &f->seq);
	} else if (is(key, n, "flow_id")) {
		positive(v, &f->flow_id);
	} else if (is(key, n, "src_ip")) {
		addr(v, &f->src);
	} else if (is(key, n, "dest_ip")) {
		addr(v, &f->dst);
	} else if (is(key, n, "src_port")) {
		f->src_port = port(v);
	} else if (is(key, n, "dest_port")) {
		f->dest_port = port(v);
	} else if (is(key, n, "proto")) {
		text(v, f->proto, sizeof(f->proto));
	}
}

static void alert_member(struct eve_fields *f, const char *key, size_t n, const struct json_in_value *v)
{
	if (is(key, n, "gid"))
		whole(v, &f->gid);
	else if (is(key, n, "signature_id"))
		whole(v, &f->sid);
	else if (is(key, n, "severity"))
		whole(v, &f->severity);
	else if (is(key, n, "signature"))
		text(v, f->signature, sizeof(f->signature));
}

static void on_member(
	void *ctx, const char *outer, size_t outer_len, const char *key, size_t n, const struct json_in_value *v)
{
	struct reading *r = ctx;

	if (!outer_len)
		top_member(r, key, n, v);
	else if (is(outer, outer_len, "alert"))
		alert_member(r->f, key, n, v);
	else if (is(outer, outer_len, "tocsin") && is(key, n, "detector"))
		text(v, r->f->detector, sizeof(r->f->detector));
}

int eve_read(const char *line, size_t len, struct eve_fields *out, char *why, size_t why_size)
{
	struct reading r = {.f = out};
	const char *wrong;

	*out = (struct eve_fields){.src_port = -1, .dest_port = -1};
	wrong = json_in_object(line, len, on_member, &r);
	if (!wrong && !r.timed)
		wrong = "no timestamp, or not one";
	if (!wrong && !r.typed)
		wrong = "no event_type";
	if (!wrong)
		return 0;
	snprintf(why, why_size, "%s", wrong);
	return -EINVAL;
}
