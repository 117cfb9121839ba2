// Decode of well-formed packets: fields, link types, what carries what. Malformed ones: test_decode_malformed.c.
#include "tests/unit/decode_run.h"

static struct build b;

#define SRC "192.0.2.1"
#define DST "198.51.100.2"
#define SRC6 "2001:db8::1"
#define DST6 "2001:db8::2"

// The datagram that everything else in this file carries.
static void build_inner(struct build *to)
{
	build_ipv4(to, SRC, DST, 17);
	build_udp(to, 1111, 2222);
	build_text(to, "inner");
}

static void build_inner6(struct build *to)
{
	build_ipv6(to, SRC6, DST6, 17);
	build_udp(to, 1111, 2222);
	build_text(to, "inner");
}

static void build_inner_frame(struct build *to)
{
	build_ethernet(to, 0x0800);
	build_inner(to);
}

static void assert_is_inner(const struct packet *p)
{
	assert_true(p->flags & PKT_UDP);
	assert_false(p->flags & (PKT_INVALID | PKT_BAD_L3_CSUM | PKT_BAD_L4_CSUM));
	assert_int_equal(p->sport, 1111);
	assert_int_equal(p->dport, 2222);
	assert_int_equal(p->payload_len, 5);
	assert_memory_equal(packet_payload(p), "inner", 5);
}

static void decode_fills_every_field_of_a_tcp_segment(void **state)
{
	static const uint8_t opts[] = {2, 4, 5, 0xb4, 1, 1, 4, 2};
	build_start(&b);
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, SRC, DST, 6);
	build_tcp_opts(&b, 40000, 443, BUILD_TCP_SYN, 1, 0, opts, sizeof(opts));
	build_text(&b, "fast open");
	build_finish(&b);
	build_fill(&b, 0, 6); // Ethernet padding
	run_start();
	assert_int_equal(run_built(1, &b), 1);
	const struct packet *p = run_burst.list[0];
	assert_ptr_equal(p, &run_burst.frames[0]);
	assert_int_equal(p->flags, PKT_IPV4 | PKT_TCP);
	assert_int_equal(p->l2_len, 14);
	assert_int_equal(p->l3_off, 14);
	assert_int_equal(p->l4_off, 34);
	assert_int_equal(p->payload_off, 62);
	assert_int_equal(p->payload_len, 9);
	assert_int_equal(p->sport, 40000);
	assert_int_equal(p->dport, 443);
	assert_int_equal(p->ip_proto, 6);
	assert_int_equal(p->ttl, 64);
	assert_int_equal(p->tcp_flags, BUILD_TCP_SYN);
	assert_int_equal(p->ether_type, 0x0800);
	assert_memory_equal(p->src.b, "\xc0\0\2\1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(p->dst.b, "\xc6\x33\x64\2\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(p->event_count, 0);
	assert_int_equal(run_decoder.counters.tcp, 1);
	assert_int_equal(run_decoder.counters.bytes, b.len);
}

static void decode_keeps_up_to_three_vlan_tags_outermost_first(void **state)
{
	build_start(&b);
	build_ethernet(&b, 0x88a8);
	build_vlan(&b, 0x2000 | 100, 0x9100);
	build_vlan(&b, 200, 0x8100);
	build_vlan(&b, 300, 0x0800);
	build_inner(&b);
	build_finish(&b);
	run_start();
	assert_int_equal(run_built(1, &b), 1);
	const struct packet *p = run_burst.list[0];
	assert_is_inner(p);
	assert_int_equal(p->vlan_count, 3);
	assert_int_equal(p->vlan[0], 100);
	assert_int_equal(p->vlan[1], 200);
	assert_int_equal(p->vlan[2], 300);
	assert_int_equal(p->l3_off, 26);
	assert_int_equal(run_decoder.counters.vlan, 1);
	assert_int_equal(run_decoder.counters.vlan_qinqinq, 1);
}

static void decode_walks_every_ipv6_extension_header(void **state)
{
	build_start(&b);
	build_ethernet(&b, 0x86dd);
	build_ipv6(&b, SRC6, DST6, 0);
	build_bytes(&b, "\x3c\0\5\2\0\0\1\0", 8);          // hop by hop: router alert
	b.data[b.len - 2] = 0;                             // Pad1, Pad1
	build_bytes(&b, "\x2b\0\xc2\4\0\0\0\0", 8);        // destination options
	build_bytes(&b, "\x33\0\2\0\0\0\0\0", 8);          // routing, type 2
	build_bytes(&b, "\x87\1\0\0\0\0\0\1\0\0\0\1", 12); // authentication
	build_bytes(&b, "\x8b\0\0\0\0\0\0\0", 8);          // mobility
	build_bytes(&b, "\x8c\0\0\0\0\0\0\0", 8);          // HIP
	build_bytes(&b, "\x11\0\0\0\0\0\0\0", 8);          // shim6
	uint32_t l4 = b.len;
	build_udp(&b, 1111, 2222);
	build_text(&b, "inner");
	build_finish(&b);
	run_start();
	assert_int_equal(run_built(1, &b), 1);
	const struct packet *p = run_burst.list[0];
	assert_is_inner(p);
	assert_int_equal(p->event_count, 0);
	assert_int_equal(p->l3_off, 14);
	assert_int_equal(p->l4_off, l4);
	assert_int_equal(p->ip_proto, 17);
	assert_true(p->flags & PKT_IPV6);
}

// A UDP datagram behind n mobility headers of eight bytes, after a destination options header.
static void run_chain(uint32_t n)
{
	build_start(&b);
	build_ethernet(&b, 0x86dd);
	build_ipv6(&b, SRC6, DST6, 60);
	build_bytes(&b, "\x87\0\1\4\0\0\0\0", 8);
	for (uint32_t i = 0; i < n; i++)
		build_bytes(&b, i + 1 < n ? "\x87\0\0\0\0\0\0\0" : "\x11\0\0\0\0\0\0\0", 8);
	build_udp(&b, 1111, 2222);
	build_text(&b, "inner");
	build_finish(&b);
	assert_int_equal(run_built(1, &b), 1);
}

static void decode_walks_long_chains_as_often_as_a_tick_allows(void **state)
{
	const struct packet *p;
	run_start();
	for (uint32_t i = 0; i < 9; i++) {
		run_chain(100);
		assert_is_inner(run_burst.list[0]);
	}
	run_decoder.config.long_chains_a_tick = 2;
	for (uint32_t tick = 0; tick < 2; tick++) {
		decode_tick(&run_decoder);
		for (uint32_t i = 0; i < 4; i++) {
			run_chain(4); // five with the first
			p = run_burst.list[0];
			assert_int_equal(!!(p->flags & PKT_INVALID), i >= 2);
			if (i >= 2)
				assert_int_equal(p->drop_reason, DECODE_TOO_MANY_LAYERS);
			run_chain(3);
			assert_is_inner(run_burst.list[0]);
		}
	}
	assert_int_equal(run_decoder.counters.reasons[DECODE_TOO_MANY_LAYERS], 4);
}

// Each header of a kind that has come often enough is counted, the first of them noted.
static void decode_counts_every_repeated_ipv6_extension_header(void **state)
{
	build_start(&b);
	build_ethernet(&b, 0x86dd);
	build_ipv6(&b, SRC6, DST6, 60);
	for (uint32_t i = 0; i < 300; i++)
		build_bytes(&b, i < 299 ? "\x3c\0\5\2\0\0\0\0" : "\x11\0\5\2\0\0\0\0", 8);
	build_udp(&b, 1111, 2222);
	build_text(&b, "inner");
	build_finish(&b);
	run_start();
	assert_int_equal(run_built(1, &b), 1);
	assert_is_inner(run_burst.list[0]);
	assert_int_equal(run_count_event(DECODE_IPV6_EXTHDR_DUPL_DH), 1);
	assert_int_equal(run_decoder.counters.reasons[DECODE_IPV6_EXTHDR_DUPL_DH], 298);
}

struct link_case {
	uint16_t link_type;
	const char *header;
	uint32_t len;
};

#define LINK(type, s)                      \
	{                                  \
		(type), (s), sizeof(s) - 1 \
	}
#define SNAP "\xaa\xaa\3\0\0\0\x08\0"
#define TEN "\0\0\0\0\0\0\0\0\0\0"

static void decode_finds_ip_behind_every_link_type(void **state)
{
	static const struct link_case cases[] = {
		LINK(0, "\2\0\0\0"),
		LINK(0, "\0\0\0\2"),
		LINK(1, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"),
		LINK(9, "\xff\3\0\x21"),
		LINK(9, "\0\x21"),
		LINK(9, "\x21"),
		LINK(10, "\x57" TEN "\0\0" SNAP),
		LINK(12, ""),
		LINK(14, ""),
		LINK(50, "\xff\3\0\x21"),
		LINK(50, "\x0f\0\x08\0"),
		LINK(51, "\x11\0\0\1\0\x23\0\x21"),
		LINK(101, ""),
		LINK(104, "\x8f\0\x08\0"),
		LINK(105, "\x08\2" TEN TEN "\0\0" SNAP),                        // data
		LINK(105, "\x88\3" TEN TEN TEN SNAP),                           // QoS, four addresses
		LINK(105, "\x88\1" TEN TEN "\0\0\x80\0" TEN "\0\0\0\x29" SNAP), // A-MSDU
		LINK(108, "\0\0\0\2"),
		LINK(113, "\0\0\0\1\0\6"
			  "\0\0\0\0\0\0\0\0"
			  "\x08\0"),
		LINK(113, "\0\0\0\1\0\6"
			  "\0\0\0\0\0\0\0\0"
			  "\0\4" SNAP),
		LINK(127, "\0\0\x08\0\0\0\0\0\x08\2" TEN TEN "\0\0" SNAP),
		LINK(127, "\0\0\x12\0\3\0\0\0"
			  "\0\0\0\0\0\0\0\0"
			  "\x20\0"
			  "\x88\2" TEN TEN "\0\0\0\0\0\0" SNAP), // padded
		LINK(219, "\0\1\0\x40\0\2\1\x40"),
		LINK(228, ""),
		LINK(239, "\2\0\0\0\x08\0\1\0\0\0\0\0\x25\0\x09\0"),
		LINK(239, "\2\0\0\0\0\x08\0\1\0\0\0\0\0\x25\0\x09"), // from a big-endian host
		LINK(276, "\x08\0\0\0\0\0\0\1\0\1\0\6\0\0\0\0\0\0\0\0"),
	};
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build_start(&b);
		build_bytes(&b, cases[i].header, cases[i].len);
		build_inner(&b);
		build_finish(&b);
		run_start();
		uint16_t n = run_built(cases[i].link_type, &b);
		if (n != 1 || !(run_burst.list[0]->flags & PKT_UDP))
			print_error("case %u, link type %u\n", i, cases[i].link_type);
		assert_int_equal(n, 1);
		assert_is_inner(run_burst.list[0]);
		assert_int_equal(run_burst.list[0]->event_count, 0);
	}
}

static void decode_finds_ipv6_behind_link_types_that_name_it(void **state)
{
	static const struct link_case cases[] = {LINK(0, "\x1e\0\0\0"), LINK(0, "\x0a\0\0\0"), LINK(101, ""),
		LINK(229, ""), LINK(9, "\xff\3\0\x57"), LINK(239, "\x0a\0\0\0\x39\0\x09\0")};
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build_start(&b);
		build_bytes(&b, cases[i].header, cases[i].len);
		build_inner6(&b);
		build_finish(&b);
		run_start();
		assert_int_equal(run_built(cases[i].link_type, &b), 1);
		assert_is_inner(run_burst.list[0]);
	}
}

// What stands between Ethernet and IP, in one and the same packet.
static void decode_finds_ip_behind_every_tag(void **state)
{
	static const struct link_case cases[] = {
		LINK(0x8847, "\0\1\1\x40"),
		LINK(0x8847, "\0\0\1\x40"),                                       // explicit null
		LINK(0x8848, "\0\1\1\x40\0\0\0\0\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"), // pseudowire
		LINK(0x8864, "\x11\0\0\1\0\x23\0\x21"),
		LINK(0x8926, "\x80\0\0\1\x08\0"),
		LINK(0x893f, "\0\0\0\1\0\0\x08\0"),
		LINK(0x88e7, "\0\0\0\1\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"),
		LINK(0x8903, "\0\1\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"),
		LINK(0x894f, "\x0f\xc2\2\1\0\0\1\xff"),
		LINK(0x894f, "\x0f\xc6\1\3\0\0\1\xff"
			     "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
			     "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"),
		LINK(41, SNAP),
		LINK(36, "\6\6\3"),
	};
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build_start(&b);
		build_ethernet(&b, cases[i].link_type);
		build_bytes(&b, cases[i].header, cases[i].len);
		build_inner(&b);
		build_finish(&b);
		run_start();
		uint16_t n = run_built(1, &b);
		if (n != 1 || !(run_burst.list[0]->flags & PKT_UDP))
			print_error("case %u, EtherType 0x%04x\n", i, cases[i].link_type);
		assert_int_equal(n, 1);
		assert_is_inner(run_burst.list[0]);
		assert_int_equal(run_burst.list[0]->l3_off, 14 + cases[i].len);
		assert_int_equal(run_burst.list[0]->event_count, 0);
	}
}

static void decode_reads_arp_addresses(void **state)
{
	build_start(&b);
	build_ethernet(&b, 0x0806);
	build_bytes(&b, "\0\1\x08\0\6\4\0\1\2\0\0\0\0\1\x0a\0\0\1\0\0\0\0\0\0\x0a\0\0\2", 28);
	run_start();
	assert_int_equal(run_built(1, &b), 1);
	const struct packet *p = run_burst.list[0];
	assert_int_equal(p->flags, PKT_ARP);
	assert_int_equal(p->l3_off, 14);
	assert_memory_equal(p->src.b, "\x0a\0\0\1", 4);
	assert_memory_equal(p->dst.b, "\x0a\0\0\2", 4);
	assert_int_equal(p->event_count, 0);
}

static void decode_reads_the_packet_an_icmp_error_quotes(void **state)
{
	build_start(&b);
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, DST, SRC, 1);
	build_icmp(&b, 3, 3, 0);
	uint32_t quote = b.len;
	build_inner(&b);
	build_finish(&b);
	run_start();
	assert_int_equal(run_built(1, &b), 1);
	const struct packet *p = run_burst.list[0];
	assert_int_equal(p->flags, PKT_IPV4 | PKT_ICMPV4);
	assert_int_equal(p->icmp_type, 3);
	assert_int_equal(p->icmp_code, 3);
	assert_true(p->icmp_has_inner);
	assert_int_equal(p->icmp_inner_off, quote);
	assert_int_equal(p->icmp_inner_proto, 17);
	assert_int_equal(p->icmp_inner_sport, 1111);
	assert_int_equal(p->icmp_inner_dport, 2222);
	assert_int_equal(p->payload_off, quote);
}

static void decode_reads_the_packet_an_icmpv6_error_quotes(void **state)
{
	build_start(&b);
	build_ethernet(&b, 0x86dd);
	build_ipv6(&b, DST6, SRC6, 58);
	build_icmpv6(&b, 1, 4, 0);
	uint32_t quote = b.len;
	build_ipv6(&b, SRC6, DST6, 60);
	build_bytes(&b, "\x06\0\1\4\0\0\0\0", 8);
	build_tcp(&b, 1111, 2222, BUILD_TCP_SYN, 1, 0);
	build_finish(&b);
	run_start();
	assert_int_equal(run_built(1, &b), 1);
	const struct packet *p = run_burst.list[0];
	assert_int_equal(p->flags, PKT_IPV6 | PKT_ICMPV6);
	assert_true(p->icmp_has_inner);
	assert_int_equal(p->icmp_inner_off, quote);
	assert_int_equal(p->icmp_inner_proto, 6);
	assert_int_equal(p->icmp_inner_sport, 1111);
	assert_int_equal(p->icmp_inner_dport, 2222);
}

static void decode_accepts_a_neighbour_solicitation(void **state)
{
	build_start(&b);
	build_ethernet(&b, 0x86dd);
	build_ipv6(&b, SRC6, DST6, 58);
	b.data[b.l3 + 7] = 255;
	build_icmpv6(&b, 135, 0, 0);
	build_address(&b, AF_INET6, DST6);
	build_bytes(&b, "\1\1\2\0\0\0\0\1", 8);
	build_finish(&b);
	run_start();
	run_built(1, &b);
	assert_int_equal(run_burst.list[0]->icmp_type, 135);
	assert_int_equal(run_burst.list[0]->event_count, 0);
}

static void decode_checks_the_crc_of_sctp(void **state)
{
	// a COOKIE ACK; CRC32c by an independent bitwise computation
	build_start(&b);
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, SRC, DST, 132);
	build_bytes(&b, "\x04\x57\x08\xae\x11\x22\x33\x44\0\0\0\0\x0b\0\0\4", 16);
	uint32_t crc = 0xffffffff;
	for (uint32_t i = b.len - 16; i < b.len; i++) {
		crc ^= b.data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	crc = ~crc;
	for (int i = 0; i < 4; i++)
		b.data[b.len - 8 + (uint32_t)i] = (uint8_t)(crc >> (8 * i));
	build_finish(&b);
	run_start();
	run_built(1, &b);
	const struct packet *p = run_burst.list[0];
	assert_int_equal(p->flags, PKT_IPV4 | PKT_SCTP);
	assert_int_equal(p->sport, 1111);
	assert_int_equal(p->dport, 2222);
	assert_int_equal(p->payload_len, 4);
}

static void decode_takes_esp_as_a_leaf(void **state)
{
	build_start(&b);
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, SRC, DST, 50);
	build_bytes(&b, "\0\0\0\1\0\0\0\2ciphertext", 18);
	build_finish(&b);
	run_start();
	assert_int_equal(run_built(1, &b), 1);
	assert_int_equal(run_burst.list[0]->flags, PKT_IPV4 | PKT_ESP);
	assert_int_equal(run_burst.list[0]->payload_len, 10);
}

// Checksums the NIC has taken, and checks that are off, cost nothing and note nothing.
static void decode_leaves_checksums_alone_when_told_so(void **state)
{
	build_start(&b);
	build_inner_frame(&b);
	build_finish(&b);
	b.data[24] ^= 1; // IPv4 header checksum
	b.data[40] ^= 1; // UDP checksum
	run_start();
	run_built(1, &b);
	assert_int_equal(
		run_burst.list[0]->flags & (PKT_BAD_L3_CSUM | PKT_BAD_L4_CSUM), PKT_BAD_L3_CSUM | PKT_BAD_L4_CSUM);
	assert_int_equal(run_burst.list[0]->event_count, 2);

	memset(&run_burst, 0, sizeof(run_burst));
	run_add(1, b.data, b.len);
	run_burst.frames[0].flags = PKT_L3_CSUM_OK | PKT_L4_CSUM_OK;
	decode_burst(&run_decoder, &run_burst);
	assert_int_equal(run_burst.list[0]->event_count, 0);

	run_decoder.config.check_l3_csum = run_decoder.config.check_l4_csum = false;
	run_built(1, &b);
	assert_int_equal(run_burst.list[0]->event_count, 0);
}

static void decode_lists_a_frame_and_what_it_carries_before_the_next_frame(void **state)
{
	static struct build second;
	build_start(&b);
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, "10.0.0.1", "10.0.0.2", 17);
	build_udp(&b, 5555, 4789);
	build_vxlan(&b, 77);
	build_inner_frame(&b);
	build_finish(&b);
	build_start(&second);
	build_inner_frame(&second);
	build_finish(&second);
	run_start();
	run_add(1, b.data, b.len);
	run_add(1, second.data, second.len);
	decode_burst(&run_decoder, &run_burst);
	assert_int_equal(run_burst.n, 3);
	const struct packet *outer = run_burst.list[0], *inner = run_burst.list[1];
	assert_ptr_equal(outer, &run_burst.frames[0]);
	assert_ptr_equal(run_burst.list[2], &run_burst.frames[1]);
	assert_true(outer->flags & PKT_TUNNEL);
	assert_int_equal(outer->dport, 4789);
	assert_is_inner(inner);
	assert_true(inner->flags & PKT_INNER);
	assert_ptr_equal(inner->outer, outer);
	assert_int_equal(inner->depth, 1);
	assert_int_equal(inner->tunnel_id, 77);
	assert_int_equal(inner->seq, outer->seq);
	assert_int_equal(inner->l3_off, 14);
}

static struct packet rebuilt_frame;
static const struct build *rebuilt_from;

static struct packet *fake_defrag(struct defrag *df, struct burst *burst, struct packet *frag)
{
	struct packet *p = burst_take_extra(burst);
	if (p == NULL)
		return NULL;
	p->data = rebuilt_from->data;
	p->len = rebuilt_from->len;
	p->flags = PKT_REBUILT;
	p->depth = frag->depth;
	return p;
}

static void decode_reads_a_rebuilt_datagram_after_its_last_fragment(void **state)
{
	static struct build whole;
	build_start(&whole);
	build_inner(&whole);
	build_finish(&whole);
	rebuilt_from = &whole;
	build_start(&b);
	build_ethernet(&b, 0x0800);
	build_ipv4(&b, SRC, DST, 17);
	build_ipv4_frag(&b, 7, 1480, 0);
	build_text(&b, "the end of it");
	build_finish(&b);
	run_start();
	run_decoder.defrag_packet = fake_defrag;
	run_decoder.defrag = (struct defrag *)&rebuilt_frame;
	assert_int_equal(run_built(1, &b), 2);
	const struct packet *frag = run_burst.list[0];
	assert_true(frag->flags & PKT_FRAGMENT);
	assert_false(frag->flags & PKT_UDP);
	assert_int_equal(frag->payload_off, 34);
	assert_int_equal(frag->payload_len, 13);
	assert_is_inner(run_burst.list[1]);
	assert_true(run_burst.list[1]->flags & PKT_REBUILT);
	assert_int_equal(run_decoder.counters.rebuilt, 1);
}

// A datagram rebuilt into a fragment, for ever: the frame's own bound ends it.
static void decode_ends_when_rebuilt_datagrams_are_fragments_again(void **state)
{
	build_start(&b);
	build_ipv4(&b, SRC, DST, 17);
	build_ipv4_frag(&b, 7, 1480, 0);
	build_text(&b, "again");
	build_finish(&b);
	rebuilt_from = &b;
	run_start();
	run_decoder.defrag_packet = fake_defrag;
	run_decoder.defrag = (struct defrag *)&rebuilt_frame;
	memset(&run_burst, 0, sizeof(run_burst));
	for (uint32_t i = 0; i < PKT_BURST; i++)
		run_add(101, b.data, b.len);
	decode_burst(&run_decoder, &run_burst);
	assert_int_equal(run_burst.n, PKT_BURST * PKT_MAX_DEPTH);
	assert_int_equal(run_count_event(DECODE_TOO_MANY_TUNNELS), PKT_BURST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode_fills_every_field_of_a_tcp_segment),
		cmocka_unit_test(decode_keeps_up_to_three_vlan_tags_outermost_first),
		cmocka_unit_test(decode_walks_every_ipv6_extension_header),
		cmocka_unit_test(decode_walks_long_chains_as_often_as_a_tick_allows),
		cmocka_unit_test(decode_counts_every_repeated_ipv6_extension_header),
		cmocka_unit_test(decode_finds_ip_behind_every_link_type),
		cmocka_unit_test(decode_finds_ipv6_behind_link_types_that_name_it),
		cmocka_unit_test(decode_finds_ip_behind_every_tag),
		cmocka_unit_test(decode_reads_arp_addresses),
		cmocka_unit_test(decode_reads_the_packet_an_icmp_error_quotes),
		cmocka_unit_test(decode_reads_the_packet_an_icmpv6_error_quotes),
		cmocka_unit_test(decode_accepts_a_neighbour_solicitation),
		cmocka_unit_test(decode_checks_the_crc_of_sctp),
		cmocka_unit_test(decode_takes_esp_as_a_leaf),
		cmocka_unit_test(decode_leaves_checksums_alone_when_told_so),
		cmocka_unit_test(decode_lists_a_frame_and_what_it_carries_before_the_next_frame),
		cmocka_unit_test(decode_reads_a_rebuilt_datagram_after_its_last_fragment),
		cmocka_unit_test(decode_ends_when_rebuilt_datagrams_are_fragments_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
