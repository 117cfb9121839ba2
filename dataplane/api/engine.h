// The signature engine as the dataplane sees it: handed in at start, since the dataplane knows no
// detector by name. It sees packets and bytes as a consumer of the stream stage (stream.h).
#pragma once

#include "dataplane/api/detector.h"

struct packet_engine {
	void *state; // this worker's
	// Before each burst and tick, when the engine is at rest: where it may change rule sets. Optional.
	void (*between_bursts)(void *state);
	// A flow ends: release what the engine hung on it (flow_cold.detect).
	void (*on_flow_end)(void *state, struct flow *f, struct flow_cold *cold, struct detector_run *run);
};
