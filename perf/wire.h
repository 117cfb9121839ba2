// Headers of the frames that floods are made of: lengths and checksums are right. Addresses are in host order.
#pragma once

#include <stdint.h>

#define WIRE_ETHERNET 14u
#define WIRE_IPV4 20u
#define WIRE_IPV6 40u
#define WIRE_UDP 8u
#define WIRE_TCP 20u
#define WIRE_LEAST 60u // bytes of the shortest frame, without FCS

static inline void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

// Each of these writes a header in front of what is `len` bytes with it, and returns the header's bytes.
uint32_t wire_ethernet(uint8_t *to, uint32_t ether_type);
uint32_t wire_ipv4(uint8_t *to, uint32_t len, uint8_t proto, uint32_t src, uint32_t dst);
// host: the low 32 bits of 2001:db8::.
uint32_t wire_ipv6(uint8_t *to, uint32_t len, uint8_t next, uint32_t src, uint32_t dst);
// Without checksum, as tunnels send it (RFC 7348 section 5).
uint32_t wire_udp(uint8_t *to, uint32_t len, uint16_t sport, uint16_t dport);

// Changes of an IPv4 header's fields are followed by this.
void wire_ipv4_sum(uint8_t *ip);
// Puts the checksum of the transport header and payload at l4 into it, `at` bytes from its beginning.
void wire_l4_sum(uint8_t *ip, uint8_t *l4, uint8_t proto, uint32_t l4_len, uint32_t at);

struct wire_segment {
	uint32_t src, dst, seq, ack;
	uint16_t sport, dport;
	uint8_t flags;
	const uint8_t *options; // options_len bytes, a multiple of four
	uint32_t options_len;
	uint32_t len; // of the payload
};
// A whole frame: Ethernet, IPv4, TCP, payload (NULL: some text), padding. Returns its length.
uint32_t wire_segment(uint8_t *to, const struct wire_segment *s, const uint8_t *payload);
