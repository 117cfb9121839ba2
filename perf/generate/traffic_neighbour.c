// Who has which address: ARP (RFC 826) and IPv6 neighbour discovery (RFC 4861).
#include <string.h>

#include "perf/generate/generate.h"

static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void ask_arp(struct generator *g, uint64_t at)
{
	struct endpoint asker = site_client(rng_below(&g->rng, SITE_CLIENTS), 4);
	struct endpoint owner = rng_below(&g->rng, 2) ? site_gateway() : site_server(rng_below(&g->rng, 8), 4);

	owner.vlan = asker.vlan;
	emit_arp(g, at, 1, &asker, &owner, NULL, broadcast);
	emit_arp(g, at + rng_range(&g->rng, 80, 400) * 1000ull, 2, &owner, &asker, asker.mac, asker.mac);
}

static void ask_neighbour(struct generator *g, uint64_t at)
{
	struct endpoint asker = site_client(rng_below(&g->rng, SITE_CLIENTS), 6);
	struct endpoint owner = site_server(rng_below(&g->rng, 8), 6), group = owner;
	static const uint8_t solicited[13] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
	uint8_t body[24];

	owner.vlan = asker.vlan;
	asker.ttl = owner.ttl = 255;
	memcpy(group.addr, solicited, sizeof(solicited));
	memcpy(group.mac, (uint8_t[]){0x33, 0x33, 0xff, owner.addr[13], owner.addr[14], owner.addr[15]}, 6);
	memcpy(body, owner.addr, 16);
	memcpy(body + 16, (uint8_t[]){1, 1}, 2);
	memcpy(body + 18, asker.mac, 6);
	emit_icmp(g, at, &asker, &group, 135, 0, 0, body, sizeof(body));
	memcpy(body + 16, (uint8_t[]){2, 1}, 2);
	memcpy(body + 18, owner.mac, 6);
	emit_icmp(
		g, at + rng_range(&g->rng, 80, 400) * 1000ull, &owner, &asker, 136, 0, 0x60000000, body, sizeof(body));
}

void ordinary_neighbour(struct generator *g, uint32_t flows)
{
	for (uint32_t i = 0; i < flows; i++) {
		uint64_t at = pick_time(g, 0.01);
		if (pick_version(g) == 4)
			ask_arp(g, at);
		else
			ask_neighbour(g, at);
	}
}
