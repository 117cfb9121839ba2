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
	uint32_t ports; // source in the high half
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

_Static_assert(offsetof(struct packet, ip_proto) == offsetof(struct packet, ttl) + 1 &&
		       offsetof(struct packet, tcp_flags) == offsetof(struct packet, ttl) + 2 &&
		       offsetof(struct packet, vlan_count) == offsetof(struct packet, ttl) + 5 &&
		       offsetof(struct packet, src) == offsetof(struct packet, ttl) + 8,
	"fast_l4() writes ttl to event_count as one word");

// Bytes of the TCP header, 0 when the segment is for the walk.
static __rte_always_inline uint32_t tcp_header(const struct fast *f)
{
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

// Bytes of the UDP header, 0 when the datagram is for the walk.
static __rte_always_inline uint32_t udp_header(const struct fast *f)
{
	if (unlikely(load_be16(f->l4 + 4) != f->l4_len))
		return 0;
	uint16_t sport = (uint16_t)(f->ports >> 16), dport = (uint16_t)f->ports;
	return unlikely(decode_udp_may_tunnel(f->d, sport, dport, f->l4 + 8, f->l4_len - 8)) ? 0 : 8;
}

static __rte_always_inline union ip_addr address(const struct fast *f, uint32_t v4_at, uint32_t v6_at)
{
	union ip_addr a = {{0}};
	memcpy(&a, f->l3 + (f->v4 ? v4_at : v6_at), f->v4 ? 4 : 16);
	return a;
}

static __rte_always_inline uint32_t fast_l4(struct packet *p, struct fast *f)
{
	f->ports = load_be32(f->l4);
	const uint32_t summed = PKT_L4_CSUM_OK | (f->v4 ? PKT_L3_CSUM_OK : 0);
	uint32_t hlen = f->tcp ? tcp_header(f) : udp_header(f), flags = p->flags;
	if (unlikely(hlen == 0))
		return 0;
	if ((flags & summed) != summed && unlikely(!sums_ok(f->d, flags, f->l3, f->v4, f->tcp, f->l4_len)))
		return 0;
	// all is read before anything is written, so that the compiler may join what lies side by side
	const union ip_addr src = address(f, 12, 8), dst = address(f, 16, 24);
	const uint8_t ttl = f->l3[f->v4 ? 8 : 7], tcp_flags = f->tcp ? f->l4[13] : 0;
	const uint64_t bytes = rte_cpu_to_le_64(
		ttl | (f->tcp ? PROTO_TCP : PROTO_UDP) << 8 | (uint64_t)tcp_flags << 16 | (uint64_t)f->vlan << 40);
	const uint16_t vlan = f->vlan ? load_be16(p->data + 14) & 0xfff : 0;
	p->flags = flags | (f->v4 ? PKT_IPV4 : PKT_IPV6) | (f->tcp ? PKT_TCP : PKT_UDP);
	p->l2_len = f->l3_off;
	p->l3_off = f->l3_off;
	p->l4_off = f->l4_off;
	p->payload_off = f->l4_off + hlen;
	p->payload_len = f->l4_len - hlen;
	p->sport = (uint16_t)(f->ports >> 16);
	p->dport = (uint16_t)f->ports;
	memcpy(&p->ttl, &bytes, sizeof(bytes));
	p->src = src;
	p->dst = dst;
	p->vlan[0] = vlan;
	p->vlan[1] = 0;
	p->vlan[2] = 0;
	p->ether_type = f->v4 ? ETHER_IPV4 : ETHER_IPV6;
	p->outer = NULL;
	p->tunnel_id = 0;
	return TALLY_FRAME + (f->vlan ? TALLY_VLAN : 0) + (f->v4 ? 0 : TALLY_IPV6) + (f->tcp ? 0 : TALLY_UDP);
}

// An IPv4 header without options that is no fragment: version and length, flags and offset in one comparison.
static __rte_always_inline uint32_t fast_ipv4(struct packet *p, struct fast *f)
{
	uint64_t head;
	memcpy(&head, f->l3, sizeof(head));
	uint32_t total = load_be16(f->l3 + 2);
	if (unlikely((head & rte_cpu_to_be_64(0xff00000000003fff)) != rte_cpu_to_be_64(0x4500000000000000)))
		return 0;
	if (unlikely(total > p->len - f->l3_off || total < 28))
		return 0;
	f->v4 = true;
	f->l4 = f->l3 + 20;
	f->l4_off = f->l3_off + 20;
	f->l4_len = total - 20;
	f->tcp = f->l3[9] == PROTO_TCP;
	if (f->tcp)
		return fast_l4(p, f);
	return f->l3[9] == PROTO_UDP ? fast_l4(p, f) : 0;
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

static __rte_always_inline uint32_t fast_l3(const struct decoder *d, struct packet *p, bool vlan)
{
	uint32_t l3_off = vlan ? 18 : 14;
	if (unlikely(p->len < l3_off + 28))
		return 0;
	struct fast f = {.d = d, .l3 = p->data + l3_off, .l3_off = l3_off, .vlan = vlan};
	uint16_t type = load_be16(f.l3 - 2);
	if (likely(type == ETHER_IPV4))
		return fast_ipv4(p, &f);
	return type == ETHER_IPV6 ? fast_ipv6(p, &f) : 0;
}

static __rte_always_inline uint32_t fast_frame(const struct decoder *d, struct packet *p)
{
	if (unlikely(p->len < 14 + 28))
		return 0;
	return unlikely(load_be16(p->data + 12) == ETHER_VLAN) ? fast_l3(d, p, true) : fast_l3(d, p, false);
}

uint32_t decode_fast(const struct decoder *d, struct packet *p)
{
	return fast_frame(d, p);
}

// Is the frame a fragment over Ethernet and a plain IPv4 header that the walk would have nothing to say of?
static inline bool is_plain_fragment(const struct decoder *d, const struct packet *p)
{
	const uint8_t *l3 = p->data + 14;
	if (p->link_type != DECODE_LINK_EN10MB || p->len < 14 + 20 || d->config.max_layers <= 2)
		return false;
	uint32_t total = load_be16(l3 + 2);
	if (load_be16(l3 - 2) != ETHER_IPV4 || l3[0] != 0x45 || !(load_be16(l3 + 6) & 0x3fff))
		return false;
	if (total < 20 || total > p->len - 14)
		return false;
	return !d->config.check_l3_csum || p->flags & PKT_L3_CSUM_OK || checksum_ipv4_ok(l3, 20);
}

bool decode_fast_fragment(struct decoder *d, struct burst *b, struct packet *p)
{
	if (!is_plain_fragment(d, p))
		return false;
	const uint8_t *l3 = p->data + 14;
	struct walk w = {.d = d, .b = b, .p = p, .cur = cursor_of(l3 + 20, load_be16(l3 + 2) - 20u), .layers = 2};
	packet_clear_decoded(p);
	p->flags |= PKT_IPV4;
	p->ether_type = ETHER_IPV4;
	p->l2_len = p->l3_off = 14;
	p->l4_off = 14 + 20;
	p->ttl = l3[8];
	p->ip_proto = l3[9];
	memcpy(&p->src.w[0], l3 + 12, 4);
	memcpy(&p->dst.w[0], l3 + 16, 4);
	d->counters.ethernet++;
	d->counters.ipv4++;
	burst_push(b, p);
	enum decode_layer layer = decode_fragment(&w, LAYER_IPV4);
	if (layer != LAYER_STOP)
		decode_walk(&w, layer);
	return true;
}

void decode_frames(struct decoder *d, struct burst *b, uint32_t from, uint32_t to)
{
	uint64_t bytes = 0;
	uint32_t tally = 0, longest = 0;
	for (uint32_t i = from; i < to; i++) {
		struct packet *p = &b->frames[i];
		bytes += p->len;
		longest = RTE_MAX(longest, p->len);
		uint32_t taken = likely(p->link_type == DECODE_LINK_EN10MB) ? fast_frame(d, p) : 0;
		tally += taken;
		if (likely(taken != 0))
			b->list[b->n++] = p; // a burst has room for all that its frames can yield
		else if (!decode_fast_fragment(d, b, p))
			decode_frame(d, b, p);
	}
	decode_tally(&d->counters, tally);
	d->counters.pkts += to - from;
	d->counters.bytes += bytes;
	if (longest > d->counters.max_pkt_size)
		d->counters.max_pkt_size = longest;
}

void decode_burst(struct decoder *d, struct burst *b)
{
	decode_frames(d, b, 0, b->n_frames);
}
