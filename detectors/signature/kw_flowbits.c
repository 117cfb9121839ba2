// Keywords on what was remembered: bits, numbers and texts of a flow, bits of a host or a pair.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "detectors/signature/rule_parse.h"
#include "detectors/signature/state_runtime.h"

#define OR_MAX 16

struct bits_args {
	uint16_t ids[OR_MAX];
	uint8_t n;
};

static bool match_isset(const struct match_ctx *m, const void *args)
{
	const struct bits_args *a = args;
	for (uint8_t i = 0; i < a->n; i++)
		if (flowbit_isset(m, a->ids[i]))
			return true;
	return false;
}

// With alternatives, true when at least one of them is not set.
static bool match_isnotset(const struct match_ctx *m, const void *args)
{
	const struct bits_args *a = args;
	for (uint8_t i = 0; m->flow && i < a->n; i++)
		if (!flowbit_isset(m, a->ids[i]))
			return true;
	return false;
}

static void run_set(struct match_ctx *m, const void *args)
{
	flowbit_set(m, ((const struct bits_args *)args)->ids[0]);
}

static void run_unset(struct match_ctx *m, const void *args)
{
	flowbit_unset(m, ((const struct bits_args *)args)->ids[0]);
}

static void run_toggle(struct match_ctx *m, const void *args)
{
	uint32_t id = ((const struct bits_args *)args)->ids[0];
	if (flowbit_isset(m, id))
		flowbit_unset(m, id);
	else
		flowbit_set(m, id);
}

// Setters come before those that read (rule_order.c): 4 set, 3 set and read, 2 read, 1 neither.
static void rank(struct rule_parser *ps, int slot, bool sets)
{
	uint8_t *r = &ps->rule->rank[slot];
	uint8_t now = sets ? 4 : 2;
	*r = *r == 0 || *r == now ? now : 3;
}

static bool valid_name(const char *s)
{
	for (; *s; s++)
		if (isspace((unsigned char)*s))
			return false;
	return true;
}

static int parse_flowbits(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	char *rest = arg, *command = lex_field(&rest, ','), *name;
	if (!strcmp(command, "noalert")) {
		if (rest)
			return parse_fail(ps, "expected nothing behind noalert, found \"%.40s\"", rest);
		ps->rule->flags |= RULE_F_NOALERT;
		return 0;
	}
	struct bits_args *a = rule_alloc(ps, sizeof(*a));
	if (!a || !rest)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	while ((name = lex_field(&rest, '|'))) {
		if (!*name) // "a||b" is two names, as in Suricata
			continue;
		if (!valid_name(name) || a->n == OR_MAX)
			return parse_fail(ps,
				"expected a name without spaces (at most %d joined by |), found \"%.40s\"", OR_MAX,
				name);
		a->ids[a->n++] = (uint16_t)name_intern(&ps->rs->arena, &ps->rs->flowbits, name);
	}
	if (!a->n)
		return parse_fail(ps, "expected a name behind %s", command);
	bool is = !strcmp(command, "isset"), isnot = !strcmp(command, "isnotset");
	rank(ps, 1, !is && !isnot);
	if (is || isnot)
		return test_add(ps, is ? match_isset : match_isnotset, a);
	if (a->n > 1)
		return parse_fail(ps, "expected one name to %s", command);
	if (!strcmp(command, "set"))
		return post_add(ps, run_set, a);
	ps->rule->flags |= RULE_F_EACH_PACKET;
	if (!strcmp(command, "unset"))
		return post_add(ps, run_unset, a);
	if (!strcmp(command, "toggle"))
		return post_add(ps, run_toggle, a);
	return parse_fail(ps, "expected set, unset, toggle, isset, isnotset or noalert, found \"%.40s\"", command);
}

enum int_op { INT_SET, INT_ADD, INT_SUB, INT_LT, INT_LE, INT_EQ, INT_NE, INT_GE, INT_GT, INT_ISSET, INT_ISNOTSET };

struct int_args {
	uint16_t id, other; // other: NAME_NONE, or the number it is compared with
	uint8_t op;
	uint32_t value;
};

// A number that was never set is 0 on this side, as in Suricata.
static uint64_t int_operand(const struct match_ctx *m, const struct int_args *a)
{
	uint64_t v = a->value;
	if (a->other != NAME_NONE && !flowint_get(m, a->other, &v))
		v = 0;
	return v;
}

static bool match_flowint(const struct match_ctx *m, const void *args)
{
	const struct int_args *a = args;
	uint64_t have, v = int_operand(m, a);
	bool set = flowint_get(m, a->id, &have);
	if (!m->flow)
		return false;
	if (a->op == INT_ISSET || a->op == INT_ISNOTSET)
		return set == (a->op == INT_ISSET);
	if (!set)
		return false;
	switch (a->op) {
	case INT_LT:
		return have < v;
	case INT_LE:
		return have <= v;
	case INT_EQ:
		return have == v;
	case INT_NE:
		return have != v;
	case INT_GE:
		return have >= v;
	default:
		return have > v;
	}
}

// Adding begins at 0; nothing is taken from a number that was never set.
static void run_flowint(struct match_ctx *m, const void *args)
{
	const struct int_args *a = args;
	uint64_t have = 0, v = int_operand(m, a);
	if (!flowint_get(m, a->id, &have) && a->op == INT_SUB)
		return;
	if (a->op == INT_ADD)
		v = (uint32_t)(have + v);
	else if (a->op == INT_SUB)
		v = (uint32_t)(have - v);
	flowint_set(m, a->id, v);
}

static int parse_flowint(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const char *const ops[] = {"=", "+", "-", "<", "<=", "==", "!=", ">=", ">", "isset", "isnotset"};
	char *rest = arg, *name = lex_field(&rest, ','), *op = lex_field(&rest, ','), *value = lex_field(&rest, ',');
	struct int_args *a = rule_alloc(ps, sizeof(*a));
	size_t i = 0;
	if (!a)
		return -ENOMEM;
	if (op && !strcmp(op, "notset"))
		op = (char *)(uintptr_t) "isnotset";
	while (op && i < 11 && strcmp(op, ops[i]))
		i++;
	if (!op || i == 11 || !*name || !valid_name(name) || (i < INT_ISSET && (!value || !valid_name(value))) || rest)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, op ? op : arg);
	a->op = (uint8_t)i;
	a->id = (uint16_t)name_intern(&ps->rs->arena, &ps->rs->flowvars, name);
	a->other = NAME_NONE;
	bool number = i < INT_ISSET && lex_u32(value, 0, UINT32_MAX, &a->value);
	if (i < INT_ISSET && !number && !isalpha((unsigned char)*value))
		return parse_fail(ps, "expected a number of 32 bits or a name, found \"%.40s\"", value);
	if (i < INT_ISSET && !number)
		a->other = (uint16_t)name_intern(&ps->rs->arena, &ps->rs->flowvars, value);
	rank(ps, 2, i <= INT_SUB);
	if (i <= INT_SUB)
		ps->rule->flags |= RULE_F_EACH_PACKET;
	return i <= INT_SUB ? post_add(ps, run_flowint, a) : test_add(ps, match_flowint, a);
}

struct var_args {
	uint16_t id;
	uint16_t len;
	const uint8_t *bytes;
};

static bool contains(const uint8_t *hay, uint32_t n, const struct var_args *a)
{
	return n >= a->len && memmem(hay, n, a->bytes, a->len) != NULL;
}

static bool match_flowvar(const struct match_ctx *m, const void *args)
{
	const struct var_args *a = args;
	const uint8_t *text;
	uint32_t len;
	return flowtext_get(m, a->id, &text, &len) && contains(text, len, a);
}

static bool match_pktvar(const struct match_ctx *m, const void *args)
{
	const struct var_args *a = args;
	const uint8_t *text;
	uint32_t len;
	for (uint32_t i = 0; pkttext_get(m, a->id, i, &text, &len); i++)
		if (contains(text, len, a))
			return true;
	return false;
}

static int parse_var(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	uint8_t bytes[CONTENT_MAX];
	const char *why;
	char *rest = arg, *name = lex_field(&rest, ',');
	char *text = rest ? lex_trim(rest) : NULL;
	struct var_args *a = rule_alloc(ps, sizeof(*a));
	if (!a)
		return -ENOMEM;
	if (!text || *name == '"' || (*text == '"' && !lex_unquote(&text)) || !*text)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	int n = lex_content(text, bytes, sizeof(bytes), &why);
	if (n < 0)
		return parse_fail(ps, "expected %s, found \"%.40s\"", why, text);
	a->id = (uint16_t)name_intern(&ps->rs->arena, &ps->rs->flowvars, name);
	a->bytes = (const uint8_t *)rule_copy(ps, (char *)bytes, (size_t)n);
	a->len = (uint16_t)n;
	return test_add(ps, kw->data ? match_pktvar : match_flowvar, a);
}

static int host_command(struct rule_parser *ps, const struct keyword *kw, const char *command, struct host_bit *b)
{
	static const char *const commands[] = {[HOST_BIT_ISSET] = "isset",
		[HOST_BIT_ISNOTSET] = "isnotset",
		[HOST_BIT_SET] = "set",
		[HOST_BIT_UNSET] = "unset",
		[HOST_BIT_TOGGLE] = "toggle"};
	uint8_t op = 0;
	while (op <= HOST_BIT_TOGGLE && strcmp(command, commands[op]))
		op++;
	if (op > HOST_BIT_TOGGLE)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, command);
	b->op = op;
	rank(ps, 3, op >= HOST_BIT_SET);
	struct host_bit **last = op >= HOST_BIT_SET ? &ps->rule->host_posts : &ps->rule->host_tests;
	while (*last)
		last = &(*last)->next;
	*last = b;
	return 0;
}

// xbits:set,name,track ip_src,expire 60
static int parse_xbits(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	char *rest = arg, *command = lex_field(&rest, ','), *name, *track, *expire;
	struct host_bit *a = rule_alloc(ps, sizeof(*a));
	if (!a)
		return -ENOMEM;
	name = lex_field(&rest, ',');
	track = lex_field(&rest, ',');
	expire = lex_field(&rest, ',');
	if (!name || !*name || !track || rest || strncmp(track, "track", 5))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	track = lex_trim(track + 5);
	a->track = !strcmp(track, "ip_src") ? TRACK_SRC : !strcmp(track, "ip_dst") ? TRACK_DST : TRACK_BOTH;
	if (a->track == TRACK_BOTH && strcmp(track, "ip_pair"))
		return parse_fail(ps, "expected track ip_src, ip_dst or ip_pair, found \"%.40s\"", track);
	a->expire_s = 30;
	if (expire && (strncmp(expire, "expire", 6) || !lex_u32(lex_trim(expire + 6), 1, UINT32_MAX, &a->expire_s)))
		return parse_fail(ps, "expected expire and seconds, found \"%.40s\"", expire);
	a->id = (uint16_t)name_intern(&ps->rs->arena, &ps->rs->hostbits, name);
	return host_command(ps, kw, command, a);
}

// hostbits:set,name[,src|dst]
static int parse_hostbits(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	char *rest = arg, *command = lex_field(&rest, ','), *name, *dir;
	struct host_bit *a = rule_alloc(ps, sizeof(*a));
	if (!a)
		return -ENOMEM;
	if (!strcmp(command, "noalert") && !rest) {
		ps->rule->flags |= RULE_F_NOALERT;
		return 0;
	}
	name = lex_field(&rest, ',');
	dir = lex_field(&rest, ',');
	if (!name || !*name || !valid_name(name) || rest || (dir && strcmp(dir, "src") && strcmp(dir, "dst")))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	a->track = dir && !strcmp(dir, "dst") ? TRACK_DST : TRACK_SRC;
	a->expire_s = 300;
	a->id = (uint16_t)name_intern(&ps->rs->arena, &ps->rs->hostbits, name);
	return host_command(ps, kw, command, a);
}

const struct keyword kw_flowbits_table[] = {
	{"flowbits", NULL, ARG_REQUIRED, parse_flowbits, 0,
		"set|unset|toggle|isset|isnotset, name[|name...] or noalert", "flowbits:set,logged_in;",
		"Bits of a flow.", "same"},
	{"flowint", NULL, ARG_REQUIRED, parse_flowint, 0, "name, =|+|-|<|<=|==|!=|>=|>|isset|notset[, number|name]",
		"flowint:tries,+,1;", "Numbers of a flow.", "same"},
	{"flowvar", NULL, ARG_REQUIRED, parse_var, 0, "name, \"text\"", "flowvar:user,\"root\";",
		"A text that a pcre captured for the flow holds this.", "same"},
	{"pktvar", NULL, ARG_REQUIRED, parse_var, 1, "name, \"text\"", "pktvar:user,\"root\";",
		"A text that a pcre captured in this packet holds this.", "same"},
	{"xbits", NULL, ARG_REQUIRED, parse_xbits, 0,
		"set|unset|toggle|isset|isnotset, name, track ip_src|ip_dst|ip_pair[, expire s]",
		"xbits:set,seen,track ip_src,expire 60;", "Bits of a host, the ones that hostbits knows, or of a pair.",
		"same"},
	{"hostbits", NULL, ARG_REQUIRED, parse_hostbits, 0, "set|unset|toggle|isset|isnotset, name[, src|dst]",
		"hostbits:set,seen,src;", "Bits of a host, the ones that xbits knows.", "same"},
	{0},
};
