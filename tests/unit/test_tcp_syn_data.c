// Data on SYNs: it waits for the answer in a fixed number of records, of which no destination can take another's share.
#define LAB_FLOWS 4096
#include "tests/unit/tcp_lab.h"

#define COOKIE ((uint8_t[]){34, 6, 1, 2, 3, 4})
#define PIECE 1000u

// More than there are records, and shares of a destination among them.
#define FLOOD 1000u

static struct lab *lab_with_records(void)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));

	assert_non_null(lab);
	cfg.reassembly_memcap = 32 << 20;
	lab_open_with(lab, &cfg);
	lab->step_ns = 1000;
	return lab;
}

// SYNs with data of ever other clients to one server.
static void flood(struct lab *lab, uint32_t server)
{
	uint8_t data[PIECE];

	memset(data, 'f', sizeof(data));
	for (uint32_t i = 0; i < FLOOD; i++) {
		struct packet *p = lab_raw(lab, C, SYN, i * 7919, 0, data, sizeof(data));
		p->src.w[0] = htonl(0x0b000000 + i);
		p->dst.w[0] = htonl(server);
		lab_run(lab);
	}
}

static void fast_open(struct lab *lab, const char *data)
{
	memcpy(lab->opts, COOKIE, sizeof(COOKIE));
	lab->opts_len = sizeof(COOKIE);
	lab_send(lab, C, SYN, -1, 0, data);
	lab->opts_len = 0;
}

// The server takes what the SYN brought, and the client goes on.
static void answer(struct lab *lab, uint32_t taken)
{
	lab_abs(lab, S, SYN | ACK, lab->isn[S], lab->isn[C] + 1 + taken, "", 0);
	assert_quiet(lab);
	lab_send(lab, C, ACK, (int)taken, 0, "");
	lab_data(lab, (int)taken, " more");
}

static uint64_t left_out(const struct lab *lab)
{
	struct tcp_stream_stats st;

	tcp_streams_stats(lab->ts, &st);
	return st.syn_data_left;
}

static void end(struct lab *lab)
{
	flow_table_flush(lab->flows, lab->now_ns, lab->seq, &lab->sink);
	lab->flow = NULL;
	lab_close(lab);
}

static void syn_with_data_takes_no_session_until_it_is_answered(void **state)
{
	struct lab *lab = lab_with_records();
	struct tcp_stream_stats st;

	fast_open(lab, "GET /");
	tcp_streams_stats(lab->ts, &st);
	assert_int_equal(st.active, 0);
	assert_true(lab->last.flags & PKT_STREAM_ADDED);
	answer(lab, 5);
	lab_expect(lab, C, "GET / more");
	lab_close(lab);
}

// Rules that ask for an established connection are to see it.
static void data_of_a_syn_is_handed_on_when_the_handshake_is_over(void **state)
{
	struct lab *lab = lab_with_records();

	fast_open(lab, "GET /");
	lab_abs(lab, S, SYN | ACK, lab->isn[S], lab->isn[C] + 6, "", 0);
	lab_expect(lab, C, "");
	lab_send(lab, C, ACK, 5, 0, "");
	lab_expect(lab, C, "GET /");
	assert_true(lab->last.flags & PKT_FLOW_ESTABLISHED);
	lab_close(lab);
}

static void a_server_in_a_hurry_answers_behind_the_data_of_the_syn(void **state)
{
	struct lab *lab = lab_with_records();

	fast_open(lab, "GET /");
	lab_abs(lab, S, SYN | ACK, lab->isn[S], lab->isn[C] + 6, "", 0);
	lab_abs(lab, S, ACK, lab->isn[S] + 1, lab->isn[C] + 6, "200 OK", 6);
	lab_expect(lab, C, "GET /");
	lab_expect(lab, S, "200 OK");
	lab_close(lab);
}

// Kept before the flood or in the midst of it: the flood is towards another server.
static void flood_towards_another_server_costs_nobody_its_data(void **state)
{
	for (int before = 0; before < 2; before++) {
		struct lab *lab = lab_with_records();
		if (before)
			fast_open(lab, "GET /");
		flood(lab, 0x0a0000f0);
		assert_noted(lab, STREAM_REASSEMBLY_NO_SEGMENT);
		if (!before)
			fast_open(lab, "GET /");
		answer(lab, 5);
		lab_expect(lab, C, "GET / more");
		end(lab);
	}
}

// Without room the SYN is looked at as a packet, and the connection is followed behind a gap.
static void data_without_room_is_counted_and_the_connection_followed(void **state)
{
	struct lab *lab = lab_with_records();

	flood(lab, 0x0a000002);
	uint64_t left = left_out(lab);
	assert_true(left > FLOOD / 2);
	fast_open(lab, "GET /");
	assert_noted(lab, STREAM_REASSEMBLY_NO_SEGMENT);
	assert_false(lab->last.flags & PKT_STREAM_ADDED);
	assert_int_equal(left_out(lab), left + 1);
	lab_abs(lab, S, SYN | ACK, lab->isn[S], lab->isn[C] + 200, "", 0);
	assert_noted(lab, STREAM_3WHS_SYNACK_WITH_WRONG_ACK); // more than its SYN can have carried
	answer(lab, 5);
	lab_send(lab, S, ACK, 0, 10, "");
	lab_expect(lab, C, "????? more");
	assert_int_equal(lab->seen[C].gap_bytes, 5);
	end(lab);
}

static void data_that_waited_for_a_second_gives_way(void **state)
{
	struct lab *lab = lab_with_records();

	flood(lab, 0x0a000002);
	lab->now_ns += UINT64_C(1000000000);
	fast_open(lab, "GET /");
	assert_quiet(lab);
	answer(lab, 5);
	lab_expect(lab, C, "GET / more");
	end(lab);
}

static void reset_that_acknowledges_the_data_closes(void **state)
{
	struct lab *lab = lab_with_records();

	fast_open(lab, "GET /");
	lab_abs(lab, S, RST | ACK, 0, lab->isn[C] + 7, "", 0);
	assert_noted(lab, STREAM_RST_INVALID_ACK);
	lab_abs(lab, S, RST | ACK, 0, lab->isn[C] + 6, "", 0);
	assert_quiet(lab);
	assert_int_equal(lab->flow->tcp_state, TCP_CLOSED);
	end(lab);
}

// Both SYNs have data; what the other one had stays for its second.
static void data_is_of_the_syn_that_is_answered(void **state)
{
	struct lab *lab = lab_with_records();

	fast_open(lab, "GET /");
	lab_abs(lab, C, SYN, lab->isn[C] + 500000, 0, "other", 5);
	lab_abs(lab, S, SYN | ACK, lab->isn[S], lab->isn[C] + 500006, "", 0);
	assert_quiet(lab);
	lab_abs(lab, C, ACK, lab->isn[C] + 500006, lab->isn[S] + 1, " more", 5);
	lab_expect(lab, C, "other more");
	lab_free(lab);
}

// Its sender comes back without data, as clients do when nobody answers (RFC 7413 section 4.2.1).
static void syn_again_without_data_keeps_the_first_ones(void **state)
{
	for (int taken = 0; taken < 2; taken++) {
		struct lab *lab = lab_with_records();
		fast_open(lab, "GET /");
		lab_send(lab, C, SYN, -1, 0, "");
		lab_abs(lab, S, SYN | ACK, lab->isn[S], lab->isn[C] + 1 + (taken ? 5 : 0), "", 0);
		lab_send(lab, C, ACK, taken ? 5 : 0, 0, "");
		lab_data(lab, taken ? 5 : 0, taken ? " more" : "GET / more");
		lab_expect(lab, C, "GET / more");
		end(lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syn_with_data_takes_no_session_until_it_is_answered),
		cmocka_unit_test(data_of_a_syn_is_handed_on_when_the_handshake_is_over),
		cmocka_unit_test(a_server_in_a_hurry_answers_behind_the_data_of_the_syn),
		cmocka_unit_test(flood_towards_another_server_costs_nobody_its_data),
		cmocka_unit_test(data_without_room_is_counted_and_the_connection_followed),
		cmocka_unit_test(data_that_waited_for_a_second_gives_way),
		cmocka_unit_test(reset_that_acknowledges_the_data_closes),
		cmocka_unit_test(data_is_of_the_syn_that_is_answered),
		cmocka_unit_test(syn_again_without_data_keeps_the_first_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
