// decode-event and stream-event: malformations that decode and the stream engine noted on a packet.
// app-layer-event: what protocol parsers noted on a transaction.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "detectors/signature/app_names.h"
#include "detectors/signature/match_runtime.h"
#include "detectors/signature/packet_fields.h"
#include "detectors/signature/rule_parse.h"

static bool match_event(const struct match_ctx *m, const void *args)
{
	uint16_t want = *(const uint16_t *)args;
	for (uint8_t i = 0; i < m->p->event_count; i++)
		if (m->p->events[i] == want)
			return true;
	return false;
}

// Rules may write two stream events out that EVE shortens.
static const char *eve_name(const char *name)
{
	static const char *const names[][2] = {
		{"3whs_synack_resend_with_different_ack", "3whs_synack_resend_with_diff_ack"},
		{"est_synack_resend_with_different_ack", "est_synack_resend_with_diff_ack"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcasecmp(name, names[i][0]))
			return names[i][1];
	return name;
}

// drops.def has Suricata's names, those of stream events with "stream." in front.
static uint16_t find_event(const char *type, const char *name)
{
	bool stream = !strcmp(type, "stream");

	if (stream)
		name = eve_name(name);
	for (uint16_t i = 1; i < DROP_REASON_COUNT; i++) {
		const struct drop_info *d = &drop_table[i];
		const char *have = d->name;
		if (strcmp(d->type, type))
			continue;
		if (stream)
			have += strlen("stream.");
		if (!strcasecmp(have, name))
			return i;
	}
	return 0;
}

// Events of Suricata 7 that nothing here raises: rules that ask for one are kept and never fire.
static bool never_raised(const char *type, const char *name)
{
	static const char *const names[][2] = {{"decode", "afpacket.trunc_pkt"},
		{"decode", "erspan.too_many_vlan_layers"}, {"decode", "gre.version1_malformed_sre_hdr"},
		{"decode", "ipv4.opt_unknown"}, {"decode", "ipv6.exthdr_dupl_eh"}, {"decode", "udp.hlen_invalid"},
		{"stream", "reassembly_insert_invalid"}, {"stream", "reassembly_insert_limit"},
		{"stream", "reassembly_insert_memcap"}, {"stream", "rst_with_data"}};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(type, names[i][0]) && !strcasecmp(name, names[i][1]))
			return true;
	return false;
}

static int add_event(struct rule_parser *ps, const char *type, const char *name)
{
	uint16_t *id = rule_alloc(ps, sizeof(*id));
	if (!id)
		return -ENOMEM;
	*id = find_event(type, name);
	if (!*id && !never_raised(type, name))
		return parse_fail(ps, "expected the name of an event, found \"%.60s\"", name);
	if (!*id) {
		char what[96];
		snprintf(what, sizeof(what), "%s-event:%.60s", type, name);
		rule_wait_for(ps, rule_strdup(ps, what));
	}
	ps->rule->flags |= RULE_F_EVENT | (*type == 's' ? 0 : RULE_F_DECODE_EVENT);
	ps->rule->event = *id;
	return test_add(ps, match_event, id);
}

static int parse_event(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const char *const types[] = {"decode", "stream"};
	return add_event(ps, types[kw->data], arg);
}

// engine-event names both kinds: decoder.ipv4.trunc_pkt, stream.est_invalid_ack.
static int parse_engine_event(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	char *dot = strchr(arg, '.');
	if (!strncmp(arg, "decoder.", 8))
		return add_event(ps, "decode", dot + 1);
	if (!strncmp(arg, "stream.", 7))
		return add_event(ps, "stream", dot + 1);
	return parse_fail(ps, "expected %s, found \"%.60s\"", kw->syntax, arg);
}

// Names without a dot are what the detection of protocols notes on a packet.
static int parse_app_event(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	char what[96], *dot = strchr(arg, '.');
	struct app_event_test *e = rule_alloc(ps, sizeof(*e));
	if (!e)
		return -ENOMEM;
	if (!dot && find_event("applayer", arg))
		return add_event(ps, "applayer", arg);
	snprintf(what, sizeof(what), "app-layer-event:%.60s", arg);
	if (dot)
		*dot++ = 0;
	int index = dot ? parsers_event(ps->rs->parsers, arg, dot, &e->proto) : -1;
	if (index < 0)
		rule_wait_for(ps, rule_strdup(ps, what));
	e->index = (uint8_t)index;
	e->next = ps->rule->app_events;
	ps->rule->app_events = e;
	return 0;
}

struct csum_args {
	uint32_t proto; // flags the packet must have
	bool header;    // of the IPv4 header itself
	bool want_valid;
};

static uint32_t sum16(const uint8_t *b, uint32_t n, uint32_t sum)
{
	for (uint32_t i = 0; i + 1 < n; i += 2)
		sum += be16_at(b + i);
	return n & 1 ? sum + ((uint32_t)b[n - 1] << 8) : sum;
}

static bool sum_is_valid(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

// The checksum over a transport's bytes and, but for ICMP, the pseudo header (RFC 9293 section 3.1, RFC 8200
// section 8.1).
static bool transport_is_valid(const struct packet *p)
{
	uint32_t n = p->payload_off - p->l4_off + p->payload_len, addr = p->flags & PKT_IPV4 ? 4 : 16;
	const uint8_t *h = packet_at(p, p->l4_off, n);
	uint32_t sum = 0;
	if (!h || (p->flags & PKT_IPV4 && p->flags & PKT_UDP && n >= 8 && !be16_at(h + 6))) // RFC 768: zero is none
		return true;
	if (!(p->flags & PKT_ICMPV4))
		sum = sum16(p->dst.b, addr, sum16(p->src.b, addr, p->ip_proto + n));
	return sum_is_valid(sum16(h, n, sum));
}

// Whether a sum is right is looked at here: decode checks none with -k none, and rules ask all the same.
static bool match_csum(const struct match_ctx *m, const void *args)
{
	const struct csum_args *a = args;
	const struct packet *p = m->p;
	if ((p->flags & a->proto) != a->proto)
		return false;
	const uint8_t *h = ipv4_header(p);
	if (!a->header)
		return transport_is_valid(p) == a->want_valid;
	return h && sum_is_valid(sum16(h, (uint32_t)(h[0] & 15) * 4, 0)) == a->want_valid;
}

static int parse_csum(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const uint32_t protos[] = {PKT_IPV4, PKT_IPV4 | PKT_TCP, PKT_IPV6 | PKT_TCP, PKT_IPV4 | PKT_UDP,
		PKT_IPV6 | PKT_UDP, PKT_ICMPV4, PKT_ICMPV6};
	struct csum_args *a = rule_alloc(ps, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->proto = protos[kw->data];
	a->header = kw->data == 0;
	a->want_valid = !strcasecmp(arg, "valid");
	if (!a->want_valid && strcasecmp(arg, "invalid"))
		return parse_fail(ps, "expected valid or invalid, found \"%.40s\"", arg);
	return test_add(ps, match_csum, a);
}

#define CSUM(name, i, what)                                                                                           \
	{                                                                                                             \
		name, NULL, ARG_REQUIRED, parse_csum, i, "valid|invalid", name ":invalid;", "The " what " checksum.", \
			"same, also with -k none"                                                                     \
	}

const struct keyword kw_event_table[] = {
	{"engine-event", NULL, ARG_REQUIRED, parse_engine_event, 0, "decoder.name|stream.name",
		"engine-event:decoder.ipv4.trunc_pkt;", "A decode-event or a stream-event.", "same"},
	{"decode-event", NULL, ARG_REQUIRED, parse_event, 0, "name", "decode-event:ipv4.trunc_pkt;",
		"A malformation that decoding noted.", "same, by Suricata's names"},
	{"stream-event", NULL, ARG_REQUIRED, parse_event, 1, "name", "stream-event:3whs_ack_in_wrong_dir;",
		"Something odd that the TCP engine noted.",
		"same, by Suricata's names; 3whs_ack_data_inject and 3whs_ack_in_wrong_dir as there inline"},
	{"app-layer-event", NULL, ARG_REQUIRED, parse_app_event, 0, "protocol.name | applayer_name",
		"app-layer-event:http.invalid_uri;",
		"Something odd that a protocol parser noted on a transaction, or the detection of protocols on a "
		"packet.",
		"same, by Suricata's names"},
	CSUM("ipv4-csum", 0, "IPv4 header"),
	CSUM("tcpv4-csum", 1, "TCP over IPv4"),
	CSUM("tcpv6-csum", 2, "TCP over IPv6"),
	CSUM("udpv4-csum", 3, "UDP over IPv4"),
	CSUM("udpv6-csum", 4, "UDP over IPv6"),
	CSUM("icmpv4-csum", 5, "ICMP"),
	CSUM("icmpv6-csum", 6, "ICMPv6"),
	{0},
};
