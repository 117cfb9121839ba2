// What rules see of a stream, by the names of their keywords. Next: http2_log.c.
#include "dataplane/parsers/http2.h"

static const struct http2_tx *tx_of(const struct app_tx *tx)
{
	return (const struct http2_tx *)(const void *)tx;
}

static bool give(struct app_bytes *out, struct app_bytes value)
{
	*out = value;
	return value.at != NULL;
}

static bool give_extra(struct app_bytes *out, const struct http2_message *m, struct http1_span s)
{
	return s.len && give(out, http1_bytes(&m->extra, s));
}

static bool give_text(struct app_bytes *out, const char *text)
{
	return give(out, (struct app_bytes){(const uint8_t *)text, (uint32_t)strlen(text)});
}

// The connection's transactions have both directions, a stream's those that something was said in.
static bool is_there(const struct app_tx *tx, const struct http2_message *m)
{
	return tx_of(tx)->stream == 0 || m->kind_count || m->fields.len;
}

#define GETTER(name, ...)                                                                                 \
	static bool get_##name(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out) \
	{                                                                                                 \
		const struct http2_message *m = &tx_of(tx)->msg[dir];                                     \
		return nth == 0 && is_there(tx, m) && (__VA_ARGS__);                                      \
	}

#define KNOWN_GETTER(name, known) GETTER(name, give(out, http2_value(m, HTTP2_F_##known)))
KNOWN_GETTER(method, METHOD)
KNOWN_GETTER(path, PATH)
KNOWN_GETTER(authority, AUTHORITY)
KNOWN_GETTER(status, STATUS)
KNOWN_GETTER(user_agent, USER_AGENT)
KNOWN_GETTER(referer, REFERER)
KNOWN_GETTER(accept, ACCEPT)
KNOWN_GETTER(accept_enc, ACCEPT_ENC)
KNOWN_GETTER(accept_lang, ACCEPT_LANG)
KNOWN_GETTER(connection, CONNECTION)
KNOWN_GETTER(content_type, CONTENT_TYPE)
KNOWN_GETTER(content_len, CONTENT_LEN)
KNOWN_GETTER(location, LOCATION)
KNOWN_GETTER(server, SERVER)
GETTER(cookie, give(out, http2_value(m, dir == DIR_TO_SERVER ? HTTP2_F_COOKIE : HTTP2_F_SET_COOKIE)))
GETTER(host, give_extra(out, m, m->host))
GETTER(protocol, give_text(out, "HTTP/2"))
GETTER(stat_msg, give_text(out, "")) // HTTP/2 has none
GETTER(header, give_extra(out, m, m->header))
GETTER(names, give_extra(out, m, m->names))
GETTER(raw, m->text.len &&give(out, (struct app_bytes){m->text.at, m->text.len}))

static bool get_line(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct http2_message *m = &tx_of(tx)->msg[dir];

	if (nth || !is_there(tx, m))
		return false;
	return m->line.len ? give_extra(out, m, m->line)
			   : give_text(out, dir == DIR_TO_SERVER ? "  HTTP/2\r\n" : "HTTP/2 \r\n");
}

// http.request_header, http.response_header: each field as "name: value".
static bool get_field(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct http2_message *m = &tx_of(tx)->msg[dir];

	if (nth >= http2_field_count(m))
		return false;
	const struct http2_field *f = http2_field(m, nth);
	struct http1_span both = {f->name.at, f->value.at + f->value.len - f->name.at};
	return f->kind == HPACK_FIELD ? give(out, http1_bytes(&m->text, both)) : give_text(out, ": ");
}

// An empty name ends the list, as in Suricata.
static bool get_name(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct http2_message *m = &tx_of(tx)->msg[dir];

	return nth < http2_field_count(m) && http2_field(m, nth)->name.len &&
	       give(out, http1_bytes(&m->text, http2_field(m, nth)->name));
}

static bool get_body(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct http1_tx *body = tx_of(tx)->body;

	if (!body || nth >= HTTP1_BODY_PARTS)
		return false;
	const struct app_text *t = nth ? &body->msg[dir].more[nth - 1] : &body->msg[dir].body;
	return t->len && give(out, (struct app_bytes){t->at, t->len});
}

#define TO_SERVER (1u << DIR_TO_SERVER)
#define TO_CLIENT (1u << DIR_TO_CLIENT)
#define BOTH (TO_SERVER | TO_CLIENT)
// clang-format off
#define AT_HEADERS {HTTP2_HEADERS, HTTP2_HEADERS}
#define AT_BODY {HTTP2_BODY, HTTP2_BODY}

const struct parser_buffer http2_buffers[] = {
	{"http.uri", TO_SERVER, AT_HEADERS, get_path, false},
	{"http.uri.raw", TO_SERVER, AT_HEADERS, get_path, false},
	{"http.method", TO_SERVER, AT_HEADERS, get_method, false},
	{"http.protocol", BOTH, AT_HEADERS, get_protocol, false},
	{"http.request_line", TO_SERVER, AT_HEADERS, get_line, false},
	{"http.response_line", TO_CLIENT, AT_HEADERS, get_line, false},
	{"http.stat_code", TO_CLIENT, AT_HEADERS, get_status, false},
	{"http.stat_msg", TO_CLIENT, AT_HEADERS, get_stat_msg, false},
	{"http.header", BOTH, AT_HEADERS, get_header, false},
	{"http.header.raw", BOTH, AT_HEADERS, get_raw, false},
	{"http.header_names", BOTH, AT_HEADERS, get_names, false},
	{"http.request_header", TO_SERVER, AT_HEADERS, get_field, false},
	{"http.response_header", TO_CLIENT, AT_HEADERS, get_field, false},
	{"http.host", TO_SERVER, AT_HEADERS, get_host, false},
	{"http.host.raw", TO_SERVER, AT_HEADERS, get_authority, false},
	{"http.user_agent", TO_SERVER, AT_HEADERS, get_user_agent, false},
	{"http.cookie", BOTH, AT_HEADERS, get_cookie, false},
	{"http.referer", TO_SERVER, AT_HEADERS, get_referer, false},
	{"http.accept", TO_SERVER, AT_HEADERS, get_accept, false},
	{"http.accept_enc", TO_SERVER, AT_HEADERS, get_accept_enc, false},
	{"http.accept_lang", TO_SERVER, AT_HEADERS, get_accept_lang, false},
	{"http.connection", BOTH, AT_HEADERS, get_connection, false},
	{"http.content_type", BOTH, AT_HEADERS, get_content_type, false},
	{"http.content_len", BOTH, AT_HEADERS, get_content_len, false},
	{"http.location", TO_CLIENT, AT_HEADERS, get_location, false},
	{"http.server", TO_CLIENT, AT_HEADERS, get_server, false},
	{"http.request_body", TO_SERVER, AT_BODY, get_body, true},
	{"http.response_body", TO_CLIENT, AT_BODY, get_body, true},
	{"file.data", TO_CLIENT, AT_BODY, get_body, true},
	{"http2.header", BOTH, AT_HEADERS, get_field, false},
	{"http2.header_name", BOTH, AT_HEADERS, get_name, false},
	{0},
};
// clang-format on

static bool kinds(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	const struct http2_message *m = &tx_of(tx)->msg[dir];

	if (nth >= m->kind_count)
		return false;
	*out = m->kinds[nth];
	return true;
}

static bool numbers(const struct http2_numbers *n, uint32_t nth, uint64_t *out)
{
	if (nth >= n->count || nth >= HTTP2_NUMBERS_MAX)
		return false;
	*out = n->at[nth];
	return true;
}

static bool errors(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	return numbers(&tx_of(tx)->msg[dir].errors, nth, out);
}

static bool priorities(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	return numbers(&tx_of(tx)->msg[dir].priorities, nth, out);
}

static bool windows(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	return numbers(&tx_of(tx)->msg[dir].windows, nth, out);
}

static bool size_updates(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	const struct http2_message *m = &tx_of(tx)->msg[dir];

	for (uint32_t i = 0; i < http2_field_count(m); i++)
		if (http2_field(m, i)->kind == HPACK_SIZE_UPDATE && nth-- == 0) {
			*out = http2_field(m, i)->number;
			return true;
		}
	return false;
}

// Identifier and value, of 32 bits each.
static bool settings(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	const struct http2_message *m = &tx_of(tx)->msg[dir];

	if (nth >= m->settings.len / 6)
		return false;
	*out = (uint64_t)load_be16(m->settings.at + 6 * nth) << 32 | load_be32(m->settings.at + 6 * nth + 2);
	return true;
}

const struct parser_field http2_fields[] = {
	{"http2.frametype", BOTH, {0, 0}, kinds},
	{"http2.errorcode", BOTH, {0, 0}, errors},
	{"http2.priority", BOTH, {0, 0}, priorities},
	{"http2.window", BOTH, {0, 0}, windows},
	{"http2.size_update", BOTH, {0, 0}, size_updates},
	{"http2.settings", BOTH, {0, 0}, settings},
	{0},
};
