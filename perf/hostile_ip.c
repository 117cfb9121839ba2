// Dear packets below and beside TCP: tunnels, tags, extension headers, fragments, names, neighbours. Next: frames.c.
#include "perf/hostile.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SERVICE 7777u
#define LEAST_UDP (WIRE_UDP + 18u) // bytes of the innermost datagram from its UDP header on

enum { ICMP = 1, IPIP = 4, UDP = 17, GRE = 47, ESP = 50, ICMPV6 = 58, DSTOPTS = 60, SCTP = 132 };

static uint32_t at_least(uint32_t len)
{
	return len < WIRE_LEAST ? WIRE_LEAST : len;
}

// UDP of the flow of this packet to a server, up to the end of `len` bytes.
static void udp_to(const struct hostile *h, uint8_t *ip, uint32_t len, uint32_t server)
{
	memset(ip, 'u', len);
	wire_ipv4(ip, len, UDP, hostile_client(h->n), server);
	wire_udp(ip + WIRE_IPV4, len - WIRE_IPV4, hostile_port(h->n), SERVICE);
	wire_l4_sum(ip, ip + WIRE_IPV4, UDP, len - WIRE_IPV4, 6);
}

static void inner_udp(const struct hostile *h, uint8_t *ip, uint32_t len)
{
	udp_to(h, ip, len, HOSTILE_SERVER);
}

// A tunnel header of `len` bytes with it, in IPv4.
typedef uint32_t tunnel_fn(const struct hostile *h, uint8_t *to, uint32_t len, uint32_t layer);

static uint32_t put_ipip(const struct hostile *h, uint8_t *to, uint32_t len, uint32_t layer)
{
	return wire_ipv4(to, len, IPIP, hostile_client(h->n + layer), HOSTILE_SERVER + layer);
}

static uint32_t put_gre(const struct hostile *h, uint8_t *to, uint32_t len, uint32_t layer)
{
	uint32_t head = wire_ipv4(to, len, GRE, hostile_client(h->n + layer), HOSTILE_SERVER + layer);

	put32(to + head, 0x20000800); // with a key, of IPv4
	put32(to + head + 4, (uint32_t)h->random);
	return head + 8;
}

static uint32_t put_in_udp(const struct hostile *h, uint8_t *to, uint32_t len, uint32_t layer, uint16_t port)
{
	uint32_t head = wire_ipv4(to, len, UDP, hostile_client(h->n + layer), HOSTILE_SERVER + layer);

	return head + wire_udp(to + head, len - head, (uint16_t)(1024 + (h->random >> 8 * layer) % 60000), port);
}

static uint32_t put_vxlan(const struct hostile *h, uint8_t *to, uint32_t len, uint32_t layer)
{
	uint32_t head = put_in_udp(h, to, len, layer, 4789);

	put32(to + head, 0x08000000);
	put32(to + head + 4, (uint32_t)h->random << 8);
	return head + 8 + wire_ethernet(to + head + 8, 0x0800);
}

static uint32_t put_gtpu(const struct hostile *h, uint8_t *to, uint32_t len, uint32_t layer)
{
	uint32_t head = put_in_udp(h, to, len, layer, 2152);

	put32(to + head, 0x30ff0000 | (len - head - 8));
	put32(to + head + 4, (uint32_t)h->random);
	return head + 8;
}

// Four tunnels in one another, as deep as packets are looked into, each to a host of its own.
static uint32_t nest(const struct hostile *h, uint8_t *to, tunnel_fn *put, uint32_t each)
{
	uint32_t at = wire_ethernet(to, 0x0800), need = at + 4 * each + WIRE_IPV4 + LEAST_UDP;
	uint32_t len = h->size > need ? h->size : need;

	for (uint32_t layer = 0; layer < 4; layer++)
		at += put(h, to + at, len - at, layer);
	udp_to(h, to + at, len - at, HOSTILE_SERVER + 4);
	return len;
}

uint32_t hostile_ipip(const struct hostile *h, uint8_t *to)
{
	return nest(h, to, put_ipip, WIRE_IPV4);
}

uint32_t hostile_gre(const struct hostile *h, uint8_t *to)
{
	return nest(h, to, put_gre, WIRE_IPV4 + 8);
}

uint32_t hostile_vxlan(const struct hostile *h, uint8_t *to)
{
	return nest(h, to, put_vxlan, WIRE_IPV4 + WIRE_UDP + 8 + WIRE_ETHERNET);
}

uint32_t hostile_gtpu(const struct hostile *h, uint8_t *to)
{
	return nest(h, to, put_gtpu, WIRE_IPV4 + WIRE_UDP + 8);
}

uint32_t hostile_qinq(const struct hostile *h, uint8_t *to)
{
	uint32_t at = wire_ethernet(to, 0x88a8), len = at_least(h->size);

	for (uint32_t i = 0; i < 3; i++, at += 4) {
		put16(to + at, (uint32_t)(h->random >> 12 * i) & 0xfff);
		put16(to + at + 2, i < 2 ? 0x8100 : 0x0800);
	}
	inner_udp(h, to + at, len - at);
	return len;
}

uint32_t hostile_mpls(const struct hostile *h, uint8_t *to)
{
	uint32_t at = wire_ethernet(to, 0x8847), len = at_least(h->size);

	for (uint32_t i = 0; i < 10; i++, at += 4)
		put32(to + at, ((uint32_t)(h->random >> 4 * i) & 0xffff) << 13 | 1u << 12 | (i == 9) << 8 | 64);
	inner_udp(h, to + at, len - at);
	return len;
}

// Each header as full of two-byte options as fits.
static uint32_t put_extension(uint8_t *to, uint8_t next, uint32_t bytes)
{
	to[0] = next;
	to[1] = (uint8_t)(bytes / 8 - 1);
	for (uint32_t i = 2; i < bytes; i += 2) {
		to[i] = 1; // PadN (RFC 8200 section 4.2)
		to[i + 1] = 0;
	}
	return bytes;
}

static uint32_t extensions(const struct hostile *h, uint8_t *to, uint32_t count)
{
	const uint32_t fixed = WIRE_ETHERNET + WIRE_IPV6 + WIRE_UDP + 16;
	uint32_t each = h->size > fixed + count * 8 ? (h->size - fixed) / count & ~7u : 8;
	uint32_t len = fixed + count * each, at = wire_ethernet(to, 0x86dd);

	uint8_t *ip = to + at;
	memset(ip, 0, len - at);
	at += wire_ipv6(ip, len - at, 0, hostile_client(h->n), HOSTILE_SERVER);
	for (uint32_t i = 0; i < count; i++)
		at += put_extension(to + at, i + 1 < count ? DSTOPTS : UDP, each);
	wire_udp(to + at, len - at, hostile_port(h->n), SERVICE);
	wire_l4_sum(ip, to + at, UDP, len - at, 6);
	return len;
}

uint32_t hostile_extensions(const struct hostile *h, uint8_t *to)
{
	return extensions(h, to, 10);
}

uint32_t hostile_extensions_few(const struct hostile *h, uint8_t *to)
{
	return extensions(h, to, 4);
}

uint32_t hostile_icmp_error(const struct hostile *h, uint8_t *to)
{
	uint32_t len = at_least(h->size), at = wire_ethernet(to, 0x0800);
	uint8_t *ip = to + at, *icmp = ip + WIRE_IPV4;

	wire_ipv4(ip, len - at, ICMP, hostile_client(h->n), HOSTILE_SERVER);
	memset(icmp, 0, 8);
	icmp[0] = 3; // destination unreachable
	icmp[1] = (uint8_t)(h->random % 4);
	wire_ipv4(icmp + 8, 1400, UDP, HOSTILE_SERVER, hostile_client(h->random & 0xffffff));
	memset(icmp + 28, 0, len - at - WIRE_IPV4 - 28);
	wire_udp(icmp + 28, 1380, SERVICE, (uint16_t)h->random);
	wire_l4_sum(ip, ip + WIRE_IPV4, ICMP, len - at - WIRE_IPV4, 2);
	return len;
}

uint32_t hostile_ping(const struct hostile *h, uint8_t *to)
{
	uint32_t len = at_least(h->size), at = wire_ethernet(to, 0x0800);
	uint8_t *ip = to + at;

	memset(ip, 'p', len - at);
	wire_ipv4(ip, len - at, ICMP, hostile_client(h->n), HOSTILE_SERVER);
	put32(ip + WIRE_IPV4, 0x08000000);
	put32(ip + WIRE_IPV4 + 4, (uint32_t)h->random);
	wire_l4_sum(ip, ip + WIRE_IPV4, ICMP, len - at - WIRE_IPV4, 2);
	return len;
}

// A fragment of UDP: `offset` bytes into its datagram `id`, `bytes` of it.
static uint32_t fragment(const struct hostile *h, uint8_t *to, uint64_t id, uint32_t offset, uint32_t bytes, bool more)
{
	uint32_t at = wire_ethernet(to, 0x0800), len = at + WIRE_IPV4 + bytes;

	memset(to + at, (int)h->n, at_least(len) - at);
	wire_ipv4(to + at, WIRE_IPV4 + bytes, UDP, hostile_client(id), HOSTILE_SERVER);
	put16(to + at + 4, (uint32_t)id);
	put16(to + at + 6, (more ? 0x2000u : 0) | offset / 8);
	wire_ipv4_sum(to + at);
	if (offset == 0)
		wire_udp(to + at + WIRE_IPV4, bytes, hostile_port(id), SERVICE);
	return at_least(len);
}

uint32_t hostile_tiny_fragments(const struct hostile *h, uint8_t *to)
{
	return fragment(h, to, h->random % h->flows, (uint32_t)(h->random >> 32) % 8000 * 8, 8, true);
}

// Each datagram's end comes first, then 127 pieces of eight bytes, far from one another.
uint32_t hostile_fragment_ends(const struct hostile *h, uint8_t *to)
{
	uint32_t nth = h->n % 128;

	return fragment(h, to, h->n / 128, (127 - nth) * 512, 8, nth != 0);
}

static uint32_t fragment_bytes(const struct hostile *h)
{
	uint32_t room = h->size - WIRE_ETHERNET - WIRE_IPV4;

	return room > 8 ? room & ~7u : 8;
}

uint32_t hostile_fragment_pairs(const struct hostile *h, uint8_t *to)
{
	uint32_t bytes = fragment_bytes(h);
	bool first = h->n % 2;

	return fragment(h, to, h->n / 2, first ? 0 : bytes, bytes, first);
}

// Each begins in the middle of another; the last one, which is the first, makes the datagram.
uint32_t hostile_fragment_overlap(const struct hostile *h, uint8_t *to)
{
	uint32_t bytes = fragment_bytes(h) & ~15u, nth = 15 - h->n % 16;

	return fragment(h, to, h->n / 16, nth * bytes / 2, bytes, nth != 15);
}

// A datagram with this payload.
static uint32_t datagram(
	const struct hostile *h, uint8_t *to, uint16_t sport, uint16_t dport, const void *payload, uint32_t bytes)
{
	uint32_t at = wire_ethernet(to, 0x0800), len = at_least(at + WIRE_IPV4 + WIRE_UDP + bytes);

	memset(to + at, 0, len - at);
	wire_ipv4(to + at, WIRE_IPV4 + WIRE_UDP + bytes, UDP, hostile_client(h->n), HOSTILE_SERVER);
	wire_udp(to + at + WIRE_IPV4, WIRE_UDP + bytes, sport, dport);
	memcpy(to + at + WIRE_IPV4 + WIRE_UDP, payload, bytes);
	wire_l4_sum(to + at, to + at + WIRE_IPV4, UDP, WIRE_UDP + bytes, 6);
	return len;
}

// A question for a name of its own. Returns the message's bytes.
static uint32_t question(const struct hostile *h, uint8_t *d, uint16_t flags)
{
	memset(d, 0, 12);
	put16(d, (uint32_t)h->random);
	put16(d + 2, flags);
	put16(d + 4, 1);
	d[12] = 32;
	snprintf((char *)d + 13, 33, "%016llx%016llx", (unsigned long long)h->random, (unsigned long long)~h->random);
	memcpy(d + 45, "\7example\3com\0\0\1\0\1", 17);
	return 62;
}

uint32_t hostile_dns_query(const struct hostile *h, uint8_t *to)
{
	uint8_t d[64];
	uint32_t len = question(h, d, 0x0100);

	return datagram(h, to, (uint16_t)(1024 + h->random % 60000), 53, d, len);
}

// As many addresses as fit, each with a name that points to one that points to the question's (RFC 1035 section 4.1.4).
uint32_t hostile_dns_answer(const struct hostile *h, uint8_t *to)
{
	uint8_t d[1600];
	uint32_t len = question(h, d, 0x8180), answers = 0, before = 12;

	while (WIRE_ETHERNET + WIRE_IPV4 + WIRE_UDP + len + 16 <= h->size && answers < 80) {
		put16(d + len, 0xc000 | before);
		before = len;
		memcpy(d + len + 2, "\0\1\0\1\0\0\0\1\0\4", 10);
		put32(d + len + 12, (uint32_t)h->random + answers++);
		len += 16;
	}
	put16(d + 6, answers);
	return datagram(h, to, 53, (uint16_t)(1024 + h->random % 60000), d, len);
}

// A frame of 60 bytes from a station of its own. Returns where its contents begin.
static uint8_t *from_station(const struct hostile *h, uint8_t *to, uint16_t type)
{
	memset(to, 0, h->size > WIRE_LEAST ? h->size : WIRE_LEAST);
	wire_ethernet(to, type);
	put32(to + 8, (uint32_t)h->n);
	return to + WIRE_ETHERNET;
}

uint32_t hostile_arp(const struct hostile *h, uint8_t *to)
{
	uint8_t *arp = from_station(h, to, 0x0806);

	memset(to, 0xff, 6);
	memcpy(arp, "\0\1\x08\0\6\4\0\1", 8);
	memcpy(arp + 8, to + 6, 6);
	put32(arp + 14, hostile_client(h->n));
	put32(arp + 24, HOSTILE_SERVER);
	return at_least(h->size);
}

// An ICMPv6 message of `bytes` from an address of its own.
static uint32_t icmpv6(const struct hostile *h, uint8_t *to, const uint8_t *message, uint32_t bytes)
{
	uint8_t *ip = from_station(h, to, 0x86dd);

	wire_ipv6(ip, WIRE_IPV6 + bytes, ICMPV6, hostile_client(h->n), HOSTILE_SERVER);
	ip[7] = 255;
	memcpy(ip + WIRE_IPV6, message, bytes);
	wire_l4_sum(ip, ip + WIRE_IPV6, ICMPV6, bytes, 2);
	return WIRE_ETHERNET + WIRE_IPV6 + bytes;
}

uint32_t hostile_neighbour(const struct hostile *h, uint8_t *to)
{
	uint8_t m[32] = {136, 0, 0, 0, 0x60}; // RFC 4861 section 4.4, with the sender's link address

	put32(m + 8, 0x20010db8);
	put32(m + 20, hostile_client(h->n));
	m[24] = 2;
	m[25] = 1;
	put32(m + 28, (uint32_t)h->n);
	return icmpv6(h, to, m, sizeof(m));
}

uint32_t hostile_router(const struct hostile *h, uint8_t *to)
{
	uint8_t m[48] = {134, 0, 0, 0, 64, 0, 7, 8}; // RFC 4861 section 4.2, with a prefix

	m[16] = 3;
	m[17] = 4;
	m[18] = 64;
	m[19] = 0xc0;
	put32(m + 20, 86400);
	put32(m + 32, 0x20010db8);
	put32(m + 36, (uint32_t)h->random);
	return icmpv6(h, to, m, sizeof(m));
}

// An offer (RFC 2131) with its options.
uint32_t hostile_dhcp(const struct hostile *h, uint8_t *to)
{
	uint8_t d[270] = {2, 1, 6};

	put32(d + 4, (uint32_t)h->random);
	put32(d + 16, hostile_client(h->random));
	put32(d + 28, (uint32_t)h->random);
	memcpy(d + 236, "\x63\x82\x53\x63\x35\1\2\x36\4\0\0\0\0\3\4\0\0\0\0\6\4\0\0\0\0\xff", 27);
	put32(d + 245, hostile_client(h->n));
	put32(d + 251, hostile_client(h->n));
	put32(d + 257, hostile_client(h->n));
	return datagram(h, to, 67, 68, d, sizeof(d));
}

// IEEE 802.1D: a configuration message of a root of its own.
uint32_t hostile_bpdu(const struct hostile *h, uint8_t *to)
{
	uint8_t *d = from_station(h, to, 38);

	memcpy(to, "\x01\x80\xc2\0\0\0", 6);
	memcpy(d, "\x42\x42\3\0\0\0\0\1", 8);
	put32(d + 12, (uint32_t)h->n);
	put32(d + 24, (uint32_t)h->n);
	return WIRE_LEAST;
}

// IEEE 802.1AB: chassis, port, time to live, end.
uint32_t hostile_lldp(const struct hostile *h, uint8_t *to)
{
	uint8_t *d = from_station(h, to, 0x88cc);

	memcpy(to, "\x01\x80\xc2\0\0\x0e", 6);
	memcpy(d, "\2\7\4\2\0\0\0\0\0\4\5\5\0\0\0\0\6\2\0\x78\0\0", 22);
	put32(d + 5, (uint32_t)h->n);
	put32(d + 12, (uint32_t)h->random);
	return WIRE_LEAST;
}

// The rest of a frame behind IPv4.
static uint32_t plain_ip(const struct hostile *h, uint8_t *to, uint8_t proto, const uint8_t *words, uint32_t bytes)
{
	uint32_t at = wire_ethernet(to, 0x0800), len = at_least(h->size);

	memset(to + at, 0, len - at);
	at += wire_ipv4(to + at, len - at, proto, hostile_client(h->n), HOSTILE_SERVER);
	memcpy(to + at, words, bytes);
	return len;
}

// An INIT chunk (RFC 9260 section 3.3.2); the checksum is left to the NIC's word.
uint32_t hostile_sctp(const struct hostile *h, uint8_t *to)
{
	uint8_t m[32] = {[12] = 1, [15] = 20, [25] = 1, [27] = 1};

	put16(m, hostile_port(h->n));
	put16(m + 2, SERVICE);
	put32(m + 16, (uint32_t)h->random | 1);
	return plain_ip(h, to, SCTP, m, sizeof(m));
}

uint32_t hostile_esp(const struct hostile *h, uint8_t *to)
{
	uint8_t m[8] = {[7] = 1};

	put32(m, (uint32_t)h->random);
	return plain_ip(h, to, ESP, m, sizeof(m));
}

static uint32_t one_udp(const struct hostile *h, uint8_t *to)
{
	uint32_t at = wire_ethernet(to, 0x0800), len = at_least(h->size);

	inner_udp(h, to + at, len - at);
	return len;
}

uint32_t hostile_mixed(const struct hostile *h, uint8_t *to)
{
	static hostile_make *const kinds[] = {one_udp, hostile_handshake, hostile_ping, hostile_sctp, hostile_esp,
		hostile_extensions, hostile_syn_data, hostile_neighbour};
	struct hostile mine = *h;

	mine.n = h->n * 2; // a SYN each where a kind has several packets
	return kinds[h->n % (sizeof(kinds) / sizeof(*kinds))](&mine, to);
}
