// Frames of floods. Made off the clock, so that what matters here is that they are right (checksums too) and
// the same for the same seed. Next: lane.c.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "dataplane/flow_internal.h"
#include "perf/hostile.h"
#include "perf/perf.h"

#define FCS 4u
#define SURVIVORS 10000u // established flows beside a flood of new ones
#define HANDSHAKE 3u     // packets that establish one
#define COLLIDING 512u   // flows of PERF_COLLIDE, many more than two buckets hold
#define COLLIDE_TRIES (UINT64_C(1) << 29)

static const char *const kind_names[PERF_KINDS] = {
	"syn", "udp", "ack", "new-syn", "new-udp", "collide", "one", "fragments", "malformed", "hostile", "replay"};

const char *perf_kind_name(const struct perf_options *o)
{
	return o->hostile ? o->hostile->name : kind_names[o->kind];
}

bool perf_kind_by_name(struct perf_options *o, const char *name)
{
	o->hostile = NULL;
	for (int k = 0; k < PERF_HOSTILE; k++) {
		if (!strcmp(name, kind_names[k])) {
			o->kind = (enum perf_kind)k;
			return true;
		}
	}
	for (const struct hostile_kind *k = hostile_kinds; k->name; k++) {
		if (!strcmp(name, k->name)) {
			o->kind = PERF_HOSTILE;
			o->hostile = k;
			return true;
		}
	}
	return false;
}

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

// Ethernet and IPv4 around what follows; lengths and the header checksum are right.
static void put_ipv4(uint8_t *to, uint32_t len, uint8_t proto, uint32_t src, uint32_t dst)
{
	memset(to, 0, len);
	wire_ethernet(to, 0x0800);
	wire_ipv4(to + WIRE_ETHERNET, len - WIRE_ETHERNET, proto, src, dst);
}

static void put_tcp(
	uint8_t *to, uint32_t len, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport, uint8_t flags)
{
	uint8_t *tcp = to + WIRE_ETHERNET + WIRE_IPV4;

	// the padding of a 64-byte frame is not part of the datagram
	uint32_t ip_len = len > WIRE_ETHERNET + WIRE_IPV4 + 20 + 6 ? len : WIRE_ETHERNET + WIRE_IPV4 + 20;
	put_ipv4(to, ip_len, 6, src, dst);
	memset(to + ip_len, 0, len - ip_len);
	put16(tcp, sport);
	put16(tcp + 2, dport);
	put32(tcp + 4, src * 2654435761u + (flags == 0x02 ? 0 : 1));
	put32(tcp + 8, flags & 0x10 ? 1 : 0);
	tcp[12] = 0x50;
	tcp[13] = flags;
	put16(tcp + 14, 0xffff);
	wire_l4_sum(to + WIRE_ETHERNET, tcp, 6, ip_len - WIRE_ETHERNET - WIRE_IPV4, 16);
}

static void put_udp(uint8_t *to, uint32_t len, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	uint8_t *udp = to + WIRE_ETHERNET + WIRE_IPV4;

	put_ipv4(to, len, 17, src, dst);
	put16(udp, sport);
	put16(udp + 2, dport);
	put16(udp + 4, len - WIRE_ETHERNET - WIRE_IPV4);
	wire_l4_sum(to + WIRE_ETHERNET, udp, 17, len - WIRE_ETHERNET - WIRE_IPV4, 6);
}

// First fragments of datagrams of which nothing more comes (RFC 791).
static void put_fragment(uint8_t *to, uint32_t len, uint32_t src, uint16_t id)
{
	uint8_t *ip = to + WIRE_ETHERNET;

	len -= (len - WIRE_ETHERNET - WIRE_IPV4) % 8;
	put_ipv4(to, len, 17, src, HOSTILE_SERVER);
	put16(ip + 4, id);
	put16(ip + 6, 0x2000);
	wire_ipv4_sum(ip);
}

// Wrong in one of six ways, in turn.
static void put_malformed(uint8_t *to, uint32_t len, uint64_t i)
{
	uint8_t *ip = to + WIRE_ETHERNET;

	put_udp(to, len, hostile_client(i), 1000, HOSTILE_SERVER, 53);
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
		put16(ip + WIRE_IPV4 + 4, 4); // UDP length shorter than a UDP header
		break;
	default:
		ip[9] = 6; // TCP whose header is nonsense
		memset(ip + WIRE_IPV4, 0, len - WIRE_ETHERNET - WIRE_IPV4);
	}
}

static void make_flow(struct frames *f, uint64_t flow, uint8_t *to)
{
	uint32_t victim = HOSTILE_SERVER + (uint32_t)(flow % f->o->victims);

	switch (f->o->kind) {
	case PERF_UDP:
	case PERF_NEW_UDP:
	case PERF_ONE:
		put_udp(to, f->len, hostile_client(flow), hostile_port(flow), victim, 7777);
		break;
	case PERF_ACK:
		put_tcp(to, f->len, hostile_client(flow), hostile_port(flow), victim, 80, 0x10);
		break;
	case PERF_COLLIDE:
		put_tcp(to, f->len, hostile_client(f->colliding[flow % COLLIDING]),
			hostile_port(f->colliding[flow % COLLIDING]), HOSTILE_SERVER, 80, 0x02);
		break;
	case PERF_FRAGMENTS:
		put_fragment(to, f->len, hostile_client(flow), (uint16_t)(flow >> 8));
		break;
	case PERF_MALFORMED:
		put_malformed(to, f->len, flow);
		break;
	default:
		put_tcp(to, f->len, hostile_client(flow), hostile_port(flow), victim, 80, 0x02);
	}
}

// Frame n of a dear kind, or of its warm-up.
static uint32_t make_hostile(struct frames *f, hostile_make *make, uint64_t n, uint8_t *to)
{
	struct hostile h = {.n = n, .flows = f->o->flows, .random = next_random(f), .size = f->len};

	return make(&h, to);
}

uint32_t frames_make(struct frames *f, uint8_t *to)
{
	uint64_t flow = 0;

	if (f->o->hostile)
		return make_hostile(f, f->o->hostile->make, f->counter++, to);
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
	case PERF_HOSTILE:
		return f->o->flows * f->o->hostile->opens;
	default:
		return 0;
	}
}

uint32_t frames_make_warm_up(struct frames *f, uint64_t i, uint8_t *to)
{
	uint64_t flow = i / HANDSHAKE;

	if (f->o->hostile)
		return make_hostile(f, hostile_open, i, to);
	if (f->o->kind != PERF_NEW_SYN) {
		make_flow(f, i, to);
		return f->len;
	}
	uint32_t client = hostile_client(flow), isn = client * 2654435761u;
	if (i % HANDSHAKE == 0) {
		put_tcp(to, f->len, client, 1024, HOSTILE_SERVER, 80, 0x02);
	} else if (i % HANDSHAKE == 1) {
		put_tcp(to, f->len, HOSTILE_SERVER, 80, client, 1024, 0x12);
	} else {
		put_tcp(to, f->len, client, 1024, HOSTILE_SERVER, 80, 0x10);
	}
	// sequence numbers that a stream engine accepts
	uint8_t *tcp = to + WIRE_ETHERNET + WIRE_IPV4;
	put32(tcp + 4, i % HANDSHAKE == 1 ? 7000 : isn + (i % HANDSHAKE == 2));
	put32(tcp + 8, i % HANDSHAKE == 1 ? isn + 1 : i % HANDSHAKE == 2 ? 7001 : 0);
	wire_l4_sum(to + WIRE_ETHERNET, tcp, 6, 20, 16);
	return f->len;
}

static void endpoint_key(struct flow_key *k, const struct flow_table *t, uint64_t endpoint)
{
	*k = (struct flow_key){.proto = 6};
	k->addrs = (uint64_t)htonl(HOSTILE_SERVER) << 32 | htonl(hostile_client(endpoint));
	k->ports = 80u << 16 | hostile_port(endpoint);
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
