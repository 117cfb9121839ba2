// liblzma in memory of the flow. A header may ask for a dictionary of 4 GiB; here it gets 64 KiB, and a body that
// reaches further back is given up where it does. Next: http1_uri.c.
#include <lzma.h>

#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"
#include "dataplane/parsers/http1_lzma.h"

#define DICTIONARY_MAX 65536u

struct http1_lzma {
	lzma_stream s;
	lzma_allocator memory;
	uint8_t header[HTTP1_LZMA_HEADER];
};

static void *take(void *run, size_t items, size_t size)
{
	return items * size <= APP_ALLOC_MAX ? app_alloc(run, (uint32_t)(items * size)) : NULL;
}

static void give(void *run, void *mem)
{
	app_free(run, mem);
}

struct http1_lzma *http1_lzma_new(struct app_run *run)
{
	struct http1_lzma *l = app_alloc(run, sizeof(*l));

	if (!l)
		return NULL;
	l->memory = (lzma_allocator){take, give, run};
	l->s.allocator = &l->memory;
	if (lzma_alone_decoder(&l->s, UINT64_MAX) == LZMA_OK)
		return l;
	http1_lzma_free(run, l);
	return NULL;
}

const uint8_t *http1_lzma_begin(struct http1_lzma *l, const uint8_t *header)
{
	memcpy(l->header, header, sizeof(l->header));
	if (load_le32(header + 1) > DICTIONARY_MAX) {
		l->header[1] = l->header[2] = l->header[4] = 0;
		l->header[3] = DICTIONARY_MAX >> 16;
	}
	return l->header;
}

int http1_lzma_decode(struct app_run *run, struct http1_lzma *l, z_stream *io)
{
	l->memory.opaque = run;
	l->s.next_in = io->next_in;
	l->s.avail_in = io->avail_in;
	l->s.next_out = io->next_out;
	l->s.avail_out = io->avail_out;
	lzma_ret rc = lzma_code(&l->s, LZMA_RUN);
	io->total_out += io->avail_out - l->s.avail_out;
	io->next_in = (Bytef *)(uintptr_t)l->s.next_in;
	io->avail_in = (uInt)l->s.avail_in;
	io->next_out = l->s.next_out;
	io->avail_out = (uInt)l->s.avail_out;
	if (rc == LZMA_OK || rc == LZMA_BUF_ERROR)
		return Z_OK;
	return rc == LZMA_STREAM_END ? Z_STREAM_END : rc == LZMA_MEM_ERROR ? Z_MEM_ERROR : Z_DATA_ERROR;
}

void http1_lzma_free(struct app_run *run, struct http1_lzma *l)
{
	if (!l)
		return;
	l->memory.opaque = run;
	lzma_end(&l->s);
	app_free(run, l);
}
