// The HTTP/1 parser: start lines, fields, the target, framing, pipelining. Expected values are those of Suricata 7.0.10
// on the same bytes. Next: test_http1_body.c.
#include "tests/unit/parser_lab.h"

extern const struct parser parser_http1;

static struct parser_lab lab;

static int open_lab(void **state)
{
	plab_open(&lab, &parser_http1, OVER_TCP);
	return 0;
}

static int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

static void ask(const char *text)
{
	plab_feed_string(&lab, DIR_TO_SERVER, text);
}

static void reply(const char *text)
{
	plab_feed_string(&lab, DIR_TO_CLIENT, text);
}

static const char *asked(uint32_t tx, const char *buffer)
{
	return plab_text(&lab, plab_tx(&lab, tx), buffer, DIR_TO_SERVER, 0);
}

static const char *replied(uint32_t tx, const char *buffer)
{
	return plab_text(&lab, plab_tx(&lab, tx), buffer, DIR_TO_CLIENT, 0);
}

static bool event(uint32_t tx, const char *name)
{
	return plab_has_event(&lab, plab_tx(&lab, tx), name);
}

static void again(void)
{
	plab_close(&lab);
	plab_open(&lab, &parser_http1, OVER_TCP);
}

#define EMPTY_200 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static void a_request_has_all_its_buffers(void **state)
{
	ask("GET /a/../b%41//c?x=%42+1#f HTTP/1.1\r\nHost: EXAMPLE.com\r\nCookie: a=b\r\nUser-Agent: u\r\n"
	    "Referer: r\r\nAccept: c\r\nAccept-Encoding: d\r\nAccept-Language: e\r\nConnection: f\r\n"
	    "Content-Type: g\r\nX: 1\r\nx: 2\r\n\r\n");
	assert_string_equal(asked(0, "http.uri"), "/bA/c?x=B+1#f");
	assert_string_equal(asked(0, "http.uri.raw"), "/a/../b%41//c?x=%42+1#f");
	assert_string_equal(asked(0, "http.method"), "GET");
	assert_string_equal(asked(0, "http.protocol"), "HTTP/1.1");
	assert_string_equal(asked(0, "http.request_line"), "GET /a/../b%41//c?x=%42+1#f HTTP/1.1");
	assert_string_equal(asked(0, "http.host"), "example.com");
	assert_string_equal(asked(0, "http.host.raw"), "EXAMPLE.com");
	assert_string_equal(asked(0, "http.cookie"), "a=b");
	assert_string_equal(asked(0, "http.user_agent"), "u");
	assert_string_equal(asked(0, "http.referer"), "r");
	assert_string_equal(asked(0, "http.accept"), "c");
	assert_string_equal(asked(0, "http.accept_enc"), "d");
	assert_string_equal(asked(0, "http.accept_lang"), "e");
	assert_string_equal(asked(0, "http.connection"), "f");
	assert_string_equal(asked(0, "http.content_type"), "g");
	assert_string_equal(asked(0, "http.header"),
		"Host: EXAMPLE.com\\x0d\\x0aUser-Agent: u\\x0d\\x0aReferer: r\\x0d\\x0aAccept: c\\x0d\\x0a"
		"Accept-Encoding: d\\x0d\\x0aAccept-Language: e\\x0d\\x0aConnection: f\\x0d\\x0aContent-Type: "
		"g\\x0d\\x0aX: 1, 2\\x0d\\x0a");
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 0), "http.request_header", 0, 9), "X: 1, 2");
	assert_null(plab_text(&lab, plab_tx(&lab, 0), "http.request_header", 0, 10));
	assert_null(asked(0, "http.request_body"));
	assert_null(asked(0, "http.content_len"));
	assert_int_equal(plab_tx(&lab, 0)->progress[0], parser_http1.complete[0]);
	assert_int_equal(plab_tx(&lab, 0)->progress[1], 0);
}

static void texts_of_all_fields_are_as_they_came_and_put_together(void **state)
{
	ask("GET / HTTP/1.1\r\nHost:h\r\nX : 1 \r\n\t2\r\nCookie: c\r\n\r\n");
	assert_string_equal(asked(0, "http.header.raw"),
		"Host:h\\x0d\\x0aX : 1 \\x0d\\x0a\\x092\\x0d\\x0aCookie: c\\x0d\\x0a\\x0d\\x0a");
	assert_string_equal(asked(0, "http.header"), "Host: h\\x0d\\x0aX: 1 \\x092\\x0d\\x0a");
	assert_string_equal(
		asked(0, "http.header_names"), "\\x0d\\x0aHost\\x0d\\x0aX\\x0d\\x0aCookie\\x0d\\x0a\\x0d\\x0a");
	assert_string_equal(asked(0, "http.start"),
		"GET / HTTP/1.1\\x0d\\x0aHost: h\\x0d\\x0aX: 1 \\x092\\x0d\\x0aCookie: c\\x0d\\x0a\\x0d\\x0a");
	assert_true(event(0, "request_header_invalid"));
}

static void a_request_without_fields_has_no_texts_of_them(void **state)
{
	ask("GET / HTTP/1.0\r\n\r\n");
	assert_null(asked(0, "http.header"));
	assert_null(asked(0, "http.header_names"));
	assert_null(asked(0, "http.host"));
	assert_null(asked(0, "http.cookie"));
	assert_string_equal(asked(0, "http.header.raw"), "\\x0d\\x0a");
	assert_string_equal(asked(0, "http.start"), "GET / HTTP/1.0\\x0d\\x0a");
	assert_false(event(0, "missing_host_header"));
	again();
	ask("GET / HTTP/1.1\r\n\r\n");
	assert_true(event(0, "missing_host_header"));
}

static void a_response_has_all_its_buffers(void **state)
{
	ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	reply("HTTP/1.1 302 Found it\r\nServer: s\r\nLocation: /l\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Type: "
	      "t; "
	      "u\r\nContent-Length: 4\r\n\r\nbody");
	assert_string_equal(replied(0, "http.response_line"), "HTTP/1.1 302 Found it");
	assert_string_equal(replied(0, "http.protocol"), "HTTP/1.1");
	assert_string_equal(replied(0, "http.stat_code"), "302");
	assert_string_equal(replied(0, "http.stat_msg"), "Found it");
	assert_string_equal(replied(0, "http.server"), "s");
	assert_string_equal(replied(0, "http.location"), "/l");
	assert_string_equal(replied(0, "http.cookie"), "a, b");
	assert_string_equal(replied(0, "http.content_type"), "t; u");
	assert_string_equal(replied(0, "http.content_len"), "4");
	assert_string_equal(replied(0, "http.response_body"), "body");
	assert_string_equal(replied(0, "file.data"), "body");
	assert_string_equal(replied(0, "file.name"), "/");
	assert_string_equal(replied(0, "http.header"),
		"Server: s\\x0d\\x0aLocation: /l\\x0d\\x0aContent-Type: t; u\\x0d\\x0aContent-Length: 4\\x0d\\x0a");
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"http:{hostname:\"h\",url:\"/\",http_content_type:\"t\",http_method:\"GET\",protocol:\"HTTP/1.1\","
		"status:302,redirect:\"/l\",length:4}");
	assert_true(app_tx_over(&parser_http1, plab_tx(&lab, 0)));
}

static void the_target_is_normalised_as_a_lenient_server_would(void **state)
{
	static const char *const rows[][2] = {
		{"/A\\b\\..\\c", "/A/c"},
		{"/a%2fb%5cc", "/a/b/c"},
		{"/a%u0041b", "/aAb"},
		{"/a/./b/../../../c", "/c"},
		{"/%2e%2e/x", "/x"},
		{"/a%zzb%4", "/a%zzb%4"},
		{"/a//b///c", "/a/b/c"},
		{"http://Foo.COM:8080/x//y?q#f", "/x/y?q#f"},
		{"*", "*"},
		{"/a?b=%41%20+%2b%u0041/../x//y\\z", "/a?b=A ++%u0041/../x//y\\x5cz"},
		{"/%252e%2541", "/%2e%41"},
		{"/\xc3\xa9\xc0\xaf", "/\\xe9/"},
		{"/%01%1f%7f%ff%20", "/\\x01\\x1f\\x7f? "},
		{"/\xe9"
		 "a",
			"/?a"},
		{"/\xc3", "/"},
		{"/%ef%bc%8fx/..%ef%bc%8fy", "//y"},
		{"/\xed\xa0\x80x", "/???x"},
		{"/a\xf0\x9f\x98\x80"
		 "b",
			"/a?b"},
		{"/a/b/..", "/a"},
		{"/a/b/../", "/a"},
		{"./x", "x"},
		{"../x", "x"},
		{"a/../b", "/b"},
		{"/a/b/../../c/..;/d", "/c/..;/d"},
		{"/...", "/..."},
		{"x:y/z", "y/z"},
		{"?x=1", "?x=1"},
		{"/%4%31", "/%41"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char request[200];
		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", rows[i][0]);
		ask(request);
		assert_string_equal(asked(0, "http.uri"), rows[i][1]);
		assert_string_equal(asked(0, "http.protocol"), "HTTP/1.1");
		again();
	}
	ask("GET /a/.. HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_null(asked(0, "http.uri"));
}

static void the_host_is_that_of_the_target_then_of_the_field(void **state)
{
	static const struct {
		const char *target, *host, *is, *raw, *event;
	} rows[] = {
		{"/", "EXAMPLE.com.", "example.com.", "EXAMPLE.com.", NULL},
		{"/", "EXAMPLE.com:80", "EXAMPLE.com", "EXAMPLE.com:80", NULL},
		{"/", "[::1]:99", "[::1]", "[::1]:99", NULL},
		{"/", "a:99999", "a", "a:99999", "request_header_host_invalid"},
		{"/", "a:", "a", "a:", "request_header_host_invalid"},
		{"/", "ex ample", "ex ample", "ex ample", "request_header_host_invalid"},
		{"/", "[AB::1", NULL, "[AB::1", "request_header_host_invalid"},
		{"/", "", NULL, NULL, "request_header_host_invalid"},
		{"/", "a..b", "a..b", "a..b", "request_header_host_invalid"},
		{"http://Foo.COM/", "h", "foo.com", "foo.com", "host_header_ambiguous"},
		{"http://h/", "H", "h", "h", NULL},
		{"http://h:81/", "h:82", "h", "h", "host_header_ambiguous"},
		{"http://u:p@h/", "h", "h", "h", NULL},
		{"http://h:0/", "h", "h", "h", "request_uri_host_invalid"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char request[200];
		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", rows[i].target, rows[i].host);
		ask(request);
		if (rows[i].is)
			assert_string_equal(asked(0, "http.host"), rows[i].is);
		else
			assert_null(asked(0, "http.host"));
		if (rows[i].raw)
			assert_string_equal(asked(0, "http.host.raw"), rows[i].raw);
		else
			assert_null(asked(0, "http.host.raw"));
		if (rows[i].event)
			assert_true(event(0, rows[i].event));
		else
			assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
		again();
	}
}

static void odd_start_lines_are_read_and_noted(void **state)
{
	static const struct {
		const char *line, *method, *uri, *protocol, *event;
	} rows[] = {
		{"  GET / HTTP/1.1", "GET", "/", "HTTP/1.1", "request_line_leading_whitespace"},
		{"GET\t/ HTTP/1.1", "GET", "/", "HTTP/1.1", "method_delim_non_compliant"},
		{"GET /\tHTTP/1.1", "GET", "/", "HTTP/1.1", "uri_delim_non_compliant"},
		{"GET /a\tb HTTP/1.1", "GET", "/a\\x09b", "HTTP/1.1", "uri_delim_non_compliant"},
		{"GET /a b HTTP/1.1", "GET", "/a", "b HTTP/1.1", NULL},
		{"GET  /  HTTP/1.1 ", "GET", "/", "HTTP/1.1 ", NULL},
		{"get / http/1.1", "get", "/", "http/1.1", NULL},
		{"GET HTTP/1.1", "GET", "HTTP/1.1", NULL, NULL},
		{"GET", "GET", NULL, NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char request[200];
		snprintf(request, sizeof(request), "%s\r\nHost: h\r\n\r\n", rows[i].line);
		ask(request);
		assert_string_equal(asked(0, "http.method"), rows[i].method);
		if (rows[i].uri)
			assert_string_equal(asked(0, "http.uri"), rows[i].uri);
		else
			assert_null(asked(0, "http.uri"));
		if (rows[i].protocol)
			assert_string_equal(asked(0, "http.protocol"), rows[i].protocol);
		else
			assert_null(asked(0, "http.protocol"));
		assert_string_equal(asked(0, "http.host"), "h");
		assert_true(!rows[i].event || event(0, rows[i].event));
		again();
	}
}

static void status_lines_are_read_as_browsers_do(void **state)
{
	static const struct {
		const char *line, *code, *reason, *event;
	} rows[] = {
		{"HTTP/1.1 200 OK", "200", "OK", NULL},
		{"HTTP/1.1  200   OK  yes ", "200", "OK  yes ", NULL},
		{"HTTP/1.1\t200\tOK", "200", "OK", NULL},
		{"HTTP/1.1 200", "200", NULL, NULL},
		{"HTTP/1.1", NULL, NULL, "response_invalid_status"},
		{"HTTP/1.1 2xx OK", "2xx", "OK", "response_invalid_status"},
		{"HTTP/1.1 099 OK", "099", "OK", "response_invalid_status"},
		{"HTTP/3.1 200 OK", "200", "OK", "response_invalid_protocol"},
		{"http/1.1 200 OK", "200", "OK", "response_invalid_protocol"},
		{" HTTP/1.1 200 OK", "200", "OK", NULL},
		{"\r\n \r\nHTTP/1.1 200 OK", "200", "OK", NULL},
		{"foobar\r\nHTTP/1.1 200 OK", "200", "OK", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char response[200];
		ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
		snprintf(response, sizeof(response), "%s\r\nContent-Length: 2\r\n\r\nab", rows[i].line);
		reply(response);
		if (rows[i].code)
			assert_string_equal(replied(0, "http.stat_code"), rows[i].code);
		else
			assert_null(replied(0, "http.stat_code"));
		if (rows[i].reason)
			assert_string_equal(replied(0, "http.stat_msg"), rows[i].reason);
		else
			assert_null(replied(0, "http.stat_msg"));
		assert_string_equal(replied(0, "http.response_body"), "ab");
		assert_true(!rows[i].event || event(0, rows[i].event));
		again();
	}
}

static void ends_of_lines_in_responses_vary(void **state)
{
	static const char *const rows[][2] = {
		{"\rA: 1\rB: 2\r\n\n", "A: 1\\x0d\\x0aB: 2\\x0d\\x0a"},
		{"\r\nA: 1\n\rB: 2\r\n\r\n", "A: 1\\x0d\\x0aB: 2\\x0d\\x0a"},
		{"\r\nA: 1\n\r\r\n", "A: 1\\x0d\\x0a"},
		{"\r\nA: 1\n \n", "A: 1\\x0d\\x0a"},
		{"\r\nA: 1\n \n\n", "A: 1\\x0d\\x0a"},
		{"\nA: 1\nB: 2\n\n", "A: 1\\x0d\\x0aB: 2\\x0d\\x0a"},
		{"\r\nA: 1\r\r\nB: 2\r\n\r\n", "A: 1\\x0d\\x0aB: 2\\x0d\\x0a"},
		{"\r\nA: 1\r\n\rB: 2\r\n\r\n", "A: 1\\x0d\\x0a\\x0dB: 2\\x0d\\x0a"},
		{"\r\nA: 1\r\n B: 2\r\n\r\n", "A: 1\\x0d\\x0aB: 2\\x0d\\x0a"},
		{"\r\nA 1\r\n B: 2\r\n\r\n", "A 1 B: 2\\x0d\\x0a"},
		{"\r\nA: 1\r\n \r\n b\r\n\r\n", "A: 1  b\\x0d\\x0a"},
		{"\r\n: 1\r\nB:: 2\r\n:\r\n\r\n", ": 1, \\x0d\\x0aB: : 2\\x0d\\x0a"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char response[200];
		ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
		snprintf(response, sizeof(response), "HTTP/1.1 200 OK%sbody", rows[i][0]);
		reply(response);
		assert_string_equal(replied(0, "http.header"), rows[i][1]);
		assert_string_equal(replied(0, "http.response_body"), "body");
		again();
	}
}

static void requests_follow_one_another(void **state)
{
	ask("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\nHost: h\r\n\r\nabcGET /3 "
	    "HTTP/1.1\r\n");
	assert_int_equal(plab_count(&lab), 3);
	assert_string_equal(asked(1, "http.request_body"), "abc");
	assert_string_equal(asked(2, "http.uri"), "/3");
	reply(EMPTY_200 "HTTP/1.1 404 NF\r\nContent-Length: 2\r\n\r\nno");
	assert_string_equal(replied(0, "http.stat_code"), "200");
	assert_string_equal(replied(1, "http.stat_code"), "404");
	assert_string_equal(replied(1, "file.data"), "no");
	assert_null(replied(2, "http.stat_code"));
}

static void what_begins_no_request_belongs_to_the_one_before(void **state)
{
	ask("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nlogin=foo\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_string_equal(asked(0, "http.request_body"), "login=foo\\x0d\\x0a");
	assert_true(event(0, "request_body_unexpected"));
	assert_string_equal(asked(1, "http.uri"), "/2");
	reply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef");
	assert_string_equal(replied(0, "http.response_body"), "abcdef");
}

static void a_response_without_request_stands_for_itself(void **state)
{
	reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab");
	assert_true(event(0, "unable_to_match_response_to_request"));
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"http:{http_port:0,url:\"/libhtp::request_uri_not_seen\",status:200,length:2}");
	assert_true(app_tx_over(&parser_http1, plab_tx(&lab, 0)));
}

static void continue_is_not_the_response(void **state)
{
	ask("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	reply("HTTP/1.1 100 Continue\r\n\r\n");
	assert_null(replied(0, "http.stat_code"));
	ask("ab");
	reply("HTTP/1.1 100 Continue\r\n\r\n" EMPTY_200);
	assert_string_equal(replied(0, "http.stat_code"), "200");
	assert_string_equal(asked(0, "http.request_body"), "ab");
	assert_true(event(0, "100_continue_already_seen"));
	assert_int_equal(plab_count(&lab), 1);
}

static void connect_and_upgrade_leave_http(void **state)
{
	ask("CONNECT A.b:443 HTTP/1.1\r\nHost: A.b\r\n\r\n\x16\x03\x01");
	assert_string_equal(asked(0, "http.host"), "a.b");
	assert_null(asked(0, "http.uri"));
	reply("HTTP/1.1 200 OK\r\n\r\n");
	assert_true(lab.s->flags & SESSION_SWITCH);
	again();
	ask("CONNECT a.b:443 HTTP/1.1\r\nHost: a.b\r\n\r\n");
	reply("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n");
	assert_false(lab.s->flags & SESSION_SWITCH);
	ask("CONNECT a.b:443 HTTP/1.1\r\nHost: a.b\r\n\r\n");
	assert_int_equal(plab_count(&lab), 2);
	again();
	ask("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n");
	reply("HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\nnext");
	assert_true(lab.s->flags & SESSION_SWITCH);
	assert_int_equal(lab.s->switch_to, APP_HTTP2);
	assert_memory_equal(app_handed_over(lab.s).at, "GET / HTTP/1.1\r\nHost: h\r\n", 25);
	assert_int_equal(lab.side[DIR_TO_CLIENT].len, 4); // is the next parser's
}

static void a_change_that_is_refused_is_noted_where_suricata_asks_for_one(void **state)
{
	ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	lab.s->flags |= SESSION_CHANGING;
	reply("HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\nnext");
	assert_false(lab.s->flags & SESSION_SWITCH);
	assert_true(event(0, "failed_protocol_change"));
	assert_int_equal(lab.side[DIR_TO_CLIENT].len, 0); // is nobody's
	again();
	ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	lab.s->flags |= SESSION_CHANGING;
	reply("HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n");
	assert_false(event(0, "failed_protocol_change"));
}

static void http_0_9_has_a_body_and_nothing_else(void **state)
{
	ask("GET /old\r\n");
	reply("<html>");
	plab_end(&lab, DIR_TO_CLIENT);
	assert_string_equal(asked(0, "http.uri"), "/old");
	assert_null(asked(0, "http.protocol"));
	assert_string_equal(replied(0, "http.response_body"), "<html>");
	assert_null(replied(0, "http.response_line"));
}

static void fields_that_cannot_be_are_bounded(void **state)
{
	char *line = malloc(20000);
	memset(line, 'a', 19999);
	line[19999] = 0;
	ask("GET / HTTP/1.1\r\nHost: h\r\nX: ");
	ask(line);
	assert_int_equal(lab.answer, PARSE_STOP);
	assert_true(event(0, "request_field_too_long"));
	again();
	ask("GET / HTTP/1.1\r\n");
	for (int i = 0; i <= 1024; i++) {
		snprintf(line, 20000, "X%d: 1\r\n", i);
		ask(line);
	}
	ask("\r\n");
	assert_int_equal(lab.answer, PARSE_STOP);
	assert_true(event(0, "request_too_many_headers"));
	again();
	ask("GET / HTTP/1.1\r\nHost: h\r\n");
	for (int i = 0; i < 70; i++)
		ask("X: 1\r\n");
	ask("\r\n");
	assert_true(event(0, "request_header_repetition"));
	assert_int_equal(plab_count(&lab), 1);
	free(line);
}

static void lost_bytes_cost_no_more_than_their_message(void **state)
{
	ask("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
	reply("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab");
	plab_gap(&lab, DIR_TO_CLIENT, 5);
	reply("hij");
	assert_string_equal(replied(0, "http.response_body"), "abhij");
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 0)), "length:10"));
	assert_true(app_tx_over(&parser_http1, plab_tx(&lab, 0)));
	ask("GET /2 HTTP/1.1\r\nHo");
	plab_gap(&lab, DIR_TO_SERVER, 100);
	ask("x: y\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_string_equal(asked(1, "http.uri"), "/2");
	assert_string_equal(asked(2, "http.uri"), "/3");
	reply(EMPTY_200);
	plab_gap(&lab, DIR_TO_CLIENT, 7);
	reply("rest\r\nHTTP/1.1 404 NF\r\nContent-Length: 0\r\n\r\n");
	assert_string_equal(replied(2, "http.stat_code"), "404");
}

static void every_split_tells_the_same(void **state)
{
	static const struct plab_said said[] = {
		PLAB_SAID(DIR_TO_SERVER, "GET /a%41 HTTP/1.1\r\nHost: h\r\nX: 1\r\n 2\r\nX: 3\r\n\r\n"),
		PLAB_SAID(DIR_TO_CLIENT,
			"HTTP/1.1 200 OK\rA: 1\n\rTransfer-Encoding: chunked\r\n\r\n5;x\r\nHELLO\r\n\r\n"
			"3\nabc\n0\r\nT: u\r\n\r\n"),
		PLAB_SAID(DIR_TO_SERVER,
			"POST /u HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; "
			"boundary=BB\r\nContent-Length: 112\r\n\r\n--BB\r\nContent-Disposition: "
			"form-data; name=\"f\"; filename=\"x.txt\"\r\n\r\nFILE\r\n\r\n-DATA--\r\n--BB\r\n"
			"X: y\r\n\r\nz\r\n--BB--\r\n"),
		PLAB_SAID(DIR_TO_CLIENT, "HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 7\r\n\r\n"
					 "\x4b\x4c\x4a\x4e\x01\x00\x00"),
	};
	char *told = plab_every_split(&parser_http1, said, sizeof(said) / sizeof(*said));

	assert_non_null(strstr(told, "1 http.response_body[0] \"HELLOabc\""));
	assert_non_null(strstr(told, "T: u"));
	assert_non_null(strstr(told, "0 file.name[0] \"x.txt\""));
	assert_non_null(strstr(told, "0 file.data[0] \"FILE\\x0d\\x0a\\x0d\\x0a-DATA--\""));
	free(told);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_request_has_all_its_buffers),
		CASE(texts_of_all_fields_are_as_they_came_and_put_together),
		CASE(a_request_without_fields_has_no_texts_of_them),
		CASE(a_response_has_all_its_buffers),
		CASE(the_target_is_normalised_as_a_lenient_server_would),
		CASE(the_host_is_that_of_the_target_then_of_the_field),
		CASE(odd_start_lines_are_read_and_noted),
		CASE(status_lines_are_read_as_browsers_do),
		CASE(ends_of_lines_in_responses_vary),
		CASE(requests_follow_one_another),
		CASE(what_begins_no_request_belongs_to_the_one_before),
		CASE(a_response_without_request_stands_for_itself),
		CASE(continue_is_not_the_response),
		CASE(connect_and_upgrade_leave_http),
		CASE(a_change_that_is_refused_is_noted_where_suricata_asks_for_one),
		CASE(http_0_9_has_a_body_and_nothing_else),
		CASE(fields_that_cannot_be_are_bounded),
		CASE(lost_bytes_cost_no_more_than_their_message),
		cmocka_unit_test(every_split_tells_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
