// The system's clocks in the unit the whole sensor counts in.
#pragma once

#include <stdint.h>
#include <time.h>

// Nanoseconds of CLOCK_REALTIME (since 1970, UTC) or CLOCK_MONOTONIC (since boot).
static inline uint64_t clock_now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}
