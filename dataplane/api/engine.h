// The signature engine as the dataplane sees it: handed in at start, since the dataplane knows no
// detector by name.
#pragma once

#include "dataplane/api/detector.h"

struct packet_engine {
	void *state; // this worker's
	// Every packet of the burst, in order; skips PKT_INVALID itself.
	void (*on_burst)(void *state, struct burst *b, struct detector_run *run);
	// A flow ends: release what the engine hung on it (flow_cold.detect).
	void (*on_flow_end)(void *state, struct flow *f, struct flow_cold *cold, struct detector_run *run);
};
