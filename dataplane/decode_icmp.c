// Decode: ICMP (RFC 792) and ICMPv6 (RFC 4443, 4861, 2710), with the packets their errors quote.
// Next: decode_tunnel.c.
#include "dataplane/checksum.h"
#include "dataplane/decode_internal.h"

// A type's highest code, and whether its messages quote the packet they are about.
struct icmp_type {
	uint8_t type, max_code;
	bool quotes;
};

// https://www.iana.org/assignments/icmp-parameters
static const struct icmp_type icmpv4_types[] = {
	{0, 0, false},   // echo reply
	{3, 15, true},   // destination unreachable
	{4, 0, true},    // source quench
	{5, 3, true},    // redirect
	{8, 0, false},   // echo
	{9, 255, false}, // router advertisement
	{10, 0, false},  // router solicitation
	{11, 1, true},   // time exceeded
	{12, 2, true},   // parameter problem
	{13, 0, false},  // timestamp
	{14, 0, false},  // timestamp reply
	{15, 0, false},  // information request
	{16, 0, false},  // information reply
	{17, 0, false},  // address mask request
	{18, 0, false},  // address mask reply
};

// https://www.iana.org/assignments/icmpv6-parameters; 150 to 161 have codes of their own
static const struct icmp_type icmpv6_types[] = {
	{1, 8, true},      // destination unreachable
	{2, 0, true},      // packet too big
	{3, 1, true},      // time exceeded
	{4, 10, true},     // parameter problem
	{128, 0, false},   // echo request
	{129, 0, false},   // echo reply
	{130, 0, false},   // multicast listener query
	{131, 0, false},   // multicast listener report
	{132, 0, false},   // multicast listener done
	{133, 0, false},   // router solicitation
	{134, 0, false},   // router advertisement
	{135, 0, false},   // neighbour solicitation
	{136, 0, false},   // neighbour advertisement
	{137, 0, false},   // redirect
	{138, 255, false}, // router renumbering
	{139, 2, false},   // node information query
	{140, 2, false},   // node information response
	{141, 0, false},   // inverse discovery solicitation
	{142, 0, false},   // inverse discovery advertisement
	{143, 0, false},   // multicast listener report v2
	{144, 0, false},   // home agent address discovery request
	{145, 0, false},   // home agent address discovery reply
	{146, 0, false},   // mobile prefix solicitation
	{147, 0, false},   // mobile prefix advertisement
	{148, 0, false},   // certification path solicitation
	{149, 0, false},   // certification path advertisement
};

static const struct icmp_type *find_type(const struct icmp_type *types, size_t n, uint8_t type)
{
	for (size_t i = 0; i < n; i++) {
		if (types[i].type == type)
			return &types[i];
	}
	return NULL;
}

// The eight bytes every message begins with; the cursor goes behind them.
static void icmp_fill(struct walk *w, const uint8_t *h)
{
	struct packet *p = w->p;
	p->icmp_type = h[0];
	p->icmp_code = h[1];
	cursor_skip(&w->cur, 8);
	decode_set_payload(w);
}

// The transport ports of a quoted packet; c is at its transport header, of which errors carry eight bytes at least.
static void quote_ports(struct packet *p, const struct cursor *c, uint8_t proto)
{
	const uint8_t *h = cursor_peek(c, 4);
	p->icmp_has_inner = 1;
	p->icmp_inner_proto = proto;
	if (h == NULL || (proto != PROTO_TCP && proto != PROTO_UDP && proto != PROTO_SCTP))
		return;
	p->icmp_inner_sport = load_be16(h);
	p->icmp_inner_dport = load_be16(h + 2);
}

// The quoted IPv4 packet at the cursor.
static void quote_ipv4(struct walk *w)
{
	struct packet *p = w->p;
	struct cursor c = w->cur;
	const uint8_t *h = cursor_peek(&c, 20);
	if (h == NULL) {
		decode_stop(w, DECODE_ICMPV4_IPV4_TRUNC_PKT);
		return;
	}
	if ((h[0] >> 4) != 4) {
		decode_stop(w, DECODE_ICMPV4_IPV4_UNKNOWN_VER);
		return;
	}
	uint32_t hlen = (h[0] & 15) * 4u;
	if (hlen < 20 || !cursor_skip(&c, hlen))
		return;
	p->icmp_inner_off = walk_off(w);
	if (load_be16(h + 6) & 0x1fff)
		c.at = c.end; // not the first fragment: no ports
	quote_ports(p, &c, h[9]);
}

// True for the extension headers that keep their length in the second byte.
static bool quote_skips(uint8_t next)
{
	return next == PROTO_HOPOPTS || next == PROTO_ROUTING || next == PROTO_DSTOPTS || next == PROTO_FRAGMENT;
}

// The quoted IPv6 packet at the cursor.
static void quote_ipv6(struct walk *w)
{
	struct packet *p = w->p;
	struct cursor c = w->cur;
	const uint8_t *h = cursor_take(&c, 40), *ext;
	if (h == NULL) {
		decode_stop(w, DECODE_ICMPV6_IPV6_TRUNC_PKT);
		return;
	}
	if ((h[0] >> 4) != 6) {
		decode_stop(w, DECODE_ICMPV6_IPV6_UNKNOWN_VER);
		return;
	}
	p->icmp_inner_off = walk_off(w);
	uint8_t next = h[6];
	while (quote_skips(next) && (ext = cursor_peek(&c, 8)) != NULL) {
		uint32_t len = next == PROTO_FRAGMENT ? 8 : 8 + ext[1] * 8u;
		if (next == PROTO_FRAGMENT && (load_be16(ext + 2) & 0xfff8))
			c.at = c.end;
		else if (!cursor_skip(&c, len))
			break;
		next = ext[0];
	}
	quote_ports(p, &c, next);
}

enum decode_layer decode_icmpv4(struct walk *w)
{
	struct packet *p = w->p;
	const uint8_t *h = cursor_peek(&w->cur, 8);
	w->d->counters.icmpv4++;
	if (h == NULL)
		return decode_drop(w, DECODE_ICMPV4_PKT_TOO_SMALL);
	p->flags |= PKT_ICMPV4;
	if (w->d->config.check_l4_csum && !(p->flags & PKT_L4_CSUM_OK) &&
		checksum_fold(checksum_add(h, walk_left(w), 0)) != 0xffff) {
		p->flags |= PKT_BAD_L4_CSUM;
		decode_note(w, DECODE_ICMPV4_INVALID_CHECKSUM);
	}
	icmp_fill(w, h);
	// A timestamp message's three times (RFC 792) are header, not payload.
	if ((p->icmp_type == 13 || p->icmp_type == 14) && cursor_skip(&w->cur, 12))
		decode_set_payload(w);
	const struct icmp_type *t =
		find_type(icmpv4_types, sizeof(icmpv4_types) / sizeof(icmpv4_types[0]), p->icmp_type);
	if (t == NULL)
		decode_note(w, DECODE_ICMPV4_UNKNOWN_TYPE);
	else if (p->icmp_code > t->max_code)
		decode_note(w, DECODE_ICMPV4_UNKNOWN_CODE);
	else if (t->quotes && walk_left(w) > 0)
		quote_ipv4(w);
	return LAYER_STOP;
}

// Bytes of a neighbour discovery message before its options (RFC 4861 section 4), 0 for other messages.
static uint32_t nd_fixed_len(uint8_t type)
{
	switch (type) {
	case 133:
		return 8;
	case 134:
		return 16;
	case 135:
	case 136:
		return 24;
	case 137:
		return 40;
	default:
		return 0;
	}
}

// Neighbour discovery: hop limit 255, and options that are not empty and stay within the message (RFC 4861 6.1, 7.1).
static void check_nd(struct walk *w, uint32_t fixed_len)
{
	struct cursor c = cursor_of(w->cur.at - 8, walk_left(w) + 8u);
	const uint8_t *opt;
	if (w->p->ttl != 255)
		decode_note(w, DECODE_ICMPV6_ND_INVALID_HL);
	if (!cursor_skip(&c, fixed_len)) {
		decode_note(w, DECODE_ICMPV6_ND_TOO_SMALL);
		return;
	}
	while ((opt = cursor_peek(&c, 2)) != NULL) {
		if (opt[1] == 0 || !cursor_skip(&c, opt[1] * 8u))
			break;
	}
	if (cursor_left(&c) > 0)
		decode_note(w, DECODE_ICMPV6_ND_BAD_OPTION);
}

// What RFC 4443 section 2.1 and IANA say of the types that are not in the table.
static void check_icmpv6_unlisted(struct walk *w, uint8_t type)
{
	if (type == 100 || type == 101 || type == 200 || type == 201)
		decode_note(w, DECODE_ICMPV6_EXPERIMENTATION_TYPE);
	else if (type == 0 || type == 127)
		decode_note(w, DECODE_ICMPV6_UNKNOWN_TYPE);
	else if (type < 150 || type > 161)
		decode_note(w, DECODE_ICMPV6_UNASSIGNED_TYPE);
}

enum decode_layer decode_icmpv6(struct walk *w)
{
	struct packet *p = w->p;
	const uint8_t *h = cursor_peek(&w->cur, 8);
	w->d->counters.icmpv6++;
	if (h == NULL)
		return decode_drop(w, DECODE_ICMPV6_PKT_TOO_SMALL);
	p->flags |= PKT_ICMPV6;
	if (w->d->config.check_l4_csum && !(p->flags & PKT_L4_CSUM_OK) && !decode_l4_csum_ok(w, PROTO_ICMPV6)) {
		p->flags |= PKT_BAD_L4_CSUM;
		decode_note(w, DECODE_ICMPV6_INVALID_CHECKSUM);
	}
	icmp_fill(w, h);
	uint8_t type = p->icmp_type;
	const struct icmp_type *t = find_type(icmpv6_types, sizeof(icmpv6_types) / sizeof(icmpv6_types[0]), type);
	if (t == NULL) {
		check_icmpv6_unlisted(w, type);
		return LAYER_STOP;
	}
	if (p->icmp_code > t->max_code)
		decode_note(w, DECODE_ICMPV6_UNKNOWN_CODE);
	else if (t->quotes)
		quote_ipv6(w);
	if (type >= 130 && type <= 132 && p->ttl != 1)
		decode_note(w, DECODE_ICMPV6_MLD_INVALID_HL);
	if (nd_fixed_len(type) > 0)
		check_nd(w, nd_fixed_len(type));
	return LAYER_STOP;
}
