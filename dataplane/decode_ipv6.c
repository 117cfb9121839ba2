// Decode: IPv6 (RFC 8200) and every extension header. Next: decode_l4.c, decode_tunnel.c.
#include "dataplane/decode_internal.h"

// Options looked at in one packet: what Linux takes of the three headers whose options are read, eight of each
// (RFC 8504 section 5.3 leaves the bound to the host).
#define MAX_OPTIONS 24u

// Extension headers that a packet has at most where somebody means something by them: hop-by-hop and destination
// options, routing, fragment or authentication. More are walked as well, see decode_config.long_chains_a_tick.
#define USUAL_EXTHDRS 4u

enum exthdr { EXT_NONE, EXT_HOPOPTS, EXT_DSTOPTS, EXT_ROUTING, EXT_FRAGMENT, EXT_AUTH, EXT_OTHER, EXT_KINDS };

// What a chain of extension headers has shown so far.
struct chain {
	uint8_t next;            // the header the cursor is at
	bool whole;              // no fragment header says that something was cut off (RFC 6946)
	uint8_t options;         // looked at
	uint16_t nth[EXT_KINDS]; // how often each
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

#define PADNS (UINT64_C(0x0001000100010001) * OPT_PADN) // four PadN options of no length, two bytes each

// Where PadN options of no length end that begin at `at`, four looked at together. Eight bytes in front of `end` can be
// read: extension headers have an IPv6 header in front of them.
static const uint8_t *end_of_empty_padn(const uint8_t *at, const uint8_t *end)
{
	for (; end - at >= 8; at += 8) {
		uint64_t other = load_le64(at) ^ PADNS;
		if (other != 0)
			return at + __builtin_ctzll(other) / 16 * 2;
	}
	uint32_t left = (uint32_t)(end - at), whole = left & ~1u;
	if (whole == 0)
		return at;
	uint64_t other = (load_le64(end - 8) ^ PADNS << 8 * (8 - left)) >> 8 * (8 - left);
	uint32_t same = other != 0 ? (uint32_t)__builtin_ctzll(other) / 16 * 2 : 8;
	return at + (same < whole ? same : whole);
}

// Passes over such options from `at` on in a row. Returns where they end.
static inline const uint8_t *skip_empty_padn(struct walk *w, struct chain *chain, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *first = at, *most = at + 2 * (MAX_OPTIONS - chain->options);
	at = end_of_empty_padn(at, end < most ? end : most);
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

// Reads a header at h, of which nothing is known but that it ends at `end`.
typedef void exthdr_fn(struct walk *w, struct chain *chain, const uint8_t *h, const uint8_t *end);

static void read_hopopts(struct walk *w, struct chain *chain, const uint8_t *h, const uint8_t *end)
{
	ipv6_options(w, chain, (struct cursor){h + 2, end}, true);
}

static void read_dstopts(struct walk *w, struct chain *chain, const uint8_t *h, const uint8_t *end)
{
	ipv6_options(w, chain, (struct cursor){h + 2, end}, false);
}

static void read_routing(struct walk *w, struct chain *chain, const uint8_t *h, const uint8_t *end)
{
	if (h[2] == 0)
		note_once(w, DECODE_IPV6_EXTHDR_RH_TYPE_0);
}

static void read_auth(struct walk *w, struct chain *chain, const uint8_t *h, const uint8_t *end)
{
	if (load_be16(h + 2) != 0)
		note_once(w, DECODE_IPV6_EXTHDR_AH_RES_NOT_NULL);
}

static void read_fragment(struct walk *w, struct chain *chain, const uint8_t *h, const uint8_t *end)
{
	if (h[1] != 0 || (load_be16(h + 2) & 6) != 0)
		decode_note(w, DECODE_IPV6_FH_NON_ZERO_RES_FIELD);
	if (chain->whole)
		note_once(w, DECODE_IPV6_EXTHDR_USELESS_FH);
}

// What the walk must know of a header, in four bytes.
struct exthdr_row {
	uint8_t kind;        // enum exthdr
	uint8_t told;        // so many are read, or noted as one too many
	uint8_t steps, log2; // bits of the second byte that count, and of the bytes that each counts beyond eight
};

static const struct exthdr_row exthdr_rows[256] = {
	[PROTO_HOPOPTS] = {EXT_HOPOPTS, 2, 255, 3},
	[PROTO_DSTOPTS] = {EXT_DSTOPTS, 3, 255, 3},
	[PROTO_ROUTING] = {EXT_ROUTING, 2, 255, 3},
	[PROTO_FRAGMENT] = {EXT_FRAGMENT, 2, 0, 0},
	[PROTO_AH] = {EXT_AUTH, 2, 255, 2},
	[PROTO_MH] = {EXT_OTHER, 0, 255, 3}, // mobility, HIP and Shim6: nothing of theirs is looked at
	[PROTO_HIP] = {EXT_OTHER, 0, 255, 3},
	[PROTO_SHIM6] = {EXT_OTHER, 0, 255, 3},
};

static const struct exthdr_kind {
	exthdr_fn *read;
	uint32_t most;         // so many are read
	enum drop_reason past; // what the first behind them is noted as; others are only counted
} kinds[EXT_OTHER] = {
	[EXT_HOPOPTS] = {read_hopopts, 1, DECODE_IPV6_EXTHDR_DUPL_HH},
	[EXT_DSTOPTS] = {read_dstopts, 2, DECODE_IPV6_EXTHDR_DUPL_DH}, // before a routing header, and behind
	[EXT_ROUTING] = {read_routing, 1, DECODE_IPV6_EXTHDR_DUPL_RH},
	[EXT_FRAGMENT] = {read_fragment, 1, DECODE_IPV6_EXTHDR_DUPL_FH},
	[EXT_AUTH] = {read_auth, 1, DECODE_IPV6_EXTHDR_DUPL_AH},
};

// A header that is read, or the first of its kind behind those.
static void tell_header(struct walk *w, struct chain *chain, uint32_t kind, const uint8_t *h, const uint8_t *end)
{
	if (chain->nth[kind] <= kinds[kind].most)
		kinds[kind].read(w, chain, h, end);
	else
		decode_note(w, kinds[kind].past);
}

// Counts the headers behind the first that was one too many.
static void count_past(struct walk *w, const struct chain *chain)
{
	for (uint32_t at = EXT_HOPOPTS; at < EXT_OTHER; at++)
		if (chain->nth[at] > kinds[at].most + 1)
			w->d->counters.reasons[kinds[at].past] += chain->nth[at] - kinds[at].most - 1;
}

// True where a chain is longer than any that means something, and more such have come than a tick's time allows.
static bool is_too_long(struct walk *w)
{
	if (w->d->long_chains_left == 0)
		return true;
	w->d->long_chains_left -= w->d->long_chains_left != UINT32_MAX;
	return false;
}

// Walks extension headers until there is none, the packet is malformed or a fragment. Every header takes eight bytes at
// least, so the packet itself bounds the loop; an attacker chooses how many there are, so a header costs little.
static void walk_exthdrs(struct walk *w, struct chain *chain)
{
	const uint8_t *h = w->cur.at, *const end = w->cur.end;
	struct exthdr_row row;
	for (uint32_t n = 0; chain->whole && (row = exthdr_rows[chain->next]).kind != EXT_NONE; w->cur.at = h) {
		uint32_t left = (uint32_t)(end - h), len = 8;
		walk_mark_line(w);
		if (left >= 8)
			len += (uint32_t)(h[1] & row.steps) << row.log2;
		if (len > left) {
			decode_drop(w, DECODE_IPV6_TRUNC_EXTHDR);
			break;
		}
		if (++n == USUAL_EXTHDRS + 1 && is_too_long(w)) {
			decode_drop(w, DECODE_TOO_MANY_LAYERS);
			break;
		}
		chain->next = h[0];
		if (row.kind == EXT_FRAGMENT)
			chain->whole = (load_be16(h + 2) & 0xfff9) == 0;
		if (++chain->nth[row.kind] <= row.told)
			tell_header(w, chain, row.kind, h, h + len);
		h += len;
	}
	count_past(w, chain);
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

// From the first extension header on, to the transport header.
static enum decode_layer ipv6_chain(struct walk *w, uint8_t next)
{
	struct packet *p = w->p;
	struct chain chain = {.next = next, .whole = true};
	const uint8_t *first = w->cur.at;
	walk_exthdrs(w, &chain);
	p->ip_proto = chain.next;
	p->l4_off = walk_off(w);
	decode_set_payload(w);
	if (p->flags & PKT_INVALID)
		return LAYER_STOP;
	if (!chain.whole)
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
