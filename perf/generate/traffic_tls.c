// TLS 1.3 sessions (RFC 8446): hello messages in clear, then records of random bytes in their place.
#include <string.h>

#include "perf/generate/generate.h"
#include "perf/generate/tls.h"

static void application_data(struct conversation *c, enum side from, uint32_t len)
{
	static uint8_t record[5 + 16384];

	while (len > 0) {
		uint32_t n = len > 16000 ? 16000 : len;
		memcpy(record, (uint8_t[]){0x17, 3, 3, (uint8_t)(n >> 8), (uint8_t)n}, 5);
		rng_bytes(&c->g->rng, record + 5, n);
		conversation_send(c, from, record, n + 5);
		len -= n;
	}
}

void tls_session(struct conversation *c, const char *name, uint32_t requests)
{
	struct rng *r = &c->g->rng;
	uint8_t bytes[1024];

	conversation_send(c, CLIENT, bytes, tls_client_hello(bytes, sizeof(bytes), r, name));
	conversation_send(c, SERVER, bytes, tls_server_hello(bytes, sizeof(bytes), r));
	application_data(c, SERVER, rng_range(r, 2200, 4200)); // certificate and finished
	application_data(c, CLIENT, 74);                       // finished
	while (requests-- > 0) {
		application_data(c, CLIENT, rng_range(r, 180, 900));
		conversation_wait(c, rng_range(r, 2, 80) * GEN_MS);
		application_data(c, SERVER, rng_range(r, 500, 40000));
		conversation_wait(c, rng_range(r, 10, 1500) * GEN_MS);
	}
	application_data(c, CLIENT, 19); // close_notify
}

void ordinary_tls(struct generator *g, uint32_t flows)
{
	for (uint32_t i = 0; i < flows; i++) {
		uint8_t version = pick_version(g);
		struct endpoint client =
			at_port(site_client(rng_below(&g->rng, SITE_CLIENTS), version), client_port(g));
		struct endpoint server = at_port(world_host(rng_below(&g->rng, 300), version), 443);
		struct conversation c;

		conversation_begin(&c, g, &client, &server, pick_time(g, 0.08));
		conversation_open(&c);
		tls_session(&c, site_name(rng_below(&g->rng, 30)), rng_range(&g->rng, 1, 5));
		conversation_close(&c, CLIENT);
	}
}
