// Shared by group_compile.c and group_ports.c.
#pragma once

#include "detectors/signature/group.h"

// Rules on their way into one struct group.
struct rule_list {
	uint32_t *at;
	uint32_t n, cap;
};

bool rule_list_add(struct rule_list *l, uint32_t rule);
// A group a view of these rules, and which views pg has. Returns 0 or -ENOMEM.
int groups_of_list(struct ruleset *rs, struct group out[VIEWS], const struct rule_list *l, enum group_proto p,
	struct port_groups *pg);
// The groups of the rules among `candidates` that are for a protocol and direction. Returns 0 or -ENOMEM.
int port_groups_make(
	struct ruleset *rs, struct port_groups *pg, enum group_proto p, int dir, const struct rule_list *candidates);
