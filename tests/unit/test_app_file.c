// Files that transactions carry, and what is said of them. Expected values are those of Suricata 7.0.10 on the same
// bytes.
#include "dataplane/api/app_file.h"

#include "tests/unit/smtp_lab.h"

extern const struct parser parser_http1;

static int open_http(void **state)
{
	plab_open(&lab, &parser_http1, OVER_TCP);
	lab.run->files = APP_FILE_TRACKED;
	return 0;
}

// What EVE's fileinfo says of a file, without its transaction's record; "": there is none.
static const char *info(uint32_t tx, uint8_t dir, uint32_t nth)
{
	const struct app_tx *t = plab_tx(&lab, tx);
	const struct app_file *f = app_file_at(t, dir, nth);
	uint32_t len = f ? app_log_file(lab.parser, t, f, lab.record, EVENT_AUX_MAX) : 0;
	char *at = lab.text;

	*at = 0;
	plab_put_record(&lab, &at, lab.text + sizeof(lab.text), len);
	const char *only = strstr(lab.text, "fileinfo:");
	return only ? only + strlen("fileinfo:") : lab.text;
}

static void get(const char *path, const char *response)
{
	char line[256];

	snprintf(line, sizeof(line), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
	plab_feed_string(&lab, DIR_TO_SERVER, line);
	plab_feed_string(&lab, DIR_TO_CLIENT, response);
}

static void a_response_is_a_file_named_as_its_path(void **state)
{
	get("/d/x.bin?q=1", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	assert_string_equal(info(0, DIR_TO_CLIENT, 0),
		"{filename:\"/d/x.bin\",gaps:false,state:\"CLOSED\",stored:false,size:5,tx_id:0}");
	assert_string_equal(info(0, DIR_TO_SERVER, 0), "");
	assert_string_equal(info(0, DIR_TO_CLIENT, 1), "");
}

static void a_response_without_a_body_is_no_file(void **state)
{
	get("/", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	assert_string_equal(info(0, DIR_TO_CLIENT, 0), "");
}

static void nobody_asks_nothing_is_kept(void **state)
{
	lab.run->files = 0;
	get("/", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	assert_null(plab_tx(&lab, 0)->files);
}

static void rules_may_ask_too(void **state)
{
	uint8_t rules = APP_FILE_TRACKED;

	lab.run->files = 0;
	lab.run->rules_files = &rules;
	get("/", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	assert_non_null(plab_tx(&lab, 0)->files);
}

static void a_part_says_which_and_the_whole_does_not(void **state)
{
	get("/x", "HTTP/1.1 206 P\r\nContent-Length: 3\r\nContent-Range: bytes 2-4/5\r\n\r\nllo");
	get("/y", "HTTP/1.1 206 P\r\nContent-Length: 3\r\nContent-Range: bytes 0-2/3\r\n\r\nabc");
	get("/z", "HTTP/1.1 206 P\r\nContent-Length: 3\r\nContent-Range: bytes 4-2/9\r\n\r\nabc");
	assert_string_equal(info(0, DIR_TO_CLIENT, 0),
		"{filename:\"/x\",gaps:false,state:\"CLOSED\",stored:false,size:3,start:2,end:4,tx_id:0}");
	assert_null(strstr(info(1, DIR_TO_CLIENT, 0), "start"));
	assert_null(strstr(info(2, DIR_TO_CLIENT, 0), "start"));
}

static void what_is_beyond_the_limit_truncates(void **state)
{
	plab_limits(&lab)->http_response_body = 4;
	get("/x", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	assert_string_equal(info(0, DIR_TO_CLIENT, 0),
		"{filename:\"/x\",gaps:false,state:\"TRUNCATED\",stored:false,size:4,tx_id:0}");
}

static void lost_bytes_are_a_gap_that_counts(void **state)
{
	get("/x", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe");
	plab_gap(&lab, DIR_TO_CLIENT, 4);
	plab_feed_string(&lab, DIR_TO_CLIENT, "llo");
	assert_string_equal(info(0, DIR_TO_CLIENT, 0),
		"{filename:\"/x\",gaps:true,state:\"TRUNCATED\",stored:false,size:9,tx_id:0}");
}

static void digests_are_those_of_the_whole(void **state)
{
	lab.run->files = APP_FILE_TRACKED | APP_FILE_MD5 | APP_FILE_SHA1 | APP_FILE_SHA256;
	get("/x", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
	plab_feed_string(&lab, DIR_TO_CLIENT, "llo");
	assert_string_equal(info(0, DIR_TO_CLIENT, 0),
		"{filename:\"/x\",gaps:false,state:\"CLOSED\",md5:\"5d41402abc4b2a76b9719d911017c592\","
		"sha1:\"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\","
		"sha256:\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\","
		"stored:false,size:5,tx_id:0}");
}

static void a_file_cut_short_has_no_digest(void **state)
{
	lab.run->files = APP_FILE_TRACKED | APP_FILE_MD5;
	plab_limits(&lab)->http_response_body = 4;
	get("/x", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	assert_null(strstr(info(0, DIR_TO_CLIENT, 0), "md5"));
}

static void a_form_has_a_file_a_part(void **state)
{
	static const char form[] = "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\n"
				   "one\r\n--B\r\nContent-Disposition: form-data; name=\"v\"\r\n\r\nno file\r\n"
				   "--B\r\nContent-Disposition: form-data; name=\"g\"; filename=\"b\"\r\n\r\n"
				   "three\r\n--B--\r\n";
	char head[200];

	snprintf(head, sizeof(head),
		"POST /up HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=B\r\n"
		"Content-Length: %zu\r\n\r\n",
		sizeof(form) - 1);
	plab_feed_string(&lab, DIR_TO_SERVER, head);
	for (size_t i = 0; i + 1 < sizeof(form); i++) // a byte at a time
		plab_feed(&lab, DIR_TO_SERVER, form + i, 1);
	assert_string_equal(info(0, DIR_TO_SERVER, 0),
		"{filename:\"a.txt\",gaps:false,state:\"CLOSED\",stored:false,size:3,tx_id:0}");
	assert_string_equal(
		info(0, DIR_TO_SERVER, 1), "{filename:\"b\",gaps:false,state:\"CLOSED\",stored:false,size:5,tx_id:0}");
	assert_string_equal(info(0, DIR_TO_SERVER, 2), "");
}

static void a_long_name_is_cut_and_the_rest_is_said(void **state)
{
	char path[1800], request[2000];

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = 0;
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
	plab_feed_string(&lab, DIR_TO_SERVER, request);
	plab_feed_string(&lab, DIR_TO_CLIENT, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	assert_non_null(strstr(info(0, DIR_TO_CLIENT, 0), "xx\",gaps:false,state:\"CLOSED\",stored:false,size:5,"));
}

static void attachments_are_files(void **state)
{
	plab_close(&lab);
	open_lab(NULL);
	lab.run->files = APP_FILE_TRACKED | APP_FILE_MD5;
	mail(MAIL_FIELDS
		"Content-Type: text/plain; name=\"h.txt\"\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=");
	assert_string_equal(info(0, DIR_TO_SERVER, 0),
		"{filename:\"h.txt\",gaps:false,state:\"CLOSED\",md5:\"5d41402abc4b2a76b9719d911017c592\","
		"stored:false,size:5,tx_id:0}");
}

static void what_never_ends_is_cut_short_but_for_http(void **state)
{
	get("/x", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
	app_files_stop(lab.run, plab_tx(&lab, 0));
	assert_string_equal(
		info(0, DIR_TO_CLIENT, 0), "{filename:\"/x\",gaps:false,state:\"CLOSED\",stored:false,size:5,tx_id:0}");
	plab_close(&lab);
	open_lab(NULL);
	lab.run->files = APP_FILE_TRACKED;
	talk(MAIL_BEGIN, MAIL_FIELDS "Content-Type: text/plain; name=\"h\"\r\n\r\nhello\r\n", NULL);
	app_files_stop(lab.run, plab_tx(&lab, 0));
	assert_non_null(strstr(info(0, DIR_TO_SERVER, 0), "state:\"TRUNCATED\""));
}

#define HTTP(test) cmocka_unit_test_setup_teardown(test, open_http, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {HTTP(a_response_is_a_file_named_as_its_path),
		HTTP(a_response_without_a_body_is_no_file), HTTP(nobody_asks_nothing_is_kept), HTTP(rules_may_ask_too),
		HTTP(a_part_says_which_and_the_whole_does_not), HTTP(what_is_beyond_the_limit_truncates),
		HTTP(lost_bytes_are_a_gap_that_counts), HTTP(digests_are_those_of_the_whole),
		HTTP(a_file_cut_short_has_no_digest), HTTP(a_form_has_a_file_a_part),
		HTTP(a_long_name_is_cut_and_the_rest_is_said), HTTP(attachments_are_files),
		HTTP(what_never_ends_is_cut_short_but_for_http)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
