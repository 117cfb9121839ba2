// A handshake takes no session until its third packet. What the SYN and the SYN/ACK say fits into 32 bytes, and those
// lie in a ring: a flood of handshakes that nobody goes on with writes memory in order and waits for none. Next:
// tcp_syn_data.c.
#include "dataplane/tcp_opening.h"

#include "dataplane/flow_internal.h"
#include "dataplane/tcp_session.h"

#define SLOW_TURN_NS UINT64_C(1000000000)

uint32_t tcp_opening_records(uint64_t memcap)
{
	uint64_t want = memcap / 16 / sizeof(struct tcp_opening);
	uint32_t n = 64;

	while (n * 2ull <= want && n < 1u << 20)
		n *= 2;
	return n;
}

static inline uint32_t ordinal_of(const struct flow *f)
{
	return (uint32_t)(f->bytes[DIR_TO_CLIENT] >> 32);
}

struct tcp_opening *tcp_opening_of(const struct tcp_streams *ts, const struct flow *f)
{
	uint32_t n = ordinal_of(f), age = ts->opening_next - n;
	struct tcp_opening *o = &ts->opening[n & ts->opening_mask];

	return age - 1 <= ts->opening_mask && o->slot == flow_slot(ts->flows, f) ? o : NULL;
}

void tcp_opening_leave(struct flow *f)
{
	f->flags &= (uint16_t)~FLOW_OPENING;
	f->bytes[DIR_TO_CLIENT] &= UINT32_MAX;
}

// The record in this place goes: the handshake it is of must go on without.
static __attribute__((noinline)) void give_way(struct tcp_streams *ts, const struct tcp_opening *o, uint32_t ordinal)
{
	struct flow *f = &ts->flows->lines[o->slot];

	if (!(f->flags & FLOW_OPENING) || ordinal_of(f) != ordinal)
		return;
	if (f->tcp_state == TCP_SYN_RECV)
		tcp_opening_session(ts, f, NULL);
	else
		tcp_half_move(ts, f);
}

void tcp_opening_begin(struct tcp_streams *ts, struct flow *f, uint32_t isn, uint32_t tsval, uint32_t rest)
{
	uint32_t n = ts->opening_next;
	struct tcp_opening *o = &ts->opening[n & ts->opening_mask];

	if (!(n & ts->opening_mask)) {
		ts->opening_is_slow = f->last_ns - ts->opening_turned_ns >= SLOW_TURN_NS;
		ts->opening_turned_ns = f->last_ns;
	}
	if (ts->opening_is_slow)
		give_way(ts, o, n - ts->opening_mask - 1);
	ts->opening_next = n + 1;
	*o = (struct tcp_opening){
		.slot = flow_slot(ts->flows, f), .isn[DIR_TO_SERVER] = isn, .tsval[DIR_TO_SERVER] = tsval, .syn = rest};
	f->bytes[DIR_TO_CLIENT] = (f->bytes[DIR_TO_CLIENT] & UINT32_MAX) | (uint64_t)n << 32;
	f->flags |= FLOW_OPENING;
}

bool tcp_opening_answer(struct tcp_streams *ts, const struct tcp_rx *x)
{
	struct flow *f = x->p->flow;
	struct tcp_opening *o = f->flags & FLOW_OPENING ? tcp_opening_of(ts, f) : NULL;
	uint64_t after_ns = x->p->ts_ns - f->start_ns;

	if (!o || o->syn & HALF_DATA || x->len || x->ack != o->isn[DIR_TO_SERVER] + 1 || after_ns > UINT32_MAX)
		return false;
	o->answered_ns = (uint32_t)after_ns;
	o->isn[DIR_TO_CLIENT] = x->seq;
	o->tsval[DIR_TO_CLIENT] = x->tsval;
	o->win = (uint16_t)x->win;
	o->opts = x->opts;
	o->timed = x->p->nth[DIR_TO_SERVER] == 1;
	f->tcp_state = TCP_SYN_RECV;
	ts->stats.sessions++;
	return true;
}

struct tcp_session *tcp_opening_session(struct tcp_streams *ts, struct flow *f, struct packet *p)
{
	const struct tcp_opening *at = tcp_opening_of(ts, f);
	struct tcp_opening o = at ? *at : (struct tcp_opening){0};

	tcp_opening_leave(f);
	struct tcp_session *s = at ? tcp_session_new(ts, f, p) : NULL;
	if (!s)
		return NULL;
	struct tcp_syn syn = tcp_syn_of(o.isn[DIR_TO_SERVER], o.tsval[DIR_TO_SERVER], o.syn);
	s->syn_ns = f->start_ns;
	s->syns = syn.different;
	tcp_client_from_syn(s, syn.isn, syn.win, syn.tsval, syn.opts);
	tcp_server_from_syn_ack(s, o.isn[DIR_TO_CLIENT], o.win, o.tsval[DIR_TO_CLIENT], o.opts);
	s->synack_opts = o.opts;
	if (o.opts & SYN_HAS_TFO)
		s->flags |= SSN_TFO;
	tcp_path_syn_ack(s, f->start_ns + o.answered_ns, o.timed);
	s->state = TCP_SYN_RECV;
	tcp_half_open_enter(ts, s);
	return s;
}

bool tcp_opening_end(struct tcp_streams *ts, struct flow *f, struct event_tcp *out)
{
	const struct tcp_opening *o = f->tcp_state == TCP_SYN_RECV ? tcp_opening_of(ts, f) : NULL;

	tcp_opening_leave(f);
	if (!o)
		return false;
	*out = (struct event_tcp){0};
	if (o->syn & SYN_SEEN << HALF_OPTS_SHIFT)
		out->side[DIR_TO_SERVER].max_rwin_sent = o->syn & HALF_WIN_MASK;
	out->side[DIR_TO_CLIENT].max_rwin_sent = o->win;
	return true;
}
