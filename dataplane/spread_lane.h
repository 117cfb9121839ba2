// A worker that is fed through a ring by one reader: what goes through it, and the loop that takes it out.
// Next: run_spread.c (the reader).
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ring_elem.h>

#include "dataplane/idle.h"
#include "dataplane/worker.h"

enum message_kind {
	MESSAGE_FRAME,
	MESSAGE_TICK,
	MESSAGE_FLUSH,  // every flow ends
	MESSAGE_REWIND, // packet time begins anew, earlier
	MESSAGE_END,    // the worker may go
};

// What goes through a worker's ring. A tick or the end uses ts_ns and seq only.
struct message {
	const uint8_t *data;
	struct rte_mbuf *mbuf;
	uint64_t ts_ns;
	uint64_t seq;
	uint32_t len, wire_len;
	uint16_t link_type;
	uint16_t iface;
	uint32_t kind;
};
_Static_assert(sizeof(struct message) == 48, "ring elements are whole words");

struct lane {
	struct worker *worker;
	struct rte_ring *ring;
	unsigned int lcore;
	struct idler idler;
	uint64_t sent_seq;  // ordinal of the last frame given to it
	int bell;           // eventfd that wakes it, -1: it does not wait
	atomic_bool asleep; // it waits for the bell
	// Given to the ring together: each look at the ring's end costs reader and worker a cache line's way.
	unsigned int batched;
	struct message batch[PKT_BURST];
};

// The worker's loop: frames to worker_process, ticks between them, until MESSAGE_END. arg: struct lane. Returns 0.
int lane_main(void *arg);
