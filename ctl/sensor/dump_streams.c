// Writes DIR/<flow id>.to_server and DIR/<flow id>.to_client, and a line of DIR/streams.tsv for each:
//   flow id, direction, source address, port, destination address, port, start (ns), midstream or -
// A gap stays a hole of zeros at its place, so that every byte lies at its stream offset.
#include "ctl/sensor/dump_streams.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct dump_streams {
	int dir, index;
	_Atomic uint64_t written, failed;
	_Atomic int error;
};

int dump_streams_open(struct dump_streams **out, const char *dir)
{
	struct dump_streams *ds = calloc(1, sizeof(*ds));
	int rc;

	if (!ds)
		return -ENOMEM;
	ds->dir = ds->index = -1;
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		goto err;
	ds->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ds->dir < 0)
		goto err;
	ds->index = openat(ds->dir, "streams.tsv", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (ds->index < 0)
		goto err;
	*out = ds;
	return 0;
err:
	rc = -errno;
	dump_streams_close(ds);
	return rc;
}

void dump_streams_config(struct tcp_stream_config *cfg)
{
	cfg->depth = 0;
}

static void note_error(struct dump_streams *ds)
{
	int none = 0;

	atomic_compare_exchange_strong(&ds->error, &none, errno);
	atomic_fetch_add(&ds->failed, 1);
}

static void endpoint(const struct stream_view *v, int side, char text[INET6_ADDRSTRLEN])
{
	if (v->flow->flags & FLOW_IPV6)
		inet_ntop(AF_INET6, v->cold->addr[side].b, text, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET, &v->flow->addr[side], text, INET6_ADDRSTRLEN);
}

static void write_index(struct dump_streams *ds, const struct stream_view *v, uint64_t id)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN], line[256];
	int from = v->dir, to = !v->dir;

	endpoint(v, from, src);
	endpoint(v, to, dst);
	int n = snprintf(line, sizeof(line), "%" PRIu64 "\t%s\t%s\t%u\t%s\t%u\t%" PRIu64 "\t%s\n", id,
		v->dir == DIR_TO_SERVER ? "to_server" : "to_client", src, v->flow->port[from], dst, v->flow->port[to],
		v->flow->start_ns, v->flags & STREAM_MIDSTREAM ? "midstream" : "-");
	if (write(ds->index, line, (size_t)n) != n) // one write a line: workers do not tear each other's
		note_error(ds);
}

static void write_bytes(struct dump_streams *ds, const struct stream_view *v, uint64_t id)
{
	char name[64];
	bool first = v->flags & STREAM_START;

	snprintf(name, sizeof(name), "%" PRIu64 ".%s", id, v->dir == DIR_TO_SERVER ? "to_server" : "to_client");
	int fd = openat(ds->dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | (first ? O_TRUNC : 0), 0644);
	if (fd < 0) {
		note_error(ds);
		return;
	}
	if (pwrite(fd, v->data, v->len, (off_t)v->offset) != (ssize_t)v->len)
		note_error(ds);
	close(fd);
}

static enum stream_verdict on_data(void *arg, struct stream_view *v)
{
	struct dump_streams *ds = arg;
	uint64_t id = flow_id(v->run->flows, v->flow);

	if (v->flags & STREAM_START) {
		write_index(ds, v, id);
		atomic_fetch_add(&ds->written, 1);
	}
	if (v->len || v->flags & STREAM_START)
		write_bytes(ds, v, id);
	return STREAM_MORE;
}

int dump_streams_attach(struct dump_streams *ds, struct tcp_streams *ts)
{
	struct stream_consumer c = {.name = "dump", .arg = ds, .on_data = on_data};

	return tcp_stream_add_consumer(ts, &c);
}

uint64_t dump_streams_count(const struct dump_streams *ds, uint64_t *failed, int *error)
{
	*failed = atomic_load(&ds->failed);
	*error = atomic_load(&ds->error);
	return atomic_load(&ds->written);
}

void dump_streams_close(struct dump_streams *ds)
{
	if (!ds)
		return;
	if (ds->dir >= 0)
		close(ds->dir);
	if (ds->index >= 0)
		close(ds->index);
	free(ds);
}
