// What the decode_*.c files share: the walk over one frame, and a function for every layer.
//
// A layer reads its header from w->cur, fills its fields of w->p and names the layer that follows; decode_walk() in
// decode.c is the loop around them, so nesting costs no stack. A tunnel layer puts down the packet it carries
// (decode_begin_inner) and the walk goes on in that one.
#pragma once

#include "dataplane/api/cursor.h"
#include "dataplane/decode.h"

enum decode_layer {
	LAYER_STOP, // done, or malformed
	LAYER_ETHERNET,
	LAYER_VLAN,
	LAYER_IEEE8021AH,
	LAYER_VNTAG,
	LAYER_ETAG,
	LAYER_DCE,
	LAYER_LLC,
	LAYER_MPLS,
	LAYER_PPPOE_SESSION,
	LAYER_PPPOE_DISCOVERY,
	LAYER_PPP,
	LAYER_NSH,
	LAYER_ARP,
	LAYER_RAW, // IPv4 or IPv6, as the version field says
	LAYER_IPV4,
	LAYER_IPV6,
	LAYER_TCP,
	LAYER_UDP,
	LAYER_ICMPV4,
	LAYER_ICMPV6,
	LAYER_SCTP,
	LAYER_ESP,
	LAYER_GRE,
	LAYER_ERSPAN1,
	LAYER_ERSPAN2,
	LAYER_COUNT,
	LAYER_UNKNOWN = LAYER_COUNT, // an EtherType without a decoder
};

struct walk {
	struct decoder *d;
	struct burst *b;
	struct packet *p;                   // the packet being decoded
	struct cursor cur;                  // what is left of it
	const uint8_t *summed, *summed_end; // bytes whose checksum has been taken, NULL: none
	uint16_t sum;                       // of those
	const uint8_t *frame;               // first byte of the frame
	uint32_t lines;                     // a bit for each 64 bytes of it, from its begin, that a header begins in
	uint8_t extras;                     // inner and rebuilt packets of this frame so far
	uint8_t layers;                     // headers of this frame so far
	bool refused;            // the frame's second packet carries another and is for decode alone: decode_config
	bool begun;              // p is one that another carries, and nothing of it has been read yet
	struct packet *guess_on; // p is a guess (Teredo) at what this one carries: if malformed, forget it in silence
};

typedef enum decode_layer decode_layer_fn(struct walk *w);

// LINKTYPE_ values of what tunnels carry.
#define DECODE_LINK_EN10MB 1u
#define DECODE_LINK_RAW 101u

enum ether_type {
	ETHER_IPV4 = 0x0800,
	ETHER_ARP = 0x0806,
	ETHER_TRANSPARENT_BRIDGING = 0x6558,
	ETHER_VLAN = 0x8100,
	ETHER_IPV6 = 0x86dd,
	ETHER_PPP = 0x880b,
	ETHER_MPLS = 0x8847,
	ETHER_MPLS_MULTICAST = 0x8848,
	ETHER_PPPOE_DISCOVERY = 0x8863,
	ETHER_PPPOE_SESSION = 0x8864,
	ETHER_QINQ = 0x88a8,
	ETHER_ERSPAN = 0x88be,
	ETHER_8021AH = 0x88e7,
	ETHER_DCE = 0x8903,
	ETHER_VNTAG = 0x8926,
	ETHER_ETAG = 0x893f,
	ETHER_NSH = 0x894f,
	ETHER_QINQ_OLD = 0x9100,
};

enum ip_proto {
	PROTO_HOPOPTS = 0,
	PROTO_ICMP = 1,
	PROTO_IPIP = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_IPV6 = 41,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_GRE = 47,
	PROTO_ESP = 50,
	PROTO_AH = 51,
	PROTO_ICMPV6 = 58,
	PROTO_NONE = 59,
	PROTO_DSTOPTS = 60,
	PROTO_SCTP = 132,
	PROTO_MH = 135,
	PROTO_HIP = 139,
	PROTO_SHIM6 = 140,
};

// Offset of the cursor from the packet's first byte.
static inline uint32_t walk_off(const struct walk *w)
{
	return (uint32_t)(w->cur.at - w->p->data);
}

static inline uint32_t walk_left(const struct walk *w)
{
	return (uint32_t)cursor_left(&w->cur);
}

// A header begins at the cursor: see decoder.header_lines.
static inline void walk_mark_line(struct walk *w)
{
	w->lines |= UINT32_C(1) << ((uint64_t)(w->cur.at - w->frame) / 64 & 31);
}

// All bytes from `at` to `end` are read, of the frame or of a datagram that lies elsewhere.
static inline void walk_mark_lines(struct walk *w, const uint8_t *at, const uint8_t *end)
{
	uint64_t first = (uint64_t)(at - w->frame) / 64, last = (uint64_t)(end - w->frame) / 64;
	if (first < 32)
		w->lines |= (last < 31 ? (UINT32_C(2) << last) - 1 : UINT32_MAX) & UINT32_MAX << first;
}

// Notes an event on the packet; inspection goes on.
void decode_note(struct walk *w, enum drop_reason reason);
// Notes that a packet is passed over, the first of its frame.
void decode_note_passed_over(struct walk *w);
// Notes an event and marks the packet malformed. Returns LAYER_STOP.
enum decode_layer decode_drop(struct walk *w, enum drop_reason reason);
// Notes an event and goes no further: no detector looks at the packet where drops.def says so. Returns LAYER_STOP.
enum decode_layer decode_stop(struct walk *w, enum drop_reason reason);
// The rest of the packet is payload.
void decode_set_payload(struct walk *w);

// Takes a packet for something this frame carries, NULL (noted) where it has had its share. The bound is a frame's own,
// so that what becomes of a frame does not depend on its neighbours in the burst.
struct packet *decode_take_extra(struct walk *w);
// The frame's second packet makes way for what it carries: counted, and remembered of the frame.
void decode_refuse(struct walk *w);
// Begins the packet that the current one carries: all that is left of the cursor. From the third packet on it takes the
// carrying one's place, which no stage behind decode then sees (noted). Returns `layer`, or LAYER_STOP when packets are
// nested too deep (noted).
enum decode_layer decode_begin_inner(struct walk *w, uint16_t link_type, enum decode_layer layer);
// The same for what may be no packet at all: where it turns out malformed, it has not been there.
enum decode_layer decode_begin_guess(struct walk *w, uint16_t link_type, enum decode_layer layer);
// Hands the current packet, a fragment of IP, to the defragmenter. Returns `layer` with the walk at the rebuilt
// datagram, or LAYER_STOP.
enum decode_layer decode_fragment(struct walk *w, enum decode_layer layer);

// Runs the walk over a frame from `layer` on. decode_frame() begins it by link type.
void decode_walk(struct walk *w, enum decode_layer layer);
void decode_frame(struct decoder *d, struct burst *b, struct packet *frame);
// The frame that the walk began with is read: the ledger has it if it was malformed.
void decode_frame_end(struct walk *w, const struct packet *frame);
// decode_fast.c
// The common stacks (Ethernet, one VLAN tag at most, plain IPv4 or IPv6, TCP or UDP without surprises). Returns what it
// is as a tally for decode_tally, or 0, with nothing changed, when the frame is anything else. Sets all of the packet
// up to `events`, but for the flow stage's part.
uint32_t decode_fast(const struct decoder *d, struct packet *p);
// Adds the sum of a burst's tallies to the counters. pkts, bytes and max_pkt_size are decode_burst's.
void decode_tally(struct decode_counters *n, uint32_t tally);

// A frame over Ethernet and a plain IPv4 header that the fast path leaves: fragments and what
// carries something. Returns false, with nothing changed, when the frame is anything else.
bool decode_fast_ipv4(struct decoder *d, struct burst *b, struct packet *p);
// Reads the Ethernet and IPv4 headers that the walk's packet, of which nothing has been read yet, begins with, where
// they are plain. *layer: what it begins with, then what follows them. Returns false with nothing changed for others.
bool decode_plain_ipv4(struct walk *w, enum decode_layer *layer);

// decode_hop.c: passes over the packets at the walk that only carry another and of which the walk would have nothing to
// say but that they were there. layer: what the first begins with. Returns what the one that is left begins with.
enum decode_layer decode_hop(struct walk *w, enum decode_layer layer);

// decode_link.c: the first layer of a link type.
enum decode_layer decode_link(struct walk *w);
decode_layer_fn decode_ppp, decode_raw;
// PPP from its protocol field on, not counted as PPP.
enum decode_layer decode_ppp_protocol(struct walk *w);

// decode_l2.c
decode_layer_fn decode_ethernet, decode_vlan, decode_ieee8021ah, decode_vntag, decode_etag, decode_dce, decode_llc,
	decode_mpls, decode_pppoe_session, decode_pppoe_discovery, decode_nsh, decode_arp;
// The layer of an EtherType, which is remembered in the packet; LAYER_UNKNOWN (counted) where there is none.
enum decode_layer decode_ether_type(struct walk *w, uint16_t type);
// True when an EtherType, or an 802.3 length, has a decoder.
bool decode_ether_type_known(uint16_t type);

// decode_ipv4.c, decode_ipv6.c
decode_layer_fn decode_ipv4, decode_ipv6;
// The layer behind an IPv4 header with this protocol; the cursor is at it.
enum decode_layer decode_ipv4_payload(struct walk *w, uint8_t proto);
// The layer of an IP protocol both versions treat alike; LAYER_UNKNOWN for the others.
enum decode_layer decode_ip_proto(uint8_t proto);

// decode_l4.c
decode_layer_fn decode_tcp, decode_udp, decode_icmpv4, decode_icmpv6, decode_sctp, decode_esp;
// True when TCP options are all well-formed and none is given twice: the walk would note nothing.
bool decode_tcp_options_clean(const uint8_t *opts, uint32_t len);
// True when the checksum of the transport header and payload that the cursor holds is right.
bool decode_l4_csum_ok(struct walk *w, uint8_t proto);
// The same of a transport header behind the IP header at l3.
bool decode_sum_ok(struct walk *w, struct cursor l4, const uint8_t *l3, uint8_t proto);

// decode_tunnel.c
enum decode_tunnel { TUNNEL_NONE, TUNNEL_VXLAN = 1, TUNNEL_GENEVE = 2, TUNNEL_GTPU = 4, TUNNEL_TEREDO = 8 };
decode_layer_fn decode_gre, decode_erspan1, decode_erspan2;
// The bit of tunnel_port_filter a port falls on: folded, so that 4789 (VXLAN) does not meet 53 (DNS).
static inline uint32_t decode_port_bit(uint16_t port)
{
	return (port ^ port >> 6) & 63;
}

// True when a UDP datagram may carry a tunnel and is not for the fast path. ports: both of them, one in each half.
// Teredo on any port is told by what it carries: IPv6, or an indicator (RFC 4380 5.1.1) whose first byte is zero.
static inline bool decode_udp_may_tunnel(const struct decoder *d, uint32_t ports, const uint8_t *payload, uint32_t len)
{
	uint64_t filter = d->tunnel_port_filter;
	uint32_t bits = ports ^ ports >> 6; // decode_port_bit() of both, in the low six bits of each half
	if ((filter >> (bits & 63) | filter >> (bits >> 16 & 63)) & 1)
		return true;
	return d->config.teredo && d->config.teredo_ports.any && len >= 40 &&
	       ((payload[0] >> 4) == 6 || payload[0] == 0);
}

// Looks for a tunnel in a UDP payload (the cursor); LAYER_STOP where there is none.
enum decode_layer decode_udp_tunnel(struct walk *w);
