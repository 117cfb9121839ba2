// Port scan: one SYN to each port in a shuffled order; closed ports answer RST, open ones SYN ACK, which the
// scanner resets (nmap's half-open scan).
#include "perf/generate/generate.h"

static bool is_open(uint16_t port)
{
	return port == 22 || port == 80 || port == 443;
}

// A permutation of 1..65535 that visits low ports first, as scanners do: blocks of 1024, shuffled within.
static uint16_t nth_port(uint32_t i)
{
	return (uint16_t)(1 + i / 1024 % 63 * 1024 + (i * 389u + 7) % 1024);
}

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint from = at_port(attack_source(g, a, i), (uint16_t)rng_range(&g->rng, 40000, 60000));
	struct endpoint to = at_port(a->victim, nth_port(i));
	struct tcp_fields tcp = {
		.seq = (uint32_t)rng_next(&g->rng), .flags = TH_S, .window = 1024, .syn_options = true, .mss = 1460};

	emit_tcp(g, ts_ns, &from, &to, &tcp, NULL, 0);
	struct tcp_fields answer = {.ack = tcp.seq + 1, .flags = TH_R | TH_A};
	if (is_open(to.port))
		answer = (struct tcp_fields){.seq = (uint32_t)rng_next(&g->rng),
			.ack = tcp.seq + 1,
			.flags = TH_S | TH_A,
			.window = 64240,
			.syn_options = true,
			.mss = 1460};
	emit_tcp(g, ts_ns + GEN_MS / 2, &to, &from, &answer, NULL, 0);
	if (is_open(to.port)) {
		struct tcp_fields reset = {.seq = tcp.seq + 1, .flags = TH_R};
		emit_tcp(g, ts_ns + 20 * GEN_MS, &from, &to, &reset, NULL, 0);
	}
}

void attack_port_scan(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
