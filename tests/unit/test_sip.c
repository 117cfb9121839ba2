// The SIP parser: first lines over UDP, messages cut out of TCP. Records are those of Suricata 7.0.10.
#include "tests/unit/parser_lab.h"

#define REGISTER "REGISTER sip:example.org SIP/2.0\r\nVia: x\r\nContent-Length: 0\r\n\r\n"
#define INVITE "INVITE sip:bob@example.org SIP/2.0\r\nl : 5\r\n\r\nINVIT"
#define OK "SIP/2.0 200 All is well\r\nVia: x\r\n\r\n"

extern const struct parser parser_sip;

static struct parser_lab lab;

static int open_udp(void **state)
{
	plab_open(&lab, &parser_sip, OVER_UDP);
	return 0;
}

static int open_tcp(void **state)
{
	plab_open(&lab, &parser_sip, OVER_TCP);
	return 0;
}

static int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

static const char *text(uint32_t tx, const char *name, uint8_t dir)
{
	return plab_text(&lab, plab_tx(&lab, tx), name, dir, 0);
}

static void a_request_is_its_method_uri_and_version(void **state)
{
	plab_feed_string(&lab, DIR_TO_SERVER, REGISTER);
	assert_string_equal(text(0, "sip.method", 0), "REGISTER");
	assert_string_equal(text(0, "sip.uri", 0), "sip:example.org");
	assert_string_equal(text(0, "sip.protocol", 0), "SIP/2.0");
	assert_string_equal(text(0, "sip.request_line", 0), "REGISTER sip:example.org SIP/2.0");
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"sip:{method:\"REGISTER\",uri:\"sip:example.org\",version:\"SIP/2.0\","
		"request_line:\"REGISTER sip:example.org SIP/2.0\"}");
}

static void a_response_is_its_version_code_and_reason(void **state)
{
	plab_feed_string(&lab, DIR_TO_CLIENT, OK);
	assert_string_equal(text(0, "sip.stat_code", 1), "200");
	assert_string_equal(text(0, "sip.stat_msg", 1), "All is well");
	assert_string_equal(text(0, "sip.protocol", 1), "SIP/2.0");
	assert_string_equal(text(0, "sip.response_line", 1), "SIP/2.0 200 All is well");
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)), "sip:{version:\"SIP/2.0\",code:\"200\",reason:\"All is "
							      "well\",response_line:\"SIP/2.0 200 All is well\"}");
}

static void what_is_no_first_line_is_an_event(void **state)
{
	plab_feed_string(&lab, DIR_TO_SERVER, "REGISTER sip:example.org SIP/2.0");
	assert_true(plab_has_event(&lab, NULL, "incomplete_data"));
	assert_false(plab_has_event(&lab, NULL, "invalid_data"));
	static const char *const bad[] = {"REGISTER\r\n", "REGISTER sip:x HTTP/1.0\r\n", "REG(STER sip:x SIP/2.0\r\n",
		" \r\n", "REGISTER  SIP/2.0\r\n"};
	for (uint32_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		lab.s->flow_events = 0;
		plab_feed_string(&lab, DIR_TO_SERVER, bad[i]);
		assert_true(plab_has_event(&lab, NULL, "invalid_data"));
	}
	lab.s->flow_events = 0;
	plab_feed_string(&lab, DIR_TO_CLIENT, "SIP/2.0 20x OK\r\n");
	assert_true(plab_has_event(&lab, NULL, "invalid_data"));
	assert_int_equal(plab_count(&lab), 0);
}

static void a_line_too_long_is_an_event(void **state)
{
	static char line[6000];

	memset(line, 'a', sizeof(line));
	memcpy(line, "REGISTER ", 9);
	memcpy(line + 5900, " SIP/2.0\r\n", 10);
	plab_feed(&lab, DIR_TO_SERVER, line, 5910);
	assert_true(plab_has_event(&lab, NULL, "invalid_data"));
}

static void over_tcp_bodies_are_skipped(void **state)
{
	plab_feed_string(&lab, DIR_TO_SERVER, "\r\n" INVITE REGISTER);
	assert_int_equal(plab_count(&lab), 2);
	assert_string_equal(text(1, "sip.method", 0), "REGISTER");
}

static void over_tcp_however_it_is_cut_it_is_the_same(void **state)
{
	struct plab_said talk[] = {PLAB_SAID(0, INVITE REGISTER), PLAB_SAID(1, OK)};
	char *told = plab_every_split(&parser_sip, talk, 2);

	assert_non_null(strstr(told, "sip.method[0] \"REGISTER\""));
	free(told);
}

static void over_tcp_a_loss_stops_the_parser(void **state)
{
	plab_gap(&lab, DIR_TO_SERVER, 9);
	plab_feed_string(&lab, DIR_TO_SERVER, REGISTER);
	assert_int_equal(lab.answer, PARSE_STOP);
}

static void over_tcp_headers_without_end_stop_the_parser(void **state)
{
	static char line[40000];

	memset(line, 'a', sizeof(line));
	plab_feed(&lab, DIR_TO_SERVER, line, sizeof(line));
	assert_int_equal(lab.answer, PARSE_STOP);
}

static enum probe_answer probe(const char *bytes, uint8_t dir)
{
	return parser_sip.probe((const uint8_t *)bytes, (uint32_t)strlen(bytes), dir, OVER_UDP);
}

static void the_probe_tells_who_asks(void **state)
{
	assert_int_equal(probe(REGISTER, DIR_TO_SERVER), PROBE_YES);
	assert_int_equal(probe(REGISTER, DIR_TO_CLIENT), PROBE_YES_REVERSED);
	assert_int_equal(probe(OK, DIR_TO_CLIENT), PROBE_YES);
	assert_int_equal(probe("GET / HTTP/1.0\r\n", DIR_TO_SERVER), PROBE_NO);
}

#define UDP(test) cmocka_unit_test_setup_teardown(test, open_udp, close_lab)
#define TCP(test) cmocka_unit_test_setup_teardown(test, open_tcp, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UDP(a_request_is_its_method_uri_and_version),
		UDP(a_response_is_its_version_code_and_reason),
		UDP(what_is_no_first_line_is_an_event),
		UDP(a_line_too_long_is_an_event),
		TCP(over_tcp_bodies_are_skipped),
		TCP(over_tcp_however_it_is_cut_it_is_the_same),
		TCP(over_tcp_a_loss_stops_the_parser),
		TCP(over_tcp_headers_without_end_stop_the_parser),
		UDP(the_probe_tells_who_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
