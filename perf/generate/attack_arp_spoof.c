// ARP spoofing: answers to nobody's question that give the gateway's address another MAC; the gateway itself
// answers as before, so the address goes back and forth. Near: a standby router takes the gateway's address over once
// and says so to all (RFC 5227), and answers who asks.
#include <string.h>

#include "perf/generate/generate.h"

static const uint8_t everybody[6] = {255, 255, 255, 255, 255, 255};

static void take_over(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint gateway = site_gateway(), standby = gateway;

	memcpy(standby.mac, (uint8_t[]){0x02, 0x66, 0x66, 0x66, 0x66, 0x01}, 6);
	if (i == 0)
		emit_arp(g, ts_ns, 2, &standby, &standby, standby.mac, everybody);
	emit_arp(g, ts_ns + 100 * GEN_MS, 1, &a->victim, &gateway, NULL, everybody);
	emit_arp(g, ts_ns + 101 * GEN_MS, 2, &standby, &a->victim, a->victim.mac, a->victim.mac);
}

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint gateway = site_gateway(), liar = gateway;

	memcpy(liar.mac, (uint8_t[]){0x02, 0x66, 0x66, 0x66, 0x66, 0x01}, 6);
	emit_arp(g, ts_ns, 2, &liar, &a->victim, a->victim.mac, a->victim.mac);
	if (i % 2 == 1) {
		emit_arp(g, ts_ns + 100 * GEN_MS, 1, &a->victim, &gateway, NULL, everybody);
		emit_arp(g, ts_ns + 101 * GEN_MS, 2, &gateway, &a->victim, a->victim.mac, a->victim.mac);
	}
}

void attack_arp_spoof(struct generator *g, const struct attack_args *a)
{
	if (a->victim.version == 4)
		attack_events(g, a, a->near ? take_over : one);
}
