// Amplification (US-CERT TA14-017A): large answers of open services to requests that came with the victim's
// address. Contents are zeros; only port, size and direction are real.
#include "perf/generate/generate.h"

#define ANSWER_BYTES 440u // of an NTP mode 7 answer

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	static const uint8_t answer[ANSWER_BYTES] = {0xd7, 0x00, 0x03, 0x2a};
	struct endpoint from = at_port(attack_source(g, a, i), a->victim.port ? a->victim.port : 123);
	struct endpoint to = at_port(a->victim, (uint16_t)rng_range(&g->rng, 1024, 65535));

	emit_udp(g, ts_ns, &from, &to, answer, sizeof(answer));
}

void attack_amplification(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
