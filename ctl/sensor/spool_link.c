// See spool_link.h.
#include "ctl/sensor/spool_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "dataplane/api/clock.h"

#define PUMP_MAX_BYTES (8u << 20) // sent in one look
#define BACKOFF_FIRST_NS 250000000ull
#define BACKOFF_MAX_NS 10000000000ull

static void down(struct spool_link *l, const char *why)
{
	bool was_up = l->state == LINK_UP;

	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->state = LINK_DOWN;
	l->send_len = l->send_off = l->recv_len = 0;
	l->backoff_ns = was_up                               ? BACKOFF_FIRST_NS
			: l->backoff_ns * 2 < BACKOFF_MAX_NS ? l->backoff_ns * 2
							     : BACKOFF_MAX_NS;
	l->retry_ns = clock_now_ns(CLOCK_MONOTONIC) + l->backoff_ns;
	if (l->say && !l->link_said)
		sink_report(l->say, true, "the daemon at %s %s; events wait on disk", l->socket, why);
	l->link_said = true;
}

static void send_hello(struct spool_link *l)
{
	json_t *o = json_pack("{s:s, s:i, s:s, s:s, s:s}", "hello", "tocsin", "protocol", WIRE_PROTOCOL, "sensor",
		l->id, "name", l->name, "version", TOCSIN_VERSION);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	l->send_len = text ? (size_t)snprintf(l->send, sizeof(l->send), "%s\n", text) : 0;
	l->send_off = 0;
	free(text);
}

static void try_connect(struct spool_link *l)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (clock_now_ns(CLOCK_MONOTONIC) < l->retry_ns)
		return;
	memcpy(a.sun_path, l->socket, sizeof(a.sun_path));
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0 || connect(l->fd, (struct sockaddr *)&a, sizeof(a))) {
		char why[128];
		snprintf(why, sizeof(why), "cannot be reached (%s)", strerror(errno));
		down(l, why);
		return;
	}
	l->state = LINK_HELLO;
	l->recv_len = 0;
	l->connects++;
	send_hello(l);
}

static void on_hello(struct spool_link *l, uint64_t have)
{
	l->state = LINK_UP;
	l->have = have;
	l->acked = have > l->acked ? have : l->acked;
	if (!l->rerun && have >= l->next_seq) // the spool was deleted, the daemon remembers: never use a number twice
		l->next_seq = have + 1;
	spool_disk_rewind(l->disk, have);
	l->greeted = true;
	if (l->say && l->link_said)
		sink_report(l->say, false, "the daemon at %s takes events again", l->socket);
	l->link_said = false;
}

// The highest number the daemon can know.
static uint64_t highest(const struct spool_link *l)
{
	uint64_t last = spool_disk_last(l->disk);
	return last > l->have ? last : l->have;
}

// One line of the daemon's. False: it makes no sense.
static bool on_line(struct spool_link *l, const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, 0, NULL);
	json_t *ack = json_object_get(o, "ack"), *have = json_object_get(o, "have");
	const char *error = json_string_value(json_object_get(o, "error"));
	json_int_t n = json_integer_value(ack ? ack : have);
	bool ok = false;

	if (error) {
		char why[512];
		snprintf(why, sizeof(why), "refuses this sensor: %.400s", error);
		down(l, why);
		ok = true;
	} else if (json_is_integer(have) && l->state == LINK_HELLO && n >= 0) {
		on_hello(l, (uint64_t)n);
		ok = true;
	} else if (json_is_integer(ack) && l->state == LINK_UP && n >= 0 && (uint64_t)n <= highest(l)) {
		l->acked = (uint64_t)n > l->acked ? (uint64_t)n : l->acked;
		spool_disk_ack(l->disk, l->acked);
		ok = true;
	}
	json_decref(o);
	return ok;
}

static void receive(struct spool_link *l)
{
	while (l->fd >= 0) {
		ssize_t n = recv(l->fd, l->recv + l->recv_len, sizeof(l->recv) - l->recv_len, 0);
		char *nl;
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			down(l, n ? strerror(errno) : "has gone");
			return;
		}
		l->recv_len += (size_t)n;
		while (l->fd >= 0 && (nl = memchr(l->recv, '\n', l->recv_len))) {
			size_t len = (size_t)(nl - l->recv);
			if (!on_line(l, l->recv, len)) {
				down(l, "answers what no daemon would");
				return;
			}
			if (l->fd < 0)
				return;
			l->recv_len -= len + 1;
			memmove(l->recv, nl + 1, l->recv_len);
		}
		if (l->recv_len == sizeof(l->recv)) {
			down(l, "answers lines without end");
			return;
		}
	}
}

// Sends until the socket is full or nothing is left. Returns false when the socket is full.
static bool transmit(struct spool_link *l)
{
	size_t budget = PUMP_MAX_BYTES;

	while (l->fd >= 0 && budget) {
		if (l->send_off == l->send_len) {
			l->send_off = 0;
			l->send_len = l->state == LINK_UP ? spool_disk_read(l->disk, l->send, sizeof(l->send)) : 0;
			if (!l->send_len)
				return true;
		}
		size_t left = l->send_len - l->send_off;
		ssize_t n = send(l->fd, l->send + l->send_off, left < budget ? left : budget, MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return false;
		if (n < 0) {
			down(l, strerror(errno));
			return true;
		}
		l->send_off += (size_t)n;
		budget -= (size_t)n;
	}
	return true;
}

static void flush_disk(struct spool_link *l)
{
	int rc = spool_disk_flush(l->disk);

	if (l->say && rc && !l->disk_failing)
		sink_report(l->say, true,
			"cannot spool events for the daemon: %s; new ones are counted until it works again",
			strerror(-rc));
	if (l->say && !rc && l->disk_failing)
		sink_report(l->say, false, "events are spooled again");
	l->disk_failing = rc != 0;
}

void spool_link_converse(struct spool_link *l)
{
	flush_disk(l);
	if (l->fd < 0)
		try_connect(l);
	if (l->fd >= 0)
		transmit(l);
	if (l->fd >= 0)
		receive(l);
}

bool spool_link_arrived(const struct spool_link *l)
{
	return l->acked >= spool_disk_last(l->disk) && l->send_off == l->send_len;
}

void spool_link_init(struct spool_link *l, struct spool_disk *disk, bool rerun)
{
	l->disk = disk;
	l->rerun = rerun;
	l->next_seq = rerun ? 1 : spool_disk_last(disk) + 1;
	l->backoff_ns = BACKOFF_FIRST_NS / 2;
	l->fd = -1;
}

void spool_link_close(struct spool_link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	if (l->rerun && spool_link_arrived(l))
		spool_disk_remove(l->disk);
	else
		spool_disk_close(l->disk);
}
