// Fragments given to a defragmenter of the test's own, and what it rebuilt.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/defrag.h"
#include "tests/unit/build_packet.h"

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define SECOND UINT64_C(1000000000)
#define START (UINT64_C(1700000000) * SECOND)

static struct defrag_config config;
static struct defrag *df;
static struct burst burst;
static struct packet last; // the fragment given last, with what was noted on it

static inline void setup_with(const struct defrag_config *cfg)
{
	size_t size = (defrag_size(cfg) + 63) & ~(size_t)63;
	void *mem = aligned_alloc(64, size);

	memset(mem, 0, size);
	assert_int_equal(defrag_init(mem, cfg, &df), 0);
	memset(&burst, 0, sizeof(burst));
	burst.frames[0].seq = 1;
}

static inline int setup(void **state)
{
	defrag_config_defaults(&config);
	config.memcap_bytes = 2 << 20;
	config.max_datagrams = 64;
	setup_with(&config);
	return 0;
}

static inline int teardown(void **state)
{
	free(df);
	df = NULL;
	return 0;
}

// A new setup with other limits, in the middle of a test.
static inline void reconfigure(void)
{
	free(df);
	setup_with(&config);
}

static inline void next_burst(void)
{
	uint64_t seq = burst.frames[0].seq;

	memset(&burst, 0, sizeof(burst));
	burst.frames[0].seq = seq + 32;
}

struct piece {
	uint32_t offset;
	bool more;
	const char *bytes; // NULL: len bytes of fill
	uint32_t len;
	uint8_t fill;
	uint16_t id;
	uint8_t proto;
	uint16_t vlan;
	uint64_t ts_ns;
	const char *src;
};

static inline struct packet *give(
	const struct build *b, uint32_t payload_off, const struct piece *piece, uint32_t version)
{
	// held apart so that a read past the fragment is seen by the address sanitizer
	uint8_t *bytes = malloc(b->len);
	struct packet *out;

	memcpy(bytes, b->data, b->len);
	memset(&last, 0, sizeof(last));
	last.data = bytes;
	last.len = last.wire_len = b->len;
	last.ts_ns = piece->ts_ns ? piece->ts_ns : START;
	last.seq = 7;
	last.flags = PKT_FRAGMENT | (version == 4 ? PKT_IPV4 : PKT_IPV6);
	last.l3_off = 14;
	last.l4_off = last.payload_off = payload_off;
	last.payload_len = b->len - payload_off;
	last.ip_proto = piece->proto ? piece->proto : 253;
	last.vlan_count = piece->vlan != 0;
	last.vlan[0] = piece->vlan;
	memcpy(last.src.b, b->data + 14 + (version == 4 ? 12 : 8), version == 4 ? 4 : 16);
	memcpy(last.dst.b, b->data + 14 + (version == 4 ? 16 : 24), version == 4 ? 4 : 16);
	out = defrag_packet(df, &burst, &last);
	free(bytes);
	last.data = NULL;
	return out;
}

static inline void put_bytes(struct build *b, const struct piece *piece)
{
	if (piece->bytes)
		build_text(b, piece->bytes);
	else
		build_fill(b, piece->fill, piece->len);
}

static inline struct packet *give4(struct piece piece)
{
	static struct build b;

	build_start(&b);
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, piece.src ? piece.src : "10.0.0.1", "10.0.0.2", piece.proto ? piece.proto : 253);
	build_ipv4_frag(&b, piece.id, piece.offset, piece.more);
	put_bytes(&b, &piece);
	build_finish(&b);
	return give(&b, 34, &piece, 4);
}

static inline struct packet *give6(struct piece piece)
{
	static struct build b;

	build_start(&b);
	build_ethernet(&b, 0x86dd);
	build_ipv6(&b, "2001:db8::1", "2001:db8::2", 44);
	build_ipv6_frag(&b, piece.proto ? piece.proto : 253, piece.id, piece.offset, piece.more);
	put_bytes(&b, &piece);
	build_finish(&b);
	return give(&b, 62, &piece, 6);
}

static inline bool noted(uint16_t reason)
{
	for (unsigned i = 0; i < last.event_count; i++)
		if (last.events[i] == reason)
			return true;
	return false;
}

static inline void assert_rebuilt4(const struct packet *p, const char *expected)
{
	size_t n = strlen(expected);

	assert_non_null(p);
	assert_true(p->flags & PKT_REBUILT);
	assert_true(p->flags & PKT_IPV4);
	assert_int_equal(p->len, 20 + n);
	assert_memory_equal(p->data + 20, expected, n);
	assert_int_equal(p->data[2] << 8 | p->data[3], 20 + n);
	assert_int_equal(p->data[6] << 8 | p->data[7], 0);
	assert_int_equal(build_sum(p->data, 20, 0), 0xffff);
}
