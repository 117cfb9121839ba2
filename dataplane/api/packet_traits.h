// What a packet is to detectors, as bits: so that a detector is shown only what could matter to it.
//
// packet_look() says it of a packet without a branch, as an index; packet_look_kind() and packet_look_traits() say
// what the index means in the terms of enum detector_wants and detector_only, for tables by it (dataplane/sorter.c).
#pragma once

#include <rte_branch_prediction.h>

#include "dataplane/api/detector.h"

#define PACKET_KINDS 8u // 6 kinds of enum detector_wants, invalid packets, one spare
#define PACKET_KIND_INVALID 6u
#define PACKET_LOOKS (PACKET_KINDS << 9)

// PORT_NAMED: DNS, DHCP, TFTP, Kerberos, SNMP, IKE, OpenVPN, SIP. PORT_REFLECTED: UDP services that answer whoever is
// named as the source; what each of them is: detectors/heuristics/amplification.c.
enum packet_port { PORT_NAMED = 1u << 6, PORT_REFLECTED = 1u << 7, PORT_BOTH = PORT_NAMED | PORT_REFLECTED };
#define PACKET_PORTS(X)          \
	X(17, PORT_REFLECTED)    \
	X(19, PORT_REFLECTED)    \
	X(53, PORT_BOTH)         \
	X(67, PORT_NAMED)        \
	X(68, PORT_NAMED)        \
	X(69, PORT_BOTH)         \
	X(88, PORT_NAMED)        \
	X(111, PORT_REFLECTED)   \
	X(123, PORT_REFLECTED)   \
	X(137, PORT_REFLECTED)   \
	X(161, PORT_BOTH)        \
	X(389, PORT_REFLECTED)   \
	X(500, PORT_BOTH)        \
	X(520, PORT_REFLECTED)   \
	X(546, PORT_NAMED)       \
	X(547, PORT_NAMED)       \
	X(1194, PORT_BOTH)       \
	X(1434, PORT_REFLECTED)  \
	X(1604, PORT_REFLECTED)  \
	X(1900, PORT_REFLECTED)  \
	X(3283, PORT_REFLECTED)  \
	X(3389, PORT_REFLECTED)  \
	X(3478, PORT_REFLECTED)  \
	X(3702, PORT_REFLECTED)  \
	X(4500, PORT_BOTH)       \
	X(5060, PORT_BOTH)       \
	X(5351, PORT_REFLECTED)  \
	X(5353, PORT_REFLECTED)  \
	X(5683, PORT_REFLECTED)  \
	X(10001, PORT_REFLECTED) \
	X(10074, PORT_REFLECTED) \
	X(11211, PORT_REFLECTED) \
	X(27960, PORT_REFLECTED) \
	X(37810, PORT_REFLECTED) \
	X(47808, PORT_REFLECTED)

// How far a direction of a flow is: bits 0 to 2 of a look.
enum packet_age { PACKET_OLD, PACKET_STEP, PACKET_EARLY, PACKET_SECOND, PACKET_FIRST };

// The other bits of a look; three bits of packet_kind() lie above.
enum packet_look_bit {
	LOOK_SYN = 1u << 3,
	LOOK_CLOSE = 1u << 4, // FIN or RST
	LOOK_DATA = 1u << 5,
	LOOK_NAMED = PORT_NAMED,
	LOOK_REFLECTED = PORT_REFLECTED, // by a digest of the port: may be set for other ports
	LOOK_SAMPLE = 1u << 8,
	LOOK_SEGMENT = LOOK_SYN | LOOK_CLOSE,
	LOOK_FAR = LOOK_NAMED | LOOK_REFLECTED | LOOK_SAMPLE, // what takes most to find out
};
#define LOOK_KIND_SHIFT 9

// The detector's wants as bits by packet_kind().
static inline uint32_t packet_kinds_wanted(const struct detector *d)
{
	return (d->wants & DET_ALL) | (d->wants & DET_INVALID ? 1u << PACKET_KIND_INVALID : 0);
}

// Index of the packet's bit in enum detector_wants; PACKET_KIND_INVALID for a packet that is none of them.
static inline uint32_t packet_kind(const struct packet *p)
{
	// by the flags from PKT_TCP to PKT_FRAGMENT: a fragment is one whatever else it is, else the first that is set
#define KIND4(rest) (rest), 0, 1, 0
#define KIND16(rest) KIND4(rest), KIND4(2), KIND4(2), KIND4(2)
#define KIND32 KIND16(5), KIND16(5)
#define KINDS_ARP KIND16(3), KIND16(3)
#define FRAGMENT8 4, 4, 4, 4, 4, 4, 4, 4
#define FRAGMENT32 FRAGMENT8, FRAGMENT8, FRAGMENT8, FRAGMENT8
	static const uint8_t kinds[256] = {
		KIND32, KINDS_ARP, KIND32, KINDS_ARP, FRAGMENT32, FRAGMENT32, FRAGMENT32, FRAGMENT32};
#undef KIND4
#undef KIND16
#undef KIND32
#undef KINDS_ARP
#undef FRAGMENT8
#undef FRAGMENT32
	return unlikely(p->flags & PKT_INVALID) ? PACKET_KIND_INVALID : kinds[p->flags / PKT_TCP & 255];
}

static inline bool packet_port_is_named(uint16_t port)
{
#define SAME(p, what) || ((what)&PORT_NAMED && port == (p))
	return false PACKET_PORTS(SAME);
#undef SAME
}

// LOOK_NAMED of either port, LOOK_REFLECTED of the source port.
static inline uint32_t packet_ports_look(const struct packet *p)
{
#define ENTRY(p, what) [((p) ^ (p) >> 8) & 1023] = (what),
	static const uint8_t ports[1024] = {PACKET_PORTS(ENTRY)};
#undef ENTRY
	uint32_t from = ports[(p->sport ^ p->sport >> 8) & 1023], to = ports[(p->dport ^ p->dport >> 8) & 1023];
	uint32_t look = from & LOOK_REFLECTED;

	if (unlikely((from | to) & PORT_NAMED))
		look |= packet_port_is_named(p->sport) || packet_port_is_named(p->dport) ? LOOK_NAMED : 0;
	return look;
}

// LOOK_SEGMENT of a packet with these TCP flags.
#define PACKET_SEGMENTS 8u // combinations of FIN, SYN and RST
static inline uint32_t packet_segment_look(uint32_t tcp_flags)
{
	static const uint8_t looks[PACKET_SEGMENTS] = {
		0, LOOK_CLOSE, LOOK_SYN, LOOK_SEGMENT, LOOK_CLOSE, LOOK_CLOSE, LOOK_SEGMENT, LOOK_SEGMENT};

	return looks[tcp_flags % PACKET_SEGMENTS];
}

// What the packet is, below PACKET_LOOKS, but for LOOK_FAR.
static inline uint32_t packet_look_near(const struct packet *p)
{
	// by ordinal up to 255, and by its low byte beyond
	static const uint8_t ages[512] = {
		[0 ... 1] = PACKET_FIRST, [2] = PACKET_SECOND, [3 ... 64] = PACKET_EARLY, [256] = PACKET_STEP};
	uint32_t nth = p->nth[p->dir & 1];
	uint32_t look = ages[(nth & 255) | (uint32_t)(nth > 255) << 8];

	look |= packet_segment_look(p->tcp_flags);
	look |= (p->payload_len != 0) * LOOK_DATA;
	return look | packet_kind(p) << LOOK_KIND_SHIFT;
}

// What the packet is, below PACKET_LOOKS.
static inline uint32_t packet_look(const struct packet *p)
{
	// spread by the golden ratio, so that an attack which walks addresses in steps of eight is seen whole
	uint32_t sample = ((uint32_t)p->seq * 0x9e3779b1u >> 29 == 0) * LOOK_SAMPLE;

	return packet_look_near(p) | packet_ports_look(p) | sample;
}

static inline uint32_t packet_look_kind(uint32_t look)
{
	return look >> LOOK_KIND_SHIFT;
}

// Enum detector_only bits of a look.
static inline uint32_t packet_look_traits(uint32_t look)
{
	uint32_t kind = packet_look_kind(look), age = look & 7, traits = look & LOOK_DATA ? DET_DATA : 0;
	bool tcp = 1u << kind == DET_TCP, udp = 1u << kind == DET_UDP;

	if (age == PACKET_FIRST || (!tcp && !udp))
		traits |= DET_FIRST | DET_START;
	traits |= age == PACKET_SECOND ? DET_START : 0;
	traits |= age == PACKET_STEP ? DET_STEP : 0;
	traits |= tcp && age >= PACKET_EARLY && look & LOOK_DATA ? DET_EARLY : 0;
	traits |= tcp && look & LOOK_SYN ? DET_SYN : 0;
	traits |= tcp && look & LOOK_CLOSE ? DET_CLOSE : 0;
	traits |= tcp && !(look & (LOOK_SYN | LOOK_CLOSE | LOOK_DATA)) ? DET_BARE : 0;
	traits |= look & LOOK_NAMED ? DET_NAMED : 0;
	traits |= look & LOOK_REFLECTED ? DET_REFLECTED : 0;
	return traits | (look & LOOK_SAMPLE ? DET_SAMPLE : 0);
}

// Is a packet of this look one the detector wants?
static inline bool packet_look_wanted(const struct detector *d, uint32_t look)
{
	return packet_kinds_wanted(d) >> packet_look_kind(look) & 1 &&
	       (d->only == 0 || d->only & packet_look_traits(look));
}
