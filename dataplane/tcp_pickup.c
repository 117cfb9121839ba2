// Connections whose handshake was not seen, or not all of it: picked up in the middle, of one side only, captured in
// another order, or given up for want of memory. Who is the client is right all the same. Next: tcp_state.c.
#include "dataplane/tcp_session.h"

// The flow begins in the middle: numbers from this segment, windows unknown and taken to be large.
static struct tcp_session *session_midstream(struct tcp_streams *ts, struct tcp_rx *x, uint16_t flags)
{
	struct tcp_session *s = tcp_session_begin(ts, x);

	if (!s)
		return NULL;
	struct tcp_side *side = &s->side[x->dir], *peer = &s->side[!x->dir];
	s->flags |= flags;
	side->wscale = peer->wscale = TCP_MAX_WSCALE;
	side->isn = x->seq - 1;
	side->next_seq = side->edge = side->last_ack = x->seq;
	side->window = (uint32_t)UINT16_MAX << TCP_MAX_WSCALE;
	side->next_win = x->seq + side->window;
	peer->isn = x->ack - 1;
	peer->next_seq = peer->edge = peer->last_ack = x->ack;
	peer->window = x->win << TCP_MAX_WSCALE;
	peer->next_win = x->ack + peer->window;
	if (x->has_ts)
		s->flags |= SSN_TIMESTAMPS;
	ts->stats.midstream++;
	x->p->flow->flags |= FLOW_MIDSTREAM;
	return s;
}

// The first packet came from the server: the flow turns, so that [0] is the client.
void tcp_turn_flow(struct tcp_streams *ts, struct tcp_rx *x)
{
	struct flow *f = x->p->flow;
	struct flow swapped = *f;

	for (int d = 0; d < 2; d++) {
		swapped.bytes[d] = f->bytes[!d];
		swapped.pkts[d] = f->pkts[!d];
		if (!(f->flags & FLOW_IPV6)) // there a digest without direction
			swapped.addr[d] = f->addr[!d];
		swapped.port[d] = f->port[!d];
		swapped.tcp_flags[d] = f->tcp_flags[!d];
	}
	for (uint16_t i = ts->at; i < ts->to; i++) // the flow stage has judged the rest of the burst
		if (ts->burst->list[i]->flow == f)
			ts->burst->list[i]->dir ^= 1;
	*f = swapped;
	if (f->flags & FLOW_COLD_SET) {
		struct flow_cold *cold = flow_cold_get(ts->flows, f);
		union ip_addr a = cold->addr[0];
		cold->addr[0] = cold->addr[1];
		cold->addr[1] = a;
	}
	x->p->dir ^= 1;
	x->dir = x->p->dir;
}

// A client's port is its system's choice (RFC 6335: 49152 and up, in practice 1024 and up), a
// service's port is not.
static bool sent_by_server(const struct packet *p)
{
	return p->sport < 1024 && p->dport >= 1024;
}

enum tcp_verdict tcp_pick_up(struct tcp_streams *ts, struct tcp_rx *x)
{
	bool syn_ack = x->flags & TCP_SYN;

	if (!ts->cfg.midstream && !(ts->cfg.async_oneside && syn_ack)) {
		if (syn_ack)
			tcp_half_put_answer(ts, x->p->flow, x);
		return TCP_SKIP;
	}
	if (x->dir == DIR_TO_SERVER && (syn_ack || sent_by_server(x->p)))
		tcp_turn_flow(ts, x);
	struct tcp_session *s = session_midstream(ts, x, SSN_MIDSTREAM);
	if (!s)
		return TCP_SKIP;
	if (!syn_ack) {
		tcp_set_state(ts, s, TCP_ESTABLISHED);
		tcp_take(ts, s, x);
		return TCP_TAKE;
	}
	struct tcp_side *srv = &s->side[x->dir];
	srv->isn = x->seq;
	srv->next_seq = srv->edge = srv->last_ack = x->seq + 1;
	s->flags |= SSN_MIDSTREAM_SYNACK;
	tcp_set_state(ts, s, TCP_SYN_RECV);
	tcp_half_open_enter(ts, s);
	return TCP_TAKE;
}

// SYN seen, then a segment of the same side that acknowledges a SYN/ACK we do not see.
enum tcp_verdict tcp_async_ack(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	struct tcp_syn syn;

	if (!ts->cfg.async_oneside || x->dir != DIR_TO_SERVER)
		return TCP_SKIP;
	if (!s && tcp_half_find_next(ts, x->p->flow, x->seq, &syn) == TCP_SYN_OTHER) {
		tcp_note(ts, x, STREAM_3WHS_ASYNC_WRONG_SEQ);
		return TCP_REJECT;
	}
	if (!s)
		s = tcp_session_from_syn(ts, x, x->seq);
	if (!s)
		return TCP_SKIP;
	if (x->seq != s->side[0].next_seq) {
		tcp_note(ts, x, STREAM_3WHS_ASYNC_WRONG_SEQ);
		return TCP_REJECT;
	}
	s->flags |= SSN_ASYNC;
	s->side[0].window = UINT16_MAX;
	s->side[0].next_win = x->seq + UINT16_MAX;
	tcp_server_from_syn_ack(s, x->ack - 1, UINT16_MAX, 0, (uint8_t)s->syn_opts & (uint8_t)~SYN_HAS_TS);
	tcp_set_state(ts, s, TCP_ESTABLISHED);
	tcp_take(ts, s, x);
	return TCP_TAKE;
}

// The half-open session gave way to others; the client's ACK brings the numbers again.
enum tcp_verdict tcp_resume(struct tcp_streams *ts, struct tcp_rx *x)
{
	struct tcp_session *s = session_midstream(ts, x, SSN_WSCALE_LIBERAL);

	if (!s)
		return TCP_SKIP;
	tcp_set_state(ts, s, TCP_ESTABLISHED);
	tcp_take(ts, s, x);
	return TCP_TAKE;
}

// The SYN/ACK was captured before the SYN it answers, and passed by: the client's ACK has its number.
enum tcp_verdict tcp_syn_ack_overtook(struct tcp_streams *ts, struct tcp_rx *x)
{
	struct tcp_syn syn;
	bool known = tcp_half_find_next(ts, x->p->flow, x->seq, &syn) == TCP_SYN_THIS;

	return known && syn.answered ? tcp_resume(ts, x) : tcp_async_ack(ts, NULL, x);
}
