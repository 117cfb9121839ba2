// A flow as other stages see it. The table that owns it is dataplane/flow_table.c.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/packet.h"

struct flow_table;
struct tcp_session;

// EVE flow.state
enum flow_state {
	FLOW_FREE = 0,
	FLOW_NEW,
	FLOW_ESTABLISHED,
	FLOW_CLOSED,
};

// EVE tcp.state, Suricata's spelling: none syn_sent syn_recv established fin_wait1 ...
enum tcp_state {
	TCP_NONE = 0,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_ESTABLISHED,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_LAST_ACK,
	TCP_CLOSE_WAIT,
	TCP_CLOSING,
	TCP_CLOSED,
};

enum flow_flag {
	FLOW_IPV6 = 1u << 0,
	FLOW_ALERTED = 1u << 1,
	FLOW_INNER = 1u << 2,      // carried by a tunnel
	FLOW_COLD_SET = 1u << 3,   // struct flow_cold of this slot belongs to this flow, all of it
	FLOW_BYTES_DONE = 1u << 4, // nobody wants payload of this flow any more: count, do not read
	FLOW_SEEN_REPLY = 1u << 5,
	FLOW_MIDSTREAM = 1u << 6,
	FLOW_RULES_DONE = 1u << 7, // a rule passed, dropped or rejected it: the rule engine looks no further
	FLOW_SYN_KEPT = 1u << 8,   // only a SYN's sender has been seen: bytes[1] and pkts[1] hold that SYN, not counts
	FLOW_GONE = 1u << 9,       // it has ended: no packet finds it any more
	FLOW_APP_QUIET =
		1u
		<< 10, // UDP: nobody needs to look at datagrams to the server for their protocol; << 1: to the client
	FLOW_APP_KNOWN = 1u << 12, // UDP: what it speaks is known: flow_cold.app_proto
	FLOW_APP_LATE = 1u << 12,  // TCP: a transaction waits for an acknowledgement of the client
	FLOW_OPENING =
		1u << 13, // a handshake without a session: bytes[1] has 32 bits of bytes, the TCP stage's above them
	FLOW_REFUSED = 1u << 14,  // TCP: a session was asked for and there was none
	FLOW_ENDS_SET = 1u << 15, // the first line of struct flow_cold does: whom the flow is between
};

// The hot line: all that a packet of a known plain IPv4 flow touches. [0] is the side that began
// (client), [1] the other; counters are by enum packet_dir and read with flow_bytes() and flow_pkts().
struct flow {
	uint64_t start_ns;
	uint64_t last_ns;
	uint64_t bytes[2];
	uint32_t pkts[2]; // saturate at UINT32_MAX
	uint32_t addr[2]; // IPv4 addresses, network order; IPv6: a digest of the address pair, see flow_cold
	uint16_t port[2]; // host order; ICMP: type and its counterpart
	uint32_t domain;  // digest of VLANs and tunnel: flows of different domains never meet
	uint8_t proto;
	uint8_t state;        // enum flow_state
	uint16_t flags;       // enum flow_flag
	uint8_t tcp_flags[2]; // OR of RFC 9293 byte 13, by direction; ICMP: code of the first packet, by direction
	uint8_t tcp_state;    // enum tcp_state
	uint8_t mark;         // of the flow table: timeout class and latest burst
};
_Static_assert(sizeof(struct flow) == 64, "the hot flow line is one cache line");

#define APP_AT_OTHER (1ull << 63) // in app_at: together with what the other side has sent, and not before that

// The rest of a flow. The first line is valid where FLOW_ENDS_SET is set, so that a flow that needs no more than room
// for its addresses takes no more; all of it where FLOW_COLD_SET is. flow_cold_get() sets it up on first use.
struct flow_cold {
	union ip_addr addr[2]; // IPv6 endpoints, by side
	uint16_t vlan[PKT_MAX_VLANS];
	uint16_t iface;
	uint16_t app_proto; // enum app_proto
	uint8_t vlan_count;
	uint8_t app_dir[2];      // enum app_proto of each direction, where they were told apart
	uint8_t app_orig;        // what it spoke before it went on in another protocol
	uint8_t app_expected;    // which one that was to be
	struct tcp_session *tcp; // stream state, NULL until payload needs it
	void *app;               // parser state, owned by the parser stage
	void *detect;            // signature state of this flow (flowbits, ...), owned by detectors/signature
	uint64_t detect_bits[4]; // small per-flow marks of heuristics, see detector.h
	uint64_t app_at[2];      // stream offset behind the bytes that told what a direction speaks, 0: none have
} __attribute__((aligned(64)));
_Static_assert(offsetof(struct flow_cold, detect) == 64 && sizeof(struct flow_cold) == 128,
	"a flow is at most 256 bytes without payload, and what it is between one line");

// Bytes on the wire that one direction has sent; dir: enum packet_dir.
static inline uint64_t flow_bytes(const struct flow *f, uint32_t dir)
{
	if (dir && f->flags & (FLOW_SYN_KEPT | FLOW_OPENING))
		return f->flags & FLOW_SYN_KEPT ? 0 : (uint32_t)f->bytes[dir];
	return f->bytes[dir];
}

// Packets of one direction.
static inline uint32_t flow_pkts(const struct flow *f, uint32_t dir)
{
	return dir && f->flags & FLOW_SYN_KEPT ? 0 : f->pkts[dir];
}

// The cold part of a flow; zeroed and marked FLOW_COLD_SET on first use. Never NULL.
struct flow_cold *flow_cold_get(struct flow_table *t, struct flow *f);
// What the flow speaks, into an event's app_proto, app_dir, app_orig and app_expected.
struct event;
void flow_fill_app(const struct flow_table *t, const struct flow *f, struct event *ev);
// 51-bit id, stable over the flow's life and over runs: a digest of key and start time.
uint64_t flow_id(const struct flow_table *t, const struct flow *f);
