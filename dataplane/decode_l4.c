// Decode: transport - TCP (RFC 9293) with options, UDP (RFC 768), SCTP (RFC 9260), ESP (RFC 4303) as a leaf.
// Next: decode_icmp.c, decode_tunnel.c.
#include <rte_branch_prediction.h>
#include <rte_byteorder.h>

#include "dataplane/checksum.h"
#include "dataplane/decode_internal.h"

enum tcp_option {
	TCP_OPT_EOL = 0,
	TCP_OPT_NOP = 1,
	TCP_OPT_MSS = 2,
	TCP_OPT_WSCALE = 3,
	TCP_OPT_SACK_OK = 4,
	TCP_OPT_SACK = 5,
	TCP_OPT_TIMESTAMPS = 8,
	TCP_OPT_MD5 = 19,
	TCP_OPT_AO = 29,
	TCP_OPT_FAST_OPEN = 34,
};

// What is odd about a segment's options.
struct tcp_options {
	bool malformed;              // an option leaves the header, or an authentication option has a wrong length
	uint8_t bad_len, duplicates; // how many options
};

// The sum of what is left at c. Headers that lie in one another end at the same byte, so the inner one's sum is the
// outer one's but for what stands before it: each byte of a frame is summed once, however deep it lies.
static uint16_t sum_rest(struct walk *w, struct cursor c)
{
	if (w->summed != NULL && w->summed_end == c.end && c.at >= w->summed) {
		uint32_t before = (uint32_t)(c.at - w->summed);
		uint16_t sum = checksum_fold(w->sum + (uint16_t)~checksum_fold(checksum_add(w->summed, before, 0)));
		return before % 2 ? rte_bswap16(sum) : sum;
	}
	walk_mark_lines(w, c.at, c.end);
	w->summed = c.at;
	w->summed_end = c.end;
	return w->sum = checksum_fold(checksum_add(c.at, (uint32_t)cursor_left(&c), 0));
}

bool decode_sum_ok(struct walk *w, struct cursor l4, const uint8_t *l3, uint8_t proto)
{
	bool v4 = l3[0] >> 4 == 4;
	uint64_t sum = sum_rest(w, l4), len = cursor_left(&l4);
	uint64_t pseudo = checksum_pseudo(l3 + (v4 ? 12 : 8), v4 ? 8 : 32, proto, (uint32_t)len);
	return checksum_fold(sum + checksum_fold(pseudo)) == 0xffff;
}

bool decode_l4_csum_ok(struct walk *w, uint8_t proto)
{
	return decode_sum_ok(w, w->cur, w->p->data + w->p->l3_off, proto);
}

// Notes a wrong checksum of the transport header at the cursor, when it is to be checked.
static void check_csum(struct walk *w, uint8_t proto, enum drop_reason v4, enum drop_reason v6)
{
	struct packet *p = w->p;
	if (!w->d->config.check_l4_csum || (p->flags & PKT_L4_CSUM_OK) || decode_l4_csum_ok(w, proto))
		return;
	p->flags |= PKT_BAD_L4_CSUM;
	decode_note(w, p->flags & PKT_IPV4 ? v4 : v6);
}

static bool fast_open_len_ok(uint8_t len)
{
	return len >= 2 && len <= 18 && len % 2 == 0; // RFC 7413 section 2
}

// True when an option's length is what its RFC says. Options we do not know may have any.
static bool option_len_ok(const uint8_t *opt, uint8_t len)
{
	switch (opt[0]) {
	case TCP_OPT_MSS:
		return len == 4;
	case TCP_OPT_WSCALE:
		return len == 3;
	case TCP_OPT_SACK_OK:
		return len == 2;
	case TCP_OPT_SACK:
		return len <= 34 && (len - 2) % 8 == 0;
	case TCP_OPT_TIMESTAMPS:
		return len == 10;
	case TCP_OPT_MD5:
		return len == 18;
	case TCP_OPT_AO:
		return len >= 4;
	case TCP_OPT_FAST_OPEN:
		return fast_open_len_ok(len);
	default:
		return true;
	}
}

// The options whose second copy is worth a note.
static bool option_is_single(uint8_t kind)
{
	switch (kind) {
	case TCP_OPT_MSS:
	case TCP_OPT_WSCALE:
	case TCP_OPT_SACK_OK:
	case TCP_OPT_SACK:
	case TCP_OPT_TIMESTAMPS:
	case TCP_OPT_FAST_OPEN:
		return true;
	default:
		return false;
	}
}

static struct tcp_options tcp_options(const uint8_t *opts, uint32_t len)
{
	struct tcp_options odd = {0};
	uint64_t seen = 0;
	struct cursor c = cursor_of(opts, len);
	uint8_t kind;
	while (cursor_u8(&c, &kind) && kind != TCP_OPT_EOL) {
		if (kind == TCP_OPT_NOP)
			continue;
		if (cursor_left(&c) == 0)
			break;
		const uint8_t *opt = c.at - 1;
		if (opt[1] < 2 || !cursor_skip(&c, opt[1] - 1u)) {
			odd.malformed = true;
			break;
		}
		if (!option_len_ok(opt, opt[1])) {
			if (kind == TCP_OPT_MD5 || kind == TCP_OPT_AO)
				odd.malformed = true;
			else
				odd.bad_len++;
		} else if (option_is_single(kind)) {
			odd.duplicates += (seen >> kind) & 1;
			seen |= UINT64_C(1) << kind;
		}
	}
	return odd;
}

// Kinds that option_len_ok() and option_is_single() know.
#define OPTIONS_KNOWN                                                                                    \
	(1ull << TCP_OPT_MSS | 1ull << TCP_OPT_WSCALE | 1ull << TCP_OPT_SACK_OK | 1ull << TCP_OPT_SACK | \
		1ull << TCP_OPT_TIMESTAMPS | 1ull << TCP_OPT_MD5 | 1ull << TCP_OPT_AO | 1ull << TCP_OPT_FAST_OPEN)

// True where tcp_options() finds nothing odd, without counting what it would find: twenty options of two bytes fit.
bool decode_tcp_options_clean(const uint8_t *opts, uint32_t len)
{
	const uint8_t *opt = opts, *end = opts + len;
	uint64_t seen = 0;
	while (opt < end && *opt != TCP_OPT_EOL) {
		if (*opt == TCP_OPT_NOP) {
			opt++;
			continue;
		}
		if (end - opt < 2)
			return true;
		if (opt[1] < 2 || opt[1] > end - opt)
			return false;
		if (*opt < 64 && OPTIONS_KNOWN >> *opt & 1) {
			if (!option_len_ok(opt, opt[1]) || (seen >> *opt & 1 && option_is_single(*opt)))
				return false;
			seen |= UINT64_C(1) << *opt;
		}
		opt += opt[1];
	}
	return true;
}

enum decode_layer decode_tcp(struct walk *w)
{
	struct packet *p = w->p;
	const uint8_t *h = cursor_peek(&w->cur, 20);
	w->d->counters.tcp++;
	if (h == NULL)
		return decode_drop(w, DECODE_TCP_PKT_TOO_SMALL);
	uint32_t hlen = (h[12] >> 4) * 4u;
	if (hlen > walk_left(w))
		return decode_drop(w, DECODE_TCP_HLEN_TOO_SMALL);
	if (hlen < 20)
		return decode_drop(w, DECODE_TCP_INVALID_OPTLEN);
	p->flags |= PKT_TCP;
	p->sport = load_be16(h);
	p->dport = load_be16(h + 2);
	p->tcp_flags = h[13];
	check_csum(w, PROTO_TCP, DECODE_TCPV4_INVALID_CHECKSUM, DECODE_TCPV6_INVALID_CHECKSUM);
	struct tcp_options odd = tcp_options(h + 20, hlen - 20);
	for (uint8_t i = 0; i < odd.bad_len; i++)
		decode_note(w, DECODE_TCP_OPT_INVALID_LEN);
	for (uint8_t i = 0; i < odd.duplicates; i++)
		decode_note(w, DECODE_TCP_OPT_DUPLICATE);
	cursor_skip(&w->cur, hlen);
	decode_set_payload(w);
	// past reading: end hosts take the segment without the options behind (RFC 9293 section 3.1), and so do we
	if (odd.malformed)
		decode_note(w, DECODE_TCP_OPT_INVALID_LEN);
	return LAYER_STOP;
}

enum decode_layer decode_udp(struct walk *w)
{
	struct packet *p = w->p;
	const uint8_t *h = w->cur.at;
	uint32_t left = walk_left(w);
	w->d->counters.udp++;
	if (unlikely(left < 8))
		return decode_drop(w, DECODE_UDP_HLEN_TOO_SMALL);
	uint32_t ports = load_be32(h), len = load_be16(h + 4), off = walk_off(w) + 8;
	if (unlikely(len > left))
		return decode_drop(w, DECODE_UDP_PKT_TOO_SMALL);
	if (unlikely(len < 8))
		return decode_drop(w, DECODE_UDP_LEN_INVALID);
	p->flags |= PKT_UDP;
	p->sport = (uint16_t)(ports >> 16);
	p->dport = (uint16_t)ports;
	w->cur.end = h + len;
	if (!(p->flags & PKT_IPV4) || load_be16(h + 6) != 0) // RFC 768: zero is none; RFC 8200 8.1 forbids that
		check_csum(w, PROTO_UDP, DECODE_UDPV4_INVALID_CHECKSUM, DECODE_UDPV6_INVALID_CHECKSUM);
	w->cur.at = h + 8;
	p->payload_off = off;
	p->payload_len = len - 8;
	if (!decode_udp_may_tunnel(w->d, ports, h + 8, len - 8))
		return LAYER_STOP;
	return decode_udp_tunnel(w);
}

enum decode_layer decode_sctp(struct walk *w)
{
	struct packet *p = w->p;
	const uint8_t *h = cursor_peek(&w->cur, 12);
	w->d->counters.sctp++;
	if (h == NULL)
		return decode_drop(w, DECODE_SCTP_PKT_TOO_SMALL);
	p->flags |= PKT_SCTP;
	p->sport = load_be16(h);
	p->dport = load_be16(h + 2);
	if (w->d->config.check_l4_csum && !(p->flags & PKT_L4_CSUM_OK) &&
		load_le32(h + 8) != checksum_sctp(h, walk_left(w))) {
		p->flags |= PKT_BAD_L4_CSUM;
		decode_note(w, DECODE_SCTP_INVALID_CHECKSUM);
	}
	cursor_skip(&w->cur, 12);
	decode_set_payload(w);
	return LAYER_STOP;
}

// The security parameters index and sequence number are in the clear; the rest is ciphertext.
enum decode_layer decode_esp(struct walk *w)
{
	w->d->counters.esp++;
	if (walk_left(w) < 8)
		return decode_drop(w, DECODE_ESP_PKT_TOO_SMALL);
	w->p->flags |= PKT_ESP;
	cursor_skip(&w->cur, 8);
	decode_set_payload(w);
	return LAYER_STOP;
}
