// ICMP flood: echo requests faster than anybody pings.
#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	static const uint8_t payload[56];
	struct endpoint from = attack_source(g, a, i);

	emit_icmp(g, ts_ns, &from, &a->victim, a->victim.version == 4 ? 8 : 128, 0, (uint32_t)rng_next(&g->rng),
		payload, sizeof(payload));
}

void attack_icmp_flood(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
