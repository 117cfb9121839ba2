// The DHCP parser: messages, times, options that end early. The record is that of Suricata 7.0.10.
#include "tests/unit/parser_lab.h"
#include "tests/unit/wire.h"

extern const struct parser parser_dhcp;

static struct parser_lab lab;
static struct wire w;

static int open_lab(void **state)
{
	plab_open(&lab, &parser_dhcp, OVER_UDP);
	w.len = 0;
	return 0;
}

static int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

static void header(uint8_t op)
{
	wire_bytes(&w, (uint8_t[]){op, 1, 6, 0}, 4);
	wire_be32(&w, 77);
	wire_fill(&w, 0, 8);
	wire_bytes(&w, (uint8_t[]){192, 168, 5, 10}, 4);
	wire_fill(&w, 0, 8);
	wire_bytes(&w, "\x00\x26\x5a\xc2\x63\x55", 6);
	wire_fill(&w, 0, 202);
	wire_be32(&w, 0x63825363);
}

static void say(uint8_t dir)
{
	plab_feed(&lab, dir, w.at, w.len);
	w.len = 0;
}

static void an_acknowledgement_is_logged(void **state)
{
	uint64_t v;

	header(2);
	wire_bytes(&w, "\x35\x01\x05\x00\x33\x04\x00\x00\x0e\x10\x3a\x04\x00\x00\x07\x08\xff", 17);
	say(DIR_TO_CLIENT);
	const struct app_tx *tx = plab_tx(&lab, 0);
	assert_true(plab_field(&lab, tx, "dhcp.leasetime", DIR_TO_CLIENT, 0, &v) && v == 3600);
	assert_true(plab_field(&lab, tx, "dhcp.renewal_time", DIR_TO_CLIENT, 0, &v) && v == 1800);
	assert_false(plab_field(&lab, tx, "dhcp.rebinding_time", DIR_TO_CLIENT, 0, &v));
	assert_string_equal(plab_log(&lab, tx), "dhcp:{type:\"reply\",id:77,client_mac:\"00:26:5a:c2:63:55\",assigned_"
						"ip:\"192.168.5.10\",dhcp_type:\"ack\",renewal_time:1800}");
	assert_int_equal(tx->event_count, 0);
}

static void other_messages_are_not_logged(void **state)
{
	header(1);
	wire_bytes(&w, "\x35\x01\x03\xff", 4);
	say(DIR_TO_SERVER);
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)), "");
}

static void options_that_end_early_are_an_event(void **state)
{
	header(1);
	wire_bytes(&w, "\x35\x01\x03", 3); // no end
	say(DIR_TO_SERVER);
	header(1);
	wire_bytes(&w, "\x35\x09\x03", 3); // longer than what is left
	say(DIR_TO_SERVER);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(plab_has_event(&lab, plab_tx(&lab, i), "truncated_options"));
		assert_false(plab_has_event(&lab, plab_tx(&lab, i), "malformed_options"));
	}
}

static void an_option_too_short_is_an_event(void **state)
{
	header(1);
	wire_bytes(&w, "\x33\x02\x00\x01\xff", 5);
	say(DIR_TO_SERVER);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "malformed_options"));
}

static void what_is_no_message_is_no_transaction(void **state)
{
	header(3);
	say(DIR_TO_SERVER);
	header(1);
	w.len--;
	say(DIR_TO_SERVER);
	header(1);
	w.at[239]++;
	assert_int_equal(parser_dhcp.probe(w.at, w.len, DIR_TO_SERVER, OVER_UDP), PROBE_NO);
	say(DIR_TO_SERVER);
	assert_int_equal(plab_count(&lab), 0);
	header(1);
	assert_int_equal(parser_dhcp.probe(w.at, w.len, DIR_TO_SERVER, OVER_UDP), PROBE_YES);
}

#define T(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_acknowledgement_is_logged),
		T(other_messages_are_not_logged),
		T(options_that_end_early_are_an_event),
		T(an_option_too_short_is_an_event),
		T(what_is_no_message_is_no_transaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
