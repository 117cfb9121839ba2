// What rules see of a transaction, by the names of their keywords. Next: http1_log.c.
#include "dataplane/parsers/http1.h"

static const struct http1_tx *tx_of(const struct app_tx *tx)
{
	return (const struct http1_tx *)(const void *)tx;
}

static const struct http1_message *message(const struct app_tx *tx, uint8_t dir)
{
	return &tx_of(tx)->msg[dir];
}

static bool give(struct app_bytes *out, struct app_bytes value)
{
	*out = value;
	return value.at != NULL;
}

static bool give_part(struct app_bytes *out, bool there, const struct app_text *t, struct http1_span s)
{
	return there && t->at && give(out, http1_bytes(t, s));
}

static bool give_text(struct app_bytes *out, const struct app_text *t)
{
	return t->len && give(out, (struct app_bytes){t->at, t->len});
}

// h: the transaction, m: the message.
#define GETTER(name, ...)                                                                                 \
	static bool get_##name(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out) \
	{                                                                                                 \
		const struct http1_tx *h = tx_of(tx);                                                     \
		const struct http1_message *m = &h->msg[dir];                                             \
		return m && nth == 0 && (__VA_ARGS__);                                                    \
	}

GETTER(method, give_part(out, m->has_method, &m->start, m->method))
GETTER(target, h->seen_request || dir == DIR_TO_CLIENT ? give_part(out, m->has_target, &m->start, m->target)
						       : give(out, http1_not_seen()))
GETTER(protocol, give_part(out, m->has_protocol, &m->start, m->protocol))
GETTER(line, give_part(out, m->line_len > 0, &m->start, (struct http1_span){0, m->line_len}))
GETTER(start, ((m->has_fields && !m->broken) || !m->field_count) && give_text(out, &m->start))
GETTER(raw, m->has_fields && !m->broken && give_text(out, &m->raw))
GETTER(names, m->has_fields && !m->broken && give_text(out, &m->names))
GETTER(uri, give_text(out, &h->uri))
GETTER(host, h->has_host &&give_text(out, &h->host))

// One value up to HTTP1_TEXT_MAX bytes, then one for each further part.
static bool get_body(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct http1_message *m = &tx_of(tx)->msg[dir];

	return nth < HTTP1_BODY_PARTS && give_text(out, nth ? &m->more[nth - 1] : &m->body);
}

#define FIELD_GETTER(name, known) GETTER(name, give(out, http1_value(m, HTTP1_F_##known)))
FIELD_GETTER(user_agent, USER_AGENT)
FIELD_GETTER(referer, REFERER)
FIELD_GETTER(accept, ACCEPT)
FIELD_GETTER(accept_enc, ACCEPT_ENCODING)
FIELD_GETTER(accept_lang, ACCEPT_LANGUAGE)
FIELD_GETTER(connection, CONNECTION)
FIELD_GETTER(content_type, CONTENT_TYPE)
FIELD_GETTER(content_len, CONTENT_LENGTH)
FIELD_GETTER(location, LOCATION)
FIELD_GETTER(server, SERVER)
GETTER(cookie, give(out, http1_value(m, dir == DIR_TO_SERVER ? HTTP1_F_COOKIE : HTTP1_F_SET_COOKIE)))

static bool get_header(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct http1_message *m = message(tx, dir);

	if (nth || !m->has_fields || m->broken)
		return false;
	return m->header_apart ? give_text(out, &m->header) : give_part(out, m->section.len, &m->start, m->section);
}

static bool get_host_raw(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	if (tx_of(tx)->host_of_target)
		return get_host(tx, dir, nth, out);
	return nth == 0 && give(out, http1_value(message(tx, dir), HTTP1_F_HOST)) && out->len;
}

// http.request_header, http.response_header: each field as "Name: value".
static bool get_field(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct http1_message *m = message(tx, dir);

	if (nth >= m->field_count)
		return false;
	const struct http1_field *f = http1_field(m, nth);
	struct http1_span both = {f->name.at, f->value.at + f->value.len - f->name.at};
	return give_part(out, true, &m->start, both);
}

static const struct http1_file *form_file(const struct http1_tx *tx, uint32_t nth)
{
	return nth < tx->files.len / sizeof(struct http1_file) ? (struct http1_file *)(void *)tx->files.at + nth : NULL;
}

static bool get_file_data(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct http1_tx *h = tx_of(tx);

	if (dir == DIR_TO_SERVER && h->boundary.len) {
		const struct http1_file *f = form_file(h, nth);
		return f && give_part(out, f->data.len, &h->msg[dir].body, f->data);
	}
	return http1_file_name(h, dir).at && get_body(tx, dir, nth, out);
}

static bool get_file_name(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct http1_tx *h = tx_of(tx);

	if (dir == DIR_TO_SERVER && h->boundary.len) {
		const struct http1_file *f = form_file(h, nth);
		return f && give_part(out, true, &h->msg[dir].body, f->name);
	}
	return nth == 0 && h->msg[dir].body.len && give(out, http1_file_name(h, dir)) && out->len;
}

#define TO_SERVER (1u << DIR_TO_SERVER)
#define TO_CLIENT (1u << DIR_TO_CLIENT)
#define BOTH (TO_SERVER | TO_CLIENT)
// clang-format off
#define AT_LINE {HTTP1_LINE, HTTP1_LINE}
#define AT_HEADERS {HTTP1_HEADERS, HTTP1_HEADERS}
#define AT_BODY {HTTP1_BODY, HTTP1_BODY}

const struct parser_buffer http1_buffers[] = {
	{"http.uri", TO_SERVER, AT_LINE, get_uri, false},
	{"http.uri.raw", TO_SERVER, AT_LINE, get_target, false},
	{"http.method", TO_SERVER, AT_LINE, get_method, false},
	{"http.protocol", BOTH, AT_LINE, get_protocol, false},
	{"http.request_line", TO_SERVER, AT_LINE, get_line, false},
	{"http.response_line", TO_CLIENT, AT_LINE, get_line, false},
	{"http.stat_code", TO_CLIENT, AT_LINE, get_method, false},
	{"http.stat_msg", TO_CLIENT, AT_LINE, get_target, false},
	{"http.start", BOTH, AT_HEADERS, get_start, false},
	{"http.header", BOTH, AT_HEADERS, get_header, false},
	{"http.header.raw", BOTH, AT_HEADERS, get_raw, false},
	{"http.header_names", BOTH, AT_HEADERS, get_names, false},
	{"http.request_header", TO_SERVER, AT_HEADERS, get_field, false},
	{"http.response_header", TO_CLIENT, AT_HEADERS, get_field, false},
	{"http.host", TO_SERVER, AT_HEADERS, get_host, false},
	{"http.host.raw", TO_SERVER, AT_HEADERS, get_host_raw, false},
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
	{"file.data", BOTH, AT_BODY, get_file_data, true},
	{"file.name", BOTH, AT_BODY, get_file_name, false},
	{0},
};
// clang-format on

const char *const http1_events[] = {
#define NAME(id, name) [HTTP1_E_##id] = name,
	HTTP1_EVENT_LIST(NAME)
#undef NAME
		NULL,
};
