// Carpet bombing: a flood over all hosts of a prefix (/24, or the last byte of IPv6), little for each.
#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	static const uint8_t payload[128];
	struct endpoint from = at_port(attack_source(g, a, i), (uint16_t)rng_range(&g->rng, 1024, 65535));
	struct endpoint to = a->victim;

	to.addr[to.version == 4 ? 3 : 15] = (uint8_t)rng_range(&g->rng, 1, 254);
	to.port = to.port ? to.port : (uint16_t)rng_range(&g->rng, 1, 65535);
	emit_udp(g, ts_ns, &from, &to, payload, sizeof(payload));
}

void attack_carpet_bombing(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
