// One sensor's connection: hello, then numbered records. See ingest.h.
#include "ctl/daemon/ingest_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <jansson.h>

#include "ctl/daemon/consumer.h"

void sensor_tell(struct sensor *s, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(line))
		n = sizeof(line) - 1;
	if (send(s->fd, line, (size_t)n, MSG_NOSIGNAL) != n)
		s->dead = true; // it will connect again and be told where we stand
}

static int reject(struct ingest *in, struct sensor *s, const char *why)
{
	char *text = NULL;
	json_t *o = json_pack("{s:s}", "error", why);

	if (o)
		text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	daemon_say("sensor %s: %s; its connection is ended", s->greeted ? s->id : "(unnamed)", why);
	if (text)
		sensor_tell(s, "%.400s\n", text);
	free(text);
	s->dead = true;
	pthread_mutex_lock(&in->lock);
	in->stats.rejected++;
	pthread_mutex_unlock(&in->lock);
	return 0;
}

static bool id_is_sound(const char *id)
{
	size_t n = strlen(id);
	return n && n < WIRE_ID_BYTES &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

static bool connected_already(const struct ingest *in, const char *id)
{
	for (uint32_t i = 0; i < in->count; i++)
		if (in->sensors[i]->greeted && !in->sensors[i]->dead && !strcmp(in->sensors[i]->id, id))
			return true;
	return false;
}

// Greets a sensor whose id is sound and free.
static int greet(struct ingest *in, struct sensor *s, const char *id, const char *name)
{
	int rc;

	if (!id || !id_is_sound(id))
		return reject(in, s, "a sensor's id is 1 to 63 letters, digits, '-', '_', '.'");
	if (connected_already(in, id))
		return reject(
			in, s, "a sensor with this id is connected already; give each sensor its own spool directory");
	strcpy(s->id, id);
	rc = ingest_begin(in);
	if (!rc)
		rc = store_sensor(in->store, id, name && *name ? name : id, &s->row, &s->last_seq);
	if (rc)
		return rc;
	s->committed = s->last_seq;
	s->greeted = true;
	s->touched = true;
	sensor_tell(s, "{\"hello\":\"tocsind\",\"protocol\":%d,\"have\":%" PRIu64 "}\n", WIRE_PROTOCOL, s->last_seq);
	return 0;
}

static int hello(struct ingest *in, struct sensor *s, const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, 0, NULL);
	const char *who = json_string_value(json_object_get(o, "hello"));
	json_int_t protocol = json_integer_value(json_object_get(o, "protocol"));
	int rc;

	if (!who || strcmp(who, "tocsin"))
		rc = reject(in, s, "the first line is not a sensor's hello");
	else if (protocol != WIRE_PROTOCOL)
		rc = reject(
			in, s, "it speaks another version of the protocol; sensor and daemon should be of one release");
	else
		rc = greet(in, s, json_string_value(json_object_get(o, "sensor")),
			json_string_value(json_object_get(o, "name")));
	json_decref(o);
	return rc;
}

static int stats(struct ingest *in, struct sensor *s, const struct eve_fields *f, const char *line, size_t len)
{
	int rc = ingest_begin(in);
	return rc ? rc : store_put_stats(in->store, s->row, f->ts_us, line, len);
}

// The record as the sensor's eve.json has it: without its number.
static int put(struct ingest *in, struct sensor *s, const struct eve_fields *f, char *line, size_t len)
{
	char *comma = memchr(line, ',', len);
	bool stored = false;
	int rc = ingest_begin(in);

	*comma = '{';
	struct store_event e = {.sensor = s->row, .fields = f, .line = comma, .len = len - (size_t)(comma - line)};
	if (!rc)
		rc = store_put(in->store, &e, &stored);
	if (rc)
		return rc;
	if (stored) {
		s->missing += f->seq > s->last_seq + 1 ? f->seq - s->last_seq - 1 : 0;
		s->stored++;
		for (const struct event_consumer *const *c = event_consumers; *c; c++)
			if ((*c)->on_event)
				(*c)->on_event(&e);
	}
	s->last_seq = f->seq;
	in->batch_events++;
	return 0;
}

static void count_duplicate(struct ingest *in)
{
	pthread_mutex_lock(&in->lock);
	in->stats.duplicates++;
	pthread_mutex_unlock(&in->lock);
}

// A numbered record that is not sound would come again and again: it is passed over, like one that was
// lost on the way. Returns false when the line has no number.
static bool pass_over(struct ingest *in, struct sensor *s, const char *line, size_t len, const char *why)
{
	uint64_t seq = 0;
	size_t i = WIRE_SEQ_KEY_BYTES;

	if (len < i || memcmp(line, WIRE_SEQ_KEY, i))
		return false;
	for (; i < len && line[i] >= '0' && line[i] <= '9' && seq < UINT64_MAX / 100; i++)
		seq = seq * 10 + (uint64_t)(line[i] - '0');
	if (i == len || line[i] != ',' || !seq)
		return false;
	s->want_ack = s->touched = true;
	if (seq <= s->last_seq || ingest_begin(in))
		return true;
	s->missing += seq - s->last_seq;
	s->last_seq = seq;
	in->batch_events++;
	daemon_say("sensor %s: record %" PRIu64 " is not EVE (%s) and is left out", s->id, seq, why);
	return true;
}

static int on_line(struct ingest *in, struct sensor *s, char *line, size_t len)
{
	struct eve_fields f;
	char why[256], text[320];

	if (!s->greeted)
		return hello(in, s, line, len);
	if (eve_read(line, len, &f, why, sizeof(why))) {
		if (pass_over(in, s, line, len, why))
			return 0;
		snprintf(text, sizeof(text), "not an EVE record: %s", why);
		return reject(in, s, text);
	}
	s->touched = true;
	if (f.type == EVE_STATS && !f.seq)
		return stats(in, s, &f, line, len);
	if (!f.seq || len < WIRE_SEQ_KEY_BYTES || memcmp(line, WIRE_SEQ_KEY, WIRE_SEQ_KEY_BYTES))
		return reject(in, s, "a record that does not begin with its number");
	s->want_ack = true;
	if (f.seq <= s->last_seq) {
		count_duplicate(in);
		return 0;
	}
	return put(in, s, &f, line, len);
}

static int on_lines(struct ingest *in, struct sensor *s)
{
	size_t off = 0;
	int rc = 0;

	while (!rc && !s->dead) {
		char *nl = memchr(s->buf + off, '\n', s->len - off);
		if (!nl)
			break;
		rc = on_line(in, s, s->buf + off, (size_t)(nl - s->buf) - off);
		off = (size_t)(nl + 1 - s->buf);
	}
	memmove(s->buf, s->buf + off, s->len - off);
	s->len -= off;
	return rc;
}

static bool make_room(struct sensor *s)
{
	size_t cap = s->cap ? s->cap : READ_BYTES;
	char *buf;

	if (s->cap && s->len < s->cap)
		return true;
	if (s->cap)
		cap *= 2;
	if (cap > 2 * WIRE_LINE_MAX)
		return false;
	buf = realloc(s->buf, cap);
	if (!buf)
		return false;
	s->buf = buf;
	s->cap = cap;
	return true;
}

int sensor_read(struct ingest *in, struct sensor *s)
{
	if (!make_room(s))
		return reject(in, s, "a line without end");
	ssize_t n = recv(s->fd, s->buf + s->len, s->cap - s->len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		s->dead = true;
		return 0;
	}
	s->len += (size_t)n;
	pthread_mutex_lock(&in->lock);
	in->stats.bytes += (uint64_t)n;
	pthread_mutex_unlock(&in->lock);
	return on_lines(in, s);
}
