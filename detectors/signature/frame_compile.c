// Sorts the rules that inspect frames. Next: frame_runtime.c.
#include "detectors/signature/frame_internal.h"

#include <errno.h>
#include <string.h>

#include "detectors/signature/group_compile.h"

const struct buffer_test *frame_test_of(const struct rule *r, uint16_t proto, uint8_t type)
{
	for (const struct buffer_test *b = r->buffers; b; b = b->next)
		if (b->frame.protos >> proto & 1 && b->frame.type == type && (!r->fast || r->fast_buffer == b))
			return b;
	return NULL;
}

static bool is_for(const struct rule *r, const struct parser *p, uint8_t dir, uint8_t type)
{
	if ((r->proto == PROTO_TCP && !(p->over & OVER_TCP)) || (r->proto == PROTO_UDP && !(p->over & OVER_UDP)))
		return false;
	return rule_goes(r, dir) && frame_test_of(r, p->proto, type);
}

// The group of the rules among the n that look into such frames; *out stays NULL without any.
static int make_group(struct ruleset *rs, const uint32_t *rules, uint32_t n, struct literal_rule *scratch,
	const struct parser *p, uint8_t dir, uint8_t type, const struct group **out)
{
	uint32_t literals = 0, others = 0, *always = arena_alloc(&rs->arena, n * sizeof(*always));
	if (!always)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const struct rule *r = rs->rules[rules[i]];
		if (!is_for(r, p, dir, type))
			continue;
		if (r->fast)
			scratch[literals++] = (struct literal_rule){step_literal(r->fast), rules[i]};
		else
			always[others++] = rules[i];
	}
	if (!literals && !others)
		return 0;
	struct group *g = arena_alloc(&rs->arena, sizeof(*g));
	*out = g;
	return g ? group_of_literals(rs, g, scratch, literals, always, others) : -ENOMEM;
}

static int make_proto(
	struct ruleset *rs, const uint32_t *rules, uint32_t n, struct literal_rule *scratch, const struct parser *p)
{
	struct frame_proto *f = arena_alloc(&rs->arena, sizeof(*f));
	int rc = f ? 0 : -ENOMEM;
	for (uint32_t k = 0; !rc && k <= 2 * FRAME_STREAM + 1; k++) {
		uint8_t dir = k & 1, type = (uint8_t)(k >> 1);
		rc = make_group(rs, rules, n, scratch, p, dir, type, &f->of[dir][type]);
		if (!rc && f->of[dir][type])
			rs->frames->types[p->proto] |= 1u << type;
	}
	if (!rc && rs->frames->types[p->proto])
		rs->frames->protos[p->proto] = f;
	return rc;
}

int frame_compile(struct ruleset *rs)
{
	struct arena temp = {0};
	uint32_t n = 0, *rules = arena_alloc(&temp, rs->n_rules * sizeof(*rules));
	for (uint32_t i = 0; rules && i < rs->n_rules; i++)
		if (rs->rules[i]->flags & RULE_F_FRAME)
			rules[n++] = i;
	struct literal_rule *scratch = n ? arena_alloc(&temp, n * sizeof(*scratch)) : NULL;
	rs->frames = n ? arena_alloc(&rs->arena, sizeof(*rs->frames)) : NULL;
	int rc = rules && (!n || (scratch && rs->frames)) ? 0 : -ENOMEM;
	for (const struct parser *const *p = rs->parsers; n && !rc && *p; p++)
		rc = (*p)->parse ? make_proto(rs, rules, n, scratch, *p) : 0;
	arena_free(&temp);
	return rc;
}

void frame_types_take(uint32_t out[APP_PROTO_COUNT], const struct frame_table *t)
{
	for (uint32_t i = 0; i < APP_PROTO_COUNT; i++)
		out[i] = t ? t->types[i] : 0;
}
