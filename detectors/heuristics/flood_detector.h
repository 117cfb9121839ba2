// The face every flood detector shows to the dataplane: all of it but judge, rate and on_packets is flood.c.
#pragma once

#include <netinet/in.h>

#include <rte_common.h>

#include "detectors/heuristics/flood_cell.h"

static inline size_t flood_state_size(const void *config)
{
	return flood_size();
}

static inline size_t flood_state_delta_size(const void *config)
{
	return flood_delta_size();
}

static inline int flood_state_init_delta(void *delta, const void *config, const struct detector_env *env)
{
	flood_delta_init(delta, env);
	return 0;
}

static inline void flood_state_merge(void *master, void *delta)
{
	flood_merge(master, delta);
}

static inline void flood_state_tick(void *master, struct detector_run *run)
{
	flood_tick(master, run);
}

// id: the detector's name; its file has id_rows, id_on_packets, id_judge, id_rate and struct id_config. What
// follows are further members of struct flood_ops.
#define FLOOD_DETECTOR(id, number, text, kinds, traits, ip_proto, ...)                        \
	extern const struct detector detector_##id;                                           \
	static const struct flood_ops id##_ops = {.detector = &detector_##id,                 \
		.key_proto = ip_proto,                                                        \
		.judge = id##_judge,                                                          \
		.rate = id##_rate,                                                            \
		##__VA_ARGS__};                                                               \
	static int id##_init(void *state, const void *config, const struct detector_env *env) \
	{                                                                                     \
		flood_init(state, &id##_ops, config, env);                                    \
		return 0;                                                                     \
	}                                                                                     \
	const struct detector detector_##id = {.name = #id,                                   \
		.sid = number,                                                                \
		.title = text,                                                                \
		.category = "Detection of a Denial of Service Attack",                        \
		.severity = 1,                                                                \
		.wants = (kinds) | DET_TICK,                                                  \
		.only = (traits),                                                             \
		.config = id##_rows,                                                          \
		.config_size = sizeof(struct id##_config),                                    \
		.state_size = flood_state_size,                                               \
		.init = id##_init,                                                            \
		.delta_size = flood_state_delta_size,                                         \
		.init_delta = flood_state_init_delta,                                         \
		.on_packets = id##_on_packets,                                                \
		.merge = flood_state_merge,                                                   \
		.on_tick = flood_state_tick}
