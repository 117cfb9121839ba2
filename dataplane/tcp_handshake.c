// Connections from their first SYN (a SYN alone: tcp_half_open.c) to the SYN/ACK, which is noted (tcp_opening.c) or
// makes the session. Next: tcp_syn_recv.c.
#include "dataplane/tcp_session.h"

#include <string.h>

#include <rte_common.h>

static uint8_t shift_of(uint8_t opts)
{
	return (opts & SYN_WSCALE_MASK) == SYN_NO_WSCALE ? 0 : opts & SYN_WSCALE_MASK;
}

void tcp_client_from_syn(struct tcp_session *s, uint32_t isn, uint16_t win, uint32_t tsval, uint8_t opts)
{
	struct tcp_side *c = &s->side[0], *srv = &s->side[1];

	c->isn = isn;
	c->next_seq = c->edge = c->last_ack = isn + 1;
	c->next_win = isn + 1;
	c->last_ts = tsval;
	if (opts & SYN_HAS_TS && opts & SYN_SEEN && tsval)
		c->flags |= SIDE_TS;
	srv->window = win;
	s->syn_opts = opts; // kept until the SYN/ACK says which options both have
}

// The server's side from its SYN/ACK, and the options both agree on (RFC 7323 section 2.2, RFC 2018).
void tcp_server_from_syn_ack(struct tcp_session *s, uint32_t isn, uint32_t win, uint32_t tsval, uint8_t opts)
{
	struct tcp_side *c = &s->side[0], *srv = &s->side[1];
	uint8_t both = (uint8_t)(s->syn_opts & opts);

	srv->isn = isn;
	srv->next_seq = srv->edge = srv->last_ack = isn + 1;
	srv->next_win = isn + 1 + srv->window;
	srv->last_ts = tsval;
	srv->flags &= (uint16_t)~SIDE_TS;
	srv->flags |= opts & SYN_HAS_TS ? SIDE_TS : 0;
	c->window = win;
	c->next_win = c->last_ack + win;
	c->max_rwin = srv->window;
	srv->max_rwin = win;
	s->flags &= (uint16_t) ~(SSN_SACK | SSN_TIMESTAMPS);
	if (both & SYN_HAS_SACK)
		s->flags |= SSN_SACK;
	if (both & SYN_HAS_TS)
		s->flags |= SSN_TIMESTAMPS;
	bool scaled = (s->syn_opts & SYN_WSCALE_MASK) != SYN_NO_WSCALE && (opts & SYN_WSCALE_MASK) != SYN_NO_WSCALE;
	c->wscale = scaled ? shift_of((uint8_t)s->syn_opts) : 0;
	srv->wscale = scaled ? shift_of(opts) : 0;
}

struct tcp_session *tcp_session_begin(struct tcp_streams *ts, struct tcp_rx *x)
{
	struct flow *f = x->p->flow;
	struct tcp_session *s = tcp_session_new(ts, f, x->p);

	if (f->flags & (FLOW_SYN_KEPT | FLOW_OPENING))
		tcp_half_move(ts, f);
	if (!s)
		return NULL;
	s->syn_ns = f->start_ns;
	ts->stats.sessions++;
	return s;
}

static enum tcp_verdict first_syn(struct tcp_streams *ts, struct tcp_rx *x)
{
	struct flow *f = x->p->flow;

	f->tcp_state = TCP_SYN_SENT;
	uint32_t different = tcp_half_put(ts, f, x);
	if (different >= RTE_MIN(ts->cfg.max_syn_queued, HALF_DIFFERENT_MAX))
		tcp_note(ts, x, STREAM_3WHS_SYN_FLOOD);
	if (x->len)
		tcp_half_data(ts, x->p, x->seq, x->opts);
	ts->stats.syn_only++;
	return TCP_TAKE;
}

// The options of a SYN that is forgotten, from the answer to it; its window scale at the largest.
static uint8_t unknown_syn_opts(const struct tcp_rx *x)
{
	uint8_t opts = x->opts & (SYN_HAS_SACK | SYN_HAS_TS);

	return opts | ((x->opts & SYN_WSCALE_MASK) == SYN_NO_WSCALE ? SYN_NO_WSCALE : TCP_MAX_WSCALE);
}

// The SYN carried data: it is held until the answer says what of it counts (RFC 7413, RFC 9293 section 3.4). Of data
// that found no room only what the answer acknowledges is known.
static void hold_syn_data(
	struct tcp_streams *ts, struct tcp_session *s, const struct tcp_rx *x, const struct tcp_syn *syn, uint32_t next)
{
	struct tcp_side *c = &s->side[DIR_TO_SERVER];
	struct tcp_rx data = *x;

	s->flags |= SSN_SYN_DATA | (syn->opts & SYN_HAS_TFO ? SSN_TFO : 0);
	c->next_seq = next;
	const uint8_t *bytes = tcp_syn_data_find(ts, s->flow, syn->isn, &data.len);
	if (!bytes)
		return;
	data.seq = syn->isn + 1;
	c->next_seq = data.seq + data.len;
	if (!(c->flags & SIDE_DONE) && tcp_held_put(ts, c, &data, data.seq, bytes, data.len))
		tcp_held_own(ts);
	tcp_syn_data_drop(ts, s->flow, syn->isn);
}

// A session for a flow whose SYN was seen but took none.
struct tcp_session *tcp_session_from_syn(struct tcp_streams *ts, struct tcp_rx *x, uint32_t next)
{
	struct tcp_syn syn;
	bool known = tcp_half_find_next(ts, x->p->flow, next, &syn) == TCP_SYN_THIS;
	struct tcp_session *s = tcp_session_begin(ts, x);

	if (!s && known && syn.data)
		tcp_syn_data_drop(ts, x->p->flow, syn.isn);
	if (!s)
		return NULL;
	if (known)
		tcp_client_from_syn(s, syn.isn, syn.win, syn.tsval, syn.opts);
	else // its place in the table went to others; a server answers only options that were offered
		tcp_client_from_syn(s, next - 1, UINT16_MAX, 0, unknown_syn_opts(x));
	s->syns = known ? syn.different : 0;
	s->state = TCP_SYN_SENT;
	tcp_half_open_enter(ts, s);
	if (known && syn.data)
		hold_syn_data(ts, s, x, &syn, next);
	return s;
}

static void note_data_ignored(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	struct tcp_side *c = &s->side[0];

	if (!(s->flags & SSN_SYN_DATA) || x->ack != c->isn + 1)
		return;
	if (s->flags & SSN_TFO)
		tcp_note(ts, x, STREAM_3WHS_SYNACK_TFO_DATA_IGNORED);
	tcp_held_drop(ts, c); // the client will send it again
	c->next_seq = c->edge;
	s->flags &= (uint16_t)~SSN_SYN_DATA;
}

void tcp_hand_syn_data(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	if (s->flags & SSN_SYN_DATA)
		tcp_acked(ts, s, DIR_TO_SERVER, x);
}

// A SYN/ACK that fits the SYN.
static enum tcp_verdict take_syn_ack(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	note_data_ignored(ts, s, x);
	s->side[0].last_ack = x->ack;
	tcp_server_from_syn_ack(s, x->seq, x->win, x->tsval, x->opts);
	s->synack_opts = x->opts;
	if (x->opts & SYN_HAS_TFO)
		s->flags |= SSN_TFO;
	tcp_path_syn_ack(s, x->p->ts_ns, x->p->nth[DIR_TO_SERVER] == 1);
	tcp_set_state(ts, s, TCP_SYN_RECV);
	if (x->len && s->flags & SSN_TFO) {
		tcp_hand_syn_data(ts, s, x);
		x->seq++;
		s->side[1].next_seq += x->len;
		tcp_payload(ts, s, x);
	}
	return TCP_TAKE;
}

bool tcp_syn_ack_fits(const struct tcp_session *s, const struct tcp_rx *x)
{
	const struct tcp_side *c = &s->side[0];

	return x->ack == c->isn + 1 ||
	       (s->flags & SSN_SYN_DATA && seq_gt(x->ack, c->isn) && seq_leq(x->ack, c->next_seq));
}

// SYN/ACK on a flow whose SYN took no session.
static enum tcp_verdict syn_ack_without_session(struct tcp_streams *ts, struct tcp_rx *x)
{
	struct tcp_syn syn;

	if (x->dir == DIR_TO_SERVER) {
		tcp_note(ts, x, STREAM_3WHS_SYNACK_IN_WRONG_DIRECTION);
		return TCP_REJECT;
	}
	if (tcp_half_find_next(ts, x->p->flow, x->ack, &syn) == TCP_SYN_OTHER) {
		tcp_note(ts, x, STREAM_3WHS_SYNACK_WITH_WRONG_ACK);
		return TCP_REJECT;
	}
	if (tcp_opening_answer(ts, x))
		return TCP_TAKE;
	struct tcp_session *s = tcp_session_from_syn(ts, x, x->ack);
	if (s)
		return take_syn_ack(ts, s, x);
	x->p->flow->tcp_state = TCP_SYN_RECV; // it may go on from the client's ACK
	return TCP_SKIP;
}

// A SYN from each side (RFC 9293 figure 8).
static enum tcp_verdict simultaneous_syn(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	if (!s) {
		struct tcp_syn syn;
		if (tcp_half_find(ts, x->p->flow, 0, &syn) == TCP_SYN_UNKNOWN) // its number is lost
			return TCP_SKIP;
		s = tcp_session_from_syn(ts, x, syn.isn + 1);
	}
	if (!s)
		return TCP_SKIP;
	tcp_server_from_syn_ack(s, x->seq, x->win, x->tsval, x->opts);
	s->flags |= SSN_4WHS;
	tcp_set_state(ts, s, TCP_SYN_SENT);
	return TCP_TAKE;
}

// RFC 9293 section 3.10.7.3: in SYN-SENT only a RST that acknowledges the SYN counts. One of the client, before any
// answer, is not to be believed: a server that works with it answers all the same.
static enum tcp_verdict rst_half_open(struct tcp_streams *ts, struct tcp_rx *x)
{
	struct tcp_syn syn;
	struct flow *f = x->p->flow;

	if (x->dir == DIR_TO_SERVER && f->tcp_state == TCP_SYN_SENT)
		return TCP_TAKE;
	if (x->dir == DIR_TO_CLIENT && x->flags & TCP_ACK) {
		enum tcp_syn_known known = tcp_half_find_next(ts, f, x->ack, &syn);
		if (known == TCP_SYN_OTHER) {
			tcp_note(ts, x, STREAM_RST_INVALID_ACK);
			return TCP_REJECT;
		}
		if (known == TCP_SYN_THIS && syn.data)
			tcp_syn_data_drop(ts, f, syn.isn);
	}
	if (f->flags & (FLOW_SYN_KEPT | FLOW_OPENING))
		tcp_half_move(ts, f);
	f->tcp_state = TCP_CLOSED;
	flow_set_state(ts->flows, f, FLOW_CLOSED);
	return TCP_TAKE;
}

// A forged answer to a SYN that needs no session shows in the timestamp it echoes.
static bool echo_fits(struct tcp_streams *ts, struct tcp_rx *x)
{
	struct tcp_syn syn;

	if (!x->has_ts || x->dir == DIR_TO_SERVER) // nothing is echoed
		return true;
	return tcp_half_find_next(ts, x->p->flow, x->ack, &syn) == TCP_SYN_UNKNOWN ||
	       tcp_check_echo(ts, x, syn.opts & SYN_HAS_TS, syn.tsval);
}

enum tcp_verdict tcp_no_session(struct tcp_streams *ts, struct tcp_rx *x)
{
	struct flow *f = x->p->flow;
	bool half_open = f->tcp_state == TCP_SYN_SENT || f->tcp_state == TCP_SYN_RECV;

	if (f->tcp_state == TCP_SYN_SENT && !echo_fits(ts, x))
		return TCP_REJECT;
	if (x->flags & TCP_RST) {
		if (half_open)
			return rst_half_open(ts, x);
		tcp_note(ts, x, STREAM_RST_BUT_NO_SESSION);
		return TCP_REJECT;
	}
	if (x->flags & TCP_FIN && f->tcp_state == TCP_NONE && (!ts->cfg.midstream || !x->len)) {
		tcp_note(ts, x, STREAM_FIN_BUT_NO_SESSION);
		return TCP_REJECT;
	}
	if ((x->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		if (f->tcp_state == TCP_SYN_SENT && x->dir == DIR_TO_CLIENT)
			return simultaneous_syn(ts, NULL, x);
		if (f->tcp_state == TCP_NONE && x->dir == DIR_TO_CLIENT)
			tcp_turn_flow(ts, x); // who sends the SYN is the client, whoever was seen first
		return f->tcp_state == TCP_NONE || f->tcp_state == TCP_SYN_SENT ? first_syn(ts, x) : TCP_SKIP;
	}
	if (x->flags & TCP_SYN && f->tcp_state == TCP_SYN_SENT)
		return syn_ack_without_session(ts, x);
	if (!(x->flags & TCP_ACK) || f->tcp_state == TCP_CLOSED)
		return TCP_SKIP;
	if (f->tcp_state == TCP_SYN_RECV && x->dir == DIR_TO_SERVER)
		return tcp_resume(ts, x);
	if (f->tcp_state != TCP_SYN_SENT)
		return tcp_pick_up(ts, x);
	return x->dir == DIR_TO_SERVER ? tcp_syn_ack_overtook(ts, x) : TCP_SKIP;
}

// A session in SYN_SENT is one of a simultaneous open: other SYNs have none.
enum tcp_verdict tcp_syn_sent(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	if (x->flags & TCP_RST) {
		if (x->dir == DIR_TO_CLIENT && x->flags & TCP_ACK && !tcp_syn_ack_fits(s, x)) {
			tcp_note(ts, x, STREAM_RST_INVALID_ACK);
			return TCP_REJECT;
		}
		tcp_set_state(ts, s, TCP_CLOSED);
		return TCP_TAKE;
	}
	if ((x->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		if (x->dir == DIR_TO_CLIENT)
			return simultaneous_syn(ts, s, x);
		if (x->seq != s->side[0].isn && ++s->syns >= ts->cfg.max_syn_queued) {
			s->syns = (uint8_t)ts->cfg.max_syn_queued;
			tcp_note(ts, x, STREAM_3WHS_SYN_FLOOD);
		}
		if (x->seq == s->side[0].isn && x->tsval != s->side[0].last_ts) {
			s->side[0].last_ts = 0;
			s->side[0].flags &= (uint16_t)~SIDE_TS;
		}
		tcp_half_put(ts, x->p->flow, x);
		return TCP_TAKE;
	}
	if (!(x->flags & TCP_ACK))
		return TCP_SKIP;
	if (!(x->flags & TCP_SYN))
		return tcp_async_ack(ts, s, x);
	if (x->dir == DIR_TO_SERVER) {
		if (x->ack != s->side[1].isn + 1)
			tcp_note(ts, x, STREAM_4WHS_SYNACK_WITH_WRONG_ACK);
		else if (x->seq != s->side[0].isn)
			tcp_note(ts, x, STREAM_4WHS_SYNACK_WITH_WRONG_SYN);
		else
			tcp_set_state(ts, s, TCP_SYN_RECV);
		return s->state == TCP_SYN_RECV ? TCP_TAKE : TCP_REJECT;
	}
	if (tcp_syn_ack_fits(s, x))
		return take_syn_ack(ts, s, x);
	tcp_note(ts, x, STREAM_3WHS_SYNACK_WITH_WRONG_ACK);
	return TCP_REJECT;
}
