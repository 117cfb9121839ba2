// DNS tunnel: data in the names of TXT queries below one domain, and in the answers.
#include <stdio.h>

#include "perf/generate/dns.h"
#include "perf/generate/generate.h"

#define TYPE_TXT 16u

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	struct endpoint client = at_port(a->victim, client_port(g)), resolver = site_resolver(a->victim.version);
	char label[2][51], name[160];
	uint8_t data[181] = {180};
	struct dns_message m;

	for (unsigned k = 0; k < 2; k++) {
		for (unsigned n = 0; n < 50; n++)
			label[k][n] = alphabet[rng_below(&g->rng, 32)];
		label[k][50] = '\0';
	}
	snprintf(name, sizeof(name), "%s.%s.t.backup.example.net", label[0], label[1]);
	dns_query(&m, (uint16_t)rng_next(&g->rng), name, TYPE_TXT);
	emit_udp(g, ts_ns, &client, &resolver, m.bytes, m.len);
	for (unsigned n = 1; n < sizeof(data); n++)
		data[n] = (uint8_t)alphabet[rng_below(&g->rng, 32)];
	dns_answer(&m, TYPE_TXT, 0, data, sizeof(data));
	emit_udp(g, ts_ns + 25 * GEN_MS, &resolver, &client, m.bytes, m.len);
}

void attack_dns_tunnel(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
