// How often a rule speaks: the arithmetic of thresholds on one entry of the host table.
#pragma once

#include "detectors/signature/host_table.h"

// Counts a match now (packet time). Returns whether it counts as an alert; of a rate filter, whether its
// new action is in force. *silent_until_ns: until then no match of this key can speak; 0: not known.
bool threshold_speaks(struct host_table *hosts, const struct threshold *t, const struct host_key *key, uint64_t now_ns,
	uint64_t *silent_until_ns);
// Whether a suppression names these addresses.
bool threshold_suppresses(const struct threshold *t, const union ip_addr *src, const union ip_addr *dst, int version);
