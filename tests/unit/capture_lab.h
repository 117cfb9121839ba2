// Captures written byte by byte, and what the capture source made of them.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_eal.h>

#include "dataplane/source_pcap.h"

#define MAX_FRAMES 4096u

static struct mbuf_pools pools;
static char dir[64];

// A capture being written byte by byte.
struct writer {
	uint8_t bytes[1 << 20];
	size_t len;
	bool swapped;
};
static struct writer w;

// What came out of a source.
static struct seen {
	struct packet p[MAX_FRAMES];
	uint8_t first_byte[MAX_FRAMES];
	uint32_t n;
	struct source_stats stats;
	uint64_t errors;
	char said[4096];
	unsigned warnings, complaints;
} seen;

// Deflate has no check of its own: damage may spoil frames before it is seen.
static bool damaged_contents;

static inline void put(const void *bytes, size_t n)
{
	assert_true(w.len + n <= sizeof(w.bytes));
	memcpy(w.bytes + w.len, bytes, n);
	w.len += n;
}

static inline void put16(uint16_t v)
{
	v = w.swapped ? __builtin_bswap16(v) : v;
	put(&v, sizeof(v));
}

static inline void put32(uint32_t v)
{
	v = w.swapped ? __builtin_bswap32(v) : v;
	put(&v, sizeof(v));
}

static inline void put64(uint64_t v)
{
	v = w.swapped ? __builtin_bswap64(v) : v;
	put(&v, sizeof(v));
}

static inline void put_fill(uint8_t value, size_t n)
{
	assert_true(w.len + n <= sizeof(w.bytes));
	memset(w.bytes + w.len, value, n);
	w.len += n;
}

static inline void start(bool swapped)
{
	w.len = 0;
	w.swapped = swapped;
}

static inline void pcap_header(uint32_t magic, uint32_t link_type)
{
	put32(magic);
	put16(2);
	put16(4);
	put32(0);
	put32(0);
	put32(262144);
	put32(link_type);
}

static inline void pcap_record(uint32_t sec, uint32_t fraction, uint8_t fill, uint32_t len, uint32_t wire_len)
{
	put32(sec);
	put32(fraction);
	put32(len);
	put32(wire_len);
	put_fill(fill, len);
}

static inline void pcap_with(uint32_t frames)
{
	start(false);
	pcap_header(0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < frames; i++)
		pcap_record(100 + i, 7, (uint8_t)i, 60, 60);
}

static inline void ng_section(void)
{
	put32(0x0a0d0d0a);
	put32(28);
	put32(0x1a2b3c4d);
	put16(1);
	put16(0);
	put64(UINT64_MAX);
	put32(28);
}

static inline void ng_interface(uint16_t link_type, uint32_t snaplen, uint8_t resolution, int64_t offset_s)
{
	put32(1);
	put32(20 + 8 + 12 + 4);
	put16(link_type);
	put16(0);
	put32(snaplen);
	put16(9); // if_tsresol
	put16(1);
	put(&resolution, 1);
	put_fill(0, 3);
	put16(14); // if_tsoffset
	put16(8);
	put64((uint64_t)offset_s);
	put32(0); // end of options
	put32(20 + 8 + 12 + 4);
}

static inline void ng_packet(
	uint32_t type, uint32_t interface, uint64_t ticks, uint8_t fill, uint32_t len, uint32_t wire_len)
{
	uint32_t padded = (len + 3) & ~3u, block = 32 + padded;

	put32(type);
	put32(block);
	if (type == 2) {
		put16((uint16_t)interface);
		put16(0);
	} else {
		put32(interface);
	}
	put32((uint32_t)(ticks >> 32));
	put32((uint32_t)ticks);
	put32(len);
	put32(wire_len);
	put_fill(fill, len);
	put_fill(0, padded - len);
	put32(block);
}

static inline void ng_simple(uint8_t fill, uint32_t len, uint32_t wire_len)
{
	uint32_t padded = (len + 3) & ~3u;

	put32(3);
	put32(16 + padded);
	put32(wire_len);
	put_fill(fill, padded);
	put32(16 + padded);
}

static inline void heard(void *arg, enum source_severity severity, const char *message)
{
	size_t used = strlen(seen.said);

	assert_ptr_equal(arg, &seen);
	assert_null(strchr(message, '\n'));
	snprintf(seen.said + used, sizeof(seen.said) - used, "%s\n", message);
	seen.warnings += severity == SOURCE_WARNING;
	seen.complaints += severity == SOURCE_ERROR;
}

static inline const char *in_dir(const char *name)
{
	static char path[8][128];
	static unsigned next;
	char *p = path[next++ % 8];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static inline const char *save_as(const char *name)
{
	const char *path = in_dir(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(w.bytes, 1, w.len, f), w.len);
	fclose(f);
	return path;
}

static inline void take(const struct packet *p)
{
	assert_true(seen.n < MAX_FRAMES);
	assert_non_null(p->mbuf);
	assert_int_equal(p->mbuf->pkt_len, p->len);
	assert_int_equal(p->flags & ~(uint32_t)PKT_BEGINS_CAPTURE, 0);
	assert_int_equal(p->seq, seen.n + 1);
	seen.first_byte[seen.n] = p->len ? p->data[0] : 0;
	if (p->len && !damaged_contents)
		assert_int_equal(p->data[p->len - 1], p->data[0]);
	seen.p[seen.n++] = *p;
}

static inline void drain(struct source *s, uint16_t burst)
{
	struct packet frames[PKT_BURST];
	struct rte_mbuf *mbufs[PKT_BURST];

	while (!s->ops->ended(s)) {
		memset(frames, 0xee, sizeof(frames));
		uint16_t n = s->ops->rx(s, frames, burst);
		for (uint16_t i = 0; i < n; i++) {
			take(&frames[i]);
			mbufs[i] = frames[i].mbuf;
		}
		rte_pktmbuf_free_bulk(mbufs, n);
	}
}

static inline int read_paths(const char *const *paths, size_t n)
{
	struct source *s;

	memset(&seen, 0, sizeof(seen));
	int rc = source_pcap_open(&s, paths, n, &pools, heard, &seen);
	if (rc < 0) {
		assert_null(s);
		return rc;
	}
	drain(s, PKT_BURST);
	s->ops->stats(s, &seen.stats);
	seen.errors = source_pcap_errors(s);
	s->ops->close(s);
	assert_int_equal(seen.stats.received, seen.n);
	assert_int_equal(seen.stats.offered, seen.n);
	return 0;
}

static inline int read_one(const char *path)
{
	return read_paths(&path, 1);
}

static inline void assert_said(const char *text)
{
	if (!strstr(seen.said, text))
		fail_msg("expected \"%s\" in \"%s\"", text, seen.said);
}

static inline void assert_silent(void)
{
	assert_string_equal(seen.said, "");
}

static inline int setup_all(void **state)
{
	char *args[] = {
		"test_capture", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-l", "0", "--log-level=4"};

	if (rte_eal_init(8, args) < 0)
		return -1;
	snprintf(dir, sizeof(dir), "test_capture.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	return mbuf_pools_create(
		&pools, &(struct mbuf_pools_config){
				.name = "t", .small_count = 1024, .jumbo_count = 16, .socket = SOCKET_ID_ANY});
}

static inline int teardown_all(void **state)
{
	char command[96];

	mbuf_pools_free(&pools);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}
