// The signature engine as the dataplane sees it: handed in at start, since the dataplane knows no
// detector by name. It sees packets and bytes as a consumer of the stream stage (stream.h).
#pragma once

#include "dataplane/api/detector.h"

struct packet_engine {
	void *state; // this worker's
	// A flow ends: release what the engine hung on it (flow_cold.detect).
	void (*on_flow_end)(void *state, struct flow *f, struct flow_cold *cold, struct detector_run *run);
};
