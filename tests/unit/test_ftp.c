// FTP: commands and replies of a control connection, the connections of data they announce. Expected values are those
// of Suricata 7.0.10 on the same bytes.
#include "tests/unit/parser_lab.h"

extern const struct parser parser_ftp, parser_ftp_data;

static struct parser_lab lab;

static int open_lab(void **state)
{
	plab_open(&lab, &parser_ftp, OVER_TCP);
	return 0;
}

static int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

static void reopen(void)
{
	plab_close(&lab);
	plab_open(&lab, &parser_ftp, OVER_TCP);
}

static void client(const char *line)
{
	plab_feed_string(&lab, DIR_TO_SERVER, line);
}

static void server(const char *line)
{
	plab_feed_string(&lab, DIR_TO_CLIENT, line);
}

static const char *record(uint32_t tx)
{
	return plab_log(&lab, plab_tx(&lab, tx));
}

#define RECEIVED ",reply_received:\"yes\",reply_truncated:false}"

static void a_command_and_its_reply_are_a_transaction(void **state)
{
	server("220 hi there\r\n");
	client("user  you \r\n");
	server("331 pw\r\n");
	client("PWD\r\n");
	assert_string_equal(record(0), "ftp:{completion_code:[\"220\"],reply:[\"hi there\"]" RECEIVED);
	assert_string_equal(record(1), "ftp:{command:\"USER\",command_data:\" you\",command_truncated:false,"
				       "completion_code:[\"331\"],reply:[\"pw\"]" RECEIVED);
	assert_string_equal(record(2), "ftp:{command:\"PWD\",reply_received:\"no\",reply_truncated:false}");
}

static void replies_go_to_commands_in_their_order(void **state)
{
	client("USER u\r\nPASS p\r\nXCWD d\r\n");
	server("331 pw\r\n230-one\r\n two\r\n2300\r\n230 three\r\n25");
	server("0 ok\r\n421 bye\r\n");
	assert_non_null(strstr(record(0), "completion_code:[\"331\"],reply:[\"pw\"]"));
	assert_non_null(
		strstr(record(1), "completion_code:[\"230\",\"230\",\"230\"],reply:[\"one\",\" two\",\"three\"]"));
	assert_string_equal(record(2), "ftp:{command:\"CWD\",command_data:\" d\",command_truncated:false,"
				       "completion_code:[\"250\"],reply:[\"ok\"]" RECEIVED);
	assert_string_equal(record(3), "ftp:{completion_code:[\"421\"],reply:[\"bye\"]" RECEIVED);
}

static void several_lines_end_where_another_reply_begins(void **state)
{
	client("FEAT\r\nNOOP\r\nNOOP\r\n");
	server("211-a\r\n 212 b\r\n200 never closed\r\n200 ok\r\n");
	assert_string_equal(record(0), "ftp:{completion_code:[\"211\",\"200\"],"
				       "reply:[\"a\",\" 212 b\",\"never closed\"]" RECEIVED);
	assert_non_null(strstr(record(1), "reply:[\"ok\"]"));
}

static void preliminary_replies_have_another_behind_them(void **state)
{
	client("LIST\r\nNOOP\r\n");
	server("150 a\r\n226 b\r\n");
	assert_non_null(strstr(record(0), "completion_code:[\"150\",\"226\"],reply:[\"a\",\"b\"]"));
	assert_non_null(strstr(record(1), "reply_received:\"no\""));
}

static void what_is_no_reply_is_shown_as_it_is(void **state)
{
	client("USER a\r\nUSER b\r\nUSER c\r\n");
	server("33\r\n\r\n257\r\n");
	assert_non_null(strstr(record(0), "command_truncated:false,reply:[\"33\"]" RECEIVED));
	assert_non_null(strstr(record(1), "command_truncated:false" RECEIVED));
	assert_non_null(strstr(record(2), "command_truncated:false,completion_code:[\"257\"]" RECEIVED));
}

static void ports_of_commands_are_read(void **state)
{
	static const struct {
		const char *command;
		int port; // 0: none
	} rows[] = {{"PORT 10,0,0,1,200,10", 51210}, {"port  010,0,0,1,1,1 ", 257}, {"PORT 1,2,3,4,5,6,7", 1286},
		{"PORT 10,9,9", 0}, {"PORT", 0}, {"PORT a,b,c,d,e,f", 0}, {"PORT 300,1,1,1,1,1", 0},
		{"PORT 1,1,1,1,999,1", 0}, {"PORT 10, 0,0,1,1,1", 0}, {"PORT (10,0,0,1,1,1)", 0},
		{"EPRT |1|10.0.0.1|51210|", 51210}, {"EPRT |2|::1|77|", 77}, {"EPRT |1|1.2.3.4|5", 0},
		{"EPRT !1!1.2.3.4!77!", 0}, {"EPRT |1|1.2.3.4|99999|", 0}, {"EPRT 1", 0}};
	char text[100];

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		client(rows[i].command);
		client("\r\n");
		server("200 ok\r\n");
		snprintf(text, sizeof(text), ",dynamic_port:%d,mode:\"active\"", rows[i].port);
		assert_non_null(strstr(record(0), rows[i].port ? text : ",mode:\"passive\""));
		assert_int_equal(strstr(record(0), "dynamic_port") != NULL, rows[i].port != 0);
		reopen();
	}
}

static void ports_of_replies_are_read(void **state)
{
	static const struct {
		const char *command, *reply;
		int port;
	} rows[] = {{"PASV", "227 Entering Passive Mode (10,0,0,2,200,10).", 51210}, {"PASV", "227 10,0,0,2,200,10", 0},
		{"PASV", "227 (1,2,3,4,5)", 0}, {"PASV", "227 (10,0,0,2,200,300)", 0},
		{"NOOP", "227 (10,0,0,2,200,10)", 0}, {"PASV", "229 (|||51210|)", 0},
		{"EPSV", "229 Extended (|||51210|)", 51210}, {"EPSV", "229 (|||0|)", 0}, {"EPSV", "229 x |||5|", 0},
		{"EPSV", "229 (|1|a|5|)", 0}, {"EPSV", "229 (!!!99!)", 0}};
	char text[100];

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		client(rows[i].command);
		client("\r\n");
		server(rows[i].reply);
		server("\r\n");
		snprintf(text, sizeof(text), ",dynamic_port:%d,reply_received", rows[i].port);
		assert_non_null(strstr(record(0), rows[i].port ? text : "],reply_received"));
		reopen();
	}
}

static void a_port_of_another_host_is_a_bounce(void **state)
{
	static const struct {
		const char *command;
		bool bounce;
	} rows[] = {{"PORT 10,0,0,1,1,1", false}, {"PORT 10,0,0,2,1,1", true}, {"port 8,8,8,8,1", true},
		{"PORT 10,9,9", false}, {"PORT 10,9,9,9", false}, {"PORT 10,9,9,9,", true},
		{"EPRT |1|9.9.9.9|77|", false}, {"LIST 8,8,8,8,1,1", false}};
	uint64_t v;

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		client(rows[i].command);
		client("\r\n");
		assert_int_equal(plab_field(&lab, plab_tx(&lab, 0), "ftpbounce", DIR_TO_SERVER, 0, &v), rows[i].bounce);
		reopen();
	}
}

static void lines_that_are_too_long_are_cut_and_noted(void **state)
{
	static char line[6000];

	memset(line, 'a', sizeof(line));
	memcpy(line, "USER ", 5);
	plab_feed(&lab, DIR_TO_SERVER, line, sizeof(line));
	client("rest\r\nPASS\r\n");
	memcpy(line, "331 a", 5);
	plab_feed(&lab, DIR_TO_CLIENT, line, sizeof(line));
	server("rest\r\n230 ok\r\n");
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "request_command_too_long"));
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "response_command_too_long"));
	assert_non_null(strstr(record(0), "command_truncated:true,completion_code:[\"331\"],reply:[\"aaa"));
	assert_non_null(strstr(record(0), "reply_truncated:true"));
	assert_int_equal(plab_tx(&lab, 1)->event_count, 0);
	assert_non_null(strstr(record(1), "reply:[\"ok\"]"));
}

static void auth_tls_leaves_the_rest_to_tls(void **state)
{
	client("AUTH TLS\r\n");
	server("500 no\r\n");
	assert_false(lab.s->flags & SESSION_SWITCH);
	client("auth tls\r\n");
	server("234 go\r\n\x16\x03");
	assert_true(lab.s->flags & SESSION_SWITCH);
	assert_int_equal(lab.s->switch_to, APP_TLS);
	assert_int_equal(lab.side[DIR_TO_CLIENT].len, 2);
}

static void lost_bytes_end_the_reading(void **state)
{
	client("USER a\r\n");
	plab_gap(&lab, DIR_TO_SERVER, 5);
	client("PASS\r\n");
	assert_int_equal(lab.answer, PARSE_STOP);
}

static void a_conversation_is_the_same_however_it_is_cut(void **state)
{
	static const struct plab_said said[] = {PLAB_SAID(1, "220-hi\r\n220 there\r\n"),
		PLAB_SAID(0, "USER u\r\nPASS p\r\n"), PLAB_SAID(1, "331 pw\r\n230 ok\r\n"),
		PLAB_SAID(0, "PORT 9,0,0,1,200,10\r\n"), PLAB_SAID(1, "200 ok\r\n"),
		PLAB_SAID(0, "RETR a b\r\nQUIT\r\n"), PLAB_SAID(1, "150 a\r\n226 b\n221 bye\r\n")};
	char *told = plab_every_split(&parser_ftp, said, sizeof(said) / sizeof(*said));

	assert_non_null(strstr(told, "0 ftpbounce[0] 1\n"));
	assert_non_null(strstr(told, "tx 5 "));
	free(told);
}

// The expectation that a transfer leaves; NULL: none.
static const struct app_expected *expected(void)
{
	const struct app_expected *e = &lab.run->expected[0];

	return e->until_ns ? e : NULL;
}

static void transfers_announce_their_connections(void **state)
{
	client("RETR early\r\nPASV\r\n");
	server("550 no\r\n227 (10,0,0,2,200,10)\r\n");
	assert_null(expected());
	client("LIST\r\n");
	assert_null(expected());
	client("RETR a b.txt\r\n");
	assert_non_null(expected());
	assert_int_equal(expected()->port, 51210);
	assert_int_equal(expected()->proto, APP_FTP_DATA);
	client("RETR again\r\n"); // of a port there is one transfer
	assert_int_equal(lab.run->expect_at, 1);
}

// A data connection that a control connection with these commands has announced, with this much of a file.
static void transfer(const char *ask, const char *reply, const char *command, uint8_t dir, const char *file)
{
	static struct app_expected note;

	client(ask);
	server(reply);
	client(command);
	assert_non_null(expected());
	note = *expected();
	plab_close(&lab);
	plab_open(&lab, &parser_ftp_data, OVER_TCP);
	assert_true(app_text_add(lab.run, &lab.s->note, note.note, note.note_len, APP_NOTE_MAX));
	plab_feed_string(&lab, dir, file);
}

static void files_go_where_command_and_mode_say(void **state)
{
	static const struct {
		const char *ask, *reply, *command;
		uint8_t dir, number;
		const char *record;
	} rows[] = {
		{"PASV\r\n", "227 (1,2,3,4,5,6)\r\n", "RETR x\r\n", 1, 1, "ftp_data:{filename:\"x\",command:\"RETR\"}"},
		{"EPSV\r\n", "229 (|||9|)\r\n", "stor d/x \r\n", 0, 2, "ftp_data:{filename:\"d/x\",command:\"STOR\"}"},
		{"PORT 1,2,3,4,5,6\r\n", "200\r\n", "RETR x\r\n", 0, 1, "ftp_data:{filename:\"x\",command:\"RETR\"}"},
		{"EPRT |1|a|9|\r\n", "200\r\n", "STOR x\r\n", 1, 2, "ftp_data:{filename:\"x\",command:\"STOR\"}"}};
	uint64_t v;

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		transfer(rows[i].ask, rows[i].reply, rows[i].command, rows[i].dir, "a needle");
		plab_feed_string(&lab, !rows[i].dir, "the other way");
		plab_feed_string(&lab, rows[i].dir, "!");
		const struct app_tx *tx = plab_tx(&lab, 0);
		assert_string_equal(plab_text(&lab, tx, "file.data", rows[i].dir, 0), "a needle!");
		assert_null(plab_text(&lab, tx, "file.data", !rows[i].dir, 0));
		assert_non_null(plab_text(&lab, tx, "file.name", rows[i].dir, 0));
		assert_true(plab_field(&lab, tx, "ftpdata_command", rows[i].dir, 0, &v));
		assert_int_equal(v, rows[i].number);
		assert_string_equal(record(0), rows[i].record);
		assert_true(tx->progress[rows[i].dir] < parser_ftp_data.complete[rows[i].dir]);
		plab_end(&lab, rows[i].dir);
		assert_int_equal(tx->progress[rows[i].dir], parser_ftp_data.complete[rows[i].dir]);
		reopen();
	}
}

static void of_a_large_file_the_front_is_kept(void **state)
{
	static char block[100000];

	memset(block, 'x', sizeof(block));
	transfer("PASV\r\n", "227 (1,2,3,4,5,6)\r\n", "RETR x\r\n", 1, "y");
	for (uint32_t i = 0; i < 12; i++)
		plab_feed(&lab, DIR_TO_CLIENT, block, sizeof(block));
	assert_int_equal(strlen(plab_text(&lab, plab_tx(&lab, 0), "file.data", 1, 5)), APP_ALLOC_MAX);
	assert_null(plab_text(&lab, plab_tx(&lab, 0), "file.data", 1, 6));
	assert_int_equal(lab.answer, PARSE_OK);
}

static void a_connection_that_nobody_announced_is_not_read(void **state)
{
	plab_close(&lab);
	plab_open(&lab, &parser_ftp_data, OVER_TCP);
	plab_feed_string(&lab, DIR_TO_CLIENT, "data");
	assert_int_equal(lab.answer, PARSE_STOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_command_and_its_reply_are_a_transaction),
		TEST(replies_go_to_commands_in_their_order),
		TEST(several_lines_end_where_another_reply_begins),
		TEST(preliminary_replies_have_another_behind_them),
		TEST(what_is_no_reply_is_shown_as_it_is),
		TEST(ports_of_commands_are_read),
		TEST(ports_of_replies_are_read),
		TEST(a_port_of_another_host_is_a_bounce),
		TEST(lines_that_are_too_long_are_cut_and_noted),
		TEST(auth_tls_leaves_the_rest_to_tls),
		TEST(lost_bytes_end_the_reading),
		cmocka_unit_test(a_conversation_is_the_same_however_it_is_cut),
		TEST(transfers_announce_their_connections),
		TEST(files_go_where_command_and_mode_say),
		TEST(of_a_large_file_the_front_is_kept),
		TEST(a_connection_that_nobody_announced_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
