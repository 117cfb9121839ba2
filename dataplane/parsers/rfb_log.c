// What rules read of an RFB connection, and EVE's rfb record. See rfb.h.
#include "dataplane/parsers/rfb.h"

enum { RESULT_OK, RESULT_FAIL, RESULT_TOO_MANY, RESULT_UNKNOWN };

static const struct rfb_tx *tx_of(const struct app_tx *tx)
{
	return (const struct rfb_tx *)(const void *)tx;
}

static bool get_name(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	*out = (struct app_bytes){tx_of(tx)->name.at, tx_of(tx)->name.len};
	return nth == 0 && out->len;
}

static bool get_type(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = tx_of(tx)->type;
	return nth == 0 && tx_of(tx)->has_type;
}

static bool get_result(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = tx_of(tx)->result < RESULT_UNKNOWN ? tx_of(tx)->result : RESULT_UNKNOWN;
	return nth == 0 && tx_of(tx)->has_result;
}

const struct parser_buffer rfb_buffers[] = {{"rfb.name", 1u << DIR_TO_CLIENT, {2, 2}, get_name, false}, {0}};

const struct parser_field rfb_fields[] = {{"rfb.sectype", 1u << DIR_TO_SERVER, {1, 1}, get_type},
	{"rfb.secresult", 1u << DIR_TO_CLIENT, {1, 1}, get_result}, {0}};

static void log_version(struct app_log *l, const char *name, const struct app_text *version)
{
	if (version->len != 6)
		return;
	log_object(l, name);
	log_text(l, "major", (struct app_bytes){version->at, 3});
	log_text(l, "minor", (struct app_bytes){version->at + 3, 3});
	log_close(l);
}

static void log_hex(struct app_log *l, const char *name, const uint8_t *bytes)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t text[2 * RFB_CHALLENGE_LEN];

	for (uint32_t i = 0; i < RFB_CHALLENGE_LEN; i++) {
		text[2 * i] = (uint8_t)digits[bytes[i] >> 4];
		text[2 * i + 1] = (uint8_t)digits[bytes[i] & 15];
	}
	log_text(l, name, (struct app_bytes){text, sizeof(text)});
}

static void log_authentication(struct app_log *l, const struct rfb_tx *tx)
{
	log_object(l, "authentication");
	if (tx->has_type)
		log_uint(l, "security_type", tx->type);
	if (tx->has_challenge) {
		log_object(l, "vnc");
		log_hex(l, "challenge", tx->challenge);
		if (tx->has_response)
			log_hex(l, "response", tx->response);
		log_close(l);
	}
	if (tx->has_result && tx->result <= RESULT_FAIL)
		log_string(l, "security_result", tx->result == RESULT_OK ? "OK" : "FAIL");
	log_close(l);
}

// RFC 6143 7.3.2, 7.4
static void log_framebuffer(struct app_log *l, const struct rfb_tx *tx)
{
	const uint8_t *init = tx->init;

	log_object(l, "framebuffer");
	log_uint(l, "width", load_be16(init));
	log_uint(l, "height", load_be16(init + 2));
	log_text(l, "name", (struct app_bytes){tx->name.at, tx->name.len});
	log_object(l, "pixel_format");
	log_uint(l, "bits_per_pixel", init[4]);
	log_uint(l, "depth", init[5]);
	log_bool(l, "big_endian", init[6]);
	log_bool(l, "true_color", init[7]);
	log_uint(l, "red_max", load_be16(init + 8));
	log_uint(l, "green_max", load_be16(init + 10));
	log_uint(l, "blue_max", load_be16(init + 12));
	log_uint(l, "red_shift", init[14]);
	log_uint(l, "green_shift", init[15]);
	log_uint(l, "blue_shift", init[16]);
	log_close(l);
	log_close(l);
}

bool rfb_log(const struct app_tx *base, struct app_log *l)
{
	const struct rfb_tx *tx = tx_of(base);

	log_version(l, "server_protocol_version", &tx->version[DIR_TO_CLIENT]);
	log_version(l, "client_protocol_version", &tx->version[DIR_TO_SERVER]);
	log_authentication(l, tx);
	if (tx->reason.len)
		log_text(l, "server_security_failure_reason", (struct app_bytes){tx->reason.at, tx->reason.len});
	if (tx->has_init && tx->has_shared)
		log_bool(l, "screen_shared", tx->shared);
	if (tx->has_init)
		log_framebuffer(l, tx);
	return true;
}
