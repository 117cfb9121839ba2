// The EVE record `smtp` and the object `email` beside it: Suricata's members, in its order. See smtp.h. Next: ftp.h.
#include "dataplane/parsers/smtp.h"

// In the order of enum mime_event and enum smtp_event.
const char *const smtp_events[] = {"mime_parse_failed", "mime_malformed_msg", "mime_invalid_qp", "mime_long_line",
	"mime_long_enc_line", "mime_long_header_name", "mime_long_header_value", "mime_long_boundary",
	"mime_long_filename", "invalid_reply", "invalid_pipelined_sequence", "bdat_chunk_len_exceeded",
	"no_server_welcome_message", "tls_rejected", "data_command_rejected", "duplicate_fields", "unparsable_content",
	"truncated_line", "failed_protocol_change",
	// known to rules, and never set: Suricata 7.0.10 sets none of them either
	"unable_to_match_reply_with_request", "max_command_line_len_exceeded", "max_reply_line_len_exceeded",
	"mime_invalid_base64", NULL};

static void log_paths(struct app_log *l, const struct app_text *paths)
{
	const uint8_t *at = paths->at, *end, *stop;

	if (!paths->len)
		return;
	end = at + paths->len;
	log_list(l, "rcpt_to");
	while (at < end && (stop = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		log_text(l, NULL, (struct app_bytes){at, (uint32_t)(stop - at)});
		at = stop + 1;
	}
	log_close(l);
}

bool smtp_log(const struct app_tx *base, struct app_log *l)
{
	const struct smtp_tx *tx = (const struct smtp_tx *)(const void *)base;
	const struct smtp_state *st = tx->st;

	if (st->has_helo)
		log_text(l, "helo", (struct app_bytes){st->helo.at, st->helo.len});
	if (tx->has_mail_from)
		log_text(l, "mail_from", (struct app_bytes){tx->mail_from.at, tx->mail_from.len});
	log_paths(l, &tx->rcpt_to);
	if (!tx->mime || !tx->mime->depth)
		return true;
	log_close(l);
	log_object(l, "email");
	mime_log(tx->mime, l);
	return true;
}
