// The stream engine as its consumers see it: order, holes, ends, depth, what is kept and what is freed.
#include "tests/unit/tcp_lab.h"

static void stream_in_order_data_is_handed_on_in_both_directions(void **state)
{
	struct lab *lab = lab_open();

	lab_handshake(lab);
	assert_int_equal(lab_state(lab), TCP_ESTABLISHED);
	lab_data(lab, 0, "GET / ");
	assert_true(lab->last.flags & PKT_STREAM_ADDED);
	assert_true(lab->last.flags & PKT_FLOW_ESTABLISHED);
	lab_expect(lab, C, "GET / ");
	lab_send(lab, S, ACK, 0, 6, "200 OK");
	lab_send(lab, C, ACK, 6, 6, "more");
	lab_expect(lab, C, "GET / more");
	lab_expect(lab, S, "200 OK");
	assert_true(lab->seen[C].flags & STREAM_START);
	lab_close(lab);
}

static void stream_early_segment_waits_for_the_hole_to_close(void **state)
{
	struct lab *lab = lab_open();

	lab_handshake(lab);
	lab_data(lab, 6, "world");
	lab_expect(lab, C, "");
	lab_data(lab, 3, "lo ");
	lab_data(lab, 0, "hel");
	lab_expect(lab, C, "hello world");
	assert_true(lab->seen[C].flags & STREAM_EARLY);
	lab_close(lab);
}

static void stream_retransmission_is_not_handed_on_twice(void **state)
{
	struct lab *lab = lab_open();

	lab_handshake(lab);
	lab_data(lab, 0, "abcdef");
	lab_data(lab, 0, "abcdef");
	lab_data(lab, 3, "defghi");
	lab_expect(lab, C, "abcdefghi");
	lab_close(lab);
}

static void stream_hole_that_the_receiver_acknowledged_becomes_a_gap(void **state)
{
	struct lab *lab = lab_open();

	lab_handshake(lab);
	lab_data(lab, 0, "abc");
	lab_data(lab, 6, "ghi");
	lab_expect(lab, C, "abc");
	lab_send(lab, S, ACK, 0, 9, "");
	assert_noted(lab, STREAM_REASSEMBLY_SEQ_GAP);
	lab_expect(lab, C, "abc???ghi");
	assert_int_equal(lab->seen[C].gaps, 1);
	assert_int_equal(lab->seen[C].gap_bytes, 3);
	lab_data(lab, 9, "jkl");
	lab_expect(lab, C, "abc???ghijkl");
	lab_close(lab);
}

static void stream_late_data_fills_an_acknowledged_hole_while_nothing_follows(void **state)
{
	struct lab *lab = lab_open();

	lab_handshake(lab);
	lab_send(lab, S, ACK, 0, 3, "");
	lab_data(lab, 0, "abc");
	lab_data(lab, 3, "def");
	lab_expect(lab, C, "abcdef");
	lab_close(lab);
}

static void stream_end_of_flow_hands_over_what_waits_behind_a_hole(void **state)
{
	struct lab *lab = lab_open();

	lab_handshake(lab);
	lab_data(lab, 0, "ab");
	lab_data(lab, 4, "ef");
	lab_data(lab, 8, "ij");
	lab_end(lab);
	lab_expect(lab, C, "ab??ef??ij");
	assert_true(lab->seen[C].flags & STREAM_FLOW_END);
	assert_int_equal(lab->seen[C].ends, 1);
	lab_close(lab);
}

static void stream_fin_is_told_after_the_last_byte(void **state)
{
	struct lab *lab = lab_open();

	lab_handshake(lab);
	lab_send(lab, C, FIN | ACK, 3, 0, "def");
	assert_int_equal(lab->seen[C].ends, 0);
	lab_data(lab, 0, "abc");
	lab_expect(lab, C, "abcdef");
	assert_true(lab->seen[C].flags & STREAM_FIN);
	assert_int_equal(lab->seen[C].ends, 1);
	lab_data(lab, 6, "after the end");
	lab_expect(lab, C, "abcdef");
	lab_close(lab);
}

static void stream_reset_is_told_and_more_may_follow_a_forged_one(void **state)
{
	struct lab *lab = lab_open();

	lab_handshake(lab);
	lab_data(lab, 0, "abc");
	lab_send(lab, C, RST | ACK, 3, 0, "");
	assert_true(lab->seen[C].flags & STREAM_RST);
	assert_int_equal(lab->flow->state, FLOW_CLOSED);
	lab_data(lab, 3, "def");
	assert_noted(lab, STREAM_SUSPECTED_RST_INJECT);
	lab_expect(lab, C, "abcdef");
	lab_close(lab);
}

static void stream_bytes_left_unused_come_back_in_front(void **state)
{
	struct lab *lab = lab_open();
	char chunk[701];

	lab_handshake(lab);
	lab->leave = 1000;
	memset(chunk, 0, sizeof(chunk));
	for (uint32_t i = 0; i < 60; i++) {
		memset(chunk, 'a' + (int)(i % 26), 700);
		lab_data(lab, i * 700, chunk);
		lab_send(lab, S, ACK, 0, (i + 1) * 700, "");
	}
	assert_int_equal(lab->seen[C].len, 60 * 700);
	assert_true(lab->seen[C].flags & STREAM_KEPT);
	lab_close(lab); // the lab's consumer has compared every byte that came back
}

static void stream_consumer_that_leaves_too_much_is_told_of_the_loss(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));
	static char chunk[1401];

	cfg.reassembly_memcap = 1 << 20; // keep pools: 10 x 4 KiB, one of 32 KiB, none larger
	lab_open_with(lab, &cfg);
	lab_handshake(lab);
	lab->leave = 1 << 20;
	memset(chunk, 'x', 1400);
	for (uint32_t i = 0; i < 40; i++) {
		lab_data(lab, i * 1400, chunk);
		lab_send(lab, S, ACK, 0, (i + 1) * 1400, "");
		if (lab->seen[C].flags & STREAM_FORCED)
			break;
	}
	assert_true(lab->seen[C].flags & STREAM_FORCED);
	assert_true(lab->seen[C].gap_bytes > 0);
	lab_close(lab);
}

// A consumer that uses nothing when it comes, and all of it once `enough` bytes are there.
static struct {
	uint32_t enough, asked, bytes, patience;
	uint16_t flags;
} late;

static enum stream_verdict late_on_data(void *arg, struct stream_view *v)
{
	v->used = 0;
	v->patience = late.patience;
	late.flags |= v->flags;
	late.bytes += v->flags & STREAM_FLOW_END ? v->len : 0;
	return STREAM_MORE;
}

static enum stream_verdict late_on_unused(void *arg, struct stream_view *v)
{
	struct lab *lab = arg;

	late.asked++;
	late.flags |= v->flags;
	assert_memory_equal(v->data, lab->seen[v->dir].bytes + v->offset, v->len);
	v->used = v->len >= late.enough || v->flags & STREAM_FORCED ? v->len : 0;
	late.bytes += v->used;
	v->patience = late.patience;
	return STREAM_MORE;
}

static void late_first(struct lab *lab)
{
	struct stream_consumer c = {.name = "late", .arg = lab, .on_data = late_on_data, .on_unused = late_on_unused};

	assert_int_equal(tcp_stream_add_consumer(lab->ts, &c), 0);
}

static struct lab *late_open(const struct tcp_stream_config *cfg, uint32_t enough)
{
	struct lab *lab = malloc(sizeof(*lab));

	memset(&late, 0, sizeof(late));
	late.enough = enough;
	lab_first = late_first;
	lab_open_with(lab, cfg);
	lab_first = NULL;
	lab_handshake(lab);
	return lab;
}

static void stream_unused_bytes_are_asked_about_with_each_packet_of_their_side(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = late_open(&cfg, 6);

	lab_data(lab, 0, "abc");
	assert_int_equal(late.asked, 1);
	lab_send(lab, S, ACK, 0, 3, "");
	assert_int_equal(late.asked, 1);
	lab_send(lab, C, ACK, 3, 0, "");
	assert_int_equal(late.asked, 2);
	assert_int_equal(late.bytes, 0);
	lab_data(lab, 3, "def");
	assert_int_equal(late.bytes, 6);
	lab_send(lab, C, ACK, 6, 0, "");
	assert_int_equal(late.asked, 3); // nothing is left
	lab_expect(lab, C, "abcdef");
	lab_close(lab);
}

static void stream_unused_bytes_are_asked_about_once_enough_is_acknowledged(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = late_open(&cfg, 100);

	late.patience = 4;
	lab_data(lab, 0, "abc");
	lab_send(lab, S, ACK, 0, 3, "");
	lab_data(lab, 3, "def");
	assert_int_equal(late.asked, 0);
	lab_send(lab, S, ACK, 0, 6, "");
	lab_send(lab, C, ACK, 6, 0, "");
	assert_int_equal(late.asked, 1);
	late.patience = 1000;
	lab_send(lab, C, ACK, 6, 0, "");
	lab_send(lab, C, ACK, 6, 0, "");
	assert_int_equal(late.asked, 2);
	lab_send(lab, C, RST | ACK, 6, 0, "");
	assert_int_equal(late.asked, 3);
	lab_close(lab);
}

static void stream_unused_bytes_outlive_the_end_of_their_side(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = late_open(&cfg, 100);

	lab_data(lab, 0, "abc");
	lab_send(lab, C, FIN | ACK, 3, 0, "");
	assert_true(lab->seen[C].flags & STREAM_FIN);
	lab_send(lab, S, FIN | ACK, 0, 4, "");
	lab_send(lab, C, ACK, 4, 1, "");
	assert_int_equal(late.asked, 3);
	assert_int_equal(late.bytes, 0);
	assert_int_equal(lab->seen[C].ends, 1);
	lab_end(lab);
	assert_true(late.flags & STREAM_FLOW_END);
	assert_int_equal(late.bytes, 3);
	assert_int_equal(lab->seen[C].ends, 1); // who has used everything is done
	lab_close(lab);
}

static void stream_unused_bytes_are_asked_about_before_they_are_lost(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	static char chunk[1401];

	cfg.reassembly_memcap = 1 << 20; // keep pools: 10 x 4 KiB, one of 32 KiB, none larger
	struct lab *lab = late_open(&cfg, 1 << 20);
	memset(chunk, 'x', 1400);
	for (uint32_t i = 0; i < 40; i++)
		lab_data(lab, i * 1400, chunk);
	assert_true(late.flags & STREAM_FORCED);
	assert_true(late.bytes >= 28 * 1024 && late.bytes % 1400 == 0);
	uint32_t before = late.bytes;
	lab_data(lab, 41 * 1400, "behind a hole");
	lab_send(lab, S, ACK, 0, 41 * 1400 + 13, "");
	assert_int_equal(late.bytes - before, 40 * 1400 - before); // what lies before the hole
	lab_close(lab);
}

static void stream_done_consumer_frees_the_direction_and_both_free_the_flow(void **state)
{
	struct lab *lab = lab_open();
	struct tcp_stream_stats st;

	lab_handshake(lab);
	lab->done_after = 1;
	lab_data(lab, 4, "held");
	lab_data(lab, 0, "abcd");
	lab_expect(lab, C, "abcd");
	tcp_streams_stats(lab->ts, &st);
	assert_int_equal(st.held_segments, 0);
	assert_false(lab->flow->flags & FLOW_BYTES_DONE);
	lab_send(lab, S, ACK, 0, 8, "x");
	assert_true(lab->flow->flags & FLOW_BYTES_DONE);
	lab_data(lab, 8, "more");
	lab_expect(lab, C, "abcd");
	assert_true(lab->last.flags & PKT_STREAM_ADDED);
	assert_int_equal(tcp_stream_offset(lab_cold(lab), C), 12); // still counted
	lab_close(lab);
}

static void stream_depth_cuts_and_says_so(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));

	cfg.depth = 5;
	lab_open_with(lab, &cfg);
	lab_handshake(lab);
	lab_data(lab, 0, "abc");
	lab_data(lab, 3, "defg");
	assert_noted(lab, STREAM_REASSEMBLY_DEPTH_REACHED);
	lab_expect(lab, C, "abcde");
	assert_true(lab->seen[C].flags & STREAM_DEPTH);
	assert_true(lab->last.flags & PKT_STREAM_ADDED);
	lab_data(lab, 7, "hij");
	lab_expect(lab, C, "abcde");
	assert_false(lab->last.flags & PKT_STREAM_ADDED); // rules on streams look at what follows packet by packet
	lab_close(lab);
}

static void stream_sequence_numbers_wrap(void **state)
{
	struct lab *lab = lab_open();

	lab->isn[C] = UINT32_MAX - 3;
	lab->isn[S] = UINT32_MAX;
	lab_handshake(lab);
	lab_data(lab, 0, "abcdef");
	lab_data(lab, 9, "jkl");
	lab_data(lab, 6, "ghi");
	lab_send(lab, S, ACK, 0, 12, "ok");
	lab_expect(lab, C, "abcdefghijkl");
	lab_expect(lab, S, "ok");
	lab_close(lab);
}

static void stream_one_byte_segments_in_any_order_make_the_stream(void **state)
{
	struct lab *lab = lab_open();
	const char *text = "the quick brown fox jumps over the lazy dog";
	uint32_t n = (uint32_t)strlen(text);

	lab_handshake(lab);
	for (uint32_t i = 0; i < n; i++) {
		char one[2] = {text[i * 17 % n], 0}; // 17 and 43 have no common divisor
		lab_data(lab, i * 17 % n, one);
	}
	lab_expect(lab, C, text);
	lab_close(lab);
}

static void stream_with_a_wrong_checksum_is_refused_when_checks_are_on(void **state)
{
	struct lab *lab = lab_open();

	lab_handshake(lab);
	lab_raw(lab, C, ACK, lab->isn[C] + 1, lab->isn[S] + 1, "evil", 4)->flags |= PKT_BAD_L4_CSUM;
	lab_run(lab);
	assert_true(lab->last.flags & PKT_STREAM_REJECTED);
	lab_data(lab, 0, "good");
	lab_expect(lab, C, "good");
	lab_close(lab);
}

static void stream_holes_beyond_the_cap_are_refused_and_memory_stays_bounded(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));
	struct tcp_stream_stats st;

	cfg.flow_cap = 4096;
	cfg.depth = 0;
	lab_open_with(lab, &cfg);
	lab->opts_len = 3;
	memcpy(lab->opts, (uint8_t[]){3, 3, 14}, 3);
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab->opts_len = 0;
	lab_send(lab, C, ACK, 0, 0, "");
	lab_send(lab, S, ACK, 0, 0, "x"); // its window, scaled: a gigabyte
	for (uint32_t i = 0; i < 1000000; i++)
		lab_data(lab, 1 + 2 * i, "x");
	assert_noted(lab, STREAM_REASSEMBLY_NO_SEGMENT);
	tcp_streams_stats(lab->ts, &st);
	assert_true(st.held_bytes <= 4096);
	assert_true(st.held_segments <= 4096);
	assert_true(st.flow_cap > 900000);
	lab_close(lab);
}

static void stream_begins_midstream_only_when_asked(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = lab_open();

	lab_data(lab, 0, "no handshake");
	lab_expect(lab, C, "");
	assert_false(lab->last.flags & (PKT_STREAM_ADDED | PKT_FLOW_ESTABLISHED));
	lab_close(lab);

	cfg.midstream = true;
	lab = malloc(sizeof(*lab));
	lab_open_with(lab, &cfg);
	lab_data(lab, 100, "abc");
	lab_send(lab, S, ACK, 0, 103, "xyz");
	lab_data(lab, 103, "def");
	lab_expect(lab, C, "abcdef");
	lab_expect(lab, S, "xyz");
	assert_true(lab->flow->flags & FLOW_MIDSTREAM);
	lab_close(lab);
}

static void stream_picked_up_at_the_server_knows_who_is_the_client(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));

	cfg.midstream = true;
	lab_open_with(lab, &cfg);
	lab_send(lab, S, ACK, 0, 0, "banner");
	assert_int_equal(lab->last.dir, DIR_TO_CLIENT);
	assert_int_equal(lab->flow->port[0], lab->port);
	assert_int_equal(lab->flow->port[1], 80);
	lab_send(lab, C, ACK, 0, 6, "hello");
	assert_int_equal(lab->last.dir, DIR_TO_SERVER);
	lab_expect(lab, S, "banner");
	lab_expect(lab, C, "hello");
	lab_close(lab);
}

static void stream_whose_syn_ack_was_captured_before_its_syn_is_followed(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, C, SYN, -1, 0, "");
	assert_int_equal(lab->last.dir, DIR_TO_SERVER); // who sends the SYN is the client
	lab_send(lab, C, ACK, 0, 0, "");
	lab_data(lab, 0, "hello");
	lab_send(lab, S, ACK, 0, 5, "hi");
	lab_expect(lab, C, "hello");
	lab_expect(lab, S, "hi");
	lab_close(lab);
}

static void stream_of_one_side_is_followed_when_asked(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));

	cfg.async_oneside = true;
	lab_open_with(lab, &cfg);
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, C, ACK, 0, 0, "");
	lab_data(lab, 0, "abc");
	lab_send(lab, C, ACK, 3, 500, "def");
	lab_expect(lab, C, "abcdef");
	lab_close(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_in_order_data_is_handed_on_in_both_directions),
		cmocka_unit_test(stream_early_segment_waits_for_the_hole_to_close),
		cmocka_unit_test(stream_retransmission_is_not_handed_on_twice),
		cmocka_unit_test(stream_hole_that_the_receiver_acknowledged_becomes_a_gap),
		cmocka_unit_test(stream_late_data_fills_an_acknowledged_hole_while_nothing_follows),
		cmocka_unit_test(stream_end_of_flow_hands_over_what_waits_behind_a_hole),
		cmocka_unit_test(stream_fin_is_told_after_the_last_byte),
		cmocka_unit_test(stream_reset_is_told_and_more_may_follow_a_forged_one),
		cmocka_unit_test(stream_bytes_left_unused_come_back_in_front),
		cmocka_unit_test(stream_consumer_that_leaves_too_much_is_told_of_the_loss),
		cmocka_unit_test(stream_unused_bytes_are_asked_about_with_each_packet_of_their_side),
		cmocka_unit_test(stream_unused_bytes_are_asked_about_once_enough_is_acknowledged),
		cmocka_unit_test(stream_unused_bytes_outlive_the_end_of_their_side),
		cmocka_unit_test(stream_unused_bytes_are_asked_about_before_they_are_lost),
		cmocka_unit_test(stream_done_consumer_frees_the_direction_and_both_free_the_flow),
		cmocka_unit_test(stream_depth_cuts_and_says_so),
		cmocka_unit_test(stream_sequence_numbers_wrap),
		cmocka_unit_test(stream_one_byte_segments_in_any_order_make_the_stream),
		cmocka_unit_test(stream_with_a_wrong_checksum_is_refused_when_checks_are_on),
		cmocka_unit_test(stream_holes_beyond_the_cap_are_refused_and_memory_stays_bounded),
		cmocka_unit_test(stream_begins_midstream_only_when_asked),
		cmocka_unit_test(stream_picked_up_at_the_server_knows_who_is_the_client),
		cmocka_unit_test(stream_whose_syn_ack_was_captured_before_its_syn_is_followed),
		cmocka_unit_test(stream_of_one_side_is_followed_when_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
