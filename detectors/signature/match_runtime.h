// The runtime side: what a worker holds and what a test sees. Next: match_runtime.c.
#pragma once

#include "detectors/signature/ruleset.h"

struct host_table;
struct flow_cell;

#define BASE64_MAX 16384u
#define SCRATCH_BYTES 65536u // room for one transformed buffer

// One rule against one view of one packet.
struct match_ctx {
	struct signature_worker *w;
	const struct ruleset *rs;
	const struct rule *rule;
	const struct packet *p;
	struct flow *flow;      // NULL: the packet has none
	struct flow_cold *cold; // NULL: not set up
	struct detector_run *run;
	const uint8_t *buf; // being inspected
	uint32_t len;
	uint32_t steps;              // of the content chain so far
	uint64_t number;             // the field being inspected
	const struct parser *parser; // with tx
	const struct app_tx *tx;     // NULL: a packet or stream is inspected
	const struct app_file *file; // being inspected
	bool stream;                 // buf is a piece of the reassembled stream
	uint64_t before;             // bytes of a frame in front of buf
	uint64_t vars[RULE_MAX_VARS];
	struct capture_text {
		uint16_t var;
		uint8_t scope;
		uint8_t len;
		uint8_t text[256 - 4];
	} captures[4];
	uint8_t n_captures;
};

// verify_runtime.c: true when every step of the chain holds on m->buf.
bool verify_chain(struct match_ctx *m, const struct step *steps);
// byte_runtime.c. at: the end of the match before. Returns false: does not hold. *next: where a jump leads.
bool byte_test_match(struct match_ctx *m, const struct byte_op_args *a, uint32_t at);
bool byte_jump_match(struct match_ctx *m, const struct byte_op_args *a, uint32_t at, uint32_t *next);
bool byte_extract_match(struct match_ctx *m, const struct byte_op_args *a, uint32_t at, uint32_t *next);
bool byte_math_match(struct match_ctx *m, const struct byte_op_args *a, uint32_t at, uint32_t *next);
// Whether bytes of its stream are inspected with the packet.
bool match_ctx_with_stream(const struct match_ctx *m);
// Where the first group of an expression lies, [start, end), in the bytes; NULL: no match, or it gave up at the match
// limit (counted).
const size_t *match_ctx_group(
	const struct match_ctx *m, const struct pcre2_real_code_8 *code, const uint8_t *bytes, uint32_t len);
// find_runtime.c: where a text of n bytes in lower case stands first in at[0..len), in either case; UINT32_MAX:
// nowhere.
uint32_t find_nocase(const uint8_t *at, uint32_t len, const uint8_t *text, uint32_t n);
// base64_runtime.c: decodes up to the first character that is none of base64, at most cap bytes. Returns bytes written.
uint32_t base64_decode(const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap);
// asn1_runtime.c
bool asn1_match(const struct asn1_args *a, const uint8_t *buf, uint32_t len, uint32_t at);
