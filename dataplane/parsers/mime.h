// Messages as mail carries them (RFC 5322, RFC 2045 to 2047, RFC 2183): fields, parts within parts, transfer encodings
// undone, files by their names. A message is fed line by line. What is accepted, and how what is malformed is read,
// follows the behaviour of Suricata 7, because rules are written for that. Read in this order: mime.c (parts),
// mime_field.c, mime_body.c, mime_log.c.
#pragma once

#include "dataplane/api/app_file.h"
#include "dataplane/parsers/text_line.h"

#define MIME_LINE_MAX 998u      // bytes of a line (RFC 5322 2.1.1) past which it is noted
#define MIME_CODED_LINE_MAX 76u // the same of a line in a transfer encoding (RFC 2045 6.7, 6.8)
#define MIME_NAME_MAX 75u       // of a field's name, likewise
#define MIME_VALUE_MAX 2000u    // of a field's value that are read
#define MIME_PARAMETER_MAX 255u // of a file's name; a boundary has less
#define MIME_SECTIONS_MAX 32u   // of a parameter, RFC 2231 3
#define MIME_DEPTH_MAX 32u      // parts within parts
#define MIME_FILES_MAX 128u     // of a message
#define MIME_URLS_MAX 128u
#define MIME_URL_MAX 1024u          // bytes of a URL
#define MIME_TEXT_MAX 32768u        // of all names, boundaries and URLs of a message
#define MIME_FILE_MAX APP_ALLOC_MAX // bytes of a file that are inspected

// In the order of their names in the EVE record (mime_log.c).
enum mime_status {
	MIME_HEADER_READY,
	MIME_HEADER_STARTED,
	MIME_HEADER_DONE,
	MIME_BODY_STARTED,
	MIME_BODY_END_BOUND,
	MIME_PARSE_DONE,
	MIME_PARSE_ERROR,
};

// What is wrong with a message, in the order of the SMTP parser's events of these names.
enum mime_event {
	MIME_PARSE_FAILED,
	MIME_MALFORMED_MSG,
	MIME_INVALID_QP,
	MIME_LONG_LINE,
	MIME_LONG_ENC_LINE,
	MIME_LONG_HEADER_NAME,
	MIME_LONG_HEADER_VALUE,
	MIME_LONG_BOUNDARY,
	MIME_LONG_FILENAME,
	MIME_EVENTS,
};

enum mime_field { MIME_FROM, MIME_TO, MIME_CC, MIME_TYPE, MIME_DISPOSITION, MIME_ENCODING, MIME_OTHER };
enum mime_coding { MIME_PLAIN, MIME_BASE64, MIME_QP };

// A part of mime.text.
struct mime_span {
	uint32_t at, len;
};

// A part with a file name.
struct mime_file {
	struct mime_span name;
	struct app_text data;  // decoded
	struct app_file *file; // NULL: nobody wants files
	uint16_t id, parent;   // of the part and the one it is in
	bool begun, whole;
};

struct mime_url {
	struct mime_span text;
	uint16_t id, parent;
};

// A part that is open.
struct mime_level {
	uint16_t id, parent; // the message is 0
	uint16_t file;       // index + 1 in mime.files; 0: none
	uint8_t coding;      // enum mime_coding
	bool has_boundary;
	bool encapsulated; // a message within message/rfc822
	struct mime_span boundary;
};

// The body being read.
struct mime_body {
	bool begun;
	uint8_t eol;       // bytes of the line end that goes before the next line
	uint8_t group_len; // base64: characters of a group of four, `pad` of them "="
	uint8_t pad;
	uint32_t group;
	uint8_t escape_len; // quoted-printable: 1 behind "=", 2 behind a digit more, which is `digit`
	uint8_t digit;
	uint8_t scheme; // bytes of "http://" that match; all of them: in a URL
	struct mime_span url;
};

struct mime {
	struct app_tx *tx;  // that the message is of
	uint8_t status;     // enum mime_status
	uint8_t field;      // enum mime_field, of the value being read
	uint16_t events;    // bit enum mime_event
	uint16_t parts;     // seen so far
	uint16_t depth;     // of `level`
	bool child;         // a boundary has been announced: what it begins is in this part, not behind it
	uint32_t value_len; // of the field, as it was sent
	struct app_text value[MIME_OTHER];
	struct mime_body body;
	struct app_text files; // struct mime_file
	struct app_text urls;  // struct mime_url
	struct app_text text;
	struct mime_level level[MIME_DEPTH_MAX];
};

_Static_assert(sizeof(struct mime) <= 2048, "a message takes little until it has files");

// A message that begins, of a transaction; NULL: no memory.
struct mime *mime_new(struct app_run *run, struct app_tx *tx);
void mime_free(struct app_run *run, struct mime *m); // accepts NULL
// True while lines belong to header sections.
static inline bool mime_in_header(const struct mime *m)
{
	return m->status <= MIME_HEADER_STARTED;
}
// A line without its end of `eol` bytes (CRLF 2, LF 1). A body's line that is long may come in pieces: eol is 0 for
// all but the last, again is true for all but the first.
void mime_line(struct app_run *run, struct mime *m, struct app_bytes line, uint8_t eol, bool again);
// The message is complete.
void mime_end(struct app_run *run, struct mime *m);

static inline uint32_t mime_file_count(const struct mime *m)
{
	return m->files.len / (uint32_t)sizeof(struct mime_file);
}

static inline struct mime_file *mime_file_at(const struct mime *m, uint32_t i)
{
	return (struct mime_file *)(void *)m->files.at + i;
}

static inline struct app_bytes mime_bytes(const struct mime *m, struct mime_span s)
{
	return (struct app_bytes){s.len ? m->text.at + s.at : m->text.at, s.len};
}

static inline void mime_note(struct mime *m, enum mime_event e)
{
	m->events |= (uint16_t)(1u << e);
}

// mime_field.c: a line of a header section that is a field; false: it is none.
bool mime_field_begin(struct app_run *run, struct mime *m, struct app_bytes line);
// A line that goes on with the value of the field before.
void mime_field_more(struct app_run *run, struct mime *m, struct app_bytes line);
// The section is complete: what the fields say of the body. False: it cannot be read.
bool mime_fields_done(struct app_run *run, struct mime *m);
// The innermost part is a message within a message (RFC 2046 5.2.1).
bool mime_is_message(const struct mime *m);

// mime_body.c: a line of the innermost part's body, and its end.
void mime_body_line(struct app_run *run, struct mime *m, struct app_bytes line, uint8_t eol);
void mime_body_end(struct app_run *run, struct mime *m);

// mime_log.c: the members of EVE's `email`. False: there is nothing to say.
bool mime_log(const struct mime *m, struct app_log *l);
