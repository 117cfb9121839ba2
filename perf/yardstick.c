// How much of the core is ours: arithmetic in registers, timed. It touches no memory and always takes the same number
// of instructions, as many at a time as most cores can; so where it takes longer than it can, somebody else uses the
// core's arithmetic units meanwhile (a neighbour on the same core's other thread), whatever the caches do. Next:
// stages.c.
#include "perf/perf.h"

#include <rte_common.h>
#include <rte_cycles.h>

#define STEPS 1000u // of eight additions: some 2 cycles each

#define OURS_PERCENT 110u // of the least that this thread has seen

static _Thread_local uint64_t least = UINT64_MAX;

uint64_t yardstick_least(void)
{
	return least;
}

bool yardstick_ours(uint64_t before)
{
	uint64_t after = yardstick();

	return RTE_MAX(before, after) * 100 <= least * OURS_PERCENT;
}

bool yardstick_accepts(bool ours, uint32_t *patience)
{
	if (ours || *patience == 0)
		return true;
	--*patience;
	return false;
}

uint64_t yardstick(void)
{
	uint64_t a = 0, b = 0, c = 0, d = 0, begin = rte_rdtsc_precise();

	for (uint32_t i = 0; i < STEPS; i++) {
		a++, b++, c++, d++;
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d)); // else the compiler adds them up itself
		a++, b++, c++, d++;
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
	}
	uint64_t took = rte_rdtsc_precise() - begin;
	least = RTE_MIN(least, took);
	return took;
}
