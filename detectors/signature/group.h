// Groups of rules: which rules a packet can match at all, by protocol, direction and port, and the
// literal databases that say which of them are worth verifying. Frozen. Built by group_compile.c.
#pragma once

#include <hs/hs.h>

#include "dataplane/api/app_proto.h"
#include "detectors/signature/ruleset.h"

enum group_proto { GROUP_TCP, GROUP_UDP, GROUP_ICMP, GROUP_OTHER, GROUP_PROTOS };

// What is inspected.
enum group_view {
	VIEW_FIELDS, // header fields only: every rule of the group is looked at
	VIEW_PACKET, // a packet's payload
	VIEW_STREAM, // reassembled bytes; with packets outside the stream, their payload
	VIEW_TX_RAW, // reassembled bytes, for rules on transactions
	VIEWS
};

struct group {
	const hs_database_t *db; // NULL: no literals
	uint32_t n_literals;
	uint32_t n_always;
	const uint32_t *first;  // [n_literals + 1], into rules: those that wait for this literal
	const uint32_t *rules;  // indices
	const uint32_t *always; // rules without a literal
	uint32_t scan_bytes;    // no literal can lie behind this many bytes
	uint32_t id;
};

// One protocol in one direction. A rule with few destination ports is in its port classes' groups,
// else one with few source ports, else in `any`. So a packet is looked at by at most three groups.
struct port_groups {
	struct group any[VIEWS];
	uint16_t *dst_class; // by destination port, into dst; NULL: no such rules
	uint16_t *src_class;
	struct group (*dst)[VIEWS];
	struct group (*src)[VIEWS];
	uint32_t n_dst, n_src;
	bool has_view[VIEWS];
};

// Rules for the same application protocols. They are looked for in flows of those alone, whatever the port.
#define APP_GROUPS_MAX 3u // that one protocol belongs to: http, http1; smb, dcerpc
struct app_groups {
	uint64_t apps;                   // as rule.apps
	struct port_groups groups[2][2]; // GROUP_TCP and GROUP_UDP, by enum packet_dir
};

// What a packet can belong to at most: any port, its destination, its source, without and with a protocol.
#define PACKET_GROUPS_MAX (3 * (1 + APP_GROUPS_MAX))

// IP-only rules by address: which rules an IPv4 address can match.
struct ip_index {
	uint32_t n;
	uint32_t *start; // ascending host-order addresses where the answer changes; start[0] is 0
	uint32_t *list;  // by range, into lists
	uint32_t *lists; // count, rule, rule, ...
};

struct group_table {
	struct port_groups groups[GROUP_PROTOS][2]; // by enum packet_dir
	struct app_groups *app[APP_PROTO_COUNT];    // distinct sets of protocols, in order of appearance
	uint32_t n_app;
	const struct app_groups *of_app[APP_PROTO_COUNT][APP_GROUPS_MAX]; // by protocol, NULL ends
	struct ip_index by_src, by_dst;
	const uint32_t *ip_always, *ip_v6; // IP-only rules asked for every packet, for every IPv6 packet
	uint32_t n_ip_always, n_ip_v6;
	uint32_t *event_first; // [DROP_REASON_COUNT + 1], into event_rules
	uint32_t *event_rules;
	uint32_t n_groups;
	struct mpm *mpm;
};

// Which of its ports a rule is looked for behind, if there is room for its list (else PORTS_ANY).
enum rule_ports rule_ports(const struct rule *r);

// Whether a rule is for this direction (enum packet_dir).
bool rule_goes(const struct rule *r, int dir);

// A literal for the prefilter.
struct literal {
	const uint8_t *bytes;
	uint16_t len;
	bool nocase;
};
// What the prefilter looks for of a content.
struct literal step_literal(const struct step *s);
// Rules on their way into a group.
struct literal_rule {
	struct literal lit;
	uint32_t rule;
};
// Makes a group of n rules by literal, which are sorted in place, and of those without (`always`, taken from the
// arena). Returns 0 or -ENOMEM.
int group_of_literals(
	struct ruleset *rs, struct group *g, struct literal_rule *lr, uint32_t n, uint32_t *always, uint32_t n_always);

// mpm_compile.c: databases, each set of literals once. Ids are positions in the set.
struct mpm *mpm_new(void);
// Asks for a database; *slot is filled by mpm_build. The literals are copied. Returns 0 or -ENOMEM.
int mpm_want(struct mpm *m, const struct literal *lits, uint32_t n, const hs_database_t **slot);
struct mpm_report {
	uint32_t databases;
	bool from_cache;
	size_t bytes;
	const char *problem; // of the cache, NULL: none
};
// Compiles what was asked for on `threads` threads, or takes it from cache_dir (NULL: no cache).
int mpm_build(struct mpm *m, unsigned threads, const char *cache_dir, struct mpm_report *out);
// Scratch that serves every database. Returns 0 or -ENOMEM.
int mpm_scratch(const struct mpm *m, hs_scratch_t **scratch);
void mpm_free(struct mpm *m);
