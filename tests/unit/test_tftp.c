// The TFTP parser: requests to read and write.
#include "tests/unit/parser_lab.h"

extern const struct parser parser_tftp;

static struct parser_lab lab;

static int open_lab(void **state)
{
	plab_open(&lab, &parser_tftp, OVER_UDP);
	return 0;
}

static int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

#define ASK(literal) plab_feed(&lab, DIR_TO_SERVER, literal, sizeof(literal) - 1)

static void a_request_names_file_and_mode(void **state)
{
	ASK("\0\x01"
	    "a.bin\0OCTET\0");
	ASK("\0\x02"
	    "b.txt\0netascii\0blksize\0"
	    "1428\0");
	assert_int_equal(plab_count(&lab), 2);
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)), "tftp:{packet:\"read\",file:\"a.bin\",mode:\"octet\"}");
	assert_string_equal(
		plab_log(&lab, plab_tx(&lab, 1)), "tftp:{packet:\"write\",file:\"b.txt\",mode:\"netascii\"}");
}

static void what_is_no_request_is_no_transaction(void **state)
{
	ASK("\0\x03\0\x01"
	    "data");
	ASK("\0\x01"
	    "no end");
	ASK("\0\x01"
	    "file\0mode");
	ASK("\0\x01"
	    "file\0other\0");
	ASK("\0");
	assert_int_equal(plab_count(&lab), 0);
}

static void the_probe_wants_an_opcode(void **state)
{
	assert_int_equal(parser_tftp.probe((const uint8_t *)"\0\x01"
							    "a\0",
				 4, 0, OVER_UDP),
		PROBE_YES);
	assert_int_equal(parser_tftp.probe((const uint8_t *)"\0\x06"
							    "a\0",
				 4, 0, OVER_UDP),
		PROBE_NO);
	assert_int_equal(parser_tftp.probe((const uint8_t *)"\0\x01"
							    "a",
				 3, 0, OVER_UDP),
		PROBE_NO);
}

#define T(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_names_file_and_mode),
		T(what_is_no_request_is_no_transaction),
		T(the_probe_wants_an_opcode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
