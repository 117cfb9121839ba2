// The bytes of a capture: regular file, pipe, gzip or memory, in a sliding window. Next: capture.c.
//
// Regular files are read, not mapped: read() into a window that stays in the L2 cache costs what the page
// faults of a mapping cost (both 0.22 cycles a byte measured), and a file that shrinks while it is read ends
// instead of raising SIGBUS.
#include "dataplane/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

// One read: large enough to make the system call cheap, small enough to stay in cache. (From 128 KiB the
// kernel's copy goes past the cache: measured 1.0 cycles a byte against 0.22.)
#define READ_BYTES ((size_t)64 << 10)
#define PIPE_WAIT_MS 100

static enum bytes_state read_failed(struct capture_bytes *b, int err)
{
	if (err == EINTR || err == EAGAIN)
		return BYTES_AGAIN; // a signal: the caller looks whether it should go on
	snprintf(b->error, sizeof(b->error), "%s", strerror(err));
	return BYTES_ERROR;
}

// Reads stored bytes; *got is 0 at the end of the file.
static enum bytes_state read_raw(struct capture_bytes *b, uint8_t *to, size_t room, size_t *got)
{
	if (b->is_pipe) {
		struct pollfd ready = {.fd = b->fd, .events = POLLIN};
		int n = poll(&ready, 1, b->may_wait ? PIPE_WAIT_MS : 0);
		if (n <= 0)
			return n == 0 ? BYTES_AGAIN : read_failed(b, errno);
	}
	ssize_t n = read(b->fd, to, room < READ_BYTES ? room : READ_BYTES);
	if (n < 0)
		return read_failed(b, errno);
	*got = (size_t)n;
	b->raw_read += (size_t)n;
	return BYTES_OK;
}

// Decompresses into the window. A file of several gzip members is one capture.
static enum bytes_state read_zip(struct capture_bytes *b, uint8_t *to, size_t room, size_t *got)
{
	z_stream *z = b->zip;

	z->next_out = to;
	z->avail_out = (uInt)room;
	while (z->avail_out == room) {
		if (z->avail_in == 0) {
			size_t n = 0;
			enum bytes_state state = read_raw(b, b->zip_in, READ_BYTES, &n);
			if (state != BYTES_OK || n == 0)
				return state;
			z->next_in = b->zip_in;
			z->avail_in = (uInt)n;
		}
		int rc = inflate(z, Z_NO_FLUSH);
		if (rc == Z_STREAM_END)
			rc = inflateReset(z);
		if (rc != Z_OK && rc != Z_BUF_ERROR) {
			snprintf(b->error, sizeof(b->error), "damaged gzip data (%s)",
				z->msg ? z->msg : "inflate failed");
			return BYTES_ERROR;
		}
		*got = room - z->avail_out;
	}
	return BYTES_OK;
}

static void drop_skipped(struct capture_bytes *b)
{
	uint64_t here = (uint64_t)(b->end - b->pos);
	uint64_t n = b->skip < here ? b->skip : here;

	b->pos += n;
	b->skip -= n;
}

// Starts decompression when the first bytes say gzip (RFC 1952): those bytes become its input.
static int start_zip(struct capture_bytes *b)
{
	size_t n = (size_t)(b->end - b->pos);

	b->zip = calloc(1, sizeof(*b->zip));
	b->zip_in = malloc(READ_BYTES);
	if (!b->zip || !b->zip_in || inflateInit2(b->zip, 15 + 16) != Z_OK) {
		free(b->zip);
		b->zip = NULL;
		return -ENOMEM;
	}
	memcpy(b->zip_in, b->pos, n);
	b->zip->next_in = b->zip_in;
	b->zip->avail_in = (uInt)n;
	b->pos = b->end = b->window;
	b->offset = 0;
	return 0;
}

// One more read into the window, what is unconsumed moved to its front first.
static enum bytes_state read_more(struct capture_bytes *b)
{
	size_t kept = (size_t)(b->end - b->pos), got = 0;
	size_t room = CAPTURE_WINDOW_BYTES - kept;

	if (b->at_eof || b->fd < 0)
		return BYTES_END;
	memmove(b->window, b->pos, kept);
	b->pos = b->window;
	b->end = b->window + kept;
	if (room > READ_BYTES)
		room = READ_BYTES;
	bool first = b->offset == 0 && kept == 0 && !b->zip;
	enum bytes_state state = (b->zip ? read_zip : read_raw)(b, b->window + kept, room, &got);
	if (state != BYTES_OK)
		return state;
	b->end += got;
	b->offset += got;
	b->at_eof = got == 0;
	if (first && got >= 2 && b->pos[0] == 0x1f && b->pos[1] == 0x8b && start_zip(b) < 0)
		return read_failed(b, ENOMEM);
	return b->at_eof ? BYTES_END : BYTES_OK;
}

// The slow side of capture_bytes_peek: reads until n bytes are there.
const uint8_t *capture_bytes_fill(struct capture_bytes *b, size_t n)
{
	drop_skipped(b);
	while (b->skip > 0 || (size_t)(b->end - b->pos) < n) {
		enum bytes_state state = read_more(b);
		if (state != BYTES_OK) {
			b->state = state;
			return NULL;
		}
		drop_skipped(b);
	}
	b->state = BYTES_OK;
	return b->pos;
}

int capture_bytes_open(struct capture_bytes *b, int fd, bool is_pipe)
{
	memset(b, 0, sizeof(*b));
	b->fd = fd;
	b->is_pipe = is_pipe;
	b->window = malloc(CAPTURE_WINDOW_BYTES);
	if (!b->window)
		return -ENOMEM;
	b->pos = b->end = b->window;
	if (!is_pipe)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); // doubles readahead; only a hint
	return 0;
}

void capture_bytes_memory(struct capture_bytes *b, const uint8_t *mem, size_t len)
{
	memset(b, 0, sizeof(*b));
	b->fd = -1;
	b->pos = mem;
	b->end = mem + len;
	b->offset = len;
}

void capture_bytes_close(struct capture_bytes *b)
{
	if (b->zip)
		inflateEnd(b->zip);
	free(b->zip);
	free(b->zip_in);
	free(b->window);
	if (b->fd > STDIN_FILENO)
		close(b->fd);
	memset(b, 0, sizeof(*b));
	b->fd = -1;
}
