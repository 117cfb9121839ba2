// One decoded packet, as every stage after decode sees it. Next: flow.h.
//
// A packet borrows its bytes: `data` points into an mbuf (or, for a datagram rebuilt from
// fragments, into a buffer the defragmenter owns until the end of the burst). Nobody after the
// source frees or changes them. Tunnels and fragments yield further packets: each has its own
// struct packet and its own flow, and names the packet that carried it in `outer`.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dataplane/api/drops.h"

struct rte_mbuf;
struct flow;

#define PKT_BURST 32u    // frames a source hands over at most in one call
#define PKT_MAX_DEPTH 5u // packets in one another that decode follows: the frame and four layers within
#define PKT_MAX_WHOLE 3u // of those that stages behind decode see: the frame, what it carries, and the innermost
#define PKT_MAX_VLANS 3u
#define PKT_POISON 0xa5u  // see packet_begin
#define PKT_MAX_EVENTS 8u // decode and stream events remembered a packet; more are only counted

// An IPv4 address stands in b[0..3], the rest zero. Network byte order.
union ip_addr {
	uint8_t b[16];
	uint32_t w[4];
	uint64_t d[2];
};

enum packet_flag {
	PKT_IPV4 = 1u << 0,
	PKT_IPV6 = 1u << 1,
	PKT_TCP = 1u << 2,
	PKT_UDP = 1u << 3,
	PKT_ICMPV4 = 1u << 4,
	PKT_ICMPV6 = 1u << 5,
	PKT_SCTP = 1u << 6,
	PKT_ARP = 1u << 7,
	PKT_ESP = 1u << 8,
	PKT_FRAGMENT = 1u << 9,     // an IP fragment: no transport header is trusted
	PKT_REBUILT = 1u << 10,     // a datagram put together from fragments
	PKT_INNER = 1u << 11,       // carried by another packet (`outer` is set)
	PKT_TUNNEL = 1u << 12,      // carries another packet
	PKT_BAD_L3_CSUM = 1u << 13, // IPv4 header checksum wrong and checks are on
	PKT_BAD_L4_CSUM = 1u << 14, // TCP/UDP/ICMP/SCTP checksum wrong and checks are on
	PKT_TRUNCATED = 1u << 15,   // captured bytes end before the datagram does
	PKT_INVALID = 1u << 16,     // malformed so that no detector may look (drop_reason is set)
	PKT_L3_CSUM_OK = 1u << 17,  // the NIC has checked it already
	PKT_L4_CSUM_OK = 1u << 18,
	PKT_NEW_FLOW = 1u << 19,         // this packet created its flow
	PKT_FLOW_ESTABLISHED = 1u << 20, // both sides have been seen (TCP: handshake complete)
	PKT_STREAM_ADDED = 1u << 21,     // its TCP payload went into the reassembled stream
	PKT_STREAM_REJECTED = 1u << 22,  // the stream engine refused the segment: not for detectors that trust TCP
	PKT_NOTED = 1u << 23,            // `events` has some
	PKT_BEGINS_CAPTURE = 1u << 24,   // the first of its capture file
	PKT_IP = PKT_IPV4 | PKT_IPV6,
	PKT_ICMP = PKT_ICMPV4 | PKT_ICMPV6,
};

// Direction of a packet in its flow.
enum packet_dir { DIR_TO_SERVER = 0, DIR_TO_CLIENT = 1 };

// Laid out in the order in which it is filled: the source's part, what decode says of every packet, what it says of
// some, where `events` begins. Nothing is cleared beforehand: a field that is not filled for this packet holds
// whatever an earlier packet left there.
struct packet {
	// Set by the source.
	const uint8_t *data;   // first byte of the frame (for inner packets: of its first header)
	struct rte_mbuf *mbuf; // owner of the bytes; NULL for a rebuilt datagram
	uint64_t ts_ns;        // packet time: nanoseconds since 1970
	uint64_t seq;          // ordinal of the frame in its source, from 1 (EVE pcap_cnt)
	uint32_t len;          // bytes at data
	uint32_t wire_len;     // bytes on the wire, as the source says
	uint16_t link_type;    // DLT_ / LINKTYPE_ value of `data`
	uint16_t iface;        // index of the interface or port it came from
	uint32_t flags;        // enum packet_flag

	// Set by decode.
	uint32_t l2_len;       // bytes before the network header
	uint32_t l3_off;       // of the IPv4/IPv6/ARP header from data
	uint32_t l4_off;       // of the transport header from data
	uint32_t payload_off;  // of the transport payload from data
	uint32_t payload_len;  // transport payload bytes present; IP payload where there is no transport
	uint16_t sport, dport; // host byte order; 0 without ports
	uint8_t ttl;           // IPv4 TTL or IPv6 hop limit
	uint8_t ip_proto;      // IANA protocol number after IPv6 extension headers
	uint8_t tcp_flags;     // RFC 9293 byte 13; 0 where there is no TCP
	uint8_t icmp_type, icmp_code;
	uint8_t vlan_count;
	uint8_t depth; // 0: the frame itself; n: carried by n packets
	uint8_t event_count;
	union ip_addr src, dst;
	uint16_t vlan[PKT_MAX_VLANS]; // 12-bit ids, outermost first
	uint16_t ether_type;          // EtherType of the network header
	struct packet *outer;         // the whole packet that carried this one (PKT_MAX_WHOLE), NULL at depth 0
	uint32_t tunnel_id;           // VNI, TEID or GRE key of the innermost tunnel, 0 without

	// Set by the flow stage.
	uint8_t dir;       // enum packet_dir
	struct flow *flow; // NULL for packets without a flow (ARP, fragments, table full); decode begins with that
	uint32_t nth[2];   // packets of the flow up to and with this one, by enum packet_dir (the flow itself may be
			   // ahead)

	// Set by decode, for some packets only.
	uint16_t events[PKT_MAX_EVENTS]; // enum drop_reason values noted on this packet: the first event_count
	uint16_t drop_reason;            // with PKT_INVALID: why
	uint8_t icmp_has_inner;          // with PKT_ICMP: the packet it quotes was decoded into the fields below
	uint8_t icmp_inner_proto;
	uint16_t icmp_inner_sport, icmp_inner_dport;
	uint32_t icmp_inner_off; // of the quoted IP header from data
};
_Static_assert(offsetof(struct packet, flow) == 136, "what the usual packet needs lies in two lines and a bit");

static inline const uint8_t *packet_payload(const struct packet *p)
{
	return p->data + p->payload_off;
}

typedef uint64_t packet_zeros __attribute__((vector_size(16)));
_Static_assert((sizeof(struct packet) - offsetof(struct packet, l2_len)) % 8 == 0, "packet_clear_decoded()");

// Zeroes what decode and the stages behind it fill, with stores written out: gcc 12 makes `rep stos` of a memset of
// this constant length, which takes some 100 cycles to start.
static inline void packet_clear_decoded(struct packet *p)
{
	const packet_zeros zeros = {0};
	uint8_t *at = (uint8_t *)p + offsetof(struct packet, l2_len);

#pragma GCC unroll 16
	for (size_t i = 0; i < (sizeof(*p) - offsetof(struct packet, l2_len)) / 16; i++)
		memcpy(at + 16 * i, &zeros, 16);
	memcpy((uint8_t *)p + sizeof(*p) - 8, &zeros, 8);
}

// Begins a packet in a source, which then sets its part of the fields. Under AddressSanitizer the packet is full of
// nonsense, so that a stage which reads what nobody has set is found out by every test that compares events.
static inline void packet_begin(struct packet *p)
{
#ifdef __SANITIZE_ADDRESS__
	memset(p, PKT_POISON, sizeof(*p));
#else
	(void)p;
#endif
}

// Remembers a decode or stream event on the packet; the ninth and later are only counted by the caller.
static inline void packet_note(struct packet *p, uint16_t reason)
{
	p->flags |= PKT_NOTED;
	if (p->event_count < PKT_MAX_EVENTS)
		p->events[p->event_count++] = reason;
}

// What one turn of a worker's loop holds. frames[0..n_frames) come from the source; decode fills
// list[0..n) with pointers in processing order (a frame, then what it carried, then the next frame).
struct burst {
	uint16_t n_frames;
	uint16_t n;
	uint16_t n_extra;
	uint16_t n_extra_mbufs;
	uint32_t flags;  // enum packet_flag of all packets together as the flow stage saw them, and PKT_NOTED of later
	uint64_t now_ns; // packet time of the burst: the latest ts_ns seen so far, never going back
	struct packet *list[PKT_BURST * PKT_MAX_DEPTH];
	struct packet frames[PKT_BURST];
	struct packet extra[PKT_BURST * (PKT_MAX_DEPTH - 1)]; // inner and rebuilt packets
	struct rte_mbuf
		*extra_mbufs[PKT_BURST * (PKT_MAX_DEPTH - 1)]; // buffers of rebuilt packets, freed with the burst
};

// Takes a zeroed packet for an inner or rebuilt datagram. Returns NULL when the burst has no room
// (cannot happen while depth <= PKT_MAX_DEPTH holds).
static inline struct packet *burst_take_extra(struct burst *b)
{
	if (b->n_extra == PKT_BURST * (PKT_MAX_DEPTH - 1))
		return NULL;
	struct packet *p = &b->extra[b->n_extra++];
	memset(p, 0, offsetof(struct packet, l2_len));
	packet_clear_decoded(p);
	return p;
}

static inline void burst_push(struct burst *b, struct packet *p)
{
	if (b->n < PKT_BURST * PKT_MAX_DEPTH)
		b->list[b->n++] = p;
}
