// One worker: a core's whole packet path and all state it owns. Shares nothing with other workers.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/detector.h"
#include "dataplane/api/engine.h"
#include "dataplane/app_layer.h"
#include "dataplane/decode.h"
#include "dataplane/defrag.h"
#include "dataplane/flow_table.h"
#include "dataplane/sorter.h"
#include "dataplane/tcp_stream.h"

#define WORKER_MAX_DETECTORS SORTER_MAX_DETECTORS
#define WORKER_ANOMALIES_A_TICK 10000u // on a wire: 100,000 a second and worker

// A detector of this worker. With DET_TICK there are two deltas: packets fill one while the main
// lcore merges the other, and a tick swaps them.
struct worker_detector {
	const struct detector *ops;
	void *state[2];
	uint8_t class; // index into sorter.classes
};

struct worker_counters {
	uint64_t frames; // taken from the source
	uint64_t wire_bytes;
	uint64_t inspected;                 // frames whose own packet reached the detectors
	uint64_t ledger[DROP_REASON_COUNT]; // frames that did not, by reason; inspected + sum = frames
	uint64_t packets;                   // frames and what they carried
	uint64_t bursts;
	uint64_t anomalies_refused; // noted on packets and not made events of: see anomalies_a_tick
};

// Stages as the perf harness counts them; detector i is WORKER_DETECTOR + i.
enum worker_stage { WORKER_DECODE, WORKER_FLOW, WORKER_STREAM, WORKER_GATHER, WORKER_END, WORKER_DETECTOR };

// Told when a stage begins. Only the perf harness sets one.
struct worker_probe {
	void (*mark)(void *arg, uint32_t stage);
	void *arg;
};

struct worker {
	uint16_t id;
	uint8_t active; // which delta of DET_TICK detectors packets fill
	uint16_t detector_count;
	uint32_t anomalies_a_tick; // EVENT_ANOMALY made between two ticks, UINT32_MAX: no limit (all are counted)
	uint32_t anomalies_left;   // of those
	_Atomic uint64_t done_seq; // every packet up to this ordinal has left the path
	_Atomic uint64_t ticks_done;
	uint64_t now_ns; // the worker's packet clock: never goes back
	struct event_sink sink;
	struct detector_run run;
	struct decoder decoder;
	struct flow_table *flows;
	struct tcp_streams *streams;
	struct app_layer *app;       // NULL: protocols are not looked for
	struct packet_engine engine; // signature engine; empty without rules
	struct worker_detector detectors[WORKER_MAX_DETECTORS];
	uint16_t ender_count;
	uint8_t enders[WORKER_MAX_DETECTORS]; // those of detectors that are told when a flow ends
	struct sorter sorter;
	struct worker_counters counters;
	const struct worker_probe *probe; // NULL in a sensor
	struct burst burst;
};

// Adds a detector with its state memory (delta is NULL without DET_TICK). Returns 0, or -ENOSPC
// when there are more detectors or kinds of packet sets than a worker holds.
int worker_add_detector(struct worker *w, const struct detector *ops, void *state, void *delta);

// Takes the frames in w->burst through the whole path and frees their mbufs.
// The caller has filled burst.frames[0..n_frames). Never blocks, allocates or fails.
void worker_process(struct worker *w);

// Passes a tick: flows and datagrams whose time is over by now_ns end, deltas are swapped.
// seq: ordinal of the last frame before the tick. Returns false when the event ring is full and
// the tick must be called again with the same arguments once it has been drained.
bool worker_tick(struct worker *w, uint64_t now_ns, uint64_t seq);

// Ends every flow (reason shutdown, or timeout where its time is over). Returns like worker_tick.
bool worker_flush(struct worker *w, uint64_t now_ns, uint64_t seq);

// Packet time begins anew, earlier than it was. Every flow has been ended.
void worker_rewind(struct worker *w);
