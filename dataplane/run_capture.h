// Takes a whole capture through a pipeline; packet time is the clock. Next: pipeline.h.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/idle.h"
#include "dataplane/pipeline.h"
#include "dataplane/source.h"

struct run_hooks {
	// Called about every thousand bursts and at the end, on the main lcore. now_ns: packet time.
	// Returns false to end the run early.
	bool (*poll)(void *arg, uint64_t now_ns);
	void *arg;
	enum live_idle idle; // what workers without packets do
};

// Reads the source to its end, or until poll says stop. With one worker everything happens on the
// calling lcore; with more, the calling lcore reads and spreads frames by address pair over workers
// on lcores 1..N, which the EAL must have.
// Every event has been handed out on return. *clock: packet time and ordinal reached.
// Returns 0, -ENOMEM, or -ENODEV where the lcores are missing.
int run_capture(struct pipeline *p, struct source *s, const struct run_hooks *hooks);
