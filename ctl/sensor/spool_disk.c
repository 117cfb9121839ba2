// See spool_disk.h. A segment is named by a counter, "0000000000000007.eve"; numbers are in its lines.
#include "ctl/sensor/spool_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/eve/wire.h"

#define TYPE_KEY "\"event_type\":\""
#define TYPE_WITHIN 256u // every record says its type near its beginning

struct segment {
	struct segment *next;
	uint64_t number, bytes, last_seq;
};

struct spool_disk {
	char *path;
	int dir, lock;
	uint64_t max_bytes, bytes, last_seq, acked, skip; // skip: numbers up to here are not read again
	struct segment *first, *last;
	int write_fd;
	struct segment *read_at;
	int read_fd;
	uint64_t read_off;
	uint64_t lost[SINK_KINDS];
	size_t len;
	uint64_t buffered_seq; // highest in buf
	char buf[SPOOL_BUFFER_BYTES];
};

unsigned int spool_line_kind(const char *line, size_t len)
{
	const char *t = memmem(line, len < TYPE_WITHIN ? len : TYPE_WITHIN, TYPE_KEY, sizeof(TYPE_KEY) - 1);
	size_t left = t ? len - (size_t)(t + sizeof(TYPE_KEY) - 1 - line) : 0;

	if (!t)
		return SINK_STATS;
	t += sizeof(TYPE_KEY) - 1;
	if (left > 6 && !memcmp(t, "alert\"", 6))
		return memmem(line, len, "\"gid\":901,", 10) ? EVENT_FINDING : EVENT_ALERT;
	if (left > 5 && !memcmp(t, "flow\"", 5))
		return EVENT_FLOW;
	if (left > 7 && !memcmp(t, "packet\"", 7))
		return EVENT_PACKET;
	return left > 8 && !memcmp(t, "anomaly\"", 8) ? EVENT_ANOMALY : SINK_STATS;
}

uint64_t spool_line_seq(const char *line, size_t len)
{
	uint64_t seq = 0;
	size_t i = WIRE_SEQ_KEY_BYTES;

	if (len <= i || memcmp(line, WIRE_SEQ_KEY, i))
		return 0;
	for (; i < len && line[i] >= '0' && line[i] <= '9'; i++)
		seq = seq * 10 + (uint64_t)(line[i] - '0');
	return seq;
}

static void segment_name(const struct segment *s, char out[32])
{
	snprintf(out, 32, "%016" PRIx64 ".eve", s->number);
}

static int segment_open(struct spool_disk *d, const struct segment *s, int flags)
{
	char name[32];
	segment_name(s, name);
	return openat(d->dir, name, flags | O_CLOEXEC, 0640);
}

static struct segment *segment_push(struct spool_disk *d, uint64_t number)
{
	struct segment *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->number = number;
	if (d->last)
		d->last->next = s;
	else
		d->first = s;
	d->last = s;
	return s;
}

// Counts the lines of a segment that have not arrived, by kind, as lost.
static void count_lost(struct spool_disk *d, const struct segment *s)
{
	int fd = segment_open(d, s, O_RDONLY);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while (f && (n = getline(&line, &cap, f)) > 0) {
		uint64_t seq = spool_line_seq(line, (size_t)n);
		if (seq > d->acked)
			d->lost[spool_line_kind(line, (size_t)n)]++;
	}
	free(line);
	if (f)
		fclose(f);
	else if (fd >= 0)
		close(fd);
}

static void close_read(struct spool_disk *d)
{
	if (d->read_fd >= 0)
		close(d->read_fd);
	d->read_fd = -1;
	d->read_at = NULL;
	d->read_off = 0;
}

static void drop_first(struct spool_disk *d)
{
	struct segment *s = d->first;
	char name[32];

	if (d->read_at == s)
		close_read(d); // reading goes on with the new first
	segment_name(s, name);
	unlinkat(d->dir, name, 0);
	d->first = s->next;
	if (!d->first)
		d->last = NULL;
	d->bytes -= s->bytes;
	free(s);
}

// Reads a segment of an earlier run: its last number, and where its last whole line ends.
static int segment_load(struct spool_disk *d, struct segment *s)
{
	int fd = segment_open(d, s, O_RDWR);
	FILE *f = fd >= 0 ? fdopen(fd, "r+") : NULL;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (!f) {
		int error = -errno;
		if (fd >= 0)
			close(fd);
		return error;
	}
	while ((n = getline(&line, &cap, f)) > 0 && line[n - 1] == '\n') {
		uint64_t seq = spool_line_seq(line, (size_t)n);
		s->bytes += (uint64_t)n;
		if (seq > s->last_seq)
			s->last_seq = seq;
	}
	free(line);
	int rc = ftruncate(fd, (off_t)s->bytes) ? -errno : 0;
	fclose(f);
	d->bytes += s->bytes;
	if (s->last_seq > d->last_seq)
		d->last_seq = s->last_seq;
	return rc;
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_segment(const struct dirent *e)
{
	return strlen(e->d_name) == 20 && strspn(e->d_name, "0123456789abcdef") == 16 &&
	       !strcmp(e->d_name + 16, ".eve");
}

static int load(struct spool_disk *d, const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, is_segment, by_number), rc = n < 0 ? -errno : 0;

	for (int i = 0; i < n; i++) {
		struct segment *s = rc ? NULL : segment_push(d, strtoull(names[i]->d_name, NULL, 16));
		if (!rc)
			rc = s ? segment_load(d, s) : -ENOMEM;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return rc;
}

struct spool_disk *spool_disk_open(const char *dir, uint64_t max_bytes, char *why, size_t why_size)
{
	struct spool_disk *d = calloc(1, sizeof(*d));
	int rc;

	if (!d) {
		snprintf(why, why_size, "no memory");
		return NULL;
	}
	d->read_fd = d->write_fd = d->lock = -1;
	d->path = strdup(dir);
	d->max_bytes = max_bytes > 2 * SPOOL_SEGMENT_BYTES ? max_bytes : 2 * SPOOL_SEGMENT_BYTES;
	if ((mkdir(dir, 0750) && errno != EEXIST) || (d->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
		(d->lock = openat(d->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0640)) < 0) {
		snprintf(why, why_size, "%s: %s", dir, strerror(errno));
		spool_disk_close(d);
		return NULL;
	}
	if (flock(d->lock, LOCK_EX | LOCK_NB)) {
		snprintf(why, why_size, "%s: another sensor spools here; give each its own directory", dir);
		spool_disk_close(d);
		return NULL;
	}
	rc = load(d, dir);
	if (rc) {
		snprintf(why, why_size, "%s: %s", dir, strerror(-rc));
		spool_disk_close(d);
		return NULL;
	}
	return d;
}

void spool_disk_close(struct spool_disk *d)
{
	if (!d)
		return;
	spool_disk_flush(d);
	close_read(d);
	if (d->write_fd >= 0)
		close(d->write_fd);
	if (d->lock >= 0)
		close(d->lock);
	if (d->dir > 0)
		close(d->dir);
	while (d->first) {
		struct segment *s = d->first;
		d->first = s->next;
		free(s);
	}
	free(d->path);
	free(d);
}

void spool_disk_remove(struct spool_disk *d)
{
	char *path = d->path;

	d->path = NULL;
	d->len = 0;
	while (d->first)
		drop_first(d);
	unlinkat(d->dir, "lock", 0);
	spool_disk_close(d);
	if (path)
		rmdir(path);
	free(path);
}

// A segment with room for the buffer; makes room in the bound first.
static int writable(struct spool_disk *d)
{
	bool full = d->last && d->last->bytes + d->len > SPOOL_SEGMENT_BYTES;

	if (d->write_fd >= 0 && !full)
		return 0;
	if (d->write_fd >= 0)
		close(d->write_fd);
	d->write_fd = -1;
	while (d->first && d->first != d->last && d->bytes + SPOOL_SEGMENT_BYTES > d->max_bytes) {
		count_lost(d, d->first);
		drop_first(d);
	}
	if (!d->last || full) {
		struct segment *before = d->last;
		if (!segment_push(d, before ? before->number + 1 : 1))
			return -ENOMEM;
	}
	d->write_fd = segment_open(d, d->last, O_WRONLY | O_CREAT | O_APPEND);
	return d->write_fd < 0 ? -errno : 0;
}

int spool_disk_flush(struct spool_disk *d)
{
	int rc = d->len ? writable(d) : 0;
	size_t done = 0;

	while (!rc && done < d->len) {
		ssize_t n = write(d->write_fd, d->buf + done, d->len - done);
		if (n > 0)
			done += (size_t)n;
		else if (!n || errno != EINTR)
			rc = n ? -errno : -ENOSPC;
	}
	if (rc && done) { // whole lines only: the torn one is written again from the buffer
		const char *nl = memrchr(d->buf, '\n', done);
		size_t whole = nl ? (size_t)(nl + 1 - d->buf) : 0;
		if (!ftruncate(d->write_fd, (off_t)(d->last->bytes + whole)))
			done = whole;
	}
	if (done) {
		d->last->bytes += done;
		d->last->last_seq = d->buffered_seq;
		d->bytes += done;
		memmove(d->buf, d->buf + done, d->len - done);
		d->len -= done;
	}
	return rc;
}

void spool_disk_finish(struct spool_disk *d)
{
	spool_disk_flush(d);
	for (const char *p = d->buf, *end = d->buf + d->len, *nl; (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1)
		d->lost[spool_line_kind(p, (size_t)(nl - p))]++;
	d->len = 0;
}

bool spool_disk_add(struct spool_disk *d, const char *line, size_t len, uint64_t seq, unsigned int kind)
{
	if (d->len + len > sizeof(d->buf))
		spool_disk_flush(d);
	if (d->len + len > sizeof(d->buf)) {
		d->lost[kind]++;
		return false;
	}
	memcpy(d->buf + d->len, line, len);
	d->len += len;
	if (seq) {
		d->buffered_seq = seq;
		d->last_seq = seq;
	}
	return true;
}

void spool_disk_rewind(struct spool_disk *d, uint64_t have)
{
	close_read(d);
	d->skip = have;
	spool_disk_ack(d, have);
}

void spool_disk_ack(struct spool_disk *d, uint64_t seq)
{
	if (seq > d->acked)
		d->acked = seq;
	while (d->first && d->first != d->last && d->first->last_seq <= d->acked)
		drop_first(d);
}

// Bytes at the start of buf that belong to numbers up to skip; only the lines right after a rewind have any.
static size_t known_prefix(struct spool_disk *d, const char *buf, size_t n)
{
	size_t off = 0;

	while (d->skip && off < n) {
		const char *nl = memchr(buf + off, '\n', n - off);
		if (!nl)
			break;
		if (spool_line_seq(buf + off, (size_t)(nl - buf) - off) > d->skip) {
			d->skip = 0;
			break;
		}
		off = (size_t)(nl + 1 - buf);
	}
	return off;
}

// Moves the cursor to the segment to read from. False: nothing to read now.
static bool open_read(struct spool_disk *d)
{
	if (d->read_at && d->read_off >= d->read_at->bytes) {
		struct segment *next = d->read_at->next;
		if (!next)
			return false;
		close_read(d);
		d->read_at = next;
	}
	if (!d->read_at)
		d->read_at = d->first;
	if (d->read_at && d->read_fd < 0)
		d->read_fd = segment_open(d, d->read_at, O_RDONLY);
	return d->read_at && d->read_fd >= 0 && d->read_off < d->read_at->bytes;
}

size_t spool_disk_read(struct spool_disk *d, char *buf, size_t cap)
{
	while (open_read(d)) {
		uint64_t left = d->read_at->bytes - d->read_off;
		ssize_t n = pread(d->read_fd, buf, left < cap ? left : cap, (off_t)d->read_off);
		const char *nl = n > 0 ? memrchr(buf, '\n', (size_t)n) : NULL;
		if (!nl)
			return 0; // unreadable: the disk says so at the next write
		size_t whole = (size_t)(nl + 1 - buf), known;
		d->read_off += whole;
		known = known_prefix(d, buf, whole);
		if (known == whole)
			continue;
		memmove(buf, buf + known, whole - known);
		return whole - known;
	}
	return 0;
}

uint64_t spool_disk_last(const struct spool_disk *d)
{
	return d->last_seq;
}

uint64_t spool_disk_bytes(const struct spool_disk *d)
{
	return d->bytes;
}

const uint64_t *spool_disk_lost(const struct spool_disk *d)
{
	return d->lost;
}
