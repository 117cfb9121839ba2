// Loads a rule set from start to end. Next: rule_parse.c.
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <rte_common.h>

#include "dataplane/api/clock.h"
#include "detectors/signature/app_names.h"
#include "detectors/signature/dataset.h"
#include "detectors/signature/reputation.h"
#include "detectors/signature/ruleset_load.h"

void report_add(struct report *r, const char *file, uint32_t line, uint32_t sid, enum rule_verdict verdict,
	const char *fmt, ...)
{
	char text[320];
	va_list ap;
	if (!r->out)
		return;
	if (r->out->problem_count == RULE_PROBLEMS_MAX) {
		r->out->unlisted++;
		return;
	}
	if (r->out->problem_count == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 64;
		struct rule_problem *more = realloc(r->out->problems, cap * sizeof(*more));
		if (!more)
			return;
		r->out->problems = more;
		r->cap = cap;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->out->problems[r->out->problem_count++] =
		(struct rule_problem){strdup(file), strdup(text), line, sid, verdict};
}

void rule_report_free(struct rule_report *report)
{
	for (size_t i = 0; i < report->problem_count; i++) {
		free(report->problems[i].file);
		free(report->problems[i].text);
	}
	free(report->problems);
	free(report->keywords);
	memset(report, 0, sizeof(*report));
}

void ruleset_count_keyword(struct ruleset *rs, const struct keyword *kw)
{
	struct keyword_use *u = &rs->keyword_uses[keyword_slot(kw)];
	u->rules += u->last != rs->n_tried;
	u->last = rs->n_tried;
}

int ruleset_own_pcre(struct ruleset *rs, struct pcre2_real_code_8 *code)
{
	if (rs->n_pcres == rs->cap_pcres) {
		uint32_t cap = rs->cap_pcres ? rs->cap_pcres * 2 : 256;
		struct pcre2_real_code_8 **more = realloc(rs->pcres, cap * sizeof(*more));
		if (!more) {
			pcre2_code_free(code);
			return -ENOMEM;
		}
		rs->pcres = more;
		rs->cap_pcres = cap;
	}
	rs->pcres[rs->n_pcres++] = code;
	return 0;
}

// gid and sid together name a rule: a newer revision takes the place of an older one.
struct sid_index {
	struct rule **slots;
	uint32_t cap, n;
};

static struct rule **sid_slot(struct sid_index *x, const struct rule *r)
{
	uint64_t key = (uint64_t)r->info.gid << 32 | r->info.sid;
	uint32_t at = (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 32) & (x->cap - 1);
	while (x->slots[at] && (x->slots[at]->info.sid != r->info.sid || x->slots[at]->info.gid != r->info.gid))
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
		if (x->slots[i])
			*sid_slot(&more, x->slots[i]) = x->slots[i];
	free(x->slots);
	*x = more;
	return true;
}

struct loading {
	struct ruleset *rs;
	struct report *rep;
	struct sid_index sids;
	struct rule_parser ps;
	struct rule_report *out; // never NULL
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
	l->out->rejected++;
	report_add(l->rep, file, src->line, sid, RULE_REJECTED, "%s", why);
}

// Keeps a parsed rule, unless its sid is taken by one as new. Returns whether it is kept.
static bool keep(struct loading *l, const struct rule_source *src, const char *file, struct rule *r)
{
	char why[128];
	if (!sid_grow(&l->sids))
		return reject(l, src, file, r->info.sid, "out of memory"), false;
	struct rule **slot = sid_slot(&l->sids, r);
	struct rule *old = *slot;
	if (old && old->info.rev >= r->info.rev) {
		snprintf(why, sizeof(why), "expected a sid of its own, found %u also in line %u", r->info.sid,
			old->line);
		return reject(l, src, file, r->info.sid, why), false;
	}
	if (old) {
		old->replaced = true;
		if (old->waiting)
			l->out->waiting--;
		else
			l->out->loaded--;
	}
	l->sids.n += !old;
	*slot = r;
	append(l->rs, r);
	if (r->waiting) {
		l->out->waiting++;
		report_add(l->rep, file, src->line, r->info.sid, RULE_WAITING, "waiting for a parser: %s", r->waiting);
	} else {
		l->out->loaded++;
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

static struct ruleset *ruleset_new(const struct ruleset_config *cfg)
{
	struct ruleset *rs = calloc(1, sizeof(*rs));
	if (!rs)
		return NULL;
	static atomic_uint serial;
	rs->cfg = cfg;
	rs->serial = atomic_fetch_add(&serial, 1) + 1;
	rs->parsers = cfg->parsers ? cfg->parsers : parser_table;
	rs->detected = parsers_detect(rs->parsers);
	rs->alert_max = cfg->alert_max ? cfg->alert_max : 15;
	rs->match_limit = cfg->match_limit ? cfg->match_limit : 3500;
	rs->depth_limit = cfg->match_limit_recursion ? cfg->match_limit_recursion : 1500;
	rs->flow_state_max = cfg->flow_state_max ? cfg->flow_state_max : 262144;
	rs->host_state_max = cfg->host_state_max ? cfg->host_state_max : 131072;
	rs->flow_var_max = cfg->flow_var_max ? cfg->flow_var_max : 4096;
	rs->count_cycles = cfg->count_cycles;
	rs->keyword_uses = calloc(keyword_count(), sizeof(*rs->keyword_uses));
	rs->offers = calloc(keyword_count(), sizeof(*rs->offers));
	if (rs->offers)
		parsers_offer(rs->parsers, rs->offers);
	return rs;
}

// What flows and hosts remember is known by the numbers of these names, so they are the same in the next set.
static int inherit_names(struct ruleset *rs, const struct ruleset *from)
{
	int rc = from ? name_table_copy(&rs->arena, &rs->flowbits, &from->flowbits) : 0;
	if (from && !rc)
		rc = name_table_copy(&rs->arena, &rs->flowvars, &from->flowvars);
	return from && !rc ? name_table_copy(&rs->arena, &rs->hostbits, &from->hostbits) : rc;
}

static int by_name(const void *a, const void *b)
{
	const struct rule_keyword_count *x = a, *y = b;
	return x->protocol != y->protocol ? y->protocol - x->protocol : strcmp(x->keyword, y->keyword);
}

// A keyword a rule waits for ("http.uri", "decode-event:name"), or the one in front of a problem's text ("pcre:
// expected ...").
static struct rule_keyword_count *count_of(struct rule_keyword_count *all, const char *text, size_t n)
{
	char name[64];
	snprintf(name, sizeof(name), "%.*s", (int)(n < sizeof(name) ? n : sizeof(name) - 1), text);
	const struct keyword *kw = keyword_find(name);
	return kw ? &all[keyword_slot(kw)] : NULL;
}

static void report_keywords(const struct ruleset *rs, struct rule_report *out)
{
	struct rule_keyword_count *all = calloc(keyword_count() + app_name_count(), sizeof(*all)), *k;
	struct rule_keyword_count *protos = all + keyword_count();
	if (!all)
		return;
	for (const struct rule *r = rs->first; r; r = r->next)
		for (const struct rule_wait *w = r->replaced ? NULL : r->waits; w; w = w->next)
			if (w->protocol)
				protos[app_name_slot(w->what)].waiting++;
			else if ((k = count_of(all, w->what, strcspn(w->what, ":"))))
				k->waiting++;
	for (size_t i = 0; i < out->problem_count; i++) {
		const char *text = out->problems[i].text;
		if (out->problems[i].verdict == RULE_REJECTED && (k = count_of(all, text, strcspn(text, ":"))))
			k->rejected++;
	}
	for (size_t i = 0; i < keyword_count(); i++) {
		all[i].keyword = keyword_at(i)->name;
		// a pcre with /U uses http.uri without naming it
		all[i].rules = RTE_MAX(rs->keyword_uses[i].rules, all[i].waiting);
		if (all[i].rules)
			all[out->keyword_count++] = all[i];
	}
	for (size_t i = 0; i < app_name_count(); i++) {
		protos[i].keyword = app_name_at(i);
		protos[i].rules = protos[i].waiting;
		protos[i].protocol = true;
		if (protos[i].rules)
			all[out->keyword_count++] = protos[i];
	}
	out->keywords = all;
	qsort(all, out->keyword_count, sizeof(*all), by_name);
}

// Expressions of rules that run are compiled to machine code; the others were only checked.
static void pcre_jit(struct ruleset *rs)
{
	for (uint32_t i = 0; i < rs->n_rules; i++)
		for (struct buffer_test *b = rs->rules[i]->buffers; b; b = b->next)
			for (struct step *s = b->steps; s; s = s->next)
				if (s->kind == STEP_PCRE)
					pcre2_jit_compile(s->pcre.code, PCRE2_JIT_COMPLETE);
}

struct ruleset *ruleset_load(const struct ruleset_config *cfg, struct rule_report *report)
{
	struct rule_report local;
	struct loading l = {.out = report ? report : &local};
	struct report rep = {.out = report};
	uint64_t start = clock_now_ns(CLOCK_MONOTONIC);
	memset(l.out, 0, sizeof(*l.out));
	struct ruleset *rs = ruleset_new(cfg);
	int rc = rs && rs->keyword_uses && rs->offers ? 0 : -ENOMEM;
	l.rs = rs;
	l.rep = &rep;
	if (!rc)
		rc = inherit_names(rs, cfg->previous);
	if (!rc)
		rc = ruleset_set_vars(rs, cfg);
	if (!rc)
		rc = ruleset_set_classes(rs, cfg, &rep);
	if (!rc)
		rc = reputation_load(rs, cfg, &rep);
	if (!rc)
		rc = geoip_open(rs, cfg, &rep);
	for (size_t i = 0; !rc && i < cfg->file_count; i++)
		rc = load_file(&l, cfg->files[i]);
	free(l.sids.slots);
	if (!rc)
		rc = ruleset_thresholds(rs, cfg, &rep);
	if (!rc)
		rc = ruleset_order(rs);
	if (!rc) {
		pcre_jit(rs);
		rc = ruleset_group(rs, cfg, &rep);
	}
	if (rs && report)
		report_keywords(rs, report);
	l.out->total_ns = clock_now_ns(CLOCK_MONOTONIC) - start;
	if (rc) {
		ruleset_free(rs);
		errno = -rc;
		return NULL;
	}
	rs->cfg = NULL;
	return rs;
}

static void cache_free(struct set_cache *c, bool addresses)
{
	for (uint32_t i = 0; addresses && i < c->cap; i++)
		addr_set_free((struct addr_set *)(uintptr_t)c->slots[i].set);
	free(c->slots);
}

void ruleset_free(struct ruleset *rs)
{
	if (!rs)
		return;
	ruleset_group_free(rs);
	datasets_close(rs);
	geoip_close(rs);
	for (uint32_t i = 0; i < rs->n_pcres; i++)
		pcre2_code_free(rs->pcres[i]);
	free(rs->pcres);
	for (struct owned_set *o = rs->owned_sets; o; o = o->next)
		addr_set_free(o->set);
	cache_free(&rs->addr_sets, true);
	cache_free(&rs->port_sets, false);
	name_table_free(&rs->flowbits);
	name_table_free(&rs->flowvars);
	name_table_free(&rs->hostbits);
	name_table_free(&rs->apps);
	free(rs->rules);
	free(rs->keyword_uses);
	free(rs->offers);
	arena_free(&rs->arena);
	free(rs);
}

uint32_t ruleset_rule_count(const struct ruleset *rs)
{
	return rs->n_rules;
}
