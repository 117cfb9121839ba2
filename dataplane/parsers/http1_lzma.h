// LZMA as a content coding (the ".lzma" format of 13 bytes of header): off unless the configuration asks for it.
// Private to http1_decompress.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <zlib.h>

struct app_run;
struct http1_lzma;

#define HTTP1_LZMA_HEADER 13u

// NULL: no memory.
struct http1_lzma *http1_lzma_new(struct app_run *run);
// Begins with a header; what is read first then are the bytes it gives, as long as a header.
const uint8_t *http1_lzma_begin(struct http1_lzma *l, const uint8_t *header);
// As inflate(): works on next_in, avail_in, next_out, avail_out and total_out of `io`, and answers like it.
int http1_lzma_decode(struct app_run *run, struct http1_lzma *l, z_stream *io);
void http1_lzma_free(struct app_run *run, struct http1_lzma *l); // accepts NULL
