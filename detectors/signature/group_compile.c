// Puts rules into groups: protocol, direction, port class, view. Next: mpm_compile.c.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/group.h"
#include "detectors/signature/ip_index.h"
#include "detectors/signature/ruleset_load.h"
#include "detectors/signature/tx_internal.h"

#define FEW_PORTS 32768u     // a list of more ports than this is no way to tell packets apart
#define PORT_LISTS_MAX 1024u // different lists that have groups of their own, a protocol, direction and side

// Rules on their way into one struct group.
struct rule_list {
	uint32_t *at;
	uint32_t n, cap;
};

static bool list_add(struct rule_list *l, uint32_t rule)
{
	if (l->n == l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 32;
		uint32_t *more = realloc(l->at, cap * sizeof(*more));
		if (!more)
			return false;
		l->at = more;
		l->cap = cap;
	}
	l->at[l->n++] = rule;
	return true;
}

static int literal_cmp(const struct literal *a, const struct literal *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	int d = memcmp(a->bytes, b->bytes, a->len);
	return d ? d : (int)a->nocase - (int)b->nocase;
}

static int literal_rule_cmp(const void *va, const void *vb)
{
	const struct literal_rule *a = va, *b = vb;
	int d = literal_cmp(&a->lit, &b->lit);
	return d ? d : a->rule < b->rule ? -1 : a->rule > b->rule;
}

// What is looked for in packets and streams.
static const struct step *raw_step(const struct rule *r)
{
	return r->flags & RULE_F_TX ? r->fast_raw : r->fast;
}

struct literal step_literal(const struct step *s)
{
	const struct content *c = &s->content;
	bool chop = c->flags & CONTENT_FP_CHOP;
	return (struct literal){
		chop ? c->bytes + c->fp_off : c->bytes, chop ? c->fp_len : c->len, c->flags & CONTENT_NOCASE};
}

// Bytes from the start of the payload within which the literal must lie; UINT32_MAX: anywhere.
static uint32_t content_reach(const struct content *c)
{
	if (!(c->flags & CONTENT_DEPTH) || c->flags & (CONTENT_DEPTH_VAR | CONTENT_OFFSET_VAR))
		return UINT32_MAX;
	return (uint32_t)c->depth + (c->flags & CONTENT_OFFSET ? (uint32_t)c->offset : 0);
}

int group_of_literals(
	struct ruleset *rs, struct group *g, struct literal_rule *lr, uint32_t n, uint32_t *always, uint32_t n_always)
{
	uint32_t *first = arena_alloc(&rs->arena, (n + 1) * sizeof(*first));
	uint32_t *rules = arena_alloc(&rs->arena, (n + 1) * sizeof(*rules));
	struct literal *lits = calloc(n + 1, sizeof(*lits));
	*g = (struct group){.first = first, .rules = rules, .always = always, .n_always = n_always};
	if (!first || !rules || !lits) {
		free(lits);
		return -ENOMEM;
	}
	qsort(lr, n, sizeof(*lr), literal_rule_cmp);
	for (uint32_t i = 0; i < n; i++) {
		if (i == 0 || literal_cmp(&lr[i - 1].lit, &lr[i].lit)) {
			lits[g->n_literals] = lr[i].lit;
			first[g->n_literals++] = i;
		}
		rules[i] = lr[i].rule;
	}
	first[g->n_literals] = n;
	g->id = rs->groups->n_groups++;
	int rc = mpm_want(rs->groups->mpm, lits, g->n_literals, &g->db);
	free(lits);
	return rc;
}

static int group_make(struct ruleset *rs, struct group *g, const struct rule_list *l, enum group_view view)
{
	uint32_t n = 0, n_always = 0, scan_bytes = 0;
	memset(g, 0, sizeof(*g));
	if (!l->n)
		return 0;
	struct literal_rule *lr = calloc(l->n, sizeof(*lr));
	uint32_t *always = arena_alloc(&rs->arena, l->n * sizeof(*always));
	if (!lr || !always) {
		free(lr);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < l->n; i++) {
		const struct rule *r = rs->rules[l->at[i]];
		const struct step *s = raw_step(r);
		if (view != VIEW_FIELDS && s) {
			uint32_t reach = content_reach(&s->content);
			lr[n++] = (struct literal_rule){step_literal(s), l->at[i]};
			scan_bytes = reach > scan_bytes ? reach : scan_bytes;
		}
		if (!s)
			always[n_always++] = l->at[i];
	}
	int rc = group_of_literals(rs, g, lr, n, always, n_always);
	g->scan_bytes = scan_bytes;
	free(lr);
	return rc;
}

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

// The views a rule is inspected in, as bits.
static unsigned rule_views(const struct rule *r, enum group_proto p)
{
	if (!(r->flags & RULE_F_PAYLOAD))
		return 1u << VIEW_FIELDS;
	if (r->flags & RULE_F_TX)
		return 1u << VIEW_STREAM;
	if (p != GROUP_TCP)
		return 1u << VIEW_PACKET;
	return (r->flags & RULE_F_NEED_PACKET ? 1u << VIEW_PACKET : 0) |
	       (r->flags & RULE_F_NEED_STREAM ? 1u << VIEW_STREAM : 0);
}

bool rule_goes(const struct rule *r, int dir)
{
	uint32_t want = dir ? RULE_F_TO_CLIENT : RULE_F_TO_SERVER, other = dir ? RULE_F_TO_SERVER : RULE_F_TO_CLIENT;
	return !(r->flags & other) || r->flags & want;
}

// A rule that inspects transactions is looked for here with its raw part alone, in streams.
static bool rule_fits(const struct rule *r, enum group_proto p, int dir, uint64_t apps)
{
	if (r->flags & (RULE_F_IP_ONLY | RULE_F_DECODE_EVENT) || r->apps != apps)
		return false;
	if (r->flags & RULE_F_TX && (p != GROUP_TCP || !(r->flags & RULE_F_PAYLOAD)))
		return false;
	return proto_fits(r, p) && rule_goes(r, dir);
}

// The port lists of a bucket. A rule file with a list of its own for each rule must not take a database for
// each: those that come too late are looked for on any port.
struct port_lists {
	const struct port_set *slots[2 * PORT_LISTS_MAX];
	uint32_t n;
};

static bool admit(struct port_lists *l, const struct port_set *set)
{
	uint32_t at = (uint32_t)((uintptr_t)set >> 4) % (2 * PORT_LISTS_MAX);
	while (l->slots[at] && l->slots[at] != set)
		at = (at + 1) % (2 * PORT_LISTS_MAX);
	if (l->slots[at])
		return true;
	if (l->n == PORT_LISTS_MAX)
		return false;
	l->slots[at] = set;
	l->n++;
	return true;
}

static bool few_ports(const struct port_set *set)
{
	return set && set->covered <= FEW_PORTS;
}

enum rule_ports rule_ports(const struct rule *r)
{
	return few_ports(r->dport) ? PORTS_DST : few_ports(r->sport) ? PORTS_SRC : PORTS_ANY;
}

static enum rule_ports rule_bucket(const struct rule *r, enum group_proto p, struct port_lists lists[2])
{
	if (p != GROUP_TCP && p != GROUP_UDP)
		return PORTS_ANY;
	if (few_ports(r->dport) && admit(&lists[0], r->dport))
		return PORTS_DST;
	return few_ports(r->sport) && admit(&lists[1], r->sport) ? PORTS_SRC : PORTS_ANY;
}

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

// The class whose rules these are; a new class takes the list over.
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
	c->lists[c->n] = *l;
	return (int)c->n++;
}

static int find_classes(const struct ruleset *rs, const struct rule_list *members, bool dst, struct classes *c)
{
	uint8_t *edges = calloc(65536, 1);
	int rc = edges ? 0 : -ENOMEM, class = 0;
	for (uint32_t i = 0; !rc && i < members->n; i++) {
		const struct rule *r = rs->rules[members->at[i]];
		mark_edges(dst ? r->dport : r->sport, edges);
	}
	for (uint32_t port = 0; !rc && port < 65536; port++) {
		if (port == 0 || edges[port]) {
			struct rule_list l = {0};
			for (uint32_t i = 0; !rc && i < members->n; i++) {
				const struct rule *r = rs->rules[members->at[i]];
				if (port_set_has(dst ? r->dport : r->sport, (uint16_t)port) &&
					!list_add(&l, members->at[i]))
					rc = -ENOMEM;
			}
			class = rc ? rc : class_of(c, &l);
			rc = class < 0 ? class : 0;
			if (rc || c->lists[class].at != l.at)
				free(l.at);
		}
		if (!rc)
			c->of_port[port] = (uint16_t) class;
	}
	free(edges);
	return rc;
}

static int groups_of_list(struct ruleset *rs, struct group out[VIEWS], const struct rule_list *l, enum group_proto p,
	struct port_groups *pg)
{
	int rc = 0;
	for (int v = 0; !rc && v < VIEWS; v++) {
		struct rule_list part = {0};
		for (uint32_t i = 0; !rc && i < l->n; i++)
			if (rule_views(rs->rules[l->at[i]], p) >> v & 1 && !list_add(&part, l->at[i]))
				rc = -ENOMEM;
		if (!rc)
			rc = group_make(rs, &out[v], &part, v);
		pg->has_view[v] |= part.n > 0;
		free(part.at);
	}
	return rc;
}

static int bucket_groups(
	struct ruleset *rs, struct port_groups *pg, const struct rule_list *members, bool dst, enum group_proto p)
{
	struct classes c = {.of_port = arena_alloc(&rs->arena, 65536 * sizeof(uint16_t))};
	if (!members->n)
		return 0;
	int rc = c.of_port ? find_classes(rs, members, dst, &c) : -ENOMEM;
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

// apps: as rule.apps, of the rules that are meant.
static int make_port_groups(struct ruleset *rs, struct port_groups *pg, enum group_proto p, int dir, uint64_t apps)
{
	struct rule_list buckets[3] = {0};
	struct port_lists *lists = calloc(2, sizeof(*lists));
	int rc = lists ? 0 : -ENOMEM;
	for (uint32_t i = 0; !rc && i < rs->n_rules; i++) {
		struct rule *r = rs->rules[i];
		if (!rule_fits(r, p, dir, apps))
			continue;
		r->ports = (uint8_t)rule_bucket(r, p, lists);
		if (!list_add(&buckets[r->ports], i))
			rc = -ENOMEM;
	}
	free(lists);
	if (!rc)
		rc = groups_of_list(rs, pg->any, &buckets[PORTS_ANY], p, pg);
	if (!rc)
		rc = bucket_groups(rs, pg, &buckets[PORTS_DST], true, p);
	if (!rc)
		rc = bucket_groups(rs, pg, &buckets[PORTS_SRC], false, p);
	for (int i = 0; i < 3; i++)
		free(buckets[i].at);
	return rc;
}

static bool note_apps(struct group_table *t, struct app_groups *g)
{
	for (uint32_t proto = 0; proto < APP_PROTO_COUNT; proto++) {
		uint32_t i = 0;
		while (i < APP_GROUPS_MAX && t->of_app[proto][i])
			i++;
		if (!(g->apps >> proto & 1))
			continue;
		if (i == APP_GROUPS_MAX)
			return false;
		t->of_app[proto][i] = g;
	}
	t->app[t->n_app++] = g;
	return true;
}

static struct app_groups *find_apps(const struct group_table *t, uint64_t apps)
{
	for (uint32_t i = 0; i < t->n_app; i++)
		if (t->app[i]->apps == apps)
			return t->app[i];
	return NULL;
}

// Groups for each distinct set of protocols that rules name.
static int make_app_groups(struct ruleset *rs)
{
	struct group_table *t = rs->groups;
	int rc = 0;
	for (uint32_t i = 0; !rc && i < rs->n_rules; i++) {
		uint64_t apps = rs->rules[i]->apps;
		if (!apps || find_apps(t, apps))
			continue;
		struct app_groups *g = arena_alloc(&rs->arena, sizeof(*g));
		if (!g)
			return -ENOMEM;
		g->apps = apps;
		if (!note_apps(t, g))
			return -EINVAL; // app_names.c has grown past APP_GROUPS_MAX
		for (int k = 0; !rc && k < 4; k++)
			rc = make_port_groups(rs, &g->groups[k >> 1][k & 1], k >> 1, k & 1, apps);
	}
	return rc;
}

// Rules on events, by event.
static int make_events(struct ruleset *rs)
{
	struct group_table *t = rs->groups;
	t->event_first = arena_alloc(&rs->arena, (DROP_REASON_COUNT + 1) * sizeof(*t->event_first));
	t->event_rules = arena_alloc(&rs->arena, (rs->n_rules + 1) * sizeof(*t->event_rules));
	if (!t->event_first || !t->event_rules)
		return -ENOMEM;
	uint32_t n = 0;
	for (uint32_t e = 0; e < DROP_REASON_COUNT; e++) {
		t->event_first[e] = n;
		for (uint32_t i = 0; i < rs->n_rules; i++)
			if (rs->rules[i]->flags & RULE_F_DECODE_EVENT && rs->rules[i]->event == e)
				t->event_rules[n++] = i;
	}
	t->event_first[DROP_REASON_COUNT] = n;
	return 0;
}

int ruleset_group(struct ruleset *rs, const struct ruleset_config *cfg, struct report *rep)
{
	struct mpm_report mr = {0};
	int rc = 0;
	rs->groups = arena_alloc(&rs->arena, sizeof(*rs->groups));
	if (!rs->groups)
		return -ENOMEM;
	rs->groups->mpm = mpm_new();
	if (!rs->groups->mpm)
		return -ENOMEM;
	for (int p = 0; !rc && p < GROUP_PROTOS; p++)
		for (int d = 0; !rc && d < 2; d++)
			rc = make_port_groups(rs, &rs->groups->groups[p][d], p, d, 0);
	if (!rc)
		rc = make_app_groups(rs);
	if (!rc)
		rc = tx_compile(rs);
	if (!rc)
		rc = make_events(rs);
	if (!rc)
		rc = ip_index_build(rs);
	if (!rc)
		rc = mpm_build(rs->groups->mpm, cfg->threads ? cfg->threads : 1, cfg->cache_dir, &mr);
	rep->out->cache_problem = mr.problem;
	rep->out->databases = mr.databases;
	rep->out->from_cache = mr.from_cache;
	return rc;
}

void ruleset_group_free(struct ruleset *rs)
{
	if (rs->groups)
		mpm_free(rs->groups->mpm);
}
