// Headers of tunnels over UDP, read by the walk (decode_tunnel.c) and by hops over what is passed over (decode_hop.c).
// Inline, so that where they are lies in registers.
#pragma once

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "dataplane/decode_internal.h"

// True when a datagram comes from or goes to one of the ports.
static __rte_always_inline bool decode_listed(const struct decode_ports *ports, uint16_t sport, uint16_t dport)
{
	for (uint8_t i = 0; i < ports->count && i < DECODE_MAX_PORTS; i++) {
		if (ports->port[i] == sport || ports->port[i] == dport)
			return true;
	}
	return false;
}

// The tunnel that a datagram between these ports is.
static __rte_always_inline enum decode_tunnel decode_tunnel_at(const struct decoder *d, uint16_t sport, uint16_t dport)
{
	const struct decode_config *c = &d->config;
	uint8_t may = d->tunnels_at[decode_port_bit(sport)] | d->tunnels_at[decode_port_bit(dport)];
	if (may & TUNNEL_VXLAN && decode_listed(&c->vxlan_ports, sport, dport))
		return TUNNEL_VXLAN;
	if (may & TUNNEL_GENEVE && decode_listed(&c->geneve_ports, sport, dport))
		return TUNNEL_GENEVE;
	if (may & TUNNEL_GTPU && decode_listed(&c->gtpu_ports, sport, dport))
		return TUNNEL_GTPU;
	if (c->teredo && (c->teredo_ports.any || decode_listed(&c->teredo_ports, sport, dport)))
		return TUNNEL_TEREDO;
	return TUNNEL_NONE;
}

// A VXLAN header at `at` and, behind it, Ethernet's: a flag says that the network id is there; what RFC 7348 section 5
// reserves is to be ignored. NULL where there is none.
static __rte_always_inline const uint8_t *decode_vxlan_header(const uint8_t *at, const uint8_t *end)
{
	return end - at < 8 + 14 || (at[0] & 0x08) == 0 ? NULL : at;
}

enum decode_gtpu { GTPU_OTHER, GTPU_MALFORMED, GTPU_CARRIES };

// The cursor behind what may follow a GTP-U header; at NULL where that does not fit.
struct cursor decode_gtpu_options(struct cursor c, bool extensions);

// GTP-U version 1: only G-PDUs (type 255) carry a user's packet. Then the cursor holds that packet.
static __rte_always_inline enum decode_gtpu decode_gtpu_header(struct cursor *c)
{
	const uint8_t *h = c->at;
	if (cursor_left(c) < 8 || (h[0] & 0xf0) != 0x30 || h[1] != 0xff)
		return GTPU_OTHER;
	uint32_t len = load_be16(h + 2);
	if (len > cursor_left(c) - 8)
		return GTPU_MALFORMED;
	*c = (struct cursor){h + 8, h + 8 + len};
	if (unlikely(h[0] & 7))
		*c = decode_gtpu_options(*c, h[0] & 4);
	if (unlikely(c->at == NULL))
		return GTPU_MALFORMED;
	return c->at < c->end && (c->at[0] >> 4 == 4 || c->at[0] >> 4 == 6) ? GTPU_CARRIES : GTPU_OTHER;
}

// Takes a GENEVE header with options that fill it, and something behind it. NULL where there is none: the cursor stays.
const uint8_t *decode_geneve_header(struct cursor *c);
