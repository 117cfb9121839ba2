// A segment's way through the stream engine. tcp_stream_burst() reads as the list of steps; ordinary data of an
// established connection takes the short way (usual). Next: tcp_check.c.
#include "dataplane/tcp_stream.h"

#include <string.h>

#include <netinet/in.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_prefetch.h>

#include "dataplane/flow_internal.h"
#include "dataplane/tcp_deliver.h"
#include "dataplane/tcp_session.h"

void tcp_note_packet(struct tcp_streams *ts, struct packet *p, uint16_t reason)
{
	if (p) {
		packet_note(p, reason);
		ts->burst->flags |= PKT_NOTED;
	}
	ts->stats.events[reason - STREAM_3WHS_ACK_IN_WRONG_DIR]++;
}

void tcp_note(struct tcp_streams *ts, struct tcp_rx *x, uint16_t reason)
{
	tcp_note_packet(ts, x->p, reason);
}

// The header fields, which decode has found to be there.
static inline void parse(struct tcp_rx *x, struct packet *p, struct detector_run *run)
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

static inline bool take_usual_timestamp(struct tcp_side *side, const struct packet *p, uint32_t tsval, uint32_t seq)
{
	if (!(side->flags & SIDE_TS) || seq_lt(tsval, side->last_ts))
		return false;
	if (seq_gt(seq, side->next_seq)) // RFC 7323 section 4.3
		return true;
	side->last_ts = tsval;
	side->last_ts_at = tcp_clock(p->ts_ns);
	return true;
}

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
	return take_usual_timestamp(side, p, load_be32(h + TCP_HDR_MIN + 4), seq);
}

#define FLAGS_OF_DATA (uint8_t) ~(TCP_PSH | TCP_ECE | TCP_CWR)
#define SIDE_WAITS (SIDE_ODD | SIDE_HOLDS)

// A segment on the short way that does not simply come next: ahead of that, or the one that may close a hole.
static __rte_noinline void usual_out_of_order(
	struct tcp_streams *ts, struct tcp_session *s, struct packet *p, struct detector_run *run)
{
	struct tcp_side *side = &s->side[p->dir];
	struct tcp_rx x;

	parse(&x, p, run);
	side->next_seq = seq_max(side->next_seq, x.seq + x.len);
	bool ahead = seq_gt(x.seq, side->edge) && side->offset + (x.seq - side->edge) < side->limit;
	if (ahead && !(side->flags & SIDE_DONE) && !(s->flags & SSN_ASYNC))
		tcp_ahead(ts, side, &x);
	else
		tcp_payload(ts, s, &x);
}

// Not next in order, or while something is held: on the short way only data ahead, and what may close a hole.
static __rte_noinline bool is_usual_ahead(
	const struct tcp_side *side, const struct tcp_side *peer, const struct packet *p, uint32_t seq)
{
	if ((p->tcp_flags & FLAGS_OF_DATA) != TCP_ACK || side->flags & SIDE_ODD || peer->flags & SIDE_WAITS)
		return false;
	if (p->payload_len <= 1 || seq_lt(seq, side->edge) || seq_lt(seq, side->last_ack))
		return false;
	return seq != side->edge || side->flags & SIDE_HOLDS;
}

// A segment's numbers in host order, its window scaled, and whether it comes next.
struct usual_numbers {
	uint32_t seq, ack, len, win;
	bool next;
};

// Takes a segment of the short way, of which all is checked. options: other than none or a timestamp, else NULL.
static __rte_always_inline void take_usual(struct tcp_streams *ts, struct tcp_session *s, struct tcp_side *side,
	struct tcp_side *peer, struct packet *p, struct detector_run *run, struct usual_numbers n,
	const struct tcp_rx *options)
{
	s->flags |= SSN_CONFIRMED;
	peer->last_ack = n.ack;
	peer->window = n.win;
	peer->next_win = seq_max(peer->next_win, n.ack + n.win);
	if (unlikely(n.win > side->max_rwin))
		side->max_rwin = n.win;
	if (unlikely(peer->flags & SIDE_TIMED && seq_geq(n.ack, peer->timed_end)))
		tcp_path_acked(ts, peer, p->ts_ns);
	if (options && options->sack_count)
		tcp_path_sack(ts, peer, options);
	if (unlikely(!n.next)) {
		p->flags |= PKT_FLOW_ESTABLISHED;
		usual_out_of_order(ts, s, p, run);
		return;
	}
	if (!n.len) {
		p->flags |= PKT_FLOW_ESTABLISHED;
		return;
	}
	side->next_seq = n.seq + n.len;
	p->flags |= PKT_FLOW_ESTABLISHED | (side->flags & SIDE_DEPTH ? 0 : PKT_STREAM_ADDED);
	tcp_in_place(ts, s, side, p, run, p->data + p->payload_off, n.len);
}

// The same for a segment with other options, as far as they do not ask for the long way.
static __rte_noinline bool usual_with_options(struct tcp_streams *ts, struct tcp_session *s, struct packet *p,
	struct detector_run *run, struct usual_numbers n)
{
	struct tcp_side *side = &s->side[p->dir];
	struct tcp_rx x;

	parse(&x, p, run);
	tcp_parse_options(&x, p->data + p->l4_off + TCP_HDR_MIN, p->payload_off - p->l4_off - TCP_HDR_MIN);
	if (x.bad_wscale)
		return false;
	if (x.has_ts && s->flags & SSN_TIMESTAMPS && !take_usual_timestamp(side, p, x.tsval, x.seq))
		return false;
	take_usual(ts, s, side, &s->side[1 - p->dir], p, run, n, &x);
	return true;
}

// The short way (V. Jacobson's header prediction, seen from between the hosts): a segment of an established connection
// that is next in order, or ahead of that and not acknowledged yet, while the other side has nothing held and neither
// does anything odd. All checks of the long way hold at once, so only the numbers move and the payload is handed on
// where it lies. Returns false for what must go the long way.
static __rte_always_inline bool usual(
	struct tcp_streams *ts, struct tcp_session *s, struct packet *p, struct detector_run *run)
{
	size_t dir = p->dir;
	struct tcp_side *side = &s->side[dir], *peer = &s->side[1 - dir];
	const uint8_t *h = p->data + p->l4_off;
	uint32_t seq = load_be32(h + 4), ack = load_be32(h + 8), len = p->payload_len;

	__asm__("" : "+r"(side), "+r"(peer)); // computed once: the compiler would do it again at every use
	bool next = true;
	if (unlikely(((p->tcp_flags & FLAGS_OF_DATA) ^ TCP_ACK) | ((side->flags | peer->flags) & SIDE_WAITS) |
		     (seq ^ side->edge) | (seq ^ side->next_seq))) {
		next = false;
		if (!is_usual_ahead(side, peer, p, seq))
			return false;
	}
	if (unlikely(ack - peer->last_ack > peer->next_seq - peer->last_ack))
		return false;
	if (unlikely(seq_gt(seq + len, side->next_win)))
		return false;
	if (unlikely(!side->window))
		return false;
	uint32_t win = (uint32_t)load_be16(h + 14) << side->wscale;
	if (unlikely(!win))
		return false;
	if (unlikely(!take_usual_options(s, side, p, h, seq)))
		return usual_with_options(ts, s, p, run, (struct usual_numbers){seq, ack, len, win, next});
	take_usual(ts, s, side, peer, p, run, (struct usual_numbers){seq, ack, len, win, next}, NULL);
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

	if (p->flow->flags & FLOW_OPENING && p->flow->tcp_state == TCP_SYN_RECV)
		s = tcp_opening_session(ts, p->flow, p);
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

#define FLAGS_ODD (PKT_INVALID | PKT_FRAGMENT | PKT_BAD_L4_CSUM)

// A packet that is not of an established connection, or not usual there.
static __rte_noinline void other_packet(struct tcp_streams *ts, struct packet *const *at, struct detector_run *run)
{
	struct packet *p = *at;
	struct flow *f = p->flow;

	ts->at = (uint16_t)(at - ts->burst->list + 1);
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
	if (s && s->state >= TCP_ESTABLISHED)
		p->flags |= PKT_FLOW_ESTABLISHED;
	segment(ts, s, p, run);
}

static inline bool has_session(const struct flow *f)
{
	return f && f->proto == IPPROTO_TCP && f->tcp_state >= TCP_ESTABLISHED && f->flags & FLOW_COLD_SET;
}

// Sessions of many connections lie in no cache, and each is found through two lines of memory: asked for a burst ahead,
// they are waited for together.
static __rte_noinline void ask_ahead(const struct tcp_streams *ts, const struct burst *b, uint16_t from, uint16_t to)
{
	for (uint16_t i = from; i < to; i++)
		if (has_session(b->list[i]->flow))
			rte_prefetch0(&flow_cold_slot(ts->flows, b->list[i]->flow)->tcp);
	for (uint16_t i = from; i < to; i++) {
		const struct packet *p = b->list[i];
		const struct tcp_session *s = has_session(p->flow) ? flow_cold_slot(ts->flows, p->flow)->tcp : NULL;
		if (!s)
			continue;
		rte_prefetch0(s);
		rte_prefetch0(&s->side[p->dir]);
		rte_prefetch0(&s->side[!p->dir]);
		rte_prefetch0(&s->side[p->dir].seen);
	}
}

// A connection was refused a session, and there still is none: its segments pass by. What begins or ends a connection
// is looked at.
static inline bool passes_by(struct tcp_streams *ts, const struct packet *p)
{
	if ((p->tcp_flags & (TCP_SYN | TCP_RST | TCP_ACK)) != TCP_ACK || tcp_session_to_be_had(ts))
		return false;
	ts->stats.passed_by++;
	return true;
}

#define MANY_SESSIONS 4u // of a burst, from which on the next one's are asked for ahead

static __rte_always_inline void one_packet(struct tcp_streams *ts, struct packet *const *at, struct detector_run *run)
{
	struct packet *p = *at;
	struct flow *f = p->flow;

	if (likely(f && (p->flags & (PKT_TCP | FLAGS_ODD)) == PKT_TCP)) {
		if (f->flags & FLOW_SYN_KEPT) { // in SYN_SENT, and nowhere else
			if (likely(tcp_half_is_again(p))) {
				ts->stats.syn_only++;
				return;
			}
		} else if (f->tcp_state == TCP_ESTABLISHED && f->flags & FLOW_COLD_SET) {
			struct tcp_session *s = flow_cold_slot(ts->flows, f)->tcp;
			ts->turns += s != ts->latest; // whether it is of another connection than the one before
			ts->latest = s;
			if (likely(s && usual(ts, s, p, run)))
				return;
		} else if (f->flags & FLOW_REFUSED && passes_by(ts, p)) {
			return;
		}
	}
	other_packet(ts, at, run);
}

// A packet of a direction of which something has been left unused.
static inline void ask_unused(struct tcp_streams *ts, const struct packet *p, struct detector_run *run)
{
	if (!ts->on_unused || (p->flags & (PKT_TCP | FLAGS_ODD)) != PKT_TCP || !has_session(p->flow))
		return;
	struct tcp_session *s = flow_cold_slot(ts->flows, p->flow)->tcp;
	const struct tcp_side *side = s ? &s->side[p->dir] : NULL;
	if (!side || !(side->flags & SIDE_UNUSED))
		return;
	if (seq_geq(side->last_ack, side->ask_at) || s->state > TCP_TIME_WAIT || p->tcp_flags & TCP_RST)
		tcp_ask_unused(ts, s, p, run);
}

void tcp_stream_burst(struct tcp_streams *ts, struct burst *b, uint16_t from, uint16_t to, struct detector_run *run)
{
	ts->burst = b;
	ts->to = to;
	if (ts->turns >= MANY_SESSIONS)
		ask_ahead(ts, b, from, to);
	ts->turns = 0;
	for (struct packet *const *i = b->list + from; i != b->list + to; i++) {
		struct packet *p = *i;
		one_packet(ts, i, run);
		if (!ts->want_packets)
			continue;
		ask_unused(ts, p, run);
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

// Both sides are over: what is still held, and the end.
static void tell_end(struct tcp_streams *ts, struct tcp_session *s, struct detector_run *run)
{
	static const uint8_t nothing[1];
	struct tcp_rx x;

	tcp_zero(&x, sizeof(x));
	x.run = run;
	x.payload = nothing;
	for (uint8_t d = 0; d < 2; d++) {
		struct tcp_side *side = &s->side[d];
		x.dir = d;
		if (s->state == TCP_SYN_SENT)
			tcp_held_drop(ts, side); // a SYN's data that nobody took
		tcp_flush(ts, s, d, &x);
		if ((side->flags & (SIDE_STARTED | SIDE_DONE)) == SIDE_STARTED)
			tcp_hand(ts, s, d, &x, nothing, 0, 0, STREAM_FLOW_END);
	}
}

const struct event_tcp *tcp_stream_flow_end(
	struct tcp_streams *ts, struct flow *f, struct flow_cold *cold, struct detector_run *run)
{
	if (f->flags & FLOW_SYN_KEPT)
		tcp_half_end(ts, f);
	if (f->flags & FLOW_OPENING)
		return tcp_opening_end(ts, f, &ts->ended) ? &ts->ended : NULL;
	if (f->proto != IPPROTO_TCP || !cold || !cold->tcp)
		return NULL;
	tell_end(ts, cold->tcp, run);
	tcp_stream_path(cold, &ts->ended);
	tcp_session_free(ts, cold->tcp);
	return &ts->ended;
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
