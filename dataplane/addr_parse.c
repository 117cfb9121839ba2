// Address lists in Suricata's spelling, read into drafts. Next: addr_set.c.
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dataplane/addr_draft.h"

#define NEST_MAX 16

struct parser {
	const char *s;
	const struct config_map *vars;
	struct addr_set_error *err;
	int depth;
};

static int fail(struct parser *p, const char *expected, const char *found)
{
	if (p->err)
		snprintf(p->err->text, sizeof(p->err->text), "expected %s, found \"%.60s\"", expected, found);
	return -EINVAL;
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
		u128 host = bits == all ? 0
			    : bits == 0 ? fam ? DRAFT_V6_MAX : DRAFT_V4_MAX
					: ((u128)1 << (all - bits)) - 1;
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

// Appends pos - neg to *out.
static int items_combine(struct items *l, struct draft *out)
{
	int rc = draft_subtract(&l->pos, &l->neg);

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
		skip_space(p);
		if (close && *p->s == close) // "[a,]", as in Suricata
			break;
	}
	if (!rc && *p->s != close)
		rc = fail(p, close ? "',' or ']'" : "',' or the end of the list", p->s);
	if (!rc && close)
		p->s++;
	p->depth--;
	return rc;
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
		set = addr_set_freeze(&d);
	if (!set && err && !err->text[0])
		snprintf(err->text, sizeof(err->text), "out of memory");
	items_free(&l);
	draft_free(&d);
	return set;
}
