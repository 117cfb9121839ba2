// HTTP/2 (RFC 9113): the frames of both directions. DATA is taken as it comes, of all else a frame is waited for; field
// blocks are put together over CONTINUATION. See http2.h. Next: http2_stream.c.
#include "dataplane/parsers/http2.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_LEN (sizeof(PREFACE) - 1)
#define SETTING_LEN 6u

void http2_add(struct http2_run *r, struct app_text *t, const void *bytes, uint32_t len)
{
	if (len && !app_text_add(r->run, t, bytes, len, APP_ALLOC_MAX))
		r->no_memory = true;
}

static bool opens(uint8_t type)
{
	return type == HTTP2_HEADERS_FRAME || type == HTTP2_CONTINUATION || type == HTTP2_PUSH_PROMISE;
}

// What a server says before its answer is shown with it: a promise, an interim response (RFC 9113 8.1).
static bool is_message(const struct http2_run *r, const struct http2_tx *tx)
{
	const struct http2_message *m = &tx->msg[r->dir];
	uint32_t n = http2_field_count(m);

	if (r->dir == DIR_TO_SERVER)
		return true;
	while (n-- > 0) {
		const struct http2_field *f = http2_field(m, n);
		struct app_bytes name = http1_bytes(&m->text, f->name);
		if (http1_equals(name, ":status"))
			return f->value.len && m->text.at[f->value.at] != '1';
	}
	return false;
}

static void block_done(struct http2_run *r, struct http2_side *side)
{
	struct http2_tx *tx = http2_stream(r, side->block_stream, true);

	http2_block(r, tx, side->block.at, side->block.len);
	side->block_stream = 0;
	side->block.len = 0;
	if (tx && is_message(r, tx))
		http2_reach(r, tx, HTTP2_HEADERS);
	if (tx && side->block_flags & HTTP2_END_STREAM)
		http2_end(r, tx, false);
}

// A part of a field block.
static void fragment(struct http2_run *r, struct http2_tx *tx, const struct http2_frame *f, struct cursor c)
{
	struct http2_side *side = http2_side(r);
	uint32_t len = (uint32_t)cursor_left(&c);

	if (side->block_stream != f->stream || f->type != HTTP2_CONTINUATION) {
		side->block.len = 0;
		side->block_stream = f->stream;
		side->block_flags = f->flags;
	}
	if (side->lost)
		return;
	if (side->block.len + len > HTTP2_BLOCK_MAX) {
		http2_note(r, tx, HTTP2_E_REASSEMBLY_LIMIT);
		side->lost = true;
		app_text_free(r->run, &side->block);
		return;
	}
	http2_add(r, &side->block, c.at, len);
	if (f->flags & HTTP2_END_HEADERS && !r->no_memory)
		block_done(r, side);
}

// RFC 9113 6.1: how much padding is at the end. False: more than there is.
static bool unpad(const struct http2_frame *f, struct cursor *c)
{
	uint8_t pad;

	if (!(f->flags & HTTP2_PADDED))
		return true;
	if (!cursor_u8(c, &pad))
		return false;
	cursor_limit(c, cursor_left(c) > pad ? cursor_left(c) - pad : cursor_left(c));
	return true;
}

static void headers(struct http2_run *r, struct http2_tx *tx, const struct http2_frame *f, struct cursor c)
{
	const uint8_t *priority;

	if (!unpad(f, &c)) {
		http2_note(r, tx, HTTP2_E_FRAME_DATA);
		return;
	}
	if (f->flags & HTTP2_WITH_PRIORITY) {
		if (!(priority = cursor_take(&c, 5))) {
			http2_note(r, tx, HTTP2_E_FRAME_DATA);
			return;
		}
		if (tx)
			http2_number(&tx->msg[r->dir].priorities, priority[4]);
	}
	fragment(r, tx, f, c);
}

// RFC 9113 6.6: the fields are those of the stream that is promised.
static void push_promise(struct http2_run *r, const struct http2_frame *f, struct cursor c)
{
	struct http2_frame promised = *f;
	struct http2_tx *tx;

	if (!unpad(f, &c) || !cursor_be32(&c, &promised.stream)) {
		http2_note(r, http2_stream(r, f->stream, false), HTTP2_E_FRAME_DATA);
		return;
	}
	promised.stream &= INT32_MAX;
	promised.flags &= HTTP2_END_HEADERS;
	tx = http2_stream(r, promised.stream, true);
	if (tx) {
		http2_saw(r, tx, f->type);
		tx->over |= (uint8_t)(1u << !r->dir); // nobody asks for it
	}
	fragment(r, tx, &promised, c);
}

void http2_settings(struct http2_run *r, struct http2_tx *tx, const uint8_t *at, uint32_t len)
{
	struct http2_message *m = &tx->msg[r->dir];

	m->has_settings = true;
	app_text_add(r->run, &m->settings, at, len, HTTP2_SETTINGS_MAX);
}

// What frames of a fixed form say. `len`: of those that have one. False: it is another.
static bool fixed_frame(struct http2_run *r, struct http2_tx *tx, const struct http2_frame *f, struct cursor c)
{
	struct http2_message *m = &tx->msg[r->dir];
	uint32_t v;

	switch ((enum http2_type)f->type) {
	case HTTP2_PRIORITY:
		if (f->len != 5)
			return false;
		http2_number(&m->priorities, c.at[4]);
		return true;
	case HTTP2_RST_STREAM:
	case HTTP2_WINDOW_UPDATE:
		if (f->len != 4 || !cursor_be32(&c, &v))
			return false;
		http2_number(f->type == HTTP2_RST_STREAM ? &m->errors : &m->windows,
			f->type == HTTP2_RST_STREAM ? v : v & INT32_MAX);
		return true;
	case HTTP2_GOAWAY: // Suricata takes what comes first, the last stream, for the error; rules are written for
			   // that
		if (cursor_be32(&c, &v)) {
			m->error_goaway |= !m->errors.count;
			http2_number(&m->errors, v);
		}
		return true;
	case HTTP2_SETTINGS:
		http2_settings(r, tx, c.at, f->len - f->len % SETTING_LEN);
		return true;
	default:
		return true;
	}
}

// A frame that is there; of one that is too long, its header.
static void take_frame(struct http2_run *r, const struct http2_frame *f, struct cursor c)
{
	struct http2_tx *tx;

	if (f->type == HTTP2_PUSH_PROMISE && f->len <= HTTP2_FRAME_MAX) {
		push_promise(r, f, c);
		return;
	}
	if (!f->len && !opens(f->type))
		return;
	tx = http2_stream(r, f->stream, opens(f->type));
	if (tx)
		http2_saw(r, tx, f->type);
	if (f->len > HTTP2_FRAME_MAX) {
		http2_note(r, tx, HTTP2_E_LONG_FRAME);
		http2_side(r)->lost |= opens(f->type);
	} else if (f->type == HTTP2_HEADERS_FRAME)
		headers(r, tx, f, c);
	else if (f->type == HTTP2_CONTINUATION)
		fragment(r, tx, f, c);
	else if (tx && !fixed_frame(r, tx, f, c))
		http2_note(r, tx, HTTP2_E_FRAME_LENGTH);
	if (tx && (!f->stream || f->type == HTTP2_RST_STREAM))
		http2_end(r, tx, true);
}

// DATA begins: its padding's length, then bytes as they come.
static bool begin_data(struct http2_run *r, const struct http2_frame *f, struct cursor *c)
{
	struct http2_side *side = http2_side(r);
	struct http2_tx *tx;
	uint8_t pad = 0;

	if (f->flags & HTTP2_PADDED && f->len) {
		if (cursor_left(c) < HTTP2_FRAME_HEADER + 1)
			return false;
		pad = c->at[HTTP2_FRAME_HEADER];
	}
	cursor_skip(c, HTTP2_FRAME_HEADER + (f->flags & HTTP2_PADDED && f->len ? 1 : 0));
	http2_linger_over(r);
	tx = http2_stream(r, f->stream, false);
	side->data_left = f->len - (f->flags & HTTP2_PADDED && f->len ? 1 : 0);
	side->pad_left = pad < side->data_left ? pad : 0;
	side->data_stream = f->stream;
	side->data_end = f->flags & HTTP2_END_STREAM;
	if (tx && f->len)
		http2_saw(r, tx, HTTP2_DATA);
	return true;
}

static void take_data(struct http2_run *r, struct cursor *c)
{
	struct http2_side *side = http2_side(r);
	struct http2_tx *tx = side->data_stream ? http2_stream(r, side->data_stream, false) : NULL;
	uint32_t left = (uint32_t)cursor_left(c), n = side->data_left < left ? side->data_left : left;
	uint32_t body = side->data_left - side->pad_left < n ? side->data_left - side->pad_left : n;

	if (tx && body)
		http2_body(r, tx, c->at, body);
	cursor_skip(c, n);
	side->data_left -= n;
	side->pad_left = side->pad_left < side->data_left ? side->pad_left : side->data_left;
	if (!side->data_left && tx && side->data_end)
		http2_end(r, tx, false);
}

// The frame at the front. False: it is not whole.
static bool next_frame(struct http2_run *r, struct cursor *c)
{
	struct http2_side *side = http2_side(r);
	const uint8_t *h = cursor_peek(c, HTTP2_FRAME_HEADER);

	if (!h)
		return false;
	struct http2_frame f = {
		.len = load_be24(h), .type = h[3], .flags = h[4], .stream = load_be32(h + 5) & INT32_MAX};
	if (f.type == HTTP2_DATA && f.stream) {
		if (!begin_data(r, &f, c))
			return false;
		take_data(r, c);
		return true;
	}
	uint32_t want = f.len > HTTP2_FRAME_MAX ? 0 : f.len; // what is too long is passed over
	if (cursor_left(c) < HTTP2_FRAME_HEADER + want)
		return false;
	cursor_skip(c, HTTP2_FRAME_HEADER);
	http2_linger_over(r);
	take_frame(r, &f, cursor_of(c->at, want));
	cursor_skip(c, want);
	side->data_left = f.len - want;
	side->pad_left = side->data_stream = 0;
	side->data_end = false;
	return true;
}

// The client's first bytes (RFC 9113 3.4). What is none is read as frames. False: it is not whole.
static bool take_preface(struct http2_run *r, struct cursor *c, bool last)
{
	size_t left = cursor_left(c), n = left < PREFACE_LEN ? left : PREFACE_LEN;

	if (r->dir == DIR_TO_SERVER && n && memcmp(c->at, PREFACE, n) == 0) {
		if (n < PREFACE_LEN && !last)
			return false;
		cursor_skip(c, n);
	}
	http2_side(r)->preface = true;
	return true;
}

static enum parse_answer parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct http2_run r = {.run = run, .session = s, .state = state, .dir = in->dir};
	struct http2_side *side = http2_side(&r);
	struct cursor c = cursor_of(in->data, in->len);

	if (in->gap > side->data_left)
		return PARSE_DONE; // where the next frame begins is not known
	side->data_left -= in->gap;
	if (!r.state->begun)
		http2_upgrade(&r);
	r.state->begun = true;
	if (in->len && !side->preface && !take_preface(&r, &c, in->last))
		return PARSE_OK;
	while (cursor_left(&c) && !r.no_memory) {
		if (side->data_left)
			take_data(&r, &c);
		else if (!next_frame(&r, &c))
			break;
	}
	in->used = in->len - (uint32_t)cursor_left(&c);
	return r.no_memory ? PARSE_STOP : PARSE_OK;
}

static void free_state(struct app_run *run, void *state)
{
	struct http2_state *st = state;

	for (uint8_t dir = 0; dir < 2; dir++) {
		hpack_free(run, &st->side[dir].table);
		app_text_free(run, &st->side[dir].block);
	}
}

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	if (dir == DIR_TO_SERVER)
		return PROBE_NO; // the preface is a pattern
	if (len < HTTP2_FRAME_HEADER)
		return PROBE_MORE;
	return data[3] == HTTP2_SETTINGS && !(data[5] & 0x80) ? PROBE_YES : PROBE_NO;
}

static const struct parser_pattern patterns[] = {{"PRI * HTTP/2.0\r\n", 16, 0, 16, DIR_TO_SERVER, true}, {0}};

static const char *const events[] = {
#define NAME(id, name) [HTTP2_E_##id] = name,
	HTTP2_EVENT_LIST(NAME)
#undef NAME
		NULL,
};

const struct parser parser_http2 = {
	.name = "http",
	.proto = APP_HTTP2,
	.over = OVER_TCP,
	.patterns = patterns,
	.tcp_ports = "80",
	.probe = probe,
	.state_size = sizeof(struct http2_state),
	.tx_size = sizeof(struct http2_tx),
	.complete = {HTTP2_COMPLETE, HTTP2_COMPLETE},
	.parse = parse,
	.free_tx = http2_free_tx,
	.free_state = free_state,
	.buffers = http2_buffers,
	.fields = http2_fields,
	.events = events,
	.log = http2_log,
	.log_tx_id = true,
	.file_dirs = 1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT,
};
