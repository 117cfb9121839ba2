// IP-only rules found by address rather than one after the other.
#pragma once

#include "detectors/signature/group.h"

// Fills rs->groups->by_src and by_dst. Returns 0 or -ENOMEM.
int ip_index_build(struct ruleset *rs);

// The list of an IPv4 address (host order): a count, then rule indices.
static inline const uint32_t *ip_index_find(const struct ip_index *x, uint32_t addr)
{
	uint32_t lo = 0, n = x->n;
	while (n > 1) { // the last start <= addr
		uint32_t half = n / 2;
		if (x->start[lo + half] <= addr)
			lo += half;
		n -= half;
	}
	return x->lists + x->list[lo];
}
