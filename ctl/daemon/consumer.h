// Who else wants each new event: incidents, forwarding, sharing. One file with a const struct event_consumer
// and one line in consumers.c. Called by the ingest loop only.
#pragma once

#include <stddef.h>

#include "ctl/daemon/store.h"

struct event_consumer {
	const char *name;
	// Inside the batch's transaction: may write to the store. Called once an event, ever. Optional.
	void (*on_event)(const struct store_event *e);
	// The batch is on disk. Optional.
	void (*on_commit)(void);
	// The batch was rolled back: its events will come again. Optional.
	void (*on_rollback)(void);
};

extern const struct event_consumer *const event_consumers[]; // NULL-terminated
