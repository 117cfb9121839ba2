// Decode: IPv6 (RFC 8200) and every extension header. Next: decode_l4.c, decode_tunnel.c.
#include "dataplane/decode_internal.h"

#define MAX_OPTIONS 64u // looked at in one packet, so that 1,400 bytes of them cost no more (RFC 8504 section 5.3)

// What a chain of extension headers has shown so far.
struct chain {
	uint8_t next;                                      // the header the cursor is at
	uint8_t hopopts, dstopts, routing, fragment, auth; // how often each
	uint8_t options;                                   // looked at
};

enum ipv6_option {
	OPT_PAD1 = 0,
	OPT_PADN = 1,
	OPT_RTRALT = 5, // RFC 2711
	OPT_JUMBO = 0xc2,
	OPT_HOME_ADDRESS = 0xc9,
};

// The length RFCs give an option's contents, -1 for an option that is not known.
static int option_len(uint8_t type)
{
	switch (type) {
	case OPT_RTRALT:
		return 2;
	case OPT_JUMBO:
		return 4;
	case OPT_HOME_ADDRESS:
		return 16;
	default:
		return -1;
	}
}

// Notes what is odd about a chain, once a packet however often it is so: each time it is counted.
static void note_once(struct walk *w, enum drop_reason reason)
{
	struct packet *p = w->p;
	for (uint8_t i = 0; i < p->event_count; i++) {
		if (p->events[i] == reason) {
			w->d->counters.reasons[reason]++;
			return;
		}
	}
	decode_note(w, reason);
}

// Notes the first header of its kind past `most`; those behind it are counted.
static inline void note_past(struct walk *w, uint8_t nth, uint8_t most, enum drop_reason reason)
{
	if (nth == most + 1)
		decode_note(w, reason);
	else
		w->d->counters.reasons[reason]++;
}

// PadN options of no length, two bytes each, from `at` on: they are passed over in a row, four at a time. Returns where
// they end.
static const uint8_t *skip_empty_padn(struct walk *w, struct chain *chain, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *first = at, *most = at + 2 * (MAX_OPTIONS - chain->options);
	if (end > most)
		end = most;
	while (end - at >= 8 && load_le64(at) == UINT64_C(0x0001000100010001) * OPT_PADN)
		at += 8;
	while (end - at >= 2 && load_le16(at) == OPT_PADN)
		at += 2;
	if (at != first) {
		uint32_t n = (uint32_t)(at - first) / 2;
		chain->options += (uint8_t)n;
		note_once(w, DECODE_IPV6_EXTHDR_ZERO_LEN_PADN);
		w->d->counters.reasons[DECODE_IPV6_EXTHDR_ZERO_LEN_PADN] += n - 1;
	}
	return at;
}

// Options of a hop-by-hop or destination options header.
static void ipv6_options(struct walk *w, struct chain *chain, struct cursor c, bool hop)
{
	bool only_padding = true;
	uint8_t type, len;
	for (;; chain->options++) {
		c.at = skip_empty_padn(w, chain, c.at, c.end);
		if (chain->options == MAX_OPTIONS || !cursor_u8(&c, &type))
			break;
		if (type == OPT_PAD1)
			continue;
		if (!cursor_u8(&c, &len) || !cursor_skip(&c, len)) {
			note_once(w, DECODE_IPV6_EXTHDR_INVALID_OPTLEN);
			return;
		}
		if (type == OPT_PADN)
			continue;
		only_padding = false;
		int want = option_len(type);
		if (want < 0)
			note_once(w, hop ? DECODE_IPV6_HOPOPTS_UNKNOWN_OPT : DECODE_IPV6_DSTOPTS_UNKNOWN_OPT);
		else if (want > len)
			decode_stop(w, DECODE_IPV6_EXTHDR_INVALID_OPTLEN);
	}
	if (only_padding)
		note_once(w, hop ? DECODE_IPV6_HOPOPTS_ONLY_PADDING : DECODE_IPV6_DSTOPTS_ONLY_PADDING);
}

// Cuts off a header of `unit` byte steps whose second byte counts them beyond `base` bytes. Returns false, with the
// packet malformed, when it does not fit.
static bool take_header(struct walk *w, uint32_t base, uint32_t unit, struct cursor *header)
{
	const uint8_t *h = cursor_peek(&w->cur, base < 8 ? 8 : base);
	walk_mark_line(w);
	if (h != NULL && cursor_sub(&w->cur, base + h[1] * unit, header))
		return true;
	decode_drop(w, DECODE_IPV6_TRUNC_EXTHDR);
	return false;
}

static bool walk_options(struct walk *w, struct chain *chain, bool hop)
{
	struct cursor header;
	if (!take_header(w, 8, 8, &header))
		return false;
	chain->next = header.at[0];
	if (hop && ++chain->hopopts > 1) {
		note_past(w, chain->hopopts, 1, DECODE_IPV6_EXTHDR_DUPL_HH);
		return true;
	}
	if (!hop && ++chain->dstopts > 2) { // one in front of a routing header, one behind it
		note_past(w, chain->dstopts, 2, DECODE_IPV6_EXTHDR_DUPL_DH);
		return true;
	}
	cursor_skip(&header, 2);
	ipv6_options(w, chain, header, hop);
	return true;
}

static bool walk_routing(struct walk *w, struct chain *chain)
{
	struct cursor header;
	if (!take_header(w, 8, 8, &header))
		return false;
	chain->next = header.at[0];
	if (++chain->routing > 1)
		note_past(w, chain->routing, 1, DECODE_IPV6_EXTHDR_DUPL_RH);
	else if (header.at[2] == 0)
		note_once(w, DECODE_IPV6_EXTHDR_RH_TYPE_0);
	return true;
}

static bool walk_auth(struct walk *w, struct chain *chain)
{
	struct cursor header;
	if (!take_header(w, 8, 4, &header)) // the second byte counts four byte steps beyond eight
		return false;
	chain->next = header.at[0];
	if (++chain->auth > 1)
		note_past(w, chain->auth, 1, DECODE_IPV6_EXTHDR_DUPL_AH);
	else if (load_be16(header.at + 2) != 0)
		note_once(w, DECODE_IPV6_EXTHDR_AH_RES_NOT_NULL);
	return true;
}

// Mobility, HIP and Shim6 headers: nothing of theirs is looked at.
static bool walk_other(struct walk *w, struct chain *chain)
{
	struct cursor header;
	if (!take_header(w, 8, 8, &header))
		return false;
	chain->next = header.at[0];
	return true;
}

// Returns false when the packet is malformed. *whole: nothing was cut off (RFC 6946).
static bool walk_fragment(struct walk *w, struct chain *chain, bool *whole)
{
	const uint8_t *h = cursor_take(&w->cur, 8);
	if (h == NULL) {
		decode_drop(w, DECODE_IPV6_TRUNC_EXTHDR);
		return false;
	}
	uint16_t offset = load_be16(h + 2);
	chain->next = h[0];
	*whole = (offset & 0xfff9) == 0;
	if (++chain->fragment > 1) {
		note_past(w, chain->fragment, 1, DECODE_IPV6_EXTHDR_DUPL_FH);
		return true;
	}
	if (h[1] != 0 || (offset & 6) != 0)
		decode_note(w, DECODE_IPV6_FH_NON_ZERO_RES_FIELD);
	if (*whole)
		note_once(w, DECODE_IPV6_EXTHDR_USELESS_FH);
	return true;
}

static enum decode_layer ipv6_tunnel(struct walk *w, uint8_t version)
{
	bool v4 = version == 4;
	uint64_t *counter = v4 ? &w->d->counters.ipv4_in_ipv6 : &w->d->counters.ipv6_in_ipv6;
	const uint8_t *h = cursor_peek(&w->cur, v4 ? 20 : 40);
	if (!w->d->config.ipip)
		return LAYER_STOP;
	if (h == NULL)
		return decode_stop(w, v4 ? DECODE_IPV4_IN_IPV6_TOO_SMALL : DECODE_IPV6_IN_IPV6_TOO_SMALL);
	if ((h[0] >> 4) != version)
		return decode_stop(w, v4 ? DECODE_IPV4_IN_IPV6_WRONG_VERSION : DECODE_IPV6_IN_IPV6_WRONG_VERSION);
	++*counter;
	return decode_begin_inner(w, DECODE_LINK_RAW, v4 ? LAYER_IPV4 : LAYER_IPV6);
}

// The layer behind the last extension header; the cursor is at it.
static enum decode_layer ipv6_payload(struct walk *w, uint8_t proto)
{
	switch (proto) {
	case PROTO_ICMPV6:
		return LAYER_ICMPV6;
	case PROTO_IPIP:
		return ipv6_tunnel(w, 4);
	case PROTO_IPV6:
		return ipv6_tunnel(w, 6);
	case PROTO_NONE:
		if (walk_left(w) > 0)
			decode_note(w, DECODE_IPV6_DATA_AFTER_NONE_HEADER);
		return LAYER_STOP;
	case PROTO_ICMP:
		decode_note(w, DECODE_IPV6_WITH_ICMPV4);
		return LAYER_STOP;
	default:
		break;
	}
	enum decode_layer layer = decode_ip_proto(proto);
	if (layer == LAYER_UNKNOWN)
		decode_note(w, DECODE_IPV6_UNKNOWN_NEXT_HEADER);
	return layer;
}

// Walks one extension header. Returns false when chain->next is none, or the packet is malformed or a fragment.
static bool walk_exthdr(struct walk *w, struct chain *chain, bool *whole)
{
	switch (chain->next) {
	case PROTO_HOPOPTS:
		return walk_options(w, chain, true);
	case PROTO_DSTOPTS:
		return walk_options(w, chain, false);
	case PROTO_ROUTING:
		return walk_routing(w, chain);
	case PROTO_AH:
		return walk_auth(w, chain);
	case PROTO_MH:
	case PROTO_HIP:
	case PROTO_SHIM6:
		return walk_other(w, chain);
	case PROTO_FRAGMENT:
		return walk_fragment(w, chain, whole) && *whole;
	default:
		return false;
	}
}

// From the first extension header on, to the transport header.
static enum decode_layer ipv6_chain(struct walk *w, uint8_t next)
{
	struct packet *p = w->p;
	struct chain chain = {.next = next};
	const uint8_t *first = w->cur.at;
	bool whole = true;
	// every header takes eight bytes at least, so the packet itself bounds the loop
	while (walk_exthdr(w, &chain, &whole))
		;
	p->ip_proto = chain.next;
	p->l4_off = walk_off(w);
	decode_set_payload(w);
	if (p->flags & PKT_INVALID)
		return LAYER_STOP;
	if (!whole)
		return decode_fragment(w, LAYER_IPV6);
	// Suricata's name for a chain that ends before the header it announces
	bool chained = w->cur.at != first || chain.next == PROTO_ESP;
	if (chained && chain.next != PROTO_NONE && walk_left(w) < 2)
		return decode_drop(w, DECODE_IPV6_TRUNC_EXTHDR);
	return ipv6_payload(w, chain.next);
}

enum decode_layer decode_ipv6(struct walk *w)
{
	struct packet *p = w->p;
	const uint8_t *h = cursor_peek(&w->cur, 40);
	w->d->counters.ipv6++;
	if (h == NULL)
		return decode_drop(w, DECODE_IPV6_PKT_TOO_SMALL);
	if ((h[0] >> 4) != 6)
		return decode_drop(w, DECODE_IPV6_WRONG_IP_VERSION);
	p->flags |= PKT_IPV6;
	p->ether_type = ETHER_IPV6;
	p->l2_len = p->l3_off = walk_off(w);
	p->ip_proto = h[6];
	p->ttl = h[7];
	memcpy(&p->src, h + 8, 16);
	memcpy(&p->dst, h + 24, 16);
	uint32_t len = load_be16(h + 4);
	cursor_skip(&w->cur, 40);
	if (len > walk_left(w)) {
		p->flags |= PKT_TRUNCATED;
		return decode_drop(w, DECODE_IPV6_TRUNC_PKT);
	}
	cursor_limit(&w->cur, len);
	return ipv6_chain(w, h[6]);
}
