// Time requests and answers (RFC 5905).
#include <string.h>

#include "perf/generate/generate.h"

void ordinary_ntp(struct generator *g, uint32_t flows)
{
	for (uint32_t i = 0; i < flows; i++) {
		uint8_t version = pick_version(g), packet[48] = {0x23, 0, 6, 0xec}; // version 4, client
		struct endpoint client = at_port(site_client(rng_below(&g->rng, SITE_CLIENTS), version), 123);
		struct endpoint server = at_port(world_host(rng_below(&g->rng, 4) + 500, version), 123);
		uint64_t at = pick_time(g, 0.01);

		rng_bytes(&g->rng, packet + 40, 8);
		emit_udp(g, at, &client, &server, packet, sizeof(packet));
		packet[0] = 0x24; // server
		packet[1] = 2;    // stratum
		memcpy(packet + 24, packet + 40, 8);
		rng_bytes(&g->rng, packet + 32, 16);
		emit_udp(g, at + rng_range(&g->rng, 5, 40) * GEN_MS, &server, &client, packet, sizeof(packet));
	}
}
