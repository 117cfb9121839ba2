// The HTTP/1 parser: framing of bodies, content codings, files and limits. Expected values are those of Suricata 7.0.10
// on the same bytes. Next: http1.c.
#include <zlib.h>

#include "tests/unit/parser_lab.h"

extern const struct parser parser_http1;

static struct parser_lab lab;

static int open_lab(void **state)
{
	plab_open(&lab, &parser_http1, OVER_TCP);
	plab_feed_string(&lab, DIR_TO_SERVER, "GET /f HTTP/1.1\r\nHost: h\r\n\r\n");
	return 0;
}

static int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

static void again(void)
{
	close_lab(NULL);
	open_lab(NULL);
}

static bool event(const char *name)
{
	return plab_has_event(&lab, plab_tx(&lab, 0), name);
}

static const char *replied(const char *buffer)
{
	return plab_text(&lab, plab_tx(&lab, 0), buffer, DIR_TO_CLIENT, 0);
}

static void reply(const char *fields, const void *body, uint32_t len)
{
	char head[300];

	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n%sContent-Length: %u\r\n\r\n", fields, len);
	plab_feed_string(&lab, DIR_TO_CLIENT, head);
	plab_feed(&lab, DIR_TO_CLIENT, body, len);
}

// window: as of deflateInit2 (-15 raw, 15 zlib, 31 gzip). Returns bytes written.
static uint32_t pack(int window, const void *in, uint32_t len, uint8_t *out, uint32_t room)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)in;
	z.avail_in = len;
	z.next_out = out;
	z.avail_out = room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

static void framing_is_taken_as_browsers_do(void **state)
{
	static const struct {
		const char *fields, *body, *is, *event;
	} rows[] = {
		{"", "HELLOWORLD", "HELLOWORLD", NULL},
		{"Content-Length: 5\r\n", "HELLOWORLD", "HELLOWORLD", NULL},
		{"Content-Length: 10\r\nContent-Length: 5\r\n", "HELLOWORLD", "HELLOWORLD",
			"duplicate_content_length_field_in_response"},
		{"Content-Length: x10y\r\n", "HELLOWORLD", "HELLOWORLD", NULL},
		{"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "5\r\nHELLO\r\n0\r\n\r\n", "HELLO", NULL},
		{"Transfer-Encoding: xchunkedx\r\n", "5\r\nHELLO\r\n0\r\n\r\n", "HELLO",
			"response_abnormal_transfer_encoding"},
		{"Transfer-Encoding: foo\r\n", "5\r\nHELLO\r\n0\r\n\r\n",
			"5\\x0d\\x0aHELLO\\x0d\\x0a0\\x0d\\x0a\\x0d\\x0a", NULL},
		{"Transfer-Encoding: chunked\r\n", "HELLOWORLD", "HELLOWORLD", "invalid_response_chunk_len"},
		{"Transfer-Encoding: chunked\r\n", "5\r\nHELLO\r\nzz\r\n", "HELLOzz\\x0d\\x0a",
			"invalid_response_chunk_len"},
		{"Transfer-Encoding: chunked\r\n", "5;a=b\r\nHELLO\r\n00005 \r\nWORLD\r\n0\r\n\r\n", "HELLOWORLD",
			"request_chunk_extension"},
		{"Transfer-Encoding: chunked\r\n", "\r\n\r\n5\r\nHELLO\r\n\r\n5\r\nWORLD\r\n0\r\n\r\n", "HELLOWORLD",
			NULL},
		{"Transfer-Encoding: chunked\r\n", "5\nHELLO\n5\nWORLD\n0\n\n", "HELLOWORLD", NULL},
		{"Transfer-Encoding: chunked\r\n", "5x\r\nHELLO\r\n\t5\r\nWORLD\r\n", "HELLOWORLD", NULL},
		{"Transfer-Encoding: chunked\r\n", "ffffffffff\r\nHELLO", "ffffffffff\\x0d\\x0aHELLO",
			"invalid_response_chunk_len"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		plab_feed_string(&lab, DIR_TO_CLIENT, "HTTP/1.1 200 OK\r\n");
		plab_feed_string(&lab, DIR_TO_CLIENT, rows[i].fields);
		char rest[100];
		snprintf(rest, sizeof(rest), "\r\n%s", rows[i].body);
		plab_feed_string(&lab, DIR_TO_CLIENT, rest);
		plab_end(&lab, DIR_TO_CLIENT);
		assert_string_equal(replied("http.response_body"), rows[i].is);
		assert_true(!rows[i].event || event(rows[i].event));
		again();
	}
}

static void a_response_whose_framing_says_nothing_stops_the_flow(void **state)
{
	plab_feed_string(&lab, DIR_TO_CLIENT, "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nbody");
	assert_int_equal(lab.answer, PARSE_STOP);
	assert_true(event("invalid_content_length_field_in_response"));
	assert_null(replied("http.header"));
	assert_string_equal(replied("http.stat_code"), "200");
	again();
	plab_feed_string(&lab, DIR_TO_SERVER, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: x\r\n\r\nbody");
	assert_int_equal(lab.answer, PARSE_STOP);
}

static void some_answers_have_no_body(void **state)
{
	plab_feed_string(&lab, DIR_TO_CLIENT, "HTTP/1.1 304 Not\r\n\r\n");
	assert_true(app_tx_over(&parser_http1, plab_tx(&lab, 0)));
	again();
	plab_feed_string(&lab, DIR_TO_SERVER, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
	plab_feed_string(&lab, DIR_TO_CLIENT, "HTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
	assert_true(app_tx_over(&parser_http1, plab_tx(&lab, 1)));
	assert_null(plab_text(&lab, plab_tx(&lab, 1), "file.data", DIR_TO_CLIENT, 0));
}

static void a_trailer_joins_the_fields(void **state)
{
	plab_feed_string(&lab, DIR_TO_CLIENT,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: 1\r\n\r\n1\r\na\r\n0\r\nB: 2\r\nA: 3\r\n\r\n");
	assert_string_equal(
		replied("http.header"), "Transfer-Encoding: chunked\\x0d\\x0aA: 1, 3\\x0d\\x0aB: 2\\x0d\\x0a");
	assert_string_equal(replied("http.header.raw"),
		"Transfer-Encoding: chunked\\x0d\\x0aA: 1\\x0d\\x0a\\x0d\\x0aB: 2\\x0d\\x0aA: 3\\x0d\\x0a\\x0d\\x0a");
}

static const char text[] = "The quick brown fox jumps over the lazy dog. The quick brown fox.";

static void content_codings_are_undone(void **state)
{
	static const struct {
		const char *coding;
		int window;
	} rows[] = {{"gzip", 31}, {"x-gzip", 31}, {"GZIP", 31}, {"deflate", -15}, {"deflate", 15}, {"gzip", 15},
		{"gzip", -15}, {"deflate", 31}, {"g\1ip", 0}, {"identity,gzip", 31}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t body[200];
		char field[60];
		uint32_t len = sizeof(text) - 1;
		memcpy(body, text, len);
		if (rows[i].window)
			len = pack(rows[i].window, text, sizeof(text) - 1, body, sizeof(body));
		snprintf(field, sizeof(field), "Content-Encoding: %s\r\n", rows[i].coding);
		reply(field, body, len);
		assert_string_equal(replied("http.response_body"), text);
		assert_string_equal(replied("file.data"), text);
		again();
	}
}

static void codings_within_codings_are_undone_up_to_the_limit(void **state)
{
	uint8_t one[200], two[300], three[400];
	uint32_t n = pack(31, text, sizeof(text) - 1, one, sizeof(one));

	n = pack(-15, one, n, two, sizeof(two));
	reply("Content-Encoding: gzip\r\nContent-Encoding: deflate\r\n", two, n);
	assert_string_equal(replied("file.data"), text);
	again();
	n = pack(31, two, n, three, sizeof(three));
	reply("Content-Encoding: gzip,deflate,gzip\r\n", three, n);
	assert_true(event("too_many_encoding_layers"));
	again();
	plab_limits(&lab)->http_decompress_layers = 3;
	reply("Content-Encoding: gzip,deflate,gzip\r\n", three, n);
	assert_string_equal(replied("file.data"), text);
}

static void what_is_not_compressed_is_shown_as_it_came(void **state)
{
	uint8_t body[200];

	reply("Content-Encoding: gzip\r\n", text, sizeof(text) - 1);
	assert_string_equal(replied("file.data"), text);
	assert_true(event("gzip_decompression_failed"));
	again();
	reply("Content-Encoding: deflate, gzip\r\n", text, sizeof(text) - 1);
	assert_string_equal(replied("file.data"), text);
	again();
	reply("Content-Encoding: gzip\r\n", "\x1f\x8bjunk", 6);
	assert_string_equal(replied("file.data"), "\\x1f\\x8bjunk");
	again();
	// A wrong checksum is noted, and what came out stays.
	uint32_t len = pack(31, text, sizeof(text) - 1, body, sizeof(body));
	body[len - 8] ^= 1;
	reply("Content-Encoding: gzip\r\n", body, len);
	assert_string_equal(replied("file.data"), text);
	assert_true(event("gzip_decompression_failed"));
}

static void optional_parts_of_a_gzip_header_are_skipped(void **state)
{
	uint8_t packed[200], body[300] = "\x1f\x8b\x08\x1e\0\0\0\0\0\x03\x05\x00"
					 "Ap\x01\x00\x00name\0comment\0CC";
	uint32_t head = 12 + 5 + 5 + 8 + 2;
	uint32_t len = pack(-15, text, sizeof(text) - 1, packed, sizeof(packed));

	memcpy(body + head, packed, len);
	reply("Content-Encoding: gzip\r\n", body, head + len);
	assert_string_equal(replied("file.data"), text);
}

static void lzma_is_undone_where_it_is_asked_for(void **state)
{
	static const char packed[] = "\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x34\x19\x49\xee\x8d\xe9"
				     "\x56\x0c\x60\x6a\xbe\xee\xed\x23\x7f\x1b\xff\xfe\xf9\x70\x00";

	reply("Content-Encoding: lzma\r\n", packed, sizeof(packed) - 1);
	assert_memory_equal(replied("file.data"), "]\\x00", 5);
	again();
	plab_limits(&lab)->http_lzma = true;
	reply("Content-Encoding: lzma\r\n", packed, sizeof(packed) - 1);
	assert_string_equal(replied("file.data"), "hello hello hello hello lzma");
	again();
	plab_limits(&lab)->http_lzma = true;
	reply("Content-Encoding: lzma\r\n", text, sizeof(text) - 1);
	assert_string_equal(replied("file.data"), text);
}

static void bodies_are_cut_at_the_limit(void **state)
{
	uint8_t *body = calloc(1, 300000), *packed = malloc(4096);
	struct app_bytes got;

	reply("", body, 300000);
	assert_true(plab_buffer(&lab, plab_tx(&lab, 0), "file.data", DIR_TO_CLIENT, 0, &got));
	assert_int_equal(got.len, 102400);
	assert_true(app_tx_over(&parser_http1, plab_tx(&lab, 0)));
	again();
	plab_limits(&lab)->http_response_body = 200000; // more than one text takes: the rest is a further value
	reply("", body, 300000);
	assert_true(plab_buffer(&lab, plab_tx(&lab, 0), "http.response_body", DIR_TO_CLIENT, 0, &got));
	assert_int_equal(got.len, 131072);
	assert_true(plab_buffer(&lab, plab_tx(&lab, 0), "http.response_body", DIR_TO_CLIENT, 1, &got));
	assert_int_equal(got.len, 200000 - 131072);
	assert_false(plab_buffer(&lab, plab_tx(&lab, 0), "file.data", DIR_TO_CLIENT, 2, &got));
	again();
	uint32_t len = pack(31, body, 300000, packed, 4096);
	reply("Content-Encoding: gzip\r\n", packed, len);
	assert_true(plab_buffer(&lab, plab_tx(&lab, 0), "file.data", DIR_TO_CLIENT, 0, &got));
	assert_int_equal(got.len, 102400);
	again();
	plab_limits(&lab)->http_bomb = 10000;
	plab_limits(&lab)->http_response_body = 0;
	uint8_t *twice = malloc(4096);
	len = pack(31, packed, pack(31, body, 300000, packed, 4096), twice, 4096);
	reply("Content-Encoding: gzip, gzip\r\n", twice, len);
	assert_true(plab_buffer(&lab, plab_tx(&lab, 0), "file.data", DIR_TO_CLIENT, 0, &got));
	assert_true(got.len > 10000);
	free(twice);
	free(body);
	free(packed);
}

static void names_of_files(void **state)
{
	static const char *const rows[][2] = {
		{"", "/f"},
		{"Content-Disposition: attachment; filename=\"eicar.txt\"\r\n", "eicar.txt"},
		{"Content-Disposition: attachment; filename=foo.bin; x=y\r\n", "foo.bin"},
		{"Content-Disposition: attachment; filename=\"a;b.bin\"\r\n", "a;b.bin"},
		{"Content-Disposition: attachment;filename=\r\n", "/f"},
		{"Content-Disposition: inline; filename*=UTF-8''z\r\n", "/f"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		reply(rows[i][0], "data", 4);
		assert_string_equal(replied("file.name"), rows[i][1]);
		again();
	}
}

static void uploads_are_files(void **state)
{
	static const char form[] =
		"--BB\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nval\r\n--BB\r\n"
		"Content-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\nContent-Type: t\r\n"
		"\r\nFILE--BB DATA\r\n--BB\r\nContent-Disposition: form-data; filename=y\r\n\r\n\r\n"
		"--BB--\r\n";
	char request[600];
	const struct app_tx *tx;

	snprintf(request, sizeof(request),
		"POST /u?q HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=\"BB\"\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		sizeof(form) - 1, form);
	plab_feed_string(&lab, DIR_TO_SERVER, request);
	tx = plab_tx(&lab, 1);
	assert_string_equal(plab_text(&lab, tx, "file.name", DIR_TO_SERVER, 0), "x.txt");
	assert_string_equal(plab_text(&lab, tx, "file.data", DIR_TO_SERVER, 0), "FILE--BB DATA");
	assert_string_equal(plab_text(&lab, tx, "file.name", DIR_TO_SERVER, 1), "y");
	assert_null(plab_text(&lab, tx, "file.name", DIR_TO_SERVER, 2));
	plab_feed_string(&lab, DIR_TO_SERVER, "PUT /p/q.bin?x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nput");
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 2), "file.name", DIR_TO_SERVER, 0), "/p/q.bin");
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 2), "file.data", DIR_TO_SERVER, 0), "put");
	plab_feed_string(&lab, DIR_TO_SERVER, "GET /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nget");
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 3), "http.request_body", DIR_TO_SERVER, 0), "get");
	assert_null(plab_text(&lab, plab_tx(&lab, 3), "file.data", DIR_TO_SERVER, 0));
}

static void ranges_are_recorded(void **state)
{
	plab_feed_string(
		&lab, DIR_TO_CLIENT, "HTTP/1.1 206 P\r\nContent-Range: bytes 5-6/10\r\nContent-Length: 2\r\n\r\nab");
	assert_non_null(
		strstr(plab_log(&lab, plab_tx(&lab, 0)), "content_range:{raw:\"bytes 5-6/10\",start:5,end:6,size:10}"));
	again();
	plab_feed_string(&lab, DIR_TO_CLIENT, "HTTP/1.1 206 P\r\nContent-Range: foo\r\nContent-Length: 2\r\n\r\nab");
	assert_true(event("range_invalid"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(framing_is_taken_as_browsers_do),
		CASE(a_response_whose_framing_says_nothing_stops_the_flow),
		CASE(some_answers_have_no_body),
		CASE(a_trailer_joins_the_fields),
		CASE(content_codings_are_undone),
		CASE(codings_within_codings_are_undone_up_to_the_limit),
		CASE(what_is_not_compressed_is_shown_as_it_came),
		CASE(optional_parts_of_a_gzip_header_are_skipped),
		CASE(lzma_is_undone_where_it_is_asked_for),
		CASE(bodies_are_cut_at_the_limit),
		CASE(names_of_files),
		CASE(uploads_are_files),
		CASE(ranges_are_recorded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
