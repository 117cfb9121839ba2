// HTTP flood: many clients ask one server for the same page, a connection a request.
#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint from = at_port(attack_source(g, a, (uint32_t)rng_next(&g->rng)), client_port(g));
	struct conversation c;

	conversation_begin(&c, g, &from, &a->victim, ts_ns);
	conversation_open(&c);
	conversation_text(
		&c, CLIENT, "GET /search?q=all HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0\r\n\r\n");
	conversation_text(
		&c, SERVER, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	conversation_close(&c, SERVER);
}

void attack_http_flood(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
