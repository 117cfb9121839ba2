// LLDP (IEEE 802.1AB) neighbours without number. Near: the twenty neighbours of a mirrored switch.
#include <string.h>

#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	uint32_t who = a->near ? i % 20 : i;
	uint8_t mac[6] = {0x02, 0x88, 0, (uint8_t)(who >> 16), (uint8_t)(who >> 8), (uint8_t)who};
	uint8_t f[60] = {0x01, 0x80, 0xc2, 0, 0, 0x0e};

	memcpy(f + 6, mac, 6);
	memcpy(f + 12, (uint8_t[]){0x88, 0xcc, 2, 7, 4}, 5); // chassis ID: a MAC
	memcpy(f + 17, mac, 6);
	memcpy(f + 23, (uint8_t[]){4, 3, 7, 'p', '1', 6, 2, 0, 120, 10, 4, 's', 'w', '0', '1'},
		15); // port, lifetime, name
	timeline_add(g->out, ts_ns, f, sizeof(f));
}

void attack_lldp_anomaly(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
