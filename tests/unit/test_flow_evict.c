// A full table: who goes, who stays, and that it never grows.
#include "tests/unit/flow_packets.h"

#define A 0x0a000001u
#define B 0x0a000002u
#define SERVER 0xc0a80001u

static uint64_t next_random(uint64_t *x)
{
	*x += UINT64_C(0x9e3779b97f4a7c15);
	return flow_mum(*x, *x ^ UINT64_C(0xd6e8feb86659fd93));
}

static void handshake(struct rig *r, uint32_t client, uint64_t ts_ns)
{
	one4(r, 6, client, 1000, SERVER, 80, SYN, ts_ns);
	one4(r, 6, SERVER, 80, client, 1000, SYN | ACK, ts_ns);
	one4(r, 6, client, 1000, SERVER, 80, ACK, ts_ns);
}

// n packets, each the first of a flow of its own from a random source.
static void flood(struct rig *r, uint8_t proto, uint32_t n, uint64_t seed, uint64_t ts_ns)
{
	for (uint32_t i = 0; i < n;) {
		rig_begin(r);
		for (uint32_t j = 0; j < PKT_BURST && i < n; j++, i++) {
			uint64_t x = next_random(&seed);
			add4(r, proto, (uint32_t)x, (uint16_t)(x >> 32), SERVER, 80, SYN, ts_ns + i);
		}
		rig_run(r);
	}
}

static void a_million_random_syns_push_out_no_established_flow(void **state)
{
	struct flow_table_config cfg = small_config(0);
	struct rig r;
	cfg.memory_bytes = 8 << 20; // about 39,000 flows
	rig_open(&r, &cfg, 1024);
	uint64_t capacity = flow_table_capacity(r.t);
	uint32_t kept = (uint32_t)capacity / 4;
	for (uint32_t i = 0; i < kept; i++)
		handshake(&r, A + i, T0);
	flood(&r, 6, 1000000, 1, T0 + SEC);

	const struct flow_counters *c = flow_table_counters(r.t);
	assert_true(c->active <= capacity);
	assert_int_equal(c->evicted[FLOW_ESTABLISHED], 0);
	assert_int_equal(c->no_room, 0);
	assert_true(c->evicted[FLOW_NEW] > 900000);
	assert_int_equal(c->created - c->active, c->ended[FLOW_END_EVICTED]);
	assert_true(c->active > capacity * 99 / 100); // and the flood uses what is there
	uint64_t created = c->created;
	for (uint32_t i = 0; i < kept; i++) {
		struct flow *f = one4(&r, 6, SERVER, 80, A + i, 1000, ACK, T0 + 2 * SEC);
		assert_int_equal(f->state, FLOW_ESTABLISHED);
		assert_int_equal(f->pkts[0], 2);
	}
	assert_int_equal(c->created, created);
	rig_close(&r);
}

static void answered_udp_flows_survive_a_udp_flood(void **state)
{
	struct flow_table_config cfg = small_config(0);
	struct rig r;
	cfg.memory_bytes = 2 << 20;
	rig_open(&r, &cfg, 1024);
	for (uint32_t i = 0; i < 1000; i++) {
		one4(&r, 17, A + i, 1000, SERVER, 53, 0, T0);
		one4(&r, 17, SERVER, 53, A + i, 1000, 0, T0);
	}
	flood(&r, 17, 200000, 2, T0);
	assert_int_equal(flow_table_counters(r.t)->evicted[FLOW_ESTABLISHED], 0);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(one4(&r, 17, A + i, 1000, SERVER, 53, 0, T0 + SEC)->pkts[1], 1);
	rig_close(&r);
}

// Fills one bucket pair: a table of one group and a search for keys that fall into the same buckets.
static uint32_t fill_pair(struct rig *r, const struct flow_key *want, struct flow **out, uint32_t n, uint64_t ts_ns)
{
	uint32_t found = 0;
	struct flow_key k;
	for (uint32_t i = 0; found < n && i < 10000000; i++) {
		struct packet p = {.flags = PKT_IPV4 | PKT_UDP, .ip_proto = 17, .sport = 9, .dport = 9};
		p.src.w[0] = htonl(i);
		p.dst.w[0] = htonl(B);
		flow_key_make(&k, &p, &r->t->seed);
		flow_key_scale(r->t, &k);
		if (flow_bucket1(r->t, &k) == flow_bucket1(r->t, want) &&
			flow_bucket2(r->t, &k) == flow_bucket2(r->t, want))
			out[found] = one4(r, 17, i, 9, B, 9, 0, ts_ns + found), found++;
	}
	return found;
}

// The key of the table's first two buckets; any will do.
static struct flow_key some_key(struct rig *r)
{
	struct packet p = {.flags = PKT_IPV4 | PKT_UDP, .ip_proto = 17, .sport = 1, .dport = 1};
	struct flow_key k;
	for (uint32_t i = 0;; i++) {
		p.src.w[0] = i;
		flow_key_make(&k, &p, &r->t->seed);
		flow_key_scale(r->t, &k);
		if (flow_bucket1(r->t, &k) != flow_bucket2(r->t, &k))
			return k;
	}
}

static void the_oldest_unanswered_flow_goes_first_and_answered_ones_last(void **state)
{
	struct flow_table_config cfg = small_config(200);
	struct flow *f[40];
	struct event ev;
	struct rig r;
	rig_open(&r, &cfg, 4096);
	struct flow_key want = some_key(&r);
	assert_int_equal(fill_pair(&r, &want, f, 30, T0), 30);
	assert_int_equal(flow_table_counters(r.t)->active, 30);
	for (int i = 0; i < 29; i++) // all but one are answered
		one4(&r, 17, B, 9, ntohl(f[i]->addr[0]), 9, 0, T0 + SEC + (uint64_t)i);
	uint32_t lone = f[29]->addr[0];
	flow_table_tick(r.t, T0 + SEC, 0, &r.sink);

	struct flow *more[60];
	assert_int_equal(fill_pair(&r, &want, more, 31, T0 + 2 * SEC), 31); // finds the 30 again, and one new
	assert_int_equal(flow_table_counters(r.t)->evicted[FLOW_NEW], 1);
	assert_int_equal(flow_table_counters(r.t)->evicted[FLOW_ESTABLISHED], 0);
	assert_true(next_record(&r, &ev));
	assert_int_equal(ev.flow.reason, FLOW_END_EVICTED);
	assert_int_equal(ev.tuple.src.w[0], lone);
	rig_close(&r);
}

static void when_all_are_answered_the_idlest_goes(void **state)
{
	struct flow_table_config cfg = small_config(200);
	struct flow *f[40];
	struct event ev;
	struct rig r;
	rig_open(&r, &cfg, 4096);
	struct flow_key want = some_key(&r);
	assert_int_equal(fill_pair(&r, &want, f, 30, T0), 30);
	uint32_t idlest = f[17]->addr[0];
	for (int i = 0; i < 30; i++)
		one4(&r, 17, B, 9, ntohl(f[i]->addr[0]), 9, 0, T0 + (i == 17 ? SEC : 5 * SEC));
	uint32_t found = 0;
	struct flow_key k;
	for (uint32_t i = 0; !found; i++) { // one more key for the same two buckets, not among the thirty
		struct packet p = {.flags = PKT_IPV4 | PKT_UDP, .ip_proto = 17, .sport = 8, .dport = 8};
		p.src.w[0] = htonl(i);
		p.dst.w[0] = htonl(B);
		flow_key_make(&k, &p, &r.t->seed);
		flow_key_scale(r.t, &k);
		if (flow_bucket1(r.t, &k) == flow_bucket1(r.t, &want) &&
			flow_bucket2(r.t, &k) == flow_bucket2(r.t, &want))
			found = one4(&r, 17, i, 8, B, 8, 0, T0 + 6 * SEC) != NULL;
	}
	assert_int_equal(flow_table_counters(r.t)->evicted[FLOW_ESTABLISHED], 1);
	assert_true(next_record(&r, &ev));
	assert_int_equal(ev.tuple.src.w[0], idlest);
	rig_close(&r);
}

static void flows_of_the_present_burst_are_never_evicted(void **state)
{
	struct flow_table_config cfg = small_config(1);
	struct rig r;
	cfg.max_flows = 1; // one group: 16 buckets
	rig_open(&r, &cfg, 4096);
	uint64_t seed = 3;
	for (int round = 0; round < 50; round++) {
		rig_begin(&r);
		// with tunnels a burst holds more packets than a bucket pair has slots
		for (uint32_t i = 0; i < PKT_BURST; i++) {
			uint64_t x = next_random(&seed);
			add4(&r, 17, (uint32_t)x, 1, SERVER, 2, 0, T0);
		}
		rig_run(&r);
		for (uint32_t i = 0; i < PKT_BURST; i++) {
			struct flow *f = r.b.frames[i].flow;
			if (!f)
				continue;
			assert_int_equal(f->addr[0], r.b.frames[i].src.w[0]);
			for (uint32_t j = 0; j < i; j++)
				assert_ptr_not_equal(f, r.b.frames[j].flow);
		}
	}
	const struct flow_counters *c = flow_table_counters(r.t);
	assert_int_equal(c->created + c->no_room, c->packets);
	rig_close(&r);
}

static void a_table_for_n_flows_holds_n_flows_without_eviction(void **state)
{
	static const uint64_t sizes[] = {100, 1000, 20000, 200000};
	struct rig r;
	for (size_t i = 0; i < 4; i++) {
		struct flow_table_config cfg = small_config(sizes[i]);
		rig_open(&r, &cfg, 1024);
		flood(&r, 6, (uint32_t)sizes[i], 4 + i, T0);
		assert_int_equal(flow_table_counters(r.t)->ended[FLOW_END_EVICTED], 0);
		assert_int_equal(flow_table_counters(r.t)->active, sizes[i]);
		assert_in_range(flow_table_size(&cfg) / sizes[i], 200, sizes[i] <= 1000 ? 1200 : 300);
		rig_close(&r);
	}
}

static void a_config_without_room_is_refused(void **state)
{
	struct flow_table_config cfg = small_config(0);
	struct flow_table *t;
	cfg.memory_bytes = 4096;
	void *mem = aligned_zeroed(flow_table_size(&cfg));
	assert_int_equal(flow_table_init(mem, &cfg, &t), -22);
	free(mem);
}

static void the_table_stays_within_the_memory_it_was_given(void **state)
{
	struct flow_table_config cfg = small_config(0);
	for (uint64_t mb = 1; mb <= 1024; mb *= 2) {
		cfg.memory_bytes = mb << 20;
		assert_in_range(flow_table_size(&cfg), cfg.memory_bytes * 9 / 10, cfg.memory_bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_million_random_syns_push_out_no_established_flow),
		cmocka_unit_test(answered_udp_flows_survive_a_udp_flood),
		cmocka_unit_test(the_oldest_unanswered_flow_goes_first_and_answered_ones_last),
		cmocka_unit_test(when_all_are_answered_the_idlest_goes),
		cmocka_unit_test(flows_of_the_present_burst_are_never_evicted),
		cmocka_unit_test(a_table_for_n_flows_holds_n_flows_without_eviction),
		cmocka_unit_test(a_config_without_room_is_refused),
		cmocka_unit_test(the_table_stays_within_the_memory_it_was_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
