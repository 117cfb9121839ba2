// The MQTT parser: messages and what they are answered with, versions 3.1.1 and 5, what is malformed, what piles up.
#include "tests/unit/parser_lab.h"

#define CONNECT "\x10\x18\x00\x04MQTT\x04\xc2\x00\x3c\x00\x02id\x00\x02me\x00\x04pass"
#define CONNECT5 "\x10\x14\x00\x04MQTT\x05\x02\x00\x3c\x05\x11\x00\x00\x00\x09\x00\x02id"
#define CONNACK "\x20\x02\x01\x00"
#define PUBLISH0 "\x30\x06\x00\x02\x61/hi"
#define PUBLISH1 "\x3b\x08\x00\x02\x61/\x00\x07hi"
#define PUBACK "\x40\x02\x00\x07"

PARSER_TEST(parser_mqtt, OVER_TCP)

static const char *text(uint32_t nth, const char *name)
{
	return plab_text(&lab, plab_tx(&lab, nth), name, DIR_TO_SERVER, 0);
}

static uint64_t number(uint32_t tx, const char *name, uint32_t nth)
{
	uint64_t v;

	return plab_field(&lab, plab_tx(&lab, tx), name, DIR_TO_SERVER, nth, &v) ? v : 999;
}

static void a_connection_is_begun_and_answered(void **state)
{
	CLIENT(CONNECT);
	assert_string_equal(text(0, "mqtt.connect.clientid"), "id");
	assert_string_equal(text(0, "mqtt.connect.username"), "me");
	assert_string_equal(text(0, "mqtt.connect.password"), "pass");
	assert_null(text(0, "mqtt.connect.willtopic"));
	assert_int_equal(number(0, "mqtt.protocol_version", 0), 4);
	assert_int_equal(number(0, "mqtt.connect.flags", 0), 0xc2);
	SERVER(CONNACK);
	assert_int_equal(plab_count(&lab), 1);
	assert_int_equal(number(0, "mqtt.type", 1), 2);
	assert_int_equal(number(0, "mqtt.reason_code", 0), 0);
	assert_false(app_tx_over(&parser_mqtt, plab_tx(&lab, 0))); // until the client's rules have been asked again
	CLIENT("\xe0\x00");
	assert_true(app_tx_over(&parser_mqtt, plab_tx(&lab, 0)));
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"mqtt:{connect:{qos:0,retain:false,dup:false,protocol_string:\"MQTT\",protocol_version:4,client_id:"
		"\"id\","
		"flags:{username:true,password:true,will_retain:false,will:false,clean_session:true},username:\"me\","
		"password:\"pass\"},connack:{qos:0,retain:false,dup:false,session_present:true,return_code:0}}");
}

static void a_message_is_acknowledged_by_its_number(void **state)
{
	CLIENT(CONNECT PUBLISH1);
	assert_string_equal(text(1, "mqtt.publish.topic"), "a/");
	assert_string_equal(text(1, "mqtt.publish.message"), "hi");
	assert_int_equal(number(1, "mqtt.qos", 0), 1);
	assert_int_equal(number(1, "mqtt.flags", 0), 0xb);
	SERVER("\x40\x02\x00\x08"); // another one's
	assert_int_equal(plab_count(&lab), 3);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 2), "missing_publish"));
	SERVER(PUBACK);
	assert_int_equal(plab_count(&lab), 3);
	assert_int_equal(number(1, "mqtt.type", 1), 4);
}

static void topics_are_listed(void **state)
{
	CLIENT(CONNECT "\x82\x0b\x00\x09\x00\x02\x61/\x00\x00\x01#\x02"
		       "\xa2\x06\x00\x0a\x00\x02\x61/");
	assert_string_equal(text(1, "mqtt.subscribe.topic"), "a/");
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 1), "mqtt.subscribe.topic", DIR_TO_SERVER, 1), "#");
	assert_null(plab_text(&lab, plab_tx(&lab, 1), "mqtt.subscribe.topic", DIR_TO_SERVER, 2));
	assert_string_equal(text(2, "mqtt.unsubscribe.topic"), "a/");
	SERVER("\x90\x04\x00\x09\x00\x80");
	assert_int_equal(number(1, "mqtt.reason_code", 1), 0x80);
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 1)), "topics:[{topic:\"a/\",qos:0},{topic:\"#\",qos:2}]},"
								 "suback:{qos:0,retain:false,dup:false,message_id:9,"
								 "qos_granted:[0,128]}"));
}

static void version_5_has_properties_and_reasons(void **state)
{
	CLIENT(CONNECT5 "\x30\x0e\x00\x02\x61/\x07\x26\x00\x01k\x00\x01vhi"
			"\xe0\x01\x04");
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 0)), "properties:{session_expiry_interval:9}"));
	assert_string_equal(text(1, "mqtt.publish.message"), "hi");
	assert_non_null(
		strstr(plab_log(&lab, plab_tx(&lab, 1)), "properties:{user_properties:[{name:\"k\",value:\"v\"}]}"));
	assert_int_equal(number(2, "mqtt.reason_code", 0), 4);
}

static const struct plab_said said[] = {
	PLAB_SAID(DIR_TO_SERVER, CONNECT),
	PLAB_SAID(DIR_TO_CLIENT, CONNACK),
	PLAB_SAID(DIR_TO_SERVER, PUBLISH0 PUBLISH1),
	PLAB_SAID(DIR_TO_CLIENT, PUBACK "\x32\x08\x00\x02\x61/\x00\x03yo"),
	PLAB_SAID(DIR_TO_SERVER, "\x40\x02\x00\x03\xe0\x00"),
};

static void a_conversation_may_be_cut_anywhere(void **state)
{
	char *told = plab_every_split(&parser_mqtt, said, sizeof(said) / sizeof(*said));

	assert_non_null(strstr(told, "0 mqtt.publish.message[0] \"hi\""));
	assert_non_null(strstr(told, "1 mqtt.publish.topic[0] \"a/\""));
	free(told);
}

static void what_is_malformed_ends_the_reading(void **state)
{
	CLIENT(CONNECT "\x30\x05\x00\x50\x61/h" PUBLISH0);
	assert_int_equal(plab_count(&lab), 2);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 1), "malformed_traffic"));
	assert_int_equal(lab.answer, PARSE_STOP);
	assert_null(text(1, "mqtt.publish.topic"));
}

static void a_length_of_five_bytes_is_none(void **state)
{
	CLIENT(CONNECT "\x30\xff\xff\xff\xff\x01");
	assert_true(plab_has_event(&lab, plab_tx(&lab, 1), "malformed_traffic"));
	assert_int_equal(lab.answer, PARSE_STOP);
}

static void who_has_not_connected_is_noted(void **state)
{
	CLIENT(PUBLISH0);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "unintroduced_message"));
	CLIENT("\x00\x00" CONNECT CONNECT);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 1), "unassigned_msg_type"));
	assert_true(plab_has_event(&lab, plab_tx(&lab, 3), "double_connect"));
	assert_false(plab_has_event(&lab, plab_tx(&lab, 2), "double_connect"));
}

static void the_rest_of_a_long_message_is_passed_over(void **state)
{
	static uint8_t part[50000];

	CLIENT(CONNECT "\x30\xe4\x8f\x06\x00\x02\x61/"); // 100,324 bytes
	memset(part, 'x', sizeof(part));
	plab_feed(&lab, DIR_TO_SERVER, part, sizeof(part));
	plab_feed(&lab, DIR_TO_SERVER, part, sizeof(part));
	plab_feed(&lab, DIR_TO_SERVER, part, 320);
	CLIENT(PUBLISH0);
	assert_int_equal(plab_count(&lab), 3);
	assert_int_equal(strlen(text(1, "mqtt.publish.message")), 65536 - 4);
	assert_string_equal(text(2, "mqtt.publish.message"), "hi");
}

static void messages_nobody_answers_give_way(void **state)
{
	CLIENT(CONNECT);
	lab.reap = true;
	for (uint32_t i = 0; i < 500; i++)
		CLIENT("\x32\x08\x00\x02\x61/\x00\x07hi");
	assert_int_equal(lab.answer, PARSE_OK);
	assert_true(plab_count(&lab) <= 64);
	assert_non_null(strstr(lab.text, "event too_many_transactions"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_is_begun_and_answered),
		TEST(a_message_is_acknowledged_by_its_number),
		TEST(topics_are_listed),
		TEST(version_5_has_properties_and_reasons),
		cmocka_unit_test(a_conversation_may_be_cut_anywhere),
		TEST(what_is_malformed_ends_the_reading),
		TEST(a_length_of_five_bytes_is_none),
		TEST(who_has_not_connected_is_noted),
		TEST(the_rest_of_a_long_message_is_passed_over),
		TEST(messages_nobody_answers_give_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
