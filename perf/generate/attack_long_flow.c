// A connection to outside that stays: small messages both ways to an odd port. Near: to a port of a usual service.
#include "perf/generate/generate.h"

void attack_long_flow(struct generator *g, const struct attack_args *a)
{
	struct endpoint far = at_port(attack_source(g, a, 0), a->near ? 8443 : a->victim.port);
	struct endpoint client = at_port(a->victim, client_port(g));
	struct conversation c;
	uint8_t message[48];

	conversation_begin(&c, g, &client, &far, a->start_ns);
	conversation_open(&c);
	while (c.now_ns < a->start_ns + a->duration_ns) {
		rng_bytes(&g->rng, message, sizeof(message));
		conversation_send(&c, CLIENT, message, rng_range(&g->rng, 20, 48));
		conversation_send(&c, SERVER, message, rng_range(&g->rng, 20, 48));
		conversation_wait(&c, (uint64_t)(1e9 / a->rate));
	}
	conversation_close(&c, CLIENT);
}
