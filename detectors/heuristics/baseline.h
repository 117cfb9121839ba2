// What is usual at this hour of the week, for hosts in HOME_NET and for prefixes the site has named. Next: flood.c.
//
// A record per (subject, detector) holds mean and spread of 168 hours, each learned over weeks (exponentially
// weighted, a quarter a week). Main lcore only, except the list of prefixes, which does not change after the start.
// One flat block of memory without pointers; the file a sensor keeps is its records and a digest
// (ctl/sensor/baselines.c).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/packet.h"
#include "detectors/heuristics/keytab.h"

#define BASELINE_HOURS 168u // from Monday 00:00 UTC
#define BASELINE_BUCKETS_LOG 10u
#define BASELINE_RECORDS (8u << BASELINE_BUCKETS_LOG)
#define BASELINE_PREFIXES 256u
#define BASELINE_NAME 32u

struct baseline {
	struct keyed head;
	uint64_t hour;                   // since 1970: the hour that is being gathered
	double sum, squares;             // of its rates
	uint64_t samples;                // how many those are
	uint16_t mean[BASELINE_HOURS];   // logarithms, see baseline.c: within 0.04 %
	uint16_t spread[BASELINE_HOURS]; // likewise
	uint8_t weeks[BASELINE_HOURS];   // how often that hour was learned; saturates
};

struct baseline_prefix {
	union ip_addr addr;
	uint8_t version, bits;
	char name[BASELINE_NAME];
};

struct baselines {
	struct keytab table;
	uint32_t prefix_count;
	uint32_t damaged;                                   // records refused by baselines_take
	struct baseline_prefix prefixes[BASELINE_PREFIXES]; // longest first
	uint64_t records[];
};

// What a subject usually does at an hour.
struct baseline_usual {
	double mean, spread;
	uint32_t hour;  // of the week
	uint32_t weeks; // 0: this hour is not known
};

size_t baselines_size(void);
// mem: zeroed, baselines_size bytes, 8-byte aligned.
struct baselines *baselines_init(void *mem);

// Names a prefix ("203.0.113.0/24", "2001:db8::/32"; a lone address is a prefix of one). Returns 0, -EINVAL (not a
// prefix, bits beyond it set, or a name of more than 31 bytes) or -ENOSPC (more than BASELINE_PREFIXES).
int baselines_add_prefix(struct baselines *b, const char *name, const char *text);
// The longest named prefix an address lies in, or NULL. b may be NULL.
const struct baseline_prefix *baselines_prefix(const struct baselines *b, const union ip_addr *addr, uint8_t version);

// One rate of a subject at a time of packet time. An hour counts when a later one begins.
void baselines_learn(struct baselines *b, uint64_t subject, uint64_t now_ns, double rate);
// False, and *out with weeks 0, when this hour of the subject is not known.
bool baselines_usual(struct baselines *b, uint64_t subject, uint64_t now_ns, struct baseline_usual *out);

// The i-th record, or NULL behind the last: what is worth keeping in a file.
const struct baseline *baselines_record(const struct baselines *b, uint32_t i);
// Takes in a record of a file. False when it cannot be one (counted in damaged).
bool baselines_take(struct baselines *b, const struct baseline *r);
