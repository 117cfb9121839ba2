// Decode: transport - TCP (RFC 9293) with options, UDP (RFC 768), SCTP (RFC 9260), ESP (RFC 4303) as a leaf.
// Next: decode_icmp.c, decode_tunnel.c.
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

bool decode_l4_csum_ok(const struct packet *p, const uint8_t *l4, uint32_t len, uint8_t proto)
{
	bool v4 = p->flags & PKT_IPV4;
	uint64_t sum = checksum_pseudo(p->data + p->l3_off + (v4 ? 12 : 8), v4 ? 8 : 32, proto, len);
	return checksum_fold(checksum_add(l4, len, sum)) == 0xffff;
}

// Notes a wrong checksum of the transport header at the cursor, when it is to be checked.
static void check_csum(struct walk *w, uint8_t proto, enum drop_reason v4, enum drop_reason v6)
{
	struct packet *p = w->p;
	if (!w->d->config.check_l4_csum || (p->flags & PKT_L4_CSUM_OK) ||
		decode_l4_csum_ok(p, w->cur.at, walk_left(w), proto))
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

bool decode_tcp_options_clean(const uint8_t *opts, uint32_t len)
{
	struct tcp_options odd = tcp_options(opts, len);
	return !odd.malformed && odd.bad_len == 0 && odd.duplicates == 0;
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
	const uint8_t *h = cursor_peek(&w->cur, 8);
	w->d->counters.udp++;
	if (h == NULL)
		return decode_drop(w, DECODE_UDP_HLEN_TOO_SMALL);
	uint32_t len = load_be16(h + 4);
	if (len > walk_left(w))
		return decode_drop(w, DECODE_UDP_PKT_TOO_SMALL);
	if (len < 8)
		return decode_drop(w, DECODE_UDP_LEN_INVALID);
	p->flags |= PKT_UDP;
	p->sport = load_be16(h);
	p->dport = load_be16(h + 2);
	cursor_limit(&w->cur, len);
	if (!(p->flags & PKT_IPV4) || load_be16(h + 6) != 0) // RFC 768: zero is none; RFC 8200 8.1 forbids that
		check_csum(w, PROTO_UDP, DECODE_UDPV4_INVALID_CHECKSUM, DECODE_UDPV6_INVALID_CHECKSUM);
	cursor_skip(&w->cur, 8);
	decode_set_payload(w);
	if (!decode_udp_may_tunnel(w->d, (uint32_t)p->sport << 16 | p->dport, w->cur.at, walk_left(w)))
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
