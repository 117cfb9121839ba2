// What rules remember while traffic runs, a worker's own: bits, numbers and texts of flows, bits and
// counts of hosts and pairs of hosts. Fixed pools; what does not fit is counted, never allocated.
#pragma once

#include "detectors/signature/match_runtime.h"

// Flow state. ids are of rs->flowbits and rs->flowvars. A packet without a flow has no state.
bool flowbit_isset(const struct match_ctx *m, uint32_t id);
void flowbit_set(struct match_ctx *m, uint32_t id);
void flowbit_unset(struct match_ctx *m, uint32_t id);
bool flowint_get(const struct match_ctx *m, uint32_t id, uint64_t *value);
void flowint_set(struct match_ctx *m, uint32_t id, uint64_t value);
// Texts that pcre captured.
bool flowtext_get(const struct match_ctx *m, uint32_t id, const uint8_t **text, uint32_t *len);
void flowtext_set(struct match_ctx *m, uint32_t id, const uint8_t *text, uint32_t len);

// The i-th text that a pcre captured on this packet under this name; false past the last.
bool pkttext_get(const struct match_ctx *m, uint32_t id, uint32_t i, const uint8_t **text, uint32_t *len);

// Bits of a host (track src or dst) or a pair of hosts (both), until expire_s of packet time has passed.
bool hostbit_isset(const struct match_ctx *m, uint32_t id, enum track_by track);
void hostbit_set(struct match_ctx *m, uint32_t id, enum track_by track, uint32_t expire_s);
void hostbit_unset(struct match_ctx *m, uint32_t id, enum track_by track);

enum threshold_answer {
	THRESHOLD_ALERT,  // goes out
	THRESHOLD_SILENT, // matched, but no alert goes out (bits are still set)
	THRESHOLD_NO,     // detection_filter: the rule has not matched
};
enum threshold_answer threshold_check(struct match_ctx *m, const struct threshold *t);
// Starts or goes on tagging; counts packets of a tagged session or host.
struct tag_args {
	uint32_t packets, seconds, bytes; // limits, 0: none
	uint8_t track;                    // enum track_by; TRACK_FLOW: session
};
