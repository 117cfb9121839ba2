// The order in which rules are evaluated on a packet: action, then flow bits (setters before
// readers), flow numbers, host bits, then priority, then the order in which they were read.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/ruleset_load.h"
#include "detectors/signature/tags.h"

static int action_rank(const struct rule *r)
{
	static const uint8_t ranks[] = {[RULE_PASS] = 0, [RULE_DROP] = 1, [RULE_REJECT] = 2, [RULE_ALERT] = 3};
	return ranks[r->action];
}

static int compare(const void *va, const void *vb)
{
	const struct rule *a = *(struct rule *const *)va, *b = *(struct rule *const *)vb;
	int d = action_rank(a) - action_rank(b);
	for (int i = 1; !d && i <= 3; i++)
		d = (int)b->rank[i] - (int)a->rank[i];
	if (!d)
		d = (int)a->info.severity - (int)b->info.severity;
	if (!d)
		d = a->order < b->order ? -1 : a->order > b->order;
	return d ? d : (a->flags & RULE_F_BIDIR ? 1 : -1) - (b->flags & RULE_F_BIDIR ? 1 : -1);
}

// The other half of a "<>" rule: the same tests, the sides changed.
static struct rule *twin(struct ruleset *rs, const struct rule *r)
{
	struct rule *t = arena_alloc(&rs->arena, sizeof(*t));
	if (!t)
		return NULL;
	*t = *r;
	t->src = r->dst;
	t->dst = r->src;
	t->sport = r->dport;
	t->dport = r->sport;
	return t;
}

static uint8_t addr_id(struct ruleset *rs, const struct addr_set *set, bool ip_only)
{
	if (!set)
		return ADDR_ANY;
	for (uint32_t i = 1; i <= rs->n_addr_ids; i++)
		if (rs->addr_ids[i] == set)
			return (uint8_t)i;
	if (ip_only || rs->n_addr_ids == ADDR_IDS)
		return ADDR_OTHER; // found through the address index anyway
	rs->addr_ids[++rs->n_addr_ids] = set;
	return (uint8_t)rs->n_addr_ids;
}

static int make_hot(struct ruleset *rs)
{
	rs->hot = arena_alloc(&rs->arena, (rs->n_rules + 1) * sizeof(*rs->hot));
	if (!rs->hot)
		return -ENOMEM;
	for (uint32_t i = 0; i < rs->n_rules; i++) {
		const struct rule *r = rs->rules[i];
		bool ip_only = r->flags & RULE_F_IP_ONLY;
		rs->hot[i].src = addr_id(rs, r->src, ip_only);
		rs->hot[i].dst = addr_id(rs, r->dst, ip_only);
	}
	return 0;
}

static void note_rule(struct ruleset *rs, struct rule *r, uint32_t index)
{
	r->index = index;
	for (const struct tag_args *a = r->tag; a; a = a->next) {
		rs->tags_sessions |= a->track == TRACK_FLOW;
		rs->tags_hosts |= a->track != TRACK_FLOW;
	}
}

int ruleset_order(struct ruleset *rs)
{
	size_t most = 0, n = 0;
	for (const struct rule *r = rs->first; r; r = r->next)
		most += 2;
	rs->rules = calloc(most + 1, sizeof(*rs->rules));
	if (!rs->rules)
		return -ENOMEM;
	for (struct rule *r = rs->first; r; r = r->next) {
		if (r->waiting || r->replaced)
			continue;
		bool both = r->flags & RULE_F_BIDIR && (r->src != r->dst || r->sport != r->dport);
		r->flags &= ~(uint32_t)RULE_F_BIDIR;
		rs->rules[n++] = r;
		if (!both)
			continue;
		struct rule *t = twin(rs, r);
		if (!t)
			return -ENOMEM;
		t->flags |= RULE_F_BIDIR;
		rs->rules[n++] = t;
	}
	qsort(rs->rules, n, sizeof(*rs->rules), compare);
	for (size_t i = 0; i < n; i++)
		note_rule(rs, rs->rules[i], (uint32_t)i);
	rs->n_rules = (uint32_t)n;
	return make_hot(rs);
}
