// Decode: link types. A new one is a row of link_table and, where the header is new too, a function here.
// Numbers: https://www.tcpdump.org/linktypes.html. Next: decode_l2.c.
#include "dataplane/decode_internal.h"

#define SLL_HEADER_LEN 16u
#define SLL2_HEADER_LEN 20u
#define LINUX_SLL_P_802_2 0x0004u // the Linux cooked "protocol" of an LLC frame

static enum decode_layer link_ethernet(struct walk *w)
{
	return LAYER_ETHERNET;
}

static enum decode_layer link_raw(struct walk *w)
{
	w->d->counters.raw++;
	return LAYER_RAW;
}

// An address family, of the system that captured, and in its byte order. AF_INET is 2 everywhere; AF_INET6 is not.
static enum decode_layer layer_of_family(uint32_t family)
{
	switch (family) {
	case 2:
		return LAYER_IPV4;
	case 10: // Linux
	case 23: // Windows
	case 24: // NetBSD, OpenBSD
	case 26: // Solaris
	case 28: // FreeBSD
	case 30: // Darwin
		return LAYER_IPV6;
	default:
		return LAYER_UNKNOWN;
	}
}

// NULL is in the capturing host's byte order, LOOP in network order; families are small, so the value tells.
static enum decode_layer link_null(struct walk *w)
{
	w->d->counters.null++;
	const uint8_t *h = cursor_take(&w->cur, 4);
	if (h == NULL)
		return decode_drop(w, DECODE_LTNULL_PKT_TOO_SMALL);
	uint32_t family = load_le32(h);
	if (family > 0xffff)
		family = load_be32(h);
	enum decode_layer layer = layer_of_family(family);
	return layer == LAYER_UNKNOWN ? decode_stop(w, DECODE_LTNULL_UNSUPPORTED_TYPE) : layer;
}

// EtherTypes from a header that is not Ethernet's: what has no decoder is left alone.
static enum decode_layer cooked_type(struct walk *w, uint16_t type)
{
	if (type == LINUX_SLL_P_802_2)
		return LAYER_LLC;
	return decode_ether_type(w, type);
}

static enum decode_layer link_sll(struct walk *w)
{
	w->d->counters.sll++;
	const uint8_t *h = cursor_take(&w->cur, SLL_HEADER_LEN);
	if (h == NULL)
		return decode_drop(w, DECODE_SLL_PKT_TOO_SMALL);
	return cooked_type(w, load_be16(h + 14));
}

static enum decode_layer link_sll2(struct walk *w)
{
	w->d->counters.sll++;
	const uint8_t *h = cursor_take(&w->cur, SLL2_HEADER_LEN);
	if (h == NULL)
		return decode_drop(w, DECODE_SLL2_PKT_TOO_SMALL);
	return cooked_type(w, load_be16(h));
}

static enum decode_layer link_chdlc(struct walk *w)
{
	w->d->counters.chdlc++;
	const uint8_t *h = cursor_take(&w->cur, 4);
	if (h == NULL)
		return decode_drop(w, DECODE_CHDLC_PKT_TOO_SMALL);
	return decode_ether_type(w, load_be16(h + 2));
}

// PPP_SERIAL: PPP in HDLC framing (FF 03), or Cisco HDLC (0F 00 unicast, 8F 00 multicast).
static enum decode_layer link_ppp_serial(struct walk *w)
{
	const uint8_t *h = cursor_peek(&w->cur, 2);
	if (h != NULL && (h[0] == 0x0f || h[0] == 0x8f) && h[1] == 0)
		return link_chdlc(w);
	return LAYER_PPP;
}

static enum decode_layer link_ppp(struct walk *w)
{
	return LAYER_PPP;
}

static enum decode_layer link_ppp_ether(struct walk *w)
{
	return LAYER_PPPOE_SESSION;
}

static enum decode_layer link_mpls(struct walk *w)
{
	return LAYER_MPLS;
}

// FDDI: frame control, two addresses, LLC (RFC 1188).
static enum decode_layer link_fddi(struct walk *w)
{
	if (!cursor_skip(&w->cur, 13))
		return decode_drop(w, DECODE_ETHERNET_PKT_TOO_SMALL);
	return LAYER_LLC;
}

// NFLOG: family, version, resource id; then attributes, each length, type (both in the capturing host's byte order) and
// value, padded to four bytes. NFULA_PAYLOAD (9) is the packet.
static enum decode_layer link_nflog(struct walk *w)
{
	w->d->counters.nflog++;
	const uint8_t *h = cursor_take(&w->cur, 4), *tlv;
	if (h == NULL)
		return decode_drop(w, DECODE_NFLOG_PKT_TOO_SMALL);
	while ((tlv = cursor_peek(&w->cur, 4)) != NULL) {
		bool little = tlv[3] == 0; // types are below 256
		uint32_t len = little ? load_le16(tlv) : load_be16(tlv);
		uint32_t type = little ? load_le16(tlv + 2) : load_be16(tlv + 2);
		if (len < 4 || len > walk_left(w))
			return decode_drop(w, DECODE_NFLOG_MALFORMED_TLV);
		if (type == 9) {
			cursor_skip(&w->cur, 4);
			cursor_limit(&w->cur, len - 4);
			enum decode_layer layer = layer_of_family(h[0]);
			return layer == LAYER_UNKNOWN ? LAYER_STOP : layer;
		}
		if (!cursor_skip(&w->cur, (len + 3) & ~3u))
			break;
	}
	return LAYER_STOP;
}

// IEEE 802.11: only data frames that are not encrypted carry anything for us, behind LLC. data_pad: the header is
// padded to four bytes (radiotap says so).
static enum decode_layer wlan_frame(struct walk *w, bool data_pad)
{
	w->d->counters.wlan++;
	const uint8_t *h = cursor_peek(&w->cur, 2);
	if (h == NULL)
		return decode_drop(w, DECODE_WLAN_PKT_TOO_SMALL);
	bool is_data = (h[0] & 0x0f) == 0x08, has_body = (h[0] & 0x40) == 0, qos = h[0] & 0x80;
	if (!is_data || !has_body || (h[1] & 0x40))
		return LAYER_STOP;
	uint32_t len = 24;
	if ((h[1] & 3) == 3)
		len += 6; // fourth address
	if (qos)
		len += h[1] & 0x80 ? 6 : 2; // QoS control, and HT control
	h = cursor_take(&w->cur, len);
	if (h == NULL || (data_pad && !cursor_skip(&w->cur, -len & 3u)))
		return decode_drop(w, DECODE_WLAN_PKT_TOO_SMALL);
	// an A-MSDU: two addresses and a length in front of each frame; the first one is looked at
	uint32_t qos_off = (h[1] & 3) == 3 ? 30 : 24;
	if (qos && (h[qos_off] & 0x80)) {
		const uint8_t *sub = cursor_take(&w->cur, 14);
		if (sub == NULL)
			return decode_drop(w, DECODE_WLAN_PKT_TOO_SMALL);
		cursor_limit(&w->cur, load_be16(sub + 12));
	}
	return LAYER_LLC;
}

static enum decode_layer link_wlan(struct walk *w)
{
	return wlan_frame(w, false);
}

// The flags field of a radiotap header of len bytes at h, 0 without one. https://www.radiotap.org
static uint8_t radiotap_flags(const uint8_t *h, uint32_t len)
{
	uint32_t present = load_le32(h + 4), off = 8;
	if (!(present & 2))
		return 0;
	for (uint32_t more = present; more & 0x80000000u; off += 4) {
		if (off + 4 > len)
			return 0;
		more = load_le32(h + off);
	}
	if (present & 1) // TSFT: eight bytes, aligned to eight
		off = ((off + 7) & ~7u) + 8;
	return off < len ? h[off] : 0;
}

static enum decode_layer link_radiotap(struct walk *w)
{
	const uint8_t *h = cursor_peek(&w->cur, 8);
	if (h == NULL)
		return decode_drop(w, DECODE_WLAN_PKT_TOO_SMALL);
	uint32_t len = load_le16(h + 2);
	if (h[0] != 0 || len < 8 || !cursor_skip(&w->cur, len))
		return decode_drop(w, DECODE_WLAN_BAD_RADIOTAP);
	uint8_t flags = radiotap_flags(h, len);
	if ((flags & 0x10) && walk_left(w) >= 4)
		cursor_limit(&w->cur, walk_left(w) - 4); // frame check sequence
	return wlan_frame(w, flags & 0x20);
}

static const struct link_row {
	uint16_t link_type;
	decode_layer_fn *decode;
} link_table[] = {
	{0, link_null},        // NULL
	{1, link_ethernet},    // EN10MB
	{9, link_ppp},         // PPP
	{10, link_fddi},       // FDDI
	{12, link_raw},        // DLT_RAW
	{14, link_raw},        // DLT_RAW on OpenBSD
	{50, link_ppp_serial}, // PPP_SERIAL
	{51, link_ppp_ether},  // PPP_ETHER
	{101, link_raw},       // LINKTYPE_RAW
	{104, link_chdlc},     // C_HDLC
	{105, link_wlan},      // IEEE802_11
	{108, link_null},      // LOOP
	{113, link_sll},       // LINUX_SLL
	{127, link_radiotap},  // IEEE802_11_RADIO
	{219, link_mpls},      // MPLS
	{228, link_raw},       // IPV4
	{229, link_raw},       // IPV6
	{239, link_nflog},     // NFLOG
	{276, link_sll2},      // LINUX_SLL2
};

enum decode_layer decode_link(struct walk *w)
{
	for (uint32_t i = 0; i < sizeof(link_table) / sizeof(link_table[0]); i++) {
		if (link_table[i].link_type == w->p->link_type)
			return link_table[i].decode(w);
	}
	return decode_drop(w, DECODE_LINK_UNSUPPORTED);
}

enum decode_layer decode_raw(struct walk *w)
{
	const uint8_t *h = cursor_peek(&w->cur, 20);
	if (h == NULL)
		return decode_drop(w, DECODE_IPV4_PKT_TOO_SMALL);
	if ((h[0] >> 4) == 4)
		return LAYER_IPV4;
	if ((h[0] >> 4) == 6)
		return LAYER_IPV6;
	return decode_stop(w, DECODE_IPRAW_INVALID_IPV);
}

// Protocol numbers that IANA has assigned and that carry nothing we decode.
static bool ppp_is_assigned(uint16_t proto)
{
	static const uint16_t assigned[] = {0x0023, 0x0025, 0x0027, 0x0029, 0x002b, 0x002d, 0x0031, 0x0033, 0x0035,
		0x00fb, 0x00fd, 0x0201, 0x0231, 0x0233, 0x8021, 0x8023, 0x8025, 0x8027, 0x8029, 0x802b, 0x8033, 0x8035,
		0x8057, 0x80fb, 0x80fd, 0x8281, 0xc021, 0xc023, 0xc025, 0xc029, 0xc223, 0xc227};
	for (uint32_t i = 0; i < sizeof(assigned) / sizeof(assigned[0]); i++) {
		if (assigned[i] == proto)
			return true;
	}
	return false;
}

// PPP (RFC 1661): FF 03 where HDLC framing was kept (RFC 1662), then the protocol in two bytes, or in one that is odd.
enum decode_layer decode_ppp(struct walk *w)
{
	w->d->counters.ppp++;
	const uint8_t *h = cursor_peek(&w->cur, 2);
	if (h != NULL && h[0] == 0xff && h[1] == 0x03)
		cursor_skip(&w->cur, 2);
	return decode_ppp_protocol(w);
}

enum decode_layer decode_ppp_protocol(struct walk *w)
{
	const uint8_t *h = cursor_peek(&w->cur, 1);
	uint32_t proto_len = h != NULL && (h[0] & 1) ? 1 : 2;
	h = cursor_take(&w->cur, proto_len);
	if (h == NULL)
		return decode_drop(w, DECODE_PPP_PKT_TOO_SMALL);
	uint16_t proto = proto_len == 1 ? h[0] : load_be16(h);
	bool assigned = proto_len == 1 || ppp_is_assigned(proto);
	switch (proto) {
	case 0x0021:
		return walk_left(w) < 20 ? decode_drop(w, DECODE_PPP_IPV4_PKT_TOO_SMALL) : LAYER_IPV4;
	case 0x002f: // Van Jacobson uncompressed: IPv4 with a connection number in the place of the protocol
		return walk_left(w) < 20 ? decode_drop(w, DECODE_PPP_VJU_PKT_TOO_SMALL) : LAYER_IPV4;
	case 0x0057:
		return walk_left(w) < 40 ? decode_drop(w, DECODE_PPP_IPV6_PKT_TOO_SMALL) : LAYER_IPV6;
	case 0x0281:
	case 0x0283:
		return LAYER_MPLS;
	default:
		return decode_stop(w, assigned ? DECODE_PPP_UNSUP_PROTO : DECODE_PPP_WRONG_TYPE);
	}
}
