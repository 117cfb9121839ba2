// Messages as mail carries them: fields, parts, transfer encodings, files and URLs. Expected values are those of
// Suricata 7.0.10 on the same bytes.
#include "tests/unit/smtp_lab.h"

#define FILE_OF(cte, body) \
	MAIL_FIELDS "Content-Type: application/x; name=\"x.bin\"\r\nContent-Transfer-Encoding: " cte "\r\n\r\n" body
#define PARTS(parts) MAIL_FIELDS "Content-Type: multipart/mixed; boundary=\"BB\"\r\n\r\n" parts "--BB--\r\n"
#define PART(fields, body) "--BB\r\n" fields "\r\n" body "\r\n"
#define NAMED(name, body) PART("Content-Disposition: attachment; filename=\"" name "\"\r\n", body)

static void reopen(void)
{
	plab_close(&lab);
	plab_open(&lab, &parser_smtp, OVER_TCP);
}

struct row {
	const char *mail, *expected;
};

// The file of each mail, the same.
static void expect_files(const struct row *rows, uint32_t n, const char *noted)
{
	for (uint32_t i = 0; i < n; i++) {
		mail(rows[i].mail);
		const char *data = file_data(0);
		assert_string_equal(data ? data : "", rows[i].expected);
		if (noted && !event(noted))
			fail_msg("%s is not noted of row %u", noted, i);
		else if (!noted)
			assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
		reopen();
	}
}
#define ROWS(r) r, sizeof(r) / sizeof(*(r))

static void encodings_are_undone(void **state)
{
	static const struct row rows[] = {{FILE_OF("7bit", "one\r\n..two\r\n"), "one\\x0d\\x0a.two\\x0d\\x0a"},
		{FILE_OF("7bit", "one\r\n\r\n two"), "one\\x0d\\x0a\\x0d\\x0a two"}, {FILE_OF("8bit", ""), ""},
		{FILE_OF("base64", "aGVs\r\nbG8="), "hello"},
		{FILE_OF("BASE64", "aGVs bG8g\r\n!d29ybGQ"), "hello world"},
		{FILE_OF("base64", "aGVsbG8=\r\nd29ybGQ="), "helloworld"}, {FILE_OF("base64", "aGVsb"), "hel"},
		{FILE_OF("base64", "===="), ""}, {FILE_OF("base64", "ab==cd=="), "iq"},
		{FILE_OF("quoted-printable", "a=3Db=\r\nc =20\r\n"), "a=bc  \\x0d\\x0a\\x0d\\x0a"},
		{FILE_OF("Quoted-Printable", "a  \r\nb="), "a  \\x0d\\x0ab"}};

	expect_files(ROWS(rows), NULL);
}

static void escapes_that_are_none_stand_for_themselves(void **state)
{
	static const struct row rows[] = {{FILE_OF("quoted-printable", "a=3db="), "a3db"},
		{FILE_OF("quoted-printable", "=ZZ="), "ZZ"}, {FILE_OF("quoted-printable", "c=4"), "c4\\x0d\\x0a"},
		{FILE_OF("quoted-printable", "=="), ""}, {FILE_OF("quoted-printable", "=  \r\nx="), "  \\x0d\\x0ax"}};

	expect_files(ROWS(rows), "mime_invalid_qp");
}

static void files_are_parts_with_names(void **state)
{
	mail(PARTS("preamble\r\n" PART("", "text") NAMED("a.txt", "one\r\n1") PART(
		"Content-Type: x/y; name=b.txt\r\n", "two\r\n") PART("Content-Disposition: inline\r\n", "three")));
	assert_string_equal(file_data(0), "one\\x0d\\x0a1");
	assert_string_equal(file_name(0), "a.txt");
	assert_string_equal(file_data(1), "two\\x0d\\x0a");
	assert_string_equal(file_name(1), "b.txt");
	assert_null(file_data(2));
	assert_string_equal(record(0), MAIL_SMTP ",email:{status:\"PARSE_DONE\",from:\"A <a@b>\",to:[\"c@d\"],"
						 "attachment:[\"a.txt\",\"b.txt\"]}");
}

static void names_of_files_are_told_from_what_looks_like_them(void **state)
{
	static const struct row rows[] = {{"attachment; filename=u v.txt; size=3", "u v.txt"},
		{"attachment;\r\n filename=\"fol\r\n ded\"", "fol ded"}, {"inline; x=1; filename=\"a;b\"", "a;b"},
		{"attachment; filename*1=\"b\"; filename*0=a", "ab"}, {"attachment; filename*0=a; filename*2=c", "a"},
		{"attachment; filename=a; filename=b", "b"},
		{"attachment; filename=\"=?UTF-8?Q?x?=\"", "=?UTF-8?Q?x?="}, {"attachment; filename*=UTF-8''x", NULL},
		{"attachment; FILENAME=x", NULL}, {"filename=x", NULL}, {"attachment; filename = x", NULL},
		{"attachment; filename=\"x", NULL}, {"attachment; filename=", NULL},
		{"attachment; x; filename=a", NULL}, {"attachment; xfilename=a", NULL},
		{"attachment; filename*1=b", NULL}};
	char text[512];

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(text, sizeof(text), MAIL_FIELDS "Content-Disposition: %s\r\n\r\nx", rows[i].mail);
		mail(text);
		const char *name = file_name(0);
		if (!name || !rows[i].expected)
			assert_ptr_equal(name, rows[i].expected);
		else
			assert_string_equal(name, rows[i].expected);
		reopen();
	}
}

static void a_name_that_is_too_long_is_cut(void **state)
{
	char text[700];

	snprintf(text, sizeof(text), "Content-Disposition: a; filename=\"%0300d\"\r\n\r\nx", 7);
	mail(text);
	assert_int_equal(strlen(file_name(0)), 255);
	assert_true(event("mime_long_filename"));
}

static void boundaries_of_254_bytes_are_the_longest(void **state)
{
	char text[900];

	snprintf(text, sizeof(text), "Content-Type: x; boundary=%0254d\r\n\r\n--%0254d\r\n\r\n--%0254d--", 7, 7, 7);
	mail(text);
	assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
	reopen();
	snprintf(text, sizeof(text), "Content-Type: x; boundary=%0255d\r\n\r\nx", 7);
	mail(text);
	assert_true(event("mime_long_boundary"));
	assert_true(event("mime_parse_failed"));
	assert_string_equal(record(0), MAIL_SMTP ",email:{status:\"PARSE_ERROR\"}");
}

static void parts_are_within_parts(void **state)
{
	mail(PARTS(PART("Content-Type: multipart/mixed; boundary=CC\r\n",
		"--CC\r\nContent-Disposition: a; filename=in\r\n\r\ninner\r\n--CC--\r\n") NAMED("out", "outer")));
	assert_string_equal(file_name(0), "in");
	assert_string_equal(file_data(0), "inner");
	assert_string_equal(file_name(1), "out");
	assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
	assert_non_null(strstr(record(0), "attachment:[\"out\"]"));
}

static void a_message_within_a_message_has_fields_and_files(void **state)
{
	mail(PARTS(PART("Content-Type: MESSAGE/rfc822; name=fwd\r\n",
		"From: x\r\nContent-Type: x/y; name=in\r\n\r\ninner") NAMED("out", "outer")));
	assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
	assert_non_null(strstr(record(0), "from:\"A <a@b>\",to:[\"c@d\"],attachment:[\"fwd\",\"out\"]"));
	assert_null(file_name(0)); // it has no body of its own
	assert_string_equal(file_data(1), "inner");
	assert_string_equal(file_data(2), "outer");
}

static void a_part_that_is_not_closed_is_noted(void **state)
{
	mail(MAIL_FIELDS "Content-Type: x; boundary=BB\r\n\r\n" NAMED("a", "x"));
	assert_true(event("mime_malformed_msg"));
	assert_false(event("mime_parse_failed"));
	assert_string_equal(file_data(0), "x\\x0d\\x0a");
}

static void an_end_without_a_part_cannot_be_read(void **state)
{
	mail(PARTS("") "--BB--\r\n");
	assert_true(event("mime_parse_failed"));
	assert_string_equal(record(0), MAIL_SMTP);
}

static void parts_go_32_deep(void **state)
{
	for (uint32_t depth = 31; depth <= 32; depth++) {
		talk(MAIL_BEGIN, NULL);
		for (uint32_t i = 0; i < depth; i++) {
			char text[100];
			snprintf(text, sizeof(text), "Content-Type: x; boundary=N%02u\r\n\r\n--N%02u\r\n", i, i);
			plab_feed_string(&lab, DIR_TO_SERVER, text);
		}
		plab_feed_string(&lab, DIR_TO_SERVER, "Content-Disposition: a; filename=deep\r\n\r\nx\r\n.\r\n");
		assert_int_equal(event("mime_parse_failed"), depth == 32);
		assert_int_equal(file_data(0) != NULL, depth == 31);
		reopen();
	}
}

static void fields_are_unfolded_and_the_last_of_a_name_counts(void **state)
{
	mail("From: x\r\nFROM: a\r\n b\r\n\tc\r\nno field\r\nTo:  x,\r\n  y, \"p,q\" <r>\r\ncc:z\r\n\r\nx");
	assert_string_equal(record(0), MAIL_SMTP ",email:{status:\"PARSE_DONE\",from:\"a b\\x09cno field\","
						 "to:[\"x\",\"y\",\"\"p,q\" <r>\"],cc:[\"z\"]}");
}

static void what_does_not_begin_with_a_field_has_none(void **state)
{
	static const char *const mails[] = {"From : a\r\nTo: b\r\n\r\nx", " From: a\r\n\r\nx", "no field\r\nTo: b",
		"\r\nTo: b", ": a\r\nTo: b", "Fr\xe9m: a"};

	for (uint32_t i = 0; i < sizeof(mails) / sizeof(*mails); i++) {
		mail(mails[i]);
		assert_string_equal(record(0), MAIL_SMTP ",email:{status:\"PARSE_DONE\"}");
		reopen();
	}
}

static void lengths_past_their_limits_are_noted(void **state)
{
	static const struct {
		const char *name;
		uint32_t name_len, value_len, body_len;
		const char *cte;
	} rows[] = {{NULL, 75, 900, 998, "7bit"}, {NULL, 1, 1, 76, "base64"},
		{"mime_long_header_name", 76, 1, 1, "7bit"}, {"mime_long_line", 1, 998, 1, "7bit"},
		{"mime_long_line", 1, 1, 999, "7bit"}, {"mime_long_enc_line", 1, 1, 77, "quoted-printable"}};
	char text[3000];

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(text, sizeof(text), "From: a\r\n%0*d: %0*d\r\nContent-Transfer-Encoding: %s\r\n\r\n%0*d",
			(int)rows[i].name_len, 0, (int)rows[i].value_len, 0, rows[i].cte, (int)rows[i].body_len, 0);
		mail(text);
		assert_int_equal(plab_tx(&lab, 0)->event_count, rows[i].name != NULL);
		if (rows[i].name)
			assert_true(event(rows[i].name));
		reopen();
	}
	snprintf(text, sizeof(text), "From: a\r\nX: %0990d\r\n %0990d\r\n %019d\r\n\r\nx", 0, 0, 0);
	mail(text);
	assert_true(event("mime_long_header_value"));
}

static void urls_are_found_in_text_and_not_in_files(void **state)
{
	mail(PARTS("see http://pre/x\r\n" PART("Content-Transfer-Encoding: base64\r\n", "IGh0dHA6Ly9JTi5iNjQvWD8x")
			PART("", "a http://1.2.3.4/a.exe' <http://b> http:\r\n//c https://d http://")
				NAMED("f", "http://file")));
	assert_non_null(strstr(record(0), "has_ipv6_url:false,has_ipv4_url:false,has_exe_url:false,attachment:[\"f\"],"
					  "url:[\"pre/x\",\"in.b64/x?1\",\"b\",\"1.2.3.4/a.exe\"]"));
	reopen();
	mail(MAIL_FIELDS "\r\nhttp://1.2.3.4/a.exe http://::1/x http://same http://SAME");
	assert_non_null(strstr(record(0), "has_ipv6_url:true,has_ipv4_url:true,has_exe_url:true,"
					  "url:[\"same\",\"::1/x\",\"1.2.3.4/a.exe\"]"));
}

static void files_and_urls_are_bounded(void **state)
{
	char text[2500];

	talk(MAIL_BEGIN, "Content-Type: x; boundary=BB\r\n\r\n", NULL);
	for (uint32_t i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "http://u%u/%0900d\r\n" NAMED("%u", "%01000d"), i, 0, i, 0);
		plab_feed_string(&lab, DIR_TO_SERVER, text);
	}
	plab_feed_string(&lab, DIR_TO_SERVER, "--BB--\r\n.\r\n");
	assert_non_null(file_data(127));
	assert_null(file_data(128));
	assert_true(lab.s->memory < PLAB_FLOW_BYTES);
}

static void of_a_large_file_the_front_is_kept(void **state)
{
	static char line[70000];

	memset(line, 'x', sizeof(line));
	talk(MAIL_BEGIN, FILE_OF("7bit", ""), NULL);
	for (uint32_t i = 0; i < 4; i++)
		plab_feed(&lab, DIR_TO_SERVER, line, sizeof(line));
	plab_feed_string(&lab, DIR_TO_SERVER, "\r\nend\r\n.\r\n");
	assert_int_equal(strlen(file_data(0)), APP_ALLOC_MAX);
	assert_non_null(strstr(record(0), "PARSE_DONE"));
}

static void a_mail_that_is_cut_off_says_how_far_it_came(void **state)
{
	static const struct row rows[] = {{"", "HEADER_READY"}, {"From: a\r\n", "HEADER_STARTED"},
		{"From: a\r\n\r\n", "HEADER_DONE\",from:\"a"}, {"From: a\r\n\r\nx", "BODY_STARTED\",from:\"a"},
		{"Content-Type: x; boundary=B\r\n\r\n--B\r\n", "HEADER_READY"},
		{"Content-Type: x; boundary=B\r\n\r\n--B\r\n\r\n--B--\r\n\r\n", "BODY_END_BOUND"}};
	char text[200];

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		talk(MAIL_BEGIN, rows[i].mail, NULL);
		plab_end(&lab, DIR_TO_SERVER);
		snprintf(text, sizeof(text), MAIL_SMTP ",email:{status:\"%s\"}", rows[i].expected);
		assert_string_equal(record(0), text);
		reopen();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(encodings_are_undone),
		TEST(escapes_that_are_none_stand_for_themselves),
		TEST(files_are_parts_with_names),
		TEST(names_of_files_are_told_from_what_looks_like_them),
		TEST(a_name_that_is_too_long_is_cut),
		TEST(boundaries_of_254_bytes_are_the_longest),
		TEST(parts_are_within_parts),
		TEST(a_message_within_a_message_has_fields_and_files),
		TEST(a_part_that_is_not_closed_is_noted),
		TEST(an_end_without_a_part_cannot_be_read),
		TEST(parts_go_32_deep),
		TEST(fields_are_unfolded_and_the_last_of_a_name_counts),
		TEST(what_does_not_begin_with_a_field_has_none),
		TEST(lengths_past_their_limits_are_noted),
		TEST(urls_are_found_in_text_and_not_in_files),
		TEST(files_and_urls_are_bounded),
		TEST(of_a_large_file_the_front_is_kept),
		TEST(a_mail_that_is_cut_off_says_how_far_it_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
