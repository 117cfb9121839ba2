// See addr_draft.h.
#include "dataplane/addr_draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RANGES_MAX (1u << 22)

static const u128 fam_max[2] = {DRAFT_V4_MAX, DRAFT_V6_MAX};

int ranges_add(struct ranges *r, u128 lo, u128 hi)
{
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 8;
		struct range *at = cap > RANGES_MAX ? NULL : realloc(r->at, cap * sizeof(*at));
		if (!at)
			return -ENOMEM;
		r->at = at;
		r->cap = cap;
	}
	r->at[r->n++] = (struct range){lo, hi};
	return 0;
}

void draft_free(struct draft *d)
{
	free(d->fam[0].at);
	free(d->fam[1].at);
	memset(d, 0, sizeof(*d));
}

static int range_cmp(const void *va, const void *vb)
{
	const struct range *a = va, *b = vb;
	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

// Sorts and joins ranges that touch.
static void ranges_normalise(struct ranges *r, u128 max)
{
	if (r->n < 2)
		return;
	qsort(r->at, r->n, sizeof(*r->at), range_cmp);
	size_t out = 0;
	for (size_t i = 1; i < r->n; i++) {
		struct range *last = &r->at[out];
		if (last->hi == max || r->at[i].lo <= last->hi + 1) {
			if (r->at[i].hi > last->hi)
				last->hi = r->at[i].hi;
		} else {
			r->at[++out] = r->at[i];
		}
	}
	r->n = out + 1;
}

// out = all - in. `in` is normalised.
static int ranges_complement(const struct ranges *in, u128 max, struct ranges *out)
{
	u128 next = 0;
	for (size_t i = 0; i < in->n; i++) {
		if (in->at[i].lo > next && ranges_add(out, next, in->at[i].lo - 1))
			return -ENOMEM;
		if (in->at[i].hi == max)
			return 0;
		next = in->at[i].hi + 1;
	}
	return ranges_add(out, next, max);
}

// a = a - b. Both are normalised.
static int ranges_subtract(struct ranges *a, const struct ranges *b, u128 max)
{
	struct ranges keep = {0}, out = {0};
	int rc = ranges_complement(b, max, &keep);
	for (size_t i = 0, j = 0; !rc && i < a->n && j < keep.n;) {
		u128 lo = a->at[i].lo > keep.at[j].lo ? a->at[i].lo : keep.at[j].lo;
		u128 hi = a->at[i].hi < keep.at[j].hi ? a->at[i].hi : keep.at[j].hi;
		if (lo <= hi)
			rc = ranges_add(&out, lo, hi);
		if (a->at[i].hi < keep.at[j].hi)
			i++;
		else
			j++;
	}
	free(keep.at);
	if (rc) {
		free(out.at);
		return rc;
	}
	free(a->at);
	*a = out;
	return 0;
}

int draft_any(struct draft *d)
{
	return ranges_add(&d->fam[0], 0, fam_max[0]) || ranges_add(&d->fam[1], 0, fam_max[1]) ? -ENOMEM : 0;
}

void draft_normalise(struct draft *d)
{
	ranges_normalise(&d->fam[0], fam_max[0]);
	ranges_normalise(&d->fam[1], fam_max[1]);
}

int draft_append(struct draft *to, const struct draft *from)
{
	for (int f = 0; f < 2; f++)
		for (size_t i = 0; i < from->fam[f].n; i++)
			if (ranges_add(&to->fam[f], from->fam[f].at[i].lo, from->fam[f].at[i].hi))
				return -ENOMEM;
	return 0;
}

int draft_subtract(struct draft *d, struct draft *minus)
{
	int rc = 0;

	draft_normalise(d);
	draft_normalise(minus);
	for (int f = 0; !rc && f < 2; f++) {
		if (!minus->fam[f].n)
			continue;
		if (!d->fam[f].n)
			rc = ranges_add(&d->fam[f], 0, fam_max[f]);
		if (!rc)
			rc = ranges_subtract(&d->fam[f], &minus->fam[f], fam_max[f]);
	}
	return rc;
}
