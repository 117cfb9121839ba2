// TFTP (RFC 1350) over UDP: which file is asked for or offered. What follows goes between other ports.
#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define MAX_NAME 1024u

enum { OP_READ = 1, OP_WRITE = 2, OP_ERROR = 5 };

struct tftp_tx {
	struct app_tx tx;
	uint8_t opcode;
	struct app_text file;
	uint8_t mode; // of modes
};

static const char *const modes[] = {"mail", "octet", "netascii"};

// A text and its zero. False: it does not end.
static bool take_string(struct cursor *c, struct app_bytes *out)
{
	const uint8_t *end = memchr(c->at, 0, cursor_left(c));

	if (!end)
		return false;
	*out = (struct app_bytes){c->at, (uint32_t)(end - c->at)};
	return cursor_skip(c, out->len + 1u);
}

// RFC 1350 section 5.
static bool read_request(const uint8_t *data, uint32_t len, uint16_t *opcode, struct app_bytes *file, uint8_t *mode)
{
	struct cursor c = cursor_of(data, len);
	struct app_bytes text;

	if (!cursor_be16(&c, opcode) || (*opcode != OP_READ && *opcode != OP_WRITE) || !take_string(&c, file) ||
		!take_string(&c, &text))
		return false;
	for (*mode = 0; *mode < 3; ++*mode)
		if (strlen(modes[*mode]) == text.len && strncasecmp(modes[*mode], (const char *)text.at, text.len) == 0)
			return true;
	return false;
}

static enum parse_answer tftp_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct app_bytes file;
	uint16_t opcode;
	uint8_t mode;

	if (!read_request(in->data, in->len, &opcode, &file, &mode))
		return PARSE_OK;
	struct tftp_tx *tx = (struct tftp_tx *)app_tx_message(run, s, in->dir);
	if (!tx)
		return PARSE_STOP;
	tx->opcode = (uint8_t)opcode;
	tx->mode = mode;
	app_text_add(run, &tx->file, file.at, file.len, MAX_NAME);
	return PARSE_OK;
}

static void tftp_free_tx(struct app_run *run, struct app_tx *tx)
{
	app_text_free(run, &((struct tftp_tx *)tx)->file);
}

static bool tftp_log(const struct app_tx *at, struct app_log *l)
{
	const struct tftp_tx *tx = (const struct tftp_tx *)at;

	log_string(l, "packet", tx->opcode == OP_READ ? "read" : "write");
	log_text(l, "file", (struct app_bytes){tx->file.at, tx->file.len});
	log_string(l, "mode", modes[tx->mode]);
	return true;
}

static enum probe_answer tftp_probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	return len >= 4 && data[0] == 0 && data[1] >= OP_READ && data[1] <= OP_ERROR ? PROBE_YES : PROBE_NO;
}

const struct parser parser_tftp = {
	.name = "tftp",
	.proto = APP_TFTP,
	.over = OVER_UDP,
	.udp_ports = "69",
	.probe = tftp_probe,
	.tx_size = sizeof(struct tftp_tx),
	.complete = {1, 1},
	.parse = tftp_parse,
	.free_tx = tftp_free_tx,
	.log = tftp_log,
};
