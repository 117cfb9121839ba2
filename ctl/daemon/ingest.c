// The ingest loop: sockets, batches, acknowledgements. See ingest.h. Next: ingest_sensor.c.
#include "ctl/daemon/ingest_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ctl/daemon/consumer.h"
#include "dataplane/api/clock.h"

#define BATCH_EVENTS 5000u
#define BATCH_NS 50000000ull
#define RETRY_NS 1000000000ull
#define EVENTS_A_WAIT 64

struct ingest *ingest_new(struct store *st, int listen_fd)
{
	struct ingest *in = calloc(1, sizeof(*in));
	struct epoll_event ev = {.events = EPOLLIN};

	if (!in)
		return NULL;
	in->store = st;
	in->listen_fd = listen_fd;
	pthread_mutex_init(&in->lock, NULL);
	in->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (in->epoll_fd < 0 || epoll_ctl(in->epoll_fd, EPOLL_CTL_ADD, listen_fd, &ev)) {
		ingest_free(in);
		return NULL;
	}
	return in;
}

static void sensor_free(struct sensor *s)
{
	close(s->fd);
	free(s->buf);
	free(s);
}

void ingest_free(struct ingest *in)
{
	if (!in)
		return;
	for (uint32_t i = 0; i < in->count; i++)
		sensor_free(in->sensors[i]);
	if (in->epoll_fd >= 0)
		close(in->epoll_fd);
	close(in->listen_fd);
	free(in);
}

static void accept_sensor(struct ingest *in)
{
	int fd = accept4(in->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct sensor *s = fd >= 0 && in->count < INGEST_MAX_SENSORS ? calloc(1, sizeof(*s)) : NULL;
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = s};

	if (!s) {
		if (fd >= 0)
			close(fd);
		return;
	}
	s->fd = fd;
	if (epoll_ctl(in->epoll_fd, EPOLL_CTL_ADD, fd, &ev)) {
		sensor_free(s);
		return;
	}
	in->sensors[in->count++] = s;
}

static void bury_the_dead(struct ingest *in)
{
	for (uint32_t i = 0; i < in->count;) {
		if (!in->sensors[i]->dead || (in->open_batch && in->sensors[i]->touched)) {
			i++; // what it sent is still in the batch
			continue;
		}
		sensor_free(in->sensors[i]);
		in->sensors[i] = in->sensors[--in->count];
	}
}

int ingest_begin(struct ingest *in)
{
	int rc = in->open_batch ? 0 : store_begin(in->store);

	if (!rc && !in->open_batch) {
		in->open_batch = true;
		in->batch_events = 0;
		in->batch_began_ns = clock_now_ns(CLOCK_MONOTONIC);
	}
	return rc;
}

// The store does not take the batch. Every sensor is sent away: what it sent is still in its spool, and
// it comes again when the store works.
static void give_up_batch(struct ingest *in, int rc)
{
	if (!in->failing)
		daemon_say("the store cannot be written: %s%s; sensors keep their events until it can",
			store_error(in->store), rc == -ENOSPC ? " (make room on its disk)" : "");
	store_rollback(in->store);
	for (const struct event_consumer *const *c = event_consumers; *c; c++)
		if ((*c)->on_rollback)
			(*c)->on_rollback();
	in->open_batch = false;
	in->failing = in->paused = true;
	in->retry_ns = clock_now_ns(CLOCK_MONOTONIC) + RETRY_NS;
	for (uint32_t i = 0; i < in->count; i++)
		in->sensors[i]->dead = true;
	bury_the_dead(in);
}

static void after_commit(struct ingest *in)
{
	pthread_mutex_lock(&in->lock);
	in->stats.batches++;
	for (uint32_t i = 0; i < in->count; i++) {
		in->stats.stored += in->sensors[i]->stored;
		in->stats.missing += in->sensors[i]->missing;
	}
	pthread_mutex_unlock(&in->lock);
	for (const struct event_consumer *const *c = event_consumers; *c; c++)
		if ((*c)->on_commit)
			(*c)->on_commit();
	for (uint32_t i = 0; i < in->count; i++) {
		struct sensor *s = in->sensors[i];
		s->committed = s->last_seq;
		s->stored = s->missing = 0;
		s->touched = false;
	}
}

static int commit(struct ingest *in)
{
	int rc = 0;

	if (!in->open_batch)
		return 0;
	for (uint32_t i = 0; i < in->count && !rc; i++) {
		struct sensor *s = in->sensors[i];
		if (s->touched && s->greeted)
			rc = store_sensor_add(in->store, s->row, s->last_seq, s->stored, s->missing);
	}
	if (!rc)
		rc = (int)(store_trim(in->store) < 0 ? -EIO : 0);
	if (!rc)
		rc = store_commit(in->store);
	if (rc)
		return rc;
	in->open_batch = false;
	if (in->failing && in->batch_events) { // a greeting alone may still fit a full disk
		daemon_say("the store is written again");
		in->failing = false;
	}
	after_commit(in);
	return 0;
}

static void acknowledge(struct ingest *in)
{
	for (uint32_t i = 0; i < in->count; i++) {
		struct sensor *s = in->sensors[i];
		if (!s->want_ack || s->dead || in->open_batch)
			continue;
		sensor_tell(s, "{\"ack\":%" PRIu64 "}\n", s->committed);
		s->want_ack = false;
	}
}

static void note_connected(struct ingest *in)
{
	pthread_mutex_lock(&in->lock);
	in->stats.connected = 0;
	in->stats.store_failing = in->failing;
	for (uint32_t i = 0; i < in->count; i++)
		if (in->sensors[i]->greeted)
			memcpy(in->stats.ids[in->stats.connected++], in->sensors[i]->id, WIRE_ID_BYTES);
	pthread_mutex_unlock(&in->lock);
}

// While the store fails, sensors wait at the door; once a second the next batch tries it in earnest.
static void pause_before_next_try(struct ingest *in)
{
	struct timespec pause = {.tv_nsec = 100000000};

	if (clock_now_ns(CLOCK_MONOTONIC) < in->retry_ns)
		nanosleep(&pause, NULL);
	else
		in->paused = false;
}

static int wait_ms(const struct ingest *in)
{
	uint64_t age = in->open_batch ? clock_now_ns(CLOCK_MONOTONIC) - in->batch_began_ns : 0;

	if (!in->open_batch)
		return 500;
	return age >= BATCH_NS ? 0 : (int)((BATCH_NS - age) / 1000000u) + 1;
}

static int turn(struct ingest *in)
{
	struct epoll_event ev[EVENTS_A_WAIT];
	int n = epoll_wait(in->epoll_fd, ev, EVENTS_A_WAIT, wait_ms(in)), rc = 0;

	for (int i = 0; i < n && !rc; i++) {
		struct sensor *s = ev[i].data.ptr;
		if (!s)
			accept_sensor(in);
		else if (!s->dead)
			rc = sensor_read(in, s);
		if (s && s->dead)
			epoll_ctl(in->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	}
	if (!rc && in->open_batch &&
		(in->batch_events >= BATCH_EVENTS || clock_now_ns(CLOCK_MONOTONIC) - in->batch_began_ns >= BATCH_NS))
		rc = commit(in);
	return rc;
}

int ingest_run(struct ingest *in, volatile bool *stop)
{
	int rc;

	while (!*stop) {
		if (in->paused) {
			pause_before_next_try(in);
			note_connected(in);
			continue;
		}
		rc = turn(in);
		if (rc)
			give_up_batch(in, rc);
		acknowledge(in);
		bury_the_dead(in);
		note_connected(in);
	}
	rc = commit(in);
	if (rc)
		daemon_say("the last batch could not be stored: %s; its sensors send it again", store_error(in->store));
	acknowledge(in);
	return rc;
}

void ingest_stats(struct ingest *in, struct ingest_stats *out)
{
	pthread_mutex_lock(&in->lock);
	*out = in->stats;
	pthread_mutex_unlock(&in->lock);
}
