// DCE/RPC PDUs for tests.
#pragma once

#include "dataplane/parsers/dcerpc_pdu.h"
#include "tests/unit/wire.h"

#define SVCCTL "\x81\xbb\x7a\x36\x44\x98\xf1\x35\xad\x32\x98\xf0\x38\x00\x10\x03" // little-endian
#define SVCCTL_TEXT "367abb81-9844-35f1-ad32-98f038001003"

static bool rpc_little = true;

// The header; the length is put right by rpc_end.
static inline uint32_t rpc_begin(struct wire *w, uint8_t type, uint8_t flags, uint32_t call_id)
{
	uint32_t at = w->len;

	wire_bytes(w, (uint8_t[]){5, 0, type, flags, rpc_little ? 0x10 : 0, 0, 0, 0}, 8);
	wire_number(w, 0, 4, true);
	wire_number(w, call_id, 4, rpc_little);
	return at;
}

static inline void rpc_end(struct wire *w, uint32_t at)
{
	wire_set(w, at + 8, w->len - at, 2, rpc_little);
}

// A bind of n contexts, numbered from 0, all for one interface whose UUID lies in the PDU's byte order.
static inline void rpc_bind(
	struct wire *w, uint8_t type, uint32_t call_id, uint8_t n, const char *uuid, uint16_t version)
{
	uint32_t at = rpc_begin(w, type, 3, call_id);

	wire_fill(w, 0, 8);
	wire_bytes(w, (uint8_t[]){n, 0, 0, 0}, 4);
	for (uint8_t i = 0; i < n; i++) {
		wire_number(w, i, 2, rpc_little);
		wire_bytes(w, "\x01", 2);
		wire_bytes(w, uuid, 16);
		wire_number(w, version, 2, rpc_little);
		wire_number(w, 0, 2, rpc_little);
		wire_fill(w, 0x77, 20);
	}
	rpc_end(w, at);
}

// Its answer: a result a context.
static inline void rpc_bindack(struct wire *w, uint8_t type, uint32_t call_id, uint8_t n, const uint16_t *results)
{
	uint32_t at = rpc_begin(w, type, 3, call_id);

	wire_fill(w, 0, 8);
	wire_number(w, 4, 2, rpc_little);
	wire_bytes(w, "135\0\0\0", 6);
	wire_bytes(w, (uint8_t[]){n, 0, 0, 0}, 4);
	for (uint8_t i = 0; i < n; i++) {
		wire_number(w, results[i], 2, rpc_little);
		wire_number(w, 0, 2, rpc_little);
		wire_fill(w, 0x77, 20);
	}
	rpc_end(w, at);
}

static inline void rpc_request(
	struct wire *w, uint8_t flags, uint32_t call_id, uint16_t context, uint16_t opnum, const char *stub)
{
	uint32_t at = rpc_begin(w, DCERPC_REQUEST, flags, call_id);

	wire_fill(w, 0, 4);
	wire_number(w, context, 2, rpc_little);
	wire_number(w, opnum, 2, rpc_little);
	wire_text(w, stub);
	rpc_end(w, at);
}

static inline void rpc_response(struct wire *w, uint8_t flags, uint32_t call_id, const char *stub)
{
	uint32_t at = rpc_begin(w, DCERPC_RESPONSE, flags, call_id);

	wire_fill(w, 0, 8);
	wire_text(w, stub);
	rpc_end(w, at);
}
