// A transaction's record, written on the packet path without formatting and read where text is made: items of a type, a
// static name, and a value. It lies behind an event in its ring; names are pointers, so it never leaves the process.
// Next: ctl/eve/eve_tx.c.
#pragma once

#include "dataplane/api/parser.h"

#define APP_LOG_DEPTH 8u

enum app_log_type { LOG_CLOSE, LOG_OBJECT, LOG_LIST, LOG_TEXT, LOG_STRING, LOG_UINT, LOG_TRUE, LOG_FALSE };

struct app_log {
	uint8_t *at;
	uint32_t len, room; // room: what is left for closing is not part of it
	uint8_t depth;
	uint8_t skipped; // objects and lists that there was no room to open
	bool cut;        // something was left out
};

struct app_log_item {
	enum app_log_type type;
	const char *name;      // NULL: of a list, or LOG_CLOSE
	struct app_bytes text; // LOG_TEXT, LOG_STRING
	uint64_t number;       // LOG_UINT
};

// Writes into `room` bytes at `at`.
void app_log_begin(struct app_log *l, uint8_t *at, uint32_t room);
// The record of a transaction: one object named as its parser. Returns its length, 0: there is nothing to say.
uint32_t app_log_tx(const struct parser *parser, const struct app_tx *tx, uint8_t *at, uint32_t room);
// That of a file: the transaction's, its protocol, then the object `fileinfo`, which is never cut.
uint32_t app_log_file(
	const struct parser *parser, const struct app_tx *tx, const struct app_file *f, uint8_t *at, uint32_t room);
// The next item. False at the end.
bool app_log_next(const uint8_t **at, const uint8_t *end, struct app_log_item *out);
