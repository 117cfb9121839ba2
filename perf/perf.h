// tocsin-perf: what a packet costs. Reading order: main.c (options), frames.c and hostile.c (what is sent), lane.c (how
// it is timed), yardstick.c (whether the core was ours), stages.c (where it goes), peers.c (what others take for the
// same), report.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/pipeline.h"

// Frames made, then timed, at a time: as many as a port's descriptor ring holds, so that they wait in the
// last-level cache as they would behind a NIC, and making them is outside the clock.
#define PERF_BATCH 2048u
#define PERF_MAX_TRIALS 15u
#define PERF_STAGE_RULES (WORKER_DETECTOR + WORKER_MAX_DETECTORS) // within the stream stage
#define PERF_MAX_STAGES (PERF_STAGE_RULES + 1)
#define PERF_MAX_WORKERS 8u
#define PERF_MAX_GROUPS 8u
#define PERF_MAX_CAPTURES 64u

enum perf_kind {
	PERF_SYN,       // SYNs of `flows` flows
	PERF_UDP,       // UDP of `flows` flows
	PERF_ACK,       // TCP segments of `flows` flows whose handshake was not seen
	PERF_NEW_SYN,   // every packet a SYN of a new flow; established flows beside it must survive
	PERF_NEW_UDP,   // every packet a new UDP flow
	PERF_COLLIDE,   // SYNs of flows that all fall into the same two buckets
	PERF_ONE,       // one UDP flow
	PERF_FRAGMENTS, // first fragments of datagrams that never become whole
	PERF_MALFORMED, // IPv4 headers that are wrong, each in one of several ways
	PERF_HOSTILE,   // one of hostile.c's kinds
	PERF_REPLAY,    // captures
	PERF_KINDS
};

struct hostile_kind;

struct perf_options {
	enum perf_kind kind;
	const struct hostile_kind *hostile; // with PERF_HOSTILE
	uint64_t flows;
	uint64_t packets; // a trial
	uint64_t seed;
	uint64_t memory;  // of the flow table; 0: what `flows` need
	double zipf;      // 0: every flow as often; else the exponent
	uint32_t victims; // destinations the flows of a SYN, ACK or UDP flood are dealt out to
	uint32_t size;    // bytes of a frame on the wire, with 4 of FCS
	uint32_t trials;
	uint16_t workers;
	const char *detectors; // "none", "all", or names with commas between
	bool json, peers, stages;
	bool protocols;     // the app-layer stage runs
	bool nic_checksums; // frames come marked as checked, as NICs with receive checksum offload hand them over
	const char *write;  // a capture to write instead of measuring
	const char *rules;  // a rule file for a replay, or NULL
	const char *captures[PERF_MAX_CAPTURES];
	size_t capture_count;
};

// As --kind calls it.
const char *perf_kind_name(const struct perf_options *o);
// Finds it. False: there is none of that name.
bool perf_kind_by_name(struct perf_options *o, const char *name);

// ---- frames.c, replay.c: what is sent

struct frames;

// Takes memory for one lane's frames. flows: of the table whose bucket PERF_COLLIDE aims at (else NULL).
// Returns NULL with a line on stderr.
struct frames *frames_open(const struct perf_options *o, const struct flow_table *flows);
void frames_close(struct frames *f);
// Makes the next frame at `to` (room for 2 KiB). Returns its length.
uint32_t frames_make(struct frames *f, uint8_t *to);
// Makes frame i of the warm-up (i < frames_warm_up): every flow once, or the flows that must survive.
uint64_t frames_warm_up(const struct frames *f);
uint32_t frames_make_warm_up(struct frames *f, uint64_t i, uint8_t *to);

// Captures in memory; frames are handed over where they lie.
struct replay;
struct replay *replay_open(const struct perf_options *o);
void replay_close(struct replay *r);
struct replay_frame {
	const uint8_t *data;
	uint64_t ts_ns;
	uint32_t len, wire_len;
	uint16_t link_type;
};
// Frames left of this turn.
uint64_t replay_left(const struct replay *r);
// The next frame in its place; at each new turn all addresses are moved on, so that flows are new.
void replay_next(struct replay *r, struct replay_frame *out);
uint64_t replay_frames(const struct replay *r);

// ---- lane.c: a worker with its frames, on one core

struct lane;

struct lane_result {
	double cycles;                 // a packet, median batch
	double bits_on_wire;           // a packet
	double set_ups;                // flows begun a packet
	double stage[PERF_MAX_STAGES]; // cycles a packet
};

struct lane *lane_open(const struct perf_options *o, struct pipeline *p, uint16_t i);
void lane_close(struct lane *l);
// Sends the warm-up, untimed.
void lane_warm_up(struct lane *l);
// Where lanes meet before each batch, so that all are at work while one is timed.
struct lane_meeting {
	uint32_t lanes;
	_Atomic uint32_t arrived;
};
// One trial: of a flood as many packets as asked for, of a replay as many whole turns as make up that number or fill
// ten seconds. probe: fill result->stage as well (costs a clock reading a stage and burst).
// meeting: of the lanes that run such trials together (floods only); NULL: the lane runs alone.
void lane_trial(struct lane *l, bool probe, struct lane_meeting *meeting, struct lane_result *out);
// The same frames through a pipeline that does nothing: what the source itself and freeing cost.
double lane_control(struct lane *l);
// The batches of all trials so far of a flood during which nobody else used the core: what a figure of a shared machine
// is worth. Without any (a replay) batches is 0.
struct lane_undisturbed {
	double cycles;      // a packet, median of those batches
	uint32_t batches;   // how many they are
	uint32_t timed;     // of how many; 0: none was timed by itself (a replay)
	double share;       // of all
	uint64_t yardstick; // the least that this lane's core took
};
// together: of the trials with a meeting, else of those without.
void lane_undisturbed(struct lane *l, bool together, struct lane_undisturbed *out);
// Instructions a packet by stage; sum in *total. Returns false when this system cannot count them.
bool lane_instructions(struct lane *l, double stage[PERF_MAX_STAGES], double *total);
// For peers: makes the next PERF_BATCH frames (floods only); lane_mbufs() are theirs to free.
void lane_make_batch(struct lane *l);
struct rte_mbuf **lane_mbufs(struct lane *l);
// Begins the warm-up anew.
void lane_restart(struct lane *l);
struct worker *lane_worker(struct lane *l);
// Another stage begins, within the one that is on. Returns that. Does nothing unless a trial is probed.
uint32_t lane_enter(struct lane *l, uint32_t stage);

// ---- rules.c: the rule engine behind the lanes of a replay

struct rules;
struct perf_group {
	char name[64];
	uint32_t literals;
	uint64_t scans, bytes;
	double share; // of the time all groups' scans took
};
// Loads a rule file. Returns NULL with a line on stderr. free accepts NULL and goes before the pipeline.
struct rules *rules_load(const char *path);
void rules_free(struct rules *r);
int rules_attach(struct rules *r, struct lane *lane);
// The costliest groups of the first lane, most first. Returns how many.
uint32_t rules_groups(const struct rules *r, struct perf_group out[PERF_MAX_GROUPS]);

// ---- peers.c: the same job by others

struct peer_result {
	double receive;  // rte_eth_rx_burst from net_null and free, cycles a packet
	double rte_hash; // key from the frame, rte_hash_lookup_bulk_data, one line updated; without receive
};
int peers_measure(const struct perf_options *o, struct lane *l, struct peer_result *out);

// ---- yardstick.c: was the core ours?

// Cycles of a fixed piece of arithmetic in registers.
uint64_t yardstick(void);
// True where neither the yardstick taken before nor one taken now is longer than the least of this thread.
bool yardstick_ours(uint64_t before);
uint64_t yardstick_least(void);
// Whether to take a sample: where the core was ours, or patience (samples yet to be thrown away) has run out.
bool yardstick_accepts(bool ours, uint32_t *patience);
#define YARDSTICK_PATIENCE 10u // samples thrown away for one that is taken

// ---- stages.c

// Counts instructions a stage of fn(arg), run once in a child process, by single-stepping it (where the
// processor's counters are not to be had, as on most VMs). *stage is what the child is in.
bool stages_count(volatile uint32_t *stage, void (*fn)(void *arg), void *arg, uint64_t count[PERF_MAX_STAGES]);
// Memory that a child shares.
void *stages_shared(size_t size);

// ---- report.c

struct perf_result {
	const struct perf_options *options;
	uint32_t trials;
	double cycles[PERF_MAX_TRIALS]; // sorted
	struct lane_undisturbed undisturbed;
	struct lane_undisturbed together[PERF_MAX_WORKERS]; // several workers: each while all run
	double control;
	double wall_pps; // all workers together
	struct lane_result lane;
	double instruction_stage[PERF_MAX_STAGES];
	double instructions; // 0: not counted
	struct peer_result peers;
	bool has_peers;
	struct perf_group groups[PERF_MAX_GROUPS];
	uint32_t group_count;
	uint64_t capacity, active, table_bytes;
	uint64_t flow_bytes; // of the table, a flow it is made for
	struct flow_counters flow;
	uint64_t offered, inspected;
	uint64_t ledger[DROP_REASON_COUNT];
	uint64_t events[EVENT_KIND_COUNT], lost[EVENT_KIND_COUNT];
	const char *detector[WORKER_MAX_DETECTORS];
	uint16_t detector_count;
};
void report_text(const struct perf_result *r);
void report_json(const struct perf_result *r);
