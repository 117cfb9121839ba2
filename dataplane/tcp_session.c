// Sessions and the fixed pools behind the stream engine. Next: tcp_stream.c.
#include "dataplane/tcp_deliver.h"

#include <errno.h>
#include <string.h>

// Blocks of the reassembly pools, from one byte budget: half for full segments, a fifth for small
// ones, an eighth for the bytes consumers keep, a sixty-fourth for what SYNs carry, the rest for the records of held
// segments.
struct pool_plan {
	uint32_t sessions, segments, small, large, syn_data;
	uint32_t keep[TCP_KEEP_CLASSES];
};

static const uint32_t keep_bytes[TCP_KEEP_CLASSES] = {4096, 32768, 262144};

static uint32_t blocks(uint64_t bytes, uint32_t block)
{
	uint64_t n = bytes / block;

	return n > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)n;
}

static void plan_pools(const struct tcp_stream_config *cfg, struct pool_plan *plan)
{
	uint64_t cap = cfg->reassembly_memcap;

	plan->sessions = blocks(cfg->memcap, sizeof(struct tcp_session));
	plan->large = blocks(cap / 2, TCP_LARGE_BYTES);
	plan->small = blocks(cap / 5, TCP_SMALL_BYTES);
	for (size_t i = 0; i < TCP_KEEP_CLASSES; i++)
		plan->keep[i] = blocks(cap / 24, keep_bytes[i]);
	plan->syn_data = tcp_syn_data_records(cap / 64);
	plan->segments = blocks(cap - cap / 2 - cap / 5 - cap / 8 - cap / 64, sizeof(struct tcp_segment));
}

// A sixteenth of the session memory, at least 64 buckets: the table of SYNs that their flows have no room for.
static uint32_t half_buckets(const struct tcp_stream_config *cfg)
{
	uint64_t want = cfg->memcap / 16 / sizeof(struct tcp_half_bucket);
	uint32_t n = 64;

	while (n * 2ull <= want && n < 16384)
		n *= 2;
	return n;
}

static size_t line_up(size_t bytes)
{
	return (bytes + 63) & ~(size_t)63;
}

size_t tcp_pool_bytes(uint32_t block_bytes, uint32_t count)
{
	return line_up((size_t)block_bytes * (count + 1ull));
}

void tcp_pool_init(struct tcp_pool *p, void *mem, uint32_t block_bytes, uint32_t count)
{
	*p = (struct tcp_pool){.mem = mem, .block_bytes = block_bytes, .count = count, .fresh = 1};
}

size_t tcp_streams_size(const struct tcp_stream_config *cfg)
{
	struct pool_plan plan;
	size_t n = line_up(sizeof(struct tcp_streams));

	plan_pools(cfg, &plan);
	n += half_buckets(cfg) * sizeof(struct tcp_half_bucket);
	n += tcp_opening_records(cfg->memcap) * sizeof(struct tcp_opening);
	n += tcp_pool_bytes(sizeof(struct tcp_session), plan.sessions);
	n += tcp_pool_bytes(sizeof(struct tcp_segment), plan.segments);
	n += tcp_pool_bytes(TCP_SMALL_BYTES, plan.small) + tcp_pool_bytes(TCP_LARGE_BYTES, plan.large);
	n += tcp_syn_data_size(plan.syn_data);
	for (size_t i = 0; i < TCP_KEEP_CLASSES; i++)
		n += tcp_pool_bytes(keep_bytes[i], plan.keep[i]);
	return n;
}

static uint8_t *lay(struct tcp_pool *p, uint8_t *at, uint32_t block_bytes, uint32_t count)
{
	tcp_pool_init(p, at, block_bytes, count);
	return at + tcp_pool_bytes(block_bytes, count);
}

int tcp_streams_init(void *mem, const struct tcp_stream_config *cfg, struct flow_table *flows, struct tcp_streams **out)
{
	struct tcp_streams *ts = mem;
	uint8_t *at = (uint8_t *)mem + line_up(sizeof(*ts));
	struct pool_plan plan;

	plan_pools(cfg, &plan);
	if (!plan.sessions || !plan.segments || !plan.small || !plan.large)
		return -EINVAL;
	ts->cfg = *cfg;
	for (size_t i = 0; i < TCP_POLICY_COUNT; i++)
		ts->policies_by_host |= cfg->hosts[i] != NULL;
	ts->flows = flows;
	ts->random = cfg->secret | 1;
	ts->half_mask = half_buckets(cfg) - 1;
	ts->half = (struct tcp_half_bucket *)at;
	at += (ts->half_mask + 1ull) * sizeof(struct tcp_half_bucket);
	ts->opening_mask = tcp_opening_records(cfg->memcap) - 1;
	ts->opening = (struct tcp_opening *)at;
	at += (ts->opening_mask + 1ull) * sizeof(struct tcp_opening);
	at = lay(&ts->sessions, at, sizeof(struct tcp_session), plan.sessions);
	at = lay(&ts->segments, at, sizeof(struct tcp_segment), plan.segments);
	at = lay(&ts->small, at, TCP_SMALL_BYTES, plan.small);
	at = lay(&ts->large, at, TCP_LARGE_BYTES, plan.large);
	at = tcp_syn_data_init(&ts->syn_data, at, plan.syn_data, cfg->secret);
	for (size_t i = 0; i < TCP_KEEP_CLASSES; i++)
		at = lay(&ts->keep[i], at, keep_bytes[i], plan.keep[i]);
	flow_table_on_answer(flows, tcp_half_answered, ts);
	*out = ts;
	return 0;
}

void tcp_half_open_leave(struct tcp_streams *ts, struct tcp_session *s)
{
	if (!(s->flags & SSN_HALF_OPEN))
		return;
	struct tcp_session *prev = tcp_pool_at(&ts->sessions, s->half_prev);
	struct tcp_session *next = tcp_pool_at(&ts->sessions, s->half_next);
	if (s->half_prev)
		prev->half_next = s->half_next;
	else
		ts->half_first = s->half_next;
	if (s->half_next)
		next->half_prev = s->half_prev;
	else
		ts->half_last = s->half_prev;
	ts->half_count--;
	s->flags &= (uint16_t)~SSN_HALF_OPEN;
}

void tcp_half_open_enter(struct tcp_streams *ts, struct tcp_session *s)
{
	s->half_prev = ts->half_last;
	s->half_next = TCP_NIL;
	if (ts->half_last)
		((struct tcp_session *)tcp_pool_at(&ts->sessions, ts->half_last))->half_next = s->self;
	else
		ts->half_first = s->self;
	ts->half_last = s->self;
	ts->half_count++;
	s->flags |= SSN_HALF_OPEN;
}

void tcp_session_free(struct tcp_streams *ts, struct tcp_session *s)
{
	tcp_half_open_leave(ts, s);
	for (int d = 0; d < 2; d++) {
		tcp_held_drop(ts, &s->side[d]);
		tcp_keep_drop(ts, &s->side[d]);
	}
	if (s->queue)
		tcp_pool_give(&ts->small, s->queue);
	s->cold->tcp = NULL;
	s->flow = NULL;
	tcp_pool_give(&ts->sessions, s->self);
}

// Half-open sessions may fill half of the pool; then, or when the pool is empty, the oldest gives way.
// Its flow goes on without what the handshake told.
static uint32_t take_session(struct tcp_streams *ts)
{
	if (ts->half_count > ts->sessions.count / 2)
		tcp_session_free(ts, tcp_pool_at(&ts->sessions, ts->half_first));
	uint32_t i = tcp_pool_take(&ts->sessions);
	if (i == TCP_NIL && ts->half_first) {
		tcp_session_free(ts, tcp_pool_at(&ts->sessions, ts->half_first));
		i = tcp_pool_take(&ts->sessions);
	}
	return i;
}

// The policy of the narrowest list that names the host.
uint8_t tcp_policy_of(const struct tcp_streams *ts, const union ip_addr *addr, int version)
{
	uint8_t best = (uint8_t)ts->cfg.default_policy;
	size_t best_width = SIZE_MAX;

	for (uint8_t i = 0; ts->policies_by_host && i < TCP_POLICY_COUNT; i++) {
		const struct addr_set *set = ts->cfg.hosts[i];
		if (!set || !addr_set_has(set, addr, version))
			continue;
		size_t width = SIZE_MAX - 1;
		uint32_t host = rte_be_to_cpu_32(addr->w[0]), lo, hi;
		for (size_t r = 0; version == 4 && r < addr_set_ranges_v4(set); r++) {
			addr_set_range_v4(set, r, &lo, &hi);
			if (host >= lo && host <= hi)
				width = (size_t)hi - lo;
		}
		if (width < best_width) {
			best = i;
			best_width = width;
		}
	}
	return best;
}

static __attribute__((noinline)) void refuse(struct tcp_streams *ts, struct flow *f, struct packet *p)
{
	if (f->flags & FLOW_REFUSED)
		return;
	f->flags |= FLOW_REFUSED;
	ts->stats.no_session++;
	tcp_note_packet(ts, p, STREAM_MEMCAP_NO_SESSION);
}

struct tcp_session *tcp_session_new(struct tcp_streams *ts, struct flow *f, struct packet *p)
{
	uint32_t i = take_session(ts);

	if (i == TCP_NIL) {
		refuse(ts, f, p);
		return NULL;
	}
	struct tcp_session *s = tcp_pool_at(&ts->sessions, i);
	struct flow_cold *cold = flow_cold_get(ts->flows, f);
	f->flags &= (uint16_t)~FLOW_REFUSED;
	tcp_zero(s, sizeof(*s));
	s->self = i;
	s->flow = f;
	s->cold = cold;
	cold->tcp = s;
	for (int d = 0; d < 2; d++) {
		union ip_addr to = cold->addr[!d];
		if (!(f->flags & FLOW_IPV6))
			to = (union ip_addr){.w = {f->addr[!d]}};
		s->side[d].limit = ts->cfg.depth ? ts->cfg.depth : UINT64_MAX;
		s->side[d].policy = tcp_policy_of(ts, &to, f->flags & FLOW_IPV6 ? 6 : 4);
		if (!ts->consumer_count)
			s->side[d].flags = SIDE_DONE;
	}
	return s;
}

int tcp_stream_add_consumer(struct tcp_streams *ts, const struct stream_consumer *c)
{
	if (ts->consumer_count == STREAM_MAX_CONSUMERS)
		return -ENOSPC;
	ts->all_done |= (uint8_t)(1u << ts->consumer_count);
	ts->on_unused |= (uint8_t)((c->on_unused != NULL) << ts->consumer_count);
	ts->consumer[ts->consumer_count++] = *c;
	ts->want_packets |= (c->on_packet && !c->worker_shows) || c->on_unused;
	return 0;
}

void tcp_stream_set_depth(struct tcp_streams *ts, struct flow_cold *cold, uint8_t dir, uint64_t depth_bytes)
{
	if (cold && cold->tcp)
		cold->tcp->side[dir & 1].limit = depth_bytes ? depth_bytes : UINT64_MAX;
}

uint64_t tcp_stream_offset(const struct flow_cold *cold, uint8_t dir)
{
	return cold && cold->tcp ? cold->tcp->side[dir & 1].offset : 0;
}

uint64_t tcp_stream_acked(const struct flow_cold *cold, uint8_t dir)
{
	return cold && cold->tcp ? tcp_acked_offset(&cold->tcp->side[dir & 1]) : 0;
}

void tcp_streams_stats(const struct tcp_streams *ts, struct tcp_stream_stats *out)
{
	*out = ts->stats;
	out->active = ts->sessions.used;
	out->held_segments = ts->segments.used;
	out->memuse = (uint64_t)ts->sessions.used * sizeof(struct tcp_session);
	out->syn_data_bytes = (uint64_t)ts->syn_data.used * TCP_SYN_DATA_BYTES;
	out->reassembly_memuse = (uint64_t)ts->segments.used * sizeof(struct tcp_segment) +
				 (uint64_t)ts->small.used * TCP_SMALL_BYTES +
				 (uint64_t)ts->large.used * TCP_LARGE_BYTES + out->syn_data_bytes;
	out->kept_bytes = 0;
	for (size_t i = 0; i < TCP_KEEP_CLASSES; i++)
		out->kept_bytes += (uint64_t)ts->keep[i].used * keep_bytes[i];
	out->reassembly_memuse += out->kept_bytes;
}

void tcp_session_info(const struct flow_cold *cold, struct tcp_session_info *out)
{
	*out = (struct tcp_session_info){0};
	if (!cold || !cold->tcp)
		return;
	const struct tcp_session *s = cold->tcp;
	out->state = s->state;
	out->established = s->state >= TCP_ESTABLISHED;
	out->midstream = s->flags & SSN_MIDSTREAM;
	out->async = s->flags & SSN_ASYNC;
	out->sack = s->flags & SSN_SACK;
	out->timestamps = s->flags & SSN_TIMESTAMPS;
	out->tfo = s->flags & SSN_TFO;
	for (int d = 0; d < 2; d++) {
		const struct tcp_side *a = &s->side[d];
		out->side[d] = (struct tcp_side_info){.isn = a->isn,
			.next_seq = a->next_seq,
			.last_ack = a->last_ack,
			.window = a->window,
			.wscale = a->wscale,
			.policy = a->policy,
			.offset = a->offset,
			.gap_bytes = a->gap_bytes,
			.held = a->held_bytes};
	}
}
