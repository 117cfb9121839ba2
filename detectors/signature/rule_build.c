// What keywords add to the rule being read: memory, buffers and their steps, tests, actions, variables. Next:
// rule_finish.c.
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "detectors/signature/rule_parse.h"

void *rule_alloc(struct rule_parser *ps, size_t n)
{
	size_t before = ps->rs->arena.used_bytes;
	void *p = arena_alloc(&ps->rs->arena, n);
	if (!p)
		parse_fail(ps, "out of memory");
	ps->own_bytes += ps->rs->arena.used_bytes - before;
	return p;
}

char *rule_copy(struct rule_parser *ps, const char *s, size_t n)
{
	char *p = rule_alloc(ps, n + 1);
	if (p)
		memcpy(p, s, n);
	return p;
}

char *rule_strdup(struct rule_parser *ps, const char *s)
{
	return rule_copy(ps, s, strlen(s));
}

static void wait_for(struct rule_parser *ps, const char *what, bool protocol)
{
	struct rule_wait **at = &ps->rule->waits;
	while (*at && ((*at)->protocol != protocol || strcmp((*at)->what, what)))
		at = &(*at)->next;
	if (*at || !(*at = rule_alloc(ps, sizeof(**at))))
		return;
	(*at)->what = what;
	(*at)->protocol = protocol;
	ps->rule->waiting = ps->rule->waits->what;
}

void rule_wait_for(struct rule_parser *ps, const char *what)
{
	wait_for(ps, what, false);
}

void rule_wait_for_protocol(struct rule_parser *ps, const char *name)
{
	wait_for(ps, name, true);
}

struct buffer_test *buffer_select(struct rule_parser *ps, uint16_t id, const char *name)
{
	struct buffer_test **at = &ps->rule->buffers;
	for (; *at; at = &(*at)->next)
		if ((*at)->id == id && !(*at)->transforms)
			return *at;
	*at = rule_alloc(ps, sizeof(**at));
	if (*at) {
		(*at)->id = id;
		(*at)->name = name;
	}
	return *at;
}

// Tests that leave a place in their buffer which a later test can be relative to.
static void note_anchor(struct rule_parser *ps, const struct step *s, struct buffer_test *b)
{
	if (s->kind == STEP_CONTENT || s->kind == STEP_PCRE || s->kind == STEP_ISDATAAT ||
		(s->kind >= STEP_BYTE_TEST && s->kind <= STEP_BYTE_MATH))
		ps->anchor_buffer = b;
}

static struct step *step_append(struct rule_parser *ps, struct step *s)
{
	if (ps->in_base64) {
		struct step **at = &ps->base64->base64.data;
		while (*at)
			at = &(*at)->next;
		*at = s;
		return s;
	}
	struct buffer_test *b = ps->buffer ? ps->buffer : buffer_select(ps, BUF_PAYLOAD, "payload");
	if (!b)
		return NULL;
	if (b->last)
		b->last->next = s;
	else
		b->steps = s;
	b->last = s;
	ps->last_buffer = b;
	note_anchor(ps, s, b);
	return s;
}

static const struct content *content_before(const struct rule_parser *ps, const struct step *s)
{
	const struct content *found = NULL;
	for (const struct step *o = ps->in_base64 ? ps->base64->base64.data : ps->last_buffer->steps; o != s;
		o = o->next)
		if (o->kind == STEP_CONTENT)
			found = &o->content;
	return found;
}

struct step *step_add(struct rule_parser *ps, enum step_kind kind)
{
	if (++ps->steps > RULE_STEPS_MAX) {
		parse_fail(ps, "expected at most %u tests of buffers in a rule", RULE_STEPS_MAX);
		return NULL;
	}
	struct step *s = rule_alloc(ps, sizeof(*s));
	if (!s)
		return NULL;
	s->kind = (uint8_t)kind;
	ps->buffer_empty = ps->buffer_named = false;
	ps->last = step_append(ps, s);
	if (kind == STEP_CONTENT && ps->last) {
		ps->content_before = content_before(ps, ps->last);
		ps->last_content = ps->last;
	}
	return ps->last;
}

struct step *step_add_to(struct rule_parser *ps, struct buffer_test *b, enum step_kind kind)
{
	struct buffer_test *now = ps->buffer;
	if (!b)
		return NULL;
	ps->buffer = b;
	struct step *s = step_add(ps, kind);
	ps->buffer = now;
	return s;
}

struct step *step_add_behind(struct rule_parser *ps, enum step_kind kind)
{
	bool named = ps->buffer || ps->in_base64 || !ps->anchor_buffer;
	return named ? step_add(ps, kind) : step_add_to(ps, ps->anchor_buffer, kind);
}

int step_move(struct rule_parser *ps, struct step *s, struct buffer_test *b)
{
	struct buffer_test *from = ps->last_buffer;
	struct step **at = &from->steps, *before = NULL;
	if (!b)
		return -ENOMEM;
	while (*at && *at != s) {
		before = *at;
		at = &(*at)->next;
	}
	if (!*at || s->next)
		return parse_fail(ps, "expected a content right before it");
	*at = NULL;
	from->last = before;
	if (b->last)
		b->last->next = s;
	else
		b->steps = s;
	b->last = s;
	ps->last_buffer = ps->anchor_buffer = b;
	return 0;
}

// A buffer or field that none of the rule's protocols offers.
static void app_wait(struct rule_parser *ps, const struct keyword *kw)
{
	if (!(ps->rs->offers[keyword_slot(kw)] & (ps->rule->apps ? ps->rule->apps : UINT64_MAX)))
		rule_wait_for(ps, kw->name);
}

struct buffer_test *buffer_app(struct rule_parser *ps, const char *name)
{
	const struct keyword *kw = keyword_find(name);
	app_wait(ps, kw);
	return buffer_select(ps, (uint16_t)(BUF_APP + keyword_slot(kw)), kw->name);
}

int buffer_leave(struct rule_parser *ps)
{
	ps->in_base64 = false;
	if (ps->buffer_empty && ps->buffer && !ps->buffer->steps)
		return parse_fail(ps,
			"expected a test behind %s (a buffer is named before its content, pcre or bsize), found none",
			ps->buffer->name);
	ps->buffer_empty = false;
	ps->buffer = NULL;
	return 0;
}

struct buffer_test *buffer_app_new(struct rule_parser *ps, const char *name)
{
	const struct keyword *kw = keyword_find(name);
	struct buffer_test **at = &ps->rule->buffers, *b = rule_alloc(ps, sizeof(*b));
	if (!b)
		return NULL;
	app_wait(ps, kw);
	while (*at)
		at = &(*at)->next;
	*at = b;
	b->id = (uint16_t)(BUF_APP + keyword_slot(kw));
	b->name = kw->name;
	return b;
}

int test_add(struct rule_parser *ps, bool (*match)(const struct match_ctx *, const void *), const void *args)
{
	struct packet_test *t = rule_alloc(ps, sizeof(*t));
	if (!t)
		return -ENOMEM;
	*t = (struct packet_test){NULL, match, args, ps->at};
	if (ps->last_test)
		ps->last_test->next = t;
	else
		ps->rule->tests = t;
	ps->last_test = t;
	return 0;
}

int post_add(struct rule_parser *ps, void (*run)(struct match_ctx *, const void *), const void *args)
{
	struct post_action *t = rule_alloc(ps, sizeof(*t));
	if (!t)
		return -ENOMEM;
	*t = (struct post_action){NULL, run, args, ps->at};
	if (ps->last_post)
		ps->last_post->next = t;
	else
		ps->rule->posts = t;
	ps->last_post = t;
	return 0;
}

int var_find(struct rule_parser *ps, const char *name)
{
	for (int i = 0; i < ps->rule->n_vars; i++)
		if (!strcmp(ps->vars[i], name))
			return i;
	return -1;
}

int var_add(struct rule_parser *ps, const char *name)
{
	int at = var_find(ps, name);
	if (at >= 0)
		return at;
	if (ps->rule->n_vars == RULE_MAX_VARS || !*name || strlen(name) > 63)
		return -1;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '.' && *c != '-')
			return -1;
	ps->vars[ps->rule->n_vars] = rule_strdup(ps, name);
	return ps->rule->n_vars++;
}

bool number_or_var(struct rule_parser *ps, const char *s, int64_t lo, int64_t hi, int64_t *out, bool *is_var)
{
	*is_var = false;
	if (lex_i64(s, lo, hi, out))
		return true;
	int at = var_find(ps, s);
	*is_var = at >= 0;
	*out = at;
	return at >= 0;
}
