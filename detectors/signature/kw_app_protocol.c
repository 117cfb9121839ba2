// app-layer-protocol: what a flow was found to speak, whatever its port.
#include <errno.h>
#include <string.h>

#include "detectors/signature/app_names.h"
#include "detectors/signature/rule_parse.h"
#include "detectors/signature/worker_internal.h"

struct app_args {
	uint64_t set; // bit enum app_proto
	bool negated;
};

// What this direction was found to speak, by bytes before. In Suricata a rule that asks for nothing else is asked
// of the first packet of a direction behind that.
static bool match_app_protocol(const struct match_ctx *m, const void *args)
{
	const struct app_args *a = args;
	if (!m->cold)
		return false;
	uint16_t proto = m->cold->app_proto == APP_FAILED ? APP_FAILED : m->cold->app_dir[m->p->dir];
	if (proto == APP_UNKNOWN || !(proto == APP_FAILED || in_stream(m) || app_is_told(m->cold, m->p->dir, m->p)))
		return false;
	if ((a->set >> proto & 1) == a->negated)
		return false;
	return !(m->rule->flags & RULE_F_DETECTION) || first_after_detection(m);
}

static int parse_app_protocol(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct app_args *a = rule_alloc(ps, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->negated = *arg == '!';
	arg = lex_trim(arg + a->negated);
	a->set = !strcmp(arg, "failed") ? UINT64_C(1) << APP_FAILED : app_name_set(arg);
	if (!a->set)
		return parse_fail(ps, "expected a protocol or failed, found \"%.40s\"", arg);
	for (const struct packet_test *t = ps->rule->tests; t; t = t->next)
		if (!strcmp(t->name, kw->name) && !(a->negated && ((const struct app_args *)t->args)->negated))
			return parse_fail(ps, "expected one protocol, or several that are all negated");
	if (!(a->set & (ps->rs->detected | UINT64_C(1) << APP_FAILED)))
		rule_wait_for(ps, kw->name);
	return test_add(ps, match_app_protocol, a);
}

const struct keyword kw_app_protocol_table[] = {
	{"app-layer-protocol", NULL, ARG_REQUIRED, parse_app_protocol, 0, "[!]protocol | [!]failed",
		"app-layer-protocol:!http;", "What this direction of the flow was found to speak.",
		"same; a rule that asks nothing else is asked once a direction, when that is known"},
	{0},
};
