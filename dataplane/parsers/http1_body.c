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

static struct app_text *part(struct http1_message *m, uint32_t i)
{
	return i ? &m->more[i - 1] : &m->body;
}

void http1_body_store(struct http1_run *r, const uint8_t *bytes, uint32_t len)
{
	struct http1_message *m = http1_message(r);
	uint64_t limit = r->dir == DIR_TO_SERVER ? r->limits->http_request_body : r->limits->http_response_body;
	const uint8_t *from = bytes;

	for (uint32_t i = 0; i < HTTP1_BODY_PARTS && len && !m->body_full && !r->no_memory; i++) {
		struct app_text *t = part(m, i);
		uint64_t before = (uint64_t)i * HTTP1_TEXT_MAX;
		uint64_t most = limit && limit - before < HTTP1_TEXT_MAX ? limit - before : HTTP1_TEXT_MAX;
		uint32_t n = most - t->len < len ? (uint32_t)most - t->len : len;
		http1_add(r, t, bytes, n);
		bytes += n;
		len -= n;
		m->body_full = len && (before + t->len == limit || i + 1 == HTTP1_BODY_PARTS);
	}
	http1_file_body(r, from, (uint32_t)(bytes - from), len > 0);
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
	http1_file_end(r);
}
