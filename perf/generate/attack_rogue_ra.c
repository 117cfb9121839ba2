// Rogue router advertisements (RFC 4861, RFC 6104): each from another link-local address, each with a prefix.
#include <string.h>

#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint router = a->victim, all = a->victim;
	// lifetime, reachable and retransmit times, then the router's MAC and a prefix
	uint8_t body[48] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0x02, 0x66, 0, 0, 0, 0, 3, 4, 64, 0xc0, 0, 1, 0x51, 0x80, 0,
		0, 0x38, 0x40, 0, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8, 0x66, 0x66};

	router.ttl = 255;
	memset(router.addr, 0, 16);
	memcpy(router.addr, (uint8_t[]){0xfe, 0x80}, 2);
	router.mac[4] = router.addr[14] = body[14] = (uint8_t)(i >> 8);
	router.mac[5] = router.addr[15] = body[15] = (uint8_t)i;
	router.addr[8] = 0x66;
	memset(all.addr, 0, 16);
	memcpy(all.addr, (uint8_t[]){0xff, 0x02}, 2);
	all.addr[15] = 1;
	memcpy(all.mac, (uint8_t[]){0x33, 0x33, 0, 0, 0, 1}, 6);
	emit_icmp(g, ts_ns, &router, &all, 134, 0, 0x40000708, body, sizeof(body));
}

void attack_rogue_ra(struct generator *g, const struct attack_args *a)
{
	if (a->victim.version == 6)
		attack_events(g, a, one);
}
