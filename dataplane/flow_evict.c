// Where a new flow goes, and who makes room. First the less crowded of two buckets; when both are full, one
// flow of 15 or 30 ends: closed before half-open or unanswered before flows with traffic both ways, the
// oldest first. So a flood of new flows pushes out only itself. Next: flow_timer.c.
#include "dataplane/flow_internal.h"

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

#define KEY_NONE 0xffffu

// Ways of a bucket without a flow, as a bit mask.
static inline uint32_t free_ways(const struct flow_bucket *b)
{
	uint32_t mask = 0;
#ifdef __SSE4_1__
	__m128i zero = _mm_setzero_si128();
	__m128i low = _mm_cmpeq_epi16(_mm_load_si128((const __m128i *)b->tag), zero);
	__m128i high = _mm_cmpeq_epi16(_mm_load_si128((const __m128i *)b->tag + 1), zero);
	mask = (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
#else
	for (uint32_t i = 0; i < FLOW_WAYS; i++)
		mask |= (uint32_t)(b->tag[i] == FLOW_TAG_FREE) << i;
#endif
	return mask & ((1u << FLOW_WAYS) - 1);
}

// True where no packet of this burst points to the flow in this way.
static inline bool may_go(const struct flow_table *t, const struct flow_bucket *b, uint32_t way)
{
	return b->tag[way] != FLOW_TAG_DYING && !flow_in_burst(t, flow_at(t, b, way));
}

// Ways of flows that may not, as a bit mask.
static uint32_t must_stay(const struct flow_table *t, const struct flow_bucket *b)
{
	const struct flow *f = flow_at(t, b, 0);
	uint32_t mask = 0;

	for (uint32_t i = 0; i < FLOW_WAYS; i++)
		mask |= (uint32_t)(flow_in_burst(t, f + i) | (b->tag[i] == FLOW_TAG_DYING)) << i;
	return mask;
}

// Places of a bucket's flows in the order of eviction, by timer words alone: rank, then time until the timer. The
// smallest goes first.
#ifdef __SSE4_1__
struct evict_keys {
	__m128i k[2]; // the 16th is KEY_NONE
};

static inline struct evict_keys evict_keys_of(const struct flow_table *t, const struct flow_bucket *b)
{
	const __m128i base = _mm_set1_epi16((int16_t)t->base);
	const __m128i time = _mm_set1_epi16(FLOW_TIMER_MASK), rank = _mm_set1_epi16((int16_t)FLOW_TIMER_RANK);
	const __m128i last = _mm_set_epi16(-1, 0, 0, 0, 0, 0, 0, 0);
	struct evict_keys keys;

	for (int i = 0; i < 2; i++) {
		__m128i v = _mm_loadu_si128((const __m128i *)b->timer + i);
		keys.k[i] = _mm_or_si128(
			_mm_srli_epi16(_mm_and_si128(v, rank), 1), _mm_and_si128(_mm_sub_epi16(v, base), time));
	}
	keys.k[1] = _mm_or_si128(keys.k[1], last);
	return keys;
}

// The way that goes first; *key: its place.
static inline uint32_t first_of(const struct evict_keys *keys, uint16_t *key)
{
	uint32_t low = (uint32_t)_mm_cvtsi128_si32(_mm_minpos_epu16(keys->k[0]));
	uint32_t high = (uint32_t)_mm_cvtsi128_si32(_mm_minpos_epu16(keys->k[1]));
	bool in_low = (uint16_t)low <= (uint16_t)high;

	*key = in_low ? (uint16_t)low : (uint16_t)high;
	return in_low ? low >> 16 : (high >> 16) + 8;
}

static inline void leave_out(struct evict_keys *keys, uint32_t mask)
{
	const __m128i bits = _mm_set_epi16(128, 64, 32, 16, 8, 4, 2, 1);

	for (uint32_t i = 0; i < 2; i++) {
		__m128i out = _mm_and_si128(_mm_set1_epi16((int16_t)(mask >> 8 * i & 0xff)), bits);
		keys->k[i] = _mm_or_si128(keys->k[i], _mm_cmpeq_epi16(out, bits));
	}
}
#else
struct evict_keys {
	uint16_t k[FLOW_WAYS];
};

static inline struct evict_keys evict_keys_of(const struct flow_table *t, const struct flow_bucket *b)
{
	struct evict_keys keys;

	for (uint32_t i = 0; i < FLOW_WAYS; i++)
		keys.k[i] =
			(uint16_t)((b->timer[i] & FLOW_TIMER_RANK) >> 1 | ((b->timer[i] - t->base) & FLOW_TIMER_MASK));
	return keys;
}

static inline uint32_t first_of(const struct evict_keys *keys, uint16_t *key)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < FLOW_WAYS; i++)
		best = keys->k[i] < keys->k[best] ? i : best;
	*key = keys->k[best];
	return best;
}

static inline void leave_out(struct evict_keys *keys, uint32_t mask)
{
	for (uint32_t i = 0; i < FLOW_WAYS; i++)
		keys->k[i] = mask >> i & 1 ? KEY_NONE : keys->k[i];
}
#endif

// The way that goes first among those that may go; *key: its place, KEY_NONE where none may.
static inline uint32_t victim_in(const struct flow_table *t, const struct flow_bucket *b, uint16_t *key)
{
	struct evict_keys keys = evict_keys_of(t, b);
	uint32_t way = first_of(&keys, key);

	if (may_go(t, b, way))
		return way;
	leave_out(&keys, must_stay(t, b));
	return first_of(&keys, key);
}

// Two established flows: the one idle for longer goes. The timers say only when they were last looked
// at, so the flows' own lines are asked; that many of them is rare.
static uint32_t idlest(const struct flow_table *t, const struct flow_bucket *b, uint64_t *last_ns)
{
	uint32_t best = FLOW_WAYS;

	*last_ns = UINT64_MAX;
	for (uint32_t i = 0; i < FLOW_WAYS; i++) {
		if (may_go(t, b, i) && flow_at(t, b, i)->last_ns < *last_ns) {
			*last_ns = flow_at(t, b, i)->last_ns;
			best = i;
		}
	}
	return best;
}

static struct flow *idlest_of_both(const struct flow_table *t, struct flow_bucket *b1, struct flow_bucket *b2)
{
	uint64_t last1, last2;
	uint32_t way1 = idlest(t, b1, &last1), way2 = idlest(t, b2, &last2);

	if (way1 == FLOW_WAYS && way2 == FLOW_WAYS)
		return NULL;
	return last1 <= last2 ? flow_at(t, b1, way1) : flow_at(t, b2, way2);
}

// Both buckets are full. The first is asked first, so that a flood stays within one bucket a flow.
static struct flow *choose_victim(const struct flow_table *t, struct flow_bucket *b1, struct flow_bucket *b2)
{
	uint16_t key;
	uint32_t way = victim_in(t, b1, &key);

	if (key < FLOW_RANK_KEPT >> 1)
		return flow_at(t, b1, way);
	way = victim_in(t, b2, &key);
	if (key < FLOW_RANK_KEPT >> 1)
		return flow_at(t, b2, way);
	return idlest_of_both(t, b1, b2);
}

static struct flow *evict_one(
	struct flow_table *t, struct flow_bucket *b, uint32_t way, const struct packet *p, struct event_sink *sink)
{
	struct flow *f = flow_at(t, b, way);

	t->counters.evicted[f->state]++;
	// a full event ring is no reason to keep it: the record is counted as lost
	flow_end_at(t, b, way, FLOW_END_EVICTED, p->ts_ns, p->seq, sink);
	return f;
}

static struct flow *evict(struct flow_table *t, struct flow_bucket *b1, struct flow_bucket *b2, const struct packet *p,
	struct event_sink *sink)
{
	struct flow *f = choose_victim(t, b1, b2);

	return f ? evict_one(t, flow_bucket_of(t, f), flow_way(t, f), p, sink) : NULL;
}

// Makes room in one bucket if a closed or unanswered flow is there to go.
static struct flow *evict_new(
	struct flow_table *t, struct flow_bucket *b, const struct packet *p, struct event_sink *sink)
{
	uint16_t key;
	uint32_t way = victim_in(t, b, &key);

	if (key >= FLOW_RANK_KEPT >> 1)
		return NULL;
	return evict_one(t, b, way, p, sink);
}

// Counts a flow that goes to its second bucket.
static struct flow *away_slot(struct flow_table *t, struct flow_bucket *b1, struct flow *f, bool *away)
{
	*away = true;
	b1->away++;
	t->counters.away++;
	return f;
}

// The first bucket is full or nearly so.
static struct flow *take_crowded(struct flow_table *t, const struct flow_key *k, uint32_t free1, const struct packet *p,
	struct event_sink *sink, bool *away)
{
	struct flow_bucket *b1 = flow_bucket1(t, k), *b2 = flow_bucket2(t, k);
	uint32_t free2 = free_ways(b2);

	if (__builtin_popcount(free2) > __builtin_popcount(free1)) // so b1 != b2
		return away_slot(t, b1, flow_at(t, b2, (uint32_t)__builtin_ctz(free2)), away);
	if (free1)
		return flow_at(t, b1, (uint32_t)__builtin_ctz(free1));
	struct flow *f = evict(t, b1, b2, p, sink);
	if (f && flow_bucket_of(t, f) != b1)
		return away_slot(t, b1, f, away);
	return f;
}

// The slot that pass two has guessed, where the guess still holds: it is free, or the table is full and the flow
// in it one that may go. That flow was the first to go in its bucket a moment ago.
static inline struct flow *take_guess(
	struct flow_table *t, const struct flow_key *k, const struct packet *p, struct event_sink *sink)
{
	struct flow *f = &t->lines[k->slot & FLOW_SLOT_NUMBER];
	struct flow_bucket *b = flow_bucket1(t, k);
	uint32_t way = (uint32_t)(f - flow_at(t, b, 0));

	if (!(k->slot & FLOW_SLOT_GUESS) || way >= FLOW_WAYS || t->counters.active < t->full_mark)
		return NULL;
	if (b->tag[way] == FLOW_TAG_FREE)
		return f;
	if ((b->timer[way] & FLOW_TIMER_RANK) >= FLOW_RANK_KEPT || !may_go(t, b, way))
		return NULL;
	return evict_one(t, b, way, p, sink);
}

struct flow *flow_take_slot(
	struct flow_table *t, const struct flow_key *k, const struct packet *p, struct event_sink *sink, bool *away)
{
	struct flow_bucket *b1 = flow_bucket1(t, k);
	struct flow *guessed = take_guess(t, k, p, sink);
	uint32_t free1;

	*away = false;
	if (guessed)
		return guessed;
	free1 = free_ways(b1);
	if (__builtin_popcount(free1) > (int)(FLOW_WAYS - FLOW_CROWDED))
		return flow_at(t, b1, (uint32_t)__builtin_ctz(free1));
	if (!free1 && t->counters.active >= t->full_mark) {
		// in a full table a look at the second bucket would not help: a flood stays within one line
		struct flow *f = evict_new(t, b1, p, sink);
		if (f)
			return f;
	}
	return take_crowded(t, k, free1, p, sink, away);
}

uint32_t flow_guess_slot(const struct flow_table *t, const struct flow_key *k)
{
	const struct flow_bucket *b = flow_bucket1(t, k);
	uint32_t mask = free_ways(b);
	uint16_t key;

	if (mask)
		return flow_slot_in(k->hash1, (uint32_t)__builtin_ctz(mask));
	struct evict_keys keys = evict_keys_of(t, b);
	return flow_slot_in(k->hash1, first_of(&keys, &key));
}
