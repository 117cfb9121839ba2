// FTP data connections, known because a control connection has announced them: a file each. See ftp.h.
#include "dataplane/api/app_file.h"
#include "dataplane/parsers/ftp.h"

#define FILE_PARTS 6u // texts of a file that are inspected, of APP_ALLOC_MAX bytes each

enum ftp_data_progress { DATA_BEGUN, DATA_FILE, DATA_DONE };

struct ftp_data_tx {
	struct app_tx tx;
	uint8_t kind; // enum ftp_kind
	uint8_t dir;  // enum packet_dir in which the file goes
	struct app_text name;
	struct app_file *file;
	struct app_text part[FILE_PARTS];
};

struct ftp_data_state {
	struct ftp_data_tx *tx;
};

// RFC 959 3.2: a client connects to the server unless the server is told to.
static bool begin(struct app_run *run, struct app_session *s, struct ftp_data_state *st)
{
	struct app_bytes text = app_note(s);
	struct ftp_note note;

	if (text.len < sizeof(note) || !(st->tx = (struct ftp_data_tx *)app_tx_new(run, s)))
		return false;
	memcpy(&note, text.at, sizeof(note));
	st->tx->kind = note.kind;
	st->tx->dir = (note.kind == FTP_STOR) == !(note.flags & FTP_NOTE_ACTIVE) ? DIR_TO_SERVER : DIR_TO_CLIENT;
	st->tx->tx.dirs = 1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT;
	st->tx->tx.progress[0] = st->tx->tx.progress[1] = DATA_FILE;
	text.at += sizeof(note), text.len -= (uint32_t)sizeof(note);
	app_text_add(run, &st->tx->name, text.at, text.len, APP_NOTE_MAX);
	st->tx->file = app_file_open(run, &st->tx->tx, st->tx->dir, text);
	return true;
}

static void keep(struct app_run *run, struct ftp_data_tx *tx, const uint8_t *at, uint32_t len)
{
	for (uint32_t i = 0; i < FILE_PARTS && len; i++) {
		uint32_t before = tx->part[i].len;
		if (!app_text_add(run, &tx->part[i], at, len, APP_ALLOC_MAX) && tx->part[i].len < APP_ALLOC_MAX)
			return; // no memory
		at += tx->part[i].len - before;
		len -= tx->part[i].len - before;
	}
}

static enum parse_answer ftp_data_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct ftp_data_state *st = state;

	in->used = in->len;
	if (!st->tx && !in->len)
		return PARSE_OK;
	if (in->gap || (!st->tx && !begin(run, s, st)))
		return PARSE_STOP;
	if (in->dir != st->tx->dir)
		return PARSE_OK;
	keep(run, st->tx, in->data, in->len);
	app_file_add(run, st->tx->file, in->data, in->len);
	if (!in->last)
		return PARSE_OK;
	app_file_close(run, st->tx->file, true);
	st->tx->tx.progress[0] = st->tx->tx.progress[1] = DATA_DONE;
	return PARSE_DONE;
}

static void free_tx(struct app_run *run, struct app_tx *base)
{
	struct ftp_data_tx *tx = (struct ftp_data_tx *)base;

	app_text_free(run, &tx->name);
	for (uint32_t i = 0; i < FILE_PARTS; i++)
		app_text_free(run, &tx->part[i]);
}

static const struct ftp_data_tx *tx_of(const struct app_tx *tx)
{
	return (const struct ftp_data_tx *)(const void *)tx;
}

static bool get_file_data(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	if (dir != tx_of(tx)->dir || nth >= FILE_PARTS)
		return false;
	*out = (struct app_bytes){tx_of(tx)->part[nth].at, tx_of(tx)->part[nth].len};
	return out->len > 0;
}

static bool get_file_name(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	*out = (struct app_bytes){tx_of(tx)->name.at, tx_of(tx)->name.len};
	return nth == 0 && dir == tx_of(tx)->dir;
}

// 1: RETR, 2: STOR.
static bool get_command(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = tx_of(tx)->kind == FTP_STOR ? 2 : 1;
	return nth == 0 && dir == tx_of(tx)->dir;
}

#define BOTH (1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT)

static const struct parser_buffer buffers[] = {
	{"file.data", BOTH, {DATA_FILE, DATA_FILE}, get_file_data, true},
	{"file.name", BOTH, {DATA_FILE, DATA_FILE}, get_file_name, false},
	{0},
};

static const struct parser_field fields[] = {
	{"ftpdata_command", BOTH, {DATA_FILE, DATA_FILE}, get_command},
	{0},
};

static bool ftp_data_log(const struct app_tx *tx, struct app_log *l)
{
	log_text(l, "filename", (struct app_bytes){tx_of(tx)->name.at, tx_of(tx)->name.len});
	log_string(l, "command", tx_of(tx)->kind == FTP_RETR ? "RETR" : "STOR");
	return true;
}

const struct parser parser_ftp_data = {
	.name = "ftp_data",
	.proto = APP_FTP_DATA,
	.over = OVER_TCP,
	.state_size = sizeof(struct ftp_data_state),
	.tx_size = sizeof(struct ftp_data_tx),
	.complete = {DATA_DONE, DATA_DONE},
	.parse = ftp_data_parse,
	.free_tx = free_tx,
	.buffers = buffers,
	.fields = fields,
	.log = ftp_data_log,
	.log_tx_id = true,
	.file_alone = true,
	.file_dirs = 1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT,
};
