// Rule files, rule by rule, into the set: what is kept, what a newer revision replaces, what is said of the others.
// Next: rule_parse.c.
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/ruleset_load.h"

// gid and sid together name a rule: a newer revision takes the place of an older one.
struct sid_index {
	struct sid_slot {
		uint64_t key;
		struct rule *rule; // NULL: free
	} * slots;
	uint32_t cap, n;
};

static uint64_t sid_key(const struct rule *r)
{
	return (uint64_t)r->info.gid << 32 | r->info.sid;
}

static struct sid_slot *sid_slot(const struct sid_index *x, uint64_t key)
{
	uint32_t at = (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 32) & (x->cap - 1);
	while (x->slots[at].rule && x->slots[at].key != key)
		at = (at + 1) & (x->cap - 1);
	return &x->slots[at];
}

static bool sid_grow(struct sid_index *x)
{
	if (x->n * 2 < x->cap)
		return true;
	struct sid_index more = {
		calloc(x->cap ? x->cap * 2 : 4096, sizeof(*more.slots)), x->cap ? x->cap * 2 : 4096, x->n};
	if (!more.slots)
		return false;
	for (uint32_t i = 0; i < x->cap; i++)
		if (x->slots[i].rule)
			*sid_slot(&more, x->slots[i].key) = x->slots[i];
	free(x->slots);
	*x = more;
	return true;
}

struct loading {
	struct ruleset *rs;
	struct report *rep;
	struct sid_index sids;
	struct rule_parser ps;
};

static void append(struct ruleset *rs, struct rule *r)
{
	r->order = rs->n_read++;
	if (rs->last)
		rs->last->next = r;
	else
		rs->first = r;
	rs->last = r;
}

static void reject(struct loading *l, const struct rule_source *src, const char *file, uint32_t sid, const char *why)
{
	l->rep->out->rejected++;
	report_add(l->rep, file, src->line, sid, RULE_REJECTED, "%s", why);
}

// Keeps a parsed rule, unless its sid is taken by one as new. Returns whether it is kept.
static bool keep(struct loading *l, const struct rule_source *src, const char *file, struct rule *r)
{
	char why[128];
	if (!sid_grow(&l->sids))
		return reject(l, src, file, r->info.sid, "out of memory"), false;
	struct sid_slot *slot = sid_slot(&l->sids, sid_key(r));
	struct rule *old = slot->rule;
	if (old && old->info.rev >= r->info.rev) {
		snprintf(why, sizeof(why), "expected a sid of its own, found %u also in line %u", r->info.sid,
			old->line);
		return reject(l, src, file, r->info.sid, why), false;
	}
	if (old) {
		old->replaced = true;
		if (old->waiting)
			l->rep->out->waiting--;
		else
			l->rep->out->loaded--;
	}
	l->sids.n += !old;
	*slot = (struct sid_slot){sid_key(r), r};
	append(l->rs, r);
	if (r->waiting) {
		l->rep->out->waiting++;
		report_add(l->rep, file, src->line, r->info.sid, RULE_WAITING, "waiting for a parser: %s", r->waiting);
	} else {
		l->rep->out->loaded++;
	}
	return true;
}

static int load_file(struct loading *l, const char *path)
{
	struct rule_source src;
	bool too_long, binary;
	char *text;
	int rc = rule_source_open(&src, path);
	if (rc) {
		report_add(
			l->rep, path, 0, 0, RULE_REJECTED, "expected a readable rule file, found: %s", strerror(-rc));
		return rc;
	}
	const char *file = arena_strdup(&l->rs->arena, path);
	while ((text = rule_source_next(&src, &too_long, &binary))) {
		if (too_long || binary) {
			reject(l, &src, path, 0,
				binary ? "expected text, found a zero byte" : "expected a rule of at most 65536 bytes");
			continue;
		}
		l->ps.rs = l->rs;
		struct rule *r = rule_parse(&l->ps, text, file, src.line);
		if (!r && !l->ps.ignore)
			reject(l, &src, path, l->ps.rule ? l->ps.rule->info.sid : 0, l->ps.problem);
		if (!r || !keep(l, &src, path, r))
			rule_forget(&l->ps);
	}
	rule_source_close(&src);
	return 0;
}

int ruleset_read(struct ruleset *rs, const struct ruleset_config *cfg, struct report *rep)
{
	struct loading l = {.rs = rs, .rep = rep};
	int rc = 0;
	for (size_t i = 0; !rc && i < cfg->file_count; i++)
		rc = load_file(&l, cfg->files[i]);
	free(l.sids.slots);
	return rc;
}
