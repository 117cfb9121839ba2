// Spanning tree takeover: BPDUs (IEEE 802.1D) of the site's bridge, then of a new one with a better priority. Near: the
// bridge is lost, the next best takes its place, and gives it back.
#include <string.h>

#include "perf/generate/generate.h"

#define BPDU_BYTES 38u

static void bpdu(struct generator *g, uint64_t ts_ns, uint16_t priority, uint8_t bridge)
{
	uint8_t f[60] = {0x01, 0x80, 0xc2, 0, 0, 0, 0x02, 0, 0, 0, 1, bridge, 0, BPDU_BYTES, 0x42, 0x42, 0x03};
	uint8_t *b = f + 17;

	// protocol 0, version 0, configuration; root, cost 0, the same bridge, port, times in 1/256 s
	for (uint8_t *id = b + 5; id <= b + 17; id += 12) {
		id[0] = (uint8_t)(priority >> 8);
		memcpy(id + 2, f + 6, 6);
	}
	memcpy(b + 25, (uint8_t[]){0x80, 1, 0, 0, 20, 0, 2, 0, 15, 0}, 10);
	timeline_add(g->out, ts_ns, f, sizeof(f));
}

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	uint64_t third = (ts_ns - a->start_ns) * 3 / (a->duration_ns + 1);

	if (third == 1 && a->near)
		bpdu(g, ts_ns, 0x9000, 2);
	else if (third >= 1 && !a->near)
		bpdu(g, ts_ns, 0x0000, 0x66);
	else
		bpdu(g, ts_ns, 0x8000, 1);
}

void attack_stp_anomaly(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
