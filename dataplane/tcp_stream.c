// A segment's way through the stream engine. tcp_stream_burst() reads as the list of steps; ordinary data of an
// established connection takes the short way (usual). Next: tcp_check.c.
#include "dataplane/tcp_stream.h"

#include <string.h>

#include <netinet/in.h>

#include <rte_common.h>

#include "dataplane/flow_internal.h"
#include "dataplane/tcp_session.h"

void tcp_note(struct tcp_streams *ts, struct tcp_rx *x, uint16_t reason)
{
	if (x->p)
		packet_note(x->p, reason);
	ts->stats.events[reason - STREAM_3WHS_ACK_IN_WRONG_DIR]++;
}

// The header fields, which decode has found to be there.
static void parse(struct tcp_rx *x, struct packet *p, struct detector_run *run)
{
	const uint8_t *h = p->data + p->l4_off;

	x->p = p;
	x->run = run;
	x->payload = p->data + p->payload_off;
	x->len = p->payload_len;
	x->seq = load_be32(h + 4);
	x->ack = load_be32(h + 8);
	x->flags = p->tcp_flags;
	x->win = load_be16(h + 14);
	x->urgent = (uint16_t)load_be16(h + 18);
	x->dir = p->dir;
	x->opts = 0;
	x->has_ts = x->bad_wscale = x->repeated = false;
	x->sack_count = 0;
	x->urgent_policy = TCP_URGENT_INLINE;
}

#define TS_ONLY 0x0101080au // NOP NOP, timestamps, ten bytes: what data segments carry (RFC 7323 appendix A)

// Options and timestamp of a segment on the short way: none, or the usual twelve bytes with a timestamp that has not
// gone back. False: the long way.
static inline bool take_usual_options(
	const struct tcp_session *s, struct tcp_side *side, const struct packet *p, const uint8_t *h, uint32_t seq)
{
	uint32_t len = p->payload_off - p->l4_off - TCP_HDR_MIN;

	if (len == 0)
		return true;
	if (len != 12 || load_be32(h + TCP_HDR_MIN) != TS_ONLY)
		return false;
	if (!(s->flags & SSN_TIMESTAMPS))
		return true;
	uint32_t tsval = load_be32(h + TCP_HDR_MIN + 4);
	if (!(side->flags & SIDE_TS) || seq_lt(tsval, side->last_ts))
		return false;
	if (seq_gt(seq, side->next_seq)) // RFC 7323 section 4.3
		return true;
	side->last_ts = tsval;
	side->last_ts_at = tcp_clock(p->ts_ns);
	return true;
}

// Segments ahead of what comes next; a hole that closes; an acknowledgement somebody waits for.
static __rte_noinline void usual_but_busy(
	struct tcp_streams *ts, struct tcp_session *s, struct packet *p, struct detector_run *run, bool news)
{
	struct tcp_rx x;

	parse(&x, p, run);
	if (news)
		tcp_acked(ts, s, !x.dir, &x);
	if (x.len)
		tcp_payload(ts, s, &x);
}

#define FLAGS_OF_DATA (uint8_t) ~(TCP_PSH | TCP_ECE | TCP_CWR)

// The short way: a segment of an established connection that is next in order, or ahead of that and not acknowledged
// yet, while the other side has nothing held and neither does anything odd. All checks of the long way hold at once, so
// only the numbers move and the payload is handed on where it lies. Returns false for what must go the long way.
static inline bool usual(struct tcp_streams *ts, struct tcp_session *s, struct packet *p, struct detector_run *run)
{
	struct tcp_side *side = &s->side[p->dir], *peer = &s->side[!p->dir];
	const uint8_t *h = p->data + p->l4_off;
	uint32_t seq = load_be32(h + 4), ack = load_be32(h + 8), win = load_be16(h + 14) << side->wscale;
	uint32_t len = p->payload_len, end = seq + len;

	if ((uint32_t)(s->state ^ TCP_ESTABLISHED) | (uint32_t)((p->tcp_flags & FLAGS_OF_DATA) ^ TCP_ACK) |
		(uint32_t)((side->flags | peer->flags) & SIDE_ODD) | peer->held_count)
		return false;
	if (ack - peer->last_ack > peer->next_seq - peer->last_ack || seq_gt(end, side->next_win))
		return false;
	bool next = seq == side->edge && seq == side->next_seq && !side->held_count;
	if (!next && (len <= 1 || seq_lt(seq, side->edge) || seq_lt(seq, side->last_ack)))
		return false;
	if (!next && seq == side->edge && !side->held_count)
		return false;
	if (!side->window || !win || !take_usual_options(s, side, p, h, seq))
		return false;
	bool news = ack != peer->last_ack && ts->want_acks;
	s->flags |= SSN_CONFIRMED;
	peer->last_ack = ack;
	peer->window = win;
	peer->next_win = seq_max(peer->next_win, ack + win);
	side->next_seq = seq_max(side->next_seq, end);
	if (news || !next || side->flags & SIDE_DONE) {
		usual_but_busy(ts, s, p, run, news);
		return true;
	}
	if (!len)
		return true;
	p->flags |= PKT_STREAM_ADDED;
	tcp_in_place(ts, s, p, run, p->data + p->payload_off, len);
	return true;
}

// RFC 6093: what becomes of the byte before the urgent pointer.
static bool urgent(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	int policy = ts->cfg.urgent_policy;

	if (!(x->flags & TCP_URG) || policy == TCP_URGENT_INLINE || !x->len)
		return true;
	tcp_note(ts, x, STREAM_PKT_URGENT_POINTER);
	if (policy == TCP_URGENT_OOB && ++s->oob_run > ts->cfg.urgent_oob_limit) {
		s->oob_run = (uint8_t)ts->cfg.urgent_oob_limit;
		tcp_note(ts, x, STREAM_REASSEMBLY_URGENT_OOB_LIMIT_REACHED);
		policy = ts->cfg.urgent_limit_policy;
	}
	if (x->urgent && x->urgent <= x->len)
		x->urgent_policy = (uint8_t)policy;
	return policy != TCP_URGENT_DROP;
}

static enum tcp_verdict by_state(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	if (!s)
		return tcp_no_session(ts, x);
	if (s->state == TCP_SYN_SENT)
		return tcp_syn_sent(ts, s, x);
	if (s->state == TCP_SYN_RECV)
		return tcp_syn_recv(ts, s, x);
	return tcp_connected(ts, s, x);
}

// The long way.
static __rte_noinline void segment(
	struct tcp_streams *ts, struct tcp_session *s, struct packet *p, struct detector_run *run)
{
	struct tcp_rx rx, *x = &rx;

	parse(x, p, run);
	if (!(x->flags & TCP_ACK) && x->ack)
		tcp_note(ts, x, STREAM_PKT_BROKEN_ACK);
	tcp_parse_options(x, p->data + p->l4_off + TCP_HDR_MIN, p->payload_off - p->l4_off - TCP_HDR_MIN);
	if (x->bad_wscale)
		tcp_note(ts, x, STREAM_WRONG_WINDOW_SCALE);
	if (s && s->flags & SSN_ASYNC && x->dir == DIR_TO_CLIENT && !(s->flags & SSN_MIDSTREAM))
		s->flags &= (uint16_t)~SSN_ASYNC; // both sides are seen after all
	if (s && !urgent(ts, s, x)) {
		p->flags |= PKT_STREAM_REJECTED;
		return;
	}
	if (by_state(ts, s, x) != TCP_REJECT)
		return;
	ts->stats.rejected++;
	p->flags |= PKT_STREAM_REJECTED;
}

static void one_packet(struct tcp_streams *ts, struct packet *p, struct detector_run *run)
{
	struct flow *f = p->flow;

	if (!f || !(p->flags & PKT_TCP) || p->flags & (PKT_INVALID | PKT_FRAGMENT))
		return;
	if (p->flags & PKT_BAD_L4_CSUM && ts->cfg.checksum_validation) {
		p->flags |= PKT_STREAM_REJECTED;
		return;
	}
	if ((p->tcp_flags & (uint8_t) ~(TCP_ECE | TCP_CWR)) == TCP_SYN && tcp_half_take_syn(ts, p))
		return;
	// a flow without state has no session: its cold line is not touched
	struct flow_cold *cold = f->tcp_state != TCP_NONE ? flow_cold_of(ts->flows, f) : NULL;
	struct tcp_session *s = tcp_session_of(f, cold);
	if (s && s->state >= TCP_ESTABLISHED) {
		p->flags |= PKT_FLOW_ESTABLISHED;
		if (usual(ts, s, p, run))
			return;
	}
	segment(ts, s, p, run);
}

void tcp_stream_burst(struct tcp_streams *ts, struct burst *b, uint16_t from, uint16_t to, struct detector_run *run)
{
	tcp_half_prefetch(ts, b, from, to);
	ts->burst = b;
	ts->to = to;
	for (uint16_t i = from; i < to; i++) {
		struct packet *p = b->list[i];
		ts->at = i + 1;
		one_packet(ts, p, run);
		if (!ts->want_packets)
			continue;
		for (uint32_t c = 0; c < ts->consumer_count; c++)
			if (ts->consumer[c].on_packet)
				ts->consumer[c].on_packet(ts->consumer[c].arg, p, run);
	}
	tcp_held_own(ts);
}

bool tcp_stream_wants_packets(const struct tcp_streams *ts)
{
	return ts->want_packets;
}

void tcp_stream_flow_end(struct tcp_streams *ts, struct flow *f, struct flow_cold *cold, struct detector_run *run)
{
	static const uint8_t nothing[1];
	struct tcp_rx x = {.run = run, .payload = nothing};

	if (f->proto != IPPROTO_TCP || !cold || !cold->tcp)
		return;
	struct tcp_session *s = cold->tcp;
	for (uint8_t d = 0; d < 2; d++) {
		struct tcp_side *side = &s->side[d];
		x.dir = d;
		if (s->state == TCP_SYN_SENT)
			tcp_held_drop(ts, side); // a SYN's data that nobody took
		tcp_flush(ts, s, d, &x);
		if (side->flags & SIDE_STARTED && !(side->flags & (SIDE_DONE | SIDE_FIN_TOLD)))
			tcp_hand(ts, s, d, &x, nothing, 0, 0, STREAM_FLOW_END);
	}
	tcp_session_free(ts, s);
}

bool tcp_stream_is_reuse(const struct flow *f, const struct flow_cold *cold, uint32_t seq)
{
	const struct tcp_session *s = tcp_session_of(f, cold);

	if (!s)
		return f->tcp_state == TCP_CLOSED;
	if (s->side[0].isn == seq)
		return false;
	return f->tcp_state >= TCP_TIME_WAIT;
}
