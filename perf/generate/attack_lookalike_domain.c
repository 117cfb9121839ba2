// Look-alike names: what a person takes for a known brand's name. Only the names are asked for; answers point
// at documentation addresses. Near: the brands themselves, real IDN names and names of other things.
#include "perf/generate/dns.h"
#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	static const char *const names[] = {"www.micros0ft.com", "login.rnicrosoft.com", "paypa1.com",
		"microsoft-login-secure.com", "microsoft.com.account.example.net", "gooogle.com", "xn--pple-43d.com",
		"arnazon.com"};
	static const char *const honest[] = {"www.microsoft.com", "xn--mnchen-3ya.example", "pineapple.example",
		"update.google.com", "xn--p1ai", "snapple.example", "goggles.example", "amazing.example"};
	struct endpoint client = at_port(a->victim, client_port(g)), resolver = site_resolver(a->victim.version);
	struct endpoint answer = attack_source(g, a, 0);
	struct dns_message m;

	dns_query(&m, (uint16_t)rng_next(&g->rng), a->near ? honest[i % 8] : names[i % 8],
		a->victim.version == 4 ? 1 : 28);
	emit_udp(g, ts_ns, &client, &resolver, m.bytes, m.len);
	dns_answer(&m, a->victim.version == 4 ? 1 : 28, 300, answer.addr, a->victim.version == 4 ? 4 : 16);
	emit_udp(g, ts_ns + 18 * GEN_MS, &resolver, &client, m.bytes, m.len);
}

void attack_lookalike_domain(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
