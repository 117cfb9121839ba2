// Decode: IPv4 (RFC 791) and its options. Next: decode_ipv6.c, decode_l4.c.
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "dataplane/checksum.h"
#include "dataplane/decode_internal.h"

enum ipv4_option {
	OPT_EOL = 0,
	OPT_NOP = 1,
	OPT_RR = 7,
	OPT_QS = 25,
	OPT_TS = 68,
	OPT_SEC = 130,
	OPT_LSRR = 131,
	OPT_ESEC = 133,
	OPT_CIPSO = 134,
	OPT_SID = 136,
	OPT_SSRR = 137,
	OPT_RTRALT = 148,
};

// Record route and source routes: a pointer, then addresses.
static enum drop_reason check_route(const uint8_t *opt, uint8_t len)
{
	if (len < 3)
		return DECODE_IPV4_OPT_INVALID_LEN;
	uint8_t pointer = opt[2];
	return pointer < 4 || pointer % 4 != 0 || pointer > len + 1 ? DECODE_IPV4_OPT_MALFORMED : DROP_NONE;
}

// Timestamps: a pointer, overflow and flag, then times, with addresses for flags 1 and 3.
static enum drop_reason check_timestamp(const uint8_t *opt, uint8_t len)
{
	if (len < 5)
		return DECODE_IPV4_OPT_INVALID_LEN;
	uint8_t pointer = opt[2], flag = opt[3] & 15;
	uint8_t record = flag == 1 || flag == 3 ? 8 : 4;
	return pointer < 5 || (pointer - 5) % record != 0 || pointer > len + 1 ? DECODE_IPV4_OPT_MALFORMED : DROP_NONE;
}

// CIPSO (FIPS 188): a domain, then tags of the types 1, 2, 5, 6 and 7 within the option.
static enum drop_reason check_cipso(const uint8_t *opt, uint8_t len)
{
	if (len < 10)
		return DECODE_IPV4_OPT_INVALID_LEN;
	struct cursor tags = cursor_of(opt + 6, len - 6u);
	const uint8_t *tag;
	while ((tag = cursor_take(&tags, 2)) != NULL) {
		bool known = tag[0] == 1 || tag[0] == 2 || (tag[0] >= 5 && tag[0] <= 7);
		if (!known || tag[1] < 4 || !cursor_skip(&tags, tag[1] - 2u))
			return DECODE_IPV4_OPT_MALFORMED;
	}
	return cursor_left(&tags) > 0 ? DECODE_IPV4_OPT_MALFORMED : DROP_NONE;
}

// opt: an option of len (>= 2) bytes that lies within the header.
static enum drop_reason check_option(const uint8_t *opt, uint8_t len)
{
	switch (opt[0]) {
	case OPT_RR:
	case OPT_LSRR:
	case OPT_SSRR:
		return check_route(opt, len);
	case OPT_TS:
		return check_timestamp(opt, len);
	case OPT_CIPSO:
		return check_cipso(opt, len);
	case OPT_QS: // RFC 4782
		return len >= 8 ? DROP_NONE : DECODE_IPV4_OPT_INVALID_LEN;
	case OPT_SEC: // RFC 1108
	case OPT_ESEC:
		return len >= 3 ? DROP_NONE : DECODE_IPV4_OPT_INVALID_LEN;
	case OPT_SID:
	case OPT_RTRALT: // RFC 2113
		return len == 4 ? DROP_NONE : DECODE_IPV4_OPT_INVALID_LEN;
	default:
		return DECODE_IPV4_OPT_INVALID;
	}
}

// Options are noted or make the packet malformed, as drops.def says. Returns false when the list cannot be read to its
// end, and what follows the header is not to be trusted.
static __rte_noinline bool ipv4_options(struct walk *w, const uint8_t *bytes, uint32_t len)
{
	struct cursor c = cursor_of(bytes, len);
	uint8_t seen[32] = {0};
	uint8_t type;
	if (len % 8 != 0)
		decode_note(w, DECODE_IPV4_OPT_PAD_REQUIRED);
	while (cursor_u8(&c, &type) && type != OPT_EOL) {
		if (type == OPT_NOP)
			continue;
		if (cursor_left(&c) == 0) {
			decode_note(w, DECODE_IPV4_OPT_EOL_REQUIRED);
			return true;
		}
		const uint8_t *opt = c.at - 1;
		uint8_t opt_len = opt[1];
		if (opt_len < 2 || !cursor_skip(&c, opt_len - 1u)) {
			decode_stop(w, DECODE_IPV4_OPT_INVALID_LEN);
			return false;
		}
		enum drop_reason bad = check_option(opt, opt_len);
		if (bad == DROP_NONE && (seen[type / 8] & 1u << type % 8))
			bad = DECODE_IPV4_OPT_DUPLICATE;
		if (bad != DROP_NONE)
			decode_stop(w, bad);
		seen[type / 8] |= (uint8_t)(1u << type % 8);
	}
	return true;
}

enum decode_layer decode_ip_proto(uint8_t proto)
{
	switch (proto) {
	case PROTO_TCP:
		return LAYER_TCP;
	case PROTO_UDP:
		return LAYER_UDP;
	case PROTO_SCTP:
		return LAYER_SCTP;
	case PROTO_ESP:
		return LAYER_ESP;
	case PROTO_GRE:
		return LAYER_GRE;
	default:
		return LAYER_UNKNOWN;
	}
}

enum decode_layer decode_ipv4_payload(struct walk *w, uint8_t proto)
{
	struct decode_counters *n = &w->d->counters;
	switch (proto) {
	case PROTO_ICMP:
		return LAYER_ICMPV4;
	case PROTO_ICMPV6:
		return decode_stop(w, DECODE_IPV4_WITH_ICMPV6);
	case PROTO_IPIP:
		if (!w->d->config.ipip)
			return LAYER_STOP;
		n->ipv4_in_ipv4++;
		return decode_begin_inner(w, DECODE_LINK_RAW, LAYER_IPV4);
	case PROTO_IPV6:
		if (!w->d->config.ipip)
			return LAYER_STOP;
		n->ipv6_in_ipv4++;
		return decode_begin_inner(w, DECODE_LINK_RAW, LAYER_IPV6);
	default:
		return decode_ip_proto(proto);
	}
}

// Checks lengths of an IPv4 header at h, left bytes before the end. Returns DROP_NONE when they hold together.
static inline enum drop_reason ipv4_check(uint32_t hlen, uint32_t total, uint32_t left)
{
	if (hlen < 20)
		return DECODE_IPV4_HLEN_TOO_SMALL;
	if (total < hlen)
		return DECODE_IPV4_IPLEN_SMALLER_THAN_HLEN;
	return total > left ? DECODE_IPV4_TRUNC_PKT : DROP_NONE;
}

// What every IPv4 header says, and where its payload is.
static inline void fill_ipv4(struct packet *p, const uint8_t *h, uint32_t off)
{
	p->flags |= PKT_IPV4;
	p->ether_type = ETHER_IPV4;
	p->l2_len = p->l3_off = off;
	p->ip_proto = h[9];
	p->ttl = h[8];
	memcpy(&p->src.w[0], h + 12, 4);
	memcpy(&p->dst.w[0], h + 16, 4);
}

// An IPv4 header of which something is wrong.
static __rte_noinline enum decode_layer drop_ipv4(struct walk *w, enum drop_reason bad)
{
	if (bad == DECODE_IPV4_TRUNC_PKT)
		w->p->flags |= PKT_TRUNCATED;
	return decode_drop(w, bad);
}

static __rte_noinline void note_bad_sum(struct walk *w)
{
	w->p->flags |= PKT_BAD_L3_CSUM;
	decode_note(w, DECODE_IPV4_INVALID_CHECKSUM);
}

enum decode_layer decode_ipv4(struct walk *w)
{
	struct packet *p = w->p;
	const uint8_t *h = w->cur.at;
	uint32_t left = walk_left(w), off = walk_off(w);
	w->d->counters.ipv4++;
	if (unlikely(left < 20))
		return drop_ipv4(w, DECODE_IPV4_PKT_TOO_SMALL);
	uint32_t hlen = (h[0] & 15) * 4u, total = load_be16(h + 2), proto = h[9];
	if (unlikely((h[0] >> 4) != 4))
		return drop_ipv4(w, DECODE_IPV4_WRONG_IP_VERSION);
	fill_ipv4(p, h, off);
	enum drop_reason bad = ipv4_check(hlen, total, left);
	if (unlikely(bad != DROP_NONE))
		return drop_ipv4(w, bad);
	w->cur = (struct cursor){h + hlen, h + total}; // Ethernet padding is not the datagram's
	p->l4_off = p->payload_off = off + hlen;
	p->payload_len = total - hlen;
	if (!(p->flags & PKT_L3_CSUM_OK) && w->d->config.check_l3_csum && unlikely(!checksum_ipv4_ok(h, hlen)))
		note_bad_sum(w);
	if (unlikely(hlen > 20) && !ipv4_options(w, h + 20, hlen - 20))
		return LAYER_STOP;
	if (unlikely(load_be16(h + 6) & 0x3fff))
		return decode_fragment(w, LAYER_IPV4);
	return decode_ipv4_payload(w, (uint8_t)proto);
}
