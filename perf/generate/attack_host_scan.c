// Host scan: one SYN to the same port of host after host, from the victim's address on; nobody answers.
#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint from = at_port(attack_source(g, a, 0), (uint16_t)rng_range(&g->rng, 40000, 60000));
	struct endpoint to = a->victim;
	struct tcp_fields syn = {
		.seq = (uint32_t)rng_next(&g->rng), .flags = TH_S, .window = 1024, .syn_options = true, .mss = 1460};

	to.addr[to.version == 4 ? 2 : 14] += (uint8_t)(i / 250);
	to.addr[to.version == 4 ? 3 : 15] = (uint8_t)(1 + i % 250);
	emit_tcp(g, ts_ns, &from, &to, &syn, NULL, 0);
}

void attack_host_scan(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
