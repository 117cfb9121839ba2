// Builds packets layer by layer for unit tests and generators. Layers are put down from the outside in;
// build_finish() then fills in every length and checksum, from the inside out. To make something malformed, change
// b->data afterwards, or skip build_finish().
//
//	struct build b;
//	build_start(&b);
//	build_ethernet(&b, 0x0800);
//	build_ipv4(&b, "10.0.0.1", "10.0.0.2", 6);
//	build_tcp(&b, 1234, 80, BUILD_TCP_SYN, 1, 0);
//	build_text(&b, "hello");
//	build_finish(&b);		// b.data[0..b.len)
#pragma once

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUILD_MAX 70000u
#define BUILD_MAX_LAYERS 32u

enum build_tcp_flag {
	BUILD_TCP_FIN = 0x01,
	BUILD_TCP_SYN = 0x02,
	BUILD_TCP_RST = 0x04,
	BUILD_TCP_PSH = 0x08,
	BUILD_TCP_ACK = 0x10,
	BUILD_TCP_URG = 0x20,
};

enum build_kind { BUILD_IPV4, BUILD_IPV6, BUILD_TCP, BUILD_UDP, BUILD_ICMPV4, BUILD_ICMPV6 };

struct build {
	uint32_t len;
	uint32_t l3, l4; // offset of the IP and the transport header put down last
	uint32_t layers;
	struct build_layer {
		enum build_kind kind;
		uint32_t off;
	} layer[BUILD_MAX_LAYERS];
	uint8_t data[BUILD_MAX];
};

static inline void build_start(struct build *b)
{
	b->len = b->l3 = b->l4 = b->layers = 0;
}

static inline void build_bytes(struct build *b, const void *bytes, size_t n)
{
	if (n > BUILD_MAX - b->len)
		abort(); // a mistake of the test itself
	memcpy(b->data + b->len, bytes, n);
	b->len += (uint32_t)n;
}

static inline void build_fill(struct build *b, uint8_t value, size_t n)
{
	if (n > BUILD_MAX - b->len)
		abort();
	memset(b->data + b->len, value, n);
	b->len += (uint32_t)n;
}

static inline void build_text(struct build *b, const char *text)
{
	build_bytes(b, text, strlen(text));
}

static inline void build_u8(struct build *b, uint8_t v)
{
	build_bytes(b, &v, 1);
}

static inline void build_be16(struct build *b, uint16_t v)
{
	build_bytes(b, (uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static inline void build_be32(struct build *b, uint32_t v)
{
	build_be16(b, (uint16_t)(v >> 16));
	build_be16(b, (uint16_t)v);
}

// Overwrites two bytes at an offset.
static inline void build_put16(struct build *b, uint32_t off, uint16_t v)
{
	b->data[off] = (uint8_t)(v >> 8);
	b->data[off + 1] = (uint8_t)v;
}

static inline void build_open(struct build *b, enum build_kind kind)
{
	if (b->layers == BUILD_MAX_LAYERS)
		abort();
	b->layer[b->layers].kind = kind;
	b->layer[b->layers++].off = b->len;
	if (kind == BUILD_IPV4 || kind == BUILD_IPV6)
		b->l3 = b->len;
	else
		b->l4 = b->len;
}

static inline void build_ethernet(struct build *b, uint16_t ether_type)
{
	static const uint8_t macs[12] = {0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1};
	build_bytes(b, macs, sizeof(macs));
	build_be16(b, ether_type);
}

// The four bytes behind a tag protocol identifier (0x8100, 0x88a8, ...).
static inline void build_vlan(struct build *b, uint16_t id, uint16_t ether_type)
{
	build_be16(b, id);
	build_be16(b, ether_type);
}

static inline void build_mpls(struct build *b, uint32_t label, int bottom)
{
	build_be32(b, label << 12 | (bottom ? 0x100u : 0) | 64);
}

static inline void build_address(struct build *b, int family, const char *text)
{
	uint8_t addr[16];
	if (inet_pton(family, text, addr) != 1)
		abort();
	build_bytes(b, addr, family == AF_INET ? 4 : 16);
}

// opts: IPv4 options, a multiple of four bytes long, at most 40.
static inline void build_ipv4_opts(
	struct build *b, const char *src, const char *dst, uint8_t proto, const void *opts, size_t opts_len)
{
	build_open(b, BUILD_IPV4);
	build_u8(b, (uint8_t)(0x40 | (5 + opts_len / 4)));
	build_u8(b, 0);
	build_be16(b, 0);
	build_be16(b, 0x1234);
	build_be16(b, 0x4000); // do not fragment
	build_u8(b, 64);
	build_u8(b, proto);
	build_be16(b, 0);
	build_address(b, AF_INET, src);
	build_address(b, AF_INET, dst);
	if (opts_len > 0)
		build_bytes(b, opts, opts_len);
}

static inline void build_ipv4(struct build *b, const char *src, const char *dst, uint8_t proto)
{
	build_ipv4_opts(b, src, dst, proto, NULL, 0);
}

// Turns the IPv4 header put down last into that of a fragment. offset: bytes, a multiple of eight.
static inline void build_ipv4_frag(struct build *b, uint16_t id, uint32_t offset, int more)
{
	build_put16(b, b->l3 + 4, id);
	build_put16(b, b->l3 + 6, (uint16_t)(offset / 8 | (more ? 0x2000 : 0)));
}

static inline void build_ipv6(struct build *b, const char *src, const char *dst, uint8_t next)
{
	build_open(b, BUILD_IPV6);
	build_be32(b, 0x60000000);
	build_be16(b, 0);
	build_u8(b, next);
	build_u8(b, 64);
	build_address(b, AF_INET6, src);
	build_address(b, AF_INET6, dst);
}

// An IPv6 fragment header. offset: bytes, a multiple of eight.
static inline void build_ipv6_frag(struct build *b, uint8_t next, uint32_t id, uint32_t offset, int more)
{
	build_u8(b, next);
	build_u8(b, 0);
	build_be16(b, (uint16_t)((offset & 0xfff8) | (more ? 1 : 0)));
	build_be32(b, id);
}

// opts: TCP options, a multiple of four bytes long, at most 40.
static inline void build_tcp_opts(struct build *b, uint16_t sport, uint16_t dport, uint8_t flags, uint32_t seq,
	uint32_t ack, const void *opts, size_t opts_len)
{
	build_open(b, BUILD_TCP);
	build_be16(b, sport);
	build_be16(b, dport);
	build_be32(b, seq);
	build_be32(b, ack);
	build_u8(b, (uint8_t)((5 + opts_len / 4) << 4));
	build_u8(b, flags);
	build_be16(b, 65535);
	build_be32(b, 0); // checksum, urgent pointer
	if (opts_len > 0)
		build_bytes(b, opts, opts_len);
}

static inline void build_tcp(struct build *b, uint16_t sport, uint16_t dport, uint8_t flags, uint32_t seq, uint32_t ack)
{
	build_tcp_opts(b, sport, dport, flags, seq, ack, NULL, 0);
}

static inline void build_udp(struct build *b, uint16_t sport, uint16_t dport)
{
	build_open(b, BUILD_UDP);
	build_be16(b, sport);
	build_be16(b, dport);
	build_be32(b, 0); // length, checksum
}

// rest: the last four bytes of the eight byte header (identifier and sequence, gateway, ...).
static inline void build_icmp(struct build *b, uint8_t type, uint8_t code, uint32_t rest)
{
	build_open(b, BUILD_ICMPV4);
	build_u8(b, type);
	build_u8(b, code);
	build_be16(b, 0);
	build_be32(b, rest);
}

static inline void build_icmpv6(struct build *b, uint8_t type, uint8_t code, uint32_t rest)
{
	build_icmp(b, type, code, rest);
	b->layer[b->layers - 1].kind = BUILD_ICMPV6;
}

static inline void build_vxlan(struct build *b, uint32_t vni)
{
	build_be32(b, 0x08000000);
	build_be32(b, vni << 8);
}

// RFC 1071, byte by byte on purpose: it checks the fast one.
static inline uint32_t build_sum(const uint8_t *at, uint32_t n, uint32_t sum)
{
	for (uint32_t i = 0; i < n; i++)
		sum += (i & 1) ? at[i] : (uint32_t)at[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

// Sum of the pseudo header of the nearest IP layer outside layer i.
static inline uint32_t build_pseudo_sum(const struct build *b, uint32_t i, uint32_t len, uint8_t proto)
{
	uint32_t sum = build_sum((uint8_t[]){(uint8_t)(len >> 8), (uint8_t)len, 0, proto}, 4, len >> 16);
	while (i-- > 0) {
		const struct build_layer *l = &b->layer[i];
		if (l->kind == BUILD_IPV4)
			return build_sum(b->data + l->off + 12, 8, sum);
		if (l->kind == BUILD_IPV6)
			return build_sum(b->data + l->off + 8, 32, sum);
	}
	return sum;
}

static inline void build_finish_transport(struct build *b, uint32_t i)
{
	static const struct {
		uint8_t proto, csum_off;
	} by_kind[] = {[BUILD_TCP] = {6, 16}, [BUILD_UDP] = {17, 6}, [BUILD_ICMPV4] = {1, 2}, [BUILD_ICMPV6] = {58, 2}};
	const struct build_layer *l = &b->layer[i];
	uint32_t len = b->len - l->off, at = l->off + by_kind[l->kind].csum_off;
	if (l->kind == BUILD_UDP)
		build_put16(b, l->off + 4, (uint16_t)len);
	build_put16(b, at, 0);
	uint32_t sum = l->kind == BUILD_ICMPV4 ? 0 : build_pseudo_sum(b, i, len, by_kind[l->kind].proto);
	uint16_t csum = (uint16_t)~build_sum(b->data + l->off, len, sum);
	build_put16(b, at, csum == 0 && l->kind == BUILD_UDP ? 0xffff : csum);
}

// Fills in every length and checksum.
static inline void build_finish(struct build *b)
{
	for (uint32_t i = b->layers; i-- > 0;) {
		const struct build_layer *l = &b->layer[i];
		if (l->kind == BUILD_IPV4) {
			build_put16(b, l->off + 2, (uint16_t)(b->len - l->off));
			build_put16(b, l->off + 10, 0);
			uint32_t hlen = (b->data[l->off] & 15u) * 4;
			build_put16(b, l->off + 10, (uint16_t)~build_sum(b->data + l->off, hlen, 0));
		} else if (l->kind == BUILD_IPV6) {
			build_put16(b, l->off + 4, (uint16_t)(b->len - l->off - 40));
		} else {
			build_finish_transport(b, i);
		}
	}
}
