// Connections from the SYN/ACK to ESTABLISHED: which of several SYN/ACKs counts, and whose ACK ends the handshake.
// Next: tcp_pickup.c.
#include "dataplane/tcp_session.h"

static struct tcp_synack *queue_of(const struct tcp_streams *ts, const struct tcp_session *s)
{
	return tcp_pool_at(&ts->small, s->queue);
}
_Static_assert(sizeof(struct tcp_synack) * TCP_MAX_QUEUED <= TCP_SMALL_BYTES, "the queue fits its block");

// Another SYN/ACK with another sequence number: which one the client takes shows in its ACK.
static enum tcp_verdict queue_syn_ack(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	uint32_t max =
		ts->cfg.max_synack_queued < TCP_MAX_QUEUED ? (uint32_t)ts->cfg.max_synack_queued : TCP_MAX_QUEUED;

	if (!max) { // none is remembered: the first one counts
		tcp_note(ts, x, STREAM_3WHS_SYNACK_RESEND_WITH_DIFF_SEQ);
		return TCP_REJECT;
	}
	if (!s->queue)
		s->queue = tcp_pool_take(&ts->small);
	for (uint32_t i = 0; s->queue && i < s->synacks; i++)
		if (queue_of(ts, s)[i].seq == x->seq)
			return TCP_TAKE;
	if (!s->queue || s->synacks >= max) {
		tcp_note(ts, x, STREAM_3WHS_SYNACK_FLOOD);
		return TCP_REJECT;
	}
	queue_of(ts, s)[s->synacks++] = (struct tcp_synack){
		.seq = x->seq, .ack = x->ack, .tsval = x->tsval, .win = (uint16_t)x->win, .opts = x->opts};
	return TCP_TAKE;
}

static enum tcp_verdict syn_ack_again(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	s->flags &= (uint16_t)~SSN_RTT; // which of them will be acknowledged?
	if (s->flags & SSN_4WHS && x->ack == s->side[!x->dir].isn + 1 && x->seq == s->side[x->dir].isn) {
		tcp_set_state(ts, s, TCP_ESTABLISHED); // each side has acknowledged the other's SYN
		return TCP_TAKE;
	}
	if (x->dir == DIR_TO_SERVER) {
		tcp_note(ts, x, STREAM_3WHS_SYNACK_TOSERVER_ON_SYN_RECV);
		return TCP_REJECT;
	}
	if (!tcp_syn_ack_fits(s, x) && x->ack != s->side[0].last_ack) {
		tcp_note(ts, x, STREAM_3WHS_SYNACK_RESEND_WITH_DIFF_ACK);
		return TCP_REJECT;
	}
	return x->seq == s->side[1].isn ? TCP_TAKE : queue_syn_ack(ts, s, x);
}

// The client acknowledges one of several SYN/ACKs: that one counts.
static void choose_syn_ack(struct tcp_streams *ts, struct tcp_session *s, const struct tcp_rx *x)
{
	for (uint32_t i = 0; s->queue && i < s->synacks; i++) {
		const struct tcp_synack *q = &queue_of(ts, s)[i];
		if (q->seq + 1 == x->ack && x->ack != s->side[1].isn + 1) {
			s->side[0].last_ack = q->ack;
			tcp_server_from_syn_ack(s, q->seq, q->win, q->tsval, q->opts);
			break;
		}
	}
	if (s->queue)
		tcp_pool_give(&ts->small, s->queue);
	s->queue = TCP_NIL;
}

static enum tcp_verdict establish(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	tcp_path_established(ts, s, x);
	tcp_set_state(ts, s, TCP_ESTABLISHED);
	if (s->flags & SSN_SYN_DATA)
		x->p->flags |= PKT_FLOW_ESTABLISHED; // as in Suricata 7.0.10; of others the next is the first
	tcp_hand_syn_data(ts, s, x);
	tcp_take(ts, s, x);
	return TCP_TAKE;
}

// The same from the side that sent the second SYN of a simultaneous open.
static enum tcp_verdict second_side_ack(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	if (x->seq != s->side[1].next_seq)
		tcp_note(ts, x, STREAM_4WHS_WRONG_SEQ);
	else if (!tcp_check_ack(ts, s, x))
		tcp_note(ts, x, STREAM_4WHS_INVALID_ACK);
	else
		return establish(ts, s, x);
	return TCP_REJECT;
}

// A segment of the server before the client's ACK was seen.
static enum tcp_verdict server_ack(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	const struct tcp_side *c = &s->side[0], *srv = &s->side[1];
	bool next = x->seq == srv->next_seq;

	if (s->flags & SSN_4WHS)
		return second_side_ack(ts, s, x);
	if (next && s->flags & SSN_MIDSTREAM_SYNACK && ts->cfg.async_oneside) {
		s->flags |= SSN_ASYNC;
		return establish(ts, s, x);
	}
	if (next && seq_gt(x->ack, c->last_ack) && seq_leq(x->ack, c->next_win))
		return establish(ts, s, x); // it acknowledges data: we missed the client's ACK
	if (next && x->ack == c->last_ack) {
		if (x->len && !(s->flags & SSN_TFO)) // RFC 7413; else a server in a hurry, or somebody in its place
			tcp_note(ts, x, STREAM_3WHS_ACK_DATA_INJECT);
		if (x->len) {
			tcp_hand_syn_data(ts, s, x);
			tcp_take(ts, s, x);
		}
		return TCP_TAKE;
	}
	if (x->seq + 1 == srv->next_seq && x->ack == c->last_ack)
		return TCP_SKIP; // a keep-alive
	bool mirrored = x->seq == c->next_seq && x->ack == srv->next_seq;
	tcp_note(ts, x, mirrored ? STREAM_3WHS_ACK_IN_WRONG_DIR : STREAM_3WHS_WRONG_SEQ_WRONG_ACK);
	return TCP_REJECT;
}

static enum tcp_verdict client_ack(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	struct tcp_side *c = &s->side[0], *srv = &s->side[1];
	bool ack_fits = seq_geq(x->ack, srv->isn + 1) && seq_leq(x->ack, srv->next_seq);

	if (!tcp_check_timestamp(ts, s, x))
		return TCP_REJECT;
	if (s->flags & SSN_MIDSTREAM)
		return tcp_check_ack(ts, s, x) ? establish(ts, s, x) : TCP_REJECT;
	if (ack_fits && seq_geq(x->seq, c->isn + 1) && seq_leq(x->seq, c->next_win))
		return establish(ts, s, x); // ahead of what comes next: something was missed on the way to us
	if (x->seq == c->next_seq) {
		s->flags |= SSN_EVASION;
		tcp_note(ts, x, STREAM_3WHS_RIGHT_SEQ_WRONG_ACK_EVASION);
	} else {
		tcp_note(ts, x, STREAM_3WHS_WRONG_SEQ_WRONG_ACK);
	}
	return TCP_REJECT;
}

enum tcp_verdict tcp_syn_recv(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	if (x->flags & TCP_RST || x->flags & TCP_FIN)
		return tcp_connected(ts, s, x);
	if ((x->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		if (x->dir == DIR_TO_CLIENT)
			tcp_note(ts, x, STREAM_3WHS_SYN_TOCLIENT_ON_SYN_RECV);
		else if (x->seq != s->side[0].isn)
			tcp_note(ts, x, STREAM_3WHS_SYN_RESEND_DIFF_SEQ_ON_SYN_RECV);
		else
			return TCP_TAKE;
		return TCP_REJECT;
	}
	if (x->flags & TCP_SYN)
		return syn_ack_again(ts, s, x);
	if (!(x->flags & TCP_ACK))
		return TCP_SKIP;
	if (x->dir == DIR_TO_CLIENT)
		return server_ack(ts, s, x);
	choose_syn_ack(ts, s, x);
	return client_ack(ts, s, x);
}
