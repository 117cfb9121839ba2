// The head of a rule: action, protocol, addresses, ports, direction. Next: keyword_table.c.
#include "detectors/signature/rule_parse.h"

#include "detectors/signature/app_names.h"

#include <stdlib.h>
#include <string.h>

static const struct proto_row {
	const char *name;
	uint8_t proto; // enum rule_proto
	uint32_t flags;
} proto_table[] = {
	{"tcp", PROTO_TCP, 0},
	{"tcp-pkt", PROTO_TCP, RULE_F_NEED_PACKET},
	{"tcp-stream", PROTO_TCP, RULE_F_NEED_STREAM},
	{"udp", PROTO_UDP, 0},
	{"icmp", PROTO_ICMP, 0},
	{"icmpv4", PROTO_ICMPV4, 0},
	{"icmpv6", PROTO_ICMPV6, 0},
	{"sctp", PROTO_SCTP, 0},
	{"ip", PROTO_IP, 0},
	{"ipv4", PROTO_IP, RULE_F_IPV4},
	{"ip4", PROTO_IP, RULE_F_IPV4},
	{"ipv6", PROTO_IP, RULE_F_IPV6},
	{"ip6", PROTO_IP, RULE_F_IPV6},
	{"pkthdr", PROTO_PKTHDR, 0},
};

static const struct {
	const char *name;
	uint8_t action;
} action_table[] = {{"alert", RULE_ALERT}, {"pass", RULE_PASS}, {"drop", RULE_DROP}, {"reject", RULE_REJECT},
	{"rejectsrc", RULE_REJECT}, {"rejectdst", RULE_REJECT}, {"rejectboth", RULE_REJECT}};

// The next word of the header; brackets keep spaces.
static char *header_word(char **cursor)
{
	char *s = *cursor;
	int depth = 0;
	while (lex_space(*s))
		s++;
	char *start = s;
	for (; *s && (depth > 0 || !lex_space(*s)); s++) {
		if (depth == 0 && *s == '(' && s == start)
			break;
		depth += (*s == '[') - (*s == ']');
	}
	if (*s)
		*s++ = 0;
	*cursor = s;
	return start;
}

static int parse_action(struct rule_parser *ps, const char *word)
{
	for (size_t i = 0; i < sizeof(action_table) / sizeof(*action_table); i++) {
		if (lex_same(word, action_table[i].name)) {
			ps->rule->action = action_table[i].action;
			return 0;
		}
	}
	if (!strcmp(word, "config"))
		return rule_wait_for(ps, "config rules"), 0;
	return parse_fail(ps, "expected an action (alert, pass, drop, reject), found \"%.40s\"", word);
}

static int parse_proto(struct rule_parser *ps, const char *word)
{
	for (size_t i = 0; i < sizeof(proto_table) / sizeof(*proto_table); i++) {
		if (lex_same(word, proto_table[i].name)) {
			ps->rule->proto = proto_table[i].proto;
			ps->rule->flags |= proto_table[i].flags;
			return 0;
		}
	}
	for (size_t i = 0; i < app_name_count(); i++) {
		if (lex_same(word, app_name_at(i))) {
			ps->rule->proto = PROTO_APP;
			ps->rule->app = app_name_at(i);
			ps->rule->apps = app_name_set(app_name_at(i));
			if (!(ps->rule->apps & ps->rs->detected))
				rule_wait_for_protocol(ps, app_name_at(i));
			return 0;
		}
	}
	return parse_fail(ps, "expected a protocol (tcp, udp, icmp, ip, http, dns, ...), found \"%.40s\"", word);
}

static uint32_t text_hash(const char *s)
{
	uint32_t h = 2166136261u;
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h;
}

// The slot of a text in a cache of parsed sets; grown before it is three quarters full.
static struct set_entry *set_slot(struct set_cache *c, const char *text)
{
	if (c->n * 4 >= c->cap * 3) {
		struct set_cache more = {
			calloc(c->cap ? c->cap * 2 : 256, sizeof(*more.slots)), c->cap ? c->cap * 2 : 256, c->n};
		if (!more.slots)
			return NULL;
		for (uint32_t i = 0; i < c->cap; i++) {
			if (!c->slots[i].text)
				continue;
			uint32_t at = text_hash(c->slots[i].text) & (more.cap - 1);
			while (more.slots[at].text)
				at = (at + 1) & (more.cap - 1);
			more.slots[at] = c->slots[i];
		}
		free(c->slots);
		*c = more;
	}
	uint32_t at = text_hash(text) & (c->cap - 1);
	while (c->slots[at].text && strcmp(c->slots[at].text, text))
		at = (at + 1) & (c->cap - 1);
	return &c->slots[at];
}

// Whether a list or a variable in it takes something away: such rules are asked for every packet, not once a flow.
static bool has_negation(const struct config_map *vars, const char *text, int depth)
{
	if (strchr(text, '!') || depth > 16)
		return true;
	for (const char *d = strchr(text, '$'); d; d = strchr(d + 1, '$')) {
		size_t n = strcspn(d + 1, ",] \t");
		for (size_t i = 0; i < vars->count; i++)
			if (strlen(vars->pairs[i].name) == n && !memcmp(vars->pairs[i].name, d + 1, n) &&
				has_negation(vars, vars->pairs[i].value, depth + 1))
				return true;
	}
	return false;
}

static int parse_addrs(struct rule_parser *ps, const char *word, const struct addr_set **out)
{
	struct addr_set_error err;
	struct set_entry *e = set_slot(&ps->rs->addr_sets, word);
	if (!e)
		return parse_fail(ps, "out of memory");
	if (!e->text) {
		struct addr_set *set = addr_set_parse(word, &ps->rs->addr_vars, &err);
		if (!set)
			return parse_fail(ps, "address: %s", err.text);
		*e = (struct set_entry){arena_strdup(&ps->rs->arena, word), set, addr_set_is_any(set),
			has_negation(&ps->rs->addr_vars, word, 0)};
		ps->rs->addr_sets.n++;
	}
	if (e->negated)
		ps->rule->flags |= RULE_F_IPONLY_LIKE;
	*out = e->any ? NULL : e->set;
	return 0;
}

static int parse_ports(struct rule_parser *ps, const char *word, const struct port_set **out)
{
	char err[160] = "";
	struct set_entry *e = set_slot(&ps->rs->port_sets, word);
	if (!e)
		return parse_fail(ps, "out of memory");
	if (!e->text) {
		bool any;
		const struct port_set *set = port_set_parse(ps->rs, word, err, sizeof(err), &any);
		if (!set)
			return parse_fail(ps, "port: %s", err);
		*e = (struct set_entry){arena_strdup(&ps->rs->arena, word), set, any, false};
		ps->rs->port_sets.n++;
	}
	*out = e->any ? NULL : e->set;
	return 0;
}

static int parse_direction(struct rule_parser *ps, const char *word)
{
	if (!strcmp(word, "<>"))
		ps->rule->flags |= RULE_F_BIDIR;
	else if (strcmp(word, "->") && strcmp(word, "=>"))
		return parse_fail(ps, "expected a direction (->, <> or =>), found \"%.20s\"", word);
	return 0;
}

int parse_header(struct rule_parser *ps, char **cursor)
{
	struct rule *r = ps->rule;
	int rc = parse_action(ps, header_word(cursor));
	if (!rc)
		rc = parse_proto(ps, header_word(cursor));
	if (!rc)
		rc = parse_addrs(ps, header_word(cursor), &r->src);
	if (!rc)
		rc = parse_ports(ps, header_word(cursor), &r->sport);
	if (!rc)
		rc = parse_direction(ps, header_word(cursor));
	if (!rc)
		rc = parse_addrs(ps, header_word(cursor), &r->dst);
	if (!rc) {
		char *paren = strchr(*cursor, '(');
		if (!paren)
			return parse_fail(ps, "expected '(' and the rule's options");
		*paren = 0;
		rc = parse_ports(ps, lex_trim(*cursor), &r->dport);
		*cursor = paren + 1;
	}
	return rc;
}
