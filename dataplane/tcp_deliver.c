// Hands bytes, gaps and ends to the consumers, and keeps what they leave unused.
#include "dataplane/tcp_deliver.h"

#include <string.h>

static struct tcp_keep *keep_of(const struct tcp_streams *ts, uint32_t handle)
{
	return handle ? tcp_pool_at(&ts->keep[handle & 3], handle >> 2) : NULL;
}

void tcp_keep_drop(struct tcp_streams *ts, struct tcp_side *side)
{
	if (side->keep)
		tcp_pool_give(&ts->keep[side->keep & 3], side->keep >> 2);
	side->keep = TCP_NIL;
	side->flags &= (uint16_t)~SIDE_UNUSED;
	memset(side->unused, 0, sizeof(side->unused));
}

// A buffer for at least `room` bytes, of the smallest class that has one free. Returns its handle.
static uint32_t keep_new(struct tcp_streams *ts, uint32_t room)
{
	for (uint32_t c = 0; c < TCP_KEEP_CLASSES; c++) {
		if (ts->keep[c].block_bytes - sizeof(struct tcp_keep) < room)
			continue;
		uint32_t i = tcp_pool_take(&ts->keep[c]);
		if (i == TCP_NIL)
			continue;
		struct tcp_keep *k = tcp_pool_at(&ts->keep[c], i);
		k->from = k->to = 0;
		return i << 2 | c;
	}
	return TCP_NIL;
}

// Puts data behind the kept bytes. False when no buffer is large enough: the kept bytes are lost.
static bool keep_append(struct tcp_streams *ts, struct tcp_side *side, const uint8_t *data, uint32_t len)
{
	struct tcp_keep *k = keep_of(ts, side->keep);
	uint32_t have = k->to - k->from;
	uint32_t room = ts->keep[side->keep & 3].block_bytes - (uint32_t)sizeof(*k);

	if (k->to + len > room && have + len <= room) {
		memmove(k->bytes, k->bytes + k->from, have);
		k->from = 0;
		k->to = have;
	} else if (have + len > room) {
		uint32_t bigger = keep_new(ts, have + len);
		if (bigger == TCP_NIL)
			return false;
		struct tcp_keep *n = keep_of(ts, bigger);
		memcpy(n->bytes, k->bytes + k->from, have);
		n->to = have;
		tcp_pool_give(&ts->keep[side->keep & 3], side->keep >> 2);
		side->keep = bigger;
		k = n;
	}
	memcpy(k->bytes + k->to, data, len);
	k->to += len;
	return true;
}

// What a consumer said of a view that was not simply used up.
static void take_verdict(struct tcp_streams *ts, struct tcp_session *s, uint32_t i, const struct stream_view *v,
	enum stream_verdict verdict)
{
	struct tcp_side *side = &s->side[v->dir];
	uint32_t left = v->used < v->len ? v->len - v->used : 0;

	if (left > STREAM_KEEP_MAX) {
		ts->stats.keep_overflow++;
		left = STREAM_KEEP_MAX;
	}
	side->unused[i] = left;
	if (ts->on_unused >> i & 1)
		side->ask_at = side->edge - v->len + v->patience;
	bool stays = left && ts->consumer[i].on_unused && (v->flags & STREAM_LAST) == STREAM_FIN;
	if (verdict != STREAM_MORE || (v->flags & STREAM_LAST && !stays)) {
		side->done |= (uint8_t)(1u << i);
		side->unused[i] = 0;
	}
	if (verdict == STREAM_DONE_BOTH)
		s->side[!v->dir].done |= (uint8_t)(1u << i);
}

static const uint8_t *kept_end(const struct tcp_streams *ts, const struct tcp_side *side)
{
	const struct tcp_keep *k = keep_of(ts, side->keep);

	return k->bytes + k->to;
}

// Asks those who have left bytes unused about them again. end: behind the last of them. False: all stays as it is.
static bool ask(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, const struct packet *p,
	struct detector_run *run, const uint8_t *end, uint16_t flags)
{
	struct tcp_side *side = &s->side[dir];
	bool changed = false;

	flags |= STREAM_KEPT | (side->flags & SIDE_FIN_TOLD ? STREAM_FIN : 0) |
		 (s->flags & SSN_MIDSTREAM ? STREAM_MIDSTREAM : 0);
	for (uint32_t later = ts->on_unused & (uint8_t)~side->done; later; later &= later - 1) {
		uint32_t i = (uint32_t)__builtin_ctz(later), left = side->unused[i];
		if (!left)
			continue;
		struct stream_view v = {.flow = s->flow,
			.cold = s->cold,
			.packet = p,
			.data = end - left,
			.len = left,
			.used = left,
			.offset = side->offset - left,
			.acked = tcp_acked_offset(side),
			.flags = flags,
			.dir = dir,
			.run = run};
		enum stream_verdict verdict = ts->consumer[i].on_unused(ts->consumer[i].arg, &v);
		side->ask_at = side->edge - left + v.patience;
		if (verdict == STREAM_MORE && !v.used)
			continue;
		take_verdict(ts, s, i, &v, verdict);
		changed = true;
	}
	return changed;
}

static uint32_t most_unused(const struct tcp_streams *ts, const struct tcp_side *side)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < ts->consumer_count; i++)
		most = side->unused[i] > most ? side->unused[i] : most;
	return most;
}

// After the consumers: keeps the bytes that one of them still wants, at most STREAM_KEEP_MAX. v: the view they have
// had.
static void keep_rest(struct tcp_streams *ts, struct tcp_session *s, const struct stream_view *v)
{
	struct tcp_side *side = &s->side[v->dir];
	uint32_t most = most_unused(ts, side);
	struct tcp_keep *k = keep_of(ts, side->keep);

	side->flags = (uint16_t)((side->flags & ~SIDE_UNUSED) | (most ? SIDE_UNUSED : 0));
	if (!most) {
		if (k)
			tcp_keep_drop(ts, side);
		return;
	}
	if (k) {
		k->from = k->to - most;
		return;
	}
	side->keep = keep_new(ts, most); // nothing was kept before: all of it lies at the end of data
	if (side->keep == TCP_NIL) {
		ts->stats.keep_overflow++;
		ask(ts, s, v->dir, v->packet, v->run, v->data + v->len, STREAM_FORCED);
		return; // what is left of unused[] stays: the next call tells the loss as a gap
	}
	k = keep_of(ts, side->keep);
	memcpy(k->bytes, v->data + v->len - most, most);
	k->to = most;
}

// One consumer's view of what is new; unused bytes of before come first.
static void offer(struct tcp_streams *ts, struct tcp_session *s, uint32_t i, const struct stream_view *fresh)
{
	struct tcp_side *side = &s->side[fresh->dir];
	struct tcp_keep *k = keep_of(ts, side->keep);
	struct stream_view v = *fresh;
	uint32_t before = side->unused[i];

	if (before && k) {
		v.data = k->bytes + k->to - v.len - before;
		v.len += before;
		v.offset -= before;
		v.flags |= STREAM_KEPT;
	} else if (before) {
		v.gap += before;
		v.flags |= STREAM_FORCED;
	}
	v.used = v.len;
	take_verdict(ts, s, i, &v, ts->consumer[i].on_data(ts->consumer[i].arg, &v));
}

const uint8_t *tcp_stream_left(const struct tcp_streams *ts, const struct flow_cold *cold, uint8_t dir, uint32_t *len)
{
	const struct tcp_side *side = cold->tcp ? &cold->tcp->side[dir & 1] : NULL;
	const struct tcp_keep *k = side ? keep_of(ts, side->keep) : NULL;

	*len = k && !(side->flags & SIDE_DONE) ? side->unused[0] : 0;
	return *len ? k->bytes + k->to - *len : NULL;
}

void tcp_stream_take_left(struct flow_cold *cold, uint8_t dir, uint32_t used, bool done)
{
	struct tcp_side *side = &cold->tcp->side[dir & 1];

	side->unused[0] -= used < side->unused[0] ? used : side->unused[0];
	if (done) {
		side->done |= 1;
		side->unused[0] = 0;
	}
}

void tcp_side_done(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir)
{
	struct tcp_side *side = &s->side[dir];

	side->flags |= SIDE_DONE;
	tcp_held_drop(ts, side);
	tcp_keep_drop(ts, side);
	if (s->side[!dir].flags & SIDE_DONE)
		s->flow->flags |= FLOW_BYTES_DONE;
}

static void settle(struct tcp_streams *ts, struct tcp_session *s)
{
	for (uint8_t d = 0; d < 2; d++)
		if (s->side[d].done == ts->all_done && !(s->side[d].flags & SIDE_DONE))
			tcp_side_done(ts, s, d);
}

void tcp_ask_unused(struct tcp_streams *ts, struct tcp_session *s, const struct packet *p, struct detector_run *run)
{
	struct tcp_side *side = &s->side[p->dir];

	if (!side->keep || !ask(ts, s, p->dir, p, run, kept_end(ts, side), 0))
		return;
	struct stream_view v = {.packet = p, .run = run, .dir = p->dir};
	keep_rest(ts, s, &v);
	settle(ts, s);
}

void tcp_hand_on(struct tcp_streams *ts, struct tcp_session *s, struct stream_view *v, uint32_t left,
	enum stream_verdict verdict)
{
	for (;;) {
		uint32_t i = (uint32_t)__builtin_ctz(left);
		take_verdict(ts, s, i, v, verdict);
		left &= left - 1;
		if (!left)
			break;
		v->used = v->len;
		v->patience = 0;
		i = (uint32_t)__builtin_ctz(left);
		verdict = ts->consumer[i].on_data(ts->consumer[i].arg, v);
	}
	keep_rest(ts, s, v);
	settle(ts, s);
}

void tcp_in_place_busy(struct tcp_streams *ts, struct tcp_session *s, struct tcp_side *side, struct packet *p,
	struct detector_run *run, const uint8_t *data, uint32_t len)
{
	if (!(side->flags & (SIDE_TIMED | SIDE_HOLDS)))
		tcp_path_time(side, side->edge + len, len, p->ts_ns);
	if (side->flags & SIDE_DONE) {
		side->edge += len;
		side->offset += len;
		return;
	}
	if (tcp_is_plain(side, len, 0)) {
		tcp_hand_in_place(ts, s, side, p, run, data, len);
		return;
	}
	ts->stats.in_order++;
	tcp_glimpse_take(&side->seen[side->glimpses++ % TCP_GLIMPSES], side->edge, data, len);
	struct tcp_rx x = {.p = p, .run = run, .payload = data, .dir = p->dir};
	tcp_hand(ts, s, p->dir, &x, data, len, 0, 0);
}

// Cuts what lies behind the depth limit. Returns STREAM_DEPTH when something was cut.
static uint16_t cut_at_depth(
	struct tcp_streams *ts, struct tcp_side *side, struct tcp_rx *x, uint32_t *len, uint32_t *gap)
{
	uint64_t room = side->limit > side->offset ? side->limit - side->offset : 0;

	if ((uint64_t)*gap + *len <= room)
		return 0;
	if (*gap > room)
		*gap = (uint32_t)room;
	if (*len > room - *gap)
		*len = (uint32_t)(room - *gap);
	side->flags |= SIDE_DEPTH;
	ts->stats.depth_reached++;
	tcp_note(ts, x, STREAM_REASSEMBLY_DEPTH_REACHED);
	return STREAM_DEPTH;
}

void tcp_hand(struct tcp_streams *ts, struct tcp_session *s, uint8_t dir, struct tcp_rx *x, const uint8_t *data,
	uint32_t len, uint32_t gap, uint16_t flags)
{
	struct tcp_side *side = &s->side[dir];
	uint32_t advance = gap + len;

	if (side->flags & SIDE_DONE) {
		side->edge += advance;
		side->offset += advance;
		return;
	}
	if (!(flags & (uint16_t)~STREAM_EARLY) && !gap && tcp_is_plain(side, len, 0)) {
		tcp_hand_plain(ts, s, side, dir, x->p, x->run, data, len, flags);
		return;
	}
	struct stream_view v = {
		.flow = s->flow, .cold = s->cold, .packet = x->p, .data = data, .run = x->run, .dir = dir};
	flags |= cut_at_depth(ts, side, x, &len, &gap);
	if (!(side->flags & SIDE_STARTED))
		flags |= STREAM_START;
	side->flags |= SIDE_STARTED;
	if (s->flags & SSN_MIDSTREAM)
		flags |= STREAM_MIDSTREAM;
	if (gap && side->keep) {
		ask(ts, s, dir, x->p, x->run, kept_end(ts, side), STREAM_FORCED);
		tcp_keep_drop(ts, side);
	}
	if (side->keep && !keep_append(ts, side, data, len)) {
		ts->stats.keep_overflow++;
		ask(ts, s, dir, x->p, x->run, kept_end(ts, side), STREAM_FORCED);
		tcp_pool_give(&ts->keep[side->keep & 3], side->keep >> 2);
		side->keep = TCP_NIL;
	}
	v.len = len;
	v.gap = gap;
	v.flags = flags;
	v.offset = side->offset + gap;
	v.acked = tcp_acked_offset(side);
	side->edge += advance;
	side->offset += advance;
	for (uint32_t i = 0; i < ts->consumer_count; i++)
		if (!(side->done & 1u << i))
			offer(ts, s, i, &v);
	ts->stats.bytes += len;
	keep_rest(ts, s, &v);
	settle(ts, s);
}
