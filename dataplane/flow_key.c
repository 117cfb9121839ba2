// Flow keys of the less common packets. See flow_key.h. Next: flow_table.c.
#include "dataplane/flow_key.h"

#include <string.h>

#include <netinet/in.h>

#define MIX1 UINT64_C(0x9e3779b97f4a7c15) // 2^64 / golden ratio
#define MIX2 UINT64_C(0xd6e8feb86659fd93)

void flow_seed_init(struct flow_seed *s, const uint64_t secret[2])
{
	uint64_t a = secret[0], b = secret[1];

	for (unsigned i = 0; i < 4; i++) {
		a += MIX1;
		b = flow_mum(b ^ a, MIX2) + MIX1;
		s->k[i] = (a ^ b) | 1u; // odd: never zero
	}
}

// RFC 792: echo, timestamp, information; RFC 950: address mask; RFC 1256: router discovery.
static int counterpart4(uint8_t type)
{
	static const uint8_t pairs[][2] = {{8, 0}, {13, 14}, {15, 16}, {17, 18}, {10, 9}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (type == pairs[i][0])
			return pairs[i][1];
		if (type == pairs[i][1])
			return pairs[i][0];
	}
	return -1;
}

// RFC 4443: echo; RFC 4861: router and neighbour discovery; RFC 2710: listeners; RFC 4620: node
// information; RFC 6275: home agent, mobile prefix.
static int counterpart6(uint8_t type)
{
	static const uint8_t pairs[][2] = {
		{128, 129}, {133, 134}, {135, 136}, {130, 131}, {139, 140}, {144, 145}, {146, 147}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (type == pairs[i][0])
			return pairs[i][1];
		if (type == pairs[i][1])
			return pairs[i][0];
	}
	return -1;
}

int flow_icmp_counterpart(bool ipv6, uint8_t type)
{
	return ipv6 ? counterpart6(type) : counterpart4(type);
}

// Errors of ICMPv4 belong to the flow they quote or to none: RFC 792 types 3, 4, 5, 11, 12. Those of ICMPv6 have flows
// of their own, as in Suricata 7.0.10.
static bool icmp_is_error(bool ipv6, uint8_t type)
{
	if (ipv6)
		return false;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

// Digest of an address pair, the same in both directions.
static uint64_t pair_digest(const union ip_addr *a, const union ip_addr *b, const struct flow_seed *s)
{
	uint64_t da = flow_mum(a->d[0] ^ s->k[1], a->d[1] ^ s->k[2]);
	uint64_t db = flow_mum(b->d[0] ^ s->k[1], b->d[1] ^ s->k[2]);

	return flow_mum(da + db, s->k[3]) ^ (da ^ db);
}

// VLANs and tunnel as one word. Up to two VLANs are written out, so that they cannot collide. Inner
// packets: their depth, and the address pairs of the packets that carry them (not the tunnel id,
// which may differ by direction: GTP TEIDs do).
static uint32_t key_domain(const struct packet *p, const struct flow_seed *s)
{
	uint32_t plain = p->vlan[0] | (uint32_t)p->vlan[1] << 12 | (uint32_t)p->vlan_count << 24;

	if (!p->vlan_count && !(p->flags & PKT_INNER))
		return 0;
	if (p->vlan_count <= 2 && !(p->flags & PKT_INNER))
		return p->vlan_count == 1 ? plain & ~(UINT32_C(0xfff) << 12) : plain;
	uint64_t d = flow_mum(plain ^ (uint64_t)p->vlan[2] << 32 ^ s->k[0], MIX1 + p->depth);
	const struct packet *o = p->outer;
	for (unsigned i = 0; o && i < PKT_MAX_DEPTH; i++, o = o->outer)
		d = flow_mum(d ^ pair_digest(&o->src, &o->dst, s), MIX2);
	return (uint32_t)(d >> 32) | FLOW_DOMAIN_DIGEST;
}

static void set_addrs(struct flow_key *k, const struct packet *p, const struct flow_seed *s)
{
	if (p->flags & PKT_IPV6)
		k->addrs = pair_digest(&p->src, &p->dst, s);
	else
		k->addrs = (uint64_t)p->dst.w[0] << 32 | p->src.w[0];
}

// An ICMPv4 "destination unreachable" that quotes TCP or UDP joins the flow it is about. It travels
// against the packet it quotes, whoever sends it, so the quoted key is turned round.
static void key_of_quoted(struct flow_key *k, const struct packet *p)
{
	uint32_t src, dst;

	if (p->icmp_type != 3 || !p->icmp_has_inner || (uint64_t)p->icmp_inner_off + 20 > p->len)
		return;
	if (p->icmp_inner_proto != IPPROTO_TCP && p->icmp_inner_proto != IPPROTO_UDP)
		return;
	memcpy(&src, p->data + p->icmp_inner_off + 12, sizeof(src));
	memcpy(&dst, p->data + p->icmp_inner_off + 16, sizeof(dst));
	k->addrs = (uint64_t)src << 32 | dst;
	k->ports = (uint32_t)p->icmp_inner_sport << 16 | p->icmp_inner_dport;
	k->proto = p->icmp_inner_proto;
	k->use = FLOW_KEY_JOIN;
}

static void key_of_icmp(struct flow_key *k, const struct packet *p)
{
	bool ipv6 = p->flags & PKT_ICMPV6;

	if (icmp_is_error(ipv6, p->icmp_type)) {
		k->use = FLOW_KEY_NONE;
		if (!ipv6)
			key_of_quoted(k, p);
		return;
	}
	int answer = flow_icmp_counterpart(ipv6, p->icmp_type);
	if (answer < 0)
		answer = ipv6 ? p->icmp_code : 0; // without an answer, the codes of ICMPv6 are told apart
	k->ports = p->icmp_type | (uint32_t)answer << 16;
}

// RFC 4303 section 2.1: the index of the security association, which no other ESP packet between the two shares.
static void key_of_esp(struct flow_key *k, const struct packet *p)
{
	if ((uint64_t)p->l4_off + sizeof(k->ports) <= p->len)
		memcpy(&k->ports, p->data + p->l4_off, sizeof(k->ports));
}

void flow_key_slow(struct flow_key *k, const struct packet *p, const struct flow_seed *s)
{
	const uint32_t kinds = PKT_TCP | PKT_UDP | PKT_ICMP | PKT_SCTP | PKT_ESP;
	bool sixin4 = p->flags & PKT_IPV4 && p->ip_proto == IPPROTO_IPV6;

	k->use = FLOW_KEY_NONE;
	k->hash1 = 0;
	if (!(p->flags & PKT_IP) || !(p->flags & kinds || sixin4) || p->flags & (PKT_FRAGMENT | PKT_INVALID))
		return;
	k->use = FLOW_KEY_CREATE;
	set_addrs(k, p, s);
	k->ports = (uint32_t)p->dport << 16 | p->sport;
	k->domain = key_domain(p, s);
	k->proto = p->ip_proto;
	if (p->flags & PKT_ICMP)
		key_of_icmp(k, p);
	if (p->flags & PKT_ESP)
		key_of_esp(k, p);
	uint8_t use = k->use;
	if (use != FLOW_KEY_NONE)
		flow_key_hash(k, p->flags & PKT_IPV6, s);
	k->use = use;
}

uint64_t flow_key_id(const struct flow *f)
{
	uint64_t addrs = (uint64_t)f->addr[1] << 32 | f->addr[0];
	uint64_t rest = (uint64_t)f->port[1] << 16 | f->port[0] | (uint64_t)f->proto << 32;
	uint64_t h = flow_mum(addrs ^ MIX1, rest ^ MIX2);

	h = flow_mum(h ^ f->start_ns, (uint64_t)f->domain << 1 ^ MIX1);
	return h & ((UINT64_C(1) << 51) - 1);
}
