// See spool.h.
#include "ctl/sensor/spool.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "ctl/sensor/spool_link.h"
#include "dataplane/api/clock.h"

#define PUMP_EVERY_BYTES (128u << 10) // written between two looks at the socket
#define DEFAULT_BYTES (1ull << 30)
#define RUN_PREFIX "run-" // the id, and the directory, of a reading of captures

struct spool {
	struct eve_sink base;
	struct spool_link link;
	char dir[4096];          // where readings of captures have their spools, this one's perhaps among them
	struct spool_link *left; // one of an earlier reading that is being sent, NULL: none
	bool left_due;           // there may be another
	uint32_t linger_ms;
	uint64_t written_since_pump;
	char line[WIRE_LINE_MAX];
};

// A spool that an earlier reading of captures left, with that reading's id. NULL: another sensor has it, or it is none.
static struct spool_link *open_left(const struct spool *s, const char *id)
{
	struct spool_link *left = calloc(1, sizeof(*left));
	char dir[sizeof(s->dir) + WIRE_ID_BYTES], why[256];
	struct spool_disk *disk;

	snprintf(dir, sizeof(dir), "%s/%s", s->dir, id);
	disk = left ? spool_disk_open(dir, DEFAULT_BYTES, why, sizeof(why)) : NULL;
	if (!disk) {
		free(left);
		return NULL;
	}
	snprintf(left->id, sizeof(left->id), "%s", id);
	memcpy(left->socket, s->link.socket, sizeof(left->socket));
	memcpy(left->name, s->link.name, sizeof(left->name));
	spool_link_init(left, disk, true);
	return left;
}

static void find_left(struct spool *s)
{
	DIR *dir = opendir(s->dir);

	s->left_due = false;
	for (struct dirent *e; dir && !s->left && (e = readdir(dir));)
		if (strncmp(e->d_name, RUN_PREFIX, strlen(RUN_PREFIX)) == 0 && strcmp(e->d_name, s->link.id) != 0 &&
			strlen(e->d_name) < WIRE_ID_BYTES)
			s->left = open_left(s, e->d_name);
	if (dir)
		closedir(dir);
}

static void close_left(struct spool *s)
{
	if (!s->left)
		return;
	spool_link_close(s->left);
	free(s->left);
	s->left = NULL;
}

// One after the other, while the daemon takes events; what does not get through stays for the next time.
static void send_left(struct spool *s)
{
	if (s->link.state != LINK_UP) {
		close_left(s);
		return;
	}
	if (!s->left && s->left_due)
		find_left(s);
	if (!s->left)
		return;
	spool_link_converse(s->left);
	bool arrived = s->left->state == LINK_UP && spool_link_arrived(s->left);
	if (arrived)
		sink_report(&s->base, false,
			"%" PRIu64 " events an earlier reading left on disk have reached the daemon",
			spool_disk_last(s->left->disk));
	if (arrived || s->left->state == LINK_DOWN) {
		close_left(s);
		s->left_due = arrived;
	}
}

static void pump(struct spool *s)
{
	s->written_since_pump = 0;
	spool_link_converse(&s->link);
	if (s->link.greeted && s->dir[0])
		s->left_due = true;
	s->link.greeted = false;
	send_left(s);
}

// A stats record carries no number: it says the latest, and the daemon keeps one a timestamp.
static void spool_write(struct eve_sink *base, const struct event *ev, unsigned int kind, const char *line, size_t len)
{
	struct spool *s = (struct spool *)base;
	uint64_t seq = kind == SINK_STATS ? 0 : s->link.next_seq++;
	bool known = seq && s->link.rerun && (seq <= s->link.have || seq <= spool_disk_last(s->link.disk));
	size_t n = 0;

	if (!known) {
		if (len + 32 > sizeof(s->line)) {
			base->not_written[kind]++;
			return;
		}
		if (seq)
			n = (size_t)snprintf(s->line, 32, WIRE_SEQ_KEY "%" PRIu64 ",", seq);
		memcpy(s->line + n, line + (n ? 1 : 0), len - (n ? 1 : 0));
		n += len - (n ? 1 : 0);
		if (spool_disk_add(s->link.disk, s->line, n, seq, kind))
			base->bytes += n;
		else
			n = 0;
	}
	if (known || n)
		base->written[kind]++;
	s->written_since_pump += n;
	if (s->written_since_pump >= PUMP_EVERY_BYTES)
		pump(s);
}

static void spool_flush(struct eve_sink *base, uint64_t wall_ns, bool now)
{
	pump((struct spool *)base);
}

// Waits as long as the daemon gets on with it, linger_ms without progress at most. One that was never there
// is not waited for; one that has gone away may come back.
static void linger(struct spool *s)
{
	struct spool_link *l = &s->link;
	uint64_t pause = (uint64_t)s->linger_ms * 1000000u, end = clock_now_ns(CLOCK_MONOTONIC) + pause;
	uint64_t acked = l->acked, before = 0;

	l->retry_ns = 0;
	pump(s);
	while (l->connects && (!spool_link_arrived(l) || s->left || s->left_due) &&
		clock_now_ns(CLOCK_MONOTONIC) < end) {
		struct pollfd p = {.fd = l->fd, .events = POLLIN | (l->send_off < l->send_len ? POLLOUT : 0)};
		poll(&p, 1, 50);
		pump(s);
		uint64_t left = s->left ? s->left->acked : 0;
		if (l->acked > acked || left != before) {
			acked = l->acked;
			before = left;
			end = clock_now_ns(CLOCK_MONOTONIC) + pause;
		}
	}
}

static void add_counts(uint64_t *to, const uint64_t *from)
{
	for (unsigned int k = 0; k < SINK_KINDS; k++)
		to[k] += from[k];
}

static uint64_t spool_close(struct eve_sink *base)
{
	struct spool *s = (struct spool *)base;
	char text[256];
	uint64_t lost, waiting, last;

	linger(s);
	close_left(s);
	spool_disk_finish(s->link.disk);
	add_counts(base->not_written, spool_disk_lost(s->link.disk));
	lost = sink_count_text(base->not_written, text, sizeof(text));
	last = spool_disk_last(s->link.disk);
	waiting = s->link.acked < last ? last - s->link.acked : 0;
	if (waiting)
		sink_report(base, false,
			"%" PRIu64 " events wait on disk for the daemon at %s; the next run sends them", waiting,
			s->link.socket);
	if (lost)
		sink_report(base, true, "%" PRIu64 " records for the daemon were lost (spool full): %s", lost, text);
	spool_link_close(&s->link);
	free(s);
	return lost;
}

void spool_sink_stats(const struct eve_sink *base, struct spool_stats *out)
{
	const struct spool *s = (const struct spool *)base;

	*out = (struct spool_stats){.connected = s->link.state == LINK_UP,
		.last = spool_disk_last(s->link.disk),
		.acked = s->link.acked,
		.bytes = spool_disk_bytes(s->link.disk),
		.connects = s->link.connects};
	add_counts(out->lost, base->not_written);
	add_counts(out->lost, spool_disk_lost(s->link.disk));
}

static const struct eve_sink_ops spool_ops = {
	.json = true, .write = spool_write, .flush = spool_flush, .close = spool_close};

static void to_hex(char *out, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", b[i]);
}

static int id_of_run(struct spool *s, const char *run_key)
{
	uint8_t md[EVP_MAX_MD_SIZE];

	if (!EVP_Digest(run_key, strlen(run_key), md, NULL, EVP_sha256(), NULL))
		return -EIO;
	memcpy(s->link.id, RUN_PREFIX, strlen(RUN_PREFIX));
	to_hex(s->link.id + strlen(RUN_PREFIX), md, 16);
	return 0;
}

// The id of a live sensor: random, made once, kept beside its spool.
static int id_of_dir(struct spool *s, const char *dir)
{
	char path[4096 + 16];
	uint8_t random[16];
	FILE *f;

	snprintf(path, sizeof(path), "%s/sensor-id", dir);
	f = fopen(path, "re");
	if (f) {
		bool ok = fscanf(f, "%63s", s->link.id) == 1;
		fclose(f);
		if (ok)
			return 0;
	}
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	to_hex(s->link.id, random, sizeof(random));
	f = fopen(path, "we");
	if (!f)
		return -errno;
	int rc = fprintf(f, "%s\n", s->link.id) < 0 ? -EIO : 0;
	return fclose(f) ? -errno : rc;
}

// A deterministic run spools in a directory of its own below dir: its numbers begin at 1.
static int open_disk(struct spool *s, const struct spool_options *opt, char *why, size_t why_size)
{
	char dir[4096];
	int rc = 0;

	snprintf(dir, sizeof(dir), "%s", opt->dir);
	if (mkdir(dir, 0750) && errno != EEXIST)
		rc = -errno;
	else if (opt->run_key)
		rc = id_of_run(s, opt->run_key);
	else
		rc = id_of_dir(s, dir);
	if (rc) {
		snprintf(why, why_size, "%s: %s", dir, strerror(-rc));
		return rc;
	}
	memcpy(s->dir, dir, sizeof(s->dir));
	if (opt->run_key)
		snprintf(dir, sizeof(dir), "%.3900s/%s", opt->dir, s->link.id);
	struct spool_disk *disk = spool_disk_open(dir, opt->max_bytes ? opt->max_bytes : DEFAULT_BYTES, why, why_size);
	if (disk)
		spool_link_init(&s->link, disk, opt->run_key != NULL);
	return disk ? 0 : -EIO;
}

struct eve_sink *spool_open(const struct spool_options *opt)
{
	struct eve_sink say = {.report = opt->report, .report_ctx = opt->report_ctx};
	struct spool *s = calloc(1, sizeof(*s));
	const char *path = opt->socket ? opt->socket : WIRE_SOCKET;
	char why[4200] = "no memory";

	if (s && strlen(path) >= sizeof(s->link.socket))
		snprintf(why, sizeof(why), "%s: a unix socket's path has at most %zu bytes", path,
			sizeof(s->link.socket) - 1);
	if (!s || strlen(path) >= sizeof(s->link.socket) || open_disk(s, opt, why, sizeof(why))) {
		sink_report(&say, true, "cannot spool events for the daemon: %s", why);
		free(s);
		return NULL;
	}
	s->base = (struct eve_sink){.ops = &spool_ops, .report = opt->report, .report_ctx = opt->report_ctx};
	strcpy(s->link.socket, path);
	if (opt->name && *opt->name)
		snprintf(s->link.name, sizeof(s->link.name), "%s", opt->name);
	else if (gethostname(s->link.name, sizeof(s->link.name) - 1))
		strcpy(s->link.name, "sensor");
	s->link.say = &s->base;
	s->linger_ms = opt->linger_ms ? opt->linger_ms : 3000;
	return &s->base;
}
