// Redirection through a tunnel (TA18-106A): the victim, a router, carries the site's name look-ups out in GRE
// (RFC 2784) to somebody else's resolver.
#include <string.h>

#include "perf/generate/dns.h"
#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint far = attack_source(g, a, 0), resolver = at_port(world_host(1500, 4), a->victim.port);
	struct endpoint client = at_port(site_client(4 * i, 4), client_port(g));
	struct ip_part part = {.proto = 47, .id = (uint16_t)i};
	uint8_t carried[600] = {0, 0, 8, 0}; // no options, IPv4
	struct dns_message m;

	dns_query(&m, (uint16_t)rng_next(&g->rng), site_name(i), 1);
	uint32_t len = udp_packet(g, carried + 4, sizeof(carried) - 4, &client, &resolver, m.bytes, m.len);
	emit_ip(g, ts_ns, &a->victim, &far, &part, carried, 4 + len);
	dns_answer(&m, 1, 60, far.addr, 4);
	len = udp_packet(g, carried + 4, sizeof(carried) - 4, &resolver, &client, m.bytes, m.len);
	emit_ip(g, ts_ns + 35 * GEN_MS, &far, &a->victim, &part, carried, 4 + len);
}

void attack_tunnel_redirect(struct generator *g, const struct attack_args *a)
{
	if (a->victim.version == 4)
		attack_events(g, a, one);
}
