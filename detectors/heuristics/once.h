// Detectors that say a thing once: a worker notes one packet that shows it, the master tells it once per
// (source, destination, kind) and hour. protocol_anomaly, weak_crypto, cleartext_credentials and device_tampering
// are little more than a function that looks at a packet.
#pragma once

#include "detectors/heuristics/obs_detector.h"

#define ONCE_LOG 512u
#define ONCE_QUEUE 4096u
#define ONCE_TOLD_LOG 8u // 2048 things told
#define ONCE_AGAIN_NS 3600000000000ull

// A kind of thing that is told. Kinds are counted from 1: entry 0 is empty.
struct once_kind {
	const char *what;
	uint8_t severity, confidence;
	bool reversed; // the packet came from the victim
};

struct once_ops {
	const struct detector *detector;
	const struct once_kind *kinds;
	// What the packet shows: a kind, or 0.
	uint32_t (*look)(const struct packet *p);
	// Is it worth telling? Optional.
	bool (*worth)(const struct addr_set *home, const struct obs *o);
};

struct once {
	struct obs_master common;
	const struct once_ops *ops;
	struct keytab told;
	uint64_t memory[];
};

static inline void once_on_packets(const struct once_ops *ops, void *state, struct packet *const *pkts, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t kind = ops->look(pkts[i]);
		if (kind)
			obslog_take(state, pkts[i], (uint8_t)kind);
	}
}

static inline void once_see(void *ctx, const struct obs *o)
{
	struct once *s = ctx;
	const struct once_kind *k = &s->ops->kinds[o->kind];
	bool fresh;
	if (s->ops->worth && !s->ops->worth(s->common.home, o))
		return;
	uint64_t key = sketch_pair(sketch_pair(sketch_addr(&o->src), sketch_addr(&o->dst)), o->kind);
	struct keyed *told = keytab_find(&s->told, key);
	if (told && o->ts_ns < told->last_ns + ONCE_AGAIN_NS)
		return;
	keytab_get(&s->told, key, o->ts_ns, &fresh);
	struct finding f = {.detector = s->ops->detector,
		.attacker = k->reversed ? o->dst : o->src,
		.victim = k->reversed ? o->src : o->dst,
		.attacker_version = o->version,
		.victim_version = o->version,
		.proto = o->proto,
		.sport = k->reversed ? o->dport : o->sport,
		.dport = k->reversed ? o->sport : o->dport,
		.observed = 1,
		.threshold = 1,
		.unit = "packets",
		.what = k->what,
		.severity = k->severity,
		.confidence = k->confidence,
		.sample = o->seq};
	finding_emit(s->common.run, &f);
}

// Everything but once_ops `id_ops` (with detector, kinds, look) and the text. No configuration but `enabled`.
#define ONCE_DETECTOR(id, number, text, class, sev, which, traits)                                                 \
	static const struct config_row id##_rows[] = {CONFIG_END};                                                 \
	OBS_PARTS_OF(id, struct once, once_see, ONCE_LOG, ONCE_QUEUE, sizeof(struct obs), NULL)                    \
	static size_t id##_size(const void *config)                                                                \
	{                                                                                                          \
		return id##_common_size() + keytab_size(ONCE_TOLD_LOG, sizeof(struct keyed));                      \
	}                                                                                                          \
	static int id##_init(void *state, const void *config, const struct detector_env *env)                      \
	{                                                                                                          \
		struct once *s = state;                                                                            \
		s->ops = &id##_ops;                                                                                \
		keytab_init(&s->told, id##_init_common(s, config, env), ONCE_TOLD_LOG, sizeof(struct keyed));      \
		return 0;                                                                                          \
	}                                                                                                          \
	static void id##_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run) \
	{                                                                                                          \
		once_on_packets(&id##_ops, state, pkts, n);                                                        \
	}                                                                                                          \
	OBS_DETECTOR_OF(id, number, text, class, sev, which, traits, 0)
