// Shared by the files of the HTTP/1 parser (RFC 9110, RFC 9112): what a flow, a transaction and each of its two
// messages hold. What is accepted, and how what is malformed is read, follows the behaviour of Suricata 7 with its
// defaults, because rules are written for that. Read in this order: http1.c (states), http1_line.c, http1_field.c,
// http1_headers.c, http1_framing.c, http1_body.c, http1_decompress.c, http1_uri.c, http1_file.c, http1_buffers.c,
// http1_log.c.
#pragma once

#include <string.h>

#include "dataplane/api/app_file.h"
#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"
#include "dataplane/parsers/http1_chars.h"

// How far a message is: app_tx.progress.
enum http1_progress {
	HTTP1_LINE = 1, // the start line is there
	HTTP1_HEADERS,
	HTTP1_BODY, // more of the body may come
	HTTP1_TRAILER,
	HTTP1_COMPLETE,
};

#define HTTP1_FIELD_MAX 18432u  // bytes of a line, or of what is left of a folded one
#define HTTP1_HEADERS_MAX 1024u // fields of a message
#define HTTP1_REPEATS_MAX 64u   // of one field that are put together
#define HTTP1_TEXT_MAX (APP_ALLOC_MAX)
#define HTTP1_LAYERS_MAX 16u
#define HTTP1_BODY_PARTS 8u // texts that a body may fill

// Fields that the parser or a rule asks for by name, in lower case.
#define HTTP1_KNOWN_LIST(X)                           \
	X(HOST, "host")                               \
	X(USER_AGENT, "user-agent")                   \
	X(COOKIE, "cookie")                           \
	X(SET_COOKIE, "set-cookie")                   \
	X(REFERER, "referer")                         \
	X(ACCEPT, "accept")                           \
	X(ACCEPT_ENCODING, "accept-encoding")         \
	X(ACCEPT_LANGUAGE, "accept-language")         \
	X(CONNECTION, "connection")                   \
	X(CONTENT_TYPE, "content-type")               \
	X(CONTENT_LENGTH, "content-length")           \
	X(CONTENT_ENCODING, "content-encoding")       \
	X(CONTENT_DISPOSITION, "content-disposition") \
	X(CONTENT_RANGE, "content-range")             \
	X(TRANSFER_ENCODING, "transfer-encoding")     \
	X(LOCATION, "location")                       \
	X(SERVER, "server")                           \
	X(UPGRADE, "upgrade")                         \
	X(AUTHORIZATION, "authorization")

enum http1_known {
	HTTP1_UNKNOWN_FIELD = 0,
#define HTTP1_KNOWN(id, name) HTTP1_F_##id,
	HTTP1_KNOWN_LIST(HTTP1_KNOWN)
#undef HTTP1_KNOWN
		HTTP1_KNOWN_COUNT
};

// Suricata's app-layer-event:http.* names, in the order of parser->events.
#define HTTP1_EVENT_LIST(X)                                                \
	X(UNKNOWN_ERROR, "unknown_error")                                  \
	X(GZIP_FAILED, "gzip_decompression_failed")                        \
	X(REQUEST_NO_COLON, "request_field_missing_colon")                 \
	X(RESPONSE_NO_COLON, "response_field_missing_colon")               \
	X(REQUEST_CHUNK_LEN, "invalid_request_chunk_len")                  \
	X(RESPONSE_CHUNK_LEN, "invalid_response_chunk_len")                \
	X(REQUEST_TE, "invalid_transfer_encoding_value_in_request")        \
	X(RESPONSE_TE, "invalid_transfer_encoding_value_in_response")      \
	X(REQUEST_CL, "invalid_content_length_field_in_request")           \
	X(RESPONSE_CL, "invalid_content_length_field_in_response")         \
	X(REQUEST_CL_TWICE, "duplicate_content_length_field_in_request")   \
	X(RESPONSE_CL_TWICE, "duplicate_content_length_field_in_response") \
	X(CONTINUE_TWICE, "100_continue_already_seen")                     \
	X(NO_REQUEST, "unable_to_match_response_to_request")               \
	X(SERVER_PORT, "invalid_server_port_in_request")                   \
	X(AUTHORITY_PORT, "invalid_authority_port")                        \
	X(REQUEST_HEADER, "request_header_invalid")                        \
	X(RESPONSE_HEADER, "response_header_invalid")                      \
	X(NO_HOST, "missing_host_header")                                  \
	X(HOST_AMBIGUOUS, "host_header_ambiguous")                         \
	X(REQUEST_FOLDING, "invalid_request_field_folding")                \
	X(RESPONSE_FOLDING, "invalid_response_field_folding")              \
	X(REQUEST_TOO_LONG, "request_field_too_long")                      \
	X(RESPONSE_TOO_LONG, "response_field_too_long")                    \
	X(FILE_NAME_TOO_LONG, "file_name_too_long")                        \
	X(PORT_MISMATCH, "request_server_port_tcp_port_mismatch")          \
	X(URI_HOST, "request_uri_host_invalid")                            \
	X(HEADER_HOST, "request_header_host_invalid")                      \
	X(METHOD_DELIM, "method_delim_non_compliant")                      \
	X(URI_DELIM, "uri_delim_non_compliant")                            \
	X(LEADING_SPACE, "request_line_leading_whitespace")                \
	X(TOO_MANY_LAYERS, "too_many_encoding_layers")                     \
	X(ABNORMAL_CE, "abnormal_ce_header")                               \
	X(AUTH, "request_auth_unrecognized")                               \
	X(REQUEST_REPETITION, "request_header_repetition")                 \
	X(RESPONSE_REPETITION, "response_header_repetition")               \
	X(BYTERANGES, "response_multipart_byteranges")                     \
	X(ABNORMAL_TE, "response_abnormal_transfer_encoding")              \
	X(CHUNKED_OLD, "response_chunked_old_proto")                       \
	X(RESPONSE_PROTOCOL, "response_invalid_protocol")                  \
	X(RESPONSE_STATUS, "response_invalid_status")                      \
	X(LINE_INCOMPLETE, "request_line_incomplete")                      \
	X(DOUBLE_ENCODED, "double_encoded_uri")                            \
	X(REQUEST_LINE, "request_line_invalid")                            \
	X(BODY_UNEXPECTED, "request_body_unexpected")                      \
	X(LZMA_MEMLIMIT, "lzma_memlimit_reached")                          \
	X(BOMB, "compression_bomb")                                        \
	X(REQUEST_HEADERS_MANY, "request_too_many_headers")                \
	X(RESPONSE_HEADERS_MANY, "response_too_many_headers")              \
	X(CHUNK_EXTENSION, "request_chunk_extension")                      \
	X(MULTIPART_ERROR, "multipart_generic_error")                      \
	X(MULTIPART_NO_FILE, "multipart_no_filedata")                      \
	X(MULTIPART_HEADER, "multipart_invalid_header")                    \
	X(RANGE, "range_invalid")                                          \
	X(PROTOCOL_CHANGE, "failed_protocol_change")

enum http1_event {
#define HTTP1_EVENT(id, name) HTTP1_E_##id,
	HTTP1_EVENT_LIST(HTTP1_EVENT)
#undef HTTP1_EVENT
		HTTP1_EVENT_COUNT
};

// A part of a text; at: offset in it.
struct http1_span {
	uint32_t at, len;
};

// A field, in http1_message.start once it is parsed.
struct http1_field {
	struct http1_span name, value;
	uint16_t hash;   // of the name in lower case
	uint8_t known;   // enum http1_known
	uint8_t repeats; // of this name, so far
	uint16_t next;   // the next value of the same name: index + 1; 0: none
	uint16_t last;   // the last of them
	bool repeated;   // a field before has the same name
};

// A file in a body: a part of a form, or all of the body.
struct http1_file {
	struct http1_span name, data; // in the body's text
	struct app_file *file;        // NULL: nobody wants files
	bool whole;                   // it is all there
};

struct http1_layers; // http1_decompress.c

struct http1_message {
	struct app_text start;  // as http.start: the line, CRLF, fields as "Name: value" CRLF, CRLF
	struct app_text raw;    // the lines of the fields as they came
	struct app_text header; // as http.header, when it is not a part of `start`
	struct app_text names;  // as http.header_names
	struct app_text fields; // struct http1_field
	struct app_text body;
	struct app_text more[HTTP1_BODY_PARTS - 1]; // of the body, where the limit allows for more than one text
	struct http1_layers *layers;                // NULL: the body is not compressed, or not any more
	struct http1_span method;                   // of the request; the status code of the response
	struct http1_span target;                   // the request target; the reason phrase of the response
	struct http1_span protocol;
	struct app_file *file;             // that its body is; NULL: none, or nobody wants files
	uint64_t length;                   // bytes of the body as it was sent, with the framing of chunks
	uint32_t line_len;                 // of the start line in `start`
	struct http1_span section;         // the fields in `start`, without the empty line
	uint16_t field_count;              // in `fields`
	uint16_t known[HTTP1_KNOWN_COUNT]; // index + 1 in `fields`
	uint8_t version;                   // 9, 10, 11; 0: none or another
	bool has_target, has_method, has_protocol;
	bool has_fields; // the header section is complete
	bool broken;     // they contradict themselves: only what is asked for by name is shown
	bool body_begun;
	uint64_t seen;     // bit a hash of a name that a field has
	bool repeats;      // two fields have the same name since the fields were put together last
	bool header_apart; // http.header is `header`
	bool body_full;    // the limit of inspection is reached
	bool chunked;
};

struct http1_tx {
	struct app_tx tx;
	struct http1_message msg[2]; // by enum packet_dir
	struct app_text uri;         // normalised
	struct app_text host;
	struct app_text files;       // struct http1_file, of the request's form
	struct http1_span path;      // of `uri`
	struct http1_span file_name; // of the response: in its start text; len 0: the path
	uint32_t form_at;            // of the request's body: what is before has been looked at
	struct http1_span boundary;  // in the request's start text; len 0: no form
	int32_t port;                // of the authority; -1: none
	uint32_t status;             // 0: none
	bool seen_request;           // false: a response came by itself
	bool old;                    // HTTP/0.9: the response has neither line nor fields
	bool has_host, host_of_target;
	bool host_known; // the field has been looked at
	bool seen_continue;
	uint8_t method; // enum http1_method
	uint8_t form_state;
	bool form_file; // the part being read is a file: the last of `files`
};

enum http1_method {
	HTTP1_M_OTHER,
	HTTP1_M_GET,
	HTTP1_M_HEAD,
	HTTP1_M_POST,
	HTTP1_M_PUT,
	HTTP1_M_CONNECT,
	HTTP1_M_KNOWN
};

// What is read next in a direction.
enum http1_expect {
	EXPECT_LINE,
	EXPECT_FIELDS,
	EXPECT_LENGTH,     // `left` bytes of body
	EXPECT_CHUNK_SIZE, // a line
	EXPECT_CHUNK,      // `left` bytes
	EXPECT_CHUNK_END,  // up to the next line feed
	EXPECT_TRAILER,
	EXPECT_CLOSE,   // a body up to the end of the stream
	EXPECT_END,     // the message is over; what is no new message belongs to it all the same
	EXPECT_SYNC,    // bytes were lost: up to a line that begins a message
	EXPECT_ANSWER,  // CONNECT: the server decides what follows
	EXPECT_NOTHING, // not HTTP any more
};

struct http1_side {
	struct http1_tx *tx; // whose message is being read, NULL: none
	uint64_t left;
	uint32_t scanned;          // bytes at the front of the input known to hold no end of line
	struct http1_span pending; // the last line of fields, in msg.raw, that may be continued
	struct app_text folded;    // it with its continuations
	bool has_pending;
	bool stray;      // bytes behind the message were taken for body
	bool stray_line; // and the last of them ended no line
	uint8_t expect;  // enum http1_expect
};

struct http1_state {
	struct http1_side side[2];
};

// What the functions below work with during one call of parse().
struct http1_run {
	struct app_run *run;
	struct app_session *session;
	struct http1_state *state;
	const struct app_limits *limits;
	uint8_t dir;
	bool last;
	bool no_memory;
	struct app_tx *owner; // whose files these are, where it is not an HTTP/1 transaction
	uint32_t ahead;       // bytes of input in sight, as far as texts are made ready for them
};

static inline struct http1_side *http1_side(struct http1_run *r)
{
	return &r->state->side[r->dir];
}

static inline struct http1_message *http1_message(struct http1_run *r)
{
	return &http1_side(r)->tx->msg[r->dir];
}

static inline struct app_bytes http1_bytes(const struct app_text *t, struct http1_span s)
{
	return (struct app_bytes){t->at ? t->at + s.at : NULL, s.len}; // nothing is added to NULL
}

// The value of a known field; at is NULL where there is none.
struct app_bytes http1_value(const struct http1_message *m, enum http1_known known);
static inline struct http1_field *http1_field(const struct http1_message *m, uint32_t i)
{
	return (struct http1_field *)(void *)m->fields.at + i;
}

// http1.c: gives back what a transaction holds.
void http1_free_tx(struct app_run *run, struct app_tx *tx);
// An event of the request where the message is one, else the one behind it in the list.
void http1_note(struct http1_run *r, enum http1_event e);
static inline void http1_note_dir(struct http1_run *r, enum http1_event request)
{
	http1_note(r, (enum http1_event)(request + r->dir));
}
// Room for len more bytes, that are part of the text from now on; NULL: no memory (noted in r).
static inline uint8_t *http1_grow(struct http1_run *r, struct app_text *t, uint32_t len)
{
	if (len > t->cap - t->len && !app_text_room(r->run, t, len)) {
		r->no_memory = true;
		return NULL;
	}
	t->len += len;
	return t->at + t->len - len;
}
// Appends; a lack of memory is noted in r.
static inline void http1_add(struct http1_run *r, struct app_text *t, const void *bytes, uint32_t len)
{
	uint8_t *to = len ? http1_grow(r, t, len) : NULL;

	if (to)
		memcpy(to, bytes, len);
}

// http1_line.c: start lines, without their end.
void http1_request_line(struct http1_run *r, struct app_bytes line);
void http1_status_line(struct http1_run *r, struct app_bytes line);
// True unless the line is one that no status line begins like (it is shown as body then).
bool http1_is_status(struct app_bytes line);
enum http1_method http1_method(struct app_bytes token);

// Writes into a text that has the room; returns what is behind.
static inline uint8_t *http1_put(uint8_t *to, struct app_bytes b)
{
	if (b.len)
		memcpy(to, b.at, b.len);
	return to + b.len;
}
static inline uint8_t *http1_put_end(uint8_t *to)
{
	*to++ = '\r';
	*to++ = '\n';
	return to;
}

// http1_field.c: a line without its end, with those that continue it. Writes "Name: value" CRLF into `start`. Returns
// 0, or -1 when there are too many fields.
int http1_parse_field(struct http1_run *r, struct app_bytes text);
// Notes a field that needs no change and is the first of its name, `at` bytes into `start`, where the caller puts it.
// False: it is another.
bool http1_note_field(struct http1_run *r, struct app_bytes text, uint32_t at);

// http1_headers.c: the lines of a header section. A line is handed over with its end; next: the byte behind it, -1: not
// known yet. Returns 1 when the line ends the section, -1 when there are too many fields.
int http1_header_line(struct http1_run *r, struct app_bytes line, int next);
// Takes ordinary lines, as many as there are, at once. Returns 0, or -1 as above.
int http1_plain_fields(struct http1_run *r, struct cursor *c);
// The last field, when the stream ends within the section.
int http1_header_flush(struct http1_run *r);
// The section is over: puts fields of the same name together, makes the texts rules read.
void http1_headers_done(struct http1_run *r);

// http1_framing.c: what the fields say of the body. Return what is expected next; EXPECT_NOTHING where they contradict
// themselves so that nothing behind can be read (an event has been noted).
enum http1_expect http1_request_framing(struct http1_run *r);
enum http1_expect http1_response_framing(struct http1_run *r);
// The number of a Content-Length as a lenient server takes it: the first digits. -1: none, or too large.
int64_t http1_number(struct app_bytes value);
// The size of a chunk, RFC 9112 7.1. Returns -1 when the line says none, -2 when it is empty.
int64_t http1_chunk_size(struct http1_run *r, struct app_bytes line);

// http1_uri.c: fills tx->uri and path from the request target.
void http1_uri(struct http1_run *r);
// http1_host.c: takes host and port from the authority of a target; from Host, when that had none.
void http1_authority(struct http1_run *r, struct app_bytes text);
void http1_host(struct http1_run *r);

// http1_bestfit.c: the byte that a character is taken for; '?' where there is none.
uint8_t http1_best_fit(uint32_t code);

// http1_body.c: bytes of the body as framed; undone compression, cut at the limit.
void http1_body_begin(struct http1_run *r);
void http1_body(struct http1_run *r, const uint8_t *bytes, uint32_t len);
void http1_body_store(struct http1_run *r, const uint8_t *bytes, uint32_t len);
void http1_body_end(struct http1_run *r);

// http1_decompress.c: NULL when nothing is to be undone (or there is no memory).
struct http1_layers *http1_layers_new(struct http1_run *r, struct app_bytes content_encoding);
void http1_layers_feed(struct http1_run *r, struct http1_layers *l, const uint8_t *bytes, uint32_t len);
void http1_layers_free(struct app_run *run, struct http1_layers *l);

// http1_file.c: bytes that were kept of a body go into the file that it is; cut: others were not, since the limit of
// inspection is reached.
void http1_file_body(struct http1_run *r, const uint8_t *bytes, uint32_t len, bool cut);
void http1_file_end(struct http1_run *r);
// What a body is called that is a file of its own; at is NULL where it is none.
struct app_bytes http1_file_name(const struct http1_tx *tx, uint8_t dir);
void http1_files_begin(struct http1_run *r);
void http1_files_more(struct http1_run *r, bool end);

// http1_buffers.c, http1_log.c: the tables of struct parser.
extern const struct parser_buffer http1_buffers[];
extern const char *const http1_events[];
// What stands for the target of a request that was not seen.
struct app_bytes http1_not_seen(void);
bool http1_log(const struct app_tx *tx, struct app_log *l);
