// Beacon: short calls of one host to one outside service, intervals even but for a few percent.
#include "perf/generate/generate.h"
#include "perf/generate/tls.h"

void attack_beacon(struct generator *g, const struct attack_args *a)
{
	struct endpoint home = at_port(attack_source(g, a, 0), a->victim.port), client = a->victim;
	double gap_ns = 1e9 / a->rate;

	for (uint32_t i = 0; gap_ns * i < (double)a->duration_ns; i++) {
		struct conversation c;
		double jitter = (rng_unit(&g->rng) - 0.5) * 0.06 * gap_ns;
		client.port = client_port(g);
		conversation_begin(&c, g, &client, &home, a->start_ns + (uint64_t)(gap_ns * (i + 0.05) + jitter));
		conversation_open(&c);
		tls_session(&c, "cdn-static.example.net", 1);
		conversation_close(&c, CLIENT);
	}
}
