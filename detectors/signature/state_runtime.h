// What rules remember of flows while traffic runs, a worker's own: bits, numbers and texts. Fixed pools; what
// does not fit is counted, never allocated. What is remembered of hosts is in alert_gate.c.
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

// A bit of a host or a pair as the gate last made it known (alert_gate.c). Only for rules whose match has
// to be decided at once (RULE_F_HOST_NOW); all others are answered by the gate itself, in packet order.
bool hostbit_isset(const struct match_ctx *m, const struct host_bit *bit);
