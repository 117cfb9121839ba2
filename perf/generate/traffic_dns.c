// Name look-ups: clients ask the site's resolver, the resolver answers from its cache or asks the world first.
#include <stdio.h>
#include <string.h>

#include "perf/generate/dns.h"
#include "perf/generate/generate.h"

#define TYPE_A 1u
#define TYPE_AAAA 28u

static void look_up(struct generator *g, const struct endpoint *asker, const struct endpoint *server, uint64_t ts_ns,
	uint64_t delay_ns, const char *name, uint16_t type)
{
	struct dns_message m;
	uint8_t address[16];
	uint16_t id = (uint16_t)rng_next(&g->rng);
	struct endpoint answer = world_host(rng_below(&g->rng, 400), type == TYPE_A ? 4 : 6);

	dns_query(&m, id, name, type);
	emit_udp(g, ts_ns, asker, server, m.bytes, m.len);
	memcpy(address, answer.addr, sizeof(address));
	dns_answer(&m, type, rng_range(&g->rng, 30, 3600), address, type == TYPE_A ? 4 : 16);
	emit_udp(g, ts_ns + delay_ns, server, asker, m.bytes, m.len);
}

void ordinary_dns(struct generator *g, uint32_t flows)
{
	for (uint32_t i = 0; i < flows; i++) {
		uint8_t version = pick_version(g);
		struct endpoint client =
			at_port(site_client(rng_below(&g->rng, SITE_CLIENTS), version), client_port(g));
		struct endpoint resolver = site_resolver(version);
		const char *name = site_name(rng_below(&g->rng, 30));
		uint16_t type = rng_below(&g->rng, 3) ? TYPE_A : TYPE_AAAA;
		uint64_t at = pick_time(g, 0.01), delay = rng_range(&g->rng, 200, 900) * 1000ull;

		if (rng_below(&g->rng, 4) == 0) { // not in the cache
			struct endpoint root = at_port(world_host(rng_below(&g->rng, 13), version), 53);
			resolver.port = client_port(g);
			look_up(g, &resolver, &root, at + 300000, 20 * GEN_MS, name, type);
			resolver.port = 53;
			delay += 21 * GEN_MS;
		}
		look_up(g, &client, &resolver, at, delay, name, type);
	}
}
