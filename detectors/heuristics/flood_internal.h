// The master state of floods, shared by flood.c and flood_report.c.
#pragma once

#include "detectors/heuristics/flood.h"

#define FLOOD_VICTIM_BUCKETS_LOG 10u // 8192 destinations
#define FLOOD_SLOTS 10u              // of 100 ms: the fast window
#define FLOOD_SECONDS 10u            // the slow window
#define FLOOD_EPOCH_SLOTS 50u        // sources are counted over the last one to two epochs
// Sources named in an event: no more than a worker keeps, so that the least of all are known however packets were
// spread.
#define FLOOD_SHOWN FLOOD_SAMPLES
#define FLOOD_VICTIMS (8u << FLOOD_VICTIM_BUCKETS_LOG)

struct flood_slot {
	uint64_t bytes;
	uint32_t pkts;
	uint32_t count[FLOOD_COUNTS];
};

struct flood_second {
	uint32_t pkts;
	uint32_t count[FLOOD_COUNTS];
};

struct flood_victim {
	struct keyed head;
	union ip_addr addr;
	uint8_t version, prefix;
	uint8_t active, touched;
	uint16_t port;
	uint64_t slot; // the fast window ends with this one
	struct flood_slot fast[FLOOD_SLOTS];
	struct flood_second slow[FLOOD_SECONDS];
	uint8_t sources[2][FLOOD_SOURCE_REGS]; // this epoch and the one before
	uint64_t ports[2];
	uint32_t ttls, sizes;
	uint32_t sport_or, sport_and;
	uint64_t pkts, bytes;
	uint64_t first_seq; // the first packet since the last flood, or since the record began
	uint32_t shown_hash[FLOOD_SHOWN];
	union ip_addr shown[FLOOD_SHOWN];
	double mean, deviation; // rate of late
	uint64_t born_ns;
	// while active
	uint64_t start_ns, said_ns, over_ns;
	uint64_t start_pkts, start_bytes;
	double peak;
	struct flood_verdict verdict;
};

struct flood {
	const struct flood_ops *ops;
	const void *config;
	const struct flood_config *common;
	const struct addr_set *home;
	struct baselines *site; // or NULL
	struct keytab victims;
	uint64_t now_ns;
	uint64_t slot; // the tick that is being gathered
	uint64_t evicted;
	uint32_t touched_count, active_count;
	struct flood_victim *touched[FLOOD_VICTIMS];
	struct flood_victim *active[FLOOD_VICTIMS];
	uint64_t records[];
};

// Sums up a destination's windows. False when there is too little in them to be worth a judge's time.
bool flood_look(const struct flood *f, const struct flood_victim *v, struct flood_view *out);
// What is usual for a destination, and the rate that is not any more.
struct flood_usual {
	const char *state; // "learned" (this hour of the week), "recent" (the last minutes), "warm-up"
	double mean, spread, limit;
	uint64_t watched_ns;
	uint32_t hour, weeks; // with "learned"
};
void flood_usual(const struct flood *f, const struct flood_victim *v, struct flood_usual *out);
// Emits one event of a flood: stage "start", "update" or "end".
void flood_report(struct flood *f, struct flood_victim *v, const struct flood_view *w, const char *stage,
	struct detector_run *run);
