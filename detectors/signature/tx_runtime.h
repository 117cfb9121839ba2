// What a transaction's inspection needs at hand, and what is remembered of it until the next. Next: tx_runtime.c.
#pragma once

#include "detectors/signature/tx_internal.h"
#include "detectors/signature/worker_internal.h"

#define TX_WAITS_MAX 512u  // rules of a transaction that something is remembered of
#define TX_VALUES_MAX 256u // values of one buffer that are looked at
#define TX_HELD_ALL UINT32_MAX

// What is known of a rule and a transaction so far.
struct tx_wait {
	uint32_t rule_dir; // index * 2 + direction
	uint32_t held;     // bit a test, by its place in rule.buffers; TX_HELD_ALL: it has matched
};

// Hung on a transaction (app_tx.detect) while one of its directions goes on.
struct tx_state {
	uint64_t scanned[2][TX_GROUPS_MAX / 64]; // groups whose buffer will not change any more
	uint64_t seen[2][TX_GROWS_MAX];          // bytes of a growing buffer that have been looked at
	uint32_t rules;                          // whose indices are in waits: serial of the rule set
	uint8_t done;                            // bit a direction: nothing is looked at any more
	uint32_t ended[2];                       // tx_ended
	uint16_t n, cap;
	struct tx_wait *waits;
};

// One call for one transaction and direction.
struct tx_run {
	struct signature_worker *w;
	const struct tx_proto *proto;
	struct app_tx *tx;
	struct tx_state *state;
	struct app_run *run;
	struct packet *p;
	struct detector_run *drun;
	uint8_t dir;
	bool complete;
	uint8_t known_events; // the transaction's first ones, which rules have been asked about
};

// tx_state.c. Whether nothing is looked at in this direction any more.
bool tx_is_done(const struct app_tx *tx, uint8_t dir);
// What is remembered of a transaction; NULL: nothing. After a change of rules, only how far bodies have been seen.
struct tx_state *tx_state_at(const struct signature_worker *w, struct app_tx *tx);
// The same, made on first use; NULL: no memory (counted).
struct tx_state *tx_state_get(struct signature_worker *w, struct app_tx *tx, struct app_run *run);
// ended: what tx_ended says from then on, at most TX_ENDED_MAX; of no meaning before.
#define TX_ENDED_MAX ((1u << 28) - 1)
void tx_set_done(struct app_tx *tx, uint8_t dir, uint32_t ended);
uint32_t tx_ended(const struct app_tx *tx, uint8_t dir);
void tx_state_free(struct app_tx *tx, struct app_run *run);
// What is remembered of a rule; NULL: nothing.
struct tx_wait *tx_wait_find(const struct tx_state *s, uint32_t rule, uint8_t dir);
// Remembers; when there is no room the rule is lost for this transaction (counted).
void tx_wait_put(struct tx_run *r, uint32_t rule, uint32_t held);

// tx_raw.c: raw parts of rules that held in the stream since the last transaction of the direction ended, as cells of
// the flow.
void tx_raw_note(struct match_ctx *m, uint8_t dir);
bool tx_raw_has(const struct match_ctx *m, uint8_t dir);
// Adds the rules they belong to.
void tx_raw_candidates(struct signature_worker *w, const struct flow_cold *cold, uint8_t dir, struct rule_bits *out);
void tx_raw_forget(struct signature_worker *w, struct flow_cold *cold, uint8_t dir);

// tx_verify.c. The part of a growing buffer that is looked at now: false when it is to wait for more. *offset: where it
// lies in the whole.
bool tx_window(const struct tx_run *r, const struct tx_source *s, struct app_bytes *part, uint64_t *offset);
// Whether the transaction has come far enough for this source.
bool tx_has(const struct tx_run *r, const struct tx_source *s);
enum tx_answer { TX_NO, TX_LATER, TX_YES };
// file_runtime.c: whether a test of files holds for one of them.
enum tx_answer ask_files(struct tx_run *r, const struct tx_source *s, const struct buffer_test *b);
// Asks a rule; *held is what is known of it and gets what holds now. match_begin has been called.
enum tx_answer tx_verify(struct tx_run *r, const struct rule *rule, uint32_t *held);
