// All workers together: their memory, the ticks that bring them to one packet time, the detectors'
// master states, and the one ordered sequence of events that comes out. Runs on the main lcore.
// Next: run_capture.c (who feeds it), worker.c (what a worker does).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/event_merge.h"
#include "dataplane/worker.h"

#define PIPELINE_MAX_WORKERS 64u
#define PIPELINE_TICK_NS (DETECTOR_TICK_MS * 1000000ull)
// Events one burst can make at the very most, in ring slots; a capture waits until they fit.
#define PIPELINE_BURST_SLOTS 16384u

// A detector with its loaded configuration.
struct pipeline_detector {
	const struct detector *ops;
	const void *config;
};

struct pipeline_config {
	uint16_t workers; // 1..PIPELINE_MAX_WORKERS
	const int *nodes; // NUMA node of each worker's lcore, -1: any; NULL: any for all
	struct decode_config decode;
	struct defrag_config defrag; // of one worker, as the next two
	struct flow_table_config flow;
	struct tcp_stream_config stream;
	struct app_layer_config app; // of one worker; .detect.parsers NULL: no protocols
	uint32_t event_slots;        // of one worker's ring; at least twice PIPELINE_BURST_SLOTS
	uint32_t anomalies_a_tick;   // see struct worker; 0: none
	const struct pipeline_detector *detectors;
	size_t detector_count;
	struct detector_env env; // what detectors are told; workers is filled in
	event_merge_fn on_event; // gets every event in order, on the main lcore
	void *on_event_arg;
};

struct pipeline;

// Takes all memory. Returns 0, -ENOMEM, -EINVAL (a bad count), or what a part's init returned.
int pipeline_create(struct pipeline **out, const struct pipeline_config *cfg);
// Accepts NULL.
void pipeline_free(struct pipeline *p);

uint16_t pipeline_workers(const struct pipeline *p);
struct worker *pipeline_worker(struct pipeline *p, uint16_t i);

// The packet clock behind the ticks. It begins with the first packet; see pipeline_due_tick.
struct tick_clock {
	uint64_t next_ns; // 0 before the first packet
	uint64_t last_ns; // latest packet time
	uint32_t behind;  // packets in a row that lie far before it
};

// True when a packet of this time must wait for a tick. Then *tick_ns is the tick to pass first
// (a gap longer than one tick has two: the end of the old window and the start of the new).
bool tick_due(struct tick_clock *c, uint64_t packet_ns, uint64_t *tick_ns);

// True when a packet that lies far before the clock belongs to another time: it begins a capture file, or as many as
// TICK_BACK_PACKETS in a row lie there (a broken timestamp has run ahead). A few of them have broken timestamps
// themselves and belong where they stand. The clock then begins anew with p: before that every worker must end its
// flows (worker_flush) and forget the time (worker_rewind). Asked once a packet.
#define TICK_BACK_NS (600ull * 1000000000ull)
#define TICK_BACK_PACKETS 256u
bool tick_back(struct tick_clock *c, const struct packet *p);

// After every worker has passed the tick (seq: the last frame before it): merges their deltas and
// lets the detectors decide. last: the run ends.
void pipeline_decide(struct pipeline *p, uint64_t tick_ns, uint64_t seq, bool last);

// Hands out the events that are due. worker_done[i]: worker i brings no event with a lower ordinal
// than this any more; main_done likewise for detectors' findings.
void pipeline_collect(struct pipeline *p, const uint64_t *worker_done, uint64_t main_done);
// Hands out all that is left.
void pipeline_collect_all(struct pipeline *p);

// Sums over the workers; call while they rest.
void pipeline_counters(const struct pipeline *p, struct worker_counters *sum);
const struct event_merge_stats *pipeline_event_stats(const struct pipeline *p);
// Events made, and events that did not fit a ring, by kind; all workers and the main lcore.
void pipeline_events(const struct pipeline *p, uint64_t made[EVENT_KIND_COUNT], uint64_t lost[EVENT_KIND_COUNT]);
// What heuristics had no room for, and worked without: packets and notes of workers that found no room in a tick, and
// destinations that made room for others.
void pipeline_detector_losses(const struct pipeline *p, uint64_t *missed, uint64_t *evicted);
