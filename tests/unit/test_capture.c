// The capture source: every format, cut and damaged files, directories, pipes, gzip.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <rte_eal.h>
#include <zlib.h>

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

static void put(const void *bytes, size_t n)
{
	assert_true(w.len + n <= sizeof(w.bytes));
	memcpy(w.bytes + w.len, bytes, n);
	w.len += n;
}

static void put16(uint16_t v)
{
	v = w.swapped ? __builtin_bswap16(v) : v;
	put(&v, sizeof(v));
}

static void put32(uint32_t v)
{
	v = w.swapped ? __builtin_bswap32(v) : v;
	put(&v, sizeof(v));
}

static void put64(uint64_t v)
{
	v = w.swapped ? __builtin_bswap64(v) : v;
	put(&v, sizeof(v));
}

static void put_fill(uint8_t value, size_t n)
{
	assert_true(w.len + n <= sizeof(w.bytes));
	memset(w.bytes + w.len, value, n);
	w.len += n;
}

static void start(bool swapped)
{
	w.len = 0;
	w.swapped = swapped;
}

static void pcap_header(uint32_t magic, uint32_t link_type)
{
	put32(magic);
	put16(2);
	put16(4);
	put32(0);
	put32(0);
	put32(262144);
	put32(link_type);
}

static void pcap_record(uint32_t sec, uint32_t fraction, uint8_t fill, uint32_t len, uint32_t wire_len)
{
	put32(sec);
	put32(fraction);
	put32(len);
	put32(wire_len);
	put_fill(fill, len);
}

static void pcap_with(uint32_t frames)
{
	start(false);
	pcap_header(0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < frames; i++)
		pcap_record(100 + i, 7, (uint8_t)i, 60, 60);
}

static void ng_section(void)
{
	put32(0x0a0d0d0a);
	put32(28);
	put32(0x1a2b3c4d);
	put16(1);
	put16(0);
	put64(UINT64_MAX);
	put32(28);
}

static void ng_interface(uint16_t link_type, uint32_t snaplen, uint8_t resolution, int64_t offset_s)
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

static void ng_packet(uint32_t type, uint32_t interface, uint64_t ticks, uint8_t fill, uint32_t len, uint32_t wire_len)
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

static void ng_simple(uint8_t fill, uint32_t len, uint32_t wire_len)
{
	uint32_t padded = (len + 3) & ~3u;

	put32(3);
	put32(16 + padded);
	put32(wire_len);
	put_fill(fill, padded);
	put32(16 + padded);
}

static void heard(void *arg, enum source_severity severity, const char *message)
{
	size_t used = strlen(seen.said);

	assert_ptr_equal(arg, &seen);
	assert_null(strchr(message, '\n'));
	snprintf(seen.said + used, sizeof(seen.said) - used, "%s\n", message);
	seen.warnings += severity == SOURCE_WARNING;
	seen.complaints += severity == SOURCE_ERROR;
}

static const char *in_dir(const char *name)
{
	static char path[8][128];
	static unsigned next;
	char *p = path[next++ % 8];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static const char *save_as(const char *name)
{
	const char *path = in_dir(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(w.bytes, 1, w.len, f), w.len);
	fclose(f);
	return path;
}

static void take(const struct packet *p)
{
	assert_true(seen.n < MAX_FRAMES);
	assert_non_null(p->mbuf);
	assert_int_equal(p->mbuf->pkt_len, p->len);
	assert_int_equal(p->flags, 0);
	assert_int_equal(p->seq, seen.n + 1);
	seen.first_byte[seen.n] = p->len ? p->data[0] : 0;
	if (p->len && !damaged_contents)
		assert_int_equal(p->data[p->len - 1], p->data[0]);
	seen.p[seen.n++] = *p;
}

static void drain(struct source *s, uint16_t burst)
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

static int read_paths(const char *const *paths, size_t n)
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

static int read_one(const char *path)
{
	return read_paths(&path, 1);
}

static void assert_said(const char *text)
{
	if (!strstr(seen.said, text))
		fail_msg("expected \"%s\" in \"%s\"", text, seen.said);
}

static void assert_silent(void)
{
	assert_string_equal(seen.said, "");
}

// ---- pcap ----

static void pcap_of_every_magic_and_byte_order_is_read(void **state)
{
	static const struct {
		uint32_t magic;
		uint64_t ns;
	} kinds[] = {{0xa1b2c3d4, 123456000}, {0xa1b23c4d, 123456}};

	for (unsigned i = 0; i < 4; i++) {
		start(i & 1);
		pcap_header(kinds[i / 2].magic, 101);
		pcap_record(1700000000, 123456, 0x45, 64, 1500);
		assert_int_equal(read_one(save_as("order.pcap")), 0);
		assert_int_equal(seen.n, 1);
		assert_int_equal(seen.p[0].ts_ns, UINT64_C(1700000000) * 1000000000 + kinds[i / 2].ns);
		assert_int_equal(seen.p[0].len, 64);
		assert_int_equal(seen.p[0].wire_len, 1500);
		assert_int_equal(seen.p[0].link_type, 101);
		assert_int_equal(seen.stats.bytes, 1500);
		assert_silent();
	}
}

static void pcap_with_kuznetzovs_longer_records_is_read(void **state)
{
	start(false);
	pcap_header(0xa1b2cd34, 1);
	for (uint8_t i = 1; i <= 2; i++) {
		put32(5);
		put32(6);
		put32(60);
		put32(60);
		put64(0); // interface, protocol, type
		put_fill(i, 60);
	}
	assert_int_equal(read_one(save_as("modified.pcap")), 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.first_byte[1], 2);
}

static void bits_above_the_link_type_are_not_part_of_it(void **state)
{
	start(false);
	pcap_header(0xa1b2c3d4, 0x14000069); // frame check sequence length and its flag
	pcap_record(1, 0, 8, 30, 30);
	assert_int_equal(read_one(save_as("fcs.pcap")), 0);
	assert_int_equal(seen.p[0].link_type, 105);
}

static void a_frame_longer_on_record_than_on_the_wire_counts_as_recorded(void **state)
{
	start(false);
	pcap_header(0xa1b2c3d4, 1);
	pcap_record(1, 0, 8, 100, 60);
	assert_int_equal(read_one(save_as("longer.pcap")), 0);
	assert_int_equal(seen.p[0].len, 100);
	assert_int_equal(seen.p[0].wire_len, 100);
}

static void frames_of_every_size_arrive_whole(void **state)
{
	static const uint32_t sizes[] = {0, 1, 60, 1514, 2047, 2048, 2049, 9018, 65535, 65536, 200000, 262144};

	start(false);
	pcap_header(0xa1b2c3d4, 1);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		pcap_record(i, 0, (uint8_t)(i + 1), sizes[i], sizes[i]);
	assert_int_equal(read_one(save_as("sizes.pcap")), 0);
	assert_int_equal(seen.n, sizeof(sizes) / sizeof(sizes[0]));
	for (unsigned i = 0; i < seen.n; i++) {
		assert_int_equal(seen.p[i].len, sizes[i]);
		if (sizes[i])
			assert_int_equal(seen.first_byte[i], i + 1);
	}
	assert_silent();
}

static void a_capture_larger_than_the_window_is_read_to_its_end(void **state)
{
	pcap_with(0);
	for (uint32_t i = 0; i < 900; i++)
		pcap_record(i, 0, (uint8_t)i, 1000 + i % 97, 1500);
	assert_true(w.len > 800000);
	assert_int_equal(read_one(save_as("large.pcap")), 0);
	assert_int_equal(seen.n, 900);
	for (uint32_t i = 0; i < 900; i++)
		assert_int_equal(seen.first_byte[i], (uint8_t)i);
}

// ---- cut and damaged ----

static void a_pcap_cut_anywhere_is_read_to_its_last_whole_packet(void **state)
{
	pcap_with(3);
	size_t whole = w.len;

	for (size_t cut = 24; cut < whole; cut++) {
		w.len = cut;
		assert_int_equal(read_one(save_as("cut.pcap")), 0);
		assert_int_equal(seen.n, (cut - 24) / 76);
		bool at_boundary = (cut - 24) % 76 == 0;
		assert_int_equal(seen.stats.errors, !at_boundary);
		if (!at_boundary) {
			char where[64];
			snprintf(where, sizeof(where), "cut short at byte %zu", 24 + (cut - 24) / 76 * 76);
			assert_said(where);
			assert_said("cut.pcap");
			assert_int_equal(seen.warnings, 1);
		}
	}
}

static void a_pcapng_cut_anywhere_is_read_to_its_last_whole_packet(void **state)
{
	start(false);
	ng_section();
	ng_interface(1, 0, 6, 0);
	size_t head = w.len;
	for (unsigned i = 0; i < 3; i++)
		ng_packet(6, 0, i, 9, 61, 61);
	size_t whole = w.len;
	for (size_t cut = 28; cut < whole; cut++) {
		w.len = cut;
		assert_int_equal(read_one(save_as("cut.pcapng")), 0);
		assert_int_equal(seen.n, cut < head ? 0 : (cut - head) / 96);
		assert_int_equal(seen.warnings, cut > head && (cut - head) % 96 == 0 ? 0 : 1);
	}
}

static void a_header_cut_short_is_a_cut_capture(void **state)
{
	pcap_with(0);
	w.len = 23;
	assert_int_equal(read_one(save_as("head.pcap")), 0);
	assert_int_equal(seen.n, 0);
	assert_said("cut short at byte 0");
}

static void a_record_that_claims_too_much_ends_its_file_and_not_the_run(void **state)
{
	pcap_with(2);
	put32(1);
	put32(0);
	put32(262145);
	put32(262145);
	put_fill(0, 1000);
	const char *paths[2] = {save_as("claims.pcap"), NULL};
	pcap_with(1);
	paths[1] = save_as("next.pcap");
	assert_int_equal(read_paths(paths, 2), 0);
	assert_int_equal(seen.n, 3);
	assert_said("claims.pcap: damaged at byte 176");
	assert_said("2 packets before it were read");
	assert_int_equal(seen.warnings, 1);
	assert_int_equal(seen.errors, 0);
}

static void a_pcap_of_another_major_version_is_damaged(void **state)
{
	pcap_with(1);
	w.bytes[4] = 3;
	assert_int_equal(read_one(save_as("version.pcap")), 0);
	assert_int_equal(seen.n, 0);
	assert_said("version other than 2.x");
}

static void damaged_pcapng_blocks_are_named(void **state)
{
	static const struct {
		unsigned at; // byte of the file to change, behind the section and interface blocks: 28 + 44
		uint8_t value;
		const char *said;
	} damages[] = {
		{8, 0, "no byte order magic"},
		{12, 9, "version other than 1.x"},
		{32, 8, "a block has a wrong length"},
		{28 + 20, 0x7f, "timestamp resolution beyond 64 bits"},
		{72 + 8, 1, "interface that was not described"},
		{72 + 20, 200, "a packet is longer than its block"},
		{72 + 22, 200, "a packet says it holds more than 262144 bytes"},
		{72 + 88, 93, "a packet block says two lengths"},
	};

	for (unsigned i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		start(false);
		ng_section();
		ng_interface(1, 0, 6, 0);
		ng_packet(6, 0, 5, 9, 60, 60);
		ng_packet(6, 0, 5, 9, 60, 60);
		w.bytes[damages[i].at] = damages[i].value;
		assert_int_equal(read_one(save_as("damaged.pcapng")), 0);
		assert_int_equal(seen.n, 0);
		assert_said(damages[i].said);
		assert_int_equal(seen.stats.errors, 1);
	}
}

static void a_section_with_too_many_interfaces_is_damaged(void **state)
{
	start(false);
	ng_section();
	for (unsigned i = 0; i < 1025; i++)
		ng_interface(1, 0, 6, 0);
	assert_int_equal(read_one(save_as("interfaces.pcapng")), 0);
	assert_said("more than 1024 interfaces");
}

// ---- pcapng ----

static void pcapng_of_both_byte_orders_and_all_packet_blocks_is_read(void **state)
{
	for (unsigned swapped = 0; swapped < 2; swapped++) {
		start(swapped);
		ng_section();
		ng_interface(1, 0, 6, 0);
		ng_packet(6, 0, UINT64_C(1700000000000001), 1, 61, 90);
		ng_packet(2, 0, UINT64_C(1700000000000002), 2, 62, 62);
		ng_simple(3, 64, 64);
		assert_int_equal(read_one(save_as("blocks.pcapng")), 0);
		assert_int_equal(seen.n, 3);
		assert_int_equal(seen.p[0].ts_ns, UINT64_C(1700000000000001000));
		assert_int_equal(seen.p[0].len, 61);
		assert_int_equal(seen.p[0].wire_len, 90);
		assert_int_equal(seen.p[1].ts_ns, UINT64_C(1700000000000002000));
		assert_int_equal(seen.p[2].len, 64);
		assert_int_equal(seen.first_byte[2], 3);
		assert_silent();
	}
}

static void each_interface_has_its_link_type_and_clock(void **state)
{
	start(false);
	ng_section();
	ng_interface(1, 0, 9, 0);           // nanoseconds
	ng_interface(101, 0, 3, 0);         // milliseconds
	ng_interface(113, 0, 0x80 | 10, 0); // 1/1024 second
	ng_interface(0, 0, 12, 0);          // picoseconds
	ng_interface(1, 0, 6, -10);         // ten seconds back
	ng_packet(6, 0, UINT64_C(1700000000123456789), 1, 60, 60);
	ng_packet(6, 1, UINT64_C(1700000000123), 2, 60, 60);
	ng_packet(6, 2, UINT64_C(1700000000) * 1024 + 512, 3, 60, 60);
	ng_packet(6, 3, UINT64_C(17000000123456), 4, 60, 60);
	ng_packet(6, 4, UINT64_C(1700000010000000), 5, 60, 60);
	assert_int_equal(read_one(save_as("clocks.pcapng")), 0);
	assert_int_equal(seen.n, 5);
	assert_int_equal(seen.p[0].ts_ns, UINT64_C(1700000000123456789));
	assert_int_equal(seen.p[1].ts_ns, UINT64_C(1700000000123000000));
	assert_int_equal(seen.p[2].ts_ns, UINT64_C(1700000000500000000));
	assert_int_equal(seen.p[3].ts_ns, UINT64_C(17000000123));
	assert_int_equal(seen.p[4].ts_ns, UINT64_C(1700000000000000000));
	static const uint16_t links[] = {1, 101, 113, 0, 1};
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(seen.p[i].link_type, links[i]);
		assert_int_equal(seen.p[i].iface, i);
	}
}

static void a_new_section_forgets_interfaces_and_may_turn_the_byte_order(void **state)
{
	start(false);
	ng_section();
	ng_interface(1, 0, 6, 0);
	ng_packet(6, 0, 1, 1, 60, 60);
	w.swapped = true;
	ng_section();
	ng_interface(228, 0, 6, 0);
	ng_packet(6, 0, 2, 2, 60, 60);
	w.swapped = false;
	ng_section();
	ng_packet(6, 0, 3, 3, 60, 60);
	assert_int_equal(read_one(save_as("sections.pcapng")), 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.p[1].link_type, 228);
	assert_int_equal(seen.p[1].ts_ns, 2000);
	assert_said("interface that was not described");
}

static void a_simple_packet_is_cut_at_the_snap_length(void **state)
{
	start(false);
	ng_section();
	ng_interface(1, 61, 6, 0);
	ng_simple(7, 64, 1500); // 61 bytes and three of padding
	assert_int_equal(read_one(save_as("simple.pcapng")), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.p[0].len, 61);
	assert_int_equal(seen.p[0].wire_len, 1500);
}

static void blocks_of_other_kinds_are_passed_over_even_when_huge(void **state)
{
	start(false);
	ng_section();
	ng_interface(1, 0, 6, 0);
	put32(4); // name resolution
	put32(16);
	put32(0);
	put32(16);
	put32(0x0bad); // custom, larger than the window
	put32(700000);
	put_fill(0x55, 700000 - 12);
	put32(700000);
	ng_packet(6, 0, 1, 1, 60, 60);
	assert_int_equal(read_one(save_as("other.pcapng")), 0);
	assert_int_equal(seen.n, 1);
	assert_silent();
}

static void a_packet_block_with_huge_options_is_read(void **state)
{
	start(false);
	ng_section();
	ng_interface(1, 0, 6, 0);
	size_t at = w.len;
	ng_packet(6, 0, 1, 1, 60, 60);
	w.len -= 4;
	put_fill(0, 600000);
	uint32_t len = 32 + 60 + 600000;
	put32(len);
	memcpy(w.bytes + at + 4, &len, 4);
	ng_packet(6, 0, 2, 2, 60, 60);
	assert_int_equal(read_one(save_as("options.pcapng")), 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.first_byte[1], 2);
	assert_silent();
}

// ---- inputs ----

static void several_files_are_numbered_through(void **state)
{
	pcap_with(40);
	const char *paths[2] = {save_as("one.pcap"), NULL};
	pcap_with(3);
	paths[1] = save_as("two.pcap");
	assert_int_equal(read_paths(paths, 2), 0);
	assert_int_equal(seen.n, 43); // take() checks the ordinals
	assert_silent();
}

static void a_directory_is_read_in_name_order_without_what_is_no_capture(void **state)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/d", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/d/sub", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	start(false);
	pcap_header(0xa1b2c3d4, 1);
	pcap_record(1, 0, 'b', 60, 60);
	save_as("d/b.pcap");
	save_as("d/.hidden");
	save_as("d/sub/deeper.pcap");
	start(false);
	pcap_header(0xa1b2c3d4, 1);
	pcap_record(1, 0, 'a', 60, 60);
	save_as("d/a.pcap");
	start(false);
	put("just some text", 14);
	save_as("d/notes.txt");
	assert_int_equal(read_one(in_dir("d")), 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.first_byte[0], 'a');
	assert_int_equal(seen.first_byte[1], 'b');
	assert_said("notes.txt: not a capture");
	assert_int_equal(seen.warnings, 1);
	assert_int_equal(seen.complaints, 0);
}

static void an_empty_directory_is_an_error(void **state)
{
	assert_int_equal(mkdir(in_dir("empty"), 0700), 0);
	assert_int_equal(read_one(in_dir("empty")), -ENOENT);
	assert_said("the directory holds no files");
}

static void a_named_file_that_is_no_capture_fails_before_anything_is_read(void **state)
{
	pcap_with(5);
	const char *paths[2] = {save_as("good.pcap"), NULL};
	start(false);
	put("GET / HTTP/1.1\r\n", 16);
	paths[1] = save_as("text.pcap");
	assert_int_equal(read_paths(paths, 2), -EINVAL);
	assert_int_equal(seen.n, 0);
	assert_int_equal(seen.complaints, 1);
	assert_said("text.pcap: not a capture; expected pcap or pcapng");
}

static void an_empty_file_is_no_capture_and_a_missing_one_is_named(void **state)
{
	start(false);
	assert_int_equal(read_one(save_as("zero.pcap")), -EINVAL);
	assert_said("zero.pcap: not a capture (the file is empty)");
	assert_int_equal(read_one(in_dir("missing.pcap")), -ENOENT);
	assert_said("missing.pcap: cannot read: No such file or directory");
}

static void a_capture_without_packets_is_a_warning(void **state)
{
	pcap_with(0);
	assert_int_equal(read_one(save_as("none.pcap")), 0);
	assert_int_equal(seen.n, 0);
	assert_said("none.pcap: the capture holds no packets");
	assert_int_equal(seen.complaints, 0);
	start(false);
	ng_section();
	assert_int_equal(read_one(save_as("none.pcapng")), 0);
	assert_said("none.pcapng: the capture holds no packets");
}

// ---- pipes ----

// Writes the capture into a fifo in pieces of a few bytes, with pauses, from a child process.
static pid_t feed_fifo(const char *path, size_t piece)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	int fd = open(path, O_WRONLY);
	for (size_t at = 0; at < w.len; at += piece) {
		size_t n = w.len - at < piece ? w.len - at : piece;
		if (write(fd, w.bytes + at, n) != (ssize_t)n)
			_exit(1);
		usleep(100);
	}
	_exit(0);
}

static void a_pipe_that_trickles_is_read_like_a_file(void **state)
{
	const char *path = in_dir("fifo");

	assert_int_equal(mkfifo(path, 0600), 0);
	pcap_with(40);
	pid_t child = feed_fifo(path, 41);
	assert_true(child > 0);
	assert_int_equal(read_one(path), 0);
	assert_int_equal(seen.n, 40);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(seen.first_byte[i], i);
	assert_silent();
	unlink(path);
}

static void a_pipe_that_carries_no_capture_is_an_error_of_the_run(void **state)
{
	const char *path = in_dir("fifo");

	assert_int_equal(mkfifo(path, 0600), 0);
	start(false);
	put("not a capture at all", 20);
	assert_true(feed_fifo(path, 3) > 0);
	assert_int_equal(read_one(path), 0);
	assert_int_equal(seen.n, 0);
	assert_int_equal(seen.errors, 1);
	assert_said("fifo: not a capture");
	unlink(path);
}

static void standard_input_is_a_dash(void **state)
{
	int ends[2], saved = dup(STDIN_FILENO);

	pcap_with(3);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], w.bytes, w.len), w.len);
	close(ends[1]);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	assert_int_equal(read_one("-"), 0);
	dup2(saved, STDIN_FILENO);
	close(saved);
	assert_int_equal(seen.n, 3);
}

// ---- gzip ----

static const char *save_gzip(const char *name, const char *mode)
{
	const char *path = in_dir(name);
	gzFile f = gzopen(path, mode);

	assert_non_null(f);
	assert_int_equal(gzwrite(f, w.bytes, (unsigned)w.len), (int)w.len);
	gzclose(f);
	return path;
}

static void a_gzip_capture_is_read_as_if_plain(void **state)
{
	pcap_with(1000);
	assert_int_equal(read_one(save_gzip("c.pcap.gz", "wb")), 0);
	assert_int_equal(seen.n, 1000);
	assert_silent();
}

static void gzip_members_one_after_the_other_are_one_capture(void **state)
{
	pcap_with(3);
	save_gzip("m.pcap.gz", "wb");
	start(false);
	pcap_record(9, 9, 9, 60, 60);
	assert_int_equal(read_one(save_gzip("m.pcap.gz", "ab")), 0);
	assert_int_equal(seen.n, 4);
	assert_int_equal(seen.first_byte[3], 9);
}

static void a_damaged_gzip_capture_is_read_to_the_damage(void **state)
{
	uint64_t x = 1;

	pcap_with(0);
	for (unsigned i = 0; i < 1000; i++) { // frames that do not compress away
		pcap_record(i, 0, 0, 200, 200);
		for (unsigned k = 1; k < 199; k++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			w.bytes[w.len - k - 1] = (uint8_t)(x >> 56);
		}
	}
	const char *path = save_gzip("bad.pcap.gz", "wb");
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	FILE *f = fopen(path, "r+");
	fseek(f, st.st_size / 2, SEEK_SET);
	for (unsigned i = 0; i < 64; i++)
		fputc(0xff, f);
	fclose(f);
	damaged_contents = true;
	assert_int_equal(read_one(path), 0);
	damaged_contents = false;
	assert_true(seen.n > 100 && seen.n < 1000);
	assert_said("bad.pcap.gz");
	assert_int_equal(seen.warnings, 1);
	assert_int_equal(truncate(path, st.st_size / 4), 0);
	assert_int_equal(read_one(path), 0);
	assert_true(seen.n > 50 && seen.n < 500);
	assert_said("cut short");
}

// ---- bursts and buffers ----

static void bursts_are_no_larger_than_asked_for(void **state)
{
	struct source *s;
	struct packet frames[PKT_BURST];

	pcap_with(10);
	const char *path = save_as("burst.pcap");
	assert_int_equal(source_pcap_open(&s, &path, 1, &pools, heard, &seen), 0);
	assert_int_equal(s->ops->rx(s, frames, 4), 4);
	for (unsigned i = 0; i < 4; i++)
		rte_pktmbuf_free(frames[i].mbuf);
	assert_false(s->ops->ended(s));
	assert_int_equal(s->ops->rx(s, frames, 1000), 6);
	for (unsigned i = 0; i < 6; i++)
		rte_pktmbuf_free(frames[i].mbuf);
	assert_true(s->ops->ended(s));
	assert_int_equal(s->ops->rx(s, frames, 32), 0);
	s->ops->close(s);
}

static void no_frame_is_lost_while_buffers_are_short(void **state)
{
	struct rte_mbuf *held[256];
	unsigned n = 0;
	struct source *s;
	struct packet frame;

	start(false);
	pcap_header(0xa1b2c3d4, 1);
	pcap_record(1, 0, 1, 5000, 5000);
	pcap_record(2, 0, 2, 60, 60);
	const char *path = save_as("short.pcap");
	assert_int_equal(source_pcap_open(&s, &path, 1, &pools, heard, &seen), 0);
	while (n < 256 && (held[n] = rte_pktmbuf_alloc(pools.jumbo)) != NULL)
		n++;
	assert_int_equal(s->ops->rx(s, &frame, 1), 0);
	assert_false(s->ops->ended(s));
	while (n > 0)
		rte_pktmbuf_free(held[--n]);
	assert_int_equal(s->ops->rx(s, &frame, 1), 1);
	assert_int_equal(frame.len, 5000);
	rte_pktmbuf_free(frame.mbuf);
	assert_int_equal(s->ops->rx(s, &frame, 1), 1);
	assert_int_equal(frame.len, 60);
	assert_int_equal(frame.seq, 2);
	rte_pktmbuf_free(frame.mbuf);
	struct source_stats stats;
	s->ops->stats(s, &stats);
	assert_int_equal(stats.no_buffer, 1);
	s->ops->close(s);
}

static void progress_goes_from_nothing_to_all(void **state)
{
	struct source *s;
	struct source_progress at;

	pcap_with(100);
	const char *paths[2] = {save_as("p1.pcap"), save_as("p2.pcap")};
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(source_pcap_open(&s, paths, 2, &pools, heard, &seen), 0);
	source_pcap_progress(s, &at);
	assert_int_equal(at.bytes_read, 0);
	assert_int_equal(at.bytes_total, 2 * w.len);
	assert_int_equal(at.files, 2);
	drain(s, 7);
	source_pcap_progress(s, &at);
	assert_int_equal(at.bytes_read, 2 * w.len);
	assert_int_equal(at.frames, 200);
	assert_string_equal(at.file, "");
	s->ops->close(s);
}

static void closing_gives_every_buffer_back(void **state)
{
	struct source *s;
	struct packet frames[PKT_BURST];
	unsigned before = rte_mempool_avail_count(pools.small);

	pcap_with(100);
	const char *path = save_as("close.pcap");
	assert_int_equal(source_pcap_open(&s, &path, 1, &pools, heard, &seen), 0);
	uint16_t n = s->ops->rx(s, frames, 5);
	s->ops->close(s);
	for (uint16_t i = 0; i < n; i++)
		rte_pktmbuf_free(frames[i].mbuf);
	assert_int_equal(rte_mempool_avail_count(pools.small), before);
	// the ops struct accepts nothing to close
	assert_int_equal(source_pcap_open(&s, &path, 1, &pools, heard, &seen), 0);
	void (*close_source)(struct source *) = s->ops->close;
	close_source(s);
	close_source(NULL);
}

static int setup_all(void **state)
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

static int teardown_all(void **state)
{
	char command[96];

	mbuf_pools_free(&pools);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcap_of_every_magic_and_byte_order_is_read),
		cmocka_unit_test(pcap_with_kuznetzovs_longer_records_is_read),
		cmocka_unit_test(bits_above_the_link_type_are_not_part_of_it),
		cmocka_unit_test(a_frame_longer_on_record_than_on_the_wire_counts_as_recorded),
		cmocka_unit_test(frames_of_every_size_arrive_whole),
		cmocka_unit_test(a_capture_larger_than_the_window_is_read_to_its_end),
		cmocka_unit_test(a_pcap_cut_anywhere_is_read_to_its_last_whole_packet),
		cmocka_unit_test(a_pcapng_cut_anywhere_is_read_to_its_last_whole_packet),
		cmocka_unit_test(a_header_cut_short_is_a_cut_capture),
		cmocka_unit_test(a_record_that_claims_too_much_ends_its_file_and_not_the_run),
		cmocka_unit_test(a_pcap_of_another_major_version_is_damaged),
		cmocka_unit_test(damaged_pcapng_blocks_are_named),
		cmocka_unit_test(a_section_with_too_many_interfaces_is_damaged),
		cmocka_unit_test(pcapng_of_both_byte_orders_and_all_packet_blocks_is_read),
		cmocka_unit_test(each_interface_has_its_link_type_and_clock),
		cmocka_unit_test(a_new_section_forgets_interfaces_and_may_turn_the_byte_order),
		cmocka_unit_test(a_simple_packet_is_cut_at_the_snap_length),
		cmocka_unit_test(blocks_of_other_kinds_are_passed_over_even_when_huge),
		cmocka_unit_test(a_packet_block_with_huge_options_is_read),
		cmocka_unit_test(several_files_are_numbered_through),
		cmocka_unit_test(a_directory_is_read_in_name_order_without_what_is_no_capture),
		cmocka_unit_test(an_empty_directory_is_an_error),
		cmocka_unit_test(a_named_file_that_is_no_capture_fails_before_anything_is_read),
		cmocka_unit_test(an_empty_file_is_no_capture_and_a_missing_one_is_named),
		cmocka_unit_test(a_capture_without_packets_is_a_warning),
		cmocka_unit_test(a_pipe_that_trickles_is_read_like_a_file),
		cmocka_unit_test(a_pipe_that_carries_no_capture_is_an_error_of_the_run),
		cmocka_unit_test(standard_input_is_a_dash),
		cmocka_unit_test(a_gzip_capture_is_read_as_if_plain),
		cmocka_unit_test(gzip_members_one_after_the_other_are_one_capture),
		cmocka_unit_test(a_damaged_gzip_capture_is_read_to_the_damage),
		cmocka_unit_test(bursts_are_no_larger_than_asked_for),
		cmocka_unit_test(no_frame_is_lost_while_buffers_are_short),
		cmocka_unit_test(progress_goes_from_nothing_to_all),
		cmocka_unit_test(closing_gives_every_buffer_back),
	};
	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
