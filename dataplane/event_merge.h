// The collector's order: events of any number of rings become one sequence that does not depend on
// how packets were spread over workers. Main lcore only; may allocate. Next: ctl/eve/output.h.
//
// Order: (seq, ts_ns, kind, flow_id, order of making within its ring). An event goes out when no
// ring can still bring one that belongs before it. With one ring it is the same code: a drain.
//
//	for each worker w: event_merge_done(m, w, atomic_load_explicit(&worker[w].done_seq, memory_order_acquire));
//	event_merge_poll(m, write_one, out);
//
// "Done with seq s" says: this ring will bring no event with seq <= s beyond those in it now. Since
// the tick after packet s makes events with seq s as well, a worker that has finished packet s is
// done with s - 1, and with s once it has passed a tick behind s (or was told that none comes).
// An EVENT_TICK record says the same for its own seq, and is not handed out.
#pragma once

#include <stdint.h>
#include <stddef.h>

#include "dataplane/api/event.h"

struct event_merge;

struct event_merge_stats {
	uint64_t out;    // events handed out
	uint64_t late;   // came after an event that belongs behind them (a ring broke its promise)
	uint64_t forced; // handed out early because hold_max was reached
	uint64_t held_bytes, held_bytes_peak;
	uint64_t taken_seq; // the highest ordinal of any event taken from a ring
	uint64_t out_seq;   // every event up to this ordinal that had been taken has been handed out
};

// rings: n rings, borrowed for the life of the merge. hold_max_bytes: memory for events that wait
// for others (0: 256 MiB); above it the oldest go out early and are counted as forced.
// Returns NULL without memory.
struct event_merge *event_merge_new(struct event_ring *const *rings, uint32_t n, size_t hold_max_bytes);

// Ring i is done with seq. Call before event_merge_poll, with a value read before it (acquire).
void event_merge_done(struct event_merge *m, uint32_t i, uint64_t seq);

typedef void (*event_merge_fn)(void *ctx, const struct event *ev);

// Takes what is in the rings and hands out all that is due, in order. Returns events handed out.
uint64_t event_merge_poll(struct event_merge *m, event_merge_fn emit, void *ctx);

// Hands out everything that is left: all rings are done. Returns events handed out.
uint64_t event_merge_finish(struct event_merge *m, event_merge_fn emit, void *ctx);

const struct event_merge_stats *event_merge_stats(const struct event_merge *m);

// Accepts NULL.
void event_merge_free(struct event_merge *m);
