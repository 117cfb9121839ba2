// Decode: the entry for bursts, the fast path for the stacks nearly every packet has, and the walk for the rest.
// Next: decode_link.c (what the frame begins with), then decode_l2.c, decode_ipv4.c, decode_ipv6.c, decode_l4.c and
// decode_tunnel.c. Events are named in drops.def.
#include "dataplane/decode.h"

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_prefetch.h>

#include "dataplane/checksum.h"
#include "dataplane/decode_internal.h"

#define PREFETCH_AHEAD 6u // frames; their bytes come from DRAM or the last-level cache

void decode_config_defaults(struct decode_config *config)
{
	*config = (struct decode_config){
		.check_l3_csum = true,
		.check_l4_csum = true,
		.vxlan = true,
		.geneve = true,
		.teredo = true,
		.gtpu = true,
		.gre = true,
		.erspan1 = true,
		.ipip = true,
		.vxlan_ports = {.port = {4789}, .count = 1},
		.geneve_ports = {.port = {6081}, .count = 1},
		.teredo_ports = {.port = {3544}, .count = 1},
		.gtpu_ports = {.port = {2152}, .count = 1},
		.max_layers = DECODE_MAX_LAYERS,
	};
}

// Ports of a tunnel that runs on every port are told by contents instead (decode_udp_may_tunnel), or all UDP were slow.
static uint64_t port_filter(const struct decode_ports *ports, bool enabled)
{
	uint64_t filter = 0;
	for (uint8_t i = 0; enabled && i < ports->count && i < DECODE_MAX_PORTS; i++)
		filter |= UINT64_C(1) << decode_port_bit(ports->port[i]);
	return filter;
}

void decode_init(struct decoder *d, const struct decode_config *config)
{
	memset(d, 0, sizeof(*d));
	decode_config_defaults(&d->config);
	if (config != NULL)
		d->config = *config;
	if (d->config.max_layers == 0 || d->config.max_layers > DECODE_MAX_LAYERS)
		d->config.max_layers = DECODE_MAX_LAYERS;
	d->tunnel_port_filter = port_filter(&d->config.vxlan_ports, d->config.vxlan) |
				port_filter(&d->config.geneve_ports, d->config.geneve) |
				port_filter(&d->config.gtpu_ports, d->config.gtpu) |
				port_filter(&d->config.teredo_ports, d->config.teredo);
}

void decode_note(struct walk *w, enum drop_reason reason)
{
	packet_note(w->p, (uint16_t)reason);
	w->d->counters.reasons[reason]++;
}

enum decode_layer decode_drop(struct walk *w, enum drop_reason reason)
{
	decode_note(w, reason);
	if (!(w->p->flags & PKT_INVALID)) // the first reason is the one the ledger names
		w->p->drop_reason = (uint16_t)reason;
	w->p->flags |= PKT_INVALID;
	return LAYER_STOP;
}

void decode_set_payload(struct walk *w)
{
	w->p->payload_off = walk_off(w);
	w->p->payload_len = walk_left(w);
}

enum decode_layer decode_stop(struct walk *w, enum drop_reason reason)
{
	if (drop_table[reason].action == DROP_PACKET)
		return decode_drop(w, reason);
	decode_note(w, reason);
	return LAYER_STOP;
}

// Takes a packet for something this frame carries. The bound is a frame's own, so that what becomes of a frame does
// not depend on its neighbours in the burst.
static struct packet *take_extra(struct walk *w)
{
	struct packet *q = NULL;
	if (w->extras < PKT_MAX_DEPTH - 1 && w->p->depth < PKT_MAX_DEPTH - 1)
		q = burst_take_extra(w->b);
	if (q == NULL) {
		decode_note(w, DECODE_TOO_MANY_TUNNELS);
		return NULL;
	}
	w->extras++;
	return q;
}

enum decode_layer decode_begin_inner(struct walk *w, uint16_t link_type, enum decode_layer layer)
{
	struct packet *outer = w->p, *p = take_extra(w);
	if (p == NULL)
		return LAYER_STOP;
	outer->flags |= PKT_TUNNEL;
	p->data = w->cur.at;
	p->len = p->wire_len = walk_left(w);
	p->mbuf = outer->mbuf;
	p->ts_ns = outer->ts_ns;
	p->seq = outer->seq;
	p->link_type = link_type;
	p->iface = outer->iface;
	p->flags = PKT_INNER;
	p->depth = outer->depth + 1;
	p->tunnel_id = outer->tunnel_id;
	p->outer = outer;
	w->p = p;
	w->speculative = false;
	burst_push(w->b, p);
	return layer;
}

enum decode_layer decode_fragment(struct walk *w, enum decode_layer layer)
{
	struct packet *frag = w->p;
	frag->flags |= PKT_FRAGMENT;
	decode_set_payload(w);
	w->d->counters.fragments++;
	if (w->d->defrag_packet == NULL || w->d->defrag == NULL)
		return LAYER_STOP;
	if (w->extras == PKT_MAX_DEPTH - 1) {
		decode_note(w, DECODE_TOO_MANY_TUNNELS);
		return LAYER_STOP;
	}
	uint8_t noted = frag->event_count;
	struct packet *p = w->d->defrag_packet(w->d->defrag, w->b, frag);
	while (noted < frag->event_count)
		w->d->counters.reasons[frag->events[noted++]]++;
	if (p == NULL)
		return LAYER_STOP;
	w->d->counters.rebuilt++;
	w->extras++;
	w->p = p;
	w->cur = cursor_of(p->data, p->len);
	w->speculative = false;
	burst_push(w->b, p);
	return layer;
}

// A guess that turned out wrong: the packet is taken back, and so are the events counted for it.
static void forget_packet(struct walk *w)
{
	struct packet *p = w->p;
	for (uint8_t i = 0; i < p->event_count; i++)
		w->d->counters.reasons[p->events[i]]--;
	p->outer->flags &= ~(uint32_t)PKT_TUNNEL;
	w->d->counters.teredo--;
	w->b->n--;
	w->b->n_extra--;
}

static decode_layer_fn *const layer_fns[LAYER_COUNT] = {
	[LAYER_ETHERNET] = decode_ethernet,
	[LAYER_VLAN] = decode_vlan,
	[LAYER_IEEE8021AH] = decode_ieee8021ah,
	[LAYER_VNTAG] = decode_vntag,
	[LAYER_ETAG] = decode_etag,
	[LAYER_DCE] = decode_dce,
	[LAYER_LLC] = decode_llc,
	[LAYER_MPLS] = decode_mpls,
	[LAYER_PPPOE_SESSION] = decode_pppoe_session,
	[LAYER_PPPOE_DISCOVERY] = decode_pppoe_discovery,
	[LAYER_PPP] = decode_ppp,
	[LAYER_NSH] = decode_nsh,
	[LAYER_ARP] = decode_arp,
	[LAYER_RAW] = decode_raw,
	[LAYER_IPV4] = decode_ipv4,
	[LAYER_IPV6] = decode_ipv6,
	[LAYER_TCP] = decode_tcp,
	[LAYER_UDP] = decode_udp,
	[LAYER_ICMPV4] = decode_icmpv4,
	[LAYER_ICMPV6] = decode_icmpv6,
	[LAYER_SCTP] = decode_sctp,
	[LAYER_ESP] = decode_esp,
	[LAYER_GRE] = decode_gre,
	[LAYER_ERSPAN1] = decode_erspan1,
	[LAYER_ERSPAN2] = decode_erspan2,
};

// What max_layers bounds, as Suricata counts: not transport, which ends the walk, and not the two tags whose bytes
// bound them (an 802.1ah header is 18 bytes long; FabricPath is followed by Ethernet, which counts).
static bool layer_counts(enum decode_layer layer)
{
	return layer < LAYER_TCP && layer != LAYER_IEEE8021AH && layer != LAYER_DCE;
}

void decode_walk(struct walk *w, enum decode_layer layer)
{
	while (layer != LAYER_STOP && layer != LAYER_UNKNOWN) {
		if (layer_counts(layer) && ++w->layers == w->d->config.max_layers) {
			decode_drop(w, DECODE_TOO_MANY_LAYERS);
			break;
		}
		layer = layer_fns[layer](w);
	}
	if (w->speculative && (w->p->flags & PKT_INVALID))
		forget_packet(w);
}

void decode_frame(struct decoder *d, struct burst *b, struct packet *frame)
{
	struct walk w = {.d = d, .b = b, .p = frame, .cur = cursor_of(frame->data, frame->len)};
	burst_push(b, frame);
	decode_walk(&w, decode_link(&w));
	if (frame->flags & PKT_INVALID) {
		d->counters.invalid++;
		d->counters.ledger[frame->drop_reason]++;
	}
}

// Where the fast path is in a frame. v4 and tcp are constants once the functions below are inlined, so that each of the
// four stacks gets straight code of its own.
struct fast {
	const uint8_t *l3, *l4;
	uint32_t l3_off, l4_off, l4_len;
	uint16_t vlan; // tag control information
	bool has_vlan;
};

// Frames the fast path took, in eight bits each: a burst's tally fits in a register.
#define TALLY_FRAME 0x1u
#define TALLY_VLAN 0x100u
#define TALLY_IPV6 0x10000u
#define TALLY_UDP 0x1000000u
_Static_assert(PKT_BURST < 256, "a burst's tally fits in eight bits");

void decode_tally(struct decode_counters *n, uint32_t tally)
{
	uint32_t frames = tally & 255, ipv6 = tally >> 16 & 255, udp = tally >> 24;
	n->ethernet += frames;
	n->vlan += tally >> 8 & 255;
	n->ipv4 += frames - ipv6;
	n->ipv6 += ipv6;
	n->tcp += frames - udp;
	n->udp += udp;
}

// The options nearly every segment of an established flow has: NOP, NOP, timestamps.
static inline bool only_timestamps(const uint8_t *opts)
{
	return load_be32(opts) == 0x0101080a;
}

static __rte_always_inline bool fast_csum_ok(const struct fast *f, bool v4, bool tcp)
{
	// UDP over IPv4 may go without a checksum (RFC 768); the walk knows, and is fast enough for the few that do
	if (!tcp && load_be16(f->l4 + 6) == 0)
		return false;
	uint64_t sum = checksum_pseudo(f->l3 + (v4 ? 12 : 8), v4 ? 8 : 32, tcp ? PROTO_TCP : PROTO_UDP, f->l4_len);
	return checksum_fold(checksum_add(f->l4, f->l4_len, sum)) == 0xffff;
}

// Bytes of the transport header, 0 when the segment or datagram is for the walk.
static __rte_always_inline uint32_t fast_l4_header(const struct decoder *d, const struct fast *f, bool tcp)
{
	if (tcp) {
		if (unlikely(f->l4_len < 20))
			return 0;
		uint32_t hlen = (f->l4[12] >> 4) * 4u;
		if (likely(hlen == 20))
			return hlen;
		if (unlikely(hlen < 20 || hlen > f->l4_len))
			return 0;
		if (hlen == 32 && only_timestamps(f->l4 + 20))
			return hlen;
		return decode_tcp_options_clean(f->l4 + 20, hlen - 20) ? hlen : 0;
	}
	if (unlikely(load_be16(f->l4 + 4) != f->l4_len))
		return 0;
	uint16_t sport = load_be16(f->l4), dport = load_be16(f->l4 + 2);
	return unlikely(decode_udp_may_tunnel(d, sport, dport, f->l4 + 8, f->l4_len - 8)) ? 0 : 8;
}

static __rte_always_inline uint32_t fast_l4(
	const struct decoder *d, struct packet *p, const struct fast *f, bool v4, bool tcp)
{
	uint32_t hlen = fast_l4_header(d, f, tcp);
	if (unlikely(hlen == 0))
		return 0;
	if (d->config.check_l4_csum && !(p->flags & PKT_L4_CSUM_OK) && unlikely(!fast_csum_ok(f, v4, tcp)))
		return 0;
	p->flags |= (v4 ? PKT_IPV4 : PKT_IPV6) | (tcp ? PKT_TCP : PKT_UDP);
	p->l2_len = p->l3_off = f->l3_off;
	p->l4_off = f->l4_off;
	p->payload_off = f->l4_off + hlen;
	p->payload_len = f->l4_len - hlen;
	p->sport = load_be16(f->l4);
	p->dport = load_be16(f->l4 + 2);
	p->ip_proto = tcp ? PROTO_TCP : PROTO_UDP;
	p->ttl = f->l3[v4 ? 8 : 7];
	if (tcp)
		p->tcp_flags = f->l4[13];
	p->ether_type = v4 ? ETHER_IPV4 : ETHER_IPV6;
	memcpy(&p->src, f->l3 + (v4 ? 12 : 8), v4 ? 4 : 16);
	memcpy(&p->dst, f->l3 + (v4 ? 16 : 24), v4 ? 4 : 16);
	uint32_t tally = TALLY_FRAME + (v4 ? 0 : TALLY_IPV6) + (tcp ? 0 : TALLY_UDP);
	if (f->has_vlan) {
		p->vlan[0] = f->vlan & 0xfff;
		p->vlan_count = 1;
		tally += TALLY_VLAN;
	}
	return tally;
}

// An IPv4 header without options that is no fragment.
static __rte_always_inline uint32_t fast_ipv4(const struct decoder *d, struct packet *p, struct fast *f)
{
	uint32_t total = load_be16(f->l3 + 2);
	if (unlikely(f->l3[0] != 0x45 || total > p->len - f->l3_off || total < 28 || (load_be16(f->l3 + 6) & 0x3fff)))
		return 0;
	if (d->config.check_l3_csum && !(p->flags & PKT_L3_CSUM_OK) && unlikely(!checksum_ipv4_ok(f->l3, 20)))
		return 0;
	f->l4 = f->l3 + 20;
	f->l4_off = f->l3_off + 20;
	f->l4_len = total - 20;
	if (f->l3[9] == PROTO_TCP)
		return fast_l4(d, p, f, true, true);
	return f->l3[9] == PROTO_UDP ? fast_l4(d, p, f, true, false) : 0;
}

// An IPv6 header without extension headers.
static __rte_always_inline uint32_t fast_ipv6(const struct decoder *d, struct packet *p, struct fast *f)
{
	uint32_t left = p->len - f->l3_off;
	if (unlikely(left < 48 || (f->l3[0] >> 4) != 6))
		return 0;
	f->l4 = f->l3 + 40;
	f->l4_off = f->l3_off + 40;
	f->l4_len = load_be16(f->l3 + 4);
	if (unlikely(f->l4_len < 8 || f->l4_len > left - 40))
		return 0;
	if (f->l3[6] == PROTO_TCP)
		return fast_l4(d, p, f, false, true);
	return f->l3[6] == PROTO_UDP ? fast_l4(d, p, f, false, false) : 0;
}

uint32_t decode_fast(const struct decoder *d, struct packet *p)
{
	if (unlikely(p->len < 14 + 28))
		return 0;
	struct fast f = {.l3 = p->data + 14, .l3_off = 14};
	uint16_t type = load_be16(p->data + 12);
	if (type == ETHER_VLAN) {
		if (unlikely(p->len < 18 + 28))
			return 0;
		f.has_vlan = true;
		f.vlan = load_be16(p->data + 14);
		type = load_be16(p->data + 16);
		f.l3 += 4;
		f.l3_off = 18;
	}
	if (likely(type == ETHER_IPV4))
		return fast_ipv4(d, p, &f);
	return type == ETHER_IPV6 ? fast_ipv6(d, p, &f) : 0;
}

void decode_burst(struct decoder *d, struct burst *b)
{
	uint64_t bytes = 0;
	uint32_t tally = 0, longest = 0;
	for (uint32_t i = 0; i < b->n_frames && i < PREFETCH_AHEAD; i++)
		rte_prefetch0(b->frames[i].data);
	for (uint32_t i = 0; i < b->n_frames; i++) {
		struct packet *p = &b->frames[i];
		if (i + PREFETCH_AHEAD < b->n_frames)
			rte_prefetch0(b->frames[i + PREFETCH_AHEAD].data);
		bytes += p->len;
		longest = p->len > longest ? p->len : longest;
		uint32_t taken = likely(p->link_type == DECODE_LINK_EN10MB) ? decode_fast(d, p) : 0;
		tally += taken;
		if (likely(taken != 0))
			burst_push(b, p);
		else
			decode_frame(d, b, p);
	}
	decode_tally(&d->counters, tally);
	d->counters.pkts += b->n_frames;
	d->counters.bytes += bytes;
	if (longest > d->counters.max_pkt_size)
		d->counters.max_pkt_size = longest;
}
