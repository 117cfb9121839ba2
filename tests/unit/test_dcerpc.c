// The DCE/RPC parser over TCP and UDP: contexts, fragments, byte orders, losses.
#include "tests/unit/parser_lab.h"
#include "tests/unit/dcerpc_wire.h"

extern const struct parser parser_dcerpc;

static struct parser_lab lab;
static struct wire w;

static int open_tcp(void **state)
{
	plab_open(&lab, &parser_dcerpc, OVER_TCP);
	rpc_little = true;
	w.len = 0;
	return 0;
}

static int open_udp(void **state)
{
	plab_open(&lab, &parser_dcerpc, OVER_UDP);
	w.len = 0;
	return 0;
}

static int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

static void say(uint8_t dir)
{
	plab_feed(&lab, dir, w.at, w.len);
	w.len = 0;
}

static void bind_two(uint16_t first, uint16_t second)
{
	uint16_t results[2] = {first, second};

	rpc_bind(&w, DCERPC_BIND, 1, 2, SVCCTL, 2);
	say(DIR_TO_SERVER);
	rpc_bindack(&w, DCERPC_BINDACK, 1, 2, results);
	say(DIR_TO_CLIENT);
}

static void a_bind_and_its_answer_are_one_transaction(void **state)
{
	struct app_bytes b;

	bind_two(0, 2);
	assert_int_equal(plab_count(&lab), 1);
	assert_true(app_tx_over(&parser_dcerpc, plab_tx(&lab, 0)));
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"dcerpc:{request:\"BIND\",interfaces:[{uuid:\"" SVCCTL_TEXT
		"\",version:\"2.0\",ack_result:0},{uuid:\"" SVCCTL_TEXT
		"\",version:\"2.0\",ack_result:2}],response:\"BINDACK\",call_id:1,rpc_version:\"5.0\"}");
	assert_false(plab_buffer(&lab, plab_tx(&lab, 0), "dcerpc.iface", DIR_TO_SERVER, 0, &b));
	assert_null(plab_text(&lab, plab_tx(&lab, 0), "dcerpc.stub_data", DIR_TO_SERVER, 0));
}

// Rules on raw bytes beside the opnum are asked when a call is whole.
static void the_end_of_a_call_makes_its_raw_bytes_due(void **state)
{
	rpc_request(&w, 1, 2, 1, 15, "in");
	say(DIR_TO_SERVER);
	assert_false(lab.s->raw[DIR_TO_SERVER].now);
	rpc_request(&w, 2, 2, 1, 15, "put");
	say(DIR_TO_SERVER);
	assert_true(lab.s->raw[DIR_TO_SERVER].now);
	assert_false(lab.s->raw[DIR_TO_CLIENT].now);
	rpc_response(&w, 3, 2, "out");
	say(DIR_TO_CLIENT);
	assert_true(lab.s->raw[DIR_TO_CLIENT].now);
}

static void a_request_knows_its_interface_opnum_and_stub(void **state)
{
	struct app_bytes b;
	uint64_t v;

	bind_two(2, 0);
	rpc_request(&w, 3, 2, 1, 15, "in");
	say(DIR_TO_SERVER);
	rpc_response(&w, 3, 2, "out");
	say(DIR_TO_CLIENT);
	const struct app_tx *tx = plab_tx(&lab, 1);
	assert_true(plab_field(&lab, tx, "dcerpc.opnum", DIR_TO_SERVER, 0, &v) && v == 15);
	assert_true(plab_buffer(&lab, tx, "dcerpc.iface", DIR_TO_CLIENT, 0, &b));
	const struct dcerpc_iface_value *f = (const void *)b.at;
	assert_int_equal(b.len, sizeof(*f));
	assert_true(load_be16(f->version) == 2 && f->first_frag == 1 && f->uuid[0] == 0x36 && f->uuid[15] == 3);
	assert_false(plab_buffer(&lab, tx, "dcerpc.iface", DIR_TO_CLIENT, 1, &b));
	assert_string_equal(plab_text(&lab, tx, "dcerpc.stub_data", DIR_TO_SERVER, 0), "in");
	assert_string_equal(plab_text(&lab, tx, "dcerpc.stub_data", DIR_TO_CLIENT, 0),
		"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00out");
	assert_string_equal(plab_log(&lab, tx),
		"dcerpc:{request:\"REQUEST\",req:{opnum:15,frag_cnt:1,stub_data_size:2},response:\"RESPONSE\","
		"res:{frag_cnt:1,stub_data_size:11},call_id:2,rpc_version:\"5.0\"}");
}

static void a_context_that_was_refused_has_no_interface(void **state)
{
	struct app_bytes b;

	bind_two(0, 2);
	rpc_request(&w, 3, 2, 1, 15, "in");
	say(DIR_TO_SERVER);
	assert_false(plab_buffer(&lab, plab_tx(&lab, 1), "dcerpc.iface", DIR_TO_SERVER, 0, &b));
}

static void an_altered_context_adds_interfaces(void **state)
{
	struct app_bytes b;
	uint16_t accepted = 0;

	bind_two(2, 2);
	rpc_bind(&w, DCERPC_ALTER_CONTEXT, 2, 1, SVCCTL, 3);
	say(DIR_TO_SERVER);
	rpc_bindack(&w, DCERPC_ALTER_CONTEXT_RESP, 2, 1, &accepted);
	say(DIR_TO_CLIENT);
	rpc_request(&w, 3, 3, 0, 1, "");
	say(DIR_TO_SERVER);
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 1)),
		"dcerpc:{request:\"ALTER_CONTEXT\",response:\"ALTER_CONTEXT_RESP\",call_id:2,rpc_version:\"5.0\"}");
	assert_true(plab_buffer(&lab, plab_tx(&lab, 2), "dcerpc.iface", DIR_TO_SERVER, 0, &b));
	assert_int_equal(load_be16(((const struct dcerpc_iface_value *)(const void *)b.at)->version), 3);
}

static void fragments_are_one_call_and_its_stub_grows(void **state)
{
	bind_two(0, 0);
	rpc_request(&w, DCERPC_FIRST_FRAG, 2, 0, 4, "one ");
	say(DIR_TO_SERVER);
	assert_int_equal(plab_tx(&lab, 1)->progress[DIR_TO_SERVER], 0);
	rpc_request(&w, 0, 2, 0, 4, "two ");
	rpc_request(&w, DCERPC_LAST_FRAG, 2, 0, 4, "three");
	say(DIR_TO_SERVER);
	assert_int_equal(plab_count(&lab), 2);
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 1), "dcerpc.stub_data", DIR_TO_SERVER, 0), "one two three");
}

static void calls_with_one_id_are_told_apart_by_their_end(void **state)
{
	for (int i = 0; i < 2; i++) {
		rpc_request(&w, 3, 7, 0, 4, "ask");
		say(DIR_TO_SERVER);
		rpc_response(&w, 3, 7, "answer");
		say(DIR_TO_CLIENT);
	}
	assert_int_equal(plab_count(&lab), 2);
	assert_true(app_tx_over(&parser_dcerpc, plab_tx(&lab, 1)));
}

static void an_answer_without_a_question_is_a_transaction(void **state)
{
	rpc_response(&w, 3, 7, "answer");
	say(DIR_TO_CLIENT);
	assert_true(app_tx_over(&parser_dcerpc, plab_tx(&lab, 0)));
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"dcerpc:{request:\"REQUEST_LOST\",response:\"RESPONSE\",res:{frag_cnt:1,stub_data_size:14},call_id:7,"
		"rpc_version:\"5.0\"}");
}

static void stub_data_is_bounded(void **state)
{
	static char much[40001];

	memset(much, 'a', sizeof(much) - 1);
	for (int i = 0; i < 3; i++) {
		rpc_request(&w, i == 0 ? 1 : i == 1 ? 0 : 2, 7, 0, 4, much);
		say(DIR_TO_SERVER);
	}
	struct app_bytes b;
	assert_true(plab_buffer(&lab, plab_tx(&lab, 0), "dcerpc.stub_data", DIR_TO_SERVER, 0, &b));
	assert_int_equal(b.len, DCERPC_MAX_STUB);
}

static void more_contexts_than_there_is_room_for_are_forgotten(void **state)
{
	for (int i = 0; i < 3; i++)
		rpc_bind(&w, DCERPC_ALTER_CONTEXT, 1, 200, SVCCTL, 2);
	say(DIR_TO_SERVER);
	assert_int_equal(lab.answer, PARSE_OK);
	assert_int_equal(plab_count(&lab), 3);
}

static void what_is_no_pdu_stops_the_parser(void **state)
{
	plab_feed(&lab, DIR_TO_SERVER, "\x05\x00\x0b\x03\x10\x00\x00\x00\x0f\x00\x00\x00\x01\x00\x00\x00", 16);
	assert_int_equal(lab.answer, PARSE_STOP); // shorter than its header
}

static void a_bind_that_ends_early_stops_the_parser(void **state)
{
	rpc_bind(&w, DCERPC_BIND, 1, 1, SVCCTL, 2);
	w.at[24] = 2; // contexts
	say(DIR_TO_SERVER);
	assert_int_equal(lab.answer, PARSE_STOP);
}

static void after_a_loss_the_next_header_is_found(void **state)
{
	rpc_request(&w, 3, 7, 0, 4, "a stub whose middle is lost");
	plab_feed(&lab, DIR_TO_SERVER, w.at, 20);
	plab_gap(&lab, DIR_TO_SERVER, 10);
	memmove(w.at, w.at + 30, w.len -= 30);
	rpc_request(&w, 3, 8, 0, 5, "whole");
	say(DIR_TO_SERVER);
	assert_int_equal(plab_count(&lab), 1);
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 0), "dcerpc.stub_data", DIR_TO_SERVER, 0), "whole");
}

static void however_it_is_cut_it_is_the_same(void **state)
{
	static struct wire said[5];
	uint16_t results[2] = {2, 0};

	for (int i = 0; i < 5; i++)
		said[i].len = 0;
	rpc_bind(&said[0], DCERPC_BIND, 1, 2, SVCCTL, 2);
	rpc_bindack(&said[1], DCERPC_BINDACK, 1, 2, results);
	rpc_request(&said[2], DCERPC_FIRST_FRAG, 2, 1, 4, "one");
	rpc_request(&said[3], DCERPC_LAST_FRAG, 2, 1, 4, "two");
	rpc_response(&said[4], 3, 2, "out");
	struct plab_said talk[] = {{0, said[0].at, said[0].len}, {1, said[1].at, said[1].len},
		{0, said[2].at, said[2].len}, {0, said[3].at, said[3].len}, {1, said[4].at, said[4].len}};
	char *told = plab_every_split(&parser_dcerpc, talk, 5);
	assert_non_null(strstr(told, "dcerpc.stub_data[0] \"onetwo\""));
	free(told);
}

static void big_endian_says_the_same_as_little(void **state)
{
	uint64_t v;

	rpc_little = false;
	bind_two(0, 0);
	rpc_request(&w, 3, 2, 1, 15, "in");
	say(DIR_TO_SERVER);
	assert_non_null(strstr(
		plab_log(&lab, plab_tx(&lab, 0)), "uuid:\"81bb7a36-4498-f135-ad32-98f038001003\",version:\"2.0\""));
	assert_true(plab_field(&lab, plab_tx(&lab, 1), "dcerpc.opnum", DIR_TO_SERVER, 0, &v) && v == 15);
}

// C706 section 12.5.2, little-endian.
static void udp_pdu(uint8_t type, uint8_t flags, uint8_t sequence, const char *stub)
{
	wire_bytes(&w, (uint8_t[]){4, type, flags, 0, 0x10, 0, 0, 0}, 8);
	wire_fill(&w, 0, 16);
	wire_bytes(&w, SVCCTL, 16);
	wire_fill(&w, 0xac, 16);
	wire_le32(&w, 0);
	wire_le32(&w, 2);
	wire_le32(&w, sequence);
	wire_le16(&w, 9);
	wire_le32(&w, 0xffffffff);
	wire_le16(&w, (uint16_t)strlen(stub));
	wire_fill(&w, 0, 4);
	wire_text(&w, stub);
}

static void a_udp_call_names_its_interface_itself(void **state)
{
	struct app_bytes b;

	udp_pdu(DCERPC_REQUEST, 0x0c, 5, "one ");
	say(DIR_TO_SERVER);
	udp_pdu(DCERPC_REQUEST, 0x0e, 5, "two");
	say(DIR_TO_SERVER);
	udp_pdu(DCERPC_RESPONSE, 0x08, 5, "out");
	say(DIR_TO_CLIENT);
	assert_int_equal(plab_count(&lab), 1);
	const struct app_tx *tx = plab_tx(&lab, 0);
	assert_true(plab_buffer(&lab, tx, "dcerpc.iface", DIR_TO_SERVER, 0, &b));
	assert_int_equal(b.at[0], 0x36);
	assert_string_equal(plab_text(&lab, tx, "dcerpc.stub_data", DIR_TO_SERVER, 0), "one two");
	assert_string_equal(plab_log(&lab, tx),
		"dcerpc:{request:\"REQUEST\",req:{opnum:9,frag_cnt:2,stub_data_size:7},response:\"RESPONSE\","
		"res:{frag_cnt:1,stub_data_size:3},activityuuid:\"acacacac-acac-acac-acac-acacacacacac\",seqnum:5,"
		"rpc_version:\"4.0\"}");
}

static void a_udp_pdu_cut_short_stops_the_parser(void **state)
{
	udp_pdu(DCERPC_REQUEST, 0, 5, "stub");
	w.len--;
	say(DIR_TO_SERVER);
	assert_int_equal(lab.answer, PARSE_STOP);
}

static void the_probe_tells_who_asks(void **state)
{
	rpc_bind(&w, DCERPC_BIND, 1, 1, SVCCTL, 2);
	assert_int_equal(parser_dcerpc.probe(w.at, w.len, DIR_TO_SERVER, OVER_TCP), PROBE_YES);
	assert_int_equal(parser_dcerpc.probe(w.at, w.len, DIR_TO_CLIENT, OVER_TCP), PROBE_YES_REVERSED);
	assert_int_equal(parser_dcerpc.probe(w.at, 15, DIR_TO_SERVER, OVER_TCP), PROBE_MORE);
	w.at[2] = 99;
	assert_int_equal(parser_dcerpc.probe(w.at, w.len, DIR_TO_SERVER, OVER_TCP), PROBE_NO);
	w.len = 0;
	udp_pdu(DCERPC_REQUEST, 0, 5, "stub");
	assert_int_equal(parser_dcerpc.probe(w.at, w.len, DIR_TO_SERVER, OVER_UDP), PROBE_YES);
	assert_int_equal(parser_dcerpc.probe(w.at, w.len - 1, DIR_TO_SERVER, OVER_UDP), PROBE_NO);
}

#define TCP(test) cmocka_unit_test_setup_teardown(test, open_tcp, close_lab)
#define UDP(test) cmocka_unit_test_setup_teardown(test, open_udp, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TCP(a_bind_and_its_answer_are_one_transaction),
		TCP(the_end_of_a_call_makes_its_raw_bytes_due),
		TCP(a_request_knows_its_interface_opnum_and_stub),
		TCP(a_context_that_was_refused_has_no_interface),
		TCP(an_altered_context_adds_interfaces),
		TCP(fragments_are_one_call_and_its_stub_grows),
		TCP(calls_with_one_id_are_told_apart_by_their_end),
		TCP(an_answer_without_a_question_is_a_transaction),
		TCP(stub_data_is_bounded),
		TCP(more_contexts_than_there_is_room_for_are_forgotten),
		TCP(what_is_no_pdu_stops_the_parser),
		TCP(a_bind_that_ends_early_stops_the_parser),
		TCP(after_a_loss_the_next_header_is_found),
		TCP(however_it_is_cut_it_is_the_same),
		TCP(big_endian_says_the_same_as_little),
		UDP(a_udp_call_names_its_interface_itself),
		UDP(a_udp_pdu_cut_short_stops_the_parser),
		TCP(the_probe_tells_who_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
