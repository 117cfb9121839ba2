// Keywords on the times of the server's certificate. The parser offers both as seconds since 1970; what Suricata 7.0.10
// takes for a time, and which bounds it counts in, was seen in runs. Next: app_names.h.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "detectors/signature/match_runtime.h"
#include "detectors/signature/rule_parse.h"

#define NS_PER_S 1000000000ull

static bool add_range(struct rule_parser *ps, const char *field, const struct range *r)
{
	struct step *s = step_add_to(ps, buffer_app_new(ps, field), STEP_NUMBER);
	ps->rule->flags |= RULE_F_TX;
	if (s)
		s->range = *r;
	return s != NULL;
}

// Digits alone are seconds since 1970, anything longer a time of UTC: a year alone is a number like any other.
static bool read_time(const char *text, uint64_t *out)
{
	static const char *const forms[] = {"%Y-%m", "%Y-%m-%d", "%Y-%m-%d %H", "%Y-%m-%dT%H", "%Y-%m-%d %H:%M",
		"%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"};
	if (*text && strspn(text, "0123456789") == strlen(text)) {
		errno = 0;
		*out = strtoull(text, NULL, 10);
		return errno == 0;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct tm tm = {.tm_mday = 1};
		const char *end = strptime(text, forms[i], &tm);
		if (!end || *end)
			continue;
		time_t at = timegm(&tm);
		*out = at < 0 ? 0 : (uint64_t)at;
		return true;
	}
	return false;
}

// "t", "<t", ">t", "t<>t": every bound is counted in.
static bool read_times(char *arg, struct range *r)
{
	char *second = strstr(arg, "<>");
	*r = (struct range){.op = RANGE_IN, .hi = UINT64_MAX};
	if (second) {
		*second = '\0';
		return read_time(lex_trim(arg), &r->lo) && read_time(lex_trim(second + 2), &r->hi) && r->lo <= r->hi;
	}
	if (*arg == '<' || *arg == '>')
		return read_time(lex_trim(arg + 1), *arg == '<' ? &r->hi : &r->lo);
	r->op = RANGE_EQ;
	return read_time(lex_trim(arg), &r->lo);
}

static int parse_times(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct range r;
	if (!read_times(lex_trim(arg), &r))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	return add_range(ps, kw->name, &r) ? 0 : -ENOMEM;
}

static bool is_over(const struct match_ctx *m, const void *args)
{
	return m->number < m->p->ts_ns / NS_PER_S;
}

// tls_cert_expired, and tls_cert_valid, which asks for no more than the contrary. kw->data: 1 for it.
static int parse_validity(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct step *s = step_add_to(ps, buffer_app_new(ps, "tls_cert_notafter"), STEP_CHECK);
	ps->rule->flags |= RULE_F_TX;
	if (!s)
		return -ENOMEM;
	s->check = (struct check_args){is_over, NULL};
	s->negated = kw->data;
	return 0;
}

#define TIMES "t | <t | >t | t<>t, t as yyyy-mm[-dd[ hh[:mm[:ss]]]] or seconds since 1970"
#define SAME "same"

const struct keyword kw_tls_cert_table[] = {
	{"tls_cert_notbefore", NULL, ARG_REQUIRED, parse_times, 0, TIMES, "tls_cert_notbefore:<2015-10-22;",
		"From when on the server's certificate holds, in UTC; bounds are counted in.", SAME},
	{"tls_cert_notafter", NULL, ARG_REQUIRED, parse_times, 0, TIMES, "tls_cert_notafter:2015-10<>2016-10;",
		"Until when the server's certificate holds, in UTC; bounds are counted in.", SAME},
	{"tls_cert_expired", NULL, ARG_NONE, parse_validity, 0, "", "tls_cert_expired;",
		"The server's certificate holds no more when the packet is sent.", SAME},
	{"tls_cert_valid", NULL, ARG_NONE, parse_validity, 1, "", "tls_cert_valid;",
		"The server's certificate has not expired when the packet is sent; it may begin later.", SAME},
	{0},
};
