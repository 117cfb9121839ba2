// The SNMP parser: versions 1, 2c and 3, traps, errors, what is malformed. Records are those of Suricata 7.0.10.
#include "tests/unit/parser_lab.h"

#define VARS "\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x05\x00\x05\x00" // 1.3.6.1.2.1.1.5.0
#define GET "\xa0\x1a\x02\x02\x30\x39\x02\x01\x00\x02\x01\x00" VARS
#define BULK "\xa5\x1a\x02\x02\x30\x39\x02\x01\x07\x02\x01\x00" VARS
#define TOO_BIG "\xa2\x0c\x02\x02\x30\x39\x02\x01\x01\x02\x01\x00\x30\x00"
#define TRAP                                                                                                       \
	"\xa4\x29\x06\x08\x2b\x06\x01\x06\x03\x01\x01\x05\x40\x04\x0a\x01\x1e\x01\x02\x01\x02\x02\x01\x00\x43\x01" \
	"\x07" VARS
#define V1(len, pdu) "\x30" len "\x02\x01\x00\x04\x06public" pdu
#define V2(len, pdu) "\x30" len "\x02\x01\x01\x04\x06public" pdu
#define HEADER3(model) "\x30\x0e\x02\x01\x01\x02\x03\x00\xff\xe3\x04\x01\x04\x02\x01" model
#define USM3 "\x04\x13\x30\x11\x04\x01\x80\x02\x01\x01\x02\x01\x02\x04\x02me\x04\x00\x04\x00"

extern const struct parser parser_snmp;

static struct parser_lab lab;

static int open_lab(void **state)
{
	plab_open(&lab, &parser_snmp, OVER_UDP);
	return 0;
}

static int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

#define ASK(literal) plab_feed(&lab, DIR_TO_SERVER, literal, sizeof(literal) - 1)

static uint64_t field(const char *name)
{
	uint64_t v;

	return plab_field(&lab, plab_tx(&lab, 0), name, DIR_TO_SERVER, 0, &v) ? v : 999;
}

static const char *text(const char *name)
{
	return plab_text(&lab, plab_tx(&lab, 0), name, DIR_TO_SERVER, 0);
}

static void a_request_has_version_community_and_type(void **state)
{
	ASK(V2("\x27", GET));
	assert_int_equal(plab_count(&lab), 1);
	assert_true(app_tx_over(&parser_snmp, plab_tx(&lab, 0)));
	assert_int_equal(field("snmp.version"), 2);
	assert_int_equal(field("snmp.pdu_type"), 0);
	assert_string_equal(text("snmp.community"), "public");
	assert_null(text("snmp.usm"));
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"snmp:{version:2,pdu_type:\"get_request\",vars:[\"1.3.6.1.2.1.1.5.0\"],community:\"public\"}");
}

static void an_error_is_named(void **state)
{
	ASK(V2("\x19", TOO_BIG));
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"snmp:{version:2,pdu_type:\"response\",error:\"TooBig\",community:\"public\"}");
}

static void what_bulk_asks_for_is_no_error(void **state)
{
	ASK(V2("\x27", BULK));
	assert_null(strstr(plab_log(&lab, plab_tx(&lab, 0)), "error"));
	assert_int_equal(field("snmp.pdu_type"), 5);
}

static void a_trap_names_itself_and_its_sender(void **state)
{
	ASK(V1("\x36", TRAP));
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"snmp:{version:1,pdu_type:\"trap_v1\",trap_type:\"linkDown\",trap_oid:\"1.3.6.1.6.3.1.1.5\","
		"trap_address:\"10.1.30.1\",vars:[\"1.3.6.1.2.1.1.5.0\"],community:\"public\"}");
}

static void version_3_has_a_user_instead(void **state)
{
	ASK("\x30\x4b\x02\x01\x03" HEADER3("\x03") USM3 "\x30\x21\x04\x01\x80\x04\x00" GET);
	assert_false(plab_has_event(&lab, plab_tx(&lab, 0), "malformed_data"));
	assert_int_equal(field("snmp.version"), 3);
	assert_string_equal(text("snmp.usm"), "me");
	assert_null(text("snmp.community"));
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"snmp:{version:3,pdu_type:\"get_request\",vars:[\"1.3.6.1.2.1.1.5.0\"],usm:\"me\"}");
}

static void what_is_encrypted_has_no_type(void **state)
{
	ASK("\x30\x2c\x02\x01\x03" HEADER3("\x03") USM3 "\x04\x02\xaa\xbb");
	assert_int_equal(field("snmp.pdu_type"), 999);
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)), "snmp:{version:3,pdu_type:\"encrypted\"}");
}

static void another_security_model_is_an_event(void **state)
{
	ASK("\x30\x2c\x02\x01\x03" HEADER3("\x09") USM3 "\x04\x02\xaa\xbb");
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "unknown_security_model"));
	assert_null(text("snmp.usm"));
}

static void another_version_in_a_flow_is_an_event(void **state)
{
	ASK(V2("\x27", GET));
	ASK(V1("\x27", GET));
	assert_false(plab_has_event(&lab, plab_tx(&lab, 0), "version_mismatch"));
	assert_true(plab_has_event(&lab, plab_tx(&lab, 1), "version_mismatch"));
}

static void a_message_cut_anywhere_is_an_event(void **state)
{
	static const char whole[] = V2("\x27", GET);
	char cut[sizeof(whole)];

	for (uint32_t n = 6; n < sizeof(whole) - 1; n++) {
		memcpy(cut, whole, n);
		cut[1] = (char)(n - 2);
		plab_feed(&lab, DIR_TO_SERVER, cut, n);
		assert_int_equal(plab_count(&lab), n - 5);
		assert_true(plab_has_event(&lab, plab_tx(&lab, n - 6), "malformed_data"));
	}
	plab_feed(&lab, DIR_TO_SERVER, whole, 20);
	assert_true(plab_has_event(&lab, NULL, "malformed_data"));
}

static void each_arc_of_an_oid_is_written(void **state)
{
	ASK("\x30\x2a\x02\x01\x01\x04\x06public\xa0\x1d\x02\x02\x30\x39\x02\x01\x00\x02\x01\x00"
	    "\x30\x11\x30\x0f\x06\x0b\x88\x37\x8f\xff\xff\xff\x7f\x81\x00\x05\x00\x05\x00");
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 0)), "vars:[\"2.999.4294967295.128.5.0\"]"));
}

static void the_probe_wants_a_version_and_a_name(void **state)
{
	static const uint8_t get[] = V1("\x27", GET);

	assert_int_equal(parser_snmp.probe(get, sizeof(get) - 1, 0, OVER_UDP), PROBE_YES);
	assert_int_equal(parser_snmp.probe(get, 12, 0, OVER_UDP), PROBE_NO);
	assert_int_equal(parser_snmp.probe((const uint8_t *)"\x30\x03\x02\x01\x02", 5, 0, OVER_UDP), PROBE_NO);
}

#define T(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_has_version_community_and_type),
		T(an_error_is_named),
		T(what_bulk_asks_for_is_no_error),
		T(a_trap_names_itself_and_its_sender),
		T(version_3_has_a_user_instead),
		T(what_is_encrypted_has_no_type),
		T(another_security_model_is_an_event),
		T(another_version_in_a_flow_is_an_event),
		T(a_message_cut_anywhere_is_an_event),
		T(each_arc_of_an_oid_is_written),
		T(the_probe_wants_a_version_and_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
