// The fast path and the walk say the same of the same bytes, down to the last field and counter.
#include "tests/unit/decode_run.h"
#include "tests/unit/decode_rows.h"
#include "dataplane/decode_internal.h"
#include "tests/unit/random_below.h"

static struct build b;
static struct decoder fast_decoder, walk_decoder;
static struct burst walk_burst;
// Runs both. Returns true when the fast path took the frame.
static bool both_ways_agree(const uint8_t *bytes, uint32_t len, uint32_t flags)
{
	struct packet fast = {.data = bytes, .len = len, .wire_len = len, .link_type = 1, .seq = 1, .flags = flags};
	const struct packet before = fast;
	memset(&fast_decoder.counters, 0, sizeof(fast_decoder.counters));
	memset(&walk_decoder.counters, 0, sizeof(walk_decoder.counters));
	uint32_t tally = decode_fast(&fast_decoder, &fast);
	decode_tally(&fast_decoder.counters, tally);
	if (tally == 0) {
		assert_memory_equal(&fast, &before, sizeof(fast));
		return false;
	}
	walk_burst.n = walk_burst.n_extra = 0;
	walk_burst.frames[0] = before;
	decode_frame(&walk_decoder, &walk_burst, &walk_burst.frames[0]);
	assert_int_equal(walk_burst.n, 1);
	assert_memory_equal(&fast, &walk_burst.frames[0], sizeof(fast));
	assert_memory_equal(&fast_decoder.counters, &walk_decoder.counters, sizeof(fast_decoder.counters));
	return true;
}

static void build_random_stack(struct build *to)
{
	static const uint8_t opts[] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 2, 4, 5, 0xb4, 4, 2, 1, 1};
	static const uint8_t whole[] = {0, 12, 16, 20}; // bytes of opts that end with an option
	bool v4 = random_below(2), tcp = random_below(2);
	uint16_t type = v4 ? 0x0800 : 0x86dd;
	build_start(to);
	if (random_below(3) == 0) {
		build_ethernet(to, 0x8100);
		build_vlan(to, (uint16_t)random_below(65536), type);
	} else {
		build_ethernet(to, type);
	}
	if (v4)
		build_ipv4(to, "10.0.0.1", "10.0.0.2", tcp ? 6 : 17);
	else
		build_ipv6(to, "2001:db8::1", "2001:db8::2", tcp ? 6 : 17);
	uint16_t sport = (uint16_t)random_below(65536), dport = (uint16_t)random_below(65536);
	if (tcp)
		build_tcp_opts(to, sport, dport, (uint8_t)random_below(256), 1, 2, opts, whole[random_below(4)]);
	else
		build_udp(to, sport, random_below(8) == 0 ? 4789 : dport);
	build_fill(to, (uint8_t)random_below(256), random_below(80));
	build_finish(to);
	build_fill(to, 0, random_below(8));
}

// A header byte now and then, a length, the end of the frame.
static void spoil(struct build *to)
{
	for (uint32_t i = random_below(3); i > 0; i--)
		to->data[12 + random_below(60)] = (uint8_t)random_below(256);
	if (random_below(4) == 0)
		to->len = random_below(to->len + 1);
}

// A stand-in for the defragmenter: notes what it likes, and now and then has a whole datagram to give.
static struct packet *rebuild_now_and_then(struct defrag *df, struct burst *at, struct packet *frag)
{
	static const uint8_t whole[28] = {
		0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 9, 0, 9, 0, 8};
	uint8_t choice = frag->payload_len ? frag->data[frag->payload_off] : 0;
	struct packet *p = choice % 4 == 0 ? burst_take_extra(at) : NULL;

	if (choice % 3 == 0)
		packet_note(frag, DECODE_IPV4_FRAG_OVERLAP);
	if (p == NULL)
		return NULL;
	p->data = whole;
	p->len = p->wire_len = sizeof(whole);
	p->flags = PKT_REBUILT | PKT_L3_CSUM_OK;
	return p;
}

// Runs both over what may be a fragment. Returns true when the short way took it.
static bool both_treat_fragments_alike(const uint8_t *bytes, uint32_t len, uint32_t flags)
{
	static struct burst short_burst;
	struct packet before;

	memset(&before, 0, sizeof(before));
	before.data = bytes;
	before.len = before.wire_len = len;
	before.link_type = 1;
	before.flags = flags;
	memset(&fast_decoder.counters, 0, sizeof(fast_decoder.counters));
	memset(&walk_decoder.counters, 0, sizeof(walk_decoder.counters));
	fast_decoder.defrag_packet = walk_decoder.defrag_packet = rebuild_now_and_then;
	fast_decoder.defrag = walk_decoder.defrag = (struct defrag *)&b; // not looked at
	short_burst.n = short_burst.n_extra = walk_burst.n = walk_burst.n_extra = 0;
	short_burst.frames[0] = walk_burst.frames[0] = before;
	if (!decode_fast_ipv4(&fast_decoder, &short_burst, &short_burst.frames[0])) {
		assert_memory_equal(&short_burst.frames[0], &before, sizeof(before));
		assert_int_equal(short_burst.n, 0);
		return false;
	}
	decode_frame(&walk_decoder, &walk_burst, &walk_burst.frames[0]);
	assert_int_equal(short_burst.n, walk_burst.n);
	assert_int_equal(short_burst.n_extra, walk_burst.n_extra);
	assert_memory_equal(&short_burst.frames[0], &walk_burst.frames[0], sizeof(before));
	assert_memory_equal(short_burst.extra, walk_burst.extra, short_burst.n_extra * sizeof(before));
	assert_memory_equal(&fast_decoder.counters, &walk_decoder.counters, sizeof(fast_decoder.counters));
	return true;
}

static void set_checks(bool check)
{
	decode_init(&fast_decoder, NULL);
	fast_decoder.config.check_l3_csum = fast_decoder.config.check_l4_csum = check;
	fast_decoder.config.teredo_ports.any = !check;
	walk_decoder = fast_decoder;
	walk_decoder.layer_by_layer = true;
}

static void both_paths_agree_on_well_formed_frames(void **state)
{
	uint32_t taken = 0;
	for (uint32_t i = 0; i < 20000; i++) {
		set_checks(i % 2);
		build_random_stack(&b);
		taken += both_ways_agree(b.data, b.len, i % 5 == 0 ? PKT_L3_CSUM_OK | PKT_L4_CSUM_OK : 0);
	}
	assert_true(taken > 15000); // the fast path is for these
}

static void both_paths_agree_on_spoilt_frames(void **state)
{
	uint32_t taken = 0;
	for (uint32_t i = 0; i < 100000; i++) {
		set_checks(i % 4 == 0);
		build_random_stack(&b);
		spoil(&b);
		taken += both_ways_agree(b.data, b.len, 0);
	}
	assert_true(taken > 10000);
}

static void both_paths_agree_on_fragments(void **state)
{
	uint32_t taken = 0, left = 0;
	for (uint32_t i = 0; i < 50000; i++) {
		set_checks(i % 2);
		walk_decoder.config.max_layers = fast_decoder.config.max_layers =
			random_below(20) ? 16 : 1 + random_below(4);
		build_random_stack(&b);
		if (random_below(4)) {
			b.data[20] = (uint8_t)random_below(64);
			b.data[21] = (uint8_t)random_below(256);
		}
		if (random_below(2))
			spoil(&b);
		bool took = both_treat_fragments_alike(b.data, b.len, i % 3 ? PKT_L3_CSUM_OK : 0);
		taken += took;
		left += !took;
	}
	assert_true(taken > 5000 && left > 5000);
}

static void both_paths_agree_on_every_malformed_row(void **state)
{
	for (uint32_t i = 0; i < 2 * DECODE_ROWS; i++) {
		const struct decode_row *row = &decode_rows[i / 2];
		set_checks(i % 2);
		decode_row_build(row, &b);
		if (row->link_type == 1 && both_ways_agree(b.data, b.len, 0))
			assert_non_null(strstr(drop_table[row->reason].name, "checksum")); // only with checks off
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_paths_agree_on_well_formed_frames),
		cmocka_unit_test(both_paths_agree_on_spoilt_frames),
		cmocka_unit_test(both_paths_agree_on_fragments),
		cmocka_unit_test(both_paths_agree_on_every_malformed_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
