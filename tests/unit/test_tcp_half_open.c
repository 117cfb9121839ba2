// SYNs without a session: kept in the flow's own line until the other side sends, in the table from then on.
#include "tests/unit/tcp_lab.h"

#include "dataplane/tcp_half_open.h"

#define TS_OPTION 8

static void set_options(struct lab *lab, const uint8_t *bytes, uint32_t len)
{
	memcpy(lab->opts, bytes, len);
	lab->opts_len = len;
}

static void set_timestamps(struct lab *lab, uint32_t value, uint32_t echo)
{
	lab->opts[0] = TS_OPTION;
	lab->opts[1] = 10;
	lab_put32(lab->opts + 2, value);
	lab_put32(lab->opts + 6, echo);
	lab->opts_len = 10;
}

// More different SYNs than the table has ways, of flows other than that of `port`.
static void flood(struct lab *lab, uint16_t port)
{
	for (uint32_t i = 0; i < 16384; i++) {
		lab->port = (uint16_t)(1024 + i % 48);
		lab_abs(lab, C, SYN, i * 7919, 0, NULL, 0);
	}
	lab->port = port;
}

static void syn_is_known_after_a_flood_of_others(void **state)
{
	struct lab *lab = lab_open();
	struct tcp_session_info info;

	set_options(lab, (uint8_t[]){3, 3, 7}, 3);
	lab->win = 1234;
	lab_send(lab, C, SYN, -1, 0, "");
	lab->opts_len = 0;
	flood(lab, lab->port);
	set_options(lab, (uint8_t[]){3, 3, 2}, 3);
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	assert_quiet(lab);
	lab_info(lab, &info);
	assert_int_equal(info.side[C].wscale, 7);
	assert_int_equal(info.side[S].window, 1234);
	flow_table_flush(lab->flows, lab->now_ns, lab->seq, &lab->sink);
	lab->flow = NULL;
	lab_close(lab);
}

static void wrong_answer_is_named_after_a_flood_of_others(void **state)
{
	struct lab *lab = lab_open();

	lab_send(lab, C, SYN, -1, 0, "");
	flood(lab, lab->port);
	lab_send(lab, C, SYN, -1, 0, "");
	lab_abs(lab, S, SYN | ACK, lab->isn[S], lab->isn[C] + 77, NULL, 0);
	assert_noted(lab, STREAM_3WHS_SYNACK_WITH_WRONG_ACK);
	lab_close(lab);
}

static void counts_of_the_silent_side_are_zero(void **state)
{
	struct lab *lab = lab_open();

	for (uint32_t i = 1; i <= 3; i++) {
		lab_send(lab, C, SYN, -1, 0, "");
		assert_true(lab->flow->flags & FLOW_SYN_KEPT);
		assert_int_equal(flow_pkts(lab->flow, C), i);
		assert_int_equal(flow_bytes(lab->flow, C), i * 20);
		assert_int_equal(flow_pkts(lab->flow, S), 0);
		assert_int_equal(flow_bytes(lab->flow, S), 0);
		assert_int_equal(lab->last.nth[C], i);
		assert_int_equal(lab->last.nth[S], 0);
	}
	lab_send(lab, S, RST | ACK, -1, 0, "");
	assert_quiet(lab);
	assert_false(lab->flow->flags & FLOW_SYN_KEPT);
	assert_int_equal(flow_pkts(lab->flow, S), 1);
	assert_int_equal(flow_bytes(lab->flow, S), 20);
	assert_int_equal(lab->last.nth[S], 1);
	assert_int_equal(lab->flow->tcp_state, TCP_CLOSED);
	lab_close(lab);
}

// An ICMP error that quotes the SYN is counted for the side it comes from, and the SYN stays known.
static void icmp_error_is_counted_and_the_syn_stays_known(void **state)
{
	struct lab *lab = lab_open();
	uint8_t quoted[28] = {0x45};
	struct packet *p;

	lab_send(lab, C, SYN, -1, 0, "");
	p = lab_raw(lab, S, 0, 0, 0, NULL, 0);
	memcpy(quoted + 12, &p->dst.w[0], 4); // the client's address is the quoted packet's source
	memcpy(quoted + 16, &p->src.w[0], 4);
	p->data = quoted;
	p->len = p->wire_len = sizeof(quoted);
	p->flags = PKT_IPV4 | PKT_ICMPV4;
	p->ip_proto = 1;
	p->icmp_type = 3;
	p->icmp_has_inner = 1;
	p->icmp_inner_proto = 6;
	p->icmp_inner_sport = lab->port;
	p->icmp_inner_dport = 80;
	lab_run(lab);
	assert_non_null(lab->flow);
	assert_int_equal(flow_pkts(lab->flow, S), 1);
	assert_int_equal(flow_bytes(lab->flow, S), sizeof(quoted));
	lab_abs(lab, S, SYN | ACK, lab->isn[S], lab->isn[C] + 77, NULL, 0);
	assert_noted(lab, STREAM_3WHS_SYNACK_WITH_WRONG_ACK);
	lab_close(lab);
}

static void either_timestamp_of_a_repeated_syn_may_be_echoed(void **state)
{
	static const uint32_t sent[][2] = {{100, 200}, {100, 100}};

	for (uint32_t i = 0; i < 2; i++) {
		for (uint32_t echo = 100; echo <= 200; echo += 100) {
			struct lab *lab = lab_open();
			set_timestamps(lab, sent[i][0], 0);
			lab_send(lab, C, SYN, -1, 0, "");
			set_timestamps(lab, sent[i][1], 0);
			lab_send(lab, C, SYN, -1, 0, "");
			assert_true(lab->flow->flags & FLOW_SYN_KEPT);
			set_timestamps(lab, 7, echo);
			lab_send(lab, S, SYN | ACK, -1, 0, "");
			assert_int_equal(lab_noted(lab, STREAM_PKT_INVALID_TIMESTAMP), i == 1 && echo == 200);
			lab_close(lab);
		}
	}
}

static void odd_window_scale_is_named_every_time(void **state)
{
	struct lab *lab = lab_open();

	set_options(lab, (uint8_t[]){3, 3, 15}, 3);
	for (int i = 0; i < 3; i++) {
		lab_send(lab, C, SYN, -1, 0, "");
		assert_noted(lab, STREAM_WRONG_WINDOW_SCALE);
	}
	lab_close(lab);
}

// A SYN with another number sends the first to the table; the answer may be to either.
static void both_of_two_different_syns_are_known(void **state)
{
	for (uint32_t which = 0; which < 2; which++) {
		struct lab *lab = lab_open();
		lab_abs(lab, C, SYN, 1000, 0, NULL, 0);
		lab_abs(lab, C, SYN, 3000, 0, NULL, 0);
		assert_false(lab->flow->flags & FLOW_SYN_KEPT);
		lab_abs(lab, C, SYN, 1000, 0, NULL, 0);
		lab_abs(lab, S, SYN | ACK, 5000, which ? 3001 : 1001, NULL, 0);
		assert_quiet(lab);
		assert_int_equal(lab_state(lab), TCP_SYN_RECV);
		lab_close(lab);
	}
}

// The flow stage has counted the answer before the stream stage sees the SYN in front of it.
static void syn_and_answer_in_one_burst(void **state)
{
	for (uint32_t known = 0; known < 2; known++) {
		struct lab *lab = lab_open();
		struct burst *b = &lab->burst;
		uint8_t bytes[20];
		if (known)
			lab_send(lab, C, SYN, -1, 0, "");
		b->frames[1] = *lab_raw(lab, C, SYN, lab->isn[C], 0, NULL, 0);
		memcpy(bytes, lab->frame, sizeof(bytes));
		b->frames[1].data = bytes;
		lab_raw(lab, S, SYN | ACK, lab->isn[S], lab->isn[C] + 1, NULL, 0);
		b->n = 0;
		b->n_frames = 2;
		burst_push(b, &b->frames[1]);
		burst_push(b, &b->frames[0]);
		flow_lookup_burst(lab->flows, b, 0, &lab->sink);
		tcp_stream_burst(lab->ts, b, 0, b->n, &lab->run);
		lab->last = b->frames[0];
		lab->flow = lab->last.flow;
		assert_quiet(lab);
		assert_int_equal(lab_state(lab), TCP_SYN_RECV);
		assert_int_equal(flow_pkts(lab->flow, S), 1);
		lab_close(lab);
	}
}

// A session that a segment of one side alone begins takes the SYN out of the flow's line.
static void session_and_kept_syn_exclude_each_other(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));

	assert_non_null(lab);
	cfg.async_oneside = true;
	lab_open_with(lab, &cfg);
	lab_send(lab, C, SYN, -1, 0, "");
	assert_true(lab->flow->flags & FLOW_SYN_KEPT);
	lab_send(lab, C, ACK, 0, 0, "");
	assert_int_equal(lab_state(lab), TCP_ESTABLISHED);
	assert_false(lab->flow->flags & FLOW_SYN_KEPT);
	assert_int_equal(flow_pkts(lab->flow, S), 0);
	lab_close(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syn_is_known_after_a_flood_of_others),
		cmocka_unit_test(wrong_answer_is_named_after_a_flood_of_others),
		cmocka_unit_test(counts_of_the_silent_side_are_zero),
		cmocka_unit_test(icmp_error_is_counted_and_the_syn_stays_known),
		cmocka_unit_test(either_timestamp_of_a_repeated_syn_may_be_echoed),
		cmocka_unit_test(odd_window_scale_is_named_every_time),
		cmocka_unit_test(both_of_two_different_syns_are_known),
		cmocka_unit_test(syn_and_answer_in_one_burst),
		cmocka_unit_test(session_and_kept_syn_exclude_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
