// Lines to a file or a pipe, buffered. A file holds whole lines only, also after a disk ran full: what a
// failed write left of a line is cut off again, and the line waits in the buffer for the next try.
// Next: sink_terminal.c.
#include "ctl/eve/sink.h"
#include "dataplane/api/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_DEFAULT ((size_t)1 << 20)
#define SHORTEST_LINE 64u // bytes; no record is shorter
#define RETRY_NS 1000000000ull
#define PIPE_WAIT_MS 2000 // a non-blocking pipe whose reader sleeps longer than this counts as failed for now

struct file_sink {
	struct eve_sink base;
	char *path; // NULL: a descriptor of the caller
	char *name; // for messages
	int fd;
	bool regular; // can be cut back to whole lines
	bool failing; // the last write failed, and that has been said
	bool gone;    // nobody reads any more: no use in trying
	uint64_t retry_ns;
	uint64_t file_bytes; // in the file, whole lines
	uint64_t opened_ns;
	uint64_t rotate_bytes, rotate_ns;
	char *buf;
	size_t len, cap;
	uint8_t *kinds; // of the lines in buf, in order
	uint32_t lines;
};

// A run that was killed may have left half a line: the next record begins a new one.
static void end_half_line(int fd, off_t size)
{
	char last;
	if (size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n' && write(fd, "\n", 1) != 1)
		return; // the disk is full: the first flush will say so
}

static int open_file(struct file_sink *f)
{
	struct stat st;
	int fd = open(f->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

	if (fd < 0 && (errno == EACCES || errno == EINVAL)) // write-only files and odd devices
		fd = open(f->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	f->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (f->regular) {
		end_half_line(fd, st.st_size);
		f->file_bytes = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	}
	if (f->fd >= 0)
		close(f->fd);
	f->fd = fd;
	f->opened_ns = clock_now_ns(CLOCK_REALTIME);
	return 0;
}

// Forgets the first n bytes of the buffer, which are written; counts the lines that ended in them.
static void consume(struct file_sink *f, size_t n)
{
	uint32_t done = 0;

	if (n == f->len) {
		done = f->lines;
	} else {
		for (const char *p = f->buf, *nl; (nl = memchr(p, '\n', (size_t)(f->buf + n - p))); p = nl + 1)
			done++;
	}
	for (uint32_t i = 0; i < done; i++)
		f->base.written[f->kinds[i]]++;
	memmove(f->kinds, f->kinds + done, f->lines - done);
	memmove(f->buf, f->buf + n, f->len - n);
	f->lines -= done;
	f->len -= n;
	f->file_bytes += n;
	f->base.bytes += n;
}

static void lose_buffer(struct file_sink *f)
{
	for (uint32_t i = 0; i < f->lines; i++)
		f->base.not_written[f->kinds[i]]++;
	f->lines = 0;
	f->len = 0;
}

static void fail(struct file_sink *f, int error)
{
	f->retry_ns = clock_now_ns(CLOCK_REALTIME) + RETRY_NS;
	f->gone = error == EPIPE;
	if (!f->failing)
		sink_report(&f->base, true, "cannot write %s: %s; %s", f->name, strerror(error),
			f->gone ? "its reader has gone, events for it are counted from here"
				: "events wait in memory, then are counted, until it works again");
	f->failing = true;
	if (f->gone)
		lose_buffer(f);
}

// Writes as much as goes. Returns bytes taken; *error is set when that is not all.
static size_t write_some(struct file_sink *f, int *error)
{
	size_t done = 0;

	while (done < f->len) {
		ssize_t n = write(f->fd, f->buf + done, f->len - done);
		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			struct pollfd p = {.fd = f->fd, .events = POLLOUT};
			if (poll(&p, 1, PIPE_WAIT_MS) > 0)
				continue;
			errno = EAGAIN;
		}
		*error = n < 0 ? errno : ENOSPC;
		break;
	}
	return done;
}

// Where a line was cut by a full disk, takes its beginning out of the file again.
static size_t cut_to_lines(struct file_sink *f, size_t done)
{
	const char *nl = done ? memrchr(f->buf, '\n', done) : NULL;
	size_t whole = nl ? (size_t)(nl + 1 - f->buf) : 0;

	if (whole == done || ftruncate(f->fd, (off_t)(f->file_bytes + whole)))
		return done;
	return whole;
}

static void flush_buffer(struct file_sink *f)
{
	int error = 0;
	size_t done;

	if (!f->len || f->gone)
		return;
	done = write_some(f, &error);
	if (error && f->regular)
		done = cut_to_lines(f, done);
	consume(f, done);
	if (error) {
		fail(f, error);
	} else if (f->failing) {
		f->failing = false;
		sink_report(&f->base, false, "%s is written again", f->name);
	}
}

// eve.json becomes eve.json.20091113T213205Z, with -2 and so on behind it where that is taken.
static void rotate(struct file_sink *f)
{
	char to[4096], stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	int error = 0;

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	for (int n = 1; n < 10000; n++) {
		snprintf(to, sizeof(to), n > 1 ? "%s.%s-%d" : "%s.%s", f->path, stamp, n);
		if (access(to, F_OK))
			break;
	}
	if (rename(f->path, to) || (error = open_file(f))) {
		sink_report(&f->base, true, "cannot rotate %s: %s; going on with it as it is", f->name,
			strerror(error ? -error : errno));
		f->rotate_bytes = 0;
		f->rotate_ns = 0;
		return;
	}
	f->base.rotations++;
}

static void file_write(struct eve_sink *s, const struct event *ev, unsigned int kind, const char *line, size_t len)
{
	struct file_sink *f = (struct file_sink *)s;

	if (f->rotate_bytes && f->file_bytes + f->len && f->file_bytes + f->len + len > f->rotate_bytes &&
		!f->failing) {
		flush_buffer(f);
		if (!f->failing)
			rotate(f);
	}
	if (f->len + len > f->cap && !f->failing)
		flush_buffer(f);
	if (f->gone || f->len + len > f->cap || f->lines > f->cap / SHORTEST_LINE) {
		s->not_written[kind]++;
		return;
	}
	memcpy(f->buf + f->len, line, len);
	f->len += len;
	f->kinds[f->lines++] = (uint8_t)kind;
}

static void file_flush(struct eve_sink *s, uint64_t now_ns, bool now)
{
	struct file_sink *f = (struct file_sink *)s;

	if (!f->failing || now || now_ns >= f->retry_ns)
		flush_buffer(f);
	if (f->rotate_ns && !f->failing && f->file_bytes && now_ns >= f->opened_ns + f->rotate_ns)
		rotate(f);
}

static void file_reopen(struct eve_sink *s)
{
	struct file_sink *f = (struct file_sink *)s;
	int error;

	if (!f->path)
		return;
	flush_buffer(f);
	error = open_file(f);
	if (error)
		sink_report(s, true, "cannot open %s again: %s; going on with the old file", f->name, strerror(-error));
}

static void file_free(struct file_sink *f)
{
	if (f->path && f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f->name);
	free(f->buf);
	free(f->kinds);
	free(f);
}

static uint64_t file_close(struct eve_sink *s)
{
	struct file_sink *f = (struct file_sink *)s;
	char text[256];
	uint64_t lost;

	flush_buffer(f);
	lose_buffer(f);
	lost = sink_count_text(s->not_written, text, sizeof(text));
	if (lost)
		sink_report(s, true, "%" PRIu64 " records were not written to %s: %s", lost, f->name, text);
	file_free(f);
	return lost;
}

static const struct eve_sink_ops file_ops = {
	.json = true, .write = file_write, .flush = file_flush, .reopen = file_reopen, .close = file_close};

static struct file_sink *new_sink(const struct eve_output_options *opt, const char *path, const char *name)
{
	struct file_sink *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->base = (struct eve_sink){.ops = &file_ops, .report = opt->report, .report_ctx = opt->report_ctx};
	f->fd = -1;
	f->cap = opt->buffer_bytes ? opt->buffer_bytes : BUFFER_DEFAULT;
	f->buf = malloc(f->cap);
	f->kinds = malloc(f->cap / SHORTEST_LINE + 1);
	f->name = strdup(name);
	f->path = path ? strdup(path) : NULL;
	if (!f->buf || !f->kinds || !f->name || (path && !f->path)) {
		file_free(f);
		return NULL;
	}
	return f;
}

struct eve_sink *sink_file_open(const struct eve_output_options *opt)
{
	struct file_sink *f = new_sink(opt, opt->path, opt->path);
	struct eve_sink say = {.report = opt->report, .report_ctx = opt->report_ctx};
	int error = f ? open_file(f) : -ENOMEM;

	if (error) {
		sink_report(&say, true, "cannot open %s for events: %s; name a directory you may write to with -l",
			opt->path, strerror(-error));
		if (f)
			file_free(f);
		return NULL;
	}
	if (f->regular) {
		f->rotate_bytes = opt->rotate_size;
		f->rotate_ns = opt->rotate_ns;
	}
	return &f->base;
}

struct eve_sink *sink_fd_open(const struct eve_output_options *opt, int fd, const char *name)
{
	struct file_sink *f = new_sink(opt, NULL, name);
	if (!f)
		return NULL;
	f->fd = fd;
	return &f->base;
}
