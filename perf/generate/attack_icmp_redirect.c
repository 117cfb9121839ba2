// ICMP redirects (RFC 792): the victim is told, in the gateway's name, to send through another host.
#include <string.h>

#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint gateway = site_gateway(), target = world_host(i, 4);
	uint8_t quoted[28] = {0x45, 0, 0, 60, 0, 0, 0x40, 0, 63, 6};

	memcpy(quoted + 12, a->victim.addr, 4);
	memcpy(quoted + 16, target.addr, 4);
	memcpy(quoted + 20, (uint8_t[]){0x9c, 0x40, 1, 0xbb}, 4);
	gateway.ttl = 64;
	emit_icmp(g, ts_ns, &gateway, &a->victim, 5, 1, 0x0a140142, quoted, sizeof(quoted));
}

void attack_icmp_redirect(struct generator *g, const struct attack_args *a)
{
	if (a->victim.version == 4)
		attack_events(g, a, one);
}
