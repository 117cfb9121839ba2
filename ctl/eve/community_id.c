// See community_id.h.
#include "ctl/eve/community_id.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#define CACHE_ENTRIES 1024u

struct cache_entry {
	struct event_tuple tuple;
	uint8_t length;
	char text[COMMUNITY_ID_BYTES];
};

struct community_id {
	uint16_t seed;
	EVP_MD *sha1;
	EVP_MD_CTX *ctx;
	struct cache_entry cache[CACHE_ENTRIES]; // records of one conversation come in clusters
};

struct community_id *community_id_new(uint16_t seed)
{
	struct community_id *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->seed = seed;
	c->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	c->ctx = EVP_MD_CTX_new();
	if (!c->sha1 || !c->ctx || !EVP_DigestInit_ex2(c->ctx, c->sha1, NULL)) {
		community_id_free(c);
		return NULL;
	}
	return c;
}

void community_id_free(struct community_id *c)
{
	if (!c)
		return;
	EVP_MD_CTX_free(c->ctx);
	EVP_MD_free(c->sha1);
	free(c);
}

int icmp_counterpart(uint8_t proto, uint8_t type)
{
	static const uint8_t v4[][2] = {{8, 0}, {13, 14}, {15, 16}, {17, 18}, {10, 9}};
	static const uint8_t v6[][2] = {{128, 129}, {133, 134}, {135, 136}, {130, 131}, {139, 140}, {144, 145}};
	const uint8_t(*pairs)[2] = proto == IPPROTO_ICMP ? v4 : v6;
	size_t n = proto == IPPROTO_ICMP ? sizeof(v4) / 2 : sizeof(v6) / 2;

	for (size_t i = 0; i < n; i++) {
		if (pairs[i][0] == type)
			return pairs[i][1];
		if (pairs[i][1] == type)
			return pairs[i][0];
	}
	return -1;
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP || proto == IPPROTO_ICMP ||
	       proto == IPPROTO_ICMPV6;
}

// What is hashed: seed, addresses, protocol, a zero, ports; the lower endpoint first, unless the ICMP
// type has no answer (one-way), where the order on the wire stays. Returns its length.
static size_t input(uint16_t seed, const struct event_tuple *t, uint8_t out[42])
{
	size_t a = t->ip_version == 4 ? 4 : 16, n = 0;
	uint16_t port[2] = {t->sport, t->dport};
	const uint8_t *addr[2] = {t->src.b, t->dst.b};
	bool one_way = false;

	if (t->proto == IPPROTO_ICMP || t->proto == IPPROTO_ICMPV6) {
		int other = icmp_counterpart(t->proto, t->icmp_type);
		port[0] = t->icmp_type;
		port[1] = other < 0 ? t->icmp_code : (uint16_t)other;
		one_way = other < 0;
	}
	int order = memcmp(addr[0], addr[1], a);
	int first = !one_way && (order > 0 || (order == 0 && port[0] > port[1]));
	out[n++] = (uint8_t)(seed >> 8);
	out[n++] = (uint8_t)seed;
	memcpy(out + n, addr[first], a);
	memcpy(out + n + a, addr[!first], a);
	n += 2 * a;
	out[n++] = t->proto;
	out[n++] = 0;
	for (int i = 0; i < 2 && has_ports(t->proto); i++) {
		out[n++] = (uint8_t)(port[first ^ i] >> 8);
		out[n++] = (uint8_t)port[first ^ i];
	}
	return n;
}

static uint32_t slot_of(const struct event_tuple *t)
{
	uint64_t h = (t->src.d[0] ^ t->src.d[1] * 3) + (t->dst.d[0] ^ t->dst.d[1] * 3) * 31;
	h = (h ^ ((uint64_t)t->sport << 32 | t->dport) ^ ((uint64_t)t->icmp_type << 24 | t->proto)) *
	    UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(h >> 40) % CACHE_ENTRIES;
}

size_t community_id(struct community_id *c, const struct event_tuple *t, char out[COMMUNITY_ID_BYTES])
{
	struct cache_entry *e = &c->cache[slot_of(t)];
	uint8_t text[42], md[EVP_MAX_MD_SIZE];
	unsigned int md_len = 0;

	if (t->ip_version != 4 && t->ip_version != 6)
		return 0;
	if (!e->length || memcmp(&e->tuple, t, sizeof(*t))) {
		size_t n = input(c->seed, t, text);
		e->length = 0;
		if (!EVP_DigestInit_ex2(c->ctx, NULL, NULL) || !EVP_DigestUpdate(c->ctx, text, n) ||
			!EVP_DigestFinal_ex(c->ctx, md, &md_len) || md_len != 20)
			return 0;
		e->tuple = *t;
		memcpy(e->text, "1:", 2);
		e->length = (uint8_t)(2 + EVP_EncodeBlock((uint8_t *)e->text + 2, md, 20));
	}
	memcpy(out, e->text, e->length + 1u);
	return e->length;
}
