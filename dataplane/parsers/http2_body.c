// Bodies: DATA is kept, and its content codings undone, as bodies of HTTP/1 are. See http2.h. Next: http2_upgrade.c.
#include "dataplane/parsers/http2.h"

// An HTTP/1 run whose only message is this stream's.
static struct http1_run as_http1(struct http2_run *r, struct http2_tx *tx, struct http1_state *st)
{
	*st = (struct http1_state){0};
	st->side[r->dir].tx = tx->body;
	return (struct http1_run){.run = r->run,
		.session = r->session,
		.state = st,
		.limits = app_limits(r->run),
		.dir = r->dir,
		.owner = &tx->tx};
}

static void begin(struct http1_run *h, const struct http2_message *m)
{
	struct http1_message *body = &http1_side(h)->tx->msg[h->dir];
	struct app_bytes coding = http2_value(m, HTTP2_F_CONTENT_ENCODING);

	body->body_begun = true;
	if (coding.at)
		body->layers = http1_layers_new(h, coding);
}

void http2_body(struct http2_run *r, struct http2_tx *tx, const uint8_t *bytes, uint32_t len)
{
	struct http1_state st;

	if (tx->tx.progress[r->dir] == HTTP2_COMPLETE)
		return;
	if (!tx->body && !(tx->body = app_alloc(r->run, sizeof(*tx->body))))
		return;
	struct http1_run h = as_http1(r, tx, &st);
	if (!tx->body->msg[r->dir].body_begun)
		begin(&h, &tx->msg[r->dir]);
	http2_reach(r, tx, HTTP2_BODY);
	http1_body(&h, bytes, len);
	tx->body->msg[r->dir].body_full |= h.no_memory; // other streams go on
	if (tx->body->tx.event_count)                   // what HTTP/1 has a word for is one event here
		http2_note(r, tx, HTTP2_E_DECOMPRESSION);
}

void http2_body_end(struct http2_run *r, struct http2_tx *tx)
{
	struct http1_state st;

	if (!tx->body)
		return;
	struct http1_run h = as_http1(r, tx, &st);
	http1_body_end(&h);
}
