// A progress line on a terminal while a capture is read.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/source_pcap.h"

struct progress {
	bool shown;          // a line is on the terminal
	uint64_t started_ns; // monotonic
	uint64_t last_ns;    // when it was last drawn
};

// Starts the clock.
void progress_start(struct progress *p);
// Redraws the line on stderr, at most ten times a second.
void progress_draw(struct progress *p, const struct source_progress *at, uint64_t alerts);
// Takes the line away. Safe when none is shown.
void progress_clear(struct progress *p);
// Seconds since progress_start.
double progress_seconds(const struct progress *p);
