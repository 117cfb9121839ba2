// The frozen form of rules, shared by the compile side (parser, grouping) and the runtime.
// Everything here lives in the rule set's arena. Next: rule_parse.h for the compile side,
// match_runtime.h for the runtime.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "detectors/signature/signature.h"

struct match_ctx;
struct pcre2_real_code_8;
struct dataset;

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

enum buffer_id {
	BUF_PAYLOAD,
	BUF_IPV4_HDR,
	BUF_IPV6_HDR,
	BUF_TCP_HDR,
	BUF_UDP_HDR,
	BUF_ICMPV4_HDR,
	BUF_ICMPV6_HDR,
	BUF_IP_SRC,
	BUF_IP_DST,
	BUF_BASE64,
	BUF_APP, // from here on: buffers of application protocols, by their row in the keyword table
};

enum step_kind {
	STEP_CONTENT,
	STEP_PCRE,
	STEP_ISDATAAT,
	STEP_BYTE_TEST,
	STEP_BYTE_JUMP,
	STEP_BYTE_EXTRACT,
	STEP_BYTE_MATH,
	STEP_BSIZE,
	STEP_ENTROPY,
	STEP_BASE64_DECODE,
	STEP_DATASET,
	STEP_DATAREP,
	STEP_ASN1,
	STEP_FTPBOUNCE,
	STEP_RPC,
	STEP_NUMBER, // of a field
	STEP_CHECK,  // what one keyword alone asks
};

enum content_flag {
	CONTENT_NOCASE = 1u << 0,
	CONTENT_OFFSET = 1u << 1,
	CONTENT_DEPTH = 1u << 2,
	CONTENT_DISTANCE = 1u << 3,
	CONTENT_WITHIN = 1u << 4,
	CONTENT_STARTSWITH = 1u << 5,
	CONTENT_ENDSWITH = 1u << 6,
	CONTENT_FAST_PATTERN = 1u << 7,
	CONTENT_FP_ONLY = 1u << 8,
	CONTENT_FP_CHOP = 1u << 9,
	CONTENT_OFFSET_VAR = 1u << 10, // the value is an index into the rule's variables
	CONTENT_DEPTH_VAR = 1u << 11,
	CONTENT_DISTANCE_VAR = 1u << 12,
	CONTENT_WITHIN_VAR = 1u << 13,
	CONTENT_RAWBYTES = 1u << 14, // changes nothing
	CONTENT_RELATIVE = CONTENT_DISTANCE | CONTENT_WITHIN,
};

struct content {
	const uint8_t *bytes; // lower case with NOCASE
	uint16_t len;
	uint16_t flags; // enum content_flag
	uint16_t fp_off, fp_len;
	int32_t offset, depth, distance, within;
};

// Where a pcre's capture goes.
struct capture {
	uint8_t group;
	uint8_t scope; // 0: packet variable, 1: flow variable, 2: text for the alert
	uint16_t var;  // id of the variable's name
};

struct pcre {
	struct pcre2_real_code_8 *code;
	bool relative;
	uint8_t n_captures;
	struct capture captures[8];
	const char *text; // as written
};

enum byte_base { BASE_BINARY, BASE_HEX = 16, BASE_DEC = 10, BASE_OCT = 8 };
enum byte_op {
	OP_LT,
	OP_GT,
	OP_EQ,
	OP_AND,
	OP_OR,
	OP_LE,
	OP_GE,
	OP_ADD,
	OP_SUB,
	OP_MUL,
	OP_DIV,
	OP_LSHIFT,
	OP_RSHIFT,
	OP_NE
};

enum byte_flag {
	BYTE_RELATIVE = 1u << 0,
	BYTE_LITTLE = 1u << 1,
	BYTE_STRING = 1u << 2,
	BYTE_DCE = 1u << 3,
	BYTE_ALIGN = 1u << 4, // byte_jump: to the next 32-bit boundary; byte_extract: to `align`
	BYTE_FROM_BEGIN = 1u << 5,
	BYTE_FROM_END = 1u << 6,
	BYTE_NEGATED_OP = 1u << 7,
	BYTE_NBYTES_VAR = 1u << 8,
	BYTE_OFFSET_VAR = 1u << 9,
	BYTE_VALUE_VAR = 1u << 10,
};

// byte_test, byte_jump, byte_extract and byte_math share their numbers.
struct byte_op_args {
	uint16_t flags; // enum byte_flag
	uint8_t op;     // enum byte_op
	uint8_t base;   // enum byte_base, with BYTE_STRING
	uint8_t result; // variable that takes the result
	uint8_t align;
	int32_t nbytes; // or a variable
	int32_t offset; // or a variable
	int64_t value;  // or a variable; byte_math's rvalue
	uint32_t multiplier;
	int32_t post_offset;
	uint64_t bitmask; // 0: none
	uint8_t bitmask_shift;
};

enum range_op { RANGE_EQ, RANGE_NE, RANGE_LT, RANGE_LE, RANGE_GT, RANGE_GE, RANGE_IN, RANGE_OUT };

// "5", "!5", "<5", "<=5", ">5", ">=5", "5<>9" (exclusive), "!5<>9", "5-9" (inclusive)
struct range {
	uint8_t op; // enum range_op; RANGE_IN and RANGE_OUT have lo and hi inclusive
	uint64_t lo, hi;
};

static inline bool range_has(const struct range *r, uint64_t v)
{
	switch (r->op) {
	case RANGE_EQ:
		return v == r->lo;
	case RANGE_NE:
		return v != r->lo;
	case RANGE_LT:
		return v < r->lo;
	case RANGE_LE:
		return v <= r->lo;
	case RANGE_GT:
		return v > r->lo;
	case RANGE_GE:
		return v >= r->lo;
	case RANGE_IN:
		return v >= r->lo && v <= r->hi;
	default:
		return v < r->lo || v > r->hi;
	}
}

struct asn1_args {
	bool bitstring_overflow, double_overflow, oversize, relative;
	uint32_t oversize_length;
	int32_t offset; // of the first element, from the end of the match before with `relative`
};

struct rpc_args {
	uint32_t program, version, procedure;
	bool any_version, any_procedure;
};

struct entropy_args {
	struct range_f {
		uint8_t op;
		double lo, hi;
	} range;
	int32_t offset;
	uint32_t bytes;
};

struct dataset_args {
	struct dataset *set;
	uint8_t command; // 0 isset, 1 isnotset, 2 set, 3 unset; datarep: enum range_op
	uint16_t value;
};

// One test of a buffer. A chain of steps is walked in order; `relative` steps continue where the
// one before ended.
struct step {
	struct step *next;
	uint8_t kind; // enum step_kind
	bool negated;
	bool relative;     // to the end of the match before
	bool depends;      // relative, or on a variable: another occurrence of a match before may do
	bool next_depends; // the step after does: on failure look for the next occurrence
	union {
		struct content content;
		struct pcre pcre;
		struct byte_op_args byte;
		struct range range;
		struct entropy_args entropy;
		struct asn1_args asn1;
		struct rpc_args rpc;
		struct dataset_args dataset;
		struct check_args {
			// A buffer is m->buf; a field's value is in m->number.
			bool (*holds)(const struct match_ctx *m, const void *args);
			const void *args;
		} check;
		struct {
			int32_t at;
			bool var;
		} isdataat;
		struct {
			uint32_t bytes;
			uint32_t offset;
			struct step *data; // what base64_data looks for
		} base64;
	};
};

struct transform {
	struct transform *next;
	// Changes in[0..len) into out (cap bytes). Returns the new length, or -1 when it does not fit.
	int32_t (*run)(struct match_ctx *m, const struct transform *t, const uint8_t *in, uint32_t len, uint8_t *out,
		uint32_t cap);
	const char *name;
	const uint8_t *bytes; // xor key
	uint32_t len;
	struct pcre2_real_code_8 *code;
};

// One buffer of a rule with its transforms and tests.
struct buffer_test {
	struct buffer_test *next;
	const char *name;
	uint16_t id; // enum buffer_id
	struct transform *transforms;
	struct step *steps;
	struct step *last;
};

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
	const char *text; // the rule as written
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
