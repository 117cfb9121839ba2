// Payload of one direction: handed on where it lies when it is next in order, else held (tcp_held.c) until the hole
// before it closes, is given up, or the flow ends. Next: tcp_deliver.c (who gets it).
#include "dataplane/tcp_deliver.h"
#include "dataplane/tcp_held_first.h"

#define ASYNC_PATIENCE 32u // held pieces before a hole of an unacknowledged stream is given up

// Bytes that will not come any more.
static void note_gap(struct tcp_streams *ts, struct tcp_side *side, struct tcp_rx *x, uint32_t gap)
{
	ts->stats.gaps++;
	ts->stats.gap_bytes += gap;
	side->gap_bytes += gap;
	side->path.gaps++;
	tcp_note(ts, x, STREAM_REASSEMBLY_SEQ_GAP);
}

// Hands on the first held piece, after a gap where it does not begin at the edge.
static inline void hand_first(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[dir];
	uint32_t i = tcp_held_pop(ts, side);
	const struct tcp_segment *g = tcp_segment_at(ts, i);
	const uint8_t *bytes = tcp_held_bytes(ts, g);
	uint32_t gap = g->seq - side->edge;

	if (gap)
		note_gap(ts, side, x, gap);
	if (g->urgent == TCP_URGENT_OOB) {
		if (gap)
			tcp_hand(ts, s, dir, x, bytes, 0, gap, STREAM_EARLY);
		side->edge++; // the byte has its sequence number, but no place in the stream
	} else if (g->urgent == TCP_URGENT_GAP) {
		tcp_hand(ts, s, dir, x, bytes, 0, gap + 1, STREAM_EARLY);
	} else if (!gap && tcp_is_plain(side, g->len, 0)) {
		tcp_hand_plain(ts, s, side, dir, x->p, x->run, bytes, g->len, STREAM_EARLY);
	} else {
		tcp_hand(ts, s, dir, x, bytes, g->len, gap, STREAM_EARLY);
	}
	tcp_held_free(ts, i);
}

// A hole that the receiver has acknowledged past was lost on its way to us alone. With one side only there is no
// acknowledgement: a little patience instead.
static inline bool is_lost(const struct tcp_session *s, const struct tcp_side *side, const struct tcp_segment *g)
{
	return s->flags & SSN_ASYNC ? side->held_count > ASYNC_PATIENCE : seq_geq(side->last_ack, g->seq);
}

static inline bool first_is_due(const struct tcp_streams *ts, const struct tcp_session *s, const struct tcp_side *side)
{
	if (!side->first[0])
		return false;
	const struct tcp_segment *g = tcp_segment_at(ts, side->first[0]);
	return g->seq == side->edge || is_lost(s, side, g);
}

// Hands on all that is in order now.
static __rte_noinline void drain(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x)
{
	while (first_is_due(ts, s, &s->side[dir]))
		hand_first(ts, s, dir, x);
}

void tcp_acked(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[dir];

	if (first_is_due(ts, s, side))
		drain(ts, s, dir, x);
	tcp_fin_if_due(ts, s, dir, x);
}

void tcp_fin_if_due(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[dir];

	if ((side->flags & (SIDE_FIN | SIDE_FIN_TOLD)) != SIDE_FIN || side->first[0])
		return;
	uint32_t gap = side->fin_seq - side->edge;
	if (gap && !seq_gt(side->last_ack, side->fin_seq)) // bytes before the FIN may still come
		return;
	if (gap)
		note_gap(ts, side, x, gap);
	side->flags |= SIDE_FIN_TOLD;
	tcp_hand(ts, s, dir, x, x->payload, 0, gap, STREAM_FIN);
}

void tcp_flush(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[dir];

	while (side->first[0])
		hand_first(ts, s, dir, x);
}

// Compares a segment of bytes that were handed on with what is remembered of them.
static void compare_with_seen(struct tcp_streams *ts, struct tcp_side *side, struct tcp_rx *x, uint32_t seq,
	const uint8_t *data, uint32_t len)
{
	for (uint32_t i = 0; i < TCP_GLIMPSES; i++) {
		if (!tcp_glimpse_contradicts(&side->seen[i], seq, data, len))
			continue;
		ts->stats.overlap_differs++;
		tcp_note(ts, x, STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA);
		return;
	}
}

void tcp_repeated(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[x->dir];

	if (seq_lt(x->seq, side->edge))
		tcp_path_again(ts, side, seq_min(x->seq + x->len, side->edge) - x->seq);
	compare_with_seen(ts, side, x, x->seq, x->payload, x->len);
}

// Nobody wants these bytes: only the position moves. What is behind it has been seen before, as far as we know.
static void count_only(struct tcp_streams *ts, struct tcp_side *side, const struct tcp_rx *x)
{
	uint32_t end = x->seq + x->len;

	if (seq_lt(x->seq, side->edge))
		tcp_path_again(ts, side, seq_min(end, side->edge) - x->seq);
	else if (x->seq != side->edge)
		tcp_path_ahead(side, x->len);
	if (seq_gt(end, side->edge)) {
		side->offset += end - side->edge;
		side->edge = end;
	}
}

// There was no room to settle an overlap: what is next in order goes on, up to the first held piece.
static void hand_refused(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x, uint32_t seq,
	const uint8_t *data, uint32_t len)
{
	const struct tcp_side *side = &s->side[x->dir];
	uint32_t first = side->first[0];

	if (seq != side->edge)
		return;
	if (first && tcp_segment_at(ts, first)->seq - seq < len)
		len = tcp_segment_at(ts, first)->seq - seq;
	if (len)
		tcp_hand(ts, s, x->dir, x, data, len, 0, 0);
}

// Urgent data out of line (RFC 6093 section 3): the marked byte is held as a piece of its own.
static bool hold_urgent(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x, uint32_t seq,
	const uint8_t *data, uint32_t len)
{
	struct tcp_side *side = &s->side[x->dir];
	uint32_t mark = x->seq + x->urgent - 1u, before = mark - seq;

	if (before >= len) // delivered before
		return tcp_held_put(ts, side, x, seq, data, len);
	bool ok = !before || tcp_held_put(ts, side, x, seq, data, before);
	if (ok && tcp_held_put(ts, side, x, mark, data + before, 1))
		tcp_held_mark_urgent(ts, side, mark, x->urgent_policy);
	if (before + 1 < len)
		ok &= tcp_held_put(ts, side, x, mark + 1, data + before + 1, len - before - 1);
	return ok;
}

static bool hold(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x, uint32_t seq, const uint8_t *data,
	uint32_t len)
{
	if (x->urgent_policy != TCP_URGENT_INLINE)
		return hold_urgent(ts, s, x, seq, data, len);
	return tcp_held_put(ts, &s->side[x->dir], x, seq, data, len);
}

void tcp_ahead(struct tcp_streams *ts, struct tcp_side *side, struct tcp_rx *x)
{
	x->p->flags |= PKT_STREAM_ADDED;
	tcp_path_ahead(side, x->len);
	if (!tcp_held_put(ts, side, x, x->seq, x->payload, x->len))
		tcp_note(ts, x, STREAM_REASSEMBLY_NO_SEGMENT);
}

void tcp_payload(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[x->dir];
	uint32_t seq = x->seq, len = x->len, end = seq + len;
	const uint8_t *data = x->payload;

	if (side->flags & SIDE_DONE) {
		count_only(ts, side, x);
		if (!(side->flags & SIDE_DEPTH)) // what lies behind it is a packet's alone, for rules on streams, too
			x->p->flags |= PKT_STREAM_ADDED;
		return;
	}
	if (side->flags & SIDE_FIN && seq_gt(end, side->fin_seq)) { // nothing follows a FIN
		end = side->fin_seq;
		len = seq_gt(end, seq) ? end - seq : 0;
	}
	if (!len || seq_leq(end, side->edge)) {
		if (seq_leq(end, side->last_ack))
			tcp_note(ts, x, STREAM_REASSEMBLY_SEGMENT_BEFORE_BASE_SEQ);
		tcp_repeated(ts, s, x);
		return;
	}
	if (seq_lt(seq, side->edge)) {
		compare_with_seen(ts, side, x, seq, data, side->edge - seq);
		tcp_path_again(ts, side, side->edge - seq);
		data += side->edge - seq;
		len = end - side->edge;
		seq = side->edge;
	}
	if (side->offset + (seq - side->edge) >= side->limit) { // would be cut when its turn comes
		if (seq == side->edge)
			tcp_hand(ts, s, x->dir, x, data, len, 0, 0);
		return;
	}
	x->p->flags |= PKT_STREAM_ADDED;
	if (seq != side->edge)
		tcp_path_ahead(side, len);
	uint32_t first = side->first[0];
	if (seq == side->edge && x->urgent_policy == TCP_URGENT_INLINE &&
		(!first || seq_geq(tcp_segment_at(ts, first)->seq, end))) {
		tcp_in_place_busy(ts, s, side, x->p, x->run, data, len);
	} else if (!hold(ts, s, x, seq, data, len)) {
		tcp_note(ts, x, STREAM_REASSEMBLY_NO_SEGMENT);
		hand_refused(ts, s, x, seq, data, len);
	}
	if (first_is_due(ts, s, side))
		drain(ts, s, x->dir, x);
}
