// Field lines (RFC 9112 5): folding, names and values, fields of one name put together (RFC 9110 5.3), and the texts
// that http.start, http.header and http.header_names show. Next: http1_framing.c.
#include <string.h>

#include "dataplane/parsers/http1.h"

static struct http1_field *field_at(const struct http1_message *m, uint32_t i)
{
	return (struct http1_field *)(void *)m->fields.at + i;
}

struct app_bytes http1_value(const struct http1_message *m, enum http1_known known)
{
	if (!m->known[known])
		return (struct app_bytes){NULL, 0};
	return http1_bytes(&m->start, field_at(m, m->known[known] - 1u)->value);
}

// Names are known by what is left without NULs, which some servers skip.
static enum http1_known known_name(struct app_bytes name)
{
	static const struct {
		const char *name;
		uint8_t len;
	} names[HTTP1_KNOWN_COUNT] = {
#define NAME(id, text) [HTTP1_F_##id] = {text, sizeof(text) - 1},
		HTTP1_KNOWN_LIST(NAME)
#undef NAME
	};
	uint8_t bare[20]; // longer than any of them

	if (name.len && memchr(name.at, 0, name.len)) {
		uint32_t n = 0;
		for (uint32_t i = 0; i < name.len && n < sizeof(bare); i++)
			if (name.at[i])
				bare[n++] = name.at[i];
		name = (struct app_bytes){bare, n};
	}
	for (int i = 1; i < HTTP1_KNOWN_COUNT; i++)
		if (names[i].len == name.len && http1_equals(name, names[i].name))
			return (enum http1_known)i;
	return HTTP1_UNKNOWN_FIELD;
}

static uint16_t name_hash(struct app_bytes name)
{
	uint32_t h = name.len;

	for (uint32_t i = 0; i < name.len; i++)
		h = h * 31 + http1_lower(name.at[i]);
	return (uint16_t)(h ^ h >> 16);
}

static bool same_name(struct app_bytes a, struct app_bytes b)
{
	if (a.len != b.len)
		return false;
	for (uint32_t i = 0; i < a.len; i++)
		if (http1_lower(a.at[i]) != http1_lower(b.at[i]))
			return false;
	return true;
}

// The first field with the name of `f`; index + 1, 0: none.
static uint32_t first_of_name(const struct http1_message *m, const struct http1_field *f, struct app_bytes name)
{
	for (uint32_t i = 0; i < m->field_count; i++) {
		const struct http1_field *other = field_at(m, i);
		if (other->hash == f->hash && !other->repeated && same_name(http1_bytes(&m->start, other->name), name))
			return i + 1;
	}
	return 0;
}

// A second value for a name. False: it does not count.
static bool repeat(struct http1_run *r, struct http1_message *m, struct http1_field *first, struct http1_field *f,
	struct app_bytes value)
{
	if (first->known == HTTP1_F_CONTENT_LENGTH) {
		if (http1_number(value) != http1_number(http1_bytes(&m->start, first->value)))
			http1_note_dir(r, HTTP1_E_REQUEST_CL_TWICE);
		return false;
	}
	if (first->repeats == HTTP1_REPEATS_MAX) {
		http1_note_dir(r, HTTP1_E_REQUEST_REPETITION);
		return false;
	}
	first->repeats++;
	f->repeated = true;
	m->repeats = true;
	return true;
}

static int add_field(struct http1_run *r, struct app_bytes name, struct app_bytes value)
{
	struct http1_message *m = http1_message(r);
	struct http1_field f = {.hash = name_hash(name), .known = (uint8_t)known_name(name)};
	uint32_t first = first_of_name(m, &f, name);

	if (m->field_count == HTTP1_HEADERS_MAX) {
		http1_note_dir(r, HTTP1_E_REQUEST_HEADERS_MANY);
		return -1;
	}
	if (first && !repeat(r, m, field_at(m, first - 1), &f, value))
		return 0;
	f.name = (struct http1_span){m->start.len, name.len};
	http1_add(r, &m->start, name.at, name.len);
	http1_add(r, &m->start, ": ", 2);
	f.value = (struct http1_span){m->start.len, value.len};
	http1_add(r, &m->start, value.at, value.len);
	http1_add(r, &m->start, "\r\n", 2);
	http1_add(r, &m->fields, &f, sizeof(f));
	if (r->no_memory)
		return -1;
	m->field_count++;
	if (first) {
		struct http1_field *head = field_at(m, first - 1);
		field_at(m, head->last ? head->last - 1u : first - 1)->next = m->field_count;
		head->last = m->field_count;
	} else if (f.known && !m->known[f.known]) {
		m->known[f.known] = m->field_count;
	}
	return 0;
}

static int parse_field(struct http1_run *r, struct app_bytes text)
{
	struct app_bytes name = text, value;
	uint32_t colon = 0;
	bool odd = false;

	while (colon < text.len && text.at[colon] != ':' && (r->dir == DIR_TO_CLIENT || text.at[colon]))
		colon++;
	if (colon == text.len || text.at[colon] != ':') {
		http1_note_dir(r, HTTP1_E_REQUEST_NO_COLON);
		name.len = 0;
		return add_field(r, name, text);
	}
	name.len = colon;
	while (name.len && http1_is_space(name.at[name.len - 1]))
		name.len--;
	for (uint32_t i = 0; i < name.len; i++)
		odd |= !http1_is_token(name.at[i]);
	if (odd || !name.len || name.len < colon)
		http1_note_dir(r, HTTP1_E_REQUEST_HEADER);
	value = (struct app_bytes){text.at + colon + 1, text.len - colon - 1};
	return add_field(r, name, http1_trim_blanks(value));
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
	int rc = side->has_pending ? parse_field(r, pending_text(r)) : 0;

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

int http1_header_line(struct http1_run *r, struct app_bytes line, int next)
{
	struct http1_message *m = http1_message(r);
	struct http1_side *side = http1_side(r);
	struct http1_span at = {m->raw.len, http1_chomp(line).len};

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
		struct http1_field f = *field_at(m, i);
		if (f.repeated)
			continue;
		struct http1_span name = {m->start.len, f.name.len};
		http1_add(r, &m->start, old.at + f.name.at, f.name.len + 2);
		struct http1_span value = {m->start.len, 0};
		http1_add(r, &m->start, old.at + f.value.at, f.value.len);
		for (uint32_t n = f.next; n; n = field_at(m, n - 1)->next) {
			http1_add(r, &m->start, ", ", 2);
			http1_add(r, &m->start, old.at + field_at(m, n - 1)->value.at, field_at(m, n - 1)->value.len);
		}
		value.len = m->start.len - value.at;
		http1_add(r, &m->start, "\r\n", 2);
		f.name = name;
		f.value = value;
		// Behind i, so that what has not been put together yet is not written over: kept <= i.
		field_at(m, i)->name = name;
		field_at(m, i)->value = value;
		if (f.known && !m->known[f.known])
			m->known[f.known] = (uint16_t)(kept + 1);
		kept++;
	}
	uint32_t to = 0;
	for (uint32_t i = 0; i < m->field_count; i++)
		if (!field_at(m, i)->repeated) {
			struct http1_field f = *field_at(m, i);
			f.next = f.last = 0;
			*field_at(m, to++) = f;
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

	m->header.len = 0;
	m->header_apart = m->known[left_out] != 0;
	for (uint32_t i = 0; m->header_apart && i < m->field_count; i++) {
		const struct http1_field *f = field_at(m, i);
		if (f->known != left_out)
			http1_add(r, &m->header, m->start.at + f->name.at, f->value.at + f->value.len + 2 - f->name.at);
	}
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
	http1_add(r, &m->names, "\r\n", 2);
	for (uint32_t i = 0; i < m->field_count; i++) {
		http1_add(r, &m->names, m->start.at + field_at(m, i)->name.at, field_at(m, i)->name.len);
		http1_add(r, &m->names, "\r\n", 2);
	}
	http1_add(r, &m->names, "\r\n", 2);
	http1_add(r, &m->start, "\r\n", 2);
}
