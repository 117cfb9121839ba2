// Which packets a rule is asked of: protocols, fragments, broken transport headers, packets without a flow. What
// Suricata 7 does with the same packets was looked up by running it.
#include "rule_bench.h"

static void expect(const struct rule_bench *b, uint32_t sid, size_t n)
{
	if (bench_count(b, sid) != n)
		fail_msg("sid %u: %zu alerts, expected %zu", sid, bench_count(b, sid), n);
}

static void a_protocol_that_is_not_decoded_has_no_payload_and_no_ports(void **state)
{
	struct rule_bench *b = bench_open("alert ip any any -> any any (content:\"abc\"; sid:1;)\n"
					  "alert ip any any -> any any (content:!\"xyz\"; sid:2;)\n"
					  "alert ip any any -> any any (dsize:>0; sid:3;)\n"
					  "alert ip any any -> any any (dsize:0; sid:4;)\n"
					  "alert ip any any -> any any (ip_proto:99; sid:5;)\n"
					  "alert ip any any -> any 80 (ttl:64; sid:6;)\n"
					  "alert ip any any -> any any (ttl:64; sid:7;)\n");
	static const size_t want[] = {0, 0, 0, 1, 1, 0, 1};
	bench_ip(b, CLIENT, 99, (const uint8_t *)"abc", 3);
	for (uint32_t i = 0; i < 7; i++)
		expect(b, i + 1, want[i]);
	bench_close(b);
}

// The addresses, the fields and the protocol of such a packet are known; its ports and its payload are not.
static void a_broken_transport_header_leaves_the_ip_header_to_rules(void **state)
{
	struct rule_bench *b = bench_open("alert tcp any any -> any any (ttl:64; sid:1;)\n"
					  "alert tcp any any -> any 80 (ttl:64; sid:2;)\n"
					  "alert ip 192.168.1.5 any -> any any (sid:3;)\n"
					  "alert tcp any any -> any any (flags:S; sid:4;)\n"
					  "alert udp any any -> any any (ttl:64; sid:5;)\n"
					  "alert tcp any any -> any any (content:!\"x\"; sid:6;)\n");
	static const size_t want[] = {1, 0, 1, 0, 0, 0};
	bench_ip(b, CLIENT, 6, (const uint8_t *)"\0\x50\0\x50", 4);
	for (uint32_t i = 0; i < 6; i++)
		expect(b, i + 1, want[i]);
	bench_close(b);
}

static void a_segment_with_unreadable_options_is_inspected(void **state)
{
	struct rule_bench *b = bench_open(
		"alert tcp any any -> any any (flags:S; tcp.hdr; content:\"|1d 03 61 00|\"; offset:20; sid:1;)\n");
	bench_ip(b, CLIENT, 6, (const uint8_t *)"\x04\xd2\0\x50\0\0\0\1\0\0\0\0\x60\2\xff\xff\0\0\0\0\x1d\3\x61\0", 24);
	expect(b, 1, 1);
	bench_close(b);
}

// Protocol 99 has no flow: it goes to the server, and nothing is known of its state.
static void a_direction_needs_no_flow_but_a_state_does(void **state)
{
	struct rule_bench *b = bench_open("alert ip any any -> any any (flow:to_server; sid:1;)\n"
					  "alert ip any any -> any any (flow:to_client; sid:2;)\n"
					  "alert ip any any -> any any (flow:stateless; sid:3;)\n"
					  "alert ip any any -> any any (flow:to_server,not_established; sid:4;)\n"
					  "alert ip any any -> any any (flow:no_frag; sid:5;)\n");
	bench_ip(b, CLIENT, 99, (const uint8_t *)"abc", 3);
	expect(b, 1, 1);
	for (uint32_t sid = 2; sid <= 5; sid++)
		expect(b, sid, 0);
	bench_say(b, CLIENT, "a");
	expect(b, 1, 2);
	for (uint32_t sid = 3; sid <= 5; sid++)
		expect(b, sid, 1);
	bench_close(b);
}

static void only_stream_without_a_payload_test_never_matches(void **state)
{
	struct rule_bench *b = bench_open("alert tcp any any -> any any (flow:only_stream; sid:1;)\n"
					  "alert tcp any any -> any any (flow:only_stream; content:\"abc\"; sid:2;)\n"
					  "alert tcp any any -> any any (flow:no_stream; content:\"abc\"; sid:3;)\n");
	bench_handshake(b);
	bench_send(b, CLIENT, "abc");
	bench_fin(b);
	expect(b, 1, 0);
	expect(b, 2, 1);
	expect(b, 3, 1);
	bench_close(b);
}

// Suricata 7.0.10 on the same conversation: what the server has acknowledged before the client closes is looked at
// apart from the rest, so a text in both alerts twice, and one across the two is not found.
static void a_client_that_closes_first_has_its_last_bytes_looked_at_apart(void **state)
{
	for (int answered = 0; answered < 2; answered++) {
		struct rule_bench *b = bench_open(
			"alert tcp any any -> any any (content:\"KEY\"; sid:1;)\n"
			"alert tcp any any -> any any (content:\"a KEY\"; sid:2;)\n"
			"alert tcp any any -> any any (content:\"KEY\"; depth:3; flow:only_stream; sid:3;)\n");
		bench_handshake(b);
		bench_tcp(b, CLIENT, 0x18, "one KEY a", 9);
		bench_tcp(b, SERVER, 0x10, NULL, 0);
		bench_tcp(b, CLIENT, 0x18, " KEY two", 8);
		if (answered)
			bench_tcp(b, SERVER, 0x10, NULL, 0);
		bench_fin(b);
		expect(b, 1, answered ? 1 : 2);
		expect(b, 2, answered);
		expect(b, 3, 0);
		bench_close(b);
	}
}

// Suricata 7.0.10 on the same conversation: with the FIN the stream's bytes are inspected, and a rule that looks at
// packets is asked of the FIN's payload of no bytes as well.
static void beside_stream_bytes_a_packet_without_payload_is_one_of_no_bytes(void **state)
{
	static const struct {
		const char *options;
		size_t alerts; // of two segments, two acknowledgements and two FINs
	} rows[] = {{"content:!\"abc\";", 0}, {"window:65280; content:!\"abc\";", 2}, {"content:!\"abc\"; depth:9;", 2},
		{"isdataat:!1;", 2}, {"pcre:!\"/abc/\";", 2}, {"flow:no_stream; pcre:\"/^$/\";", 2},
		{"dsize:0; flow:established;", 3}, {"dsize:<5; content:!\"x\";", 3}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char rule[256];
		snprintf(rule, sizeof(rule), "alert tcp any any -> any any (%s sid:1;)\n", rows[i].options);
		struct rule_bench *b = bench_open(rule);
		bench_handshake(b);
		bench_send(b, CLIENT, "abcd");
		bench_send(b, SERVER, "abcdef");
		bench_fin(b);
		if (bench_count(b, 1) != rows[i].alerts)
			fail_msg("%s: %zu alerts, expected %zu", rows[i].options, bench_count(b, 1), rows[i].alerts);
		bench_close(b);
	}
}

// Suricata 7.0.10 on the same packets, without being in their path.
static void a_flow_that_a_rule_drops_or_rejects_is_looked_at_no_further(void **state)
{
	static const struct {
		const char *rule;
		uint32_t tcp, udp; // packets of five and three on which the second rule alerts
	} rows[] = {
		{"alert ip any any -> any any (content:\"KEY\";", 8, 3},
		{"drop ip any any -> any any (content:\"KEY\";", 6, 3}, // in the stream, and in a packet of its own
		{"reject tcp any any -> any any (content:\"KEY\";", 6, 3},
		{"drop tcp-pkt any any -> any any (content:\"KEY\";", 8, 3},
		{"drop ip 192.168.1.5 any -> any any (", 1, 1},
		{"drop ip !192.0.2.1 any -> any any (", 1, 1},
		{"pass ip 192.168.1.5 any -> any any (", 0, 0},
		{"drop ip any any -> any any (content:\"KEY\"; threshold:type threshold,track by_src,count 9,seconds "
		 "9;",
			8, 3},
		{"drop ip 192.168.1.5 any -> any any (threshold:type both,track by_src,count 1,seconds 9;", 1, 1},
		{"reject ip 192.168.1.5 any -> any any (detection_filter:track by_src,count 1,seconds 9;", 8, 1},
		{"drop ip any any -> any any (content:\"KEY\"; threshold:type both,track by_src,count 1,seconds 9;", 6,
			3},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char rules[512];
		snprintf(rules, sizeof(rules), "%s sid:1;)\nalert ip any any -> any any (ttl:>0; sid:2;)\n",
			rows[i].rule);
		struct rule_bench *b = bench_open(rules);
		bench_handshake(b);
		bench_send(b, CLIENT, "KEY");
		bench_fin(b);
		expect(b, 2, rows[i].tcp);
		b->n = 0;
		for (int k = 0; k < 3; k++)
			bench_say(b, CLIENT, "KEY");
		expect(b, 2, rows[i].udp);
		bench_close(b);
	}
}

// Suricata 7.0.10: on three packets of a client and two of its server, and on one that has no flow.
static void what_a_rule_does_to_a_flow_says_whether_it_is_asked_of_each_packet(void **state)
{
	static const struct {
		const char *rule;
		uint32_t with_flow, without;
	} rows[] = {
		{"ip any any -> any any (", 2, 1}, // once a flow and direction
		{"ip any any -> any any (flowbits:set,a;", 2, 1},
		{"ip any any -> any any (flowbits:unset,a;", 5, 1},
		{"ip any any -> any any (flowbits:toggle,a;", 5, 1},
		{"ip any any -> any any (flowbits:isnotset,a;", 5, 0},
		{"ip any any -> any any (flowint:a,+,1;", 5, 1},
		{"ip any any -> any any (flowint:a,notset;", 5, 0},
		{"ip any any -> any any (xbits:set,a,track ip_src;", 2, 1},
		{"ip any any -> any any (hostbits:isnotset,a;", 2, 1},
		{"ip any any -> any any (tag:session;", 2, 1},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char rule[256];
		snprintf(rule, sizeof(rule), "alert %s sid:1;)\n", rows[i].rule);
		struct rule_bench *b = bench_open(rule);
		for (int k = 0; k < 5; k++)
			bench_say(b, k % 2 ? SERVER : CLIENT, "abc");
		expect(b, 1, rows[i].with_flow);
		b->n = 0;
		bench_ip(b, CLIENT, 99, (const uint8_t *)"abc", 3);
		expect(b, 1, rows[i].without);
		bench_close(b);
	}
	static const char *const kinds[] = {"tcp", "tcp-pkt", "tcp-stream"};
	for (size_t i = 0; i < 3; i++) {
		char rule[128];
		snprintf(rule, sizeof(rule), "alert %s any any -> any any (sid:1;)\n", kinds[i]);
		struct rule_bench *b = bench_open(rule);
		bench_handshake(b);
		bench_send(b, CLIENT, "abc");
		expect(b, 1, 2);
		bench_close(b);
	}
}

static void stream_size_knows_a_client_that_was_never_answered(void **state)
{
	struct rule_bench *b = bench_open("alert tcp any any -> any any (stream_size:client,=,1; sid:1;)\n"
					  "alert tcp any any -> any any (stream_size:server,<,1; sid:2;)\n"
					  "alert tcp any any -> any any (stream_size:client,>,1; sid:3;)\n");
	bench_tcp(b, CLIENT, 0x02, NULL, 0);
	bench_tcp(b, CLIENT, 0x10, NULL, 0);
	bench_tcp(b, CLIENT, 0x18, "abc", 3);
	expect(b, 1, 3);
	expect(b, 2, 3);
	expect(b, 3, 0);
	bench_close(b);
}

// Any packet is one that rules for pkthdr see; their payload tests look at streams as those of ip do.
static void a_server_that_has_said_nothing_has_sent_nothing(void **state)
{
	struct rule_bench *b = bench_open("alert tcp any any -> any any (flow.pkts_toclient:>0; sid:1;)\n"
					  "alert tcp any any -> any any (flow.bytes_toclient:>0; sid:2;)\n"
					  "alert tcp any any -> any any (flow.pkts:either,>2; sid:3;)\n");

	bench_tcp(b, CLIENT, 0x02, NULL, 0);
	bench_tcp(b, CLIENT, 0x02, NULL, 0);
	for (uint32_t sid = 1; sid <= 3; sid++)
		expect(b, sid, 0);
	bench_tcp(b, SERVER, 0x12, NULL, 0);
	expect(b, 1, 1);
	expect(b, 2, 1);
	bench_close(b);
}

static void pkthdr_is_asked_like_ip(void **state)
{
	struct rule_bench *b = bench_open("alert pkthdr any any -> any any (content:\"abcdef\"; sid:1;)\n"
					  "alert pkthdr any any -> any any (sid:2;)\n");
	bench_handshake(b);
	bench_send(b, CLIENT, "abc");
	bench_send(b, CLIENT, "def");
	bench_fin(b);
	expect(b, 1, 1);
	expect(b, 2, 2); // once a flow and direction
	bench_close(b);
}

// The twelve bytes of times in an ICMP timestamp message are header.
static void icmp_times_are_header(void **state)
{
	struct rule_bench *b = bench_open("alert icmp any any -> any any (dsize:2; sid:1;)\n"
					  "alert icmp any any -> any any (icmpv4.hdr; bsize:20; sid:2;)\n");
	bench_ip(b, CLIENT, 1, (const uint8_t *)"\x0d\0\0\0\0\1\0\2\0\0\0\0\0\0\0\0\0\0\0\0ab", 22);
	expect(b, 1, 1);
	expect(b, 2, 1);
	bench_close(b);
}

struct flag_row {
	const char *flags, *yes, *no; // packets by the letters of their flags, separated by spaces
};

static const struct flag_row flag_rows[] = {
	{"S", "S", "SA SE F -"},
	{"SA", "SA", "S A SAE"},
	{"0", "-", "A S"},
	{"!0", "A S", "-"},
	{"+SA", "SA SAP", "S A"},
	{"A+", "A PA FA", "S R"},
	{"*A", "A SA RA", "S F"},
	{"*SA", "S SA SF", "A PA FA RA"}, // S is asked for
	{"*AF", "SA FA RA F SF", "A PA"}, // one of F, S, R is there
	{"!S", "FA R F", "SA S SF A PA -"},
	{"!SA", "S FA R RA SF", "SA A -"},
	{"!A", "S R F -", "A SA"},
	{"*PU", "U UA", "PA A"}, // one of U, E, C is there
	{"!U", "AE SE", "A S U UA"},
	{"S,CE", "S SE SEC", "SA"},
	{"S,12", "S SE SEC", "SA"},
};

static uint8_t flags_of(const char *word)
{
	uint8_t flags = 0;
	for (; *word && *word != ' '; word++)
		if (*word != '-')
			flags |= (uint8_t)(1u << (strchr("FSRPAUEC", *word) - "FSRPAUEC"));
	return flags;
}

static void run_flags(const char *rule, const char *packets, size_t want)
{
	for (const char *word = packets; word; word = strchr(word, ' ') ? strchr(word, ' ') + 1 : NULL) {
		struct rule_bench *b = bench_open(rule);
		bench_tcp(b, CLIENT, flags_of(word), NULL, 0);
		if (bench_count(b, 1) != want)
			fail_msg("%s: %zu alerts on \"%s\"", rule, bench_count(b, 1), word);
		bench_close(b);
	}
}

static void tcp_flags_match_the_packets_suricata_matches(void **state)
{
	for (size_t i = 0; i < sizeof(flag_rows) / sizeof(*flag_rows); i++) {
		char rule[128];
		snprintf(rule, sizeof(rule), "alert tcp any any -> any any (flags:%s; sid:1;)\n", flag_rows[i].flags);
		run_flags(rule, flag_rows[i].yes, 1);
		run_flags(rule, flag_rows[i].no, 0);
	}
}

struct bits_row {
	const char *fragbits;
	unsigned yes; // bit n: flags n << 13 match, of R 4, D 2, M 1
};

static void fragment_bits_match_the_packets_suricata_matches(void **state)
{
	static const struct bits_row bits[] = {
		{"D", 0x04}, {"+D", 0xc8}, {"*DM", 0xee}, {"!D", 0x33}, {"!DM", 0x77}, {"D+", 0x04}};
	for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++)
		for (unsigned flags = 0; flags < 8; flags += 2) { // without M: a fragment has more to it
			char rule[128];
			snprintf(rule, sizeof(rule), "alert ip any any -> any any (fragbits:%s; sid:1;)\n",
				bits[i].fragbits);
			struct rule_bench *b = bench_open(rule);
			b->ip_flags = (uint8_t)(flags << 5);
			bench_ip(b, CLIENT, 99, (const uint8_t *)"abc", 3);
			if (bench_count(b, 1) != (bits[i].yes >> flags & 1))
				fail_msg("fragbits:%s on %u: %zu alerts", bits[i].fragbits, flags, bench_count(b, 1));
			bench_close(b);
		}
}

// A side's SYN counts, so an open session without data has used one number on each side.
static void stream_size_counts_sequence_numbers(void **state)
{
	struct rule_bench *b = bench_open("alert tcp any any -> any any (stream_size:client,=,1; sid:1;)\n"
					  "alert tcp any any -> any any (stream_size:server,=,0; sid:2;)\n"
					  "alert tcp any any -> any any (stream_size:client,=,6; sid:3;)\n"
					  "alert tcp any any -> any any (stream_size:both,>,5; sid:4;)\n");
	bench_handshake(b);
	bench_send(b, CLIENT, "12345");
	expect(b, 1, 3); // SYN, SYN/ACK, ACK
	expect(b, 2, 1); // SYN
	expect(b, 3, 2); // data and what acknowledges it
	expect(b, 4, 0);
	bench_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_protocol_that_is_not_decoded_has_no_payload_and_no_ports),
		cmocka_unit_test(a_broken_transport_header_leaves_the_ip_header_to_rules),
		cmocka_unit_test(a_segment_with_unreadable_options_is_inspected),
		cmocka_unit_test(a_direction_needs_no_flow_but_a_state_does),
		cmocka_unit_test(only_stream_without_a_payload_test_never_matches),
		cmocka_unit_test(a_client_that_closes_first_has_its_last_bytes_looked_at_apart),
		cmocka_unit_test(beside_stream_bytes_a_packet_without_payload_is_one_of_no_bytes),
		cmocka_unit_test(a_flow_that_a_rule_drops_or_rejects_is_looked_at_no_further),
		cmocka_unit_test(what_a_rule_does_to_a_flow_says_whether_it_is_asked_of_each_packet),
		cmocka_unit_test(stream_size_knows_a_client_that_was_never_answered),
		cmocka_unit_test(a_server_that_has_said_nothing_has_sent_nothing),
		cmocka_unit_test(pkthdr_is_asked_like_ip),
		cmocka_unit_test(icmp_times_are_header),
		cmocka_unit_test(fragment_bits_match_the_packets_suricata_matches),
		cmocka_unit_test(stream_size_counts_sequence_numbers),
		cmocka_unit_test(tcp_flags_match_the_packets_suricata_matches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
