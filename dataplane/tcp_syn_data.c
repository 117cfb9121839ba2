// Payload that came with a SYN waits here for the answer to it, which makes the session. A fixed number of records a
// worker, so small that the cache holds what a flood touches of them: what is younger than a second never gives way, so
// a flood copies no more than all records a second, and what it finds no room for costs a look at one count. Half of
// the records are shares of destinations (by hash): a flood towards one leaves the others theirs.
// Next: tcp_handshake.c.
#include "dataplane/tcp_syn_data.h"

#include "dataplane/flow_internal.h"
#include "dataplane/tcp_session.h"

#define MAX_RECORDS 32768u
#define RECLAIM 2u // records looked at for their age at a time

static uint32_t heads_of(uint32_t n)
{
	uint32_t heads = 16;

	while (heads < n)
		heads *= 2;
	return heads;
}

static size_t line_up(size_t bytes)
{
	return (bytes + 63) & ~(size_t)63;
}

uint32_t tcp_syn_data_records(uint64_t bytes)
{
	uint64_t n = bytes / (TCP_SYN_DATA_BYTES + sizeof(struct tcp_syn_data) + 4);

	return n < MAX_RECORDS ? (uint32_t)n : MAX_RECORDS;
}

size_t tcp_syn_data_size(uint32_t n)
{
	return line_up((n + 1) * sizeof(struct tcp_syn_data)) + line_up(heads_of(n) * sizeof(uint16_t)) +
	       (size_t)n * TCP_SYN_DATA_BYTES;
}

uint8_t *tcp_syn_data_init(struct tcp_syn_data_pool *pool, uint8_t *mem, uint32_t n, uint64_t secret)
{
	*pool = (struct tcp_syn_data_pool){.at = (struct tcp_syn_data *)mem,
		.secret = secret,
		.mask = heads_of(n) - 1,
		.fresh = 1,
		.share = (uint16_t)(n / 2 / TCP_SYN_DATA_CLASSES)};
	pool->shared = (uint16_t)(n - pool->share * TCP_SYN_DATA_CLASSES);
	mem += line_up((n + 1) * sizeof(struct tcp_syn_data));
	pool->heads = (uint16_t *)mem;
	mem += line_up(heads_of(n) * sizeof(uint16_t));
	pool->bytes = mem;
	return mem + (size_t)n * TCP_SYN_DATA_BYTES;
}

static uint8_t *bytes_of(const struct tcp_syn_data_pool *pool, uint32_t i)
{
	return pool->bytes + (size_t)(i - 1) * TCP_SYN_DATA_BYTES;
}

// Keyed: numbers that meet in one chain are not to be chosen.
static uint16_t *head_of(const struct tcp_syn_data_pool *pool, const struct flow *f, uint32_t isn)
{
	return &pool->heads[flow_mum((uintptr_t)f ^ pool->secret, isn ^ pool->secret >> 32) & pool->mask];
}

static uint8_t class_of(const struct tcp_syn_data_pool *pool, const struct packet *p)
{
	uint64_t h = flow_mum(p->dst.d[0] ^ pool->secret, p->dst.d[1] ^ p->dport ^ 0xd6e8feb86659fd93ull);

	return (uint8_t)(h >> 58);
}
_Static_assert(TCP_SYN_DATA_CLASSES == 64, "six bits");

static uint16_t find(const struct tcp_syn_data_pool *pool, const struct flow *f, uint32_t isn)
{
	uint16_t i = *head_of(pool, f, isn);

	while (i && (pool->at[i].flow != f || pool->at[i].isn != isn || pool->at[i].start_ns != f->start_ns))
		i = pool->at[i].chain;
	return i;
}

static void unchain(struct tcp_syn_data_pool *pool, uint16_t i)
{
	struct tcp_syn_data *d = &pool->at[i];
	uint16_t *link = head_of(pool, d->flow, d->isn);

	while (*link != i)
		link = &pool->at[*link].chain;
	*link = d->chain;
}

// Out of the order by arrival.
static void take_out(struct tcp_syn_data_pool *pool, const struct tcp_syn_data *d)
{
	if (d->older)
		pool->at[d->older].newer = d->newer;
	else
		pool->oldest = d->newer;
	if (d->newer)
		pool->at[d->newer].older = d->older;
	else
		pool->newest = d->older;
}

static void drop(struct tcp_syn_data_pool *pool, uint16_t i)
{
	struct tcp_syn_data *d = &pool->at[i];

	unchain(pool, i);
	take_out(pool, d);
	pool->lent -= pool->of[d->class]-- > pool->share;
	pool->used--;
	d->flow = NULL;
	d->chain = pool->free;
	pool->free = i;
}

static inline bool has_room(const struct tcp_syn_data_pool *pool, uint8_t class)
{
	return pool->of[class] < pool->share || pool->lent < pool->shared;
}

// Room for one more of a class; what has waited for a second gives way.
static bool make_room(struct tcp_syn_data_pool *pool, uint8_t class, uint64_t now_ns)
{
	for (uint32_t n = 0; !has_room(pool, class); n++) {
		if (n == RECLAIM || !pool->oldest || now_ns < pool->at[pool->oldest].at_ns + TCP_SYN_DATA_NS)
			return false;
		drop(pool, pool->oldest);
	}
	return true;
}

static uint16_t take(struct tcp_syn_data_pool *pool, uint8_t class)
{
	uint16_t i = pool->free;

	if (i)
		pool->free = pool->at[i].chain;
	else
		i = pool->fresh++;
	pool->lent += ++pool->of[class] > pool->share;
	pool->used++;
	return i;
}

// In front of its chain, behind all others by arrival.
static void put_in(struct tcp_syn_data_pool *pool, uint16_t i)
{
	struct tcp_syn_data *d = &pool->at[i];
	uint16_t *head = head_of(pool, d->flow, d->isn);

	d->chain = *head;
	*head = i;
	d->older = pool->newest;
	d->newer = 0;
	if (pool->newest)
		pool->at[pool->newest].newer = i;
	else
		pool->oldest = i;
	pool->newest = i;
}

bool tcp_syn_data_keep(struct tcp_streams *ts, const struct packet *p, uint32_t isn)
{
	struct tcp_syn_data_pool *pool = &ts->syn_data;
	uint8_t class = class_of(pool, p);

	if (p->payload_len > TCP_SYN_DATA_BYTES || !ts->consumer_count || !make_room(pool, class, p->ts_ns)) {
		ts->stats.syn_data_left += ts->consumer_count != 0;
		return false;
	}
	uint16_t i = take(pool, class);
	pool->at[i] = (struct tcp_syn_data){.flow = p->flow,
		.start_ns = p->flow->start_ns,
		.at_ns = p->ts_ns,
		.isn = isn,
		.len = (uint16_t)p->payload_len,
		.class = class};
	put_in(pool, i);
	memcpy(bytes_of(pool, i), p->data + p->payload_off, p->payload_len);
	return true;
}

const uint8_t *tcp_syn_data_find(const struct tcp_streams *ts, const struct flow *f, uint32_t isn, uint32_t *len)
{
	uint16_t i = find(&ts->syn_data, f, isn);

	if (!i)
		return NULL;
	*len = ts->syn_data.at[i].len;
	return bytes_of(&ts->syn_data, i);
}

void tcp_syn_data_drop(struct tcp_streams *ts, const struct flow *f, uint32_t isn)
{
	uint16_t i = find(&ts->syn_data, f, isn);

	if (i)
		drop(&ts->syn_data, i);
}
