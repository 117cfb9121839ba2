// pcre: a regular expression on a buffer. Captures may set packet and flow variables.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "detectors/signature/rule_parse.h"

struct pcre_text {
	char *regex, *flags, *vars; // vars: ", flow:a, pkt:b" behind the flags
};

// Flags that name a buffer of HTTP rather than change the match.
static const struct {
	char flag;
	const char *buffer;
} buffer_flags[] = {{'U', "http.uri"}, {'I', "http.uri.raw"}, {'H', "http.header"}, {'D', "http.header.raw"},
	{'M', "http.method"}, {'C', "http.cookie"}, {'P', "http.request_body"}, {'Q', "http.response_body"},
	{'Y', "http.stat_msg"}, {'S', "http.stat_code"}, {'V', "http.user_agent"}, {'W', "http.host"},
	{'Z', "http.host.raw"}};

static int split(struct rule_parser *ps, char *text, struct pcre_text *out)
{
	char *open = text;
	if (*open != '/')
		return parse_fail(ps, "expected /regex/flags, found \"%.60s\"", text);
	char *close = strrchr(open + 1, '/');
	if (!close)
		return parse_fail(ps, "expected a regular expression between slashes, found \"%.60s\"", text);
	*close = 0;
	out->regex = open + 1;
	out->flags = close + 1;
	out->vars = strchr(out->flags, ',');
	if (out->vars)
		*out->vars++ = 0;
	out->flags = lex_trim(out->flags);
	return 0;
}

static int read_flags(struct rule_parser *ps, const char *flags, uint32_t *options, bool *relative, const char **buffer)
{
	*options = 0;
	for (; *flags; flags++) {
		bool found = true;
		switch (*flags) {
		case 'i':
			*options |= PCRE2_CASELESS;
			break;
		case 'm':
			*options |= PCRE2_MULTILINE;
			break;
		case 's':
			*options |= PCRE2_DOTALL;
			break;
		case 'x':
			*options |= PCRE2_EXTENDED;
			break;
		case 'A':
			*options |= PCRE2_ANCHORED;
			break;
		case 'E':
			*options |= PCRE2_DOLLAR_ENDONLY;
			break;
		case 'G':
			*options |= PCRE2_UNGREEDY;
			break;
		case 'R':
			*relative = true;
			break;
		case 'B':
		case 'O':
			break;
		default:
			found = false;
		}
		for (size_t i = 0; !found && i < sizeof(buffer_flags) / sizeof(*buffer_flags); i++)
			if (buffer_flags[i].flag == *flags && !*buffer) {
				*buffer = buffer_flags[i].buffer;
				found = true;
			}
		if (!found)
			return parse_fail(
				ps, "expected flags of ismxAEGRBO and one of UIHDMCPQYSVWZ, found '%c'", *flags);
	}
	return 0;
}

static int add_capture(struct rule_parser *ps, struct pcre *p, uint32_t group, const char *scope, const char *name)
{
	struct capture *c = &p->captures[p->n_captures];
	if (p->n_captures == sizeof(p->captures) / sizeof(p->captures[0]))
		return parse_fail(ps, "expected at most 8 captured variables");
	c->group = (uint8_t)group;
	c->scope = !strcmp(scope, "pkt") ? 0 : !strcmp(scope, "flow") ? 1 : 2;
	c->var = (uint16_t)name_intern(&ps->rs->arena, &ps->rs->flowvars, name);
	p->n_captures++;
	return 0;
}

// Named groups flow_x, pkt_x and alert_x are variables; so is each "scope:name" behind the flags.
static int read_captures(struct rule_parser *ps, struct pcre *p, char *vars)
{
	uint32_t count = 0, entry = 0;
	PCRE2_SPTR table = NULL;
	pcre2_pattern_info(p->code, PCRE2_INFO_NAMECOUNT, &count);
	pcre2_pattern_info(p->code, PCRE2_INFO_NAMEENTRYSIZE, &entry);
	pcre2_pattern_info(p->code, PCRE2_INFO_NAMETABLE, &table);
	for (uint32_t i = 0; i < count; i++, table += entry) {
		char name[128];
		snprintf(name, sizeof(name), "%s", (const char *)table + 2);
		char *sep = strchr(name, '_');
		if (!sep)
			continue;
		*sep = 0;
		if (strcmp(name, "flow") && strcmp(name, "pkt") && strcmp(name, "alert"))
			continue;
		if (add_capture(ps, p, (uint32_t)table[0] << 8 | table[1], name, sep + 1))
			return -EINVAL;
	}
	char *field;
	pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &count);
	for (uint32_t group = 1; (field = lex_field(&vars, ',')); group++) {
		bool known = !strncmp(field, "pkt:", 4) || !strncmp(field, "flow:", 5);
		char *colon = strchr(field, ':');
		if (!known || !colon[1] || group > count)
			return parse_fail(ps, "expected pkt:name or flow:name for each of %u groups, found \"%.40s\"",
				count, field);
		*colon = 0;
		if (add_capture(ps, p, group, field, colon + 1))
			return -EINVAL;
	}
	return 0;
}

static int compile(struct rule_parser *ps, struct pcre *p, uint32_t options)
{
	int err;
	PCRE2_SIZE at;
	p->code = pcre_get(&ps->rs->pcres, p->text, options, &err, &at);
	if (!p->code) {
		PCRE2_UCHAR why[128];
		pcre2_get_error_message(err, why, sizeof(why));
		return parse_fail(
			ps, "expected a valid regular expression, found %s at byte %zu", (char *)why, (size_t)at);
	}
	return 0;
}

static int parse_pcre(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct pcre_text t = {0};
	uint32_t options;
	bool relative = false, negated = *arg == '!';
	const char *buffer = NULL;
	char *text = lex_trim(arg + negated);
	if (*text == '"' && !lex_unquote(&text))
		return parse_fail_quotes(ps, "\"/regex/flags\"", text);
	if (split(ps, text, &t) || read_flags(ps, t.flags, &options, &relative, &buffer))
		return -EINVAL;
	if (relative && !ps->last_content && !ps->has_pcre && !ps->in_base64)
		return parse_fail(ps, "expected a content or pcre before /R");
	struct step *s = buffer ? step_add_to(ps, buffer_app(ps, buffer), STEP_PCRE) : step_add(ps, STEP_PCRE);
	if (!s)
		return -ENOMEM;
	ps->has_pcre = true;
	s->negated = negated;
	s->relative = relative;
	s->pcre.text = rule_strdup(ps, t.regex);
	int rc = s->pcre.text ? compile(ps, &s->pcre, options) : -ENOMEM;
	return rc ? rc : read_captures(ps, &s->pcre, t.vars);
}

const struct keyword kw_pcre_table[] = {
	{"pcre", NULL, ARG_REQUIRED, parse_pcre, 0, "[!]\"/regex/flags[, pkt:name | flow:name]\"",
		"pcre:\"/id=(?P<flow_id>[0-9]+)/Ri\";",
		"A PCRE2 regular expression; R: from the end of the match before. Groups named flow_x and pkt_x set "
		"variables.",
		"same; a match that exceeds the limits counts as none"},
	{0},
};
