// The master state of floods, shared by flood.c and the flood_*.c that follow it.
#pragma once

#include "detectors/heuristics/baseline.h"
#include "detectors/heuristics/finding.h"
#include "detectors/heuristics/flood_cell.h"
#include "detectors/heuristics/keytab.h"

#define FLOOD_VICTIM_BUCKETS_LOG 10u // 8192 destinations
#define FLOOD_SLOTS 10u              // of 100 ms: the fast window
#define FLOOD_SECONDS 10u            // the slow window
#define FLOOD_EPOCH_SLOTS 50u        // sources are counted over the last one to two epochs
#define FLOOD_TOPS_LOG 5u            // 256 destinations whose heaviest sources are known
#define FLOOD_TOP_LOG 2u             // of 32 sources each
#define FLOOD_SHOWN 5u               // sources named in an event
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
	struct flood_range range; // since the last flood, or since the record began
	uint64_t pkts, bytes;
	uint64_t first_seq;              // the first packet since the last flood, or since the record began
	uint32_t pick_hash[FLOOD_PICKS]; // of this tick
	union ip_addr pick[FLOOD_PICKS];
	uint64_t net_or, net_and; // as in struct flood_detail
	union ip_addr latest;     // the source picked last
	bool picked;              // there was one
	double mean, deviation;   // rate of late
	uint64_t born_ns;
	// while active
	union ip_addr told; // the victim the events name
	uint8_t told_prefix;
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
	struct keytab tops; // struct flood_top by the victim's digest
	uint64_t now_ns;
	uint64_t slot;            // the tick that is being gathered
	uint64_t evicted, missed; // since the last tick
	uint32_t touched_count, active_count;
	struct flood_victim *touched[FLOOD_VICTIMS];
	struct flood_victim *active[FLOOD_VICTIMS];
	uint64_t records[];
};

// The heaviest sources of a destination: picks of each tick, weighed by the packets they stand for, in a sketch that
// is halved every epoch. For the destinations that come most.
struct flood_top {
	struct keyed head;
	uint64_t epoch;
	uint32_t picks, spare; // fading like the sketch
	uint64_t memory[];     // struct heavy
};

struct flood_share {
	union ip_addr source; // IPv6: of its /64
	double share;         // of the packets toward the destination; at least, but for the sample's own error
};

// Bytes of the sketches of a detector, and their set-up in zeroed memory.
size_t flood_tops_size(void);
void flood_tops_init(struct flood *f, void *memory);
// Takes the tick's picks of a destination into its sketch, and empties them. pkts: packets of the tick.
void flood_tops_take(struct flood *f, struct flood_victim *v, uint32_t pkts);
// The sources that stand out, heaviest first, at most FLOOD_SHOWN; *picks: packets that is known from.
uint32_t flood_tops_of(struct flood *f, const struct flood_victim *v, struct flood_share *out, uint32_t *picks);
// Are the sources who they say they are? "yes", "likely", "no" or "unknown"; *why: the reason.
const char *flood_spoofed(const struct flood_victim *v, const struct flood_view *w, const struct flood_share *top,
	uint32_t tops, const char **why);

// The matches that would select a flood, as members of the event.
void flood_filters(struct text *t, const struct flood_ops *ops, const struct flood_victim *v, const char *victim);

// Is the victim of the present flood more than one host?
static inline bool flood_is_prefix(const struct flood_victim *v)
{
	return v->told_prefix != (v->version == 6 ? 128 : 32);
}

// The one value a lane had, false: there were many, or none was seen.
static inline bool flood_lane(const struct flood_victim *v, enum flood_lane lane, uint16_t *out)
{
	*out = v->range.least[lane];
	return v->range.least[lane] == v->range.most[lane];
}

// Takes the slots that time has passed out of the windows, up to slot `now` (100 ms each).
void flood_advance(struct flood_victim *v, uint64_t now);
// What the description of a destination's packets begins with.
void flood_describe_anew(struct flood_victim *v);
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
