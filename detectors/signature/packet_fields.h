// Header fields rules ask for that struct packet does not carry, read with bounds checks.
#pragma once

#include "dataplane/api/packet.h"

static inline uint32_t be16_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t be32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// n bytes at off of the packet, NULL when they are not all there.
static inline const uint8_t *packet_at(const struct packet *p, uint32_t off, uint32_t n)
{
	return off <= p->len && p->len - off >= n ? p->data + off : NULL;
}

// Payload bytes that rules look at: those of a transport. A fragment, or a protocol that decode does not go into, has
// none, as in Suricata.
static inline uint32_t packet_rule_payload_len(const struct packet *p)
{
	return p->flags & (PKT_TCP | PKT_UDP | PKT_ICMP | PKT_SCTP | PKT_ESP) ? p->payload_len : 0;
}

static inline uint32_t tcp_seq(const struct packet *p)
{
	const uint8_t *h = packet_at(p, p->l4_off, 20);
	return h ? be32_at(h + 4) : 0;
}

static inline uint32_t tcp_ack(const struct packet *p)
{
	const uint8_t *h = packet_at(p, p->l4_off, 20);
	return h ? be32_at(h + 8) : 0;
}

static inline uint32_t tcp_window(const struct packet *p)
{
	const uint8_t *h = packet_at(p, p->l4_off, 20);
	return h ? be16_at(h + 14) : 0;
}

// RFC 9293 section 3.2: walks the options for kind 2. At most 40 bytes.
static inline bool tcp_option_mss(const struct packet *p, uint32_t *mss)
{
	const uint8_t *h = packet_at(p, p->l4_off, 20);
	if (!h)
		return false;
	uint32_t end = (uint32_t)(h[12] >> 4) * 4;
	if (!packet_at(p, p->l4_off, end))
		return false;
	for (uint32_t i = 20; i < end;) {
		if (h[i] == 0)
			return false;
		if (h[i] == 1) {
			i++;
			continue;
		}
		if (i + 1 >= end || h[i + 1] < 2 || i + h[i + 1] > end)
			return false;
		if (h[i] == 2 && h[i + 1] == 4) {
			*mss = be16_at(h + i + 2);
			return true;
		}
		i += h[i + 1];
	}
	return false;
}

// The IPv4 header, NULL when the packet has none.
static inline const uint8_t *ipv4_header(const struct packet *p)
{
	return p->flags & PKT_IPV4 ? packet_at(p, p->l3_off, 20) : NULL;
}

static inline const uint8_t *ipv6_header(const struct packet *p)
{
	return p->flags & PKT_IPV6 ? packet_at(p, p->l3_off, 40) : NULL;
}
