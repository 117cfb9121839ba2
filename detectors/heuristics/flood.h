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

#include "dataplane/api/detector.h"
#include "detectors/heuristics/keytab.h"
#include "detectors/sketch/distinct.h"
#include "detectors/sketch/hash.h"

#define FLOOD_COUNTS 8u
#define FLOOD_CELLS 2048u // a worker and tick
#define FLOOD_SOURCE_BITS 6u
#define FLOOD_SOURCE_REGS (1u << FLOOD_SOURCE_BITS) // standard error of the number of sources: 13 %
#define FLOOD_SAMPLES 2u

// One destination in one worker's tick.
struct flood_cell {
	uint64_t digest;
	union ip_addr addr;
	uint32_t pkts;
	uint32_t bytes; // on the wire; a tick at 100 Gbps is 1.25 GB
	uint32_t count[FLOOD_COUNTS];
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

struct flood_delta {
	uint32_t last; // index of the cell used last: a flood's packets come in a row
	uint32_t spare;
	uint64_t evicted; // destinations that made room within a tick
	// a bucket's digests (high halves) and weights lie together: a look-up reads one line
	struct flood_bucket {
		uint32_t tag[8];
		uint32_t weight[8];
	} bucket[FLOOD_CELLS / 8];
	struct flood_cell cell[FLOOD_CELLS];
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
	const char *nft;     // what to add to "ip daddr A"
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
	uint64_t learn_ns;     // packet time before a baseline counts
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
void flood_delta_init(struct flood_delta *d);
size_t flood_size(void);
// config begins with a struct flood_config. ops and config must outlive the state.
void flood_init(struct flood *f, const struct flood_ops *ops, const void *config);
void flood_merge(struct flood *f, struct flood_delta *d);
void flood_tick(struct flood *f, struct detector_run *run);

// Slow path of flood_cell(): a destination not yet in its bucket.
struct flood_cell *flood_cell_new(
	struct flood_delta *d, uint64_t digest, const union ip_addr *addr, const struct packet *p);

static inline uint32_t flood_tag(uint64_t digest)
{
	return (uint32_t)(digest >> 32) | 1;
}

// The cell of a destination. p: for the address family and first ordinal.
static inline struct flood_cell *flood_cell(
	struct flood_delta *d, uint64_t digest, const union ip_addr *addr, const struct packet *p)
{
	struct flood_cell *c = &d->cell[d->last];
	if (c->digest == digest)
		return c;
	uint32_t b = (uint32_t)digest >> 8 & (FLOOD_CELLS / 8 - 1);
	struct flood_bucket *k = &d->bucket[b];
	uint32_t tag = flood_tag(digest);
	uint32_t match = 0;
	for (uint32_t i = 0; i < 8; i++) // without branches: which of them it is cannot be guessed
		match |= (uint32_t)(k->tag[i] == tag) << i;
	for (; match; match &= match - 1) {
		uint32_t i = (uint32_t)__builtin_ctz(match);
		c = &d->cell[b * 8 + i];
		if (c->digest == digest) {
			k->weight[i]++;
			d->last = b * 8 + i;
			return c;
		}
	}
	return flood_cell_new(d, digest, addr, p);
}

// The cell of a host. In a flood it is the one used last, and its address need not be digested again.
static inline struct flood_cell *flood_host(struct flood_delta *d, const union ip_addr *addr, const struct packet *p)
{
	struct flood_cell *c = &d->cell[d->last];
	if (c->digest != 0 && c->addr.d[0] == addr->d[0] && c->addr.d[1] == addr->d[1])
		return c;
	return flood_cell(d, sketch_addr(addr), addr, p);
}

// Counts one packet toward a destination and takes down what it looks like.
static inline void flood_count(struct flood_cell *c, uint32_t which, const struct packet *p, uint64_t source)
{
	c->pkts++;
	c->bytes += p->wire_len;
	c->count[which]++;
	hll_add(c->sources, FLOOD_SOURCE_BITS, source);
	c->ports |= 1ULL << ((p->dport * 0x9e3779b1u) >> 26);
	c->ttls |= 1u << (p->ttl >> 3);
	c->sizes |= 1u << (31 - __builtin_clz(p->wire_len | 1));
	c->sport_or |= p->sport;
	c->sport_and &= p->sport;
	uint32_t h = (uint32_t)(source >> 20);
	if (__builtin_expect(h < c->sample_hash[FLOOD_SAMPLES - 1], 0)) {
		if (h < c->sample_hash[0]) {
			c->sample_hash[1] = c->sample_hash[0];
			c->sample[1] = c->sample[0];
			c->sample_hash[0] = h;
			c->sample[0] = p->src;
		} else if (h != c->sample_hash[0]) {
			c->sample_hash[1] = h;
			c->sample[1] = p->src;
		}
	}
}

// Digest of a packet's source in the unit sources are counted in.
static inline uint64_t flood_source(const struct packet *p)
{
	union ip_addr s = sketch_source(&p->src, p->flags & PKT_IPV6);
	return sketch_addr(&s);
}
