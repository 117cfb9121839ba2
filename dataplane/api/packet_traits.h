// What a packet is to detectors, as bits: so that a detector is shown only what could matter to it.
#pragma once

#include "dataplane/api/detector.h"

#define PACKET_KINDS 8u // 6 kinds of enum detector_wants, invalid packets, one spare
#define PACKET_KIND_INVALID 6u
#define PACKET_TRAITS (1u << 9)

// The detector's wants as bits by packet_kind().
static inline uint32_t packet_kinds_wanted(const struct detector *d)
{
	return (d->wants & DET_ALL) | (d->wants & DET_INVALID ? 1u << PACKET_KIND_INVALID : 0);
}

// Index of the packet's bit in enum detector_wants; PACKET_KIND_INVALID for a packet that is none of them.
static inline uint32_t packet_kind(const struct packet *p)
{
	// by the six flags of PKT_TCP and on: the first that is set counts
	static const uint8_t kinds[64] = {
		5,
		0,
		1,
		0,
		2,
		0,
		1,
		0,
		2,
		0,
		1,
		0,
		2,
		0,
		1,
		0,
		5,
		0,
		1,
		0,
		2,
		0,
		1,
		0,
		2,
		0,
		1,
		0,
		2,
		0,
		1,
		0, //
		3,
		0,
		1,
		0,
		2,
		0,
		1,
		0,
		2,
		0,
		1,
		0,
		2,
		0,
		1,
		0,
		3,
		0,
		1,
		0,
		2,
		0,
		1,
		0,
		2,
		0,
		1,
		0,
		2,
		0,
		1,
		0,
	};
	uint32_t f = p->flags;

	if (!(f & (PKT_INVALID | PKT_FRAGMENT)))
		return kinds[f / PKT_TCP % 64];
	return f & PKT_INVALID ? 6 : 4;
}

// Is the port one of DNS, DHCP, TFTP, Kerberos, SNMP, IKE, OpenVPN, SIP?
static inline uint32_t packet_port_is_named(uint16_t port)
{
	return port == 53 || port == 67 || port == 68 || port == 69 || port == 88 || port == 161 || port == 500 ||
	       port == 1194 || port == 4500 || port == 5060;
}

// Could it be? One port in 25 could; this is what every packet is asked.
static inline uint32_t packet_port_may_be_named(uint16_t port)
{
#define BYTE(p) (((p) ^ (p) >> 8) & 255)
#define BIT(p, word) (BYTE(p) / 64 == (word) ? 1ULL << BYTE(p) % 64 : 0)
#define WORD(w)                                                                                                      \
	(BIT(53, w) | BIT(67, w) | BIT(68, w) | BIT(69, w) | BIT(88, w) | BIT(161, w) | BIT(500, w) | BIT(1194, w) | \
		BIT(4500, w) | BIT(5060, w))
	static const uint64_t named[4] = {WORD(0), WORD(1), WORD(2), WORD(3)};
#undef WORD
#undef BIT
#undef BYTE
	uint32_t byte = (port ^ port >> 8) & 255;

	return named[byte / 64] >> byte % 64 & 1;
}

// Those of the packet's enum detector_only bits that are among `want`, and perhaps others. Written for the middle of a
// flow, whose branches go one way.
static inline uint32_t packet_traits_among(const struct packet *p, uint32_t want)
{
	uint32_t nth = p->nth[p->dir & 1];
	uint32_t traits = p->payload_len ? DET_DATA : 0;

	if (nth <= 64) {
		traits |= traits && p->flags & PKT_TCP ? DET_EARLY : 0;
		traits |= nth <= 2 ? nth <= 1 ? DET_FIRST | DET_START : DET_START : 0;
	} else if ((nth & 255) == 0) {
		traits |= DET_STEP;
	}
	if (p->flags & PKT_TCP)
		traits |= p->tcp_flags & 0x07 ? DET_FLAGS : traits & DET_DATA ? 0 : DET_BARE;
	else if (!(p->flags & PKT_UDP))
		traits |= DET_FIRST | DET_START;
	if (want & DET_NAMED && (packet_port_may_be_named(p->sport) | packet_port_may_be_named(p->dport)) &&
		(packet_port_is_named(p->sport) || packet_port_is_named(p->dport)))
		traits |= DET_NAMED;
	// spread by the golden ratio, so that an attack which walks addresses in steps of eight is seen whole
	if (want & DET_SAMPLE && (uint32_t)p->seq * 0x9e3779b1u >> 29 == 0)
		traits |= DET_SAMPLE;
	return traits;
}

// All of them.
static inline uint32_t packet_traits(const struct packet *p)
{
	return packet_traits_among(p, UINT32_MAX);
}
