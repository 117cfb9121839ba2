// All frames of a run, kept until they can be written in order of time.
#include "perf/generate/generate.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAPLEN 262144

struct entry {
	uint64_t ts_ns;
	uint64_t at; // offset of the frame in bytes
	uint32_t len;
	uint32_t order;
};

struct timeline {
	struct entry *entries;
	size_t count, room;
	uint8_t *bytes;
	size_t used, size;
};

static void *grow(void *mem, size_t bytes)
{
	void *grown = realloc(mem, bytes);

	if (!grown) {
		fprintf(stderr, "tocsin-generate: no memory for so many packets; lower the rates or durations\n");
		exit(1);
	}
	return grown;
}

struct timeline *timeline_new(void)
{
	struct timeline *t = grow(NULL, sizeof(*t));

	*t = (struct timeline){0};
	return t;
}

void timeline_free(struct timeline *t)
{
	if (!t)
		return;
	free(t->entries);
	free(t->bytes);
	free(t);
}

void timeline_add(struct timeline *t, uint64_t ts_ns, const uint8_t *frame, uint32_t len)
{
	if (t->count == t->room) {
		t->room = t->room ? t->room * 2 : 4096;
		t->entries = grow(t->entries, t->room * sizeof(*t->entries));
	}
	if (t->used + len > t->size) {
		t->size = t->size ? t->size * 2 + len : (size_t)1 << 20;
		t->bytes = grow(t->bytes, t->size);
	}
	t->entries[t->count] = (struct entry){.ts_ns = ts_ns, .at = t->used, .len = len, .order = (uint32_t)t->count};
	t->count++;
	memcpy(t->bytes + t->used, frame, len);
	t->used += len;
}

size_t timeline_frames(const struct timeline *t)
{
	return t->count;
}

uint64_t timeline_bytes(const struct timeline *t)
{
	return t->used;
}

static int by_time(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->ts_ns != y->ts_ns)
		return x->ts_ns < y->ts_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int write_all(struct timeline *t, pcap_dumper_t *out)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct entry *e = &t->entries[i];
		struct pcap_pkthdr h = {.caplen = e->len, .len = e->len};
		h.ts.tv_sec = (time_t)(e->ts_ns / GEN_SECOND);
		h.ts.tv_usec = (suseconds_t)(e->ts_ns % GEN_SECOND); // nanoseconds in this kind of file
		pcap_dump((u_char *)out, &h, t->bytes + e->at);
	}
	return pcap_dump_flush(out);
}

int timeline_write(struct timeline *t, const char *path)
{
	pcap_t *dead = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAPLEN, PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *out = dead ? pcap_dump_open(dead, path) : NULL;
	int rc = -1;

	if (!out) {
		fprintf(stderr, "tocsin-generate: %s: cannot write: %s\n", path,
			dead ? pcap_geterr(dead) : "no memory");
	} else {
		qsort(t->entries, t->count, sizeof(*t->entries), by_time);
		rc = write_all(t, out) == 0 && !ferror(pcap_dump_file(out)) ? 0 : -1;
		if (rc < 0)
			fprintf(stderr, "tocsin-generate: %s: cannot write all of it; is the disk full?\n", path);
		pcap_dump_close(out);
	}
	if (dead)
		pcap_close(dead);
	return rc;
}
