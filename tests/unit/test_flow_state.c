// TCP states from flags, and port reuse.
#include "tests/unit/flow_packets.h"

#define A 0x0a000001u
#define B 0x0a000002u

static void open_default(struct rig *r)
{
	struct flow_table_config cfg = small_config(1000);
	rig_open(r, &cfg, 1024);
}

// One packet of the connection A:1000 -> B:80. Returns its flow.
static struct flow *step(struct rig *r, int dir, uint8_t flags)
{
	if (dir == DIR_TO_SERVER)
		return one4(r, 6, A, 1000, B, 80, flags, T0);
	return one4(r, 6, B, 80, A, 1000, flags, T0);
}

static void check(struct rig *r, int dir, uint8_t flags, enum tcp_state tcp, enum flow_state state)
{
	struct flow *f = step(r, dir, flags);
	assert_int_equal(f->tcp_state, tcp);
	assert_int_equal(f->state, state);
	assert_int_equal(!!(r->b.frames[0].flags & PKT_FLOW_ESTABLISHED), state == FLOW_ESTABLISHED);
}

static void a_connection_goes_through_its_states(void **state)
{
	struct rig r;
	open_default(&r);
	check(&r, 0, SYN, TCP_SYN_SENT, FLOW_NEW);
	check(&r, 1, SYN | ACK, TCP_SYN_RECV, FLOW_NEW);
	check(&r, 0, ACK, TCP_ESTABLISHED, FLOW_ESTABLISHED);
	check(&r, 0, ACK | PSH, TCP_ESTABLISHED, FLOW_ESTABLISHED);
	check(&r, 1, ACK | PSH, TCP_ESTABLISHED, FLOW_ESTABLISHED);
	check(&r, 0, FIN | ACK, TCP_CLOSE_WAIT, FLOW_ESTABLISHED);
	check(&r, 1, FIN | ACK, TCP_LAST_ACK, FLOW_CLOSED);
	check(&r, 0, ACK, TCP_CLOSED, FLOW_CLOSED);
	rig_close(&r);
}

static void a_connection_closed_by_the_server_goes_through_its_states(void **state)
{
	struct rig r;
	open_default(&r);
	step(&r, 0, SYN);
	step(&r, 1, SYN | ACK);
	check(&r, 0, ACK, TCP_ESTABLISHED, FLOW_ESTABLISHED);
	check(&r, 1, FIN | ACK, TCP_FIN_WAIT1, FLOW_ESTABLISHED);
	check(&r, 0, ACK, TCP_FIN_WAIT2, FLOW_ESTABLISHED);
	check(&r, 0, FIN | ACK, TCP_TIME_WAIT, FLOW_CLOSED);
	rig_close(&r);
}

static void a_reset_closes(void **state)
{
	struct rig r;
	open_default(&r);
	step(&r, 0, SYN);
	check(&r, 1, RST | ACK, TCP_CLOSED, FLOW_CLOSED);
	rig_close(&r);
}

static void a_flow_joined_midstream_stays_new_as_in_suricata(void **state)
{
	struct rig r;
	open_default(&r);
	check(&r, 0, ACK | PSH, TCP_NONE, FLOW_NEW);
	check(&r, 1, ACK, TCP_NONE, FLOW_NEW);
	check(&r, 1, RST, TCP_NONE, FLOW_NEW);
	rig_close(&r);
}

static void a_syn_on_a_closed_flow_begins_a_new_one(void **state)
{
	struct rig r;
	struct event ev;
	open_default(&r);
	struct flow *old = step(&r, 0, SYN);
	assert_ptr_equal(step(&r, 0, SYN), old); // repeated: still the same
	assert_ptr_equal(step(&r, 1, RST | ACK), old);
	rig_begin(&r);
	struct packet *syn = add4(&r, 6, A, 1000, B, 80, SYN, T0 + SEC);
	struct packet *answer = add4(&r, 6, B, 80, A, 1000, SYN | ACK, T0 + SEC);
	rig_run(&r);
	assert_ptr_not_equal(syn->flow, old);
	assert_ptr_equal(answer->flow, syn->flow);
	assert_true(syn->flags & PKT_NEW_FLOW);
	assert_int_equal(syn->flow->tcp_state, TCP_SYN_RECV);
	rig_begin(&r);
	rig_run(&r);
	assert_true(next_record(&r, &ev));
	assert_int_equal(ev.flow.reason, FLOW_END_REUSED);
	assert_int_equal(ev.flow.counts.pkts[0], 2);
	assert_int_equal(ev.seq, 4);
	assert_false(next_record(&r, &ev));
	rig_close(&r);
}

static void reuse_within_one_burst_agrees_with_one_packet_a_burst(void **state)
{
	static const uint8_t flags[][2] = {
		{0, SYN}, {1, RST | ACK}, {0, SYN}, {1, SYN | ACK}, {0, ACK}, {0, RST}, {0, SYN}};
	struct rig r;
	open_default(&r);
	rig_begin(&r);
	for (size_t i = 0; i < 7; i++)
		flags[i][0] ? add4(&r, 6, B, 80, A, 1000, flags[i][1], T0)
			    : add4(&r, 6, A, 1000, B, 80, flags[i][1], T0);
	rig_run(&r);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(!!(r.b.frames[i].flags & PKT_NEW_FLOW), i == 0 || i == 2 || i == 6);
	assert_int_equal(r.b.frames[1].flow->pkts[0], 1); // ended within the burst, still its own
	assert_ptr_not_equal(r.b.frames[1].flow, r.b.frames[2].flow);
	assert_int_equal(r.b.frames[2].flow->pkts[0], 3);
	rig_close(&r);
}

// A stream engine that closes a flow on RST, and says so to the table.
static void stream_part(struct rig *r, uint16_t from, uint16_t to)
{
	for (uint16_t i = from; i < to; i++)
		if (r->b.list[i]->tcp_flags & RST)
			flow_set_state(r->t, r->b.list[i]->flow, FLOW_CLOSED);
}

static void with_a_stream_engine_the_burst_stops_where_it_must_decide(void **state)
{
	struct flow_table_config cfg = small_config(1000);
	struct rig r;
	cfg.tcp_by_stream = true;
	rig_open(&r, &cfg, 1024);
	rig_begin(&r);
	struct packet *syn = add4(&r, 6, A, 1000, B, 80, SYN, T0);
	add4(&r, 6, A, 2000, B, 80, SYN, T0);
	add4(&r, 6, A, 1000, B, 80, SYN, T0); // repeated, no end seen: no reason to stop
	add4(&r, 6, B, 80, A, 1000, RST | ACK, T0);
	struct packet *again = add4(&r, 6, A, 1000, B, 80, SYN, T0);
	add4(&r, 6, A, 2000, B, 80, SYN, T0);
	uint16_t stop = flow_lookup_burst(r.t, &r.b, 0, &r.sink);
	assert_int_equal(stop, 4);
	stream_part(&r, 0, stop);
	assert_int_equal(flow_lookup_burst(r.t, &r.b, stop, &r.sink), 6);
	assert_ptr_not_equal(again->flow, syn->flow);
	assert_int_equal(again->flow->state, FLOW_NEW);
	assert_int_equal(again->flow->tcp_state, TCP_NONE); // the stream engine's to set
	rig_close(&r);
}

static bool never(void *arg, const struct flow *f, const struct flow_cold *cold, const struct packet *p)
{
	++*(int *)arg;
	return false;
}

static void the_stream_engine_may_refuse_reuse(void **state)
{
	struct flow_table_config cfg = small_config(1000);
	struct rig r;
	int asked = 0;
	cfg.tcp_by_stream = true;
	cfg.tcp_reuse = never;
	cfg.tcp_reuse_arg = &asked;
	rig_open(&r, &cfg, 1024);
	struct flow *f = step(&r, 0, SYN);
	assert_int_equal(asked, 0);
	step(&r, 1, RST);
	assert_ptr_equal(step(&r, 0, SYN), f);
	assert_int_equal(asked, 1);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_goes_through_its_states),
		cmocka_unit_test(a_connection_closed_by_the_server_goes_through_its_states),
		cmocka_unit_test(a_reset_closes),
		cmocka_unit_test(a_flow_joined_midstream_stays_new_as_in_suricata),
		cmocka_unit_test(a_syn_on_a_closed_flow_begins_a_new_one),
		cmocka_unit_test(reuse_within_one_burst_agrees_with_one_packet_a_burst),
		cmocka_unit_test(with_a_stream_engine_the_burst_stops_where_it_must_decide),
		cmocka_unit_test(the_stream_engine_may_refuse_reuse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
