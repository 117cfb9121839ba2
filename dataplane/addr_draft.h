// A set of addresses while it is built: both families are lists of 128-bit ranges, so that one algebra serves them.
// Next: addr_parse.c (text to a draft), addr_set.c (a draft to a set that is asked).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/addr_set.h"

__extension__ typedef unsigned __int128 u128; // the word of the algebra

struct range {
	u128 lo, hi; // inclusive
};

struct ranges {
	struct range *at;
	size_t n, cap;
};

struct draft {
	struct ranges fam[2]; // [0] IPv4, [1] IPv6
};

#define DRAFT_V4_MAX ((u128)UINT32_MAX)
#define DRAFT_V6_MAX (~(u128)0)

// Adds lo..hi, which need not be in order. Returns 0 or -ENOMEM (four million ranges at most).
int ranges_add(struct ranges *r, u128 lo, u128 hi);

// Adds every address of both families. Returns 0 or -ENOMEM.
int draft_any(struct draft *d);
// Adds all that is in `from`. Returns 0 or -ENOMEM.
int draft_append(struct draft *to, const struct draft *from);
// Sorts, and joins ranges that touch.
void draft_normalise(struct draft *d);
// d = d - minus. Both are normalised after. A family of which d has nothing and minus has something begins with all
// its addresses: what a list says of IPv4 says nothing of IPv6. Returns 0 or -ENOMEM.
int draft_subtract(struct draft *d, struct draft *minus);
void draft_free(struct draft *d);

// The set that says what d says, normalised. NULL: no memory.
struct addr_set *addr_set_freeze(const struct draft *d);
