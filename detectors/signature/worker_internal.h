// A worker's part of the rule engine: candidates, counters, state pools, scratch. All memory but that
// of Hyperscan and PCRE2 is one block the caller owns.
#pragma once

#include <hs/hs.h>

#include "detectors/signature/bulletin.h"
#include "dataplane/api/parser.h"
#include "dataplane/api/stream.h"
#include "detectors/signature/group.h"
#include "detectors/signature/match_runtime.h"

struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;
struct pcre2_real_jit_stack_8;

#define PKT_TEXTS 8
#define CELL_NONE UINT32_MAX
#define MATCH_NOTES 256u   // matches of a packet and its transactions that are collected
#define CHUNK_BYTES 2560u  // stream bytes that are inspected together, as Suricata's stream chunk
#define AHEAD_BYTES 16384u // held unacknowledged bytes that are inspected all the same

// A set of rules, by index, that is cheap to empty and to walk in order.
struct rule_bits {
	uint64_t *top;   // which words are not zero
	uint64_t *words; // which rules
	uint32_t n_top;
};

static inline void rule_bits_set(struct rule_bits *b, uint32_t rule)
{
	b->words[rule >> 6] |= 1ull << (rule & 63);
	b->top[rule >> 12] |= 1ull << (rule >> 6 & 63);
}

static inline bool rule_bits_has(const struct rule_bits *b, uint32_t rule)
{
	return b->words[rule >> 6] >> (rule & 63) & 1;
}

// Takes 64 rules out of the set that are not all absent: rule *first + i for bit i of what is returned; 0: it is empty.
// *top: where to look from, 0 at first.
static inline uint64_t rule_bits_take(struct rule_bits *b, uint32_t *top, uint32_t *first)
{
	while (*top < b->n_top && !b->top[*top])
		++*top;
	if (*top == b->n_top)
		return 0;
	uint32_t word = *top << 6 | (uint32_t)__builtin_ctzll(b->top[*top]);
	uint64_t bits = b->words[word];
	b->top[*top] &= b->top[*top] - 1;
	b->words[word] = 0;
	*first = word << 6;
	return bits;
}

// Costs are taken by looking at the clock around one check or scan in SAMPLE_EVERY.
#define SAMPLE_EVERY 64u

struct rule_counters {
	uint64_t checks, matches;
	uint64_t sampled, cycles; // checks that were timed, and what they took
	uint64_t gave_up;         // a pcre reached its match limit
};

struct group_counters {
	uint64_t scans, bytes;
	uint64_t sampled, cycles;
};

enum cell_kind { CELL_BIT, CELL_INT, CELL_TEXT, CELL_TAG, CELL_RAW, CELL_DETECTED };

// One thing remembered of a flow; cells of a flow form a list. 32 bytes.
struct cell {
	uint32_t next; // CELL_NONE ends
	uint16_t id;
	uint8_t kind; // enum cell_kind
	uint8_t spare;
	uint64_t value;   // bit: 1; int: the number; text: its index; tag: packets left
	uint64_t value2;  // tag: bytes left
	uint64_t time_ns; // tag: until when
};

// A match that has not spoken yet.
struct match_note {
	uint32_t rule;
	bool stream;
	const struct parser *parser;
	const struct app_tx *tx; // NULL: of the packet itself
};

struct text_slot {
	uint32_t next_free;
	uint8_t len;
	uint8_t bytes[252 - 1];
};

#define ADDR_CACHE 1024u // power of two

// Which numbered address sets hold an address: bit i for rs->addr_ids[i].
struct addr_answer {
	union ip_addr addr;
	uint64_t sets; // 0: empty entry (bit 0 is always set)
	uint32_t version;
	uint32_t spare;
};

// What a worker has of one rule set: everything sized by it. Taken and given back on the main lcore; a worker
// changes seats between two bursts (worker_swap.c).
struct rule_seat {
	const struct ruleset *rs;
	hs_scratch_t *scratch;
	struct rule_bits candidates;   // to verify on this packet
	struct rule_bits stream_hits;  // whose payload tests held in stream bytes of this packet
	struct rule_bits stream_found; // candidates of a piece of stream
	struct rule_bits tx_found;     // candidates of a transaction
	struct rule_counters *counters;
	struct group_counters *groups;
	struct addr_answer *addr_cache; // ADDR_CACHE entries
	void *mem;
};

struct signature_worker {
	struct rule_seat seat;
	_Atomic(struct rule_seat *) offer; // what to change the seat with; the old one is in it once this is NULL
	struct rule_seat *offered;         // the main lcore's: what it has offered
	struct flow_table *flows;
	struct bulletin *bulletin; // what the gate makes known; NULL: without one
	uint16_t worker;
	bool timed;                  // costs are sampled
	bool every_packet;           // with tags on hosts: the gate is asked of each packet
	uint32_t until_sample, dice; // checks and scans until the next sample
	struct pcre2_real_match_data_8 *md;
	struct pcre2_real_match_context_8 *mctx;
	struct pcre2_real_jit_stack_8 *jit;
	bool any_hit;
	bool with_stream;            // bytes of its stream are inspected with the packet
	bool standing_in;            // the packet at hand is not on the wire
	uint32_t alerts;             // of the packet at hand that are sure to go out
	bool spoken;                 // a match of the packet at hand has gone to the gate
	const struct packet *looked; // whose own rules have been asked already
	bool collecting;             // matches wait for those of the packet's transactions
	uint8_t raw_over;            // directions in which a transaction ended since the last on_shown
	uint32_t n_notes;
	struct match_note notes[MATCH_NOTES];
	const struct group *scanning;
	struct rule_bits *found;               // where the scan puts what it finds
	uint32_t frame_types[APP_PROTO_COUNT]; // that rules look into, bit a type
	struct cell *cells;
	uint32_t free_cell, n_cells;
	struct text_slot *texts;
	uint32_t free_text, n_texts;
	struct signature_stats stats;
	struct match_ctx ctx;
	struct magic_set *magic;                  // libmagic's; NULL: no rule asks it
	uint8_t files;                            // enum app_file_want: of the rules in force
	struct capture_text pkt_texts[PKT_TEXTS]; // packet variables of the packet at hand
	uint8_t n_pkt_texts;
	struct packet end_packet;  // stands in where a flow ends without one
	uint8_t *scratch_bytes[2]; // transforms
	uint8_t *base64_bytes;
};

// match_runtime.c: looks at one packet, whose stream hits are already known.
void signature_on_packet(struct signature_worker *w, struct packet *p, struct detector_run *run);
// Reports stream hits on a packet that is not on the wire.
void signature_on_stand_in(struct signature_worker *w, struct packet *p, struct detector_run *run);
// The rules a packet is asked about by itself, once; its stream hits are already known.
void packet_rules(struct signature_worker *w, struct packet *p, struct detector_run *run);
// Nothing has been said about the packet at hand so far.
void packet_begins(struct signature_worker *w);
// The groups a packet of this flow and direction belongs to when the flow speaks app_proto. Returns how many.
uint32_t groups_of_packet(const struct signature_worker *w, const struct packet *p, enum group_view view,
	uint16_t app_proto, const struct group *out[PACKET_GROUPS_MAX]);
// Whether it is told what a direction speaks: by bytes that the receiver has acknowledged, with this packet at the
// latest (a datagram at once), since Suricata parses no others.
static inline bool app_is_told(const struct flow_cold *cold, uint8_t dir, const struct packet *p)
{
	uint64_t at = cold->app_at[dir], other = cold->app_at[!dir];
	if (!at || !(p->flags & PKT_TCP))
		return at != 0;
	return tcp_stream_acked(cold, dir) >= (at & ~APP_AT_OTHER) &&
	       (!(at & APP_AT_OTHER) || tcp_stream_acked(cold, !dir) >= (other & ~APP_AT_OTHER));
}
// The bytes of a header buffer; false when the packet has no such header.
bool header_buffer(const struct packet *p, uint16_t id, const uint8_t **buf, uint32_t *len);
// Whether the rule's payload tests have held in stream bytes of this packet.
bool in_stream(const struct match_ctx *m);
// state_runtime.c: whether this packet is the first of its direction that knows what the flow speaks (a datagram
// always).
bool first_after_detection(const struct match_ctx *m);
bool host_bits_hold(const struct match_ctx *m, const struct rule *r);

// speak_runtime.c: a rule has matched on what is in w->ctx: what it sets is set. Returns false when nothing more is to
// be looked at on this packet.
bool match_found(struct signature_worker *w, const struct rule *r);
// Lets the matches collected on a packet, from the `from`th on, speak in their order. Their transactions are still
// there. stand_in_speaks: on a packet that is not on the wire.
void matches_speak(struct signature_worker *w, uint32_t from, struct packet *p, struct detector_run *run);
void stand_in_speaks(struct signature_worker *w, uint32_t from, struct packet *p, struct detector_run *run);
// frame_runtime.c: a piece of a frame (app_consumer.on_frame).
void signature_on_frame(void *arg, const struct app_frame *f);
// stream_runtime.c: a packet that is not on the wire, with the addresses of the flow's direction. by: the packet whose
// time and number it has, NULL: the run's.
struct packet *stand_in(struct signature_worker *w, struct flow *f, const struct flow_cold *cold, uint8_t dir,
	const struct packet *by, const struct detector_run *run);
// Finds the rules of g whose literal is in the bytes, and those without one.
void group_scan(
	struct signature_worker *w, const struct group *g, const uint8_t *bytes, uint32_t len, struct rule_bits *out);
bool rule_header_match(const struct ruleset *rs, const struct rule *r, const struct packet *p);
// The numbered address sets that hold one of a packet's addresses, as bits.
uint64_t addr_sets_of(struct signature_worker *w, const struct packet *p, const union ip_addr *addr);

// Whether a candidate's addresses fit, by the bits of the packet's source and destination.
static inline bool rule_hot_fits(const struct rule_hot *h, uint64_t src, uint64_t dst)
{
	return (src >> h->src & dst >> h->dst & 1) != 0;
}

// Whether the tests of packet and flow hold, for a rule on what a parser tells of. match_begin has been called.
bool packet_tests_hold(const struct match_ctx *m, const struct rule *r);
// Sets ctx up for a rule.
void match_begin(struct signature_worker *w, const struct rule *r, struct packet *p, struct detector_run *run);
// verify_runtime.c
bool verify_buffer(struct match_ctx *m, const struct buffer_test *b, const uint8_t *buf, uint32_t len);
// Makes what the transforms leave of a buffer m->buf. False: it cannot be done.
bool transform_buffer(struct match_ctx *m, const struct transform *t, const uint8_t *buf, uint32_t len);
// worker.c: memory for one rule set in one worker. Returns NULL without memory. seat_free accepts NULL.
struct rule_seat *seat_new(const struct ruleset *rs);
void seat_free(struct rule_seat *seat);
// file_runtime.c: libmagic, opened at load. NULL: it cannot be.
struct magic_set *file_magic_open(void);
void file_magic_close(struct magic_set *magic);
// A text that lives until it is asked again; NULL: none.
const char *file_magic_ask(struct magic_set *magic, const uint8_t *bytes, uint32_t len);
// Makes the worker run by this seat, whose struct is copied.
void worker_take_seat(struct signature_worker *w, const struct rule_seat *seat);
// state_runtime.c: the cell of a flow for this kind and id, made on first use; NULL: none left or no flow.
struct cell *flow_cell_get(struct match_ctx *m, enum cell_kind kind, uint32_t id);
// One more cell, whatever the flow has already.
struct cell *flow_cell_new(struct match_ctx *m, enum cell_kind kind, uint32_t id);
// The cell of a flow's tags; NULL: it has none.
struct cell *flow_tag_cell(struct signature_worker *w, struct flow *f);
void captures_commit(struct match_ctx *m);
size_t state_size(const struct ruleset *rs);
void state_init(struct signature_worker *w, const struct ruleset *rs, uint8_t **mem);
