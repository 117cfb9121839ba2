// The SMTP parser: commands and their replies, pipelining, chunks, STARTTLS; events and records. Expected values are
// those of Suricata 7.0.10 on the same bytes.
#include "tests/unit/smtp_lab.h"

static void a_mail_is_a_transaction_with_who_sends_to_whom(void **state)
{
	mail(MAIL_FIELDS "Subject: s\r\n\r\nhello");
	assert_string_equal(record(0), MAIL_SMTP ",email:{status:\"PARSE_DONE\",from:\"A <a@b>\",to:[\"c@d\"]}");
	assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
	plab_feed_string(&lab, DIR_TO_CLIENT, "250 queued\r\n");
	plab_feed_string(&lab, DIR_TO_SERVER, "MAIL FROM:<x@y>\r\n");
	assert_int_equal(plab_count(&lab), 2);
	assert_string_equal(record(1), "smtp:{helo:\"me\",mail_from:\"<x@y>\"}");
}

static void names_and_paths_end_at_a_blank(void **state)
{
	talk("220 mx\r\n", "hELO   me   you\r\nmail from:   <a@b> SIZE=3\r\nrcpt to: <x@y> NOTIFY=1\r\nRCPT TO\r\n",
		NULL);
	assert_string_equal(record(0), "smtp:{helo:\"me\",mail_from:\"<a@b>\",rcpt_to:[\"<x@y>\",\"\"]}");
	assert_false(event("duplicate_fields"));
	plab_feed_string(&lab, DIR_TO_SERVER, "MAIL FROM:<other>\r\n");
	assert_true(event("duplicate_fields"));
	assert_string_equal(record(0), "smtp:{helo:\"me\",mail_from:\"<a@b>\",rcpt_to:[\"<x@y>\",\"\"]}");
}

static void rset_ends_a_transaction_when_it_is_granted(void **state)
{
	talk("220 mx\r\n", "EHLO me\r\n", "250 ok\r\n", "MAIL FROM:<a>\r\n", "250 ok\r\n", "RSET\r\n", "500 no\r\n",
		"RSET\r\n", "250-a\r\n", NULL);
	assert_int_equal(plab_tx(&lab, 0)->progress[DIR_TO_SERVER], 0);
	talk("250 b\r\n", "MAIL FROM:<b>\r\n", NULL);
	assert_string_equal(record(0), "smtp:{helo:\"me\",mail_from:\"<a>\"}");
	assert_string_equal(record(1), "smtp:{helo:\"me\",mail_from:\"<b>\"}");
}

static void rset_behind_a_mail_leaves_the_next_one_alone(void **state)
{
	mail(MAIL_FIELDS "\r\nx");
	talk("", "RSET\r\nMAIL FROM:<b>\r\nDATA\r\n", "250 queued\r\n250 ok\r\n250 ok\r\n354 go\r\n",
		"From: b\r\n\r\ny\r\n.\r\n", NULL);
	assert_int_equal(plab_count(&lab), 2);
	assert_string_equal(record(1), "smtp:{helo:\"me\",mail_from:\"<b>\"},email:{status:\"PARSE_DONE\",from:\"b\"}");
}

static void a_server_that_does_not_greet_is_noted(void **state)
{
	talk("", "EHLO a\r\n", NULL);
	assert_true(event("no_server_welcome_message"));
}

static void a_greeting_of_several_lines_is_one(void **state)
{
	talk("220-mx\r\n220-more\r\n220 ready\r\n", "EHLO a\r\n", NULL);
	assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
}

static void what_is_no_reply_ends_the_reading(void **state)
{
	static const char *const bad[] = {"25\r\n", "\r\n", "xyz ok\r\n", "454 no\r\n", "999 what\r\n"};

	for (uint32_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		talk("220 mx\r\n", "EHLO a\r\n", bad[i], NULL);
		assert_int_equal(lab.answer, PARSE_STOP);
		assert_true(event("invalid_reply"));
		plab_close(&lab);
		plab_open(&lab, &parser_smtp, OVER_TCP);
	}
	talk("220 mx\r\n", "EHLO a\r\n", "250\r\n", "MAIL FROM:<a>\r\n", "2500ok\r\n", NULL);
	assert_int_equal(lab.answer, PARSE_OK);
	assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
}

static void data_that_is_refused_is_noted_and_asked_for_once(void **state)
{
	talk("220 mx\r\n", "EHLO a\r\n", "250 ok\r\n", "DATA\r\n", "554 no\r\n", NULL);
	assert_true(event("data_command_rejected"));
	assert_false(event("unparsable_content"));
	talk("", "DATA\r\n", NULL);
	assert_true(event("unparsable_content"));
}

static void content_follows_at_once_where_the_server_pipelines(void **state)
{
	talk("220 mx\r\n", "EHLO a\r\n", "250-mx\r\n250-PIPELINING\r\n250 SIZE\r\n",
		"MAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\n" MAIL_FIELDS "\r\nx\r\n.\r\nQUIT\r\n", NULL);
	assert_int_equal(plab_count(&lab), 1);
	assert_true(event("invalid_pipelined_sequence")); // the dot did not wait for DATA's reply
	assert_string_equal(record(0), "smtp:{helo:\"a\",mail_from:\"<a>\",rcpt_to:[\"<b>\"]}"
				       ",email:{status:\"PARSE_DONE\",from:\"A <a@b>\",to:[\"c@d\"]}");
}

static void content_waits_where_pipelining_is_not_offered(void **state)
{
	talk("220 mx\r\n", "EHLO a\r\n", "250-mx\r\n250 PIPELINING\r\n", "DATA\r\n" MAIL_FIELDS "\r\nx\r\n.\r\n", NULL);
	assert_true(event("invalid_pipelined_sequence"));
	assert_string_equal(record(0), "smtp:{helo:\"a\"},email:{status:\"HEADER_READY\"}");
}

static void more_commands_than_are_kept_leave_mail_to_be_read(void **state)
{
	talk("220 mx\r\n", "EHLO a\r\n", "250 ok\r\n", NULL);
	for (uint32_t i = 0; i < 1000; i++)
		plab_feed_string(&lab, DIR_TO_SERVER, "NOOP\r\n");
	talk("", "DATA\r\n", "", MAIL_FIELDS "\r\nx\r\n.\r\n", NULL);
	assert_string_equal(record(0), "smtp:{helo:\"a\"},email:{status:\"PARSE_DONE\",from:\"A <a@b>\",to:[\"c@d\"]}");
}

static void chunks_are_passed_over(void **state)
{
	talk("220 mx\r\n", "EHLO a\r\n", "250 ok\r\n", "BDAT 6\r\nQUIT\r\n", "250 ok\r\n", "BDAT 6 LAST\r\nRSET\r\n",
		"250 ok\r\n", "MAIL FROM:<a>\r\n", NULL);
	assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
	assert_string_equal(record(0), "smtp:{helo:\"a\",mail_from:\"<a>\"}");
}

static void a_line_past_its_chunk_is_noted(void **state)
{
	talk("220 mx\r\n", "EHLO a\r\n", "250 ok\r\n", "BDAT 6 LAST\r\nabcdefgh\r\n", NULL);
	assert_int_equal(lab.answer, PARSE_STOP);
	assert_true(event("bdat_chunk_len_exceeded"));
}

static void a_chunk_without_a_size_ends_the_reading(void **state)
{
	static const char *const bad[] = {"BDAT\r\n", "BDAT  \r\n", "BDATx6\r\n"};

	for (uint32_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		talk("220 mx\r\n", bad[i], NULL);
		assert_int_equal(lab.answer, PARSE_STOP);
		plab_close(&lab);
		plab_open(&lab, &parser_smtp, OVER_TCP);
	}
}

static void starttls_leaves_the_rest_to_tls(void **state)
{
	talk("220 mx\r\n", "EHLO a\r\n", "250 ok\r\n", "STARTTLS\r\n", "220 go\r\n\x16\x03", NULL);
	assert_true(lab.s->flags & SESSION_SWITCH);
	assert_int_equal(lab.s->switch_to, APP_TLS);
	assert_int_equal(lab.side[DIR_TO_CLIENT].len, 2);
	assert_int_equal(plab_tx(&lab, 0)->progress[DIR_TO_CLIENT], parser_smtp.complete[DIR_TO_CLIENT]);
}

static void replies_behind_that_to_starttls_are_still_read(void **state)
{
	talk("220 mx\r\n", "EHLO a\r\n", "250 ok\r\n", "STARTTLS\r\n", "220 go\r\n250 more\r\n", NULL);
	assert_true(lab.s->flags & SESSION_SWITCH);
	assert_int_equal(lab.side[DIR_TO_CLIENT].len, 0);
	assert_false(event("invalid_reply"));
}

static void starttls_within_what_told_the_protocol_is_noted(void **state)
{
	talk("220 mx\r\n", "EHLO a\r\n", "250 ok\r\n", "STARTTLS\r\n", NULL);
	lab.s->flags |= SESSION_CHANGING;
	talk("220 go\r\n", NULL);
	assert_false(lab.s->flags & SESSION_SWITCH);
	assert_true(event("failed_protocol_change"));
}

static void starttls_that_is_refused_is_noted(void **state)
{
	talk("220 mx\r\n", "EHLO a\r\n", "250 ok\r\n", "STARTTLS\r\n", "502 no\r\n", NULL);
	assert_true(event("tls_rejected"));
	assert_false(lab.s->flags & SESSION_SWITCH);
}

static void of_a_line_that_is_too_long_the_front_is_read(void **state)
{
	char line[6000];

	memset(line, 'a', sizeof(line));
	memcpy(line, "EHLO ", 5);
	talk("220 mx\r\n", NULL);
	plab_feed(&lab, DIR_TO_SERVER, line, sizeof(line));
	plab_feed_string(&lab, DIR_TO_SERVER, "rest\r\nMAIL FROM:<a>\r\n");
	assert_true(event("truncated_line"));
	assert_int_equal(strlen(record(0)), strlen("smtp:{helo:\"\",mail_from:\"<a>\"}") + 4096 - 5);
}

static void lines_may_end_with_a_line_feed_alone(void **state)
{
	talk("220 mx\n", "EHLO a\n", "250 ok\n", "DATA\n", "354 go\n", "From: x\n\none\n.\n", NULL);
	assert_string_equal(record(0), "smtp:{helo:\"a\"},email:{status:\"PARSE_DONE\",from:\"x\"}");
}

static void lost_bytes_end_the_reading(void **state)
{
	talk("220 mx\r\n", "EHLO a\r\n", NULL);
	plab_gap(&lab, DIR_TO_SERVER, 10);
	plab_feed_string(&lab, DIR_TO_SERVER, "MAIL FROM:<a>\r\n");
	assert_int_equal(lab.answer, PARSE_STOP);
}

// A conversation with what is dearest to get right: two mails, the second pipelined, cut everywhere.
static void a_conversation_is_the_same_however_it_is_cut(void **state)
{
	static const struct plab_said said[] = {PLAB_SAID(1, "220-mx\r\n220 ready\r\n"), PLAB_SAID(0, "EHLO me\r\n"),
		PLAB_SAID(1, "250-mx\r\n250-PIPELINING\r\n250 ok\r\n"),
		PLAB_SAID(0, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"),
		PLAB_SAID(1, "250 ok\r\n250 ok\r\n354 go\r\n"),
		PLAB_SAID(0, MAIL_FIELDS
			"Content-Type: multipart/mixed;\r\n boundary=\"B B\"\r\n\r\npre http://a.b/c \r\n--B B\r\n"
			"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=x\r\n\r\n"
			"aGVs\r\nbG8=\r\n--B B\r\nContent-Transfer-Encoding: quoted-printable\r\n"
			"Content-Type: text/plain; name*0=\"p\"; name*1=q\r\n\r\na=3Db=\r\n..c=4x\r\n--B B--\r\n.\r\n"
			"MAIL FROM:<x>\r\nDATA\r\n"),
		PLAB_SAID(1, "250 ok\r\n250 ok\r\n354 go\r\n"), PLAB_SAID(0, "\r\nhttp://last/line\r\n.\r\nQUIT\r\n"),
		PLAB_SAID(1, "250 ok\r\n221 bye\r\n")};
	char *told = plab_every_split(&parser_smtp, said, sizeof(said) / sizeof(*said));

	assert_non_null(strstr(told, "0 file.data[0] \"hello\"\n"));
	assert_non_null(strstr(told, "0 file.data[1] \"a=b.c4x\\x0d\\x0a\"\n"));
	assert_non_null(strstr(told, "0 file.name[1] \"pq\"\n"));
	assert_non_null(strstr(told, "event mime_invalid_qp\n"));
	assert_non_null(strstr(told, "attachment:[\"x\",\"pq\"],url:[\"a.b/c\"]"));
	assert_non_null(strstr(told, "url:[\"last/line\"]"));
	free(told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_mail_is_a_transaction_with_who_sends_to_whom),
		TEST(names_and_paths_end_at_a_blank),
		TEST(rset_ends_a_transaction_when_it_is_granted),
		TEST(rset_behind_a_mail_leaves_the_next_one_alone),
		TEST(a_server_that_does_not_greet_is_noted),
		TEST(a_greeting_of_several_lines_is_one),
		TEST(what_is_no_reply_ends_the_reading),
		TEST(data_that_is_refused_is_noted_and_asked_for_once),
		TEST(content_follows_at_once_where_the_server_pipelines),
		TEST(content_waits_where_pipelining_is_not_offered),
		TEST(more_commands_than_are_kept_leave_mail_to_be_read),
		TEST(chunks_are_passed_over),
		TEST(a_line_past_its_chunk_is_noted),
		TEST(a_chunk_without_a_size_ends_the_reading),
		TEST(starttls_leaves_the_rest_to_tls),
		TEST(replies_behind_that_to_starttls_are_still_read),
		TEST(starttls_within_what_told_the_protocol_is_noted),
		TEST(starttls_that_is_refused_is_noted),
		TEST(of_a_line_that_is_too_long_the_front_is_read),
		TEST(lines_may_end_with_a_line_feed_alone),
		TEST(lost_bytes_end_the_reading),
		cmocka_unit_test(a_conversation_is_the_same_however_it_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
