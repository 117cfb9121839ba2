// Files in bodies: what a form uploads (multipart/form-data, RFC 7578, RFC 2046 5.1), and the names of files. A part's
// bytes stay where they are, in the text of the body. Next: http1_buffers.c.
#include <string.h>

#include "dataplane/parsers/http1.h"

enum form_state { FORM_SEEK, FORM_HEADERS, FORM_DATA, FORM_OVER };

#define FORM_FILES_MAX 64u // of one request
#define BOUNDARY_MAX 200u

static const uint8_t *find(const uint8_t *at, uint32_t len, const uint8_t *what, uint32_t what_len)
{
	const uint8_t *end = at + len;

	while (what_len && (size_t)(end - at) >= what_len) {
		const uint8_t *hit = memchr(at, *what, (size_t)(end - at) - what_len + 1);
		if (!hit)
			return NULL;
		if (!memcmp(hit, what, what_len))
			return hit;
		at = hit + 1;
	}
	return NULL;
}

// The value of a parameter, `name=value` or `name="value"`, among those that semicolons part: RFC 9110 5.6.6.
static struct app_bytes parameter(struct app_bytes b, const char *name)
{
	uint32_t name_len = (uint32_t)strlen(name);

	while (b.len) {
		while (b.len && http1_is_space(*b.at))
			b.at++, b.len--;
		bool found = http1_begins(b, name);
		struct app_bytes v = {b.at + name_len, b.len - name_len};
		bool quoted = found && v.len && *v.at == '"';
		v.at += quoted, v.len -= quoted;
		const uint8_t *stop = found && v.len ? memchr(v.at, quoted ? '"' : ';', v.len) : NULL;
		if (found) {
			if (quoted && !stop)
				break;
			v.len = stop ? (uint32_t)(stop - v.at) : v.len;
			v.len -= !quoted && v.len && v.at[v.len - 1] == '"';
			return v;
		}
		const uint8_t *semicolon = b.len ? memchr(b.at, ';', b.len) : NULL;
		if (!semicolon)
			break;
		b.len -= (uint32_t)(semicolon - b.at) + 1;
		b.at = semicolon + 1;
	}
	return (struct app_bytes){NULL, 0};
}

static struct http1_span span_in(const struct app_text *t, struct app_bytes b)
{
	return b.at ? (struct http1_span){(uint32_t)(b.at - t->at), b.len} : (struct http1_span){0, 0};
}

void http1_files_begin(struct http1_run *r)
{
	struct http1_tx *tx = http1_side(r)->tx;
	struct http1_message *m = http1_message(r);
	struct app_bytes type = http1_value(m, HTTP1_F_CONTENT_TYPE);

	if (r->dir == DIR_TO_CLIENT) {
		struct app_bytes how = http1_value(m, HTTP1_F_CONTENT_DISPOSITION);
		tx->file_name = span_in(&m->start, parameter(how, "filename="));
	} else if (tx->method == HTTP1_M_POST) { // whatever the type, as Suricata does
		tx->boundary = span_in(&m->start, parameter(type, "boundary="));
		if (tx->boundary.len > BOUNDARY_MAX)
			tx->boundary.len = 0;
	}
}

static struct http1_file *open_file(const struct http1_tx *tx)
{
	uint32_t n = tx->files.len / (uint32_t)sizeof(struct http1_file);

	return n ? (struct http1_file *)(void *)tx->files.at + n - 1 : NULL;
}

// One line of a part's fields; a name of a file begins one.
static void part_line(struct http1_run *r, struct http1_tx *tx, const struct app_text *body, struct app_bytes line)
{
	if (!http1_begins(line, "content-disposition"))
		return;
	struct app_bytes name = parameter(line, "filename=");
	if (!name.len || tx->files.len >= FORM_FILES_MAX * sizeof(struct http1_file))
		return;
	struct http1_file f = {
		.name = span_in(body, name), .file = app_file_open(r->run, &tx->tx, DIR_TO_SERVER, name)};
	http1_add(r, &tx->files, &f, sizeof(f));
	tx->form_file = !r->no_memory;
}

// Reads a line of the form at form_at. False: it is not whole yet.
static bool form_line(struct http1_tx *tx, const struct app_text *body, struct app_bytes *line)
{
	const uint8_t *at = body->at + tx->form_at;
	const uint8_t *end = body->len > tx->form_at ? memchr(at, '\n', body->len - tx->form_at) : NULL;

	if (!end)
		return false;
	*line = http1_chomp((struct app_bytes){at, (uint32_t)(end - at) + 1});
	tx->form_at += (uint32_t)(end - at) + 1;
	return true;
}

// A file's bytes are known up to `len` of them.
static void part_bytes(struct http1_run *r, struct http1_file *f, const struct app_text *body, uint32_t len, bool whole)
{
	uint32_t before = f->data.len;

	f->data.len = len;
	f->whole = whole;
	if (len > before)
		app_file_add(r->run, f->file, body->at + f->data.at + before, len - before);
	if (whole)
		app_file_close(r->run, f->file, true);
}

// Data of a part, up to the boundary that stands at the beginning of a line. False: more is to come.
static bool form_data(
	struct http1_run *r, struct http1_tx *tx, const struct app_text *body, struct app_bytes mark, bool end)
{
	struct http1_file *f = tx->form_file ? open_file(tx) : NULL;
	const uint8_t *from = body->at + tx->form_at;
	const uint8_t *hit = find(from, body->len - tx->form_at, mark.at, mark.len);

	while (hit && hit > from && hit[-1] != '\n')
		hit = find(hit + 1, body->len - (uint32_t)(hit + 1 - body->at), mark.at, mark.len);
	uint32_t stop = hit ? (uint32_t)(hit - body->at) : body->len;
	if (!hit && !end) {
		// A boundary, and the line end before it, may have begun.
		stop = stop > tx->form_at + mark.len + 2 ? stop - mark.len - 2 : tx->form_at;
		while (stop > tx->form_at && body->at[stop - 1] == '\r')
			stop--;
	}
	tx->form_at = stop;
	if (hit && stop && body->at[stop - 1] == '\n')
		stop--;
	if (hit && stop && body->at[stop - 1] == '\r')
		stop--;
	if (f && stop >= f->data.at)
		part_bytes(r, f, body, stop - f->data.at, hit != NULL);
	return hit != NULL;
}

void http1_files_more(struct http1_run *r, bool end)
{
	struct http1_tx *tx = http1_side(r)->tx;
	struct http1_message *m = http1_message(r);
	uint8_t mark_bytes[BOUNDARY_MAX + 2] = "--";
	struct app_bytes mark = {mark_bytes, tx->boundary.len + 2}, line;

	if (r->dir == DIR_TO_CLIENT || !tx->boundary.len)
		return;
	memcpy(mark_bytes + 2, m->start.at + tx->boundary.at, tx->boundary.len);
	while (tx->form_state != FORM_OVER && !r->no_memory) {
		if (tx->form_state == FORM_DATA) {
			if (!form_data(r, tx, &m->body, mark, end))
				return;
			tx->form_file = false;
			tx->form_state = FORM_SEEK;
		}
		if (!form_line(tx, &m->body, &line))
			return;
		bool marked = line.len >= mark.len && !memcmp(line.at, mark.at, mark.len);
		if (tx->form_state == FORM_HEADERS && line.len) {
			part_line(r, tx, &m->body, line);
		} else if (tx->form_state == FORM_HEADERS) {
			tx->form_state = FORM_DATA;
			if (tx->form_file)
				open_file(tx)->data.at = tx->form_at;
		} else if (marked) {
			bool last = line.len >= mark.len + 2 && !memcmp(line.at + mark.len, "--", 2);
			tx->form_state = last ? FORM_OVER : FORM_HEADERS;
		}
	}
}

// What a client sends is a file where a form says so, or the method does; what a server sends always is one.
static bool is_file(const struct http1_tx *tx, uint8_t dir)
{
	if (dir == DIR_TO_SERVER && tx->boundary.len)
		return false;
	return dir == DIR_TO_CLIENT || tx->method == HTTP1_M_POST || tx->method == HTTP1_M_PUT;
}

struct app_bytes http1_file_name(const struct http1_tx *tx, uint8_t dir)
{
	if (!is_file(tx, dir))
		return (struct app_bytes){NULL, 0};
	if (dir == DIR_TO_CLIENT && tx->file_name.len)
		return http1_bytes(&tx->msg[dir].start, tx->file_name);
	return tx->seen_request ? http1_bytes(&tx->uri, tx->path) : http1_not_seen();
}

// A number at the front of a text, which is taken off it. False: there is none.
static bool take_number(struct app_bytes *b, uint64_t *n)
{
	uint32_t digits = 0;

	for (*n = 0; b->len && digits < 18 && *b->at >= '0' && *b->at <= '9'; b->at++, b->len--, digits++)
		*n = *n * 10 + *b->at - '0';
	return digits > 0;
}

// "bytes 0-67/68", RFC 9110 14.4.
static void note_range(struct app_file *f, struct app_bytes range)
{
	uint64_t size;

	if (!http1_begins(range, "bytes "))
		return;
	range.at += 6, range.len -= 6;
	if (!take_number(&range, &f->range[0]) || !range.len || *range.at != '-')
		return;
	range.at++, range.len--;
	if (!take_number(&range, &f->range[1]) || f->range[1] < f->range[0])
		return;
	range.at += range.len > 0, range.len -= range.len > 0;
	f->has_range = !take_number(&range, &size) || f->range[0] || f->range[1] + 1 != size; // all of it is no part
}

static struct app_file *begin(struct http1_run *r)
{
	struct http1_tx *tx = http1_side(r)->tx;
	struct app_bytes none = {NULL, 0};

	if (r->owner)
		return app_file_open(r->run, r->owner, r->dir, none);
	if (!is_file(tx, r->dir))
		return NULL;
	struct app_file *f = app_file_open(r->run, &tx->tx, r->dir, http1_file_name(tx, r->dir));
	if (!f)
		return NULL;
	f->ends_anyhow = true;
	if (r->dir == DIR_TO_CLIENT)
		note_range(f, http1_value(http1_message(r), HTTP1_F_CONTENT_RANGE));
	return f;
}

void http1_file_body(struct http1_run *r, const uint8_t *bytes, uint32_t len, bool cut)
{
	struct http1_message *m = http1_message(r);

	if (len && !m->file && app_file_wanted(r->run))
		m->file = begin(r);
	app_file_add(r->run, m->file, bytes, len);
	if (cut)
		app_file_close(r->run, m->file, false);
}

void http1_file_end(struct http1_run *r)
{
	struct http1_tx *tx = http1_side(r)->tx;
	uint32_t parts = r->dir == DIR_TO_SERVER ? tx->files.len / (uint32_t)sizeof(struct http1_file) : 0;

	app_file_close(r->run, http1_message(r)->file, true);
	for (uint32_t i = 0; i < parts; i++)
		app_file_close(r->run, ((struct http1_file *)(void *)tx->files.at)[i].file, false);
}
