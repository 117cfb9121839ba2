// Headers for floods, see wire.h. Made off the clock.
#include "perf/wire.h"

#include <string.h>

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

// RFC 1071
static uint32_t sum_of(const uint8_t *p, uint32_t n)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	return n & 1 ? sum + ((uint32_t)p[n - 1] << 8) : sum;
}

uint32_t wire_ethernet(uint8_t *to, uint32_t ether_type)
{
	memcpy(to, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
	put16(to + 12, ether_type);
	return WIRE_ETHERNET;
}

void wire_ipv4_sum(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, fold(sum_of(ip, WIRE_IPV4)));
}

uint32_t wire_ipv4(uint8_t *to, uint32_t len, uint8_t proto, uint32_t src, uint32_t dst)
{
	memset(to, 0, WIRE_IPV4);
	to[0] = 0x45;
	put16(to + 2, len);
	to[8] = 64;
	to[9] = proto;
	put32(to + 12, src);
	put32(to + 16, dst);
	wire_ipv4_sum(to);
	return WIRE_IPV4;
}

uint32_t wire_ipv6(uint8_t *to, uint32_t len, uint8_t next, uint32_t src, uint32_t dst)
{
	memset(to, 0, WIRE_IPV6);
	to[0] = 0x60;
	put16(to + 4, len - WIRE_IPV6);
	to[6] = next;
	to[7] = 64;
	put32(to + 8, 0x20010db8);
	put32(to + 20, src);
	put32(to + 24, 0x20010db8);
	put32(to + 36, dst);
	return WIRE_IPV6;
}

uint32_t wire_udp(uint8_t *to, uint32_t len, uint16_t sport, uint16_t dport)
{
	put16(to, sport);
	put16(to + 2, dport);
	put16(to + 4, len);
	put16(to + 6, 0);
	return WIRE_UDP;
}

void wire_l4_sum(uint8_t *ip, uint8_t *l4, uint8_t proto, uint32_t l4_len, uint32_t at)
{
	uint32_t pseudo = (ip[0] >> 4 == 4 ? sum_of(ip + 12, 8) : sum_of(ip + 8, 32)) + proto + l4_len;

	put16(l4 + at, 0);
	uint16_t sum = fold((proto == 1 ? 0 : pseudo) + sum_of(l4, l4_len)); // RFC 792 has no pseudo-header
	put16(l4 + at, sum ? sum : 0xffff);                                  // RFC 768: 0 is none
}

uint32_t wire_segment(uint8_t *to, const struct wire_segment *s, const uint8_t *payload)
{
	uint32_t head = WIRE_TCP + s->options_len, ip_len = WIRE_IPV4 + head + s->len;
	uint8_t *ip = to + wire_ethernet(to, 0x0800), *tcp = ip + wire_ipv4(ip, ip_len, 6, s->src, s->dst);

	put16(tcp, s->sport);
	put16(tcp + 2, s->dport);
	put32(tcp + 4, s->seq);
	put32(tcp + 8, s->ack);
	tcp[12] = (uint8_t)(head << 2);
	tcp[13] = s->flags;
	put16(tcp + 14, 0xffff);
	put32(tcp + 16, 0);
	if (s->options_len)
		memcpy(tcp + WIRE_TCP, s->options, s->options_len);
	if (payload)
		memcpy(tcp + head, payload, s->len);
	else
		memset(tcp + head, 'a' + (int)(s->seq % 26), s->len);
	wire_l4_sum(ip, tcp, 6, head + s->len, 16);
	uint32_t len = WIRE_ETHERNET + ip_len;
	if (len < WIRE_LEAST)
		memset(to + len, 0, WIRE_LEAST - len);
	return len < WIRE_LEAST ? WIRE_LEAST : len;
}
