// Decode: set-up and the walk, which reads any stack of headers. decode_fast.c is the entry for bursts. Next:
// decode_link.c (what the frame begins with), then decode_l2.c, decode_ipv4.c, decode_ipv6.c, decode_l4.c and
// decode_tunnel.c. Events are named in drops.def.
#include "dataplane/decode.h"

#include <rte_branch_prediction.h>
#include <rte_common.h>

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
static void listen_at(struct decoder *d, const struct decode_ports *ports, bool enabled, enum decode_tunnel tunnel)
{
	for (uint8_t i = 0; enabled && i < ports->count && i < DECODE_MAX_PORTS; i++) {
		uint32_t bit = decode_port_bit(ports->port[i]);
		d->tunnel_port_filter |= UINT64_C(1) << bit;
		d->tunnels_at[bit] |= (uint8_t)tunnel;
	}
}

void decode_init(struct decoder *d, const struct decode_config *config)
{
	memset(d, 0, sizeof(*d));
	decode_config_defaults(&d->config);
	if (config != NULL)
		d->config = *config;
	if (d->config.max_layers == 0 || d->config.max_layers > DECODE_MAX_LAYERS)
		d->config.max_layers = DECODE_MAX_LAYERS;
	listen_at(d, &d->config.vxlan_ports, d->config.vxlan, TUNNEL_VXLAN);
	listen_at(d, &d->config.geneve_ports, d->config.geneve, TUNNEL_GENEVE);
	listen_at(d, &d->config.gtpu_ports, d->config.gtpu, TUNNEL_GTPU);
	listen_at(d, &d->config.teredo_ports, d->config.teredo, TUNNEL_TEREDO);
	decode_tick(d);
}

void decode_tick(struct decoder *d)
{
	d->nested_left = d->config.nested_a_tick ? d->config.nested_a_tick : UINT32_MAX;
	d->long_chains_left = d->config.long_chains_a_tick ? d->config.long_chains_a_tick : UINT32_MAX;
}

void decode_note(struct walk *w, enum drop_reason reason)
{
	packet_note(w->p, (uint16_t)reason);
	w->d->counters.reasons[reason]++;
}

void decode_note_passed_over(struct walk *w)
{
	if (!w->refused) // else the counter says so
		decode_note(w, DECODE_TUNNELS_PASSED_OVER);
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

// True where a packet that is carried makes way for the one it carries, since more of its kind have come than a tick's
// time allows: decode_config.nested_a_tick.
static inline bool is_refused(const struct walk *w, const struct packet *outer)
{
	return outer->depth > 0 && w->d->nested_left == 0;
}

void decode_refuse(struct walk *w)
{
	w->refused = true;
	w->d->counters.carriers_refused++;
}

struct packet *decode_take_extra(struct walk *w)
{
	struct packet *q = w->extras < PKT_MAX_DEPTH - 1 ? burst_take_extra(w->b) : NULL;
	if (q == NULL)
		decode_note(w, DECODE_TOO_MANY_TUNNELS);
	else
		w->extras++;
	return q;
}

// True where a packet that carries another is for decode alone: not the frame, nor what the frame carries.
static inline bool is_passed_over(const struct packet *outer)
{
	return outer->depth >= PKT_MAX_WHOLE - 1;
}

// Fills what the source says of a frame. outer: the packet that carries p.
static inline void begin_packet(struct walk *w, struct packet *p, const struct packet *outer, uint16_t link_type)
{
	p->data = w->cur.at;
	p->mbuf = outer->mbuf;
	p->ts_ns = outer->ts_ns;
	p->seq = outer->seq;
	p->len = p->wire_len = walk_left(w);
	p->link_type = link_type;
	p->iface = outer->iface;
	p->flags = PKT_INNER;
	p->depth = outer->depth + 1;
	p->tunnel_id = outer->tunnel_id;
	w->p = p;
}

// What was noted on a packet that no stage behind decode sees is noted on the one that comes instead.
static void take_notes(struct packet *p, const struct packet *outer)
{
	memcpy(p->events, outer->events, sizeof(p->events));
	p->event_count = outer->event_count;
	p->flags |= outer->flags & PKT_NOTED;
}

static void take_over(struct walk *w, struct packet *p, const struct packet *outer)
{
	take_notes(p, outer);
	p->outer = outer->outer;
	if (outer->depth == PKT_MAX_WHOLE - 1)
		decode_note_passed_over(w);
}

// The packet that the walk is at is followed by the one it carries, in the same memory.
static enum decode_layer pass_over(struct walk *w, uint16_t link_type, enum decode_layer layer)
{
	struct packet *p = w->p, outer = *p;
	if (outer.depth == PKT_MAX_DEPTH - 1) {
		decode_note(w, DECODE_TOO_MANY_TUNNELS);
		return LAYER_STOP;
	}
	packet_clear_decoded(p);
	begin_packet(w, p, &outer, link_type);
	take_over(w, p, &outer);
	w->guess_on = NULL;
	w->begun = true;
	return layer;
}

// Lists p, which `outer` carries, or puts it where that one was.
static void list_inner(struct walk *w, struct packet *p, struct packet *outer)
{
	if (unlikely(is_refused(w, outer))) {
		take_notes(p, outer);
		w->b->list[w->b->n - 1] = p;
		decode_refuse(w);
		return;
	}
	w->d->nested_left -= outer->depth > 0 && w->d->nested_left != UINT32_MAX;
	burst_push(w->b, p);
}

enum decode_layer decode_begin_inner(struct walk *w, uint16_t link_type, enum decode_layer layer)
{
	struct packet *outer = w->p;
	if (is_passed_over(outer))
		return pass_over(w, link_type, layer);
	struct packet *p = decode_take_extra(w);
	if (p == NULL)
		return LAYER_STOP;
	outer->flags |= PKT_TUNNEL;
	begin_packet(w, p, outer, link_type);
	p->outer = outer;
	w->guess_on = NULL;
	w->begun = true;
	list_inner(w, p, outer);
	return layer;
}

enum decode_layer decode_begin_guess(struct walk *w, uint16_t link_type, enum decode_layer layer)
{
	struct packet *outer = w->p;
	if (!is_passed_over(outer)) {
		layer = decode_begin_inner(w, link_type, layer);
	} else if (outer->depth < PKT_MAX_DEPTH - 1 && w->extras < PKT_MAX_DEPTH - 1) {
		struct packet *p = decode_take_extra(w); // the one it stands on may have to come back
		if (p == NULL)
			return LAYER_STOP;
		begin_packet(w, p, outer, link_type);
		take_over(w, p, outer);
		w->b->list[w->b->n - 1] = p;
	} else {
		decode_note(w, DECODE_TOO_MANY_TUNNELS);
		return LAYER_STOP;
	}
	w->begun = false; // a guess is read header by header
	if (layer != LAYER_STOP)
		w->guess_on = outer;
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
	w->guess_on = NULL;
	burst_push(w->b, p);
	return layer;
}

// A guess that turned out wrong: the packet is taken back, and so are the events counted for it.
static void forget_guess(struct walk *w)
{
	struct packet *p = w->p, *outer = w->guess_on, **last = &w->b->list[w->b->n - 1];
	bool instead = w->b->n == 1 || last[-1] != outer;
	for (uint8_t i = instead ? outer->event_count : 0; i < p->event_count; i++)
		w->d->counters.reasons[p->events[i]]--;
	outer->flags &= ~(uint32_t)PKT_TUNNEL;
	w->d->counters.teredo--;
	w->d->counters.carriers_refused -= instead && !is_passed_over(outer);
	if (instead)
		*last = outer;
	else
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
#define COUNTED_LAYERS ((1u << LAYER_TCP) - 1 - (1u << LAYER_IEEE8021AH) - (1u << LAYER_DCE))
_Static_assert(LAYER_COUNT < 32, "a bit a layer");

// A packet that another carries begins: those between the second and the innermost are passed over, and plain headers
// read, in straight code. Returns false where the walk has to read the header at the cursor, *layer.
static bool begin_plainly(struct walk *w, enum decode_layer *layer)
{
	w->begun = false;
	if (w->d->layer_by_layer || w->p->vlan_count) // ERSPAN's
		return false;
	if (is_passed_over(w->p) || (is_refused(w, w->p) && w->extras < PKT_MAX_DEPTH - 1))
		*layer = decode_hop(w, *layer);
	return decode_plain_ipv4(w, layer);
}

void decode_walk(struct walk *w, enum decode_layer layer)
{
	while (layer != LAYER_STOP && layer != LAYER_UNKNOWN) {
		if (w->begun && begin_plainly(w, &layer))
			continue;
		uint32_t counts = COUNTED_LAYERS >> layer & 1;
		w->layers += counts;
		if (unlikely(counts && w->layers == w->d->config.max_layers)) {
			decode_drop(w, DECODE_TOO_MANY_LAYERS);
			break;
		}
		walk_mark_line(w);
		layer = layer_fns[layer](w);
	}
	if (w->guess_on != NULL && (w->p->flags & PKT_INVALID))
		forget_guess(w);
}

void decode_frame_end(struct walk *w, const struct packet *frame)
{
	w->d->header_lines = w->lines;
	if (frame->flags & PKT_INVALID) {
		w->d->counters.invalid++;
		w->d->counters.ledger[frame->drop_reason]++;
	}
}

void decode_frame(struct decoder *d, struct burst *b, struct packet *frame)
{
	struct walk w = {.d = d, .b = b, .p = frame, .cur = cursor_of(frame->data, frame->len), .frame = frame->data};
	packet_clear_decoded(frame);
	burst_push(b, frame);
	decode_walk(&w, decode_link(&w));
	decode_frame_end(&w, frame);
}
