// FTP (RFC 959): every command with its replies is a transaction; a transfer announces the connection its data will
// take. What is accepted follows the behaviour of Suricata 7. See ftp.h. Next: ftp_reply.c.
#include "dataplane/parsers/ftp.h"

#define NAME(text, kind)                     \
	{                                    \
		text, sizeof(text) - 1, kind \
	}
#define OTHER(text) NAME(text, FTP_OTHER)

// Those that Suricata knows; the record of another names none.
static const struct ftp_command commands[] = {NAME("PORT", FTP_PORT), NAME("EPRT", FTP_EPRT), NAME("PASV", FTP_PASV),
	NAME("EPSV", FTP_EPSV), NAME("RETR", FTP_RETR), NAME("STOR", FTP_STOR), NAME("AUTH TLS", FTP_AUTH_TLS),
	OTHER("ABOR"), OTHER("ACCT"), OTHER("ALLO"), OTHER("APPE"), OTHER("CDUP"), OTHER("CHMOD"), OTHER("CWD"),
	OTHER("DELE"), OTHER("HELP"), OTHER("IDLE"), OTHER("LIST"), OTHER("MAIL"), OTHER("MDTM"), OTHER("MKD"),
	OTHER("MLFL"), OTHER("MODE"), OTHER("MRCP"), OTHER("MRSQ"), OTHER("MSAM"), OTHER("MSND"), OTHER("MSOM"),
	OTHER("NLST"), OTHER("NOOP"), OTHER("PASS"), OTHER("PWD"), OTHER("QUIT"), OTHER("REIN"), OTHER("REST"),
	OTHER("RMD"), OTHER("RNFR"), OTHER("RNTO"), OTHER("SITE"), OTHER("SIZE"), OTHER("SMNT"), OTHER("STAT"),
	OTHER("STOU"), OTHER("STRU"), OTHER("SYST"), OTHER("TYPE"), OTHER("UMASK"), OTHER("USER")};

static bool is_named(struct app_bytes line, const struct ftp_command *c)
{
	uint32_t i = 0;

	while (i < c->len && i < line.len && text_lower(line.at[i]) == text_lower((uint8_t)c->name[i]))
		i++;
	return i == c->len;
}

// X stands before the older names of RFC 775.
static const struct ftp_command *find(struct app_bytes line)
{
	struct app_bytes behind = line;

	if (line.len && text_lower(*line.at) == 'x')
		behind.at++, behind.len--;
	for (uint32_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (is_named(line, &commands[i]) || is_named(behind, &commands[i]))
			return &commands[i];
	return NULL;
}

struct ftp_tx *ftp_tx_new(struct ftp *z)
{
	struct ftp_tx *tx = (struct ftp_tx *)app_tx_new(z->run, z->s);

	if (tx)
		tx->tx.dirs = 1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT;
	return tx;
}

static void take_port(struct ftp *z, struct ftp_tx *tx, uint16_t port)
{
	tx->active = port != 0;
	tx->port = port;
	if (port) {
		z->st->port = port;
		z->st->active = true;
	}
}

static void announce(struct ftp *z, enum ftp_kind kind, struct app_bytes file)
{
	struct ftp_note note = {.kind = (uint8_t)kind, .flags = z->st->active ? FTP_NOTE_ACTIVE : 0};
	uint8_t text[APP_NOTE_MAX];
	uint32_t n = file.len < sizeof(text) - sizeof(note) ? file.len : (uint32_t)(sizeof(text) - sizeof(note));

	memcpy(text, &note, sizeof(note));
	memcpy(text + sizeof(note), file.at, n);
	app_expect(z->run, z->s, app_address(z->s, z->st->active ? DIR_TO_SERVER : DIR_TO_CLIENT), z->st->port,
		APP_FTP_DATA, (struct app_bytes){text, n + (uint32_t)sizeof(note)});
	z->st->port = 0;
	z->st->active = false;
}

static bool request(struct ftp *z, const struct text_line *line)
{
	struct ftp_tx *tx = ftp_tx_new(z);
	struct app_bytes b = line->bytes, argument = {NULL, 0};

	if (!tx)
		return false;
	tx->command = find(b);
	tx->tx.progress[DIR_TO_SERVER] = FTP_DONE;
	if (line->truncated) {
		tx->request_truncated = true;
		app_event(z->run, z->s, &tx->tx, FTP_REQUEST_TOO_LONG);
	}
	while (b.len && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == '\t'))
		b.len--;
	tx->more = tx->command && b.len > tx->command->len;
	if (tx->more)
		argument = (struct app_bytes){b.at + tx->command->len + 1, b.len - tx->command->len - 1};
	app_text_add(z->run, &tx->argument, argument.at, argument.len, TEXT_LINE_MAX);
	if (ftp_kind(tx) == FTP_PORT) {
		take_port(z, tx, ftp_port_argument(argument));
		tx->bounce = ftp_is_bounce(argument, app_address(z->s, DIR_TO_SERVER));
	} else if (ftp_kind(tx) == FTP_EPRT) {
		take_port(z, tx, ftp_eprt_argument(argument));
	} else if ((ftp_kind(tx) == FTP_RETR || ftp_kind(tx) == FTP_STOR) && argument.len && z->st->port) {
		announce(z, ftp_kind(tx), argument);
	}
	return true;
}

static enum parse_answer ftp_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct ftp z = {run, s, state};
	struct cursor c = cursor_of(in->data, in->len);
	bool *skipping = &z.st->skipping[in->dir];
	enum parse_answer answer = PARSE_OK;
	struct text_line line;

	if (in->gap)
		return PARSE_STOP;
	if (*skipping)
		*skipping = text_line_skip(&c);
	while (answer == PARSE_OK && !z.st->tls && text_line_next(&c, false, in->last, &line)) {
		if (in->dir == DIR_TO_SERVER ? !request(&z, &line) : !ftp_reply(&z, &line))
			answer = PARSE_STOP;
		if (line.goes_on)
			*skipping = text_line_skip(&c);
	}
	in->used = (uint32_t)(c.at - in->data);
	return answer;
}

static void free_tx(struct app_run *run, struct app_tx *tx)
{
	app_text_free(run, &((struct ftp_tx *)tx)->argument);
	app_text_free(run, &((struct ftp_tx *)tx)->reply);
}

// 1 where PORT names a host that is not the client.
static bool get_bounce(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = 1;
	return nth == 0 && ((const struct ftp_tx *)(const void *)tx)->bounce;
}

static const struct parser_field fields[] = {
	{"ftpbounce", 1u << DIR_TO_SERVER, {FTP_DONE, FTP_DONE}, get_bounce},
	{0},
};

#define COMMAND(text)                                                            \
	{                                                                        \
		text, sizeof(text) - 1, 0, sizeof(text) - 1, DIR_TO_SERVER, true \
	}

static const struct parser_pattern patterns[] = {
	COMMAND("USER "), COMMAND("PASS "), COMMAND("PORT "), COMMAND("FEAT"), {0}};

const struct parser parser_ftp = {
	.name = "ftp",
	.proto = APP_FTP,
	.over = OVER_TCP,
	.patterns = patterns,
	.state_size = sizeof(struct ftp_state),
	.tx_size = sizeof(struct ftp_tx),
	.complete = {FTP_DONE, FTP_DONE},
	.parse = ftp_parse,
	.free_tx = free_tx,
	.fields = fields,
	.events = ftp_events,
	.log = ftp_log,
	.log_tx_id = true,
};
