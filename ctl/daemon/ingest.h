// Takes events from any number of sensors and puts them into the store in batches. One thread, epoll.
// When the store cannot be written (a full disk), says so once, lets the sensors wait - they spool - and
// goes on by itself when it can. Wire: ctl/eve/wire.h. Next: ingest_sensor.c (one sensor's lines), store.h.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/eve/wire.h"

struct ingest;
struct store;

#define INGEST_MAX_SENSORS 256u

struct ingest_stats {
	uint64_t stored, duplicates, missing; // events; numbers that never came
	uint64_t rejected;                    // connections ended for what they sent
	uint64_t batches, bytes;
	bool store_failing;
	uint32_t connected;
	char ids[INGEST_MAX_SENSORS][WIRE_ID_BYTES]; // of connected sensors
};

// listen_fd: from listen_unix, owned from here. Returns NULL without memory or descriptors.
struct ingest *ingest_new(struct store *st, int listen_fd);
// Runs until *stop is set (by a signal handler); commits what it has. Returns 0 or -errno.
int ingest_run(struct ingest *in, volatile bool *stop);
void ingest_free(struct ingest *in);
// Safe from any thread.
void ingest_stats(struct ingest *in, struct ingest_stats *out);
