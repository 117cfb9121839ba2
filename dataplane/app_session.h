// What a parser has of a flow: its state, its transactions, and the run through which it reaches the worker's memory.
// The stage (app_layer.c), the unit tests' parser_lab.h and the fuzzer drive parsers through the calls below.
// Private to dataplane/app_*.c and tests. Next: app_layer.h.
#pragma once

#include "dataplane/api/parser.h"
#include "dataplane/app_detect.h"
#include "dataplane/app_pool.h"

// Why something was not done for a flow.
struct app_refusals {
	uint64_t flow_memory;  // requests past what a flow may have
	uint64_t max_tx;       // transactions past app-layer.max-tx
	uint64_t expectations; // flows expected beyond the table's room
};

#define APP_EXPECT_MAX 256u
#define APP_EXPECT_NS (60ull * 1000000000ull)

// A flow that two hosts have agreed on. In a ring: the oldest gives way.
struct app_expected {
	union ip_addr addr[2];
	uint64_t until_ns; // 0: none
	uint16_t port;     // of the server, addr[1]
	uint16_t proto;
	uint16_t note_len;
	uint8_t note[APP_NOTE_MAX];
};

// Whom frames of the input at hand are shown to, and what they are shown with.
struct app_frames_to {
	const struct app_consumer *consumer;
	uint32_t types; // that are wanted of this protocol
	struct packet *p;
	struct flow *f;
	struct flow_cold *cold;
	struct detector_run *drun;
};

#define OPEN_FRAMES_MAX 8u // of a session: frames lie in one another, and a stream's direction is one

// Frames of which bytes are still to come.
struct app_open_frames {
	uint8_t n;
	struct app_open_frame {
		uint8_t type, dir;
		uint32_t from;        // where it goes on in the input at hand
		uint64_t left;        // bytes that have not come, FRAME_OPEN: nobody knows
		uint64_t shown;       // bytes in the pieces before
		struct app_text kept; // too few for a piece so far
	} at[OPEN_FRAMES_MAX];
};

struct app_run {
	struct app_pool *pool;
	struct app_session *session; // whose memory is counted now, NULL: nobody's
	struct app_limits limits;
	uint8_t files;              // enum app_file_want, for the log
	const uint8_t *rules_files; // the same for the rules in force; NULL: no rules
	uint32_t flow_memory;       // bytes a flow may have
	uint64_t now_ns;            // of the input at hand
	struct app_refusals refused;
	uint64_t tx[APP_PROTO_COUNT][APP_TRANSPORTS]; // transactions begun
	uint64_t parser_stops[APP_PROTO_COUNT];
	uint32_t expect_at;
	uint64_t expect_end_ns; // no expectation lives longer
	struct app_frames_to frames;
	uint64_t frames_lost; // pieces of frames that nobody was shown: no memory
	struct app_expected expected[APP_EXPECT_MAX];
};

struct app_session {
	const struct parser *parser; // NULL: not known yet, or told but not read
	void *state;
	struct app_tx *first, *last;
	struct app_tx *late; // over, and to be shown to the client's side once more (app_tx.late_end), oldest first
	uint64_t next_tx;
	uint64_t flow_events; // bit an index of parser->events, for the flow itself
	uint32_t memory;      // bytes of blocks
	uint32_t open;        // transactions, without late ones
	uint16_t proto[2];    // enum app_proto by direction of the flow; APP_UNKNOWN: not settled, APP_FAILED: none
	uint16_t switch_to;   // with SESSION_SWITCH
	uint16_t switch_port; // probes are asked by it; 0: by the flow's
	uint8_t flags;        // enum app_session_flag
	uint8_t done;         // bit a direction (of the parser): it wants no more
	uint8_t fed;          // bit a direction (of the parser): it has had bytes
	uint8_t over;         // APP_TCP or APP_UDP, of the latest input
	uint8_t first_dir;    // bit of the direction of the flow that sent first, 0: nobody yet
	uint32_t left[2];     // bytes the parser left unused, by direction of the flow
	uint64_t again;       // bytes shown to the parser that it had left before
	uint64_t input_end;   // stream offset behind the input at hand
	struct app_raw raw[2];
	struct app_asked asked[2];
	struct app_text handed_over;    // app_hand_over: of the parser before
	struct app_text unread;         // all of the side that closed before anybody knew its protocol
	uint8_t unread_dir;             // of the flow
	union ip_addr addr[2];          // of the flow, client first as the parser sees it
	struct app_text note;           // of the flow that has announced it
	struct app_open_frames *frames; // NULL: none has been open
};

enum app_session_flag {
	SESSION_SWITCH = 1u << 0,   // app_switch was called
	SESSION_STOPPED = 1u << 1,  // the parser wants nothing any more
	SESSION_REVERSED = 1u << 2, // the client as the parser sees it is the flow's server
	SESSION_CHANGING = 1u << 3, // within the bytes that have told what the conversation has gone on in
};

void app_limits_default(struct app_limits *l);
// A run over an empty pool, with default limits and flow_memory bytes a flow.
void app_run_init(struct app_run *run, struct app_pool *pool, uint32_t flow_memory);

// A session without a parser; NULL: no memory.
struct app_session *app_session_new(struct app_run *run);
// Gives it a parser with zeroed state. False: no memory.
bool app_session_start(struct app_run *run, struct app_session *s, const struct parser *parser);
// Hands bytes over. in->used is never more than in->len, all of it for a datagram, and nothing is asked of a parser
// that is done. After PARSE_STOP every open transaction is marked stopped.
enum parse_answer app_session_parse(struct app_run *run, struct app_session *s, struct app_input *in);
// app_frame.c. Around a parser's reading of `in`, of which it has had `had` bytes before: open frames go on.
void app_frames_before(struct app_run *run, struct app_session *s, const struct app_input *in, uint32_t had);
void app_frames_after(struct app_run *run, struct app_session *s, const struct app_input *in);
void app_frames_free(struct app_run *run, struct app_session *s);
// True when nothing more will come of a transaction.
bool app_tx_over(const struct parser *parser, const struct app_tx *tx);
// Takes a transaction out of the list (before: the one before it, NULL: it is the first).
void app_tx_take_out(struct app_session *s, struct app_tx *before, struct app_tx *tx);
// Gives the memory of a transaction back that is in no list.
void app_tx_free(struct app_run *run, struct app_session *s, struct app_tx *tx);
// Both.
void app_tx_end(struct app_run *run, struct app_session *s, struct app_tx *before, struct app_tx *tx);
// Every open transaction, the state and the session go. What rules hung on transactions is gone already.
void app_session_free(struct app_run *run, struct app_session *s);
// The same without the session itself: it can be started with another parser. Ids go on counting from 0 again.
void app_session_reset(struct app_run *run, struct app_session *s);
