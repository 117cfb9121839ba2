// Fields of a message: from a block of HPACK to the texts and values that rules read, as Suricata 7 makes them. See
// http2.h. Next: http2_body.c.
#include "dataplane/parsers/http2.h"

static const struct {
	const char *name;
	uint8_t len;
} known_names[HTTP2_KNOWN_COUNT] = {
#define NAME(id, text) [HTTP2_F_##id] = {text, sizeof(text) - 1},
	HTTP2_KNOWN_LIST(NAME)
#undef NAME
};

static bool is_named(struct app_bytes name, enum http2_known known)
{
	return name.len == known_names[known].len && memcmp(name.at, known_names[known].name, name.len) == 0;
}

static struct app_bytes name_of(const struct http2_message *m, const struct http2_field *f)
{
	return http1_bytes(&m->text, f->name);
}

struct app_bytes http2_value(const struct http2_message *m, enum http2_known known)
{
	const struct http2_value *v = &m->known[known];

	return v->there ? http1_bytes(v->extra ? &m->extra : &m->text, v->span) : (struct app_bytes){NULL, 0};
}

// Value and line end behind a name that is in the text already: `from` is where that begins.
static void note_field(struct http2_run *r, struct http2_message *m, uint32_t from, struct http2_field f)
{
	uint32_t max = HTTP2_FIELDS_MAX * (uint32_t)sizeof(f);

	if (m->text.len > HTTP2_TEXT_MAX || m->fields.len >= max)
		m->text.len = from;
	else
		http2_add(r, &m->fields, &f, sizeof(f));
}

void http2_add_field(struct http2_run *r, struct http2_message *m, struct app_bytes name, struct app_bytes value)
{
	uint32_t from = m->text.len;
	struct http2_field f = {
		.name = {from, name.len}, .value = {from + name.len + 2, value.len}, .kind = HPACK_FIELD};

	http2_add(r, &m->text, name.at, name.len);
	http2_add(r, &m->text, ": ", 2);
	http2_add(r, &m->text, value.at, value.len);
	http2_add(r, &m->text, "\r\n", 2);
	note_field(r, m, from, f);
}

// A message's trailers, or a second block of another kind, come behind the first.
static void take_field(struct http2_run *r, struct http2_message *m, uint32_t from, uint32_t name_len)
{
	uint32_t value_len = m->text.len - from - name_len;

	// "namevalue" becomes "name: value"
	http2_add(r, &m->text, "....", 4);
	if (r->no_memory)
		return;
	uint8_t *value = m->text.at + from + name_len;
	memmove(value + 2, value, value_len);
	memcpy(value, ": ", 2);
	memcpy(value + 2 + value_len, "\r\n", 2);
	note_field(r, m, from,
		(struct http2_field){
			.name = {from, name_len}, .value = {from + name_len + 2, value_len}, .kind = HPACK_FIELD});
}

static void note_bad(struct http2_run *r, struct http2_tx *tx, enum hpack_answer a)
{
	if (a == HPACK_INDEX_ZERO || a == HPACK_NOT_INDEXED)
		http2_note(r, tx, HTTP2_E_HEADER);
	else if (a == HPACK_CUT)
		http2_note(r, tx, HTTP2_E_FRAME_DATA);
	else if (a == HPACK_OVERFLOW)
		http2_note(r, tx, HTTP2_E_INTEGER_OVERFLOW);
}

// What stands where a field should: the texts show it as one without name and value.
static void take_other(struct http2_run *r, struct http2_message *m, enum hpack_answer a, uint64_t number)
{
	struct http2_field f = {
		.name = {m->text.len, 0}, .value = {m->text.len + 2, 0}, .number = number, .kind = (uint8_t)a};

	if (a == HPACK_SIZE_UPDATE)
		http2_add(r, &m->text, ": \r\n", 4);
	note_field(r, m, m->text.len, f);
}

void http2_block(struct http2_run *r, struct http2_tx *tx, const uint8_t *block, uint32_t len)
{
	struct http2_message none = {0}, *m = tx ? &tx->msg[r->dir] : &none;
	struct http2_side *side = http2_side(r);
	struct cursor c = cursor_of(block, len);
	uint32_t name_len = 0, work = 0;
	enum hpack_answer a = HPACK_FIELD;

	while (!side->lost && !r->no_memory && a != HPACK_END) {
		uint32_t from = m->text.len;
		uint64_t number = 0;
		a = hpack_next(r->run, &side->table, &c, &m->text, APP_ALLOC_MAX - 4, &name_len, &number);
		work += m->text.len - from;
		if (a == HPACK_FIELD) {
			take_field(r, m, from, name_len);
		} else if (a != HPACK_END) {
			m->text.len = from;
			note_bad(r, tx, a);
			take_other(r, m, a, number);
		}
		// The peer's table and this one differ from here on, or the block is made to cost time.
		side->lost = a == HPACK_CUT || a == HPACK_OVERFLOW || a == HPACK_LOST || work > HTTP2_WORK_MAX;
	}
	if (a == HPACK_LOST || work > HTTP2_WORK_MAX)
		http2_note(r, tx, HTTP2_E_HEADER);
	if (tx)
		http2_fields_done(r, tx);
	app_text_free(r->run, &none.text);
	app_text_free(r->run, &none.fields);
}

// A field's value joins that of the same name before it; the values so far are moved to the end.
static void join(struct http2_run *r, struct http2_message *m, struct http2_value *v, struct http1_span value)
{
	bool moves = !v->extra || v->span.at + v->span.len != m->extra.len;
	uint32_t more = v->span.len + 2 + value.len;

	if (m->extra.len + more > HTTP2_JOINED_MAX)
		return;
	if (!app_text_room(r->run, &m->extra, more)) { // before it is known where the values so far lie in it
		r->no_memory = true;
		return;
	}
	if (moves) {
		const struct app_text *from = v->extra ? &m->extra : &m->text;
		uint32_t at = m->extra.len;
		http2_add(r, &m->extra, from->at + v->span.at, v->span.len);
		v->span.at = at;
		v->extra = true;
	}
	http2_add(r, &m->extra, ", ", 2);
	http2_add(r, &m->extra, m->text.at + value.at, value.len);
	v->span.len += 2 + value.len;
}

static void know(struct http2_run *r, struct http2_message *m, const struct http2_field *f)
{
	struct app_bytes name = name_of(m, f);

	for (int i = 0; i < HTTP2_KNOWN_COUNT; i++) {
		if (!is_named(name, (enum http2_known)i))
			continue;
		struct http2_value *v = &m->known[i];
		if (!v->there)
			*v = (struct http2_value){.span = f->value, .there = true};
		else if (*name.at != ':')
			join(r, m, v, f->value);
		return;
	}
}

// http.header has no cookies; http.header_names has all names.
static void make_texts(struct http2_run *r, struct http2_message *m)
{
	enum http2_known left_out = r->dir == DIR_TO_SERVER ? HTTP2_F_COOKIE : HTTP2_F_SET_COOKIE;
	uint32_t n = http2_field_count(m);

	m->header.at = m->extra.len;
	for (uint32_t i = 0; i < n; i++) {
		const struct http2_field *f = http2_field(m, i);
		if (!is_named(name_of(m, f), left_out) && (f->kind == HPACK_FIELD || f->kind == HPACK_SIZE_UPDATE))
			http2_add(r, &m->extra, m->text.at + f->name.at, f->value.at + f->value.len + 2 - f->name.at);
	}
	m->header.len = m->extra.len - m->header.at;
	m->names.at = m->extra.len;
	http2_add(r, &m->extra, "\r\n", 2);
	for (uint32_t i = 0; i < n; i++) {
		struct app_bytes name = name_of(m, http2_field(m, i));
		http2_add(r, &m->extra, name.at, name.len);
		http2_add(r, &m->extra, "\r\n", 2);
	}
	http2_add(r, &m->extra, "\r\n", 2);
	m->names.len = m->extra.len - m->names.at;
}

static void add_known(struct http2_run *r, struct http2_message *m, enum http2_known known)
{
	struct app_bytes v = http2_value(m, known);
	struct http1_span span = m->known[known].span;

	if (v.at)
		http2_add(r, &m->extra, m->text.at + span.at, span.len);
}

// http.request_line, http.response_line: what HTTP/1 would say.
static void make_line(struct http2_run *r, struct http2_message *m)
{
	m->line.at = m->extra.len;
	if (r->dir == DIR_TO_SERVER) {
		add_known(r, m, HTTP2_F_METHOD);
		http2_add(r, &m->extra, " ", 1);
		add_known(r, m, HTTP2_F_PATH);
		http2_add(r, &m->extra, " HTTP/2\r\n", 9);
	} else {
		http2_add(r, &m->extra, "HTTP/2 ", 7);
		add_known(r, m, HTTP2_F_STATUS);
		http2_add(r, &m->extra, "\r\n", 2);
	}
	m->line.len = m->extra.len - m->line.at;
}

// http.host: the authority in lower case, without user and port (RFC 3986 3.2).
static void make_host(struct http2_run *r, struct http2_message *m)
{
	struct app_bytes v = http2_value(m, HTTP2_F_AUTHORITY);
	struct http1_span span = m->known[HTTP2_F_AUTHORITY].span;

	m->host = (struct http1_span){m->extra.len, 0};
	for (uint32_t i = 0; i < v.len; i++)
		if (v.at[i] == '@') {
			span.at += i + 1;
			span.len -= i + 1;
			v = (struct app_bytes){v.at + i + 1, v.len - i - 1};
			i = UINT32_MAX;
		}
	const uint8_t *bracket = v.len && *v.at == '[' ? memchr(v.at, ']', v.len) : NULL;
	const uint8_t *colon =
		v.len ? memchr(bracket ? bracket : v.at, ':', v.len - (bracket ? (uint32_t)(bracket - v.at) : 0))
		      : NULL;
	if (colon)
		span.len = (uint32_t)(colon - v.at);
	if (!v.at)
		return;
	http2_add(r, &m->extra, m->text.at + span.at, span.len);
	m->host.len = m->extra.len - m->host.at;
	for (uint32_t i = 0; i < m->host.len; i++)
		m->extra.at[m->host.at + i] = text_lower(m->extra.at[m->host.at + i]);
}

static uint32_t digits(struct app_bytes b)
{
	uint32_t n = 0;

	while (n < b.len && b.at[n] >= '0' && b.at[n] <= '9')
		n++;
	return n;
}

// RFC 9110 14.4: "bytes 0-4/10", "bytes 0-4/*" or "bytes */10".
static bool is_range(struct app_bytes b)
{
	uint32_t n;

	if (!http1_begins(b, "bytes "))
		return false;
	b.at += 6, b.len -= 6;
	if (b.len && *b.at == '*') {
		n = 1;
	} else {
		n = digits(b);
		if (!n || n == b.len || b.at[n] != '-')
			return false;
		b.at += n + 1, b.len -= n + 1;
		n = digits(b);
	}
	if (!n || n == b.len || b.at[n] != '/')
		return false;
	b.at += n + 1, b.len -= n + 1;
	return digits(b) || (b.len && *b.at == '*');
}

// RFC 9113 8.3.1: authority and Host are the same, and there is no user in it.
static void check(struct http2_run *r, struct http2_tx *tx)
{
	const struct http2_message *m = &tx->msg[r->dir];
	struct app_bytes authority = http2_value(m, HTTP2_F_AUTHORITY), host = http2_value(m, HTTP2_F_HOST);
	struct app_bytes range = http2_value(m, HTTP2_F_CONTENT_RANGE);

	if (authority.at && memchr(authority.at, '@', authority.len))
		http2_note(r, tx, HTTP2_E_USERINFO);
	if (authority.at && host.at && !text_same(authority, host))
		http2_note(r, tx, HTTP2_E_HOST_MISMATCH);
	if (r->dir == DIR_TO_CLIENT && range.at && !is_range(range))
		http2_note(r, tx, HTTP2_E_RANGE);
}

void http2_fields_done(struct http2_run *r, struct http2_tx *tx)
{
	struct http2_message *m = &tx->msg[r->dir];

	m->has_block = true;
	m->extra.len = 0;
	memset(m->known, 0, sizeof(m->known));
	for (uint32_t i = 0; i < http2_field_count(m) && !r->no_memory; i++)
		know(r, m, http2_field(m, i));
	if (http2_field_count(m))
		make_texts(r, m);
	make_line(r, m);
	make_host(r, m);
	check(r, tx);
}
