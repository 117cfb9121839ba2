// Floods of packets that look dear: what an attacker would send to keep a sensor busy. hostile.c lists them,
// hostile_tcp.c and hostile_ip.c make them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "perf/wire.h"

#define HOSTILE_SERVER 0xc0a80001u
#define HOSTILE_CLIENTS 0x0a000000u

// What a kind is told of the frame it is to make.
struct hostile {
	uint64_t n;     // ordinal in the flood, or in the warm-up
	uint64_t flows; // connections that the warm-up opens
	uint64_t random;
	uint32_t size; // bytes of a frame without FCS, where the kind leaves it open
};

// Makes a frame at `to`, which has room for 2 KiB. Returns its length.
typedef uint32_t hostile_make(const struct hostile *h, uint8_t *to);

struct hostile_kind {
	const char *name;
	const char *help;
	hostile_make *make;
	uint32_t least; // bytes of a frame with FCS that the kind needs
	uint32_t opens; // frames a flow that the warm-up sends: HOSTILE_OPEN, or 0
};

// Frames that open a connection; all numbers follow from its client's address.
#define HOSTILE_OPEN 3u
hostile_make hostile_open;

// The table; its last row has no name.
extern const struct hostile_kind hostile_kinds[];

hostile_make hostile_syn_data, hostile_syn_fast_open, hostile_handshake, hostile_connect, hostile_data, hostile_http,
	hostile_one_byte, hostile_reversed, hostile_holes, hostile_overlap, hostile_sack, hostile_options, hostile_rst,
	hostile_fin, hostile_stray_tls, hostile_stray_http, hostile_stray_login;
hostile_make hostile_ipip, hostile_gre, hostile_vxlan, hostile_gtpu, hostile_qinq, hostile_mpls, hostile_extensions,
	hostile_extensions_few, hostile_icmp_error, hostile_ping, hostile_tiny_fragments, hostile_fragment_pairs,
	hostile_fragment_ends, hostile_fragment_overlap, hostile_dns_query, hostile_dns_answer, hostile_arp,
	hostile_neighbour, hostile_router, hostile_dhcp, hostile_bpdu, hostile_lldp, hostile_sctp, hostile_esp,
	hostile_mixed;

// Flow numbers as frames.c has them: 2^24 addresses before the port moves on.
static inline uint32_t hostile_client(uint64_t flow)
{
	return HOSTILE_CLIENTS + (uint32_t)(flow & 0xffffff);
}

static inline uint16_t hostile_port(uint64_t flow)
{
	return (uint16_t)(1024 + (flow >> 24) % 64000);
}
