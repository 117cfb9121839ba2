// Rules on frames, frozen: by protocol, direction and type, the rules that look into such frames. Built by
// frame_compile.c. Next: frame_runtime.c.
#pragma once

#include "dataplane/api/parser.h"
#include "detectors/signature/group.h"

struct frame_proto {
	const struct group *of[2][FRAME_STREAM + 1]; // by direction and type; NULL: no rule
};

struct frame_table {
	uint32_t types[APP_PROTO_COUNT];             // bit a type that rules look into
	struct frame_proto *protos[APP_PROTO_COUNT]; // NULL: no rule
};

// The test by which a rule looks into frames of this protocol and type; NULL: none. Of several frames that of the fast
// pattern counts alone, as in Suricata 7.0.10.
const struct buffer_test *frame_test_of(const struct rule *r, uint16_t proto, uint8_t type);
// Builds rs->frames. Returns 0 or -ENOMEM.
int frame_compile(struct ruleset *rs);
// Copies the types of t (NULL: none) out.
void frame_types_take(uint32_t out[APP_PROTO_COUNT], const struct frame_table *t);
