// Frames of floods. Made off the clock, so that what matters here is that they are right (checksums too) and
// the same for the same seed. Next: lane.c.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "dataplane/flow_internal.h"
#include "perf/perf.h"

#define ETHERNET 14u
#define IPV4 20u
#define FCS 4u
#define VICTIM 0xc0a80001u
#define CLIENTS 0x0a000000u
#define SURVIVORS 10000u // established flows beside a flood of new ones
#define HANDSHAKE 3u     // packets that establish one
#define COLLIDING 512u   // flows of PERF_COLLIDE, many more than two buckets hold
#define COLLIDE_TRIES (UINT64_C(1) << 29)

const char *const perf_kind_names[PERF_KINDS] = {
	"syn", "udp", "ack", "new-syn", "new-udp", "collide", "one", "fragments", "malformed", "replay"};

struct zipf {
	double exponent, h_x1, h_n, s;
	uint64_t n;
};

struct frames {
	const struct perf_options *o;
	uint64_t random, counter;
	uint32_t len; // without FCS
	struct zipf zipf;
	uint32_t *colliding; // flow numbers
};

static uint64_t next_random(struct frames *f)
{
	f->random += UINT64_C(0x9e3779b97f4a7c15);
	return flow_mum(f->random, f->random ^ UINT64_C(0xd6e8feb86659fd93));
}

static double unit(struct frames *f)
{
	return ((double)(next_random(f) >> 11) + 0.5) / (double)(UINT64_C(1) << 53);
}

// Zipf by rejection-inversion (Hoermann and Derflinger 1996): no table, any number of flows.
static double zipf_h(const struct zipf *z, double x)
{
	return fabs(1 - z->exponent) < 1e-9 ? log(x) : (pow(x, 1 - z->exponent) - 1) / (1 - z->exponent);
}

static double zipf_h_inverse(const struct zipf *z, double y)
{
	return fabs(1 - z->exponent) < 1e-9 ? exp(y) : pow(1 + y * (1 - z->exponent), 1 / (1 - z->exponent));
}

static void zipf_init(struct zipf *z, double exponent, uint64_t n)
{
	z->exponent = exponent;
	z->n = n;
	z->h_x1 = zipf_h(z, 1.5) - 1;
	z->h_n = zipf_h(z, (double)n + 0.5);
	z->s = 2 - zipf_h_inverse(z, zipf_h(z, 2.5) - pow(2, -exponent));
}

static uint64_t zipf_next(struct frames *f)
{
	const struct zipf *z = &f->zipf;

	for (;;) {
		double u = z->h_n + unit(f) * (z->h_x1 - z->h_n);
		double x = zipf_h_inverse(z, u);
		double k = fmin(fmax(floor(x + 0.5), 1), (double)z->n);
		if (k - x <= z->s || u >= zipf_h(z, k + 0.5) - pow(k, -z->exponent))
			return (uint64_t)k - 1;
	}
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint32_t sum_of(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	return n & 1 ? sum + ((uint32_t)p[n - 1] << 8) : sum;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

// Ethernet and IPv4 around what follows; lengths and the header checksum are right.
static void put_ipv4(uint8_t *to, uint32_t len, uint8_t proto, uint32_t src, uint32_t dst)
{
	uint8_t *ip = to + ETHERNET;

	memset(to, 0, len);
	memcpy(to, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0", ETHERNET);
	ip[0] = 0x45;
	put16(ip + 2, len - ETHERNET);
	ip[8] = 64;
	ip[9] = proto;
	put32(ip + 12, src);
	put32(ip + 16, dst);
	put16(ip + 10, fold(sum_of(ip, IPV4)));
}

static uint16_t l4_checksum(const uint8_t *ip, uint32_t l4_len)
{
	return fold(sum_of(ip + 12, 8) + ip[9] + l4_len + sum_of(ip + IPV4, l4_len));
}

static void put_tcp(
	uint8_t *to, uint32_t len, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport, uint8_t flags)
{
	uint8_t *tcp = to + ETHERNET + IPV4;

	// the padding of a 64-byte frame is not part of the datagram
	uint32_t ip_len = len > ETHERNET + IPV4 + 20 + 6 ? len : ETHERNET + IPV4 + 20;
	put_ipv4(to, ip_len, 6, src, dst);
	memset(to + ip_len, 0, len - ip_len);
	put16(tcp, sport);
	put16(tcp + 2, dport);
	put32(tcp + 4, src * 2654435761u + (flags == 0x02 ? 0 : 1));
	put32(tcp + 8, flags & 0x10 ? 1 : 0);
	tcp[12] = 0x50;
	tcp[13] = flags;
	put16(tcp + 14, 0xffff);
	put16(tcp + 16, l4_checksum(to + ETHERNET, ip_len - ETHERNET - IPV4));
}

static void put_udp(uint8_t *to, uint32_t len, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	uint8_t *udp = to + ETHERNET + IPV4;

	put_ipv4(to, len, 17, src, dst);
	put16(udp, sport);
	put16(udp + 2, dport);
	put16(udp + 4, len - ETHERNET - IPV4);
	uint16_t sum = l4_checksum(to + ETHERNET, len - ETHERNET - IPV4);
	put16(udp + 6, sum ? sum : 0xffff);
}

// First fragments of datagrams of which nothing more comes (RFC 791).
static void put_fragment(uint8_t *to, uint32_t len, uint32_t src, uint16_t id)
{
	uint8_t *ip = to + ETHERNET;

	len -= (len - ETHERNET - IPV4) % 8;
	put_ipv4(to, len, 17, src, VICTIM);
	put16(ip + 4, id);
	put16(ip + 6, 0x2000);
	put16(ip + 10, 0);
	put16(ip + 10, fold(sum_of(ip, IPV4)));
}

// Wrong in one of six ways, in turn.
static void put_malformed(uint8_t *to, uint32_t len, uint64_t i)
{
	uint8_t *ip = to + ETHERNET;

	put_udp(to, len, CLIENTS + (uint32_t)i, 1000, VICTIM, 53);
	switch (i % 6) {
	case 0:
		ip[0] = 0x44; // header shorter than a header
		break;
	case 1:
		put16(ip + 2, 1400); // longer than the frame
		break;
	case 2:
		put16(ip + 2, 12); // shorter than its header
		break;
	case 3:
		ip[0] = 0x75; // version 7
		break;
	case 4:
		put16(ip + IPV4 + 4, 4); // UDP length shorter than a UDP header
		break;
	default:
		ip[9] = 6; // TCP whose header is nonsense
		memset(ip + IPV4, 0, len - ETHERNET - IPV4);
	}
}

// Flow number to client address and port: 2^24 addresses before the port moves on.
static uint32_t client_of(uint64_t flow)
{
	return CLIENTS + (uint32_t)(flow & 0xffffff);
}

static uint16_t port_of(uint64_t flow)
{
	return (uint16_t)(1024 + (flow >> 24) % 64000);
}

static void make_flow(struct frames *f, uint64_t flow, uint8_t *to)
{
	uint32_t victim = VICTIM + (uint32_t)(flow % f->o->victims);

	switch (f->o->kind) {
	case PERF_UDP:
	case PERF_NEW_UDP:
	case PERF_ONE:
		put_udp(to, f->len, client_of(flow), port_of(flow), victim, 7777);
		break;
	case PERF_ACK:
		put_tcp(to, f->len, client_of(flow), port_of(flow), victim, 80, 0x10);
		break;
	case PERF_COLLIDE:
		put_tcp(to, f->len, client_of(f->colliding[flow % COLLIDING]), port_of(f->colliding[flow % COLLIDING]),
			VICTIM, 80, 0x02);
		break;
	case PERF_FRAGMENTS:
		put_fragment(to, f->len, client_of(flow), (uint16_t)(flow >> 8));
		break;
	case PERF_MALFORMED:
		put_malformed(to, f->len, flow);
		break;
	default:
		put_tcp(to, f->len, client_of(flow), port_of(flow), victim, 80, 0x02);
	}
}

uint32_t frames_make(struct frames *f, uint8_t *to)
{
	uint64_t flow = 0;

	switch (f->o->kind) {
	case PERF_SYN:
	case PERF_UDP:
	case PERF_ACK:
		flow = f->o->zipf > 0 ? zipf_next(f) : next_random(f) % f->o->flows;
		break;
	case PERF_COLLIDE:
		flow = next_random(f);
		break;
	case PERF_NEW_SYN:
	case PERF_NEW_UDP:
	case PERF_FRAGMENTS:
	case PERF_MALFORMED:
		flow = SURVIVORS + f->counter++;
		break;
	default:
		break;
	}
	make_flow(f, flow, to);
	return f->len;
}

uint64_t frames_warm_up(const struct frames *f)
{
	switch (f->o->kind) {
	case PERF_SYN:
	case PERF_UDP:
	case PERF_ACK:
		return f->o->flows;
	case PERF_NEW_SYN:
		return SURVIVORS * HANDSHAKE;
	default:
		return 0;
	}
}

uint32_t frames_make_warm_up(struct frames *f, uint64_t i, uint8_t *to)
{
	uint64_t flow = i / HANDSHAKE;

	if (f->o->kind != PERF_NEW_SYN) {
		make_flow(f, i, to);
		return f->len;
	}
	uint32_t client = client_of(flow), isn = client * 2654435761u;
	if (i % HANDSHAKE == 0) {
		put_tcp(to, f->len, client, 1024, VICTIM, 80, 0x02);
	} else if (i % HANDSHAKE == 1) {
		put_tcp(to, f->len, VICTIM, 80, client, 1024, 0x12);
	} else {
		put_tcp(to, f->len, client, 1024, VICTIM, 80, 0x10);
	}
	// sequence numbers that a stream engine accepts
	uint8_t *tcp = to + ETHERNET + IPV4;
	put32(tcp + 4, i % HANDSHAKE == 1 ? 7000 : isn + (i % HANDSHAKE == 2));
	put32(tcp + 8, i % HANDSHAKE == 1 ? isn + 1 : i % HANDSHAKE == 2 ? 7001 : 0);
	put16(tcp + 16, 0);
	put16(tcp + 16, l4_checksum(to + ETHERNET, 20));
	return f->len;
}

static void endpoint_key(struct flow_key *k, const struct flow_table *t, uint64_t endpoint)
{
	*k = (struct flow_key){.proto = 6};
	k->addrs = (uint64_t)htonl(VICTIM) << 32 | htonl(client_of(endpoint));
	k->ports = 80u << 16 | port_of(endpoint);
	flow_key_hash(k, false, &t->seed);
	flow_key_scale(t, k);
}

// Flows that all have the same two buckets, found with the table's own secret: the worst an attacker who knew it could
// do. That takes COLLIDING times the square of the number of buckets, so it is for small tables.
static int find_colliding(struct frames *f, const struct flow_table *t)
{
	struct flow_key want, k;
	uint32_t found = 1;

	f->colliding = calloc(COLLIDING, sizeof(*f->colliding));
	if (!f->colliding)
		return -ENOMEM;
	endpoint_key(&want, t, 0);
	for (uint64_t e = 1; found < COLLIDING && e < COLLIDE_TRIES; e++) {
		endpoint_key(&k, t, e);
		if (k.hash1 == want.hash1 && flow_bucket2_number(t, &k) == flow_bucket2_number(t, &want))
			f->colliding[found++] = (uint32_t)e;
	}
	if (found == COLLIDING)
		return 0;
	fprintf(stderr,
		"tocsin-perf: only %u of %u flows found that share both buckets; expected a smaller table: "
		"--flows 4096\n",
		found, COLLIDING);
	return -EINVAL;
}

struct frames *frames_open(const struct perf_options *o, const struct flow_table *flows)
{
	struct frames *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->o = o;
	f->random = o->seed;
	f->len = o->size - FCS;
	if (o->zipf > 0)
		zipf_init(&f->zipf, o->zipf, o->flows);
	if (o->kind == PERF_COLLIDE && find_colliding(f, flows) != 0) {
		frames_close(f);
		return NULL;
	}
	return f;
}

void frames_close(struct frames *f)
{
	if (!f)
		return;
	free(f->colliding);
	free(f);
}
