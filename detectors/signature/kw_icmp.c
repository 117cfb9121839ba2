// Keywords on ICMP and ICMPv6 fields (RFC 792, RFC 4443).
#include <errno.h>
#include <string.h>

#include "detectors/signature/match_runtime.h"
#include "detectors/signature/packet_fields.h"
#include "detectors/signature/rule_parse.h"

static bool match_itype(const struct match_ctx *m, const void *args)
{
	return (m->p->flags & PKT_ICMP) && range_has(args, m->p->icmp_type);
}

static bool match_icode(const struct match_ctx *m, const void *args)
{
	return (m->p->flags & PKT_ICMP) && range_has(args, m->p->icmp_code);
}

static int parse_range(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct range *r = rule_alloc(ps, sizeof(*r));
	if (!r)
		return -ENOMEM;
	if (!lex_range(arg, 255, r))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	ps->rule->flags |= RULE_F_NEED_PACKET;
	return test_add(ps, kw->data ? match_icode : match_itype, r);
}

// Messages that carry an identifier and a sequence number.
static bool has_id(const struct packet *p)
{
	uint8_t t = p->icmp_type;
	if (p->flags & PKT_ICMPV6)
		return t == 128 || t == 129;
	return t == 0 || t == 8 || (t >= 13 && t <= 18);
}

static bool match_id(const struct match_ctx *m, uint32_t off, uint32_t want)
{
	if (!(m->p->flags & PKT_ICMP) || !has_id(m->p))
		return false;
	const uint8_t *h = packet_at(m->p, m->p->l4_off, 8);
	return h && be16_at(h + off) == want;
}

static bool match_icmp_id(const struct match_ctx *m, const void *args)
{
	return match_id(m, 4, *(const uint32_t *)args);
}

static bool match_icmp_seq(const struct match_ctx *m, const void *args)
{
	return match_id(m, 6, *(const uint32_t *)args);
}

static int parse_id(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	uint32_t *v = rule_alloc(ps, sizeof(*v));
	if (!v)
		return -ENOMEM;
	if (arg[strspn(arg, "0123456789")] || !lex_u32(arg, 0, 65535, v))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	ps->rule->flags |= RULE_F_NEED_PACKET;
	return test_add(ps, kw->data ? match_icmp_seq : match_icmp_id, v);
}

// RFC 4443 section 3.2: Packet Too Big.
static bool match_mtu(const struct match_ctx *m, const void *args)
{
	if (!(m->p->flags & PKT_ICMPV6) || m->p->icmp_type != 2)
		return false;
	const uint8_t *h = packet_at(m->p, m->p->l4_off, 8);
	return h && range_has(args, be32_at(h + 4));
}

static int parse_mtu(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct range *r = rule_alloc(ps, sizeof(*r));
	if (!r)
		return -ENOMEM;
	if (!lex_range(arg, UINT32_MAX, r))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	ps->rule->flags |= RULE_F_NEED_PACKET;
	return test_add(ps, match_mtu, r);
}

const struct keyword kw_icmp_table[] = {
	{"itype", NULL, ARG_REQUIRED, parse_range, 0, "n | <n | >n | a<>b", "itype:8;", "The ICMP or ICMPv6 type.",
		"same"},
	{"icode", NULL, ARG_REQUIRED, parse_range, 1, "n | <n | >n | a<>b", "icode:0;", "The ICMP or ICMPv6 code.",
		"same"},
	{"icmp_id", NULL, ARG_REQUIRED, parse_id, 0, "0-65535", "icmp_id:0;", "The identifier of an echo and its kin.",
		"same"},
	{"icmp_seq", NULL, ARG_REQUIRED, parse_id, 1, "0-65535", "icmp_seq:0;",
		"The sequence number of an echo and its kin.", "same"},
	{"icmpv6.mtu", NULL, ARG_REQUIRED, parse_mtu, 0, "n | <n | >n | a-b", "icmpv6.mtu:<1280;",
		"The MTU of Packet Too Big.", "same"},
	{0},
};
