// Shared by the files of the FTP parser (RFC 959, RFC 2428): what a control connection and each of its commands hold.
// Read in this order: ftp.c (commands), ftp_reply.c, ftp_port.c, ftp_log.c; ftp_data.c for what is transferred.
#pragma once

#include "dataplane/parsers/text_line.h"

#define FTP_REPLY_MAX 8192u // bytes of a command's replies

enum ftp_kind { FTP_OTHER, FTP_PORT, FTP_EPRT, FTP_PASV, FTP_EPSV, FTP_RETR, FTP_STOR, FTP_AUTH_TLS };
enum ftp_progress { FTP_BEGUN, FTP_DONE };
// In the order of ftp_events (ftp_log.c).
enum ftp_event { FTP_REQUEST_TOO_LONG, FTP_RESPONSE_TOO_LONG };

struct ftp_command {
	const char *name; // as EVE has it
	uint8_t len;
	uint8_t kind; // enum ftp_kind
};

struct ftp_tx {
	struct app_tx tx;
	const struct ftp_command *command; // NULL: none that is known
	struct app_text argument;
	struct app_text reply; // lines, a line feed behind each
	uint16_t port;         // that was agreed on; 0: none
	bool more;             // something stands behind the command's name
	bool active;           // the server is to connect to that port
	bool bounce;           // of a host that is not the client (RFC 2577 3)
	bool request_truncated, reply_truncated;
	bool replied; // perhaps not to the end
};

struct ftp_state {
	uint16_t port; // for the next transfer; 0: none
	bool active;
	bool tls;           // the conversation goes on in it (RFC 4217)
	uint16_t multiline; // the code of a reply of several lines; 0: in none
	bool skipping[2];   // the rest of a line that is too long
};

// What the functions below work with during one call of parse().
struct ftp {
	struct app_run *run;
	struct app_session *s;
	struct ftp_state *st;
};

static inline enum ftp_kind ftp_kind(const struct ftp_tx *tx)
{
	return tx->command ? (enum ftp_kind)tx->command->kind : FTP_OTHER;
}

// A command, or a reply to none: NULL where there is no room.
struct ftp_tx *ftp_tx_new(struct ftp *z);

// ftp_reply.c: a line of the server. False: there is no room for a transaction.
bool ftp_reply(struct ftp *z, const struct text_line *line);
// The three digits a line begins with (RFC 959 4.2); 0: none.
uint32_t ftp_code(struct app_bytes line);

// ftp_port.c: ports of data connections as PORT, EPRT and the replies to PASV and EPSV have them; 0: none.
uint16_t ftp_port_argument(struct app_bytes text);
uint16_t ftp_eprt_argument(struct app_bytes text);
uint16_t ftp_pasv_reply(struct app_bytes text);
uint16_t ftp_epsv_reply(struct app_bytes text);
// True when the address of PORT is not this one.
bool ftp_is_bounce(struct app_bytes text, const union ip_addr *client);

// What a control connection says of the connection it announces: a command and the name of the file.
#define FTP_NOTE_ACTIVE 1u // the server connects
struct ftp_note {
	uint8_t kind; // FTP_RETR or FTP_STOR
	uint8_t flags;
};

// ftp_log.c
extern const char *const ftp_events[];
bool ftp_log(const struct app_tx *tx, struct app_log *l);
