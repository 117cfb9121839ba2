// The frozen form of rules, shared by the compile side (parser, grouping) and the runtime.
// Everything here lives in the rule set's arena. Next: rule_parse.h for the compile side,
// match_runtime.h for the runtime.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "detectors/signature/rule_steps.h"
#include "detectors/signature/signature.h"

#define RULE_MAX_VARS 16u // byte_extract and byte_math results a rule

enum rule_proto {
	PROTO_IP, // any IP packet
	PROTO_TCP,
	PROTO_UDP,
	PROTO_ICMPV4,
	PROTO_ICMPV6,
	PROTO_ICMP, // both
	PROTO_SCTP,
	PROTO_PKTHDR, // any packet, decoded or not
	PROTO_APP,    // named by rule.app; carried by TCP or UDP
};

enum rule_flag {
	RULE_F_TO_SERVER = 1u << 0, // only this direction; neither: both
	RULE_F_TO_CLIENT = 1u << 1,
	RULE_F_NEED_PACKET = 1u << 2, // looks at packets
	RULE_F_NEED_STREAM = 1u << 3, // looks at the reassembled stream
	RULE_F_NOALERT = 1u << 4,
	RULE_F_IP_ONLY = 1u << 5,      // once a flow and direction
	RULE_F_DSIZE = 1u << 6,        // dsize bounds are set
	RULE_F_IPV4 = 1u << 7,         // ipv4 only
	RULE_F_IPV6 = 1u << 8,         // ipv6 only
	RULE_F_EVENT = 1u << 9,        // has a decode or stream event
	RULE_F_FRAME = 1u << 12,       // inspects frames
	RULE_F_EACH_PACKET = 1u << 10, // never IP-only: does something to the flow at each packet
	RULE_F_PAYLOAD = 1u << 11,     // tests the payload
	RULE_F_EITHER_VIEW = 1u << 13, // of UDP or ICMP: no keyword asks for packets
	RULE_F_BIDIR = 1u << 14,       // "<>"
	RULE_F_TX = 1u << 19,          // inspects transactions
	RULE_F_IPONLY_LIKE = 1u << 20, // would be IP-only but for a negated address
	RULE_F_STREAM_SIZE = 1u << 21,
	RULE_F_FLOW = 1u << 22, // has the flow keyword
	RULE_F_DECODE_EVENT = 1u << 24,
	RULE_F_ONLY_STREAM = 1u << 25, // only_stream: never a packet's own payload
	RULE_F_HOST_NOW = 1u << 26,    // host bits have to be known when the packet is looked at
	RULE_F_DETECTION = 1u << 27,   // asks for nothing but the flow's protocol
};

// A rule is looked for behind few destination ports, else behind few source ports, else behind any.
enum rule_ports { PORTS_ANY, PORTS_DST, PORTS_SRC };

// A test of packet or flow fields.
struct packet_test {
	struct packet_test *next;
	bool (*match)(const struct match_ctx *m, const void *args);
	const void *args;
	const char *name;
};

// Something done once all tests have held. Returns false to stop: the rule did not match after all.
struct post_action {
	struct post_action *next;
	void (*run)(struct match_ctx *m, const void *args);
	const void *args;
	const char *name;
};

enum threshold_type {
	THRESHOLD_LIMIT,
	THRESHOLD_THRESHOLD,
	THRESHOLD_BOTH,
	THRESHOLD_DETECTION_FILTER,
	THRESHOLD_RATE_FILTER,
	THRESHOLD_SUPPRESS,
	THRESHOLD_BACKOFF,
};
enum track_by { TRACK_SRC, TRACK_DST, TRACK_BOTH, TRACK_RULE, TRACK_FLOW, TRACK_EITHER };

struct threshold {
	struct threshold *next;
	uint8_t type;  // enum threshold_type
	uint8_t track; // enum track_by
	uint8_t new_action;
	uint32_t count, seconds, timeout, multiplier;
	const struct addr_set *addrs; // suppress: only these; NULL: all
};

enum host_bit_op { HOST_BIT_ISSET, HOST_BIT_ISNOTSET, HOST_BIT_SET, HOST_BIT_UNSET, HOST_BIT_TOGGLE };

// xbits, hostbits: a test or a change of a bit of a host or a pair of hosts.
struct host_bit {
	struct host_bit *next;
	uint8_t op;    // enum host_bit_op
	uint8_t track; // TRACK_SRC, TRACK_DST or TRACK_BOTH
	uint16_t id;   // of rs->hostbits
	uint32_t expire_s;
};

struct port_set;

// app-layer-event: what a parser must have noted on the transaction.
struct app_event_test {
	struct app_event_test *next;
	uint16_t proto; // enum app_proto
	uint8_t index;  // into parser->events
};

// A keyword or protocol that has no parser yet.
struct rule_wait {
	struct rule_wait *next;
	const char *what; // "http", "http.uri", "stream-event:name"
	bool protocol;    // what is the name of one
};

struct rule {
	// What the header check reads.
	uint32_t index;            // order of evaluation
	uint32_t flags;            // enum rule_flag
	uint8_t proto;             // enum rule_proto
	uint8_t action;            // enum rule_action
	const struct range *dsize; // with RULE_F_DSIZE
	uint16_t n_vars;
	const struct addr_set *src, *dst;
	const struct port_set *sport, *dport;
	struct packet_test *tests;
	struct buffer_test *buffers;
	struct post_action *posts;
	struct threshold *threshold;        // threshold keyword or threshold.config
	struct threshold *detection_filter; // counted before the rule matches
	struct threshold *suppress;
	struct threshold *rate_filter;
	struct host_bit *host_tests, *host_posts;
	struct app_event_test *app_events;
	const struct tag_args *tag; // tags.h
	// Cold.
	struct alert_info info;
	struct step *fast; // the prefilter literal's content
	struct buffer_test *fast_buffer;
	struct step *fast_raw;   // of a rule that inspects transactions: the literal of its raw part
	const char *app;         // protocol gate by name
	uint64_t apps;           // ... and by number, bit enum app_proto; 0: none
	const char *waiting;     // the first thing without a parser, NULL: none
	struct rule_wait *waits; // all of them
	const char *file;
	const char *text; // the rule as written, with keep_text
	uint32_t line;
	uint32_t order;    // in which it was read
	uint8_t rank[7];   // sort keys: see rule_order.c
	uint16_t event;    // with RULE_F_EVENT: enum drop_reason, 0: none of ours
	uint8_t target;    // 1 src_ip, 2 dest_ip
	uint8_t ports;     // enum rule_ports: which of its ports puts it into a group
	bool replaced;     // a newer revision took its place
	struct rule *next; // in reading order
};

// The port keyword of a header, as sorted ranges. NULL stands for any.
struct port_range {
	uint16_t lo, hi;
};
struct port_set {
	uint32_t n;
	uint32_t covered; // how many ports it holds
	struct port_range at[];
};

static inline bool port_set_has(const struct port_set *s, uint16_t port)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (port <= s->at[i].hi)
			return port >= s->at[i].lo;
	return false;
}
