// The DNS parser: names, messages, framing over TCP, records. Expected values are those of Suricata 7.0.10 on the same
// bytes.
#include "tests/unit/parser_lab.h"

#define HEADER(id, flags, qd, an, ns, ar) "\x00" id flags "\x00" qd "\x00" an "\x00" ns "\x00" ar
#define QUERY(id) HEADER(id, "\x01\x00", "\x01", "\x00", "\x00", "\x00")
#define ANSWER(id, an) HEADER(id, "\x81\x80", "\x01", an, "\x00", "\x00")
#define IN_A "\x00\x01\x00\x01"
#define X_COM       \
	"\x01x\x03" \
	"com\x00"
#define PTR_X "\xc0\x0c"
#define TTL "\x00\x00\x00\x3c"

extern const struct parser parser_dns;

static struct parser_lab lab;

static void feed_udp(uint8_t dir, const void *bytes, uint32_t len)
{
	plab_feed(&lab, dir, bytes, len);
}
#define ASK(literal) feed_udp(DIR_TO_SERVER, literal, sizeof(literal) - 1)
#define REPLY(literal) feed_udp(DIR_TO_CLIENT, literal, sizeof(literal) - 1)

static int open_udp(void **state)
{
	plab_open(&lab, &parser_dns, OVER_UDP);
	return 0;
}

static int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

static const char *query(uint32_t tx, uint32_t nth)
{
	return plab_text(&lab, plab_tx(&lab, tx), "dns.query", DIR_TO_SERVER, nth);
}

static void every_message_is_a_transaction_of_its_own(void **state)
{
	ASK(QUERY("\x07") X_COM IN_A);
	REPLY(ANSWER("\x07", "\x01") X_COM IN_A PTR_X IN_A TTL "\x00\x04\x01\x02\x03\x04");
	assert_int_equal(plab_count(&lab), 2);
	assert_string_equal(query(0, 0), "x.com");
	assert_null(query(0, 1));
	assert_true(app_tx_over(&parser_dns, plab_tx(&lab, 0)));
	assert_true(app_tx_over(&parser_dns, plab_tx(&lab, 1)));
	assert_int_equal(plab_tx(&lab, 0)->dirs, 1u << DIR_TO_SERVER);
	assert_int_equal(plab_tx(&lab, 1)->dirs, 1u << DIR_TO_CLIENT);
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"dns:{version:2,type:\"query\",id:7,rrname:\"x.com\",rrtype:\"A\",tx_id:0,opcode:0}");
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 1)),
		"dns:{version:2,type:\"answer\",id:7,flags:\"8180\",qr:true,rd:true,ra:true,opcode:0,rrname:\"x.com\","
		"rrtype:\"A\",rcode:\"NOERROR\",answers:[{rrname:\"x.com\",rrtype:\"A\",ttl:60,rdata:\"1.2.3.4\"}],"
		"grouped:{A:[\"1.2.3.4\"]}}");
}

static void every_question_is_a_value(void **state)
{
	ASK(HEADER("\x01", "\x01\x00", "\x03", "\x00", "\x00", "\x00") X_COM IN_A "\x01y" PTR_X IN_A "\x00" IN_A);
	assert_string_equal(query(0, 0), "x.com");
	assert_string_equal(query(0, 1), "y.x.com");
	assert_string_equal(query(0, 2), "");
	assert_null(query(0, 3));
}

static void a_request_without_questions_has_no_name_and_no_record(void **state)
{
	uint64_t opcode;
	ASK(HEADER("\x01", "\x21\x00", "\x00", "\x00", "\x00", "\x00"));
	assert_null(query(0, 0));
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)), "");
	assert_true(plab_field(&lab, plab_tx(&lab, 0), "dns.opcode", DIR_TO_SERVER, 0, &opcode));
	assert_int_equal(opcode, 4);
	assert_false(plab_field(&lab, plab_tx(&lab, 0), "dns.opcode", DIR_TO_SERVER, 1, &opcode));
}

static void flags_and_opcodes_out_of_use_are_events(void **state)
{
	ASK(HEADER("\x01", "\x01\x40", "\x01", "\x00", "\x00", "\x00") X_COM IN_A);
	ASK(HEADER("\x02", "\x31\x00", "\x01", "\x00", "\x00", "\x00") X_COM IN_A);
	ASK(HEADER("\x03", "\x39\x00", "\x01", "\x00", "\x00", "\x00") X_COM IN_A);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "z_flag_set"));
	assert_false(plab_has_event(&lab, plab_tx(&lab, 0), "invalid_opcode"));
	assert_int_equal(plab_tx(&lab, 1)->event_count, 0);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 2), "invalid_opcode"));
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"dns:{version:2,type:\"query\",id:1,rrname:\"x.com\",rrtype:\"A\",tx_id:0,z:true,opcode:0}");
}

static void what_is_malformed_is_said_of_the_message_before(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t len;
	} bad[] = {
#define BAD(literal) {literal, sizeof(literal) - 1}
		BAD("hello"),
		BAD(QUERY("\x01")),                      // no question
		BAD(QUERY("\x01") X_COM "\x00\x01\x00"), // cut short
		BAD(QUERY("\x01") "\x05"
				  "ab"), // label past the end
		BAD(QUERY("\x01") "\x40"
				  "abc" IN_A),      // neither label nor pointer
		BAD(QUERY("\x01") "\xff\xff" IN_A), // pointer out of the message
		BAD(QUERY("\x01") "\xc0\x0c" IN_A), // pointer to itself
		BAD(HEADER("\x01", "\x01\x00", "\x01", "\xff", "\x00", "\x00") X_COM IN_A), // counts that lie
		BAD(HEADER("\x01", "\x01\x00", "\x02", "\x00", "\x00", "\x00") X_COM IN_A),
	};
	for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		open_udp(NULL);
		ASK(QUERY("\x01") X_COM IN_A);
		feed_udp(DIR_TO_SERVER, bad[i].bytes, bad[i].len);
		assert_int_equal(plab_count(&lab), 1);
		assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "malformed_data"));
		ASK(QUERY("\x02") X_COM IN_A); // the next datagram stands for itself
		assert_int_equal(plab_count(&lab), 2);
		close_lab(NULL);
	}
}

static void a_message_against_its_direction_is_no_transaction(void **state)
{
	ASK(QUERY("\x01") X_COM IN_A);
	ASK(ANSWER("\x01", "\x00") X_COM IN_A);
	assert_int_equal(plab_count(&lab), 1);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "not_request"));
	REPLY(QUERY("\x01") X_COM IN_A);
	assert_int_equal(plab_count(&lab), 1);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "not_response"));
}

// One question whose name is `name`; returns the bytes' length.
static uint32_t question(uint8_t *to, const void *name, uint32_t len)
{
	memcpy(to, QUERY("\x01"), 12);
	memcpy(to + 12, name, len);
	memcpy(to + 12 + len, IN_A, 4);
	return 16 + len;
}

static void names_are_cut_at_1025_bytes(void **state)
{
	uint8_t name[64 * 20 + 1], bytes[sizeof(name) + 16];
	for (uint32_t i = 0; i < 20; i++) {
		name[64 * i] = 63;
		memset(name + 64 * i + 1, 'a', 63);
	}
	name[64 * 16] = 0;
	feed_udp(DIR_TO_SERVER, bytes, question(bytes, name, 64 * 16 + 1));
	assert_int_equal(strlen(query(0, 0)), 1023);
	assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
	name[64 * 16] = 63;
	name[64 * 20] = 0;
	feed_udp(DIR_TO_SERVER, bytes, question(bytes, name, sizeof(name)));
	assert_int_equal(strlen(query(1, 0)), 1025);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 1), "name_too_long"));
	assert_false(plab_has_event(&lab, plab_tx(&lab, 1), "too_many_labels"));
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 1)), "rrname_truncated:true"));
}

static void labels_in_a_row_are_at_most_255(void **state)
{
	uint8_t name[2 * 256 + 1], bytes[sizeof(name) + 16];
	for (uint32_t i = 0; i < 256; i++)
		memcpy(name + 2 * i,
			"\x01"
			"a",
			2);
	name[510] = 0;
	feed_udp(DIR_TO_SERVER, bytes, question(bytes, name, 511));
	assert_int_equal(strlen(query(0, 0)), 509);
	name[510] = 1;
	name[512] = 0;
	feed_udp(DIR_TO_SERVER, bytes, question(bytes, name, 513));
	assert_int_equal(plab_count(&lab), 1);
	memcpy(name + 508, "\xc0\x0c", 2); // 254 labels, and from the start again
	feed_udp(DIR_TO_SERVER, bytes, question(bytes, name, 510));
	assert_int_equal(strlen(query(1, 0)), 509);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 1), "name_too_long"));
	assert_true(plab_has_event(&lab, plab_tx(&lab, 1), "too_many_labels"));
}

static void loops_of_pointers_end(void **state)
{
	ASK(QUERY("\x01") "\xc0\x0e\xc0\x0c" IN_A); // to each other
	assert_string_equal(query(0, 0), "");
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "too_many_labels"));
	ASK(QUERY("\x01") "\x03www\xc0\x0c" IN_A);
	assert_int_equal(strlen(query(1, 0)), 128 * 4 - 1);
	ASK(QUERY("\x01") "\xc0\x0e" IN_A); // to a byte of 0
	assert_string_equal(query(2, 0), "");
	assert_int_equal(plab_tx(&lab, 2)->event_count, 0);
}

static void a_message_of_shared_names_costs_what_its_length_allows(void **state)
{
	static uint8_t bytes[65535];
	uint32_t at = 12, n = 0;
	memcpy(bytes, QUERY("\x01"), 12);
	for (; at < 12 + 2 * 200; at += 2)
		memcpy(bytes + at,
			"\x01"
			"a",
			2);
	bytes[at++] = 0;
	memcpy(bytes + at, IN_A, 4);
	for (at += 4; at + 6 <= sizeof(bytes); at += 6, n++)
		memcpy(bytes + at, PTR_X IN_A, 6);
	bytes[4] = (uint8_t)((n + 1) >> 8);
	bytes[5] = (uint8_t)(n + 1);
	feed_udp(DIR_TO_SERVER, bytes, at); // read as far as that
	assert_int_equal(plab_count(&lab), 1);
	assert_int_equal(strlen(query(0, 0)), 399);
	close_lab(NULL), open_udp(NULL);
	bytes[4] = 0; // 9 of those questions are no trouble
	bytes[5] = 9;
	feed_udp(DIR_TO_SERVER, bytes, 417 + 6 * 8);
	assert_int_equal(plab_count(&lab), 1);
	assert_int_equal(strlen(query(0, 8)), 399);
}

static void names_that_rules_see_are_at_most_4_kib_a_message(void **state)
{
	uint8_t bytes[12 + 641 + 4 + 6 * 9] = HEADER("\x01", "\x01\x00", "\x0a", "\x00", "\x00", "\x00");
	for (uint32_t i = 0; i < 10; i++) {
		bytes[12 + 64 * i] = 63;
		memset(bytes + 12 + 64 * i + 1, 'a', 63);
	}
	memcpy(bytes + 12 + 641, IN_A, 4);
	for (uint32_t i = 0; i < 9; i++)
		memcpy(bytes + 12 + 645 + 6 * i, PTR_X IN_A, 6);
	feed_udp(DIR_TO_SERVER, bytes, sizeof(bytes));
	assert_int_equal(strlen(query(0, 5)), 639);
	assert_null(query(0, 6));
}

// The record of a response to x.com with one record of this type and data; NULL: it makes no transaction.
static const char *answered(uint16_t type, const void *data, uint32_t len)
{
	uint8_t bytes[600] = ANSWER("\x01", "\x01") X_COM IN_A PTR_X;
	uint32_t at = 12 + 11 + 2;
	bytes[at++] = (uint8_t)(type >> 8);
	bytes[at++] = (uint8_t)type;
	memcpy(bytes + at, "\x00\x01" TTL "\x00", 7);
	bytes[at + 7] = (uint8_t)len;
	memcpy(bytes + at + 8, data, len);
	close_lab(NULL);
	open_udp(NULL);
	feed_udp(DIR_TO_CLIENT, bytes, at + 8 + len);
	if (plab_count(&lab) == 0)
		return NULL;
	const char *answers = strstr(plab_log(&lab, plab_tx(&lab, 0)), "answers:");
	return answers ? answers : "";
}
#define ANSWERED(type, literal) answered(type, literal, sizeof(literal) - 1)
#define RR(type) "answers:[{rrname:\"x.com\",rrtype:\"" type "\",ttl:60"

static void data_of_known_types_is_told_as_suricata_tells_it(void **state)
{
	assert_string_equal(ANSWERED(28, "\x20\x01\0\0\0\0\0\1\0\0\0\0\0\0\0\x01"),
		RR("AAAA") ",rdata:\"2001:0000:0000:0001:0000:0000:0000:0001\"}],"
			   "grouped:{AAAA:[\"2001:0000:0000:0001:0000:0000:0000:0001\"]}}");
	assert_string_equal(ANSWERED(1, "\x01\x02\x03"), RR("A") ",rdata:\"\"}],grouped:{A:[\"\"]}}");
	assert_string_equal(
		ANSWERED(1, "\xff\x00\x63\x64"), RR("A") ",rdata:\"255.0.99.100\"}],grouped:{A:[\"255.0.99.100\"]}}");
	assert_string_equal(
		ANSWERED(5, "\x03www\xc0\x0c"), RR("CNAME") ",rdata:\"www.x.com\"}],grouped:{CNAME:[\"www.x.com\"]}}");
	assert_string_equal(ANSWERED(5, "\x03www"), RR("CNAME") ",rdata:\"www\"}],grouped:{CNAME:[\"www\"]}}");
	assert_string_equal(ANSWERED(15, "\x00\x05\x04mail\xc0\x0c"),
		RR("MX") ",rdata:\"mail.x.com\"}],grouped:{MX:[\"mail.x.com\"]}}");
	assert_string_equal(ANSWERED(16, "\x03"
					 "abc\x02"
					 "de"),
		RR("TXT") ",rdata:\"abc\"},{rrname:\"x.com\",rrtype:\"TXT\",ttl:60,rdata:\"de\"}],"
			  "grouped:{TXT:[\"abc\",\"de\"]}}");
	assert_string_equal(ANSWERED(16, "\x00"), RR("TXT") ",rdata:\"\"}],grouped:{TXT:[\"\"]}}");
	assert_string_equal(ANSWERED(10, "\x03w"), RR("NULL") ",rdata:\"\\x03w\"}],grouped:{NULL:[\"\\x03w\"]}}");
	assert_string_equal(ANSWERED(33, "\0\1\0\2\0\3\x03srv\xc0\x0c"),
		RR("SRV") ",srv:{priority:1,weight:2,port:3,name:\"srv.x.com\"}}],"
			  "grouped:{SRV:[{priority:1,weight:2,port:3,name:\"srv.x.com\"}]}}");
	assert_string_equal(ANSWERED(44, "\x01\x02\xab\xcd"),
		RR("SSHFP") ",sshfp:{fingerprint:\"ab:cd\",algo:1,type:2}}],"
			    "grouped:{SSHFP:[{fingerprint:\"ab:cd\",algo:1,type:2}]}}");
	assert_string_equal(ANSWERED(39, "\x03www\xc0\x0c"), RR("DNAME") "}],grouped:{}}");
	assert_string_equal(ANSWERED(65280, "abc"), RR("65280") "}],grouped:{}}");
}

static void a_zone_is_told_with_its_five_numbers(void **state)
{
	assert_string_equal(ANSWERED(6, "\x02ns\xc0\x0c\x04root\xc0\x0c\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"),
		RR("SOA") ",soa:{mname:\"ns.x.com\",rname:\"root.x.com\",serial:1,refresh:2,retry:3,expire:4,minimum:5}"
			  "}],"
			  "grouped:{SOA:[{mname:\"ns.x.com\",rname:\"root.x.com\",serial:1,refresh:2,retry:3,expire:4,"
			  "minimum:5}]}}");
}

static void data_that_is_not_what_its_type_says_makes_a_message_malformed(void **state)
{
	assert_null(ANSWERED(16, "\x05"
				 "abc"));
	assert_null(ANSWERED(16, ""));
	assert_null(ANSWERED(15, "\x00"));
	assert_null(ANSWERED(6, "\x02ns\xc0\x0c\x04root\xc0\x0c\0"));
	assert_null(ANSWERED(44, "\x01"));
	assert_null(ANSWERED(5, "\xc0\xff"));
	assert_null(ANSWERED(5, ""));
	assert_null(ANSWERED(65280, ""));
}

static void authorities_are_told_and_additional_records_are_not_read(void **state)
{
	REPLY(HEADER("\x01", "\x81\x83", "\x01", "\x00", "\x01", "\x01") X_COM IN_A PTR_X "\x00\x02\x00\x01" TTL
											  "\x00\x06\x03www\xc0\x0c");
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"dns:{version:2,type:\"answer\",id:1,flags:\"8183\",qr:true,rd:true,ra:true,opcode:0,rrname:\"x.com\","
		"rrtype:\"A\",rcode:\"NXDOMAIN\",authorities:[{rrname:\"x.com\",rrtype:\"NS\",ttl:60,"
		"rdata:\"www.x.com\"}]}");
	REPLY(HEADER("\x01", "\x81\x80", "\x01", "\x00", "\x01", "\x00") X_COM IN_A); // an authority that is not there
	assert_int_equal(plab_count(&lab), 1);
}

#define OVER_TCP_ASKED "\x00\x17" QUERY("\x01") X_COM IN_A
#define OVER_TCP_SAID "\x00\x27" ANSWER("\x01", "\x01") X_COM IN_A PTR_X IN_A TTL "\x00\x04\x01\x02\x03\x04"

static void messages_over_tcp_are_the_same_however_they_are_cut(void **state)
{
	static const struct plab_said said[] = {
		PLAB_SAID(DIR_TO_SERVER, OVER_TCP_ASKED OVER_TCP_ASKED "\x00\x00" OVER_TCP_ASKED),
		PLAB_SAID(DIR_TO_CLIENT, OVER_TCP_SAID OVER_TCP_SAID),
	};
	char *told = plab_every_split(&parser_dns, said, 2);
	uint32_t n = 0;
	for (const char *at = told; (at = strstr(at, "rrname:\"x.com\",rrtype:\"A\",tx_id")); at++)
		n++;
	assert_int_equal(n, 3);
	assert_non_null(strstr(told, "dns.query[0] \"x.com\""));
	assert_non_null(strstr(told, "grouped:{A:[\"1.2.3.4\"]}"));
	free(told);
}

static int open_tcp(void **state)
{
	plab_open(&lab, &parser_dns, OVER_TCP);
	return 0;
}

static void a_malformed_message_over_tcp_ends_the_reading(void **state)
{
	ASK(OVER_TCP_ASKED "\x00\x05"
			   "abcde" OVER_TCP_ASKED);
	assert_int_equal(lab.answer, PARSE_STOP);
	assert_int_equal(plab_count(&lab), 1);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "malformed_data"));
}

static void after_a_gap_messages_are_found_again(void **state)
{
	ASK(OVER_TCP_ASKED "\x00\x17" QUERY("\x02"));
	plab_gap(&lab, DIR_TO_SERVER, 40);
	ASK("in the middle of something");
	assert_int_equal(plab_count(&lab), 1);
	ASK(OVER_TCP_ASKED);
	assert_int_equal(plab_count(&lab), 2);
	REPLY(OVER_TCP_SAID); // the other direction is not touched by it
	assert_int_equal(plab_count(&lab), 3);
}

static void probe_knows_both_directions_and_refuses_what_lies(void **state)
{
#define PROBE(literal, dir, over) parser_dns.probe((const uint8_t *)(literal), sizeof(literal) - 1, dir, over)
	assert_int_equal(PROBE(QUERY("\x01") X_COM IN_A, DIR_TO_SERVER, OVER_UDP), PROBE_YES);
	assert_int_equal(PROBE(QUERY("\x01") X_COM IN_A, DIR_TO_CLIENT, OVER_UDP), PROBE_YES_REVERSED);
	assert_int_equal(PROBE(ANSWER("\x01", "\x00") X_COM IN_A, DIR_TO_CLIENT, OVER_UDP), PROBE_YES);
	assert_int_equal(PROBE("hello", DIR_TO_SERVER, OVER_UDP), PROBE_NO);
	assert_int_equal(PROBE(QUERY("\x01") "\xff\xff" IN_A, DIR_TO_SERVER, OVER_UDP), PROBE_NO);
	assert_int_equal(PROBE("\x00\x17\x00", DIR_TO_SERVER, OVER_TCP), PROBE_MORE);
	assert_int_equal(PROBE("\x00\x17" QUERY("\x01"), DIR_TO_SERVER, OVER_TCP), PROBE_YES);
	assert_int_equal(PROBE("\x00\x0d" QUERY("\x01"), DIR_TO_SERVER, OVER_TCP), PROBE_NO);
	assert_int_equal(PROBE("GET / HTTP/1.1\r\nHost: a\r\n", DIR_TO_SERVER, OVER_TCP), PROBE_NO);
}

static void without_memory_a_message_still_counts(void **state)
{
	lab.run->flow_memory = lab.s->memory + 256; // a transaction, and no room for its bytes
	uint8_t bytes[600] = QUERY("\x01") X_COM IN_A;
	feed_udp(DIR_TO_SERVER, bytes, sizeof(bytes));
	assert_int_equal(plab_count(&lab), 1);
	assert_null(query(0, 0));
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)), "");
}

#define UDP(name) cmocka_unit_test_setup_teardown(name, open_udp, close_lab)
#define TCP(name) cmocka_unit_test_setup_teardown(name, open_tcp, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UDP(every_message_is_a_transaction_of_its_own),
		UDP(every_question_is_a_value),
		UDP(a_request_without_questions_has_no_name_and_no_record),
		UDP(flags_and_opcodes_out_of_use_are_events),
		cmocka_unit_test(what_is_malformed_is_said_of_the_message_before),
		UDP(a_message_against_its_direction_is_no_transaction),
		UDP(names_are_cut_at_1025_bytes),
		UDP(labels_in_a_row_are_at_most_255),
		UDP(loops_of_pointers_end),
		UDP(a_message_of_shared_names_costs_what_its_length_allows),
		UDP(names_that_rules_see_are_at_most_4_kib_a_message),
		UDP(data_of_known_types_is_told_as_suricata_tells_it),
		UDP(a_zone_is_told_with_its_five_numbers),
		UDP(data_that_is_not_what_its_type_says_makes_a_message_malformed),
		UDP(authorities_are_told_and_additional_records_are_not_read),
		cmocka_unit_test(messages_over_tcp_are_the_same_however_they_are_cut),
		TCP(a_malformed_message_over_tcp_ends_the_reading),
		TCP(after_a_gap_messages_are_found_again),
		cmocka_unit_test(probe_knows_both_directions_and_refuses_what_lies),
		UDP(without_memory_a_message_still_counts),
	};
	return cmocka_run_group_tests_name("dns", tests, NULL, NULL);
}
