// Groups of a protocol and direction by port: a rule goes behind few destination ports, else behind few source ports,
// else behind any; ports that the same rules ask for are one class. Next: mpm_compile.c.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/group_compile.h"

#define FEW_PORTS 32768u     // a list of more ports than this is no way to tell packets apart
#define PORT_LISTS_MAX 1024u // different lists that have groups of their own, a protocol, direction and side

static bool proto_fits(const struct rule *r, enum group_proto p)
{
	switch (r->proto) {
	case PROTO_TCP:
		return p == GROUP_TCP;
	case PROTO_UDP:
		return p == GROUP_UDP;
	case PROTO_ICMP:
	case PROTO_ICMPV4:
	case PROTO_ICMPV6:
		return p == GROUP_ICMP;
	case PROTO_SCTP:
		return p == GROUP_OTHER;
	case PROTO_APP:
		return p == GROUP_TCP || p == GROUP_UDP;
	default:
		return true;
	}
}

// A rule that inspects transactions is looked for here with its raw part alone, in streams.
static bool rule_fits(const struct rule *r, enum group_proto p, int dir)
{
	if (r->flags & (RULE_F_IP_ONLY | RULE_F_DECODE_EVENT | RULE_F_FRAME))
		return false;
	if (r->flags & RULE_F_TX && (p != GROUP_TCP || !(r->flags & RULE_F_PAYLOAD)))
		return false;
	return proto_fits(r, p) && rule_goes(r, dir);
}

static bool few_ports(const struct port_set *set)
{
	return set && set->covered <= FEW_PORTS;
}

enum rule_ports rule_ports(const struct rule *r)
{
	return few_ports(r->dport) ? PORTS_DST : few_ports(r->sport) ? PORTS_SRC : PORTS_ANY;
}

// The rules behind their ports on one side, with their distinct port lists. A rule file with a list of its own for each
// rule must not take a database for each: those that come too late are looked for on any port.
struct bucket {
	struct rule_list rules;
	struct rule_list lists; // by rule: its list's number
	const struct port_set *sets[PORT_LISTS_MAX];
	uint32_t n_sets;
	uint16_t slots[2 * PORT_LISTS_MAX]; // 1 + number, by address; 0: free
};

// The number of a port list, -1 when there are too many.
static int list_number(struct bucket *b, const struct port_set *set)
{
	uint32_t at = (uint32_t)((uintptr_t)set >> 4) % (2 * PORT_LISTS_MAX);
	while (b->slots[at] && b->sets[b->slots[at] - 1] != set)
		at = (at + 1) % (2 * PORT_LISTS_MAX);
	if (!b->slots[at]) {
		if (b->n_sets == PORT_LISTS_MAX)
			return -1;
		b->sets[b->n_sets++] = set;
		b->slots[at] = (uint16_t)b->n_sets;
	}
	return b->slots[at] - 1;
}

// Whether the rule goes behind these ports; *rc is set without memory.
static bool bucket_takes(struct bucket *b, const struct port_set *set, uint32_t rule, int *rc)
{
	int number = few_ports(set) ? list_number(b, set) : -1;
	if (number < 0)
		return false;
	if (!rule_list_add(&b->rules, rule) || !rule_list_add(&b->lists, (uint32_t)number))
		*rc = -ENOMEM;
	return true;
}

// Ports at which the rules that ask change.
static void mark_edges(const struct port_set *s, uint8_t *edges)
{
	for (uint32_t i = 0; i < s->n; i++) {
		edges[s->at[i].lo] = 1;
		if (s->at[i].hi < 65535)
			edges[s->at[i].hi + 1] = 1;
	}
}

// The port classes of a bucket: ports that the same rules ask for.
struct classes {
	uint16_t *of_port; // 65536
	struct rule_list *lists;
	uint32_t n, cap;
};

static bool same_list(const struct rule_list *a, const struct rule_list *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->at, b->at, a->n * sizeof(*a->at)));
}

// The class whose rules these are, or -ENOMEM.
static int class_of(struct classes *c, const struct rule_list *l)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (same_list(&c->lists[i], l))
			return (int)i;
	if (c->n == c->cap) {
		uint32_t cap = c->cap ? c->cap * 2 : 64;
		struct rule_list *more = cap > 65535 ? NULL : realloc(c->lists, cap * sizeof(*more));
		if (!more)
			return -ENOMEM;
		c->lists = more;
		c->cap = cap;
	}
	struct rule_list *new = &c->lists[c->n];
	*new = (struct rule_list){malloc((l->n + 1) * sizeof(*l->at)), l->n, l->n + 1};
	if (!new->at)
		return -ENOMEM;
	if (l->n)
		memcpy(new->at, l->at, l->n * sizeof(*l->at));
	return (int)c->n++;
}

// The rules of a bucket that ask for a port, into l, which has room for all.
static void rules_at(const struct bucket *b, uint16_t port, struct rule_list *l)
{
	bool has[PORT_LISTS_MAX];
	for (uint32_t i = 0; i < b->n_sets; i++)
		has[i] = port_set_has(b->sets[i], port);
	l->n = 0;
	for (uint32_t i = 0; i < b->rules.n; i++)
		if (has[b->lists.at[i]])
			l->at[l->n++] = b->rules.at[i];
}

static int find_classes(const struct bucket *b, struct classes *c)
{
	uint8_t *edges = calloc(65536, 1);
	struct rule_list l = {.at = malloc(b->rules.n * sizeof(*l.at))};
	int class = edges && l.at ? 0 : -ENOMEM;
	for (uint32_t i = 0; class >= 0 && i < b->n_sets; i++)
		mark_edges(b->sets[i], edges);
	for (uint32_t port = 0; class >= 0 && port < 65536; port++) {
		if (port == 0 || edges[port]) {
			rules_at(b, (uint16_t)port, &l);
			class = class_of(c, &l);
		}
		c->of_port[port] = (uint16_t) class;
	}
	free(edges);
	free(l.at);
	return class < 0 ? class : 0;
}

static int bucket_groups(
	struct ruleset *rs, struct port_groups *pg, const struct bucket *b, bool dst, enum group_proto p)
{
	struct classes c = {0};
	if (!b->rules.n)
		return 0;
	c.of_port = arena_alloc(&rs->arena, 65536 * sizeof(uint16_t));
	int rc = c.of_port ? find_classes(b, &c) : -ENOMEM;
	struct group(*groups)[VIEWS] = rc ? NULL : arena_alloc(&rs->arena, c.n * sizeof(*groups));
	if (!rc && !groups)
		rc = -ENOMEM;
	for (uint32_t i = 0; !rc && i < c.n; i++)
		rc = groups_of_list(rs, groups[i], &c.lists[i], p, pg);
	for (uint32_t i = 0; i < c.n; i++)
		free(c.lists[i].at);
	free(c.lists);
	if (dst) {
		pg->dst_class = c.of_port;
		pg->dst = groups;
		pg->n_dst = c.n;
	} else {
		pg->src_class = c.of_port;
		pg->src = groups;
		pg->n_src = c.n;
	}
	return rc;
}

int port_groups_make(
	struct ruleset *rs, struct port_groups *pg, enum group_proto p, int dir, const struct rule_list *candidates)
{
	struct bucket *sides = calloc(2, sizeof(*sides)); // destination, source
	struct rule_list any = {0};
	bool by_port = p == GROUP_TCP || p == GROUP_UDP;
	int rc = sides ? 0 : -ENOMEM;
	for (uint32_t i = 0; !rc && i < candidates->n; i++) {
		uint32_t at = candidates->at[i];
		struct rule *r = rs->rules[at];
		if (!rule_fits(r, p, dir))
			continue;
		r->ports = by_port && bucket_takes(&sides[0], r->dport, at, &rc)   ? PORTS_DST
			   : by_port && bucket_takes(&sides[1], r->sport, at, &rc) ? PORTS_SRC
										   : PORTS_ANY;
		if (r->ports == PORTS_ANY && !rule_list_add(&any, at))
			rc = -ENOMEM;
	}
	if (!rc)
		rc = groups_of_list(rs, pg->any, &any, p, pg);
	for (int i = 0; !rc && i < 2; i++)
		rc = bucket_groups(rs, pg, &sides[i], i == 0, p);
	for (int i = 0; sides && i < 2; i++) {
		free(sides[i].rules.at);
		free(sides[i].lists.at);
	}
	free(sides);
	free(any.at);
	return rc;
}
