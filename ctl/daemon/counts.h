// Events stored since the start, by type and severity, for /api/v1/status.
#pragma once

#include "ctl/daemon/consumer.h"

struct counts {
	uint64_t by_type[EVE_STATS + 1]; // by enum eve_type
	uint64_t by_severity[4];         // alerts: 1, 2, 3; 0: any other
};

extern const struct event_consumer counts_consumer;

// Safe from any thread.
void counts_read(struct counts *out);
