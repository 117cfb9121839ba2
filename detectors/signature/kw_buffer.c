// Sticky buffers of packet headers: what follows is looked for in the header's bytes.
#include <errno.h>

#include "detectors/signature/rule_parse.h"

static int parse_buffer(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	ps->in_base64 = false;
	ps->buffer = buffer_select(ps, (uint16_t)kw->data, kw->name);
	ps->buffer_empty = !ps->buffer || !ps->buffer->steps;
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
		"The ICMPv6 header.", "same"},
	{"ip.src", NULL, ARG_NONE, parse_buffer, BUF_IP_SRC, "", "ip.src; dataset:isset,bad,type ip;",
		"The source address: 4 or 16 bytes.", "same"},
	{"ip.dst", NULL, ARG_NONE, parse_buffer, BUF_IP_DST, "", "ip.dst; dataset:isset,bad,type ip;",
		"The destination address: 4 or 16 bytes.", "same"},
	{0},
};
