// Keywords on IP header fields, VLAN tags and the place of an address.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "detectors/signature/match_runtime.h"
#include "detectors/signature/packet_fields.h"
#include "detectors/signature/rule_parse.h"

static bool match_ttl(const struct match_ctx *m, const void *args)
{
	return (m->p->flags & PKT_IP) && range_has(args, m->p->ttl);
}

static bool match_tos(const struct match_ctx *m, const void *args)
{
	const uint8_t *h = ipv4_header(m->p);
	return h && range_has(args, h[1]);
}

static bool match_id(const struct match_ctx *m, const void *args)
{
	const uint8_t *h = ipv4_header(m->p);
	return h && range_has(args, be16_at(h + 4));
}

// IPv6 keeps the offset in the fragment header, which decode passes over: l4_off is right behind it.
static bool frag_field(const struct packet *p, uint32_t *field)
{
	const uint8_t *h = ipv4_header(p);
	if (h)
		return *field = be16_at(h + 6), true;
	return false;
}

static bool match_fragoffset(const struct match_ctx *m, const void *args)
{
	uint32_t field;
	return frag_field(m->p, &field) && range_has(args, field & 0x1fff);
}

static bool match_vlan_layers(const struct match_ctx *m, const void *args)
{
	return range_has(args, m->p->vlan_count);
}

typedef bool test_fn(const struct match_ctx *, const void *);
static const struct {
	test_fn *match;
	uint32_t max;
} ranges[] = {{match_ttl, 255}, {match_tos, 255}, {match_id, 65535}, {match_fragoffset, 65535}, {match_vlan_layers, 3}};

static int parse_range(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct range *r = rule_alloc(ps, sizeof(*r));
	if (!r)
		return -ENOMEM;
	char hex[16], *text = arg;
	if (kw->data == 1 && (*text == 'x' || (*text == '!' && text[1] == 'x'))) { // tos:xa is hexadecimal
		snprintf(hex, sizeof(hex), "%s0%s", *text == '!' ? "!" : "", text + (*text == '!'));
		text = hex;
	}
	bool odd = (kw->data == 1 && strpbrk(text, "<>=-")) || (kw->data == 2 && !isdigit((unsigned char)*text)) ||
		   (kw->data == 3 && strpbrk(text, "!=-"));
	if (odd || !lex_range(text, ranges[kw->data].max, r) || (kw->data == 2 && r->op != RANGE_EQ))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	ps->rule->flags |= RULE_F_NEED_PACKET;
	return test_add(ps, ranges[kw->data].match, r);
}

struct ipopts_args {
	uint8_t option; // 0: "any", which Suricata accepts and never finds
};

// RFC 791 section 3.1: walks the options, at most 40 bytes.
static bool match_ipopts(const struct match_ctx *m, const void *args)
{
	const struct ipopts_args *a = args;
	const uint8_t *h = ipv4_header(m->p);
	uint32_t end = h ? (uint32_t)(h[0] & 15) * 4 : 0;
	if (!a->option || end <= 20 || !packet_at(m->p, m->p->l3_off, end))
		return false;
	for (uint32_t i = 20; i < end;) {
		uint8_t kind = h[i] ? h[i] : 255;
		if (kind == a->option)
			return true;
		if (h[i] == 0)
			return false;
		if (h[i] == 1) {
			i++;
			continue;
		}
		if (i + 1 >= end || h[i + 1] < 2)
			return false;
		i += h[i + 1];
	}
	return false;
}

static int parse_ipopts(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const struct {
		const char *name;
		uint8_t option;
	} names[] = {{"rr", 7}, {"lsrr", 131}, {"ssrr", 137}, {"eol", 255}, {"nop", 1}, {"ts", 68}, {"sec", 130},
		{"esec", 133}, {"satid", 136}, {"any", 0}, {"qs", 25}, {"cipso", 134}, {"rtralt", 148}};
	struct ipopts_args *a = rule_alloc(ps, sizeof(*a));
	if (!a)
		return -ENOMEM;
	ps->rule->flags |= RULE_F_NEED_PACKET;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcasecmp(arg, names[i].name)) {
			a->option = names[i].option;
			return test_add(ps, match_ipopts, a);
		}
	}
	return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
}

struct fragbits_args {
	uint8_t want; // 4 R, 2 D, 1 M
	char mode;    // '+', '*', '!' or 0
};

static bool match_fragbits(const struct match_ctx *m, const void *args)
{
	const struct fragbits_args *a = args;
	uint32_t field;
	if (!frag_field(m->p, &field))
		return false;
	uint8_t bits = (uint8_t)(field >> 13);
	switch (a->mode) {
	case '+':
		return (bits & a->want) == a->want && bits != a->want;
	case '*':
		return (bits & a->want) != 0;
	case '!':
		return (bits & a->want) != a->want;
	default:
		return bits == a->want;
	}
}

// A sign counts in front of the letters alone.
static int parse_fragbits(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct fragbits_args *a = rule_alloc(ps, sizeof(*a));
	if (!a)
		return -ENOMEM;
	int signs = 0;
	for (char *s = arg; *s; s++) {
		int c = (unsigned char)*s;
		if (strchr("+*!", c) && !signs++)
			a->mode = a->want ? a->mode : (char)c;
		else if (strchr("RDM", c))
			a->want |= c == 'R' ? 4 : c == 'D' ? 2 : 1;
		else if (!isspace(c))
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	}
	if (!a->want)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	ps->rule->flags |= RULE_F_NEED_PACKET;
	return test_add(ps, match_fragbits, a);
}

static bool match_ip_proto(const struct match_ctx *m, const void *args)
{
	return (m->p->flags & PKT_IP) && range_has(args, m->p->ip_proto);
}

static const struct {
	const char *name;
	uint8_t number;
} ip_protos[] = {{"icmp", 1}, {"igmp", 2}, {"ipip", 4}, {"tcp", 6}, {"egp", 8}, {"igp", 9}, {"udp", 17}, {"dccp", 33},
	{"ipv6", 41}, {"rsvp", 46}, {"gre", 47}, {"esp", 50}, {"ah", 51}, {"ipv6-icmp", 58}, {"ospf", 89}, {"pim", 103},
	{"vrrp", 112}, {"sctp", 132}};

static int parse_ip_proto(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct range *r = rule_alloc(ps, sizeof(*r));
	char *name = arg + strspn(arg, "!<>= ");
	if (!r)
		return -ENOMEM;
	if (ps->rule->proto != PROTO_IP && ps->rule->proto != PROTO_PKTHDR)
		return parse_fail(ps, "expected it in a rule for ip, not for one protocol");
	for (size_t i = 0; i < sizeof(ip_protos) / sizeof(*ip_protos); i++) {
		if (!strcasecmp(name, ip_protos[i].name)) {
			r->op = *arg == '!' ? RANGE_NE : *arg == '<' ? RANGE_LT : *arg == '>' ? RANGE_GT : RANGE_EQ;
			r->lo = ip_protos[i].number;
			return test_add(ps, match_ip_proto, r);
		}
	}
	if (!lex_range(arg, 255, r))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	return test_add(ps, match_ip_proto, r);
}

static bool match_sameip(const struct match_ctx *m, const void *args)
{
	return (m->p->flags & PKT_IP) && m->p->src.d[0] == m->p->dst.d[0] && m->p->src.d[1] == m->p->dst.d[1];
}

static int parse_sameip(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	ps->rule->flags |= RULE_F_NEED_PACKET;
	return test_add(ps, match_sameip, NULL);
}

struct vlan_args {
	struct range range;
	int8_t layer; // -1: any; -2, -3: counted from the innermost
};

static bool match_vlan_id(const struct match_ctx *m, const void *args)
{
	const struct vlan_args *a = args;
	for (int i = 0; i < m->p->vlan_count && i < (int)PKT_MAX_VLANS; i++)
		if ((a->layer == -1 || a->layer == i || a->layer == i - m->p->vlan_count - 1) &&
			range_has(&a->range, m->p->vlan[i]))
			return true;
	return false;
}

static int parse_vlan_id(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct vlan_args *a = rule_alloc(ps, sizeof(*a));
	char *rest = arg, *value = lex_field(&rest, ',');
	int64_t layer = -1;
	if (!a)
		return -ENOMEM;
	char *where = rest ? lex_trim(rest) : NULL;
	bool ok = lex_range(value, 4095, &a->range);
	if (ok && where && strcmp(where, "any"))
		ok = strcmp(where, "all") ? lex_i64(where, -3, 2, &layer) : true;
	if (!ok)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	a->layer = where && strcmp(where, "any") && strcmp(where, "all") ? (int8_t)(layer < 0 ? layer - 1 : layer) : -1;
	ps->rule->flags |= RULE_F_NEED_PACKET;
	return test_add(ps, match_vlan_id, a);
}

static bool match_l3(const struct match_ctx *m, const void *args)
{
	return (m->p->flags & *(const uint32_t *)args) != 0;
}

static int parse_l3_proto(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	uint32_t *flag = rule_alloc(ps, sizeof(*flag));
	if (!flag)
		return -ENOMEM;
	*flag = !strcasecmp(arg, "ipv4") || !strcasecmp(arg, "ip4")   ? PKT_IPV4
		: !strcasecmp(arg, "ipv6") || !strcasecmp(arg, "ip6") ? PKT_IPV6
								      : 0;
	if (!*flag)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	if (ps->rule->flags & RULE_F_IPV6)
		return parse_fail(ps, "expected it in a rule whose header leaves the IP version open");
	return test_add(ps, match_l3, flag);
}

const struct keyword kw_ip_table[] = {
	{"ttl", NULL, ARG_REQUIRED, parse_range, 0, "n | <n | >n | a-b", "ttl:<10;", "Time to live or hop limit.",
		"same"},
	{"tos", NULL, ARG_REQUIRED, parse_range, 1, "[!]n | [!]xHH", "tos:!8;", "Type of service, of IPv4 alone.",
		"same"},
	{"id", NULL, ARG_REQUIRED, parse_range, 2, "0-65535", "id:31337;", "The IPv4 identification.", "same"},
	{"fragoffset", NULL, ARG_REQUIRED, parse_range, 3, "[<|>]n", "fragoffset:>0;",
		"The fragment offset of IPv4, 8-byte units.", "same"},
	{"vlan.layers", NULL, ARG_REQUIRED, parse_range, 4, "n | <n | >n | a-b", "vlan.layers:>1;",
		"How many VLAN tags.", "as Suricata 8; 7 does not have it"},
	{"vlan.id", NULL, ARG_REQUIRED, parse_vlan_id, 0, "[!|<|>]n[, layer|any]", "vlan.id:300;",
		"The id of a VLAN tag.", "as Suricata 8; 7 does not have it"},
	{"ipopts", NULL, ARG_REQUIRED, parse_ipopts, 0, "rr|lsrr|ssrr|eol|nop|ts|sec|esec|satid|qs|cipso|rtralt|any",
		"ipopts:lsrr;", "An IPv4 option is there.",
		"same; any is accepted and never found; qs, cipso, rtralt as Suricata 8"},
	{"fragbits", NULL, ARG_REQUIRED, parse_fragbits, 0, "[+|*|!]RDM", "fragbits:M;",
		"The fragmentation bits: exactly these, these and another (+), any of these (*), not all of these (!).",
		"same"},
	{"ip_proto", NULL, ARG_REQUIRED, parse_ip_proto, 0, "[!|<|>]number or name", "ip_proto:47;", "The IP protocol.",
		"same; no alert on the packets Suricata makes up at the end of a stream"},
	{"sameip", NULL, ARG_NONE, parse_sameip, 0, "", "sameip;", "Source and destination address are equal.", "same"},
	{"l3_proto", NULL, ARG_REQUIRED, parse_l3_proto, 0, "ipv4|ipv6", "l3_proto:ipv6;", "The IP version.",
		"same; no alert on the packets Suricata makes up at the end of a stream"},
	{0},
};
