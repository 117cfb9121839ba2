// Decode: packets that are passed over. What stands between the second packet of a frame and the innermost is seen by
// no stage behind decode, so nothing of it is filled in: its headers are checked, counted, and tell where the next
// begins. Whatever looks odd is left to the walk, which says what is wrong with it. Next: decode_link.c.
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "dataplane/checksum.h"
#include "dataplane/decode_tunnel.h"

// A packet that is passed over, as far as it has been read: all of it in registers, once the functions below are one.
struct hop {
	struct cursor cur;       // in the end what the packet carries
	enum decode_layer layer; // that begins with
	const uint8_t *ip;
	uint32_t tunnel_id, layers;
	uint64_t *tunnels; // the counter of its kind
	bool ethernet, v4, udp;
};

static __rte_always_inline bool carries(struct hop *h, uint64_t *tunnels, enum decode_layer layer)
{
	h->tunnels = tunnels;
	h->layer = layer;
	return layer != LAYER_STOP;
}

static __rte_always_inline enum decode_layer layer_of(uint16_t type)
{
	return type == ETHER_IPV4 ? LAYER_IPV4 : type == ETHER_IPV6 ? LAYER_IPV6 : LAYER_STOP;
}

// Of the types behind GRE and GENEVE those that a hop begins with.
static __rte_always_inline enum decode_layer layer_in_tunnel(uint16_t type)
{
	return type == ETHER_TRANSPARENT_BRIDGING ? LAYER_ETHERNET : layer_of(type);
}

// Version 0, with a key or a sequence number at most (RFC 2784, 2890).
static __rte_always_inline bool hop_gre(struct decoder *d, struct hop *h)
{
	const uint8_t *gre = h->cur.at;
	if (cursor_left(&h->cur) < 4 || (gre[0] & ~0x30) != 0 || gre[1] != 0 || !d->config.gre)
		return false;
	bool key = gre[0] & 0x20;
	uint32_t len = 4 + (gre[0] >> 3 & 4) + (gre[0] >> 2 & 4);
	if (!cursor_skip(&h->cur, len))
		return false;
	h->tunnel_id = key ? load_be32(gre + 4) : h->tunnel_id;
	return carries(h, &d->counters.gre, layer_in_tunnel(load_be16(gre + 2)));
}

// Ethernet in VXLAN, with a type that the walk would take.
static __rte_always_inline bool hop_vxlan(struct decoder *d, struct hop *h)
{
	const uint8_t *vxlan = decode_vxlan_header(h->cur.at, h->cur.end);
	if (vxlan == NULL || !decode_ether_type_known(load_be16(vxlan + 8 + 12)))
		return false;
	h->tunnel_id = load_be24(vxlan + 4);
	h->cur.at += 8;
	return carries(h, &d->counters.vxlan, LAYER_ETHERNET);
}

static __rte_always_inline bool hop_gtpu(struct decoder *d, struct hop *h)
{
	const uint8_t *gtpu = h->cur.at;
	struct cursor c = {gtpu, h->cur.end};
	if (decode_gtpu_header(&c) != GTPU_CARRIES)
		return false;
	h->cur = c;
	h->tunnel_id = load_be32(gtpu + 4);
	return carries(h, &d->counters.gtpu, LAYER_RAW);
}

static __rte_always_inline bool hop_geneve(struct decoder *d, struct hop *h)
{
	struct cursor c = {h->cur.at, h->cur.end};
	const uint8_t *geneve = decode_geneve_header(&c);
	if (geneve == NULL)
		return false;
	h->cur = c;
	h->tunnel_id = load_be24(geneve + 4);
	return carries(h, &d->counters.geneve, layer_in_tunnel(load_be16(geneve + 2)));
}

static __rte_always_inline bool hop_udp(struct walk *w, struct hop *h)
{
	const uint8_t *udp = h->cur.at;
	if (cursor_left(&h->cur) < 8)
		return false;
	uint32_t len = load_be16(udp + 4);
	if (len < 8 || len > cursor_left(&h->cur))
		return false;
	h->cur.end = udp + len;
	enum decode_tunnel tunnel = decode_tunnel_at(w->d, load_be16(udp), load_be16(udp + 2));
	bool none = load_be16(udp + 6) == 0; // RFC 768: zero is none; RFC 8200 8.1 forbids that
	if (tunnel == TUNNEL_NONE || (none && !h->v4))
		return false;
	if (!none && w->d->config.check_l4_csum && !decode_sum_ok(w, h->cur, h->ip, PROTO_UDP))
		return false;
	h->cur.at = udp + 8;
	h->udp = true;
	switch (tunnel) {
	case TUNNEL_VXLAN:
		return hop_vxlan(w->d, h);
	case TUNNEL_GENEVE:
		return hop_geneve(w->d, h);
	case TUNNEL_GTPU:
		return hop_gtpu(w->d, h);
	default:
		return false;
	}
}

static __rte_always_inline bool hop_payload(struct walk *w, struct hop *h, uint8_t proto)
{
	struct decode_counters *n = &w->d->counters;
	switch (proto) {
	case PROTO_UDP:
		return hop_udp(w, h);
	case PROTO_GRE:
		return hop_gre(w->d, h);
	case PROTO_IPIP:
		return h->v4 && w->d->config.ipip && carries(h, &n->ipv4_in_ipv4, LAYER_IPV4);
	case PROTO_IPV6:
		return h->v4 && w->d->config.ipip && carries(h, &n->ipv6_in_ipv4, LAYER_IPV6);
	default:
		return false;
	}
}

// An IPv4 header without options that is no fragment, or an IPv6 header without extension headers; then a tunnel's.
static __rte_always_inline bool hop_ip(struct walk *w, struct hop *h)
{
	const uint8_t *ip = h->ip = h->cur.at;
	size_t left = cursor_left(&h->cur);
	h->v4 = h->layer == LAYER_IPV4;
	if (likely(h->v4)) {
		uint32_t total = left < 20 ? 0 : load_be16(ip + 2);
		if (total < 20 || total > left || ip[0] != 0x45 || load_be16(ip + 6) & 0x3fff)
			return false;
		if (w->d->config.check_l3_csum && !checksum_ipv4_ok(ip, 20))
			return false;
		h->cur = (struct cursor){ip + 20, ip + total};
		return hop_payload(w, h, ip[9]);
	}
	if (h->layer != LAYER_IPV6 || left < 40 || ip[0] >> 4 != 6 || load_be16(ip + 4) > left - 40)
		return false;
	h->cur = (struct cursor){ip + 40, ip + 40 + load_be16(ip + 4)};
	return hop_payload(w, h, ip[6]);
}

// Reads the packet at the cursor up to what it carries. Changes the hop alone.
static __rte_always_inline bool hop(struct walk *w, struct hop *h)
{
	const uint8_t *at = h->cur.at;
	if (h->layer == LAYER_ETHERNET) {
		if (cursor_left(&h->cur) < 14)
			return false;
		h->ethernet = true;
		h->layers = 2;
		h->layer = layer_of(load_be16(at + 12));
		h->cur.at += 14;
	} else if (h->layer == LAYER_RAW) {
		if (cursor_left(&h->cur) < 20)
			return false;
		h->layers = 2;
		h->layer = at[0] >> 4 == 4 ? LAYER_IPV4 : LAYER_IPV6;
	}
	walk_mark_line(w);
	return w->layers + h->layers < w->d->config.max_layers && hop_ip(w, h);
}

// Of a frame's second packet the addresses are kept, for keys and events.
static void keep_carrier(struct walk *w, const uint8_t *ip, bool v4)
{
	struct packet *p = w->p, *q = decode_take_extra(w);
	q->flags = PKT_INNER | PKT_TUNNEL | (v4 ? PKT_IPV4 : PKT_IPV6);
	memcpy(&q->src, ip + (v4 ? 12 : 8), v4 ? 4 : 16);
	memcpy(&q->dst, ip + (v4 ? 16 : 24), v4 ? 4 : 16);
	q->ip_proto = ip[v4 ? 9 : 6];
	q->outer = p->outer;
	p->outer = q;
	decode_refuse(w);
}

// The walk's packet becomes the one that it carries.
static __rte_always_inline void arrive(struct walk *w, const struct hop *h)
{
	struct packet *p = w->p;
	struct decode_counters *n = &w->d->counters;
	w->cur = h->cur;
	w->layers += (uint8_t)h->layers;
	p->data = h->cur.at;
	p->len = p->wire_len = walk_left(w);
	p->link_type = h->layer == LAYER_ETHERNET ? DECODE_LINK_EN10MB : DECODE_LINK_RAW;
	p->tunnel_id = h->tunnel_id;
	p->depth++;
	n->ethernet += h->ethernet;
	++*(h->v4 ? &n->ipv4 : &n->ipv6); // both at once were a vector, which waits for who has written one of them
	n->udp += h->udp;
	++*h->tunnels;
}

enum decode_layer decode_hop(struct walk *w, enum decode_layer layer)
{
	while (w->p->depth < PKT_MAX_DEPTH - 1) {
		struct hop h = {
			.cur = {w->cur.at, w->cur.end}, .layer = layer, .tunnel_id = w->p->tunnel_id, .layers = 1};
		if (!hop(w, &h))
			break;
		if (w->p->depth == PKT_MAX_WHOLE - 1)
			decode_note_passed_over(w);
		else if (w->p->depth < PKT_MAX_WHOLE - 1)
			keep_carrier(w, h.ip, h.v4);
		arrive(w, &h);
		layer = h.layer;
	}
	return layer;
}
