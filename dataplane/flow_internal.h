// The flow table's memory, shared by flow_table.c (lookup), flow_evict.c (where a new flow goes),
// flow_timer.c (ends) and flow_state.c (TCP states without the stream engine).
//
// A bucket is one cache line: 15 tags and 15 timer words; flow i of bucket b is lines[b * 15 + i], and
// cold[] has the rest. A lookup of a known flow touches its bucket and its line. A flow never moves, so
// pointers to it hold as long as it lives.
#pragma once

#include "dataplane/flow_key.h"
#include "dataplane/flow_table.h"

#define FLOW_WAYS 15u
#define FLOW_CROWDED 11u // flows in the first bucket from which on a new one also looks at its second
#define FLOW_GROUP 16u   // buckets that share one `due` entry
#define FLOW_BURST (PKT_BURST * PKT_MAX_DEPTH)

// A timer word: rank at eviction, whether the flow lives in its second bucket, and a lower bound of
// its deadline in units of 2^28 ns (268 ms), modulo 2^13 (36 minutes). The bound need not be exact:
// it is looked at when it is due, and then set anew from the flow's line.
#define FLOW_TIMER_UNIT_BITS 28u
#define FLOW_TIMER_MASK 0x1fffu
#define FLOW_TIMER_AWAY 0x2000u
#define FLOW_TIMER_RANK 0xc000u
#define FLOW_DUE_NONE 0xffffu

enum flow_rank {
	FLOW_RANK_CLOSED = 0x0000,
	FLOW_RANK_NEW = 0x4000,  // half-open or without an answer
	FLOW_RANK_KEPT = 0x8000, // traffic in both directions
};

struct flow_bucket {
	uint16_t tag[FLOW_WAYS];
	uint16_t no_tag; // FLOW_TAG_FREE
	uint16_t timer[FLOW_WAYS];
	uint16_t away; // flows of this bucket that live in their second one
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct flow_bucket) == 64, "a bucket is one cache line");
_Static_assert(sizeof(struct flow_bucket) / FLOW_WAYS + sizeof(struct flow) + sizeof(struct flow_cold) <= 256,
	"a flow is at most 256 bytes without payload");

// A flow that ended while packets of this burst still point to it.
struct flow_dying {
	uint32_t slot;
	uint32_t reason;
	uint64_t ts_ns, seq;
};

struct flow_table {
	struct flow_bucket *buckets;
	struct flow *lines;
	struct flow_cold *cold;
	uint16_t *due; // per group: the unit of its earliest timer, as in a timer word, or FLOW_DUE_NONE
	uint32_t n_buckets, n_groups;
	struct flow_seed seed;
	uint64_t timeout_ns[FLOW_CLASS_COUNT][FLOW_CLOSED + 1];
	uint64_t least_timeout_ns; // a flow seen later than this ago cannot have timed out
	uint32_t full_mark;        // flows from which on the table counts as full
	uint64_t base;             // unit up to which all timers have been looked at
	uint64_t next_due;         // no timer is due before this unit
	uint32_t n_dying;
	uint8_t burst_mark;  // counts bursts, in the bits of struct flow.mark above the class
	uint32_t burst_word; // the same where the word that begins with struct flow.tcp_flags has it
	bool started;
	bool tcp_by_stream, midstream, records, lossless, lossless_flush;
	uint32_t tick_budget;
	uint32_t carriers_a_tick, carriers_left; // UINT32_MAX: no limit
	const struct event_tcp *(*on_end)(
		void *arg, struct flow *f, struct flow_cold *cold, enum flow_end_reason reason, uint64_t seq);
	void *on_end_arg;
	bool (*tcp_reuse)(void *arg, const struct flow *f, const struct flow_cold *cold, const struct packet *p);
	void *tcp_reuse_arg;
	void (*on_answer)(void *arg, struct flow *f); // see flow_table_on_answer()
	void *on_answer_arg;
	struct flow_counters counters;
	uint8_t begun[256];     // by high byte of the tag: burst_mark of the latest burst in which a flow began
	uint32_t keyed, sought; // packets of the burst whose keys are made, and whose lines are asked for
	struct flow_dying dying[FLOW_BURST];
	struct flow_key keys[FLOW_BURST];
};

// struct flow.mark: timeout class in the low bits, the latest burst that touched it above.
#define FLOW_MARK_CLASS 0x3u
#define FLOW_MARK_STEP 0x4u
#define FLOW_BURST_MASK 0xfc000000u // of the word that begins with struct flow.tcp_flags

static inline uint32_t flow_slot(const struct flow_table *t, const struct flow *f)
{
	return (uint32_t)(f - t->lines);
}

static inline struct flow_bucket *flow_bucket_at(const struct flow_table *t, uint32_t n)
{
	return &t->buckets[n];
}

static inline uint32_t flow_bucket_number(const struct flow_table *t, const struct flow_bucket *b)
{
	return (uint32_t)(b - t->buckets);
}

static inline struct flow *flow_at(const struct flow_table *t, const struct flow_bucket *b, uint32_t way)
{
	return &t->lines[(uint64_t)(b - t->buckets) * FLOW_WAYS + way];
}

static inline struct flow_bucket *flow_bucket_of(const struct flow_table *t, const struct flow *f)
{
	return &t->buckets[flow_slot(t, f) / FLOW_WAYS];
}

static inline uint32_t flow_way(const struct flow_table *t, const struct flow *f)
{
	return flow_slot(t, f) % FLOW_WAYS;
}

// A hash made an index below n_buckets.
static inline uint32_t flow_scaled(uint32_t hash, uint64_t n_buckets)
{
	return (uint32_t)(hash * n_buckets >> 32);
}

// hash1 is made an index at once, since every packet needs it; hash2 only when it is used.
static inline void flow_key_scale(const struct flow_table *t, struct flow_key *k)
{
	k->hash1 = flow_scaled(k->hash1, t->n_buckets);
}

// The slot of a way in the bucket with this number.
static inline uint32_t flow_slot_in(uint32_t bucket, uint32_t way)
{
	return bucket * FLOW_WAYS + way;
}

static inline uint32_t flow_bucket2_number(const struct flow_table *t, const struct flow_key *k)
{
	return flow_scaled(k->hash2, t->n_buckets);
}

static inline struct flow_bucket *flow_bucket1(const struct flow_table *t, const struct flow_key *k)
{
	return flow_bucket_at(t, k->hash1);
}

static inline struct flow_bucket *flow_bucket2(const struct flow_table *t, const struct flow_key *k)
{
	return flow_bucket_at(t, flow_bucket2_number(t, k));
}

// Where a flow's cold part lies, whether it has one or not.
static inline struct flow_cold *flow_cold_slot(const struct flow_table *t, const struct flow *f)
{
	return &t->cold[f - t->lines];
}

// Cold part of a flow, NULL where it has none.
static inline struct flow_cold *flow_cold_of(const struct flow_table *t, const struct flow *f)
{
	return f->flags & FLOW_COLD_SET ? flow_cold_slot(t, f) : NULL;
}

// Its first line, NULL where a flow has none.
static inline const struct flow_cold *flow_ends_of(const struct flow_table *t, const struct flow *f)
{
	return f->flags & FLOW_ENDS_SET ? flow_cold_slot(t, f) : NULL;
}

static inline uint64_t flow_deadline(const struct flow_table *t, const struct flow *f)
{
	return f->last_ns + t->timeout_ns[f->mark & FLOW_MARK_CLASS][f->state];
}

static inline bool flow_in_burst(const struct flow_table *t, const struct flow *f)
{
	return (f->mark & ~FLOW_MARK_CLASS) == t->burst_mark;
}

// Where a flow stands when room is needed.
static inline enum flow_rank flow_rank_of(const struct flow *f)
{
	if (f->state == FLOW_CLOSED)
		return FLOW_RANK_CLOSED;
	if (f->state == FLOW_ESTABLISHED || (f->flags & FLOW_MIDSTREAM && f->flags & FLOW_SEEN_REPLY))
		return FLOW_RANK_KEPT;
	return FLOW_RANK_NEW;
}

// flow_evict.c: a free slot for this key, evicting if need be. NULL: every candidate is in this burst.
// *away: it lies in the second bucket.
struct flow *flow_take_slot(
	struct flow_table *t, const struct flow_key *k, const struct packet *p, struct event_sink *sink, bool *away);
// The slot flow_take_slot would most likely choose, to prefetch.
uint32_t flow_guess_slot(const struct flow_table *t, const struct flow_key *k);

// flow_timer.c
void flow_timer_set(struct flow_table *t, struct flow_bucket *b, uint32_t way, const struct flow *f, bool away);
void flow_timer_move(struct flow_table *t, const struct flow *f);
void flow_timer_start(struct flow_table *t, uint64_t now_ns);
// Ends the flow in this way of a bucket now: hook, record (lost when the event ring is full), slot free.
void flow_end_at(struct flow_table *t, struct flow_bucket *b, uint32_t way, enum flow_end_reason reason, uint64_t ts_ns,
	uint64_t seq, struct event_sink *sink);
// Ends a flow at the next call: its slot cannot be found or taken any more.
void flow_end_later(
	struct flow_table *t, struct flow *f, enum flow_end_reason reason, uint64_t ts_ns, const struct packet *p);
void flow_end_dying(struct flow_table *t, struct event_sink *sink);

// flow_state.c: what a packet does to its flow's state.
void flow_state_tcp(struct flow_table *t, struct flow *f, int dir, uint8_t flags);
void flow_state_reply(struct flow_table *t, struct flow *f);

#define FLOW_PROTO_TCP 6u

// True where a TCP packet with these flags may move its flow's state at all: not while data flows, nor when a
// SYN repeats itself.
static inline bool flow_state_tcp_moves(const struct flow *f, uint8_t flags)
{
	if (f->tcp_state == TCP_ESTABLISHED)
		return flags & 0x05; // FIN, RST
	return f->tcp_state != TCP_SYN_SENT || flags & 0x15;
}
