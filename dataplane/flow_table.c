// Flow lookup: a burst of packets meets the table. In three passes, so that memory is waited for once
// a burst and not once a packet: keys (prefetch buckets), tags (prefetch flow lines), flows. The first two
// may run while decode is still at the rest of the burst (flow_lookup_ahead).
// Next: flow_evict.c, flow_timer.c, flow_state.c.
#include "dataplane/flow_internal.h"

#include <errno.h>
#include <string.h>

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

#include <netinet/in.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>

#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_RST 0x04u
#define TCP_ACK 0x10u

static inline bool is_syn(const struct packet *p)
{
	return p->flags & PKT_TCP && (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

// Ways of a bucket whose tag is this one, as a bit mask.
static inline uint32_t match_tags(const struct flow_bucket *b, uint16_t tag)
{
#ifdef __SSE4_1__
	__m128i want = _mm_set1_epi16((int16_t)tag);
	__m128i low = _mm_cmpeq_epi16(_mm_load_si128((const __m128i *)b->tag), want);
	__m128i high = _mm_cmpeq_epi16(_mm_load_si128((const __m128i *)b->tag + 1), want);
	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
#else
	uint32_t mask = 0;
	for (uint32_t i = 0; i < FLOW_WAYS; i++)
		mask |= (uint32_t)(b->tag[i] == tag) << i;
	return mask;
#endif
}

_Static_assert(offsetof(struct flow, proto) - offsetof(struct flow, domain) ==
			       offsetof(struct flow_key, proto) - offsetof(struct flow_key, domain) &&
		       offsetof(struct flow, flags) - offsetof(struct flow, domain) ==
			       offsetof(struct flow_key, family) - offsetof(struct flow_key, domain) &&
		       offsetof(struct flow_key, family) == offsetof(struct flow_key, domain) + 6 &&
		       offsetof(struct flow, addr) % 8 == 0,
	"same_kind() and compare() read them as words");

// Domain, protocol and IP version at once, and that the flow has not ended: the word that begins with `domain`, the
// flow's state and other flags masked out.
static inline bool same_kind(const struct flow *f, const struct flow_key *k)
{
	const uint64_t mask = rte_cpu_to_le_64(UINT64_C(0x000000ffffffffff) | (uint64_t)(FLOW_IPV6 | FLOW_GONE) << 48);
	uint64_t has, wants;

	memcpy(&has, &f->domain, sizeof(has));
	memcpy(&wants, &k->domain, sizeof(wants));
	return ((has ^ wants) & mask) == 0;
}

// What a packet is that goes the other way of a flow's first. A 6in4 tunnel is one flow without a reply, each security
// association of ESP one of its own: what Suricata 7.0.10 has.
static inline int way_back(const struct flow_key *k)
{
	return likely(k->proto != IPPROTO_IPV6 && k->proto != IPPROTO_ESP) ? DIR_TO_CLIENT
	       : k->proto == IPPROTO_IPV6                                  ? DIR_TO_SERVER
									   : -1;
}

// IPv6: the line has only a digest of the addresses, the cold part has all of them.
static int compare6(const struct flow_table *t, const struct flow *f, const struct flow_key *k, uint32_t ports,
	const struct packet *p)
{
	const struct flow_cold *c = flow_cold_slot(t, f);

	if (ports == k->ports && !memcmp(&c->addr[0], &p->src, 16) && !memcmp(&c->addr[1], &p->dst, 16))
		return DIR_TO_SERVER;
	if (ports == flow_swap_ports(k->ports) && !memcmp(&c->addr[0], &p->dst, 16) &&
		!memcmp(&c->addr[1], &p->src, 16))
		return way_back(k);
	return -1;
}

// True where p goes from the side that began the flow to the other: what compare() would say first. Not for IPv6.
static inline bool goes_on(const struct flow *f, const struct flow_key *k)
{
	uint64_t addrs;
	uint32_t ports;

	memcpy(&addrs, f->addr, sizeof(addrs));
	memcpy(&ports, f->port, sizeof(ports));
	return same_kind(f, k) && addrs == k->addrs && ports == k->ports;
}

// Compares all of the key. Returns the packet's direction in f, or -1.
static inline int compare(
	const struct flow_table *t, const struct flow *f, const struct flow_key *k, const struct packet *p)
{
	uint64_t addrs;
	uint32_t ports;

	memcpy(&addrs, f->addr, sizeof(addrs));
	memcpy(&ports, f->port, sizeof(ports));
	if (unlikely(!same_kind(f, k)))
		return -1;
	if (unlikely(k->family))
		return addrs == k->addrs ? compare6(t, f, k, ports, p) : -1;
	if (addrs == k->addrs && ports == k->ports)
		return DIR_TO_SERVER;
	return addrs == flow_swap_addrs(k->addrs) && ports == flow_swap_ports(k->ports) ? way_back(k) : -1;
}

static inline struct flow *find_in(
	struct flow_table *t, const struct flow_bucket *b, const struct flow_key *k, const struct packet *p, int *dir)
{
	for (uint32_t mask = match_tags(b, k->tag); mask; mask &= mask - 1) {
		struct flow *f = flow_at(t, b, (uint32_t)__builtin_ctz(mask));
		*dir = compare(t, f, k, p);
		if (*dir >= 0)
			return f;
		t->counters.tag_false++;
	}
	return NULL;
}

static inline struct flow *find(struct flow_table *t, const struct flow_key *k, const struct packet *p, int *dir)
{
	const struct flow_bucket *b = flow_bucket1(t, k);
	struct flow *f = find_in(t, b, k, p, dir);

	if (f || !b->away)
		return f;
	return find_in(t, flow_bucket2(t, k), k, p, dir);
}

static uint8_t class_of(const struct flow_key *k)
{
	switch (k->proto) {
	case IPPROTO_TCP:
		return FLOW_CLASS_TCP;
	case IPPROTO_UDP:
		return FLOW_CLASS_UDP;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return FLOW_CLASS_ICMP;
	default:
		return FLOW_CLASS_OTHER;
	}
}

struct flow_cold *flow_cold_get(struct flow_table *t, struct flow *f)
{
	struct flow_cold *c = flow_cold_slot(t, f);

	if (f->flags & FLOW_COLD_SET)
		return c;
	memset(&c->detect, 0, sizeof(*c) - offsetof(struct flow_cold, detect));
	if (!(f->flags & FLOW_ENDS_SET)) {
		memset(c, 0, offsetof(struct flow_cold, detect));
		c->addr[0].w[0] = f->addr[0];
		c->addr[1].w[0] = f->addr[1];
	}
	f->flags |= FLOW_COLD_SET | FLOW_ENDS_SET;
	return c;
}

// Whom a flow is between, where the hot line has no room for it.
static void fill_ends(struct flow_table *t, struct flow *f, const struct packet *p, int dir)
{
	struct flow_cold *c = flow_cold_slot(t, f);

	memset(c->vlan, 0, offsetof(struct flow_cold, detect) - offsetof(struct flow_cold, vlan));
	f->flags |= FLOW_ENDS_SET;
	c->addr[dir] = p->src;
	c->addr[dir ^ 1] = p->dst;
	c->vlan_count = p->vlan_count;
	memcpy(c->vlan, p->vlan, sizeof(c->vlan));
	c->iface = p->iface;
}

// The server's side of a handshake whose SYN was missed.
static inline bool from_server(const struct flow_table *t, const struct packet *p)
{
	return t->midstream && p->flags & PKT_TCP && (p->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
}

static uint16_t first_flags(const struct packet *p)
{
	return (uint16_t)((p->flags & PKT_IPV6 ? FLOW_IPV6 : 0) | (p->flags & PKT_INNER ? FLOW_INNER : 0) |
			  (p->flags & PKT_TCP && !is_syn(p) ? FLOW_MIDSTREAM : 0));
}

// Begins a flow with p as its first packet, sent by side `dir`.
static struct flow *create(
	struct flow_table *t, const struct flow_key *k, struct packet *p, int dir, struct event_sink *sink)
{
	uint64_t addrs = dir == DIR_TO_CLIENT && !(p->flags & PKT_IPV6) ? flow_swap_addrs(k->addrs) : k->addrs;
	uint32_t ports = dir == DIR_TO_CLIENT ? flow_swap_ports(k->ports) : k->ports;
	bool away;
	struct flow *f = flow_take_slot(t, k, p, sink, &away);

	if (!f) {
		t->counters.no_room++;
		return NULL;
	}
	struct flow_bucket *b = away ? flow_bucket2(t, k) : flow_bucket1(t, k);
	uint32_t way = flow_way(t, f);
	b->tag[way] = k->tag;
	t->begun[k->tag >> 8] = t->burst_mark;
	*f = (struct flow){
		.start_ns = p->ts_ns,
		.last_ns = p->ts_ns,
		.addr = {(uint32_t)addrs, (uint32_t)(addrs >> 32)},
		.port = {(uint16_t)ports, (uint16_t)(ports >> 16)},
		.domain = k->domain,
		.proto = k->proto,
		.state = FLOW_NEW,
		.mark = class_of(k),
		.flags = first_flags(p),
	};
	if (f->flags & FLOW_IPV6 || p->vlan_count || p->iface)
		fill_ends(t, f, p, dir);
	flow_timer_set(t, b, way, f, away);
	p->flags |= PKT_NEW_FLOW;
	t->counters.created++;
	if (++t->counters.active > t->counters.active_max)
		t->counters.active_max = t->counters.active;
	return f;
}

_Static_assert(offsetof(struct flow, tcp_state) == offsetof(struct flow, tcp_flags) + 2 &&
		       offsetof(struct flow, mark) == offsetof(struct flow, tcp_flags) + 3 &&
		       RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN,
	"update() takes tcp_flags to mark as one word");

#define END_WORD offsetof(struct flow, tcp_flags)

static inline uint32_t end_word(const struct flow *f)
{
	uint32_t word;

	memcpy(&word, (const uint8_t *)f + END_WORD, sizeof(word));
	return word;
}

// True where the flow has seen its end: only then can a SYN begin another connection.
static inline bool seen_end(const struct flow *f)
{
	return end_word(f) & (TCP_FIN | TCP_RST) * 0x0101u;
}

// True when p, a SYN, begins a new connection on the tuple of f.
static bool is_reuse(const struct flow_table *t, const struct flow *f, const struct packet *p)
{
	if (t->tcp_reuse)
		return t->tcp_reuse(t->tcp_reuse_arg, f, flow_cold_of(t, f), p);
	return f->state == FLOW_CLOSED;
}

// A SYN after FIN or RST of this same burst: what those did is the TCP stage's to say.
static bool must_wait(const struct flow_table *t, const struct flow *f)
{
	return t->tcp_by_stream && flow_in_burst(t, f);
}

void flow_table_on_answer(struct flow_table *t, void (*on_answer)(void *arg, struct flow *f), void *arg)
{
	t->on_answer = on_answer;
	t->on_answer_arg = arg;
}

// Counts p in its flow. All is read before anything is written: a word read right behind a write of a part of it waits
// until that is in the cache.
static __rte_always_inline void update(struct flow_table *t, struct flow *f, struct packet *p, int dir)
{
	if (unlikely(dir == DIR_TO_CLIENT && f->flags & FLOW_SYN_KEPT))
		t->on_answer(t->on_answer_arg, f);
	uint32_t mine, theirs = flow_pkts(f, dir ^ 1), word = end_word(f);
	mine = __builtin_add_overflow(f->pkts[dir], 1, &mine) ? UINT32_MAX : mine;
	word = (word & ~FLOW_BURST_MASK) | t->burst_word | (uint32_t)p->tcp_flags << 8 * dir;
	f->bytes[dir] += p->wire_len;
	f->pkts[dir] = mine;
	memcpy((uint8_t *)f + END_WORD, &word, sizeof(word));
	p->flow = f;
	p->dir = (uint8_t)dir;
	p->nth[dir] = mine;
	p->nth[dir ^ 1] = theirs;
}

// Moves the flow's state, and marks the packet as one of an established flow.
static __rte_always_inline void update_state(struct flow_table *t, struct flow *f, struct packet *p, int dir)
{
	if (dir == DIR_TO_CLIENT && !(f->flags & FLOW_SEEN_REPLY))
		flow_state_reply(t, f);
	if (p->flags & PKT_TCP) {
		if (t->tcp_by_stream)
			return;
		if (flow_state_tcp_moves(f, p->tcp_flags))
			flow_state_tcp(t, f, dir, p->tcp_flags);
	} else if (p->flags & PKT_ICMP && f->pkts[dir] == 1) {
		f->tcp_flags[dir] = p->icmp_code;
	}
	if (f->state == FLOW_ESTABLISHED)
		p->flags |= PKT_FLOW_ESTABLISHED;
}

static __rte_always_inline void take(struct flow_table *t, struct flow *f, struct packet *p, int dir)
{
	update(t, f, p, dir);
	update_state(t, f, p, dir);
}

// Takes p as one more of a flow that it fits, where the flow is alive for sure and p begins no other.
static __rte_always_inline bool take_next(struct flow_table *t, struct flow *f, struct packet *p, int dir)
{
	if (unlikely(p->ts_ns - f->last_ns >= t->least_timeout_ns || (seen_end(f) && is_syn(p))))
		return false;
	f->last_ns = p->ts_ns; // not before, or the difference were huge
	take(t, f, p, dir);
	return true;
}

// What a packet without a flow says of itself.
static inline void has_none(struct packet *p)
{
	p->dir = DIR_TO_SERVER;
	p->nth[0] = p->nth[1] = 0;
}

// True where pass two has found no flow and none with such a tag has begun since.
static inline bool surely_new(const struct flow_table *t, const struct flow_key *k)
{
	return k->slot & FLOW_SLOT_GUESS && t->begun[k->tag >> 8] != t->burst_mark;
}

// The flow of p, unless its time is over by then: it ends.
static struct flow *find_alive(struct flow_table *t, const struct flow_key *k, const struct packet *p, int *dir)
{
	struct flow *f = find(t, k, p, dir);

	if (!f || p->ts_ns < flow_deadline(t, f))
		return f;
	flow_end_later(t, f, FLOW_END_TIMEOUT, flow_deadline(t, f), p);
	return NULL;
}

static bool begin_flow(struct flow_table *t, const struct flow_key *k, struct packet *p, struct event_sink *sink)
{
	int dir = from_server(t, p) ? DIR_TO_CLIENT : DIR_TO_SERVER;
	struct flow *f = create(t, k, p, dir, sink);

	t->counters.hits--;
	if (f)
		take(t, f, p, dir);
	else
		has_none(p);
	return true;
}

// True where p begins no flow: it carries others, and more new ones of its kind have come than a tick's time allows.
static inline bool is_refused(struct flow_table *t, const struct flow_key *k, struct packet *p)
{
	if (likely(!(p->flags & PKT_TUNNEL)))
		return false;
	if (k->use == FLOW_KEY_CREATE && t->carriers_left) {
		t->carriers_left -= t->carriers_left != UINT32_MAX;
		return false;
	}
	has_none(p);
	t->counters.hits--;
	t->counters.carriers_refused++;
	return true;
}

static inline void seen_at(struct flow *f, const struct packet *p)
{
	f->last_ns = p->ts_ns > f->last_ns ? p->ts_ns : f->last_ns;
}

static void join(struct flow_table *t, const struct flow_key *k, struct packet *p)
{
	int dir;
	struct flow *f = find_alive(t, k, p, &dir);

	if (!f)
		return;
	seen_at(f, p);
	update(t, f, p, dir);
}

// Finds or begins the flow of p, whatever p is. Returns false when the TCP stage must run first.
static __rte_noinline bool judge_any(
	struct flow_table *t, const struct flow_key *k, struct packet *p, bool first, struct event_sink *sink)
{
	int dir;

	if (k->use == FLOW_KEY_JOIN) {
		join(t, k, p);
		return true;
	}
	struct flow *f = surely_new(t, k) ? NULL : find_alive(t, k, p, &dir);
	if (f && is_syn(p) && seen_end(f)) {
		if (!first && must_wait(t, f))
			return false;
		if (is_reuse(t, f, p)) {
			flow_end_later(t, f, FLOW_END_REUSED, p->ts_ns, p);
			f = NULL;
		}
	}
	if (!f)
		return is_refused(t, k, p) || begin_flow(t, k, p, sink);
	seen_at(f, p);
	take(t, f, p, dir);
	return true;
}

// The same, with a short way for what nearly every packet is: one more of the flow that pass two has found.
static inline bool judge(
	struct flow_table *t, const struct flow_key *k, struct packet *p, bool first, struct event_sink *sink)
{
	uint32_t slot = k->slot;
	int dir;

	if (likely(slot <= FLOW_SLOT_NUMBER && goes_on(&t->lines[slot], k))) {
		if (likely(take_next(t, &t->lines[slot], p, DIR_TO_SERVER)))
			return true;
	} else if (!(slot & FLOW_SLOT_GUESS)) {
		struct flow *f = &t->lines[slot & FLOW_SLOT_NUMBER];
		if ((dir = compare(t, f, k, p)) >= 0 && take_next(t, f, p, dir))
			return true;
	} else if (k->use == FLOW_KEY_NONE) {
		return true;
	}
	return judge_any(t, k, p, first, sink);
}

static inline void ask_for_bucket(const struct flow_table *t, struct flow_key *k)
{
	flow_key_scale(t, k);
	__builtin_prefetch(flow_bucket1(t, k), 1);
}

// The keys of all packets but plain ones. Returns 1 where the packet wants no flow, else 0.
static inline uint32_t make_key_slow(const struct flow_table *t, struct flow_key *k, struct packet *p)
{
	if (flow_key_is_plain_carrier(p))
		flow_key_plain(k, p, &t->seed);
	else
		flow_key_slow(k, p, &t->seed);
	if (k->use != FLOW_KEY_NONE)
		ask_for_bucket(t, k);
	if (k->use == FLOW_KEY_CREATE) {
		if (p->flags & PKT_TUNNEL && !t->carriers_left)
			k->use = FLOW_KEY_FIND;
		return 0;
	}
	has_none(p);
	return 1;
}

// Pass one: keys. The buckets' lines are asked for. Every packet counts as a hit until it begins a flow.
static void make_keys(struct flow_table *t, struct burst *b)
{
	const struct flow_seed seed = t->seed;
	const struct flow_bucket *buckets = t->buckets;
	const uint64_t n_buckets = t->n_buckets;
	uint32_t flags = 0, others = 0, n = b->n - t->keyed;
	struct flow_key *k = &t->keys[t->keyed];

	for (struct packet **at = &b->list[t->keyed], **end = at + n; at != end; at++, k++) {
		struct packet *p = *at;
		flags |= p->flags;
		if (unlikely(!flow_key_is_plain(p))) {
			p->flow = NULL;
			others += make_key_slow(t, k, p);
			continue;
		}
		flow_key_plain(k, p, &seed);
		k->hash1 = flow_scaled(k->hash1, n_buckets);
		__builtin_prefetch(&buckets[k->hash1], 1);
	}
	t->counters.packets += n - others;
	t->counters.hits += n - others;
	t->keyed += n;
	b->flags |= flags;
}

// Notes the slot and asks for its line. guess: FLOW_SLOT_GUESS or 0.
static inline void ask_for(const struct flow_table *t, struct flow_key *k, uint32_t slot, uint32_t guess)
{
	k->slot = slot | guess;
	__builtin_prefetch(&t->lines[slot], 1);
	if (unlikely(k->family)) {
		__builtin_prefetch(&t->cold[slot], 1);
		k->slot = slot | guess | FLOW_SLOT_IPV6;
	}
}

// The line of the slot that a new flow will most likely take is asked for.
static __rte_noinline void guess_slot(const struct flow_table *t, struct flow_key *k)
{
	k->slot = FLOW_SLOT_GUESS;
	if (k->use == FLOW_KEY_FIND)
		return;
	uint32_t slot = flow_guess_slot(t, k);
	ask_for(t, k, slot, FLOW_SLOT_GUESS);
	if (unlikely(k->family || (k->domain && !(k->domain & FLOW_DOMAIN_DIGEST)))) // it writes whom it is between
		__builtin_prefetch(&t->cold[slot], 1);
}

static inline bool find_slot(const struct flow_table *t, uint32_t bucket, struct flow_key *k)
{
	uint32_t mask = match_tags(&t->buckets[bucket], k->tag);

	if (!mask)
		return false;
	ask_for(t, k, flow_slot_in(bucket, (uint32_t)__builtin_ctz(mask)), 0);
	return true;
}

// Pass two: tags. Keys that are not in their first bucket, but may be in their second, wait for its line.
static void find_slots(struct flow_table *t, uint32_t to)
{
	uint8_t later[FLOW_BURST];
	uint32_t n_later = 0;

	for (uint32_t i = t->sought; i < to; i++) {
		struct flow_key *k = &t->keys[i];
		if (unlikely(k->use < FLOW_KEY_CREATE)) {
			k->slot = FLOW_SLOT_GUESS;
			continue;
		}
		if (likely(find_slot(t, k->hash1, k)))
			continue;
		if (t->buckets[k->hash1].away) {
			__builtin_prefetch(flow_bucket2(t, k), 1);
			later[n_later++] = (uint8_t)i;
		} else {
			guess_slot(t, k);
		}
	}
	t->sought = to;
	for (uint32_t i = 0; i < n_later; i++) {
		struct flow_key *k = &t->keys[later[i]];
		if (!find_slot(t, flow_bucket2_number(t, k), k))
			guess_slot(t, k);
	}
}

static void begin_burst(struct flow_table *t, struct burst *b, struct event_sink *sink)
{
	b->flags = 0;
	flow_end_dying(t, sink);
	t->burst_mark = (uint8_t)(t->burst_mark + FLOW_MARK_STEP);
	t->burst_word = (uint32_t)t->burst_mark << 24;
	t->sought = 0;
	if (!t->started && b->n)
		flow_timer_start(t, b->list[0]->ts_ns);
}

void flow_lookup_ahead(struct flow_table *t, struct burst *b, struct event_sink *sink)
{
	uint32_t keyed = t->keyed;

	if (keyed == 0)
		begin_burst(t, b, sink);
	make_keys(t, b);
	find_slots(t, keyed);
}

uint16_t flow_lookup_burst(struct flow_table *t, struct burst *b, uint16_t from, struct event_sink *sink)
{
	if (from == 0) {
		flow_lookup_ahead(t, b, sink);
		find_slots(t, b->n);
		t->keyed = 0;
	}
	const struct flow_key *k = &t->keys[from];
	struct packet **at = &b->list[from], **first = at, **end = &b->list[b->n];
	for (; at < end; at++, k++)
		if (!judge(t, k, *at, at == first, sink))
			break;
	return (uint16_t)(at - b->list);
}

uint64_t flow_id(const struct flow_table *t, const struct flow *f)
{
	(void)t;
	return flow_key_id(f);
}

void flow_tuple(const struct flow_table *t, const struct flow *f, struct event_tuple *out)
{
	const struct flow_cold *c = flow_ends_of(t, f);

	memset(out, 0, sizeof(*out));
	out->proto = f->proto;
	out->ip_version = f->flags & FLOW_IPV6 ? 6 : 4;
	if (f->flags & FLOW_IPV6 && c) {
		out->src = c->addr[0];
		out->dst = c->addr[1];
	} else {
		out->src.w[0] = f->addr[0];
		out->dst.w[0] = f->addr[1];
	}
	out->sport = f->port[0];
	out->dport = f->port[1];
	if ((f->mark & FLOW_MARK_CLASS) == FLOW_CLASS_ICMP) {
		out->icmp_type = (uint8_t)f->port[0];
		out->icmp_code = f->tcp_flags[0];
		out->sport = out->dport = 0;
	}
}

const struct flow_counters *flow_table_counters(const struct flow_table *t)
{
	return &t->counters;
}

uint64_t flow_table_capacity(const struct flow_table *t)
{
	return (uint64_t)t->n_buckets * FLOW_WAYS;
}
