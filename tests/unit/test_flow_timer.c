// How flows end: timeouts by state on packet time, ticks, flush, and their records.
#include "tests/unit/flow_packets.h"

#define A 0x0a000001u
#define B 0x0a000002u

static void open_default(struct rig *r)
{
	struct flow_table_config cfg = small_config(1000);
	rig_open(r, &cfg, 1024);
}

static void tick_all(struct rig *r, uint64_t now_ns)
{
	assert_true(flow_table_tick(r->t, now_ns, r->seq, &r->sink));
}

static void a_flow_ends_exactly_at_its_deadline(void **state)
{
	struct rig r;
	struct event ev;
	open_default(&r);
	struct flow *f = one4(&r, 17, A, 1000, B, 53, 0, T0 + 7);
	uint64_t id = flow_id(r.t, f);
	tick_all(&r, T0 + 30 * SEC + 6);
	assert_false(next_record(&r, &ev));
	tick_all(&r, T0 + 30 * SEC + 7);
	assert_true(next_record(&r, &ev));
	assert_int_equal(ev.kind, EVENT_FLOW);
	assert_int_equal(ev.ts_ns, T0 + 30 * SEC + 7);
	assert_int_equal(ev.seq, 1);
	assert_int_equal(ev.flow_id, id);
	assert_int_equal(ev.flow.reason, FLOW_END_TIMEOUT);
	assert_int_equal(ev.flow.state, FLOW_NEW);
	assert_int_equal(ev.flow.end_ns, T0 + 7);
	assert_int_equal(ev.flow.counts.pkts[0], 1);
	assert_int_equal(ev.flow.counts.bytes[0], 100);
	assert_int_equal(ev.tuple.src.w[0], htonl(A));
	assert_int_equal(ev.tuple.sport, 1000);
	assert_true(ev.flags & EVENT_HAS_FLOW);
	assert_int_equal(flow_table_counters(r.t)->active, 0);
	rig_close(&r);
}

static void each_protocol_and_state_has_its_timeout(void **state)
{
	static const struct {
		uint8_t proto;
		bool answered;
		uint64_t timeout_s;
	} cases[] = {{17, false, 30}, {17, true, 300}, {1, false, 30}, {1, true, 300}, {132, false, 30},
		{132, true, 300}, {6, false, 60}};
	struct rig r;
	struct event ev;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_default(&r);
		rig_begin(&r);
		struct packet *p = add4(&r, cases[i].proto, A, 5, B, 5, SYN, T0);
		struct packet *q = cases[i].answered ? add4(&r, cases[i].proto, B, 5, A, 5, 0, T0) : NULL;
		if (cases[i].proto == 1) {
			p->icmp_type = 8;
			p->sport = p->dport = 0;
			if (q)
				q->icmp_type = 0, q->sport = q->dport = 0;
		}
		rig_run(&r);
		tick_all(&r, T0 + cases[i].timeout_s * SEC - 1);
		assert_false(next_record(&r, &ev));
		tick_all(&r, T0 + cases[i].timeout_s * SEC);
		assert_true(next_record(&r, &ev));
		rig_close(&r);
	}
}

static void a_packet_after_the_deadline_begins_a_new_flow(void **state)
{
	struct rig r;
	struct event ev;
	open_default(&r);
	struct flow *f = one4(&r, 17, A, 1000, B, 53, 0, T0);
	rig_begin(&r);
	struct packet *p = add4(&r, 17, A, 1000, B, 53, 0, T0 + 30 * SEC);
	struct packet *q = add4(&r, 17, B, 53, A, 1000, 0, T0 + 30 * SEC);
	rig_run(&r);
	assert_ptr_not_equal(p->flow, f);
	assert_ptr_equal(q->flow, p->flow);
	assert_true(p->flags & PKT_NEW_FLOW);
	assert_int_equal(f->pkts[0], 1); // the old one stays readable while the burst lasts
	rig_begin(&r);
	rig_run(&r);
	assert_true(next_record(&r, &ev));
	assert_int_equal(ev.flow.reason, FLOW_END_TIMEOUT);
	assert_int_equal(ev.ts_ns, T0 + 30 * SEC);
	assert_int_equal(ev.seq, 2); // of the packet that ended it
	assert_int_equal(flow_table_counters(r.t)->active, 1);
	rig_close(&r);
}

static void traffic_keeps_a_flow_alive_past_its_first_timer(void **state)
{
	struct rig r;
	struct event ev;
	open_default(&r);
	for (uint64_t s = 0; s < 200; s += 10) {
		one4(&r, 17, A, 1000, B, 53, 0, T0 + s * SEC);
		tick_all(&r, T0 + s * SEC);
	}
	assert_false(next_record(&r, &ev));
	assert_int_equal(flow_table_counters(r.t)->created, 1);
	tick_all(&r, T0 + 220 * SEC);
	assert_true(next_record(&r, &ev));
	assert_int_equal(ev.flow.counts.pkts[0], 20);
	assert_int_equal(ev.ts_ns, T0 + 220 * SEC);
	rig_close(&r);
}

static void a_timeout_that_shrinks_is_kept_exactly(void **state)
{
	struct rig r;
	struct event ev;
	open_default(&r);
	one4(&r, 6, A, 1000, B, 80, SYN, T0);
	one4(&r, 6, B, 80, A, 1000, SYN | ACK, T0);
	struct flow *f = one4(&r, 6, A, 1000, B, 80, ACK, T0);
	assert_int_equal(f->state, FLOW_ESTABLISHED);
	tick_all(&r, T0 + 100 * SEC);
	one4(&r, 6, A, 1000, B, 80, RST, T0 + 100 * SEC);
	assert_int_equal(f->state, FLOW_CLOSED);
	tick_all(&r, T0 + 160 * SEC - 1);
	assert_false(next_record(&r, &ev));
	tick_all(&r, T0 + 160 * SEC);
	assert_true(next_record(&r, &ev));
	assert_int_equal(ev.flow.state, FLOW_CLOSED);
	assert_int_equal(ev.flow.tcp_state, TCP_CLOSED);
	assert_int_equal(ev.flow.tcp_flags[0], SYN | ACK | RST);
	assert_int_equal(ev.flow.tcp_flags[1], SYN | ACK);
	rig_close(&r);
}

static void long_timeouts_and_long_gaps_are_exact(void **state)
{
	struct flow_table_config cfg = small_config(1000);
	struct rig r;
	struct event ev;
	cfg.timeouts[FLOW_CLASS_UDP].new_ns = 86400 * SEC; // longer than a timer word can say
	rig_open(&r, &cfg, 1024);
	one4(&r, 17, A, 1000, B, 53, 0, T0);
	one4(&r, 1, A, 0, B, 0, 0, T0);
	tick_all(&r, T0 + 20000 * SEC);
	assert_true(next_record(&r, &ev));
	assert_int_equal(ev.tuple.proto, 1);
	assert_int_equal(ev.ts_ns, T0 + 30 * SEC);
	for (uint64_t s = 30000; s < 86400; s += 700)
		tick_all(&r, T0 + s * SEC);
	tick_all(&r, T0 + 86400 * SEC - 1);
	assert_false(next_record(&r, &ev));
	tick_all(&r, T0 + 86400 * SEC);
	assert_true(next_record(&r, &ev));
	one4(&r, 17, A, 1000, B, 53, 0, T0 + UINT64_C(10000000000) * SEC / 10); // decades later
	tick_all(&r, UINT64_MAX / 2);
	assert_true(next_record(&r, &ev));
	assert_int_equal(flow_table_counters(r.t)->active, 0);
	rig_close(&r);
}

// Thousands of flows of random ages and traffic against a plain list of deadlines.
static void ticks_agree_with_a_plain_list_of_deadlines(void **state)
{
	enum { FLOWS = 3000 };
	static uint64_t last[FLOWS];
	static bool alive[FLOWS];
	struct flow_table_config cfg = small_config(FLOWS);
	struct rig r;
	struct event ev;
	uint32_t ended = 0, expected = 0;
	uint64_t now = T0;
	memset(alive, 0, sizeof(alive));
	rig_open(&r, &cfg, 65536);
	srandom(7);
	for (int round = 0; round < 400; round++) {
		for (int i = 0; i < 20; i++) {
			uint32_t n = (uint32_t)random() % FLOWS;
			now += (uint64_t)random() % (SEC / 20);
			if (alive[n] && now >= last[n] + 30 * SEC)
				expected++;
			one4(&r, 17, A + n, 1000, B, 53, 0, now);
			alive[n] = true;
			last[n] = now;
		}
		tick_all(&r, now);
		for (uint32_t n = 0; n < FLOWS; n++) {
			if (alive[n] && last[n] + 30 * SEC <= now) {
				alive[n] = false;
				expected++;
			}
		}
		while (next_record(&r, &ev)) {
			uint32_t n = ntohl(ev.tuple.src.w[0]) - A;
			assert_int_equal(ev.ts_ns, ev.flow.end_ns + 30 * SEC);
			assert_in_range(n, 0, FLOWS - 1);
			ended++;
		}
		assert_int_equal(ended, expected);
	}
	assert_true(ended > 1000);
	rig_close(&r);
}

static void flush_ends_all_and_tells_timeout_from_shutdown(void **state)
{
	struct rig r;
	struct event ev;
	uint32_t by_reason[FLOW_END_REUSED + 1] = {0};
	open_default(&r);
	one4(&r, 17, A, 1, B, 53, 0, T0);
	one4(&r, 17, A, 2, B, 53, 0, T0 + 20 * SEC);
	one4(&r, 17, A, 3, B, 53, 0, T0 + 21 * SEC);
	assert_true(flow_table_flush(r.t, T0 + 31 * SEC, 3, &r.sink));
	while (next_record(&r, &ev)) {
		by_reason[ev.flow.reason]++;
		assert_int_equal(ev.ts_ns, ev.flow.reason == FLOW_END_TIMEOUT ? T0 + 30 * SEC : T0 + 31 * SEC);
	}
	assert_int_equal(by_reason[FLOW_END_TIMEOUT], 1);
	assert_int_equal(by_reason[FLOW_END_SHUTDOWN], 2);
	assert_int_equal(flow_table_counters(r.t)->active, 0);
	assert_true(flow_table_flush(r.t, T0 + 31 * SEC, 3, &r.sink));
	assert_false(next_record(&r, &ev));
	rig_close(&r);
}

static uint32_t drain(struct rig *r)
{
	struct event ev;
	uint32_t n = 0;
	while (next_record(r, &ev))
		n++;
	return n;
}

static void lossless_tick_and_flush_wait_for_a_full_event_ring(void **state)
{
	struct flow_table_config cfg = small_config(2000);
	struct rig r;
	uint32_t got = 0, pauses = 0;
	cfg.lossless = cfg.lossless_flush = true;
	rig_open(&r, &cfg, 128);
	for (uint32_t i = 0; i < 2000; i++)
		one4(&r, 17, A + i, 1000, B, 53, 0, T0 + (i < 1000 ? 0 : 10 * SEC));
	while (!flow_table_tick(r.t, T0 + 35 * SEC, r.seq, &r.sink)) {
		got += drain(&r);
		assert_true(++pauses < 1000);
	}
	got += drain(&r);
	assert_int_equal(got, 1000);
	assert_true(pauses > 10);
	while (!flow_table_flush(r.t, T0 + 36 * SEC, r.seq, &r.sink))
		got += drain(&r);
	got += drain(&r);
	assert_int_equal(got, 2000);
	assert_int_equal(r.sink.lost[EVENT_FLOW], 0);
	rig_close(&r);
}

static void flow_that_ends_for_others_waits_until_its_record_has_room(void **state)
{
	struct flow_table_config cfg = small_config(200);
	struct flow *flows[200];
	struct event ev;
	struct rig r;
	uint32_t ended = 0;

	cfg.lossless = true;
	rig_open(&r, &cfg, 128);
	for (uint32_t i = 0; i < 200; i++)
		flows[i] = one4(&r, 17, A + i, 1000, B, 53, 0, T0);
	while (flow_table_end(r.t, flows[ended], T0 + SEC, 7, &r.sink))
		ended++;
	assert_in_range(ended, 1, 199);
	assert_int_equal(flows[ended]->state, FLOW_NEW);
	assert_true(next_record(&r, &ev));
	assert_int_equal(ev.flow.reason, FLOW_END_EVICTED);
	assert_int_equal(ev.ts_ns, T0 + SEC);
	assert_int_equal(ev.seq, 7);
	assert_int_equal(drain(&r), ended - 1);
	assert_true(flow_table_end(r.t, flows[ended], T0 + SEC, 7, &r.sink));
	assert_int_equal(flow_table_counters(r.t)->evicted[FLOW_NEW], ended + 1);
	assert_int_equal(flow_table_counters(r.t)->active, 200 - ended - 1);
	assert_int_equal(r.sink.lost[EVENT_FLOW], 0);
	rig_close(&r);
}

static void a_live_tick_ends_no_more_than_its_budget_and_counts_lost_records(void **state)
{
	struct flow_table_config cfg = small_config(2000);
	struct rig r;
	uint32_t calls = 0;
	cfg.tick_budget = 100;
	rig_open(&r, &cfg, 128);
	for (uint32_t i = 0; i < 1000; i++)
		one4(&r, 17, A + i, 1000, B, 53, 0, T0);
	for (bool done = false; !done; calls++) {
		uint64_t before = flow_table_counters(r.t)->active;
		done = flow_table_tick(r.t, T0 + 35 * SEC, r.seq, &r.sink);
		assert_in_range(before - flow_table_counters(r.t)->active, 0, 100);
		one4(&r, 17, A + 5000, (uint16_t)calls, B, 53, 0, T0 + 35 * SEC); // the wire goes on in between
	}
	assert_in_range(calls, 10, 12);
	assert_int_equal(flow_table_counters(r.t)->ended[FLOW_END_TIMEOUT], 1000);
	assert_true(r.sink.lost[EVENT_FLOW] > 0);
	assert_int_equal(drain(&r) + r.sink.lost[EVENT_FLOW], 1000);
	rig_close(&r);
}

struct seen {
	uint32_t calls, with_cold;
	uint64_t seq;
	enum flow_end_reason reason;
};

static const struct event_tcp *note_end(
	void *arg, struct flow *f, struct flow_cold *cold, enum flow_end_reason reason, uint64_t seq)
{
	static struct event_tcp tcp;

	struct seen *s = arg;
	s->calls++;
	s->with_cold += cold != NULL;
	s->reason = reason;
	s->seq = seq;
	f->flags |= FLOW_ALERTED;
	tcp.rtt_us = (uint32_t)seq + 40;
	return cold ? &tcp : NULL;
}

static void on_end_is_called_once_before_the_record(void **state)
{
	struct flow_table_config cfg = small_config(1000);
	struct seen seen = {0};
	struct rig r;
	struct event ev;
	cfg.on_end = note_end;
	cfg.on_end_arg = &seen;
	rig_open(&r, &cfg, 1024);
	one4(&r, 17, A, 1, B, 53, 0, T0);
	flow_cold_get(r.t, one4(&r, 17, A, 2, B, 53, 0, T0))->app_proto = 9;
	tick_all(&r, T0 + 30 * SEC);
	assert_int_equal(seen.calls, 2);
	assert_int_equal(seen.with_cold, 1);
	assert_int_equal(seen.seq, 2);
	assert_int_equal(seen.reason, FLOW_END_TIMEOUT);
	for (int i = 0; i < 2; i++) {
		assert_true(next_record(&r, &ev));
		assert_true(ev.flow.alerted);
		assert_int_equal(ev.app_proto, ev.tuple.sport == 2 ? 9 : 0);
		assert_int_equal(ev.aux_len, ev.tuple.sport == 2 ? sizeof(struct event_tcp) : 0);
	}
	rig_close(&r);
}

static void packet_time_that_jumps_back_loses_no_flow(void **state)
{
	struct rig r;
	open_default(&r);
	one4(&r, 17, A, 1, B, 53, 0, T0);
	tick_all(&r, T0);
	one4(&r, 17, A, 2, B, 53, 0, T0 - 10 * SEC);
	one4(&r, 17, A, 3, B, 53, 0, 0);
	tick_all(&r, T0 + SEC / 10);
	assert_int_equal(flow_table_counters(r.t)->active, 2); // the third is past its deadline
	tick_all(&r, T0 + 20 * SEC);
	assert_int_equal(flow_table_counters(r.t)->active, 1);
	tick_all(&r, T0 + 30 * SEC);
	assert_int_equal(flow_table_counters(r.t)->active, 0);
	assert_int_equal(flow_table_counters(r.t)->ended[FLOW_END_TIMEOUT], 3);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_ends_exactly_at_its_deadline),
		cmocka_unit_test(each_protocol_and_state_has_its_timeout),
		cmocka_unit_test(a_packet_after_the_deadline_begins_a_new_flow),
		cmocka_unit_test(traffic_keeps_a_flow_alive_past_its_first_timer),
		cmocka_unit_test(a_timeout_that_shrinks_is_kept_exactly),
		cmocka_unit_test(long_timeouts_and_long_gaps_are_exact),
		cmocka_unit_test(ticks_agree_with_a_plain_list_of_deadlines),
		cmocka_unit_test(flush_ends_all_and_tells_timeout_from_shutdown),
		cmocka_unit_test(lossless_tick_and_flush_wait_for_a_full_event_ring),
		cmocka_unit_test(flow_that_ends_for_others_waits_until_its_record_has_room),
		cmocka_unit_test(a_live_tick_ends_no_more_than_its_budget_and_counts_lost_records),
		cmocka_unit_test(on_end_is_called_once_before_the_record),
		cmocka_unit_test(packet_time_that_jumps_back_loses_no_flow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
