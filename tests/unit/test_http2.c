// The HTTP/2 parser: requests and answers, frames of the connection, what comes in pieces, what is wrong, what floods.
#include "tests/unit/parser_lab.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define FRAME(len, type, flags, stream) "\x00\x00" len type flags "\x00\x00\x00" stream
#define SETTINGS FRAME("\x06", "\x04", "\x00", "\x00") "\x00\x03\x00\x00\x00\x64"
// GET http://a.b/x
#define ASK "\x82\x86\x44\x02/x\x41\x03"
#define HEADERS(stream) FRAME("\x0b", "\x01", "\x05", stream) ASK "a.b"
#define OK_FRAME(stream) FRAME("\x01", "\x01", "\x04", stream) "\x88"
#define DATA(stream, len, text) FRAME(len, "\x00", "\x01", stream) text
#define RST(stream, code) FRAME("\x04", "\x03", "\x00", stream) "\x00\x00\x00" code

PARSER_TEST(parser_http2, OVER_TCP)

static const char *ask(uint32_t nth, const char *name)
{
	return plab_text(&lab, plab_tx(&lab, nth), name, DIR_TO_SERVER, 0);
}

static const char *answer(uint32_t nth, const char *name)
{
	return plab_text(&lab, plab_tx(&lab, nth), name, DIR_TO_CLIENT, 0);
}

static uint64_t number(uint32_t nth, const char *name, uint8_t dir)
{
	uint64_t v;

	return plab_field(&lab, plab_tx(&lab, nth), name, dir, 0, &v) ? v : 999999;
}

static void a_stream_is_a_transaction(void **state)
{
	CLIENT(PREFACE HEADERS("\x01"));
	assert_int_equal(plab_count(&lab), 1);
	assert_string_equal(ask(0, "http.method"), "GET");
	assert_string_equal(ask(0, "http.uri"), "/x");
	assert_string_equal(ask(0, "http.host"), "a.b");
	assert_string_equal(ask(0, "http.protocol"), "HTTP/2");
	assert_string_equal(ask(0, "http.request_line"), "GET /x HTTP/2\\x0d\\x0a");
	assert_string_equal(ask(0, "http.header"),
		":method: GET\\x0d\\x0a:scheme: http\\x0d\\x0a:path: /x\\x0d\\x0a:authority: a.b\\x0d\\x0a");
	assert_string_equal(ask(0, "http.header_names"),
		"\\x0d\\x0a:method\\x0d\\x0a:scheme\\x0d\\x0a:path\\x0d\\x0a:authority\\x0d\\x0a\\x0d\\x0a");
	assert_int_equal(number(0, "http2.frametype", DIR_TO_SERVER), 1);
	SERVER(OK_FRAME("\x01") DATA("\x01", "\x05", "hello"));
	assert_string_equal(answer(0, "http.stat_code"), "200");
	assert_string_equal(answer(0, "file.data"), "hello");
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"http:{version:\"2\",request_headers:[{name:\":method\",value:\"GET\"},{name:\":scheme\",value:"
		"\"http\"},"
		"{name:\":path\",value:\"/"
		"x\"},{name:\":authority\",value:\"a.b\"}],response_headers:[{name:\":status\","
		"value:\"200\"}],http_method:\"GET\",url:\"/"
		"x\",status:200,http2:{stream_id:1,request:{},response:{}}}");
	// it is over once the client has been heard of again
	assert_false(app_tx_over(&parser_http2, plab_tx(&lab, 0)));
	CLIENT(SETTINGS);
	assert_true(app_tx_over(&parser_http2, plab_tx(&lab, 0)));
}

static void values_of_one_name_are_put_together(void **state)
{
	CLIENT(PREFACE FRAME("\x22", "\x01", "\x05", "\x01") ASK "a.b"
								 "\x0f\x2b\x00"
								 "\x0f\x2b\x01"
								 "b"
								 "\x0f\x2b\x01"
								 "c"
								 "\x0f\x04\x01"
								 "x"
								 "\x0f\x04\x01"
								 "y"
								 "\x0f\x2b\x01"
								 "d");
	assert_string_equal(ask(0, "http.user_agent"), ", b, c, d"); // the first one is empty
	assert_string_equal(ask(0, "http.accept"), "x, y");
}

static void a_frame_of_the_connection_is_a_transaction(void **state)
{
	uint64_t v;

	CLIENT(PREFACE SETTINGS);
	assert_int_equal(plab_count(&lab), 1);
	assert_int_equal(number(0, "http2.frametype", DIR_TO_SERVER), 4);
	assert_true(plab_field(&lab, plab_tx(&lab, 0), "http2.settings", DIR_TO_SERVER, 0, &v));
	assert_int_equal(v, 3ull << 32 | 100);
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"http:{version:\"2\",http2:{stream_id:0,request:{settings:[{settings_id:"
		"\"SETTINGSMAXCONCURRENTSTREAMS\",settings_value:100}]},response:{}}}");
	SERVER(FRAME("\x00", "\x04", "\x01", "\x00")); // an acknowledgement is none
	assert_int_equal(plab_count(&lab), 1);
	assert_true(app_tx_over(&parser_http2, plab_tx(&lab, 0)));
}

static const struct plab_said said[] = {
	PLAB_SAID(DIR_TO_SERVER, PREFACE SETTINGS HEADERS("\x01") HEADERS("\x03")),
	PLAB_SAID(DIR_TO_CLIENT, SETTINGS OK_FRAME("\x03") DATA("\x03", "\x05", "three") OK_FRAME("\x01")),
	PLAB_SAID(DIR_TO_CLIENT, FRAME("\x08", "\x00", "\x09", "\x01") "\x02hello\x00\x00"),
	PLAB_SAID(DIR_TO_SERVER, RST("\x03", "\x08") FRAME("\x04", "\x08", "\x00", "\x00") "\x00\x00\x01\x00"),
};

static void a_conversation_may_be_cut_anywhere(void **state)
{
	char *told = plab_every_split(&parser_http2, said, sizeof(said) / sizeof(*said));

	assert_non_null(strstr(told, "file.data[0] \"three\""));
	assert_non_null(strstr(told, "file.data[0] \"hello\""));
	assert_non_null(strstr(told, "http2.window[0] 256"));
	free(told);
}

static void fields_come_over_several_frames(void **state)
{
	CLIENT(PREFACE FRAME("\x04", "\x01", "\x01", "\x01") "\x82\x86\x44\x02");
	assert_null(ask(0, "http.method"));
	CLIENT(FRAME("\x02", "\x09", "\x00", "\x01") "/x" FRAME("\x05", "\x09", "\x04", "\x01") "\x41\x03"
												"a.b");
	assert_string_equal(ask(0, "http.uri"), "/x");
	assert_string_equal(ask(0, "http.host"), "a.b");
}

static void padding_and_priority_are_no_fields(void **state)
{
	CLIENT(PREFACE FRAME("\x13", "\x01", "\x2d", "\x01") "\x02\x80\x00\x00\x03\x29" ASK "a.b\x00\x00");
	assert_string_equal(ask(0, "http.host.raw"), "a.b");
	assert_int_equal(number(0, "http2.priority", DIR_TO_SERVER), 0x29);
	assert_null(plab_text(&lab, plab_tx(&lab, 0), "http.request_header", DIR_TO_SERVER, 4));
}

static void a_reset_is_seen_on_its_stream(void **state)
{
	CLIENT(PREFACE HEADERS("\x01") RST("\x01", "\x08"));
	assert_int_equal(plab_count(&lab), 1);
	assert_int_equal(number(0, "http2.errorcode", DIR_TO_SERVER), 8);
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 0)), "request:{error_code:\"Cancel\"}"));
}

static void interim_responses_are_shown_with_the_answer(void **state)
{
	CLIENT(PREFACE HEADERS("\x01"));
	SERVER(FRAME("\x05", "\x01", "\x04", "\x01") "\x48\x03"
						     "103");
	assert_null(answer(0, "http.stat_code"));
	SERVER(OK_FRAME("\x01"));
	assert_string_equal(answer(0, "http.header"), ":status: 103\\x0d\\x0a:status: 200\\x0d\\x0a");
}

static void a_body_is_decompressed(void **state)
{
	// content-encoding: gzip; "hello"
	CLIENT(PREFACE HEADERS("\x01"));
	SERVER(FRAME("\x08", "\x01", "\x04", "\x01") "\x88\x5a\x04gzip\x88" FRAME(
		"\x19", "\x00", "\x01", "\x01") "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00"
						"\x86\xa6\x10\x36\x05\x00\x00\x00");
	assert_string_equal(answer(0, "http.response_body"), "hello");
}

static void what_is_malformed_is_noted(void **state)
{
	CLIENT(PREFACE FRAME("\x02", "\x01", "\x05", "\x01") "\x82\xff" FRAME("\x02", "\x03", "\x00", "\x01") "ab");
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "invalid_frame_data"));
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "invalid_frame_length"));
	assert_string_equal(ask(0, "http.method"), "GET");
	CLIENT("\x7f\xff\xff\x01\x04\x00\x00\x00\x03");
	assert_true(plab_has_event(&lab, plab_tx(&lab, 1), "long_frame_data"));
}

static void a_block_of_nothing_but_errors_has_no_text(void **state)
{
	CLIENT(PREFACE FRAME("\x02", "\x01", "\x05", "\x01") "\x80\xff");
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "invalid_header"));
	assert_null(ask(0, "http.header.raw"));
	assert_non_null(
		strstr(plab_log(&lab, plab_tx(&lab, 0)), "request_headers:[{error:\"HTTP2HeaderDecodeIndex0\"},"));
}

static void user_and_host_are_compared(void **state)
{
	CLIENT(PREFACE FRAME("\x09", "\x01", "\x05", "\x01") "\x82\x41\x03u@h\x66\x01x");
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "userinfo_in_uri"));
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "authority_host_mismatch"));
	assert_string_equal(ask(0, "http.host"), "h");
}

static void a_stream_is_not_used_twice(void **state)
{
	CLIENT(PREFACE HEADERS("\x01") HEADERS("\x01"));
	assert_int_equal(plab_count(&lab), 2);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 1), "stream_id_reuse"));
	assert_false(plab_has_event(&lab, plab_tx(&lab, 0), "stream_id_reuse"));
}

static void an_upgrade_begins_with_the_request_it_came_with(void **state)
{
	static const char request[] =
		"GET /up HTTP/1.1\r\nHost: Up\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n";

	app_hand_over(lab.run, lab.s, (const uint8_t *)request, sizeof(request) - 1, 4096);
	SERVER(OK_FRAME("\x01"));
	assert_int_equal(plab_count(&lab), 2);
	assert_string_equal(ask(0, "http.uri"), "/up");
	assert_string_equal(ask(0, "http.header"),
		":method: GET\\x0d\\x0a:path: /up\\x0d\\x0a:authority: Up\\x0d\\x0aUpgrade: h2c\\x0d\\x0a");
	assert_string_equal(answer(0, "http.stat_code"), "200");
	assert_int_equal(number(1, "http2.settings", DIR_TO_SERVER) >> 32, 3);
}

static void an_upgrade_with_bad_settings_is_noted(void **state)
{
	static const char request[] = "GET /up HTTP/1.1\r\nHTTP2-Settings: AAMA!\r\n\r\n";

	app_hand_over(lab.run, lab.s, (const uint8_t *)request, sizeof(request) - 1, 4096);
	SERVER(OK_FRAME("\x01"));
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "invalid_http1_settings"));
}

static void lost_bytes_of_a_body_are_passed_over(void **state)
{
	CLIENT(PREFACE HEADERS("\x01"));
	SERVER(OK_FRAME("\x01") FRAME("\x0a", "\x00", "\x01", "\x01") "abc");
	plab_gap(&lab, DIR_TO_CLIENT, 4);
	SERVER("xyz" SETTINGS);
	assert_string_equal(answer(0, "file.data"), "abcxyz");
	plab_gap(&lab, DIR_TO_CLIENT, 4);
	SERVER("xyz");
	assert_int_equal(lab.answer, PARSE_DONE);
}

static void a_flood_of_frames_does_not_pile_up(void **state)
{
	lab.reap = true;
	for (uint32_t i = 0; i < 2000; i++) {
		CLIENT(FRAME("\x08", "\x06", "\x00", "\x00") "12345678");
		lab.text[0] = 0;
		assert_true(plab_count(&lab) <= 17);
	}
	assert_int_equal(lab.answer, PARSE_OK);
}

static void rapid_resets_do_not_pile_up(void **state)
{
	uint8_t frames[] = PREFACE HEADERS("\x01") RST("\x01", "\x08");
	uint8_t *f = frames + sizeof(PREFACE) - 1;

	plab_feed(&lab, DIR_TO_SERVER, frames, sizeof(PREFACE) - 1);
	lab.reap = true;
	for (uint32_t i = 0; i < 2000; i++) {
		uint16_t id = (uint16_t)(2 * i + 1);
		f[7] = f[27] = (uint8_t)(id >> 8);
		f[8] = f[28] = (uint8_t)id;
		plab_feed(&lab, DIR_TO_SERVER, f, 33);
		lab.text[0] = 0;
		assert_true(plab_count(&lab) <= 17);
	}
	assert_int_equal(lab.answer, PARSE_OK);
}

static void the_oldest_of_too_many_streams_gives_way(void **state)
{
	uint8_t f[] = HEADERS("\x01");

	plab_limits(&lab)->max_tx = 8;
	lab.reap = true;
	plab_feed(&lab, DIR_TO_SERVER, PREFACE, sizeof(PREFACE) - 1);
	for (uint32_t i = 0; i < 100; i++) {
		f[8] = (uint8_t)(2 * i + 1);
		plab_feed(&lab, DIR_TO_SERVER, f, sizeof(f) - 1);
	}
	assert_int_equal(lab.answer, PARSE_OK);
	assert_int_equal(plab_count(&lab), 7);
	assert_non_null(strstr(lab.text, "event too_many_streams"));
	assert_string_equal(ask(6, "http.uri"), "/x"); // the table has been kept
}

static void an_endless_block_is_given_up(void **state)
{
	uint8_t f[9 + 16000] = FRAME("\x00", "\x09", "\x00", "\x01");

	f[1] = 16000 >> 8;
	f[2] = 16000 & 0xff;
	CLIENT(PREFACE FRAME("\x01", "\x01", "\x00", "\x01") "\x82");
	for (uint32_t i = 0; i < 100; i++)
		plab_feed(&lab, DIR_TO_SERVER, f, sizeof(f));
	assert_int_equal(lab.answer, PARSE_OK);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "reassembly_limit_reached"));
	assert_true(lab.s->memory < 16384);
}

static void a_small_block_does_not_become_a_large_message(void **state)
{
	// a field of 4,000 bytes, then 2,000 references to it
	uint8_t f[9 + 4004 + 2000] = "\x00\x17\x74\x01\x05\x00\x00\x00\x01\x40\x01n\x7f\xa1\x1e";

	memset(f + 9 + 6, 'v', 4000 - 2);
	memset(f + 9 + 4004, 0xbe, 2000);
	plab_feed(&lab, DIR_TO_SERVER, PREFACE, sizeof(PREFACE) - 1);
	plab_feed(&lab, DIR_TO_SERVER, f, sizeof(f));
	assert_int_equal(lab.answer, PARSE_OK);
	assert_true(lab.s->memory < 400000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stream_is_a_transaction),
		TEST(a_frame_of_the_connection_is_a_transaction),
		TEST(values_of_one_name_are_put_together),
		cmocka_unit_test(a_conversation_may_be_cut_anywhere),
		TEST(fields_come_over_several_frames),
		TEST(padding_and_priority_are_no_fields),
		TEST(a_reset_is_seen_on_its_stream),
		TEST(interim_responses_are_shown_with_the_answer),
		TEST(a_body_is_decompressed),
		TEST(what_is_malformed_is_noted),
		TEST(a_block_of_nothing_but_errors_has_no_text),
		TEST(user_and_host_are_compared),
		TEST(a_stream_is_not_used_twice),
		TEST(an_upgrade_begins_with_the_request_it_came_with),
		TEST(an_upgrade_with_bad_settings_is_noted),
		TEST(lost_bytes_of_a_body_are_passed_over),
		TEST(a_flood_of_frames_does_not_pile_up),
		TEST(rapid_resets_do_not_pile_up),
		TEST(the_oldest_of_too_many_streams_gives_way),
		TEST(an_endless_block_is_given_up),
		TEST(a_small_block_does_not_become_a_large_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
