// A connection from ESTABLISHED on: data, FIN, RST, and what does not belong there. State names are
// Suricata's: a FIN of the client makes CLOSE_WAIT, a FIN of the server FIN_WAIT1.
// Next: tcp_segment.c.
#include "dataplane/tcp_deliver.h"

// What a state calls an acknowledgement, a sequence number and a FIN that do not fit.
struct state_events {
	uint16_t bad_ack, bad_seq, bad_fin, bad_fin_ack;
	bool exact; // only the next sequence number fits
};

static const struct state_events events_of[TCP_CLOSED + 1] = {
	[TCP_SYN_RECV] = {STREAM_EST_INVALID_ACK, STREAM_EST_PACKET_OUT_OF_WINDOW, STREAM_FIN_OUT_OF_WINDOW,
		STREAM_FIN_INVALID_ACK, false},
	[TCP_ESTABLISHED] = {STREAM_EST_INVALID_ACK, STREAM_EST_PACKET_OUT_OF_WINDOW, STREAM_FIN_OUT_OF_WINDOW,
		STREAM_FIN_INVALID_ACK, false},
	[TCP_FIN_WAIT1] = {STREAM_FIN1_INVALID_ACK, STREAM_FIN1_ACK_WRONG_SEQ, STREAM_FIN1_FIN_WRONG_SEQ,
		STREAM_FIN1_INVALID_ACK, false},
	[TCP_FIN_WAIT2] = {STREAM_FIN2_INVALID_ACK, STREAM_FIN2_ACK_WRONG_SEQ, STREAM_FIN2_FIN_WRONG_SEQ,
		STREAM_FIN2_INVALID_ACK, false},
	[TCP_CLOSE_WAIT] = {STREAM_CLOSEWAIT_INVALID_ACK, STREAM_CLOSEWAIT_ACK_OUT_OF_WINDOW,
		STREAM_CLOSEWAIT_FIN_OUT_OF_WINDOW, STREAM_CLOSEWAIT_INVALID_ACK, false},
	[TCP_CLOSING] = {STREAM_CLOSING_INVALID_ACK, STREAM_CLOSING_ACK_WRONG_SEQ, STREAM_CLOSING_ACK_WRONG_SEQ,
		STREAM_CLOSING_INVALID_ACK, true},
	[TCP_LAST_ACK] = {STREAM_LASTACK_INVALID_ACK, STREAM_LASTACK_ACK_WRONG_SEQ, STREAM_LASTACK_ACK_WRONG_SEQ,
		STREAM_LASTACK_INVALID_ACK, true},
	[TCP_TIME_WAIT] = {STREAM_TIMEWAIT_INVALID_ACK, STREAM_TIMEWAIT_ACK_WRONG_SEQ, STREAM_TIMEWAIT_ACK_WRONG_SEQ,
		STREAM_TIMEWAIT_INVALID_ACK, true},
};

void tcp_set_state(struct tcp_streams *ts, struct tcp_session *s, uint8_t state)
{
	s->state = state;
	s->flow->tcp_state = state;
	if (state < TCP_ESTABLISHED)
		return;
	tcp_half_open_leave(ts, s);
	bool closed = state == TCP_TIME_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSED;
	flow_set_state(ts->flows, s->flow, closed ? FLOW_CLOSED : FLOW_ESTABLISHED);
}

// RFC 7323 section 4.3: only a segment that does not run ahead moves TS.Recent.
static void take_timestamp(struct tcp_session *s, const struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[x->dir];

	if (!(s->flags & SSN_TIMESTAMPS) || !x->has_ts)
		return;
	if (side->flags & SIDE_TS && (seq_gt(x->seq, side->next_seq) || seq_lt(x->tsval, side->last_ts)))
		return;
	side->last_ts = x->tsval;
	side->last_ts_at = tcp_clock(x->p->ts_ns);
	side->flags |= SIDE_TS;
}

// The peer's acknowledgement: what it has, and how much more it takes.
static void take_ack(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	struct tcp_side *peer = &s->side[!x->dir];

	if (peer->flags & SIDE_PROBED && seq_geq(x->ack, peer->next_seq) && seq_gt(x->ack, peer->last_ack)) {
		peer->flags &= (uint16_t)~SIDE_PROBED;
		tcp_note(ts, x, STREAM_EST_ACK_ZWP_DATA);
	}
	if (seq_geq(x->ack, peer->last_ack)) {
		uint32_t win = x->win << s->side[x->dir].wscale;
		tcp_path_window(&s->side[x->dir], win, peer->window);
		peer->window = win;
	}
	peer->last_ack = seq_max(peer->last_ack, x->ack);
	peer->next_win = seq_max(peer->next_win, peer->last_ack + peer->window);
	if (seq_gt(peer->last_ack, peer->next_seq)) // acknowledges what we did not see
		peer->next_seq = peer->last_ack;
	if (peer->flags & SIDE_TIMED && seq_geq(peer->last_ack, peer->timed_end))
		tcp_path_acked(ts, peer, x->p->ts_ns);
	if (x->sack_count)
		tcp_path_sack(ts, peer, x);
}

void tcp_take(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[x->dir];

	take_timestamp(s, x);
	if (x->len == 1 && !side->window && x->seq == side->next_seq)
		side->flags |= SIDE_PROBED;
	if (x->len)
		side->next_seq = seq_max(side->next_seq, x->seq + x->len);
	if (x->flags & TCP_ACK) {
		take_ack(ts, s, x);
		tcp_acked(ts, s, !x->dir, x);
	}
	if (x->len) {
		tcp_payload(ts, s, x);
		tcp_fin_if_due(ts, s, x->dir, x);
	}
}

static bool fin_acked(const struct tcp_session *s, uint8_t dir)
{
	return s->side[dir].flags & SIDE_FIN && seq_gt(s->side[dir].last_ack, s->side[dir].fin_seq);
}

// Where an acknowledgement leads when it covers a FIN (RFC 9293 figure 5, seen from between).
static void advance_closing(struct tcp_streams *ts, struct tcp_session *s)
{
	switch (s->state) {
	case TCP_FIN_WAIT1:
		if (fin_acked(s, DIR_TO_CLIENT))
			tcp_set_state(ts, s, TCP_FIN_WAIT2);
		break;
	case TCP_CLOSING:
		if (fin_acked(s, DIR_TO_CLIENT) || fin_acked(s, DIR_TO_SERVER))
			tcp_set_state(ts, s, TCP_TIME_WAIT);
		break;
	case TCP_LAST_ACK:
		if (fin_acked(s, DIR_TO_CLIENT))
			tcp_set_state(ts, s, TCP_CLOSED);
		break;
	case TCP_TIME_WAIT:
		if (fin_acked(s, DIR_TO_CLIENT) && fin_acked(s, DIR_TO_SERVER))
			tcp_set_state(ts, s, TCP_CLOSED);
		break;
	default:
		break;
	}
}

// A segment that ends before what the peer has acknowledged. Returns false when it is refused.
static bool check_old(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	if (s->state == TCP_ESTABLISHED) {
		if (x->seq + x->len == s->side[x->dir].last_ack)
			return true;
		tcp_note(ts, x, STREAM_EST_PKT_BEFORE_LAST_ACK);
		return false;
	}
	if (!x->len)
		return true;
	if (s->state == TCP_CLOSE_WAIT)
		tcp_note(ts, x, STREAM_CLOSEWAIT_PKT_BEFORE_LAST_ACK);
	tcp_note(ts, x, STREAM_PKT_RETRANSMISSION);
	return s->state != TCP_CLOSE_WAIT;
}

// Once both sides have closed only the next number fits, or what fills a hole before the FIN.
static bool fits_the_end(const struct tcp_side *side, const struct tcp_rx *x)
{
	if (x->seq == side->next_seq || x->seq + 1 == side->next_seq)
		return true;
	return x->len && side->flags & SIDE_FIN && seq_leq(x->seq + x->len, side->fin_seq) &&
	       seq_geq(x->seq, side->last_ack);
}

// Sequence numbers of data and pure acknowledgements.
static bool check_seq(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x, const struct state_events *ev)
{
	const struct tcp_side *side = &s->side[x->dir];

	if (seq_leq(x->seq + x->len, side->last_ack) && !(s->flags & SSN_ASYNC) && !check_old(ts, s, x))
		return false;
	if (x->repeated)
		return true;
	bool probe = x->len == 1 && !side->window && x->seq == side->next_seq;
	bool ok = ev->exact ? fits_the_end(side, x) : probe || tcp_in_window(s, x);
	if (!ok)
		tcp_note(ts, x, ev->bad_seq);
	return ok;
}

static enum tcp_verdict on_ack(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	const struct state_events *ev = &events_of[s->state];

	if (s->state == TCP_LAST_ACK && x->dir == DIR_TO_CLIENT && !x->len)
		return TCP_SKIP; // only the client's acknowledgement is waited for
	if (!tcp_check_timestamp(ts, s, x))
		return TCP_REJECT;
	if (!tcp_check_ack(ts, s, x)) {
		tcp_note(ts, x, ev->bad_ack);
		return TCP_REJECT;
	}
	if (!check_seq(ts, s, x, ev))
		return TCP_REJECT;
	if (x->repeated)
		return TCP_SKIP;
	s->flags |= SSN_CONFIRMED;
	tcp_take(ts, s, x);
	advance_closing(ts, s);
	return TCP_TAKE;
}

static uint8_t state_after_fin(const struct tcp_session *s, uint8_t dir)
{
	switch (s->state) {
	case TCP_SYN_RECV:
	case TCP_ESTABLISHED:
		return dir == DIR_TO_SERVER ? TCP_CLOSE_WAIT : TCP_FIN_WAIT1;
	case TCP_FIN_WAIT1:
		return fin_acked(s, DIR_TO_CLIENT) ? TCP_TIME_WAIT : TCP_CLOSING;
	case TCP_FIN_WAIT2:
		return TCP_TIME_WAIT;
	case TCP_CLOSE_WAIT:
		return TCP_LAST_ACK;
	default:
		return s->state;
	}
}

// RFC 5961 asks of a FIN what it asks of data: it must lie in the window.
static enum tcp_verdict on_fin(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[x->dir];
	const struct state_events *ev = &events_of[s->state];
	uint32_t fin = x->seq + x->len;
	bool again = side->flags & SIDE_FIN;

	if (!tcp_check_timestamp(ts, s, x))
		return TCP_REJECT;
	if (again ? fin != side->fin_seq
		  : seq_lt(fin, side->next_seq) ||
				(!tcp_in_window(s, x) && seq_gt(x->seq, side->last_ack + side->window))) {
		tcp_note(ts, x, ev->bad_fin);
		return TCP_REJECT;
	}
	if (!tcp_check_ack(ts, s, x)) {
		tcp_note(ts, x, ev->bad_fin_ack);
		return TCP_REJECT;
	}
	tcp_take(ts, s, x);
	if (!again) {
		side->flags |= SIDE_FIN;
		side->fin_seq = fin;
		side->next_seq = seq_max(side->next_seq, fin + 1);
		tcp_set_state(ts, s, state_after_fin(s, x->dir));
		tcp_fin_if_due(ts, s, x->dir, x);
	} else {
		advance_closing(ts, s);
	}
	return TCP_TAKE;
}

static enum tcp_verdict on_rst(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	if (s->state == TCP_CLOSED)
		return TCP_SKIP;
	if (!tcp_check_rst(ts, s, x))
		return TCP_REJECT;
	if (x->flags & TCP_ACK) {
		s->side[!x->dir].last_ack = seq_max(s->side[!x->dir].last_ack, x->ack);
		tcp_acked(ts, s, !x->dir, x);
	}
	// a RST may carry text that says why (RFC 9293 section 3.5.3): not part of the stream
	s->side[!x->dir].flags |= SIDE_RST_RECV;
	s->flags |= SSN_CLOSED_BY_RST;
	s->pstate = s->state;
	tcp_set_state(ts, s, TCP_CLOSED);
	for (uint8_t d = 0; d < 2; d++)
		if (s->side[d].flags & SIDE_STARTED && !(s->side[d].flags & (SIDE_DONE | SIDE_FIN_TOLD)))
			tcp_hand(ts, s, d, x, x->payload, 0, 0, STREAM_RST);
	return TCP_TAKE;
}

static enum tcp_verdict on_syn_ack(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	if (x->dir == DIR_TO_SERVER)
		tcp_note(ts, x, STREAM_EST_SYNACK_TOSERVER);
	else if (x->ack != s->side[0].last_ack)
		tcp_note(ts, x, STREAM_EST_SYNACK_RESEND_WITH_DIFF_ACK);
	else if (x->seq != s->side[1].isn)
		tcp_note(ts, x, STREAM_EST_SYNACK_RESEND_WITH_DIFF_SEQ);
	else if (s->flags & SSN_CONFIRMED)
		tcp_note(ts, x, STREAM_EST_SYNACK_RESEND);
	else
		return TCP_SKIP; // the client's ACK was lost on the way
	return TCP_REJECT;
}

static enum tcp_verdict on_syn(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	if (s->state == TCP_CLOSED)
		return TCP_SKIP;
	if (x->flags & TCP_FIN)
		tcp_note(ts, x, STREAM_FIN_SYN);
	else if (s->state != TCP_ESTABLISHED)
		tcp_note(ts, x, STREAM_SHUTDOWN_SYN_RESEND);
	else if (x->flags & TCP_ACK)
		return on_syn_ack(ts, s, x);
	else if (x->dir == DIR_TO_CLIENT)
		tcp_note(ts, x, STREAM_EST_SYN_TOCLIENT);
	else if (x->seq != s->side[0].isn)
		tcp_note(ts, x, STREAM_EST_SYN_RESEND_DIFF_SEQ);
	else if (s->flags & SSN_CONFIRMED)
		tcp_note(ts, x, STREAM_EST_SYN_RESEND);
	else
		return TCP_SKIP;
	return TCP_REJECT;
}

// After a RST: when its sender goes on, the RST was not its own (or the peer refused it).
static void undo_false_rst(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	struct tcp_side *peer = &s->side[!x->dir];

	if (!(s->flags & SSN_CLOSED_BY_RST) || !(peer->flags & SIDE_RST_RECV) || x->flags & TCP_RST)
		return;
	peer->flags &= (uint16_t)~SIDE_RST_RECV;
	s->flags &= (uint16_t)~SSN_CLOSED_BY_RST;
	tcp_note(ts, x, STREAM_SUSPECTED_RST_INJECT);
	if (s->pstate >= TCP_ESTABLISHED)
		tcp_set_state(ts, s, s->pstate);
}

enum tcp_verdict tcp_connected(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	undo_false_rst(ts, s, x);
	if (tcp_is_noise(ts, s, x))
		return TCP_SKIP;
	if (x->flags & TCP_RST)
		return on_rst(ts, s, x);
	if (x->flags & TCP_SYN)
		return on_syn(ts, s, x);
	if (s->state == TCP_CLOSED)
		return TCP_SKIP;
	if (x->flags & TCP_FIN)
		return on_fin(ts, s, x);
	// RFC 9293 section 3.10.7.4, fifth: a segment without ACK is dropped
	return x->flags & TCP_ACK ? on_ack(ts, s, x) : TCP_REJECT;
}
