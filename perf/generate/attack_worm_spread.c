// Worm: the victim is reached on a service from outside, and a second later tries it on others.
#include "perf/generate/generate.h"

static void try_next(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint from = at_port(a->victim, client_port(g)), to = world_host(2000 + i, from.version);
	struct tcp_fields syn = {
		.seq = (uint32_t)rng_next(&g->rng), .flags = TH_S, .window = 64240, .syn_options = true, .mss = 1460};

	to.port = a->victim.port;
	emit_tcp(g, ts_ns + GEN_SECOND, &from, &to, &syn, NULL, 0);
}

void attack_worm_spread(struct generator *g, const struct attack_args *a)
{
	struct endpoint from = at_port(attack_source(g, a, 0), client_port(g));
	static const uint8_t zeros[600];
	struct conversation c;

	conversation_begin(&c, g, &from, &a->victim, a->start_ns);
	conversation_open(&c);
	conversation_send(&c, CLIENT, zeros, sizeof(zeros));
	conversation_send(&c, SERVER, zeros, 200);
	conversation_close(&c, CLIENT);
	attack_events(g, a, try_next);
}
