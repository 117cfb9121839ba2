// One packet: Ethernet, VLAN tag where the site has one, IP, transport, all lengths and checksums right.
#include "perf/generate/generate.h"

#include <string.h>

#define FRAME_MAX 2048u
#define ETHERNET_MIN 60u // without the frame check sequence

struct frame {
	uint8_t bytes[FRAME_MAX];
	uint32_t len;
	uint32_t l3, l4;
};

static void put(struct frame *f, const void *bytes, uint32_t n)
{
	if (n > FRAME_MAX - f->len)
		n = FRAME_MAX - f->len;
	if (n > 0)
		memcpy(f->bytes + f->len, bytes, n);
	f->len += n;
}

static void put8(struct frame *f, uint32_t v)
{
	put(f, &(uint8_t){(uint8_t)v}, 1);
}

static void put16(struct frame *f, uint32_t v)
{
	put8(f, v >> 8);
	put8(f, v);
}

static void put32(struct frame *f, uint32_t v)
{
	put16(f, v >> 16);
	put16(f, v);
}

static void set16(struct frame *f, uint32_t at, uint32_t v)
{
	f->bytes[at] = (uint8_t)(v >> 8);
	f->bytes[at + 1] = (uint8_t)v;
}

// RFC 1071
static uint64_t add_up(const uint8_t *p, uint32_t n, uint64_t sum)
{
	for (uint32_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	return n & 1 ? sum + ((uint32_t)p[n - 1] << 8) : sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_ethernet(struct frame *f, const uint8_t *dst, const uint8_t *src, uint16_t vlan, uint16_t ether_type)
{
	f->len = 0;
	put(f, dst, 6);
	put(f, src, 6);
	if (vlan) {
		put16(f, 0x8100);
		put16(f, vlan);
	}
	put16(f, ether_type);
	f->l3 = f->len;
}

static void put_ipv4(
	struct frame *f, const struct endpoint *src, const struct endpoint *dst, const struct ip_part *part)
{
	bool fragment = part->offset || part->more;

	put16(f, 0x4500);
	put16(f, 0); // total length
	put16(f, part->id);
	put16(f, fragment ? (part->more ? 0x2000u : 0) | part->offset / 8 : 0x4000);
	put8(f, src->ttl);
	put8(f, part->proto);
	put16(f, 0); // checksum
	put(f, src->addr, 4);
	put(f, dst->addr, 4);
}

static void put_ipv6(
	struct frame *f, const struct endpoint *src, const struct endpoint *dst, const struct ip_part *part)
{
	put32(f, 0x60000000);
	put16(f, 0); // payload length
	put8(f, part->proto);
	put8(f, src->ttl);
	put(f, src->addr, 16);
	put(f, dst->addr, 16);
}

static void begin_ip(
	struct frame *f, const struct endpoint *src, const struct endpoint *dst, const struct ip_part *part)
{
	put_ethernet(f, dst->mac, src->mac, src->vlan ? src->vlan : dst->vlan, src->version == 4 ? 0x0800 : 0x86dd);
	if (src->version == 4)
		put_ipv4(f, src, dst, part);
	else
		put_ipv6(f, src, dst, part);
	f->l4 = f->len;
}

static void close_ip(struct frame *f)
{
	bool ipv4 = f->bytes[f->l3] >> 4 == 4;

	set16(f, f->l3 + (ipv4 ? 2 : 4), ipv4 ? f->len - f->l3 : f->len - f->l4);
	if (ipv4)
		set16(f, f->l3 + 10, fold(add_up(f->bytes + f->l3, 20, 0)));
}

static void finish_ip(struct generator *g, uint64_t ts_ns, struct frame *f)
{
	uint32_t len = f->len;

	close_ip(f);
	if (len < ETHERNET_MIN) {
		memset(f->bytes + len, 0, ETHERNET_MIN - len);
		len = ETHERNET_MIN;
	}
	timeline_add(g->out, ts_ns, f->bytes, len);
}

static void transport_checksum(struct frame *f, uint8_t proto, uint32_t at)
{
	bool ipv4 = f->bytes[f->l3] >> 4 == 4;
	uint32_t len = f->len - f->l4;
	uint64_t sum = (uint64_t)len + proto;

	if (ipv4 && proto == 1)
		sum = 0; // ICMP has no pseudo header
	else
		sum = add_up(f->bytes + f->l3 + (ipv4 ? 12 : 8), ipv4 ? 8 : 32, sum);
	set16(f, f->l4 + at, 0);
	uint16_t checksum = fold(add_up(f->bytes + f->l4, len, sum));
	set16(f, f->l4 + at, checksum == 0 && proto == 17 ? 0xffff : checksum);
}

static struct ip_part whole(struct generator *g, uint8_t proto)
{
	return (struct ip_part){.proto = proto, .id = (uint16_t)rng_next(&g->rng)};
}

void emit_tcp(struct generator *g, uint64_t ts_ns, const struct endpoint *src, const struct endpoint *dst,
	const struct tcp_fields *tcp, const void *payload, uint32_t len)
{
	// MSS, SACK permitted, no operation, window scale 7
	uint8_t options[] = {2, 4, (uint8_t)(tcp->mss >> 8), (uint8_t)tcp->mss, 4, 2, 1, 3, 3, 7, 1, 1};
	struct ip_part part = whole(g, 6);
	struct frame f;

	begin_ip(&f, src, dst, &part);
	put16(&f, src->port);
	put16(&f, dst->port);
	put32(&f, tcp->seq);
	put32(&f, tcp->ack);
	put8(&f, tcp->syn_options ? 0x80 : 0x50);
	put8(&f, tcp->flags);
	put16(&f, tcp->window);
	put32(&f, 0);
	if (tcp->syn_options)
		put(&f, options, sizeof(options));
	put(&f, payload, len);
	transport_checksum(&f, 6, 16);
	finish_ip(g, ts_ns, &f);
}

static void put_udp(struct generator *g, struct frame *f, const struct endpoint *src, const struct endpoint *dst,
	const void *payload, uint32_t len)
{
	struct ip_part part = whole(g, 17);

	begin_ip(f, src, dst, &part);
	put16(f, src->port);
	put16(f, dst->port);
	put16(f, 8 + len);
	put16(f, 0);
	put(f, payload, len);
	transport_checksum(f, 17, 6);
}

void emit_udp(struct generator *g, uint64_t ts_ns, const struct endpoint *src, const struct endpoint *dst,
	const void *payload, uint32_t len)
{
	struct frame f;

	put_udp(g, &f, src, dst, payload, len);
	finish_ip(g, ts_ns, &f);
}

uint32_t udp_packet(struct generator *g, uint8_t *to, size_t room, const struct endpoint *src,
	const struct endpoint *dst, const void *payload, uint32_t len)
{
	struct frame f;

	put_udp(g, &f, src, dst, payload, len);
	close_ip(&f);
	if (f.len - f.l3 > room)
		return 0;
	memcpy(to, f.bytes + f.l3, f.len - f.l3);
	return f.len - f.l3;
}

void emit_icmp(struct generator *g, uint64_t ts_ns, const struct endpoint *src, const struct endpoint *dst,
	uint8_t type, uint8_t code, uint32_t rest, const void *payload, uint32_t len)
{
	uint8_t proto = src->version == 4 ? 1 : 58;
	struct ip_part part = whole(g, proto);
	struct frame f;

	begin_ip(&f, src, dst, &part);
	put8(&f, type);
	put8(&f, code);
	put16(&f, 0);
	put32(&f, rest);
	put(&f, payload, len);
	transport_checksum(&f, proto, 2);
	finish_ip(g, ts_ns, &f);
}

void emit_ip(struct generator *g, uint64_t ts_ns, const struct endpoint *src, const struct endpoint *dst,
	const struct ip_part *part, const void *payload, uint32_t len)
{
	struct frame f;

	begin_ip(&f, src, dst, part);
	put(&f, payload, len);
	finish_ip(g, ts_ns, &f);
}

void emit_arp(struct generator *g, uint64_t ts_ns, uint16_t operation, const struct endpoint *sender,
	const struct endpoint *target, const uint8_t *target_mac, const uint8_t *ether_dst)
{
	static const uint8_t unknown[6];
	struct frame f;

	put_ethernet(&f, ether_dst, sender->mac, sender->vlan, 0x0806);
	put16(&f, 1);
	put16(&f, 0x0800);
	put16(&f, 0x0604);
	put16(&f, operation);
	put(&f, sender->mac, 6);
	put(&f, sender->addr, 4);
	put(&f, target_mac ? target_mac : unknown, 6);
	put(&f, target->addr, 4);
	memset(f.bytes + f.len, 0, ETHERNET_MIN - f.len);
	timeline_add(g->out, ts_ns, f.bytes, ETHERNET_MIN);
}
