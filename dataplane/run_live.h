// Takes live ports through a pipeline: one worker a queue of every port, the clock on the wall.
// Where the ports have fewer queues than there are workers, run_capture spreads instead.
#pragma once

#include "dataplane/run_capture.h"

// sources[i] feeds worker i on the i-th worker lcore, which the EAL must have; each comes from
// source_ethdev_open. poll is called about every millisecond on the calling lcore; when it says stop, what
// has been received is finished, flows end and every event is handed out before the call returns.
// Returns 0, or -ENODEV where lcores are missing.
int run_live(struct pipeline *p, struct source *const *sources, const struct run_hooks *hooks);
