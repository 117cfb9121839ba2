// The first held piece: its bytes, off the list, back to the pools. Inlined, since all that came early goes this way.
// Private to tcp_held.c and tcp_segment.c.
#pragma once

#include <rte_branch_prediction.h>

#include "dataplane/tcp_session.h"

static inline const uint8_t *tcp_held_bytes(const struct tcp_streams *ts, const struct tcp_segment *g)
{
	if (g->borrowed)
		return g->packet;
	if (g->where == TCP_BLOCK_LARGE)
		return tcp_pool_at(&ts->large, g->block);
	return g->where == TCP_BLOCK_SMALL ? tcp_pool_at(&ts->small, g->block) : g->bytes;
}

// Takes the first piece off the list; its bytes stay until tcp_held_free().
static inline uint32_t tcp_held_pop(struct tcp_streams *ts, struct tcp_side *side)
{
	uint32_t i = side->first[0];
	struct tcp_segment *g = tcp_segment_at(ts, i);

	for (uint32_t level = 0; level < g->level; level++)
		side->first[level] = g->next[level];
	if (!--side->held_count)
		side->flags &= (uint16_t)~SIDE_HOLDS;
	side->held_bytes -= g->len;
	ts->stats.held_bytes -= g->len;
	return i;
}

static inline void tcp_held_free(struct tcp_streams *ts, uint32_t i)
{
	struct tcp_segment *g = tcp_segment_at(ts, i);

	if (g->where == TCP_BLOCK_SMALL)
		tcp_pool_give(&ts->small, g->block);
	else if (g->where == TCP_BLOCK_LARGE)
		tcp_pool_give(&ts->large, g->block);
	g->borrowed = false; // it may still be on the list of the burst
	tcp_pool_give(&ts->segments, i);
}
