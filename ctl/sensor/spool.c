// See spool.h.
#include "ctl/sensor/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "ctl/eve/wire.h"
#include "ctl/sensor/spool_disk.h"

#define SEND_BYTES (256u << 10)
#define PUMP_EVERY_BYTES (128u << 10) // written between two looks at the socket
#define PUMP_MAX_BYTES (8u << 20)     // sent in one look
#define BACKOFF_FIRST_NS 250000000ull
#define BACKOFF_MAX_NS 10000000000ull
#define DEFAULT_BYTES (1ull << 30)
#define RUN_PREFIX "run-" // the id, and the directory, of a reading of captures

enum link_state {
	LINK_DOWN,
	LINK_HELLO, // connected, the daemon's hello is awaited
	LINK_UP,
};

struct spool {
	struct eve_sink base;
	struct spool_disk *disk;
	char socket[108], id[WIRE_ID_BYTES], name[64];
	bool rerun; // numbers are those of a deterministic run: what is spooled or stored is not added again
	bool disk_failing, link_said;
	char dir[4096];     // where readings of captures have their spools, this one's perhaps among them
	struct spool *left; // one of an earlier reading that is being sent, NULL: none
	bool left_due;      // there may be another
	uint64_t next_seq, have, acked, connects;
	uint32_t linger_ms;
	enum link_state link;
	int fd;
	uint64_t retry_ns, backoff_ns;
	uint64_t written_since_pump;
	size_t send_len, send_off, recv_len;
	char send[SEND_BYTES];
	char recv[WIRE_REPLY_MAX];
	char line[WIRE_LINE_MAX];
};

static uint64_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void link_down(struct spool *s, const char *why)
{
	bool was_up = s->link == LINK_UP;

	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->link = LINK_DOWN;
	s->send_len = s->send_off = s->recv_len = 0;
	s->backoff_ns = was_up                               ? BACKOFF_FIRST_NS
			: s->backoff_ns * 2 < BACKOFF_MAX_NS ? s->backoff_ns * 2
							     : BACKOFF_MAX_NS;
	s->retry_ns = now_ns() + s->backoff_ns;
	if (!s->link_said)
		sink_report(&s->base, true, "the daemon at %s %s; events wait on disk", s->socket, why);
	s->link_said = true;
}

static void send_hello(struct spool *s)
{
	json_t *o = json_pack("{s:s, s:i, s:s, s:s, s:s}", "hello", "tocsin", "protocol", WIRE_PROTOCOL, "sensor",
		s->id, "name", s->name, "version", TOCSIN_VERSION);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	s->send_len = text ? (size_t)snprintf(s->send, sizeof(s->send), "%s\n", text) : 0;
	s->send_off = 0;
	free(text);
}

static void try_connect(struct spool *s)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (now_ns() < s->retry_ns)
		return;
	memcpy(a.sun_path, s->socket, sizeof(a.sun_path));
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&a, sizeof(a))) {
		char why[128];
		snprintf(why, sizeof(why), "cannot be reached (%s)", strerror(errno));
		link_down(s, why);
		return;
	}
	s->link = LINK_HELLO;
	s->recv_len = 0;
	s->connects++;
	send_hello(s);
}

static void on_hello(struct spool *s, uint64_t have)
{
	s->link = LINK_UP;
	s->have = have;
	s->acked = have > s->acked ? have : s->acked;
	if (!s->rerun && have >= s->next_seq) // the spool was deleted, the daemon remembers: never use a number twice
		s->next_seq = have + 1;
	spool_disk_rewind(s->disk, have);
	s->left_due = s->dir[0] != '\0';
	if (s->link_said)
		sink_report(&s->base, false, "the daemon at %s takes events again", s->socket);
	s->link_said = false;
}

// The highest number the daemon can know.
static uint64_t highest(const struct spool *s)
{
	uint64_t last = spool_disk_last(s->disk);
	return last > s->have ? last : s->have;
}

// One line of the daemon's. False: it makes no sense.
static bool on_line(struct spool *s, const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, 0, NULL);
	json_t *ack = json_object_get(o, "ack"), *have = json_object_get(o, "have");
	const char *error = json_string_value(json_object_get(o, "error"));
	json_int_t n = json_integer_value(ack ? ack : have);
	bool ok = false;

	if (error) {
		char why[512];
		snprintf(why, sizeof(why), "refuses this sensor: %.400s", error);
		link_down(s, why);
		ok = true;
	} else if (json_is_integer(have) && s->link == LINK_HELLO && n >= 0) {
		on_hello(s, (uint64_t)n);
		ok = true;
	} else if (json_is_integer(ack) && s->link == LINK_UP && n >= 0 && (uint64_t)n <= highest(s)) {
		s->acked = (uint64_t)n > s->acked ? (uint64_t)n : s->acked;
		spool_disk_ack(s->disk, s->acked);
		ok = true;
	}
	json_decref(o);
	return ok;
}

static void receive(struct spool *s)
{
	while (s->fd >= 0) {
		ssize_t n = recv(s->fd, s->recv + s->recv_len, sizeof(s->recv) - s->recv_len, 0);
		char *nl;
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			link_down(s, n ? strerror(errno) : "has gone");
			return;
		}
		s->recv_len += (size_t)n;
		while (s->fd >= 0 && (nl = memchr(s->recv, '\n', s->recv_len))) {
			size_t len = (size_t)(nl - s->recv);
			if (!on_line(s, s->recv, len)) {
				link_down(s, "answers what no daemon would");
				return;
			}
			if (s->fd < 0)
				return;
			s->recv_len -= len + 1;
			memmove(s->recv, nl + 1, s->recv_len);
		}
		if (s->recv_len == sizeof(s->recv)) {
			link_down(s, "answers lines without end");
			return;
		}
	}
}

// Sends until the socket is full or nothing is left. Returns false when the socket is full.
static bool transmit(struct spool *s)
{
	size_t budget = PUMP_MAX_BYTES;

	while (s->fd >= 0 && budget) {
		if (s->send_off == s->send_len) {
			s->send_off = 0;
			s->send_len = s->link == LINK_UP ? spool_disk_read(s->disk, s->send, sizeof(s->send)) : 0;
			if (!s->send_len)
				return true;
		}
		size_t left = s->send_len - s->send_off;
		ssize_t n = send(s->fd, s->send + s->send_off, left < budget ? left : budget, MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return false;
		if (n < 0) {
			link_down(s, strerror(errno));
			return true;
		}
		s->send_off += (size_t)n;
		budget -= (size_t)n;
	}
	return true;
}

static void flush_disk(struct spool *s)
{
	int rc = spool_disk_flush(s->disk);

	if (rc && !s->disk_failing)
		sink_report(&s->base, true,
			"cannot spool events for the daemon: %s; new ones are counted until it works again",
			strerror(-rc));
	if (!rc && s->disk_failing)
		sink_report(&s->base, false, "events are spooled again");
	s->disk_failing = rc != 0;
}

static void converse(struct spool *s)
{
	s->written_since_pump = 0;
	flush_disk(s);
	if (s->fd < 0)
		try_connect(s);
	if (s->fd >= 0)
		transmit(s);
	if (s->fd >= 0)
		receive(s);
}

static bool all_arrived(const struct spool *s)
{
	return s->acked >= spool_disk_last(s->disk) && s->send_off == s->send_len;
}

// A spool that an earlier reading of captures left, with that reading's id. NULL: another sensor has it, or it is none.
static struct spool *open_left(const struct spool *s, const char *id)
{
	struct spool *left = calloc(1, sizeof(*left));
	char dir[sizeof(s->dir) + WIRE_ID_BYTES], why[256];

	if (!left)
		return NULL;
	snprintf(left->id, sizeof(left->id), "%s", id);
	snprintf(dir, sizeof(dir), "%s/%s", s->dir, id);
	left->disk = spool_disk_open(dir, DEFAULT_BYTES, why, sizeof(why));
	if (!left->disk) {
		free(left);
		return NULL;
	}
	memcpy(left->socket, s->socket, sizeof(left->socket));
	memcpy(left->name, s->name, sizeof(left->name));
	left->rerun = left->link_said = true; // what is to be said about the daemon, the sensor's own spool says
	left->fd = -1;
	return left;
}

static void find_left(struct spool *s)
{
	DIR *dir = opendir(s->dir);

	s->left_due = false;
	for (struct dirent *e; dir && !s->left && (e = readdir(dir));)
		if (strncmp(e->d_name, RUN_PREFIX, strlen(RUN_PREFIX)) == 0 && strcmp(e->d_name, s->id) != 0 &&
			strlen(e->d_name) < WIRE_ID_BYTES)
			s->left = open_left(s, e->d_name);
	if (dir)
		closedir(dir);
}

static void close_left(struct spool *s)
{
	struct spool *left = s->left;

	if (!left)
		return;
	if (all_arrived(left))
		spool_disk_remove(left->disk);
	else
		spool_disk_close(left->disk);
	if (left->fd >= 0)
		close(left->fd);
	free(left);
	s->left = NULL;
}

// One after the other, while the daemon takes events; what does not get through stays for the next time.
static void send_left(struct spool *s)
{
	if (s->link != LINK_UP) {
		close_left(s);
		return;
	}
	if (!s->left && s->left_due)
		find_left(s);
	if (!s->left)
		return;
	converse(s->left);
	bool arrived = s->left->link == LINK_UP && all_arrived(s->left);
	if (arrived)
		sink_report(&s->base, false,
			"%" PRIu64 " events an earlier reading left on disk have reached the daemon",
			spool_disk_last(s->left->disk));
	if (arrived || s->left->link == LINK_DOWN) {
		close_left(s);
		s->left_due = arrived;
	}
}

static void pump(struct spool *s)
{
	converse(s);
	send_left(s);
}

// A stats record carries no number: it says the latest, and the daemon keeps one a timestamp.
static void spool_write(struct eve_sink *base, const struct event *ev, unsigned int kind, const char *line, size_t len)
{
	struct spool *s = (struct spool *)base;
	uint64_t seq = kind == SINK_STATS ? 0 : s->next_seq++;
	bool known = seq && s->rerun && (seq <= s->have || seq <= spool_disk_last(s->disk));
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
		if (spool_disk_add(s->disk, s->line, n, seq, kind))
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
	uint64_t pause = (uint64_t)s->linger_ms * 1000000u, end = now_ns() + pause, acked = s->acked, before = 0;

	s->retry_ns = 0;
	pump(s);
	while (s->connects && (!all_arrived(s) || s->left || s->left_due) && now_ns() < end) {
		struct pollfd p = {.fd = s->fd, .events = POLLIN | (s->send_off < s->send_len ? POLLOUT : 0)};
		poll(&p, 1, 50);
		pump(s);
		uint64_t left = s->left ? s->left->acked : 0;
		if (s->acked > acked || left != before) {
			acked = s->acked;
			before = left;
			end = now_ns() + pause;
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
	uint64_t lost, waiting;

	linger(s);
	close_left(s);
	spool_disk_finish(s->disk);
	add_counts(base->not_written, spool_disk_lost(s->disk));
	lost = sink_count_text(base->not_written, text, sizeof(text));
	waiting =
		spool_disk_last(s->disk) - (s->acked < spool_disk_last(s->disk) ? s->acked : spool_disk_last(s->disk));
	if (waiting)
		sink_report(base, false,
			"%" PRIu64 " events wait on disk for the daemon at %s; the next run sends them", waiting,
			s->socket);
	if (lost)
		sink_report(base, true, "%" PRIu64 " records for the daemon were lost (spool full): %s", lost, text);
	if (s->fd >= 0)
		close(s->fd);
	if (s->rerun && all_arrived(s))
		spool_disk_remove(s->disk); // nobody will need this run's numbers again: the daemon has them
	else
		spool_disk_close(s->disk);
	free(s);
	return lost;
}

void spool_sink_stats(const struct eve_sink *base, struct spool_stats *out)
{
	const struct spool *s = (const struct spool *)base;

	*out = (struct spool_stats){.connected = s->link == LINK_UP,
		.last = spool_disk_last(s->disk),
		.acked = s->acked,
		.bytes = spool_disk_bytes(s->disk),
		.connects = s->connects};
	add_counts(out->lost, base->not_written);
	add_counts(out->lost, spool_disk_lost(s->disk));
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
	memcpy(s->id, RUN_PREFIX, strlen(RUN_PREFIX));
	to_hex(s->id + strlen(RUN_PREFIX), md, 16);
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
		bool ok = fscanf(f, "%63s", s->id) == 1;
		fclose(f);
		if (ok)
			return 0;
	}
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	to_hex(s->id, random, sizeof(random));
	f = fopen(path, "we");
	if (!f)
		return -errno;
	int rc = fprintf(f, "%s\n", s->id) < 0 ? -EIO : 0;
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
		snprintf(dir, sizeof(dir), "%.3900s/%s", opt->dir, s->id);
	s->disk = spool_disk_open(dir, opt->max_bytes ? opt->max_bytes : DEFAULT_BYTES, why, why_size);
	return s->disk ? 0 : -EIO;
}

struct eve_sink *spool_open(const struct spool_options *opt)
{
	struct eve_sink say = {.report = opt->report, .report_ctx = opt->report_ctx};
	struct spool *s = calloc(1, sizeof(*s));
	const char *path = opt->socket ? opt->socket : WIRE_SOCKET;
	char why[4200] = "no memory";

	if (s && strlen(path) >= sizeof(s->socket))
		snprintf(why, sizeof(why), "%s: a unix socket's path has at most %zu bytes", path,
			sizeof(s->socket) - 1);
	if (!s || strlen(path) >= sizeof(s->socket) || open_disk(s, opt, why, sizeof(why))) {
		sink_report(&say, true, "cannot spool events for the daemon: %s", why);
		free(s);
		return NULL;
	}
	s->base = (struct eve_sink){.ops = &spool_ops, .report = opt->report, .report_ctx = opt->report_ctx};
	strcpy(s->socket, path);
	if (opt->name && *opt->name)
		snprintf(s->name, sizeof(s->name), "%s", opt->name);
	else if (gethostname(s->name, sizeof(s->name) - 1))
		strcpy(s->name, "sensor");
	s->rerun = opt->run_key != NULL;
	s->next_seq = s->rerun ? 1 : spool_disk_last(s->disk) + 1;
	s->linger_ms = opt->linger_ms ? opt->linger_ms : 3000;
	s->backoff_ns = BACKOFF_FIRST_NS / 2;
	s->fd = -1;
	return &s->base;
}
