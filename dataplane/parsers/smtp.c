// SMTP (RFC 5321): lines of the client are commands or the content of mail. What is accepted follows the behaviour of
// Suricata 7. See smtp.h. Next: smtp_reply.c.
#include "dataplane/parsers/smtp.h"

void smtp_event(struct smtp *z, enum smtp_event e)
{
	struct smtp_tx *tx = z->st->tx ? z->st->tx : z->st->waiting;

	if (tx)
		app_event(z->run, z->s, &tx->tx, (uint8_t)e);
}

void smtp_done(struct smtp *z, struct smtp_tx *tx, bool answered)
{
	struct smtp_state *st = z->st;

	tx->tx.progress[DIR_TO_SERVER] = SMTP_DONE;
	if (answered)
		tx->tx.progress[DIR_TO_CLIENT] = SMTP_DONE;
	if (st->tx == tx)
		st->tx = NULL;
	st->waiting = answered ? NULL : tx;
	app_inspect_raw(z->s, answered ? DIR_TO_CLIENT : DIR_TO_SERVER);
}

static bool begin(struct smtp *z)
{
	struct smtp_tx *tx = (struct smtp_tx *)app_tx_new(z->run, z->s);

	if (!tx)
		return false;
	if (z->st->waiting)
		smtp_done(z, z->st->waiting, true);
	tx->tx.dirs = 1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT;
	tx->st = z->st;
	z->st->tx = tx;
	return true;
}

// What stands behind the command's name and the byte after it, up to a blank: no parameters of RFC 1870 and its kin.
static struct app_bytes argument(struct app_bytes line, uint32_t name_len)
{
	uint32_t from = name_len + 1, to;

	while (from < line.len && line.at[from] == ' ')
		from++;
	to = from = from < line.len ? from : line.len;
	while (to < line.len && line.at[to] != ' ')
		to++;
	return (struct app_bytes){line.at + from, to - from};
}

static void take_once(struct smtp *z, struct app_text *t, bool *has, struct app_bytes value)
{
	if (*has)
		smtp_event(z, SMTP_DUPLICATE_FIELDS);
	else
		app_text_add(z->run, t, value.at, value.len, SMTP_TEXT_MAX);
	*has = true;
}

static void add_recipient(struct smtp *z, struct app_bytes path)
{
	struct app_text *t = &z->st->tx->rcpt_to;
	uint32_t before = t->len;

	if (!app_text_add(z->run, t, path.at, path.len, SMTP_PATHS_MAX) ||
		!app_text_add(z->run, t, (const uint8_t *)"\n", 1, SMTP_PATHS_MAX))
		t->len = before;
}

// False: the line is not to be answered.
static bool data(struct smtp *z)
{
	struct smtp_tx *tx = z->st->tx;

	if (tx->has_data) {
		smtp_event(z, SMTP_UNPARSABLE_CONTENT);
		return false;
	}
	tx->has_data = true;
	tx->mime = mime_new(z->run, &tx->tx);
	tx->tx.progress[DIR_TO_SERVER] = SMTP_MAIL;
	z->st->in_data = z->st->pipelining;
	return true;
}

// RFC 3030 2: "BDAT", a size in bytes, perhaps LAST. False: malformed.
static bool bdat(struct smtp *z, struct app_bytes line)
{
	struct app_bytes size = argument(line, 3); // blanks begin right behind the name
	uint64_t n = 0;

	if (line.len < 5 || line.at[4] != ' ' || !size.len)
		return false;
	for (uint32_t i = 0; i < size.len && size.at[i] >= '0' && size.at[i] <= '9' && n < UINT32_MAX; i++)
		n = n * 10 + size.at[i] - '0';
	z->st->chunk_left = n;
	z->st->in_data = true;
	return true;
}

static bool command(struct smtp *z, struct app_bytes line)
{
	struct smtp_state *st = z->st;

	st->command = SMTP_OTHER;
	if (text_begins(line, "starttls")) {
		st->command = SMTP_STARTTLS;
	} else if (text_begins(line, "data")) {
		st->command = SMTP_DATA;
		if (!data(z))
			return true;
	} else if (text_begins(line, "bdat")) {
		if (!bdat(z, line))
			return false;
		st->command = SMTP_BDAT;
	} else if (text_begins(line, "helo") || text_begins(line, "ehlo")) {
		take_once(z, &st->helo, &st->has_helo, argument(line, 4));
	} else if (text_begins(line, "mail from")) {
		take_once(z, &st->tx->mail_from, &st->tx->has_mail_from, argument(line, 9));
	} else if (text_begins(line, "rcpt to")) {
		add_recipient(z, argument(line, 7));
	} else if (text_begins(line, "rset")) {
		st->command = st->tx ? SMTP_RSET : SMTP_OTHER;
	}
	smtp_enqueue(z, st->command);
	return true;
}

static void note_mime(struct smtp *z, const struct mime *m)
{
	for (uint8_t e = 0; e < MIME_EVENTS; e++)
		if (m->events >> e & 1)
			app_event(z->run, z->s, &z->st->tx->tx, e);
}

static void mail_end(struct smtp *z)
{
	struct smtp_state *st = z->st;

	st->in_data = false;
	smtp_enqueue(z, SMTP_DATA_END);
	if (st->tx->mime) {
		mime_end(z->run, st->tx->mime);
		note_mime(z, st->tx->mime);
	}
	smtp_done(z, st->tx, false);
}

// A line of mail, up to the one that is a dot; another dot at its beginning is the client's (RFC 5321 4.5.2).
static void mail_line(struct smtp *z, struct app_bytes line, uint8_t eol)
{
	struct smtp_state *st = z->st;
	struct mime *m = st->tx->mime;
	bool again = st->in_line, failed = m && m->status == MIME_PARSE_ERROR;

	st->in_line = !eol;
	if (!again && eol && line.len == 1 && *line.at == '.') {
		mail_end(z);
		return;
	}
	if (!again && line.len > 1 && *line.at == '.')
		line.at++, line.len--;
	if (!m || failed)
		return;
	mime_line(z->run, m, line, eol, again);
	if (m->status == MIME_PARSE_ERROR)
		note_mime(z, m);
}

// A line of a chunk; it ends with its last one. False: it goes past the chunk.
static bool chunk_line(struct smtp *z, struct app_bytes line, uint8_t eol)
{
	struct smtp_state *st = z->st;
	uint64_t len = (uint64_t)line.len + eol;

	st->in_data = st->chunk_left > len;
	if (len > st->chunk_left) {
		smtp_event(z, SMTP_BDAT_CHUNK_LEN_EXCEEDED);
		return false;
	}
	st->chunk_left -= len;
	return true;
}

// These belong to a message before them that has not been answered.
static bool ends_mail(struct app_bytes line)
{
	return text_begins(line, "rset") || text_begins(line, "quit");
}

static bool request(struct smtp *z, struct app_bytes line, uint8_t eol)
{
	struct smtp_state *st = z->st;

	if (!st->tx && !(st->waiting && ends_mail(line)) && !begin(z))
		return false;
	if (!st->welcomed)
		smtp_event(z, SMTP_NO_SERVER_WELCOME_MESSAGE);
	if (!st->in_data)
		return command(z, line);
	if (st->command == SMTP_BDAT)
		return chunk_line(z, line, eol);
	if (st->command == SMTP_DATA && st->tx->has_data)
		mail_line(z, line, eol);
	return true;
}

// Content may come in pieces of lines; of commands, replies and fields of a message only the front is read.
static bool takes_pieces(const struct smtp_state *st, uint8_t dir)
{
	if (dir != DIR_TO_SERVER || !st->in_data)
		return false;
	return st->command != SMTP_DATA || !st->tx || !st->tx->mime || !mime_in_header(st->tx->mime);
}

static enum parse_answer take_line(struct smtp *z, uint8_t dir, const struct text_line *line)
{
	z->st->skipping[dir] = line->goes_on;
	if (dir == DIR_TO_SERVER ? !request(z, line->bytes, line->eol) : !smtp_reply(z, line->bytes))
		return PARSE_STOP;
	if (line->truncated)
		smtp_event(z, SMTP_TRUNCATED_LINE);
	return PARSE_OK;
}

static enum parse_answer smtp_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct smtp z = {run, s, state};
	struct cursor c = cursor_of(in->data, in->len);
	enum parse_answer answer = PARSE_OK;
	struct text_line line;

	if (in->gap)
		return PARSE_STOP;
	if (z.st->skipping[in->dir])
		z.st->skipping[in->dir] = text_line_skip(&c);
	while (answer == PARSE_OK && text_line_next(&c, takes_pieces(z.st, in->dir), in->last, &line)) {
		answer = take_line(&z, in->dir, &line);
		if (z.st->skipping[in->dir])
			z.st->skipping[in->dir] = text_line_skip(&c);
	}
	in->used = (uint32_t)(c.at - in->data);
	return answer;
}

static void free_tx(struct app_run *run, struct app_tx *base)
{
	struct smtp_tx *tx = (struct smtp_tx *)base;

	if (tx->st && tx->st->tx == tx)
		tx->st->tx = NULL;
	if (tx->st && tx->st->waiting == tx)
		tx->st->waiting = NULL;
	app_text_free(run, &tx->mail_from);
	app_text_free(run, &tx->rcpt_to);
	mime_free(run, tx->mime);
}

static void free_state(struct app_run *run, void *state)
{
	app_text_free(run, &((struct smtp_state *)state)->helo);
}

// The files of the message that have begun, in their order.
static const struct mime *files_of(const struct app_tx *base, uint32_t nth)
{
	const struct mime *m = ((const struct smtp_tx *)(const void *)base)->mime;

	return m && nth < mime_file_count(m) && mime_file_at(m, nth)->begun ? m : NULL;
}

static bool get_file_data(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct mime *m = files_of(tx, nth);

	if (m)
		*out = (struct app_bytes){mime_file_at(m, nth)->data.at, mime_file_at(m, nth)->data.len};
	return m && out->len;
}

static bool get_file_name(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct mime *m = files_of(tx, nth);

	if (m)
		*out = mime_bytes(m, mime_file_at(m, nth)->name);
	return m;
}

static const struct parser_buffer buffers[] = {
	{"file.data", 1u << DIR_TO_SERVER, {SMTP_MAIL, SMTP_MAIL}, get_file_data, true},
	{"file.name", 1u << DIR_TO_SERVER, {SMTP_MAIL, SMTP_MAIL}, get_file_name, true},
	{0},
};

#define COMMAND(text)                                                            \
	{                                                                        \
		text, sizeof(text) - 1, 0, sizeof(text) - 1, DIR_TO_SERVER, true \
	}

static const struct parser_pattern patterns[] = {COMMAND("EHLO"), COMMAND("HELO"), COMMAND("QUIT"), {0}};

const struct parser parser_smtp = {
	.name = "smtp",
	.proto = APP_SMTP,
	.over = OVER_TCP,
	.patterns = patterns,
	.state_size = sizeof(struct smtp_state),
	.tx_size = sizeof(struct smtp_tx),
	.complete = {SMTP_DONE, SMTP_DONE},
	.parse = smtp_parse,
	.free_tx = free_tx,
	.free_state = free_state,
	.buffers = buffers,
	.events = smtp_events,
	.log = smtp_log,
	.log_tx_id = true,
	.file_dirs = 1u << DIR_TO_SERVER,
};
