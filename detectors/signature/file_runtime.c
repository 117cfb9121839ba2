// Tests of files: the nth file of a transaction's direction for which all of a rule's tests hold, and what libmagic
// says of one. libmagic asks for memory and takes milliseconds where a file is text, so it is asked only where a rule's
// other tests have held, once a file, about its first APP_FILE_HEAD_MAX bytes, and by a sensor that reads captures,
// whose clock waits; a live worker has no handle, and its rules with filemagic wait. Next: tx_state.c.
#include <magic.h>
#include <string.h>

#include "dataplane/api/app_file.h"
#include "detectors/signature/tx_runtime.h"

struct magic_set *file_magic_open(void)
{
	struct magic_set *magic = magic_open(MAGIC_NONE);
	if (magic && magic_load(magic, NULL)) {
		magic_close(magic);
		return NULL;
	}
	return magic;
}

void file_magic_close(struct magic_set *magic)
{
	if (magic)
		magic_close(magic);
}

const char *file_magic_ask(struct magic_set *magic, const uint8_t *bytes, uint32_t len)
{
	return magic_buffer(magic, bytes, len);
}

// What libmagic says of a file whose beginning is there. False: nothing, or not yet.
static bool magic_of(struct tx_run *r, struct app_file *f, struct app_bytes *out)
{
	bool ready = f->state != APP_FILE_OPEN || f->head.len == APP_FILE_HEAD_MAX;
	if (!f->magic_known && ready && f->head.len && r->w->magic) {
		const char *text = file_magic_ask(r->w->magic, f->head.at, f->head.len);
		f->magic_known = true;
		if (text)
			app_text_add(
				r->run, &f->magic, (const uint8_t *)text, (uint32_t)strlen(text), APP_FILE_MAGIC_MAX);
		r->w->stats.magic_asked++;
	}
	*out = (struct app_bytes){f->magic.at, f->magic.len};
	return f->magic.len > 0;
}

enum tx_answer ask_files(struct tx_run *r, const struct tx_source *s, const struct buffer_test *b)
{
	struct match_ctx *m = &r->w->ctx;
	struct app_bytes v;
	struct app_file *f;
	for (uint32_t nth = 0; nth < TX_VALUES_MAX && (f = app_file_at(r->tx, r->dir, nth)); nth++) {
		m->file = f;
		if (s->file == TX_FILE_MAGIC ? magic_of(r, f, &v) && verify_buffer(m, b, v.at, v.len)
					     : verify_chain(m, b->steps))
			return TX_YES;
	}
	return r->complete ? TX_NO : TX_LATER;
}
