// Is a segment acceptable? Acknowledgements, windows, timestamps, resets; and the segments that look
// odd and mean nothing (keep-alives, window updates). Next: tcp_handshake.c.
#include "dataplane/tcp_session.h"

#include <string.h>

// RFC 7323 section 5.5: after 24 days TS.Recent is worth nothing.
#define PAWS_IDLE tcp_clock(UINT64_C(1000000000) * 24 * 86400)

// RFC 9293 section 3.10.7.4: an acknowledgement of something never sent, or from before the window.
bool tcp_check_ack(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	const struct tcp_side *peer = &s->side[!x->dir];

	if (!(x->flags & TCP_ACK))
		return true;
	if (seq_geq(x->ack, peer->last_ack) && seq_leq(x->ack, peer->next_win))
		return true;
	if (seq_lt(x->ack, peer->last_ack)) {
		if (!peer->window || seq_geq(x->ack, peer->last_ack - peer->window))
			return true;
	} else if (s->state <= TCP_SYN_SENT || s->flags & SSN_ASYNC) {
		return true;
	}
	tcp_note(ts, x, STREAM_PKT_INVALID_ACK);
	return false;
}

bool tcp_in_window(const struct tcp_session *s, const struct tcp_rx *x)
{
	if (s->flags & (SSN_MIDSTREAM | SSN_ASYNC))
		return true;
	return seq_leq(x->seq + x->len, s->side[x->dir].next_win);
}

// PAWS (RFC 7323 section 5): a segment whose timestamp is older than one already taken is refused.
// Linux takes a timestamp that is one tick older.
bool tcp_check_timestamp(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	const struct tcp_side *side = &s->side[x->dir];

	if (!(s->flags & SSN_TIMESTAMPS) || !x->has_ts || !(side->flags & SIDE_TS))
		return true;
	bool lenient = ts->cfg.liberal_timestamps || side->policy == TCP_POLICY_LINUX;
	if (seq_diff(x->tsval, side->last_ts) + (lenient ? 1 : 0) >= 0)
		return true;
	uint32_t now = tcp_clock(x->p->ts_ns);
	if (now > side->last_ts_at && now - side->last_ts_at > PAWS_IDLE)
		return true;
	tcp_note(ts, x, STREAM_PKT_INVALID_TIMESTAMP);
	return false;
}

bool tcp_check_echo(struct tcp_streams *ts, struct tcp_rx *x, bool syn_has_ts, uint32_t syn_tsval)
{
	if (!x->has_ts || !x->tsecr || x->dir == DIR_TO_SERVER)
		return true;
	if (syn_has_ts && (!syn_tsval || x->tsecr == syn_tsval))
		return true;
	tcp_note(ts, x, STREAM_PKT_INVALID_TIMESTAMP);
	// a client that offered no timestamps reads past the option (RFC 7323 section 3.2); a RST with one is forged
	return !syn_has_ts && !(x->flags & TCP_RST);
}

// Which sequence numbers of a RST the receiver takes. RFC 5961 section 3.2 asks for exactly the next
// one (BSD and Windows, and Linux from 3.6 on for anything else sends a challenge); the older Linux,
// Solaris and HP-UX 11 take what lies in the window.
static bool rst_in_sequence(const struct tcp_session *s, const struct tcp_rx *x)
{
	const struct tcp_side *side = &s->side[x->dir];

	switch (side->policy) {
	case TCP_POLICY_HPUX11:
		return seq_geq(x->seq, side->next_seq) && seq_leq(x->seq, side->next_win);
	case TCP_POLICY_OLD_LINUX:
	case TCP_POLICY_LINUX:
	case TCP_POLICY_SOLARIS:
	case TCP_POLICY_OLD_SOLARIS:
		return seq_geq(x->seq + x->len, side->last_ack) && seq_lt(x->seq, side->next_seq + side->window);
	default:
		return x->seq == side->next_seq || (x->len && x->seq + x->len == side->next_seq);
	}
}

bool tcp_check_rst(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	if (!tcp_check_timestamp(ts, s, x))
		return false;
	if (x->flags & TCP_ACK && !tcp_check_ack(ts, s, x)) {
		tcp_note(ts, x, STREAM_RST_INVALID_ACK);
		return false;
	}
	if (s->flags & (SSN_ASYNC | SSN_MIDSTREAM) && seq_geq(x->seq, s->side[x->dir].next_seq))
		return true;
	if (rst_in_sequence(s, x))
		return true;
	tcp_note(ts, x, STREAM_RST_OUT_OF_WINDOW);
	return false;
}

// RFC 9293 section 3.8.4: at most one byte, from just before what comes next.
static bool is_keepalive(struct tcp_side *side, const struct tcp_side *peer, const struct tcp_rx *x)
{
	if (x->len > 1 || x->ack != peer->last_ack || x->seq != side->next_seq - 1)
		return false;
	side->flags |= SIDE_KEEPALIVE;
	return true;
}

static bool is_keepalive_answer(const struct tcp_side *side, struct tcp_side *peer, const struct tcp_rx *x)
{
	if (!(peer->flags & SIDE_KEEPALIVE))
		return false;
	peer->flags &= (uint16_t)~SIDE_KEEPALIVE;
	return !x->len && x->ack == peer->last_ack && x->seq == side->next_seq &&
	       x->win << side->wscale == peer->window;
}

// A bare acknowledgement from the future that takes back most of the window: it would have us refuse
// what the end host still takes.
static bool is_bad_window_update(const struct tcp_side *side, const struct tcp_side *peer, const struct tcp_rx *x)
{
	uint32_t win = x->win << side->wscale;

	return !x->len && win < peer->window / 2 && seq_gt(x->ack, peer->next_seq) && seq_gt(x->seq, side->next_seq);
}

bool tcp_is_noise(struct tcp_streams *ts, struct tcp_session *s, struct tcp_rx *x)
{
	struct tcp_side *side = &s->side[x->dir], *peer = &s->side[!x->dir];

	if (s->state < TCP_ESTABLISHED || (x->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) != TCP_ACK)
		return false;
	if (is_keepalive(side, peer, x) || is_keepalive_answer(side, peer, x))
		return true;
	if (s->state != TCP_CLOSED && is_bad_window_update(side, peer, x)) {
		tcp_note(ts, x, STREAM_PKT_BAD_WINDOW_UPDATE);
		return true;
	}
	// overtaken by later segments of both sides
	if (!x->len)
		return seq_lt(x->seq, side->next_seq) && seq_lt(x->ack, peer->last_ack);
	if (seq_leq(x->seq + x->len, side->last_ack)) {
		tcp_note(ts, x, STREAM_PKT_SPURIOUS_RETRANSMISSION);
		x->repeated = seq_leq(x->seq + x->len, side->edge);
		if (x->repeated)
			tcp_repeated(ts, s, x);
	}
	return false;
}

static void parse_sack(struct tcp_rx *x, const uint8_t *o, uint32_t len)
{
	x->sack_count = 0;
	for (uint32_t i = 2; i + 8 <= len && x->sack_count < 4; i += 8) {
		memcpy(&x->sack[2 * x->sack_count], o + i, 8);
		x->sack[2 * x->sack_count] = rte_be_to_cpu_32(x->sack[2 * x->sack_count]);
		x->sack[2 * x->sack_count + 1] = rte_be_to_cpu_32(x->sack[2 * x->sack_count + 1]);
		x->sack_count++;
	}
}

// Kinds of IANA's "TCP Option Kind Numbers".
static void parse_option(struct tcp_rx *x, const uint8_t *o, uint32_t len)
{
	if (o[0] == 3 && len == 3) { // RFC 7323 section 2.2
		x->bad_wscale = o[2] > TCP_MAX_WSCALE;
		x->opts = (uint8_t)((x->opts & ~SYN_WSCALE_MASK) | (x->bad_wscale ? TCP_MAX_WSCALE : o[2]));
	} else if (o[0] == 4 && len == 2) { // RFC 2018
		x->opts |= SYN_HAS_SACK;
	} else if (o[0] == 5) {
		parse_sack(x, o, len);
	} else if (o[0] == 8 && len == 10) { // RFC 7323 section 3.2
		memcpy(&x->tsval, o + 2, 4);
		memcpy(&x->tsecr, o + 6, 4);
		x->tsval = rte_be_to_cpu_32(x->tsval);
		x->tsecr = rte_be_to_cpu_32(x->tsecr);
		x->has_ts = true;
		x->opts |= SYN_HAS_TS;
	} else if (o[0] == 34 || (o[0] == 254 && len >= 4 && o[2] == 0xf9 && o[3] == 0x89)) { // RFC 7413
		x->opts |= SYN_HAS_TFO;
	}
}

#define OPTIONS_READ (1ull << 3 | 1ull << 4 | 1ull << 5 | 1ull << 8 | 1ull << 34) // and 254

void tcp_parse_options(struct tcp_rx *x, const uint8_t *opt, uint32_t len)
{
	const uint8_t *end = opt + len;

	x->opts = SYN_SEEN | SYN_NO_WSCALE;
	while (opt < end && *opt != 0) {
		if (*opt == 1) {
			opt++;
			continue;
		}
		if (end - opt < 2 || opt[1] < 2 || opt[1] > end - opt) // decode has noted it
			return;
		if (*opt < 64 ? OPTIONS_READ >> *opt & 1 : *opt == 254)
			parse_option(x, opt, opt[1]);
		opt += opt[1];
	}
}
