// Slow denial of service: connections that begin a request and add a header line now and then, for a minute.
#include <stdio.h>

#include "perf/generate/generate.h"

#define LINES 8u
#define PAUSE_NS (7 * GEN_SECOND)

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint from = at_port(attack_source(g, a, i), client_port(g));
	struct conversation c;

	conversation_begin(&c, g, &from, &a->victim, ts_ns);
	conversation_open(&c);
	conversation_text(&c, CLIENT, "GET / HTTP/1.1\r\nHost: www.example.com\r\n");
	for (uint32_t line = 0; line < LINES; line++) {
		char text[32];
		conversation_wait(&c, PAUSE_NS + rng_below(&g->rng, 1000) * GEN_MS);
		snprintf(text, sizeof(text), "X-a: %u\r\n", rng_below(&g->rng, 10000));
		conversation_text(&c, CLIENT, text);
	}
	conversation_reset(&c, SERVER);
}

void attack_slow_dos(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
