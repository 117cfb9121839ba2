// Events: what workers and detectors have to say. Fixed-size records go through one ring a worker
// to the main lcore, which formats them (ctl/eve). Nothing here allocates or formats text.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/packet.h"

struct event_ring;
struct flow_table;
struct detector;

enum event_kind {
	EVENT_ALERT,   // a signature matched
	EVENT_FINDING, // a heuristic found something (EVE alert with gid 901)
	EVENT_ANOMALY, // a malformation from drops.def
	EVENT_PACKET,  // a packet that an alert's rule has tagged; its bytes stand behind the record
	EVENT_FLOW,    // a flow ended
	EVENT_TX,      // a transaction is over; its record (dataplane/api/app_log.h) stands behind
	EVENT_TICK,    // internal: a worker has passed a tick; orders the merge, never written
	EVENT_KIND_COUNT
};

enum event_flag {
	EVENT_HAS_FLOW = 1u << 0,
	EVENT_HAS_PACKET = 1u << 1, // seq names a packet (EVE pcap_cnt)
	EVENT_TUNNEL = 1u << 2,     // tunnel is set
	EVENT_ESTABLISHED = 1u << 3,
	EVENT_REBUILT = 1u << 4,  // the packet was put together from fragments
	EVENT_FRAGMENT = 1u << 5, // the packet is a fragment: it has no transport header
};

struct event_tuple {
	union ip_addr src, dst;
	uint16_t sport, dport;
	uint8_t ip_version; // 4, 6, or 0 where there is no IP (ARP)
	uint8_t proto;
	uint8_t icmp_type, icmp_code;
};

struct event_counts {
	uint64_t bytes[2]; // by enum packet_dir
	uint32_t pkts[2];
	uint64_t start_ns;
};

// A rule's frozen face: what EVE's alert object needs. Lives as long as the rule set that owns it.
struct alert_info {
	uint32_t gid, sid, rev;
	uint8_t severity;              // 1 (high) .. 255, Suricata's priority
	uint8_t action;                // enum rule_action of detectors/signature, 0: alert
	const char *signature;         // msg
	const char *category;          // classtype's description, "" without
	const char *const *metadata;   // key, value, key, value, ..., NULL
	const char *const *references; // NULL-terminated, "url,example.org/x"
};

enum flow_end_reason {
	FLOW_END_TIMEOUT,
	FLOW_END_SHUTDOWN,
	FLOW_END_EVICTED,
	FLOW_END_REUSED, // the same tuple began a new flow (TCP port reuse)
};

// What the segments of a TCP connection told about its way, behind the record of its flow. Names are those of RFC 4898
// where it has the thing. By enum packet_dir of the sender.
struct event_tcp {
	uint32_t rtt_us; // SYN to SYN/ACK plus SYN/ACK to ACK
	bool rtt_known;  // the handshake was seen, and no part of it twice
	struct event_tcp_side {
		uint32_t segs_retrans;   // segments with bytes that had been seen before
		uint32_t octets_retrans; // those bytes; saturates
		uint32_t out_of_order;   // segments ahead of a hole
		uint32_t sack_losses;    // holes that the receiver's SACK blocks show to be lost (RFC 6675 section 4,
					 // IsLost)
		uint32_t gaps;           // holes in what we saw
		uint64_t missed_bytes;   // their bytes
		uint32_t rtt_samples; // from data of this side to its acknowledgement: from us to the receiver and back
		uint32_t min_rtt_us;
		uint32_t smoothed_rtt_us; // RFC 6298 section 2
		uint32_t max_rwin_sent;   // largest window that this side offered, scaled, in bytes
		uint32_t zero_rwin_sent;  // times it closed its window
	} side[2];
};

struct event {
	uint64_t seq; // packet ordinal: the order of events
	uint64_t ts_ns;
	uint64_t flow_id; // 51 bits, so that every JSON reader keeps it exact
	uint16_t kind;    // enum event_kind
	uint16_t flags;   // enum event_flag
	uint16_t iface;
	uint8_t dir; // enum packet_dir
	uint8_t vlan_count;
	uint16_t vlan[PKT_MAX_VLANS];
	uint16_t app_proto; // enum app_proto of parser.h, 0: unknown
	// Bytes of extra text in the slots behind this record: JSON members, valid and without a comma in
	// front ("\"ports\":12,\"x\":[1]"), for tocsin{} of a finding and anomaly{} of an anomaly; for the
	// record itself of an alert without has_tx ("\"http\":{...}"); with has_tx, and of a tx: an app_log record.
	// Of a flow: nothing, or a struct event_tcp. Of a packet: its
	// bytes, the first EVENT_AUX_MAX.
	uint32_t aux_len;
	struct event_tuple tuple;
	struct event_tuple tunnel; // the packet that carried this one
	uint8_t tunnel_depth;
	uint8_t app_dir[2], app_orig, app_expected; // of alerts and flows: as in struct flow_cold
	union {
		struct {
			const struct alert_info *info;
			struct event_counts counts;
			uint64_t tx_id;
			uint32_t payload_len;
			uint8_t has_tx;
			uint8_t stream;  // matched in the reassembled stream
			uint8_t first;   // of the matches of its packet
			uint8_t blocked; // EVE action "blocked": what reject, or a rate filter's drop, would have done
		} alert;
		struct {
			const struct detector *detector;
			union ip_addr victim, attacker;
			uint8_t victim_version, attacker_version; // 4, 6, 0: not known
			uint8_t severity;                         // 0: the detector's own
			uint8_t confidence;                       // percent
			double observed, threshold;
			const char *unit;  // "packets/s", static
			const char *stage; // "start", "update", "end", or NULL
			const char *what;  // short static text that says which variant ("XMAS scan"), or NULL
			uint64_t window_ms;
			uint64_t sample; // a packet ordinal that shows it
		} finding;
		struct {
			uint16_t reason; // enum drop_reason
			uint8_t layer;   // 3, 4, ... for people; 0: not said
		} anomaly;
		struct {
			uint32_t id;  // of the flow's transactions, from 0
			bool show_id; // EVE tx_id, see struct parser
			bool file;    // EVE fileinfo: the record is app_log_file's
		} tx;
		struct {
			uint32_t len; // of the whole packet, as captured
			uint16_t link_type;
		} packet;
		struct {
			struct event_counts counts;
			uint64_t end_ns;
			uint8_t state;  // enum flow_state
			uint8_t reason; // enum flow_end_reason
			uint8_t tcp_flags[2];
			uint8_t tcp_state; // enum tcp_state of flow.h
			uint8_t alerted;
		} flow;
	};
};

// Where a worker or a detector puts its events.
struct event_sink {
	struct event_ring *ring;
	const struct flow_table *flows;  // of this worker, for flow ids; NULL where there are none
	const struct burst *burst;       // of this worker: flows count a whole burst ahead of its packets; or NULL
	uint64_t lost[EVENT_KIND_COUNT]; // did not fit, by kind
	uint64_t made[EVENT_KIND_COUNT];
};

// Begins an event. Fills kind, tuple, flow and packet fields from p (NULL: zeroed), and an alert's
// counts from the packet's flow; the rest of the kind's struct is zeroed.
// aux_max: bytes of text wanted behind the record, at most EVENT_AUX_MAX.
// Returns the record to complete, or NULL when the ring is full (counted in sink->lost).
// At most one event is open at a time; event_commit publishes it, event_cancel forgets it.
#define EVENT_AUX_MAX 3072u
struct event *event_begin(struct event_sink *sink, enum event_kind kind, const struct packet *p, uint32_t aux_max);
// Where the extra text of an open event goes; set ev->aux_len to what was written.
char *event_aux(struct event *ev);
// Bytes of a record of this kind without its extra text, which follows at once. Never copy a whole
// struct event out of a ring: records are cut to their kind.
static inline size_t event_base_size(enum event_kind kind)
{
	switch (kind) {
	case EVENT_ALERT:
		return offsetof(struct event, alert) + sizeof(((struct event *)0)->alert);
	case EVENT_FINDING:
		return offsetof(struct event, finding) + sizeof(((struct event *)0)->finding);
	case EVENT_FLOW:
		return offsetof(struct event, flow) + sizeof(((struct event *)0)->flow);
	default: // anomalies, packets, transactions, and ticks, which say nothing
		return offsetof(struct event, anomaly) + sizeof(uint64_t);
	}
}
// The extra text of an event that has arrived, ev->aux_len bytes, not terminated.
static inline const char *event_text(const struct event *ev)
{
	return (const char *)ev + event_base_size((enum event_kind)ev->kind);
}
void event_commit(struct event_sink *sink);
void event_cancel(struct event_sink *sink);
