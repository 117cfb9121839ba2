// To the consumers: the way of in-order bytes, inlined where packets take it; the rest is tcp_deliver.c. Private to
// tcp_*.c.
#pragma once

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "dataplane/tcp_session.h"

// Bytes, a gap or an end, from the side's edge on: flags of enum stream_view_flag.
void tcp_hand(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x, const uint8_t *data,
	uint32_t len, uint32_t gap, uint16_t flags);
// No consumer wants bytes of this direction: its memory goes back.
void tcp_side_done(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir);
void tcp_keep_drop(struct tcp_streams *ts, struct tcp_side *side);
// Asks the consumers that have on_unused about what they have left of the direction of p.
void tcp_ask_unused(struct tcp_streams *ts, struct tcp_session *s, const struct packet *p, struct detector_run *run);
// A plain view that the first consumer of `left` (a bit each) did not simply use up: what it said, then the others.
void tcp_hand_on(struct tcp_streams *ts, struct tcp_session *s, struct stream_view *v, uint32_t left,
	enum stream_verdict verdict);

// The acknowledged offset follows from where the acknowledgement lies beside the edge.
static inline uint64_t tcp_acked_offset(const struct tcp_side *side)
{
	return side->offset + (uint64_t)(int64_t)seq_diff(side->last_ack, side->edge);
}

// True where one view serves all consumers: the middle of a stream of which nothing is kept. also: flags of enum
// tcp_side_flag that must be set, too.
static inline bool tcp_is_plain(const struct tcp_side *side, uint32_t len, uint16_t also)
{
	return (side->flags & (SIDE_STARTED | SIDE_DONE | SIDE_UNUSED | also)) == (SIDE_STARTED | also) &&
	       side->offset + len <= side->limit;
}

// Hands bytes of a plain side to all consumers. flags: 0 or STREAM_EARLY.
static __rte_always_inline void tcp_hand_plain(struct tcp_streams *ts, struct tcp_session *s, struct tcp_side *side,
	uint8_t dir, const struct packet *p, struct detector_run *run, const uint8_t *data, uint32_t len,
	uint16_t flags)
{
	struct stream_view v;

	v.flow = s->flow;
	v.cold = s->cold;
	v.packet = p;
	v.data = data;
	v.len = v.used = len;
	v.patience = 0;
	v.gap = 0;
	v.offset = side->offset;
	v.acked = tcp_acked_offset(side);
	v.flags = flags | (s->flags & SSN_MIDSTREAM ? STREAM_MIDSTREAM : 0);
	v.dir = dir;
	v.run = run;
	side->edge += len;
	side->offset += len;
	ts->stats.bytes += len;
	for (uint32_t left = (uint8_t)(ts->all_done & ~side->done); left; left &= left - 1) {
		uint32_t i = (uint32_t)__builtin_ctz(left);
		enum stream_verdict verdict = ts->consumer[i].on_data(ts->consumer[i].arg, &v);
		if (likely(verdict == STREAM_MORE && v.used >= len))
			continue;
		tcp_hand_on(ts, s, &v, left, verdict);
		return;
	}
}

static __rte_always_inline void tcp_hand_in_place(struct tcp_streams *ts, struct tcp_session *s, struct tcp_side *side,
	struct packet *p, struct detector_run *run, const uint8_t *data, uint32_t len)
{
	ts->stats.in_order++;
	tcp_glimpse_take(&side->seen[side->glimpses++ % TCP_GLIMPSES], side->edge, data, len);
	tcp_hand_plain(ts, s, side, p->dir, p, run, data, len, 0);
}

// The same where more is to be done than to hand the bytes over.
void tcp_in_place_busy(struct tcp_streams *ts, struct tcp_session *s, struct tcp_side *side, struct packet *p,
	struct detector_run *run, const uint8_t *data, uint32_t len);

// Payload that is next in order, where it lies in its packet.
static __rte_always_inline void tcp_in_place(struct tcp_streams *ts, struct tcp_session *s, struct tcp_side *side,
	struct packet *p, struct detector_run *run, const uint8_t *data, uint32_t len)
{
	if (likely(tcp_is_plain(side, len, SIDE_TIMED)))
		tcp_hand_in_place(ts, s, side, p, run, data, len);
	else
		tcp_in_place_busy(ts, s, side, p, run, data, len);
}
