// How flows end: timers, the sweep behind tick and flush, and the flow's record.
//
// There is no timer list. A flow's timer word lies in its bucket beside its tag, so that a packet pays
// nothing for it; `due` says for every 16 buckets when the first of their timers is due, so that a tick
// reads 4 bytes per 240 flows and opens only groups where something is. Next: flow_state.c.
#include "dataplane/api/app_proto.h"
#include "dataplane/flow_internal.h"

#include <string.h>

#include "dataplane/event_ring.h"

// Free slots of the event ring below which tick and flush wait: the record and what on_end may say.
#define ROOM_SLOTS 1024u

static inline uint64_t unit_of(uint64_t ns)
{
	return ns >> FLOW_TIMER_UNIT_BITS;
}

void flow_timer_start(struct flow_table *t, uint64_t now_ns)
{
	t->started = true;
	t->base = unit_of(now_ns);
}

// The unit in which a deadline falls, within what a timer word can say.
static inline uint64_t timer_unit(const struct flow_table *t, uint64_t deadline_ns)
{
	uint64_t unit = unit_of(deadline_ns);

	if (unit < t->base)
		return t->base;
	return unit - t->base > FLOW_TIMER_MASK ? t->base + FLOW_TIMER_MASK : unit;
}

static inline void lower_due(struct flow_table *t, const struct flow_bucket *b, uint64_t unit)
{
	uint16_t *due = &t->due[flow_bucket_number(t, b) / FLOW_GROUP];

	if (*due == FLOW_DUE_NONE || unit - t->base < ((*due - t->base) & FLOW_TIMER_MASK))
		*due = unit & FLOW_TIMER_MASK;
	if (unit < t->next_due)
		t->next_due = unit;
}

// Sets a flow's timer word anew. Returns the unit in it.
static inline uint64_t write_timer(
	struct flow_table *t, struct flow_bucket *b, uint32_t way, const struct flow *f, uint16_t away)
{
	uint64_t unit = timer_unit(t, flow_deadline(t, f));

	b->timer[way] = (uint16_t)(flow_rank_of(f) | away | (unit & FLOW_TIMER_MASK));
	return unit;
}

void flow_timer_set(struct flow_table *t, struct flow_bucket *b, uint32_t way, const struct flow *f, bool away)
{
	lower_due(t, b, write_timer(t, b, way, f, away ? FLOW_TIMER_AWAY : 0));
}

void flow_timer_move(struct flow_table *t, const struct flow *f)
{
	struct flow_bucket *b = flow_bucket_of(t, f);
	uint32_t way = flow_way(t, f);

	lower_due(t, b, write_timer(t, b, way, f, b->timer[way] & FLOW_TIMER_AWAY));
}

void flow_set_state(struct flow_table *t, struct flow *f, enum flow_state state)
{
	if (f->state == state)
		return;
	f->state = (uint8_t)state;
	flow_timer_move(t, f);
}

void flow_fill_app(const struct flow_table *t, const struct flow *f, struct event *ev)
{
	const struct flow_cold *c = flow_cold_of(t, f);

	if (c) {
		ev->app_proto = c->app_proto;
		memcpy(ev->app_dir, c->app_dir, sizeof(ev->app_dir));
		ev->app_orig = c->app_orig;
		ev->app_expected = c->app_expected;
	}
	if (!ev->app_proto && f->flags & FLOW_APP_QUIET * 3u)
		ev->app_proto = APP_FAILED;
}

static void fill_record(const struct flow_table *t, const struct flow *f, struct event *ev)
{
	const struct flow_cold *c = flow_ends_of(t, f);

	ev->flags |= EVENT_HAS_FLOW;
	ev->flow_id = flow_key_id(f);
	flow_tuple(t, f, &ev->tuple);
	if (c) {
		ev->iface = c->iface;
		ev->vlan_count = c->vlan_count;
		memcpy(ev->vlan, c->vlan, sizeof(ev->vlan));
	}
	flow_fill_app(t, f, ev);
	for (uint32_t dir = 0; dir < 2; dir++) {
		ev->flow.counts.bytes[dir] = flow_bytes(f, dir);
		ev->flow.counts.pkts[dir] = flow_pkts(f, dir);
	}
	ev->flow.counts.start_ns = f->start_ns;
	ev->flow.end_ns = f->last_ns;
	ev->flow.state = f->state;
	ev->flow.tcp_state = f->tcp_state;
	if (f->proto == 6)
		memcpy(ev->flow.tcp_flags, f->tcp_flags, sizeof(f->tcp_flags));
	ev->flow.alerted = !!(f->flags & FLOW_ALERTED);
}

static void make_record(struct flow_table *t, const struct flow *f, const struct event_tcp *tcp,
	enum flow_end_reason reason, uint64_t ts_ns, uint64_t seq, struct event_sink *sink)
{
	struct event *ev = event_begin(sink, EVENT_FLOW, NULL, tcp ? sizeof(*tcp) : 0);

	if (!ev)
		return;
	fill_record(t, f, ev);
	ev->seq = seq;
	ev->ts_ns = ts_ns;
	ev->flow.reason = (uint8_t)reason;
	if (tcp) {
		memcpy(event_aux(ev), tcp, sizeof(*tcp));
		ev->aux_len = sizeof(*tcp);
	}
	event_commit(sink);
}

static void free_slot(struct flow_table *t, struct flow *f, struct flow_bucket *b, uint32_t way)
{
	struct flow_key k;

	if (b->timer[way] & FLOW_TIMER_AWAY) {
		flow_key_of_flow(&k, f, &t->seed);
		flow_key_scale(t, &k);
		flow_bucket1(t, &k)->away--;
	}
	b->tag[way] = FLOW_TAG_FREE;
	b->timer[way] = 0;
	f->state = FLOW_FREE;
	f->flags |= FLOW_GONE;
	t->counters.active--;
}

void flow_end_at(struct flow_table *t, struct flow_bucket *b, uint32_t way, enum flow_end_reason reason, uint64_t ts_ns,
	uint64_t seq, struct event_sink *sink)
{
	struct flow *f = flow_at(t, b, way);

	const struct event_tcp *tcp = NULL;

	if (t->on_end)
		tcp = t->on_end(t->on_end_arg, f, flow_cold_of(t, f), reason, seq);
	if (t->records)
		make_record(t, f, tcp, reason, ts_ns, seq, sink);
	t->counters.ended[reason]++;
	free_slot(t, f, b, way);
}

void flow_end_later(
	struct flow_table *t, struct flow *f, enum flow_end_reason reason, uint64_t ts_ns, const struct packet *p)
{
	flow_bucket_of(t, f)->tag[flow_way(t, f)] = FLOW_TAG_DYING;
	f->flags |= FLOW_GONE;
	t->dying[t->n_dying++] =
		(struct flow_dying){.slot = flow_slot(t, f), .reason = reason, .ts_ns = ts_ns, .seq = p->seq};
}

void flow_end_dying(struct flow_table *t, struct event_sink *sink)
{
	for (uint32_t i = 0; i < t->n_dying; i++) {
		const struct flow_dying *d = &t->dying[i];
		flow_end_at(t, flow_bucket_at(t, d->slot / FLOW_WAYS), d->slot % FLOW_WAYS,
			(enum flow_end_reason)d->reason, d->ts_ns, d->seq, sink);
	}
	t->n_dying = 0;
}

// What a sweep carries along.
struct sweep {
	uint64_t now_ns, seq;
	struct event_sink *sink;
	uint64_t target; // timers up to this unit are looked at
	uint64_t least;  // earliest timer left in the group
	uint32_t budget; // flows it may still end
	bool all;        // flush: every flow ends
};

static bool may_end(const struct flow_table *t, struct sweep *s)
{
	uint32_t slots, room;

	if (s->budget == 0)
		return false;
	if (s->all ? t->lossless_flush : t->lossless) {
		slots = event_ring_slots(s->sink->ring);
		room = slots / 2 < ROOM_SLOTS ? slots / 2 : ROOM_SLOTS;
		if (event_ring_free_slots(s->sink->ring) < room)
			return false;
	}
	s->budget--;
	return true;
}

// A flow whose timer is due: ends it when its deadline has come, else sets the timer anew.
// Returns false when the sweep must pause.
static bool look_at(struct flow_table *t, struct flow_bucket *b, uint32_t way, struct sweep *s)
{
	struct flow *f = flow_at(t, b, way);
	uint64_t deadline = flow_deadline(t, f);

	if (deadline > s->now_ns && !s->all) {
		uint64_t unit = write_timer(t, b, way, f, b->timer[way] & FLOW_TIMER_AWAY);
		s->least = unit < s->least ? unit : s->least;
		return true;
	}
	if (!may_end(t, s))
		return false;
	if (deadline <= s->now_ns)
		flow_end_at(t, b, way, FLOW_END_TIMEOUT, deadline, s->seq, s->sink);
	else
		flow_end_at(t, b, way, FLOW_END_SHUTDOWN, s->now_ns, s->seq, s->sink);
	return true;
}

static bool sweep_bucket(struct flow_table *t, struct flow_bucket *b, struct sweep *s)
{
	for (uint32_t i = 0; i < FLOW_WAYS; i++) {
		if (b->tag[i] == FLOW_TAG_FREE)
			continue;
		uint64_t unit = t->base + ((b->timer[i] - t->base) & FLOW_TIMER_MASK);
		if (unit > s->target && !s->all)
			s->least = unit < s->least ? unit : s->least;
		else if (!look_at(t, b, i, s))
			return false;
	}
	return true;
}

// Returns false when the sweep must pause; the group then stays due.
static bool sweep_group(struct flow_table *t, uint32_t g, struct sweep *s)
{
	uint32_t end = (g + 1) * FLOW_GROUP < t->n_buckets ? (g + 1) * FLOW_GROUP : t->n_buckets;

	s->least = UINT64_MAX;
	for (uint32_t i = g * FLOW_GROUP; i < end; i++)
		if (!sweep_bucket(t, flow_bucket_at(t, i), s))
			return false;
	t->due[g] = s->least == UINT64_MAX ? FLOW_DUE_NONE : s->least & FLOW_TIMER_MASK;
	return true;
}

// All groups that are due by s->target. Returns false when it must pause.
static bool sweep(struct flow_table *t, struct sweep *s)
{
	uint64_t next = UINT64_MAX;

	for (uint32_t g = 0; g < t->n_groups; g++) {
		if (t->due[g] == FLOW_DUE_NONE)
			continue;
		if (t->base + ((t->due[g] - t->base) & FLOW_TIMER_MASK) <= s->target || s->all) {
			if (!sweep_group(t, g, s))
				return false;
			if (t->due[g] == FLOW_DUE_NONE)
				continue;
		}
		uint64_t unit = t->base + ((t->due[g] - t->base) & FLOW_TIMER_MASK);
		next = unit < next ? unit : next;
	}
	t->next_due = next;
	return true;
}

// A timer word can say base..base + FLOW_TIMER_MASK, so time moves on in steps of half of that: a word
// set anew in a step is then still ahead of the next base.
bool flow_table_tick(struct flow_table *t, uint64_t now_ns, uint64_t seq, struct event_sink *sink)
{
	struct sweep s = {.now_ns = now_ns, .seq = seq, .sink = sink};
	uint64_t now_unit = unit_of(now_ns);

	s.budget = t->tick_budget ? t->tick_budget : UINT32_MAX;
	t->carriers_left = t->carriers_a_tick;
	flow_end_dying(t, sink);
	while (t->counters.active && t->next_due <= now_unit) {
		uint64_t step = t->base + FLOW_TIMER_MASK / 2;
		s.target = now_unit < step ? now_unit : step;
		if (!sweep(t, &s))
			return false;
		t->base = s.target > t->base ? s.target : t->base;
		if (s.target == now_unit)
			break;
	}
	if (!t->counters.active && now_unit > t->base)
		t->base = now_unit;
	return true;
}

bool flow_table_flush(struct flow_table *t, uint64_t now_ns, uint64_t seq, struct event_sink *sink)
{
	struct sweep s = {.now_ns = now_ns, .seq = seq, .sink = sink, .all = true, .budget = UINT32_MAX};

	flow_end_dying(t, sink);
	return sweep(t, &s);
}

bool flow_table_end(struct flow_table *t, struct flow *f, uint64_t now_ns, uint64_t seq, struct event_sink *sink)
{
	struct sweep s = {.sink = sink, .budget = 1};

	if (!may_end(t, &s))
		return false;
	t->counters.evicted[f->state]++;
	flow_end_at(t, flow_bucket_of(t, f), flow_way(t, f), FLOW_END_EVICTED, now_ns, seq, sink);
	return true;
}

void flow_table_rewind(struct flow_table *t)
{
	t->started = false;
	t->base = 0;
	t->next_due = UINT64_MAX;
}
