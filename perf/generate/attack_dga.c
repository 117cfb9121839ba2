// Names made by an algorithm: random letters, none of which exists.
#include <string.h>

#include "perf/generate/dns.h"
#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	static const char letters[] = "qxzjvkwpbgfhmdcrtlnsyaeiou0123456789";
	static const char *const domains[] = {".com", ".net", ".info", ".biz", ".org"};
	struct endpoint client = at_port(a->victim, client_port(g)), resolver = site_resolver(a->victim.version);
	struct dns_message m;
	char name[40];
	uint32_t n = rng_range(&g->rng, 12, 20);

	for (uint32_t k = 0; k < n; k++)
		name[k] = letters[rng_below(&g->rng, k ? 36 : 26)];
	strcpy(name + n, domains[rng_below(&g->rng, 5)]);
	dns_query(&m, (uint16_t)rng_next(&g->rng), name, 1);
	emit_udp(g, ts_ns, &client, &resolver, m.bytes, m.len);
	dns_refuse(&m, 3);
	emit_udp(g, ts_ns + 12 * GEN_MS, &resolver, &client, m.bytes, m.len);
}

void attack_dga(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
