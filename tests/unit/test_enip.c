// The EtherNet/IP parser: messages, and the CIP services in them.
#include "tests/unit/parser_lab.h"

extern const struct parser parser_enip;

static struct parser_lab lab;

static int open_lab(void **state)
{
	plab_open(&lab, &parser_enip, OVER_TCP);
	return 0;
}

static int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

// A message of this command whose header says `len` bytes of body; the body follows as it is.
static void message(uint8_t dir, uint8_t command, uint8_t len, const void *body, uint32_t n)
{
	uint8_t bytes[300] = {command, 0, len};

	memcpy(bytes + 24, body, n);
	plab_feed(&lab, dir, bytes, 24 + n);
}

// SendRRData with two items, the second of which is an unconnected one of these bytes.
static void unconnected(uint8_t dir, const void *cip, uint8_t n)
{
	uint8_t body[200] = {0, 0, 0, 0, 5, 0, 2, 0, 0, 0, 0, 0, 0xb2, 0, n};

	memcpy(body + 16, cip, n);
	message(dir, 0x6f, (uint8_t)(16 + n), body, 16u + n);
}
#define REQUEST(literal) unconnected(DIR_TO_SERVER, literal, sizeof(literal) - 1)

static const char *service(uint32_t tx, uint32_t nth)
{
	return plab_text(&lab, plab_tx(&lab, tx), "cip_service", DIR_TO_SERVER, nth);
}

static void each_message_is_a_transaction_with_its_command(void **state)
{
	uint64_t command;

	message(DIR_TO_SERVER, 99, 0, "", 0);
	message(DIR_TO_CLIENT, 99, 5, "12345", 5);
	assert_int_equal(plab_count(&lab), 2);
	assert_int_equal(plab_tx(&lab, 0)->dirs, 1u << DIR_TO_SERVER);
	assert_int_equal(plab_tx(&lab, 1)->dirs, 1u << DIR_TO_CLIENT);
	assert_true(plab_field(&lab, plab_tx(&lab, 1), "enip_command", DIR_TO_CLIENT, 0, &command));
	assert_int_equal(command, 99);
	assert_null(service(0, 0));
}

static void a_message_that_is_cut_waits_for_the_rest(void **state)
{
	message(DIR_TO_SERVER, 99, 4, "123", 3);
	assert_int_equal(plab_count(&lab), 0);
	plab_feed_string(&lab, DIR_TO_SERVER, "4");
	assert_int_equal(plab_count(&lab), 1);
	assert_int_equal(lab.side[DIR_TO_SERVER].len, 0);
	plab_gap(&lab, DIR_TO_SERVER, 3);
	plab_feed_string(&lab, DIR_TO_SERVER, "4");
	assert_int_equal(lab.answer, PARSE_STOP);
}

static void a_request_names_class_and_attribute(void **state)
{
	REQUEST("\x0e\x03\x20\x63\x24\x01\x30\x05");
	assert_string_equal(service(0, 0), "\\x0e\\x01\\x00c\\x02\\x00\\x05");
	assert_null(service(0, 1));
	REQUEST("\x0e\x04\x21\x00\x63\x01\x31\x00\x05\x02");
	assert_string_equal(service(1, 0), "\\x0e\\x01\\x01c\\x02\\x02\\x05");
	REQUEST("\x4b\x04\x91\x03"
		"abc\x00\x20\x63"); // a symbol stands in front
	assert_string_equal(service(2, 0), "K\\x01\\x00c");
	REQUEST("\x03\x02\x20\x63\x24\x01\x02\x00\x05\x00\x06\x01");
	assert_string_equal(service(3, 0), "\\x03\\x01\\x00c\\x02\\x00\\x05\\x02\\x01\\x06");
}

static void services_within_one_are_looked_at(void **state)
{
	REQUEST("\x0a\x02\x20\x02\x24\x01\x02\x00\x06\x00\x0a\x00\x4b\x01\x20\x63\x4c\x01\x20\x64");
	assert_string_equal(service(0, 0), "\\x0a\\x01\\x00\\x02");
	assert_string_equal(service(0, 1), "K\\x01\\x00c");
	assert_string_equal(service(0, 2), "L\\x01\\x00d");
	assert_null(service(0, 3));
	REQUEST("\x0a\x01\x20\x02\xff\xff\xff\xff"); // nothing lies there
	assert_null(service(1, 1));
}

static void connected_data_has_a_number_in_front(void **state)
{
	static const uint8_t body[] = {
		0, 0, 0, 0, 0, 0, 2, 0, 0xa1, 0, 4, 0, 1, 2, 3, 4, 0xb1, 0, 6, 0, 7, 0, 0x4b, 1, 0x20, 0x63};

	message(DIR_TO_SERVER, 0x70, sizeof(body), body, sizeof(body));
	assert_string_equal(service(0, 0), "K\\x01\\x00c");
}

static void what_is_no_request_calls_nothing(void **state)
{
	REQUEST("\xcb\x00\x00\x00"); // an answer
	REQUEST("");
	message(DIR_TO_SERVER, 0x6f, 3, "abc", 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_null(service(i, 0));
	REQUEST("\x4b\xff\x20\x63"); // its path is longer than all there is
	assert_string_equal(service(3, 0), "K");
	REQUEST("\x4b\x01\x22\x63"); // a value of a kind that is none
	assert_string_equal(service(4, 0), "K");
}

#define T(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_message_is_a_transaction_with_its_command),
		T(a_message_that_is_cut_waits_for_the_rest),
		T(a_request_names_class_and_attribute),
		T(services_within_one_are_looked_at),
		T(connected_data_has_a_number_in_front),
		T(what_is_no_request_calls_nothing),
	};

	return cmocka_run_group_tests_name("enip", tests, NULL, NULL);
}
