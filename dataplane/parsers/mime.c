// Parts within parts (RFC 2046 5.1): lines are fields, boundaries or body. See mime.h. Next: mime_field.c.
#include "dataplane/parsers/mime.h"

struct mime *mime_new(struct app_run *run, struct app_tx *tx)
{
	struct mime *m = app_alloc(run, sizeof(*m));

	if (m) {
		m->tx = tx;
		m->depth = 1;
		m->field = MIME_OTHER;
	}
	return m;
}

void mime_free(struct app_run *run, struct mime *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < mime_file_count(m); i++)
		app_text_free(run, &mime_file_at(m, i)->data);
	for (uint32_t i = 0; i < MIME_OTHER; i++)
		app_text_free(run, &m->value[i]);
	app_text_free(run, &m->files);
	app_text_free(run, &m->urls);
	app_text_free(run, &m->text);
	app_free(run, m);
}

// Opens a part within the innermost one; its fields come next. False: too deep.
static bool push(struct mime *m, bool encapsulated)
{
	uint16_t parent = m->level[m->depth - 1].id;

	if (m->depth == MIME_DEPTH_MAX || m->parts == UINT16_MAX)
		return false;
	m->level[m->depth++] = (struct mime_level){.id = ++m->parts, .parent = parent, .encapsulated = encapsulated};
	m->status = MIME_HEADER_READY;
	m->field = MIME_OTHER;
	for (uint32_t i = MIME_TYPE; i < MIME_OTHER; i++)
		m->value[i].len = 0;
	return true;
}

// Closes the innermost part. False: it was the message itself.
static bool pop(struct mime *m)
{
	return --m->depth > 0;
}

static bool header_line(struct app_run *run, struct mime *m, struct app_bytes line)
{
	if (!line.len) {
		m->status = MIME_HEADER_DONE;
		if (!mime_fields_done(run, m))
			return false;
		return !mime_is_message(m) || push(m, true);
	}
	if (mime_field_begin(run, m, line)) {
		m->status = MIME_HEADER_STARTED;
	} else if (m->status == MIME_HEADER_STARTED) {
		mime_field_more(run, m, line);
	} else { // no fields at all
		m->status = MIME_BODY_STARTED;
		mime_body_line(run, m, line, 2);
	}
	return true;
}

// The level whose boundary is looked for: the innermost that has one. Behind an end boundary, those around it.
static const struct mime_level *boundary_level(const struct mime *m)
{
	uint32_t i = m->depth - 1u;

	if (m->status == MIME_BODY_END_BOUND && i-- == 0)
		return NULL;
	while (!m->level[i].has_boundary)
		if (i-- == 0)
			return NULL;
	return &m->level[i];
}

// "--" and the boundary; whatever is behind it. Returns 0 when the line is none, else its length without the rest.
static uint32_t boundary_len(const struct mime *m, struct app_bytes line)
{
	const struct mime_level *l = line.len >= 2 && line.at[0] == '-' && line.at[1] == '-' ? boundary_level(m) : NULL;

	if (!l || line.len - 2 < l->boundary.len)
		return 0;
	struct app_bytes b = mime_bytes(m, l->boundary);
	return !b.len || !memcmp(line.at + 2, b.at, b.len) ? 2 + b.len : 0;
}

// RFC 2046 5.1.1: one part ends, another may begin. False: there is no part left to be in.
static bool boundary(struct app_run *run, struct mime *m, struct app_bytes behind)
{
	struct mime_level *top = &m->level[m->depth - 1];

	if (m->status != MIME_BODY_END_BOUND)
		mime_body_end(run, m);
	if (top->encapsulated && !top->has_boundary) {
		if (m->depth < 2)
			return false;
		if (!top[-1].has_boundary)
			pop(m);
	}
	if (behind.len >= 2 && behind.at[0] == '-' && behind.at[1] == '-') {
		if (!pop(m))
			return false;
		top = &m->level[m->depth - 1];
		if (top->encapsulated && top->has_boundary && !pop(m))
			return false;
		m->status = MIME_BODY_END_BOUND;
		return true;
	}
	if (!m->child && !pop(m))
		return false;
	m->child = false;
	return push(m, false);
}

static bool body_line(struct app_run *run, struct mime *m, struct app_bytes line, uint8_t eol, bool again)
{
	uint32_t len = again ? 0 : boundary_len(m, line);

	if (len)
		return boundary(run, m, (struct app_bytes){line.at + len, line.len - len});
	if (line.len || again || m->status != MIME_BODY_END_BOUND) {
		m->status = MIME_BODY_STARTED;
		mime_body_line(run, m, line, eol);
	}
	return true;
}

static void fail(struct mime *m)
{
	m->status = MIME_PARSE_ERROR;
	mime_note(m, MIME_PARSE_FAILED);
}

void mime_line(struct app_run *run, struct mime *m, struct app_bytes line, uint8_t eol, bool again)
{
	if (m->status == MIME_PARSE_ERROR)
		return;
	if (line.len > MIME_LINE_MAX)
		mime_note(m, MIME_LONG_LINE);
	if (mime_in_header(m) ? !header_line(run, m, line) : !body_line(run, m, line, eol, again))
		fail(m);
}

void mime_end(struct app_run *run, struct mime *m)
{
	if (m->status == MIME_PARSE_ERROR)
		return;
	if (mime_in_header(m) && !mime_fields_done(run, m)) {
		fail(m);
		return;
	}
	if (m->status != MIME_BODY_END_BOUND)
		mime_body_end(run, m);
	if (m->level[m->depth - 1].encapsulated)
		pop(m);
	if (m->depth > 1)
		mime_note(m, MIME_MALFORMED_MSG);
	m->status = MIME_PARSE_DONE;
}
