// What who finds nothing to do does until there is something: from polling on at once to waiting for the device's
// interrupt. Next: run_live.c and run_spread.c, who idle; setup/wakeup.h, what they wait on.
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "dataplane/source.h"

enum live_idle {
	LIVE_YIELD, // pauses, then lets others have the core: for captures, whose workers may be more than the cores
	LIVE_BUSY,  // polls again at once
	LIVE_PAUSE, // pauses the core for longer and longer, up to some microseconds
	LIVE_SLEEP, // yields; after a thousand empty polls sleeps some 100 us at a time
	LIVE_INTERRUPT, // yields; after a thousand empty polls waits for the device, 10 ms at a time
};

#define IDLE_YIELD_AFTER 64u // turns without work
#define IDLE_SLEEP_AFTER 1000u
#define IDLE_PAUSES_MAX 64u // in a row, of some 40 to 140 cycles each
#define IDLE_SLEEP_US 50u   // with the kernel's slack 100 us: at 14.88 Mpps 1,500 frames, which 2,048 descriptors hold
#define IDLE_WAIT_MS 10u    // so that ticks, the events of other workers and the end of a run never wait for a frame

struct idler {
	enum live_idle mode;
	uint64_t turns; // without work; whoever found some sets it to 0
};

// One turn without work. Returns true when it is time to sleep, which is then the caller's to do.
static inline bool idle_turn(struct idler *i)
{
	uint64_t turns = ++i->turns;

	if (i->mode == LIVE_BUSY)
		return false;
	if (i->mode >= LIVE_SLEEP && turns >= IDLE_SLEEP_AFTER)
		return true;
	if (i->mode != LIVE_PAUSE && turns >= IDLE_YIELD_AFTER) {
		sched_yield(); // the reader or another worker may be on this very CPU
		return false;
	}
	for (uint64_t n = 0; n < turns && n < IDLE_PAUSES_MAX; n++)
		rte_pause();
	return false;
}

// The same for who reads a live source: sleeps, or waits for a frame where mode and source can.
static inline void idle_at_source(struct idler *i, struct source *s)
{
	if (!idle_turn(i))
		return;
	if (i->mode != LIVE_INTERRUPT || !s->ops->wait || !s->ops->wait(s, IDLE_WAIT_MS))
		rte_delay_us_sleep(IDLE_SLEEP_US);
}
