// Sorts the rules that inspect transactions: by protocol and direction, then by the buffer their literal is looked for
// in. Ports and addresses are checked with the rule. Next: tx_runtime.c.
#include "detectors/signature/tx_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/rule_parse.h"

static void note_files(struct tx_proto *t)
{
	static const char *const names[] = {[TX_FILE_TEST] = TX_FILE_TESTS, [TX_FILE_MAGIC] = TX_FILE_MAGIC_BUFFER};
	for (uint8_t is = TX_FILE_TEST; is <= TX_FILE_MAGIC; is++)
		t->sources[keyword_slot(keyword_find(names[is]))] =
			(struct tx_source){.file = is, .file_dirs = t->parser->file_dirs};
}

static void note_sources(struct tx_proto *t)
{
	const struct parser *p = t->parser;
	uint8_t grows = 0;
	for (const struct parser_field *f = p->fields; f && f->name; f++) {
		const struct keyword *kw = keyword_find(f->name);
		if (kw)
			t->sources[keyword_slot(kw)].field = f;
	}
	for (const struct parser_buffer *b = p->buffers; b && b->name; b++) {
		const struct keyword *kw = keyword_find(b->name);
		if (!kw || (b->grows && grows == TX_GROWS_MAX))
			continue;
		t->sources[keyword_slot(kw)].buffer = b;
		t->sources[keyword_slot(kw)].grow = b->grows ? grows++ : 0;
	}
	note_files(t);
}

static uint8_t source_dirs(const struct tx_source *s)
{
	return s->buffer ? s->buffer->dirs : s->field ? s->field->dirs : s->file_dirs;
}

static bool event_fits(const struct tx_proto *t, const struct rule *r)
{
	for (const struct app_event_test *e = r->app_events; e; e = e->next)
		if (e->proto != t->parser->proto)
			return false;
	return true;
}

bool tx_rule_fits(const struct tx_proto *t, const struct rule *r, uint8_t dir)
{
	if (!(r->flags & RULE_F_TX) || !rule_goes(r, dir))
		return false;
	if (r->apps && !(r->apps >> t->parser->proto & 1))
		return false;
	if ((r->proto == PROTO_TCP && !(t->parser->over & OVER_TCP)) ||
		(r->proto == PROTO_UDP && !(t->parser->over & OVER_UDP)))
		return false;
	if (r->proto != PROTO_APP && r->proto != PROTO_IP && r->proto != PROTO_TCP && r->proto != PROTO_UDP)
		return false;
	for (const struct buffer_test *b = r->buffers; b; b = b->next)
		if (b->id >= BUF_APP && !(source_dirs(tx_source_of(t, b)) >> dir & 1))
			return false;
	return event_fits(t, r);
}

bool transforms_same(const struct transform *a, const struct transform *b)
{
	for (; a && b; a = a->next, b = b->next)
		if (a->run != b->run || a->code != b->code || a->len != b->len ||
			(a->len && memcmp(a->bytes, b->bytes, a->len)))
			return false;
	return !a && !b;
}

// What is being made of a protocol and direction: rules that fit, and groups before their number is known.
struct tx_draft {
	const struct tx_candidate {
		uint64_t apps; // as rule.apps
		uint32_t rule;
	} * candidates; // every rule that inspects transactions
	uint32_t n_candidates;
	struct tx_group groups[TX_GROUPS_MAX];
	uint32_t n_groups;
	uint32_t *rules; // with a literal in a group
	uint8_t *group;  // ... which
	uint32_t n;
	uint32_t *always;
	uint32_t n_always;
	uint32_t *events;
	uint32_t n_events;
	struct literal_rule *literals;
};

// The number of the group a rule's literal is looked for in, made on first use; -1: it has none.
static int group_for(struct tx_draft *d, const struct tx_proto *t, const struct rule *r)
{
	const struct buffer_test *b = r->fast_buffer;
	uint16_t slot = b ? (uint16_t)(b->id - BUF_APP) : 0;
	if (!r->fast)
		return -1;
	for (uint32_t i = 0; i < d->n_groups; i++)
		if (d->groups[i].slot == slot && transforms_same(d->groups[i].transforms, b->transforms))
			return (int)i;
	if (d->n_groups == TX_GROUPS_MAX)
		return -1;
	d->groups[d->n_groups] =
		(struct tx_group){.slot = slot, .transforms = b->transforms, .source = &t->sources[slot]};
	return (int)d->n_groups++;
}

// A rule whose only literal is that of its raw part is asked for once that has been found in the stream. A datagram is
// not looked through beforehand.
static bool found_raw(const struct tx_proto *t, const struct rule *r)
{
	return !r->fast && r->fast_raw && t->parser->over == OVER_TCP;
}

static void sort_rules(const struct ruleset *rs, struct tx_draft *d, struct tx_proto *t, uint8_t dir)
{
	d->n = d->n_groups = d->n_always = d->n_events = 0;
	for (uint32_t i = 0; i < d->n_candidates; i++) {
		const struct tx_candidate *c = &d->candidates[i];
		if (c->apps && !(c->apps >> t->parser->proto & 1))
			continue;
		const struct rule *r = rs->rules[c->rule];
		if (!tx_rule_fits(t, r, dir))
			continue;
		t->dir[dir].n_rules++;
		int group = group_for(d, t, r);
		if (group >= 0) {
			d->rules[d->n] = c->rule;
			d->group[d->n++] = (uint8_t)group;
		} else if (!found_raw(t, r)) {
			d->always[d->n_always++] = c->rule;
		}
		if (r->app_events)
			d->events[d->n_events++] = c->rule;
	}
}

static int fill_group(struct ruleset *rs, struct tx_draft *d, uint32_t group, struct tx_group *out)
{
	uint32_t n = 0;
	*out = d->groups[group];
	for (uint32_t i = 0; i < d->n; i++)
		if (d->group[i] == group)
			d->literals[n++] =
				(struct literal_rule){step_literal(rs->rules[d->rules[i]]->fast), d->rules[i]};
	return group_of_literals(rs, &out->group, d->literals, n, NULL, 0);
}

static const uint32_t *copy_rules(struct arena *a, const uint32_t *rules, uint32_t n)
{
	uint32_t *copy = arena_alloc(a, n * sizeof(*copy));
	return copy ? memcpy(copy, rules, n * sizeof(*copy)) : NULL;
}

static int make_dir(struct ruleset *rs, struct tx_draft *d, struct tx_proto *t, uint8_t dir)
{
	struct tx_dir *out = &t->dir[dir];
	sort_rules(rs, d, t, dir);
	out->always = copy_rules(&rs->arena, d->always, d->n_always);
	out->events = copy_rules(&rs->arena, d->events, d->n_events);
	out->groups = arena_alloc(&rs->arena, d->n_groups * sizeof(*out->groups));
	if (!out->always || !out->events || !out->groups)
		return -ENOMEM;
	out->n_events = d->n_events;
	out->n_always = d->n_always;
	out->n_groups = d->n_groups;
	int rc = 0;
	for (uint32_t g = 0; !rc && g < d->n_groups; g++)
		rc = fill_group(rs, d, g, &out->groups[g]);
	return rc;
}

static struct tx_proto *proto_new(struct ruleset *rs, const struct parser *parser)
{
	struct tx_proto *t = arena_alloc(&rs->arena, sizeof(*t));
	if (!t)
		return NULL;
	t->parser = parser;
	t->sources = arena_alloc(&rs->arena, keyword_count() * sizeof(*t->sources));
	if (!t->sources)
		return NULL;
	note_sources(t);
	return t;
}

static int make_protos(struct ruleset *rs, struct tx_draft *d)
{
	for (const struct parser *const *p = rs->parsers; *p; p++) {
		struct tx_proto *t = (*p)->parse ? proto_new(rs, *p) : NULL;
		int rc = (*p)->parse && !t ? -ENOMEM : 0;
		for (uint8_t dir = 0; t && !rc && dir < 2; dir++)
			rc = make_dir(rs, d, t, dir);
		if (rc)
			return rc;
		if (t && t->dir[0].n_rules + t->dir[1].n_rules)
			rs->tx->protos[t->parser->proto] = t;
	}
	return 0;
}

// Room for a draft of n candidates. Returns NULL without memory.
static struct tx_draft *draft_new(struct arena *a, uint32_t n)
{
	struct tx_draft *d = arena_alloc(a, sizeof(*d));
	if (!d)
		return NULL;
	d->rules = arena_alloc(a, n * sizeof(*d->rules));
	d->group = arena_alloc(a, n * sizeof(*d->group));
	d->always = arena_alloc(a, n * sizeof(*d->always));
	d->events = arena_alloc(a, n * sizeof(*d->events));
	d->literals = arena_alloc(a, n * sizeof(*d->literals));
	return d->rules && d->group && d->always && d->events && d->literals ? d : NULL;
}

int tx_compile(struct ruleset *rs)
{
	struct arena scratch = {0};
	struct tx_candidate *all = arena_alloc(&scratch, rs->n_rules * sizeof(*all));
	struct tx_draft *d = all ? draft_new(&scratch, rs->n_rules) : NULL;
	bool raw = false;
	for (uint32_t i = 0; d && i < rs->n_rules; i++) {
		const struct rule *r = rs->rules[i];
		if (!(r->flags & RULE_F_TX))
			continue;
		raw |= (r->flags & RULE_F_PAYLOAD) != 0;
		all[d->n_candidates++] = (struct tx_candidate){r->apps, i};
	}
	int rc = d ? 0 : -ENOMEM;
	if (!rc && d->n_candidates) {
		d->candidates = all;
		rs->tx = arena_alloc(&rs->arena, sizeof(*rs->tx));
		rc = rs->tx ? make_protos(rs, d) : -ENOMEM;
	}
	if (rs->tx)
		rs->tx->raw = raw;
	arena_free(&scratch);
	return rc;
}
