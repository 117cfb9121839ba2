// What makes two packets one flow: addresses, ports, protocol and domain, the same for both directions.
// The hash is keyed, so that nobody who does not know the seed can choose colliding flows.
// Next: flow_table.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>

#include "dataplane/api/flow.h"
#include "dataplane/api/packet.h"

// Secret of the hash. Derived once from the config's seed, so that no word is zero.
struct flow_seed {
	uint64_t k[4];
};

// A packet's key as seen from its sender, and where its flow would live.
struct flow_key {
	uint64_t addrs; // sender in the low half, IPv4 in wire order; IPv6: a digest, the same for both directions
	uint32_t ports; // sender's in the low half
	uint32_t slot;  // where its flow was at the begin of the burst, or with FLOW_SLOT_GUESS where it might go
	// domain to family lie as in struct flow, so that one comparison does for all
	uint32_t domain; // see flow.h
	uint8_t proto;
	uint8_t use;     // enum flow_key_use
	uint16_t family; // FLOW_IPV6 or 0
	uint32_t hash1;  // picks the first bucket (flow_key_scale() makes it the bucket's index)
	uint32_t hash2;  // picks the second
	uint16_t tag;    // never FLOW_TAG_FREE or FLOW_TAG_DYING
};

enum flow_key_use {
	FLOW_KEY_NONE = 0, // the packet has no flow
	FLOW_KEY_JOIN,     // an ICMP error: belongs to the flow it quotes if there is one
	FLOW_KEY_CREATE,   // finds its flow, or begins one
	FLOW_KEY_FIND,     // finds its flow, or has none: see flow_table_config.carriers_a_tick
};

#define FLOW_SLOT_GUESS (1u << 31)
#define FLOW_SLOT_IPV6 (1u << 30) // the flow's line alone does not tell whether it is this key's
#define FLOW_SLOT_NUMBER (FLOW_SLOT_IPV6 - 1)
#define FLOW_DOMAIN_DIGEST (1u << 31) // the domain is a digest, not VLAN ids written out
#define FLOW_TAG_FREE 0u
#define FLOW_TAG_DYING 1u // ended, but packets of this burst still point to it
#define FLOW_TAG_TAKEN 2u // a bit that every other tag has

// Multiplies to 128 bits and folds; gives both halves to whoever wants them.
static inline uint64_t flow_mum(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t flow_swap_addrs(uint64_t addrs)
{
	return addrs << 32 | addrs >> 32;
}

static inline uint32_t flow_swap_ports(uint32_t ports)
{
	return ports << 16 | ports >> 16;
}

// Domain, protocol, FLOW_KEY_CREATE and family as one word, laid out as in the key.
static inline uint64_t flow_key_kind(uint32_t domain, uint8_t proto, bool ipv6)
{
	return domain | (uint64_t)proto << 32 | (uint64_t)FLOW_KEY_CREATE << 40 |
	       (uint64_t)(ipv6 ? FLOW_IPV6 : 0) << 48;
}

// Fills domain to tag. from, to: the endpoints, in either order: a product does not tell them apart.
static inline void flow_key_mix(
	struct flow_key *k, uint64_t from, uint64_t to, uint64_t kind, const struct flow_seed *s)
{
	uint64_t h = flow_mum(from ^ s->k[0], to ^ s->k[0]);
	uint64_t place = flow_mum(h ^ kind ^ s->k[2], s->k[3]), word = rte_cpu_to_le_64(kind);

	memcpy(&k->domain, &word, sizeof(word));
	k->hash1 = (uint32_t)(place >> 32);
	k->hash2 = (uint32_t)place;
	k->tag = (uint16_t)(h >> 24) | FLOW_TAG_TAKEN;
}

// Fills use (FLOW_KEY_CREATE), hash1, hash2 and tag from the other fields. Both directions of a flow give the same
// (IPv6: the digest of the addresses has no order, the ports are ordered alone).
static inline void flow_key_hash(struct flow_key *k, bool ipv6, const struct flow_seed *s)
{
	uint64_t sport = k->ports & 0xffff, dport = k->ports >> 16;

	uint64_t kind = flow_key_kind(k->domain, k->proto, ipv6), both = k->addrs ^ k->addrs << 16;

	if (ipv6)
		flow_key_mix(k, sport ^ both, dport ^ both, kind, s);
	else
		flow_key_mix(k, (k->addrs & UINT32_MAX) << 16 | sport, k->addrs >> 32 << 16 | dport, kind, s);
}

// The same key, read back from a flow.
static inline void flow_key_of_flow(struct flow_key *k, const struct flow *f, const struct flow_seed *s)
{
	k->addrs = (uint64_t)f->addr[1] << 32 | f->addr[0];
	k->ports = (uint32_t)f->port[1] << 16 | f->port[0];
	k->domain = f->domain;
	k->proto = f->proto;
	flow_key_hash(k, f->flags & FLOW_IPV6, s);
}

// Keys of everything but plain TCP and UDP over IPv4: IPv6, VLANs, tunnels, ICMP, SCTP, ESP.
void flow_key_slow(struct flow_key *k, const struct packet *p, const struct flow_seed *s);

// What a packet is beyond IPv4 with TCP or UDP.
#define FLOW_KEY_ODD (PKT_IPV6 | PKT_INNER | PKT_TUNNEL | PKT_FRAGMENT | PKT_INVALID)

// True for IPv4 with TCP or UDP and nothing else of interest.
static inline bool flow_key_is_plain(const struct packet *p)
{
	uint32_t kind = p->flags & (PKT_IPV4 | PKT_TCP | PKT_UDP | FLOW_KEY_ODD);

	return (kind == (PKT_IPV4 | PKT_TCP) || kind == (PKT_IPV4 | PKT_UDP)) && !p->vlan_count;
}

// The same but that it carries another packet, which its key does not say.
static inline bool flow_key_is_plain_carrier(const struct packet *p)
{
	uint32_t kind = p->flags & (PKT_IPV4 | PKT_UDP | FLOW_KEY_ODD);

	return kind == (PKT_IPV4 | PKT_UDP | PKT_TUNNEL) && !p->vlan_count;
}

// The key of such a packet.
static inline void flow_key_plain(struct flow_key *k, const struct packet *p, const struct flow_seed *s)
{
	uint64_t src = p->src.w[0], dst = p->dst.w[0];

	k->addrs = dst << 32 | src;
	k->ports = (uint32_t)p->dport << 16 | p->sport;
	flow_key_mix(k, src << 16 | p->sport, dst << 16 | p->dport, flow_key_kind(0, p->ip_proto, false), s);
}

// Makes a packet's key; k->use says whether it has a flow at all. Fragments that were not rebuilt,
// malformed packets, ARP and IP protocols that Suricata keeps no flow for either (GRE, IGMP, OSPF,
// AH, IPv6 in IPv6, ...) have none; IPv6 in IPv4 has.
static inline void flow_key_make(struct flow_key *k, const struct packet *p, const struct flow_seed *s)
{
	if (likely(flow_key_is_plain(p)))
		flow_key_plain(k, p, s);
	else
		flow_key_slow(k, p, s);
}

// Derives the seed from two words of secret.
void flow_seed_init(struct flow_seed *s, const uint64_t secret[2]);

// The ICMP type that answers this one, or -1 (RFC 792, RFC 950, RFC 4443, RFC 4861, RFC 2710).
int flow_icmp_counterpart(bool ipv6, uint8_t type);

// 51-bit digest of key and start; see flow_id().
uint64_t flow_key_id(const struct flow *f);
