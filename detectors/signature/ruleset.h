// A rule set: owner of everything frozen. Internal to detectors/signature.
#pragma once

#include "detectors/signature/arena.h"
#include "detectors/signature/pcre_table.h"
#include "detectors/signature/rule_internal.h"

#define NAME_NONE UINT16_MAX

// Names that rules share (flow bits, variables, ...), numbered from 0.
struct name_table {
	struct name_slot {
		const char *name;
		uint32_t id;
	} * slots; // open addressing, power of two
	uint32_t cap, n;
	const char **names; // by id
};

uint32_t name_intern(struct arena *a, struct name_table *t, const char *name);
// Gives every name of `from` its number in the empty table t. Returns 0 or -ENOMEM.
int name_table_copy(struct arena *a, struct name_table *t, const struct name_table *from);
void name_table_free(struct name_table *t);

struct class_info {
	struct class_info *next;
	const char *name, *text;
	uint8_t priority;
};

struct ref_info {
	struct ref_info *next;
	const char *name, *url;
};

struct set_entry { // parsed address or port lists by their text
	const char *text;
	const void *set;
	bool any;
	bool negated;
};

struct set_cache {
	struct set_entry *slots;
	uint32_t cap, n;
};

// An address set that only the rule set owns.
struct owned_set {
	struct owned_set *next;
	struct addr_set *set;
};

struct group_table;
struct reputation;
struct MMDB_s;
struct dataset_user;
struct keyword;
struct parser;
struct tx_table;
struct frame_table;

// Address sets that many rules share are numbered, so that a packet's addresses are looked up in each
// once and a rule's check is one bit.
#define ADDR_ANY 0u    // every address
#define ADDR_OTHER 63u // one of too many: asked directly
#define ADDR_IDS 62u   // 1..62: sets of rs->addr_ids

// What is read of every candidate; 8 bytes, so that eight rules share a cache line.
struct rule_hot {
	uint8_t src, dst; // ADDR_ANY, ADDR_OTHER or a number
	uint8_t spare[6];
};

struct keyword_use {
	uint32_t rules;
	uint32_t last; // the rule that used it: rs->n_tried
};

struct ruleset {
	struct arena arena;
	const struct ruleset_config *cfg; // only while loading
	struct config_map addr_vars, port_vars;
	struct set_cache addr_sets, port_sets;
	struct name_table flowbits, flowvars, hostbits, apps;
	struct class_info *classes;
	struct ref_info *refs;
	struct rule *first, *last; // every parsed rule in reading order
	struct rule **rules;       // those that can fire, in order of evaluation
	uint32_t n_rules, n_read;
	uint32_t n_tried;     // rules read so far, kept or not
	struct rule_hot *hot; // by index
	const struct addr_set *addr_ids[ADDR_IDS + 1];
	uint32_t n_addr_ids;
	uint32_t unknown_classes, unknown_references;
	const struct parser *const *parsers; // NULL-terminated
	uint64_t detected;                   // bit a protocol: some parser tells it from others
	uint64_t *offers;                    // by keyword slot: whose parser has such a buffer or field
	uint32_t alert_max, match_limit, depth_limit;
	uint32_t flow_state_max, host_state_max, flow_var_max;
	uint8_t files; // enum app_file_want: what rules ask of files
	bool count_cycles;
	bool tags_sessions, tags_hosts; // some rule that can fire does
	struct group_table *groups;
	struct tx_table *tx;        // NULL: no rule inspects transactions
	struct frame_table *frames; // NULL: no rule inspects frames
	uint32_t serial;            // of this process: tells what is remembered of one rule set from another's
	struct dataset_user *datasets;
	struct reputation *reputation; // NULL: no files
	struct MMDB_s *geoip;          // NULL: no database
	struct owned_set *owned_sets;
	struct keyword_use *keyword_uses; // by keyword slot, while loading
	struct pcre_table pcres;
};

// Counts a rule that uses a keyword, by its slot, for the report's table, once.
void ruleset_count_keyword(struct ruleset *rs, size_t slot);
