// The clock behind ticks, and which worker a frame goes to.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>

#include <cmocka.h>

#include "dataplane/decode.h"
#include "dataplane/pipeline.h"
#include "dataplane/run_spread.h"

#define MS 1000000ull

static void the_first_packet_waits_for_no_tick(void **state)
{
	struct tick_clock c = {0};
	uint64_t tick = 0;

	assert_false(tick_due(&c, 1050 * MS, &tick));
	assert_int_equal(c.next_ns, 1100 * MS);
}

static void a_packet_past_the_window_waits_for_its_end(void **state)
{
	struct tick_clock c = {0};
	uint64_t tick = 0;

	assert_false(tick_due(&c, 1050 * MS, &tick));
	assert_true(tick_due(&c, 1100 * MS, &tick));
	assert_int_equal(tick, 1100 * MS);
	assert_false(tick_due(&c, 1100 * MS, &tick));
	assert_int_equal(c.next_ns, 1200 * MS);
}

static void a_gap_has_two_ticks_however_long_it_is(void **state)
{
	struct tick_clock c = {0};
	uint64_t tick = 0;

	assert_false(tick_due(&c, 1050 * MS, &tick));
	assert_true(tick_due(&c, 900050 * MS, &tick));
	assert_int_equal(tick, 1100 * MS);
	assert_true(tick_due(&c, 900050 * MS, &tick));
	assert_int_equal(tick, 900000 * MS);
	assert_false(tick_due(&c, 900050 * MS, &tick));
}

static bool back_at(struct tick_clock *c, uint64_t ms, bool begins_capture)
{
	struct packet p = {.ts_ns = ms * MS, .flags = begins_capture ? PKT_BEGINS_CAPTURE : 0};

	return tick_back(c, &p);
}

static void a_packet_a_little_late_does_not_turn_the_clock_back(void **state)
{
	struct tick_clock c = {0};
	uint64_t tick = 0;

	assert_false(tick_due(&c, 5050 * MS, &tick));
	assert_false(back_at(&c, 4000, false));
	assert_false(tick_due(&c, 4000 * MS, &tick));
	assert_int_equal(c.last_ns, 5050 * MS);
	assert_int_equal(c.next_ns, 5100 * MS);
}

static void a_packet_of_another_time_begins_the_clock_anew(void **state)
{
	struct tick_clock c = {0};
	uint64_t tick = 0;

	assert_false(back_at(&c, 1, true));
	assert_false(tick_due(&c, TICK_BACK_NS + 5000 * MS, &tick));
	assert_false(back_at(&c, 5000, true));
	assert_true(back_at(&c, 4999, true));
}

static void a_broken_timestamp_in_a_capture_is_not_believed_until_many_say_so(void **state)
{
	struct tick_clock c = {0};
	uint64_t tick = 0;

	assert_false(tick_due(&c, TICK_BACK_NS + 5000 * MS, &tick));
	for (uint32_t turn = 0; turn < 2; turn++) {
		for (uint32_t i = 1; i < TICK_BACK_PACKETS; i++)
			assert_false(back_at(&c, 4999, false));
		if (turn == 0)
			assert_false(back_at(&c, 5000, false));
	}
	assert_true(back_at(&c, 4999, false));
}

static struct packet ipv4(uint32_t src, uint32_t dst)
{
	struct packet p = {.flags = PKT_IPV4};

	p.src.w[0] = src;
	p.dst.w[0] = dst;
	return p;
}

static void both_directions_of_a_pair_have_one_hash(void **state)
{
	for (uint32_t i = 1; i < 1000; i++) {
		struct packet there = ipv4(i * 2654435761u, i * 40503u), back = ipv4(i * 40503u, i * 2654435761u);
		assert_int_equal(spread_hash(&there), spread_hash(&back));
	}
}

static void neighbours_are_spread_over_workers(void **state)
{
	uint32_t lane[4] = {0};

	for (uint32_t i = 0; i < 4000; i++) {
		struct packet p = ipv4(htonl(0x0a000001u + i), htonl(0xc0a80001u));
		lane[spread_hash(&p) % 4]++;
	}
	for (size_t i = 0; i < 4; i++)
		assert_in_range(lane[i], 800, 1200);
}

static void an_unreachable_goes_with_the_flow_it_quotes(void **state)
{
	uint8_t quoted[64] = {0};
	struct packet flow = ipv4(htonl(0x0a050501u), htonl(0x08080404u));
	struct packet error = ipv4(htonl(0x0a05051au), htonl(0x0a050501u));

	memcpy(quoted + 28 + 12, &flow.src.w[0], 4);
	memcpy(quoted + 28 + 16, &flow.dst.w[0], 4);
	error.flags |= PKT_ICMPV4;
	error.icmp_type = 3;
	error.icmp_has_inner = 1;
	error.icmp_inner_off = 28;
	error.data = quoted;
	error.len = sizeof(quoted);
	assert_int_equal(spread_hash(&error), spread_hash(&flow));
	error.len = 47; // the quoted header does not fit: the frame's own pair counts
	error.icmp_has_inner = 1;
	assert_int_not_equal(spread_hash(&error), spread_hash(&flow));
}

static void frames_without_ip_go_to_one_worker(void **state)
{
	struct packet arp = {.flags = PKT_ARP};

	arp.src.w[0] = 7;
	assert_int_equal(spread_hash(&arp), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_packet_waits_for_no_tick),
		cmocka_unit_test(a_packet_past_the_window_waits_for_its_end),
		cmocka_unit_test(a_gap_has_two_ticks_however_long_it_is),
		cmocka_unit_test(a_packet_a_little_late_does_not_turn_the_clock_back),
		cmocka_unit_test(a_packet_of_another_time_begins_the_clock_anew),
		cmocka_unit_test(a_broken_timestamp_in_a_capture_is_not_believed_until_many_say_so),
		cmocka_unit_test(both_directions_of_a_pair_have_one_hash),
		cmocka_unit_test(neighbours_are_spread_over_workers),
		cmocka_unit_test(an_unreachable_goes_with_the_flow_it_quotes),
		cmocka_unit_test(frames_without_ip_go_to_one_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
