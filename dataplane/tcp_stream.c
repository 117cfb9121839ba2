// A segment's way through the stream engine. tcp_stream_burst() reads as the list of steps; what is in
// order on an established connection takes the short way (in_order). Next: tcp_check.c.
#include "dataplane/tcp_stream.h"

#include <string.h>

#include <netinet/in.h>

#include "dataplane/flow_internal.h"
#include "dataplane/tcp_session.h"

void tcp_note(struct tcp_streams *ts, struct tcp_rx *x, uint16_t reason)
{
	if (x->p)
		packet_note(x->p, reason);
	ts->stats.events[reason - STREAM_3WHS_ACK_IN_WRONG_DIR]++;
}

static uint32_t load_be32(const uint8_t *b)
{
	uint32_t v;

	memcpy(&v, b, sizeof(v));
	return rte_be_to_cpu_32(v);
}

static uint32_t load_be16(const uint8_t *b)
{
	return (uint32_t)b[0] << 8 | b[1];
}

// The header fields. False for a packet that decode should not have let through.
static bool parse(struct tcp_rx *x, struct packet *p, struct detector_run *run)
{
	if (p->payload_off < p->l4_off + TCP_HDR_MIN || (uint64_t)p->payload_off + p->payload_len > p->len)
		return false;
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
	x->has_ts = x->bad_wscale = false;
	x->sack_count = 0;
	x->urgent_policy = TCP_URGENT_INLINE;
	return true;
}

#define TS_ONLY 0x0101080au // NOP NOP, timestamps, ten bytes: what data segments carry (RFC 7323 appendix A)

// Options of a data segment: none or the usual twelve bytes. False: something else.
static inline bool parse_usual(struct tcp_rx *x)
{
	uint32_t len = x->p->payload_off - x->p->l4_off - TCP_HDR_MIN;
	const uint8_t *o = x->p->data + x->p->l4_off + TCP_HDR_MIN;

	if (len == 0)
		return true;
	if (len != 12 || load_be32(o) != TS_ONLY)
		return false;
	x->has_ts = true;
	x->tsval = load_be32(o + 4);
	return true;
}

// The next segment in order of an established connection, nothing held, nothing odd: all checks of
// the long way hold at once, so only the numbers move and the payload is handed on where it lies.
static inline bool in_order(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[x->dir], *peer = &s->side[!x->dir];

	if (s->state != TCP_ESTABLISHED || (x->flags & (uint8_t) ~(TCP_PSH | TCP_ECE | TCP_CWR)) != TCP_ACK)
		return false;
	if (x->seq != side->edge || x->seq != side->next_seq || side->held_count | peer->held_count)
		return false;
	if (x->ack - peer->last_ack > peer->next_seq - peer->last_ack || seq_gt(x->seq + x->len, side->next_win))
		return false;
	uint32_t win = x->win << side->wscale;
	if ((side->flags | peer->flags) & SIDE_ODD || !side->window || !win)
		return false;
	if (!parse_usual(x))
		return false;
	if (s->flags & SSN_TIMESTAMPS && x->has_ts) {
		if (!(side->flags & SIDE_TS) || seq_lt(x->tsval, side->last_ts))
			return false;
		side->last_ts = x->tsval;
		side->last_ts_s = (uint32_t)(x->p->ts_ns >> 30);
	}
	bool news = x->ack != peer->last_ack;
	s->flags |= SSN_CONFIRMED;
	peer->last_ack = x->ack;
	peer->window = win;
	peer->next_win = seq_max(peer->next_win, x->ack + win);
	side->next_seq += x->len;
	if (news && ts->want_acks)
		tcp_acked(ts, s, !x->dir, x);
	if (!x->len)
		return true;
	x->p->flags |= PKT_STREAM_ADDED;
	tcp_in_place(ts, s, x, x->payload, x->len);
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
static void segment(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	struct packet *p = x->p;

	if (!(x->flags & TCP_ACK) && x->ack)
		tcp_note(ts, x, STREAM_PKT_BROKEN_ACK);
	x->has_ts = false;
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
	struct tcp_rx x;
	struct flow *f = p->flow;

	if (!f || !(p->flags & PKT_TCP) || p->flags & (PKT_INVALID | PKT_FRAGMENT))
		return;
	if (p->flags & PKT_BAD_L4_CSUM && ts->cfg.checksum_validation) {
		p->flags |= PKT_STREAM_REJECTED;
		return;
	}
	if (!parse(&x, p, run))
		return;
	// a flow without state has no session: its cold line is not touched
	struct flow_cold *cold = f->tcp_state != TCP_NONE ? flow_cold_of(ts->flows, f) : NULL;
	struct tcp_session *s = tcp_session_of(f, cold);
	if (s && s->state >= TCP_ESTABLISHED)
		p->flags |= PKT_FLOW_ESTABLISHED;
	if (s && in_order(ts, s, &x))
		return;
	segment(ts, s, &x);
}

// A flood of SYNs waits for memory once a burst, not once a SYN.
static void prefetch_half_open(const struct tcp_streams *ts, const struct burst *b, uint16_t from, uint16_t to)
{
	for (uint16_t i = from; i < to; i++) {
		const struct packet *p = b->list[i];
		if (p->flags & PKT_TCP && (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && p->flow)
			tcp_half_prefetch(ts, p->flow);
	}
}

void tcp_stream_burst(struct tcp_streams *ts, struct burst *b, uint16_t from, uint16_t to, struct detector_run *run)
{
	prefetch_half_open(ts, b, from, to);
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
			tcp_drop_held(ts, side); // a SYN's data that nobody took
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
