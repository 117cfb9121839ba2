// Every stream event of a handshake has one that makes it, and the verdict that goes with it.
#include "tests/unit/tcp_lab.h"

static void refused(struct lab *lab, uint16_t reason)
{
	assert_noted(lab, reason);
	assert_true(lab->last.flags & PKT_STREAM_REJECTED);
	lab_close(lab);
}

static void handshake_syn_ack_with_wrong_ack(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 77, "");
	refused(lab, STREAM_3WHS_SYNACK_WITH_WRONG_ACK);
}

static void handshake_syn_ack_from_the_client(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, C, SYN | ACK, -1, 0, "");
	refused(lab, STREAM_3WHS_SYNACK_IN_WRONG_DIRECTION);
}

static void handshake_syn_ack_from_the_client_after_the_servers(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, C, SYN | ACK, -1, 0, "");
	refused(lab, STREAM_3WHS_SYNACK_TOSERVER_ON_SYN_RECV);
}

static void handshake_syn_ack_again_with_different_ack(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 9, "");
	refused(lab, STREAM_3WHS_SYNACK_RESEND_WITH_DIFF_ACK);
}

static void handshake_the_acknowledged_one_of_several_syn_acks_counts(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, S, SYN | ACK, 500, 0, "");
	assert_quiet(lab);
	lab_send(lab, C, ACK, 0, 501, "");
	assert_int_equal(lab_state(lab), TCP_ESTABLISHED);
	lab_send(lab, S, ACK, 501, 0, "banner");
	lab_expect(lab, S, "banner");
	lab_close(lab);
}

static void handshake_too_many_different_syn_acks(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	for (int i = 0; i < 6; i++)
		lab_send(lab, S, SYN | ACK, i * 1000, 0, "");
	assert_quiet(lab);
	lab_send(lab, S, SYN | ACK, 9000, 0, "");
	refused(lab, STREAM_3WHS_SYNACK_FLOOD);
}

static void handshake_without_a_queue_the_first_syn_ack_counts(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));

	cfg.max_synack_queued = 0;
	lab_open_with(lab, &cfg);
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, S, SYN | ACK, 500, 0, "");
	refused(lab, STREAM_3WHS_SYNACK_RESEND_WITH_DIFF_SEQ);
}

static void handshake_too_many_different_syns(void **state)
{
	struct lab *lab = lab_open();

	for (int i = 0; i < 10; i++) {
		lab_send(lab, C, SYN, i * 1000, 0, "");
		assert_quiet(lab);
	}
	lab_send(lab, C, SYN, 70000, 0, "");
	assert_noted(lab, STREAM_3WHS_SYN_FLOOD);
	lab_close(lab);
}

static void handshake_syn_again_with_another_sequence_is_followed(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, C, SYN, 4999, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 5000, "");
	lab_send(lab, C, ACK, 5000, 0, "");
	lab_data(lab, 5000, "abc");
	lab_expect(lab, C, "abc");
	lab_close(lab);
}

static void handshake_syn_with_another_sequence_after_the_syn_ack(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, C, SYN, 333, 0, "");
	refused(lab, STREAM_3WHS_SYN_RESEND_DIFF_SEQ_ON_SYN_RECV);
}

static void handshake_syn_of_the_server_after_its_syn_ack(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, S, SYN, -1, 0, "");
	refused(lab, STREAM_3WHS_SYN_TOCLIENT_ON_SYN_RECV);
}

static void handshake_last_ack_from_the_server(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_abs(lab, S, ACK, lab->isn[C] + 1, lab->isn[S] + 1, "", 0); // with the client's numbers
	refused(lab, STREAM_3WHS_ACK_IN_WRONG_DIR);
}

static void handshake_last_ack_is_not_the_servers_with_a_wrong_sequence(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, S, ACK, -1, 0, ""); // a keep-alive
	assert_quiet(lab);
	lab_send(lab, S, ACK, 40, 0, "");
	refused(lab, STREAM_3WHS_WRONG_SEQ_WRONG_ACK);
}

// The client has it all the same: its answer to the SYN/ACK may be captured late.
static void handshake_data_of_the_server_before_the_last_ack(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, S, ACK | PSH, 0, 0, "banner");
	assert_noted(lab, STREAM_3WHS_ACK_DATA_INJECT);
	lab_send(lab, C, ACK, 0, 6, "");
	lab_expect(lab, S, "banner");
	lab_close(lab);
}

static void handshake_right_sequence_wrong_ack(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, C, ACK, 0, 50, "");
	refused(lab, STREAM_3WHS_RIGHT_SEQ_WRONG_ACK_EVASION);
}

static void handshake_wrong_sequence_wrong_ack(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, C, ACK, 50, 50, "");
	refused(lab, STREAM_3WHS_WRONG_SEQ_WRONG_ACK);
}

static void handshake_of_one_side_with_a_wrong_sequence(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));

	cfg.async_oneside = true;
	lab_open_with(lab, &cfg);
	lab_send(lab, C, SYN, -1, 0, "x"); // with a session: its numbers are known
	lab_send(lab, C, ACK, 900, 0, "data");
	refused(lab, STREAM_3WHS_ASYNC_WRONG_SEQ);
}

static void handshake_echo_of_another_timestamp(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	memcpy(lab->opts, (uint8_t[]){1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 7}, 12);
	lab->opts_len = 12;
	lab_send(lab, S, RST | ACK, -1, 0, ""); // the SYN had no timestamp to echo
	assert_int_equal(lab->flow->tcp_state, TCP_SYN_SENT);
	refused(lab, STREAM_PKT_INVALID_TIMESTAMP);
}

// Seen in the wild: a server that answers with timestamps a client without any. The client goes on.
static void handshake_timestamps_that_the_client_did_not_offer(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	memcpy(lab->opts, (uint8_t[]){1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 7}, 12);
	lab->opts_len = 12;
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	assert_noted(lab, STREAM_PKT_INVALID_TIMESTAMP);
	lab->opts_len = 0;
	lab_send(lab, C, ACK, 0, 0, "");
	lab_data(lab, 0, "hello");
	lab_expect(lab, C, "hello");
	lab_close(lab);
}

// A RST that the client sends before any answer may be meant for another answer than the one we know, and a server that
// works with the client need not heed it: what follows is read. Suricata 7.0.10 does not close there for any numbers.
static void handshake_goes_on_after_a_reset_of_the_client(void **state)
{
	for (int64_t seq = -1; seq < 2; seq++) {
		struct lab *lab = lab_open();

		lab_send(lab, C, SYN, -1, 0, "");
		lab_send(lab, C, seq ? RST : RST | ACK, seq, 0, "");
		assert_int_equal(lab->flow->tcp_state, TCP_SYN_SENT);
		lab_send(lab, S, SYN | ACK, -1, 0, "");
		lab_send(lab, C, ACK, 0, 0, "");
		assert_int_equal(lab_state(lab), TCP_ESTABLISHED);
		lab_data(lab, 0, "evil");
		lab_expect(lab, C, "evil");
		lab_close(lab);
	}
}

static void simultaneous_open_establishes(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN, -1, 0, "");
	lab_send(lab, C, SYN | ACK, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	assert_int_equal(lab_state(lab), TCP_ESTABLISHED);
	lab_data(lab, 0, "abc");
	lab_send(lab, S, ACK, 0, 3, "xyz");
	lab_expect(lab, C, "abc");
	lab_expect(lab, S, "xyz");
	lab_close(lab);
}

static struct lab *two_syns(void)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN, -1, 0, "");
	return lab;
}

static void simultaneous_open_with_wrong_numbers(void **state)
{
	struct lab *lab = two_syns();

	lab_send(lab, C, SYN | ACK, -1, 20, "");
	refused(lab, STREAM_4WHS_SYNACK_WITH_WRONG_ACK);
	lab = two_syns();
	lab_send(lab, C, SYN | ACK, 30, 0, "");
	refused(lab, STREAM_4WHS_SYNACK_WITH_WRONG_SYN);
	lab = two_syns();
	lab_send(lab, C, SYN | ACK, -1, 0, "");
	lab_send(lab, S, ACK, 70, 0, "");
	refused(lab, STREAM_4WHS_WRONG_SEQ);
	lab = two_syns();
	lab_send(lab, C, SYN | ACK, -1, 0, "");
	lab_send(lab, S, ACK, 0, 1 << 24, "");
	refused(lab, STREAM_4WHS_INVALID_ACK);
}

static void first_syn_takes_no_session(void **state)
{
	struct lab *lab = lab_open();
	struct tcp_stream_stats st;

	lab_send(lab, C, SYN, -1, 0, "");
	tcp_streams_stats(lab->ts, &st);
	assert_int_equal(st.active, 0);
	assert_int_equal(st.syn_only, 1);
	assert_int_equal(lab->flow->tcp_state, TCP_SYN_SENT);
	assert_false(lab->flow->flags & FLOW_COLD_SET);
	lab_close(lab);
}

static void half_open_with_data_is_bounded(void **state)
{
	struct lab *lab = lab_open();
	struct tcp_stream_stats st;
	char data[1001];

	memset(data, 'x', 1000);
	data[1000] = 0;
	for (uint32_t i = 0; i < 20000; i++) {
		lab->port = (uint16_t)(1024 + i);
		lab_send(lab, C, SYN, -1, 0, data);
	}
	tcp_streams_stats(lab->ts, &st);
	assert_true(st.memuse <= lab->cfg.memcap);
	assert_true(st.reassembly_memuse <= lab->cfg.reassembly_memcap);
	flow_table_flush(lab->flows, lab->now_ns, lab->seq, &lab->sink);
	lab->flow = NULL;
	lab_close(lab);
}

static void option(struct lab *lab, const uint8_t *bytes, uint32_t len)
{
	memcpy(lab->opts, bytes, len);
	lab->opts_len = len;
}

static void handshake_option_events_are_raised(void **state)
{
	struct lab *lab = lab_open();
	option(lab, (uint8_t[]){3, 3, 15}, 3);
	lab_send(lab, C, SYN, -1, 0, "");
	assert_noted(lab, STREAM_WRONG_WINDOW_SCALE);
	lab_close(lab);

	lab = lab_open();
	lab_send(lab, C, SYN, -1, 0, "data");
	assert_noted(lab, STREAM_PKT_DATA_ON_SYN);
	assert_false(lab->last.flags & PKT_STREAM_ADDED); // nobody may ever answer: detectors look at the packet
	lab_close(lab);

	lab = lab_open();
	option(lab, (uint8_t[]){34, 6, 1, 2, 3, 4}, 6);
	lab_send(lab, C, SYN, -1, 0, "GET /");
	lab->opts_len = 0;
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	assert_noted(lab, STREAM_3WHS_SYNACK_TFO_DATA_IGNORED);
	lab_close(lab);
}

// The last test of this program: what drops.def names of handshakes, some test above has raised.
static void every_event_of_a_handshake_has_a_test(void **state)
{
	assert_all_found(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake_syn_ack_with_wrong_ack),
		cmocka_unit_test(handshake_syn_ack_from_the_client),
		cmocka_unit_test(handshake_syn_ack_from_the_client_after_the_servers),
		cmocka_unit_test(handshake_syn_ack_again_with_different_ack),
		cmocka_unit_test(handshake_the_acknowledged_one_of_several_syn_acks_counts),
		cmocka_unit_test(handshake_too_many_different_syn_acks),
		cmocka_unit_test(handshake_without_a_queue_the_first_syn_ack_counts),
		cmocka_unit_test(handshake_too_many_different_syns),
		cmocka_unit_test(handshake_syn_again_with_another_sequence_is_followed),
		cmocka_unit_test(handshake_syn_with_another_sequence_after_the_syn_ack),
		cmocka_unit_test(handshake_syn_of_the_server_after_its_syn_ack),
		cmocka_unit_test(handshake_last_ack_from_the_server),
		cmocka_unit_test(handshake_last_ack_is_not_the_servers_with_a_wrong_sequence),
		cmocka_unit_test(handshake_data_of_the_server_before_the_last_ack),
		cmocka_unit_test(handshake_right_sequence_wrong_ack),
		cmocka_unit_test(handshake_wrong_sequence_wrong_ack),
		cmocka_unit_test(handshake_of_one_side_with_a_wrong_sequence),
		cmocka_unit_test(handshake_echo_of_another_timestamp),
		cmocka_unit_test(handshake_timestamps_that_the_client_did_not_offer),
		cmocka_unit_test(handshake_goes_on_after_a_reset_of_the_client),
		cmocka_unit_test(simultaneous_open_establishes),
		cmocka_unit_test(simultaneous_open_with_wrong_numbers),
		cmocka_unit_test(first_syn_takes_no_session),
		cmocka_unit_test(half_open_with_data_is_bounded),
		cmocka_unit_test(handshake_option_events_are_raised),
		cmocka_unit_test(every_event_of_a_handshake_has_a_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
