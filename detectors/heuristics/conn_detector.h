// The face of detectors that work on connections (conn_obs.h): everything but what they decide.
#pragma once

#include "detectors/heuristics/conn_obs.h"
#include "detectors/heuristics/finding.h"

#define CONN_WANTS (CONN_KINDS | DET_TICK)

static inline size_t conn_delta_size(const void *config)
{
	return obslog_size(CONN_LOG, sizeof(struct obs));
}

static inline int conn_init_delta(void *delta, const void *config, const struct detector_env *env)
{
	obslog_init(delta, CONN_LOG, sizeof(struct obs));
	return 0;
}

static inline void conn_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	conn_note(state, pkts, n);
}

// Bytes of a master's queue of connections.
static inline size_t conn_queue_size(void)
{
	return obslog_size(CONN_QUEUE, sizeof(struct obs));
}
