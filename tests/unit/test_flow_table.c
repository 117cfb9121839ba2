// The flow table: which packets meet in a flow, who began it, what is counted.
#include "tests/unit/flow_packets.h"

#define A 0x0a000001u
#define B 0x0a000002u
#define C 0x0a000003u

static void open_default(struct rig *r)
{
	struct flow_table_config cfg = small_config(1000);
	rig_open(r, &cfg, 256);
}

static void both_directions_meet_in_one_flow(void **state)
{
	struct rig r;
	open_default(&r);
	struct flow *f = one4(&r, 17, A, 1000, B, 53, 0, T0);
	assert_non_null(f);
	assert_true(r.b.frames[0].flags & PKT_NEW_FLOW);
	assert_int_equal(r.b.frames[0].dir, DIR_TO_SERVER);
	assert_false(r.b.frames[0].flags & PKT_FLOW_ESTABLISHED);
	assert_int_equal(f->state, FLOW_NEW);

	assert_ptr_equal(one4(&r, 17, B, 53, A, 1000, 0, T0 + SEC), f);
	assert_false(r.b.frames[0].flags & PKT_NEW_FLOW);
	assert_int_equal(r.b.frames[0].dir, DIR_TO_CLIENT);
	assert_true(r.b.frames[0].flags & PKT_FLOW_ESTABLISHED);
	assert_int_equal(f->state, FLOW_ESTABLISHED);
	assert_int_equal(f->pkts[0], 1);
	assert_int_equal(f->pkts[1], 1);
	assert_int_equal(f->bytes[0], 100);
	assert_int_equal(f->start_ns, T0);
	assert_int_equal(f->last_ns, T0 + SEC);
	assert_int_equal(flow_table_counters(r.t)->created, 1);
	assert_int_equal(flow_table_counters(r.t)->hits, 1);
	rig_close(&r);
}

static void two_packets_of_one_new_flow_in_a_burst_meet(void **state)
{
	struct rig r;
	open_default(&r);
	rig_begin(&r);
	struct packet *p1 = add4(&r, 17, A, 1000, B, 53, 0, T0);
	struct packet *p2 = add4(&r, 17, B, 53, A, 1000, 0, T0);
	struct packet *p3 = add4(&r, 17, A, 1000, B, 53, 0, T0);
	rig_run(&r);
	assert_non_null(p1->flow);
	assert_ptr_equal(p1->flow, p2->flow);
	assert_ptr_equal(p1->flow, p3->flow);
	assert_int_equal(p1->flow->pkts[0], 2);
	assert_true(p1->flags & PKT_NEW_FLOW);
	assert_false(p3->flags & PKT_NEW_FLOW);
	rig_close(&r);
}

static void each_part_of_the_key_tells_flows_apart(void **state)
{
	struct rig r;
	open_default(&r);
	struct flow *f[7];
	f[0] = one4(&r, 17, A, 1000, B, 53, 0, T0);
	f[1] = one4(&r, 6, A, 1000, B, 53, SYN, T0);
	f[2] = one4(&r, 17, C, 1000, B, 53, 0, T0);
	f[3] = one4(&r, 17, A, 1001, B, 53, 0, T0);
	f[4] = one4(&r, 17, A, 1000, B, 54, 0, T0);
	f[5] = one4(&r, 17, A, 53, B, 1000, 0, T0); // ports swapped, addresses not
	f[6] = one4(&r, 132, A, 1000, B, 53, 0, T0);
	for (int i = 0; i < 7; i++)
		for (int j = 0; j < i; j++)
			assert_ptr_not_equal(f[i], f[j]);
	assert_int_equal(flow_table_counters(r.t)->active, 7);
	rig_close(&r);
}

static void same_tuple_in_other_vlans_is_another_flow(void **state)
{
	struct rig r;
	struct packet *p[5];
	open_default(&r);
	rig_begin(&r);
	for (int i = 0; i < 5; i++)
		p[i] = add4(&r, 17, A, 1000, B, 53, 0, T0);
	p[1]->vlan_count = 1, p[1]->vlan[0] = 5;
	p[2]->vlan_count = 2, p[2]->vlan[0] = 5, p[2]->vlan[1] = 7;
	p[3]->vlan_count = 3, p[3]->vlan[0] = 5, p[3]->vlan[1] = 7, p[3]->vlan[2] = 9;
	p[4]->vlan_count = 1, p[4]->vlan[0] = 0; // tagged with 0 is not the same as untagged
	rig_run(&r);
	for (int i = 0; i < 5; i++)
		for (int j = 0; j < i; j++)
			assert_ptr_not_equal(p[i]->flow, p[j]->flow);
	assert_int_equal(flow_cold_get(r.t, p[3]->flow)->vlan[2], 9);
	assert_int_equal(flow_cold_get(r.t, p[3]->flow)->vlan_count, 3);
	rig_close(&r);
}

// What the flow before left in the slot is nobody's.
static void the_rest_of_a_flow_is_set_up_when_it_is_asked_for(void **state)
{
	struct rig r;
	open_default(&r);
	rig_begin(&r);
	struct packet *tagged = add4(&r, 17, A, 1000, B, 53, 0, T0), *plain = add4(&r, 17, A, 1000, B, 53, 0, T0);
	tagged->vlan_count = 1, tagged->vlan[0] = 5;
	memset(r.t->cold, 0xa5, (size_t)r.t->n_buckets * FLOW_WAYS * sizeof(*r.t->cold));
	rig_run(&r);
	assert_int_equal(tagged->flow->flags & (FLOW_ENDS_SET | FLOW_COLD_SET), FLOW_ENDS_SET);
	assert_int_equal(plain->flow->flags & (FLOW_ENDS_SET | FLOW_COLD_SET), 0);
	for (int i = 0; i < 2; i++) {
		struct flow *f = i ? plain->flow : tagged->flow;
		struct flow_cold want = {.addr = {{.w = {f->addr[0]}}, {.w = {f->addr[1]}}}};
		if (f == tagged->flow)
			want.vlan_count = 1, want.vlan[0] = 5;
		assert_memory_equal(flow_cold_get(r.t, f), &want, sizeof(want));
		flow_cold_get(r.t, f)->detect_bits[0] = 7;
		assert_int_equal(flow_cold_get(r.t, f)->detect_bits[0], 7);
	}
	rig_close(&r);
}

static void inner_flows_pair_both_directions_of_their_tunnel(void **state)
{
	struct rig r;
	open_default(&r);
	rig_begin(&r);
	struct packet *out1 = add4(&r, 17, A, 2152, B, 2152, 0, T0);
	struct packet *in1 = add4(&r, 6, 0xc0a80001, 1000, 0xc0a80002, 80, SYN, T0);
	struct packet *out2 = add4(&r, 17, B, 2152, A, 2152, 0, T0);
	struct packet *in2 = add4(&r, 6, 0xc0a80002, 80, 0xc0a80001, 1000, SYN | ACK, T0);
	struct packet *out3 = add4(&r, 17, A, 2152, C, 2152, 0, T0); // another tunnel, same inner tuple
	struct packet *in3 = add4(&r, 6, 0xc0a80001, 1000, 0xc0a80002, 80, SYN, T0);
	struct packet *plain = add4(&r, 6, 0xc0a80001, 1000, 0xc0a80002, 80, SYN, T0);
	in1->outer = out1, in2->outer = out2, in3->outer = out3;
	in1->tunnel_id = 7, in2->tunnel_id = 9; // as GTP: each side chooses its own
	in1->flags |= PKT_INNER, in2->flags |= PKT_INNER, in3->flags |= PKT_INNER;
	in1->depth = in2->depth = in3->depth = 1;
	rig_run(&r);
	assert_ptr_equal(in1->flow, in2->flow);
	assert_int_equal(in2->dir, DIR_TO_CLIENT);
	assert_ptr_not_equal(in1->flow, in3->flow);
	assert_ptr_not_equal(in1->flow, plain->flow);
	assert_ptr_not_equal(in3->flow, plain->flow);
	assert_true(in1->flow->flags & FLOW_INNER);
	rig_close(&r);
}

static void new_tunnels_beyond_a_ticks_limit_leave_their_packets_without_a_flow(void **state)
{
	struct flow_table_config cfg = small_config(0);
	struct rig r;
	cfg.carriers_a_tick = 2;
	rig_open(&r, &cfg, 1024);
	for (uint32_t turn = 0; turn < 3; turn++) { // the second while the limit is reached, the third behind a tick
		struct packet *carrier[4], *inner[4];
		rig_begin(&r);
		for (uint32_t i = 0; i < 4; i++) {
			carrier[i] = add4(&r, 17, A + i, 2152, B, 2152, 0, T0);
			inner[i] = add4(&r, 17, C + i, (uint16_t)(turn + 1), B, 53, 0, T0);
			carrier[i]->flags |= PKT_TUNNEL;
		}
		rig_run(&r);
		for (uint32_t i = 0; i < 4; i++) {
			assert_non_null(inner[i]->flow);
			assert_int_equal(carrier[i]->flow != NULL, i < 2 || turn == 2);
			assert_int_equal(carrier[i]->nth[0], !carrier[i]->flow ? 0 : i < 2 ? turn + 1 : 1);
		}
		if (turn == 1)
			assert_true(flow_table_tick(r.t, T0 + 1, 1, &r.sink));
	}
	const struct flow_counters *c = flow_table_counters(r.t);
	assert_int_equal(c->carriers_refused, 4);
	assert_int_equal(c->created, 4 + 12);
	assert_int_equal(c->hits + c->created + c->carriers_refused, c->packets);
	rig_close(&r);
}

static void ipv6_flows_compare_whole_addresses(void **state)
{
	struct rig r;
	struct event_tuple tuple;
	open_default(&r);
	rig_begin(&r);
	struct packet *p1 = add6(&r, 6, "2001:db8::1", 1000, "2001:db8::2", 80, T0);
	struct packet *p2 = add6(&r, 6, "2001:db8::2", 80, "2001:db8::1", 1000, T0);
	struct packet *p3 = add6(&r, 6, "2001:db8::3", 1000, "2001:db8::2", 80, T0);
	struct packet *p4 = add6(&r, 6, "2001:db8::2", 1000, "2001:db8::1", 80, T0); // addresses swapped, ports not
	struct packet *p5 = add6(&r, 6, "2001:db8::1", 1000, "2001:db8::2", 80, T0);
	rig_run(&r);
	assert_ptr_equal(p1->flow, p2->flow);
	assert_ptr_equal(p1->flow, p5->flow);
	assert_int_equal(p2->dir, DIR_TO_CLIENT);
	assert_ptr_not_equal(p1->flow, p3->flow);
	assert_ptr_not_equal(p1->flow, p4->flow);
	flow_tuple(r.t, p1->flow, &tuple);
	assert_int_equal(tuple.ip_version, 6);
	assert_memory_equal(tuple.src.b, p1->src.b, 16);
	assert_memory_equal(tuple.dst.b, p1->dst.b, 16);
	rig_close(&r);
}

// An IPv4 flow whose addresses equal the digest of an IPv6 pair must not be taken for it.
static void ipv4_and_ipv6_never_meet(void **state)
{
	struct rig r;
	open_default(&r);
	rig_begin(&r);
	struct packet *p6 = add6(&r, 17, "2001:db8::1", 9, "2001:db8::2", 9, T0);
	rig_run(&r);
	uint32_t src = ntohl(p6->flow->addr[0]), dst = ntohl(p6->flow->addr[1]);
	struct flow *f6 = p6->flow;
	assert_ptr_not_equal(one4(&r, 17, src, 9, dst, 9, 0, T0), f6);
	rig_close(&r);
}

static struct packet *icmp(struct rig *r, uint32_t src, uint32_t dst, uint8_t type, uint8_t code)
{
	struct packet *p = add4(r, 1, src, 0, dst, 0, 0, T0);
	p->icmp_type = type;
	p->icmp_code = code;
	return p;
}

static void icmp_requests_meet_their_replies(void **state)
{
	struct rig r;
	struct event_tuple tuple;
	open_default(&r);
	rig_begin(&r);
	struct packet *echo = icmp(&r, A, B, 8, 0), *reply = icmp(&r, B, A, 0, 0);
	struct packet *stamp = icmp(&r, A, B, 13, 0), *stamp_reply = icmp(&r, B, A, 14, 0);
	struct packet *router = icmp(&r, A, B, 10, 0), *router_back = icmp(&r, B, A, 10, 0);
	struct packet *router_here = icmp(&r, B, A, 9, 0);
	rig_run(&r);
	assert_ptr_equal(echo->flow, reply->flow);
	assert_int_equal(reply->dir, DIR_TO_CLIENT);
	assert_ptr_equal(stamp->flow, stamp_reply->flow);
	assert_ptr_not_equal(echo->flow, stamp->flow);
	assert_ptr_not_equal(router->flow, router_back->flow); // both ask
	assert_ptr_equal(router->flow, router_here->flow);
	flow_tuple(r.t, stamp->flow, &tuple);
	assert_int_equal(tuple.icmp_type, 13);
	assert_int_equal(tuple.sport, 0);
	rig_close(&r);
}

static void icmpv6_neighbour_discovery_pairs(void **state)
{
	struct rig r;
	open_default(&r);
	rig_begin(&r);
	struct packet *ask = add6(&r, 58, "fe80::1", 0, "fe80::2", 0, T0);
	struct packet *answer = add6(&r, 58, "fe80::2", 0, "fe80::1", 0, T0);
	ask->icmp_type = 135;
	answer->icmp_type = 136;
	rig_run(&r);
	assert_non_null(ask->flow);
	assert_ptr_equal(ask->flow, answer->flow);
	rig_close(&r);
}

static void icmpv6_errors_have_flows_of_their_own_by_type_and_code(void **state)
{
	struct rig r;
	struct packet *p[4];
	open_default(&r);
	rig_begin(&r);
	for (int i = 0; i < 4; i++) {
		p[i] = add6(&r, 58, i == 3 ? "fe80::2" : "fe80::1", 0, i == 3 ? "fe80::1" : "fe80::2", 0, T0);
		p[i]->icmp_type = 1;
		p[i]->icmp_code = i == 2 ? 4 : 3;
	}
	rig_run(&r);
	assert_non_null(p[0]->flow);
	assert_ptr_equal(p[0]->flow, p[1]->flow);
	assert_ptr_not_equal(p[0]->flow, p[2]->flow);
	assert_ptr_not_equal(p[0]->flow, p[3]->flow);
	rig_close(&r);
}

// The quoted IPv4 header of an ICMP error, as decode leaves it.
static void quote(struct packet *p, uint8_t bytes[20], uint8_t proto, uint16_t sport, uint16_t dport)
{
	uint32_t src = htonl(A), dst = htonl(B);
	memset(bytes, 0, 20);
	memcpy(bytes + 12, &src, 4);
	memcpy(bytes + 16, &dst, 4);
	p->data = bytes;
	p->len = 20;
	p->icmp_has_inner = 1;
	p->icmp_inner_proto = proto;
	p->icmp_inner_sport = sport;
	p->icmp_inner_dport = dport;
}

static void unreachable_joins_the_flow_it_quotes_and_begins_none(void **state)
{
	struct rig r;
	uint8_t quoted[20];
	open_default(&r);
	struct flow *f = one4(&r, 17, A, 1000, B, 53, 0, T0);
	rig_begin(&r);
	struct packet *from_host = icmp(&r, B, A, 3, 3), *from_router = icmp(&r, C, A, 3, 1);
	struct packet *other = icmp(&r, B, A, 3, 3), *exceeded = icmp(&r, C, A, 11, 0),
		      *redirect = icmp(&r, C, A, 5, 1);
	struct packet *cut = icmp(&r, B, A, 3, 3);
	quote(from_host, quoted, 17, 1000, 53);
	quote(from_router, quoted, 17, 1000, 53);
	quote(other, quoted, 17, 1001, 53);
	quote(exceeded, quoted, 17, 1000, 53);
	quote(redirect, quoted, 17, 1000, 53);
	quote(cut, quoted, 17, 1000, 53);
	cut->len = 19;
	rig_run(&r);
	assert_ptr_equal(from_host->flow, f);
	assert_int_equal(from_host->dir, DIR_TO_CLIENT);
	assert_ptr_equal(from_router->flow, f);
	assert_null(other->flow);
	assert_null(exceeded->flow);
	assert_null(redirect->flow);
	assert_null(cut->flow);
	assert_int_equal(f->pkts[1], 2);
	assert_int_equal(f->state, FLOW_NEW); // an error is no answer
	rig_close(&r);
}

static void packets_without_a_transport_have_no_flow(void **state)
{
	struct rig r;
	open_default(&r);
	rig_begin(&r);
	struct packet *fragment = add4(&r, 17, A, 1, B, 2, 0, T0), *bad = add4(&r, 17, A, 1, B, 2, 0, T0);
	struct packet *gre = add4(&r, 47, A, 0, B, 0, 0, T0), *arp = add4(&r, 0, A, 0, B, 0, 0, T0);
	struct packet *esp = add4(&r, 50, A, 0, B, 0, 0, T0);
	esp->len = 0;
	fragment->flags |= PKT_FRAGMENT;
	bad->flags |= PKT_INVALID;
	arp->flags = PKT_ARP;
	rig_run(&r);
	assert_null(fragment->flow);
	assert_null(bad->flow);
	assert_null(gre->flow);
	assert_null(arp->flow);
	assert_non_null(esp->flow);
	assert_int_equal(flow_table_counters(r.t)->packets, 1);
	rig_close(&r);
}

static void a_6in4_tunnel_is_one_flow_without_sides(void **state)
{
	struct rig r;
	open_default(&r);
	rig_begin(&r);
	struct packet *there = add4(&r, 41, A, 0, B, 0, 0, T0), *back = add4(&r, 41, B, 0, A, 0, 0, T0);
	struct packet *six = add6(&r, 41, "fd00::1", 0, "fd00::2", 0, T0);
	rig_run(&r);
	assert_non_null(there->flow);
	assert_ptr_equal(back->flow, there->flow);
	assert_int_equal(back->dir, DIR_TO_SERVER);
	assert_int_equal(there->flow->pkts[DIR_TO_SERVER], 2);
	assert_int_equal(there->flow->state, FLOW_NEW);
	assert_null(six->flow);
	rig_close(&r);
}

static void each_esp_association_is_a_flow(void **state)
{
	static const uint8_t spi[2][8] = {
		{1, 2, 1, 2}, {7, 7, 0, 1}}; // the first reads the same with its halves swapped
	struct rig r;
	open_default(&r);
	rig_begin(&r);
	struct packet *there = add4(&r, 50, A, 0, B, 0, 0, T0), *back = add4(&r, 50, B, 0, A, 0, 0, T0);
	struct packet *other = add4(&r, 50, A, 0, B, 0, 0, T0), *again = add4(&r, 50, A, 0, B, 0, 0, T0);
	struct packet *six = add6(&r, 50, "fd00::1", 0, "fd00::2", 0, T0),
		      *six_back = add6(&r, 50, "fd00::2", 0, "fd00::1", 0, T0);
	there->data = back->data = again->data = six->data = six_back->data = spi[0];
	other->data = spi[1];
	for (uint16_t i = 0; i < r.b.n; i++)
		r.b.list[i]->len = 8;
	rig_run(&r);
	assert_ptr_equal(again->flow, there->flow);
	assert_ptr_not_equal(back->flow, there->flow);
	assert_ptr_not_equal(other->flow, there->flow);
	assert_ptr_not_equal(six->flow, six_back->flow);
	assert_int_equal(back->dir, DIR_TO_SERVER);
	assert_int_equal(there->flow->pkts[0], 2);
	rig_close(&r);
}

static void counters_saturate_and_time_never_goes_back(void **state)
{
	struct rig r;
	open_default(&r);
	struct flow *f = one4(&r, 17, A, 1000, B, 53, 0, T0);
	f->pkts[0] = UINT32_MAX;
	one4(&r, 17, A, 1000, B, 53, 0, T0 - SEC);
	assert_int_equal(f->pkts[0], UINT32_MAX);
	assert_int_equal(f->last_ns, T0);
	rig_close(&r);
}

static void syn_ack_first_is_turned_round_with_midstream_only(void **state)
{
	struct flow_table_config cfg = small_config(1000);
	struct rig r;
	for (int midstream = 0; midstream < 2; midstream++) {
		cfg.midstream = midstream;
		rig_open(&r, &cfg, 256);
		struct flow *f = one4(&r, 6, B, 80, A, 1000, SYN | ACK, T0);
		assert_int_equal(r.b.frames[0].dir, midstream ? DIR_TO_CLIENT : DIR_TO_SERVER);
		assert_int_equal(f->port[0], midstream ? 1000 : 80);
		assert_true(f->flags & FLOW_MIDSTREAM);
		assert_ptr_equal(one4(&r, 6, A, 1000, B, 80, ACK, T0), f);
		assert_int_equal(r.b.frames[0].dir, midstream ? DIR_TO_SERVER : DIR_TO_CLIENT);
		rig_close(&r);
	}
}

static void flow_id_is_51_bits_stable_and_differs_by_start(void **state)
{
	struct rig r;
	open_default(&r);
	struct flow *f = one4(&r, 17, A, 1000, B, 53, 0, T0);
	uint64_t id = flow_id(r.t, f);
	one4(&r, 17, B, 53, A, 1000, 0, T0 + SEC);
	assert_int_equal(flow_id(r.t, f), id);
	assert_true(id > 0 && id < UINT64_C(1) << 51);
	one4(&r, 17, A, 1000, B, 53, 0, T0 + 1000 * SEC);
	assert_int_not_equal(flow_id(r.t, r.b.frames[0].flow), id);
	rig_close(&r);
}

static void the_hash_is_symmetric_and_depends_on_the_secret(void **state)
{
	struct flow_seed s1, s2;
	struct flow_key k, back, other;
	struct rig r;
	uint32_t same = 0;
	open_default(&r);
	flow_seed_init(&s1, (uint64_t[]){1, 2});
	flow_seed_init(&s2, (uint64_t[]){1, 3});
	for (uint32_t i = 0; i < 1000; i++) {
		rig_begin(&r);
		struct packet *p = add4(&r, 6, A + i, (uint16_t)(1000 + i), B, 80, 0, T0);
		struct packet *q = add4(&r, 6, B, 80, A + i, (uint16_t)(1000 + i), 0, T0);
		flow_key_make(&k, p, &s1);
		flow_key_make(&back, q, &s1);
		flow_key_make(&other, p, &s2);
		assert_int_equal(k.hash1, back.hash1);
		assert_int_equal(k.hash2, back.hash2);
		assert_int_equal(k.tag, back.tag);
		assert_true(k.tag > FLOW_TAG_DYING);
		same += k.hash1 == other.hash1;
	}
	assert_int_equal(same, 0);
	rig_close(&r);
}

// Chi-squared over the degrees of freedom is 1 for a fair hash; keys that count up are the hard case.
static double unevenness(const uint32_t *count, uint32_t n, double total)
{
	double sum = 0, mean = total / n;
	for (uint32_t i = 0; i < n; i++)
		sum += (count[i] - mean) * (count[i] - mean) / mean;
	return sum / n;
}

static void keys_that_count_up_spread_evenly_over_both_buckets(void **state)
{
	enum { BUCKETS = 1667, KEYS = 500000 };
	static uint32_t first[BUCKETS], second[BUCKETS], pair[BUCKETS];
	struct flow_seed seed;
	flow_seed_init(&seed, (uint64_t[]){1, 2});
	for (int mode = 0; mode < 3; mode++) {
		memset(first, 0, sizeof(first));
		memset(second, 0, sizeof(second));
		memset(pair, 0, sizeof(pair));
		for (uint32_t i = 0; i < KEYS; i++) {
			struct flow_key k = {
				.addrs = UINT64_C(0x0100a8c00100000a), .ports = 80u << 16 | 1000, .proto = 6};
			if (mode == 0)
				k.addrs += htonl(i);
			else if (mode == 1)
				k.ports = (i & 0xffff) << 16 | i >> 16;
			else
				k.domain = i;
			flow_key_hash(&k, false, &seed);
			uint32_t b1 = (uint32_t)((uint64_t)k.hash1 * BUCKETS >> 32);
			uint32_t b2 = (uint32_t)((uint64_t)k.hash2 * BUCKETS >> 32);
			first[b1]++;
			second[b2]++;
			pair[(b1 + b2) % BUCKETS]++;
		}
		assert_true(unevenness(first, BUCKETS, KEYS) < 1.2);
		assert_true(unevenness(second, BUCKETS, KEYS) < 1.2);
		assert_true(unevenness(pair, BUCKETS, KEYS) < 1.2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions_meet_in_one_flow),
		cmocka_unit_test(two_packets_of_one_new_flow_in_a_burst_meet),
		cmocka_unit_test(each_part_of_the_key_tells_flows_apart),
		cmocka_unit_test(same_tuple_in_other_vlans_is_another_flow),
		cmocka_unit_test(the_rest_of_a_flow_is_set_up_when_it_is_asked_for),
		cmocka_unit_test(inner_flows_pair_both_directions_of_their_tunnel),
		cmocka_unit_test(new_tunnels_beyond_a_ticks_limit_leave_their_packets_without_a_flow),
		cmocka_unit_test(ipv6_flows_compare_whole_addresses),
		cmocka_unit_test(ipv4_and_ipv6_never_meet),
		cmocka_unit_test(icmp_requests_meet_their_replies),
		cmocka_unit_test(icmpv6_errors_have_flows_of_their_own_by_type_and_code),
		cmocka_unit_test(icmpv6_neighbour_discovery_pairs),
		cmocka_unit_test(unreachable_joins_the_flow_it_quotes_and_begins_none),
		cmocka_unit_test(packets_without_a_transport_have_no_flow),
		cmocka_unit_test(a_6in4_tunnel_is_one_flow_without_sides),
		cmocka_unit_test(each_esp_association_is_a_flow),
		cmocka_unit_test(counters_saturate_and_time_never_goes_back),
		cmocka_unit_test(syn_ack_first_is_turned_round_with_midstream_only),
		cmocka_unit_test(flow_id_is_51_bits_stable_and_differs_by_start),
		cmocka_unit_test(the_hash_is_symmetric_and_depends_on_the_secret),
		cmocka_unit_test(keys_that_count_up_spread_evenly_over_both_buckets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
