// Replies (RFC 959 4.2): of one line or several, preliminary ones and others behind them, in the order of commands. See
// ftp.h. Next: ftp_port.c.
#include "dataplane/parsers/ftp.h"

uint32_t ftp_code(struct app_bytes line)
{
	uint32_t code = 0;

	for (uint32_t i = 0; i < 3; i++) {
		if (i >= line.len || line.at[i] < '0' || line.at[i] > '9')
			return 0;
		code = code * 10 + line.at[i] - '0';
	}
	return code;
}

// The first command whose reply is not complete; a transaction of its own where there is none.
static struct ftp_tx *answered(struct ftp *z)
{
	for (struct app_tx *tx = app_tx_first(z->s); tx; tx = tx->next)
		if (tx->progress[DIR_TO_CLIENT] < FTP_DONE)
			return (struct ftp_tx *)tx;
	return ftp_tx_new(z);
}

static void starttls(struct ftp *z)
{
	z->st->tls = true;
	app_switch(z->run, z->s, APP_TLS);
	app_switch_port(z->s, 443);
}

static void take_code(struct ftp *z, struct ftp_tx *tx, uint32_t code, struct app_bytes line)
{
	enum ftp_kind kind = ftp_kind(tx);
	uint16_t port = 0;

	if (line.len < 4 || line.at[3] != ' ')
		return;
	if (code == 227 && kind == FTP_PASV)
		port = ftp_pasv_reply(line);
	else if (code == 229 && kind == FTP_EPSV)
		port = ftp_epsv_reply(line);
	else if (code == 234 && kind == FTP_AUTH_TLS)
		starttls(z);
	if (port) {
		tx->port = z->st->port = port;
		z->st->active = false;
	}
}

static void keep(struct ftp *z, struct ftp_tx *tx, const struct text_line *line)
{
	uint32_t before = tx->reply.len;

	tx->replied = true;
	if (line->truncated) {
		tx->reply_truncated = true;
		app_event(z->run, z->s, &tx->tx, FTP_RESPONSE_TOO_LONG);
	}
	// As in Suricata: what answers a port that cannot be read is left out.
	if ((ftp_kind(tx) == FTP_PORT || ftp_kind(tx) == FTP_EPRT) && !tx->active)
		return;
	if (!app_text_add(z->run, &tx->reply, line->bytes.at, line->bytes.len, FTP_REPLY_MAX) ||
		!app_text_add(z->run, &tx->reply, (const uint8_t *)"\n", 1, FTP_REPLY_MAX))
		tx->reply.len = before;
}

// Whether a line is the last of its reply. Within several lines, one that begins with another code begins another
// reply: servers do not always say the last one.
static bool ends_reply(struct ftp_state *st, uint32_t code, struct app_bytes line)
{
	bool plain = code && (line.len == 3 || line.at[3] == ' ');

	if (st->multiline)
		return plain;
	if (code && !plain && line.at[3] == '-')
		st->multiline = (uint16_t)code;
	return !st->multiline;
}

bool ftp_reply(struct ftp *z, const struct text_line *line)
{
	struct ftp_tx *tx = answered(z);
	uint32_t code = ftp_code(line->bytes);

	if (!tx)
		return false;
	keep(z, tx, line);
	if (!ends_reply(z->st, code, line->bytes))
		return true;
	z->st->multiline = 0;
	take_code(z, tx, code, line->bytes);
	if (code / 100 != 1) { // a preliminary one has another behind it
		tx->tx.progress[DIR_TO_SERVER] = tx->tx.progress[DIR_TO_CLIENT] = FTP_DONE;
		app_inspect_raw(z->s, DIR_TO_CLIENT);
	}
	return true;
}
