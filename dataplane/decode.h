// Decode: from a burst of frames to a list of packets with their headers found, checked and counted.
// decode_fast.c is the entry and the fast path; decode.c, decode_link.c and on (l2, ipv4, ipv6, l4, tunnel) the walk.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/drops.h"
#include "dataplane/api/packet.h"

#define DECODE_MAX_PORTS 4u              // UDP ports a tunnel protocol can be told of (Suricata's limit too)
#define DECODE_NESTED_A_TICK 50000u      // of a wire: 500,000 frames of tunnels in one another a second and worker
#define DECODE_LONG_CHAINS_A_TICK 20000u // of a wire: 200,000 packets with so many headers a second and worker
#define DECODE_MAX_LAYERS 16u            // headers walked in one frame, as Suricata's decoder.max-layers

struct defrag;

// UDP ports that carry a tunnel, at either end of a datagram. any: Teredo may be on every port.
struct decode_ports {
	uint16_t port[DECODE_MAX_PORTS];
	uint8_t count;
	bool any;
};

struct decode_config {
	bool check_l3_csum; // IPv4 header
	bool check_l4_csum; // TCP, UDP, ICMP, ICMPv6, SCTP
	bool vxlan, geneve, teredo, gtpu;
	bool gre;     // look into GRE, PPTP and ERSPAN
	bool erspan1; // ERSPAN type I: GRE that carries a mirrored frame and no header of its own
	bool ipip;    // look into IPv4 and IPv6 carried by IPv4 and IPv6
	struct decode_ports vxlan_ports, geneve_ports, teredo_ports, gtpu_ports;
	uint8_t max_layers; // 1..DECODE_MAX_LAYERS
	// Packets that are carried and carry others which stages behind decode see between two ticks; 0: no limit.
	// Beyond that they are for decode alone, so that a flood of tunnels in one another makes two packets a frame.
	uint32_t nested_a_tick;
	// IPv6 packets with more than four extension headers that are walked between two ticks; 0: no limit. Beyond
	// that they are malformed (too_many_layers), since no wire has them and each costs what its length allows.
	uint32_t long_chains_a_tick;
};

// Packets and bytes by kind, under Suricata's stats.decoder names where it has them.
//   X(field, help)
#define DECODE_COUNTERS(X)                                                                                          \
	X(pkts, "frames decoded")                                                                                   \
	X(bytes, "bytes of those frames, as captured")                                                              \
	X(invalid, "frames that left inspection as malformed")                                                      \
	X(ipv4, "IPv4 headers")                                                                                     \
	X(ipv6, "IPv6 headers")                                                                                     \
	X(ethernet, "Ethernet headers")                                                                             \
	X(arp, "ARP packets")                                                                                       \
	X(unknown_ethertype, "EtherTypes without a decoder")                                                        \
	X(chdlc, "Cisco HDLC frames")                                                                               \
	X(raw, "raw IP frames")                                                                                     \
	X(null, "BSD loopback frames")                                                                              \
	X(sll, "Linux cooked frames, v1 and v2")                                                                    \
	X(wlan, "IEEE 802.11 frames")                                                                               \
	X(nflog, "Linux netfilter log frames")                                                                      \
	X(llc, "IEEE 802.2 LLC headers")                                                                            \
	X(tcp, "TCP headers")                                                                                       \
	X(udp, "UDP headers")                                                                                       \
	X(sctp, "SCTP headers")                                                                                     \
	X(esp, "ESP headers")                                                                                       \
	X(icmpv4, "ICMP messages")                                                                                  \
	X(icmpv6, "ICMPv6 messages")                                                                                \
	X(ppp, "PPP headers")                                                                                       \
	X(pppoe, "PPPoE headers")                                                                                   \
	X(geneve, "GENEVE tunnels")                                                                                 \
	X(gre, "GRE headers")                                                                                       \
	X(vlan, "VLAN tags, first of the stack")                                                                    \
	X(vlan_qinq, "VLAN tags, second of the stack")                                                              \
	X(vlan_qinqinq, "VLAN tags, third of the stack")                                                            \
	X(vxlan, "VXLAN tunnels")                                                                                   \
	X(vntag, "VN-Tags (IEEE 802.1Qbh)")                                                                         \
	X(etag, "E-Tags (IEEE 802.1BR)")                                                                            \
	X(ieee8021ah, "provider backbone bridge headers")                                                           \
	X(teredo, "Teredo tunnels")                                                                                 \
	X(gtpu, "GTP-U tunnels")                                                                                    \
	X(ipv4_in_ipv4, "IPv4 carried by IPv4")                                                                     \
	X(ipv6_in_ipv4, "IPv6 carried by IPv4")                                                                     \
	X(ipv4_in_ipv6, "IPv4 carried by IPv6")                                                                     \
	X(ipv6_in_ipv6, "IPv6 carried by IPv6")                                                                     \
	X(mpls, "MPLS label stacks")                                                                                \
	X(erspan, "ERSPAN headers")                                                                                 \
	X(nsh, "network service headers")                                                                           \
	X(fragments, "IPv4 and IPv6 fragments")                                                                     \
	X(rebuilt, "datagrams rebuilt from fragments")                                                              \
	X(carriers_refused, "packets around others and within others that only decode has seen: see nested_a_tick") \
	X(max_pkt_size, "bytes of the longest frame")

struct decode_counters {
#define X(field, help) uint64_t field;
	DECODE_COUNTERS(X)
#undef X
	uint64_t reasons[DROP_REASON_COUNT]; // events noted, on frames and on what they carry
	uint64_t ledger[DROP_REASON_COUNT];  // frames that left inspection, one reason a frame
};

// Decode state of one worker, in the caller's memory. No pointers to free.
struct decoder {
	struct decode_config config;
	struct decode_counters counters;
	uint32_t nested_left;        // of nested_a_tick; UINT32_MAX: no limit
	uint32_t long_chains_left;   // of long_chains_a_tick, the same
	uint64_t tunnel_port_filter; // a bit for every tunnel port: one test rules most packets out
	uint32_t header_lines;       // where the latest frame of the walk had headers, a bit for each 64 bytes
	uint8_t tunnels_at[64];      // by such a bit: which tunnels may be on a port (enum decode_tunnel)
	// Takes a fragment, and gives the rebuilt datagram (PKT_REBUILT, `data` at its IP header, vlan, outer and depth
	// copied from the fragment) when it was the last one missing, else NULL. NULL: fragments stay fragments.
	struct packet *(*defrag_packet)(struct defrag *df, struct burst *b, struct packet *frag);
	struct defrag *defrag;
	// Shown frames before they are decoded, where many were fragments lately; or NULL. It asks for memory.
	void (*defrag_ahead)(struct defrag *df, const struct packet *frames, uint32_t n);
	uint32_t fragments_lately; // among the frames decoded last
	bool layer_by_layer;       // for tests: the walk takes no short ways through what a frame carries
};

// Suricata 7's stock settings: every tunnel on, VXLAN on 4789, GENEVE on 6081, Teredo on 3544, checksums checked; and
// GTP-U on 2152, ERSPAN type I on.
void decode_config_defaults(struct decode_config *config);

// Sets up a decoder. config: NULL for the defaults. Defragmentation is off until the caller sets `defrag_packet`
// and `defrag`.
void decode_init(struct decoder *d, const struct decode_config *config);

// A tick has passed: nested_a_tick and long_chains_a_tick begin anew.
void decode_tick(struct decoder *d);

// Decodes b->frames[from..to) and adds them to b->list with the packets they carry, in order: a frame, what it carried,
// then the next frame. Every frame is listed, malformed ones with PKT_INVALID and drop_reason. Only what a source sets
// need be set in the frames. The caller has emptied the list (n, n_extra). Cannot fail.
void decode_frames(struct decoder *d, struct burst *b, uint32_t from, uint32_t to);

// All of them.
void decode_burst(struct decoder *d, struct burst *b);
