// Start lines: the request line (RFC 9112 3) and the status line (RFC 9112 4), as servers and browsers take them: any
// white space between the parts, anything in them. Next: http1_field.c.
#include <string.h>

#include "dataplane/parsers/http1.h"

// What is left of a line, part by part.
struct rest {
	const uint8_t *line;
	uint32_t at, len;
};

static void skip_space(struct rest *p)
{
	while (p->at < p->len && http1_is_space(p->line[p->at]))
		p->at++;
}

static struct http1_span take_word(struct rest *p)
{
	struct http1_span word = {p->at, 0};

	while (p->at < p->len && !http1_is_space(p->line[p->at]))
		p->at++;
	word.len = p->at - word.at;
	return word;
}

enum http1_method http1_method(struct app_bytes token)
{
	static const struct {
		const char *name;
		enum http1_method method;
	} methods[] = {
		{"GET", HTTP1_M_GET},
		{"POST", HTTP1_M_POST},
		{"HEAD", HTTP1_M_HEAD},
		{"PUT", HTTP1_M_PUT},
		{"CONNECT", HTTP1_M_CONNECT},
		{"OPTIONS", HTTP1_M_KNOWN},
		{"DELETE", HTTP1_M_KNOWN},
		{"TRACE", HTTP1_M_KNOWN},
		{"PATCH", HTTP1_M_KNOWN},
		{"PROPFIND", HTTP1_M_KNOWN},
		{"PROPPATCH", HTTP1_M_KNOWN},
		{"MKCOL", HTTP1_M_KNOWN},
		{"COPY", HTTP1_M_KNOWN},
		{"MOVE", HTTP1_M_KNOWN},
		{"LOCK", HTTP1_M_KNOWN},
		{"UNLOCK", HTTP1_M_KNOWN},
		{"VERSION-CONTROL", HTTP1_M_KNOWN},
		{"CHECKOUT", HTTP1_M_KNOWN},
		{"UNCHECKOUT", HTTP1_M_KNOWN},
		{"CHECKIN", HTTP1_M_KNOWN},
		{"UPDATE", HTTP1_M_KNOWN},
		{"LABEL", HTTP1_M_KNOWN},
		{"REPORT", HTTP1_M_KNOWN},
		{"MKWORKSPACE", HTTP1_M_KNOWN},
		{"MKACTIVITY", HTTP1_M_KNOWN},
		{"BASELINE-CONTROL", HTTP1_M_KNOWN},
		{"MERGE", HTTP1_M_KNOWN},
		{"INVALID", HTTP1_M_KNOWN},
	};

	for (size_t i = 0; token.len && i < sizeof(methods) / sizeof(*methods); i++)
		if (*methods[i].name == (char)*token.at && strlen(methods[i].name) == token.len &&
			!memcmp(methods[i].name, token.at, token.len))
			return methods[i].method;
	return HTTP1_M_OTHER;
}

// "HTTP/1.1" as 11; 0: anything but HTTP/0.9, HTTP/1.0 and HTTP/1.1.
static uint8_t version(struct app_bytes b)
{
	if (b.len != 8 || memcmp(b.at, "HTTP/", 5) != 0 || b.at[6] != '.')
		return 0;
	if (b.at[5] == '0')
		return b.at[7] == '9' ? 9 : 0;
	return b.at[5] == '1' && (b.at[7] == '0' || b.at[7] == '1') ? (uint8_t)(10 + b.at[7] - '0') : 0;
}

static void take_line(struct http1_run *r, struct app_bytes line)
{
	struct http1_message *m = http1_message(r);

	m->start.len = 0;
	r->no_memory |= !app_text_room(r->run, &m->start, line.len + 2 > r->ahead ? line.len + 2 : r->ahead);
	http1_add(r, &m->start, line.at, line.len);
	http1_add(r, &m->start, "\r\n", 2);
	m->line_len = line.len;
}

void http1_request_line(struct http1_run *r, struct app_bytes line)
{
	struct http1_message *m = http1_message(r);
	struct http1_tx *tx = http1_side(r)->tx;
	struct rest p = {line.at, 0, line.len};

	take_line(r, line);
	if (r->no_memory)
		return;
	if (line.len && http1_is_space(line.at[0]))
		http1_note(r, HTTP1_E_LEADING_SPACE);
	skip_space(&p);
	m->method = take_word(&p);
	m->has_method = true;
	tx->method = http1_method(http1_bytes(&m->start, m->method));
	bool odd = false;
	for (; p.at < p.len && http1_is_space(line.at[p.at]); p.at++)
		odd |= line.at[p.at] != ' ';
	if (odd)
		http1_note(r, HTTP1_E_METHOD_DELIM);
	if (p.at == p.len)
		return;
	// Up to a blank; up to any white space where there is none.
	m->target = take_word(&p);
	if (p.at < p.len && line.at[p.at] != ' ') {
		http1_note(r, HTTP1_E_URI_DELIM);
		const uint8_t *blank = memchr(line.at + p.at, ' ', p.len - p.at);
		if (blank)
			p.at = (uint32_t)(blank - line.at);
		m->target.len = p.at - m->target.at;
	}
	m->has_target = true;
	skip_space(&p);
	if (p.at == p.len)
		return;
	m->protocol = (struct http1_span){p.at, p.len - p.at};
	m->has_protocol = true;
	m->version = version(http1_bytes(&m->start, m->protocol));
}

bool http1_is_status(struct app_bytes line)
{
	while (line.len && (http1_is_space(*line.at) || *line.at == 0))
		line.at++, line.len--;
	return http1_begins(line, "http");
}

// The number that digits at the front of a word make; 0: none, or too many. whole: there is nothing else.
static uint32_t status_number(struct app_bytes b, bool *whole)
{
	uint32_t n = 0, i = 0;

	while (i < b.len && i < 9 && b.at[i] >= '0' && b.at[i] <= '9')
		n = n * 10 + b.at[i++] - '0';
	*whole = i == b.len;
	return n;
}

void http1_status_line(struct http1_run *r, struct app_bytes line)
{
	struct http1_message *m = http1_message(r);
	struct http1_tx *tx = http1_side(r)->tx;
	struct rest p = {line.at, 0, line.len};

	take_line(r, line);
	if (r->no_memory)
		return;
	m->has_method = m->has_target = false;
	skip_space(&p);
	m->protocol = take_word(&p);
	m->has_protocol = true;
	m->version = version(http1_bytes(&m->start, m->protocol));
	if (!m->version)
		http1_note(r, HTTP1_E_RESPONSE_PROTOCOL);
	skip_space(&p);
	tx->status = 0;
	bool sound = false;
	if (p.at < p.len) {
		m->method = take_word(&p);
		m->has_method = true;
		tx->status = status_number(http1_bytes(&m->start, m->method), &sound);
		sound = sound && tx->status >= 100 && tx->status <= 999;
	}
	if (!sound)
		http1_note(r, HTTP1_E_RESPONSE_STATUS);
	skip_space(&p);
	if (p.at == p.len)
		return;
	m->target = (struct http1_span){p.at, p.len - p.at};
	m->has_target = true;
}
