// Rules on frames, of the parsers of MQTT, RFB and SMB: once a frame, in pieces where a frame goes on.
#include "rule_bench.h"

static struct rule_bench *open_rules(uint16_t port, const char *rules)
{
	struct rule_bench *b = bench_open_with(rules, &(struct ruleset_config){.parsers = parser_table});
	b->dport = port;
	bench_handshake(b);
	return b;
}

static void expect(const struct rule_bench *b, uint32_t sid, size_t n)
{
	if (bench_count(b, sid) != n)
		fail_msg("sid %u: %zu alerts, expected %zu", sid, bench_count(b, sid), n);
}

static void send_bytes(struct rule_bench *b, int from, const void *bytes, size_t len)
{
	bench_tcp(b, from, 0x18, bytes, len);
	bench_tcp(b, !from, 0x10, NULL, 0);
}

#define SEND(b, from, text) send_bytes(b, from, text, sizeof(text) - 1)
#define CONNECT "\x10\x0f\0\4MQTT\4\2\0\x3c\0\3cid"
#define PUBLISH "\x30\x08\0\2toPAY!"

static void a_rule_speaks_once_a_frame(void **state)
{
	struct rule_bench *b = open_rules(1883,
		"alert mqtt any any -> any any (frame:pdu; content:\"PAY\"; sid:1;)\n"
		"alert mqtt any any -> any any (frame:mqtt.pdu; content:\"|30 08|\"; startswith; bsize:10; sid:2;)\n"
		"alert tcp any any -> any any (frame:mqtt.header; content:\"|30|\"; bsize:2; sid:3;)\n"
		"alert mqtt any any -> any any (frame:header; content:\"PAY\"; sid:4;)\n"
		"alert mqtt any any -> any any (frame:data; content:\"PAY!\"; endswith; sid:5;)\n"
		"alert mqtt any any -> any any (frame:pdu; content:\"PAY?\"; sid:6;)\n"
		"alert mqtt any any -> any any (flow:to_client; frame:pdu; content:\"PAY\"; sid:7;)\n"
		"alert mqtt any any -> any any (frame:pdu; content:!\"PAY\"; sid:8;)\n"
		"alert rfb any any -> any any (frame:pdu; content:\"PAY\"; sid:9;)\n"
		"alert mqtt any any -> any 1884 (frame:pdu; content:\"PAY\"; sid:10;)\n");
	SEND(b, CLIENT, CONNECT);
	SEND(b, SERVER, "\x20\2\0\0");
	SEND(b, CLIENT, PUBLISH PUBLISH);
	expect(b, 1, 2);
	expect(b, 2, 2);
	expect(b, 3, 2);
	expect(b, 4, 0);
	expect(b, 5, 2);
	expect(b, 6, 0);
	expect(b, 7, 0);
	expect(b, 8, 2); // CONNECT and CONNACK
	expect(b, 9, 0);
	expect(b, 10, 0);
	bench_close(b);
}

static void a_frame_over_segments_is_one_frame(void **state)
{
	struct rule_bench *b =
		open_rules(1883, "alert mqtt any any -> any any (frame:pdu; content:\"PAY!\"; bsize:10; sid:1;)\n"
				 "alert mqtt any any -> any any (frame:data; bsize:<8; sid:2;)\n");
	SEND(b, CLIENT, CONNECT);
	SEND(b, SERVER, "\x20\2\0\0");
	SEND(b, CLIENT, "\x30");
	SEND(b, CLIENT, "\x08\0\2toPA");
	expect(b, 1, 0);
	SEND(b, CLIENT, "Y!");
	expect(b, 1, 1);
	expect(b, 2, 1); // CONNACK's
	bench_close(b);
}

// What a rule on frames sets is seen by rules on the packet's transactions, and all speak on the packet.
static void frames_transactions_and_packets_share_a_packet(void **state)
{
	struct rule_bench *b = open_rules(1883,
		"alert mqtt any any -> any any (frame:pdu; content:\"PAY\"; flowbits:set,seen; sid:1;)\n"
		"alert mqtt any any -> any any (mqtt.publish.message; content:\"PAY\"; flowbits:isset,seen; sid:2;)\n"
		"alert tcp any any -> any any (content:\"PAY!\"; depth:4; offset:6; sid:3;)\n");
	SEND(b, CLIENT, CONNECT);
	SEND(b, CLIENT, PUBLISH);
	expect(b, 1, 1);
	expect(b, 2, 1);
	expect(b, 3, 1);
	assert_int_equal(b->seqs[0], b->seqs[1]);
	assert_int_equal(b->seqs[0], b->seqs[2]);
	bench_close(b);
}

// RFB's first messages are frames without a transaction that is over.
static void a_frame_needs_no_whole_transaction(void **state)
{
	struct rule_bench *b =
		open_rules(5900, "alert rfb any any -> any any (frame:pdu; content:\"008|0a|\"; endswith; sid:1;)\n"
				 "alert tcp any any -> any any (frame:rfb.stream; content:\"008|0a 01|\"; sid:2;)\n");
	SEND(b, SERVER, "RFB 003.008\n");
	expect(b, 1, 1);
	SEND(b, CLIENT, "RFB 003.008\n");
	expect(b, 1, 2);
	SEND(b, SERVER, "\1\2");
	expect(b, 2, 0);
	bench_fin(b);
	expect(b, 2, 1);
	bench_close(b);
}

#define SMB2_WRITE_LEN 70000u

// A write too long to be waited for: its frames come in pieces of FRAME_PIECE bytes or more.
static void a_long_frame_comes_in_pieces(void **state)
{
	static uint8_t write[4 + SMB2_WRITE_LEN];
	struct rule_bench *b = open_rules(445,
		"alert smb any any -> any any (frame:smb2.pdu; content:\"|fe|SMB\"; startswith; sid:1;)\n"
		"alert smb any any -> any any (frame:smb2.hdr; bsize:64; sid:2;)\n"
		"alert smb any any -> any any (frame:smb2.data; content:\"needle\"; sid:3;)\n"
		"alert smb any any -> any any (frame:smb2.data; content:\"end\"; endswith; bsize:69936; sid:4;)\n"
		"alert smb any any -> any any (frame:nbss.data; content:\"end\"; endswith; bsize:70000; sid:5;)\n"
		"alert smb any any -> any any (frame:nbss.hdr; content:\"|00 01 11 70|\"; sid:6;)\n"
		"alert smb any any -> any any (frame:smb2.pdu; content:!\"|fe|SMB\"; startswith; sid:7;)\n"
		"alert smb any any -> any any (frame:smb1.pdu; content:\"needle\"; sid:8;)\n");
	memcpy(write, "\0\1\x11\x70\xfeSMB\x40\0", 10);
	write[4 + 12] = 9;
	memcpy(write + 4 + 64, "\x31\0\x70\0", 4);
	memcpy(write + 4 + 68, "\0\x11\1\0", 4); // 69,888 bytes
	memcpy(write + 50100, "needle", 6);
	memcpy(write + sizeof(write) - 3, "end", 3);
	for (size_t at = 0; at < sizeof(write); at += 1000)
		send_bytes(b, CLIENT, write + at, sizeof(write) - at < 1000 ? sizeof(write) - at : 1000);
	for (uint32_t sid = 1; sid <= 6; sid++)
		expect(b, sid, 1);
	expect(b, 7, 0); // where it would stand lies in the first piece
	expect(b, 8, 0);
	bench_close(b);
}

// RFC 8446: a hello in two records, then records nobody can read; SSL 2 is not looked for behind a hello.
static void tls_records_are_frames_to_the_end(void **state)
{
	struct rule_bench *b = open_rules(443,
		"alert tls any any -> any any (frame:tls.hdr; content:\"|17 03 03|\"; startswith; sid:1;)\n"
		"alert tls any any -> any any (frame:tls.pdu; content:\"secret\"; bsize:11; sid:2;)\n"
		"alert tls any any -> any any (frame:tls.data; content:\"secret\"; bsize:6; sid:3;)\n"
		"alert tls any any -> any any (frame:tls.alert; content:\"|02 28|\"; bsize:2; sid:4;)\n"
		"alert tls any any -> any any (frame:tls.heartbeat; bsize:>0; sid:5;)\n"
		"alert tls any any -> any any (frame:tls.ssl2.hdr; bsize:>0; sid:6;)\n");
	SEND(b, CLIENT, "\x16\3\1\0\4\1\0\1\0");
	SEND(b, CLIENT, "\x14\3\3\0\1\1\x17\3\3\0\6sec");
	SEND(b, CLIENT, "ret\x17\3\3\0\6secret");
	SEND(b, SERVER, "\x15\3\3\0\2\2\x28");
	expect(b, 1, 2);
	expect(b, 2, 2);
	expect(b, 3, 2);
	expect(b, 4, 1);
	expect(b, 5, 0);
	expect(b, 6, 0);
	bench_close(b);
}

// Where a message ends is known only there.
static void http_messages_are_frames_from_line_to_body(void **state)
{
	struct rule_bench *b = open_rules(80,
		"alert http1 any any -> any any (frame:request; content:\"POST\"; startswith; content:\"body\"; "
		"endswith; bsize:45; sid:1;)\n"
		"alert http any any -> any any (frame:http1.request; content:\"GET\"; bsize:19; sid:2;)\n"
		"alert http1 any any -> any any (frame:response; content:\"HTTP/1.1\"; startswith; "
		"content:\"to the end\"; endswith; sid:3;)\n"
		"alert http1 any any -> any any (frame:response; content:\"POST\"; sid:4;)\n"
		"alert http1 any any -> any any (frame:request; content:\"GET\"; content:\"POST\"; sid:5;)\n");
	bench_send(b, CLIENT, "GET /a HTTP/1.1\r\n");
	bench_send(b, CLIENT,
		"\r\n"
		"POST /b HTTP/1.1\r\nContent-Length: 6\r\n\r\n");
	expect(b, 2, 1);
	expect(b, 1, 0);
	bench_send(b, CLIENT, "a body");
	expect(b, 1, 1);
	bench_send(b, SERVER, "HTTP/1.1 200 OK\r\n\r\nup ");
	bench_send(b, SERVER, "to the end");
	expect(b, 3, 0);
	bench_fin(b);
	expect(b, 3, 1);
	expect(b, 4, 0);
	expect(b, 5, 0);
	bench_close(b);
}

static void a_datagram_has_frames(void **state)
{
	struct rule_bench *b = bench_open_with(
		"alert sip any any -> any any (frame:pdu; content:\"BYE\"; startswith; sid:1;)\n"
		"alert udp any any -> any any (frame:sip.request.line; content:\"SIP/2.0|0d 0a|\"; endswith; sid:2;)\n"
		"alert sip any any -> any any (frame:request.headers; content:\"X: y|0d 0a|\"; bsize:6; sid:3;)\n"
		"alert sip any any -> any any (frame:request.body; content:\"hi\"; bsize:2; sid:4;)\n"
		"alert sip any any -> any any (frame:response.line; content:\"BYE\"; sid:5;)\n"
		"alert dns any any -> any any (frame:pdu; content:\"|01|a|00|\"; bsize:19; sid:6;)\n"
		"alert dns any any -> any any (flow:to_client; frame:pdu; content:\"|01|a|00|\"; sid:7;)\n",
		&(struct ruleset_config){.parsers = parser_table});
	b->dport = 5060;
	bench_say(b, CLIENT, "BYE sip:b@c SIP/2.0\r\nX: y\r\n\r\nhi");
	for (uint32_t sid = 1; sid <= 4; sid++)
		expect(b, sid, 1);
	bench_say(b, CLIENT, "BYE nobody");
	expect(b, 1, 2);
	expect(b, 2, 1);
	b->dport = 53;
	bench_udp(b, CLIENT, "\0\7\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1", 19);
	expect(b, 5, 0);
	expect(b, 6, 1);
	expect(b, 7, 0);
	bench_close(b);
}

// Which rules are read at all.
static void frames_are_named_as_in_suricata(void **state)
{
	static const struct {
		const char *head, *options;
		enum rule_verdict verdict;
	} rows[] = {
		{"smb", "frame:nbss.hdr; content:\"a\";", RULE_LOADED},
		{"smb", "frame:smb.nbss.hdr; content:\"a\";", RULE_LOADED},
		{"tcp", "frame:smb.nbss.hdr; content:\"a\";", RULE_LOADED},
		{"ip", "frame:smb.stream; content:\"a\";", RULE_LOADED},
		{"smb", "frame:nbss.pdu; to_lowercase; content:\"a\";", RULE_LOADED},
		{"smb", "frame:nbss.pdu; content:\"a\"; frame:smb1.pdu; content:\"b\";", RULE_LOADED},
		{"nfs", "frame:rpc.hdr; content:\"a\";", RULE_WAITING},
		{"tcp", "frame:nbss.hdr; content:\"a\";", RULE_REJECTED},     // of which protocol
		{"tls", "frame:smb.nbss.hdr; content:\"a\";", RULE_REJECTED}, // of another one
		{"smb", "frame:nbss.head; content:\"a\";", RULE_REJECTED},
		{"smb", "frame:smb.; content:\"a\";", RULE_REJECTED},
		{"smb", "frame:; content:\"a\";", RULE_REJECTED},
		{"tcp", "frame:nosuch.pdu; content:\"a\";", RULE_REJECTED},
		{"icmp", "frame:dns.stream; content:\"a\";", RULE_REJECTED},
		{"udp", "frame:smb.nbss.hdr; content:\"a\";", RULE_REJECTED}, // is not over it
		{"udp", "frame:dns.stream; content:\"a\";", RULE_REJECTED},
		{"smb", "frame:nbss.hdr;", RULE_REJECTED},
		{"smb", "content:\"b\"; frame:nbss.hdr; content:\"a\";", RULE_REJECTED},
		{"smb", "smb.share; content:\"b\"; frame:nbss.hdr; content:\"a\";", RULE_REJECTED},
		{"smb", "frame:nbss.hdr; content:\"a\"; dsize:5;", RULE_REJECTED},
		{"tcp-pkt", "frame:smb.nbss.hdr; content:\"a\";", RULE_REJECTED},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char rule[256];
		struct rule_report report;
		snprintf(
			rule, sizeof(rule), "alert %s any any -> any any (%s sid:1;)\n", rows[i].head, rows[i].options);
		struct ruleset *rs = bench_load(rule, &(struct ruleset_config){.parsers = parser_table}, &report);
		enum rule_verdict got = report.rejected ? RULE_REJECTED : report.waiting ? RULE_WAITING : RULE_LOADED;
		if (got != rows[i].verdict)
			fail_msg("%s: verdict %d, expected %d", rule, got, rows[i].verdict);
		ruleset_free(rs);
		rule_report_free(&report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_speaks_once_a_frame),
		cmocka_unit_test(a_frame_over_segments_is_one_frame),
		cmocka_unit_test(frames_transactions_and_packets_share_a_packet),
		cmocka_unit_test(a_frame_needs_no_whole_transaction),
		cmocka_unit_test(a_long_frame_comes_in_pieces),
		cmocka_unit_test(tls_records_are_frames_to_the_end),
		cmocka_unit_test(http_messages_are_frames_from_line_to_body),
		cmocka_unit_test(a_datagram_has_frames),
		cmocka_unit_test(frames_are_named_as_in_suricata),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
