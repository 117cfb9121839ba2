// Decode: tunnels - GRE (RFC 2784, 2890, 2637), ERSPAN, VXLAN (RFC 7348), GENEVE (RFC 8926), GTP-U (3GPP TS 29.281) and
// Teredo (RFC 4380). IP in IP is in decode_ipv4.c and decode_ipv6.c.
#include "dataplane/decode_tunnel.h"

#define GRE_CHECKSUM 0x80u
#define GRE_ROUTE 0x40u
#define GRE_KEY 0x20u
#define GRE_SEQUENCE 0x10u
#define GRE_STRICT_ROUTE 0x08u
#define GRE_RECURSION 0x07u
#define GRE_ACK 0x80u // of the second byte, version 1

// What is behind a GRE header, by its protocol type.
static enum decode_layer gre_payload(struct walk *w, uint16_t type, bool sequence)
{
	switch (type) {
	case ETHER_IPV4:
		return decode_begin_inner(w, DECODE_LINK_RAW, LAYER_IPV4);
	case ETHER_IPV6:
		return decode_begin_inner(w, DECODE_LINK_RAW, LAYER_IPV6);
	case ETHER_PPP:
		return decode_begin_inner(w, DECODE_LINK_RAW, LAYER_PPP);
	case ETHER_VLAN:
	case ETHER_QINQ:
		return decode_begin_inner(w, DECODE_LINK_RAW, LAYER_VLAN);
	case ETHER_MPLS:
	case ETHER_MPLS_MULTICAST:
		return decode_begin_inner(w, DECODE_LINK_RAW, LAYER_MPLS);
	case ETHER_NSH:
		return decode_begin_inner(w, DECODE_LINK_RAW, LAYER_NSH);
	case ETHER_TRANSPARENT_BRIDGING:
		return decode_begin_inner(w, DECODE_LINK_EN10MB, LAYER_ETHERNET);
	case ETHER_ERSPAN: // type I has no header of its own and no sequence number
		return sequence ? LAYER_ERSPAN2 : LAYER_ERSPAN1;
	default:
		return LAYER_STOP;
	}
}

// Version 0 source routes (RFC 1701): address family, offset, length, addresses; an empty one ends the list.
static bool skip_source_routes(struct cursor *c)
{
	const uint8_t *h;
	while ((h = cursor_take(c, 4)) != NULL) {
		if (load_be16(h) == 0 && h[3] == 0)
			return true;
		if (!cursor_skip(c, h[3]))
			return false;
	}
	return false;
}

static enum decode_layer gre_version0(struct walk *w, const uint8_t *h)
{
	if (h[0] & GRE_RECURSION)
		return decode_drop(w, DECODE_GRE_VERSION0_RECUR);
	if (h[1] & 0x78) // the top bit is version 1's
		return decode_drop(w, DECODE_GRE_VERSION0_FLAGS);
	uint32_t len = 4;
	if (h[0] & (GRE_CHECKSUM | GRE_ROUTE))
		len += 4;
	uint32_t key_off = len;
	if (h[0] & GRE_KEY)
		len += 4;
	if (h[0] & GRE_SEQUENCE)
		len += 4;
	if (!cursor_skip(&w->cur, len))
		return decode_drop(w, DECODE_GRE_VERSION0_HDR_TOO_BIG);
	if ((h[0] & GRE_ROUTE) && !skip_source_routes(&w->cur))
		return decode_drop(w, DECODE_GRE_VERSION0_MALFORMED_SRE_HDR);
	if (h[0] & GRE_KEY)
		w->p->tunnel_id = load_be32(h + key_off);
	decode_set_payload(w);
	return gre_payload(w, load_be16(h + 2), h[0] & GRE_SEQUENCE);
}

// What is against RFC 2637 section 4.1 in a version 1 header, DROP_NONE when nothing is.
static enum drop_reason gre_version1_check(const uint8_t *h)
{
	if (h[0] & GRE_CHECKSUM)
		return DECODE_GRE_VERSION1_CHKSUM;
	if (h[0] & GRE_ROUTE)
		return DECODE_GRE_VERSION1_ROUTE;
	if (h[0] & GRE_STRICT_ROUTE)
		return DECODE_GRE_VERSION1_SSR;
	if (h[0] & GRE_RECURSION)
		return DECODE_GRE_VERSION1_RECUR;
	if (h[1] & 0x78)
		return DECODE_GRE_VERSION1_FLAGS;
	if (load_be16(h + 2) != ETHER_PPP)
		return DECODE_GRE_VERSION1_WRONG_PROTOCOL;
	return h[0] & GRE_KEY ? DROP_NONE : DECODE_GRE_VERSION1_NO_KEY;
}

// Version 1: PPTP. A header without sequence number is an acknowledgement alone.
static enum decode_layer gre_version1(struct walk *w, const uint8_t *h)
{
	enum drop_reason bad = gre_version1_check(h);
	if (bad != DROP_NONE)
		return decode_drop(w, bad);
	uint32_t len = 8u + (h[0] & GRE_SEQUENCE ? 4 : 0) + (h[1] & GRE_ACK ? 4 : 0);
	if (!cursor_skip(&w->cur, len))
		return decode_drop(w, DECODE_GRE_VERSION1_HDR_TOO_BIG);
	w->p->tunnel_id = load_be16(h + 6); // call id
	decode_set_payload(w);
	if (!(h[0] & GRE_SEQUENCE) || load_be16(h + 4) == 0 || walk_left(w) == 0)
		return LAYER_STOP;
	return decode_begin_inner(w, DECODE_LINK_RAW, LAYER_PPP);
}

enum decode_layer decode_gre(struct walk *w)
{
	w->d->counters.gre++;
	const uint8_t *h = cursor_peek(&w->cur, 4);
	if (h == NULL)
		return decode_drop(w, DECODE_GRE_PKT_TOO_SMALL);
	if (!w->d->config.gre)
		return LAYER_STOP;
	switch (h[1] & 7) {
	case 0:
		return gre_version0(w, h);
	case 1:
		return gre_version1(w, h);
	default:
		return decode_drop(w, DECODE_GRE_WRONG_VERSION);
	}
}

enum decode_layer decode_erspan1(struct walk *w)
{
	w->d->counters.erspan++;
	if (!w->d->config.erspan1)
		return LAYER_STOP;
	return decode_begin_inner(w, DECODE_LINK_EN10MB, LAYER_ETHERNET);
}

// ERSPAN type II: version 1, the mirrored frame's VLAN, session id (draft-foschiano-erspan-03).
enum decode_layer decode_erspan2(struct walk *w)
{
	w->d->counters.erspan++;
	const uint8_t *h = cursor_take(&w->cur, 8);
	if (h == NULL)
		return decode_stop(w, DECODE_ERSPAN_HEADER_TOO_SMALL);
	if ((h[0] >> 4) != 1)
		return decode_stop(w, DECODE_ERSPAN_UNSUPPORTED_VERSION);
	uint16_t vlan = load_be16(h) & 0xfff;
	w->p->tunnel_id = load_be16(h + 2) & 0x3ff;
	enum decode_layer layer = decode_begin_inner(w, DECODE_LINK_EN10MB, LAYER_ETHERNET);
	if (layer != LAYER_STOP && vlan != 0)
		w->p->vlan[w->p->vlan_count++] = vlan;
	return layer;
}

static enum decode_layer udp_vxlan(struct walk *w)
{
	const uint8_t *h = decode_vxlan_header(w->cur.at, w->cur.end);
	if (h == NULL)
		return LAYER_STOP;
	w->d->counters.vxlan++;
	w->p->tunnel_id = load_be24(h + 4);
	if (!decode_ether_type_known(load_be16(h + 8 + 12)))
		return decode_stop(w, DECODE_VXLAN_UNKNOWN_PAYLOAD_TYPE);
	cursor_skip(&w->cur, 8);
	return decode_begin_inner(w, DECODE_LINK_EN10MB, LAYER_ETHERNET);
}

// Options (RFC 8926 section 3.5) have to fill the header exactly.
static bool geneve_options_ok(struct cursor opts)
{
	const uint8_t *opt;
	while ((opt = cursor_take(&opts, 4)) != NULL) {
		if (!cursor_skip(&opts, (opt[3] & 0x1f) * 4u))
			return false;
	}
	return cursor_left(&opts) == 0;
}

const uint8_t *decode_geneve_header(struct cursor *c)
{
	const uint8_t *h = cursor_peek(c, 8);
	if (h == NULL || (h[0] >> 6) != 0)
		return NULL;
	uint32_t len = 8 + (h[0] & 0x3f) * 4u;
	if (len >= cursor_left(c) || !geneve_options_ok(cursor_of(h + 8, len - 8)))
		return NULL;
	cursor_skip(c, len);
	return h;
}

static enum decode_layer udp_geneve(struct walk *w)
{
	const uint8_t *h = decode_geneve_header(&w->cur);
	if (h == NULL)
		return LAYER_STOP;
	w->p->tunnel_id = load_be24(h + 4);
	w->d->counters.geneve++;
	switch (load_be16(h + 2)) {
	case ETHER_TRANSPARENT_BRIDGING:
		return decode_begin_inner(w, DECODE_LINK_EN10MB, LAYER_ETHERNET);
	case ETHER_IPV4:
		return decode_begin_inner(w, DECODE_LINK_RAW, LAYER_IPV4);
	case ETHER_IPV6:
		return decode_begin_inner(w, DECODE_LINK_RAW, LAYER_IPV6);
	case ETHER_ARP:
		return decode_begin_inner(w, DECODE_LINK_RAW, LAYER_ARP);
	default:
		return decode_stop(w, DECODE_GENEVE_UNKNOWN_PAYLOAD_TYPE);
	}
}

struct cursor decode_gtpu_options(struct cursor c, bool extensions)
{
	const uint8_t *opt = cursor_take(&c, 4); // sequence, N-PDU, next extension: all there when one of them is
	uint8_t next = opt != NULL && extensions ? opt[3] : 0;
	while (opt != NULL && next != 0) { // a length in four bytes, contents, the next one's type
		const uint8_t *h = cursor_peek(&c, 1);
		opt = h == NULL || h[0] == 0 ? NULL : cursor_take(&c, h[0] * 4u);
		next = c.at[-1];
	}
	return opt == NULL ? (struct cursor){NULL, NULL} : c;
}

static enum decode_layer udp_gtpu(struct walk *w)
{
	const uint8_t *h = w->cur.at;
	struct cursor c = {h, w->cur.end};
	switch (decode_gtpu_header(&c)) {
	case GTPU_CARRIES:
		break;
	case GTPU_MALFORMED:
		decode_note(w, DECODE_GTPU_MALFORMED);
		return LAYER_STOP;
	default:
		return LAYER_STOP;
	}
	w->d->counters.gtpu++;
	w->p->tunnel_id = load_be32(h + 4);
	w->cur = c;
	return decode_begin_inner(w, DECODE_LINK_RAW, LAYER_RAW);
}

// Teredo: an authentication header and an origin indication may stand first. Any UDP payload can look like this, so the
// lengths have to agree exactly and what is inside has to decode.
static enum decode_layer udp_teredo(struct walk *w)
{
	struct cursor c = w->cur;
	const uint8_t *h = cursor_peek(&c, 4);
	if (h != NULL && h[0] == 0 && h[1] == 1 && !cursor_skip(&c, 4u + h[2] + h[3] + 9u))
		return LAYER_STOP;
	h = cursor_peek(&c, 2);
	if (h != NULL && h[0] == 0 && h[1] == 0 && !cursor_skip(&c, 8))
		return LAYER_STOP;
	h = cursor_peek(&c, 40);
	if (h == NULL || (h[0] >> 4) != 6 || load_be16(h + 4) != cursor_left(&c) - 40)
		return LAYER_STOP;
	w->cur = c;
	enum decode_layer layer = decode_begin_guess(w, DECODE_LINK_RAW, LAYER_IPV6);
	w->d->counters.teredo += layer != LAYER_STOP;
	return layer;
}

enum decode_layer decode_udp_tunnel(struct walk *w)
{
	switch (decode_tunnel_at(w->d, w->p->sport, w->p->dport)) {
	case TUNNEL_VXLAN:
		return udp_vxlan(w);
	case TUNNEL_GENEVE:
		return udp_geneve(w);
	case TUNNEL_GTPU:
		return udp_gtpu(w);
	case TUNNEL_TEREDO:
		return udp_teredo(w);
	default:
		return LAYER_STOP;
	}
}
