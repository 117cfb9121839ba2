// What came early waits here: a skip list of pieces that never overlap. A piece that a later segment of the same burst
// releases is never copied. Next: tcp_overlap.c (who wins), tcp_segment.c (when it goes on).
#include "dataplane/tcp_held_first.h"

#include <string.h>

static uint32_t *link_of(const struct tcp_streams *ts, struct tcp_side *side, uint32_t i, uint32_t level)
{
	return i ? &tcp_segment_at(ts, i)->next[level] : &side->first[level];
}

// Where a piece's bytes belong once they are its own.
static uint8_t *room_of(const struct tcp_streams *ts, struct tcp_segment *g)
{
	if (g->where == TCP_BLOCK_LARGE)
		return tcp_pool_at(&ts->large, g->block);
	return g->where == TCP_BLOCK_SMALL ? tcp_pool_at(&ts->small, g->block) : g->bytes;
}

static uint8_t *own(const struct tcp_streams *ts, struct tcp_segment *g)
{
	uint8_t *room = room_of(ts, g);

	if (g->borrowed) {
		g->borrowed = false;
		memcpy(room, g->packet, g->len);
	}
	return room;
}

void tcp_held_own(struct tcp_streams *ts)
{
	for (uint32_t i = 0; i < ts->borrowed_count; i++)
		own(ts, tcp_segment_at(ts, ts->borrowed[i]));
	ts->borrowed_count = 0;
}

// The last piece before seq on every level.
static void find(const struct tcp_streams *ts, struct tcp_side *side, uint32_t seq, uint32_t prev[TCP_LEVELS])
{
	uint32_t i = TCP_NIL;

	for (int level = TCP_LEVELS - 1; level >= 0; level--) {
		uint32_t next = *link_of(ts, side, i, (uint32_t)level);
		while (next && seq_lt(tcp_segment_at(ts, next)->seq, seq)) {
			i = next;
			next = tcp_segment_at(ts, i)->next[level];
		}
		prev[level] = i;
	}
}

// Levels of a new piece: one in eight goes a level up. The high bits of a 64-bit linear congruential generator (Knuth's
// MMIX constants), whose state an attacker does not see.
static inline uint8_t draw_level(struct tcp_streams *ts)
{
	uint64_t r = ts->random * 6364136223846793005u + 1442695040888963407u;

	ts->random = r;
	if (likely(r >> 61))
		return 1;
	return r >> 58 ? 2 : r >> 55 ? 3 : 4;
}
_Static_assert(TCP_LEVELS == 4, "as many levels as are drawn");

// A record with room for len bytes, or TCP_NIL when the pools are empty.
static inline uint32_t new_piece(struct tcp_streams *ts, uint32_t len)
{
	uint32_t i = tcp_pool_take(&ts->segments);

	if (i == TCP_NIL)
		return TCP_NIL;
	struct tcp_segment *g = tcp_segment_at(ts, i);
	g->urgent = 0;
	g->borrowed = false;
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

// Bytes of a segment on their way into a piece.
struct source {
	const uint8_t *data;
	uint32_t start, end; // of the segment they came in
	bool borrow;         // data lies in a packet of the burst
};

static inline void fill(
	struct tcp_streams *ts, struct tcp_segment *g, uint32_t i, const struct source *from, uint32_t len)
{
	g->len = (uint16_t)len;
	g->origin = from->start;
	g->origin_end = from->end;
	if (!from->borrow || g->where == TCP_BLOCK_INLINE || ts->borrowed_count == TCP_MAX_BORROWED) {
		memcpy(room_of(ts, g), from->data, len);
		return;
	}
	g->borrowed = true;
	g->packet = from->data;
	ts->borrowed[ts->borrowed_count++] = i;
}

// Puts one piece of at most TCP_LARGE_BYTES between its neighbours. prev: from find() for seq.
static __rte_always_inline bool insert_at(struct tcp_streams *ts, struct tcp_side *side, uint32_t prev[TCP_LEVELS],
	uint32_t seq, const struct source *from, uint32_t len)
{
	uint32_t i = side->held_count < TCP_SIDE_MAX_SEGMENTS ? new_piece(ts, len) : TCP_NIL;

	if (i == TCP_NIL)
		return false;
	struct tcp_segment *g = tcp_segment_at(ts, i);
	g->seq = seq;
	g->level = draw_level(ts);
	fill(ts, g, i, from, len);
	for (uint32_t level = 0; level < g->level; level++) {
		uint32_t *link = link_of(ts, side, prev[level], level);
		g->next[level] = *link;
		*link = i;
		prev[level] = i;
	}
	side->held_count++;
	side->flags |= SIDE_HOLDS;
	side->held_bytes += len;
	ts->stats.held_bytes += len;
	return true;
}

static bool insert(struct tcp_streams *ts, struct tcp_side *side, uint32_t seq, const struct source *from, uint32_t len)
{
	uint32_t prev[TCP_LEVELS];
	struct source rest = *from;

	find(ts, side, seq, prev);
	while (len) {
		uint32_t n = len < TCP_LARGE_BYTES ? len : TCP_LARGE_BYTES;
		if (!insert_at(ts, side, prev, seq, &rest, n))
			return false;
		seq += n;
		rest.data += n;
		len -= n;
	}
	return true;
}

void tcp_held_drop(struct tcp_streams *ts, struct tcp_side *side)
{
	while (side->first[0])
		tcp_held_free(ts, tcp_held_pop(ts, side));
}

void tcp_held_mark_urgent(struct tcp_streams *ts, struct tcp_side *side, uint32_t seq, uint8_t policy)
{
	uint32_t prev[TCP_LEVELS];

	find(ts, side, seq, prev);
	uint32_t i = *link_of(ts, side, prev[0], 0);
	if (i && tcp_segment_at(ts, i)->seq == seq && tcp_segment_at(ts, i)->len == 1)
		tcp_segment_at(ts, i)->urgent = policy;
}

static void resize(struct tcp_streams *ts, struct tcp_side *side, struct tcp_segment *g, uint32_t len)
{
	side->held_bytes += len - g->len;
	ts->stats.held_bytes += (uint64_t)len - g->len;
	g->len = (uint16_t)len;
}

static void change_origin(struct tcp_segment *g, const struct source *from)
{
	g->origin = from->start;
	g->origin_end = from->end;
}

// The new segment's bytes [from, to) replace those of a held piece. The piece is split so that each
// part remembers the segment it came in; without room for that the bytes alone are replaced.
static void replace(struct tcp_streams *ts, struct tcp_side *side, struct tcp_segment *g, uint32_t from, uint32_t to,
	const struct source *new)
{
	uint32_t end = g->seq + g->len;
	uint8_t *bytes = own(ts, g);
	struct source old = {bytes + (to - g->seq), g->origin, g->origin_end, false};
	bool split = to == end || insert(ts, side, to, &old, end - to);

	memcpy(bytes + (from - g->seq), new->data, to - from);
	if (!split)
		return;
	resize(ts, side, g, to - g->seq);
	if (from == g->seq) {
		change_origin(g, new);
		return;
	}
	resize(ts, side, g, from - g->seq);
	if (!insert(ts, side, from, new, to - from))
		resize(ts, side, g, to - g->seq);
}

// Where the new segment meets a held piece: compares, and lets the receiver's policy decide.
static bool settle_overlap(
	struct tcp_streams *ts, struct tcp_side *side, uint32_t i, uint32_t from, uint32_t to, const struct source *new)
{
	struct tcp_segment *g = tcp_segment_at(ts, i);
	bool differs = memcmp(tcp_held_bytes(ts, g) + (from - g->seq), new->data, to - from) != 0;

	if (tcp_new_wins(side->policy, g->origin, g->origin_end, new->start, new->end))
		replace(ts, side, g, from, to, new);
	return differs;
}

static bool has_room(struct tcp_streams *ts, const struct tcp_side *side, uint32_t len)
{
	if (side->held_bytes + (uint64_t)len <= ts->cfg.flow_cap && side->held_count < TCP_SIDE_MAX_SEGMENTS)
		return true;
	ts->stats.flow_cap++;
	return false;
}

// [seq, end) piece by piece, from the first held one that may overlap it.
static bool put_among(struct tcp_streams *ts, struct tcp_side *side, struct tcp_rx *x, uint32_t i, uint32_t seq,
	uint32_t end, struct source *from)
{
	uint32_t met = 0;
	bool differs = false, ok = true;

	while (seq != end) {
		struct tcp_segment *g = i ? tcp_segment_at(ts, i) : NULL;
		bool meets = g && seq_leq(g->seq, seq);
		uint32_t next = g ? g->next[0] : TCP_NIL;
		uint32_t to = !g ? end : seq_min(end, meets ? g->seq + g->len : g->seq);
		if (meets) {
			met += to - seq;
			differs |= settle_overlap(ts, side, i, seq, to, from);
			i = next;
		} else {
			ok &= insert(ts, side, seq, from, to - seq);
		}
		from->data += to - seq;
		seq = to;
	}
	if (met) {
		ts->stats.overlaps++;
		tcp_path_again(ts, side, met);
	}
	if (differs) {
		ts->stats.overlap_differs++;
		tcp_note(ts, x, STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA);
	}
	return ok;
}

bool tcp_held_put(struct tcp_streams *ts, struct tcp_side *side, struct tcp_rx *x, uint32_t seq, const uint8_t *data,
	uint32_t len)
{
	struct source from = {data, x->seq, x->seq + x->len, true};
	uint32_t prev[TCP_LEVELS] = {TCP_NIL}, end = seq + len;
	bool ok;

	if (!has_room(ts, side, len))
		return false;
	if (side->first[0] && seq_lt(tcp_segment_at(ts, side->first[0])->seq, seq))
		find(ts, side, seq, prev);
	uint32_t i = prev[0], next = *link_of(ts, side, i, 0);
	bool apart = (!i || seq_leq(tcp_segment_at(ts, i)->seq + tcp_segment_at(ts, i)->len, seq));
	if (apart && (!next || seq_geq(tcp_segment_at(ts, next)->seq, end)) && len <= TCP_LARGE_BYTES)
		ok = insert_at(ts, side, prev, seq, &from, len);
	else
		ok = put_among(ts, side, x, apart ? next : i, seq, end, &from);
	ts->stats.early++;
	if (!ok)
		ts->stats.no_segment++;
	return ok;
}
