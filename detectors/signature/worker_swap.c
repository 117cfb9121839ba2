// Changing rule sets while traffic runs. The main lcore lays a seat for the new set beside each worker; the
// worker changes places between two bursts, where it holds nothing of a rule, and leaves the old seat
// behind. What belongs to flows (bits, numbers, texts) is numbered by name across sets and stays.
#include <errno.h>
#include <stdlib.h>

#include "detectors/signature/worker_internal.h"

void signature_between_bursts(void *state)
{
	struct signature_worker *w = state;
	struct rule_seat *offer = atomic_load_explicit(&w->offer, memory_order_relaxed);
	if (!offer)
		return;
	atomic_thread_fence(memory_order_acquire);
	struct rule_seat old = w->seat;
	worker_take_seat(w, offer);
	*offer = old;
	atomic_store_explicit(&w->offer, NULL, memory_order_release);
}

int signature_swap_begin(struct signature_worker *const *workers, uint16_t n, const struct ruleset *next)
{
	int rc = 0;
	for (uint16_t i = 0; i < n; i++)
		if (workers[i]->offered)
			return -EBUSY;
	for (uint16_t i = 0; !rc && i < n; i++)
		rc = (workers[i]->offered = seat_new(next)) ? 0 : -ENOMEM;
	for (uint16_t i = 0; i < n; i++) {
		if (!rc)
			atomic_store_explicit(&workers[i]->offer, workers[i]->offered, memory_order_release);
		else
			seat_free(workers[i]->offered);
		if (rc)
			workers[i]->offered = NULL;
	}
	return rc;
}

bool signature_swap_done(struct signature_worker *const *workers, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (atomic_load_explicit(&workers[i]->offer, memory_order_acquire))
			return false;
	for (uint16_t i = 0; i < n; i++) {
		seat_free(workers[i]->offered);
		workers[i]->offered = NULL;
	}
	return true;
}
