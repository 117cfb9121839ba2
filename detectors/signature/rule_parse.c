// One rule from its text: the header, then every option through its keyword row, then the checks
// that need the whole rule. Next: rule_header.c, keyword_table.c, rule_build.c, rule_finish.c.
#include "detectors/signature/rule_parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int parse_fail(struct rule_parser *ps, const char *fmt, ...)
{
	va_list ap;
	int n = ps->at ? snprintf(ps->problem, sizeof(ps->problem), "%s: ", ps->at) : 0;
	va_start(ap, fmt);
	vsnprintf(ps->problem + n, sizeof(ps->problem) - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int parse_fail_quotes(struct rule_parser *ps, const char *what, const char *text)
{
	const char *hint = *text != '"'            ? ""
			   : strchr(text + 1, '"') ? " (is a ; missing behind it?)"
						   : " (within it \" and ; are written \\\" and \\;)";
	return parse_fail(ps, "expected %s in double quotes, found %.60s%s", what, text, hint);
}

void rule_forget(struct rule_parser *ps)
{
	struct ruleset *rs = ps->rs;
	pcre_drop_from(&rs->pcres, ps->pcres_before);
	if (rs->arena.used_bytes - ps->before.used_bytes == ps->own_bytes)
		arena_rewind(&rs->arena, &ps->before);
	ps->rule = NULL;
}

// The end of an option: the first ';' that no backslash takes, that is with an even number of them in front.
static char *option_end(char *s)
{
	for (char *end = strchr(s, ';'); end; end = strchr(end + 1, ';')) {
		const char *b = end;
		while (b > s && b[-1] == '\\')
			b--;
		if ((end - b) % 2 == 0)
			return end;
	}
	return NULL;
}

static int parse_option(struct rule_parser *ps, char *text)
{
	char *colon = strchr(text, ':'), *arg = NULL;
	if (colon) {
		*colon = 0;
		arg = lex_trim(colon + 1);
	}
	char *name = lex_trim(text);
	int slot = keyword_index(name);
	const struct keyword *kw = slot < 0 ? NULL : keyword_at((size_t)slot);
	ps->at = NULL;
	if (!kw) {
		const char *near = keyword_nearest(name);
		return near ? parse_fail(ps, "expected a known keyword, found \"%.40s\" (did you mean %s?)", name, near)
			    : parse_fail(ps, "expected a known keyword, found \"%.40s\"", name);
	}
	ps->at = kw->name;
	ruleset_count_keyword(ps->rs, (size_t)slot);
	if (kw->arg == ARG_REQUIRED && (!arg || !*arg))
		return parse_fail(ps, "expected %s behind ':', found nothing", kw->syntax);
	if (kw->arg == ARG_NONE && arg && *arg)
		return parse_fail(ps, "expected no value, found \"%.40s\"", arg);
	return kw->parse(ps, kw, arg && *arg ? arg : NULL);
}

static int parse_options(struct rule_parser *ps, char *s)
{
	for (;;) {
		while (lex_space(*s))
			s++;
		if (*s == ')' && !*lex_trim(s + 1))
			return 0;
		if (!*s)
			return ps->at = NULL, parse_fail(ps, "expected ')' at the end of the rule");
		char *end = option_end(s);
		if (!end)
			return ps->at = NULL, parse_fail(ps, "expected ';' behind \"%.40s\"", s);
		*end = 0;
		int rc = parse_option(ps, s);
		if (rc || ps->ignore)
			return rc;
		s = end + 1;
	}
}

// A rule for another version may be in a language this one does not know: its `requires` is read first.
static int check_requires(struct rule_parser *ps, const char *text)
{
	char *copy = strstr(text, "requires") ? strdup(text) : NULL;
	char *s = copy ? strchr(copy, '(') : NULL, *end;
	int rc = 0;
	while (s && !rc && (end = option_end(++s))) {
		*end = 0;
		s = lex_trim(s);
		if (!strncmp(s, "requires", 8) && s[8 + strspn(s + 8, " \t")] == ':')
			rc = parse_option(ps, s);
		s = end;
	}
	free(copy);
	return rc;
}

struct rule *rule_parse(struct rule_parser *ps, char *text, const char *file, uint32_t line)
{
	struct ruleset *rs = ps->rs;
	memset(ps, 0, sizeof(*ps));
	ps->rs = rs;
	ps->before = arena_mark(&rs->arena);
	ps->pcres_before = rs->pcres.n;
	rs->n_tried++;
	ps->rule = rule_alloc(ps, sizeof(*ps->rule));
	if (!ps->rule)
		return NULL;
	ps->rule->file = file;
	ps->rule->line = line;
	ps->rule->info.gid = 1;
	ps->rule->info.severity = 3;
	ps->rule->info.category = "";
	ps->rule->info.signature = "";
	if (rs->cfg->keep_text)
		ps->rule->text = rule_strdup(ps, text);
	int rc = check_requires(ps, text);
	if (ps->ignore)
		return NULL;
	ps->at = NULL;
	if (!rc)
		rc = parse_header(ps, &text);
	if (!rc)
		rc = parse_options(ps, text);
	if (!rc && !ps->ignore) {
		ps->at = NULL;
		rc = rule_finish(ps);
	}
	return rc || ps->ignore ? NULL : ps->rule;
}
