// The RFB parser: versions, kinds of security, what is refused, what is malformed.
#include "tests/unit/parser_lab.h"

#define CHALLENGE "0123456789abcdef"
#define RESPONSE "ABCDEFGHIJKLMNOP"
#define INIT                                                                                               \
	"\x03\x20\x02\x58\x20\x18\x00\x01\x00\xff\x00\xff\x00\xff\x10\x08\x00\x00\x00\x00\x00\x00\x00\x04" \
	"desk"

PARSER_TEST(parser_rfb, OVER_TCP)

static uint64_t field(const char *name, uint8_t dir)
{
	uint64_t v;

	return plab_field(&lab, plab_tx(&lab, 0), name, dir, 0, &v) ? v : 999;
}

static void hello(void)
{
	SERVER("RFB 003.008\n");
	CLIENT("RFB 003.008\n");
}

static void a_password_is_asked_for_and_the_desktop_named(void **state)
{
	hello();
	SERVER("\x02\x01\x02");
	CLIENT("\x02");
	assert_int_equal(field("rfb.sectype", DIR_TO_SERVER), 2);
	SERVER(CHALLENGE);
	CLIENT(RESPONSE);
	assert_int_equal(field("rfb.secresult", DIR_TO_CLIENT), 999);
	SERVER("\0\0\0\0");
	assert_int_equal(field("rfb.secresult", DIR_TO_CLIENT), 0);
	CLIENT("\x01");
	assert_false(app_tx_over(&parser_rfb, plab_tx(&lab, 0)));
	SERVER(INIT);
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 0), "rfb.name", DIR_TO_CLIENT, 0), "desk");
	assert_true(app_tx_over(&parser_rfb, plab_tx(&lab, 0)));
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"rfb:{server_protocol_version:{major:\"003\",minor:\"008\"},client_protocol_version:{major:\"003\","
		"minor:\"008\"},authentication:{security_type:2,vnc:{challenge:\"30313233343536373839616263646566\","
		"response:\"4142434445464748494a4b4c4d4e4f50\"},security_result:\"OK\"},screen_shared:true,framebuffer:"
		"{"
		"width:800,height:600,name:\"desk\",pixel_format:{bits_per_pixel:32,depth:24,big_endian:false,"
		"true_color:true,red_max:255,green_max:255,blue_max:255,red_shift:16,green_shift:8,blue_shift:0}}}");
}

static void version_3_3_lets_the_server_decide(void **state)
{
	SERVER("RFB 003.003\n");
	CLIENT("RFB 003.003\n");
	SERVER("\0\0\0\1");
	assert_int_equal(field("rfb.sectype", DIR_TO_SERVER), 1);
	CLIENT("\0");
	SERVER(INIT);
	assert_true(app_tx_over(&parser_rfb, plab_tx(&lab, 0)));
	assert_int_equal(field("rfb.secresult", DIR_TO_CLIENT), 999);
}

static void version_3_8_has_a_result_without_a_password(void **state)
{
	hello();
	SERVER("\x01\x01");
	CLIENT("\x01");
	SERVER("\0\0\0\0");
	CLIENT("\0");
	SERVER(INIT);
	assert_int_equal(field("rfb.secresult", DIR_TO_CLIENT), 0);
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 0)), "screen_shared:false"));
}

static void a_refusal_has_a_reason(void **state)
{
	hello();
	SERVER("\x01\x02");
	CLIENT("\x02");
	SERVER(CHALLENGE);
	CLIENT(RESPONSE);
	SERVER("\0\0\0\1\0\0\0\5wrong");
	assert_int_equal(field("rfb.secresult", DIR_TO_CLIENT), 1);
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 0)), "server_security_failure_reason:\"wrong\""));
}

static void unknown_kinds_are_noted(void **state)
{
	hello();
	SERVER("\x01\x13");
	CLIENT("\x13");
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "unimplemented_security_type"));
	assert_int_equal(field("rfb.sectype", DIR_TO_SERVER), 0x13);
	SERVER("anything");
	assert_int_equal(lab.side[DIR_TO_CLIENT].len, 0);
}

static void unknown_results_are_noted(void **state)
{
	hello();
	SERVER("\x01\x02");
	CLIENT("\x02");
	SERVER(CHALLENGE);
	CLIENT(RESPONSE);
	SERVER("\0\0\0\7");
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "unknown_security_result"));
	assert_int_equal(field("rfb.secresult", DIR_TO_CLIENT), 3);
}

static void what_is_malformed_is_noted(void **state)
{
	SERVER("RFB 003x008\n");
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "malformed_message"));
}

static void a_name_too_long_is_malformed(void **state)
{
	hello();
	SERVER("\x01\x01");
	CLIENT("\x01");
	SERVER("\0\0\0\0");
	CLIENT("\0");
	SERVER("\x03\x20\x02\x58\x20\x18\x00\x01\x00\xff\x00\xff\x00\xff\x10\x08\x00\x00\x00\x00\x7f\xff\xff\xff");
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "malformed_message"));
	assert_false(app_tx_over(&parser_rfb, plab_tx(&lab, 0)));
}

static const struct plab_said said[] = {
	PLAB_SAID(DIR_TO_CLIENT, "RFB 003.007\n"),
	PLAB_SAID(DIR_TO_SERVER, "RFB 003.007\n"),
	PLAB_SAID(DIR_TO_CLIENT, "\x02\x01\x02"),
	PLAB_SAID(DIR_TO_SERVER, "\x02"),
	PLAB_SAID(DIR_TO_CLIENT, CHALLENGE),
	PLAB_SAID(DIR_TO_SERVER, RESPONSE "\x01"),
	PLAB_SAID(DIR_TO_CLIENT, "\0\0\0\0" INIT "behind"),
	PLAB_SAID(DIR_TO_SERVER, "more"),
};

static void a_conversation_may_be_cut_anywhere(void **state)
{
	char *told = plab_every_split(&parser_rfb, said, sizeof(said) / sizeof(*said));

	assert_non_null(strstr(told, "rfb.name[0] \"desk\""));
	assert_non_null(strstr(told, "rfb.secresult[0] 0"));
	free(told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_password_is_asked_for_and_the_desktop_named),
		TEST(version_3_3_lets_the_server_decide),
		TEST(version_3_8_has_a_result_without_a_password),
		TEST(a_refusal_has_a_reason),
		TEST(unknown_kinds_are_noted),
		TEST(unknown_results_are_noted),
		TEST(what_is_malformed_is_noted),
		TEST(a_name_too_long_is_malformed),
		cmocka_unit_test(a_conversation_may_be_cut_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
