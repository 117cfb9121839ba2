// MAC flood: SYNs whose Ethernet source is another every time, as macof sends them. Near: a few hundred stations that
// come into view, each with several connections.
#include <string.h>

#include "perf/generate/generate.h"

#define STATIONS 400u

static void flood(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint from = attack_source(g, a, i), to = at_port(attack_source(g, a, i + 1), a->victim.port);
	struct tcp_fields tcp = {.seq = (uint32_t)rng_next(&g->rng), .flags = TH_S, .window = 512};

	rng_bytes(&g->rng, from.mac, 6);
	rng_bytes(&g->rng, to.mac, 6);
	from.port = client_port(g);
	emit_tcp(g, ts_ns, &from, &to, &tcp, NULL, 0);
}

static void connect(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint from = at_port(site_client(i, 4), client_port(g)),
			to = at_port(site_server(0, 4), a->victim.port);
	struct conversation c;

	memcpy(from.mac, (uint8_t[]){0x02, 0x77, 0, 0, (uint8_t)(i % STATIONS >> 8), (uint8_t)(i % STATIONS)}, 6);
	conversation_begin(&c, g, &from, &to, ts_ns);
	conversation_open(&c);
	conversation_close(&c, CLIENT);
}

void attack_mac_flood(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, a->near ? connect : flood);
}
