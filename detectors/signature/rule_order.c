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

struct placed {
	uint64_t before; // what the rule's place hangs on, the weightiest first
	uint32_t order;
	bool twin;
	struct rule *rule;
};

static struct placed place(struct rule *r, bool is_twin)
{
	uint64_t before = (uint64_t)action_rank(r) << 32 | r->info.severity;
	for (int i = 1; i <= 3; i++)
		before |= (uint64_t)(255 - r->rank[i]) << 8 * (4 - i);
	return (struct placed){before, r->order, is_twin, r};
}

static int compare(const void *va, const void *vb)
{
	const struct placed *a = va, *b = vb;
	if (a->before != b->before)
		return a->before < b->before ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return a->twin - b->twin;
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

// Every rule that can fire, "<>" as two of them. Returns how many, or -ENOMEM.
static int64_t collect(struct ruleset *rs, struct placed *all)
{
	int64_t n = 0;
	for (struct rule *r = rs->first; r; r = r->next) {
		if (r->waiting || r->replaced)
			continue;
		bool both = r->flags & RULE_F_BIDIR && (r->src != r->dst || r->sport != r->dport);
		r->flags &= ~(uint32_t)RULE_F_BIDIR;
		all[n++] = place(r, false);
		if (!both)
			continue;
		struct rule *t = twin(rs, r);
		if (!t)
			return -ENOMEM;
		t->flags |= RULE_F_BIDIR;
		all[n++] = place(t, true);
	}
	return n;
}

int ruleset_order(struct ruleset *rs)
{
	struct placed *all = calloc(2 * (size_t)rs->n_read + 1, sizeof(*all));
	int64_t n = all ? collect(rs, all) : -ENOMEM;
	if (n > 0)
		qsort(all, (size_t)n, sizeof(*all), compare);
	rs->rules = n < 0 ? NULL : calloc((size_t)n + 1, sizeof(*rs->rules));
	for (uint32_t i = 0; rs->rules && i < n; i++) {
		rs->rules[i] = all[i].rule;
		note_rule(rs, rs->rules[i], i);
	}
	free(all);
	if (!rs->rules)
		return -ENOMEM;
	rs->n_rules = (uint32_t)n;
	return make_hot(rs);
}
