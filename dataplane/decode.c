// Decode: set-up and the walk, which reads any stack of headers. decode_fast.c is the entry for bursts. Next:
// decode_link.c (what the frame begins with), then decode_l2.c, decode_ipv4.c, decode_ipv6.c, decode_l4.c and
// decode_tunnel.c. Events are named in drops.def.
#include "dataplane/decode.h"

#include "dataplane/decode_internal.h"

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
	packet_clear_decoded(frame);
	burst_push(b, frame);
	decode_walk(&w, decode_link(&w));
	if (frame->flags & PKT_INVALID) {
		d->counters.invalid++;
		d->counters.ledger[frame->drop_reason]++;
	}
}
