// Sessions, transactions and what parsers call. Next: app_layer.c.
#include "dataplane/app_session.h"

#include <string.h>

#include "dataplane/api/app_file.h"

void app_limits_default(struct app_limits *l)
{
	*l = (struct app_limits){.http_request_body = 102400,
		.http_response_body = 102400,
		.http_decompress_layers = 2,
		.http_bomb = 1 << 20,
		.tls_ja3 = true,
		.tls_ja4 = true,
		.max_tx = 512};
}

void app_run_init(struct app_run *run, struct app_pool *pool, uint32_t flow_memory)
{
	memset(run, 0, sizeof(*run));
	run->pool = pool;
	run->flow_memory = flow_memory;
	app_limits_default(&run->limits);
}

const struct app_limits *app_limits(const struct app_run *run)
{
	return &run->limits;
}

static void *lend(struct app_run *run, uint32_t bytes, uint32_t block)
{
	struct app_session *s = run->session;

	if (s && s->memory + block > run->flow_memory) {
		run->refused.flow_memory++;
		return NULL;
	}
	void *mem = app_pool_take(run->pool, bytes);
	if (s && mem)
		s->memory += block;
	return mem;
}

void *app_alloc(struct app_run *run, uint32_t bytes)
{
	void *mem = lend(run, bytes, app_pool_block(bytes));

	return mem ? memset(mem, 0, bytes) : NULL;
}

void app_free(struct app_run *run, void *mem)
{
	uint32_t block = mem ? app_pool_give(run->pool, mem) : 0;

	if (run->session)
		run->session->memory -= block;
}

bool app_text_room(struct app_run *run, struct app_text *t, uint32_t more)
{
	if (more <= t->cap - t->len)
		return true;
	uint32_t cap = more <= APP_ALLOC_MAX ? app_pool_block(t->len + more) : 0;
	uint8_t *at = cap ? lend(run, cap, cap) : NULL;
	if (!at)
		return false;
	if (t->len)
		memcpy(at, t->at, t->len);
	app_free(run, t->at);
	t->at = at;
	t->cap = cap;
	return true;
}

bool app_text_add(struct app_run *run, struct app_text *t, const uint8_t *bytes, uint32_t len, uint32_t max)
{
	uint32_t room = max > t->len ? max - t->len : 0, take = len < room ? len : room;

	if (t->len + take > APP_ALLOC_MAX)
		take = APP_ALLOC_MAX - t->len;
	if (!app_text_room(run, t, take)) {
		take = t->cap - t->len; // what still fits stays true to "the front is kept"
		if (!take)
			return false;
		memcpy(t->at + t->len, bytes, take);
		t->len = t->cap;
		return false;
	}
	if (take)
		memcpy(t->at + t->len, bytes, take);
	t->len += take;
	return take == len;
}

void app_text_free(struct app_run *run, struct app_text *t)
{
	app_free(run, t->at);
	*t = (struct app_text){0};
}

struct app_tx *app_tx_new(struct app_run *run, struct app_session *s)
{
	if (s->open >= run->limits.max_tx) {
		run->refused.max_tx++;
		return NULL;
	}
	struct app_tx *tx = app_alloc(run, s->parser->tx_size);
	if (!tx)
		return NULL;
	tx->id = s->next_tx++;
	if (s->last)
		s->last->next = tx;
	else
		s->first = tx;
	s->last = tx;
	s->open++;
	run->tx[s->parser->proto][s->over]++;
	return tx;
}

struct app_tx *app_tx_message(struct app_run *run, struct app_session *s, uint8_t dir)
{
	struct app_tx *tx = app_tx_new(run, s);

	if (tx) {
		tx->dirs = (uint8_t)(1u << dir);
		tx->progress[dir] = s->parser->complete[dir];
	}
	return tx;
}

struct app_tx *app_tx_first(const struct app_session *s)
{
	return s->first;
}

bool app_tx_over(const struct parser *parser, const struct app_tx *tx)
{
	for (uint8_t d = 0; d < 2 && !tx->stopped; d++)
		if (tx->dirs & 1u << d && tx->progress[d] < parser->complete[d])
			return false;
	return true;
}

void app_tx_take_out(struct app_session *s, struct app_tx *before, struct app_tx *tx)
{
	if (before)
		before->next = tx->next;
	else
		s->first = tx->next;
	if (s->last == tx)
		s->last = before;
	s->open--;
}

void app_tx_free(struct app_run *run, struct app_session *s, struct app_tx *tx)
{
	run->session = s;
	if (s->parser->free_tx)
		s->parser->free_tx(run, tx);
	if (tx->files)
		app_files_free(run, tx);
	app_free(run, tx);
}

void app_tx_end(struct app_run *run, struct app_session *s, struct app_tx *before, struct app_tx *tx)
{
	app_tx_take_out(s, before, tx);
	app_tx_free(run, s, tx);
}

void app_event(struct app_run *run, struct app_session *s, struct app_tx *tx, uint8_t index)
{
	if (!tx) {
		s->flow_events |= 1ull << (index & 63);
		return;
	}
	for (uint32_t i = 0; i < tx->event_count && i < sizeof(tx->events); i++)
		if (tx->events[i] == index + 1)
			return;
	if (tx->event_count < sizeof(tx->events))
		tx->events[tx->event_count] = (uint8_t)(index + 1);
	if (tx->event_count < UINT8_MAX)
		tx->event_count++;
}

bool app_switch(struct app_run *run, struct app_session *s, enum app_proto expect)
{
	if (s->flags & SESSION_CHANGING)
		return false;
	s->flags |= SESSION_SWITCH;
	s->switch_to = (uint16_t)expect;
	return true;
}

void app_switch_port(struct app_session *s, uint16_t port)
{
	s->switch_port = port;
}

void app_hand_over(struct app_run *run, struct app_session *s, const uint8_t *bytes, uint32_t len, uint32_t max)
{
	app_text_free(run, &s->handed_over);
	app_text_add(run, &s->handed_over, bytes, len, max);
}

struct app_bytes app_handed_over(const struct app_session *s)
{
	return (struct app_bytes){s->handed_over.at, s->handed_over.len};
}

void app_inspect_raw(struct app_session *s, uint8_t dir)
{
	struct app_raw *r = &s->raw[s->flags & SESSION_REVERSED ? !dir : dir];

	r->now = true;
	if (!s->parser->ends_raw)
		return;
	r->last = s->input_end;
	if (!r->first)
		r->first = r->last;
}

void app_expect(struct app_run *run, struct app_session *s, const union ip_addr *server, uint16_t port,
	enum app_proto proto, struct app_bytes note)
{
	struct app_expected *e = &run->expected[run->expect_at++ % APP_EXPECT_MAX];
	bool first = memcmp(server, &s->addr[0], sizeof(*server)) == 0;

	if (e->until_ns > run->now_ns)
		run->refused.expectations++;
	e->until_ns = run->now_ns + APP_EXPECT_NS;
	e->port = port;
	e->proto = (uint16_t)proto;
	e->addr[0] = s->addr[first ? 1 : 0];
	e->addr[1] = *server;
	e->note_len = (uint16_t)(note.len < APP_NOTE_MAX ? note.len : APP_NOTE_MAX);
	if (e->note_len)
		memcpy(e->note, note.at, e->note_len);
	if (e->until_ns > run->expect_end_ns)
		run->expect_end_ns = e->until_ns;
}

struct app_bytes app_note(const struct app_session *s)
{
	return (struct app_bytes){s->note.at, s->note.len};
}

const union ip_addr *app_address(const struct app_session *s, uint8_t dir)
{
	return &s->addr[dir == DIR_TO_SERVER ? 0 : 1];
}

struct app_session *app_session_new(struct app_run *run)
{
	run->session = NULL;
	return app_alloc(run, sizeof(struct app_session));
}

bool app_session_start(struct app_run *run, struct app_session *s, const struct parser *parser)
{
	run->session = s;
	if (parser->state_size) {
		s->state = app_alloc(run, parser->state_size);
		if (!s->state)
			return false;
	}
	s->parser = parser;
	return true;
}

static void stop(struct app_run *run, struct app_session *s)
{
	s->flags |= SESSION_STOPPED;
	s->done = 3;
	run->parser_stops[s->parser->proto]++;
	for (struct app_tx *tx = s->first; tx; tx = tx->next)
		tx->stopped = true;
}

enum parse_answer app_session_parse(struct app_run *run, struct app_session *s, struct app_input *in)
{
	enum parse_answer answer;

	in->used = in->len;
	if (s->done & 1u << in->dir)
		return PARSE_DONE;
	run->session = s;
	run->now_ns = in->ts_ns;
	s->over = in->over == OVER_UDP ? APP_UDP : APP_TCP;
	in->used = 0;
	answer = s->parser->parse(run, s, s->state, in);
	if (in->used > in->len || answer != PARSE_OK)
		in->used = in->len;
	if (answer == PARSE_DONE)
		s->done |= (uint8_t)(1u << in->dir);
	if (answer == PARSE_STOP)
		stop(run, s);
	return answer;
}

void app_session_reset(struct app_run *run, struct app_session *s)
{
	run->session = s;
	while (s->first)
		app_tx_end(run, s, NULL, s->first);
	if (s->parser && s->parser->free_state)
		s->parser->free_state(run, s->state);
	app_free(run, s->state);
	app_text_free(run, &s->note);
	app_frames_free(run, s);
	s->state = NULL;
	s->parser = NULL;
	s->next_tx = 0;
	s->flow_events = 0;
	s->done = 0;
	for (uint8_t d = 0; d < 2; d++)
		s->raw[d] = (struct app_raw){.looked = s->raw[d].looked};
	s->flags = 0;
}

void app_session_free(struct app_run *run, struct app_session *s)
{
	app_session_reset(run, s);
	app_text_free(run, &s->handed_over);
	app_text_free(run, &s->unread);
	run->session = NULL;
	app_free(run, s);
}
