// Observations, see obslog.h.
#include "detectors/heuristics/obslog.h"

#include <string.h>

void obslog_merge(struct obslog *master, struct obslog *delta)
{
	uint32_t n = delta->n, room = master->max - master->n;
	if (n > room) {
		master->lost += n - room;
		n = room;
	}
	memcpy(obslog_at(master, master->n), delta->records, (size_t)n * delta->record_size);
	master->n += n;
	master->lost += delta->lost;
	if (n != 0 && master->runs < OBSLOG_RUNS)
		master->run_end[master->runs++] = master->n;
	else if (n != 0)
		master->run_end[OBSLOG_RUNS - 1] = master->n;
	delta->n = 0;
	delta->lost = 0;
}

// Every run is in order already: repeatedly the run whose head is the earliest.
uint64_t obslog_drain(struct obslog *master, void (*see)(void *ctx, const struct obs *o), void *ctx)
{
	uint32_t at[OBSLOG_RUNS];
	for (uint32_t r = 0; r < master->runs; r++)
		at[r] = r ? master->run_end[r - 1] : 0;
	for (uint32_t left = master->n; left > 0; left--) {
		uint32_t best = OBSLOG_RUNS;
		for (uint32_t r = 0; r < master->runs; r++) {
			if (at[r] == master->run_end[r])
				continue;
			if (best == OBSLOG_RUNS || obslog_at(master, at[r])->seq < obslog_at(master, at[best])->seq)
				best = r;
		}
		if (best == OBSLOG_RUNS)
			break;
		see(ctx, obslog_at(master, at[best]++));
	}
	uint64_t lost = master->lost;
	master->n = 0;
	master->runs = 0;
	master->lost = 0;
	return lost;
}
