// A SYN takes no session and leaves the flow's cold line alone. The first SYN of a flow is kept in the flow's own line,
// where the other side is counted once it sends, so that a flood of SYNs touches no memory that other packets would not
// touch. When the other side answers it moves to the handshake's record (tcp_opening.c), when a session begins or a SYN
// with another sequence number comes to a table of fixed size. Next: tcp_opening.c.
#include "dataplane/tcp_half_open.h"

#include <string.h>

#include <rte_common.h>

#include "dataplane/flow_internal.h"
#include "dataplane/tcp_session.h"

// Where a flow's SYNs are, and what they are known by there: the flow's place in the table and its first nanosecond.
static inline struct tcp_half_bucket *bucket_of(const struct tcp_streams *ts, const struct flow *f, uint32_t *tag)
{
	uint64_t h = ((uintptr_t)f >> 6 ^ f->start_ns << 30) * 0x9e3779b97f4a7c15ull;

	*tag = (uint32_t)(h >> 16) | 1;
	return &ts->half[h >> 48 & ts->half_mask];
}

static inline uint32_t rest_of(uint16_t win, uint8_t opts, uint32_t different, bool data)
{
	return win | (uint32_t)opts << HALF_OPTS_SHIFT | different << HALF_DIFFERENT_SHIFT | (data ? HALF_DATA : 0);
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

// ---- the SYN in the flow's line (FLOW_SYN_KEPT) ----

static inline uint32_t kept_isn(const struct flow *f)
{
	return (uint32_t)(f->bytes[DIR_TO_CLIENT] >> 32);
}

static inline uint32_t kept_tsval(const struct flow *f)
{
	return (uint32_t)f->bytes[DIR_TO_CLIENT];
}

static inline void keep(struct flow *f, uint32_t isn, uint32_t tsval, uint32_t rest)
{
	f->bytes[DIR_TO_CLIENT] = (uint64_t)isn << 32 | tsval;
	f->pkts[DIR_TO_CLIENT] = rest;
	f->flags |= FLOW_SYN_KEPT;
}

// The same SYN once more, as far as its sequence number goes.
static inline void keep_again(struct flow *f, uint32_t tsval, bool data)
{
	f->pkts[DIR_TO_CLIENT] |= data ? HALF_DATA : 0;
	if (kept_tsval(f) != tsval)
		f->bytes[DIR_TO_CLIENT] &= ~(uint64_t)UINT32_MAX; // either timestamp may be echoed
}

// The SYN leaves the line.
static inline void unkeep(struct flow *f)
{
	f->bytes[DIR_TO_CLIENT] = 0;
	f->pkts[DIR_TO_CLIENT] = 0;
	f->flags &= (uint16_t)~FLOW_SYN_KEPT;
}

void tcp_half_answered(void *streams, struct flow *f)
{
	uint32_t isn = kept_isn(f), tsval = kept_tsval(f), rest = f->pkts[DIR_TO_CLIENT];

	unkeep(f);
	tcp_opening_begin(streams, f, isn, tsval, rest);
}

void tcp_half_move(struct tcp_streams *ts, struct flow *f)
{
	uint32_t tag;
	struct tcp_half_bucket *b = bucket_of(ts, f, &tag);

	if (f->flags & FLOW_SYN_KEPT) {
		push(b, tag, kept_isn(f), kept_tsval(f), f->pkts[DIR_TO_CLIENT]);
		unkeep(f);
		return;
	}
	const struct tcp_opening *o = tcp_opening_of(ts, f);
	if (o)
		push(b, tag, o->isn[DIR_TO_SERVER], o->tsval[DIR_TO_SERVER], o->syn);
	tcp_opening_leave(f);
}

void tcp_half_end(struct tcp_streams *ts, const struct flow *f)
{
	if (f->pkts[DIR_TO_CLIENT] & HALF_DATA)
		tcp_syn_data_drop(ts, f, kept_isn(f));
}

// ---- finding and remembering ----

struct tcp_syn tcp_syn_of(uint32_t isn, uint32_t tsval, uint32_t rest)
{
	return (struct tcp_syn){.isn = isn,
		.tsval = tsval,
		.win = (uint16_t)(rest & HALF_WIN_MASK),
		.opts = (uint8_t)(rest >> HALF_OPTS_SHIFT),
		.different = (uint8_t)(rest >> HALF_DIFFERENT_SHIFT & HALF_DIFFERENT_MAX),
		.answered = rest & (uint32_t)HALF_ANSWERED,
		.data = rest & HALF_DATA};
}

enum tcp_syn_known tcp_half_find(const struct tcp_streams *ts, const struct flow *f, uint32_t isn, struct tcp_syn *out)
{
	uint32_t tag, latest;

	if (f->flags & (FLOW_SYN_KEPT | FLOW_OPENING)) {
		const struct tcp_opening *o = f->flags & FLOW_OPENING ? tcp_opening_of(ts, f) : NULL;
		if (f->flags & FLOW_SYN_KEPT)
			*out = tcp_syn_of(kept_isn(f), kept_tsval(f), f->pkts[DIR_TO_CLIENT]);
		else if (o)
			*out = tcp_syn_of(o->isn[DIR_TO_SERVER], o->tsval[DIR_TO_SERVER], o->syn);
		else
			return TCP_SYN_UNKNOWN;
		return out->isn == isn ? TCP_SYN_THIS : TCP_SYN_OTHER;
	}
	const struct tcp_half_bucket *b = bucket_of(ts, f, &tag);
	uint32_t way = way_of(b, tag, isn, &latest);
	uint32_t from = way != TCP_HALF_WAYS ? way : latest;
	if (from == TCP_HALF_WAYS)
		return TCP_SYN_UNKNOWN;
	*out = tcp_syn_of(b->isn[from], b->tsval[from], b->rest[from]);
	return from == way ? TCP_SYN_THIS : TCP_SYN_OTHER;
}

enum tcp_syn_known tcp_half_find_next(
	const struct tcp_streams *ts, const struct flow *f, uint32_t next, struct tcp_syn *out)
{
	enum tcp_syn_known known = tcp_half_find(ts, f, next - 1, out);
	uint32_t len;

	if (known != TCP_SYN_OTHER || !out->data)
		return known;
	if (!tcp_syn_data_find(ts, f, out->isn, &len))
		len = (uint32_t)RTE_MIN(f->bytes[DIR_TO_SERVER], UINT16_MAX);
	return next - (out->isn + 1) <= len ? TCP_SYN_THIS : TCP_SYN_OTHER;
}

// The same SYN once more.
static void put_again(struct tcp_half_bucket *b, uint32_t way, const struct tcp_rx *x)
{
	if (!(b->rest[way] >> HALF_OPTS_SHIFT & 0xff)) { // its SYN/ACK came first
		b->tsval[way] = x->tsval;
		b->rest[way] = (b->rest[way] & (uint32_t)HALF_ANSWERED) | rest_of((uint16_t)x->win, x->opts, 0, x->len);
	} else if (b->tsval[way] != x->tsval) {
		b->tsval[way] = 0; // either timestamp may be echoed
	}
	b->rest[way] |= x->len ? HALF_DATA : 0;
}

uint32_t tcp_half_put(struct tcp_streams *ts, struct flow *f, const struct tcp_rx *x)
{
	uint32_t tag, latest, different = 0;
	struct tcp_half_bucket *b = bucket_of(ts, f, &tag);

	if (f->flags & FLOW_SYN_KEPT) {
		if (kept_isn(f) == x->seq) {
			keep_again(f, x->tsval, x->len);
			return 0;
		}
		tcp_half_move(ts, f);
	} else if (f->flags & FLOW_OPENING) {
		tcp_half_move(ts, f);
	}
	uint32_t way = way_of(b, tag, x->seq, &latest);
	if (way != TCP_HALF_WAYS) {
		put_again(b, way, x);
		return 0;
	}
	if (latest != TCP_HALF_WAYS)
		different = different_of(b, latest) + 1;
	if (different > HALF_DIFFERENT_MAX)
		different = HALF_DIFFERENT_MAX;
	push(b, tag, x->seq, x->tsval, rest_of((uint16_t)x->win, x->opts, different, x->len));
	return different;
}

void tcp_half_put_answer(struct tcp_streams *ts, struct flow *f, const struct tcp_rx *x)
{
	struct tcp_rx syn = {.seq = x->ack - 1};
	uint32_t tag, latest;
	struct tcp_half_bucket *b = bucket_of(ts, f, &tag);

	tcp_half_put(ts, f, &syn);
	b->rest[way_of(b, tag, syn.seq, &latest)] |= (uint32_t)HALF_ANSWERED;
}

// Takes a SYN whose numbers are known: the flow's first, or that one again.
static inline bool take(struct tcp_streams *ts, const struct packet *p, uint32_t isn, uint32_t tsval, uint32_t rest)
{
	struct flow *f = p->flow;

	if (f->flags & FLOW_SYN_KEPT && kept_isn(f) == isn) {
		keep_again(f, tsval, p->payload_len);
	} else if (p->flags & PKT_NEW_FLOW && f->tcp_state == TCP_NONE) {
		if (!f->pkts[DIR_TO_CLIENT])
			keep(f, isn, tsval, rest);
		else // its answer is in the same burst
			tcp_opening_begin(ts, f, isn, tsval, rest);
		f->tcp_state = TCP_SYN_SENT;
	} else {
		return false;
	}
	ts->stats.syn_only++;
	return true;
}

// Inspected as what it is, the stream takes over what a fast open SYN carried (RFC 7413); of others most servers leave
// it, so that the packet is looked at whatever becomes of it.
void tcp_half_data(struct tcp_streams *ts, struct packet *p, uint32_t isn, uint8_t opts)
{
	uint32_t len;

	if (!(opts & SYN_HAS_TFO))
		tcp_note_packet(ts, p, STREAM_PKT_DATA_ON_SYN);
	if (tcp_syn_data_find(ts, p->flow, isn, &len))
		return;
	if (!tcp_syn_data_keep(ts, p, isn))
		tcp_note_packet(ts, p, STREAM_REASSEMBLY_NO_SEGMENT);
	else if (opts & SYN_HAS_TFO)
		p->flags |= PKT_STREAM_ADDED;
}

// A SYN with options. Returns false where they are odd.
static __attribute__((noinline)) bool take_with_options(
	struct tcp_streams *ts, struct packet *p, const uint8_t *h, uint32_t options)
{
	uint32_t isn = load_be32(h + 4);
	struct tcp_rx x;

	x.tsval = 0; // what the parser sets only where it finds it
	x.bad_wscale = false;
	tcp_parse_options(&x, h + TCP_HDR_MIN, options);
	if (x.bad_wscale || !take(ts, p, isn, x.tsval, rest_of(load_be16(h + 14), x.opts, 0, p->payload_len)))
		return false;
	if (p->payload_len)
		tcp_half_data(ts, p, isn, x.opts);
	return true;
}

bool tcp_half_take_syn(struct tcp_streams *ts, struct packet *p)
{
	const uint8_t *h = p->data + p->l4_off;
	uint32_t options = p->payload_off - p->l4_off - TCP_HDR_MIN;

	if (p->dir | load_be32(h + 8))
		return false;
	if (options | p->payload_len)
		return take_with_options(ts, p, h, options);
	return take(ts, p, load_be32(h + 4), 0, rest_of(load_be16(h + 14), SYN_SEEN | SYN_NO_WSCALE, 0, false));
}
