// HTTP/1 (RFC 9112): requests and responses, one behind the other in each direction, read as their bytes come. A line
// is left unused until it is whole; bodies are taken as they are. What begins no message belongs to the one before.
// Next: http1_line.c.
#include <string.h>

#include "dataplane/parsers/http1.h"

#define AHEAD_MAX 1024u // most header sections are shorter

enum step {
	STEP_ON,
	STEP_WAIT, // for more bytes
	STEP_STOP,
};

void http1_note(struct http1_run *r, enum http1_event e)
{
	struct http1_tx *tx = http1_side(r)->tx;

	app_event(r->run, r->session, tx ? &tx->tx : NULL, (uint8_t)e);
}

enum { FRAME_REQUEST, FRAME_RESPONSE }; // in the order of frames

static void reach(struct http1_run *r, enum http1_progress progress)
{
	uint8_t *p = &http1_side(r)->tx->tx.progress[r->dir];

	if (*p < progress)
		*p = (uint8_t)progress;
}

static struct http1_tx *new_tx(struct http1_run *r)
{
	struct http1_tx *tx = (struct http1_tx *)(void *)app_tx_new(r->run, r->session);

	if (tx) {
		tx->tx.dirs = 1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT;
		tx->port = -1;
	} else {
		r->no_memory = true;
	}
	return tx;
}

// The message is over.
static void finish(struct http1_run *r)
{
	struct http1_side *side = http1_side(r);
	bool ask = r->dir == DIR_TO_SERVER && side->tx->method == HTTP1_M_CONNECT;

	http1_body_end(r);
	app_text_free(r->run, &side->folded);
	reach(r, HTTP1_COMPLETE);
	side->has_pending = side->stray = side->stray_line = false;
	side->tx = NULL;
	side->expect = ask ? EXPECT_ANSWER : EXPECT_LINE;
	app_inspect_raw(r->session, r->dir);
}

static void take_body(struct http1_run *r, struct cursor *c, uint64_t len)
{
	uint32_t n = (uint32_t)(len < cursor_left(c) ? len : cursor_left(c));

	http1_message(r)->length += n;
	http1_body(r, cursor_take(c, n), n);
}

// Length of the line at the front, with its end; 0: it is not whole. Requests end lines with LF. Of responses CR alone
// ends one as well, unless CR or LF follow, and LF CR does. `headers`: not the start line.
static uint32_t line_length(struct http1_run *r, const struct cursor *c, bool headers)
{
	struct http1_side *side = http1_side(r);
	uint32_t left = (uint32_t)cursor_left(c), from = side->scanned < left ? side->scanned : 0;
	const uint8_t *lf = left > from ? memchr(c->at + from, '\n', left - from) : NULL;
	uint32_t len = lf ? (uint32_t)(lf - c->at) + 1 : 0;

	if (r->dir == DIR_TO_SERVER) {
		side->scanned = len ? 0 : left;
		return len;
	}
	uint32_t end = len ? len - 1 : left;
	for (uint32_t i = from; i < end;) {
		const uint8_t *cr = memchr(c->at + i, '\r', end - i);
		if (!cr)
			break;
		i = (uint32_t)(cr - c->at) + 1;
		if (i == left)
			break;
		bool alone = cr[1] != '\n' && (!headers || (cr[1] != '\r' && i > 1));
		if (alone) {
			side->scanned = 0;
			return i;
		}
	}
	if (!len) {
		side->scanned = left ? left - 1 : 0;
		return 0;
	}
	// LF CR, where no CR was before; what is behind has to be known for it.
	if (headers && (len < 2 || c->at[len - 2] != '\r') && len > 1) {
		if (len == left && !r->last)
			return 0;
		if (len < left && c->at[len] == '\r')
			len++;
	}
	side->scanned = 0;
	return len;
}

static bool all_space(struct app_bytes b)
{
	for (uint32_t i = 0; i < b.len; i++)
		if (!http1_is_space(b.at[i]))
			return false;
	return true;
}

static enum step wait_line(struct http1_run *r, const struct cursor *c)
{
	if (cursor_left(c) <= HTTP1_FIELD_MAX)
		return STEP_WAIT;
	http1_note_dir(r, HTTP1_E_REQUEST_TOO_LONG);
	if (http1_side(r)->tx && http1_side(r)->expect == EXPECT_FIELDS) {
		http1_header_flush(r);
		http1_message(r)->broken = true;
		reach(r, HTTP1_HEADERS);
	}
	return STEP_STOP;
}

// A line, or at the end of the stream what there is of one. len 0: there is none.
static struct app_bytes take_line(struct http1_run *r, struct cursor *c, bool headers)
{
	uint32_t len = line_length(r, c, headers);

	if (!len && r->last)
		len = (uint32_t)cursor_left(c);
	if (len > HTTP1_FIELD_MAX)
		len = 0;
	return (struct app_bytes){cursor_take(c, len), len};
}

static enum step request_line(struct http1_run *r, struct cursor *c)
{
	struct http1_side *side = http1_side(r);
	struct app_bytes line = take_line(r, c, false);

	if (!line.len)
		return wait_line(r, c);
	bool whole = line.at[line.len - 1] == '\n';
	line = http1_chomp(line);
	if (!line.len)
		return STEP_ON;
	side->tx = new_tx(r);
	if (!side->tx)
		return STEP_STOP;
	side->tx->seen_request = true;
	http1_request_line(r, line);
	if (http1_message(r)->has_target)
		http1_uri(r);
	reach(r, HTTP1_LINE);
	side->expect = EXPECT_FIELDS;
	// HTTP/0.9 has nothing behind; what follows at once is a request whose version was forgotten.
	if (!http1_message(r)->has_protocol && all_space((struct app_bytes){c->at, (uint32_t)cursor_left(c)})) {
		side->tx->old = true;
		side->expect = EXPECT_END;
	}
	if (!whole)
		finish(r);
	return STEP_ON;
}

static struct http1_tx *awaited(struct http1_run *r)
{
	for (struct app_tx *tx = app_tx_first(r->session); tx; tx = tx->next)
		if (tx->progress[DIR_TO_CLIENT] < HTTP1_COMPLETE)
			return (struct http1_tx *)(void *)tx;
	struct http1_tx *tx = new_tx(r);
	if (tx) {
		tx->tx.progress[DIR_TO_SERVER] = HTTP1_COMPLETE;
		http1_side(r)->tx = tx;
		http1_note(r, HTTP1_E_NO_REQUEST);
	}
	return tx;
}

// A line that is no status line is body, because browsers show it; but not the last one before a status line.
static enum step stray_line(struct http1_run *r, struct cursor *c, struct app_bytes line)
{
	if (cursor_left(c) && *c->at == 'H')
		return STEP_ON;
	if (http1_side(r)->tx->method == HTTP1_M_CONNECT) {
		http1_side(r)->expect = EXPECT_NOTHING;
		return STEP_ON;
	}
	http1_message(r)->length += line.len;
	http1_body(r, line.at, line.len);
	if (!cursor_left(c))
		http1_side(r)->expect = EXPECT_CLOSE;
	return STEP_ON;
}

static enum step response_line(struct http1_run *r, struct cursor *c)
{
	struct http1_side *side = http1_side(r);

	if (!cursor_left(c))
		return STEP_WAIT;
	if (!side->tx)
		side->tx = awaited(r);
	if (!side->tx)
		return STEP_STOP;
	if (side->tx->old) {
		side->expect = EXPECT_CLOSE;
		return STEP_ON;
	}
	struct app_bytes line = take_line(r, c, false);
	if (!line.len)
		return wait_line(r, c);
	if (all_space(line))
		return STEP_ON;
	if (!http1_is_status(line))
		return stray_line(r, c, line);
	struct http1_message *m = http1_message(r);
	if (m->raw.len) // behind a 100 (Continue)
		http1_add(r, &m->raw, line.at, line.len);
	http1_status_line(r, http1_chomp(line));
	if (side->tx->status != 100) // which may not be the response yet
		reach(r, HTTP1_LINE);
	side->expect = EXPECT_FIELDS;
	return STEP_ON;
}

// 100 (Continue): the response is still to come.
static void forget_continue(struct http1_run *r)
{
	struct http1_message *m = http1_message(r);

	if (http1_side(r)->tx->seen_continue)
		http1_note(r, HTTP1_E_CONTINUE_TWICE);
	http1_side(r)->tx->seen_continue = true;
	m->start.len = m->fields.len = m->names.len = 0;
	m->field_count = 0;
	m->has_fields = false;
	m->seen = 0;
	memset(m->known, 0, sizeof(m->known));
	http1_side(r)->expect = EXPECT_LINE;
}

static void note_authorization(struct http1_run *r)
{
	struct app_bytes how = http1_value(http1_message(r), HTTP1_F_AUTHORIZATION);

	if (how.at && !http1_begins(how, "basic") && !http1_begins(how, "digest") && !http1_begins(how, "bearer"))
		http1_note(r, HTTP1_E_AUTH);
}

static enum step expect_body(struct http1_run *r, enum http1_expect next)
{
	http1_side(r)->expect = next;
	http1_message(r)->broken = next == EXPECT_NOTHING;
	return next == EXPECT_NOTHING ? STEP_STOP : STEP_ON;
}

static enum step request_fields_done(struct http1_run *r)
{
	enum http1_expect next = http1_request_framing(r);

	http1_host(r);
	note_authorization(r);
	reach(r, HTTP1_HEADERS);
	return expect_body(r, next);
}

// Both directions are something else from here on. asked: for a protocol that Suricata goes over to as well.
static enum step leave(struct http1_run *r, enum app_proto proto, bool asked)
{
	bool changed = app_switch(r->run, r->session, proto);

	if (asked && !changed)
		http1_note(r, HTTP1_E_PROTOCOL_CHANGE);
	finish(r);
	r->state->side[DIR_TO_SERVER].expect = r->state->side[DIR_TO_CLIENT].expect = EXPECT_NOTHING;
	return changed ? STEP_WAIT : STEP_ON; // what is behind the response in these bytes is the other's
}

static enum step response_fields_done(struct http1_run *r)
{
	struct http1_tx *tx = http1_side(r)->tx;
	struct http1_message *m = http1_message(r);
	bool framed = m->known[HTTP1_F_CONTENT_LENGTH] || m->known[HTTP1_F_TRANSFER_ENCODING];
	bool connect = tx->seen_request && tx->method == HTTP1_M_CONNECT;

	if (tx->status == 100 && !framed) {
		forget_continue(r);
		return STEP_ON;
	}
	reach(r, HTTP1_HEADERS);
	struct app_bytes range = http1_value(m, HTTP1_F_CONTENT_RANGE);
	if (tx->status == 206 && range.at && !http1_begins(range, "bytes "))
		http1_note(r, HTTP1_E_RANGE);
	if (connect && tx->status >= 200 && tx->status < 300)
		return leave(r, APP_UNKNOWN, true);
	if (tx->status == 101 && !framed && http1_begins(http1_value(m, HTTP1_F_UPGRADE), "h2c")) {
		const struct app_text *request = &tx->msg[DIR_TO_SERVER].start;
		app_hand_over(r->run, r->session, request->at, request->len, HTTP1_TEXT_MAX);
		return leave(r, APP_HTTP2, true);
	}
	if (tx->status == 101 && !framed)
		return leave(r, APP_UNKNOWN, false);
	if (connect && r->state->side[DIR_TO_SERVER].expect == EXPECT_ANSWER)
		r->state->side[DIR_TO_SERVER].expect = EXPECT_LINE;
	return expect_body(r, http1_response_framing(r));
}

// The stream ends within the fields: those that are whole count as all, unless a part of one more is there.
static enum step cut_short(struct http1_run *r, struct cursor *c)
{
	struct http1_message *m = http1_message(r);
	size_t left = cursor_left(c);

	http1_header_flush(r);
	if (m->has_fields || (!left && m->field_count))
		http1_headers_done(r);
	m->length += left;
	c->at = c->end;
	finish(r);
	return STEP_WAIT;
}

static enum step fields(struct http1_run *r, struct cursor *c)
{
	bool trailer = http1_side(r)->expect == EXPECT_TRAILER;

	if (http1_plain_fields(r, c) < 0)
		return STEP_STOP;
	uint32_t len = line_length(r, c, true);

	if (!len && r->last)
		return cut_short(r, c);
	if (!len || len > HTTP1_FIELD_MAX)
		return wait_line(r, c);
	// A blank line ends the section or not by what is behind it.
	if (len == cursor_left(c) && len == 2 && http1_is_blank(c->at[0]) && !r->last)
		return STEP_WAIT;
	struct app_bytes line = {cursor_take(c, len), len};
	int rc = http1_header_line(r, line, cursor_left(c) ? *c->at : -1);
	if (rc <= 0)
		return rc < 0 ? STEP_STOP : STEP_ON;
	http1_headers_done(r);
	if (r->no_memory)
		return STEP_STOP;
	if (trailer) {
		http1_side(r)->expect = EXPECT_END;
		return STEP_ON;
	}
	return r->dir == DIR_TO_SERVER ? request_fields_done(r) : response_fields_done(r);
}

// What stands where the size of a chunk should is no size: a response goes on without chunks.
static enum step no_chunk(struct http1_run *r)
{
	http1_note_dir(r, HTTP1_E_REQUEST_CHUNK_LEN);
	if (r->dir == DIR_TO_SERVER)
		return STEP_STOP;
	http1_side(r)->expect = EXPECT_CLOSE;
	return STEP_ON;
}

// False as soon as bytes begin like no size of a chunk.
static bool may_be_size(struct app_bytes b)
{
	while (b.len && http1_is_space(*b.at))
		b.at++, b.len--;
	return !b.len || http1_hex(*b.at) >= 0;
}

static void begin_trailer(struct http1_run *r)
{
	struct http1_message *m = http1_message(r);

	if (m->field_count)
		m->start.len -= 2; // the empty line comes behind the trailer
	reach(r, HTTP1_TRAILER);
	http1_side(r)->expect = EXPECT_TRAILER;
}

static enum step chunk_size(struct http1_run *r, struct cursor *c)
{
	struct http1_message *m = http1_message(r);
	struct app_bytes all = {c->at, (uint32_t)cursor_left(c)};
	const uint8_t *lf = all.len ? memchr(all.at, '\n', all.len) : NULL;

	if (r->dir == DIR_TO_CLIENT && !may_be_size(all)) {
		m->length++; // as Suricata counts the byte that gave it away
		return no_chunk(r);
	}
	if (!lf && all.len <= HTTP1_FIELD_MAX && !r->last)
		return STEP_WAIT;
	if (!lf) {
		http1_side(r)->expect = EXPECT_CLOSE;
		return STEP_ON;
	}
	all.len = (uint32_t)(lf - all.at) + 1;
	m->length += all.len;
	int64_t size = http1_chunk_size(r, all);
	if (size == -1)
		return no_chunk(r);
	cursor_skip(c, all.len);
	if (size == 0)
		begin_trailer(r);
	if (size <= 0)
		return STEP_ON;
	http1_side(r)->left = (uint64_t)size;
	http1_side(r)->expect = EXPECT_CHUNK;
	return STEP_ON;
}

static enum step counted_body(struct http1_run *r, struct cursor *c)
{
	struct http1_side *side = http1_side(r);
	uint64_t before = cursor_left(c);

	if (!before)
		return STEP_WAIT;
	take_body(r, c, side->left);
	side->left -= before - cursor_left(c);
	if (!side->left)
		side->expect = side->expect == EXPECT_CHUNK ? EXPECT_CHUNK_END : EXPECT_END;
	return STEP_ON;
}

static enum step chunk_end(struct http1_run *r, struct cursor *c)
{
	const uint8_t *lf = cursor_left(c) ? memchr(c->at, '\n', cursor_left(c)) : NULL;
	size_t len = lf ? (size_t)(lf - c->at) + 1 : cursor_left(c);

	http1_message(r)->length += len;
	cursor_skip(c, len);
	if (!lf)
		return STEP_WAIT;
	http1_side(r)->expect = EXPECT_CHUNK_SIZE;
	return STEP_ON;
}

// Behind a request: bytes that begin no other one are taken for body.
static enum step behind_request(struct http1_run *r, struct cursor *c)
{
	uint32_t left = (uint32_t)cursor_left(c);
	const uint8_t *lf = memchr(c->at, '\n', left);
	struct app_bytes line = {c->at, lf ? (uint32_t)(lf - c->at) + 1 : left};
	struct app_bytes word = line;

	while (word.len && http1_is_space(*word.at))
		word.at++, word.len--;
	uint32_t len = 0;
	while (len < word.len && !http1_is_space(word.at[len]))
		len++;
	bool more = len == word.len && !lf; // of the word, perhaps
	word.len = len;
	if (!more && word.len && http1_method(word) != HTTP1_M_OTHER) {
		finish(r);
		return STEP_ON;
	}
	if (!lf && !r->last && left <= HTTP1_FIELD_MAX)
		return STEP_WAIT;
	if (word.len && lf)
		http1_note(r, HTTP1_E_BODY_UNEXPECTED);
	take_body(r, c, line.len);
	return STEP_ON;
}

// Whether "HTTP" may still come of these few bytes.
static bool may_be_status(struct app_bytes b)
{
	static const char name[] = "http";
	uint32_t i = 0;

	while (i < b.len && i < 4 && text_lower(b.at[i]) == (uint8_t)name[i])
		i++;
	return i == b.len;
}

static enum step behind_response(struct http1_run *r, struct cursor *c)
{
	struct http1_side *side = http1_side(r);
	uint32_t left = (uint32_t)cursor_left(c);
	const uint8_t *lf = memchr(c->at, '\n', left);
	struct app_bytes line = {c->at, lf ? (uint32_t)(lf - c->at) + 1 : left};

	if (!side->stray_line && http1_is_status(line)) {
		finish(r);
		return STEP_ON;
	}
	if (!side->stray_line && !r->last && may_be_status(line))
		return STEP_WAIT;
	side->stray = true;
	side->stray_line = !lf;
	take_body(r, c, line.len);
	return STEP_ON;
}

static enum step message_end(struct http1_run *r, struct cursor *c)
{
	if (cursor_left(c))
		return r->dir == DIR_TO_SERVER ? behind_request(r, c) : behind_response(r, c);
	if (!http1_side(r)->stray || r->last)
		finish(r);
	return STEP_WAIT;
}

// After lost bytes: up to a line that begins like a message.
static enum step sync(struct http1_run *r, struct cursor *c)
{
	while (cursor_left(c)) {
		const uint8_t *lf = memchr(c->at, '\n', cursor_left(c));
		if (!lf) {
			c->at = c->end;
			return STEP_WAIT;
		}
		struct app_bytes rest = {lf + 1, (uint32_t)(c->end - lf) - 1};
		uint32_t len = 0;
		while (len < rest.len && !http1_is_space(rest.at[len]))
			len++;
		if (len == rest.len && len < 16) // the word may go on
			return STEP_WAIT;
		c->at = rest.at;
		bool begins = r->dir == DIR_TO_CLIENT ? http1_begins(rest, "http/1.")
						      : http1_method((struct app_bytes){rest.at, len}) != HTTP1_M_OTHER;
		if (begins) {
			http1_side(r)->expect = EXPECT_LINE;
			return STEP_ON;
		}
	}
	return STEP_WAIT;
}

static enum step step(struct http1_run *r, struct cursor *c)
{
	switch ((enum http1_expect)http1_side(r)->expect) {
	case EXPECT_LINE:
		if (!cursor_left(c))
			return STEP_WAIT;
		return r->dir == DIR_TO_SERVER ? request_line(r, c) : response_line(r, c);
	case EXPECT_FIELDS:
	case EXPECT_TRAILER:
		return fields(r, c);
	case EXPECT_LENGTH:
	case EXPECT_CHUNK:
		return counted_body(r, c);
	case EXPECT_CHUNK_SIZE:
		return cursor_left(c) ? chunk_size(r, c) : STEP_WAIT;
	case EXPECT_CHUNK_END:
		return chunk_end(r, c);
	case EXPECT_CLOSE:
		take_body(r, c, cursor_left(c));
		if (r->last)
			finish(r);
		return STEP_WAIT;
	case EXPECT_END:
		return message_end(r, c);
	case EXPECT_SYNC:
		return sync(r, c);
	case EXPECT_ANSWER:
		return STEP_WAIT;
	case EXPECT_NOTHING:
		c->at = c->end;
	}
	return STEP_WAIT;
}

// `gap` bytes are missing: of a body whose length is known they are just not seen, else the message ends here.
static void lose(struct http1_run *r, uint64_t gap)
{
	struct http1_side *side = http1_side(r);

	side->scanned = 0;
	if (side->expect == EXPECT_CLOSE || side->expect == EXPECT_NOTHING)
		return;
	if ((side->expect == EXPECT_LENGTH || side->expect == EXPECT_CHUNK) && gap <= side->left)
		http1_message(r)->length += gap; // they were sent all the same
	if (side->tx)
		app_file_gap(http1_message(r)->file, gap);
	if ((side->expect == EXPECT_LENGTH || side->expect == EXPECT_CHUNK) && gap < side->left) {
		side->left -= gap;
		return;
	}
	bool even = side->expect == EXPECT_LENGTH && gap == side->left;
	if (side->tx)
		finish(r);
	side->expect = even ? EXPECT_LINE : EXPECT_SYNC;
}

// A message that has begun with the line at `from`, or ended at `to`, is a frame. before: the transaction up to then.
static void tell_frame(struct http1_run *r, const struct app_input *in, const struct http1_tx *before,
	const uint8_t *from, const uint8_t *to)
{
	uint8_t type = r->dir == DIR_TO_SERVER ? FRAME_REQUEST : FRAME_RESPONSE;

	if (before)
		app_frame_end(r->run, r->session, in, type, to);
	else
		app_frame(r->run, r->session, in, type, from, FRAME_OPEN);
}

static enum parse_answer parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct http1_run r = {.run = run,
		.session = s,
		.state = state,
		.limits = app_limits(run),
		.dir = in->dir,
		.last = in->last,
		.ahead = in->len < AHEAD_MAX ? in->len : AHEAD_MAX};
	struct cursor c = cursor_of(in->data, in->len);
	enum step now = STEP_ON;

	if (in->gap)
		lose(&r, in->gap);
	while (now == STEP_ON && !r.no_memory) {
		const struct http1_tx *tx = http1_side(&r)->tx;
		const uint8_t *at = c.at;
		now = step(&r, &c);
		if (tx != http1_side(&r)->tx)
			tell_frame(&r, in, tx, at, c.at);
	}
	in->used = in->len - (uint32_t)cursor_left(&c);
	return now == STEP_STOP || r.no_memory ? PARSE_STOP : PARSE_OK;
}

void http1_free_tx(struct app_run *run, struct app_tx *base)
{
	struct http1_tx *tx = (struct http1_tx *)(void *)base;

	for (int dir = 0; dir < 2; dir++) {
		struct http1_message *m = &tx->msg[dir];
		app_text_free(run, &m->start);
		app_text_free(run, &m->raw);
		app_text_free(run, &m->header);
		app_text_free(run, &m->names);
		app_text_free(run, &m->fields);
		app_text_free(run, &m->body);
		for (uint32_t i = 0; i < HTTP1_BODY_PARTS - 1; i++)
			app_text_free(run, &m->more[i]);
		http1_layers_free(run, m->layers);
	}
	app_text_free(run, &tx->uri);
	app_text_free(run, &tx->host);
	app_text_free(run, &tx->files);
}

static void free_state(struct app_run *run, void *state)
{
	struct http1_state *h = state;

	app_text_free(run, &h->side[0].folded);
	app_text_free(run, &h->side[1].folded);
}

// clang-format off
#define METHOD(name) \
	{name " ", sizeof(name), 0, sizeof(name), DIR_TO_SERVER, true}, \
	{name "\t", sizeof(name), 0, sizeof(name), DIR_TO_SERVER, true}
#define VERSION(text) {text, sizeof(text) - 1, 0, sizeof(text) - 1, DIR_TO_CLIENT, false}

static const struct parser_pattern patterns[] = {
	METHOD("GET"), METHOD("PUT"), METHOD("POST"), METHOD("HEAD"), METHOD("TRACE"), METHOD("OPTIONS"),
	METHOD("CONNECT"), METHOD("DELETE"), METHOD("PATCH"), METHOD("PROPFIND"), METHOD("PROPPATCH"), METHOD("MKCOL"),
	METHOD("COPY"), METHOD("MOVE"), METHOD("LOCK"), METHOD("UNLOCK"), METHOD("CHECKOUT"), METHOD("UNCHECKOUT"),
	METHOD("CHECKIN"), METHOD("UPDATE"), METHOD("LABEL"), METHOD("REPORT"), METHOD("MKWORKSPACE"),
	METHOD("MKACTIVITY"), METHOD("MERGE"), METHOD("INVALID"), METHOD("VERSION-CONTROL"),
	METHOD("BASELINE-CONTROL"),
	VERSION("HTTP/0.9"), VERSION("HTTP/1.0"), VERSION("HTTP/1.1"),
	{0},
};

static const char *const frames[] = {"request", "response", NULL};

const struct parser parser_http1 = {
	.name = "http",
	.proto = APP_HTTP1,
	.over = OVER_TCP,
	.patterns = patterns,
	.state_size = sizeof(struct http1_state),
	.tx_size = sizeof(struct http1_tx),
	.complete = {HTTP1_COMPLETE, HTTP1_COMPLETE},
	.ends_raw = true,
	.parse = parse,
	.free_tx = http1_free_tx,
	.free_state = free_state,
	.buffers = http1_buffers,
	.events = http1_events,
	.frames = frames,
	.log = http1_log,
	.file_dirs = 1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT,
};
