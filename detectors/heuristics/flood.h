// What all flood detectors share: a table of destinations and how much comes at them. Next: syn_flood.c.
//
// A detector counts what it cares about per destination (a host, a prefix, a host and service) in
// its worker's cells; the main lcore adds the cells up to one record a destination with a window of
// one second and one of ten, and asks the detector's judge() after every tick in which the
// destination was touched. The engine does the rest: learned baselines, hysteresis, start, update and
// end, the description of sources, ports and sizes, and a filter that would select the flood, as
// text for people.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

#include "dataplane/api/detector.h"
#include "detectors/heuristics/baseline.h"
#include "detectors/heuristics/keytab.h"
#include "detectors/sketch/distinct.h"
#include "detectors/sketch/hash.h"

#define FLOOD_COUNTS 8u
#define FLOOD_WAYS 8u
#define FLOOD_BUCKETS 256u // of a worker and tick
#define FLOOD_CELLS (FLOOD_BUCKETS * FLOOD_WAYS)
#define FLOOD_SOURCE_BITS 6u
#define FLOOD_SOURCE_REGS (1u << FLOOD_SOURCE_BITS) // standard error of the number of sources: 13 %
#define FLOOD_SAMPLES 2u

// One destination in one worker's tick: what every packet touches, one cache line.
struct flood_cell {
	uint64_t digest; // 0: free
	union ip_addr addr;
	uint32_t pkts;
	uint32_t bytes; // on the wire; a tick at 100 Gbps is 1.25 GB
	uint32_t count[FLOOD_COUNTS];
};
_Static_assert(sizeof(struct flood_cell) == 64, "a packet in the middle of a flow touches one line");

// What the packets of a cell look like: touched by those that can tell something new, see flood_tells().
struct flood_detail {
	uint8_t sources[FLOOD_SOURCE_REGS];
	uint64_t first_seq;
	uint64_t ports;                      // bitmap of destination ports
	uint32_t ttls;                       // bit ttl/8
	uint32_t sizes;                      // bit log2(wire length)
	uint32_t sample_hash[FLOOD_SAMPLES]; // the sources of least hash: a fair sample, the same in any order
	union ip_addr sample[FLOOD_SAMPLES];
	uint8_t version;
	uint8_t prefix;    // bits of addr that count
	uint16_t port;     // of the service, where the key has one
	uint32_t sport_or; // AND and OR over source ports: equal where there is one port only
	uint32_t sport_and;
};

// A bucket's digests (high halves) and weights lie together: a look-up reads one line.
struct flood_bucket {
	uint32_t tag[FLOOD_WAYS]; // 0: free, and so are those behind it
	uint32_t weight[FLOOD_WAYS];
};

struct flood_delta {
	uint32_t last;        // index of the cell used last: a flood's packets come in a row
	uint32_t dirty_count; // buckets in use: a tick costs what was touched
	uint64_t evicted;     // destinations that made room within a tick
	const struct baselines *site;
	uint64_t spare[5];
	uint16_t dirty[FLOOD_BUCKETS];
	struct flood_bucket bucket[FLOOD_BUCKETS];
	struct flood_cell cell[FLOOD_CELLS];
	struct flood_detail detail[FLOOD_CELLS];
};

// A destination's last second or ten, and who sent it.
struct flood_view {
	uint64_t count[FLOOD_COUNTS]; // of the last second
	uint64_t pkts, bytes;
	uint64_t slow[FLOOD_COUNTS]; // of the last ten seconds
	uint64_t slow_pkts;
	double sources; // estimate over the last 5 to 10 s
	double ports;   // destination ports, at most about 270 can be told apart
	uint32_t ttls;  // distinct TTL classes of eight
	bool active;    // reported already and not yet over: judge with half the thresholds
	uint16_t port;  // of the service the key names
	uint16_t sport; // the one source port all packets had, 0: many
	uint8_t version;
	const union ip_addr *addr;
};

// What a judge finds. Only what/unit/bpf/nft strings must be static.
struct flood_verdict {
	double observed, threshold;
	const char *unit;
	const char *what;    // "SYN flood", ...
	const char *vector;  // "syn", ...
	const char *bpf;     // what to add to "dst host A", or NULL
	const char *bpf6;    // the same where it differs for IPv6: libpcap's tcp[] and udp[] know IPv4 only
	const char *nft;     // what to add to "ip daddr A"
	uint16_t tcp_port;   // the filters select this destination port as well, 0: any
	const char *spoofed; // "yes", "no", "unknown" ...
	const char *spoofed_why;
	uint32_t window_ms;
	uint8_t confidence, severity;
	uint8_t proto;
	uint16_t dport;
	double answer_ratio; // requests an answer (SYN:SYN-ACK), < 0: not said
};

struct flood;

// Settings every flood detector has; a detector's config struct begins with it.
struct flood_config {
	uint64_t hold_ns;      // a flood is over when it has been below for this long
	uint64_t update_ns;    // an update this often
	double baseline_times; // a learned destination is flooded only above this many times its usual rate
	uint64_t learn_ns;     // packet time before the rate of late counts
};
#define FLOOD_CONFIG_ROWS(type)                                                                                     \
	{"hold", CONFIG_DURATION, offsetof(type, common.hold_ns), "ms", 100, 3600000, "5000ms", NULL,               \
		"a flood is over when its rate has been below half the threshold for this long"},                   \
		{"update", CONFIG_DURATION, offsetof(type, common.update_ns), "ms", 1000, 3600000, "10000ms", NULL, \
			"while a flood lasts an update is made this often"},                                        \
		{"baseline-times", CONFIG_DOUBLE, offsetof(type, common.baseline_times), "", 0, 1000, "4", NULL,    \
			"above the floor a rate counts as a flood only beyond this many times the learned rate"},   \
	{                                                                                                           \
		"learn", CONFIG_DURATION, offsetof(type, common.learn_ns), "ms", 0, 86400000, "300000ms", NULL,     \
			"packet time a destination is watched before its learned rate counts"                       \
	}

struct flood_ops {
	const struct detector *detector;
	uint8_t key_proto; // for events, where the verdict says none
	// Is this destination flooded? v->active: thresholds may be halved.
	bool (*judge)(const void *config, const struct flood_view *v, struct flood_verdict *out);
	// Which rate the baseline learns.
	double (*rate)(const struct flood_view *v);
	uint32_t scale;           // packets that one counted stands for; 0: 1
	uint32_t least_pkts;      // in ten seconds: fewer are not worth a judge's time; 0: 50
	const char *sources_name; // what the distinct count counts; NULL: "sources"
	const char *ports_name;   // what the port bitmap counts; NULL: "dest_ports"
};

size_t flood_delta_size(void);
void flood_delta_init(struct flood_delta *d, const struct detector_env *env);
size_t flood_size(void);
// config begins with a struct flood_config. ops and config must outlive the state.
void flood_init(struct flood *f, const struct flood_ops *ops, const void *config, const struct detector_env *env);
void flood_merge(struct flood *f, struct flood_delta *d);
void flood_tick(struct flood *f, struct detector_run *run);

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

// The cell of a destination, NULL when there is no room for one more. p: for the address family and first ordinal.
static inline struct flood_cell *flood_cell(
	struct flood_delta *d, uint64_t digest, const union ip_addr *addr, const struct packet *p)
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
	// where destinations outnumber cells, only one packet in 32 may ask for room: the rest would spend their
	// time evicting each other
	if (k->tag[FLOOD_WAYS - 1] != 0 && (uint32_t)(p->seq >> 3) * 0x9e3779b1u >> 27)
		return NULL;
	return flood_cell_new(d, digest, addr, p);
}

static inline bool flood_same(const union ip_addr *a, const union ip_addr *b)
{
	return ((a->d[0] ^ b->d[0]) | (a->d[1] ^ b->d[1])) == 0;
}

// The cell of a host. In a flood it is the one used last, and its address need not be digested again.
static inline struct flood_cell *flood_host(struct flood_delta *d, const union ip_addr *addr, const struct packet *p)
{
	struct flood_cell *c = &d->cell[d->last];
	if (c->digest != 0 && flood_same(&c->addr, addr))
		return c;
	return flood_cell(d, sketch_addr(addr), addr, p);
}

// Packets in a row to one host.
typedef void flood_row_fn(struct flood_delta *d, uint64_t digest, struct packet *const *pkts, uint32_t n);

// Hands packets over by rows to one host (digest: of its address). Buckets are asked for a burst ahead: under an attack
// on very many hosts they are not in the cache.
static inline __attribute__((always_inline)) void flood_by_host(
	struct flood_delta *d, struct packet *const *pkts, uint32_t n, flood_row_fn *count)
{
	struct flood_row {
		uint64_t digest;
		uint32_t end;
	} rows[PKT_BURST];
	for (uint32_t at = 0, end; at < n; at = end) {
		union ip_addr host = pkts[at]->dst;
		uint32_t r = 0;
		end = n - at < PKT_BURST ? n : at + PKT_BURST;
		rows[0].digest = sketch_addr(&host);
		for (uint32_t i = at + 1; i < end; i++) {
			const union ip_addr *dst = &pkts[i]->dst;
			if (__builtin_expect(flood_same(dst, &host), 1))
				continue;
			__builtin_prefetch(&d->bucket[flood_bucket_of(rows[r].digest)], 1);
			host = *dst;
			rows[r++].end = i;
			rows[r].digest = sketch_addr(&host);
		}
		rows[r].end = end;
		for (uint32_t k = 0, from = at; k <= r; from = rows[k++].end)
			count(d, rows[k].digest, pkts + from, rows[k].end - from);
	}
}

// Counts one packet toward a destination.
static inline void flood_count(struct flood_cell *c, uint32_t which, const struct packet *p)
{
	c->pkts++;
	c->bytes += p->wire_len;
	c->count[which]++;
}

// Can the packet tell who sends and what it looks like? A flow's packets are alike: its first two and every eighth do.
// Ordinals within the flow do not depend on how flows are spread over workers.
static inline bool flood_tells(const struct packet *p)
{
	uint32_t nth = p->nth[p->dir & 1];
	return (nth <= 2) | ((nth & 7) == 0);
}

static inline struct flood_detail *flood_detail(struct flood_delta *d, const struct flood_cell *c)
{
	return &d->detail[c - d->cell];
}

// Takes down the source and look of a packet. source: digest; port: digest of what `ports` counts.
void flood_describe(struct flood_detail *t, const struct packet *p, uint64_t source, uint32_t port);

// Digest of a packet's source in the unit sources are counted in.
static inline uint64_t flood_source(const struct packet *p)
{
	union ip_addr s = sketch_source(&p->src, p->flags & PKT_IPV6);
	return sketch_addr(&s);
}

// The same by source address and destination port.
void flood_describe_flow(struct flood_delta *d, const struct flood_cell *c, const struct packet *p);

// Counts n packets of a row at once and describes them by those that tell.
static inline void flood_add_row(struct flood_delta *d, struct flood_cell *c, uint32_t which, uint32_t n,
	uint32_t bytes, const struct packet *const *telling, uint32_t tells)
{
	c->pkts += n;
	c->bytes += bytes;
	c->count[which] += n;
	for (uint32_t i = 0; i < tells; i++)
		flood_describe_flow(d, c, telling[i]);
}

// Counts and describes one packet of a flow toward a host.
static inline void flood_take(struct flood_delta *d, struct flood_cell *c, uint32_t which, const struct packet *p)
{
	flood_count(c, which, p);
	if (flood_tells(p))
		flood_describe_flow(d, c, p);
}
