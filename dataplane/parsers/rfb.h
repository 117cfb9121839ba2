// What an RFB connection (RFC 6143) says of itself before the desktop is shown. Private to rfb*.c: rfb.c has the
// messages, rfb_log.c what rules and EVE are told.
#pragma once

#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define RFB_CHALLENGE_LEN 16u
#define RFB_INIT_LEN 24u // of ServerInit, without the name

struct rfb_tx {
	struct app_tx tx;
	struct app_text version[2]; // by enum packet_dir: "003008"
	struct app_text name, reason;
	uint8_t challenge[RFB_CHALLENGE_LEN], response[RFB_CHALLENGE_LEN], init[RFB_INIT_LEN];
	uint32_t type, result;
	bool has_type, has_challenge, has_response, has_result, has_init, has_shared;
	bool shared;
};

extern const struct parser_buffer rfb_buffers[];
extern const struct parser_field rfb_fields[];
bool rfb_log(const struct app_tx *tx, struct app_log *l);
