// The EVE record `ftp`: Suricata's members, in its order. See ftp.h. Next: ftp_data.c.
#include "dataplane/parsers/ftp.h"

// In the order of enum ftp_event.
const char *const ftp_events[] = {"request_command_too_long", "response_command_too_long", NULL};

// The next line of the replies, as code and text. False: there is none.
static bool next_line(const uint8_t **at, const uint8_t *end, struct app_bytes *code, struct app_bytes *text)
{
	const uint8_t *stop = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;

	if (!stop)
		return false;
	*text = *code = (struct app_bytes){*at, (uint32_t)(stop - *at)};
	code->len = ftp_code(*text) ? 3 : 0;
	if (code->len) {
		uint32_t skip = text->len < 4 ? text->len : 4;
		text->at += skip, text->len -= skip;
	}
	*at = stop + 1;
	return true;
}

// A list of the codes or of the texts of all lines that have one.
static void log_replies(struct app_log *l, const char *name, const struct app_text *reply, bool codes)
{
	const uint8_t *at = reply->at, *end = reply->len ? at + reply->len : at;
	struct app_bytes code, text;
	bool listed = false;

	while (reply->len && next_line(&at, end, &code, &text)) {
		struct app_bytes value = codes ? code : text;
		if (!value.len)
			continue;
		if (!listed)
			log_list(l, name);
		listed = true;
		log_text(l, NULL, value);
	}
	if (listed)
		log_close(l);
}

bool ftp_log(const struct app_tx *base, struct app_log *l)
{
	const struct ftp_tx *tx = (const struct ftp_tx *)(const void *)base;
	enum ftp_kind kind = ftp_kind(tx);

	if (tx->command)
		log_string(l, "command", tx->command->name);
	if (tx->argument.len)
		log_text(l, "command_data", (struct app_bytes){tx->argument.at, tx->argument.len});
	if (tx->command && tx->more)
		log_bool(l, "command_truncated", tx->request_truncated);
	log_replies(l, "completion_code", &tx->reply, true);
	log_replies(l, "reply", &tx->reply, false);
	if (tx->port)
		log_uint(l, "dynamic_port", tx->port);
	if (kind == FTP_PORT || kind == FTP_EPRT)
		log_string(l, "mode", tx->active ? "active" : "passive");
	log_string(l, "reply_received", tx->replied ? "yes" : "no");
	log_bool(l, "reply_truncated", tx->reply_truncated);
	return true;
}
