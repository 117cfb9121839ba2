// An immutable set of IPv4 and IPv6 addresses: HOME_NET, the address lists of rules, host-os-policy.
//
// Built once from text (Suricata's spelling of lists), then only asked. Ranges are sorted and
// disjoint, so a question is one binary search and a set is shared by all workers without a lock.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/config.h"
#include "dataplane/api/packet.h"

struct addr_set;

struct addr_set_error {
	char text[160]; // what was expected and what was found
};

// Builds a set from "any", an address, "10.0.0.0/8", "10.0.0.1-10.0.0.9", "2001:db8::/32", "$NAME",
// "!item", or "[item, item, ...]" of these, nested to 16 levels, with Suricata's meaning: the plain items are
// united and the negated ones taken away; a nested list or a variable that is not negated adds its items to the
// list around it, so that what it negates is taken away from all of it. A family (IPv4, IPv6) of which only negated
// items are given means all its other addresses; a family of which nothing is given is not in the set: !10.0.0.1
// holds no IPv6 address.
// vars: where $NAME is looked up; NULL: no names are known.
// Returns the set, or NULL with *err filled (err may be NULL): bad text, an unknown name, no
// address left, no memory. The caller frees it with addr_set_free.
struct addr_set *addr_set_parse(const char *text, const struct config_map *vars, struct addr_set_error *err);

// Frees a set. Accepts NULL.
void addr_set_free(struct addr_set *set);

// True when the set holds this IPv4 address (network byte order).
bool addr_set_has_v4(const struct addr_set *set, uint32_t be);

// True when the set holds this IPv6 address.
bool addr_set_has_v6(const struct addr_set *set, const union ip_addr *addr);

// True when the set holds every address of both families.
bool addr_set_is_any(const struct addr_set *set);

// How many IPv4 and IPv6 ranges the set has.
size_t addr_set_ranges_v4(const struct addr_set *set);
size_t addr_set_ranges_v6(const struct addr_set *set);

// The i-th IPv4 range, host byte order, ascending. i < addr_set_ranges_v4().
void addr_set_range_v4(const struct addr_set *set, size_t i, uint32_t *lo, uint32_t *hi);

// The set asked with a packet's address, whose family `version` (4 or 6) names.
static inline bool addr_set_has(const struct addr_set *set, const union ip_addr *addr, int version)
{
	return version == 4 ? addr_set_has_v4(set, addr->w[0]) : version == 6 ? addr_set_has_v6(set, addr) : false;
}
