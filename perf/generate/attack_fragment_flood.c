// Fragment flood: first fragments, each of a datagram of its own that stays incomplete (RFC 8900).
#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	static const uint8_t payload[512];
	struct endpoint from = attack_source(g, a, i);
	struct ip_part part = {.proto = 17, .id = (uint16_t)i, .more = true};

	emit_ip(g, ts_ns, &from, &a->victim, &part, payload, sizeof(payload));
}

// Fragments are IPv4 only: IPv6 has them in a header of its own.
void attack_fragment_flood(struct generator *g, const struct attack_args *a)
{
	if (a->victim.version == 4)
		attack_events(g, a, one);
}
