// More connections than sessions: who is refused, what that costs and says, and who gets one when there is room again.
#define LAB_FLOWS 4096
#include "tests/unit/tcp_lab.h"

#include "dataplane/flow_internal.h"
#include "dataplane/tcp_session.h"

#define A 40000
#define B 40001

// Room for this many sessions.
static struct lab *open_for(uint32_t sessions, bool midstream)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));

	assert_non_null(lab);
	cfg.memcap = sessions * sizeof(struct tcp_session);
	cfg.midstream = midstream;
	lab_open_with(lab, &cfg);
	return lab;
}

static void connect_on(struct lab *lab, uint16_t port)
{
	lab->port = port;
	lab_handshake(lab);
}

// Two connections of which the second is refused, and in hand.
static struct lab *one_of_two(bool midstream)
{
	struct lab *lab = open_for(1, midstream);

	connect_on(lab, A);
	assert_int_equal(lab_state(lab), TCP_ESTABLISHED);
	connect_on(lab, B);
	return lab;
}

static struct tcp_stream_stats stats_of(const struct lab *lab)
{
	struct tcp_stream_stats st;

	tcp_streams_stats(lab->ts, &st);
	return st;
}

static bool tick(struct lab *lab)
{
	return tcp_stream_tick(lab->ts, lab->now_ns, lab->seq, &lab->sink);
}

static void end_all(struct lab *lab)
{
	assert_true(flow_table_flush(lab->flows, lab->now_ns, lab->seq, &lab->sink));
	lab->flow = NULL;
	lab_close(lab);
}

// The flow that has this port and still lives.
static bool lives(struct lab *lab, uint16_t port)
{
	uint64_t slots = flow_table_capacity(lab->flows);

	for (uint64_t i = 0; i < slots; i++)
		if (lab->flows->lines[i].state != FLOW_FREE && lab->flows->lines[i].port[0] == port)
			return true;
	return false;
}

static void refusal_is_named_once(void **state)
{
	struct lab *lab = one_of_two(false);

	assert_noted(lab, STREAM_MEMCAP_NO_SESSION);
	for (int i = 0; i < 5; i++) {
		lab_send(lab, C, ACK, 0, 0, "abc");
		assert_quiet(lab);
		lab_send(lab, S, ACK, 0, 3, "");
		assert_quiet(lab);
	}
	assert_int_equal(stats_of(lab).no_session, 1);
	assert_int_equal(stats_of(lab).passed_by, 10);
	assert_int_equal(stats_of(lab).events[STREAM_MEMCAP_NO_SESSION - STREAM_3WHS_ACK_IN_WRONG_DIR], 1);
	assert_int_equal(lab->seen[C].calls, 0);
	end_all(lab);
}

static void refused_connection_touches_its_own_line_alone(void **state)
{
	struct lab *lab = one_of_two(false);

	lab_send(lab, C, ACK, 0, 0, "abc");
	assert_null(lab_cold(lab));
	assert_int_equal(lab->last.flags & (PKT_FLOW_ESTABLISHED | PKT_STREAM_ADDED | PKT_STREAM_REJECTED), 0);
	end_all(lab);
}

static void refused_connection_gets_a_session_once_there_is_room(void **state)
{
	struct lab *lab = open_for(1, false);

	connect_on(lab, A);
	struct flow *first = lab->flow;
	connect_on(lab, B);
	struct flow *refused = lab->flow;
	lab_send(lab, C, ACK, 0, 0, "lost");
	lab->flow = first;
	lab_end(lab);
	lab_send(lab, S, ACK, 0, 4, ""); // the client says where the connection stands
	assert_int_equal(stats_of(lab).active, 0);
	lab_send(lab, C, ACK, 4, 0, "seen");
	assert_ptr_equal(lab->flow, refused);
	assert_quiet(lab);
	assert_int_equal(stats_of(lab).active, 1);
	assert_int_equal(lab_state(lab), TCP_ESTABLISHED);
	assert_false(lab->flow->flags & FLOW_REFUSED);
	lab_send(lab, S, ACK, 0, 8, "answer");
	assert_memory_equal(lab->seen[C].bytes, "seen", 4);
	assert_memory_equal(lab->seen[S].bytes, "answer", 6);
	end_all(lab);
}

static void connection_refused_again_is_named_again(void **state)
{
	struct lab *lab = open_for(1, false);

	connect_on(lab, A);
	for (int i = 0; i < 2; i++) {
		connect_on(lab, B);
		assert_noted(lab, STREAM_MEMCAP_NO_SESSION);
		lab_send(lab, C, RST, 0, 0, "");
		assert_int_equal(lab_state(lab), TCP_CLOSED); // so that the next SYN is of a new connection
	}
	assert_int_equal(stats_of(lab).no_session, 2);
	end_all(lab);
}

static void refused_at_its_syn_ack_it_goes_on_from_the_clients_ack(void **state)
{
	struct lab *lab = open_for(1, false);

	connect_on(lab, A);
	struct flow *first = lab->flow;
	lab->port = B;
	lab_send(lab, C, SYN, -1, 0, "data"); // so that its answer wants the session
	lab_send(lab, S, SYN | ACK, -1, 4, "");
	assert_noted(lab, STREAM_MEMCAP_NO_SESSION);
	lab->flow = first;
	lab_end(lab);
	lab_send(lab, C, ACK, 4, 0, "seen");
	assert_int_equal(lab_state(lab), TCP_ESTABLISHED);
	assert_memory_equal(lab->seen[C].bytes, "seen", 4);
	end_all(lab);
}

static void picked_up_midstream_once_there_is_room(void **state)
{
	struct lab *lab = open_for(1, true);

	connect_on(lab, A);
	struct flow *first = lab->flow;
	lab->port = B;
	lab_send(lab, C, ACK, 0, 0, "lost");
	assert_noted(lab, STREAM_MEMCAP_NO_SESSION);
	lab_send(lab, C, ACK, 4, 0, "lost");
	assert_quiet(lab);
	lab->flow = first;
	lab_end(lab);
	lab_send(lab, S, ACK, 0, 8, "seen"); // of either side
	assert_int_equal(lab_state(lab), TCP_ESTABLISHED);
	assert_memory_equal(lab->seen[S].bytes, "seen", 4);
	end_all(lab);
}

static void tick_ends_nobody_while_nobody_waits(void **state)
{
	struct lab *lab = open_for(4, false);

	for (uint16_t i = 0; i < 4; i++)
		connect_on(lab, A + i);
	assert_true(tick(lab));
	assert_int_equal(stats_of(lab).active, 4);
	assert_int_equal(stats_of(lab).evicted, 0);
	end_all(lab);
}

static void longest_silent_of_those_looked_at_ends_for_who_waits(void **state)
{
	struct lab *lab = open_for(4, false);

	for (uint16_t i = 0; i < 4; i++)
		connect_on(lab, A + i);
	for (uint16_t i = 0; i < 4; i++) {
		lab->port = A + (uint16_t[]){0, 1, 3, 2}[i];
		if (i != 1)
			lab_send(lab, C, ACK, 0, 0, "");
	}
	connect_on(lab, A + 4);
	assert_noted(lab, STREAM_MEMCAP_NO_SESSION);
	assert_true(tick(lab));
	assert_int_equal(stats_of(lab).evicted, 1);
	assert_int_equal(stats_of(lab).active, 3);
	assert_int_equal(flow_table_counters(lab->flows)->evicted[FLOW_ESTABLISHED], 1);
	for (uint16_t i = 0; i < 5; i++)
		assert_int_equal(lives(lab, A + i), i != 1);
	lab_send(lab, C, ACK, 0, 0, "seen");
	assert_int_equal(lab_state(lab), TCP_ESTABLISHED);
	assert_true(tick(lab)); // and nobody has waited since
	assert_int_equal(stats_of(lab).active, 4);
	end_all(lab);
}

static void closed_connection_ends_before_a_silent_one(void **state)
{
	struct lab *lab = open_for(3, false);

	for (uint16_t i = 0; i < 3; i++)
		connect_on(lab, A + i);
	lab->port = A + 1;
	lab_send(lab, C, RST, 0, 0, "");
	connect_on(lab, A + 3);
	assert_true(tick(lab));
	assert_int_equal(stats_of(lab).evicted, 1);
	assert_false(lives(lab, A + 1));
	end_all(lab);
}

static void segments_that_pass_by_wait_as_well(void **state)
{
	struct lab *lab = one_of_two(false);

	assert_true(tick(lab)); // A goes for B
	connect_on(lab, A);     // and takes its place again, before B has said anything
	lab->port = B;
	assert_true(tick(lab)); // B has not waited since
	assert_int_equal(stats_of(lab).evicted, 1);
	lab_send(lab, C, ACK, 0, 0, "abc");
	assert_true(tick(lab));
	assert_int_equal(stats_of(lab).evicted, 2);
	assert_int_equal(stats_of(lab).active, 0);
	end_all(lab);
}

static void tick_ends_a_thousandth_of_all_at_most(void **state)
{
	const uint32_t sessions = 3000;
	struct lab *lab = open_for(sessions, false);

	for (uint32_t i = 0; i < sessions + 100; i++)
		connect_on(lab, (uint16_t)(1024 + i));
	assert_int_equal(stats_of(lab).no_session, 100);
	assert_true(tick(lab));
	assert_int_equal(stats_of(lab).evicted, sessions / 1024 + 1);
	assert_int_equal(stats_of(lab).active, sessions - sessions / 1024 - 1);
	end_all(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusal_is_named_once),
		cmocka_unit_test(refused_connection_touches_its_own_line_alone),
		cmocka_unit_test(refused_connection_gets_a_session_once_there_is_room),
		cmocka_unit_test(connection_refused_again_is_named_again),
		cmocka_unit_test(refused_at_its_syn_ack_it_goes_on_from_the_clients_ack),
		cmocka_unit_test(picked_up_midstream_once_there_is_room),
		cmocka_unit_test(tick_ends_nobody_while_nobody_waits),
		cmocka_unit_test(longest_silent_of_those_looked_at_ends_for_who_waits),
		cmocka_unit_test(closed_connection_ends_before_a_silent_one),
		cmocka_unit_test(segments_that_pass_by_wait_as_well),
		cmocka_unit_test(tick_ends_a_thousandth_of_all_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
