// decode-event and stream-event: malformations that decode and the stream engine noted on a packet.
// app-layer-event waits for the parsers.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "detectors/signature/match_runtime.h"
#include "detectors/signature/rule_parse.h"

static bool match_event(const struct match_ctx *m, const void *args)
{
	uint16_t want = *(const uint16_t *)args;
	for (uint8_t i = 0; i < m->p->event_count; i++)
		if (m->p->events[i] == want)
			return true;
	return false;
}

// drops.def has Suricata's names; stream events are there without "stream.".
static uint16_t find_event(const char *type, const char *name)
{
	for (uint16_t i = 1; i < DROP_REASON_COUNT; i++) {
		const struct drop_info *d = &drop_table[i];
		const char *have = d->name;
		if (strcmp(d->type, type))
			continue;
		if (!strncmp(have, "stream.", 7) && strncmp(name, "stream.", 7))
			have += 7;
		if (!strcasecmp(have, name))
			return i;
	}
	return 0;
}

static int add_event(struct rule_parser *ps, const char *type, const char *name)
{
	uint16_t *id = rule_alloc(ps, sizeof(*id));
	if (!id)
		return -ENOMEM;
	*id = find_event(type, name);
	if (!*id) {
		char what[96];
		snprintf(what, sizeof(what), "%s-event:%.60s", type, name);
		rule_wait_for(ps, arena_strdup(&ps->rs->arena, what));
	}
	ps->rule->flags |= RULE_F_EVENT | (*type == 'd' ? RULE_F_DECODE_EVENT : 0);
	ps->rule->event = *id;
	return test_add(ps, match_event, id);
}

static int parse_event(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const char *const types[] = {"decode", "stream"};
	return add_event(ps, types[kw->data], arg);
}

static int parse_app_event(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	rule_wait_for(ps, kw->name);
	ps->rule->flags |= RULE_F_TX;
	return 0;
}

struct csum_args {
	uint32_t bad; // flag that says it is wrong
	uint32_t proto;
	bool want_valid;
};

static bool match_csum(const struct match_ctx *m, const void *args)
{
	const struct csum_args *a = args;
	if ((m->p->flags & a->proto) != a->proto)
		return false;
	return !(m->p->flags & a->bad) == a->want_valid;
}

static int parse_csum(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const struct csum_args kinds[] = {{PKT_BAD_L3_CSUM, PKT_IPV4, 0},
		{PKT_BAD_L4_CSUM, PKT_IPV4 | PKT_TCP, 0}, {PKT_BAD_L4_CSUM, PKT_IPV6 | PKT_TCP, 0},
		{PKT_BAD_L4_CSUM, PKT_IPV4 | PKT_UDP, 0}, {PKT_BAD_L4_CSUM, PKT_IPV6 | PKT_UDP, 0},
		{PKT_BAD_L4_CSUM, PKT_ICMPV4, 0}, {PKT_BAD_L4_CSUM, PKT_ICMPV6, 0}};
	struct csum_args *a = rule_alloc(ps, sizeof(*a));
	if (!a)
		return -ENOMEM;
	lex_unquote(&arg);
	*a = kinds[kw->data];
	a->want_valid = !strcasecmp(arg, "valid");
	if (!a->want_valid && strcasecmp(arg, "invalid"))
		return parse_fail(ps, "expected valid or invalid, found \"%.40s\"", arg);
	ps->rule->flags |= RULE_F_NEED_PACKET;
	return test_add(ps, match_csum, a);
}

#define CSUM(name, i, what)                                                                                           \
	{                                                                                                             \
		name, NULL, ARG_REQUIRED, parse_csum, i, "valid|invalid", name ":invalid;", "The " what " checksum.", \
			"same; needs checksum checks (-k all)"                                                        \
	}

const struct keyword kw_event_table[] = {
	{"decode-event", "engine-event", ARG_REQUIRED, parse_event, 0, "name", "decode-event:ipv4.trunc_pkt;",
		"A malformation that decoding noted.", "same, by Suricata's names"},
	{"stream-event", NULL, ARG_REQUIRED, parse_event, 1, "name", "stream-event:3whs_ack_in_wrong_dir;",
		"Something odd that the TCP engine noted.", "same, by Suricata's names"},
	{"app-layer-event", NULL, ARG_REQUIRED, parse_app_event, 0, "protocol.name",
		"app-layer-event:http.invalid_uri;", "Something odd that a protocol parser noted.",
		"waits for the protocol parsers"},
	CSUM("ipv4-csum", 0, "IPv4 header"),
	CSUM("tcpv4-csum", 1, "TCP over IPv4"),
	CSUM("tcpv6-csum", 2, "TCP over IPv6"),
	CSUM("udpv4-csum", 3, "UDP over IPv4"),
	CSUM("udpv6-csum", 4, "UDP over IPv6"),
	CSUM("icmpv4-csum", 5, "ICMP"),
	CSUM("icmpv6-csum", 6, "ICMPv6"),
	{0},
};
