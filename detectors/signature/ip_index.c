// Builds the index of IP-only rules: the IPv4 address space cut where the answer changes, a list of
// rules for each piece. A rule is filed under its narrower side.
#include "detectors/signature/ip_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct edge {
	uint32_t addr;
	uint32_t rule;
	bool opens;
};

struct edges {
	struct edge *at;
	size_t n, cap;
};

static uint64_t width(const struct addr_set *s)
{
	uint64_t sum = 0;
	for (size_t i = 0; s && i < addr_set_ranges_v4(s); i++) {
		uint32_t lo, hi;
		addr_set_range_v4(s, i, &lo, &hi);
		sum += (uint64_t)hi - lo + 1;
	}
	return s ? sum : UINT64_MAX;
}

static bool edge_add(struct edges *e, uint32_t addr, uint32_t rule, bool opens)
{
	if (e->n == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 1024;
		struct edge *more = realloc(e->at, cap * sizeof(*more));
		if (!more)
			return false;
		e->at = more;
		e->cap = cap;
	}
	e->at[e->n++] = (struct edge){addr, rule, opens};
	return true;
}

static int edge_cmp(const void *va, const void *vb)
{
	const struct edge *a = va, *b = vb;
	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	return a->rule < b->rule ? -1 : a->rule > b->rule;
}

static bool set_edges(struct edges *e, const struct addr_set *s, uint32_t rule)
{
	for (size_t i = 0; i < addr_set_ranges_v4(s); i++) {
		uint32_t lo, hi;
		addr_set_range_v4(s, i, &lo, &hi);
		if (!edge_add(e, lo, rule, true) || (hi != UINT32_MAX && !edge_add(e, hi + 1, rule, false)))
			return false;
	}
	return true;
}

// The rules in force from one edge to the next.
struct active {
	uint32_t *at;
	uint32_t n;
};

static void toggle(struct active *a, const struct edge *e)
{
	uint32_t i = 0;
	while (i < a->n && a->at[i] != e->rule)
		i++;
	if (e->opens && i == a->n)
		a->at[a->n++] = e->rule;
	else if (!e->opens && i < a->n)
		a->at[i] = a->at[--a->n];
}

static int sweep(struct ruleset *rs, struct ip_index *x, struct edges *e, uint32_t most)
{
	struct active active = {calloc(most + 1, sizeof(uint32_t)), 0};
	size_t pieces = 1, words = 1, cap = 0;
	if (!active.at)
		return -ENOMEM;
	if (e->n) // no rule names addresses: nothing was allocated
		qsort(e->at, e->n, sizeof(*e->at), edge_cmp);
	// Twice: count what is needed, then fill.
	for (int pass = 0; pass < 2; pass++) {
		if (pass) {
			x->start = arena_alloc(&rs->arena, pieces * sizeof(*x->start));
			x->list = arena_alloc(&rs->arena, pieces * sizeof(*x->list));
			x->lists = arena_alloc(&rs->arena, words * sizeof(*x->lists));
			cap = words;
			if (!x->start || !x->list || !x->lists) {
				free(active.at);
				return -ENOMEM;
			}
		}
		active.n = 0;
		pieces = words = 1; // piece 0 begins at address 0 with an empty list
		for (size_t i = 0; i < e->n;) {
			uint32_t addr = e->at[i].addr;
			for (; i < e->n && e->at[i].addr == addr; i++)
				toggle(&active, &e->at[i]);
			uint32_t piece = addr == 0 ? 0 : (uint32_t)pieces++;
			if (pass && words + active.n < cap + 1) {
				x->start[piece] = addr;
				x->list[piece] = (uint32_t)words;
				x->lists[words] = active.n;
				memcpy(&x->lists[words + 1], active.at, active.n * sizeof(*active.at));
			}
			words += 1 + active.n;
		}
	}
	x->n = (uint32_t)pieces;
	free(active.at);
	return 0;
}

int ip_index_build(struct ruleset *rs)
{
	struct group_table *t = rs->groups;
	struct edges src = {0}, dst = {0};
	uint32_t *always = arena_alloc(&rs->arena, (rs->n_rules + 1) * sizeof(*always));
	uint32_t *v6 = arena_alloc(&rs->arena, (rs->n_rules + 1) * sizeof(*v6)), most = 0;
	bool ok = always && v6;
	for (uint32_t i = 0; ok && i < rs->n_rules; i++) {
		const struct rule *r = rs->rules[i];
		if (!(r->flags & RULE_F_IP_ONLY))
			continue;
		most++;
		bool by_src = width(r->src) <= width(r->dst);
		const struct addr_set *s = by_src ? r->src : r->dst;
		if (!s) {
			always[t->n_ip_always++] = i;
			continue;
		}
		if (addr_set_ranges_v6(s))
			v6[t->n_ip_v6++] = i;
		ok = set_edges(by_src ? &src : &dst, s, i);
	}
	t->ip_always = always;
	t->ip_v6 = v6;
	int rc = ok ? sweep(rs, &t->by_src, &src, most) : -ENOMEM;
	if (!rc)
		rc = sweep(rs, &t->by_dst, &dst, most);
	free(src.at);
	free(dst.at);
	return rc;
}
