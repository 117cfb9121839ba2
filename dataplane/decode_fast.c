// Decode: the entry for bursts, and straight code for the stacks nearly every packet has. Everything else, and
// whatever looks odd, is left to the walk (decode.c), which says what is wrong with it. Next: decode.c.
#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>

#include "dataplane/checksum.h"
#include "dataplane/decode_internal.h"

// Where the fast path is in a frame. Once the functions below are inlined all but the pointers and lengths are
// constants, so that each stack gets straight code of its own.
struct fast {
	const struct decoder *d;
	const uint8_t *l3, *l4;
	uint32_t l3_off, l4_off, l4_len;
	bool v4, tcp, vlan;
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

// Sums that the NIC has not taken. Out of line, so that the stacks whose sums it has are small.
static __rte_noinline bool sums_ok(
	const struct decoder *d, uint32_t flags, const uint8_t *l3, bool v4, bool tcp, uint32_t l4_len)
{
	const uint8_t *l4 = l3 + (v4 ? 20 : 40);
	if (v4 && d->config.check_l3_csum && !(flags & PKT_L3_CSUM_OK) && !checksum_ipv4_ok(l3, 20))
		return false;
	if (!d->config.check_l4_csum || flags & PKT_L4_CSUM_OK)
		return true;
	// UDP over IPv4 may go without a checksum (RFC 768); the walk knows, and is fast enough for the few that do
	if (!tcp && load_be16(l4 + 6) == 0)
		return false;
	uint64_t sum = checksum_pseudo(l3 + (v4 ? 12 : 8), v4 ? 8 : 32, tcp ? PROTO_TCP : PROTO_UDP, l4_len);
	return checksum_fold(checksum_add(l4, l4_len, sum)) == 0xffff;
}

// Fields that lie side by side are written as words and vectors: the compiler has those as constants where all is
// constant, and does not join stores of fields itself where it cannot tell them from what is read in between.
typedef uint32_t words __attribute__((vector_size(16)));

static __rte_always_inline void put(void *to, words v)
{
	memcpy(to, &v, sizeof(v));
}

#define AT(field) offsetof(struct packet, field)
_Static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "fill() writes several fields as one word");
_Static_assert(AT(l3_off) == AT(l2_len) + 4 && AT(l4_off) == AT(l2_len) + 8 && AT(payload_off) == AT(l2_len) + 12 &&
		       AT(payload_len) == AT(l2_len) + 16 && AT(sport) == AT(l2_len) + 20 &&
		       AT(dport) == AT(sport) + 2 && AT(ttl) == AT(sport) + 4 && AT(ip_proto) == AT(ttl) + 1 &&
		       AT(tcp_flags) == AT(ttl) + 2 && AT(vlan_count) == AT(ttl) + 5 && AT(src) == AT(ttl) + 8 &&
		       AT(dst) == AT(src) + 16 && AT(vlan) == AT(dst) + 16 && AT(ether_type) == AT(vlan) + 6 &&
		       AT(tunnel_id) == AT(outer) + 8 && AT(dir) == AT(outer) + 12,
	"fill() writes l2_len to dir as words and vectors");

// Bytes of the TCP header, 0 when the segment is for the walk.
static __rte_always_inline uint32_t tcp_header(const struct fast *f)
{
	if (unlikely(f->l4_len < 20))
		return 0;
	if (likely((f->l4[12] & 0xf0) == 0x50))
		return 20;
	uint32_t hlen = (f->l4[12] >> 4) * 4u;
	if (unlikely(hlen < 20 || hlen > f->l4_len))
		return 0;
	if (hlen == 32 && only_timestamps(f->l4 + 20))
		return hlen;
	return decode_tcp_options_clean(f->l4 + 20, hlen - 20) ? hlen : 0;
}

// Bytes of the UDP header, 0 when the datagram is for the walk.
static __rte_always_inline uint32_t udp_header(const struct fast *f)
{
	if (unlikely(load_be16(f->l4 + 4) != f->l4_len))
		return 0;
	return unlikely(decode_udp_may_tunnel(f->d, load_be32(f->l4), f->l4 + 8, f->l4_len - 8)) ? 0 : 8;
}

static __rte_always_inline void put_address(union ip_addr *to, const uint8_t *from, bool v4)
{
	if (v4) {
		uint32_t a;
		memcpy(&a, from, sizeof(a));
		put(to, (words){a, 0, 0, 0});
	} else {
		memcpy(to, from, sizeof(*to));
	}
}

static __rte_always_inline void put_word(void *to, uint64_t word)
{
	memcpy(to, &word, sizeof(word));
}

// Fills the packet. hlen: bytes of the transport header; kind: its flag; ports, tcp_flags: from it.
static __rte_always_inline void fill_with(
	struct packet *p, const struct fast *f, uint32_t hlen, uint32_t kind, uint32_t ports, uint64_t tcp_flags)
{
	const uint64_t ttl_proto = f->v4 ? load_le16(f->l3 + 8) : load_be16(f->l3 + 6);
	const uint64_t vlan = f->vlan ? load_be16(p->data + 14) & 0xfff : 0, ether = f->v4 ? ETHER_IPV4 : ETHER_IPV6;
	const uint32_t turned = ports << 16 | ports >> 16;
	p->flags |= (f->v4 ? PKT_IPV4 : PKT_IPV6) | kind;
	put(&p->l2_len, (words){f->l3_off, f->l3_off, f->l4_off, f->l4_off + hlen});
	p->payload_len = f->l4_len - hlen;
	memcpy(&p->sport, &turned, sizeof(turned));
	put_word(&p->ttl, ttl_proto | tcp_flags << 16 | (uint64_t)f->vlan << 40);
	put_address(&p->src, f->l3 + (f->v4 ? 12 : 8), f->v4);
	put_address(&p->dst, f->l3 + (f->v4 ? 16 : 24), f->v4);
	put_word(&p->vlan, vlan | ether << 48);
	put(&p->outer, (words){0});
	p->flow = NULL;
}

// The same of its transport header. Returns its tally.
static __rte_always_inline uint32_t fill(struct packet *p, const struct fast *f, uint32_t hlen)
{
	fill_with(p, f, hlen, f->tcp ? PKT_TCP : PKT_UDP, load_be32(f->l4), f->tcp ? f->l4[13] : 0);
	return TALLY_FRAME + (f->vlan ? TALLY_VLAN : 0) + (f->v4 ? 0 : TALLY_IPV6) + (f->tcp ? 0 : TALLY_UDP);
}

static __rte_always_inline uint32_t fast_l4(struct packet *p, struct fast *f)
{
	const uint32_t summed = PKT_L4_CSUM_OK | (f->v4 ? PKT_L3_CSUM_OK : 0), usual = f->tcp ? 20 : 8;
	uint32_t hlen = f->tcp ? tcp_header(f) : udp_header(f), flags = p->flags;
	if (unlikely(hlen == 0))
		return 0;
	if ((flags & summed) != summed && unlikely(!sums_ok(f->d, flags, f->l3, f->v4, f->tcp, f->l4_len)))
		return 0;
	return likely(hlen == usual) ? fill(p, f, usual) : fill(p, f, hlen);
}

// An IPv4 header without options that is no fragment: version and length, flags and offset in one comparison.
static __rte_always_inline uint32_t fast_ipv4(struct packet *p, struct fast *f)
{
	uint64_t head;
	memcpy(&head, f->l3, sizeof(head));
	uint32_t total = load_be16(f->l3 + 2);
	if (unlikely((head & rte_cpu_to_be_64(0xff00000000003fff)) != rte_cpu_to_be_64(0x4500000000000000)))
		return 0;
	if (unlikely(total > p->len - f->l3_off))
		return 0;
	f->v4 = true;
	f->l4 = f->l3 + 20;
	f->l4_off = f->l3_off + 20;
	f->l4_len = total - 20;
	f->tcp = f->l3[9] == PROTO_TCP;
	if (f->tcp)
		return likely(total >= 40) ? fast_l4(p, f) : 0;
	return f->l3[9] == PROTO_UDP && total >= 28 ? fast_l4(p, f) : 0;
}

// An IPv6 header without extension headers.
static __rte_always_inline uint32_t fast_ipv6(struct packet *p, struct fast *f)
{
	uint32_t left = p->len - f->l3_off;
	if (unlikely(left < 48 || (f->l3[0] >> 4) != 6))
		return 0;
	f->v4 = false;
	f->l4 = f->l3 + 40;
	f->l4_off = f->l3_off + 40;
	f->l4_len = load_be16(f->l3 + 4);
	if (unlikely(f->l4_len < 8 || f->l4_len > left - 40))
		return 0;
	f->tcp = f->l3[6] == PROTO_TCP;
	if (f->tcp)
		return fast_l4(p, f);
	return f->l3[6] == PROTO_UDP ? fast_l4(p, f) : 0;
}

// What follows an EtherType at l3_off - 2.
static __rte_always_inline uint32_t fast_l3(const struct decoder *d, struct packet *p, uint16_t type, bool vlan)
{
	uint32_t l3_off = vlan ? 18 : 14;
	struct fast f = {.d = d, .l3 = p->data + l3_off, .l3_off = l3_off, .vlan = vlan};
	if (unlikely(p->len < l3_off + 28))
		return 0;
	if (likely(type == ETHER_IPV4))
		return fast_ipv4(p, &f);
	return type == ETHER_IPV6 ? fast_ipv6(p, &f) : 0;
}

static __rte_always_inline uint32_t fast_frame(const struct decoder *d, struct packet *p)
{
	if (unlikely(p->len < 14 + 28))
		return 0;
	uint16_t type = load_be16(p->data + 12);
	if (likely(type == ETHER_IPV4))
		return fast_l3(d, p, ETHER_IPV4, false);
	return type == ETHER_VLAN ? fast_l3(d, p, load_be16(p->data + 16), true) : fast_l3(d, p, type, false);
}

uint32_t decode_fast(const struct decoder *d, struct packet *p)
{
	return fast_frame(d, p);
}

// Is there an IPv4 header without options at l3, `left` bytes before the end, of which the walk would have nothing to
// say? flags: the packet's.
static inline bool is_plain_ipv4(const struct decoder *d, uint32_t flags, const uint8_t *l3, uint32_t left)
{
	if (left < 20 || l3[0] != 0x45)
		return false;
	uint32_t total = load_be16(l3 + 2);
	if (total < 20 || total > left)
		return false;
	return !d->config.check_l3_csum || flags & PKT_L3_CSUM_OK || checksum_ipv4_ok(l3, 20);
}

// Fills the walk's packet, which begins at l3_off with such a header. The cursor is behind it.
static inline void take_plain_ipv4(struct walk *w, uint32_t l3_off)
{
	const uint8_t *l3 = w->p->data + l3_off;
	const uint32_t l4_len = load_be16(l3 + 2) - 20u;
	struct fast f = {.l3 = l3, .l3_off = l3_off, .l4_off = l3_off + 20, .l4_len = l4_len, .v4 = true};
	fill_with(w->p, &f, 0, 0, 0, 0);
	w->cur = cursor_of(l3 + 20, l4_len);
	w->d->counters.ipv4++;
	walk_mark_line(w);
}

static inline bool is_fragment(const uint8_t *l3)
{
	return load_be16(l3 + 6) & 0x3fff;
}

static inline enum decode_layer behind_ipv4(struct walk *w, const uint8_t *l3)
{
	return is_fragment(l3) ? decode_fragment(w, LAYER_IPV4) : decode_ipv4_payload(w, l3[9]);
}

bool decode_fast_ipv4(struct decoder *d, struct burst *b, struct packet *p)
{
	const uint8_t *l3 = p->data + 14;
	if (p->link_type != DECODE_LINK_EN10MB || p->len < 14 + 20 || d->config.max_layers <= 2 || d->layer_by_layer)
		return false;
	if (load_be16(l3 - 2) != ETHER_IPV4 || !is_plain_ipv4(d, p->flags, l3, p->len - 14))
		return false;
	if (l3[9] == PROTO_ICMP && !is_fragment(l3)) // it fills what is left as it was here
		return false;
	struct walk w = {.d = d, .b = b, .p = p, .frame = p->data, .layers = 2};
	take_plain_ipv4(&w, 14);
	d->counters.ethernet++;
	burst_push(b, p);
	decode_walk(&w, behind_ipv4(&w, l3));
	decode_frame_end(&w, p);
	return true;
}

bool decode_plain_ipv4(struct walk *w, enum decode_layer *layer)
{
	struct packet *p = w->p, *outer = p->outer;
	const uint8_t *at = w->cur.at;
	const uint32_t left = walk_left(w), tunnel_id = p->tunnel_id, ethernet = *layer == LAYER_ETHERNET;
	const uint32_t l3_off = ethernet ? 14 : 0, layers = 1 + (*layer != LAYER_IPV4);
	const uint8_t depth = p->depth, event_count = p->event_count;
	if (ethernet ? left < 14 || load_be16(at + 12) != ETHER_IPV4 : *layer != LAYER_RAW && *layer != LAYER_IPV4)
		return false;
	if (w->layers + layers >= w->d->config.max_layers || !is_plain_ipv4(w->d, 0, at + l3_off, left - l3_off))
		return false;
	take_plain_ipv4(w, l3_off);
	p->depth = depth;
	p->event_count = event_count;
	p->outer = outer;
	p->tunnel_id = tunnel_id;
	w->layers += (uint8_t)layers;
	w->d->counters.ethernet += ethernet;
	*layer = behind_ipv4(w, at + l3_off);
	return true;
}

#define HEADERS_AHEAD 2u // frames: one takes less time than memory does

// What the walk takes has headers beyond the line that the source has asked for, and is seldom alone: a frame to come
// is asked for where the latest had its headers.
static inline void ask_for_headers(const struct decoder *d, const struct packet *next, const struct packet *end)
{
	if (next >= end)
		return;
	for (uint32_t lines = d->header_lines & ~1u; lines; lines &= lines - 1) {
		uint32_t at = (uint32_t)__builtin_ctz(lines) * 64;
		if (at >= next->len)
			return;
		__builtin_prefetch(next->data + at);
	}
}

#define MANY_FRAGMENTS 4u // of the frames decoded last, from which on those to come are looked at ahead

void decode_frames(struct decoder *d, struct burst *b, uint32_t from, uint32_t to)
{
	uint64_t bytes = 0;
	uint32_t tally = 0;
	struct packet **at = &b->list[b->n]; // a burst has room for all that its frames can yield
	const struct packet *const end = &b->frames[to], *const all = &b->frames[b->n_frames];
	if (unlikely(d->fragments_lately >= MANY_FRAGMENTS) && d->defrag_ahead)
		d->defrag_ahead(d->defrag, &b->frames[from], to - from);
	const uint64_t fragments = d->counters.fragments;
	for (struct packet *p = &b->frames[from]; p < end; p++) {
		uint32_t taken = likely(p->link_type == DECODE_LINK_EN10MB) ? fast_frame(d, p) : 0;
		bytes += p->len;
		if (unlikely(p->len > d->counters.max_pkt_size))
			d->counters.max_pkt_size = p->len;
		tally += taken;
		if (likely(taken != 0)) {
			*at++ = p;
			continue;
		}
		b->n = (uint16_t)(at - b->list);
		ask_for_headers(d, p + HEADERS_AHEAD, all);
		if (!decode_fast_ipv4(d, b, p))
			decode_frame(d, b, p);
		at = &b->list[b->n];
	}
	b->n = (uint16_t)(at - b->list);
	decode_tally(&d->counters, tally);
	d->fragments_lately = (uint32_t)(d->counters.fragments - fragments);
	d->counters.pkts += to - from;
	d->counters.bytes += bytes;
}

void decode_burst(struct decoder *d, struct burst *b)
{
	decode_frames(d, b, 0, b->n_frames);
}
