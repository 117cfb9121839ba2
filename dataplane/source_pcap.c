// The `-r` source: capture files, directories and pipes, frame by frame into mbufs. Next: decode.c.
//
// What is wrong with an input is said once, in one line that names the file and what was expected; the
// frames before it count and the next input goes on.
#include "dataplane/source_pcap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/capture.h"
#include "dataplane/capture_census.h"

struct input {
	char *path;
	uint64_t size; // bytes, 0 for a pipe
	bool named;    // on the command line, not found in a directory
	bool is_pipe;
};

struct source_pcap {
	struct source base;
	struct mbuf_pools pools;
	struct rte_mbuf *spare[PKT_BURST]; // small mbufs for the next frames
	uint16_t spares;
	bool reading;              // capture is open on inputs[at]
	bool waiting;              // held could not be copied yet: no jumbo mbuf was free
	struct capture_frame held; // good until the next call of capture_next
	struct source_stats stats;
	uint64_t file_frames; // of the input being read
	uint64_t bytes_before, bytes_total;
	uint64_t errors;
	bool pipes; // bytes_total is not known
	struct input *inputs;
	size_t count, at;
	void (*report)(void *arg, enum source_severity severity, const char *message);
	void *arg;
	struct capture capture;
};

static struct source_pcap *self(struct source *s)
{
	return (struct source_pcap *)s;
}

__attribute__((format(printf, 3, 4))) static void say(
	struct source_pcap *s, enum source_severity severity, const char *format, ...)
{
	char text[PATH_MAX + 256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	s->errors += severity == SOURCE_ERROR;
	s->report(s->arg, severity, text);
}

// ---- the list of inputs ----

static int add_input(struct source_pcap *s, const char *path, const struct stat *st, bool named)
{
	struct input *grown = realloc(s->inputs, (s->count + 1) * sizeof(*grown));
	char *copy = strdup(path);

	if (grown)
		s->inputs = grown;
	if (!grown || !copy) {
		free(copy);
		return -ENOMEM;
	}
	bool regular = st && S_ISREG(st->st_mode);
	s->inputs[s->count++] = (struct input){
		.path = copy, .size = regular ? (uint64_t)st->st_size : 0, .named = named, .is_pipe = !regular};
	s->bytes_total += regular ? (uint64_t)st->st_size : 0;
	s->pipes |= !regular;
	return 0;
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name); // bytes, so that the order is the same in every locale
}

static int add_directory(struct source_pcap *s, const char *path)
{
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, not_hidden, by_name), err = 0;
	size_t before = s->count;

	if (n < 0) {
		err = -errno;
		say(s, SOURCE_ERROR, "%s: cannot list the directory: %s", path, strerror(errno));
		return err;
	}
	for (int i = 0; i < n; i++) {
		char full[PATH_MAX];
		struct stat st;
		bool fits = snprintf(full, sizeof(full), "%s/%s", path, entries[i]->d_name) < (int)sizeof(full);
		if (!err && fits && stat(full, &st) == 0 && S_ISREG(st.st_mode))
			err = add_input(s, full, &st, false);
		free(entries[i]);
	}
	free(entries);
	if (!err && s->count == before) {
		say(s, SOURCE_ERROR, "%s: the directory holds no files; expected pcap or pcapng captures", path);
		err = -ENOENT;
	}
	return err;
}

static int add_path(struct source_pcap *s, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return add_input(s, path, NULL, true);
	if (stat(path, &st) < 0) {
		int err = -errno;
		say(s, SOURCE_ERROR, "%s: cannot read: %s; expected a pcap or pcapng capture", path, strerror(errno));
		return err;
	}
	return S_ISDIR(st.st_mode) ? add_directory(s, path) : add_input(s, path, &st, true);
}

// ---- one input after the other ----

static int open_input(struct source_pcap *s, const struct input *in)
{
	bool standard = in->is_pipe && strcmp(in->path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(in->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int err = capture_bytes_open(&s->capture.bytes, fd, in->is_pipe);
	if (err < 0)
		return err;
	capture_begin(&s->capture);
	return 0;
}

static void say_unreadable(struct source_pcap *s, const struct input *in, int err)
{
	say(s, in->named ? SOURCE_ERROR : SOURCE_WARNING, "%s: cannot read: %s; expected a pcap or pcapng capture",
		in->path, strerror(-err));
}

static void say_not_a_capture(struct source_pcap *s, const struct input *in)
{
	bool empty = s->capture.bytes.offset == 0;

	say(s, in->named ? SOURCE_ERROR : SOURCE_WARNING, "%s: not a capture%s; expected pcap or pcapng, plain or gzip",
		in->path, empty ? " (the file is empty)" : "");
}

static void say_end(struct source_pcap *s, const struct input *in, enum capture_result result)
{
	const struct capture *c = &s->capture;
	const char *plural = s->file_frames == 1 ? "" : "s";

	if (result == CAPTURE_NOT_ONE)
		say_not_a_capture(s, in);
	else if (result == CAPTURE_CUT && c->bytes.error[0])
		say(s, SOURCE_WARNING,
			"%s: cannot read on at byte %" PRIu64 ": %s; %" PRIu64 " packet%s before it were read",
			in->path, c->record_at, c->bytes.error, s->file_frames, plural);
	else if (result == CAPTURE_CUT)
		say(s, SOURCE_WARNING,
			"%s: the capture is cut short at byte %" PRIu64 ", in the middle of a record; %" PRIu64
			" packet%s before it were read",
			in->path, c->record_at, s->file_frames, plural);
	else if (result == CAPTURE_CORRUPT)
		say(s, SOURCE_WARNING, "%s: damaged at byte %" PRIu64 ": %s; %" PRIu64 " packet%s before it were read",
			in->path, c->record_at, c->why, s->file_frames, plural);
	else if (s->file_frames == 0)
		say(s, SOURCE_WARNING, "%s: the capture holds no packets", in->path);
}

static void end_input(struct source_pcap *s, enum capture_result result)
{
	const struct input *in = &s->inputs[s->at];

	say_end(s, in, result);
	s->stats.errors += result == CAPTURE_CUT || result == CAPTURE_CORRUPT;
	s->bytes_before += in->is_pipe ? s->capture.bytes.raw_read : in->size;
	capture_bytes_close(&s->capture.bytes);
	s->reading = false;
	s->at++;
}

// The next frame of all inputs into s->held. False: none now.
static bool next_frame(struct source_pcap *s, bool may_wait)
{
	if (s->waiting)
		return true;
	while (s->at < s->count) {
		if (!s->reading) {
			int err = open_input(s, &s->inputs[s->at]);
			if (err < 0) {
				say_unreadable(s, &s->inputs[s->at++], err);
				continue;
			}
			s->reading = true;
			s->file_frames = 0;
		}
		s->capture.bytes.may_wait = may_wait;
		enum capture_result result = capture_next(&s->capture, &s->held);
		if (likely(result == CAPTURE_FRAME))
			return true;
		if (result == CAPTURE_AGAIN)
			return false;
		end_input(s, result);
	}
	return false;
}

// ---- frames into mbufs ----

static struct rte_mbuf *take_mbuf(struct source_pcap *s, uint32_t len)
{
	if (likely(len <= MBUF_SMALL_ROOM_BYTES))
		return s->spare[--s->spares];
	struct rte_mbuf *m = rte_pktmbuf_alloc(s->pools.jumbo);
	if (unlikely(!m))
		s->stats.no_buffer++;
	return m;
}

static void fill_packet(struct source_pcap *s, struct rte_mbuf *m, struct packet *p)
{
	const struct capture_frame *f = &s->held;
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	packet_begin(p);
	memcpy(data, f->data, f->len);
	mbuf_set_len(m, f->len);
	p->data = data;
	p->mbuf = m;
	p->ts_ns = f->ts_ns;
	p->seq = ++s->stats.received;
	p->len = f->len;
	p->wire_len = f->wire_len;
	p->link_type = f->link_type;
	p->iface = f->iface;
	p->flags = s->file_frames++ ? 0 : PKT_BEGINS_CAPTURE;
	s->stats.bytes += f->wire_len;
}

static uint16_t source_pcap_rx(struct source *base, struct packet *frames, uint16_t max)
{
	struct source_pcap *s = self(base);
	uint16_t n = 0;

	if (max > PKT_BURST)
		max = PKT_BURST;
	if (s->spares < max) {
		if (rte_pktmbuf_alloc_bulk(s->pools.small, s->spare + s->spares, max - s->spares) < 0)
			max = s->spares;
		else
			s->spares = max;
	}
	while (n < max && next_frame(s, n == 0)) {
		struct rte_mbuf *m = take_mbuf(s, s->held.len);
		s->waiting = !m;
		if (unlikely(!m))
			break;
		fill_packet(s, m, &frames[n++]);
	}
	return n;
}

static bool source_pcap_ended(const struct source *base)
{
	const struct source_pcap *s = (const struct source_pcap *)base;

	return s->at == s->count && !s->waiting;
}

static void source_pcap_stats(const struct source *base, struct source_stats *out)
{
	const struct source_pcap *s = (const struct source_pcap *)base;

	*out = s->stats;
	out->offered = s->stats.received;
}

static void source_pcap_close(struct source *base)
{
	struct source_pcap *s = self(base);

	if (!s)
		return;
	if (s->reading)
		capture_bytes_close(&s->capture.bytes);
	if (s->spares)
		rte_pktmbuf_free_bulk(s->spare, s->spares);
	for (size_t i = 0; i < s->count; i++)
		free(s->inputs[i].path);
	free(s->inputs);
	free(s);
}

static const struct source_ops source_pcap_ops = {
	.name = "pcap",
	.rx = source_pcap_rx,
	.ended = source_pcap_ended,
	.stats = source_pcap_stats,
	.close = source_pcap_close,
};

// Every regular file named on the command line is looked at before the run starts: a typo in the last of
// ten names should not cost the time the first nine take.
static int check_named(struct source_pcap *s)
{
	int err = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct input *in = &s->inputs[i];
		if (!in->named || in->is_pipe)
			continue;
		int rc = open_input(s, in);
		if (rc < 0) {
			say_unreadable(s, in, rc);
			err = rc;
			continue;
		}
		if (capture_next(&s->capture, &s->held) == CAPTURE_NOT_ONE) {
			say_not_a_capture(s, in);
			err = -EINVAL;
		}
		capture_bytes_close(&s->capture.bytes);
	}
	return err;
}

// Files that were found in directories are passed over where they are no captures, but one of them should be one.
static int check_found(struct source_pcap *s)
{
	for (size_t i = 0; i < s->count; i++) {
		bool is_one = s->inputs[i].named;
		if (!is_one && open_input(s, &s->inputs[i]) == 0) {
			is_one = capture_next(&s->capture, &s->held) != CAPTURE_NOT_ONE;
			capture_bytes_close(&s->capture.bytes);
		}
		if (is_one)
			return 0;
	}
	char *slash = strrchr(s->inputs[0].path, '/');
	say(s, SOURCE_ERROR, "%.*s: no file of the directory is a capture; expected pcap or pcapng, plain or gzip",
		(int)(slash - s->inputs[0].path), s->inputs[0].path);
	return -EINVAL;
}

int source_pcap_open(struct source **out, const char *const *paths, size_t n, const struct mbuf_pools *pools,
	void (*report)(void *arg, enum source_severity severity, const char *message), void *arg)
{
	struct source_pcap *s = calloc(1, sizeof(*s));
	int err = 0;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->base.ops = &source_pcap_ops;
	s->pools = *pools;
	s->report = report;
	s->arg = arg;
	for (size_t i = 0; i < n; i++) {
		int rc = add_path(s, paths[i]);
		err = err ? err : rc;
	}
	int rc = check_named(s);
	err = err ? err : rc;
	err = err ? err : check_found(s);
	if (err) {
		source_pcap_close(&s->base);
		return err;
	}
	*out = &s->base;
	return 0;
}

void source_pcap_progress(const struct source *base, struct source_progress *out)
{
	const struct source_pcap *s = (const struct source_pcap *)base;
	const struct capture_bytes *b = &s->capture.bytes;

	*out = (struct source_progress){
		.bytes_read = s->bytes_before,
		.bytes_total = s->pipes ? 0 : s->bytes_total,
		.frames = s->stats.received,
		.file_index = s->at,
		.files = s->count,
		.file = s->at < s->count ? s->inputs[s->at].path : "",
	};
	if (s->reading) // what was read ahead is not yet seen; close enough where the file is compressed
		out->bytes_read += b->raw_read - (b->zip ? 0 : (uint64_t)(b->end - b->pos));
}

uint64_t source_pcap_flows_most(const struct source *base, const struct decode_config *decode, uint64_t enough)
{
	const struct source_pcap *s = (const struct source_pcap *)base;
	uint64_t flows = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct input *in = &s->inputs[i];
		uint64_t more = in->is_pipe ? CENSUS_UNKNOWN : capture_census(in->path, in->size, decode, enough);
		if (more == CENSUS_UNKNOWN)
			return UINT64_MAX;
		flows += more;
	}
	return flows;
}

uint64_t source_pcap_errors(const struct source *base)
{
	return ((const struct source_pcap *)base)->errors;
}
