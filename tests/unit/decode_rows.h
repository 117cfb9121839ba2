// Malformed packets, one row for every complaint decode has: a well-formed base, bytes behind it, and what is done to
// it. Used by the unit test (every reason of decode in drops.def has a row) and by the fuzz corpus.
#pragma once

#include <stdbool.h>

#include "dataplane/api/drops.h"
#include "tests/unit/build_packet.h"

typedef void decode_base_fn(struct build *b, uint32_t arg);

enum decode_from { FROM_START, FROM_L3, FROM_L4 };

struct decode_edit {
	enum decode_from from;
	uint32_t off;
	const char *bytes;
	uint32_t n;
};

struct decode_row {
	enum drop_reason reason; // noted on the frame or on what it carries, and nothing else is, but for `also`
	bool drop;               // the packet it is noted on is malformed
	uint16_t link_type;
	decode_base_fn *base;
	uint32_t arg;     // of base: EtherType, protocol, ...
	const char *tail; // bytes behind the base
	uint32_t tail_len;
	struct decode_edit edit[2]; // overwritten once lengths and checksums are right
	uint32_t cut;               // bytes cut off the end, likewise
	enum drop_reason also;
};

#define TAIL(s) .tail = (s), .tail_len = sizeof(s) - 1
#define EDIT(where, at, s)                        \
	{                                         \
		(where), (at), (s), sizeof(s) - 1 \
	}
#define HERE "10.0.0.1"
#define THERE "10.0.0.2"
#define HERE6 "2001:db8::1"
#define THERE6 "2001:db8::2"

static inline void base_nothing(struct build *b, uint32_t arg)
{
}

static inline void base_eth(struct build *b, uint32_t ether_type)
{
	build_ethernet(b, (uint16_t)ether_type);
}

static inline void base_ip4(struct build *b, uint32_t proto)
{
	build_ethernet(b, 0x0800);
	build_ipv4(b, HERE, THERE, (uint8_t)proto);
}

static inline void base_ip6(struct build *b, uint32_t next)
{
	build_ethernet(b, 0x86dd);
	build_ipv6(b, HERE6, THERE6, (uint8_t)next);
}

// IPv4 with eight bytes of options, which an edit puts in, in front of an IP protocol for experiments.
static inline void base_ip4_opts(struct build *b, uint32_t arg)
{
	build_ethernet(b, 0x0800);
	build_ipv4_opts(b, HERE, THERE, 253, "\1\1\1\1\1\1\1", 8);
}

static inline void base_ip4_opts4(struct build *b, uint32_t arg)
{
	build_ethernet(b, 0x0800);
	build_ipv4_opts(b, HERE, THERE, 253, "\1\1\1", 4);
}

static inline void base_tcp(struct build *b, uint32_t arg)
{
	base_ip4(b, 6);
	build_tcp(b, 1234, 80, BUILD_TCP_ACK, 1, 1);
	build_text(b, "hello");
}

// TCP with eight bytes of options.
static inline void base_tcp_opts(struct build *b, uint32_t arg)
{
	base_ip4(b, 6);
	build_tcp_opts(b, 1234, 80, BUILD_TCP_ACK, 1, 1, "\1\1\1\1\1\1\1", 8);
}

static inline void base_tcp6(struct build *b, uint32_t arg)
{
	base_ip6(b, 6);
	build_tcp(b, 1234, 80, BUILD_TCP_ACK, 1, 1);
	build_text(b, "hello");
}

static inline void base_udp(struct build *b, uint32_t dport)
{
	base_ip4(b, 17);
	build_udp(b, 1234, (uint16_t)dport);
}

static inline void base_udp6(struct build *b, uint32_t dport)
{
	base_ip6(b, 17);
	build_udp(b, 1234, (uint16_t)dport);
}

// arg: type and code
static inline void base_icmp(struct build *b, uint32_t arg)
{
	base_ip4(b, 1);
	build_icmp(b, (uint8_t)(arg >> 8), (uint8_t)arg, 0);
}

// arg: hop limit, type and code
static inline void base_icmp6(struct build *b, uint32_t arg)
{
	base_ip6(b, 58);
	b->data[b->l3 + 7] = (uint8_t)(arg >> 16);
	build_icmpv6(b, (uint8_t)(arg >> 8), (uint8_t)arg, 0);
}

static inline void base_sctp(struct build *b, uint32_t arg)
{
	base_ip4(b, 132);
	build_bytes(b, "\x04\xd2\x00\x50\x00\x00\x00\x01\x00\x00\x00\x00", 12);
}

// A VXLAN tunnel; the inner frame is in the tail.
static inline void base_vxlan(struct build *b, uint32_t vni)
{
	base_udp(b, 4789);
	build_vxlan(b, vni);
}

// arg VN-Tags behind each other
static inline void base_nested(struct build *b, uint32_t arg)
{
	build_ethernet(b, 0x8926);
	for (uint32_t i = 0; i < arg; i++) {
		build_fill(b, 0, 4);
		build_be16(b, 0x8926);
	}
}

// arg IPv4 headers within each other
static inline void base_nested_ip(struct build *b, uint32_t arg)
{
	build_ethernet(b, 0x0800);
	for (uint32_t i = 0; i < arg; i++)
		build_ipv4(b, HERE, THERE, i + 1 == arg ? 253 : 4);
}

// Tags of three VLANs, then the type given.
static inline void base_vlan3(struct build *b, uint32_t ether_type)
{
	build_ethernet(b, 0x88a8);
	build_vlan(b, 1, 0x8100);
	build_vlan(b, 2, 0x8100);
	build_vlan(b, 3, (uint16_t)ether_type);
}

// clang-format off
#define ZERO8 "\0\0\0\0\0\0\0\0"
#define MAC12 "\x02\0\0\0\0\2\x02\0\0\0\0\1"
#define ADDR6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define IP4_EMPTY "\x45\0\0\x14\0\0\0\0\x40\xfd\x65\xeb\x0a\0\0\1\x0a\0\0\2"
#define IP6_EMPTY "\x60\0\0\0\0\0\x3b\x40" ADDR6 ADDR6

static const struct decode_row decode_rows[] = {
	// Link layer
	{DECODE_LINK_UNSUPPORTED, true, 147, base_nothing, 0, TAIL("anything")},
	{DECODE_TOO_MANY_LAYERS, true, 1, base_nested, 17, TAIL("")},
	{DECODE_TUNNELS_PASSED_OVER, false, 1, base_nested_ip, 4, TAIL("")},
	{DECODE_TOO_MANY_TUNNELS, false, 1, base_nested_ip, 6, TAIL(""), .also = DECODE_TUNNELS_PASSED_OVER},
	{DECODE_ETHERNET_PKT_TOO_SMALL, true, 1, base_nothing, 0, TAIL(MAC12 "\x08")},
	{DECODE_IPRAW_INVALID_IPV, false, 101, base_nothing, 0, TAIL("\x55\0\0\x14" ZERO8 ZERO8)},
	{DECODE_LTNULL_PKT_TOO_SMALL, true, 0, base_nothing, 0, TAIL("\2\0\0")},
	{DECODE_LTNULL_UNSUPPORTED_TYPE, false, 0, base_nothing, 0, TAIL("\7\0\0\0" IP4_EMPTY)},
	{DECODE_SLL_PKT_TOO_SMALL, true, 113, base_nothing, 0, TAIL("\0\0\0\1\0\6" ZERO8 "\x08")},
	{DECODE_SLL2_PKT_TOO_SMALL, true, 276, base_nothing, 0, TAIL("\x08\0\0\0\0\0\0\1\0\1\0\6" "\0\0\0\0\0\0\0")},
	{DECODE_CHDLC_PKT_TOO_SMALL, true, 104, base_nothing, 0, TAIL("\x0f\0\x08")},
	{DECODE_NFLOG_PKT_TOO_SMALL, true, 239, base_nothing, 0, TAIL("\2\0\0")},
	{DECODE_NFLOG_MALFORMED_TLV, true, 239, base_nothing, 0, TAIL("\2\0\0\0\x40\0\x09\0" IP4_EMPTY)},
	{DECODE_WLAN_PKT_TOO_SMALL, true, 105, base_nothing, 0, TAIL("\x08\x01\0\0" MAC12)},
	{DECODE_WLAN_BAD_RADIOTAP, true, 127, base_nothing, 0, TAIL("\1\0\x08\0\0\0\0\0\x08\x01\0\0")},
	{DECODE_PPP_PKT_TOO_SMALL, true, 9, base_nothing, 0, TAIL("\xff\x03\x00")},
	{DECODE_PPP_VJU_PKT_TOO_SMALL, true, 9, base_nothing, 0, TAIL("\xff\x03\x00\x2f\x45\0\0\x14")},
	{DECODE_PPP_IPV4_PKT_TOO_SMALL, true, 9, base_nothing, 0, TAIL("\xff\x03\x00\x21\x45\0\0\x14")},
	{DECODE_PPP_IPV6_PKT_TOO_SMALL, true, 9, base_nothing, 0, TAIL("\xff\x03\x00\x57\x60\0\0\0")},
	{DECODE_PPP_WRONG_TYPE, true, 9, base_nothing, 0, TAIL("\xff\x03\x12\x34" IP4_EMPTY)},
	{DECODE_PPP_UNSUP_PROTO, false, 9, base_nothing, 0, TAIL("\xff\x03\x00\x2b" IP4_EMPTY)},
	{DECODE_PPPOE_PKT_TOO_SMALL, true, 1, base_eth, 0x8864, TAIL("\x11\0\0\1\0\2\0")},
	{DECODE_PPPOE_WRONG_CODE, true, 1, base_eth, 0x8863, TAIL("\x11\x77\0\0\0\0")},
	{DECODE_PPPOE_MALFORMED_TAGS, true, 1, base_eth, 0x8863, TAIL("\x11\x09\0\0\0\x09\x01\x01\0\4" "abcd")},
	{DECODE_PPPOE_MALFORMED_TAGS, false, 1, base_eth, 0x8863, TAIL("\x11\x09\0\0\0\x08\x01\x01\0\5" "abcd")},
	// Between link and network
	{DECODE_VLAN_HEADER_TOO_SMALL, true, 1, base_eth, 0x8100, TAIL("\0\1\x08")},
	{DECODE_VLAN_UNKNOWN_TYPE, true, 1, base_eth, 0x8100, TAIL("\0\1\x90\x01" IP4_EMPTY)},
	{DECODE_VLAN_TOO_MANY_LAYERS, false, 1, base_vlan3, 0x8100, TAIL("\0\4\x08\0" IP4_EMPTY)},
	{DECODE_IEEE8021AH_HEADER_TOO_SMALL, true, 1, base_eth, 0x88e7, TAIL("\0\0\0\1" MAC12 "\x08")},
	{DECODE_VNTAG_HEADER_TOO_SMALL, true, 1, base_eth, 0x8926, TAIL("\0\0\0\1\x08")},
	{DECODE_VNTAG_UNKNOWN_TYPE, true, 1, base_eth, 0x8926, TAIL("\0\0\0\1\x90\x01" IP4_EMPTY)},
	{DECODE_ETAG_HEADER_TOO_SMALL, true, 1, base_eth, 0x893f, TAIL("\0\0\0\0\0\1\x08")},
	{DECODE_ETAG_UNKNOWN_TYPE, true, 1, base_eth, 0x893f, TAIL("\0\0\0\0\0\1\x90\x01" IP4_EMPTY)},
	{DECODE_DCE_PKT_TOO_SMALL, true, 1, base_eth, 0x8903, TAIL("\0\1" MAC12)},
	{DECODE_LLC_HEADER_TOO_SMALL, false, 1, base_eth, 7, TAIL("\xaa\xaa\x03\0\0\0\x08\0" IP4_EMPTY)},
	{DECODE_MPLS_HEADER_TOO_SMALL, true, 1, base_eth, 0x8847, TAIL("\0\1\0\x40\0\2")},
	{DECODE_MPLS_PKT_TOO_SMALL, true, 1, base_eth, 0x8847, TAIL("\0\1\1\x40")},
	{DECODE_MPLS_BAD_LABEL_ROUTER_ALERT, false, 1, base_eth, 0x8847, TAIL("\0\0\x11\x40" IP4_EMPTY)},
	{DECODE_MPLS_BAD_LABEL_IMPLICIT_NULL, false, 1, base_eth, 0x8847, TAIL("\0\0\x31\x40" IP4_EMPTY)},
	{DECODE_MPLS_BAD_LABEL_RESERVED, false, 1, base_eth, 0x8847, TAIL("\0\0\x51\x40" IP4_EMPTY)},
	{DECODE_MPLS_UNKNOWN_PAYLOAD_TYPE, true, 1, base_eth, 0x8847, TAIL("\0\1\1\x40\x95\0\0\x14" ZERO8 ZERO8)},
	{DECODE_NSH_HEADER_TOO_SMALL, true, 1, base_eth, 0x894f, TAIL("\x0f\xc2\2\1\0\0\1")},
	{DECODE_NSH_UNSUPPORTED_VERSION, false, 1, base_eth, 0x894f, TAIL("\x4f\xc2\2\1\0\0\1\xff" IP4_EMPTY)},
	{DECODE_NSH_BAD_HEADER_LENGTH, true, 1, base_eth, 0x894f, TAIL("\x0f\xc2\1\1\0\0\1\xff" IP4_EMPTY)},
	{DECODE_NSH_RESERVED_TYPE, false, 1, base_eth, 0x894f, TAIL("\x0f\xc2\0\1\0\0\1\xff" IP4_EMPTY)},
	{DECODE_NSH_UNSUPPORTED_TYPE, false, 1, base_eth, 0x894f, TAIL("\x0f\xc2\5\1\0\0\1\xff" IP4_EMPTY)},
	{DECODE_NSH_UNKNOWN_PAYLOAD, false, 1, base_eth, 0x894f, TAIL("\x0f\xc2\2\x09\0\0\1\xff" IP4_EMPTY)},
	{DECODE_ARP_PKT_TOO_SMALL, false, 1, base_eth, 0x0806, TAIL("\0\1\x08\0\6\4\0\1" MAC12)},
	{DECODE_ARP_UNSUPPORTED_HARDWARE, false, 1, base_eth, 0x0806, TAIL("\0\6\x08\0\6\4\0\1" ZERO8 ZERO8 "\0\0\0\0")},
	{DECODE_ARP_UNSUPPORTED_PROTOCOL, false, 1, base_eth, 0x0806, TAIL("\0\1\x86\xdd\6\4\0\1" ZERO8 ZERO8 "\0\0\0\0")},
	{DECODE_ARP_INVALID_HARDWARE_SIZE, false, 1, base_eth, 0x0806, TAIL("\0\1\x08\0\x08\4\0\1" ZERO8 ZERO8 ZERO8)},
	{DECODE_ARP_INVALID_PROTOCOL_SIZE, false, 1, base_eth, 0x0806, TAIL("\0\1\x08\0\6\6\0\1" ZERO8 ZERO8 ZERO8)},
	{DECODE_ARP_UNSUPPORTED_OPCODE, false, 1, base_eth, 0x0806, TAIL("\0\1\x08\0\6\4\0\x63" ZERO8 ZERO8 "\0\0\0\0")},
	// IPv4
	{DECODE_IPV4_PKT_TOO_SMALL, true, 1, base_eth, 0x0800, TAIL("\x45\0\0\x14" ZERO8)},
	{DECODE_IPV4_WRONG_IP_VERSION, true, 1, base_ip4, 253, TAIL(""), {EDIT(FROM_L3, 0, "\x55")}},
	{DECODE_IPV4_HLEN_TOO_SMALL, true, 1, base_ip4, 253, TAIL(""), {EDIT(FROM_L3, 0, "\x44")}},
	{DECODE_IPV4_IPLEN_SMALLER_THAN_HLEN, true, 1, base_ip4, 253, TAIL(""), {EDIT(FROM_L3, 2, "\0\x13")}},
	{DECODE_IPV4_TRUNC_PKT, true, 1, base_ip4, 253, TAIL("hello"), {{0}}, .cut = 1},
	{DECODE_IPV4_OPT_INVALID, false, 1, base_ip4_opts, 0, TAIL(""), {EDIT(FROM_L3, 20, "\x55\4\0\0\0")}},
	{DECODE_IPV4_OPT_INVALID_LEN, true, 1, base_ip4_opts, 0, TAIL(""), {EDIT(FROM_L3, 20, "\x94\x09\0\0\0")}},
	{DECODE_IPV4_OPT_INVALID_LEN, true, 1, base_ip4_opts, 0, TAIL(""), {EDIT(FROM_L3, 20, "\x94\x01\0\0\0")}},
	{DECODE_IPV4_OPT_INVALID_LEN, true, 1, base_ip4_opts, 0, TAIL(""), {EDIT(FROM_L3, 20, "\x94\x03\0\0\0")}},
	{DECODE_IPV4_OPT_MALFORMED, true, 1, base_ip4_opts, 0, TAIL(""), {EDIT(FROM_L3, 20, "\7\7\5\0\0\0\0\0")}},
	{DECODE_IPV4_OPT_MALFORMED, true, 1, base_ip4_opts, 0, TAIL(""), {EDIT(FROM_L3, 20, "\x44\x08\4\0\0\0\0\0")}},
	{DECODE_IPV4_OPT_INVALID_LEN, true, 1, base_ip4_opts, 0, TAIL(""), {EDIT(FROM_L3, 20, "\x86\x08\0\0\0\0\0\0")}},
	{DECODE_IPV4_OPT_PAD_REQUIRED, false, 1, base_ip4_opts4, 0, TAIL("")},
	{DECODE_IPV4_OPT_EOL_REQUIRED, false, 1, base_ip4_opts, 0, TAIL(""), {EDIT(FROM_L3, 27, "\7")}},
	{DECODE_IPV4_OPT_DUPLICATE, false, 1, base_ip4_opts, 0, TAIL(""), {EDIT(FROM_L3, 20, "\x94\4\0\0\x94\4\0\0")}},
	{DECODE_IPV4_WITH_ICMPV6, true, 1, base_ip4, 58, TAIL("\x80\0\0\0\0\0\0\0")},
	{DECODE_IPV4_INVALID_CHECKSUM, false, 1, base_tcp, 0, TAIL(""), {EDIT(FROM_L3, 8, "\x41")}},
	// IPv6
	{DECODE_IPV6_PKT_TOO_SMALL, true, 1, base_eth, 0x86dd, TAIL("\x60\0\0\0\0\0\x3b\x40" ADDR6)},
	{DECODE_IPV6_WRONG_IP_VERSION, true, 1, base_ip6, 59, TAIL(""), {EDIT(FROM_L3, 0, "\x50")}},
	{DECODE_IPV6_TRUNC_PKT, true, 1, base_ip6, 6, TAIL("hello"), {{0}}, .cut = 1},
	{DECODE_IPV6_TRUNC_EXTHDR, true, 1, base_ip6, 0, TAIL("\6\0\1\2\0\0")},
	{DECODE_IPV6_TRUNC_EXTHDR, true, 1, base_ip6, 43, TAIL("\6\2\2\0" ZERO8)},
	{DECODE_IPV6_TRUNC_EXTHDR, true, 1, base_ip6, 44, TAIL("\6\0\0\0\0\0")},
	{DECODE_IPV6_TRUNC_EXTHDR, true, 1, base_ip6, 51, TAIL("\6\5\0\0" ZERO8)},
	{DECODE_IPV6_TRUNC_EXTHDR, true, 1, base_ip6, 135, TAIL("\x3b\4\0\0" ZERO8)},
	{DECODE_IPV6_EXTHDR_DUPL_RH, false, 1, base_ip6, 43, TAIL("\x2b\0\2\0\0\0\0\0" "\x3b\0\2\0\0\0\0\0")},
	{DECODE_IPV6_EXTHDR_DUPL_HH, false, 1, base_ip6, 0, TAIL("\0\0\5\2\0\0\0\0\x3b\0\5\2\0\0\0\0")},
	{DECODE_IPV6_EXTHDR_DUPL_AH, false, 1, base_ip6, 51, TAIL("\x33\1\0\0" ZERO8 "\x3b\1\0\0" ZERO8)},
	{DECODE_IPV6_EXTHDR_DUPL_DH, false, 1, base_ip6, 60, TAIL("\x3c\0\5\2\0\0\0\0\x3c\0\5\2\0\0\0\0\x3b\0\5\2\0\0\0\0")},
	{DECODE_IPV6_EXTHDR_DUPL_FH, false, 1, base_ip6, 44, TAIL("\x2c\0\0\0\0\0\0\7\x3b\0\0\0\0\0\0\7"), .also = DECODE_IPV6_EXTHDR_USELESS_FH},
	{DECODE_IPV6_EXTHDR_USELESS_FH, false, 1, base_ip6, 44, TAIL("\x3b\0\0\0\0\0\0\7")},
	{DECODE_IPV6_EXTHDR_INVALID_OPTLEN, false, 1, base_ip6, 60, TAIL("\x3b\0\xc9\x09\0\0\0\0")},
	{DECODE_IPV6_EXTHDR_INVALID_OPTLEN, true, 1, base_ip6, 0, TAIL("\x3b\0\5\1\0\0\0\0")},
	{DECODE_IPV6_EXTHDR_AH_RES_NOT_NULL, false, 1, base_ip6, 51, TAIL("\x3b\1\0\1" ZERO8)},
	{DECODE_IPV6_HOPOPTS_UNKNOWN_OPT, false, 1, base_ip6, 0, TAIL("\x3b\0\x33\4\0\0\0\0")},
	{DECODE_IPV6_HOPOPTS_ONLY_PADDING, false, 1, base_ip6, 0, TAIL("\x3b\0\1\4\0\0\0\0")},
	{DECODE_IPV6_DSTOPTS_UNKNOWN_OPT, false, 1, base_ip6, 60, TAIL("\x3b\0\x33\4\0\0\0\0")},
	{DECODE_IPV6_DSTOPTS_ONLY_PADDING, false, 1, base_ip6, 60, TAIL("\x3b\0\1\4\0\0\0\0")},
	{DECODE_IPV6_EXTHDR_RH_TYPE_0, false, 1, base_ip6, 43, TAIL("\x3b\0\0\0\0\0\0\0")},
	{DECODE_IPV6_EXTHDR_ZERO_LEN_PADN, false, 1, base_ip6, 0, TAIL("\x3b\0\5\2\0\0\1\0")},
	{DECODE_IPV6_FH_NON_ZERO_RES_FIELD, false, 1, base_ip6, 44, TAIL("\6\1\0\1\0\0\0\7" ZERO8)},
	{DECODE_IPV6_DATA_AFTER_NONE_HEADER, false, 1, base_ip6, 59, TAIL("data")},
	{DECODE_IPV6_UNKNOWN_NEXT_HEADER, false, 1, base_ip6, 200, TAIL("data")},
	{DECODE_IPV6_WITH_ICMPV4, false, 1, base_ip6, 1, TAIL("\x08\0\0\0\0\0\0\0")},
	// Transport
	{DECODE_TCP_PKT_TOO_SMALL, true, 1, base_ip4, 6, TAIL("\x04\xd2\0\x50" ZERO8 "\x50\x10\0")},
	{DECODE_TCP_HLEN_TOO_SMALL, true, 1, base_tcp, 0, TAIL(""), {EDIT(FROM_L4, 12, "\xf0")}},
	{DECODE_TCP_INVALID_OPTLEN, true, 1, base_tcp, 0, TAIL(""), {EDIT(FROM_L4, 12, "\x40")}},
	{DECODE_TCP_OPT_INVALID_LEN, false, 1, base_tcp_opts, 0, TAIL(""), {EDIT(FROM_L4, 20, "\2\x09")}},
	{DECODE_TCP_OPT_INVALID_LEN, false, 1, base_tcp_opts, 0, TAIL(""), {EDIT(FROM_L4, 20, "\2\1")}},
	{DECODE_TCP_OPT_INVALID_LEN, false, 1, base_tcp_opts, 0, TAIL(""), {EDIT(FROM_L4, 20, "\2\5")}},
	{DECODE_TCP_OPT_DUPLICATE, false, 1, base_tcp_opts, 0, TAIL(""), {EDIT(FROM_L4, 20, "\2\4\5\xb4\2\4\5\xb4")}},
	{DECODE_TCPV4_INVALID_CHECKSUM, false, 1, base_tcp, 0, TAIL(""), {EDIT(FROM_L4, 4, "\1")}},
	{DECODE_TCPV6_INVALID_CHECKSUM, false, 1, base_tcp6, 0, TAIL(""), {EDIT(FROM_L4, 4, "\1")}},
	{DECODE_UDP_HLEN_TOO_SMALL, true, 1, base_ip4, 17, TAIL("\x04\xd2\0\x35\0\x08\0")},
	{DECODE_UDP_PKT_TOO_SMALL, true, 1, base_udp, 53, TAIL("hello"), {EDIT(FROM_L4, 4, "\0\x0e")}},
	{DECODE_UDP_LEN_INVALID, true, 1, base_udp, 53, TAIL("hello"), {EDIT(FROM_L4, 4, "\0\7")}},
	{DECODE_UDPV4_INVALID_CHECKSUM, false, 1, base_udp, 53, TAIL("hello"), {EDIT(FROM_L4, 8, "j")}},
	{DECODE_UDPV6_INVALID_CHECKSUM, false, 1, base_udp6, 53, TAIL("hello"), {EDIT(FROM_L4, 6, "\0\0")}},
	{DECODE_SCTP_PKT_TOO_SMALL, true, 1, base_ip4, 132, TAIL("\x04\xd2\0\x50\0\0\0\1\0\0\0")},
	{DECODE_SCTP_INVALID_CHECKSUM, false, 1, base_sctp, 0, TAIL("\0\0\0\4")},
	{DECODE_ESP_PKT_TOO_SMALL, true, 1, base_ip4, 50, TAIL("\0\0\0\1\0\0\0")},
	{DECODE_ICMPV4_PKT_TOO_SMALL, true, 1, base_ip4, 1, TAIL("\x08\0\0\0\0\0\0")},
	{DECODE_ICMPV4_UNKNOWN_TYPE, false, 1, base_icmp, 0x6300, TAIL("")},
	{DECODE_ICMPV4_UNKNOWN_CODE, false, 1, base_icmp, 0x0810, TAIL("")},
	{DECODE_ICMPV4_IPV4_TRUNC_PKT, true, 1, base_icmp, 0x0301, TAIL("\x45\0\0\x14" ZERO8)},
	{DECODE_ICMPV4_IPV4_UNKNOWN_VER, true, 1, base_icmp, 0x0301, TAIL("\x65\0\0\x14" ZERO8 ZERO8)},
	{DECODE_ICMPV4_INVALID_CHECKSUM, false, 1, base_icmp, 0x0800, TAIL("ping"), {EDIT(FROM_L4, 8, "q")}},
	{DECODE_ICMPV6_PKT_TOO_SMALL, true, 1, base_ip6, 58, TAIL("\x80\0\0\0\0\0\0")},
	{DECODE_ICMPV6_UNKNOWN_TYPE, false, 1, base_icmp6, 0x407f00, TAIL("")},
	{DECODE_ICMPV6_UNKNOWN_CODE, false, 1, base_icmp6, 0x408001, TAIL("")},
	{DECODE_ICMPV6_UNASSIGNED_TYPE, false, 1, base_icmp6, 0x403200, TAIL("")},
	{DECODE_ICMPV6_EXPERIMENTATION_TYPE, false, 1, base_icmp6, 0x406400, TAIL("")},
	{DECODE_ICMPV6_MLD_INVALID_HL, false, 1, base_icmp6, 0x408300, TAIL(ADDR6)},
	{DECODE_ICMPV6_IPV6_TRUNC_PKT, true, 1, base_icmp6, 0x400100, TAIL("\x60\0\0\0\0\0\x3b\x40" ADDR6)},
	{DECODE_ICMPV6_IPV6_UNKNOWN_VER, true, 1, base_icmp6, 0x400100, TAIL("\x50\0\0\0\0\0\x3b\x40" ADDR6 ADDR6)},
	{DECODE_ICMPV6_ND_BAD_OPTION, false, 1, base_icmp6, 0xff8700, TAIL(ADDR6 "\1\0" "\0\0\0\0\0\0")},
	{DECODE_ICMPV6_ND_INVALID_HL, false, 1, base_icmp6, 0xfe8700, TAIL(ADDR6)},
	{DECODE_ICMPV6_ND_TOO_SMALL, false, 1, base_icmp6, 0xff8700, TAIL(ZERO8)},
	{DECODE_ICMPV6_INVALID_CHECKSUM, false, 1, base_icmp6, 0x408000, TAIL("ping"), {EDIT(FROM_L4, 8, "q")}},
	// Tunnels
	{DECODE_IPV4_IN_IPV6_TOO_SMALL, true, 1, base_ip6, 4, TAIL("\x45\0\0\x14" ZERO8)},
	{DECODE_IPV4_IN_IPV6_WRONG_VERSION, false, 1, base_ip6, 4, TAIL("\x65\0\0\x14" ZERO8 ZERO8)},
	{DECODE_IPV6_IN_IPV6_TOO_SMALL, true, 1, base_ip6, 41, TAIL("\x60\0\0\0" ZERO8)},
	{DECODE_IPV6_IN_IPV6_WRONG_VERSION, false, 1, base_ip6, 41, TAIL("\x40\0\0\0\0\0\x3b\x40" ADDR6 ADDR6)},
	{DECODE_GRE_PKT_TOO_SMALL, true, 1, base_ip4, 47, TAIL("\0\0\x08")},
	{DECODE_GRE_WRONG_VERSION, true, 1, base_ip4, 47, TAIL("\0\2\x08\0" IP4_EMPTY)},
	{DECODE_GRE_VERSION0_RECUR, true, 1, base_ip4, 47, TAIL("\1\0\x08\0" IP4_EMPTY)},
	{DECODE_GRE_VERSION0_FLAGS, true, 1, base_ip4, 47, TAIL("\0\x08\x08\0" IP4_EMPTY)},
	{DECODE_GRE_VERSION0_HDR_TOO_BIG, true, 1, base_ip4, 47, TAIL("\xb0\0\x08\0" ZERO8)},
	{DECODE_GRE_VERSION0_MALFORMED_SRE_HDR, true, 1, base_ip4, 47, TAIL("\x40\0\x08\0\0\0\0\0\0\2\0\xc8" "\1\2\3\4")},
	{DECODE_GRE_VERSION1_CHKSUM, true, 1, base_ip4, 47, TAIL("\xa0\1\x88\x0b\0\0\0\1")},
	{DECODE_GRE_VERSION1_ROUTE, true, 1, base_ip4, 47, TAIL("\x60\1\x88\x0b\0\0\0\1")},
	{DECODE_GRE_VERSION1_SSR, true, 1, base_ip4, 47, TAIL("\x28\1\x88\x0b\0\0\0\1")},
	{DECODE_GRE_VERSION1_RECUR, true, 1, base_ip4, 47, TAIL("\x21\1\x88\x0b\0\0\0\1")},
	{DECODE_GRE_VERSION1_FLAGS, true, 1, base_ip4, 47, TAIL("\x20\x09\x88\x0b\0\0\0\1")},
	{DECODE_GRE_VERSION1_NO_KEY, true, 1, base_ip4, 47, TAIL("\0\1\x88\x0b\0\0\0\1")},
	{DECODE_GRE_VERSION1_WRONG_PROTOCOL, true, 1, base_ip4, 47, TAIL("\x20\1\x08\0\0\0\0\1")},
	{DECODE_GRE_VERSION1_HDR_TOO_BIG, true, 1, base_ip4, 47, TAIL("\x30\x81\x88\x0b\0\0\0\1\0\0\0\1")},
	{DECODE_ERSPAN_HEADER_TOO_SMALL, false, 1, base_ip4, 47, TAIL("\x10\0\x88\xbe\0\0\0\1\x10\1\0\0")},
	{DECODE_ERSPAN_UNSUPPORTED_VERSION, false, 1, base_ip4, 47, TAIL("\x10\0\x88\xbe\0\0\0\1\x20\1" ZERO8 MAC12 ZERO8)},
	{DECODE_VXLAN_UNKNOWN_PAYLOAD_TYPE, false, 1, base_vxlan, 7, TAIL(MAC12 "\x90\1" ZERO8)},
	{DECODE_GENEVE_UNKNOWN_PAYLOAD_TYPE, false, 1, base_udp, 6081, TAIL("\0\0\x90\1\0\0\7\0" ZERO8)},
	{DECODE_GTPU_MALFORMED, false, 1, base_udp, 2152, TAIL("\x30\xff\0\x20\0\0\0\7" IP4_EMPTY)},
};
// clang-format on

#define DECODE_ROWS (sizeof(decode_rows) / sizeof(decode_rows[0]))

static inline void decode_row_build(const struct decode_row *row, struct build *b)
{
	build_start(b);
	row->base(b, row->arg);
	build_bytes(b, row->tail, row->tail_len);
	build_finish(b);
	for (int i = 0; i < 2; i++) {
		const struct decode_edit *e = &row->edit[i];
		uint32_t from = e->from == FROM_L3 ? b->l3 : e->from == FROM_L4 ? b->l4 : 0;
		if (e->n > 0)
			memcpy(b->data + from + e->off, e->bytes, e->n);
	}
	b->len -= row->cut;
}
