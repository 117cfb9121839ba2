// What a flow's record says of the way between the hosts: round trips, losses, windows. Segments are one millisecond
// apart unless a test says otherwise.
#include "tests/unit/tcp_lab.h"

static struct event_tcp path_of(struct lab *lab)
{
	struct event_tcp tcp;
	struct tcp_session_info info;

	lab_info(lab, &info);
	assert_true(tcp_stream_path(lab_cold(lab), &tcp));
	return tcp;
}

static struct lab *connected(void)
{
	struct lab *lab = lab_open();

	lab_handshake(lab);
	return lab;
}

// The server's acknowledgement of the client's bytes up to ack, with SACK blocks as offsets: from, to, ...; -1 ends.
static void sack(struct lab *lab, int64_t ack, const int *blocks)
{
	uint32_t n = 0;

	memcpy(lab->opts, "\1\1\5", 3);
	for (; blocks[n] >= 0; n++)
		lab_put32(lab->opts + 4 + 4 * n, lab->isn[C] + 1 + (uint32_t)blocks[n]);
	lab->opts[3] = (uint8_t)(2 + 4 * n);
	lab->opts_len = 4 + 4 * n;
	lab_send(lab, S, ACK, 0, ack, "");
	lab->opts_len = 0;
}
#define SACK(LAB, ACK_OFF, ...) sack(LAB, ACK_OFF, (const int[]){__VA_ARGS__, -1})

static void handshake_round_trip_is_both_halves(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab->step_ns = 30000000;
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	assert_false(path_of(lab).rtt_known);
	lab->step_ns = 7000000;
	lab_send(lab, C, ACK, 0, 0, "");
	assert_true(path_of(lab).rtt_known);
	assert_int_equal(path_of(lab).rtt_us, 37000);
	lab_close(lab);
}

static void handshake_with_a_repeated_step_has_no_round_trip(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, C, ACK, 0, 0, "");
	assert_false(path_of(lab).rtt_known);
	assert_int_equal(path_of(lab).rtt_us, 0);
	lab_close(lab);
	lab = lab_open();
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, C, ACK, 0, 0, "");
	assert_false(path_of(lab).rtt_known);
	lab_close(lab);
}

static void acknowledged_data_is_a_sample(void **state)
{
	struct lab *lab = connected();

	lab_data(lab, 0, "one");
	lab_send(lab, S, ACK, 0, 3, ""); // 1 ms
	lab_data(lab, 3, "two");
	lab->step_ns = 9000000;
	lab_send(lab, S, ACK, 0, 6, "");
	struct event_tcp_side c = path_of(lab).side[C];
	assert_int_equal(c.rtt_samples, 2);
	assert_int_equal(c.min_rtt_us, 1000);
	assert_int_equal(c.smoothed_rtt_us, 2000); // 1000 + (9000 - 1000) / 8
	assert_int_equal(path_of(lab).side[S].rtt_samples, 0);
	lab_close(lab);
}

static void one_segment_a_round_trip_is_measured(void **state)
{
	struct lab *lab = connected();

	lab_data(lab, 0, "first");
	lab_data(lab, 5, "second");
	lab_data(lab, 11, "third");
	lab_send(lab, S, ACK, 0, 3, ""); // not all of the first
	assert_int_equal(path_of(lab).side[C].rtt_samples, 0);
	lab_send(lab, S, ACK, 0, 16, "");
	assert_int_equal(path_of(lab).side[C].rtt_samples, 1);
	assert_int_equal(path_of(lab).side[C].min_rtt_us, 4000);
	lab_close(lab);
}

static void retransmission_is_counted_and_not_measured(void **state)
{
	struct lab *lab = connected();

	lab_data(lab, 0, "hello");
	lab_data(lab, 0, "hello");
	lab_send(lab, S, ACK, 0, 5, "");
	struct event_tcp_side c = path_of(lab).side[C];
	assert_int_equal(c.rtt_samples, 0);
	assert_int_equal(c.segs_retrans, 1);
	assert_int_equal(c.octets_retrans, 5);
	lab_data(lab, 0, "hello"); // acknowledged already
	lab_data(lab, 3, "lo and more");
	c = path_of(lab).side[C];
	assert_int_equal(c.segs_retrans, 3);
	assert_int_equal(c.octets_retrans, 12);
	lab_close(lab);
}

static void retransmission_of_held_bytes_is_counted(void **state)
{
	struct lab *lab = connected();

	lab_data(lab, 5, "world");
	lab_data(lab, 3, "loworld"); // two new bytes
	struct event_tcp_side c = path_of(lab).side[C];
	assert_int_equal(c.out_of_order, 2);
	assert_int_equal(c.segs_retrans, 1);
	assert_int_equal(c.octets_retrans, 5);
	lab_close(lab);
}

static void keep_alive_is_no_retransmission(void **state)
{
	struct lab *lab = connected();

	lab_data(lab, 0, "hello");
	lab_send(lab, S, ACK, 0, 5, "");
	lab_data(lab, 4, "o");
	lab_send(lab, S, ACK, 0, 5, "");
	assert_int_equal(path_of(lab).side[C].segs_retrans, 0);
	lab_close(lab);
}

static void direction_that_nobody_reads_is_measured_too(void **state)
{
	struct lab *lab = lab_open();

	lab->done_after = 1;
	lab_handshake(lab);
	lab_data(lab, 0, "a");
	lab_send(lab, S, ACK, 0, 1, "");
	lab_data(lab, 1, "bcd");
	lab_send(lab, S, ACK, 0, 4, "");
	lab_data(lab, 2, "cd");
	lab_data(lab, 6, "gh");
	struct event_tcp_side c = path_of(lab).side[C];
	assert_int_equal(c.rtt_samples, 2);
	assert_int_equal(c.segs_retrans, 1);
	assert_int_equal(c.octets_retrans, 2);
	assert_int_equal(c.out_of_order, 1);
	lab_close(lab);
}

static void gap_is_told_with_its_bytes(void **state)
{
	struct lab *lab = connected();

	lab_data(lab, 0, "abc");
	lab_data(lab, 10, "klm");
	lab_send(lab, S, ACK, 0, 13, "");
	struct event_tcp_side c = path_of(lab).side[C];
	assert_int_equal(c.gaps, 1);
	assert_int_equal(c.missed_bytes, 7);
	assert_int_equal(c.rtt_samples, 0);
	lab_close(lab);
}

// 0..10 and then five segments of ten bytes behind a hole: what the server has of them is told by SACK.
static struct lab *with_hole(void)
{
	struct lab *lab = connected();

	lab_data(lab, 0, "0123456789");
	for (uint32_t off = 20; off < 120; off += 10)
		lab_data(lab, off, "0123456789");
	return lab;
}

static void hole_is_lost_when_more_than_two_segments_arrived_above_it(void **state)
{
	struct lab *lab = with_hole();

	SACK(lab, 10, 20, 30);
	SACK(lab, 10, 20, 40);
	assert_int_equal(path_of(lab).side[C].sack_losses, 0);
	SACK(lab, 10, 20, 50);
	assert_int_equal(path_of(lab).side[C].sack_losses, 1);
	SACK(lab, 10, 20, 60); // the same hole
	assert_int_equal(path_of(lab).side[C].sack_losses, 1);
	lab_close(lab);
}

static void hole_is_lost_when_three_blocks_lie_above_it(void **state)
{
	struct lab *lab = with_hole();

	SACK(lab, 10, 50, 51, 40, 41);
	assert_int_equal(path_of(lab).side[C].sack_losses, 0);
	SACK(lab, 10, 60, 61, 50, 51, 40, 41); // only the first hole has three above it
	assert_int_equal(path_of(lab).side[C].sack_losses, 1);
	SACK(lab, 10, 70, 71, 60, 61, 50, 51); // the latest three: the second hole now
	assert_int_equal(path_of(lab).side[C].sack_losses, 2);
	SACK(lab, 50, 70, 100, 60, 61); // acknowledged beyond those; 51..60 and 61..70 have 31 and 30 bytes above them
	assert_int_equal(path_of(lab).side[C].sack_losses, 4);
	lab_close(lab);
}

static void blocks_that_say_nothing_new_are_no_loss(void **state)
{
	struct lab *lab = with_hole();

	SACK(lab, 10, 0, 10);                  // received twice (RFC 2883)
	SACK(lab, 10, 10, 50);                 // begins at the acknowledgement: no hole
	SACK(lab, 10, 50, 20);                 // backwards
	SACK(lab, 10, 50, 100000);             // never sent
	SACK(lab, 10, 40, 45, 40, 45, 40, 45); // one block of five bytes
	SACK(lab, 10, 50, 55, 40, 45, 45, 50); // one of fifteen
	assert_int_equal(path_of(lab).side[C].sack_losses, 0);
	lab_close(lab);
}

static void windows_are_told_scaled(void **state)
{
	struct lab *lab = lab_open();

	memcpy(lab->opts, "\1\3\3\4", 4);
	lab->opts_len = 4;
	lab->win = 1000;
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab->opts_len = 0;
	lab_send(lab, C, ACK, 0, 0, "");
	lab_data(lab, 0, "x");
	lab->win = 900;
	lab_send(lab, S, ACK, 0, 1, "");
	lab->win = 0;
	lab_send(lab, S, ACK, 0, 1, "");
	lab_send(lab, S, ACK, 0, 1, ""); // still closed
	lab->win = 800;
	lab_send(lab, S, ACK, 0, 1, "");
	lab->win = 0;
	lab_send(lab, S, ACK, 0, 1, "");
	struct event_tcp tcp = path_of(lab);
	assert_int_equal(tcp.side[C].max_rwin_sent, 16000);
	assert_int_equal(tcp.side[C].zero_rwin_sent, 0);
	assert_int_equal(tcp.side[S].max_rwin_sent, 14400);
	assert_int_equal(tcp.side[S].zero_rwin_sent, 2);
	lab_close(lab);
}

static void windows_of_unknown_scale_are_not_told(void **state)
{
	struct lab *lab = malloc(sizeof(*lab));
	struct tcp_stream_config cfg = lab_config();

	assert_non_null(lab);
	cfg.midstream = true;
	lab_open_with(lab, &cfg);
	lab_send(lab, C, ACK, 0, 0, "hello");
	lab_send(lab, S, ACK, 0, 5, "");
	struct event_tcp tcp = path_of(lab);
	assert_false(tcp.rtt_known);
	assert_int_equal(tcp.side[C].max_rwin_sent, 0);
	assert_int_equal(tcp.side[S].max_rwin_sent, 0);
	assert_int_equal(tcp.side[C].rtt_samples, 1);
	lab_close(lab);
}

static void time_that_goes_back_is_no_round_trip(void **state)
{
	struct lab *lab = lab_open();

	lab->step_ns = (uint64_t)-1000000000;
	lab_handshake(lab);
	lab_data(lab, 0, "hello");
	lab_send(lab, S, ACK, 0, 5, "");
	struct event_tcp tcp = path_of(lab);
	assert_int_equal(tcp.rtt_us, 0);
	assert_int_equal(tcp.side[C].rtt_samples, 0);
	assert_int_equal(tcp.side[C].min_rtt_us, 0);
	lab_close(lab);
}

static void end_of_the_flow_tells_what_its_last_segments_said(void **state)
{
	struct lab *lab = connected();

	lab_data(lab, 5, "later"); // a hole until the end
	const struct event_tcp *tcp = tcp_stream_flow_end(lab->ts, lab->flow, lab_cold(lab), &lab->run);
	assert_non_null(tcp);
	assert_int_equal(tcp->side[C].gaps, 1);
	assert_int_equal(tcp->side[C].missed_bytes, 5);
	assert_null(tcp_stream_flow_end(lab->ts, lab->flow, lab_cold(lab), &lab->run)); // the session is gone
	lab_close(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake_round_trip_is_both_halves),
		cmocka_unit_test(handshake_with_a_repeated_step_has_no_round_trip),
		cmocka_unit_test(acknowledged_data_is_a_sample),
		cmocka_unit_test(one_segment_a_round_trip_is_measured),
		cmocka_unit_test(retransmission_is_counted_and_not_measured),
		cmocka_unit_test(retransmission_of_held_bytes_is_counted),
		cmocka_unit_test(keep_alive_is_no_retransmission),
		cmocka_unit_test(direction_that_nobody_reads_is_measured_too),
		cmocka_unit_test(gap_is_told_with_its_bytes),
		cmocka_unit_test(hole_is_lost_when_more_than_two_segments_arrived_above_it),
		cmocka_unit_test(hole_is_lost_when_three_blocks_lie_above_it),
		cmocka_unit_test(blocks_that_say_nothing_new_are_no_loss),
		cmocka_unit_test(windows_are_told_scaled),
		cmocka_unit_test(windows_of_unknown_scale_are_not_told),
		cmocka_unit_test(time_that_goes_back_is_no_round_trip),
		cmocka_unit_test(end_of_the_flow_tells_what_its_last_segments_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
