// A second DHCP server (RFC 2131): clients ask, the site's server and a stranger both offer.
#include <string.h>

#include "perf/generate/generate.h"

#define DHCP_BYTES 300u

static void message(uint8_t *m, uint8_t op, uint8_t type, uint32_t id, const uint8_t *mac)
{
	memset(m, 0, DHCP_BYTES);
	memcpy(m, (uint8_t[]){op, 1, 6, 0}, 4);
	memcpy(m + 4, &id, 4);
	memcpy(m + 28, mac, 6);
	memcpy(m + 236, (uint8_t[]){0x63, 0x82, 0x53, 0x63, 53, 1, type}, 7);
	m[243] = 255;
}

static void offer(struct generator *g, uint64_t ts_ns, const struct endpoint *server, const struct endpoint *client,
	uint32_t id, uint8_t lease)
{
	uint8_t m[DHCP_BYTES];

	message(m, 2, 2, id, client->mac);
	memcpy(m + 16, (uint8_t[]){10, 20, 2, lease}, 4);
	memcpy(m + 243,
		(uint8_t[]){54, 4, server->addr[0], server->addr[1], server->addr[2], server->addr[3], 51, 4, 0, 0,
			0x0e, 0x10, 255},
		13);
	emit_udp(g, ts_ns, server, client, m, sizeof(m));
}

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint asker = at_port(site_client(i, 4), 68), everybody = asker, client = asker;
	struct endpoint server = at_port(site_resolver(4), 67), rogue = at_port(a->victim, 67);
	uint32_t id = (uint32_t)rng_next(&g->rng);
	uint8_t m[DHCP_BYTES];

	asker.vlan = everybody.vlan = client.vlan = 0;
	memset(asker.addr, 0, 4);
	memset(everybody.addr, 255, 4);
	memset(everybody.mac, 255, 6);
	everybody.port = 67;
	message(m, 1, 1, id, asker.mac);
	emit_udp(g, ts_ns, &asker, &everybody, m, sizeof(m));
	offer(g, ts_ns + 3 * GEN_MS, &server, &client, id, (uint8_t)(20 + i));
	offer(g, ts_ns + 2 * GEN_MS, &rogue, &client, id, (uint8_t)(120 + i));
}

void attack_rogue_dhcp(struct generator *g, const struct attack_args *a)
{
	if (a->victim.version == 4)
		attack_events(g, a, one);
}
