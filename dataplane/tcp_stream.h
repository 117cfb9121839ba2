// The TCP stream engine: connection state, reassembly, the bytes each end host sees.
//
// Order of reading: this file, tcp_session.h (what is kept), tcp_stream.c (a packet's way), tcp_check.c (is this
// segment acceptable), tcp_half_open.c, tcp_opening.c, tcp_syn_data.c, tcp_handshake.c, tcp_syn_recv.c, tcp_pickup.c
// and tcp_state.c (a connection's life), tcp_segment.c and tcp_held.c (payload, what came early), tcp_overlap.c (who
// wins where two segments disagree), tcp_glimpse.c (retransmissions with other content), tcp_deliver.c (consumers),
// tcp_path.c (round trips, losses), tcp_room.c (who gives way when sessions are short).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/addr_set.h"
#include "dataplane/api/config.h"
#include "dataplane/api/detector.h"
#include "dataplane/api/event.h"
#include "dataplane/api/flow.h"
#include "dataplane/api/packet.h"
#include "dataplane/api/stream.h"
#include "dataplane/flow_table.h"

// How an end host resolves segments that overlap (host-os-policy). Names are Suricata's.
enum tcp_policy {
	TCP_POLICY_BSD,
	TCP_POLICY_BSD_RIGHT,
	TCP_POLICY_OLD_LINUX,
	TCP_POLICY_LINUX,
	TCP_POLICY_OLD_SOLARIS,
	TCP_POLICY_SOLARIS,
	TCP_POLICY_HPUX10,
	TCP_POLICY_HPUX11,
	TCP_POLICY_IRIX,
	TCP_POLICY_MACOS,
	TCP_POLICY_WINDOWS,
	TCP_POLICY_VISTA,
	TCP_POLICY_WINDOWS2K3,
	TCP_POLICY_FIRST,
	TCP_POLICY_LAST,
	TCP_POLICY_COUNT
};

// "bsd", "bsd-right", ... as in host-os-policy.
extern const char *const tcp_policy_names[TCP_POLICY_COUNT + 1];

// stream.reassembly.urgent.policy: what becomes of the byte the urgent pointer marks (RFC 6093 section 3.1).
enum tcp_urgent_policy {
	TCP_URGENT_INLINE, // an ordinary byte of the stream
	TCP_URGENT_DROP,   // the segment is refused
	TCP_URGENT_OOB,    // the byte leaves the stream, as sockets without SO_OOBINLINE see it
	TCP_URGENT_GAP,    // the byte becomes a one-byte gap
};

// Of one worker: memory limits are already divided by the number of workers.
struct tcp_stream_config {
	uint64_t memcap;            // stream.memcap: bytes of sessions
	uint64_t reassembly_memcap; // stream.reassembly.memcap: bytes of held segments
	uint64_t depth;             // stream.reassembly.depth: bytes a direction, 0: no limit
	uint64_t flow_cap;          // stream.reassembly.flow-cap: bytes held early a direction
	bool midstream;             // stream.midstream
	bool async_oneside;         // stream.async-oneside
	bool checksum_validation;   // stream.checksum-validation: refuse segments with PKT_BAD_L4_CSUM
	bool liberal_timestamps;    // stream.liberal-timestamps
	uint64_t max_syn_queued;    // stream.max-syn-queued
	uint64_t max_synack_queued; // stream.max-synack-queued
	int urgent_policy;          // enum tcp_urgent_policy
	uint64_t urgent_oob_limit;  // out-of-band bytes in a row before tcp_urgent_limit_policy applies
	int urgent_limit_policy;    // enum tcp_urgent_policy
	int default_policy;         // enum tcp_policy of a host no list names
	// host-os-policy: hosts of each policy; NULL: none. The longest prefix wins where lists overlap.
	const struct addr_set *hosts[TCP_POLICY_COUNT];
	uint64_t secret; // seeds what an attacker must not predict; any value gives the same streams
};

// Rows under stream. that fill struct tcp_stream_config (memory limits of the whole process).
extern const struct config_row tcp_stream_config_rows[];

struct tcp_stream_stats {
	uint64_t sessions;          // begun, handshakes without a session yet included
	uint64_t active;            // now
	uint64_t syn_only;          // SYNs that took no session
	uint64_t midstream;         // sessions picked up midstream
	uint64_t no_session;        // connections refused one: stream.memcap
	uint64_t passed_by;         // their segments, while there was none to be had
	uint64_t evicted;           // connections ended so that others get their session
	uint64_t no_segment;        // segments refused: stream.reassembly.memcap
	uint64_t flow_cap;          // segments refused: a direction's own cap
	uint64_t syn_data_left;     // SYNs whose data found no room
	uint64_t held_segments;     // now
	uint64_t held_bytes;        // now: payload held early
	uint64_t kept_bytes;        // now: payload kept for consumers
	uint64_t memuse;            // now: bytes of sessions
	uint64_t reassembly_memuse; // now: bytes of the pools in use
	uint64_t syn_data_bytes;    // of these: data of SYNs, which may outlast their flow until the room is needed
	uint64_t in_order;          // segments handed on where they lay
	uint64_t early;             // segments held
	uint64_t retransmitted;     // segments with bytes that had been seen before
	uint64_t overlaps;          // segments that met held bytes
	uint64_t overlap_differs;   // ... with other content
	uint64_t gaps;              // holes given up
	uint64_t gap_bytes;         // their bytes
	uint64_t rejected;          // segments refused by a check
	uint64_t bytes;             // payload bytes handed to consumers
	uint64_t depth_reached;     // directions cut at their depth
	uint64_t rtt_samples;       // handshakes measured
	uint64_t sack_losses;       // holes that SACK blocks show to be lost
	uint64_t events[STREAM_WRONG_THREAD - STREAM_3WHS_ACK_IN_WRONG_DIR + 1]; // by reason, from the first
	uint64_t keep_overflow; // times a consumer left more unused than STREAM_KEEP_MAX
};

struct tcp_streams;

// Fills defaults (Suricata's).
void tcp_stream_config_default(struct tcp_stream_config *cfg);

// Bytes of memory a worker needs; mostly untouched until used.
size_t tcp_streams_size(const struct tcp_stream_config *cfg);
// Sets up zeroed memory of tcp_streams_size() bytes, 64-byte aligned. Returns 0, or -EINVAL (a limit
// too small to hold anything). flows: the worker's table.
int tcp_streams_init(
	void *mem, const struct tcp_stream_config *cfg, struct flow_table *flows, struct tcp_streams **out);

// After each flow_lookup_burst, over the packets it has judged: b->list[from..to) (see flow_table.h on why
// a burst may come in parts). For every TCP packet with a flow: sets the flow's tcp_state
// and state, notes stream events on the packet, sets PKT_FLOW_ESTABLISHED, PKT_STREAM_ADDED or
// PKT_STREAM_REJECTED, and hands bytes to the consumers. Cannot fail.
void tcp_stream_burst(struct tcp_streams *ts, struct burst *b, uint16_t from, uint16_t to, struct detector_run *run);
// True where a consumer sees every packet: then the stage must run for bursts without TCP too.
bool tcp_stream_wants_packets(const struct tcp_streams *ts);

// The flow table's on_end: hands over what is still held (holes become gaps), tells the end to every
// consumer, and takes the session back. cold may be NULL. Returns what the flow's record says of the connection,
// valid until the next call; NULL without a session.
const struct event_tcp *tcp_stream_flow_end(
	struct tcp_streams *ts, struct flow *f, struct flow_cold *cold, struct detector_run *run);
// What a connection's segments have told so far. False, and all zero, without a session.
bool tcp_stream_path(const struct flow_cold *cold, struct event_tcp *out);

// At a tick, after the flow table's: where connections wait for sessions, some that have been silent for long end.
// seq: of the tick's events. Returns false when it must be called again with the same arguments, as flow_table_tick.
bool tcp_stream_tick(struct tcp_streams *ts, uint64_t now_ns, uint64_t seq, struct event_sink *sink);

// For the flow stage, when a SYN without ACK finds a flow: true when it begins a new connection on
// the same tuple (port reuse: the old one is closing or closed, and the SYN is not its own repeated),
// so that the old flow ends (FLOW_END_REUSED) and this packet creates a new one.
// seq: of the SYN, host order.
bool tcp_stream_is_reuse(const struct flow *f, const struct flow_cold *cold, uint32_t seq);

void tcp_streams_stats(const struct tcp_streams *ts, struct tcp_stream_stats *out);

// What a session knows, for events, tests and the page. All zero without a session.
struct tcp_session_info {
	uint8_t state; // enum tcp_state
	bool established, midstream, async, sack, timestamps, tfo;
	struct tcp_side_info {
		uint32_t isn, next_seq, last_ack, window;
		uint8_t wscale, policy;
		uint64_t offset; // bytes in order
		uint64_t gap_bytes;
		uint32_t held; // bytes early
	} side[2];             // by sender: [DIR_TO_SERVER] is the client
};
void tcp_session_info(const struct flow_cold *cold, struct tcp_session_info *out);
