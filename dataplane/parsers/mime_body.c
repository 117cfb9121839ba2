// Bodies of parts: transfer encodings undone (RFC 2045 6), bytes of files kept, URLs found in the rest. See mime.h.
// Next: mime_log.c.
#include "dataplane/parsers/mime.h"

#include "dataplane/api/base64.h"

#define SCHEME "http://"
#define SCHEME_LEN 7u

static struct mime_level *top(struct mime *m)
{
	return &m->level[m->depth - 1];
}

static void url_end(struct app_run *run, struct mime *m)
{
	struct mime_body *b = &m->body;
	struct mime_url url = {b->url, top(m)->id, top(m)->parent};
	const struct mime_url *seen = (const struct mime_url *)(const void *)m->urls.at;
	uint32_t count = m->urls.len / (uint32_t)sizeof(url), before = m->urls.len;
	bool keep = url.text.len > 0 && count < MIME_URLS_MAX;

	b->scheme = 0;
	for (uint32_t i = 0; keep && i < count; i++)
		keep = seen[i].id != url.id || seen[i].text.len != url.text.len ||
		       memcmp(m->text.at + seen[i].text.at, m->text.at + url.text.at, url.text.len) != 0;
	if (keep && !app_text_add(run, &m->urls, (const uint8_t *)&url, sizeof(url), UINT32_MAX))
		m->urls.len = before;
	if (!keep || m->urls.len == before)
		m->text.len = url.text.at;
	b->url.len = 0;
}

static bool ends_url(uint8_t c)
{
	return c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == ']';
}

// URLs are those that begin with http://, without that and in lower case.
static void find_urls(struct app_run *run, struct mime *m, const uint8_t *at, uint32_t len)
{
	struct mime_body *b = &m->body;

	for (const uint8_t *end = at + len; at < end; at++) {
		uint8_t c = text_lower(*at);
		if (b->scheme < SCHEME_LEN) {
			b->scheme = c == (uint8_t)SCHEME[b->scheme] ? b->scheme + 1 : c == SCHEME[0];
			b->url = (struct mime_span){m->text.len, 0};
		} else if (ends_url(c)) {
			url_end(run, m);
		} else if (b->url.len < MIME_URL_MAX) {
			app_text_add(run, &m->text, &c, 1, MIME_TEXT_MAX);
			b->url.len = m->text.len - b->url.at;
		}
	}
}

static struct mime_file *open_file(struct app_run *run, struct mime *m)
{
	struct mime_file *f = top(m)->file ? mime_file_at(m, top(m)->file - 1u) : NULL;

	if (f && !f->begun)
		f->file = app_file_open(run, m->tx, DIR_TO_SERVER, mime_bytes(m, f->name));
	if (f)
		f->begun = true;
	return f;
}

// Bytes of the body with its encoding undone.
static void emit(struct app_run *run, struct mime *m, const uint8_t *at, uint32_t len)
{
	struct mime_file *f = open_file(run, m);

	if (!f) {
		find_urls(run, m, at, len);
		return;
	}
	app_file_add(run, f->file, at, len);
	app_text_add(run, &f->data, at, len, MIME_FILE_MAX);
}

static void emit_eol(struct app_run *run, struct mime *m, uint8_t eol)
{
	if (eol)
		emit(run, m, (const uint8_t *)"\r\n" + 2 - eol, eol);
}

// The bytes of a group; what it lacks is padding. Returns how many.
static uint32_t base64_group(struct mime_body *b, uint8_t out[3])
{
	uint32_t bits, pad = b->pad + 4u - b->group_len;

	for (bits = b->group; b->group_len < 4; b->group_len++)
		bits <<= 6;
	out[0] = (uint8_t)(bits >> 16);
	out[1] = (uint8_t)(bits >> 8);
	out[2] = (uint8_t)bits;
	b->group = b->group_len = b->pad = 0;
	return pad < 3 ? 3 - pad : 0;
}

static void base64_line(struct app_run *run, struct mime *m, struct app_bytes line)
{
	struct mime_body *b = &m->body;
	uint8_t out[768];
	uint32_t n = 0;

	for (uint32_t i = 0; i < line.len; i++) {
		int v = base64_digit(line.at[i]);
		bool pads = line.at[i] == '='; // counts as 0
		if (v < 0 && !pads)
			continue; // passed over (RFC 2045 6.8)
		b->group = b->group << 6 | (pads ? 0 : (uint32_t)v);
		b->pad += pads;
		if (++b->group_len == 4)
			n += base64_group(b, out + n);
		if (n > sizeof(out) - 3) {
			emit(run, m, out, n);
			n = 0;
		}
	}
	emit(run, m, out, n);
}

// 0..15, as RFC 2045 6.7 has them; -1: no such digit.
static int qp_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// One character more. Returns how many bytes it has made, at most 2; an escape that is none stands for itself, without
// its "=".
static uint32_t qp_char(struct mime *m, uint8_t c, uint8_t *out)
{
	struct mime_body *b = &m->body;
	uint32_t n = 0;

	if (b->escape_len == 2 && qp_digit(c) >= 0) {
		out[0] = (uint8_t)(qp_digit(b->digit) << 4 | qp_digit(c));
		b->escape_len = 0;
		return 1;
	}
	if (b->escape_len == 1 && qp_digit(c) >= 0) {
		b->digit = c;
		b->escape_len = 2;
		return 0;
	}
	if (b->escape_len)
		mime_note(m, MIME_INVALID_QP);
	if (b->escape_len == 2)
		out[n++] = b->digit;
	b->escape_len = c == '=';
	if (c != '=')
		out[n++] = c;
	return n;
}

static void qp_line(struct app_run *run, struct mime *m, struct app_bytes line, uint8_t eol)
{
	struct mime_body *b = &m->body;
	uint8_t out[256];
	uint32_t n = 0;

	for (uint32_t i = 0; i < line.len; i++) {
		n += qp_char(m, line.at[i], out + n);
		if (n > sizeof(out) - 2) {
			emit(run, m, out, n);
			n = 0;
		}
	}
	bool soft = b->escape_len == 1; // a line break that is none
	if (eol && b->escape_len == 2) {
		mime_note(m, MIME_INVALID_QP);
		out[n++] = b->digit;
	}
	if (eol)
		b->escape_len = 0;
	emit(run, m, out, n);
	if (eol && !soft)
		emit_eol(run, m, 2);
}

void mime_body_line(struct app_run *run, struct mime *m, struct app_bytes line, uint8_t eol)
{
	struct mime_body *b = &m->body;
	uint8_t coding = top(m)->coding;

	b->begun = true;
	if (coding != MIME_PLAIN && line.len > MIME_CODED_LINE_MAX)
		mime_note(m, MIME_LONG_ENC_LINE);
	if (coding == MIME_BASE64) {
		base64_line(run, m, line);
	} else if (coding == MIME_QP) {
		qp_line(run, m, line, eol);
	} else { // the last line's end belongs to the boundary behind it
		emit_eol(run, m, b->eol);
		emit(run, m, line.at, line.len);
		b->eol = eol;
	}
}

void mime_body_end(struct app_run *run, struct mime *m)
{
	struct mime_body *b = &m->body;
	struct mime_file *f = open_file(run, m);
	uint8_t out[3];

	if (b->group_len)
		emit(run, m, out, base64_group(b, out));
	if (b->scheme == SCHEME_LEN)
		url_end(run, m);
	if (f) {
		f->whole = true;
		app_file_close(run, f->file, true);
	}
	*b = (struct mime_body){0};
}
