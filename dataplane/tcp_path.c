// Round trips, losses and windows of a connection, as they end up in its flow's record. In-order data pays one test for
// it, an acknowledgement another. Names follow RFC 4898 (TCP Extended Statistics).
#include "dataplane/tcp_path.h"

#include "dataplane/tcp_session.h"

#define DEFAULT_MSS 536u      // RFC 9293 section 3.7.1
#define DUP_THRESH 3u         // RFC 6675 section 2
#define MAX_RTT_US (1u << 28) // four and a half minutes: no round trip takes that long

// Microseconds between two packet times; 0 where time went back.
static uint32_t us_between(uint64_t from_ns, uint64_t to_ns)
{
	uint64_t us = to_ns > from_ns ? (to_ns - from_ns) / 1000 : 0;

	return us < MAX_RTT_US ? (uint32_t)us : MAX_RTT_US;
}

static void learn_mss(struct tcp_path *path, uint32_t len)
{
	if (len > path->mss)
		path->mss = len;
}

void tcp_path_time(struct tcp_side *side, uint32_t end, uint32_t len, uint64_t now_ns)
{
	side->flags |= SIDE_TIMED;
	side->timed_end = end;
	side->path.timed_at = now_ns;
	learn_mss(&side->path, len);
}

// RFC 6298 section 2; the first sample is the estimate.
void tcp_path_acked(struct tcp_streams *ts, struct tcp_side *side, uint64_t now_ns)
{
	struct tcp_path *path = &side->path;
	uint32_t rtt = us_between(path->timed_at, now_ns);

	side->flags &= (uint16_t)~SIDE_TIMED;
	if (now_ns < path->timed_at)
		return;
	if (!path->rtt_samples++) {
		path->min_rtt_us = rtt;
		path->srtt_8 = rtt * 8;
	} else {
		path->min_rtt_us = rtt < path->min_rtt_us ? rtt : path->min_rtt_us;
		path->srtt_8 += rtt - path->srtt_8 / 8;
	}
	ts->stats.rtt_samples++;
}

void tcp_path_again(struct tcp_streams *ts, struct tcp_side *side, uint32_t octets)
{
	struct tcp_path *path = &side->path;

	side->flags &= (uint16_t)~SIDE_TIMED; // Karn: which of the two is acknowledged?
	path->segs_retrans++;
	path->octets_retrans = path->octets_retrans + octets < octets ? UINT32_MAX : path->octets_retrans + octets;
	ts->stats.retransmitted++;
}

void tcp_path_ahead(struct tcp_side *side, uint32_t len)
{
	side->flags &= (uint16_t)~SIDE_TIMED; // what comes next waits for the hole to close
	side->path.out_of_order++;
	learn_mss(&side->path, len);
}

void tcp_path_window(struct tcp_side *side, uint32_t win, uint32_t before)
{
	if (win > side->max_rwin)
		side->max_rwin = win;
	if (!win && before)
		side->path.zero_rwin++;
}

struct block {
	uint32_t from, to;
};

// The blocks that lie within what was sent and not acknowledged, by sequence number. Returns how many.
static uint32_t sort_blocks(const struct tcp_side *side, const struct tcp_rx *x, struct block b[4])
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < x->sack_count; i++) {
		struct block new = {x->sack[2 * i], x->sack[2 * i + 1]};
		uint32_t at = n;
		if (seq_leq(new.from, x->ack) || seq_leq(new.to, new.from) || seq_gt(new.to, side->next_seq))
			continue; // RFC 2883: bytes received twice; or nonsense
		for (; at && seq_lt(new.from, b[at - 1].from); at--)
			b[at] = b[at - 1];
		b[at] = new;
		n++;
	}
	return n;
}

// Makes one block of those that touch. Returns how many are left.
static uint32_t merge_blocks(struct block b[4], uint32_t n)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (kept && seq_leq(b[i].from, b[kept - 1].to))
			b[kept - 1].to = seq_max(b[kept - 1].to, b[i].to);
		else
			b[kept++] = b[i];
	}
	return kept;
}

// The hole below a block is lost when three blocks, or more than two segments' bytes, have arrived above it (RFC 6675
// section 4, IsLost). Lower holes are so before higher ones, so that a mark tells which have been counted.
void tcp_path_sack(struct tcp_streams *ts, struct tcp_side *side, const struct tcp_rx *x)
{
	struct tcp_path *path = &side->path;
	struct block b[4];
	uint32_t n = merge_blocks(b, sort_blocks(side, x, b)), bytes = 0;
	uint32_t mss = path->mss ? path->mss : DEFAULT_MSS;

	side->flags &= (uint16_t)~SIDE_TIMED; // the acknowledgement waits for a hole to close
	if (!(side->flags & SIDE_SACK_MARK) || seq_lt(path->sack_mark, x->ack))
		path->sack_mark = x->ack;
	side->flags |= SIDE_SACK_MARK;
	for (uint32_t i = 0; i < n; i++)
		bytes += b[i].to - b[i].from;
	for (uint32_t i = 0; i < n && (n - i >= DUP_THRESH || bytes > (DUP_THRESH - 1) * mss); i++) {
		bytes -= b[i].to - b[i].from;
		if (seq_leq(b[i].from, path->sack_mark))
			continue;
		path->sack_mark = b[i].from;
		path->sack_losses++;
		ts->stats.sack_losses++;
	}
}

void tcp_path_syn_ack(struct tcp_session *s, uint64_t now_ns, bool once)
{
	if (once)
		s->flags |= SSN_RTT;
	s->rtt_us = us_between(s->syn_ns, now_ns);
	s->syn_ns = now_ns;
}

void tcp_path_established(struct tcp_streams *ts, struct tcp_session *s, const struct tcp_rx *x)
{
	if (!(s->flags & SSN_RTT))
		return;
	s->rtt_us += us_between(s->syn_ns, x->p->ts_ns);
	ts->stats.rtt_samples++;
}

static void tell_side(const struct tcp_side *side, bool scale_known, struct event_tcp_side *out)
{
	const struct tcp_path *path = &side->path;

	*out = (struct event_tcp_side){
		.segs_retrans = path->segs_retrans,
		.octets_retrans = path->octets_retrans,
		.out_of_order = path->out_of_order,
		.sack_losses = path->sack_losses,
		.gaps = path->gaps,
		.missed_bytes = side->gap_bytes,
		.rtt_samples = path->rtt_samples,
		.min_rtt_us = path->min_rtt_us,
		.smoothed_rtt_us = path->srtt_8 / 8,
		.max_rwin_sent = scale_known ? side->max_rwin : 0,
		.zero_rwin_sent = path->zero_rwin,
	};
}

bool tcp_stream_path(const struct flow_cold *cold, struct event_tcp *out)
{
	const struct tcp_session *s = cold ? cold->tcp : NULL;

	if (!s) {
		*out = (struct event_tcp){0};
		return false;
	}
	out->rtt_known = s->flags & SSN_RTT && s->state >= TCP_ESTABLISHED;
	out->rtt_us = out->rtt_known ? s->rtt_us : 0;
	tell_side(&s->side[DIR_TO_SERVER], s->syn_opts & SYN_SEEN, &out->side[DIR_TO_SERVER]);
	tell_side(&s->side[DIR_TO_CLIENT], s->synack_opts & SYN_SEEN, &out->side[DIR_TO_CLIENT]);
	return true;
}
