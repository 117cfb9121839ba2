// Keywords on EtherNet/IP and on the CIP services that its requests call; what they ask is found by
// dataplane/parsers/enip.c. Next: kw_tls_cert.c.
#include <errno.h>
#include <string.h>

#include "detectors/signature/match_runtime.h"
#include "detectors/signature/rule_parse.h"

#define ANY UINT32_MAX
#define SYNTAX_SERVICE "n[,class[,attribute]]"

struct cip_args {
	uint32_t service, named[2]; // class, attribute; ANY: not asked
};

// The buffer is a service's number, then three bytes for each class (1) and attribute (2) it names.
static bool service_is(const struct match_ctx *m, const void *args)
{
	const struct cip_args *a = args;
	bool has[2] = {a->named[0] == ANY, a->named[1] == ANY};
	if (!m->len || m->buf[0] != a->service)
		return false;
	for (uint32_t i = 1; i + 3 <= m->len; i += 3) {
		uint32_t kind = (m->buf[i] - 1u) & 1;
		has[kind] |= a->named[kind] == ((uint32_t)m->buf[i + 1] << 8 | m->buf[i + 2]);
	}
	return has[0] && has[1];
}

static int parse_cip(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct cip_args *a = rule_alloc(ps, sizeof(*a));
	char *class, *attribute;
	if (!a)
		return -ENOMEM;
	*a = (struct cip_args){.named = {ANY, ANY}};
	if ((class = strchr(arg, ',')))
		*class ++ = 0;
	if ((attribute = class ? strchr(class, ',') : NULL))
		*attribute++ = 0;
	if (!lex_u32(arg, 0, 127, &a->service) || (class && !lex_u32(class, 0, 65535, &a->named[0])) ||
		(attribute && !lex_u32(attribute, 0, 65535, &a->named[1])))
		return parse_fail(ps, "expected %s", kw->syntax);
	struct step *s = step_add_to(ps, buffer_app_new(ps, kw->name), STEP_CHECK);
	if (!s)
		return -ENOMEM;
	ps->rule->flags |= RULE_F_TX;
	s->check = (struct check_args){service_is, a};
	return 0;
}

static int parse_command(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	uint32_t n;
	if (!lex_u32(arg, 0, 65535, &n))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	struct step *s = step_add_to(ps, buffer_app_new(ps, kw->name), STEP_NUMBER);
	if (!s)
		return -ENOMEM;
	ps->rule->flags |= RULE_F_TX;
	s->range = (struct range){.op = RANGE_EQ, .lo = n};
	return 0;
}

const struct keyword kw_enip_table[] = {
	{"cip_service", NULL, ARG_REQUIRED, parse_cip, 0, SYNTAX_SERVICE, "cip_service:14,4,3;",
		"A service that a CIP request calls, with a class and an attribute it names.",
		"same; class and attribute are looked at whatever the service (in Suricata only some)"},
	{"enip_command", NULL, ARG_REQUIRED, parse_command, 0, "n", "enip_command:99;",
		"The command of an EtherNet/IP message.", "same"},
	{0},
};
