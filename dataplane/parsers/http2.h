// Shared by the files of the HTTP/2 parser (RFC 9113): what a flow, a stream and each of its two messages hold. A
// stream is a transaction, and so is each frame of the connection itself (stream 0). Read in this order: http2.c
// (frames), http2_stream.c (transactions), http2_headers.c, http2_body.c, http2_upgrade.c, http2_buffers.c,
// http2_log.c.
#pragma once

#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"
#include "dataplane/parsers/hpack.h"
#include "dataplane/parsers/http1.h"

// How far a direction of a stream is: app_tx.progress.
enum http2_progress { HTTP2_HEADERS = 1, HTTP2_BODY, HTTP2_COMPLETE };

enum http2_type {
	HTTP2_DATA,
	HTTP2_HEADERS_FRAME,
	HTTP2_PRIORITY,
	HTTP2_RST_STREAM,
	HTTP2_SETTINGS,
	HTTP2_PUSH_PROMISE,
	HTTP2_PING,
	HTTP2_GOAWAY,
	HTTP2_WINDOW_UPDATE,
	HTTP2_CONTINUATION,
};

enum http2_flag {
	HTTP2_END_STREAM = 1u << 0,
	HTTP2_END_HEADERS = 1u << 2,
	HTTP2_PADDED = 1u << 3,
	HTTP2_WITH_PRIORITY = 1u << 5
};

#define HTTP2_FRAME_HEADER 9u
#define HTTP2_FRAME_MAX 65536u    // of a frame that is no DATA; what is behind is passed over
#define HTTP2_BLOCK_MAX 102400u   // a field block over all of its frames
#define HTTP2_TEXT_MAX 32768u     // of a message's fields, uncompressed
#define HTTP2_JOINED_MAX 16384u   // of values that are put together
#define HTTP2_FIELDS_MAX 1024u    // of a message
#define HTTP2_WORK_MAX (1u << 20) // bytes that one block may become
#define HTTP2_KINDS_MAX 10u       // types of frames of a stream that are remembered
#define HTTP2_NUMBERS_MAX 4u      // values of a kind, the latest
#define HTTP2_SETTINGS_MAX 1536u  // bytes of a frame's settings
#define HTTP2_LINGER_MAX 16u      // streams that are over and wait for the other side's next bytes
#define HTTP2_STREAM_SLOTS 64u

// Fields that rules ask for by name.
#define HTTP2_KNOWN_LIST(X)                     \
	X(METHOD, ":method")                    \
	X(PATH, ":path")                        \
	X(AUTHORITY, ":authority")              \
	X(STATUS, ":status")                    \
	X(HOST, "host")                         \
	X(USER_AGENT, "user-agent")             \
	X(COOKIE, "cookie")                     \
	X(SET_COOKIE, "set-cookie")             \
	X(REFERER, "referer")                   \
	X(ACCEPT, "accept")                     \
	X(ACCEPT_ENC, "accept-encoding")        \
	X(ACCEPT_LANG, "accept-language")       \
	X(CONNECTION, "connection")             \
	X(CONTENT_TYPE, "content-type")         \
	X(CONTENT_LEN, "content-length")        \
	X(CONTENT_ENCODING, "content-encoding") \
	X(CONTENT_RANGE, "content-range")       \
	X(LOCATION, "location")                 \
	X(SERVER, "server")

enum http2_known {
#define HTTP2_KNOWN(id, name) HTTP2_F_##id,
	HTTP2_KNOWN_LIST(HTTP2_KNOWN)
#undef HTTP2_KNOWN
		HTTP2_KNOWN_COUNT
};

// Suricata's app-layer-event:http2.* names, in the order of parser->events.
#define HTTP2_EVENT_LIST(X)                            \
	X(FRAME_HEADER, "invalid_frame_header")        \
	X(CLIENT_MAGIC, "invalid_client_magic")        \
	X(FRAME_DATA, "invalid_frame_data")            \
	X(HEADER, "invalid_header")                    \
	X(FRAME_LENGTH, "invalid_frame_length")        \
	X(EXTRA_HEADER_DATA, "extra_header_data")      \
	X(LONG_FRAME, "long_frame_data")               \
	X(STREAM_REUSE, "stream_id_reuse")             \
	X(HTTP1_SETTINGS, "invalid_http1_settings")    \
	X(DECOMPRESSION, "failed_decompression")       \
	X(RANGE, "invalid_range")                      \
	X(INTEGER_OVERFLOW, "header_integer_overflow") \
	X(TOO_MANY_STREAMS, "too_many_streams")        \
	X(HOST_MISMATCH, "authority_host_mismatch")    \
	X(USERINFO, "userinfo_in_uri")                 \
	X(REASSEMBLY_LIMIT, "reassembly_limit_reached")

enum http2_event {
#define HTTP2_EVENT(id, name) HTTP2_E_##id,
	HTTP2_EVENT_LIST(HTTP2_EVENT)
#undef HTTP2_EVENT
};

// A field, in http2_message.text as "name: value" CRLF. kind HPACK_FIELD; or what stood there instead.
struct http2_field {
	struct http1_span name, value;
	uint64_t number; // of a HPACK_SIZE_UPDATE
	uint8_t kind;    // enum hpack_answer
};

// A value that may be put together of several: in `text` or in `extra`.
struct http2_value {
	struct http1_span span;
	bool there, extra;
};

struct http2_numbers {
	uint32_t at[HTTP2_NUMBERS_MAX];
	uint8_t count; // of all that came, up to 255
};

struct http2_message {
	struct app_text text;   // as http.header.raw
	struct app_text fields; // struct http2_field
	struct app_text extra;  // what is made of them: http.header_names, ...
	struct app_text settings;
	struct http1_span names, header, line, host; // in `extra`
	struct http2_value known[HTTP2_KNOWN_COUNT];
	struct http2_numbers errors, windows, priorities;
	uint8_t kinds[HTTP2_KINDS_MAX]; // types of frames
	uint8_t kind_count;
	bool has_block;    // of fields, perhaps none
	bool error_goaway; // the first of errors is a GOAWAY's
	bool has_settings;
};

struct http2_state;

struct http2_tx {
	struct app_tx tx;
	struct http2_state *of;      // its flow's
	struct http2_tx *same;       // the next in the same slot
	uint32_t stream;             // 0: the connection
	uint8_t over;                // bit a direction: it has ended
	bool lingers;                // both have, and it waits for bytes of one to be shown there, too
	struct http1_tx *body;       // both bodies, as HTTP/1 keeps them; NULL: no DATA
	struct http2_message msg[2]; // by enum packet_dir
};

// What is being read in a direction.
struct http2_side {
	struct hpack table;
	struct app_text block; // of fields, until it is whole
	uint32_t block_stream; // whose; 0: none
	uint8_t block_flags;
	bool preface;         // has been looked for
	bool lost;            // the table is not the peer's any more: blocks are passed over
	uint32_t data_left;   // bytes of a DATA frame, or of one passed over, that are still to come
	uint32_t pad_left;    // of them at the end: padding
	uint32_t data_stream; // 0: passed over
	bool data_end;        // with END_STREAM
};

struct http2_state {
	struct http2_side side[2];
	struct http2_tx *slot[HTTP2_STREAM_SLOTS];
	uint32_t top[2];    // highest stream that was opened: of servers (even), of clients (odd)
	uint32_t lingering; // streams that wait, as `ended`
	bool begun;
};

struct http2_run {
	struct app_run *run;
	struct app_session *session;
	struct http2_state *state;
	uint8_t dir;
	bool no_memory;
};

struct http2_frame {
	uint32_t len, stream;
	uint8_t type, flags;
};

static inline struct http2_side *http2_side(struct http2_run *r)
{
	return &r->state->side[r->dir];
}

static inline const struct http2_field *http2_field(const struct http2_message *m, uint32_t i)
{
	return (const struct http2_field *)(const void *)m->fields.at + i;
}

static inline uint32_t http2_field_count(const struct http2_message *m)
{
	return m->fields.len / (uint32_t)sizeof(struct http2_field);
}

static inline void http2_note(struct http2_run *r, struct http2_tx *tx, enum http2_event e)
{
	app_event(r->run, r->session, tx ? &tx->tx : NULL, (uint8_t)e);
}

// Appends; a lack of memory is noted in r.
void http2_add(struct http2_run *r, struct app_text *t, const void *bytes, uint32_t len);

// http2_stream.c: the transaction of a frame, made where there is none; NULL: there is to be none. opens: the frame
// begins a stream.
struct http2_tx *http2_stream(struct http2_run *r, uint32_t stream, bool opens);
void http2_saw(struct http2_run *r, struct http2_tx *tx, uint8_t type);
void http2_number(struct http2_numbers *n, uint32_t value);
void http2_reach(struct http2_run *r, struct http2_tx *tx, enum http2_progress progress);
// Nothing more comes in this direction; `both`: nor in the other.
void http2_end(struct http2_run *r, struct http2_tx *tx, bool both);
// A frame of this direction has come: transactions that waited for some are complete.
void http2_linger_over(struct http2_run *r);
void http2_free_tx(struct app_run *run, struct app_tx *tx);

// http2_headers.c: decodes a whole block of fields into a stream (NULL: only for the table).
void http2_block(struct http2_run *r, struct http2_tx *tx, const uint8_t *block, uint32_t len);
void http2_add_field(struct http2_run *r, struct http2_message *m, struct app_bytes name, struct app_bytes value);
// What rules ask for is made of the fields.
void http2_fields_done(struct http2_run *r, struct http2_tx *tx);
struct app_bytes http2_value(const struct http2_message *m, enum http2_known known);

// http2_body.c
void http2_body(struct http2_run *r, struct http2_tx *tx, const uint8_t *bytes, uint32_t len);
void http2_body_end(struct http2_run *r, struct http2_tx *tx);

// http2_upgrade.c: the request that HTTP/1 has handed over (RFC 7540 3.2).
void http2_upgrade(struct http2_run *r);
// Notes settings; len is a multiple of 6.
void http2_settings(struct http2_run *r, struct http2_tx *tx, const uint8_t *at, uint32_t len);

extern const struct parser_buffer http2_buffers[];
extern const struct parser_field http2_fields[];
bool http2_log(const struct app_tx *tx, struct app_log *l);
