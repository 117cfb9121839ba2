// Sticky buffers of packet headers: what follows is looked for in the header's bytes.
#include <errno.h>

#include "detectors/signature/rule_parse.h"

static bool can_have(enum rule_proto rule, uint32_t buffer)
{
	bool any = rule == PROTO_IP || rule == PROTO_PKTHDR;
	switch (buffer) {
	case BUF_TCP_HDR:
		return any || rule == PROTO_TCP || rule == PROTO_APP;
	case BUF_UDP_HDR:
		return any || rule == PROTO_UDP || rule == PROTO_APP;
	case BUF_ICMPV4_HDR:
		return any || rule == PROTO_ICMP || rule == PROTO_ICMPV4;
	case BUF_ICMPV6_HDR:
		return any || rule == PROTO_ICMP || rule == PROTO_ICMPV6;
	default:
		return true;
	}
}

static int parse_buffer(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	if (!can_have(ps->rule->proto, kw->data))
		return parse_fail(ps, "expected it in a rule for a protocol with this header");
	if (buffer_leave(ps))
		return -EINVAL;
	ps->buffer = buffer_select(ps, (uint16_t)kw->data, kw->name);
	ps->buffer_empty = !ps->buffer || !ps->buffer->steps;
	ps->buffer_named = true;
	if (kw->data != BUF_IP_SRC && kw->data != BUF_IP_DST) // addresses are the stream's, too
		ps->rule->flags |= RULE_F_NEED_PACKET;
	return ps->buffer ? 0 : -ENOMEM;
}

const struct keyword kw_buffer_table[] = {
	{"ipv4.hdr", NULL, ARG_NONE, parse_buffer, BUF_IPV4_HDR, "", "ipv4.hdr; content:\"|45|\"; depth:1;",
		"The IPv4 header.", "same"},
	{"ipv6.hdr", NULL, ARG_NONE, parse_buffer, BUF_IPV6_HDR, "", "ipv6.hdr; content:\"|60|\"; depth:1;",
		"The IPv6 header with its extension headers.", "same"},
	{"tcp.hdr", NULL, ARG_NONE, parse_buffer, BUF_TCP_HDR, "", "tcp.hdr; content:\"|02 04|\"; offset:20;",
		"The TCP header with its options.", "same"},
	{"udp.hdr", NULL, ARG_NONE, parse_buffer, BUF_UDP_HDR, "", "udp.hdr; content:\"|00 08|\"; offset:4; depth:2;",
		"The UDP header.", "same"},
	{"icmpv4.hdr", NULL, ARG_NONE, parse_buffer, BUF_ICMPV4_HDR, "", "icmpv4.hdr; content:\"|08|\"; depth:1;",
		"The ICMP header.", "same"},
	{"icmpv6.hdr", NULL, ARG_NONE, parse_buffer, BUF_ICMPV6_HDR, "", "icmpv6.hdr; content:\"|80|\"; depth:1;",
		"The ICMPv6 header.",
		"same; of neighbour discovery and listener reports Suricata begins the payload four bytes later"},
	{"ip.src", NULL, ARG_NONE, parse_buffer, BUF_IP_SRC, "", "ip.src; dataset:isset,bad,type ip;",
		"The source address: 4 or 16 bytes.", "same"},
	{"ip.dst", NULL, ARG_NONE, parse_buffer, BUF_IP_DST, "", "ip.dst; dataset:isset,bad,type ip;",
		"The destination address: 4 or 16 bytes.", "same"},
	{0},
};
