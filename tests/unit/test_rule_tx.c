// Rules on transactions, of a small protocol of text lines (tx_lab.h).
#include "tx_lab.h"

static void expect(const struct rule_bench *b, uint32_t sid, size_t n)
{
	if (bench_count(b, sid) != n)
		fail_msg("sid %u: %zu alerts, expected %zu", sid, bench_count(b, sid), n);
}

static void a_rule_speaks_once_a_transaction(void **state)
{
	struct rule_bench *b =
		tx_open("alert http any any -> any any (http.uri; content:\"/a\"; sid:1;)\n"
			"alert http any any -> any any (flow:to_client; http.uri; content:\"/a\"; sid:2;)\n"
			"alert tcp any any -> any any (http.uri; content:\"/a\"; sid:3;)\n"
			"alert udp any any -> any any (http.uri; content:\"/a\"; sid:4;)\n"
			"alert http any any -> any any (http.stat_code; content:\"200\"; sid:5;)\n"
			"alert http any any -> any any (http.uri; content:\"/zz\"; sid:6;)\n"
			"alert tcp any any -> any any (content:\"/a\"; http_uri; sid:7;)\n");
	bench_send(b, CLIENT, "Q /a;x;\nE\n");
	bench_send(b, SERVER, "R 200\nE\n");
	bench_send(b, CLIENT, "Q /a;x;\nE\nQ /b;x;\nE\n");
	bench_send(b, SERVER, "R 404\nE\nR 200\nE\n");
	expect(b, 1, 2);
	expect(b, 2, 0);
	expect(b, 3, 2);
	expect(b, 4, 0);
	expect(b, 5, 2);
	expect(b, 6, 0);
	expect(b, 7, 2);
	for (size_t i = 0; i < b->n; i++)
		assert_true(b->txs[i] <= 2);
	bench_close(b);
}

static void a_rule_waits_for_what_comes_later(void **state)
{
	struct rule_bench *b = tx_open("alert http any any -> any any (http.uri; content:\"/a\"; http.request_body; "
				       "content:\"evil\"; sid:1;)\n"
				       "alert http any any -> any any (http.request_body; content:\"evil\"; http.uri; "
				       "content:!\"/a\"; sid:2;)\n"
				       "alert http any any -> any any (http.uri; content:\"/a\"; sid:3;)\n");
	bench_send(b, CLIENT, "Q /a;x;\n");
	expect(b, 1, 0);
	expect(b, 3, 1);
	bench_send(b, CLIENT, "B ev\n");
	bench_send(b, CLIENT, "B il\n");
	expect(b, 1, 0); // a short body is looked at whole
	bench_send(b, CLIENT, "E\n");
	expect(b, 1, 1);
	expect(b, 2, 0);
	expect(b, 3, 1);
	bench_close(b);
}

static void the_end_of_a_flow_completes_its_transactions(void **state)
{
	struct rule_bench *b = tx_open("alert http any any -> any any (http.request_body; content:\"evil\"; sid:1;)\n");
	bench_send(b, CLIENT, "Q /a;x;\nB evil\n");
	expect(b, 1, 0);
	bench_flush(b);
	expect(b, 1, 1);
	bench_close(b);
}

static void a_long_body_is_looked_at_as_it_grows(void **state)
{
	static char line[1003] = "B ";
	struct rule_bench *b =
		tx_open("alert http any any -> any any (http.request_body; content:\"needle\"; sid:1;)\n"
			"alert http any any -> any any (http.request_body; content:\"straw\"; sid:2;)\n");
	memset(line + 2, '.', 1000);
	line[1002] = 0;
	bench_send(b, CLIENT, "Q /a;x;\n");
	bench_send(b, CLIENT, "B straw\n");
	expect(b, 2, 0);
	for (int i = 0; i < 40; i++) {
		bench_tcp(b, CLIENT, 0x18, line, 1002);
		bench_send(b, CLIENT, "\n");
	}
	expect(b, 2, 1); // 32 kB were there
	bench_send(b, CLIENT, "B nee\nB dle\n");
	expect(b, 1, 1); // in a window over both
	bench_send(b, CLIENT, "E\n");
	expect(b, 1, 1);
	expect(b, 2, 1);
	bench_close(b);
}

static void each_value_is_tried_on_its_own(void **state)
{
	struct rule_bench *b =
		tx_open("alert http any any -> any any (dns.query; content:\"one\"; content:\"two\"; sid:1;)\n"
			"alert http any any -> any any (dns.query; content:\"two\"; bsize:3; sid:2;)\n"
			"alert http any any -> any any (dns.query; content:!\"one\"; sid:3;)\n"
			"alert http any any -> any any (dns.query; dotprefix; content:\".two\"; sid:4;)\n"
			"alert http any any -> any any (dns.query; dotprefix; content:\".wo\"; sid:5;)\n");
	bench_send(b, CLIENT, "Q /a;x;one,two\nE\n");
	expect(b, 1, 0);
	expect(b, 2, 1);
	expect(b, 3, 1);
	expect(b, 4, 1);
	expect(b, 5, 0);
	bench_send(b, CLIENT, "Q /a;x;one\nE\n");
	expect(b, 3, 1);
	bench_close(b);
}

static void raw_bytes_and_buffers_are_asked_together(void **state)
{
	struct rule_bench *b =
		tx_open("alert http any any -> any any (content:\"Q /\"; http.uri; content:\"/a\"; sid:1;)\n"
			"alert http any any -> any any (content:\"nothing\"; http.uri; content:\"/a\"; sid:2;)\n"
			"alert http any any -> any any (content:\"agent\"; http.uri; bsize:2; sid:3;)\n");
	bench_send(b, CLIENT, "Q /a;agent;\nE\n");
	expect(b, 1, 1);
	expect(b, 2, 0);
	expect(b, 3, 1);
	bench_send(b, CLIENT, "Q /a;none;\nE\n");
	expect(b, 1, 2);
	expect(b, 3, 1); // what held for the transaction before is gone with it
	bench_close(b);
}

// A modifier behind a content takes it out of the payload, and with it what is relative to it.
static void what_is_relative_goes_with_its_content(void **state)
{
	struct rule_bench *b = tx_open(
		"alert http any any -> any any (content:\"arg\"; http_uri; base64_decode:bytes 16, offset 1, "
		"relative; base64_data; content:\"thisisatest\"; sid:1;)\n"
		"alert http any any -> any any (content:\"arg\"; http_uri; base64_decode:offset 5; base64_data; "
		"content:\"thisisatest\"; sid:2;)\n"
		"alert http any any -> any any (content:\"arg\"; http_uri; isdataat:!18,relative; sid:3;)\n"
		"alert http any any -> any any (content:\"arg\"; http_uri; isdataat:18,relative; sid:4;)\n"
		"alert http any any -> any any (content:\"arg\"; http_uri; isdataat:30; sid:5;)\n"
		"alert http any any -> any any (content:\"arg\"; http_uri; byte_test:1,=,0x3d,0,relative; sid:6;)\n"
		"alert http any any -> any any (content:\"arg\"; http_uri; byte_test:1,=,0x51,0; sid:7;)\n"
		"alert http any any -> any any (http.uri; content:\"arg\"; pkt_data; isdataat:!18,relative; "
		"sid:8;)\n");
	bench_send(b, CLIENT, "Q /arg=dGhpc2lzYXRlc3QK;some longer agent;\nE\n");
	for (uint32_t sid = 1; sid <= 8; sid++)
		expect(b, sid, sid != 4);
	bench_close(b);
}

// Stream bytes that two transactions share hold for both.
static void raw_bytes_hold_for_all_that_ends_in_a_packet(void **state)
{
	struct rule_bench *b =
		tx_open("alert tcp any any -> any any (pcre:\"/^q/i\"; pcre:\"/^.two/U\"; pcre:\"/two/\"; sid:1;)\n"
			"alert tcp any any -> any any (content:\"one\"; content:\"/t\"; http_uri; sid:2;)\n");
	bench_send(b, CLIENT, "Q /one;x;\nE\nQ /two;x;\nE\n");
	expect(b, 1, 1);
	expect(b, 2, 1);
	bench_send(b, CLIENT, "Q /three;x;\nE\n");
	expect(b, 2, 1);
	bench_close(b);
}

static void raw_bytes_of_datagrams_too(void **state)
{
	struct ruleset_config cfg = {.parsers = lab_parsers};
	struct rule_bench *b =
		bench_open_with("alert http any any -> any any (content:\"Q /\"; http.uri; content:\"/a\"; sid:1;)\n"
				"alert http any any -> any any (content:\"Q /\"; http.uri; bsize:2; sid:2;)\n"
				"alert http any any -> any any (content:\"Q /\"; sid:3;)\n"
				"alert tls any any -> any any (content:\"Q /\"; sid:4;)\n",
			&cfg);
	bench_say(b, CLIENT, "Q /a;agent;\nE\n");
	for (uint32_t sid = 1; sid <= 3; sid++)
		expect(b, sid, 1);
	bench_close(b);
}

static void a_protocol_gates_raw_rules_on_any_port(void **state)
{
	struct rule_bench *b =
		tx_open("alert http any any -> any any (content:\"/a\"; sid:1;)\n"
			"alert http1 any any -> any 80 (content:\"/a\"; sid:2;)\n"
			"alert http any any -> any any (flow:established; sid:3;)\n"
			"alert tcp any any -> any any (content:\"/a\"; app-layer-protocol:http; sid:4;)\n"
			"alert tcp any any -> any any (content:\"/a\"; app-layer-protocol:!http; sid:5;)\n");
	bench_send(b, CLIENT, "Q /a;x;\nE\n"); // data, acknowledgement
	expect(b, 3, 1);                       // the packet that decided it is not among them
	bench_tcp(b, CLIENT, 0x10, NULL, 0);
	expect(b, 1, 1);
	expect(b, 2, 0);
	expect(b, 4, 1);
	expect(b, 5, 0);
	bench_close(b);
}

// What Suricata 7.0.10 does of such a conversation (tests/corpora/stream_alerts.py).
static void raw_bytes_of_a_request_are_asked_behind_its_acknowledgement(void **state)
{
	struct rule_bench *b =
		tx_open("alert http any any -> any any (flow:to_server; content:\"/a\"; sid:1;)\n"
			"alert tcp any any -> any any (flow:to_server; content:\"/a\"; depth:20; sid:2;)\n"
			"alert http any any -> any any (http.uri; content:\"/a\"; sid:3;)\n");
	bench_tcp(b, CLIENT, 0x18, "Q /a;x;\nE\n", 10);
	expect(b, 1, 0);
	expect(b, 2, 1); // the packet
	expect(b, 3, 1);
	bench_tcp(b, SERVER, 0x10, NULL, 0);
	expect(b, 1, 0);
	bench_tcp(b, CLIENT, 0x10, NULL, 0);
	expect(b, 1, 1);
	expect(b, 2, 2); // and the stream
	expect(b, 3, 1);
	bench_fin(b);
	expect(b, 1, 1);
	expect(b, 2, 2);
	bench_close(b);
}

static void another_protocol_is_no_match(void **state)
{
	struct rule_bench *b =
		tx_open("alert http any any -> any any (content:\"/a\"; sid:1;)\n"
			"alert tcp any any -> any any (content:\"/a\"; sid:2;)\n"
			"alert tcp any any -> any any (content:\"/a\"; app-layer-protocol:failed; sid:3;)\n");
	bench_send(b, CLIENT, "nothing known /a here\n");
	bench_send(b, SERVER, "nor /b here\n");
	bench_fin(b);
	expect(b, 1, 0);
	expect(b, 2, 1);
	bench_close(b);
}

static void numbers_and_events(void **state)
{
	struct rule_bench *b =
		tx_open("alert http any any -> any any (dns.opcode:2; sid:1;)\n"
			"alert http any any -> any any (dns.opcode:!2; sid:2;)\n"
			"alert http any any -> any any (app-layer-event:http1.odd; flow:to_server; sid:3;)\n"
			"alert http any any -> any any (app-layer-event:http1.first; sid:4;)\n"
			"alert tcp any any -> any any (app-layer-event:http1.odd; flow:to_server; sid:5;)\n"
			"alert tcp any any -> any any (app-layer-event:http1.first; sid:6;)\n");
	bench_send(b, CLIENT, "Q /a;x;\n!\nE\n");
	bench_send(b, CLIENT, "Q /abc;x;\nE\n");
	expect(b, 1, 1);
	expect(b, 2, 1);
	expect(b, 3, 1);
	expect(b, 4, 0);
	expect(b, 5, 1);
	expect(b, 6, 0); // no rule on addresses alone
	bench_close(b);
}

// A request is looked at with what its client has caused by its next packet.
static void an_event_of_the_answer_is_one_of_the_request_until_its_side_goes_on(void **state)
{
	struct rule_bench *b =
		tx_open("alert http any any -> any any (flow:to_server; app-layer-event:http1.odd; sid:1;)\n"
			"alert http any any -> any any (flow:to_client; app-layer-event:http1.odd; sid:2;)\n"
			"alert http any any -> any any (flow:to_server; http.uri; content:\"/b\"; "
			"app-layer-event:http1.odd; sid:3;)\n"
			"alert http any any -> any any (app-layer-event:http1.odd; sid:4;)\n");
	bench_send(b, CLIENT, "Q /a;x;\nE\n");
	bench_send(b, SERVER, "R 200\n!\n"); // acknowledged
	expect(b, 1, 1);
	expect(b, 2, 1);
	expect(b, 3, 0);
	expect(b, 4, 2);
	bench_send(b, SERVER, "E\n");
	bench_send(b, CLIENT, "Q /b;x;\nE\n");
	bench_send(b, SERVER, "R 200\n");
	bench_send(b, SERVER, "!\nE\n");
	expect(b, 1, 1);
	expect(b, 2, 2);
	bench_send(b, CLIENT, "Q /b;x;\nE\n");
	bench_send(b, SERVER, "R 200\n!\nE\n");
	expect(b, 3, 1);
	expect(b, 1, 2);
	expect(b, 4, 5);
	bench_close(b);
}

// As Suricata 7.0.10 on the same packets, where the SYN asks for TCP Fast Open.
static void data_of_a_syn_is_looked_at_behind_the_servers_next_packet(void **state)
{
	struct ruleset_config cfg = {.parsers = lab_parsers};
	struct rule_bench *b =
		bench_open_with("alert tcp any any -> any any (flow:to_server,established; dsize:0; sid:1;)\n"
				"alert tcp any any -> any any (flow:to_server,established; content:\"Q /\"; sid:2;)\n"
				"alert http any any -> any any (http.uri; content:\"/a\"; sid:3;)\n",
			&cfg);
	bench_tcp(b, CLIENT, 0x02, "Q /a;x;\nE\n", 10);
	bench_tcp(b, SERVER, 0x12, NULL, 0);
	bench_tcp(b, CLIENT, 0x10, NULL, 0);
	expect(b, 1, 1);
	expect(b, 2, 0);
	expect(b, 3, 1);
	bench_tcp(b, CLIENT, 0x10, NULL, 0);
	expect(b, 1, 2);
	bench_tcp(b, SERVER, 0x18, "R 200\nE\n", 8);
	expect(b, 2, 0);
	bench_tcp(b, CLIENT, 0x10, NULL, 0);
	expect(b, 1, 2); // beside bytes of the stream a packet is not empty
	expect(b, 2, 1);
	bench_close(b);
}

// As Suricata 7.0.10 on the same packets: it reads bytes once they are acknowledged.
static void what_the_server_has_caused_is_put_to_the_client_that_acknowledges_it(void **state)
{
	static const char goes_on[] = "R 200\n!\n", over[] = "R 200\n!\nE\n", stops[] = "R 200\n!\nE\nR 200\n";
	static const struct {
		const char *answer;
		int from;
		uint8_t flags; // of the last packet, 0: none
		uint32_t client;
	} rows[] = {{goes_on, 0, 0, 0}, {over, 0, 0, 0}, {stops, 0, 0, 0}, {goes_on, CLIENT, 0x10, 1},
		{over, CLIENT, 0x10, 1}, {stops, CLIENT, 0x10, 1}, {stops, CLIENT, 0x11, 1}, {stops, CLIENT, 0x14, 0},
		{stops, CLIENT, 0x04, 0}, {stops, SERVER, 0x14, 1}, {stops, SERVER, 0x11, 0}, {over, SERVER, 0x14, 1},
		{stops, SERVER, 0x10, 0}, {over, CLIENT, 0x14, 0}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rule_bench *b =
			tx_open("alert http any any -> any any (flow:to_server; app-layer-event:http1.odd; sid:1;)\n"
				"alert http any any -> any any (flow:to_client; app-layer-event:http1.odd; sid:2;)\n");
		bench_send(b, CLIENT, "Q /a;x;\nE\n");
		bench_tcp(b, SERVER, 0x18, rows[i].answer, strlen(rows[i].answer));
		expect(b, 1, 0);
		expect(b, 2, 1);
		if (rows[i].flags)
			bench_tcp(b, rows[i].from, rows[i].flags, NULL, 0);
		uint64_t last = b->seq;
		bench_flush(b);
		if (bench_count(b, 1) != rows[i].client)
			fail_msg("row %zu: %zu alerts", i, bench_count(b, 1));
		expect(b, 2, 1);
		if (rows[i].client && rows[i].from == CLIENT)
			assert_int_equal(b->seqs[1], last);
		bench_close(b);
	}
}

static void what_the_client_has_caused_is_put_to_the_server_in_any_case(void **state)
{
	struct rule_bench *b =
		tx_open("alert http any any -> any any (flow:to_server; app-layer-event:http1.odd; sid:1;)\n"
			"alert http any any -> any any (flow:to_client; app-layer-event:http1.odd; sid:2;)\n");
	const char *bad = "Q /a;x;\n!\nE\nE\n"; // the second end is one too many
	bench_tcp(b, CLIENT, 0x18, bad, strlen(bad));
	bench_flush(b);
	expect(b, 1, 1);
	expect(b, 2, 1);
	bench_close(b);
}

// A server whose client is not seen: what waits for acknowledgements has its bounds, and gives way.
static void acknowledgements_that_never_come_hold_little(void **state)
{
	struct rule_bench *b =
		tx_open("alert http any any -> any any (flow:to_server; app-layer-event:http1.odd; sid:1;)\n"
			"alert http any any -> any any (flow:to_client; app-layer-event:http1.odd; sid:2;)\n");
	const char *answer = "R 200\n!\nE\n";
	char questions[100 * 10 + 1];
	for (size_t i = 0; i < 100; i++)
		memcpy(questions + i * 10, "Q /a;x;\nE\n", 11);
	bench_send(b, CLIENT, questions);
	uint32_t begin = b->tcp_seq[SERVER];
	for (int i = 0; i < 100; i++)
		bench_tcp(b, SERVER, 0x18, answer, strlen(answer));
	expect(b, 2, 100);
	expect(b, 1, 0);
	b->tcp_seq[SERVER] = begin + 40 * (uint32_t)strlen(answer);
	bench_tcp(b, CLIENT, 0x10, NULL, 0); // of the first forty, of which 36 have given way
	expect(b, 1, 4);
	bench_close(b);
}

static void keywords_ask_for_numbers_of_their_protocol(void **state)
{
	static const struct {
		const char *option, *yes, *no;
	} rows[] = {
		{"ssl_version:sslv3", "0x300", "0x301"},
		{"ssl_version:tls1.0 , TLS1.2", "0x303", "0x302"},
		{"ssl_version:!sslv3,!tls1.0", "0x302", "0x301"},
		{"ssl_version:tls1.3", "0x7f1c", "0x303"},
		{"ssl_version:sslv2", "0x200", "0"},
		{"ssl_state:server_hello", "2", "8"},
		{"ssl_state:client_hello|server_hello", "1", "4"},
		{"ssl_state:client_keyx , unknown", "16", "0"},
		{"ssl_state:!client_hello", "0", "1"},
		{"ssl_state:client_hello,!server_hello", "4", "2"},
		{"tls.version:1.3", "0x7f12", "0x303"},
		{"tls.version:0x7f12", "0x7f12", "0x304"},
		{"tls.cert_chain_len:>2", "3", "2"},
		{"krb5_msg_type:10", "10", "11"},
		{"krb5_err_code:25", "25", "24"},
		{"snmp.version:1-3", "2", "3"}, // both ends are open, as in Suricata 7.0.10
		{"snmp.pdu_type:5", "5", "1"},
		{"dhcp.leasetime:>5000000000", "5000000001", "5000000000"},
		{"dhcp.renewal_time:!7", "8", "7"},
		{"dhcp.rebinding_time:<10", "9", "10"},
		{"tls_cert_notbefore:>2020-01-01", "1577836800", "1577836799"},
		{"tls_cert_notbefore:<2020-01-01 00:01", "1577836860", "1577836861"},
		{"tls_cert_notafter:2020-1-1T00:00:00", "1577836800", "1577836801"},
		{"tls_cert_notafter:2019-12 <> 2020-01", "1577836800", "1577836801"},
		{"tls_cert_notafter:2020", "2020", "1577836800"}, // a year alone is a number
		{"tls_cert_expired", "1", "4000000000"},
		{"enip_command:99", "99", "98"},
		{"cip_service:75", "K", "L"},
		{"cip_service:75,24930",
			"K\x02"
			"ab\x01"
			"ab",
			"K\x02"
			"ab\x01"
			"ac"},
		{"cip_service:75,24930,24931",
			"K\x01"
			"ab\x02"
			"ac",
			"K\x01"
			"ab\x02"
			"ad"},
		{"cip_service:75,24930,24931",
			"K\x01"
			"ab\x02"
			"ac",
			"K\x01"
			"ac\x02"
			"ac"},
		{"tls_cert_valid", "4000000000", "1"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char rule[160], line[64];
		snprintf(rule, sizeof(rule), "alert http any any -> any any (%s; sid:1;)\n", rows[i].option);
		struct rule_bench *b = tx_open(rule);
		snprintf(line, sizeof(line), "Q %s;x;\nE\n", rows[i].no);
		bench_send(b, CLIENT, line);
		if (bench_count(b, 1) != 0)
			fail_msg("%s holds for %s", rows[i].option, rows[i].no);
		snprintf(line, sizeof(line), "Q %s;x;\nE\n", rows[i].yes);
		bench_send(b, CLIENT, line);
		if (bench_count(b, 1) != 1)
			fail_msg("%s does not hold for %s", rows[i].option, rows[i].yes);
		bench_close(b);
	}
}

static void packets_and_transactions_speak_in_one_order(void **state)
{
	struct rule_bench *b = tx_open(
		"alert http any any -> any any (http.uri; content:\"/a\"; priority:1; sid:1;)\n"
		"alert tcp any any -> any any (flow:to_server; flags:AP; priority:2; sid:2;)\n"
		"alert http any any -> any any (http.uri; content:\"/a\"; priority:3; sid:3;)\n"
		"alert http any any -> any any (http.uri; content:\"/a\"; flowbits:isset,x; priority:4; sid:4;)\n"
		"alert tcp any any -> any any (flags:AP; flowbits:set,x; noalert; priority:5; sid:5;)\n");
	bench_send(b, CLIENT, "Q /a;x;\nE\n");
	assert_int_equal(b->n, 4);
	static const uint32_t order[] = {4, 1, 2, 3}; // who reads a flow bit comes before who does not
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(b->sids[i], order[i]);
	bench_close(b);
}

static void a_pass_rule_silences_what_comes_behind_it(void **state)
{
	struct rule_bench *b = tx_open("pass http any any -> any any (http.uri; content:\"/ok\"; sid:1;)\n"
				       "alert tcp any any -> any any (flow:to_server; flags:AP; sid:2;)\n"
				       "alert http any any -> any any (http.user_agent; content:\"x\"; sid:3;)\n");
	bench_send(b, CLIENT, "Q /a;x;\nE\n");
	expect(b, 2, 1);
	expect(b, 3, 1);
	bench_send(b, CLIENT, "Q /ok;x;\nE\n");
	expect(b, 2, 1);
	expect(b, 3, 1);
	bench_send(b, CLIENT, "Q /a;x;\nE\n"); // the rest of the flow
	expect(b, 3, 1);
	bench_close(b);
}

static void rules_without_a_parser_wait_by_name(void **state)
{
	struct rule_report report;
	struct ruleset_config cfg = {.parsers = lab_parsers};
	struct ruleset *rs = bench_load("alert tls any any -> any any (content:\"a\"; sid:1;)\n"
					"alert http any any -> any any (content:\"a\"; sid:2;)\n"
					"alert http any any -> any any (http.host; content:\"a\"; sid:3;)\n"
					"alert tcp any any -> any any (app-layer-protocol:ssh; sid:4;)\n"
					"alert http any any -> any any (app-layer-event:http.no_such; sid:5;)\n",
		&cfg, &report);
	assert_int_equal(report.loaded, 1);
	assert_int_equal(report.waiting, 4);
	assert_string_equal(report.problems[0].text, "waiting for a parser: tls");
	assert_string_equal(report.problems[1].text, "waiting for a parser: http.host");
	ruleset_free(rs);
	rule_report_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_speaks_once_a_transaction),
		cmocka_unit_test(a_rule_waits_for_what_comes_later),
		cmocka_unit_test(the_end_of_a_flow_completes_its_transactions),
		cmocka_unit_test(a_long_body_is_looked_at_as_it_grows),
		cmocka_unit_test(each_value_is_tried_on_its_own),
		cmocka_unit_test(raw_bytes_and_buffers_are_asked_together),
		cmocka_unit_test(what_is_relative_goes_with_its_content),
		cmocka_unit_test(raw_bytes_hold_for_all_that_ends_in_a_packet),
		cmocka_unit_test(raw_bytes_of_datagrams_too),
		cmocka_unit_test(a_protocol_gates_raw_rules_on_any_port),
		cmocka_unit_test(raw_bytes_of_a_request_are_asked_behind_its_acknowledgement),
		cmocka_unit_test(another_protocol_is_no_match),
		cmocka_unit_test(numbers_and_events),
		cmocka_unit_test(an_event_of_the_answer_is_one_of_the_request_until_its_side_goes_on),
		cmocka_unit_test(data_of_a_syn_is_looked_at_behind_the_servers_next_packet),
		cmocka_unit_test(what_the_server_has_caused_is_put_to_the_client_that_acknowledges_it),
		cmocka_unit_test(what_the_client_has_caused_is_put_to_the_server_in_any_case),
		cmocka_unit_test(acknowledgements_that_never_come_hold_little),
		cmocka_unit_test(keywords_ask_for_numbers_of_their_protocol),
		cmocka_unit_test(packets_and_transactions_speak_in_one_order),
		cmocka_unit_test(a_pass_rule_silences_what_comes_behind_it),
		cmocka_unit_test(rules_without_a_parser_wait_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
