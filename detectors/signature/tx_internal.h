// Rules on transactions, frozen: by protocol and direction, which buffers the prefilter looks into, and where each test
// of a rule finds its value. Built by tx_compile.c. Next: tx_compile.c, then tx_runtime.c.
#pragma once

#include "dataplane/api/parser.h"
#include "detectors/signature/group.h"

#define TX_GROUPS_MAX 128u // of a protocol and direction; rules of further ones are asked for every transaction
#define TX_GROWS_MAX 4u    // buffers of a protocol that grow

// What is asked of each file of a transaction.
enum tx_file { TX_FILE_NONE, TX_FILE_TEST, TX_FILE_MAGIC };

// Where a test's value comes from in one protocol.
struct tx_source {
	const struct parser_buffer *buffer;
	const struct parser_field *field;
	uint8_t grow; // index of a buffer that grows
	uint8_t file; // enum tx_file
	uint8_t file_dirs;
};

// One buffer, as one chain of transforms leaves it: the rules whose literal is looked for in it.
struct tx_group {
	struct group group;
	const struct tx_source *source;
	const struct transform *transforms;
	uint16_t slot; // of the buffer's keyword
};

struct tx_dir {
	struct tx_group *groups;
	uint32_t n_groups;
	uint32_t n_rules;
	const uint32_t *always; // rules without a literal
	uint32_t n_always;
	const uint32_t *events; // rules that ask for an event
	uint32_t n_events;
};

struct tx_proto {
	const struct parser *parser;
	struct tx_source *sources; // by slot of the keyword; neither buffer nor field: the protocol has no such thing
	struct tx_dir dir[2];
};

struct tx_table {
	struct tx_proto *protos[APP_PROTO_COUNT]; // NULL: no rule
	bool raw;                                 // some rule has a raw part
};

// Whether the transaction's direction has come this far, or will not come further.
static inline bool tx_complete(const struct parser *parser, const struct app_tx *tx, uint8_t dir)
{
	return tx->stopped || tx->progress[dir] >= parser->complete[dir];
}

static inline const struct tx_source *tx_source_of(const struct tx_proto *t, const struct buffer_test *b)
{
	return b->id >= BUF_APP ? &t->sources[b->id - BUF_APP] : NULL;
}

// Whether a rule can match a transaction of this protocol in this direction (tx_compile.c).
bool tx_rule_fits(const struct tx_proto *t, const struct rule *r, uint8_t dir);
// Two chains of transforms that do the same to any buffer.
bool transforms_same(const struct transform *a, const struct transform *b);
// Builds rs->tx. Returns 0 or -ENOMEM.
int tx_compile(struct ruleset *rs);
