// The TLS parser: records, hellos, certificates, what rules read and EVE tells. Expected values are those of Suricata
// 7.0.10 on the same bytes.
#include "tests/unit/tls_lab.h"

static struct parser_lab lab;

static int open_lab(void **state)
{
	plab_open(&lab, &parser_tls, OVER_TCP);
	plab_limits(&lab)->tls_ja3 = true;
	plab_limits(&lab)->tls_ja4 = true;
	return 0;
}

static int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

static void feed_record(uint8_t dir, uint8_t type, const struct blob *content)
{
	struct blob r = {0};
	add_record(&r, type, content);
	plab_feed(&lab, dir, r.at, r.len);
}

static void feed_literal(uint8_t dir, const void *bytes, uint32_t len)
{
	plab_feed(&lab, dir, bytes, len);
}
#define FEED(dir, literal) feed_literal(dir, literal, sizeof(literal) - 1)
#define CHANGE_CIPHER "\x14\x03\x03\x00\x01\x01"
#define DATA                   \
	"\x17\x03\x03\x00\x04" \
	"data"

static void say_client_hello(const char *session, const struct blob *extensions)
{
	struct blob m = {0};
	add_client_hello(&m, session, extensions);
	feed_record(DIR_TO_SERVER, 22, &m);
}

static void say_server_hello(const char *session, const struct blob *extensions)
{
	struct blob m = {0};
	add_server_hello(&m, session, extensions);
	feed_record(DIR_TO_CLIENT, 22, &m);
}

static void say_certificate(uint8_t dir, const struct cert_parts *p)
{
	struct blob m = {0};
	add_certificates(&m, p);
	feed_record(dir, 22, &m);
}

static const char *text(const char *name, uint8_t dir)
{
	return plab_text(&lab, plab_tx(&lab, 0), name, dir, 0);
}

static const char *record(void)
{
	return plab_log(&lab, plab_tx(&lab, 0));
}

static bool event(const char *name)
{
	return plab_has_event(&lab, plab_tx(&lab, 0), name);
}

static void a_handshake_with_a_certificate_is_told_of(void **state)
{
	struct blob ext = {0};
	uint64_t v;
	add_sni(&ext, "a.com");
	EXT(&ext, 16, "\x00\x0c\x02h2\x08http/1.1");
	say_client_hello("", &ext);
	assert_string_equal(text("tls.sni", 0), "a.com");
	assert_string_equal(text("tls.alpn", 0), "h2");
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 0), "tls.alpn", 0, 1), "http/1.1");
	assert_string_equal(text("ja3.string", 0), "771,49199-53,0-16,,");
	assert_null(text("tls.cert_subject", 1));
	say_server_hello("", NULL);
	say_certificate(1, usual_cert());
	assert_string_equal(text("tls.cert_subject", 1), "C=DE, CN=sub");
	assert_string_equal(text("tls.cert_issuer", 1), "C=DE, CN=iss");
	assert_string_equal(text("tls.cert_serial", 1), "00:AB:01");
	assert_string_equal(text("ja3s.string", 1), "771,49199,");
	assert_string_equal(text("ja3s.hash", 1), "174e7e4992a63f6d419626d97363adb8");
	assert_non_null(plab_text(&lab, plab_tx(&lab, 0), "tls.certs", 1, 1));
	assert_null(plab_text(&lab, plab_tx(&lab, 0), "tls.certs", 1, 2));
	assert_true(plab_field(&lab, plab_tx(&lab, 0), "tls.cert_chain_len", 1, 0, &v));
	assert_int_equal(v, 2);
	assert_true(plab_field(&lab, plab_tx(&lab, 0), "tls_cert_notafter", 1, 0, &v));
	assert_int_equal(v, 1893456000);
	assert_true(plab_field(&lab, plab_tx(&lab, 0), "tls.version", 1, 0, &v));
	assert_int_equal(v, 0x0303);
	assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
	FEED(0, CHANGE_CIPHER);
	assert_int_equal(lab.answer, PARSE_DONE);
	FEED(1, CHANGE_CIPHER);
	assert_int_equal(lab.answer, PARSE_DONE);
	assert_true(app_tx_over(&parser_tls, plab_tx(&lab, 0)));
	assert_int_equal(strlen(text("tls.cert_fingerprint", 1)), 59);
}

static void the_record_has_the_fields_of_suricata(void **state)
{
	struct blob ext = {0}, cert = {0};
	uint8_t sha1[20];
	char want[1024], print[60];
	add_sni(&ext, "a.com");
	say_client_hello("", &ext);
	say_server_hello("", NULL);
	assert_string_equal(record(), "");
	say_certificate(1, usual_cert());
	add_cert(&cert, usual_cert());
	app_digest(APP_SHA1, cert.at, cert.len, sha1);
	for (uint32_t i = 0; i < 20; i++)
		snprintf(print + 3 * i, sizeof(print) - 3 * i, i < 19 ? "%02x:" : "%02x", sha1[i]);
	snprintf(want, sizeof(want),
		"tls:{subject:\"C=DE, CN=sub\",issuerdn:\"C=DE, CN=iss\",serial:\"00:AB:01\",fingerprint:\"%s\","
		"sni:\"a.com\",version:\"TLS 1.2\",notbefore:\"2020-01-01T00:00:00\",notafter:\"2030-01-01T00:00:00\","
		"ja3:{hash:\"82d495a4fe6f3d5af294372489e315a6\",string:\"771,49199-53,0,,\"},"
		"ja3s:{hash:\"174e7e4992a63f6d419626d97363adb8\",string:\"771,49199,\"}}",
		print);
	assert_string_equal(record(), want);
	say_certificate(0, usual_cert());
	assert_non_null(strstr(record(), "client:{subject:\"C=DE, CN=sub\""));
}

static void a_server_without_certificate_takes_up_a_session(void **state)
{
	for (uint32_t i = 0; i < 3; i++) {
		struct blob ext = {0};
		if (i)
			close_lab(NULL), open_lab(NULL);
		if (i == 1)
			EXT(&ext, 35, "ticket");
		say_client_hello(i == 0 ? "session" : "", &ext);
		if (i == 1)
			assert_memory_equal(record(), "tls:{version:\"UNDETERMINED\"", 27);
		say_server_hello(i == 0 ? "session" : "", NULL);
		FEED(1, CHANGE_CIPHER);
		if (i < 2) // by id, by ticket, by neither
			assert_non_null(strstr(record(), "session_resumed:true,version:\"TLS 1.2\""));
		else
			assert_string_equal(record(), "");
	}
}

static void a_server_chooses_a_version_only_where_the_client_offered_some(void **state)
{
	struct blob server = {0};
	uint64_t v;
	EXT(&server, 43, "\x03\x04");
	say_client_hello("", NULL);
	say_server_hello("", &server);
	assert_string_equal(record(), "");
	assert_true(plab_field(&lab, plab_tx(&lab, 0), "ssl_version", 1, 0, &v));
	assert_int_equal(v, 0x0303);
}

static void version_1_3_has_no_certificate_to_see(void **state)
{
	struct blob client = {0}, server = {0};
	EXT(&client, 43, "\x06\x0a\x0a\x03\x04\x03\x03");
	EXT(&server, 43, "\x03\x04");
	say_client_hello("s", &client);
	say_server_hello("s", &server);
	FEED(1, CHANGE_CIPHER);
	FEED(0, CHANGE_CIPHER); // for show
	assert_int_equal(lab.answer, PARSE_OK);
	assert_false(app_tx_over(&parser_tls, plab_tx(&lab, 0)));
	FEED(0, DATA);
	assert_int_equal(lab.answer, PARSE_DONE);
	FEED(1, DATA);
	assert_true(app_tx_over(&parser_tls, plab_tx(&lab, 0)));
	assert_string_equal(record(),
		"tls:{version:\"TLS 1.3\",ja3:{hash:\"5e455ae120f67d4e61375f5d241bf241\",string:\"771,49199-53,43,,\"},"
		"ja3s:{hash:\"0e3405775384b4a1a9d2222182e76972\",string:\"771,49199,43\"}}");
}

static void drafts_of_1_3_have_a_shorter_server_hello(void **state)
{
	static const struct {
		uint8_t version[2];
		const char *name, *ja3s;
	} rows[] = {
		{{0x7f, 0x12}, "TLS 1.3 draft-18", "32530,49199,43"}, {{3, 4}, "TLS 1.3 draft-<16", "772,49199,43"}};
	for (uint32_t i = 0; i < 2; i++) {
		struct blob h = {0}, m = {0}, ext = {0};
		if (i)
			close_lab(NULL), open_lab(NULL);
		say_client_hello("", NULL);
		add(&h, rows[i].version, 2);
		add_number(&h, 0, 32);
		ADD(&h, "\xc0\x2f");
		EXT(&ext, 43, "\x03\x04");
		add_sized(&h, &ext, 2);
		add_message(&m, 2, &h);
		feed_record(1, 22, &m);
		assert_non_null(strstr(record(), rows[i].name));
		assert_string_equal(text("ja3s.string", 1), rows[i].ja3s);
	}
}

static void until_there_is_a_hello_records_tell_the_version(void **state)
{
	struct blob ext = {0};
	EXT(&ext, 35, "");
	say_client_hello("", &ext);
	FEED(1, "\x15\x03\x01\x00\x02\x02\x28"); // an alert
	assert_memory_equal(record(), "tls:{version:\"TLSv1\"", 20);
}

static void fingerprints_leave_out_what_stands_for_nothing(void **state)
{
	struct blob ext = {0};
	EXT(&ext, 0x1a1a, "");
	EXT(&ext, 10, "\x00\x06\x2a\x2a\x00\x1d\x00\x17");
	EXT(&ext, 11, "\x02\x00\x01");
	EXT(&ext, 13, "\x00\x04\x04\x03\x08\x04");
	EXT(&ext, 16, "\x00\x03\x02h2");
	EXT(&ext, 43, "\x04\x0a\x0a\x03\x04");
	say_client_hello("", &ext);
	assert_string_equal(text("ja3.string", 0), "771,49199-53,10-11-13-16-43,29-23,0-1");
	assert_string_equal(text("ja4.hash", 0), "t13i0205h2_1584f0a67932_fb71836bce29");
}

static void the_state_is_that_of_the_last_input(void **state)
{
	struct blob m = {0}, empty = {0};
	uint64_t v;
	say_client_hello("", NULL);
	assert_true(plab_field(&lab, plab_tx(&lab, 0), "ssl_state", 0, 0, &v));
	assert_int_equal(v, 1);
	add_server_hello(&m, "", NULL);
	add_message(&m, 12, &empty);
	feed_record(1, 22, &m);
	assert_true(plab_field(&lab, plab_tx(&lab, 0), "ssl_state", 1, 0, &v));
	assert_int_equal(v, 8);
	m.len = 0;
	add_message(&m, 16, &empty);
	feed_record(0, 22, &m);
	assert_true(plab_field(&lab, plab_tx(&lab, 0), "ssl_state", 0, 0, &v));
	assert_int_equal(v, 4);
	FEED(0, CHANGE_CIPHER);
	assert_true(plab_field(&lab, plab_tx(&lab, 0), "ssl_state", 0, 0, &v));
	assert_int_equal(v, 0);
}

static void server_names_out_of_shape_are_events(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t len;
		const char *event;
	} bad[] = {{"\x00\x06\x01\x00\x03"
		    "abc",
			   8, "invalid_sni_type"},
		{"\x00\x03\x00\x00\x00", 5, "invalid_sni_length"},
		{"\x00\x06\x00\x00\x09"
		 "abc",
			8, "invalid_sni_length"}};
	for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct blob ext = {0};
		open_lab(NULL);
		add_extension(&ext, 0, bad[i].bytes, bad[i].len);
		say_client_hello("", &ext);
		assert_true(event(bad[i].event));
		assert_null(text("tls.sni", 0));
		close_lab(NULL);
	}
	struct blob two = {0};
	open_lab(NULL);
	add_sni(&two, "a.com");
	add_sni(&two, "b.com");
	say_client_hello("", &two);
	assert_true(event("multiple_sni_extensions"));
	assert_string_equal(text("tls.sni", 0), "a.com");
	close_lab(NULL);
}

static void hellos_whose_lengths_lie_end_the_reading(void **state)
{
	struct blob good = {0}, ext = {0};
	add_sni(&ext, "a.com");
	add_client_hello(&good, "abc", &ext);
	// lengths of: the session id, ciphers (past the end, odd), compression methods, extensions, an extension
	static const struct {
		uint32_t at;
		uint8_t value;
	} lies[] = {{38, 0xff}, {42, 0xff}, {43, 3}, {48, 0xff}, {51, 0xff}, {55, 0x7f}};
	for (uint32_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct blob m = good;
		m.at[lies[i].at] = lies[i].value;
		open_lab(NULL);
		feed_record(0, 22, &m);
		assert_int_equal(lab.answer, PARSE_STOP);
		assert_true(event("handshake_invalid_length"));
		close_lab(NULL);
	}
}

static void records_and_messages_nobody_knows_end_the_reading(void **state)
{
	struct blob empty = {0}, m = {0};
	say_client_hello("", NULL);
	FEED(1, "\x16\x05\x05\x00\x01\x00");
	assert_int_equal(lab.answer, PARSE_STOP);
	assert_true(event("invalid_record_version"));
	close_lab(NULL), open_lab(NULL);
	say_client_hello("", NULL);
	FEED(1, "\x63\x03\x03\x00\x01\x00");
	assert_true(event("invalid_record_type"));
	close_lab(NULL), open_lab(NULL);
	say_client_hello("", NULL);
	add_message(&m, 99, &empty);
	feed_record(1, 22, &m);
	assert_int_equal(lab.answer, PARSE_STOP);
	assert_true(event("invalid_handshake_message"));
	close_lab(NULL), open_lab(NULL);
	say_client_hello("", NULL);
	FEED(1, "\x16\x03\x03\x00\x05\x63\x00\x40\x00\x01"); // it is told by its type alone
	assert_int_equal(lab.answer, PARSE_STOP);
	assert_true(event("invalid_handshake_message"));
	assert_false(event("invalid_ssl_record"));
	close_lab(NULL), open_lab(NULL);
	say_client_hello("", NULL);
	FEED(1, "\x16\x03\x03\x00\x01\x63");
	assert_true(event("invalid_handshake_message"));
	assert_true(event("invalid_ssl_record"));
	close_lab(NULL), open_lab(NULL);
	say_client_hello("", NULL);
	FEED(1, "\x16\x03\x03\x4e\x20"); // 20,000 bytes
	assert_int_equal(lab.answer, PARSE_STOP);
}

static void heartbeats_that_ask_for_more_than_they_bring_are_events(void **state)
{
#define PADDING "0123456789abcdef"
	say_client_hello("", NULL);
	FEED(0, "\x18\x03\x03\x00\x17\x01\x00\x04"
		"abcd" PADDING);
	assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
	FEED(0, "\x18\x03\x03\x00\x17\x01\x40\x00"
		"abcd" PADDING);
	assert_true(event("overflow_heartbeat_message"));
	FEED(0, "\x18\x03\x03\x00\x17\x05\x00\x04"
		"abcd" PADDING);
	assert_true(event("invalid_heartbeat_message"));
}

static void a_hello_in_a_record_of_ssl_2_is_a_hello(void **state)
{
	uint64_t v;
	FEED(0, "\x80\x10\x01\x03\x01\x00\x03\x00\x00\x00\x04\x00\x00\x35"
		"abcd");
	assert_true(plab_field(&lab, plab_tx(&lab, 0), "ssl_version", 0, 0, &v));
	assert_int_equal(v, 0x0301);
	assert_int_equal(lab.answer, PARSE_OK);
	close_lab(NULL), open_lab(NULL);
	FEED(0, "\x80\x10\x01\x00\x02\x00\x03\x00\x00\x00\x04\x00\x00\x35"
		"abcd");
	assert_true(plab_field(&lab, plab_tx(&lab, 0), "ssl_version", 0, 0, &v));
	assert_int_equal(v, 0x0200);
	assert_int_equal(lab.answer, PARSE_DONE);
}

static void bytes_lost_in_a_handshake_end_the_reading(void **state)
{
	say_client_hello("", NULL);
	plab_gap(&lab, 1, 100);
	say_server_hello("", NULL);
	assert_int_equal(lab.answer, PARSE_STOP);
}

static void a_handshake_is_the_same_however_it_is_cut(void **state)
{
	struct blob ext = {0}, m = {0}, first = {0}, second = {0}, client = {0}, server = {0};
	add_sni(&ext, "a.com");
	EXT(&ext, 16, "\x00\x03\x02h2");
	add_client_hello(&m, "", &ext);
	add_record(&client, 22, &m);
	m.len = 0;
	add_server_hello(&m, "", NULL);
	add_certificates(&m, usual_cert());
	add(&first, m.at, 100); // messages go on in the next record
	add(&second, m.at + 100, m.len - 100);
	add_record(&server, 22, &first);
	add_record(&server, 22, &second);
	ADD(&server, CHANGE_CIPHER DATA);
	const struct plab_said said[] = {
		{0, client.at, client.len}, {1, server.at, server.len}, PLAB_SAID(0, CHANGE_CIPHER DATA)};
	char *told = plab_every_split(&parser_tls, said, 3);
	assert_non_null(strstr(told, "tls.cert_subject[0] \"C=DE, CN=sub\""));
	assert_non_null(strstr(told, "tls.sni[0] \"a.com\""));
	free(told);
}

#define LAB(name) cmocka_unit_test_setup_teardown(name, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(a_handshake_with_a_certificate_is_told_of),
		LAB(the_record_has_the_fields_of_suricata),
		LAB(a_server_without_certificate_takes_up_a_session),
		LAB(a_server_chooses_a_version_only_where_the_client_offered_some),
		LAB(version_1_3_has_no_certificate_to_see),
		LAB(drafts_of_1_3_have_a_shorter_server_hello),
		LAB(until_there_is_a_hello_records_tell_the_version),
		LAB(fingerprints_leave_out_what_stands_for_nothing),
		LAB(the_state_is_that_of_the_last_input),
		cmocka_unit_test(server_names_out_of_shape_are_events),
		cmocka_unit_test(hellos_whose_lengths_lie_end_the_reading),
		LAB(records_and_messages_nobody_knows_end_the_reading),
		LAB(heartbeats_that_ask_for_more_than_they_bring_are_events),
		LAB(a_hello_in_a_record_of_ssl_2_is_a_hello),
		LAB(bytes_lost_in_a_handshake_end_the_reading),
		cmocka_unit_test(a_handshake_is_the_same_however_it_is_cut),
	};
	return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
