// Keywords on TCP header fields.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/match_runtime.h"
#include "detectors/signature/packet_fields.h"
#include "detectors/signature/rule_parse.h"

// RFC 9293 section 3.1, RFC 3168.
enum tcp_bits { TCP_F = 0x01, TCP_S = 0x02, TCP_R = 0x04, TCP_U = 0x20, TCP_E = 0x40, TCP_C = 0x80 };
enum flags_mode { FLAGS_EXACT, FLAGS_ALL, FLAGS_ANY, FLAGS_NOT };

struct flags_args {
	uint8_t want, ignore, mode;
	uint8_t needs[3]; // of each that is not zero the packet must have at least one, whatever the mode
};

static bool match_flags(const struct match_ctx *m, const void *args)
{
	const struct flags_args *a = args;
	if (!(m->p->flags & PKT_TCP))
		return false;
	uint8_t f = m->p->tcp_flags & (uint8_t)~a->ignore;
	for (int i = 0; i < 3; i++)
		if (a->needs[i] && !(m->p->tcp_flags & a->needs[i]))
			return false;
	switch (a->mode) {
	case FLAGS_ALL:
		return (f & a->want) == a->want;
	case FLAGS_ANY:
		return (f & a->want) != 0;
	case FLAGS_NOT: // not all of them
		return a->want ? (f & a->want) != a->want : f != 0;
	default:
		return f == a->want;
	}
}

// Letters of RFC 9293's control bits; '1' and '2' are the older names of CWR and ECE.
static bool read_letters(const char *s, uint8_t *out)
{
	static const char letters[] = "FSRPAUEC";
	*out = 0;
	for (; *s; s++) {
		const char *at = strchr(letters, *s);
		if (*s == '1')
			*out |= 0x80;
		else if (*s == '2')
			*out |= 0x40;
		else if (*s == '0')
			continue;
		else if (at)
			*out |= (uint8_t)(1u << (at - letters));
		else if (!isspace((unsigned char)*s))
			return false;
	}
	return true;
}

static int parse_flags(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct flags_args *a = rule_alloc(ps, sizeof(*a));
	char *rest = arg, *want = lex_field(&rest, ','), *ignore = rest ? lex_trim(rest) : NULL;
	if (!a)
		return -ENOMEM;
	size_t n = strlen(want);
	if (n && strchr("+*!", want[0])) {
		a->mode = want[0] == '+' ? FLAGS_ALL : want[0] == '*' ? FLAGS_ANY : FLAGS_NOT;
		want++;
	} else if (n && strchr("+*!", want[n - 1])) {
		a->mode = want[n - 1] == '+' ? FLAGS_ALL : want[n - 1] == '*' ? FLAGS_ANY : FLAGS_NOT;
		want[n - 1] = 0;
	}
	if (!*want || !read_letters(want, &a->want) || (ignore && (!*ignore || !read_letters(ignore, &a->ignore))))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	// Suricata asks a rule that names F, S or R only of packets that have one of them, likewise U, E or C.
	a->needs[0] = a->want & (TCP_F | TCP_S | TCP_R) ? TCP_F | TCP_S | TCP_R : 0;
	a->needs[1] = a->want & (TCP_U | TCP_E | TCP_C) ? TCP_U | TCP_E | TCP_C : 0;
	a->needs[2] = a->mode == FLAGS_NOT ? 0 : a->want & TCP_S;
	ps->rule->flags |= RULE_F_NEED_PACKET;
	return test_add(ps, match_flags, a);
}

struct u32_args {
	uint32_t value;
};

static bool match_seq(const struct match_ctx *m, const void *args)
{
	return (m->p->flags & PKT_TCP) && tcp_seq(m->p) == ((const struct u32_args *)args)->value;
}

static bool match_ack(const struct match_ctx *m, const void *args)
{
	return (m->p->flags & PKT_TCP) && tcp_ack(m->p) == ((const struct u32_args *)args)->value;
}

static int parse_number(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct u32_args *a = rule_alloc(ps, sizeof(*a));
	if (!a)
		return -ENOMEM;
	if (!lex_u32(arg, 0, UINT32_MAX, &a->value))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	ps->rule->flags |= RULE_F_NEED_PACKET;
	return test_add(ps, kw->data ? match_ack : match_seq, a);
}

static bool match_window(const struct match_ctx *m, const void *args)
{
	return (m->p->flags & PKT_TCP) && range_has(args, tcp_window(m->p));
}

static bool match_mss(const struct match_ctx *m, const void *args)
{
	uint32_t mss;
	return (m->p->flags & PKT_TCP) && tcp_option_mss(m->p, &mss) && range_has(args, mss);
}

static int parse_range(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct range *r = rule_alloc(ps, sizeof(*r));
	if (!r)
		return -ENOMEM;
	if (!lex_range(arg, 65535, r))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	ps->rule->flags |= RULE_F_NEED_PACKET;
	return test_add(ps, kw->data ? match_mss : match_window, r);
}

const struct keyword kw_tcp_table[] = {
	{"tcp.flags", "flags", ARG_REQUIRED, parse_flags, 0, "[+|*|!]FSRPAUEC0[,flags to ignore]", "flags:S,12;",
		"TCP flags: exactly these, all of these (+), any of these (*), not all of these (!). A rule that names "
		"F, S or R "
		"is asked only of packets with one of them, likewise U, E or C; one that names S without ! only of "
		"those with S.",
		"same"},
	{"tcp.seq", "seq", ARG_REQUIRED, parse_number, 0, "0-4294967295", "tcp.seq:0;", "The sequence number.", "same"},
	{"tcp.ack", "ack", ARG_REQUIRED, parse_number, 1, "0-4294967295", "tcp.ack:0;", "The acknowledgement number.",
		"same"},
	{"tcp.window", "window", ARG_REQUIRED, parse_range, 0, "[!]0-65535", "window:55808;",
		"The window field, unscaled.", "same, and ranges"},
	{"tcp.mss", NULL, ARG_REQUIRED, parse_range, 1, "n | <n | >n | a-b", "tcp.mss:<536;",
		"The maximum segment size option.", "same"},
	{0},
};
