// Sorts the rules that inspect transactions: by protocol and direction, then by the buffer their literal is looked for
// in. Ports and addresses are checked with the rule. Next: tx_runtime.c.
#include "detectors/signature/tx_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/rule_parse.h"

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
}

static uint8_t source_dirs(const struct tx_source *s)
{
	return s->buffer ? s->buffer->dirs : s->field ? s->field->dirs : 0;
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

static struct tx_group *find_group(struct tx_dir *d, uint16_t slot, const struct transform *transforms)
{
	for (uint32_t i = 0; i < d->n_groups; i++)
		if (d->groups[i].slot == slot && transforms_same(d->groups[i].transforms, transforms))
			return &d->groups[i];
	return NULL;
}

// The group a rule's literal is looked for in, made on first use; NULL: it has none.
static struct tx_group *group_for(struct tx_proto *t, struct tx_dir *d, const struct rule *r)
{
	const struct buffer_test *b = r->fast_buffer;
	uint16_t slot = b ? (uint16_t)(b->id - BUF_APP) : 0;
	if (!r->fast)
		return NULL;
	struct tx_group *g = find_group(d, slot, b->transforms);
	if (g || d->n_groups == TX_GROUPS_MAX)
		return g;
	g = &d->groups[d->n_groups++];
	*g = (struct tx_group){.slot = slot, .transforms = b->transforms, .source = &t->sources[slot]};
	return g;
}

// A rule whose only literal is that of its raw part is asked for once that has been found in the stream. A datagram is
// not looked through beforehand.
static bool found_raw(const struct tx_proto *t, const struct rule *r)
{
	return !r->fast && r->fast_raw && t->parser->over == OVER_TCP;
}

static int fill_group(
	struct ruleset *rs, struct tx_group *g, struct literal_rule *lr, struct tx_group *const *of, uint32_t n)
{
	uint32_t n_lr = 0;
	for (uint32_t i = 0; i < n; i++)
		if (of[i] == g)
			lr[n_lr++] = (struct literal_rule){step_literal(rs->rules[i]->fast), i};
	return group_of_literals(rs, &g->group, lr, n_lr, NULL, 0);
}

static int make_dir(struct ruleset *rs, struct tx_proto *t, uint8_t dir)
{
	struct tx_dir *d = &t->dir[dir];
	struct tx_group **of = calloc(rs->n_rules + 1, sizeof(*of));
	struct literal_rule *lr = calloc(rs->n_rules + 1, sizeof(*lr));
	uint32_t *always = arena_alloc(&rs->arena, (rs->n_rules + 1) * sizeof(*always));
	d->groups = arena_alloc(&rs->arena, TX_GROUPS_MAX * sizeof(*d->groups));
	int rc = of && lr && always && d->groups ? 0 : -ENOMEM;
	d->always = always;
	for (uint32_t i = 0; !rc && i < rs->n_rules; i++) {
		const struct rule *r = rs->rules[i];
		if (!tx_rule_fits(t, r, dir))
			continue;
		d->n_rules++;
		of[i] = group_for(t, d, r);
		if (!of[i] && !found_raw(t, r))
			always[d->n_always++] = i;
	}
	for (uint32_t g = 0; !rc && g < d->n_groups; g++)
		rc = fill_group(rs, &d->groups[g], lr, of, rs->n_rules);
	free(of);
	free(lr);
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

int tx_compile(struct ruleset *rs)
{
	bool any = false, raw = false;
	for (uint32_t i = 0; i < rs->n_rules; i++) {
		any |= (rs->rules[i]->flags & RULE_F_TX) != 0;
		raw |= rs->rules[i]->flags & RULE_F_TX && rs->rules[i]->flags & RULE_F_PAYLOAD;
	}
	if (!any)
		return 0;
	rs->tx = arena_alloc(&rs->arena, sizeof(*rs->tx));
	if (!rs->tx)
		return -ENOMEM;
	rs->tx->raw = raw;
	for (const struct parser *const *p = rs->parsers; *p; p++) {
		struct tx_proto *t = (*p)->parse ? proto_new(rs, *p) : NULL;
		int rc = (*p)->parse && !t ? -ENOMEM : 0;
		for (uint8_t dir = 0; t && !rc && dir < 2; dir++)
			rc = make_dir(rs, t, dir);
		if (rc)
			return rc;
		if (t && t->dir[0].n_rules + t->dir[1].n_rules)
			rs->tx->protos[t->parser->proto] = t;
	}
	return 0;
}
