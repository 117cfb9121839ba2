// Keywords that say what a rule is: identity, class, references; and those that steer the engine.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "detectors/signature/rule_parse.h"

static int parse_msg(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	if (!lex_unquote(&arg) || !*arg)
		return parse_fail_quotes(ps, "a text", arg);
	if (ps->has_msg)
		return parse_fail(ps, "expected msg once a rule");
	ps->has_msg = true;
	char *out = arg + strcspn(arg, "\\");
	for (char *in = out; *in; in++) {
		if (*in == '\\' && in[1] && strchr(";\":\\", in[1]))
			in++;
		*out++ = *in;
	}
	*out = 0;
	ps->rule->info.signature = rule_strdup(ps, arg);
	return 0;
}

static int parse_id(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	uint32_t *fields[] = {&ps->rule->info.sid, &ps->rule->info.rev, &ps->rule->info.gid};
	if (!lex_u32(arg, kw->data != 2, UINT32_MAX, fields[kw->data]))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	if ((kw->data == 0 && ps->has_sid) || (kw->data == 1 && ps->has_rev))
		return parse_fail(ps, "expected %s once a rule", kw->name);
	ps->has_sid |= kw->data == 0;
	ps->has_rev |= kw->data == 1;
	return 0;
}

static int parse_priority(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	uint32_t v;
	if (!lex_u32(arg, 0, 255, &v))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	ps->rule->info.severity = (uint8_t)v;
	ps->has_priority = true;
	return 0;
}

#define CLASS_NAME "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

static int parse_classtype(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	for (const struct class_info *c = ps->rs->classes; c; c = c->next) {
		if (lex_same(c->name, arg)) {
			ps->rule->info.category = c->text;
			if (!ps->has_priority)
				ps->rule->info.severity = c->priority;
			return 0;
		}
	}
	if (arg[strspn(arg, CLASS_NAME)])
		return parse_fail(ps, "expected a name of letters, digits, '-' and '_', found \"%.40s\"", arg);
	ps->rs->unknown_classes++; // as in Suricata: the rule stays, with the default priority
	return 0;
}

static int push(struct rule_parser *ps, const char ***list, size_t n, const char *text)
{
	const char **more = rule_alloc(ps, (n + 3) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	if (n)
		memcpy(more, *list, n * sizeof(*more));
	more[n] = text;
	*list = more;
	return 0;
}

static size_t list_length(const char *const *list)
{
	size_t n = 0;
	while (list && list[n])
		n++;
	return n;
}

#define REFERENCE_MAX 1023u // bytes that are kept

static const char *reference(struct rule_parser *ps, const char *type, const char *id)
{
	size_t n = strnlen(type, REFERENCE_MAX - 1), m = strnlen(id, REFERENCE_MAX - 1 - n);
	char *text = rule_alloc(ps, n + 1 + m + 1);
	if (!text)
		return NULL;
	memcpy(text, type, n);
	text[n] = ',';
	memcpy(text + n + 1, id, m);
	return text;
}

static int parse_reference(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	char *rest = arg, *type = lex_field(&rest, ',');
	const char **list = (const char **)(uintptr_t)ps->rule->info.references;
	if (!*type || !rest || !*lex_trim(rest))
		return parse_fail(ps, "expected type,id, found \"%.60s\"", arg);
	for (const struct ref_info *r = ps->rs->refs; r; r = r->next) {
		if (!lex_same(r->name, type))
			continue;
		const char *copy = reference(ps, type, lex_trim(rest));
		int rc = copy ? push(ps, &list, list_length(list), copy) : -ENOMEM;
		ps->rule->info.references = list;
		return rc;
	}
	ps->rs->unknown_references++; // as in Suricata: the rule stays without it
	return 0;
}

static int parse_metadata(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	const char **list = (const char **)(uintptr_t)ps->rule->info.metadata;
	size_t n = list_length(list), fields = 1;
	for (const char *c = strchr(arg, ','); c; c = strchr(c + 1, ','))
		fields++;
	const char **more = rule_alloc(ps, (n + 2 * fields + 1) * sizeof(*more));
	char *rest = rule_strdup(ps, arg), *pair; // keys and values stay where they are in it
	if (!more || !rest)
		return -ENOMEM;
	if (n)
		memcpy(more, list, n * sizeof(*more));
	while ((pair = lex_field(&rest, ','))) {
		char *space = pair + strcspn(pair, " \t");
		if (!*space)
			continue;
		*space = 0;
		more[n++] = pair;
		more[n++] = lex_trim(space + 1);
	}
	ps->rule->info.metadata = more;
	return 0;
}

static int parse_noalert(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	ps->rule->flags |= RULE_F_NOALERT;
	return 0;
}

// Takes back a noalert before it.
static int parse_alert(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	ps->rule->flags &= ~RULE_F_NOALERT;
	return 0;
}

static int parse_target(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	uint8_t target = !strcmp(arg, "src_ip") ? 1 : !strcmp(arg, "dest_ip") ? 2 : 0;
	if (!target || (ps->rule->target && ps->rule->target != target))
		return parse_fail(ps, "expected src_ip or dest_ip, one of them, found \"%.40s\"", arg);
	ps->rule->target = target;
	return 0;
}

static int parse_prefilter(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	if (!ps->last && !ps->last_test)
		return parse_fail(ps, "expected a keyword before it");
	return ps->last && ps->last->kind == STEP_CONTENT ? content_set_fast(ps, ps->last) : 0;
}

static int parse_accepted(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	return 0;
}

static int parse_mark(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	char *mask = arg, *mark = lex_field(&mask, '/');
	uint32_t v;
	if (!lex_u32(mark, 0, UINT32_MAX, &v) || !mask || !lex_u32(lex_trim(mask), 0, UINT32_MAX, &v))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	return 0;
}

// "7", "7.0", "7.0.10" as one number; -1 when it is none.
static int64_t version_number(const char *s)
{
	unsigned v[3] = {0, 0, 0};
	int used = 0;
	if (sscanf(s, "%u%n.%u%n.%u%n", &v[0], &used, &v[1], &used, &v[2], &used) < 1)
		return -1;
	return s[used] && s[used] != '-' ? -1 : (int64_t)v[0] * 1000000 + v[1] * 1000 + v[2];
}

#define OUR_VERSION 7000010 // the language is Suricata 7.0.10's

static int version_holds(struct rule_parser *ps, char *text, bool *holds)
{
	static const char *const ops[] = {"<=", ">=", "<", ">"};
	text = lex_trim(text);
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		size_t n = strlen(ops[i]);
		if (strncmp(text, ops[i], n))
			continue;
		int64_t v = version_number(lex_trim(text + n));
		if (v < 0)
			break;
		*holds = i == 0   ? OUR_VERSION <= v
			 : i == 1 ? OUR_VERSION >= v
			 : i == 2 ? OUR_VERSION < v
				  : OUR_VERSION > v;
		return 0;
	}
	return parse_fail(ps, "expected an operator and a version, found \"%.40s\"", text);
}

// "version >= 7.0.3 < 8 | >= 8.0.1": alternatives of conjunctions.
static int version_list(struct rule_parser *ps, char *text, bool *holds)
{
	char *rest = text, *alternative;
	*holds = false;
	while ((alternative = lex_field(&rest, '|'))) {
		bool all = true;
		if (!*alternative)
			return parse_fail(ps, "expected an operator and a version, as in version >= 7.0.4");
		while (*alternative) {
			size_t op = strspn(alternative, "<>="), sp = strspn(alternative + op, " \t");
			size_t n = op + sp + strcspn(alternative + op + sp, "<>= \t");
			char part[64];
			bool one = false;
			snprintf(part, sizeof(part), "%.*s", (int)n, alternative);
			if (version_holds(ps, part, &one))
				return -EINVAL;
			all &= one;
			alternative = lex_trim(alternative + n);
		}
		*holds |= all;
	}
	return 0;
}

static int parse_requires(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	char *rest = arg, *one;
	while ((one = lex_field(&rest, ','))) {
		char *value = lex_value(one);
		bool holds = true;
		if (!strcmp(one, "version")) {
			if (version_list(ps, value, &holds))
				return -EINVAL;
		} else if (!strcmp(one, "feature")) {
			holds = !strncmp(value, "output::", 8) || !strcmp(value, "geoip");
		} else if (!strcmp(one, "keyword")) {
			holds = keyword_find(value) != NULL;
		} else {
			holds = false; // a requirement nobody knows is not met
		}
		ps->ignore |= !holds;
	}
	return 0;
}

const struct keyword kw_meta_table[] = {
	{"msg", NULL, ARG_REQUIRED, parse_msg, 0, "\"text\"", "msg:\"What happened\";", "What the alert says.", "same"},
	{"sid", NULL, ARG_REQUIRED, parse_id, 0, "1-4294967295", "sid:1000001;", "The rule's number.", "same"},
	{"rev", NULL, ARG_REQUIRED, parse_id, 1, "1-4294967295", "rev:2;", "The rule's revision.", "same"},
	{"gid", NULL, ARG_REQUIRED, parse_id, 2, "0-4294967295", "gid:1;", "The group of sids, 1 by default.", "same"},
	{"classtype", NULL, ARG_REQUIRED, parse_classtype, 0, "a class of classification.config",
		"classtype:trojan-activity;", "Gives category and priority.", "same"},
	{"priority", NULL, ARG_REQUIRED, parse_priority, 0, "0-255", "priority:1;", "Severity; overrides the class.",
		"same"},
	{"reference", NULL, ARG_REQUIRED, parse_reference, 0, "type,id", "reference:cve,2021-44228;",
		"Where to read more.", "same"},
	{"metadata", NULL, ARG_REQUIRED, parse_metadata, 0, "key value[, key value ...]",
		"metadata:created_at 2024_01_01;", "Copied into the alert.", "same"},
	{"target", NULL, ARG_REQUIRED, parse_target, 0, "src_ip|dest_ip", "target:dest_ip;", "Which side is attacked.",
		"same"},
	{"noalert", NULL, ARG_NONE, parse_noalert, 0, "", "noalert;", "Matches in silence.", "same"},
	{"alert", NULL, ARG_NONE, parse_alert, 0, "", "alert;",
		"Alerts, as the action says: takes back a noalert before it.", "same"},
	{"prefilter", NULL, ARG_NONE, parse_prefilter, 0, "", "dsize:10; prefilter;", "A hint for speed.",
		"same; never changes what a rule matches"},
	{"requires", NULL, ARG_REQUIRED, parse_requires, 0, "version op v | feature f | keyword k",
		"requires:version >= 7.0.4;", "A rule for other versions is left out in silence.",
		"same, as version 7.0.10; keyword as Suricata 8"},
	{"bypass", NULL, ARG_NONE, parse_accepted, 0, "", "bypass;", "Accepted; inspection goes on.",
		"as Suricata where no capture method bypasses"},
	{"nfq_set_mark", NULL, ARG_REQUIRED, parse_mark, 0, "mark/mask", "nfq_set_mark:0x1/0x1;",
		"Accepted, no effect.", "as Suricata outside NFQ"},
	{0},
};
