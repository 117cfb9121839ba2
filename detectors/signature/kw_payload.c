// Keywords on the payload as a whole or on what stands at a place of it.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/match_runtime.h"
#include "detectors/signature/packet_fields.h"
#include "detectors/signature/rule_parse.h"

static int parse_isdataat(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	bool negated = *arg == '!', is_var, relative = false;
	char *rest = arg + negated, *at = lex_field(&rest, ','), *word;
	int64_t v;
	if (!number_or_var(ps, at, 0, 65535, &v, &is_var))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, at);
	while ((word = lex_field(&rest, ','))) {
		if (!strcmp(word, "relative"))
			relative = true;
		else if (strcmp(word, "rawbytes"))
			return parse_fail(ps, "expected relative or rawbytes, found \"%.40s\"", word);
	}
	// "isdataat:!1,relative" behind a content says that the content is the end.
	struct step *s = relative ? step_add_behind(ps, STEP_ISDATAAT) : step_add(ps, STEP_ISDATAAT);
	if (!s)
		return -EINVAL;
	s->negated = negated;
	s->relative = relative;
	s->isdataat.at = (int32_t)v;
	s->isdataat.var = is_var;
	return 0;
}

static int parse_bsize(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct range r;
	if (!ps->buffer && !ps->in_base64)
		return parse_fail(ps, "expected a sticky buffer before it");
	if (!lex_range(arg, UINT64_MAX, &r))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	struct step *s = step_add(ps, STEP_BSIZE);
	if (!s)
		return -EINVAL;
	s->range = r;
	return 0;
}

// A packet without payload has no size that could differ from another, and is not empty while bytes of its stream are
// inspected with it (as Suricata has it).
static bool match_dsize(const struct match_ctx *m, const void *args)
{
	const struct range *r = args;
	uint32_t len = packet_rule_payload_len(m->p);
	if (r->op == RANGE_EQ && !r->lo && match_ctx_with_stream(m))
		return false;
	return range_has(r, len) && (len || r->op != RANGE_NE);
}

static int parse_dsize(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct rule *r = ps->rule;
	struct range *range = rule_alloc(ps, sizeof(*range));
	if (!range)
		return -ENOMEM;
	if (r->flags & RULE_F_DSIZE)
		return parse_fail(ps, "expected dsize once a rule");
	if (!lex_range(arg, 65535, range))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	r->flags |= RULE_F_NEED_PACKET | RULE_F_DSIZE;
	r->dsize = range;
	return test_add(ps, match_dsize, range);
}

static int parse_base64_decode(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct step *s = step_add_behind(ps, STEP_BASE64_DECODE);
	char *rest = arg, *word;
	if (!s)
		return -EINVAL;
	while (arg && (word = lex_field(&rest, ','))) {
		char *value = lex_value(word);
		bool ok = !strcmp(word, "relative");
		if (ok)
			s->relative = true;
		else if (!strcmp(word, "bytes"))
			ok = lex_u32(value, 0, 65535, &s->base64.bytes); // 0: all
		else if (!strcmp(word, "offset"))
			ok = lex_u32(value, 0, UINT32_MAX, &s->base64.offset);
		if (!ok)
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, word);
	}
	ps->base64 = s;
	return 0;
}

static int parse_base64_data(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	if (!ps->base64)
		return parse_fail(ps, "expected base64_decode before it");
	ps->in_base64 = true;
	ps->last_content = NULL;
	return 0;
}

static int parse_pkt_data(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	return buffer_leave(ps);
}

static bool read_double_range(char *arg, struct entropy_args *e)
{
	char *end;
	double v = strtod(arg + strspn(arg, "<>=! "), &end);
	if (end == arg)
		return false;
	e->range.lo = v;
	e->range.hi = v;
	if (!strncmp(arg, "<=", 2))
		e->range.op = RANGE_LE;
	else if (!strncmp(arg, ">=", 2))
		e->range.op = RANGE_GE;
	else if (*arg == '<')
		e->range.op = RANGE_LT;
	else if (*arg == '>')
		e->range.op = RANGE_GT;
	else
		e->range.op = *arg == '!' ? RANGE_NE : RANGE_EQ;
	end = lex_trim(end);
	if (*end == '-' || !strncmp(end, "<>", 2)) {
		e->range.op = RANGE_IN;
		e->range.hi = strtod(end + strspn(end, "-<>"), &end);
	}
	return !*lex_trim(end);
}

static int parse_entropy(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct entropy_args e = {0};
	char *rest = arg, *word;
	bool has_value = false;
	while ((word = lex_field(&rest, ','))) {
		char *value = lex_value(word);
		int64_t n;
		bool ok = false;
		if (!strcmp(word, "value"))
			ok = has_value = read_double_range(value, &e);
		else if (!strcmp(word, "bytes"))
			ok = lex_u32(value, 1, 65535, &e.bytes);
		else if (!strcmp(word, "offset") && lex_i64(value, 0, 65535, &n))
			ok = true, e.offset = (int32_t)n;
		if (!ok)
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, word);
	}
	if (!has_value)
		return parse_fail(ps, "expected %s", kw->syntax);
	struct step *s = step_add(ps, STEP_ENTROPY);
	if (!s)
		return -EINVAL;
	s->entropy = e;
	return 0;
}

static int parse_asn1(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct asn1_args a = {0};
	for (char *save, *w = strtok_r(arg, ", ", &save); w; w = strtok_r(NULL, ", ", &save)) {
		int64_t v;
		if (!strcmp(w, "bitstring_overflow")) {
			a.bitstring_overflow = true;
		} else if (!strcmp(w, "double_overflow")) {
			a.double_overflow = true;
		} else {
			char *value = strtok_r(NULL, ", ", &save);
			if (!value || !lex_i64(value, strcmp(w, "relative_offset") ? 0 : -65535, UINT16_MAX, &v))
				return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, w);
			if (!strcmp(w, "oversize_length")) {
				a.oversize = true;
				a.oversize_length = (uint32_t)v;
			} else if (!strcmp(w, "relative_offset")) {
				a.offset = (int32_t)v;
				a.relative = true;
			} else if (!strcmp(w, "absolute_offset")) {
				a.offset = (int32_t)v;
				a.relative = false;
			} else {
				return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, w);
			}
		}
	}
	struct step *s = step_add(ps, STEP_ASN1);
	if (!s)
		return -EINVAL;
	s->asn1 = a;
	s->relative = a.relative;
	return 0;
}

static int parse_rpc(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct rpc_args a = {0};
	char *rest = arg, *program = lex_field(&rest, ','), *version = lex_field(&rest, ','),
	     *procedure = lex_field(&rest, ',');
	if (!lex_u32(program, 0, UINT32_MAX, &a.program) || rest)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, program);
	a.any_version = !version || !strcmp(version, "*");
	a.any_procedure = !procedure || !strcmp(procedure, "*");
	if ((!a.any_version && !lex_u32(version, 0, UINT32_MAX, &a.version)) ||
		(!a.any_procedure && !lex_u32(procedure, 0, UINT32_MAX, &a.procedure)))
		return parse_fail(ps, "expected %s", kw->syntax);
	struct step *s = step_add(ps, STEP_RPC);
	if (!s)
		return -EINVAL;
	s->rpc = a;
	ps->rule->flags |= RULE_F_NEED_PACKET;
	return 0;
}

const struct keyword kw_payload_table[] = {
	{"isdataat", NULL, ARG_REQUIRED, parse_isdataat, 0, "[!]n|variable [, relative][, rawbytes]",
		"isdataat:!1,relative;", "There is (or with ! is not) a byte at this place of the buffer.", "same"},
	{"bsize", NULL, ARG_REQUIRED, parse_bsize, 0, "n | <n | >n | a<>b", "http.uri; bsize:<10;",
		"The length of the sticky buffer.", "same"},
	{"dsize", NULL, ARG_REQUIRED, parse_dsize, 0, "n | !n | <n | >n | a<>b", "dsize:>500;",
		"The packet's payload size.", "same; !n may stand beside a longer content, which Suricata refuses"},
	{"base64_decode", NULL, ARG_OPTIONAL, parse_base64_decode, 0, "[bytes n][, offset n][, relative]",
		"base64_decode:bytes 12, offset 2, relative; base64_data; content:\"a\";",
		"Decodes base64 for base64_data, up to the first other character; without base64_data the rule never "
		"matches.",
		"same"},
	{"base64_data", NULL, ARG_NONE, parse_base64_data, 0, "", "base64_decode; base64_data; content:\"a\";",
		"The tests that follow look at what base64_decode decoded.", "same"},
	{"pkt_data", NULL, ARG_NONE, parse_pkt_data, 0, "", "file_data; content:\"a\"; pkt_data; content:\"b\";",
		"Back from a sticky buffer to the payload.", "same"},
	{"entropy", NULL, ARG_REQUIRED, parse_entropy, 0, "value op n [, bytes n][, offset n]", "entropy:value >= 7.5;",
		"Shannon entropy of the buffer, bits a byte.", "as Suricata 8; 7 does not have it"},
	{"asn1", NULL, ARG_REQUIRED, parse_asn1, 0,
		"[bitstring_overflow][, double_overflow][, oversize_length n][, absolute_offset n | relative_offset n]",
		"asn1:oversize_length 1024, relative_offset 0;", "Malformed BER encodings.",
		"same; relative_offset counts from the match before, in Suricata from that of whatever rule was looked "
		"at "
		"last"},
	{"rpc", NULL, ARG_REQUIRED, parse_rpc, 0, "program, [version|*], [procedure|*]", "rpc:100000,*,*;",
		"A Sun RPC call.", "same; of version 2 alone (RFC 5531), Suricata asks no version"},
	{0},
};
