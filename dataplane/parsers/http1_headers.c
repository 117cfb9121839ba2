// Header sections (RFC 9112 5): lines and folding, fields of one name put together (RFC 9110 5.3), and the texts that
// http.start, http.header and http.header_names show. Next: http1_framing.c.
#include <emmintrin.h>
#include <string.h>

#include "dataplane/parsers/http1.h"

#define FIELDS_READY 16u // a message has room for from the start

struct app_bytes http1_value(const struct http1_message *m, enum http1_known known)
{
	if (!m->known[known])
		return (struct app_bytes){NULL, 0};
	return http1_bytes(&m->start, http1_field(m, m->known[known] - 1u)->value);
}

static struct app_bytes pending_text(struct http1_run *r)
{
	struct http1_side *side = http1_side(r);

	if (side->folded.len)
		return (struct app_bytes){side->folded.at, side->folded.len};
	return http1_bytes(&http1_message(r)->raw, side->pending);
}

int http1_header_flush(struct http1_run *r)
{
	struct http1_side *side = http1_side(r);
	int rc = side->has_pending ? http1_parse_field(r, pending_text(r)) : 0;

	side->has_pending = false;
	side->folded.len = 0;
	return rc;
}

static bool is_fold(uint8_t c)
{
	return http1_is_blank(c) || c == 0;
}

static bool ends_section(struct app_bytes line, int next)
{
	if (line.len == 1)
		return true;
	if (line.len != 2 || line.at[1] != '\n')
		return false;
	// A blank alone is taken for an empty line, unless that follows.
	return line.at[0] == '\r' || (http1_is_blank(line.at[0]) && next >= 0 && next != '\n');
}

// A line that continues the one before.
static int fold(struct http1_run *r, struct http1_span at)
{
	struct http1_side *side = http1_side(r);
	struct app_bytes text = http1_bytes(&http1_message(r)->raw, at);

	if (side->has_pending && (r->dir == DIR_TO_SERVER || !memchr(text.at, ':', text.len) ||
					 !memchr(pending_text(r).at, ':', pending_text(r).len))) {
		if (!side->folded.len) {
			struct app_bytes begun = pending_text(r);
			http1_add(r, &side->folded, begun.at, begun.len);
		}
		http1_add(r, &side->folded, text.at, text.len);
		if (side->folded.len <= HTTP1_FIELD_MAX)
			return 0;
		http1_note_dir(r, HTTP1_E_REQUEST_TOO_LONG);
		return -1;
	}
	http1_note_dir(r, HTTP1_E_REQUEST_FOLDING);
	int rc = http1_header_flush(r);
	while (at.len && is_fold(http1_message(r)->raw.at[at.at]))
		at.at++, at.len--;
	side->pending = at;
	side->has_pending = true;
	return rc;
}

// Room for what is in sight, so that texts are not copied as they grow.
static bool make_ready(struct http1_run *r, struct http1_message *m)
{
	bool ok = app_text_room(r->run, &m->raw, r->ahead) && app_text_room(r->run, &m->start, r->ahead) &&
		  app_text_room(r->run, &m->fields, FIELDS_READY * (uint32_t)sizeof(struct http1_field));

	r->no_memory |= !ok;
	return ok;
}

// Length of the line at the front, when it is whole, ends with CRLF, and stands by itself: what is ahead neither ends
// the section nor continues it. 0: any other.
static uint32_t plain_line(const struct http1_run *r, const struct cursor *c)
{
	size_t left = cursor_left(c);
	const uint8_t *lf = left && !is_fold(*c->at) ? memchr(c->at, '\n', left) : NULL;

	if (!lf || lf + 1 == c->end || lf - c->at < 2 || lf - c->at >= HTTP1_FIELD_MAX || lf[-1] != '\r' ||
		is_fold(lf[1]))
		return 0;
	size_t text = (size_t)(lf - c->at) - 1;
	if (r->dir == DIR_TO_CLIENT ? memchr(c->at, '\r', text) != NULL : c->at[text - 1] == '\r')
		return 0;
	return (uint32_t)text + 2;
}

int http1_plain_fields(struct http1_run *r, struct cursor *c)
{
	struct http1_message *m = http1_message(r);
	const uint8_t *from = c->at, *copied = c->at;
	int rc = 0;

	if (http1_side(r)->has_pending || http1_side(r)->scanned || (!m->raw.len && !make_ready(r, m)))
		return 0;
	for (uint32_t len; rc == 0 && !r->no_memory && (len = plain_line(r, c)) != 0;) {
		struct app_bytes text = {cursor_take(c, len), len - 2};
		if (http1_note_field(r, text, m->start.len + (uint32_t)(text.at - copied)))
			continue;
		http1_add(r, &m->start, copied, (uint32_t)(text.at - copied));
		copied = c->at;
		rc = http1_parse_field(r, text);
	}
	http1_add(r, &m->start, copied, (uint32_t)(c->at - copied));
	http1_add(r, &m->raw, from, (uint32_t)(c->at - from));
	return r->no_memory ? -1 : rc;
}

int http1_header_line(struct http1_run *r, struct app_bytes line, int next)
{
	struct http1_message *m = http1_message(r);
	struct http1_side *side = http1_side(r);
	struct http1_span at = {m->raw.len, http1_chomp(line).len};

	if (!m->raw.len && !make_ready(r, m))
		return -1;
	http1_add(r, &m->raw, line.at, line.len);
	if (r->no_memory)
		return -1;
	if (ends_section(line, next))
		return http1_header_flush(r) < 0 ? -1 : 1;
	if (at.len && is_fold(*line.at))
		return fold(r, at);
	if (http1_header_flush(r) < 0)
		return -1;
	if (!at.len)
		http1_note_dir(r, HTTP1_E_REQUEST_FOLDING);
	side->pending = at;
	side->has_pending = true;
	return 0;
}

// Writes `start` anew, with the values of one name behind its first.
static void join_repeats(struct http1_run *r, struct http1_message *m)
{
	struct app_text old = m->start;
	uint32_t kept = 0;

	m->start = (struct app_text){NULL, 0, 0};
	http1_add(r, &m->start, old.at, m->line_len + 2);
	memset(m->known, 0, sizeof(m->known));
	for (uint32_t i = 0; i < m->field_count && !r->no_memory; i++) {
		struct http1_field f = *http1_field(m, i);
		if (f.repeated)
			continue;
		struct http1_span name = {m->start.len, f.name.len};
		http1_add(r, &m->start, old.at + f.name.at, f.name.len + 2);
		struct http1_span value = {m->start.len, 0};
		http1_add(r, &m->start, old.at + f.value.at, f.value.len);
		for (uint32_t n = f.next; n; n = http1_field(m, n - 1)->next) {
			http1_add(r, &m->start, ", ", 2);
			http1_add(r, &m->start, old.at + http1_field(m, n - 1)->value.at,
				http1_field(m, n - 1)->value.len);
		}
		value.len = m->start.len - value.at;
		http1_add(r, &m->start, "\r\n", 2);
		f.name = name;
		f.value = value;
		// Behind i, so that what has not been put together yet is not written over: kept <= i.
		http1_field(m, i)->name = name;
		http1_field(m, i)->value = value;
		if (f.known && !m->known[f.known])
			m->known[f.known] = (uint16_t)(kept + 1);
		kept++;
	}
	uint32_t to = 0;
	for (uint32_t i = 0; i < m->field_count; i++)
		if (!http1_field(m, i)->repeated) {
			struct http1_field f = *http1_field(m, i);
			f.next = f.last = 0;
			*http1_field(m, to++) = f;
		}
	m->field_count = (uint16_t)to;
	m->fields.len = to * (uint32_t)sizeof(struct http1_field);
	m->repeats = false;
	app_text_free(r->run, &old);
}

// http.header has no cookies.
static void make_header(struct http1_run *r, struct http1_message *m)
{
	enum http1_known left_out = r->dir == DIR_TO_SERVER ? HTTP1_F_COOKIE : HTTP1_F_SET_COOKIE;

	uint32_t from = m->line_len + 2;

	m->header.len = 0;
	m->header_apart = m->known[left_out] != 0;
	if (!m->header_apart)
		return;
	for (uint32_t i = 0; i < m->field_count; i++) {
		const struct http1_field *f = http1_field(m, i);
		if (f->known != left_out)
			continue;
		http1_add(r, &m->header, m->start.at + from, f->name.at - from);
		from = f->value.at + f->value.len + 2;
	}
	http1_add(r, &m->header, m->start.at + from, m->start.len - from);
}

// CRLF, then each name with CRLF, then CRLF.
static void make_names(struct http1_run *r, struct http1_message *m)
{
	uint32_t len = 4;

	for (uint32_t i = 0; i < m->field_count; i++)
		len += http1_field(m, i)->name.len + 2;
	uint8_t *to = http1_grow(r, &m->names, len);
	if (!to)
		return;
	to = http1_put_end(to);
	for (uint32_t i = 0; i < m->field_count; i++)
		to = http1_put_end(http1_put(to, http1_bytes(&m->start, http1_field(m, i)->name)));
	http1_put_end(to);
}

void http1_headers_done(struct http1_run *r)
{
	struct http1_message *m = http1_message(r);

	if (m->repeats)
		join_repeats(r, m);
	make_header(r, m);
	m->names.len = 0;
	m->section = (struct http1_span){m->line_len + 2, m->start.len - m->line_len - 2};
	m->has_fields = true;
	if (!m->field_count || r->no_memory)
		return;
	make_names(r, m);
	http1_add(r, &m->start, "\r\n", 2);
}
