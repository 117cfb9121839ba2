// Decode: what stands between link and network - Ethernet and its tags, MPLS, PPPoE, LLC, NSH - and ARP, which stands
// in the network layer's place. Next: decode_ipv4.c, decode_ipv6.c.
#include "dataplane/decode_internal.h"

#define ETHERNET_HEADER_LEN 14u
#define LLC_MAX_LEN 1500u // a "type" up to here is IEEE 802.3's length

// The packet ends here for us: what is left is payload of an unknown kind.
static enum decode_layer leave_unknown(struct walk *w)
{
	w->p->l2_len = walk_off(w);
	decode_set_payload(w);
	return LAYER_UNKNOWN;
}

// LAYER_UNKNOWN where there is no decoder.
static enum decode_layer layer_of_type(uint16_t type)
{
	switch (type) {
	case ETHER_IPV4:
		return LAYER_IPV4;
	case ETHER_IPV6:
		return LAYER_IPV6;
	case ETHER_ARP:
		return LAYER_ARP;
	case ETHER_VLAN:
	case ETHER_QINQ:
	case ETHER_QINQ_OLD:
		return LAYER_VLAN;
	case ETHER_PPPOE_SESSION:
		return LAYER_PPPOE_SESSION;
	case ETHER_PPPOE_DISCOVERY:
		return LAYER_PPPOE_DISCOVERY;
	case ETHER_MPLS:
	case ETHER_MPLS_MULTICAST:
		return LAYER_MPLS;
	case ETHER_8021AH:
		return LAYER_IEEE8021AH;
	case ETHER_DCE:
		return LAYER_DCE;
	case ETHER_VNTAG:
		return LAYER_VNTAG;
	case ETHER_ETAG:
		return LAYER_ETAG;
	case ETHER_NSH:
		return LAYER_NSH;
	default:
		return type <= LLC_MAX_LEN ? LAYER_LLC : LAYER_UNKNOWN;
	}
}

bool decode_ether_type_known(uint16_t type)
{
	return layer_of_type(type) != LAYER_UNKNOWN;
}

enum decode_layer decode_ether_type(struct walk *w, uint16_t type)
{
	w->p->ether_type = type;
	enum decode_layer layer = layer_of_type(type);
	if (layer != LAYER_UNKNOWN)
		return layer;
	w->d->counters.unknown_ethertype++;
	return leave_unknown(w);
}

enum decode_layer decode_ethernet(struct walk *w)
{
	w->d->counters.ethernet++;
	const uint8_t *h = cursor_take(&w->cur, ETHERNET_HEADER_LEN);
	if (h == NULL)
		return decode_drop(w, DECODE_ETHERNET_PKT_TOO_SMALL);
	return decode_ether_type(w, load_be16(h + 12));
}

// IEEE 802.1Q, 802.1ad and the older QinQ: up to PKT_MAX_VLANS tags.
enum decode_layer decode_vlan(struct walk *w)
{
	struct packet *p = w->p;
	struct decode_counters *n = &w->d->counters;
	if (p->vlan_count == PKT_MAX_VLANS) {
		decode_note(w, DECODE_VLAN_TOO_MANY_LAYERS);
		return leave_unknown(w);
	}
	uint64_t *counter[PKT_MAX_VLANS] = {&n->vlan, &n->vlan_qinq, &n->vlan_qinqinq};
	++*counter[p->vlan_count];
	const uint8_t *h = cursor_take(&w->cur, 4);
	if (h == NULL)
		return decode_drop(w, DECODE_VLAN_HEADER_TOO_SMALL);
	p->vlan[p->vlan_count++] = load_be16(h) & 0xfff;
	enum decode_layer layer = decode_ether_type(w, load_be16(h + 2));
	return layer == LAYER_UNKNOWN ? decode_drop(w, DECODE_VLAN_UNKNOWN_TYPE) : layer;
}

// IEEE 802.1ah: the backbone service tag, then the customer's frame.
enum decode_layer decode_ieee8021ah(struct walk *w)
{
	w->d->counters.ieee8021ah++;
	const uint8_t *h = cursor_take(&w->cur, 18);
	if (h == NULL)
		return decode_drop(w, DECODE_IEEE8021AH_HEADER_TOO_SMALL);
	return decode_ether_type(w, load_be16(h + 16));
}

// VN-Tag, pre-standard 802.1Qbh: direction, pointer and interface ids in four bytes.
enum decode_layer decode_vntag(struct walk *w)
{
	w->d->counters.vntag++;
	const uint8_t *h = cursor_take(&w->cur, 6);
	if (h == NULL)
		return decode_drop(w, DECODE_VNTAG_HEADER_TOO_SMALL);
	enum decode_layer layer = decode_ether_type(w, load_be16(h + 4));
	return layer == LAYER_UNKNOWN ? decode_drop(w, DECODE_VNTAG_UNKNOWN_TYPE) : layer;
}

// E-Tag, IEEE 802.1BR: priority and extended port ids in six bytes.
enum decode_layer decode_etag(struct walk *w)
{
	w->d->counters.etag++;
	const uint8_t *h = cursor_take(&w->cur, 8);
	if (h == NULL)
		return decode_drop(w, DECODE_ETAG_HEADER_TOO_SMALL);
	enum decode_layer layer = decode_ether_type(w, load_be16(h + 6));
	return layer == LAYER_UNKNOWN ? decode_drop(w, DECODE_ETAG_UNKNOWN_TYPE) : layer;
}

// Cisco FabricPath: two bytes of tag in front of the frame it carries.
enum decode_layer decode_dce(struct walk *w)
{
	if (walk_left(w) < 2 + ETHERNET_HEADER_LEN)
		return decode_drop(w, DECODE_DCE_PKT_TOO_SMALL);
	cursor_skip(&w->cur, 2);
	return LAYER_ETHERNET;
}

// IEEE 802.2: SNAP with an EtherType (RFC 1042), or IP's own access point (RFC 948).
enum decode_layer decode_llc(struct walk *w)
{
	w->d->counters.llc++;
	if (w->p->ether_type > 0 && w->p->ether_type <= LLC_MAX_LEN)
		cursor_limit(&w->cur, w->p->ether_type); // what is behind the 802.3 length is padding
	const uint8_t *h = cursor_peek(&w->cur, 3);
	if (h == NULL) {
		decode_note(w, DECODE_LLC_HEADER_TOO_SMALL);
		return leave_unknown(w);
	}
	if (h[0] == 0x06 && h[1] == 0x06 && h[2] == 0x03) {
		cursor_skip(&w->cur, 3);
		return LAYER_IPV4;
	}
	bool snap = (h[0] | 1) == 0xab && (h[1] | 1) == 0xab && h[2] == 0x03;
	if (snap && cursor_peek(&w->cur, 8) == NULL) {
		decode_note(w, DECODE_LLC_HEADER_TOO_SMALL);
		return leave_unknown(w);
	}
	// organisation 0 is RFC 1042; 00-00-f8 is IEEE 802.1H's for bridged EtherTypes
	if (snap && (load_be24(h + 3) == 0 || load_be24(h + 3) == 0xf8) && load_be16(h + 6) > LLC_MAX_LEN) {
		cursor_skip(&w->cur, 8);
		return decode_ether_type(w, load_be16(h + 6));
	}
	w->d->counters.unknown_ethertype++;
	return leave_unknown(w);
}

// What labels carry is not said on the wire: the special labels say it, else the first nibble does (RFC 4928).
static enum decode_layer mpls_payload(struct walk *w)
{
	const uint8_t *h = cursor_peek(&w->cur, 1);
	switch (h[0] >> 4) {
	case 4:
		return LAYER_IPV4;
	case 6:
		return LAYER_IPV6;
	case 0: // a control word, then an Ethernet frame (RFC 4385, 4448)
		return cursor_skip(&w->cur, 4) ? LAYER_ETHERNET : decode_drop(w, DECODE_MPLS_PKT_TOO_SMALL);
	default:
		leave_unknown(w);
		return decode_stop(w, DECODE_MPLS_UNKNOWN_PAYLOAD_TYPE);
	}
}

static enum drop_reason mpls_bad_label(uint32_t label)
{
	if (label == 1)
		return DECODE_MPLS_BAD_LABEL_ROUTER_ALERT;
	return label == 3 ? DECODE_MPLS_BAD_LABEL_IMPLICIT_NULL : DECODE_MPLS_BAD_LABEL_RESERVED;
}

// MPLS label stack (RFC 3032).
enum decode_layer decode_mpls(struct walk *w)
{
	w->d->counters.mpls++;
	uint32_t entry;
	do {
		if (!cursor_be32(&w->cur, &entry))
			return decode_drop(w, DECODE_MPLS_HEADER_TOO_SMALL);
	} while (!(entry & 0x100));
	if (walk_left(w) == 0)
		return decode_drop(w, DECODE_MPLS_PKT_TOO_SMALL);
	uint32_t label = entry >> 12;
	if (label == 0) // IPv4 explicit null
		return LAYER_IPV4;
	if (label == 2) // IPv6 explicit null
		return LAYER_IPV6;
	if (label >= 16)
		return mpls_payload(w);
	// such a label must not stand there, but routers may forward it all the same: IP behind it is still looked at
	uint8_t version = w->cur.at[0] >> 4;
	decode_note(w, mpls_bad_label(label));
	return version == 4 ? LAYER_IPV4 : version == 6 ? LAYER_IPV6 : leave_unknown(w);
}

// PPPoE session stage (RFC 2516): six bytes, then PPP without its framing.
enum decode_layer decode_pppoe_session(struct walk *w)
{
	w->d->counters.pppoe++;
	const uint8_t *h = cursor_peek(&w->cur, 8);
	if (h == NULL)
		return decode_drop(w, DECODE_PPPOE_PKT_TOO_SMALL);
	cursor_skip(&w->cur, 6);
	if (load_be16(h + 4) == 0) {
		leave_unknown(w);
		return LAYER_STOP;
	}
	return decode_ppp_protocol(w);
}

static bool pppoe_code_known(uint8_t code)
{
	return code == 0x09 || code == 0x07 || code == 0x19 || code == 0x65 || code == 0xa7;
}

// PPPoE discovery stage: a code and tags.
enum decode_layer decode_pppoe_discovery(struct walk *w)
{
	w->d->counters.pppoe++;
	const uint8_t *h = cursor_take(&w->cur, 6), *tag;
	if (h == NULL)
		return decode_drop(w, DECODE_PPPOE_PKT_TOO_SMALL);
	w->p->l2_len = walk_off(w);
	decode_set_payload(w);
	if (!pppoe_code_known(h[1]))
		return decode_drop(w, DECODE_PPPOE_WRONG_CODE);
	uint32_t len = load_be16(h + 4);
	if (len > walk_left(w))
		return decode_drop(w, DECODE_PPPOE_MALFORMED_TAGS);
	cursor_limit(&w->cur, len);
	while ((tag = cursor_take(&w->cur, 4)) != NULL) {
		if (!cursor_skip(&w->cur, load_be16(tag + 2))) {
			decode_note(w, DECODE_PPPOE_MALFORMED_TAGS);
			break;
		}
	}
	return LAYER_STOP;
}

// True when the metadata type and the header length agree (RFC 8300 section 2.4, 2.5).
static enum drop_reason nsh_check(uint8_t md_type, uint32_t len)
{
	switch (md_type) {
	case 0:
	case 15: // for experiments
		return DECODE_NSH_RESERVED_TYPE;
	case 1:
		return len == 24 ? DROP_NONE : DECODE_NSH_BAD_HEADER_LENGTH;
	case 2:
		return len >= 8 ? DROP_NONE : DECODE_NSH_BAD_HEADER_LENGTH;
	default:
		return DECODE_NSH_UNSUPPORTED_TYPE;
	}
}

// Network service header (RFC 8300).
enum decode_layer decode_nsh(struct walk *w)
{
	w->d->counters.nsh++;
	const uint8_t *h = cursor_peek(&w->cur, 8);
	if (h == NULL)
		return decode_drop(w, DECODE_NSH_HEADER_TOO_SMALL);
	uint32_t len = (h[1] & 0x3f) * 4u;
	if ((h[0] >> 6) != 0) {
		decode_note(w, DECODE_NSH_UNSUPPORTED_VERSION);
		return leave_unknown(w);
	}
	enum drop_reason bad = nsh_check(h[2] & 15, len);
	if (bad == DECODE_NSH_BAD_HEADER_LENGTH || len < 8 || len >= walk_left(w))
		return decode_drop(w, bad == DROP_NONE ? DECODE_NSH_BAD_HEADER_LENGTH : bad);
	if (bad != DROP_NONE) {
		decode_note(w, bad);
		return leave_unknown(w);
	}
	cursor_skip(&w->cur, len);
	switch (h[3]) {
	case 1:
		return LAYER_IPV4;
	case 2:
		return LAYER_IPV6;
	case 3:
		return LAYER_ETHERNET;
	case 5:
		return LAYER_MPLS;
	default:
		decode_note(w, DECODE_NSH_UNKNOWN_PAYLOAD);
		return leave_unknown(w);
	}
}

// What is odd about an ARP header of eight bytes, DROP_NONE when it is Ethernet's for IPv4.
static enum drop_reason arp_check(const uint8_t *h)
{
	uint16_t op = load_be16(h + 6);
	if (load_be16(h) != 1)
		return DECODE_ARP_UNSUPPORTED_HARDWARE;
	if (load_be16(h + 2) != ETHER_IPV4)
		return DECODE_ARP_UNSUPPORTED_PROTOCOL;
	if (h[4] != 6)
		return DECODE_ARP_INVALID_HARDWARE_SIZE;
	if (h[5] != 4)
		return DECODE_ARP_INVALID_PROTOCOL_SIZE;
	return op >= 1 && op <= 9 ? DROP_NONE : DECODE_ARP_UNSUPPORTED_OPCODE;
}

// ARP (RFC 826). src and dst are the sender's and the target's IPv4 address.
enum decode_layer decode_arp(struct walk *w)
{
	struct packet *p = w->p;
	w->d->counters.arp++;
	p->flags |= PKT_ARP;
	p->l2_len = p->l3_off = walk_off(w);
	decode_set_payload(w);
	const uint8_t *h = cursor_peek(&w->cur, 8);
	enum drop_reason odd = h == NULL ? DECODE_ARP_PKT_TOO_SMALL : arp_check(h);
	if (odd == DROP_NONE && walk_left(w) < 28)
		odd = DECODE_ARP_PKT_TOO_SMALL;
	if (odd != DROP_NONE) {
		decode_note(w, odd);
		if (odd != DECODE_ARP_UNSUPPORTED_OPCODE || walk_left(w) < 28)
			return LAYER_STOP;
	}
	memcpy(&p->src.w[0], h + 14, 4);
	memcpy(&p->dst.w[0], h + 24, 4);
	return LAYER_STOP;
}
