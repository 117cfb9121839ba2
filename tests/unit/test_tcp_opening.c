// Handshakes without a session: what the third packet finds is what a session from the SYN/ACK on would have held.
#define LAB_FLOWS 4096
#include "tests/unit/tcp_lab.h"

#include "dataplane/tcp_half_open.h"

static void set_options(struct lab *lab, const uint8_t *bytes, uint32_t len)
{
	memcpy(lab->opts, bytes, len);
	lab->opts_len = len;
}

static uint64_t sessions_now(const struct lab *lab)
{
	struct tcp_stream_stats st;

	tcp_streams_stats(lab->ts, &st);
	return st.active;
}

static uint64_t sessions_begun(const struct lab *lab)
{
	struct tcp_stream_stats st;

	tcp_streams_stats(lab->ts, &st);
	return st.sessions;
}

static void handshake_takes_a_session_with_its_third_packet(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	assert_int_equal(sessions_begun(lab), 0);
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	assert_int_equal(lab_state(lab), TCP_SYN_RECV);
	assert_int_equal(sessions_now(lab), 0);
	assert_int_equal(sessions_begun(lab), 1);
	assert_null(lab_cold(lab)); // the flow's second line is not touched
	assert_int_equal(flow_pkts(lab->flow, S), 1);
	assert_int_equal(flow_bytes(lab->flow, S), 20);
	lab_send(lab, C, ACK, 0, 0, "");
	assert_quiet(lab);
	assert_int_equal(lab_state(lab), TCP_ESTABLISHED);
	assert_int_equal(sessions_now(lab), 1);
	assert_int_equal(sessions_begun(lab), 1);
	assert_int_equal(flow_bytes(lab->flow, S), 20);
	lab_close(lab);
}

// SYN and SYN/ACK with options, in two bursts or in one, or so that a session begins with the SYN/ACK: a SYN with
// another number has sent the first to the table. What the session holds after the client's ACK must be the same.
enum { APART, TOGETHER, BY_TABLE };

static void open_by(struct lab *lab, int way, const uint8_t *client, const uint8_t *server, uint32_t len)
{
	struct burst *b = &lab->burst;
	uint8_t bytes[60];

	if (way == BY_TABLE)
		lab_abs(lab, C, SYN, lab->isn[C] + 50000, 0, NULL, 0);
	set_options(lab, client, len);
	lab->win = 1111;
	if (way == TOGETHER) {
		b->frames[1] = *lab_raw(lab, C, SYN, lab->isn[C], 0, NULL, 0);
		memcpy(bytes, lab->frame, 20 + len);
		b->frames[1].data = bytes;
		set_options(lab, server, len);
		lab->win = 2222;
		lab_raw(lab, S, SYN | ACK, lab->isn[S], lab->isn[C] + 1, NULL, 0);
		b->n = 0;
		b->n_frames = 2;
		burst_push(b, &b->frames[1]);
		burst_push(b, &b->frames[0]);
		flow_lookup_burst(lab->flows, b, 0, &lab->sink);
		tcp_stream_burst(lab->ts, b, 0, b->n, &lab->run);
		lab->flow = b->frames[0].flow;
	} else {
		lab_send(lab, C, SYN, -1, 0, "");
		set_options(lab, server, len);
		lab->win = 2222;
		lab_send(lab, S, SYN | ACK, -1, 0, "");
	}
	assert_quiet(lab);
	assert_int_equal(sessions_now(lab), way == BY_TABLE);
}

static void session_is_the_same_whenever_it_begins(void **state)
{
	static const uint8_t plain[4] = {1, 1, 1, 1}, scale7[4] = {1, 3, 3, 7}, scale2[4] = {1, 3, 3, 2},
			     sack[4] = {1, 1, 4, 2}, stamps[12] = {1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0},
			     echo[12] = {1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 9}, cookie[4] = {34, 2, 1, 1};
	static const struct {
		const uint8_t *client, *server;
		uint32_t len;
	} cases[] = {{plain, plain, 4}, {scale7, scale2, 4}, {scale7, plain, 4}, {plain, scale2, 4}, {sack, sack, 4},
		{sack, plain, 4}, {stamps, echo, 12}, {cookie, cookie, 4}, {plain, cookie, 4}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tcp_session_info info[3], after[3];
		for (int way = APART; way <= BY_TABLE; way++) {
			struct lab *lab = lab_open();
			open_by(lab, way, cases[i].client, cases[i].server, cases[i].len);
			lab_info(lab, &info[way]);
			lab->opts_len = 0;
			if (cases[i].len == 12)
				set_options(lab, (uint8_t[12]){1, 1, 8, 10, 0, 0, 0, 10, 0, 0, 0, 5}, 12);
			lab_send(lab, C, ACK, 0, 0, "abc");
			assert_int_equal(lab_state(lab), TCP_ESTABLISHED);
			lab_info(lab, &after[way]);
			lab_close(lab);
		}
		assert_int_equal(info[APART].state, TCP_SYN_RECV);
		assert_memory_equal(&info[APART], &info[TOGETHER], sizeof(info[0]));
		assert_memory_equal(&info[APART], &info[BY_TABLE], sizeof(info[0]));
		assert_memory_equal(&after[APART], &after[TOGETHER], sizeof(info[0]));
		assert_memory_equal(&after[APART], &after[BY_TABLE], sizeof(info[0]));
	}
}

static void record_of_a_flow_that_ends_half_open_has_the_windows(void **state)
{
	struct lab *lab = lab_open();

	lab->win = 1111;
	lab_send(lab, C, SYN, -1, 0, "");
	lab->win = 2222;
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	const struct event_tcp *tcp = tcp_stream_flow_end(lab->ts, lab->flow, lab_cold(lab), &lab->run);
	assert_non_null(tcp);
	assert_int_equal(tcp->side[C].max_rwin_sent, 1111);
	assert_int_equal(tcp->side[S].max_rwin_sent, 2222);
	assert_false(tcp->rtt_known);
	assert_int_equal(flow_bytes(lab->flow, S), 20);
	lab_close(lab);
}

// Data of the server behind its SYN/ACK, data of the client with its ACK, a SYN/ACK once more: each finds the session.
static void whatever_comes_third_finds_the_session(void **state)
{
	for (uint32_t third = 0; third < 4; third++) {
		struct lab *lab = lab_open();
		lab_send(lab, C, SYN, -1, 0, "");
		lab_send(lab, S, SYN | ACK, -1, 0, "");
		if (third == 0)
			lab_send(lab, S, ACK | PSH, 0, 0, "early");
		else if (third == 1)
			lab_send(lab, C, ACK | PSH, 0, 0, "data");
		else if (third == 2)
			lab_send(lab, S, SYN | ACK, -1, 0, "");
		else
			lab_send(lab, C, RST, 0, 0, "");
		assert_int_equal(sessions_now(lab), 1);
		assert_int_equal(lab_noted(lab, STREAM_3WHS_ACK_DATA_INJECT), third == 0);
		assert_int_equal(lab_state(lab), third == 1 ? TCP_ESTABLISHED : third == 3 ? TCP_CLOSED : TCP_SYN_RECV);
		lab_close(lab);
	}
}

// Handshakes of other flows, as many as the ring of a small memcap has records and more.
#define RECORDS 64u

static struct lab *open_small(void)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));

	assert_non_null(lab);
	cfg.memcap = RECORDS * 32 * 16;
	lab_open_with(lab, &cfg);
	assert_int_equal(tcp_opening_records(cfg.memcap), RECORDS);
	return lab;
}

static struct flow *answered(struct lab *lab)
{
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	return lab->flow;
}

static void others(struct lab *lab, uint32_t n)
{
	uint16_t port = lab->port;

	for (uint32_t i = 1; i <= n; i++) {
		lab->port = (uint16_t)(port + i);
		answered(lab);
	}
	lab->port = port;
}

static void close_all(struct lab *lab)
{
	flow_table_flush(lab->flows, lab->now_ns, lab->seq, &lab->sink);
	lab->flow = NULL;
	lab_close(lab);
}

static void flood_of_handshakes_takes_records_of_others_and_no_session(void **state)
{
	struct lab *lab = open_small();
	struct tcp_session_info info;

	lab->step_ns = 1000;
	others(lab, RECORDS); // the first turn, begun with the capture, counts as slow
	set_options(lab, (uint8_t[]){3, 3, 7}, 3);
	lab->port += 1000;
	answered(lab);
	lab->opts_len = 0;
	others(lab, RECORDS);
	assert_int_equal(sessions_now(lab), 0);
	lab_send(lab, C, ACK, 0, 0, "");
	assert_quiet(lab);
	assert_int_equal(lab_state(lab), TCP_ESTABLISHED); // from the ACK, its windows unknown
	lab_info(lab, &info);
	assert_int_equal(info.side[C].wscale, 14);
	close_all(lab);
}

static void slow_handshake_keeps_what_is_known_when_its_record_is_needed(void **state)
{
	struct lab *lab = open_small();
	struct tcp_session_info info;

	lab->step_ns = 50000000;
	set_options(lab, (uint8_t[]){3, 3, 7}, 3);
	struct flow *slow = answered(lab);
	lab->opts_len = 0;
	assert_true(slow->flags & FLOW_OPENING);
	others(lab, RECORDS);
	assert_false(slow->flags & FLOW_OPENING);
	lab_send(lab, C, ACK, 0, 0, "");
	assert_quiet(lab);
	lab_info(lab, &info);
	assert_int_equal(info.side[C].wscale, 7);
	close_all(lab);
}

static void slow_syn_with_an_odd_answer_stays_known_too(void **state)
{
	struct lab *lab = open_small();

	lab->step_ns = 50000000;
	lab_send(lab, C, SYN, -1, 0, "");
	lab_abs(lab, S, SYN | ACK, lab->isn[S], lab->isn[C] + 77, NULL, 0);
	assert_noted(lab, STREAM_3WHS_SYNACK_WITH_WRONG_ACK);
	struct flow *f = lab->flow;
	others(lab, RECORDS);
	assert_false(f->flags & FLOW_OPENING);
	lab_abs(lab, S, SYN | ACK, lab->isn[S], lab->isn[C] + 77, NULL, 0);
	assert_noted(lab, STREAM_3WHS_SYNACK_WITH_WRONG_ACK);
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	assert_quiet(lab);
	close_all(lab);
}

// A record is of the flow that wrote it: what takes the flow's slot later does not find it.
static void next_flow_in_the_slot_has_no_record(void **state)
{
	struct lab *lab = lab_open();

	struct flow *first = answered(lab);
	flow_table_flush(lab->flows, lab->now_ns, lab->seq, &lab->sink);
	assert_false(first->flags & FLOW_OPENING);
	lab_send(lab, C, ACK, 0, 0, "");
	assert_int_equal(sessions_now(lab), 0);
	assert_int_equal(lab_state(lab), TCP_NONE);
	lab_close(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake_takes_a_session_with_its_third_packet),
		cmocka_unit_test(session_is_the_same_whenever_it_begins),
		cmocka_unit_test(record_of_a_flow_that_ends_half_open_has_the_windows),
		cmocka_unit_test(whatever_comes_third_finds_the_session),
		cmocka_unit_test(flood_of_handshakes_takes_records_of_others_and_no_session),
		cmocka_unit_test(slow_handshake_keeps_what_is_known_when_its_record_is_needed),
		cmocka_unit_test(slow_syn_with_an_odd_answer_stays_known_too),
		cmocka_unit_test(next_flow_in_the_slot_has_no_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
