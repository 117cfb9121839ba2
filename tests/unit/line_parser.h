// A protocol for tests of what runs parsers: each line of the client is a request, each line of the server answers the
// oldest one that is open. "switch X" ends the conversation in this protocol, "bad" is beyond repair, "quit" the last
// of its side.
#pragma once

#include <string.h>

#include "dataplane/api/parser.h"

struct line_tx {
	struct app_tx tx;
	struct app_text line[2];
	uint8_t last_dir; // of the latest line
};

struct line_state {
	uint32_t lines[2];
	uint32_t lost;
};

static inline struct line_tx *line_open(struct app_run *run, struct app_session *s, uint8_t dir)
{
	struct app_tx *tx = app_tx_first(s);

	while (tx && dir == DIR_TO_CLIENT && tx->progress[DIR_TO_CLIENT])
		tx = tx->next;
	if (dir == DIR_TO_SERVER || !tx) {
		tx = app_tx_new(run, s);
		if (tx)
			tx->dirs = dir == DIR_TO_SERVER ? 3 : 2;
	}
	return (struct line_tx *)tx;
}

static inline enum parse_answer line_parse(
	struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct line_state *st = state;
	const uint8_t *end;

	st->lost += in->gap;
	while ((end = memchr(in->data + in->used, '\n', in->len - in->used)) != NULL) {
		const uint8_t *at = in->data + in->used;
		uint32_t len = (uint32_t)(end - at);
		struct line_tx *tx = line_open(run, s, in->dir);
		if (!tx || (len == 3 && memcmp(at, "bad", 3) == 0))
			return PARSE_STOP;
		if (!app_text_add(run, &tx->line[in->dir], at, len, 4096))
			app_event(run, s, &tx->tx, 0);
		tx->tx.progress[in->dir] = 1;
		tx->last_dir = in->dir;
		st->lines[in->dir]++;
		in->used += len + 1;
		if (len >= 6 && memcmp(at, "switch", 6) == 0) {
			app_switch(run, s, APP_UNKNOWN);
			return PARSE_OK;
		}
		if (len == 4 && memcmp(at, "quit", 4) == 0)
			return PARSE_DONE;
	}
	return PARSE_OK;
}

static inline void line_free_tx(struct app_run *run, struct app_tx *tx)
{
	app_text_free(run, &((struct line_tx *)tx)->line[0]);
	app_text_free(run, &((struct line_tx *)tx)->line[1]);
}

static inline bool line_get(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct app_text *t = &((const struct line_tx *)tx)->line[dir];

	*out = (struct app_bytes){t->at, t->len};
	return nth == 0;
}

static inline bool line_len(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = ((const struct line_tx *)tx)->line[dir].len;
	return nth == 0;
}

static inline bool line_log(const struct app_tx *tx, struct app_log *l)
{
	struct app_bytes b;

	for (uint8_t d = 0; d < 2; d++)
		if (line_get(tx, d, 0, &b) && tx->progress[d])
			log_text(l, d ? "answer" : "request", b);
	log_list(l, "lengths");
	for (uint8_t d = 0; d < 2; d++)
		log_uint(l, NULL, ((const struct line_tx *)tx)->line[d].len);
	log_close(l);
	log_bool(l, "answered", tx->progress[1]);
	return true;
}

static const struct parser_pattern line_patterns[] = {
	{"LINE ", 5, 0, 5, DIR_TO_SERVER, false}, {"OK ", 3, 0, 3, DIR_TO_CLIENT, true}, {0}};
static const struct parser_buffer line_buffers[] = {{"line", 3, {1, 1}, line_get}, {0}};
static const struct parser_field line_fields[] = {{"line.len", 3, {1, 1}, line_len}, {0}};
static const char *const line_events[] = {"long_line", NULL};

// It stands where no other parser of the tests stands.
static const struct parser line_parser = {.name = "line",
	.proto = APP_IMAP,
	.over = OVER_TCP | OVER_UDP,
	.patterns = line_patterns,
	.state_size = sizeof(struct line_state),
	.tx_size = sizeof(struct line_tx),
	.complete = {1, 1},
	.parse = line_parse,
	.free_tx = line_free_tx,
	.buffers = line_buffers,
	.fields = line_fields,
	.events = line_events,
	.log = line_log};
