// Decode of tunnels: what is carried comes out as a packet of its own, below the one that carried it.
#include "tests/unit/decode_run.h"

static struct build b;

enum carries { CARRIES_IPV4, CARRIES_IPV6, CARRIES_ETHERNET, CARRIES_PPP };

// A tunnel: IPv4 or IPv6 with `proto` (UDP: to a port), the tunnel's own header, then what it carries.
struct tunnel_case {
	const char *name;
	uint8_t version, proto;
	uint16_t dport;
	const char *header;
	uint32_t header_len;
	enum carries carries;
	uint32_t tunnel_id;
};

#define HEADER(s) (s), sizeof(s) - 1

static const struct tunnel_case tunnels[] = {
	{"IPv4 in IPv4", 4, 4, 0, HEADER(""), CARRIES_IPV4, 0},
	{"6in4", 4, 41, 0, HEADER(""), CARRIES_IPV6, 0},
	{"4in6", 6, 4, 0, HEADER(""), CARRIES_IPV4, 0},
	{"6in6", 6, 41, 0, HEADER(""), CARRIES_IPV6, 0},
	{"GRE", 4, 47, 0, HEADER("\0\0\x08\0"), CARRIES_IPV4, 0},
	{"GRE over IPv6", 6, 47, 0, HEADER("\0\0\x86\xdd"), CARRIES_IPV6, 0},
	{"GRE with checksum, key and sequence", 4, 47, 0, HEADER("\xb0\0\x08\0\0\0\0\0\0\0\0\x2a\0\0\0\1"),
		CARRIES_IPV4, 42},
	{"GRE with a source route", 4, 47, 0, HEADER("\x40\0\x08\0\0\0\0\0\x08\0\0\4\1\2\3\4\0\0\0\0"), CARRIES_IPV4,
		0},
	{"GRE with Ethernet (NVGRE)", 4, 47, 0, HEADER("\x20\0\x65\x58\0\0\x2a\0"), CARRIES_ETHERNET, 0x2a00},
	{"GRE with MPLS", 4, 47, 0, HEADER("\0\0\x88\x47\0\1\1\x40"), CARRIES_IPV4, 0},
	{"PPTP", 4, 47, 0, HEADER("\x30\1\x88\x0b\0\x20\0\x2a\0\0\0\1"), CARRIES_PPP, 42},
	{"PPTP with an acknowledgement", 4, 47, 0, HEADER("\x30\x81\x88\x0b\0\x20\0\x2a\0\0\0\1\0\0\0\1"), CARRIES_PPP,
		42},
	{"ERSPAN type I", 4, 47, 0, HEADER("\0\0\x88\xbe"), CARRIES_ETHERNET, 0},
	{"ERSPAN type II", 4, 47, 0, HEADER("\x10\0\x88\xbe\0\0\0\1\x10\0\0\x2a\0\0\0\0"), CARRIES_ETHERNET, 42},
	{"VXLAN", 4, 17, 4789, HEADER("\x08\0\0\0\0\0\x2a\0"), CARRIES_ETHERNET, 42},
	{"VXLAN over IPv6", 6, 17, 4789, HEADER("\x08\0\0\0\0\0\x2a\0"), CARRIES_ETHERNET, 42},
	{"GENEVE", 4, 17, 6081, HEADER("\0\0\x65\x58\0\0\x2a\0"), CARRIES_ETHERNET, 42},
	{"GENEVE with options", 4, 17, 6081, HEADER("\2\0\x08\0\0\0\x2a\0\1\2\3\1\0\0\0\0"), CARRIES_IPV4, 42},
	{"GENEVE with IPv6", 4, 17, 6081, HEADER("\0\0\x86\xdd\0\0\x2a\0"), CARRIES_IPV6, 42},
	{"GTP-U", 4, 17, 2152, HEADER("\x30\xff\0\x21\0\0\0\x2a"), CARRIES_IPV4, 42},
	{"GTP-U with an extension", 4, 17, 2152, HEADER("\x34\xff\0\x29\0\0\0\x2a\0\0\0\x85\1\0\0\0"), CARRIES_IPV4,
		42},
	{"Teredo", 4, 17, 3544, HEADER(""), CARRIES_IPV6, 0},
	{"Teredo with authentication and origin", 4, 17, 3544,
		HEADER("\0\1\2\1ab\xaa\0\0\0\0\0\0\0\0\0"
		       "\0\0\1\2\3\4\5\6"),
		CARRIES_IPV6, 0},
};

static void build_carried(struct build *to, enum carries carries)
{
	if (carries == CARRIES_ETHERNET)
		build_ethernet(to, 0x0800);
	if (carries == CARRIES_PPP)
		build_bytes(to, "\xff\3\0\x21", 4);
	if (carries == CARRIES_IPV6)
		build_ipv6(to, "2001:db8::1", "2001:db8::2", 17);
	else
		build_ipv4(to, "192.0.2.1", "198.51.100.2", 17);
	build_udp(to, 1111, 2222);
	build_text(to, "inner");
}

static void build_outer_ip(struct build *to, uint8_t version, uint8_t proto)
{
	if (version == 4)
		build_ipv4(to, "10.0.0.1", "10.0.0.2", proto);
	else
		build_ipv6(to, "2001:db8:1::1", "2001:db8:1::2", proto);
}

// Leaves checksums to build_finish.
static void build_tunnel(struct build *to, const struct tunnel_case *t)
{
	build_outer_ip(to, t->version, t->proto);
	if (t->proto == 17)
		build_udp(to, 5555, t->dport);
	build_bytes(to, t->header, t->header_len);
}

static void assert_is_inner(const struct packet *p)
{
	assert_true(p->flags & PKT_UDP);
	assert_false(p->flags & (PKT_INVALID | PKT_BAD_L3_CSUM | PKT_BAD_L4_CSUM));
	assert_int_equal(p->event_count, 0);
	assert_int_equal(p->sport, 1111);
	assert_int_equal(p->dport, 2222);
	assert_int_equal(p->payload_len, 5);
	assert_memory_equal(packet_payload(p), "inner", 5);
}

static void every_tunnel_yields_the_packet_it_carries(void **state)
{
	for (uint32_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		const struct tunnel_case *t = &tunnels[i];
		build_start(&b);
		build_ethernet(&b, t->version == 4 ? 0x0800 : 0x86dd);
		build_tunnel(&b, t);
		build_carried(&b, t->carries);
		build_finish(&b);
		run_start();
		if (run_built(1, &b) != 2)
			print_error("%s: %u packets\n", t->name, run_burst.n);
		assert_int_equal(run_burst.n, 2);
		const struct packet *outer = run_burst.list[0], *inner = run_burst.list[1];
		assert_int_equal(outer->flags & (PKT_TUNNEL | PKT_INNER), PKT_TUNNEL);
		assert_int_equal(outer->event_count, 0);
		assert_int_equal(outer->ip_proto, t->proto);
		assert_is_inner(inner);
		assert_true(inner->flags & PKT_INNER);
		assert_int_equal(inner->depth, 1);
		assert_int_equal(inner->tunnel_id, t->tunnel_id);
		assert_ptr_equal(inner->outer, outer);
	}
}

static void a_tunnel_that_is_switched_off_is_left_alone(void **state)
{
	for (uint32_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		const struct tunnel_case *t = &tunnels[i];
		struct decode_config config;
		decode_config_defaults(&config);
		config.vxlan = config.geneve = config.teredo = config.gtpu = config.gre = config.ipip = false;
		build_start(&b);
		build_ethernet(&b, t->version == 4 ? 0x0800 : 0x86dd);
		build_tunnel(&b, t);
		build_carried(&b, t->carries);
		build_finish(&b);
		decode_init(&run_decoder, &config);
		assert_int_equal(run_built(1, &b), 1);
		assert_int_equal(run_burst.list[0]->flags & (PKT_TUNNEL | PKT_INVALID), 0);
		assert_int_equal(run_burst.list[0]->event_count, 0);
	}
}

static void udp_tunnels_are_known_by_either_port_and_by_no_other(void **state)
{
	struct decode_config config;
	decode_config_defaults(&config);
	config.vxlan_ports = (struct decode_ports){.port = {8472, 8537}, .count = 2}; // 8537: the same filter bit
	const uint16_t ports[][2] = {{8472, 1}, {1, 8472}, {8537, 1}, {4789, 1}, {1, 4789}};
	for (uint32_t i = 0; i < 5; i++) {
		build_start(&b);
		build_ethernet(&b, 0x0800);
		build_ipv4(&b, "10.0.0.1", "10.0.0.2", 17);
		build_udp(&b, ports[i][0], ports[i][1]);
		build_vxlan(&b, 7);
		build_carried(&b, CARRIES_ETHERNET);
		build_finish(&b);
		decode_init(&run_decoder, &config);
		assert_int_equal(run_built(1, &b), i < 3 ? 2 : 1);
	}
}

static void teredo_on_any_port_is_told_by_its_contents(void **state)
{
	struct decode_config config;
	decode_config_defaults(&config);
	config.teredo_ports.any = true;
	build_start(&b);
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, "10.0.0.1", "10.0.0.2", 17);
	build_udp(&b, 1000, 2000);
	build_carried(&b, CARRIES_IPV6);
	build_finish(&b);
	decode_init(&run_decoder, &config);
	assert_int_equal(run_built(1, &b), 2);
	assert_int_equal(run_decoder.counters.teredo, 1);
	assert_is_inner(run_burst.list[1]);
}

// A DNS query whose id begins with 6 and whose counts agree with an IPv6 length is a DNS query.
static void what_only_looks_like_teredo_is_forgotten_without_a_trace(void **state)
{
	build_start(&b);
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, "10.0.0.1", "10.0.0.2", 17);
	build_udp(&b, 1000, 3544);
	build_bytes(&b, "\x66\x7e\1\0\0\1\0\0\0\0\0\0", 12);
	build_fill(&b, 'x', 29);
	build_finish(&b);
	run_start();
	assert_int_equal(run_built(1, &b), 1);
	assert_int_equal(run_burst.n_extra, 0);
	assert_false(run_burst.list[0]->flags & PKT_TUNNEL);
	assert_int_equal(run_decoder.counters.teredo, 0);
	assert_int_equal(run_decoder.counters.invalid, 0);
	for (uint32_t i = 0; i < DROP_REASON_COUNT; i++)
		assert_int_equal(run_decoder.counters.reasons[i], 0);
}

static void tunnels_within_tunnels_are_followed_four_deep(void **state)
{
	for (uint32_t depth = 1; depth < 8; depth++) {
		build_start(&b);
		build_ethernet(&b, 0x0800);
		for (uint32_t i = 0; i < depth; i++)
			build_tunnel(&b, &tunnels[4]); // GRE
		build_carried(&b, CARRIES_IPV4);
		build_finish(&b);
		run_start();
		run_built(1, &b);
		uint32_t deepest = depth < PKT_MAX_DEPTH ? depth : PKT_MAX_DEPTH - 1;
		uint32_t seen = deepest < PKT_MAX_WHOLE ? deepest + 1 : PKT_MAX_WHOLE;
		assert_int_equal(run_burst.n, seen);
		assert_int_equal(run_burst.list[seen - 1]->depth, deepest);
		assert_int_equal(run_count_event(DECODE_TUNNELS_PASSED_OVER), depth >= PKT_MAX_WHOLE);
		assert_int_equal(run_count_event(DECODE_TOO_MANY_TUNNELS), depth >= PKT_MAX_DEPTH);
		assert_int_equal(run_decoder.counters.gre, depth < PKT_MAX_DEPTH ? depth : PKT_MAX_DEPTH);
		assert_int_equal(run_decoder.counters.invalid, 0);
	}
}

// Four tunnels, the third header's checksum spoilt: what stands between the second packet and the innermost.
static void what_is_noted_on_a_packet_passed_over_is_noted_on_the_innermost(void **state)
{
	uint32_t third = 0;
	build_start(&b);
	build_ethernet(&b, 0x0800);
	for (uint32_t i = 0; i < 4; i++) {
		third = i == 2 ? b.len : third;
		build_tunnel(&b, &tunnels[0]); // IPv4 in IPv4
	}
	build_carried(&b, CARRIES_IPV4);
	build_finish(&b);
	b.data[third + 10] ^= 1;
	run_start();
	assert_int_equal(run_built(1, &b), PKT_MAX_WHOLE);
	const struct packet *first = run_burst.list[1], *p = run_burst.list[2];
	assert_true(p->flags & PKT_UDP);
	assert_ptr_equal(p->outer, first);
	assert_int_equal(p->depth, 4);
	assert_false(p->flags & (PKT_TUNNEL | PKT_BAD_L3_CSUM));
	assert_int_equal(p->event_count, 2);
	assert_int_equal(p->events[0], DECODE_IPV4_INVALID_CHECKSUM);
	assert_int_equal(p->events[1], DECODE_TUNNELS_PASSED_OVER);
	assert_int_equal(first->event_count, 0);
	assert_int_equal(run_count_events(), 2);
	assert_int_equal(run_decoder.counters.ipv4_in_ipv4, 4);
}

// Two tunnels, then UDP that looks like Teredo and holds a broken packet: the datagram itself comes back.
static void a_wrong_guess_leaves_the_packet_it_was_made_on(void **state)
{
	build_start(&b);
	build_ethernet(&b, 0x0800);
	build_tunnel(&b, &tunnels[0]);
	build_tunnel(&b, &tunnels[0]);
	build_tunnel(&b, &tunnels[21]); // Teredo
	build_ipv6(&b, "2001:db8::1", "2001:db8::2", 6);
	build_text(&b, "no TCP header");
	build_finish(&b);
	run_start();
	assert_int_equal(run_built(1, &b), 3);
	const struct packet *p = run_burst.list[2];
	assert_int_equal(p->depth, 2);
	assert_int_equal(p->dport, 3544);
	assert_false(p->flags & (PKT_TUNNEL | PKT_INVALID));
	assert_int_equal(run_count_events(), 0);
	assert_int_equal(run_decoder.counters.teredo, 0);
	assert_int_equal(run_burst.n_extra, 2);
}

// The sum of a datagram within another is the rest of the outer one's: one wrong byte is wrong for all that hold it, a
// wrong sum for none but its own, wherever the datagram begins (the second tunnel header has an odd length).
static void each_checksum_within_another_is_checked_by_itself(void **state)
{
	static const uint32_t v4[] = {0, 1, 2, 2}, v6[] = {0, 0, 0, 1};
	for (uint32_t wrong = 0; wrong < 4; wrong++) { // nothing, the first's own sum, the second's own, the payload
		uint32_t udp[2];
		build_start(&b);
		build_ethernet(&b, 0x0800);
		for (uint32_t k = 0; k < 2; k++) {
			build_ipv4(&b, "192.0.2.1", "192.0.2.2", 17);
			udp[k] = b.len;
			build_udp(&b, 3544, 3544);
			if (k == 0)
				build_bytes(&b, "\0\1\2\0ab\0\0\0\0\0\0\0\0\0", 15); // Teredo's, odd
			build_ipv6(&b, "2001:db8::1", "2001:db8::2", k == 0 ? 4 : 17);
		}
		build_udp(&b, 1000, 7777);
		build_text(&b, "what is carried");
		build_finish(&b);
		if (wrong == 1 || wrong == 2)
			b.data[udp[wrong - 1] + 7] ^= 1;
		if (wrong == 3)
			b.data[b.len - 1] ^= 1;
		run_start();
		run_built(1, &b);
		assert_int_equal(run_count_event(DECODE_UDPV4_INVALID_CHECKSUM), v4[wrong]);
		assert_int_equal(run_count_event(DECODE_UDPV6_INVALID_CHECKSUM), v6[wrong]);
	}
}

static void an_erspan_frame_keeps_the_vlan_it_was_mirrored_from(void **state)
{
	build_start(&b);
	build_ethernet(&b, 0x8100);
	build_vlan(&b, 9, 0x0800);
	build_ipv4(&b, "10.0.0.1", "10.0.0.2", 47);
	build_bytes(&b, "\x10\0\x88\xbe\0\0\0\1\x10\x64\0\1\0\0\0\0", 16);
	build_carried(&b, CARRIES_ETHERNET);
	build_finish(&b);
	run_start();
	assert_int_equal(run_built(1, &b), 2);
	assert_int_equal(run_burst.list[0]->vlan[0], 9);
	assert_int_equal(run_burst.list[1]->vlan_count, 1);
	assert_int_equal(run_burst.list[1]->vlan[0], 100);
}

// What is malformed is the packet that is, not the one that carries it.
static void a_malformed_packet_leaves_the_tunnel_around_it_in_inspection(void **state)
{
	build_start(&b);
	build_ethernet(&b, 0x0800);
	build_tunnel(&b, &tunnels[4]);
	build_carried(&b, CARRIES_IPV4);
	build_finish(&b);
	b.data[b.l3] = 0x44;
	run_start();
	assert_int_equal(run_built(1, &b), 2);
	assert_false(run_burst.list[0]->flags & PKT_INVALID);
	assert_true(run_burst.list[1]->flags & PKT_INVALID);
	assert_int_equal(run_burst.list[1]->drop_reason, DECODE_IPV4_HLEN_TOO_SMALL);
	assert_int_equal(run_decoder.counters.invalid, 0);
	assert_int_equal(run_decoder.counters.ledger[DECODE_IPV4_HLEN_TOO_SMALL], 0);
	assert_int_equal(run_decoder.counters.reasons[DECODE_IPV4_HLEN_TOO_SMALL], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_tunnel_yields_the_packet_it_carries),
		cmocka_unit_test(a_tunnel_that_is_switched_off_is_left_alone),
		cmocka_unit_test(udp_tunnels_are_known_by_either_port_and_by_no_other),
		cmocka_unit_test(teredo_on_any_port_is_told_by_its_contents),
		cmocka_unit_test(what_only_looks_like_teredo_is_forgotten_without_a_trace),
		cmocka_unit_test(tunnels_within_tunnels_are_followed_four_deep),
		cmocka_unit_test(what_is_noted_on_a_packet_passed_over_is_noted_on_the_innermost),
		cmocka_unit_test(a_wrong_guess_leaves_the_packet_it_was_made_on),
		cmocka_unit_test(each_checksum_within_another_is_checked_by_itself),
		cmocka_unit_test(an_erspan_frame_keeps_the_vlan_it_was_mirrored_from),
		cmocka_unit_test(a_malformed_packet_leaves_the_tunnel_around_it_in_inspection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
