// The face of detectors that work on observations (obslog.h): what every one of them would write alike.
//
// A master begins with struct obs_master. OBS_DETECTOR_PARTS(id, ...) defines id_delta_size,
// id_init_delta, id_merge and id_tick; the file defines id_see() and, where it wants to act on the clock, names
// a function for it.
#pragma once

#include <rte_common.h>

#include "dataplane/api/flow.h"
#include "detectors/heuristics/baseline.h"
#include "detectors/heuristics/finding.h"
#include "detectors/heuristics/keytab.h"
#include "detectors/heuristics/obslog.h"
#include "detectors/sketch/distinct.h"
#include "detectors/sketch/hash.h"

struct obs_master {
	struct obslog *queue;
	struct detector_run *run; // of the tick, while observations are seen
	const struct addr_set *home;
	struct baselines *site; // or NULL
	const void *config;
};

static inline void obs_tick(
	void *master, struct detector_run *run, void (*see)(void *, const struct obs *), void (*after)(void *master))
{
	struct obs_master *m = master;
	m->run = run;
	run->missed += obslog_drain(m->queue, see, master);
	if (after)
		after(master);
}

// log, queue: records a worker's tick and a whole tick may have; record: bytes of one.
#define OBS_DETECTOR_PARTS(id, log, queue_len, record, after) \
	OBS_PARTS_OF(id, struct id, id##_see, log, queue_len, record, after)

// The same for a master and a see function of any name.
#define OBS_PARTS_OF(id, master_type, see, log, queue_len, record, after)                                    \
	static size_t id##_delta_size(const void *config)                                                    \
	{                                                                                                    \
		return obslog_size(log, record);                                                             \
	}                                                                                                    \
	static int id##_init_delta(void *delta, const void *config, const struct detector_env *env)          \
	{                                                                                                    \
		obslog_init(delta, log, record);                                                             \
		return 0;                                                                                    \
	}                                                                                                    \
	/* Sets up the common part; the queue lies behind the master struct. Returns where it ends. */       \
	static uint8_t *id##_init_common(master_type *s, const void *config, const struct detector_env *env) \
	{                                                                                                    \
		s->common.config = config;                                                                   \
		s->common.home = env->home;                                                                  \
		s->common.site = env->baselines;                                                             \
		s->common.queue = (struct obslog *)s->memory;                                                \
		obslog_init(s->common.queue, queue_len, record);                                             \
		return (uint8_t *)s->memory + obslog_size(queue_len, record);                                \
	}                                                                                                    \
	static size_t id##_common_size(void)                                                                 \
	{                                                                                                    \
		return sizeof(master_type) + obslog_size(queue_len, record);                                 \
	}                                                                                                    \
	static void id##_merge(void *master, void *delta)                                                    \
	{                                                                                                    \
		master_type *s = master;                                                                     \
		obslog_merge(s->common.queue, delta);                                                        \
	}                                                                                                    \
	static void id##_tick(void *master, struct detector_run *run)                                        \
	{                                                                                                    \
		obs_tick(master, run, see, after);                                                           \
	}

// The const struct itself. kinds: DET_TCP and so on; traits: DET_FIRST and so on, 0 for all packets.
#define OBS_DETECTOR(id, number, text, class, sev, kinds, traits) \
	OBS_DETECTOR_OF(id, number, text, class, sev, kinds, traits, sizeof(struct id##_config))

#define OBS_DETECTOR_OF(id, number, text, class, sev, kinds, traits, size_of_config) \
	const struct detector detector_##id = {.name = #id,                          \
		.sid = number,                                                       \
		.title = text,                                                       \
		.category = class,                                                   \
		.severity = sev,                                                     \
		.wants = (kinds) | DET_TICK,                                         \
		.only = (traits),                                                    \
		.config = id##_rows,                                                 \
		.config_size = (size_of_config),                                     \
		.state_size = id##_size,                                             \
		.init = id##_init,                                                   \
		.delta_size = id##_delta_size,                                       \
		.init_delta = id##_init_delta,                                       \
		.on_packets = id##_on_packets,                                       \
		.merge = id##_merge,                                                 \
		.on_tick = id##_tick}
