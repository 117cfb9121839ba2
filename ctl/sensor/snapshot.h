// The sensor's counters in one place, for EVE stats, the telemetry socket and the end of a run.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ctl/eve/stats.h"
#include "dataplane/pipeline.h"
#include "dataplane/source.h"

// Fills s (emptied first) from every worker and the source.
// Returns true when the loss ledger adds up; else says in why what is off. Workers may be running:
// then counters are a moment apart and only a call while they rest can hold the ledger to the frame.
bool snapshot_take(struct stats_snapshot *s, struct pipeline *p, const struct source *src, bool decoder_events,
	char *why, size_t why_size);
