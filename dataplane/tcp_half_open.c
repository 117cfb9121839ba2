// A SYN takes no session and leaves the flow's cold line alone: its numbers wait in a table of fixed size, so that a
// SYN flood costs one line of that table a packet. The SYN/ACK makes the session. Next: tcp_handshake.c.
#include "dataplane/tcp_half_open.h"

#include <string.h>

#include "dataplane/flow_internal.h"
#include "dataplane/tcp_session.h"

// Where a flow's SYNs are, and what they are known by there: the flow's place in the table and its first nanosecond.
static inline struct tcp_half_bucket *bucket_of(const struct tcp_streams *ts, const struct flow *f, uint32_t *tag)
{
	uint64_t h = ((uintptr_t)f >> 6 ^ f->start_ns << 30) * 0x9e3779b97f4a7c15ull;

	*tag = (uint32_t)(h >> 16) | 1;
	return &ts->half[h >> 48 & ts->half_mask];
}

void tcp_half_prefetch(const struct tcp_streams *ts, const struct burst *b, uint16_t from, uint16_t to)
{
	for (uint16_t i = from; i < to; i++) {
		const struct packet *p = b->list[i];
		uint32_t tag;
		if (p->flow && p->flags & PKT_TCP && (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
			__builtin_prefetch(bucket_of(ts, p->flow, &tag), 1);
	}
}

static inline bool has_tag(const struct tcp_half_bucket *b, uint32_t tag)
{
	uint64_t half[2];

	tcp_lanes same = (tcp_lanes)(b->tag == tag);
	memcpy(half, &same, sizeof(half));
	return half[0] | half[1];
}

static inline uint32_t rest_of(uint16_t win, uint8_t opts, uint32_t different)
{
	return win | (uint32_t)opts << HALF_OPTS_SHIFT | different << HALF_DIFFERENT_SHIFT;
}

static inline tcp_lanes back_one(tcp_lanes v)
{
	return __builtin_shufflevector(v, v, 0, 0, 1, 2);
}

// In front of the others; the last falls out.
static inline void push(struct tcp_half_bucket *b, uint32_t tag, uint32_t isn, uint32_t tsval, uint32_t rest)
{
	struct tcp_half_bucket n = {back_one(b->tag), back_one(b->isn), back_one(b->tsval), back_one(b->rest)};

	n.tag[0] = tag;
	n.isn[0] = isn;
	n.tsval[0] = tsval;
	n.rest[0] = rest;
	*b = n;
}

// The way of this very SYN, TCP_HALF_WAYS where there is none. *latest: of the flow's latest SYN, or TCP_HALF_WAYS.
static uint32_t way_of(const struct tcp_half_bucket *b, uint32_t tag, uint32_t isn, uint32_t *latest)
{
	*latest = TCP_HALF_WAYS;
	for (uint32_t i = 0; i < TCP_HALF_WAYS; i++) {
		if (b->tag[i] != tag)
			continue;
		if (b->isn[i] == isn)
			return i;
		if (*latest == TCP_HALF_WAYS)
			*latest = i;
	}
	return TCP_HALF_WAYS;
}

static uint32_t different_of(const struct tcp_half_bucket *b, uint32_t way)
{
	return b->rest[way] >> HALF_DIFFERENT_SHIFT & HALF_DIFFERENT_MAX;
}

enum tcp_syn_known tcp_half_find(const struct tcp_streams *ts, const struct flow *f, uint32_t isn, struct tcp_syn *out)
{
	uint32_t tag, latest;
	const struct tcp_half_bucket *b = bucket_of(ts, f, &tag);
	uint32_t way = way_of(b, tag, isn, &latest);
	uint32_t from = way != TCP_HALF_WAYS ? way : latest;

	if (from == TCP_HALF_WAYS)
		return TCP_SYN_UNKNOWN;
	*out = (struct tcp_syn){.isn = b->isn[from],
		.tsval = b->tsval[from],
		.win = (uint16_t)(b->rest[from] & HALF_WIN_MASK),
		.opts = (uint8_t)(b->rest[from] >> HALF_OPTS_SHIFT),
		.different = (uint8_t)different_of(b, from),
		.answered = b->rest[from] & (uint32_t)HALF_ANSWERED};
	return from == way ? TCP_SYN_THIS : TCP_SYN_OTHER;
}

// The same SYN once more.
static void put_again(struct tcp_half_bucket *b, uint32_t way, const struct tcp_rx *x)
{
	if (!(b->rest[way] >> HALF_OPTS_SHIFT & 0xff)) { // its SYN/ACK came first
		b->tsval[way] = x->tsval;
		b->rest[way] = (b->rest[way] & (uint32_t)HALF_ANSWERED) | rest_of((uint16_t)x->win, x->opts, 0);
	} else if (b->tsval[way] != x->tsval) {
		b->tsval[way] = 0; // either timestamp may be echoed
	}
}

uint32_t tcp_half_put(struct tcp_streams *ts, const struct flow *f, const struct tcp_rx *x)
{
	uint32_t tag, latest, different = 0;
	struct tcp_half_bucket *b = bucket_of(ts, f, &tag);
	uint32_t way = way_of(b, tag, x->seq, &latest);

	if (way != TCP_HALF_WAYS) {
		put_again(b, way, x);
		return 0;
	}
	if (latest != TCP_HALF_WAYS)
		different = different_of(b, latest) + 1;
	if (different > HALF_DIFFERENT_MAX)
		different = HALF_DIFFERENT_MAX;
	push(b, tag, x->seq, x->tsval, rest_of((uint16_t)x->win, x->opts, different));
	return different;
}

void tcp_half_put_answer(struct tcp_streams *ts, const struct flow *f, const struct tcp_rx *x)
{
	struct tcp_rx syn = {.seq = x->ack - 1};
	uint32_t tag, latest;
	struct tcp_half_bucket *b = bucket_of(ts, f, &tag);

	tcp_half_put(ts, f, &syn);
	b->rest[way_of(b, tag, syn.seq, &latest)] |= (uint32_t)HALF_ANSWERED;
}

// The long part of it: a SYN with options. Returns false where they are odd.
static __attribute__((noinline)) bool take_with_options(
	struct tcp_streams *ts, const struct packet *p, const uint8_t *h, uint32_t options)
{
	uint32_t tag;
	struct tcp_half_bucket *b = bucket_of(ts, p->flow, &tag);
	struct tcp_rx x = {0};

	tcp_parse_options(&x, h + TCP_HDR_MIN, options);
	if (x.bad_wscale)
		return false;
	push(b, tag, load_be32(h + 4), x.tsval, rest_of(load_be16(h + 14), x.opts, 0));
	return true;
}

bool tcp_half_take_syn(struct tcp_streams *ts, const struct packet *p)
{
	struct flow *f = p->flow;
	const uint8_t *h = p->data + p->l4_off;
	uint32_t tag, options = p->payload_off - p->l4_off - TCP_HDR_MIN;
	struct tcp_half_bucket *b = bucket_of(ts, f, &tag);

	if (p->payload_len | p->dir | load_be32(h + 8) || f->tcp_state > TCP_SYN_SENT || has_tag(b, tag))
		return false;
	if (f->tcp_state == TCP_SYN_SENT && f->flags & FLOW_COLD_SET && flow_cold_slot(ts->flows, f)->tcp)
		return false;
	if (!options)
		push(b, tag, load_be32(h + 4), 0, rest_of(load_be16(h + 14), SYN_SEEN | SYN_NO_WSCALE, 0));
	else if (!take_with_options(ts, p, h, options))
		return false;
	f->tcp_state = TCP_SYN_SENT;
	ts->stats.syn_only++;
	return true;
}
