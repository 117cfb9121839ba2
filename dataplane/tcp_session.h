// What the stream engine keeps: sessions, held segments, half-open handshakes, and the pools they
// come from. Private to tcp_*.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include "dataplane/tcp_glimpse.h"
#include "dataplane/tcp_half_open.h"
#include "dataplane/tcp_held.h"
#include "dataplane/tcp_opening.h"
#include "dataplane/tcp_path.h"
#include "dataplane/tcp_seq.h"
#include "dataplane/tcp_stream.h"
#include "dataplane/tcp_syn_data.h"

#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_RST 0x04u
#define TCP_PSH 0x08u
#define TCP_ACK 0x10u
#define TCP_URG 0x20u
#define TCP_ECE 0x40u
#define TCP_CWR 0x80u

#define TCP_HDR_MIN 20u
#define TCP_MAX_WSCALE 14u // RFC 7323 section 2.3

#define TCP_NIL 0u // index 0 of every pool is not used

// Blocks of one size. Never-used blocks are handed out in order, so memory that was not needed is
// not touched; blocks that came back are chained through their first four bytes.
struct tcp_pool {
	uint8_t *mem;
	uint32_t block_bytes;
	uint32_t count; // blocks, not counting index 0
	uint32_t fresh; // next never-used index
	uint32_t free;  // chain of returned blocks
	uint32_t used;
};

size_t tcp_pool_bytes(uint32_t block_bytes, uint32_t count);
void tcp_pool_init(struct tcp_pool *p, void *mem, uint32_t block_bytes, uint32_t count);

static inline void *tcp_pool_at(const struct tcp_pool *p, uint32_t index)
{
	return p->mem + (size_t)index * p->block_bytes;
}

// Returns an index, or TCP_NIL when all blocks are out.
static inline uint32_t tcp_pool_take(struct tcp_pool *p)
{
	uint32_t i = p->free;

	if (i != TCP_NIL)
		memcpy(&p->free, tcp_pool_at(p, i), sizeof(p->free));
	else if (p->fresh <= p->count)
		i = p->fresh++;
	else
		return TCP_NIL;
	p->used++;
	return i;
}

static inline void tcp_pool_give(struct tcp_pool *p, uint32_t index)
{
	memcpy(tcp_pool_at(p, index), &p->free, sizeof(p->free));
	p->free = index;
	p->used--;
}

enum tcp_side_flag {
	SIDE_DONE = 1u << 0,                                // no consumer wants bytes: only counted
	SIDE_STARTED = 1u << 1,                             // consumers have been called
	SIDE_FIN = 1u << 2,                                 // a FIN was taken; fin_seq is set
	SIDE_FIN_TOLD = 1u << 3,                            // consumers know
	SIDE_RST_RECV = 1u << 4,                            // a RST was sent to this side
	SIDE_KEEPALIVE = 1u << 5,                           // its last segment was a keep-alive probe
	SIDE_DEPTH = 1u << 6,                               // depth reached
	SIDE_TS = 1u << 7,                                  // last_ts is valid
	SIDE_PROBED = 1u << 8,                              // its last byte went into a closed window
	SIDE_HOLDS = 1u << 9,                               // pieces wait behind a hole: held_count is not 0
	SIDE_UNUSED = 1u << 10,                             // a consumer left bytes: one of unused[] is not 0
	SIDE_TIMED = 1u << 11,                              // the acknowledgement of timed_end is waited for
	SIDE_SACK_MARK = 1u << 12,                          // path.sack_mark is valid
	SIDE_ODD = SIDE_FIN | SIDE_KEEPALIVE | SIDE_PROBED, // not for the short way
};

// One direction, named after its sender. The first line is all that in-order data touches.
struct tcp_side {
	uint32_t edge;     // next sequence number in order: all before was handed on or given up
	uint32_t next_seq; // after the highest byte sent
	uint32_t last_ack; // acknowledged by the peer
	uint32_t next_win; // first sequence number beyond every window the peer has offered
	uint32_t window;   // bytes the peer's last segment offered
	uint32_t last_ts;  // TS.Recent of RFC 7323
	uint64_t offset;   // stream offset of edge
	uint64_t limit;    // stream offset at which reassembly ends
	uint32_t held_count;
	uint16_t flags;      // enum tcp_side_flag
	uint8_t done;        // consumers that want no more, a bit each
	uint8_t wscale;      // of the windows this side advertises
	uint32_t last_ts_at; // tcp_clock() of last_ts
	uint8_t policy;      // enum tcp_policy by which the receiver of this direction assembles
	uint8_t glimpses;    // segments seen, modulo TCP_GLIMPSES
	uint8_t spare;
	uint32_t timed_end; // with SIDE_TIMED: after the segment whose round trip is measured
	uint32_t max_rwin;  // largest window this side has offered

	uint32_t isn;
	uint32_t fin_seq;
	uint32_t keep; // struct tcp_keep of bytes consumers left unused

	uint32_t first[TCP_LEVELS];
	uint32_t held_bytes;
	uint32_t unused[STREAM_MAX_CONSUMERS]; // bytes before edge a consumer left
	uint32_t ask_at;                       // acknowledgement from which on who has on_unused is asked about them
	uint64_t gap_bytes;
	struct tcp_glimpse seen[TCP_GLIMPSES] __attribute__((aligned(64)));
	struct tcp_path path __attribute__((aligned(64)));
};
_Static_assert(offsetof(struct tcp_side, isn) == 64, "in-order data touches one line of a side, and a glimpse's");
_Static_assert(sizeof(struct tcp_side) == 5 * 64, "a side is five lines");

enum tcp_session_flag {
	SSN_TIMESTAMPS = 1u << 0, // both sides sent the option in the handshake
	SSN_SACK = 1u << 1,
	SSN_WSCALE_LIBERAL = 1u << 2, // the handshake's options were not seen: windows are not known
	SSN_MIDSTREAM = 1u << 3,
	SSN_MIDSTREAM_SYNACK = 1u << 4,
	SSN_ASYNC = 1u << 5, // one side only
	SSN_4WHS = 1u << 6,  // simultaneous open
	SSN_TFO = 1u << 7,
	SSN_CONFIRMED = 1u << 8, // the handshake's last ACK was followed by another packet
	SSN_EVASION = 1u << 9,   // right sequence, wrong acknowledgement in the handshake
	SSN_CLOSED_BY_RST = 1u << 10,
	SSN_HALF_OPEN = 1u << 11, // on the list of half-open sessions
	SSN_SYN_DATA = 1u << 12,  // the SYN carried data; what was kept of it is held
	SSN_RTT = 1u << 13,       // each step of the handshake was seen once: rtt_us counts
};

// A SYN/ACK that may turn out to be the one the client takes.
struct tcp_synack {
	uint32_t seq, ack, tsval;
	uint16_t win;
	uint8_t opts; // enum tcp_syn_opts
	uint8_t spare;
};

#define TCP_MAX_QUEUED 8u // different SYN/ACKs remembered beside the first

struct tcp_session {
	uint8_t state;   // enum tcp_state
	uint8_t pstate;  // before a RST closed it
	uint16_t flags;  // enum tcp_session_flag
	uint8_t synacks; // different SYN/ACKs beside the first
	uint8_t syns;
	uint8_t oob_run; // out-of-band bytes in a row
	uint8_t synack_opts;
	uint32_t queue;  // block of struct tcp_synack[TCP_MAX_QUEUED], TCP_NIL without
	uint32_t rtt_us; // SYN to SYN/ACK plus SYN/ACK to ACK
	uint64_t syn_ns; // packet time of the last handshake step
	struct flow *flow;
	struct flow_cold *cold;
	uint32_t half_prev, half_next; // list of half-open sessions, oldest first
	uint32_t self;
	uint32_t syn_opts;                                    // enum tcp_syn_opts of the SYN
	struct tcp_side side[2] __attribute__((aligned(64))); // by enum packet_dir of what it sends
};

// Options of a SYN in one byte, so that a half-open flow needs no session.
enum tcp_syn_opts {
	SYN_WSCALE_MASK = 0x0f, // 15: no window scale
	SYN_HAS_SACK = 0x10,
	SYN_HAS_TS = 0x20,
	SYN_HAS_TFO = 0x40,
	SYN_SEEN = 0x80,
};
#define SYN_NO_WSCALE 15u

// Bytes left unused by consumers, contiguous, ending at the side's edge.
struct tcp_keep {
	uint32_t from, to; // valid bytes
	uint32_t self;
	uint8_t class;
	uint8_t bytes[];
};
#define TCP_KEEP_CLASSES 3u

struct tcp_streams {
	struct tcp_stream_config cfg;
	struct flow_table *flows;
	uint32_t consumer_count;
	uint8_t all_done;  // bits of all consumers
	uint8_t on_unused; // bits of those that have it
	bool want_packets;
	bool policies_by_host; // cfg.hosts has some
	struct stream_consumer consumer[STREAM_MAX_CONSUMERS];
	struct burst *burst; // in work; list[at..to) is still to come
	uint16_t at, to;
	uint32_t turns;                   // packets of a session other than the one before, in the latest burst
	const struct tcp_session *latest; // of the packet before; compared, not looked into
	uint32_t half_first, half_last;   // half-open sessions, oldest first
	uint32_t half_count;
	uint64_t random;
	uint32_t half_mask;
	struct tcp_half_bucket *half;
	uint32_t opening_mask, opening_next; // ordinal of the next record
	struct tcp_opening *opening;
	uint64_t opening_turned_ns; // packet time at the ring's latest turn
	bool opening_is_slow;       // the turn before took long
	uint32_t borrowed_count;
	uint32_t borrowed[TCP_MAX_BORROWED]; // held pieces that may still lie in packets of the burst
	struct tcp_pool sessions, segments, small, large;
	struct tcp_syn_data_pool syn_data;
	struct tcp_pool keep[TCP_KEEP_CLASSES];
	uint64_t wanted_before; // sessions that had been wanted in vain at the latest tick
	uint32_t owed;          // connections that this tick still ends
	uint32_t hand;          // session that was looked at last when one had to end
	struct tcp_stream_stats stats;
	struct event_tcp ended; // of the flow that ended last
};

static inline struct tcp_segment *tcp_segment_at(const struct tcp_streams *ts, uint32_t i)
{
	return (struct tcp_segment *)ts->segments.mem + i;
}

typedef uint64_t tcp_zeros __attribute__((vector_size(16)));

// Zeroes a whole number of 16 bytes, with stores written out: gcc 12 makes `rep stos` of a memset of such a constant
// length, which takes some 100 cycles to start.
static __rte_always_inline void tcp_zero(void *at, size_t bytes)
{
	const tcp_zeros zeros = {0};

#pragma GCC unroll 64
	for (size_t i = 0; i < bytes; i += sizeof(zeros))
		memcpy((uint8_t *)at + i, &zeros, sizeof(zeros));
}

static inline uint32_t load_be32(const uint8_t *b)
{
	uint32_t v;

	memcpy(&v, b, sizeof(v));
	return rte_be_to_cpu_32(v);
}

static inline uint16_t load_be16(const uint8_t *b)
{
	uint16_t v;

	memcpy(&v, b, sizeof(v));
	return rte_be_to_cpu_16(v);
}

// Packet time in units of 2^30 ns (1.07 s): 32 bits of it last for longer than a connection.
static inline uint32_t tcp_clock(uint64_t ns)
{
	return (uint32_t)(ns >> 30);
}

// One segment on its way through the engine: header fields in host order.
struct tcp_rx {
	struct packet *p;
	struct detector_run *run;
	const uint8_t *payload;
	uint32_t seq, ack, len;
	uint32_t win; // unscaled
	uint32_t tsval, tsecr;
	uint16_t urgent;       // pointer
	uint8_t urgent_policy; // of the marked byte, decided for this segment
	uint8_t flags;
	uint8_t dir;
	uint8_t opts; // enum tcp_syn_opts, from the options
	bool has_ts;
	bool bad_wscale;
	bool repeated; // every byte was handed on and acknowledged before
	uint8_t sack_count;
	uint32_t sack[8]; // left, right, ...
};

_Static_assert(sizeof(struct tcp_session) % 16 == 0 && sizeof(struct tcp_rx) % 16 == 0, "tcp_zero()");

enum tcp_verdict { TCP_TAKE, TCP_SKIP, TCP_REJECT };

// tcp_stream.c
void tcp_note(struct tcp_streams *ts, struct tcp_rx *x, uint16_t reason);
void tcp_note_packet(struct tcp_streams *ts, struct packet *p, uint16_t reason);
// tcp_check.c: is the segment acceptable?
bool tcp_check_ack(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x);
bool tcp_check_timestamp(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x);
// The answer to a SYN must echo its timestamp, if it echoes one.
bool tcp_check_echo(struct tcp_streams *ts, struct tcp_rx *x, bool syn_has_ts, uint32_t syn_tsval);
bool tcp_check_rst(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x);
bool tcp_in_window(const struct tcp_session *s, const struct tcp_rx *x);
// Keep-alives, window updates, stale segments: true when the segment needs no further look.
bool tcp_is_noise(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x);
void tcp_parse_options(struct tcp_rx *x, const uint8_t *opt, uint32_t len);
// tcp_handshake.c: up to the SYN/ACK.
enum tcp_verdict tcp_no_session(struct tcp_streams *ts, struct tcp_rx *x);
enum tcp_verdict tcp_syn_sent(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x);
// The SYN/ACK acknowledges the SYN, or its data.
bool tcp_syn_ack_fits(const struct tcp_session *s, const struct tcp_rx *x);
// tcp_syn_recv.c: from the SYN/ACK on.
enum tcp_verdict tcp_syn_recv(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x);
// A session for the flow of x, its numbers to be filled in; NULL without room.
struct tcp_session *tcp_session_begin(struct tcp_streams *ts, struct tcp_rx *x);
// A session for a flow whose SYN was seen but took none. next: the number that comes after the SYN, or after data it
// carried, as x says.
struct tcp_session *tcp_session_from_syn(struct tcp_streams *ts, struct tcp_rx *x, uint32_t next);
// The client's side from its SYN. opts without SYN_SEEN: its options are not known.
void tcp_client_from_syn(struct tcp_session *s, uint32_t isn, uint16_t win, uint32_t tsval, uint8_t opts);
// What the SYN brought and its answer has acknowledged is handed on: when the handshake is over, so that rules see an
// established connection, or before the server's first bytes.
void tcp_hand_syn_data(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x);
// The server's side from its SYN/ACK, and the options both agree on (RFC 7323 section 2.2, RFC 2018).
void tcp_server_from_syn_ack(struct tcp_session *s, uint32_t isn, uint32_t win, uint32_t tsval, uint8_t opts);
// tcp_pickup.c: handshakes not seen, or not all of them.
enum tcp_verdict tcp_pick_up(struct tcp_streams *ts, struct tcp_rx *x);
enum tcp_verdict tcp_async_ack(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x);
enum tcp_verdict tcp_resume(struct tcp_streams *ts, struct tcp_rx *x);
enum tcp_verdict tcp_syn_ack_overtook(struct tcp_streams *ts, struct tcp_rx *x);
// The first packet came from the server: the flow turns, so that [0] is the client.
void tcp_turn_flow(struct tcp_streams *ts, struct tcp_rx *x);
static inline struct tcp_session *tcp_session_of(const struct flow *f, const struct flow_cold *cold)
{
	return cold && f->tcp_state != TCP_NONE ? cold->tcp : NULL;
}
// tcp_state.c: from ESTABLISHED on.
enum tcp_verdict tcp_connected(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x);
void tcp_set_state(struct tcp_streams *ts, struct tcp_session *s, uint8_t state);
// Takes over a segment's acknowledgement, window, timestamp and payload.
void tcp_take(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x);
// tcp_session.c: sessions and their pool.
// A session for a flow; NULL without room, which is noted on p, once a flow. p may be NULL.
struct tcp_session *tcp_session_new(struct tcp_streams *ts, struct flow *f, struct packet *p);
// Whether the next that asks for one gets it.
static inline bool tcp_session_to_be_had(const struct tcp_streams *ts)
{
	return ts->sessions.used < ts->sessions.count || ts->half_first;
}
void tcp_session_free(struct tcp_streams *ts, struct tcp_session *s);
void tcp_half_open_leave(struct tcp_streams *ts, struct tcp_session *s);
void tcp_half_open_enter(struct tcp_streams *ts, struct tcp_session *s);
uint8_t tcp_policy_of(const struct tcp_streams *ts, const union ip_addr *addr, int version);
// tcp_segment.c: payload, held and handed on.
void tcp_payload(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x);
// Holds a segment that is ahead of the edge, of which nothing is to be cut.
void tcp_ahead(struct tcp_streams *ts, struct tcp_side *side, struct tcp_rx *x);
// Counts a segment of which every byte was handed on before, and compares it with what was seen.
void tcp_repeated(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x);
// Gives up holes that the peer has acknowledged, hands on what lies behind them.
void tcp_acked(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x);
void tcp_fin_if_due(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x);
// Everything held, over holes, then the end.
void tcp_flush(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x);
// tcp_overlap.c: true when the new segment's bytes replace the held ones where both have some.
bool tcp_new_wins(uint8_t policy, uint32_t old_start, uint32_t old_end, uint32_t new_start, uint32_t new_end);
