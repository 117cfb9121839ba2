// What a packet is to detectors, as bits: so that a detector is shown only what could matter to it.
#pragma once

#include "dataplane/api/detector.h"

#define PACKET_KINDS 8u // 6 kinds of enum detector_wants, invalid packets, one spare
#define PACKET_TRAITS (1u << 9)

// Index of the packet's bit in enum detector_wants; 6 for a packet no detector may see.
static inline uint32_t packet_kind(const struct packet *p)
{
	uint32_t f = p->flags;

	if (f & PKT_INVALID)
		return 6;
	if (f & PKT_FRAGMENT)
		return 4;
	if (f & PKT_TCP)
		return 0;
	if (f & PKT_UDP)
		return 1;
	if (f & PKT_ICMP)
		return 2;
	return f & PKT_ARP ? 3 : 5;
}

// Is the port one of DNS, DHCP, TFTP, Kerberos, SNMP?
static inline uint32_t packet_port_is_named(uint16_t port)
{
	static const uint64_t ports[4] = {1ULL << 53,
		1ULL << (67 - 64) | 1ULL << (68 - 64) | 1ULL << (69 - 64) | 1ULL << (88 - 64), 1ULL << (161 - 128), 0};

	return (port < 256) & (uint32_t)(ports[port >> 6 & 3] >> (port & 63));
}

// The packet's enum detector_only bits.
static inline uint32_t packet_traits(const struct packet *p)
{
	uint32_t nth = p->nth[p->dir & 1], data = p->payload_len != 0;
	uint32_t other = (p->flags & (PKT_TCP | PKT_UDP)) == 0;

	return ((nth <= 1) | other) * DET_FIRST | ((nth <= 2) | other) * DET_START |
	       ((p->tcp_flags & 0x07) != 0) * DET_FLAGS | (data & (nth <= 64)) * DET_EARLY | data * DET_DATA |
	       (data ^ 1) * DET_BARE | ((nth & 255) == 0 && nth != 0) * DET_STEP |
	       (packet_port_is_named(p->sport) | packet_port_is_named(p->dport)) * DET_NAMED |
	       ((p->seq & 7) == 0) * DET_SAMPLE;
}
