// Shared by ingest.c (the loop and its batches) and ingest_sensor.c (one sensor's lines).
#pragma once

#include <pthread.h>

#include "ctl/daemon/ingest.h"
#include "ctl/daemon/store.h"

#define READ_BYTES (256u << 10)

struct sensor {
	int fd;
	bool greeted, dead, want_ack;
	char id[WIRE_ID_BYTES];
	int64_t row;
	uint64_t last_seq;  // highest seen, in this batch or before
	uint64_t committed; // highest on disk
	// of the open batch
	uint64_t stored, missing;
	bool touched;
	size_t len, cap;
	char *buf;
};

struct ingest {
	struct store *store;
	int listen_fd, epoll_fd;
	bool open_batch;
	bool failing, paused; // the store did not take the last batch; nothing is read until retry_ns
	uint64_t batch_events, batch_began_ns, retry_ns;
	struct sensor *sensors[INGEST_MAX_SENSORS];
	uint32_t count;
	pthread_mutex_t lock; // of stats
	struct ingest_stats stats;
};

// Reads what there is and handles whole lines. Returns 0, or -errno of the store: the batch is lost.
// Marks s dead when it has gone or sent what no sensor would.
int sensor_read(struct ingest *in, struct sensor *s);
// Tells the sensor one line; a sensor that does not read its acknowledgements is marked dead.
void sensor_tell(struct sensor *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// Begins a batch when none is open. Returns 0 or -errno.
int ingest_begin(struct ingest *in);
// A line on stderr: "tocsind: ...".
void daemon_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
