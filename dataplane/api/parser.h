// What a protocol parser is. One const struct a protocol, one file dataplane/parsers/<name>.c and one line in that
// folder's meson.build, which generates parser_table. The stage that runs parsers is dataplane/app_layer.c: it finds
// out which protocol a flow speaks (patterns, then probes), hands bytes to its parser, and shows transactions to the
// rule engine and to the log as they progress. Next: app_proto.h for the numbers, detectors/signature/tx_runtime.c for
// who reads transactions.
//
// A parser never allocates but from its app_run, which is bounded a worker, a flow and a transaction; when that has no
// more, the parser says PARSE_STOP and the flow is counted and left alone. Bytes it is handed are borrowed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/app_proto.h"
#include "dataplane/api/detector.h"
#include "dataplane/api/flow.h"
#include "dataplane/api/packet.h"

struct app_file;
struct app_frame;
struct app_layer;
struct app_run;
struct app_session;
struct app_tx;

struct app_bytes {
	const uint8_t *at; // NULL: there is no such thing, which is not the same as an empty one
	uint32_t len;
};

// app-layer.protocols.<name>.enabled: no, yes, detection-only
enum app_mode { APP_MODE_NO, APP_MODE_YES, APP_MODE_DETECT };
enum parser_over { OVER_TCP = 1u << 0, OVER_UDP = 1u << 1, OVER_BOTH = OVER_TCP | OVER_UDP };

enum probe_answer {
	PROBE_NO,
	PROBE_MORE, // too few bytes to tell
	PROBE_YES,
	PROBE_YES_REVERSED, // yes, and the side that speaks is the other one than dir says
};

// Bytes near the start of one direction that name a protocol. dir: the direction they stand in when the client began.
struct parser_pattern {
	const char *bytes;
	uint8_t len;
	uint16_t offset; // they lie at or behind here ...
	uint16_t depth;  // ... and end within this many bytes from the start
	uint8_t dir;     // enum packet_dir
	bool nocase;
	uint8_t over; // enum parser_over; 0: whatever its parser is over
	// Looks at bytes that hold the pattern; NULL: the pattern is enough.
	enum probe_answer (*check)(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over);
};

enum parse_answer {
	PARSE_OK,   // in->used says how many bytes are finished with; the rest comes again with what follows
	PARSE_DONE, // wants no more bytes of this direction
	PARSE_STOP, // of neither: malformed beyond repair, or out of memory (say which with app_event / app_run)
};

// Bytes of one direction (TCP), or one datagram.
struct app_input {
	const uint8_t *data;
	uint32_t len;
	uint32_t gap;   // bytes lost right before data
	uint32_t used;  // out: see PARSE_OK; datagrams are always used up
	uint8_t dir;    // enum packet_dir, of the conversation as the parser sees it (client = 0)
	uint8_t over;   // enum parser_over
	bool start;     // the first bytes of this direction
	bool last;      // nothing follows in this direction
	uint64_t ts_ns; // of the packet that brought them
	uint64_t seq;
};

// What all transactions begin with; a parser's own struct has it as its first member.
struct app_tx {
	struct app_tx *next; // of the flow, in order
	uint64_t id;         // 0, 1, ... in the flow
	uint8_t progress[2]; // by direction, on the parser's own scale; >= parser->complete[dir]: complete
	uint8_t dirs;        // bit a direction: it can take part. A tx of one datagram has one
	bool stopped;        // the flow ended or the parser stopped: what is missing will not come
	uint8_t event_count;
	uint8_t events[10];     // index + 1 into parser->events; further ones are only counted
	void *detect;           // the rule engine's: taken from app_run, given back by it when the tx ends
	uint64_t late_end;      // the stage's: stream offset up to which the client is to acknowledge, 0: nothing waits
	struct app_file *files; // app_file.h
};

// A buffer that rules inspect: `http.uri`. Several values (dns.query): get() is asked with nth = 0, 1, ... until it
// says false.
struct parser_buffer {
	const char *name;    // as the rule keyword
	uint8_t dirs;        // bit a direction
	uint8_t progress[2]; // by direction: the tx has it once it is this far
	// True where the value is there (perhaps empty). Body buffers return what has been gathered so far.
	bool (*get)(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out);
	bool grows; // more may come behind what get() returns until the direction is complete (bodies)
};

// A number that rules test: `dns.opcode`, `http.stat_code` has none. Several values as above.
struct parser_field {
	const char *name;
	uint8_t dirs;
	uint8_t progress[2];
	bool (*get)(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out);
};

// Writes a record's members (app_log.c); names are static strings. Texts are cut at the record's room, never split
// within an escape. Nesting is at most 4 deep.
struct app_log;
void log_text(struct app_log *l, const char *name, struct app_bytes text);
void log_string(struct app_log *l, const char *name, const char *text);
void log_uint(struct app_log *l, const char *name, uint64_t v);
void log_bool(struct app_log *l, const char *name, bool v);
void log_object(struct app_log *l, const char *name); // opened; in a list name is NULL
void log_list(struct app_log *l, const char *name);
void log_close(struct app_log *l);

struct parser {
	const char *name; // EVE event_type and the object's name: "http"
	enum app_proto proto;
	uint8_t over; // enum parser_over
	// How it is told from others. `ports`: where the probe is asked of bytes no pattern knows, in Suricata's
	// spelling ("53", "443,8443"), overridden by app-layer.protocols.<name>.detection-ports.dp.
	const struct parser_pattern *patterns; // ends with .bytes == NULL; or NULL
	const char *tcp_ports, *udp_ports;
	enum probe_answer (*probe)(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over);
	bool off;           // by default (modbus, dnp3, enip, pgsql), as in Suricata
	bool either_port;   // the probe is asked where the client's port is one of them, too
	uint8_t first_dirs; // bit a direction in which the first bytes of a connection may go; 0: any

	// From here on: of a protocol that is read, not just told.
	uint32_t state_size; // bytes of a flow's state, zeroed at start; 0: parse() makes transactions without any
	uint32_t tx_size;    // bytes of a transaction, struct app_tx first
	uint8_t complete[2]; // progress at which a direction of a transaction is complete
	enum parse_answer (*parse)(struct app_run *run, struct app_session *s, void *state, struct app_input *in);
	// Gives back what a transaction, or the flow's state, holds. Optional.
	void (*free_tx)(struct app_run *run, struct app_tx *tx);
	void (*free_state)(struct app_run *run, void *state);
	const struct parser_buffer *buffers; // end with .name == NULL; or NULL
	const struct parser_field *fields;   // likewise
	const char *const *events;           // names for app-layer-event:<name>.<event>, NULL-terminated; or NULL
	// Writes the record of a complete transaction; also what an alert says of it. False: nothing to say.
	bool (*log)(const struct app_tx *tx, struct app_log *l);
	// Names for frame:<name>, by the type that app_frame() is told, NULL-terminated; at most FRAME_STREAM. Or NULL.
	const char *const *frames;
	bool log_tx_id;    // its EVE record has tx_id beside the object (http, smb, ftp, smtp, ...; not dns, tls)
	uint8_t file_dirs; // bit a direction in which its transactions carry files (app_file.h)
	bool file_alone;   // its files' records do not hold its own (ftp-data)
	bool log_as_sent;  // its EVE record names the ends as the message went, not the client first (krb5, sip, snmp)
	bool deep;         // its streams are reassembled without limit (smb)
	bool ends_raw;     // rules on raw bytes alone are asked when a transaction has ended (http), as in Suricata
};

// Generated by dataplane/parsers/meson.build from its list of files; NULL-terminated.
extern const struct parser *const parser_table[];

const char *app_proto_name(uint16_t proto);     // "http1"; "unknown", "failed"
const char *app_proto_eve_name(uint16_t proto); // "http"
// APP_UNKNOWN when there is none of that name. ("http" is HTTP1 and HTTP2: callers who mean both say so.)
enum app_proto app_proto_by_name(const char *name);

// --- For parsers, while parse() runs.

// Memory of the worker's pool, zeroed, at most APP_ALLOC_MAX; NULL when there is none left (counted). Constant time.
#define APP_ALLOC_MAX 131072u
void *app_alloc(struct app_run *run, uint32_t bytes);
void app_free(struct app_run *run, void *mem); // accepts NULL

// A text that grows. Appending past `max` bytes keeps the front and returns false, as does the lack of memory.
struct app_text {
	uint8_t *at;
	uint32_t len, cap;
};
bool app_text_add(struct app_run *run, struct app_text *t, const uint8_t *bytes, uint32_t len, uint32_t max);
// Room for `more` bytes behind the text, so that what is appended next is not copied as it grows. False: no memory.
bool app_text_room(struct app_run *run, struct app_text *t, uint32_t more);
void app_text_free(struct app_run *run, struct app_text *t);

// A new transaction at the end of the flow's list; NULL: none left (a flow has at most app-layer.max-tx, or no memory).
struct app_tx *app_tx_new(struct app_run *run, struct app_session *s);
// The same for one message: only its direction takes part, and that is complete.
struct app_tx *app_tx_message(struct app_run *run, struct app_session *s, uint8_t dir);
// The flow's transactions that are still open.
struct app_tx *app_tx_first(const struct app_session *s);
// An event on a transaction (NULL: on the flow). index: into parser->events.
void app_event(struct app_run *run, struct app_session *s, struct app_tx *tx, uint8_t index);
// Bytes that belong together in the protocol's own framing (a PDU, its header): len of them from `at`, which lies in
// in->data or right behind it. type: into parser->frames. Told once of each frame, when its beginning is known; the
// bytes are inspected at once, and what of them has not come yet as it comes, once FRAME_PIECE more are there or the
// rest is. Costs a look at a word where no rule asks.
#define FRAME_STREAM 31u      // the type of a direction's bytes from its beginning on: told by the stage itself
#define FRAME_OPEN UINT64_MAX // len: up to the end of the direction
#define FRAME_PIECE 2500u     // bytes, as in Suricata
void app_frame(struct app_run *run, struct app_session *s, const struct app_input *in, uint8_t type, const uint8_t *at,
	uint64_t len);
// A frame of length FRAME_OPEN ends at `at`, within in->data or right behind it. Without effect where none is open.
void app_frame_end(
	struct app_run *run, struct app_session *s, const struct app_input *in, uint8_t type, const uint8_t *at);
// Whether some rule asks for frames of this protocol: where it takes more than is at hand to tell of them.
bool app_frames_wanted(const struct app_run *run);
// What parsers may spend: app-layer.protocols.* of the configuration.
struct app_limits {
	uint64_t http_request_body, http_response_body; // bytes of a body that are inspected; 0: all
	uint32_t http_decompress_layers;
	bool http_lzma;     // LZMA is one of them
	uint64_t http_bomb; // a body that grows past this and 2048 times its size is given up
	bool tls_ja3, tls_ja4;
	uint8_t tls_encrypted; // after the handshake: 0 count only, 1 let go, 2 inspect
	uint32_t max_tx;       // open transactions a flow
};
const struct app_limits *app_limits(const struct app_run *run);
// The conversation goes on in another protocol from the next byte of both directions on (CONNECT, STARTTLS, upgrade);
// expect: APP_UNKNOWN to find out anew. False, and nothing is changed: these bytes are what told the protocol that an
// earlier change has led to.
bool app_switch(struct app_run *run, struct app_session *s, enum app_proto expect);
// After app_switch: probes are asked by this port instead of the flow's (that of CONNECT, 443 for STARTTLS).
void app_switch_port(struct app_session *s, uint16_t port);
// With it: what the next parser is to know, at most `max` bytes (an upgrade's request). It asks app_handed_over() while
// it reads its first bytes; at is NULL where there is nothing.
void app_hand_over(struct app_run *run, struct app_session *s, const uint8_t *bytes, uint32_t len, uint32_t max);
struct app_bytes app_handed_over(const struct app_session *s);
// The flow that this host pair will open soon from/to the port (FTP data) speaks `proto`. Bounded; forgotten after 60
// s. note: what its parser is to know, of which the first APP_NOTE_MAX bytes are kept.
#define APP_NOTE_MAX 512u
void app_expect(struct app_run *run, struct app_session *s, const union ip_addr *server, uint16_t port,
	enum app_proto proto, struct app_bytes note);
// The note of the flow that has announced this one; of length 0 where none has.
struct app_bytes app_note(const struct app_session *s);
// The address of a side, by the direction in which it sends.
const union ip_addr *app_address(const struct app_session *s, uint8_t dir);
// Writes the digest of bytes, for rules as well. Returns its length (16, 20 or 32 bytes). Asks for no memory.
enum app_hash { APP_MD5, APP_SHA1, APP_SHA256 };
#define APP_DIGEST_MAX 32u
uint32_t app_digest_len(enum app_hash hash);
uint32_t app_digest(enum app_hash hash, const uint8_t *bytes, size_t len, uint8_t *out);
// The same of bytes that come one behind the other.
struct app_digest_state {
	enum app_hash hash;
	uint64_t state[16];
};
void app_digest_begin(struct app_digest_state *d, enum app_hash hash);
void app_digest_add(struct app_digest_state *d, const uint8_t *bytes, size_t len);
uint32_t app_digest_end(struct app_digest_state *d, uint8_t *out);
// A transaction has ended: rules that ask its raw bytes as well are asked now, not once there is a full chunk of this
// direction; with ends_raw, rules on raw bytes alone once the receiver has acknowledged the end.
void app_inspect_raw(struct app_session *s, uint8_t dir);

// --- For the rule engine.

// Who is shown transactions: when every stream consumer has had the bytes that a packet made available (that is, in the
// stage's on_packet), each open transaction of the flow, a direction at a time, in their order: the direction of these
// bytes, and the other one where the transaction has events or is complete; then on_shown, before any of them is freed.
// What the server's bytes have brought the client is shown with the client's packet that acknowledges them, if one
// comes. Once more with tx->stopped when the flow ends. p: the packet that brought the bytes, NULL when a flow ends
// without one; it may go the other way than dir. So the raw bytes of a transaction have been inspected before it is
// shown, and a packet's own rules and those of its transactions speak in one order. What the stage itself notes
// (applayer_mismatch_protocol_both_directions, ...) are rows of drops.def of the type "applayer", put to the packet
// with packet_note.
struct app_consumer {
	void *arg;
	void (*on_tx)(void *arg, const struct parser *parser, struct app_session *s, struct app_tx *tx, uint8_t dir,
		struct packet *p, struct flow *f, struct flow_cold *cold, struct app_run *run,
		struct detector_run *drun);
	// All transactions of this packet (or of this flow's end) have been shown.
	void (*on_shown)(
		void *arg, struct packet *p, struct flow *f, struct flow_cold *cold, struct detector_run *drun);
	// The transaction goes: tx->detect is to be given back.
	void (*on_tx_end)(void *arg, struct app_tx *tx, struct app_run *run);
	// Frames: which are wanted, by protocol, bit a type (read at each frame; NULL: none), and a piece of one. It is
	// shown while the parser reads, before on_tx of the same packet; on_shown follows only where there are
	// transactions.
	const uint32_t *frame_types;
	void (*on_frame)(void *arg, const struct app_frame *f);
	const uint8_t *files; // enum app_file_want: what rules ask of files, read as they begin; NULL: nothing
};

// A piece of a frame; pieces follow each other.
struct app_frame {
	const struct parser *parser;
	const uint8_t *at; // borrowed
	uint32_t len;
	uint64_t before; // bytes of the frame in the pieces before
	uint8_t type;
	uint8_t dir;      // of the parser
	struct packet *p; // that brought the last of these bytes; NULL: the flow has ended without one
	struct flow *f;
	struct flow_cold *cold;
	struct detector_run *drun;
};

// Who is shown the transactions of this worker (copied); before the first packet. One consumer.
void app_layer_set_consumer(struct app_layer *layer, const struct app_consumer *c);

// The session of a flow, NULL: none. Its protocol by direction (they differ where both sides speak something else).
const struct app_session *app_session_of(const struct flow_cold *cold);
enum app_proto app_session_proto(const struct app_session *s, uint8_t dir);
// What the rule engine keeps of a direction's raw bytes; the stage fills `now`, `first` and `last`.
struct app_raw {
	bool now;        // app_inspect_raw was called
	uint64_t looked; // stream offset up to which rules on transactions have been asked about raw bytes
	// With parser.ends_raw: stream offsets behind the first and the last transaction whose end the rule engine has
	// not seen acknowledged; 0: none.
	uint64_t first, last;
};
// Of a direction of a flow; NULL: it has no session.
struct app_raw *app_raw_of(const struct flow_cold *cold, uint8_t dir);
