// Between the workers and the outputs: what the gate shares with the rest of the engine. signature.h has its
// face for the program.
#pragma once

#include "detectors/signature/bulletin.h"
#include "detectors/signature/rule_internal.h"

// The words the gate keeps for the workers; lives as long as the gate.
struct bulletin *alert_gate_bulletin(struct alert_gate *g);

// The key by which a rule's threshold counts.
static inline struct host_key threshold_key(
	const struct rule *r, unsigned kind, const struct threshold *t, const struct host_ends *ends)
{
	return host_key_rule(&r->info, kind, t->track, ends);
}

// Whether a rule drops or rejects a flow only once the gate has counted that it does.
static inline bool rule_ends_late(const struct rule *r)
{
	return (r->action == RULE_DROP || r->action == RULE_REJECT) &&
	       (r->detection_filter || (r->threshold && r->threshold->type != THRESHOLD_LIMIT));
}

// Whether a rule's match may be dropped by a worker once the gate has said that its threshold is silent:
// nothing else may count or remember the match.
static inline bool rule_may_hush(const struct rule *r)
{
	return r->threshold && (r->threshold->type == THRESHOLD_LIMIT || r->threshold->type == THRESHOLD_BOTH) &&
	       !r->rate_filter && !r->detection_filter && !r->host_posts && !r->tag && !rule_ends_late(r);
}

// Whether only the gate can say if a match is an alert.
static inline bool rule_is_conditional(const struct rule *r)
{
	return r->threshold || r->detection_filter || r->suppress || r->host_tests || r->host_posts ||
	       (r->tag && r->flags & RULE_F_NOALERT);
}
