// Address sets: text to sorted ranges, and the question "is this address in it".
// While building, both families are lists of 128-bit ranges so that one algebra serves them.
#include "dataplane/api/addr_set.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NEST_MAX 16
#define RANGES_MAX (1u << 22)

__extension__ typedef unsigned __int128 u128; // the word of the algebra

struct range {
	u128 lo, hi; // inclusive
};

struct ranges {
	struct range *at;
	size_t n, cap;
};

// A set while it is built: [0] IPv4, [1] IPv6.
struct draft {
	struct ranges fam[2];
};

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

struct parser {
	const char *s;
	const struct config_map *vars;
	struct addr_set_error *err;
	int depth;
};

static const u128 fam_max[2] = {(u128)UINT32_MAX, ~(u128)0};

static int fail(struct parser *p, const char *expected, const char *found)
{
	if (p->err)
		snprintf(p->err->text, sizeof(p->err->text), "expected %s, found \"%.60s\"", expected, found);
	return -EINVAL;
}

static int ranges_add(struct ranges *r, u128 lo, u128 hi)
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

static void draft_free(struct draft *d)
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

static int draft_any(struct draft *d)
{
	return ranges_add(&d->fam[0], 0, fam_max[0]) || ranges_add(&d->fam[1], 0, fam_max[1]) ? -ENOMEM : 0;
}

static void draft_normalise(struct draft *d)
{
	ranges_normalise(&d->fam[0], fam_max[0]);
	ranges_normalise(&d->fam[1], fam_max[1]);
}

static int draft_append(struct draft *to, const struct draft *from)
{
	for (int f = 0; f < 2; f++)
		for (size_t i = 0; i < from->fam[f].n; i++)
			if (ranges_add(&to->fam[f], from->fam[f].at[i].lo, from->fam[f].at[i].hi))
				return -ENOMEM;
	return 0;
}

static bool parse_addr(const char *text, int *fam, u128 *out)
{
	uint8_t b[16];
	*fam = strchr(text, ':') ? 1 : 0;
	if (inet_pton(*fam ? AF_INET6 : AF_INET, text, b) != 1)
		return false;
	u128 v = 0;
	for (int i = 0; i < (*fam ? 16 : 4); i++)
		v = v << 8 | b[i];
	*out = v;
	return true;
}

// The mask after '/': a prefix length, or for IPv4 a dotted mask. Returns bits, or -1.
static int parse_prefix(const char *text, int fam)
{
	char *end;
	int most = fam ? 128 : 32, mask_fam;
	u128 mask;
	if (!fam && strchr(text, '.') && parse_addr(text, &mask_fam, &mask) && mask_fam == 0) {
		uint32_t m = (uint32_t)mask;
		int bits = m ? __builtin_popcount(m) : 0;
		return m == (bits ? UINT32_MAX << (32 - bits) : 0) ? bits : -1;
	}
	if (!isdigit((unsigned char)*text))
		return -1;
	long v = strtol(text, &end, 10);
	return *end == 0 && v >= 0 && v <= most ? (int)v : -1;
}

// One plain item: any, address, prefix or range.
static int parse_item(struct parser *p, char *item, struct draft *d)
{
	static const char want[] = "an address, a prefix, a range or any";
	u128 lo, hi;
	int fam, fam2;
	if (!strcasecmp(item, "any"))
		return draft_any(d);
	char *dash = strchr(item, '-'), *slash = strchr(item, '/');
	if (dash) {
		*dash = 0;
		if (!parse_addr(item, &fam, &lo) || !parse_addr(dash + 1, &fam2, &hi) || fam != fam2 || lo > hi)
			return *dash = '-', fail(p, "a range of addresses, low-high", item);
		return ranges_add(&d->fam[fam], lo, hi);
	}
	if (slash)
		*slash = 0;
	if (!parse_addr(item, &fam, &lo))
		return fail(p, want, item);
	hi = lo;
	if (slash) {
		int bits = parse_prefix(slash + 1, fam), all = fam ? 128 : 32;
		if (bits < 0)
			return fail(p, fam ? "a prefix length of 0-128" : "a prefix length of 0-32", slash + 1);
		u128 host = bits == all ? 0 : bits == 0 ? fam_max[fam] : ((u128)1 << (all - bits)) - 1;
		lo &= ~host;
		hi = lo | host;
	}
	return ranges_add(&d->fam[fam], lo, hi);
}

static const char *var_find(const struct config_map *vars, const char *name)
{
	for (size_t i = 0; vars && i < vars->count; i++)
		if (!strcmp(vars->pairs[i].name, name))
			return vars->pairs[i].value;
	return NULL;
}

static void skip_space(struct parser *p)
{
	while (isspace((unsigned char)*p->s))
		p->s++;
}

// The plain and the negated items of a list, gathered before they are combined.
struct items {
	struct draft pos, neg;
};

static void items_free(struct items *l)
{
	draft_free(&l->pos);
	draft_free(&l->neg);
}

// Appends pos - neg to *out. A family that has only negated items begins with all its addresses: what a list
// says of IPv4 says nothing of IPv6.
static int items_combine(struct items *l, struct draft *out)
{
	int rc = 0;
	draft_normalise(&l->pos);
	draft_normalise(&l->neg);
	for (int f = 0; !rc && f < 2; f++) {
		if (!l->neg.fam[f].n)
			continue;
		if (!l->pos.fam[f].n)
			rc = ranges_add(&l->pos.fam[f], 0, fam_max[f]);
		if (!rc)
			rc = ranges_subtract(&l->pos.fam[f], &l->neg.fam[f], fam_max[f]);
	}
	return rc ? rc : draft_append(out, &l->pos);
}

static int parse_list(struct parser *p, struct items *l, char close);

// A nested list or a variable. Its items join the list around it, unless it is negated: then it is a set of its own.
static int parse_nested(struct parser *p, struct items *l, bool negated, char close)
{
	struct items own = {0};
	int rc = parse_list(p, negated ? &own : l, close);
	if (!rc && negated)
		rc = items_combine(&own, &l->neg);
	items_free(&own);
	return rc;
}

// One element after its '!': a nested list, a variable or a plain item.
static int parse_element(struct parser *p, struct items *l, bool negated)
{
	char word[160];
	size_t n = strcspn(p->s, ",]");
	if (*p->s == '[') {
		p->s++;
		return parse_nested(p, l, negated, ']');
	}
	while (n && isspace((unsigned char)p->s[n - 1]))
		n--;
	if (n == 0 || n >= sizeof(word))
		return fail(p, "an address", p->s);
	memcpy(word, p->s, n);
	word[n] = 0;
	p->s += n;
	if (word[0] != '$')
		return parse_item(p, word, negated ? &l->neg : &l->pos);
	const char *value = var_find(p->vars, word + 1);
	if (!value)
		return fail(p, "an address variable of vars.address-groups", word);
	struct parser sub = {.s = value, .vars = p->vars, .err = p->err, .depth = p->depth};
	return parse_nested(&sub, l, negated, 0);
}

// The items up to `close` (0: the end of the text).
static int parse_list(struct parser *p, struct items *l, char close)
{
	int rc = ++p->depth > NEST_MAX ? fail(p, "at most 16 levels of lists and variables", p->s) : 0;

	while (!rc) {
		bool negated = false;
		for (skip_space(p); *p->s == '!'; p->s++, skip_space(p))
			negated = !negated;
		rc = parse_element(p, l, negated);
		skip_space(p);
		if (rc || *p->s != ',')
			break;
		p->s++;
	}
	if (!rc && *p->s != close)
		rc = fail(p, close ? "',' or ']'" : "',' or the end of the list", p->s);
	if (!rc && close)
		p->s++;
	p->depth--;
	return rc;
}

static void words_of(u128 v, uint64_t w[2])
{
	w[0] = (uint64_t)(v >> 64);
	w[1] = (uint64_t)v;
}

static struct addr_set *freeze(const struct draft *d)
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
	s->any = v4->n == 1 && v6->n == 1 && v4->at[0].lo == 0 && v4->at[0].hi == fam_max[0] && v6->at[0].lo == 0 &&
		 v6->at[0].hi == fam_max[1];
	return s;
}

struct addr_set *addr_set_parse(const char *text, const struct config_map *vars, struct addr_set_error *err)
{
	struct parser p = {.s = text, .vars = vars, .err = err};
	struct items l = {0};
	struct draft d = {0};
	struct addr_set *set = NULL;

	if (err)
		err->text[0] = 0;
	int rc = parse_list(&p, &l, 0);
	if (!rc)
		rc = items_combine(&l, &d);
	draft_normalise(&d);
	if (!rc && d.fam[0].n == 0 && d.fam[1].n == 0)
		rc = fail(&p, "a list that leaves at least one address", text);
	if (!rc)
		set = freeze(&d);
	if (!set && err && !err->text[0])
		snprintf(err->text, sizeof(err->text), "out of memory");
	items_free(&l);
	draft_free(&d);
	return set;
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
