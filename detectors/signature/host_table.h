// What is remembered of a host, a pair of hosts, a rule or a flow across packets: counts of thresholds, host
// bits, tags. Set-associative, fixed memory; a full set evicts the entry nearest its end.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/packet.h"
#include "detectors/signature/rule_internal.h"

// Kinds of things remembered; they never meet, whatever their addresses.
enum host_kind {
	HOST_THRESHOLD,
	HOST_DETECTION_FILTER,
	HOST_BIT,
	HOST_ALERTED,     // a flow that an alert went out for
	HOST_OVER,        // a flow that a rule which counts has dropped; start_ns: the packet's ordinal
	HOST_TAGGED,      // a session or host whose packets are logged
	HOST_RATE_FILTER, // and the following: the n-th of a rule
};

struct host_key {
	union ip_addr a, b; // b zero unless a pair; a flow's id is in a.d[0]
	uint64_t what;
};

struct host_entry {
	struct host_key key;
	uint64_t expires_ns; // 0: free
	uint64_t start_ns;
	uint32_t count;
	uint32_t extra; // backoff: next count that speaks; rate filter: when it came in force (s)
};
_Static_assert(sizeof(struct host_entry) == 64, "an entry is a cache line");

struct host_table;

// Room for at least `entries`, rounded up to a power of two. NULL without memory.
struct host_table *host_table_new(uint32_t entries);
void host_table_free(struct host_table *t);
struct host_entry *host_find(struct host_table *t, const struct host_key *key);
// A fresh entry that begins now: a free or an outlived one, else the one nearest its end.
struct host_entry *host_make(struct host_table *t, const struct host_key *key, uint64_t now_ns);
// Entries that were pushed out before their time.
uint64_t host_table_evicted(const struct host_table *t);

uint64_t host_hash(const struct host_key *key);

// What a packet or an event is counted by.
struct host_ends {
	const union ip_addr *src, *dst;
	uint64_t flow_id; // 0: none
};

// The key of one of a rule's thresholds; it is the same for the same rule in another rule set.
struct host_key host_key_rule(
	const struct alert_info *info, unsigned kind, enum track_by track, const struct host_ends *ends);
// The key of a host bit, of the host or of the pair.
struct host_key host_key_bit(uint16_t id, enum track_by track, const struct host_ends *ends);
struct host_key host_key_flow(enum host_kind kind, uint64_t flow_id);
struct host_key host_key_addr(enum host_kind kind, const union ip_addr *addr);
