// A finished set: sorted ranges, and the question "is this address in it".
#include "dataplane/api/addr_set.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "dataplane/addr_draft.h"

struct range4 {
	uint32_t lo, hi;
};

struct range6 {
	uint64_t lo[2], hi[2]; // most significant word first
};

struct addr_set {
	uint32_t n4, n6;
	bool any;
	struct range6 *r6;
	struct range4 r4[];
};

static void words_of(u128 v, uint64_t w[2])
{
	w[0] = (uint64_t)(v >> 64);
	w[1] = (uint64_t)v;
}

struct addr_set *addr_set_freeze(const struct draft *d)
{
	const struct ranges *v4 = &d->fam[0], *v6 = &d->fam[1];
	size_t head = (sizeof(struct addr_set) + v4->n * sizeof(struct range4) + 15) & ~(size_t)15;
	struct addr_set *s = calloc(1, head + v6->n * sizeof(struct range6));
	if (!s)
		return NULL;
	s->n4 = (uint32_t)v4->n;
	s->n6 = (uint32_t)v6->n;
	s->r6 = (struct range6 *)((char *)s + head);
	for (size_t i = 0; i < v4->n; i++)
		s->r4[i] = (struct range4){(uint32_t)v4->at[i].lo, (uint32_t)v4->at[i].hi};
	for (size_t i = 0; i < v6->n; i++) {
		words_of(v6->at[i].lo, s->r6[i].lo);
		words_of(v6->at[i].hi, s->r6[i].hi);
	}
	s->any = v4->n == 1 && v6->n == 1 && v4->at[0].lo == 0 && v4->at[0].hi == DRAFT_V4_MAX && v6->at[0].lo == 0 &&
		 v6->at[0].hi == DRAFT_V6_MAX;
	return s;
}

void addr_set_free(struct addr_set *set)
{
	free(set);
}

bool addr_set_has_v4(const struct addr_set *set, uint32_t be)
{
	uint32_t v = ntohl(be), lo = 0, n = set->n4;
	if (set->any)
		return true;
	// Finds the first range that ends at or after v.
	while (n) {
		uint32_t half = n / 2;
		if (set->r4[lo + half].hi < v) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return lo < set->n4 && set->r4[lo].lo <= v;
}

static bool words_less(const uint64_t a[2], const uint64_t b[2])
{
	return a[0] < b[0] || (a[0] == b[0] && a[1] < b[1]);
}

bool addr_set_has_v6(const struct addr_set *set, const union ip_addr *addr)
{
	uint64_t v[2] = {__builtin_bswap64(addr->d[0]), __builtin_bswap64(addr->d[1])};
	uint32_t lo = 0, n = set->n6;
	if (set->any)
		return true;
	while (n) {
		uint32_t half = n / 2;
		if (words_less(set->r6[lo + half].hi, v)) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return lo < set->n6 && !words_less(v, set->r6[lo].lo);
}

bool addr_set_is_any(const struct addr_set *set)
{
	return set->any;
}

size_t addr_set_ranges_v4(const struct addr_set *set)
{
	return set->n4;
}

size_t addr_set_ranges_v6(const struct addr_set *set)
{
	return set->n6;
}

void addr_set_range_v4(const struct addr_set *set, size_t i, uint32_t *lo, uint32_t *hi)
{
	*lo = set->r4[i].lo;
	*hi = set->r4[i].hi;
}
