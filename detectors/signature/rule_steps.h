// The tests of a rule's buffers, frozen: chains of steps, what each asks, what a buffer is changed by before. Part of
// rule_internal.h; walked by verify_runtime.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct match_ctx;
struct pcre2_real_code_8;
struct dataset;

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
	BUF_FRAME, // of a protocol: buffer_test.frame
	BUF_APP,   // from here on: buffers of application protocols, by their row in the keyword table
};

// What is asked of files is a buffer by the first of its keywords; what libmagic says of them, by this.
#define TX_FILE_TESTS "filesize"
#define TX_FILE_MAGIC_BUFFER "file.magic"

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

enum range_op { RANGE_EQ, RANGE_NE, RANGE_LT, RANGE_LE, RANGE_GT, RANGE_GE, RANGE_IN };

// "5", "!5", "<5", "<=5", ">5", ">=5", "5<>9" (6 to 8)
struct range {
	uint8_t op; // enum range_op; RANGE_IN has lo and hi inclusive
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
	struct {
		uint64_t protos; // of BUF_FRAME, bit enum app_proto
		uint8_t type;    // into parser->frames, or FRAME_STREAM
	} frame;
	struct transform *transforms;
	struct step *steps;
	struct step *last;
};
