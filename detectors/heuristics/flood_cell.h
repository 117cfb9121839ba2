// A worker's side of floods: cells, what their packets look like, and packets in rows. Next: syn_flood.c.
#pragma once

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

#include "detectors/heuristics/flood.h"
#include "detectors/sketch/distinct.h"
#include "detectors/sketch/hash.h"

#define FLOOD_WAYS 8u
#define FLOOD_BUCKETS 256u // of a worker and tick
#define FLOOD_CELLS (FLOOD_BUCKETS * FLOOD_WAYS)
#define FLOOD_SOURCE_BITS 6u
#define FLOOD_SOURCE_REGS (1u << FLOOD_SOURCE_BITS) // standard error of the number of sources: 13 %
#define FLOOD_PICKS 7u

// One destination in one worker's tick: what every packet touches, one cache line.
struct flood_cell {
	uint64_t digest; // 0: free
	union ip_addr addr;
	uint32_t pkts;
	uint32_t bytes; // on the wire; a tick at 100 Gbps is 1.25 GB
	uint32_t count[FLOOD_COUNTS];
};
_Static_assert(sizeof(struct flood_cell) == 64, "a packet in the middle of a flow touches one line");

// What a packet shows of whoever made it, a lane each: what all packets have in common is where least and most agree.
enum flood_lane { LANE_SPORT, LANE_DPORT, LANE_LENGTH, LANE_TTL, LANES };
struct flood_range {
	uint16_t least[LANES], most[LANES]; // length: of the IP datagram, 0: it was cut short
};

// What the packets of a cell look like: touched by those that can tell something new, see flood_tells(), and by picks,
// in its first two lines.
struct flood_detail {
	uint64_t ports; // bitmap of destination ports
	uint64_t first_seq;
	struct flood_range range;
	uint8_t version;
	uint8_t prefix; // bits of addr that count
	uint16_t port;  // of the service, where the key has one
	// A fair sample of the packets: those whose ordinals have the least hashes, which are the same however packets
	// were spread over workers. Ascending by hash, UINT32_MAX: free.
	uint32_t pick_hash[FLOOD_PICKS];
	uint8_t sources[FLOOD_SOURCE_REGS];
	union ip_addr pick[FLOOD_PICKS]; // their sources
	uint64_t net_or, net_and;        // of a prefix that may be narrower: first 64 bits of its hosts' addresses
} __attribute__((aligned(64)));
_Static_assert(offsetof(struct flood_detail, sources) == 64, "a packet that tells touches two lines");

// A bucket's digests (high halves) and weights lie together: a look-up reads one line.
struct flood_bucket {
	uint32_t tag[FLOOD_WAYS]; // 0: free, and so are those behind it
	uint32_t weight[FLOOD_WAYS];
};

struct flood_delta {
	uint32_t last;        // index of the cell used last: a flood's packets come in a row
	uint32_t dirty_count; // buckets in use: a tick costs what was touched
	uint64_t evicted;     // destinations that made room within a tick
	uint64_t missed;      // packets not counted, since their destination had no room
	const struct baselines *site;
	uint64_t spare[4];
	uint16_t dirty[FLOOD_BUCKETS];
	struct flood_bucket bucket[FLOOD_BUCKETS];
	struct flood_cell cell[FLOOD_CELLS];
	struct flood_detail detail[FLOOD_CELLS];
};

// Slow path of flood_cell(): a destination not yet in its bucket.
struct flood_cell *flood_cell_new(
	struct flood_delta *d, uint64_t digest, const union ip_addr *addr, const struct packet *p);

static inline uint32_t flood_tag(uint64_t digest)
{
	return (uint32_t)(digest >> 32) | 1;
}

static inline uint32_t flood_bucket_of(uint64_t digest)
{
	return (uint32_t)digest >> 8 & (FLOOD_BUCKETS - 1);
}

// Bit i: way i has this tag. Without branches: which of them it is cannot be guessed.
static inline uint32_t flood_match(const struct flood_bucket *k, uint32_t tag)
{
#ifdef __SSE4_1__
	__m128i want = _mm_set1_epi32((int32_t)tag);
	__m128i low = _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)k->tag), want);
	__m128i high = _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)k->tag + 1), want);
	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(_mm_packs_epi32(low, high), _mm_setzero_si128()));
#else
	uint32_t mask = 0;
	for (uint32_t i = 0; i < FLOOD_WAYS; i++)
		mask |= (uint32_t)(k->tag[i] == tag) << i;
	return mask;
#endif
}

// The cell of a destination, NULL when it has none yet.
static inline struct flood_cell *flood_find(struct flood_delta *d, uint64_t digest)
{
	struct flood_cell *c = &d->cell[d->last];
	if (c->digest == digest)
		return c;
	uint32_t b = flood_bucket_of(digest);
	struct flood_bucket *k = &d->bucket[b];
	for (uint32_t match = flood_match(k, flood_tag(digest)); match; match &= match - 1) {
		uint32_t i = (uint32_t)__builtin_ctz(match);
		c = &d->cell[b * FLOOD_WAYS + i];
		if (c->digest == digest) {
			k->weight[i]++;
			d->last = b * FLOOD_WAYS + i;
			return c;
		}
	}
	return NULL;
}

// Where destinations outnumber cells, only one packet in 32 may ask for room: the rest would spend their time evicting
// each other.
static inline bool flood_may_ask(const struct flood_delta *d, uint64_t digest, const struct packet *p)
{
	return d->bucket[flood_bucket_of(digest)].tag[FLOOD_WAYS - 1] == 0 ||
	       (uint32_t)(p->seq >> 3) * 0x9e3779b1u >> 27 == 0;
}

// The cell of a destination, NULL when there is no room for one more: then n packets are missed. p: for the address
// family and first ordinal.
static inline struct flood_cell *flood_cell(
	struct flood_delta *d, uint64_t digest, const union ip_addr *addr, const struct packet *p, uint32_t n)
{
	struct flood_cell *c = flood_find(d, digest);
	if (!c && flood_may_ask(d, digest, p))
		c = flood_cell_new(d, digest, addr, p);
	d->missed += c ? 0 : n;
	return c;
}

static inline bool flood_same(const union ip_addr *a, const union ip_addr *b)
{
#ifdef __SSE4_1__
	__m128i x = _mm_xor_si128(_mm_loadu_si128((const __m128i *)a), _mm_loadu_si128((const __m128i *)b));
	return _mm_testz_si128(x, x);
#else
	return ((a->d[0] ^ b->d[0]) | (a->d[1] ^ b->d[1])) == 0;
#endif
}

// The cell of a host. In a flood it is the one used last, and its address need not be digested again.
static inline struct flood_cell *flood_host(struct flood_delta *d, const union ip_addr *addr, const struct packet *p)
{
	struct flood_cell *c = &d->cell[d->last];
	if (c->digest != 0 && flood_same(&c->addr, addr))
		return c;
	return flood_cell(d, sketch_addr(addr), addr, p, 1);
}

// Packets in a row to one host.
typedef void flood_host_fn(struct flood_delta *d, uint64_t digest, struct packet *const *pkts, uint32_t n);

// Hands packets over by rows to one host (digest: of its address). Buckets are asked for a burst ahead: under an attack
// on very many hosts they are not in the cache.
static inline __attribute__((always_inline)) void flood_by_host(
	struct flood_delta *d, struct packet *const *pkts, uint32_t n, flood_host_fn *count)
{
	struct {
		uint64_t digest;
		struct packet *const *end;
	} rows[PKT_BURST];
	for (struct packet *const *last = pkts + n, *const *end; pkts < last; pkts = end) {
		union ip_addr host = pkts[0]->dst;
		uint32_t r = 0;
		end = last - pkts < PKT_BURST ? last : pkts + PKT_BURST;
		rows[0].digest = sketch_addr(&host);
		for (struct packet *const *i = pkts + 1; i < end; i++) {
			const union ip_addr *dst = &(*i)->dst;
			if (__builtin_expect(flood_same(dst, &host), 1))
				continue;
			__builtin_prefetch(&d->bucket[flood_bucket_of(rows[r].digest)], 1);
			host = *dst;
			rows[r++].end = i;
			rows[r].digest = sketch_addr(&host);
		}
		rows[r].end = end;
		struct packet *const *from = pkts;
		for (uint32_t k = 0; k <= r; from = rows[k++].end)
			count(d, rows[k].digest, from, (uint32_t)(rows[k].end - from));
	}
}

// Counts one packet toward a destination.
static inline void flood_count(struct flood_cell *c, uint32_t which, const struct packet *p)
{
	c->pkts++;
	c->bytes += p->wire_len;
	c->count[which]++;
}

// Can the packet tell who sends and what it looks like? A flow's packets are alike: its first and every eighth do.
// Ordinals within the flow do not depend on how flows are spread over workers.
static inline bool flood_tells(const struct packet *p)
{
	uint32_t nth = p->nth[p->dir];
	return (nth == 1) | (nth % 8 == 0);
}

// The hash by which a packet is picked or not: of its ordinal, so that no sender can choose.
static inline uint32_t flood_pick_hash(const struct packet *p)
{
	uint64_t x = p->seq * 0x9e3779b97f4a7c15ULL;
	return (uint32_t)((x ^ x >> 32) * 0xbf58476d1ce4e5b9ULL >> 32);
}

static inline struct flood_detail *flood_detail(struct flood_delta *d, const struct flood_cell *c)
{
	return &d->detail[c - d->cell];
}

// Takes a source into FLOOD_PICKS picks if the hash is low enough.
void flood_pick(uint32_t *pick_hash, union ip_addr *pick, uint32_t hash, const union ip_addr *source);

// Takes down the source and look of a packet. source: digest; port: digest of what `ports` counts.
void flood_describe(struct flood_detail *t, const struct packet *p, uint64_t source, uint32_t port);

// Digest of a packet's source in the unit sources are counted in: of the first eight bytes of its address, which are
// all of an IPv4 address and the /64 of an IPv6 address.
static inline uint64_t flood_source(const struct packet *p)
{
	uint64_t x = (p->src.d[0] + 1) * 0x9e3779b97f4a7c15ULL;
	return (x ^ x >> 32) * 0x94d049bb133111ebULL;
}

// Packets in a row to one host while they are looked at: what they add up to, and which of them are worth more time.
struct flood_row {
	uint32_t pkts, bytes;
	size_t tells, picks;
	uint32_t limit; // a packet whose hash is below is picked
	struct flood_telling *list;
};
struct flood_telling { // apart, so that the sums stay in registers
	const struct packet *tells[PKT_BURST], *picks[PKT_BURST];
};

// c: the destination's cell, or NULL where it has none yet.
static inline struct flood_row flood_row_begin(
	const struct flood_delta *d, const struct flood_cell *c, struct flood_telling *list)
{
	return (struct flood_row){
		.limit = c ? d->detail[c - d->cell].pick_hash[FLOOD_PICKS - 1] : UINT32_MAX, .list = list};
}

// Adds a packet. Without a branch: which of them tell cannot be guessed.
static inline void flood_row_add(struct flood_row *r, const struct packet *p)
{
	r->pkts++;
	r->bytes += p->wire_len;
	r->list->tells[r->tells] = p;
	r->tells += flood_tells(p);
	r->list->picks[r->picks] = p;
	r->picks += flood_pick_hash(p) < r->limit;
}

// Describes the packets that tell by source address and destination port, and takes the picks.
void flood_row_describe(struct flood_detail *t, const struct flood_telling *list, size_t tells, size_t picks);

// Counts the row in its cell.
static inline void flood_row_end(const struct flood_row *r, struct flood_delta *d, struct flood_cell *c, uint32_t which)
{
	c->pkts += r->pkts;
	c->bytes += r->bytes;
	c->count[which] += r->pkts;
	if (r->tells | r->picks)
		flood_row_describe(flood_detail(d, c), r->list, r->tells, r->picks);
}

// Counts and describes one packet toward a host.
static inline void flood_take(struct flood_delta *d, struct flood_cell *c, uint32_t which, const struct packet *p)
{
	struct flood_telling list;
	struct flood_row r = flood_row_begin(d, c, &list);
	flood_row_add(&r, p);
	flood_row_end(&r, d, c, which);
}
