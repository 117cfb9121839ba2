// See eve_read.h.
#include "ctl/eve/eve_read.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

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

static void text_field(json_t *o, const char *key, char *out, size_t size)
{
	const char *s = json_string_value(json_object_get(o, key));
	if (s)
		snprintf(out, size, "%s", s);
}

static int32_t port_field(json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);
	json_int_t n = json_integer_value(v);
	return json_is_integer(v) && n >= 0 && n <= 65535 ? (int32_t)n : -1;
}

static void addr_field(json_t *o, const char *key, struct eve_addr *out)
{
	const char *s = json_string_value(json_object_get(o, key));
	if (!s || !eve_read_addr(s, out))
		out->len = 0; // ARP and the like have none
}

static void alert_fields(json_t *o, struct eve_fields *f)
{
	json_t *a = json_object_get(o, "alert");

	f->gid = json_integer_value(json_object_get(a, "gid"));
	f->sid = json_integer_value(json_object_get(a, "signature_id"));
	f->severity = json_integer_value(json_object_get(a, "severity"));
	text_field(a, "signature", f->signature, sizeof(f->signature));
	text_field(json_object_get(o, "tocsin"), "detector", f->detector, sizeof(f->detector));
}

static int fields(json_t *o, struct eve_fields *f, char *why, size_t why_size)
{
	const char *ts = json_string_value(json_object_get(o, "timestamp"));
	const char *type = json_string_value(json_object_get(o, "event_type"));
	json_int_t seq = json_integer_value(json_object_get(o, "sensor_seq"));
	json_int_t flow = json_integer_value(json_object_get(o, "flow_id"));

	if (!ts || !eve_read_time(ts, &f->ts_us)) {
		snprintf(why, why_size, "no timestamp, or not one");
		return -EINVAL;
	}
	if (!type) {
		snprintf(why, why_size, "no event_type");
		return -EINVAL;
	}
	f->type = eve_read_type(type);
	f->seq = seq > 0 ? (uint64_t)seq : 0;
	f->flow_id = flow > 0 ? (uint64_t)flow : 0;
	addr_field(o, "src_ip", &f->src);
	addr_field(o, "dest_ip", &f->dst);
	f->src_port = port_field(o, "src_port");
	f->dest_port = port_field(o, "dest_port");
	text_field(o, "proto", f->proto, sizeof(f->proto));
	if (f->type == EVE_ALERT)
		alert_fields(o, f);
	return 0;
}

int eve_read(const char *line, size_t len, struct eve_fields *out, char *why, size_t why_size)
{
	json_error_t err;
	json_t *o = json_loadb(line, len, 0, &err);
	int rc;

	*out = (struct eve_fields){.src_port = -1, .dest_port = -1};
	if (!json_is_object(o)) {
		snprintf(why, why_size, o ? "not a JSON object" : "%s", err.text);
		json_decref(o);
		return -EINVAL;
	}
	rc = fields(o, out, why, why_size);
	json_decref(o);
	return rc;
}
