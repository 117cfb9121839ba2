// Bodies as rules see them: without framing and content codings, up to the limit of inspection. Next:
// http1_decompress.c.
#include "dataplane/parsers/http1.h"

void http1_body_begin(struct http1_run *r)
{
	struct http1_message *m = http1_message(r);

	m->body_begun = true;
	if (http1_side(r)->tx->tx.progress[r->dir] < HTTP1_BODY)
		http1_side(r)->tx->tx.progress[r->dir] = HTTP1_BODY;
	struct app_bytes coding = http1_value(m, HTTP1_F_CONTENT_ENCODING);
	if (coding.at)
		m->layers = http1_layers_new(r, coding);
	http1_files_begin(r);
}

void http1_body_store(struct http1_run *r, const uint8_t *bytes, uint32_t len)
{
	struct http1_message *m = http1_message(r);
	uint64_t limit = r->dir == DIR_TO_SERVER ? r->limits->http_request_body : r->limits->http_response_body;

	if (m->body_full || !len)
		return;
	if (limit == 0 || limit > HTTP1_TEXT_MAX)
		limit = HTTP1_TEXT_MAX;
	if (m->body.len + (uint64_t)len > limit) {
		len = (uint32_t)limit - m->body.len;
		m->body_full = true;
	}
	http1_add(r, &m->body, bytes, len);
	http1_files_more(r, false);
}

void http1_body(struct http1_run *r, const uint8_t *bytes, uint32_t len)
{
	struct http1_message *m = http1_message(r);

	if (!m->body_begun)
		http1_body_begin(r);
	if (m->body_full && m->layers) {
		http1_layers_free(r->run, m->layers);
		m->layers = NULL;
	} else if (m->layers) {
		http1_layers_feed(r, m->layers, bytes, len);
	} else {
		http1_body_store(r, bytes, len);
	}
}

void http1_body_end(struct http1_run *r)
{
	struct http1_message *m = http1_message(r);

	if (m->layers) {
		http1_layers_free(r->run, m->layers);
		m->layers = NULL;
	}
	if (m->body_begun)
		http1_files_more(r, true);
}
