// Shared by the files of the SMTP parser (RFC 5321): what a flow and a mail transaction hold. Read in this order:
// smtp.c (lines, commands), smtp_reply.c, smtp_log.c; mime.h for messages.
#pragma once

#include "dataplane/parsers/mime.h"

#define SMTP_QUEUE_MAX 256u   // commands that wait for their replies
#define SMTP_TEXT_MAX 4096u   // of a name or a path
#define SMTP_PATHS_MAX 16384u // of all recipients

enum smtp_progress { SMTP_BEGUN, SMTP_MAIL, SMTP_DONE };

// In the order of smtp_events (smtp_log.c); enum mime_event comes first.
enum smtp_event {
	SMTP_INVALID_REPLY = MIME_EVENTS,
	SMTP_INVALID_PIPELINED_SEQUENCE,
	SMTP_BDAT_CHUNK_LEN_EXCEEDED,
	SMTP_NO_SERVER_WELCOME_MESSAGE,
	SMTP_TLS_REJECTED,
	SMTP_DATA_COMMAND_REJECTED,
	SMTP_DUPLICATE_FIELDS,
	SMTP_UNPARSABLE_CONTENT,
	SMTP_TRUNCATED_LINE,
	SMTP_FAILED_PROTOCOL_CHANGE,
};

enum smtp_command { SMTP_OTHER, SMTP_STARTTLS, SMTP_DATA, SMTP_DATA_END, SMTP_BDAT, SMTP_RSET };

struct smtp_tx {
	struct app_tx tx;
	struct smtp_state *st;
	struct app_text mail_from;
	struct app_text rcpt_to; // paths, a line feed behind each
	struct mime *mime;       // NULL: no message
	bool has_mail_from;
	bool has_data; // DATA was asked for
};

struct smtp_state {
	struct smtp_tx *tx;      // what commands belong to, NULL: none
	struct smtp_tx *waiting; // its message is complete, the reply to it is not here
	struct app_text helo;
	uint64_t chunk_left; // of BDAT
	uint16_t queued, answered;
	uint8_t queue[SMTP_QUEUE_MAX]; // enum smtp_command
	uint8_t command;               // the last
	bool has_helo, welcomed;
	bool in_data;     // lines of the client are content
	bool multiline;   // within a reply of several lines
	bool pipelining;  // the server has offered it: content may follow DATA at once
	bool skipping[2]; // the rest of a line that is too long
	bool in_line;     // a line of content has been handed over in part
};

// What the functions below work with during one call of parse().
struct smtp {
	struct app_run *run;
	struct app_session *s;
	struct smtp_state *st;
};

// An event on what the reply or the command at hand belongs to.
void smtp_event(struct smtp *z, enum smtp_event e);
// The transaction has got all there is of the client, and (answered) of the server.
void smtp_done(struct smtp *z, struct smtp_tx *tx, bool answered);
// A command waits for its reply.
void smtp_enqueue(struct smtp *z, enum smtp_command c);

// smtp_reply.c: a line of the server, without its end. False: it is no reply, nothing is read any more.
bool smtp_reply(struct smtp *z, struct app_bytes line);

// smtp_log.c
extern const char *const smtp_events[];
bool smtp_log(const struct app_tx *tx, struct app_log *l);
