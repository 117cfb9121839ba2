// The rule engine as the rest of the program sees it: load a rule set (cold), run it (hot).
//
// A rule set is frozen once loaded and shared by all workers; what changes while it runs (flowbits,
// thresholds, counters) belongs to a worker. Next: rule_internal.h, then rule_parse.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "dataplane/api/addr_set.h"
#include "dataplane/api/config.h"
#include "dataplane/api/detector.h"
#include "dataplane/api/event.h"
#include "dataplane/api/flow.h"
#include "dataplane/api/packet.h"
#include "dataplane/api/stream.h"

struct ruleset;
struct signature_worker;
struct parser;
struct app_consumer; // api/parser.h

enum rule_action { RULE_ALERT, RULE_PASS, RULE_DROP, RULE_REJECT };

// Everything a rule set is made from. Zero means the default in brackets; strings may be NULL.
struct ruleset_config {
	const char *const *files; // rule files, read in this order
	size_t file_count;
	const struct config_map *address_groups; // HOME_NET, ...; stock values fill what is missing
	const struct config_map *port_groups;    // HTTP_PORTS, ...
	const char *classification_file;         // [the built-in classes]
	const char *reference_file;              // [the built-in reference systems]
	const char *threshold_file;              // threshold.config [none]
	const char *reputation_categories;       // categories file [none: iprep waits]
	const char *const *reputation_files;     // address, category, score
	size_t reputation_file_count;
	const char *geoip_database;          // MaxMind DB of countries [none: geoip waits]
	const char *data_dir;                // where relative dataset files are [beside the rule file]
	const char *cache_dir;               // compiled databases by content hash [none]
	unsigned threads;                    // that compile [1]
	uint32_t alert_max;                  // alerts a packet, packet-alert-max [15]
	uint32_t match_limit;                // PCRE2 match limit [3500]
	uint32_t match_limit_recursion;      // PCRE2 depth limit [1500]
	uint32_t flow_state_max;             // flowbits, flow variables held a worker [262144]
	uint32_t host_state_max;             // threshold, xbits, tag entries [131072]
	uint32_t flow_var_max;               // captured texts held a worker [4096]
	bool count_cycles;                   // sample what rules and groups cost
	bool magic;                          // libmagic may be asked, for milliseconds a file [no: filemagic waits]
	bool keep_text;                      // of rules, for ruleset_analysis_dump()
	const struct parser *const *parsers; // whose buffers rules read, NULL-terminated [parser_table]
	const struct ruleset *previous;      // the set this one is to replace [none]: what it names keeps its
					     // numbers, and sets of values that it has learned are taken over
};

enum rule_verdict { RULE_LOADED, RULE_WAITING, RULE_REJECTED };

struct rule_problem {
	char *file;
	char *text; // "expected a number of 0-255, found \"x\"" or "waiting for a parser: http.uri"
	uint32_t line;
	uint32_t sid; // 0 when the rule does not say
	enum rule_verdict verdict;
};

struct rule_keyword_count {
	const char *keyword;
	bool protocol;     // no keyword but the protocol of a header ("alert http")
	uint32_t rules;    // that use it
	uint32_t waiting;  // that wait because of it
	uint32_t rejected; // that were rejected at it
};

#define RULE_PROBLEMS_MAX 100000u

// What happened to every rule. Freed with rule_report_free.
struct rule_report {
	uint32_t loaded, waiting, rejected;
	struct rule_problem *problems;       // in file and line order
	size_t problem_count;                // at most RULE_PROBLEMS_MAX
	size_t unlisted;                     // further ones
	struct rule_keyword_count *keywords; // protocols, then keywords, by name
	size_t keyword_count;
	uint32_t warnings;
	bool from_cache;           // every database came from the cache
	const char *cache_problem; // why cache_dir was not used, static; NULL: it was, or there is none
	uint32_t databases;
	uint64_t compile_ns, total_ns;
};

// Loads rules. A rule that cannot be used is reported and the others go on.
// report: zeroed by the caller or uninitialised; filled in any case; may be NULL.
// Returns the set, or NULL with errno set: a file that cannot be read (said in the report) or no
// memory. A set without usable rules is a set.
struct ruleset *ruleset_load(const struct ruleset_config *cfg, struct rule_report *report);
// Accepts NULL. No worker may hold the set any more.
void ruleset_free(struct ruleset *rs);
void rule_report_free(struct rule_report *report);

// Rules that can fire.
uint32_t ruleset_rule_count(const struct ruleset *rs);
// Writes one JSON object a rule (type, buffers, fast pattern, group), as `--engine-analysis` does; with the rule as it
// is written if the set was loaded with keep_text.
void ruleset_analysis_dump(const struct ruleset *rs, FILE *out);
// Writes docs/keywords.md from the keyword table.
void signature_keywords_dump(FILE *out);

// A worker's part. The memory is the caller's, 64-byte aligned, at least signature_worker_size() bytes.
size_t signature_worker_size(const struct ruleset *rs);
// Returns 0 or -ENOMEM. Takes Hyperscan scratch and PCRE2 match memory from their libraries here, not later.
int signature_worker_init(void *mem, const struct ruleset *rs, struct flow_table *flows, uint16_t worker);
void signature_worker_fini(struct signature_worker *w);

// Gives another set to every worker without stopping one: each takes it between two bursts (worker_swap.c).
// Main lcore. next: loaded with cfg.previous. Returns 0, -ENOMEM (nothing has changed) or -EBUSY (the
// workers have not all taken the set before).
int signature_swap_begin(struct signature_worker *const *workers, uint16_t n, const struct ruleset *next);
// Whether every worker has taken it. Then none looks at the old set any more, but events that name its rules
// may be on their way still. Gives back what the workers had of the old set.
bool signature_swap_done(struct signature_worker *const *workers, uint16_t n);
// Between two bursts of a worker: the place where it changes sets. In the shape of struct packet_engine.
void signature_between_bursts(void *state);

// The gate: decides on the main lcore which matches are alerts (thresholds, host bits, packet-alert-max).
struct alert_gate;
struct alert_gate *alert_gate_new(const struct ruleset *rs); // NULL without memory
void alert_gate_free(struct alert_gate *g);                  // accepts NULL
// The workers have another rule set: counts go on, but what was silent need not be so any more.
void alert_gate_rules_changed(struct alert_gate *g, const struct ruleset *rs);
// Lets a worker know what the gate has decided, which saves events that would be suppressed; before the first
// packet. The gate outlives the worker.
// replay: where a rule tags hosts, the gate is asked of every packet, so that the packets logged do not depend on the
// number of workers; live, a worker learns of other workers' hosts as they are made known.
void signature_worker_set_gate(struct signature_worker *w, struct alert_gate *gate, bool replay);
// Every event, in the order of the merge. Returns whether it is to go out; completes an alert's action and a
// flow record's `alerted`.
bool alert_gate_pass(struct alert_gate *g, struct event *ev);
struct alert_gate_stats {
	uint64_t withheld;           // matches that were no alerts in the end
	uint64_t suppressed;         // of these: by thresholds and suppressions
	uint64_t over_alert_max;     // of these: past packet-alert-max
	uint64_t packets_untagged;   // packets that were put to it and are not tagged
	uint64_t host_state_evicted; // thresholds, host bits and tags pushed out before their time
};
void alert_gate_stats(const struct alert_gate *g, struct alert_gate_stats *out);

// What the engine adds to a worker's stream engine (tcp_stream_add_consumer). It then sees packets and
// reassembled bytes in packet order, so signature_on_burst must not be called as well.
struct stream_consumer signature_stream_consumer(void *state);

// What the engine adds to a worker's protocol stage (app_layer.h): it is shown transactions.
struct app_consumer signature_app_consumer(void *state);

// These have the shapes of struct packet_engine; `state` is the memory given to init.
// Without streams: looks at every packet of the burst in order and emits EVENT_ALERT.
void signature_on_burst(void *state, struct burst *b, struct detector_run *run);
// A flow ends: gives back what was hung on flow_cold.detect.
void signature_on_flow_end(void *state, struct flow *f, struct flow_cold *cold, struct detector_run *run);

// Cost and matches of one rule, of one worker.
struct signature_rule_stats {
	const struct alert_info *info;
	uint64_t checks, matches;
	uint64_t cycles;  // estimated from samples; 0 without count_cycles
	uint64_t gave_up; // times a pcre of it reached the match limit
};
// The i-th rule's counters; false when i is past the end. Not while the worker changes rule sets.
bool signature_rule_stats(const struct signature_worker *w, uint32_t i, struct signature_rule_stats *out);

// What one group of rules has cost a worker: the scans for its literals.
struct signature_group_stats {
	char name[64]; // "tcp to server, streams, ports like dst 80"
	uint32_t literals;
	uint64_t scans, bytes;
	uint64_t cycles; // estimated from samples; 0 without count_cycles
};
// The i-th group's; false when i is past the end. Not while the worker changes rule sets.
bool signature_group_stats(const struct signature_worker *w, uint32_t i, struct signature_group_stats *out);

// Counters of a worker.
struct signature_stats {
	uint64_t packets, scans, scanned_bytes, candidates, verified, matches;
	uint64_t alerts;           // matches that were sent to the gate
	uint64_t suppressed;       // matches the gate had said it would not let out
	uint64_t over_alert_max;   // matched but past packet-alert-max
	uint64_t match_limit_hits; // a pcre gave up
	uint64_t step_limit_hits;  // content chains that gave up
	uint64_t flow_state_full;  // flow state not kept: the pool was empty
	uint64_t transactions;     // shown, a direction at a time
	uint64_t magic_asked;      // files that libmagic was asked about
	uint64_t tx_state_full;    // rules that could not wait for the rest of a transaction: no memory, or too many
};
void signature_stats(const struct signature_worker *w, struct signature_stats *out);
