// Payload of one direction: handed on where it lies when it is next in order, else held in a skip list
// of pieces that never overlap. Next: tcp_overlap.c (who wins), tcp_deliver.c (who gets it).
#include "dataplane/tcp_session.h"

#include <string.h>

#define ASYNC_PATIENCE 32u // held pieces before a hole of an unacknowledged stream is given up

static struct tcp_segment *at(const struct tcp_streams *ts, uint32_t i)
{
	return tcp_pool_at(&ts->segments, i);
}

static uint32_t *link_of(const struct tcp_streams *ts, struct tcp_side *side, uint32_t i, uint32_t level)
{
	return i ? &at(ts, i)->next[level] : &side->first[level];
}

static uint8_t *bytes_of(const struct tcp_streams *ts, struct tcp_segment *g)
{
	if (g->where == TCP_BLOCK_LARGE)
		return (uint8_t *)tcp_pool_at(&ts->large, g->block) + g->off;
	if (g->where == TCP_BLOCK_SMALL)
		return (uint8_t *)tcp_pool_at(&ts->small, g->block) + g->off;
	return g->bytes + g->off;
}

// The last piece before seq on every level.
static void find(const struct tcp_streams *ts, struct tcp_side *side, uint32_t seq, uint32_t prev[TCP_LEVELS])
{
	uint32_t i = TCP_NIL;

	for (int level = TCP_LEVELS - 1; level >= 0; level--) {
		uint32_t next = *link_of(ts, side, i, (uint32_t)level);
		while (next && seq_lt(at(ts, next)->seq, seq)) {
			i = next;
			next = at(ts, i)->next[level];
		}
		prev[level] = i;
	}
}

// Levels of a new piece: one in eight goes a level up. xorshift64 (Marsaglia 2003).
static uint8_t draw_level(struct tcp_streams *ts)
{
	uint64_t r = ts->random;

	r ^= r << 13;
	r ^= r >> 7;
	r ^= r << 17;
	ts->random = r;
	uint8_t level = 1;
	while (level < TCP_LEVELS && (r & 7) == 0) {
		r >>= 3;
		level++;
	}
	return level;
}

// A record with room for len bytes, or TCP_NIL when the pools are empty.
static uint32_t new_piece(struct tcp_streams *ts, uint32_t len)
{
	uint32_t i = tcp_pool_take(&ts->segments);

	if (i == TCP_NIL)
		return TCP_NIL;
	struct tcp_segment *g = at(ts, i);
	g->off = 0;
	g->urgent = 0;
	g->block = TCP_NIL;
	g->where = TCP_BLOCK_INLINE;
	if (len <= TCP_INLINE_BYTES)
		return i;
	if (len <= TCP_SMALL_BYTES) {
		g->where = TCP_BLOCK_SMALL;
		g->block = tcp_pool_take(&ts->small);
	}
	if (g->block == TCP_NIL) {
		g->where = TCP_BLOCK_LARGE;
		g->block = tcp_pool_take(&ts->large);
	}
	if (g->block != TCP_NIL)
		return i;
	tcp_pool_give(&ts->segments, i);
	return TCP_NIL;
}

static void free_piece(struct tcp_streams *ts, uint32_t i)
{
	struct tcp_segment *g = at(ts, i);

	if (g->where == TCP_BLOCK_SMALL)
		tcp_pool_give(&ts->small, g->block);
	else if (g->where == TCP_BLOCK_LARGE)
		tcp_pool_give(&ts->large, g->block);
	tcp_pool_give(&ts->segments, i);
}

// What a piece came in.
struct origin {
	uint32_t start, end;
};

// Puts one piece of at most TCP_LARGE_BYTES between its neighbours. prev: from find() for seq.
static bool insert_at(struct tcp_streams *ts, struct tcp_side *side, uint32_t prev[TCP_LEVELS], uint32_t seq,
	const uint8_t *data, uint32_t len, struct origin o)
{
	uint32_t i = new_piece(ts, len);

	if (i == TCP_NIL)
		return false;
	struct tcp_segment *g = at(ts, i);
	g->seq = seq;
	g->len = (uint16_t)len;
	g->origin = o.start;
	g->origin_end = o.end;
	memcpy(bytes_of(ts, g), data, len);
	g->level = draw_level(ts);
	for (uint32_t level = 0; level < g->level; level++) {
		uint32_t *link = link_of(ts, side, prev[level], level);
		g->next[level] = *link;
		*link = i;
		prev[level] = i;
	}
	side->held_count++;
	side->held_bytes += len;
	ts->stats.held_bytes += len;
	return true;
}

static bool insert(
	struct tcp_streams *ts, struct tcp_side *side, uint32_t seq, const uint8_t *data, uint32_t len, struct origin o)
{
	uint32_t prev[TCP_LEVELS];

	find(ts, side, seq, prev);
	while (len) {
		uint32_t n = len < TCP_LARGE_BYTES ? len : TCP_LARGE_BYTES;
		if (side->held_count >= TCP_SIDE_MAX_SEGMENTS || !insert_at(ts, side, prev, seq, data, n, o))
			return false;
		seq += n;
		data += n;
		len -= n;
	}
	return true;
}

// Takes the first piece off the list; its bytes stay until free_piece.
static uint32_t pop_first(struct tcp_streams *ts, struct tcp_side *side)
{
	uint32_t i = side->first[0];
	struct tcp_segment *g = at(ts, i);

	for (uint32_t level = 0; level < g->level; level++)
		side->first[level] = g->next[level];
	side->held_count--;
	side->held_bytes -= g->len;
	ts->stats.held_bytes -= g->len;
	return i;
}

void tcp_drop_held(struct tcp_streams *ts, struct tcp_side *side)
{
	while (side->first[0])
		free_piece(ts, pop_first(ts, side));
}

static void shrink(struct tcp_streams *ts, struct tcp_side *side, struct tcp_segment *g, uint32_t len)
{
	side->held_bytes -= g->len - len;
	ts->stats.held_bytes -= g->len - len;
	g->len = (uint16_t)len;
}

// The new segment's bytes [from, to) replace those of a held piece. The piece is split so that each
// part remembers the segment it came in; without room for that the bytes alone are replaced.
static void replace(struct tcp_streams *ts, struct tcp_side *side, uint32_t i, uint32_t from, uint32_t to,
	const uint8_t *data, struct origin o)
{
	struct tcp_segment *g = at(ts, i);
	uint32_t end = g->seq + g->len;
	struct origin old = {g->origin, g->origin_end};
	uint8_t *bytes = bytes_of(ts, g);

	if (from == g->seq && to == end) {
		memcpy(bytes, data, g->len);
		g->origin = o.start;
		g->origin_end = o.end;
		return;
	}
	if (to != end) {
		if (!insert(ts, side, to, bytes + (to - g->seq), end - to, old)) {
			memcpy(bytes + (from - g->seq), data, to - from);
			return;
		}
		shrink(ts, side, g, to - g->seq);
	}
	if (from == g->seq) {
		memcpy(bytes, data, to - from);
		g->origin = o.start;
		g->origin_end = o.end;
		return;
	}
	memcpy(bytes + (from - g->seq), data, to - from); // right even if the split finds no room
	shrink(ts, side, g, from - g->seq);
	if (!insert(ts, side, from, data, to - from, o)) {
		g->len = (uint16_t)(to - g->seq);
		side->held_bytes += to - from;
		ts->stats.held_bytes += to - from;
	}
}

// Where the new segment meets a held piece: compares, and lets the receiver's policy decide.
static bool settle_overlap(struct tcp_streams *ts, struct tcp_side *side, uint32_t i, uint32_t from, uint32_t to,
	const uint8_t *data, struct origin o)
{
	struct tcp_segment *g = at(ts, i);
	bool differs = memcmp(bytes_of(ts, g) + (from - g->seq), data, to - from) != 0;

	if (tcp_new_wins(side->policy, g->origin, g->origin_end, o.start, o.end))
		replace(ts, side, i, from, to, data, o);
	return differs;
}

static bool has_room(struct tcp_streams *ts, const struct tcp_side *side, uint32_t len)
{
	if (side->held_bytes + (uint64_t)len <= ts->cfg.flow_cap && side->held_count < TCP_SIDE_MAX_SEGMENTS)
		return true;
	ts->stats.flow_cap++;
	return false;
}

// Holds data at seq. Pieces already held that it overlaps are compared and settled by the policy.
// Returns false when some of it found no room.
bool tcp_segment_hold(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x, uint32_t seq,
	const uint8_t *data, uint32_t len)
{
	struct tcp_side *side = &s->side[dir];
	struct origin o = {x->seq, x->seq + x->len};
	uint32_t prev[TCP_LEVELS], end = seq + len;
	bool met = false, differs = false, ok = true;

	if (!has_room(ts, side, len))
		return false;
	find(ts, side, seq, prev);
	uint32_t i = prev[0];
	if (!i || seq_leq(at(ts, i)->seq + at(ts, i)->len, seq))
		i = *link_of(ts, side, i, 0);
	for (uint32_t pos = seq; pos != end;) {
		if (!i || seq_geq(at(ts, i)->seq, end)) {
			ok &= insert(ts, side, pos, data + (pos - seq), end - pos, o);
			break;
		}
		struct tcp_segment *g = at(ts, i);
		uint32_t next = g->next[0], g_end = g->seq + g->len;
		if (seq_gt(g->seq, pos)) {
			ok &= insert(ts, side, pos, data + (pos - seq), g->seq - pos, o);
			pos = g->seq;
		}
		uint32_t to = seq_min(g_end, end);
		met = true;
		differs |= settle_overlap(ts, side, i, pos, to, data + (pos - seq), o);
		pos = to;
		i = next;
	}
	ts->stats.early++;
	ts->stats.overlaps += met;
	if (differs) {
		ts->stats.overlap_differs++;
		tcp_note(ts, x, STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA);
	}
	if (!ok)
		ts->stats.no_segment++;
	return ok;
}

// Hands on the first held piece, after a gap where it does not begin at the edge.
static void hand_first(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[dir];
	uint32_t i = pop_first(ts, side);
	struct tcp_segment *g = at(ts, i);
	uint32_t gap = g->seq - side->edge;

	if (gap) {
		ts->stats.gaps++;
		ts->stats.gap_bytes += gap;
		side->gap_bytes += gap;
		tcp_note(ts, x, STREAM_REASSEMBLY_SEQ_GAP);
	}
	if (g->urgent == TCP_URGENT_OOB) {
		if (gap)
			tcp_hand(ts, s, dir, x, bytes_of(ts, g), 0, gap, STREAM_EARLY);
		side->edge++; // the byte has its sequence number, but no place in the stream
	} else if (g->urgent == TCP_URGENT_GAP) {
		tcp_hand(ts, s, dir, x, bytes_of(ts, g), 0, gap + 1, STREAM_EARLY);
	} else {
		tcp_hand(ts, s, dir, x, bytes_of(ts, g), g->len, gap, STREAM_EARLY);
	}
	free_piece(ts, i);
}

// Hands on all that is in order now.
static void drain(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[dir];

	while (side->first[0]) {
		uint32_t next = at(ts, side->first[0])->seq;
		// a hole that the receiver has acknowledged past was lost on its way to us alone
		// (with one side only there is no acknowledgement: a little patience instead)
		bool lost = s->flags & SSN_ASYNC ? side->held_count > ASYNC_PATIENCE : seq_geq(side->last_ack, next);
		if (next != side->edge && !lost)
			break;
		hand_first(ts, s, dir, x);
	}
}

void tcp_acked(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[dir];

	if (side->first[0])
		drain(ts, s, dir, x);
	tcp_fin_if_due(ts, s, dir, x);
	if (!ts->want_acks || side->flags & SIDE_DONE)
		return;
	uint64_t acked = side->offset + (uint64_t)(int64_t)seq_diff(side->last_ack, side->edge);
	if (acked <= side->acked_told || acked > side->offset)
		return;
	side->acked_told = acked;
	for (uint32_t i = 0; i < ts->consumer_count; i++) {
		const struct stream_consumer *c = &ts->consumer[i];
		if (!c->on_ack || side->done & 1u << i)
			continue;
		if (c->on_ack(c->arg, s->flow, s->cold, dir, acked, x->p, x->run) != STREAM_MORE) {
			side->done |= (uint8_t)(1u << i);
			side->unused[i] = 0;
		}
	}
	if (side->done == ts->all_done)
		tcp_side_done(ts, s, dir);
}

void tcp_fin_if_due(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[dir];

	if ((side->flags & (SIDE_FIN | SIDE_FIN_TOLD)) != SIDE_FIN || side->first[0])
		return;
	uint32_t gap = side->fin_seq - side->edge;
	if (gap && !seq_gt(side->last_ack, side->fin_seq)) // bytes before the FIN may still come
		return;
	if (gap) {
		ts->stats.gaps++;
		ts->stats.gap_bytes += gap;
		side->gap_bytes += gap;
		tcp_note(ts, x, STREAM_REASSEMBLY_SEQ_GAP);
	}
	side->flags |= SIDE_FIN_TOLD;
	tcp_hand(ts, s, dir, x, x->payload, 0, gap, STREAM_FIN);
}

void tcp_flush(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[dir];

	while (side->first[0])
		hand_first(ts, s, dir, x);
}

// Where in a segment the glimpses lie.
static uint32_t glimpse_at(uint32_t len, uint32_t i)
{
	return i == 0 ? 0 : i == 1 ? (len - TCP_GLIMPSE_BYTES) / 2 : len - TCP_GLIMPSE_BYTES;
}

static void remember(struct tcp_side *side, uint32_t seq, const uint8_t *data, uint32_t len)
{
	struct tcp_glimpse *g = &side->seen[side->glimpses++ % TCP_GLIMPSES];

	g->seq = seq;
	g->len = len;
	if (len < TCP_GLIMPSE_BYTES) {
		memcpy(&g->word[0], data, len);
		return;
	}
	for (uint32_t i = 0; i < 3; i++)
		memcpy(&g->word[i], data + glimpse_at(len, i), TCP_GLIMPSE_BYTES);
}

// True where the segment has other bytes than a glimpse of what was handed on.
static bool contradicts(const struct tcp_glimpse *g, uint32_t seq, const uint8_t *data, uint32_t len)
{
	uint32_t n = g->len < TCP_GLIMPSE_BYTES ? g->len : TCP_GLIMPSE_BYTES;

	for (uint32_t i = 0; i < 3 && n; i++) {
		uint32_t at_seq = g->seq + (g->len < TCP_GLIMPSE_BYTES ? 0 : glimpse_at(g->len, i));
		uint32_t off = at_seq - seq;
		const uint8_t *word = (const uint8_t *)&g->word[i];
		uint32_t skip = seq_lt(at_seq, seq) ? seq - at_seq : 0;
		if (skip >= n || (!skip && off >= len))
			continue;
		uint32_t from = skip ? 0 : off, size = n - skip;
		if (size > len - from)
			size = len - from;
		if (memcmp(word + skip, data + from, size) != 0)
			return true;
		if (g->len < TCP_GLIMPSE_BYTES)
			break;
	}
	return false;
}

static void compare_with_seen(struct tcp_streams *ts, struct tcp_side *side, struct tcp_rx *x, uint32_t seq,
	const uint8_t *data, uint32_t len)
{
	for (uint32_t i = 0; i < TCP_GLIMPSES; i++) {
		if (!contradicts(&side->seen[i], seq, data, len))
			continue;
		ts->stats.overlap_differs++;
		tcp_note(ts, x, STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA);
		return;
	}
}

void tcp_repeated(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[x->dir];

	side->retransmits++;
	ts->stats.retransmitted++;
	compare_with_seen(ts, side, x, x->seq, x->payload, x->len);
}

// Payload that is next in order, where it lies in its packet.
void tcp_in_place(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x, const uint8_t *data, uint32_t len)
{
	struct tcp_side *side = &s->side[x->dir];

	ts->stats.in_order++;
	remember(side, side->edge, data, len);
	tcp_hand(ts, s, x->dir, x, data, len, 0, 0);
}

// Nobody wants these bytes: only the position moves.
static void count_only(struct tcp_side *side, uint32_t end)
{
	if (seq_gt(end, side->edge)) {
		side->offset += end - side->edge;
		side->edge = end;
	}
}

// There was no room to settle an overlap: what is next in order goes on, up to the first held piece.
static void hand_refused(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x, uint32_t seq,
	const uint8_t *data, uint32_t len)
{
	struct tcp_side *side = &s->side[x->dir];

	if (seq != side->edge)
		return;
	if (side->first[0] && at(ts, side->first[0])->seq - seq < len)
		len = at(ts, side->first[0])->seq - seq;
	if (len)
		tcp_hand(ts, s, x->dir, x, data, len, 0, 0);
}

// Urgent data out of line (RFC 6093 section 3): the marked byte is held as a piece of its own.
static bool hold_urgent(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x, uint32_t seq,
	const uint8_t *data, uint32_t len)
{
	struct tcp_side *side = &s->side[x->dir];
	uint32_t mark = x->seq + x->urgent - 1u, before = mark - seq, prev[TCP_LEVELS];

	if (before >= len) // delivered before
		return tcp_segment_hold(ts, s, x->dir, x, seq, data, len);
	bool ok = !before || tcp_segment_hold(ts, s, x->dir, x, seq, data, before);
	if (ok && tcp_segment_hold(ts, s, x->dir, x, mark, data + before, 1)) {
		find(ts, side, mark, prev);
		struct tcp_segment *g = at(ts, *link_of(ts, side, prev[0], 0));
		if (g->seq == mark && g->len == 1)
			g->urgent = x->urgent_policy;
	}
	if (before + 1 < len)
		ok &= tcp_segment_hold(ts, s, x->dir, x, mark + 1, data + before + 1, len - before - 1);
	return ok;
}

static bool hold(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x, uint32_t seq, const uint8_t *data,
	uint32_t len)
{
	if (x->urgent_policy != TCP_URGENT_INLINE)
		return hold_urgent(ts, s, x, seq, data, len);
	return tcp_segment_hold(ts, s, x->dir, x, seq, data, len);
}

void tcp_payload(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[x->dir];
	uint32_t seq = x->seq, len = x->len, end = seq + len;
	const uint8_t *data = x->payload;

	if (side->flags & SIDE_DONE) {
		count_only(side, end);
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
	if (seq == side->edge && x->urgent_policy == TCP_URGENT_INLINE &&
		(!side->first[0] || seq_geq(at(ts, side->first[0])->seq, end))) {
		tcp_in_place(ts, s, x, data, len);
	} else if (!hold(ts, s, x, seq, data, len)) {
		tcp_note(ts, x, STREAM_REASSEMBLY_NO_SEGMENT);
		hand_refused(ts, s, x, seq, data, len);
	}
	drain(ts, s, x->dir, x);
}
