// Takes live ports through a pipeline: one worker a queue of every port, the clock on the wall.
// Where the ports have fewer queues than there are workers, run_capture spreads instead.
#pragma once

#include "dataplane/run_capture.h"

// What a worker does between two polls that brought nothing.
enum live_idle {
	LIVE_BUSY,  // polls again at once
	LIVE_PAUSE, // pauses the core for longer and longer, up to a microsecond
	LIVE_SLEEP, // after a millisecond without frames sleeps some 100 us at a time
};

// sources[i] feeds worker i on the i-th worker lcore, which the EAL must have; each comes from
// source_ethdev_open. poll is called about every millisecond on the calling lcore; when it says stop, what
// has been received is finished, flows end and every event is handed out before the call returns.
// Returns 0, or -ENODEV where lcores are missing.
int run_live(struct pipeline *p, struct source *const *sources, enum live_idle idle, const struct run_hooks *hooks);
