// ICMP tunnel: echo requests of ever other sizes, and replies that do not repeat them.
#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint far = attack_source(g, a, 0);
	bool ipv4 = a->victim.version == 4;
	uint8_t data[1024];
	uint32_t rest = 0x77770000u | (i & 0xffff), asked = rng_range(&g->rng, 40, 1000);

	rng_bytes(&g->rng, data, sizeof(data));
	emit_icmp(g, ts_ns, &a->victim, &far, ipv4 ? 8 : 128, 0, rest, data, asked);
	rng_bytes(&g->rng, data, sizeof(data));
	emit_icmp(
		g, ts_ns + 30 * GEN_MS, &far, &a->victim, ipv4 ? 0 : 129, 0, rest, data, rng_range(&g->rng, 40, 1000));
}

void attack_icmp_tunnel(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
