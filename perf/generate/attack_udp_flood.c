// UDP flood: packets of zeros to random ports; the victim says now and then that nobody listens.
#include <string.h>

#include "perf/generate/generate.h"

#define PAYLOAD_BYTES 512u

// ICMP port unreachable quotes the IP header and eight bytes (RFC 792).
static void refuse(struct generator *g, const struct attack_args *a, const struct endpoint *to, uint64_t ts_ns)
{
	uint8_t quoted[28] = {0x45, 0, 0x02, 0x1c, 0, 0, 0x40, 0, 60, 17};

	memcpy(quoted + 12, to->addr, 4);
	memcpy(quoted + 16, a->victim.addr, 4);
	quoted[20] = (uint8_t)(to->port >> 8);
	quoted[21] = (uint8_t)to->port;
	quoted[22] = (uint8_t)(a->victim.port >> 8);
	quoted[23] = (uint8_t)a->victim.port;
	quoted[24] = 0x02;
	quoted[25] = 0x08;
	emit_icmp(g, ts_ns, &a->victim, to, 3, 3, 0, quoted, sizeof(quoted));
}

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	static const uint8_t zeros[PAYLOAD_BYTES];
	struct attack_args here = *a;
	struct endpoint from = at_port(attack_source(g, a, i), (uint16_t)rng_range(&g->rng, 1024, 65535));

	if (!here.victim.port)
		here.victim.port = (uint16_t)rng_range(&g->rng, 1, 65535);
	emit_udp(g, ts_ns, &from, &here.victim, zeros, sizeof(zeros));
	if (i % 100 == 0 && here.victim.version == 4)
		refuse(g, &here, &from, ts_ns + 200000);
}

void attack_udp_flood(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
