// The Kerberos parser: requests, replies and errors over UDP and TCP. Records are those of Suricata 7.0.10.
#include "tests/unit/parser_lab.h"
#include "tests/unit/wire.h"

extern const struct parser parser_krb5;

static struct parser_lab lab;

static int open_udp(void **state)
{
	plab_open(&lab, &parser_krb5, OVER_UDP);
	return 0;
}

static int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

// Elements are put together from the inside: begin, contents, end.
static uint32_t begin(struct wire *w, uint8_t id)
{
	wire_u8(w, id);
	wire_u8(w, 0x82);
	return wire_hole(w, 2);
}

static void end(struct wire *w, uint32_t at)
{
	wire_set(w, at, w->len - at - 2, 2, false);
}

static void integer(struct wire *w, uint8_t context, uint8_t v)
{
	wire_bytes(w, (uint8_t[]){context, 3, 2, 1, v}, 5);
}

static void string(struct wire *w, const char *text)
{
	wire_bytes(w, (uint8_t[]){0x1b, (uint8_t)strlen(text)}, 2);
	wire_text(w, text);
}

static void realm(struct wire *w, uint8_t context)
{
	uint32_t at = begin(w, context);

	string(w, "EXAMPLE.ORG");
	end(w, at);
}

static void name(struct wire *w, uint8_t context, const char *first, const char *second)
{
	uint32_t at = begin(w, context), seq = begin(w, 0x30), parts, list;

	integer(w, 0xa0, 1);
	parts = begin(w, 0xa1);
	list = begin(w, 0x30);
	string(w, first);
	if (second)
		string(w, second);
	end(w, list);
	end(w, parts);
	end(w, seq);
	end(w, at);
}

static void encrypted(struct wire *w, uint8_t context, uint8_t etype)
{
	uint32_t at = begin(w, context), seq = begin(w, 0x30);

	integer(w, 0xa0, etype);
	end(w, seq);
	end(w, at);
}

static void request(struct wire *w, uint8_t type)
{
	uint32_t app = begin(w, 0x60 | type), seq = begin(w, 0x30), body, inner;

	integer(w, 0xa1, 5);
	integer(w, 0xa2, type);
	body = begin(w, 0xa4);
	inner = begin(w, 0x30);
	name(w, 0xa1, "alice", NULL);
	realm(w, 0xa2);
	name(w, 0xa3, "krbtgt", "EXAMPLE.ORG");
	end(w, inner);
	end(w, body);
	end(w, seq);
	end(w, app);
}

static void reply(struct wire *w, uint8_t type, uint8_t etype, uint8_t ticket_etype)
{
	uint32_t app = begin(w, 0x60 | type), seq = begin(w, 0x30), ticket, outer, inner;

	integer(w, 0xa0, 5);
	integer(w, 0xa1, type);
	realm(w, 0xa3);
	name(w, 0xa4, "alice", NULL);
	outer = begin(w, 0xa5);
	ticket = begin(w, 0x61);
	inner = begin(w, 0x30);
	integer(w, 0xa0, 5);
	realm(w, 0xa1);
	name(w, 0xa2, "cifs", "fs");
	encrypted(w, 0xa3, ticket_etype);
	end(w, inner);
	end(w, ticket);
	end(w, outer);
	encrypted(w, 0xa6, etype);
	end(w, seq);
	end(w, app);
}

static void error(struct wire *w, uint8_t code)
{
	uint32_t app = begin(w, 0x7e), seq = begin(w, 0x30);

	integer(w, 0xa0, 5);
	integer(w, 0xa1, 30);
	integer(w, 0xa6, code);
	realm(w, 0xa9);
	name(w, 0xaa, "krbtgt", "EXAMPLE.ORG");
	end(w, seq);
	end(w, app);
}

static void say(uint8_t dir, const struct wire *w)
{
	plab_feed(&lab, dir, w->at, w->len);
}

static void a_request_names_client_and_service(void **state)
{
	struct wire w = {.len = 0};
	uint64_t v;

	request(&w, 10);
	say(DIR_TO_SERVER, &w);
	const struct app_tx *tx = plab_tx(&lab, 0);
	assert_true(plab_field(&lab, tx, "krb5_msg_type", DIR_TO_SERVER, 0, &v) && v == 10);
	assert_false(plab_field(&lab, tx, "krb5_err_code", DIR_TO_SERVER, 0, &v));
	assert_string_equal(plab_text(&lab, tx, "krb5.cname", DIR_TO_SERVER, 0), "alice");
	assert_null(plab_text(&lab, tx, "krb5.cname", DIR_TO_SERVER, 1));
	assert_string_equal(plab_text(&lab, tx, "krb5.sname", DIR_TO_SERVER, 1), "EXAMPLE.ORG");
	assert_string_equal(plab_log(&lab, tx),
		"krb5:{msg_type:\"KRB_AS_REQ\",cname:\"alice\",realm:\"EXAMPLE.ORG\",sname:\"krbtgt/EXAMPLE.ORG\","
		"encryption:\"<none>\",weak_encryption:false}");
}

static void a_reply_says_how_it_is_encrypted(void **state)
{
	struct wire w = {.len = 0};

	reply(&w, 13, 18, 23);
	say(DIR_TO_CLIENT, &w);
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"krb5:{msg_type:\"KRB_TGS_REP\",cname:\"alice\",realm:\"EXAMPLE.ORG\",sname:\"cifs/fs\","
		"encryption:\"aes256-cts-hmac-sha1-96\",weak_encryption:false,ticket_encryption:\"rc4-hmac\","
		"ticket_weak_encryption:true}");
	assert_false(plab_has_event(&lab, plab_tx(&lab, 0), "weak_encryption"));
}

static void weak_encryption_is_an_event(void **state)
{
	struct wire w = {.len = 0};

	reply(&w, 11, 23, 18);
	say(DIR_TO_CLIENT, &w);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "weak_encryption"));
}

static void an_error_knows_what_failed(void **state)
{
	static struct wire ask, answer;
	uint64_t v;

	ask.len = answer.len = 0;
	request(&ask, 12);
	say(DIR_TO_SERVER, &ask);
	error(&answer, 25);
	say(DIR_TO_CLIENT, &answer);
	assert_true(plab_field(&lab, plab_tx(&lab, 1), "krb5_err_code", DIR_TO_CLIENT, 0, &v) && v == 25);
	assert_null(plab_text(&lab, plab_tx(&lab, 1), "krb5.cname", DIR_TO_CLIENT, 0)); // it names nobody
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 1)),
		"krb5:{msg_type:\"KRB_ERROR\",failed_request:\"KRB_TGS_REQ\",error_code:\"KDC_ERR_PREAUTH_REQUIRED\","
		"cname:\"<empty>\",realm:\"<empty>\",sname:\"krbtgt/EXAMPLE.ORG\",encryption:\"<none>\","
		"weak_encryption:false}");
}

static void what_is_no_message_is_an_event(void **state)
{
	struct wire w = {.len = 0};

	plab_feed(&lab, DIR_TO_SERVER, "\x6a\x05\x30", 3);
	assert_true(plab_has_event(&lab, NULL, "malformed_data"));
	uint32_t app = begin(&w, 0x6a), seq = begin(&w, 0x30); // a request without a body
	integer(&w, 0xa1, 5);
	end(&w, seq);
	end(&w, app);
	say(DIR_TO_SERVER, &w);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "malformed_data"));
}

static void over_tcp_however_it_is_cut_it_is_the_same(void **state)
{
	static struct wire said[2];
	struct plab_said talk[2];

	for (int i = 0; i < 2; i++) {
		said[i].len = 0;
		wire_be32(&said[i], 0);
		if (i)
			reply(&said[i], 11, 18, 18);
		else
			request(&said[i], 10);
		wire_set(&said[i], 0, said[i].len - 4, 4, false);
		talk[i] = (struct plab_said){(uint8_t)i, said[i].at, said[i].len};
	}
	char *told = plab_every_split(&parser_krb5, talk, 2);
	assert_non_null(strstr(told, "KRB_AS_REP"));
	free(told);
	assert_int_equal(parser_krb5.probe(said[0].at, said[0].len, DIR_TO_SERVER, OVER_TCP), PROBE_YES);
	assert_int_equal(parser_krb5.probe(said[0].at, said[0].len, DIR_TO_CLIENT, OVER_TCP), PROBE_YES_REVERSED);
	assert_int_equal(parser_krb5.probe(said[0].at, 5, DIR_TO_SERVER, OVER_TCP), PROBE_MORE);
	assert_int_equal(parser_krb5.probe((const uint8_t *)"\x6d", 1, DIR_TO_SERVER, OVER_UDP), PROBE_YES_REVERSED);
}

static void over_tcp_a_record_too_long_or_a_loss_stops_the_parser(void **state)
{
	plab_close(&lab);
	plab_open(&lab, &parser_krb5, OVER_TCP);
	plab_feed(&lab, DIR_TO_SERVER, "\x7f\xff\xff\xff\x6a", 5);
	assert_int_equal(lab.answer, PARSE_STOP);
	assert_true(plab_has_event(&lab, NULL, "malformed_data"));
	plab_close(&lab);
	plab_open(&lab, &parser_krb5, OVER_TCP);
	plab_gap(&lab, DIR_TO_SERVER, 10);
	plab_feed(&lab, DIR_TO_SERVER, "\0\0\0\x05\x6a", 5);
	assert_int_equal(lab.answer, PARSE_STOP);
}

#define T(test) cmocka_unit_test_setup_teardown(test, open_udp, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_names_client_and_service),
		T(a_reply_says_how_it_is_encrypted),
		T(weak_encryption_is_an_event),
		T(an_error_knows_what_failed),
		T(what_is_no_message_is_an_event),
		T(over_tcp_however_it_is_cut_it_is_the_same),
		T(over_tcp_a_record_too_long_or_a_loss_stops_the_parser),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
