// What attacks have in common: a pace and where they come from.
#include "perf/generate/generate.h"

void attack_events(struct generator *g, const struct attack_args *a,
	void (*each)(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns))
{
	double gap_ns = 1e9 / a->rate, at = 0;

	// evenly spaced, each moved by up to half a gap: the rate over any second is what was asked for
	for (uint32_t i = 0; at < (double)a->duration_ns; i++, at = gap_ns * i)
		each(g, a, i, a->start_ns + (uint64_t)(at + rng_unit(&g->rng) * 0.5 * gap_ns));
}

struct endpoint attack_source(struct generator *g, const struct attack_args *a, uint32_t i)
{
	uint8_t version = a->victim.version;

	if (a->sources > 0)
		return world_host(1000 + i % a->sources, version);
	if (version == 4)
		return world_spoofed(&g->rng);
	struct endpoint e = world_host(0, 6);
	rng_bytes(&g->rng, e.addr + 8, 8);
	return e;
}
