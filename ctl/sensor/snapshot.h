// The sensor's counters in one place, for EVE stats, the telemetry socket and the end of a run.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ctl/eve/stats.h"
#include "dataplane/pipeline.h"
#include "dataplane/source.h"

// Adds what one worker's app-layer stage has counted.
void snapshot_add_app(struct stats_snapshot *s, const struct app_layer *app);

// Fills s (emptied first) from every worker and the source.
// at_rest: no worker is running, so the ledger must hold to the frame; else frames that no worker has counted
// yet have their own line, in_flight.
// Returns true when the loss ledger adds up; else says in why what is off.
bool snapshot_take(struct stats_snapshot *s, struct pipeline *p, const struct source *src, bool decoder_events,
	bool at_rest, char *why, size_t why_size);
