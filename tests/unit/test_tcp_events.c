// Every stream event from the handshake's end on has a connection that makes it, and the verdict that goes with it.
// Those of the handshake: test_tcp_handshake.c.
#include "tests/unit/tcp_lab.h"

static struct lab *connected(void)
{
	struct lab *lab = lab_open();

	lab_handshake(lab);
	lab_data(lab, 0, "hello");
	lab_send(lab, S, ACK, 0, 5, "hi");
	lab_send(lab, C, ACK, 5, 2, "");
	assert_quiet(lab);
	return lab;
}

static void refused(struct lab *lab, uint16_t reason)
{
	assert_noted(lab, reason);
	assert_true(lab->last.flags & PKT_STREAM_REJECTED);
	lab_close(lab);
}

static void established_refuses_handshake_segments(void **state)
{
	struct lab *lab = connected();
	lab_send(lab, C, SYN | ACK, -1, 0, "");
	refused(lab, STREAM_EST_SYNACK_TOSERVER);
	lab = connected();
	lab_send(lab, S, SYN, -1, 0, "");
	refused(lab, STREAM_EST_SYN_TOCLIENT);
	lab = connected();
	lab_send(lab, C, SYN, -1, 0, "");
	refused(lab, STREAM_EST_SYN_RESEND);
	lab = connected();
	lab_send(lab, C, SYN, 70, 0, "");
	refused(lab, STREAM_EST_SYN_RESEND_DIFF_SEQ);
	lab = connected();
	lab_send(lab, C, SYN | FIN, 5, 0, "");
	refused(lab, STREAM_FIN_SYN);
}

// Which of three things a SYN/ACK once more gets wrong, in this order: acknowledgement, sequence, being there.
static void established_names_what_a_late_syn_ack_gets_wrong(void **state)
{
	struct lab *lab = connected();
	lab_send(lab, S, SYN | ACK, -1, 0, ""); // the client's five bytes have been acknowledged since
	refused(lab, STREAM_EST_SYNACK_RESEND_WITH_DIFF_ACK);
	lab = connected();
	lab_send(lab, S, SYN | ACK, 30, 5, "");
	refused(lab, STREAM_EST_SYNACK_RESEND_WITH_DIFF_SEQ);
	lab = connected();
	lab_send(lab, S, SYN | ACK, -1, 5, "");
	refused(lab, STREAM_EST_SYNACK_RESEND);
}

static void established_refuses_what_does_not_fit(void **state)
{
	struct lab *lab = connected();
	lab_send(lab, C, ACK, 5, 1 << 20, "x");
	assert_noted(lab, STREAM_PKT_INVALID_ACK);
	refused(lab, STREAM_EST_INVALID_ACK);
	lab = connected();
	lab_send(lab, C, ACK, 90000, 2, "x");
	refused(lab, STREAM_EST_PACKET_OUT_OF_WINDOW);
	lab = connected();
	lab_send(lab, C, FIN | ACK, 90000, 2, "");
	refused(lab, STREAM_FIN_OUT_OF_WINDOW);
	lab = connected();
	lab_send(lab, C, FIN | ACK, 5, 1 << 20, "");
	refused(lab, STREAM_FIN_INVALID_ACK);
	lab = connected();
	lab_send(lab, C, RST | ACK, 5, 1 << 20, "");
	refused(lab, STREAM_RST_INVALID_ACK);
	lab = connected();
	lab_send(lab, C, RST | ACK, 20, 2, "");
	refused(lab, STREAM_RST_OUT_OF_WINDOW);
	lab = connected();
	lab_send(lab, C, ACK, 2, 2, "");
	refused(lab, STREAM_EST_PKT_BEFORE_LAST_ACK);
}

static void established_names_spurious_retransmissions(void **state)
{
	struct lab *lab = connected();

	lab_data(lab, 0, "hello");
	assert_noted(lab, STREAM_PKT_SPURIOUS_RETRANSMISSION);
	assert_false(lab_noted(lab, STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA));
	lab_data(lab, 0, "hellO");
	assert_noted(lab, STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA);
	lab_close(lab);
}

static void acknowledgement_number_without_the_flag(void **state)
{
	struct lab *lab = connected();

	lab_abs(lab, C, PSH, lab->isn[C] + 6, 12345, "x", 1);
	refused(lab, STREAM_PKT_BROKEN_ACK);
}

static void window_taken_back_in_a_segment_from_the_future(void **state)
{
	struct lab *lab = connected();

	lab->win = 10;
	lab_send(lab, C, ACK, 500, 900, "");
	assert_noted(lab, STREAM_PKT_BAD_WINDOW_UPDATE);
	lab_close(lab);
}

static void segments_without_a_connection(void **state)
{
	struct lab *lab = lab_open();
	lab_send(lab, C, FIN | ACK, 5, 0, "");
	refused(lab, STREAM_FIN_BUT_NO_SESSION);
	lab = lab_open();
	lab_send(lab, C, RST, 5, 0, "");
	refused(lab, STREAM_RST_BUT_NO_SESSION);
}

static void no_session_left_is_named(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));

	cfg.memcap = 1000; // one session
	lab_open_with(lab, &cfg);
	lab_handshake(lab);
	struct flow *first = lab->flow;
	lab->port++;
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	assert_quiet(lab);
	lab_send(lab, C, ACK, 0, 0, "");
	assert_noted(lab, STREAM_MEMCAP_NO_SESSION);
	lab_end(lab);
	lab->flow = first;
	lab_close(lab);
}

static struct lab *client_closed(void) // CLOSE_WAIT
{
	struct lab *lab = connected();

	lab_send(lab, C, FIN | ACK, 5, 2, "");
	assert_int_equal(lab_state(lab), TCP_CLOSE_WAIT);
	return lab;
}

static struct lab *server_closed(void) // FIN_WAIT1
{
	struct lab *lab = connected();

	lab_send(lab, S, FIN | ACK, 2, 5, "");
	assert_int_equal(lab_state(lab), TCP_FIN_WAIT1);
	return lab;
}

static struct lab *server_half_closed(void) // FIN_WAIT2
{
	struct lab *lab = server_closed();

	lab_send(lab, C, ACK, 5, 3, "");
	assert_int_equal(lab_state(lab), TCP_FIN_WAIT2);
	return lab;
}

static void close_wait_refuses_what_does_not_fit(void **state)
{
	struct lab *lab = client_closed();
	lab_send(lab, S, ACK, 90000, 6, "x");
	refused(lab, STREAM_CLOSEWAIT_ACK_OUT_OF_WINDOW);
	lab = client_closed();
	lab_send(lab, S, ACK, 2, 1 << 20, "x");
	refused(lab, STREAM_CLOSEWAIT_INVALID_ACK);
	lab = client_closed();
	lab_send(lab, S, FIN | ACK, 90000, 6, "");
	refused(lab, STREAM_CLOSEWAIT_FIN_OUT_OF_WINDOW);
	lab = client_closed();
	lab_send(lab, C, SYN, 800, 0, "");
	refused(lab, STREAM_SHUTDOWN_SYN_RESEND);
}

static void fin_wait_refuses_what_does_not_fit(void **state)
{
	struct lab *lab = server_closed();
	lab_send(lab, C, ACK, 90000, 2, "x");
	refused(lab, STREAM_FIN1_ACK_WRONG_SEQ);
	lab = server_closed();
	lab_send(lab, C, ACK, 5, 1 << 20, "x");
	refused(lab, STREAM_FIN1_INVALID_ACK);
	lab = server_closed();
	lab_send(lab, C, FIN | ACK, 90000, 2, "");
	refused(lab, STREAM_FIN1_FIN_WRONG_SEQ);
	lab = server_half_closed();
	lab_send(lab, C, ACK, 90000, 3, "x");
	refused(lab, STREAM_FIN2_ACK_WRONG_SEQ);
	lab = server_half_closed();
	lab_send(lab, C, ACK, 5, 1 << 20, "x");
	refused(lab, STREAM_FIN2_INVALID_ACK);
	lab = server_half_closed();
	lab_send(lab, C, FIN | ACK, 90000, 3, "");
	refused(lab, STREAM_FIN2_FIN_WRONG_SEQ);
}

static struct lab *both_closing(void) // CLOSING
{
	struct lab *lab = server_closed();

	lab_send(lab, C, FIN | ACK, 5, 2, "");
	assert_int_equal(lab_state(lab), TCP_CLOSING);
	return lab;
}

static struct lab *last_ack(void)
{
	struct lab *lab = client_closed();

	lab_send(lab, S, FIN | ACK, 2, 6, "");
	assert_int_equal(lab_state(lab), TCP_LAST_ACK);
	return lab;
}

static struct lab *time_wait(void)
{
	struct lab *lab = server_half_closed();

	lab_send(lab, C, FIN | ACK, 5, 3, "");
	assert_int_equal(lab_state(lab), TCP_TIME_WAIT);
	return lab;
}

static void last_states_take_only_the_next_number(void **state)
{
	struct lab *lab = both_closing();
	lab_send(lab, C, ACK, 50, 3, "");
	refused(lab, STREAM_CLOSING_ACK_WRONG_SEQ);
	lab = both_closing();
	lab_send(lab, C, ACK, 6, 1 << 20, "");
	refused(lab, STREAM_CLOSING_INVALID_ACK);
	lab = last_ack();
	lab_send(lab, C, ACK, 50, 3, "");
	refused(lab, STREAM_LASTACK_ACK_WRONG_SEQ);
	lab = last_ack();
	lab_send(lab, C, ACK, 6, 1 << 20, "");
	refused(lab, STREAM_LASTACK_INVALID_ACK);
	lab = time_wait();
	lab_send(lab, S, ACK, 50, 6, "");
	refused(lab, STREAM_TIMEWAIT_ACK_WRONG_SEQ);
	lab = time_wait();
	lab_send(lab, S, ACK, 3, 1 << 20, "");
	refused(lab, STREAM_TIMEWAIT_INVALID_ACK);
}

// A segment that the peer has acknowledged: CLOSE_WAIT refuses it, the other closing states pass it by.
static void closing_states_name_retransmissions(void **state)
{
	struct lab *(*const open[])(void) = {
		client_closed, server_closed, server_half_closed, both_closing, last_ack, time_wait};

	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		struct lab *lab = open[i]();
		lab_data(lab, 0, "hello");
		assert_noted(lab, STREAM_PKT_SPURIOUS_RETRANSMISSION);
		assert_noted(lab, STREAM_PKT_RETRANSMISSION);
		assert_int_equal(lab_noted(lab, STREAM_CLOSEWAIT_PKT_BEFORE_LAST_ACK), i == 0);
		assert_int_equal(!!(lab->last.flags & PKT_STREAM_REJECTED), i == 0);
		lab_expect(lab, C, "hello");
		lab_close(lab);
	}
	struct lab *lab = client_closed();
	lab_data(lab, 0, "hello");
	assert_noted(lab, STREAM_CLOSEWAIT_PKT_BEFORE_LAST_ACK);
	lab_close(lab);
}

static void fin_that_repeats_acknowledged_data_is_before_the_base(void **state)
{
	struct lab *lab = connected();

	lab_send(lab, C, FIN | ACK, 0, 2, "hello");
	assert_noted(lab, STREAM_REASSEMBLY_SEGMENT_BEFORE_BASE_SEQ);
	assert_int_equal(lab_state(lab), TCP_CLOSE_WAIT);
	lab_expect(lab, C, "hello");
	lab_close(lab);
}

// What was lost before a FIN is sent again after it; the reader waits for it.
static void hole_before_a_fin_closes_in_the_last_states(void **state)
{
	struct lab *lab = client_closed();

	lab_send(lab, S, FIN | ACK, 7, 6, "tail");
	assert_int_equal(lab_state(lab), TCP_LAST_ACK);
	lab_send(lab, S, ACK, 2, 6, " and ");
	assert_false(lab->last.flags & PKT_STREAM_REJECTED);
	lab_expect(lab, S, "hi and tail");
	lab_send(lab, S, ACK, 50, 6, "trailer");
	refused(lab, STREAM_LASTACK_ACK_WRONG_SEQ);
}

static void closing_ends_closed_from_either_side(void **state)
{
	struct lab *lab = last_ack();
	lab_send(lab, C, ACK, 6, 3, "");
	assert_int_equal(lab_state(lab), TCP_CLOSED);
	assert_int_equal(lab->flow->state, FLOW_CLOSED);
	lab_close(lab);
	lab = time_wait();
	lab_send(lab, S, ACK, 3, 6, "");
	assert_int_equal(lab_state(lab), TCP_CLOSED);
	lab_close(lab);
}

static void port_reuse_is_a_new_syn_on_a_closing_connection(void **state)
{
	struct lab *lab = last_ack();
	const struct flow_cold *cold = lab_cold(lab);

	assert_true(tcp_stream_is_reuse(lab->flow, cold, 123456));
	assert_false(tcp_stream_is_reuse(lab->flow, cold, lab->isn[C])); // its own SYN again
	lab_close(lab);
	lab = connected();
	assert_false(tcp_stream_is_reuse(lab->flow, lab_cold(lab), 123456));
	lab_close(lab);
}

// Stream events of the engine's other parts, one connection each.
static void reassembly_events_are_raised(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = connected();
	lab_data(lab, 8, "late");
	lab_send(lab, S, ACK, 2, 12, "");
	assert_noted(lab, STREAM_REASSEMBLY_SEQ_GAP);
	lab_close(lab);

	cfg.depth = 5;
	cfg.flow_cap = 2048;
	cfg.urgent_policy = TCP_URGENT_OOB;
	cfg.urgent_oob_limit = 1;
	lab = malloc(sizeof(*lab));
	lab_open_with(lab, &cfg);
	lab_handshake(lab);
	lab_data(lab, 0, "longer");
	assert_noted(lab, STREAM_REASSEMBLY_DEPTH_REACHED);
	lab_close(lab);

	cfg.depth = 0;
	lab = malloc(sizeof(*lab));
	lab_open_with(lab, &cfg);
	lab_handshake(lab);
	for (uint32_t i = 0; i < 1500; i++)
		lab_data(lab, 2 + 4 * i, "ab");
	assert_noted(lab, STREAM_REASSEMBLY_NO_SEGMENT);
	lab_close(lab);

	lab = malloc(sizeof(*lab));
	lab_open_with(lab, &cfg);
	lab_handshake(lab);
	lab->urgent = 1;
	lab_send(lab, C, ACK | URG, 0, 0, "X");
	assert_noted(lab, STREAM_PKT_URGENT_POINTER);
	lab_send(lab, C, ACK | URG, 1, 0, "X");
	assert_noted(lab, STREAM_REASSEMBLY_URGENT_OOB_LIMIT_REACHED);
	lab_close(lab);
}

static void window_and_reset_events_are_raised(void **state)
{
	struct lab *lab = connected();
	lab->win = 0;
	lab_send(lab, S, ACK, 2, 5, "");
	lab->win = 65535;
	lab_send(lab, C, ACK, 5, 2, "d");
	lab_send(lab, S, ACK, 2, 6, "");
	assert_noted(lab, STREAM_EST_ACK_ZWP_DATA);
	lab_close(lab);

	lab = connected();
	lab_send(lab, C, RST, 5, 0, "");
	lab_send(lab, C, ACK, 5, 2, "still here");
	assert_noted(lab, STREAM_SUSPECTED_RST_INJECT);
	lab_close(lab);
}

// The last test of this program: what drops.def names of connections, some test above has raised.
static void every_event_of_a_connection_has_a_test(void **state)
{
	assert_all_found(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(established_refuses_handshake_segments),
		cmocka_unit_test(established_names_what_a_late_syn_ack_gets_wrong),
		cmocka_unit_test(established_refuses_what_does_not_fit),
		cmocka_unit_test(established_names_spurious_retransmissions),
		cmocka_unit_test(acknowledgement_number_without_the_flag),
		cmocka_unit_test(window_taken_back_in_a_segment_from_the_future),
		cmocka_unit_test(segments_without_a_connection),
		cmocka_unit_test(no_session_left_is_named),
		cmocka_unit_test(close_wait_refuses_what_does_not_fit),
		cmocka_unit_test(fin_wait_refuses_what_does_not_fit),
		cmocka_unit_test(last_states_take_only_the_next_number),
		cmocka_unit_test(closing_states_name_retransmissions),
		cmocka_unit_test(fin_that_repeats_acknowledged_data_is_before_the_base),
		cmocka_unit_test(hole_before_a_fin_closes_in_the_last_states),
		cmocka_unit_test(closing_ends_closed_from_either_side),
		cmocka_unit_test(port_reuse_is_a_new_syn_on_a_closing_connection),
		cmocka_unit_test(reassembly_events_are_raised),
		cmocka_unit_test(window_and_reset_events_are_raised),
		cmocka_unit_test(every_event_of_a_connection_has_a_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
