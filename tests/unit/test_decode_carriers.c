// Decode of packets in one another: the short ways through what a frame carries say what the walk says layer by layer,
// down to the last field and counter, and what a tick's limit of nested tunnels leaves of them.
#include "tests/unit/decode_run.h"
#include "tests/unit/random_below.h"

#include "dataplane/flow_key.h"

static struct build b;
static struct decoder short_way, by_layer;
static struct burst by_layer_burst;

enum carrier { IPV4_IN_IP, GRE, GRE_ETHERNET, VXLAN, VXLAN_VLAN, GTPU, GTPU_OPTIONS, GENEVE, CARRIERS };

struct carrier_case {
	uint8_t proto;
	uint16_t dport;
	const char *header;
	uint8_t len;
	bool ethernet, vlan;
};

static const struct carrier_case carriers[CARRIERS] = {
	[IPV4_IN_IP] = {4, 0, "", 0, false, false},
	[GRE] = {47, 0, "\x30\0\x08\0\0\0\0\x2a\0\0\0\1", 12, false, false},
	[GRE_ETHERNET] = {47, 0, "\0\0\x65\x58", 4, true, false},
	[VXLAN] = {17, 4789, "\x08\0\0\0\0\0\x2a\0", 8, true, false},
	[VXLAN_VLAN] = {17, 4789, "\x08\0\0\0\0\0\x2b\0", 8, true, true},
	[GTPU] = {17, 2152, "\x30\xff\0\0\0\0\0\x2a", 8, false, false},
	[GTPU_OPTIONS] = {17, 2152, "\x34\xff\0\0\0\0\0\x2c\0\0\0\x85\1\0\0\0", 16, false, false},
	[GENEVE] = {17, 6081, "\0\0\x65\x58\0\0\x2a\0", 8, true, false},
};

static const char *const v4_hosts[] = {"10.0.0.1", "10.0.0.2", "192.0.2.1", "198.51.100.2"};
static const char *const v6_hosts[] = {"2001:db8::1", "2001:db8::2", "2001:db8:1::1", "2001:db8:1::2"};

static void put_ip(bool v4, uint8_t proto, uint32_t layer)
{
	if (v4)
		build_ipv4(&b, v4_hosts[layer % 4], v4_hosts[(layer + 1) % 4], proto);
	else
		build_ipv6(&b, v6_hosts[layer % 4], v6_hosts[(layer + 1) % 4], proto);
}

static void put_link(bool v4, bool vlan)
{
	build_ethernet(&b, vlan ? 0x8100 : v4 ? 0x0800 : 0x86dd);
	if (vlan)
		build_vlan(&b, 7, v4 ? 0x0800 : 0x86dd);
}

// `depth` carriers, each of its own kind and in IPv4 or, one time in v6_in, in IPv6; then UDP or TCP. The lengths in
// GTP-U's headers are filled in at the end.
static void build_nest(const enum carrier *kinds, uint32_t depth, uint32_t v6_in)
{
	uint32_t gtpu[8], n_gtpu = 0;
	bool v4 = v6_in == 0 || random_below(v6_in);
	build_start(&b);
	put_link(v4, v6_in && random_below(8) == 0);
	for (uint32_t i = 0; i < depth; i++) {
		const struct carrier_case *c = &carriers[kinds[i]];
		bool in_v4 = v6_in == 0 || random_below(v6_in), ipv6_in_ip = c->len == 0 && !in_v4;
		put_ip(v4, ipv6_in_ip ? 41 : c->proto, i);
		if (c->proto == 17)
			build_udp(&b, (uint16_t)(2000 + i), c->dport);
		if (c->dport == 2152)
			gtpu[n_gtpu++] = b.len;
		build_bytes(&b, c->header, c->len);
		if (c->proto == 47 && !c->ethernet)
			build_put16(&b, b.len - c->len + 2, in_v4 ? 0x0800 : 0x86dd);
		v4 = in_v4;
		if (c->ethernet)
			put_link(v4, c->vlan);
	}
	put_ip(v4, v6_in && random_below(4) == 0 ? 6 : 17, depth);
	if (b.data[b.l3 + (v4 ? 9 : 6)] == 6)
		build_tcp(&b, 1000, 80, BUILD_TCP_ACK, 1, 2);
	else
		build_udp(&b, 1000, 7777);
	build_fill(&b, 'x', v6_in ? random_below(60) : 20);
	for (uint32_t i = 0; i < n_gtpu; i++)
		build_put16(&b, gtpu[i] + 2, (uint16_t)(b.len - gtpu[i] - 8));
	build_finish(&b);
}

static void assert_same_packet(const struct packet *a, const struct packet *p)
{
	struct packet x = *a, y = *p;
	for (x.outer = a->outer, y.outer = p->outer; x.outer != NULL && y.outer != NULL;
		x.outer = x.outer->outer, y.outer = y.outer->outer) {
		assert_memory_equal(&x.outer->src, &y.outer->src, 2 * sizeof(x.src));
		assert_int_equal(x.outer->ip_proto, y.outer->ip_proto);
		assert_int_equal((x.outer->flags ^ y.outer->flags) & (PKT_IP | PKT_INNER | PKT_TUNNEL), 0);
		assert_null(x.outer->flow);
	}
	assert_null(x.outer);
	assert_null(y.outer);
	assert_memory_equal(&x, &y, sizeof(x));
}

// Decodes the frame in both ways. Returns how many packets it has.
static uint32_t both_ways_agree(const uint8_t *bytes, uint32_t len, uint32_t flags)
{
	struct packet frame;
	memset(&frame, 0, sizeof(frame));
	frame.data = bytes;
	frame.len = frame.wire_len = len;
	frame.link_type = 1;
	frame.seq = 1;
	frame.flags = flags;
	memset(&short_way.counters, 0, sizeof(short_way.counters));
	by_layer.counters = short_way.counters;
	run_burst.n = run_burst.n_extra = by_layer_burst.n = by_layer_burst.n_extra = 0;
	run_burst.n_frames = by_layer_burst.n_frames = 1;
	run_burst.frames[0] = by_layer_burst.frames[0] = frame;
	decode_burst(&short_way, &run_burst);
	decode_burst(&by_layer, &by_layer_burst);
	assert_int_equal(run_burst.n, by_layer_burst.n);
	for (uint32_t i = 0; i < run_burst.n; i++)
		assert_same_packet(run_burst.list[i], by_layer_burst.list[i]);
	assert_memory_equal(&short_way.counters, &by_layer.counters, sizeof(by_layer.counters));
	return run_burst.n;
}

// none: no nested tunnels are whole, as behind a tick's limit.
static void set_up(bool checks, bool none)
{
	decode_init(&short_way, NULL);
	short_way.config.check_l3_csum = short_way.config.check_l4_csum = checks;
	short_way.nested_left = none ? 0 : UINT32_MAX;
	by_layer = short_way;
	by_layer.layer_by_layer = true;
}

static void every_carrier_is_read_alike_wherever_the_frame_ends(void **state)
{
	for (uint32_t kind = 0; kind < 2 * CARRIERS; kind++) {
		enum carrier k = kind / 2;
		const enum carrier kinds[] = {k, k, k, k};
		set_up(true, kind % 2);
		build_nest(kinds, 4, 0);
		assert_int_equal(both_ways_agree(b.data, b.len, 0), kind % 2 ? 2 : 3);
		for (uint32_t len = 0; len < b.len; len++) {
			uint8_t *cut = malloc(len > 0 ? len : 1); // a read past its end is seen by the sanitizer
			memcpy(cut, b.data, len);
			both_ways_agree(cut, len, len % 2 ? PKT_L3_CSUM_OK | PKT_L4_CSUM_OK : 0);
			free(cut);
		}
	}
}

static void any_carriers_in_one_another_are_read_alike(void **state)
{
	uint32_t nested = 0;
	for (uint32_t i = 0; i < 40000; i++) {
		enum carrier kinds[7];
		for (uint32_t k = 0; k < 7; k++)
			kinds[k] = random_below(CARRIERS);
		set_up(i % 4, random_below(2));
		short_way.config.max_layers = by_layer.config.max_layers = random_below(3) ? 16 : 1 + random_below(16);
		build_nest(kinds, random_below(7), 3);
		for (uint32_t k = random_below(3); k > 0; k--) // a byte of a header now and then
			b.data[12 + random_below(b.len - 12)] ^= (uint8_t)(1 << random_below(8));
		nested += both_ways_agree(b.data, b.len, random_below(2) ? PKT_L3_CSUM_OK | PKT_L4_CSUM_OK : 0) > 1;
	}
	assert_true(nested > 20000);
}

// A carrier that is itself carried makes way behind a tick's limit; the innermost stays, in the same flow.
static void nested_tunnels_beyond_a_ticks_limit_are_seen_without_their_middle(void **state)
{
	static const enum carrier kinds[] = {VXLAN, GTPU};
	const struct flow_seed seed = {{1, 2, 3, 4}};
	struct decode_config config;
	struct flow_key whole, refused;
	decode_config_defaults(&config);
	config.nested_a_tick = 2;
	decode_init(&run_decoder, &config);
	build_nest(kinds, 1, 0);
	for (uint32_t i = 0; i < 9; i++) // one tunnel is not nested
		assert_int_equal(run_built(1, &b), 2);
	build_nest(kinds, 2, 0);
	assert_int_equal(run_built(1, &b), 3);
	assert_int_equal(run_built(1, &b), 3);
	flow_key_make(&whole, run_burst.list[2], &seed);
	assert_int_equal(run_decoder.counters.carriers_refused, 0);
	assert_int_equal(run_built(1, &b), 2);
	const struct packet *frame = run_burst.list[0], *inner = run_burst.list[1];
	assert_int_equal(run_decoder.counters.carriers_refused, 1);
	assert_int_equal(run_count_events(), 0);
	assert_int_equal(frame->dport, 4789);
	assert_int_equal(inner->dport, 7777);
	assert_int_equal(inner->depth, 2);
	assert_int_equal(inner->tunnel_id, 0x2a);
	assert_ptr_equal(inner->outer->outer, frame);
	flow_key_make(&refused, inner, &seed);
	assert_int_equal(whole.domain, refused.domain);
	assert_int_equal(whole.hash1, refused.hash1);
	decode_tick(&run_decoder);
	assert_int_equal(run_built(1, &b), 3);
	assert_int_equal(run_decoder.counters.carriers_refused, 1);
	assert_int_equal(run_decoder.counters.gtpu, 4);
}

// The limit is of the second packet: that there were a third and more is then said by its counter alone.
static void what_is_noted_on_a_carrier_beyond_the_limit_is_noted_on_the_innermost(void **state)
{
	static const enum carrier kinds[] = {IPV4_IN_IP, IPV4_IN_IP, IPV4_IN_IP};
	for (uint32_t limit = 0; limit < 2; limit++) {
		struct decode_config config;
		decode_config_defaults(&config);
		decode_init(&run_decoder, &config);
		run_decoder.nested_left = limit ? 0 : UINT32_MAX;
		build_nest(kinds, 3, 0);
		b.data[14 + 20 + 10] ^= 1; // the second header's checksum
		assert_int_equal(run_built(1, &b), limit ? 2 : 3);
		const struct packet *p = run_burst.list[1];
		assert_int_equal(p->events[0], DECODE_IPV4_INVALID_CHECKSUM);
		assert_int_equal(p->event_count, 1);
		assert_int_equal(run_count_event(DECODE_TUNNELS_PASSED_OVER), limit ? 0 : 1);
		assert_int_equal(run_decoder.counters.ipv4_in_ipv4, 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_carrier_is_read_alike_wherever_the_frame_ends),
		cmocka_unit_test(any_carriers_in_one_another_are_read_alike),
		cmocka_unit_test(nested_tunnels_beyond_a_ticks_limit_are_seen_without_their_middle),
		cmocka_unit_test(what_is_noted_on_a_carrier_beyond_the_limit_is_noted_on_the_innermost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
