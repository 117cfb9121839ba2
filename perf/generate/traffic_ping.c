// Echo requests and their replies (RFC 792, RFC 4443), a few a second apart.
#include "perf/generate/generate.h"

void ordinary_ping(struct generator *g, uint32_t flows)
{
	uint8_t payload[56];

	for (unsigned i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(0x10 + i);
	for (uint32_t i = 0; i < flows; i++) {
		uint8_t version = pick_version(g);
		struct endpoint asker = site_client(rng_below(&g->rng, SITE_CLIENTS), version);
		struct endpoint target = world_host(rng_below(&g->rng, 60), version);
		uint32_t id = rng_below(&g->rng, 65536) << 16, count = rng_range(&g->rng, 1, 6);
		uint64_t at = pick_time(g, 0.1), trip = rng_range(&g->rng, 4, 70) * GEN_MS;

		for (uint32_t n = 1; n <= count; n++, at += GEN_SECOND) {
			emit_icmp(g, at, &asker, &target, version == 4 ? 8 : 128, 0, id | n, payload, sizeof(payload));
			emit_icmp(g, at + trip, &target, &asker, version == 4 ? 0 : 129, 0, id | n, payload,
				sizeof(payload));
		}
	}
}
