// SYN flood (RFC 4987): handshakes that nobody completes; the victim answers while its backlog lasts.
#include "perf/generate/generate.h"

#define BACKLOG 256u

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint from = at_port(attack_source(g, a, i), (uint16_t)rng_range(&g->rng, 1024, 65535));
	struct tcp_fields syn = {.seq = (uint32_t)rng_next(&g->rng), .flags = TH_S, .window = 512};

	emit_tcp(g, ts_ns, &from, &a->victim, &syn, NULL, 0);
	if (i >= BACKLOG)
		return;
	struct tcp_fields answer = {.seq = (uint32_t)rng_next(&g->rng),
		.ack = syn.seq + 1,
		.flags = TH_S | TH_A,
		.window = 64240,
		.syn_options = true,
		.mss = 1460};
	emit_tcp(g, ts_ns + 150000, &a->victim, &from, &answer, NULL, 0);
}

void attack_syn_flood(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
