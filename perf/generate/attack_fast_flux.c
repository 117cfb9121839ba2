// Fast flux: answers for one name with ever other addresses that live for two minutes. Near: a content network, whose
// addresses change as fast but lie in three networks.
#include "perf/generate/dns.h"
#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint client = at_port(a->victim, client_port(g)), resolver = site_resolver(a->victim.version);
	struct dns_message m;

	dns_query(&m, (uint16_t)rng_next(&g->rng), "shop.bulletproof.example", 1);
	emit_udp(g, ts_ns, &client, &resolver, m.bytes, m.len);
	for (uint32_t k = 0; k < 5; k++) {
		struct endpoint host = world_spoofed(&g->rng);
		if (a->near) {
			host.addr[0] = 198;
			host.addr[1] = (uint8_t)(18 + k % 2);
		}
		if (k == 0)
			dns_answer(&m, 1, 120, host.addr, 4);
		else
			dns_answer_more(&m, 1, 120, host.addr, 4);
	}
	emit_udp(g, ts_ns + 15 * GEN_MS, &resolver, &client, m.bytes, m.len);
}

void attack_fast_flux(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
