// Puts rules into groups: protocol, direction, port class, view. Next: group_ports.c, then mpm_compile.c.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/frame_internal.h"
#include "detectors/signature/group_compile.h"
#include "detectors/signature/ip_index.h"
#include "detectors/signature/ruleset_load.h"
#include "detectors/signature/tx_internal.h"

bool rule_list_add(struct rule_list *l, uint32_t rule)
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

// The views a rule is inspected in, as bits.
static unsigned rule_views(const struct rule *r, enum group_proto p)
{
	if (!(r->flags & RULE_F_PAYLOAD))
		return 1u << VIEW_FIELDS;
	if (r->flags & RULE_F_TX)
		return 1u << VIEW_TX_RAW;
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

int groups_of_list(struct ruleset *rs, struct group out[VIEWS], const struct rule_list *l, enum group_proto p,
	struct port_groups *pg)
{
	int rc = 0;
	for (int v = 0; !rc && v < VIEWS; v++) {
		struct rule_list part = {0};
		for (uint32_t i = 0; !rc && i < l->n; i++)
			if (rule_views(rs->rules[l->at[i]], p) >> v & 1 && !rule_list_add(&part, l->at[i]))
				rc = -ENOMEM;
		if (!rc)
			rc = group_make(rs, &out[v], &part, v);
		pg->has_view[v] |= part.n > 0;
		free(part.at);
	}
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

// Rules that name the same protocols, in order of appearance.
struct by_apps {
	uint64_t apps; // as rule.apps
	struct rule_list rules;
};

// All rules by the protocols they name. The first of `out` is for those that name none.
static int sort_by_apps(const struct ruleset *rs, struct by_apps out[APP_PROTO_COUNT + 1], uint32_t *n)
{
	*n = 1;
	for (uint32_t i = 0; i < rs->n_rules; i++) {
		uint64_t apps = rs->rules[i]->apps;
		uint32_t at = 0;
		while (at < *n && out[at].apps != apps)
			at++;
		if (at > APP_PROTO_COUNT)
			return -EINVAL; // as note_apps()
		if (at == *n)
			out[(*n)++].apps = apps;
		if (!rule_list_add(&out[at].rules, i))
			return -ENOMEM;
	}
	return 0;
}

static int make_app_groups(struct ruleset *rs, const struct by_apps *of)
{
	struct app_groups *g = arena_alloc(&rs->arena, sizeof(*g));
	int rc = 0;
	if (!g)
		return -ENOMEM;
	g->apps = of->apps;
	if (!note_apps(rs->groups, g))
		return -EINVAL; // app_names.c has grown past APP_GROUPS_MAX
	for (int k = 0; !rc && k < 4; k++)
		rc = port_groups_make(rs, &g->groups[k >> 1][k & 1], k >> 1, k & 1, &of->rules);
	return rc;
}

static int make_groups(struct ruleset *rs)
{
	struct by_apps of[APP_PROTO_COUNT + 1] = {0};
	uint32_t n;
	int rc = sort_by_apps(rs, of, &n);
	for (int k = 0; !rc && k < 2 * GROUP_PROTOS; k++)
		rc = port_groups_make(rs, &rs->groups->groups[k >> 1][k & 1], k >> 1, k & 1, &of[0].rules);
	for (uint32_t i = 1; !rc && i < n; i++)
		rc = make_app_groups(rs, &of[i]);
	for (uint32_t i = 0; i < n; i++)
		free(of[i].rules.at);
	return rc;
}

static bool is_event_rule(const struct rule *r)
{
	return r->flags & RULE_F_DECODE_EVENT && r->event < DROP_REASON_COUNT;
}

// Rules on events, by event.
static int make_events(struct ruleset *rs)
{
	struct group_table *t = rs->groups;
	t->event_first = arena_alloc(&rs->arena, (DROP_REASON_COUNT + 1) * sizeof(*t->event_first));
	t->event_rules = arena_alloc(&rs->arena, (rs->n_rules + 1) * sizeof(*t->event_rules));
	if (!t->event_first || !t->event_rules)
		return -ENOMEM;
	// Counted, added up, then filled from behind, which leaves each event's place at its first rule.
	for (uint32_t i = 0; i < rs->n_rules; i++)
		if (is_event_rule(rs->rules[i]))
			t->event_first[rs->rules[i]->event]++;
	for (uint32_t e = 1; e <= DROP_REASON_COUNT; e++)
		t->event_first[e] += t->event_first[e - 1];
	for (uint32_t i = rs->n_rules; i--;)
		if (is_event_rule(rs->rules[i]))
			t->event_rules[--t->event_first[rs->rules[i]->event]] = i;
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
	rc = make_groups(rs);
	if (!rc)
		rc = tx_compile(rs);
	if (!rc)
		rc = frame_compile(rs);
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
