// How QUIC is told from other datagrams.
#include "tests/unit/parser_lab.h"

extern const struct parser parser_quic;

static enum probe_answer ask(uint8_t first, const char *version, uint8_t cid, const char *rest, uint32_t rest_len)
{
	uint8_t data[600] = {first};
	uint32_t len = 5;
	memcpy(data + 1, version, 4);
	data[len++] = cid;
	memset(data + len, 'd', cid);
	len += cid;
	memcpy(data + len, rest, rest_len);
	return parser_quic.probe(data, len + rest_len, DIR_TO_SERVER, OVER_UDP);
}
#define ASK(first, version, cid, rest) ask(first, version, cid, rest, sizeof(rest) - 1)
#define V1 "\0\0\0\1"
#define V2 "\x6b\x33\x43\xcf"

static void connection_ids_have_any_length(void **state)
{
	assert_int_equal(ASK(0xe0, V1, 8, "\2ss"), PROBE_YES);
	assert_int_equal(ASK(0xe0, V1, 21, "\2ss"), PROBE_YES);
	assert_int_equal(ASK(0xe0, "\x1a\x2a\x3a\x4a", 255, "\0"), PROBE_YES);
	assert_int_equal(ASK(0xe0, V1, 8, "\3ss"), PROBE_NO);
	assert_int_equal(ASK(0xe0, V1, 8, ""), PROBE_NO);
}

static void an_initial_has_its_content(void **state)
{
	assert_int_equal(ASK(0xc0, V1, 8, "\0\1t\x40\3abc"), PROBE_YES);
	assert_int_equal(ASK(0xc0, V1, 8, "\0\1t\x40\3ab"), PROBE_NO);
	assert_int_equal(ASK(0xc0, V1, 8, "\0\1"), PROBE_NO);
	assert_int_equal(ASK(0xc0, V1, 8, "\0\0\xff\xff\xff\xff\xff\xff\xff\xff"), PROBE_NO);
	assert_int_equal(ASK(0xd0, V2, 8, "\0\0\3ab"), PROBE_NO);
	assert_int_equal(ASK(0xd0, V2, 8, "\0\0\2ab"), PROBE_YES);
	assert_int_equal(ASK(0xc0, V2, 8, "\0"), PROBE_YES);
}

static void version_negotiation_and_short_headers_are_told(void **state)
{
	assert_int_equal(ASK(0xc0, "\0\0\0\0", 8, "\0"), PROBE_YES);
	assert_int_equal(ASK(0xc0, "Q046", 8, "\0"), PROBE_YES);
	assert_int_equal(parser_quic.probe((const uint8_t *)"\x40", 1, DIR_TO_SERVER, OVER_UDP), PROBE_YES);
	assert_int_equal(parser_quic.probe((const uint8_t *)"\xc0", 1, DIR_TO_SERVER, OVER_UDP), PROBE_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connection_ids_have_any_length),
		cmocka_unit_test(an_initial_has_its_content),
		cmocka_unit_test(version_negotiation_and_short_headers_are_told),
	};
	return cmocka_run_group_tests_name("quic", tests, NULL, NULL);
}
