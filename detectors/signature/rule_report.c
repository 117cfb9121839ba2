// What happened to each rule, and by keyword to how many. Next: rule_files.c.
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "detectors/signature/app_names.h"
#include "detectors/signature/ruleset_load.h"

void report_add(struct report *r, const char *file, uint32_t line, uint32_t sid, enum rule_verdict verdict,
	const char *fmt, ...)
{
	char text[320];
	va_list ap;
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
	for (char *c = text; *c; c++) // what a file holds must not reach a terminal as it is
		if (*c < ' ' || *c > '~')
			*c = '?';
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

void ruleset_count_keyword(struct ruleset *rs, size_t slot)
{
	struct keyword_use *u = &rs->keyword_uses[slot];
	u->rules += u->last != rs->n_tried;
	u->last = rs->n_tried;
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

void report_keywords(const struct ruleset *rs, struct rule_report *out)
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
