// Streams and the connection as transactions: found, made, ended. See http2.h. Next: http2_headers.c.
#include "dataplane/parsers/http2.h"

static struct http2_tx **slot_of(struct http2_state *st, uint32_t stream)
{
	return &st->slot[(stream >> 1) % HTTP2_STREAM_SLOTS];
}

static void forget(struct http2_tx *tx)
{
	struct http2_tx **at = slot_of(tx->of, tx->stream);

	while (*at && *at != tx)
		at = &(*at)->same;
	if (*at)
		*at = tx->same;
}

// No room: the oldest stream is given up, so that streams that come later are seen.
static struct http2_tx *too_many(struct http2_run *r)
{
	struct app_tx *tx = app_tx_first(r->session);

	while (tx && tx->stopped)
		tx = tx->next;
	if (tx) {
		app_event(r->run, r->session, tx, HTTP2_E_TOO_MANY_STREAMS);
		tx->stopped = true;
	}
	return NULL;
}

static struct http2_tx *make(struct http2_run *r, uint32_t stream)
{
	struct http2_tx *tx = (struct http2_tx *)(void *)app_tx_new(r->run, r->session);

	if (!tx)
		return too_many(r);
	tx->tx.dirs = 1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT;
	tx->stream = stream;
	tx->of = r->state;
	if (stream) {
		tx->same = *slot_of(r->state, stream);
		*slot_of(r->state, stream) = tx;
	}
	return tx;
}

static struct http2_tx *find(struct http2_state *st, uint32_t stream)
{
	struct http2_tx *tx = *slot_of(st, stream);

	while (tx && tx->stream != stream)
		tx = tx->same;
	return tx;
}

struct http2_tx *http2_stream(struct http2_run *r, uint32_t stream, bool opens)
{
	struct http2_tx *tx = stream ? find(r->state, stream) : NULL;
	uint32_t *top = &r->state->top[stream & 1];
	bool again = stream && stream <= *top;

	if (tx && !(opens && tx->over >> r->dir & 1))
		return tx;
	// What comes late for a stream that is over says nothing; a message begins another one.
	if (again && !opens)
		return NULL;
	tx = make(r, stream);
	if (tx && again)
		http2_note(r, tx, HTTP2_E_STREAM_REUSE);
	if (opens && stream > *top)
		*top = stream;
	return tx;
}

void http2_saw(struct http2_run *r, struct http2_tx *tx, uint8_t type)
{
	struct http2_message *m = &tx->msg[r->dir];

	if (m->kind_count < HTTP2_KINDS_MAX && !(m->kind_count && memchr(m->kinds, type, m->kind_count)))
		m->kinds[m->kind_count++] = type;
}

void http2_number(struct http2_numbers *n, uint32_t value)
{
	n->at[n->count % HTTP2_NUMBERS_MAX] = value;
	if (++n->count == 0) // all places are taken
		n->count = HTTP2_NUMBERS_MAX;
}

void http2_reach(struct http2_run *r, struct http2_tx *tx, enum http2_progress progress)
{
	uint8_t *at = &tx->tx.progress[r->dir];

	if (*at < progress)
		*at = (uint8_t)progress;
}

// Waits until something comes the other way, so that rules of that direction are asked as well; a flood does not pile
// up.
static void linger(struct http2_run *r, struct http2_tx *tx)
{
	if (r->state->lingering == HTTP2_LINGER_MAX) {
		tx->tx.progress[!r->dir] = HTTP2_COMPLETE;
		return;
	}
	tx->lingers = true;
	r->state->lingering++;
}

void http2_end(struct http2_run *r, struct http2_tx *tx, bool both)
{
	uint8_t other = tx->tx.progress[!r->dir];

	http2_body_end(r, tx);
	app_inspect_raw(r->session, r->dir);
	tx->over |= (uint8_t)(both ? 3 : 1u << r->dir);
	if (tx->over != 3) {
		// Without a body all there is has been shown, and a reset or a window may follow.
		http2_reach(r, tx, tx->tx.progress[r->dir] == HTTP2_BODY ? HTTP2_COMPLETE : HTTP2_HEADERS);
		return;
	}
	http2_reach(r, tx, HTTP2_COMPLETE);
	if (other < HTTP2_COMPLETE && !tx->lingers)
		linger(r, tx);
}

void http2_linger_over(struct http2_run *r)
{
	for (struct app_tx *at = app_tx_first(r->session); at && r->state->lingering; at = at->next) {
		struct http2_tx *tx = (struct http2_tx *)(void *)at;
		if (!tx->lingers || at->progress[r->dir] == HTTP2_COMPLETE)
			continue;
		http2_body_end(r, tx);
		at->progress[r->dir] = HTTP2_COMPLETE;
		if (tx->stream)
			forget(tx); // frames that come later find nothing, whatever they came with
		tx->lingers = false;
		r->state->lingering--;
	}
}

void http2_free_tx(struct app_run *run, struct app_tx *base)
{
	struct http2_tx *tx = (struct http2_tx *)(void *)base;

	tx->of->lingering -= tx->lingers;
	if (tx->stream)
		forget(tx);
	for (uint8_t dir = 0; dir < 2; dir++) {
		app_text_free(run, &tx->msg[dir].text);
		app_text_free(run, &tx->msg[dir].fields);
		app_text_free(run, &tx->msg[dir].extra);
		app_text_free(run, &tx->msg[dir].settings);
	}
	if (tx->body)
		http1_free_tx(run, &tx->body->tx);
	app_free(run, tx->body);
}
