// Who gives way when there are more connections than sessions. A connection that gets none is marked in its flow's line
// (FLOW_REFUSED), and its segments pass by until there is one to be had. So that nobody holds all of them for ever,
// a few that have been silent for long end at each tick for which others have waited. Next: app_layer.c.
#include "dataplane/tcp_session.h"

#include <rte_common.h>

#define LOOKED_AT 8u // sessions of which one goes

// Sessions that change hands at a tick: a thousandth, so that one is kept for 100 seconds on average at least however
// many ask. Half-open ones are not of these, they give way at once.
static uint32_t share(const struct tcp_streams *ts)
{
	return ts->sessions.count / 1024 + 1;
}

// Closed connections first, then those silent for longest.
static uint64_t rank_of(const struct flow *f)
{
	return f->last_ns | (uint64_t)(f->state != FLOW_CLOSED) << 63;
}

// Looks at the next few sessions; the hand goes round all of them. NULL: none of these is taken.
static struct flow *who_goes(struct tcp_streams *ts)
{
	struct flow *best = NULL;

	for (uint32_t i = 0; i < LOOKED_AT; i++) {
		ts->hand = ts->hand % ts->sessions.count + 1;
		struct flow *f = ((struct tcp_session *)tcp_pool_at(&ts->sessions, ts->hand))->flow;
		if (f && (!best || rank_of(f) < rank_of(best)))
			best = f;
	}
	return best;
}

bool tcp_stream_tick(struct tcp_streams *ts, uint64_t now_ns, uint64_t seq, struct event_sink *sink)
{
	uint64_t wanted = ts->stats.no_session + ts->stats.passed_by;

	if (wanted != ts->wanted_before) {
		uint32_t room = ts->sessions.count - ts->sessions.used;
		uint32_t owed = (uint32_t)RTE_MIN(wanted - ts->wanted_before, share(ts));
		ts->owed = owed > room ? owed - room : 0;
		ts->wanted_before = wanted;
	}
	for (; ts->owed; ts->owed--) {
		struct flow *f = who_goes(ts);
		if (f && !flow_table_end(ts->flows, f, now_ns, seq, sink))
			return false;
		ts->stats.evicted += f != NULL;
	}
	return true;
}
