// The EVE record `http` of a stream: Suricata's members.
#include "dataplane/parsers/http2.h"

static void log_fields(struct app_log *l, const char *name, const struct http2_message *m)
{
	uint32_t n = http2_field_count(m);

	if (!m->has_block)
		return;
	log_list(l, name);
	for (uint32_t i = 0; i < n; i++) {
		const struct http2_field *f = http2_field(m, i);
		log_object(l, NULL);
		if (f->kind == HPACK_FIELD) {
			log_text(l, "name", http1_bytes(&m->text, f->name));
			log_text(l, "value", http1_bytes(&m->text, f->value));
		} else if (f->kind == HPACK_SIZE_UPDATE) {
			log_uint(l, "table_size_update", f->number);
		} else {
			log_string(l, "error",
				f->kind == HPACK_INDEX_ZERO    ? "HTTP2HeaderDecodeIndex0"
				: f->kind == HPACK_NOT_INDEXED ? "HTTP2HeaderDecodeNotIndexed"
							       : "HTTP2HeaderDecodeError");
		}
		log_close(l);
	}
	log_close(l);
}

// The last field of that name, in any case; at NULL: none.
static struct app_bytes last_value(const struct http2_message *m, const char *lower)
{
	for (uint32_t i = http2_field_count(m); i-- > 0;)
		if (http1_equals(http1_bytes(&m->text, http2_field(m, i)->name), lower))
			return http1_bytes(&m->text, http2_field(m, i)->value);
	return (struct app_bytes){NULL, 0};
}

static void log_last(struct app_log *l, const char *name, const struct http2_tx *tx, const char *field)
{
	for (int dir = 2; dir-- > 0;) {
		struct app_bytes v = last_value(&tx->msg[dir], field);
		if (v.at) {
			log_text(l, name, v);
			return;
		}
	}
}

static void log_number(struct app_log *l, const char *name, const struct http2_tx *tx, const char *field)
{
	struct app_bytes v = last_value(&tx->msg[DIR_TO_CLIENT], field);
	uint64_t n = 0;
	uint32_t i = 0;

	for (; i < v.len && i < 18 && v.at[i] >= '0' && v.at[i] <= '9'; i++)
		n = n * 10 + (uint64_t)(v.at[i] - '0');
	if (i && i == v.len)
		log_uint(l, name, n);
}

static void log_settings(struct app_log *l, const struct http2_message *m)
{
	static const char *const names[] = {NULL, "SETTINGSHEADERTABLESIZE", "SETTINGSENABLEPUSH",
		"SETTINGSMAXCONCURRENTSTREAMS", "SETTINGSINITIALWINDOWSIZE", "SETTINGSMAXFRAMESIZE",
		"SETTINGSMAXHEADERLISTSIZE"};

	if (!m->has_settings)
		return;
	log_list(l, "settings");
	for (uint32_t at = 0; at + 6 <= m->settings.len; at += 6) {
		uint16_t id = load_be16(m->settings.at + at);
		if (!id || id >= sizeof(names) / sizeof(*names))
			continue;
		log_object(l, NULL);
		log_string(l, "settings_id", names[id]);
		log_uint(l, "settings_value", load_be32(m->settings.at + at + 2));
		log_close(l);
	}
	log_close(l);
}

// RFC 9113 7; Suricata spells those of a GOAWAY without small letters.
static void log_error(struct app_log *l, const struct http2_message *m)
{
	static const char *const names[][2] = {{"NoError", "NOERROR"}, {"ProtocolError", "PROTOCOLERROR"},
		{"InternalError", "INTERNALERROR"}, {"FlowControlError", "FLOWCONTROLERROR"},
		{"SettingsTimeout", "SETTINGSTIMEOUT"}, {"StreamClosed", "STREAMCLOSED"},
		{"FrameSizeError", "FRAMESIZEERROR"}, {"RefusedStream", "REFUSEDSTREAM"}, {"Cancel", "CANCEL"},
		{"CompressionError", "COMPRESSIONERROR"}, {"ConnectError", "CONNECTERROR"},
		{"EnhanceYourCalm", "ENHANCEYOURCALM"}, {"InadequateSecurity", "INADEQUATESECURITY"},
		{"Http11Required", "HTTP11REQUIRED"}};
	uint32_t code = m->errors.at[0];

	if (!m->errors.count)
		return;
	if (code < sizeof(names) / sizeof(*names))
		log_string(l, "error_code", names[code][m->error_goaway]);
	else
		log_uint(l, "error_code", code);
}

static void log_frames(struct app_log *l, const char *name, const struct http2_message *m)
{
	log_object(l, name);
	log_settings(l, m);
	log_error(l, m);
	if (m->priorities.count)
		log_uint(l, "priority", m->priorities.at[0]);
	log_close(l);
}

static bool says_something(const struct http2_message *m)
{
	return m->has_block || m->has_settings || m->errors.count || m->priorities.count;
}

bool http2_log(const struct app_tx *base, struct app_log *l)
{
	const struct http2_tx *tx = (const struct http2_tx *)(const void *)base;

	if (!says_something(&tx->msg[0]) && !says_something(&tx->msg[1]))
		return false;
	log_string(l, "version", "2");
	log_fields(l, "request_headers", &tx->msg[DIR_TO_SERVER]);
	log_fields(l, "response_headers", &tx->msg[DIR_TO_CLIENT]);
	log_last(l, "http_method", tx, ":method");
	log_last(l, "url", tx, ":path");
	log_last(l, "hostname", tx, "host");
	log_last(l, "http_user_agent", tx, "user-agent");
	log_number(l, "status", tx, ":status");
	log_number(l, "length", tx, "content-length");
	log_object(l, "http2");
	log_uint(l, "stream_id", tx->stream);
	log_frames(l, "request", &tx->msg[DIR_TO_SERVER]);
	log_frames(l, "response", &tx->msg[DIR_TO_CLIENT]);
	log_close(l);
	return true;
}
