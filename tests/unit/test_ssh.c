// The SSH parser: lines, packets, HASSH, what rules read and EVE tells. Expected values are those of Suricata 7.0.10 on
// the same bytes.
#include "tests/unit/parser_lab.h"

extern const struct parser parser_ssh;

static struct parser_lab lab;

static int open_lab(void **state)
{
	plab_open(&lab, &parser_ssh, OVER_TCP);
	return 0;
}

static int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

static void say(uint8_t dir, const char *line)
{
	plab_feed_string(&lab, dir, line);
}

static const char *text(const char *name, uint8_t dir)
{
	return plab_text(&lab, plab_tx(&lab, 0), name, dir, 0);
}

static bool event(const char *name)
{
	return plab_has_event(&lab, plab_tx(&lab, 0), name);
}

static const char *const lists[10] = {"curve25519-sha256,ecdh", "ssh-rsa,ssh-ed25519", "aes128-ctr,aes256-ctr",
	"aes128-gcm,3des", "hmac-sha2-256,hmac-md5", "hmac-sha1", "none,zlib", "none", "", ""};

static uint32_t put32(uint8_t *to, uint32_t v)
{
	for (uint32_t i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> (24 - 8 * i));
	return 4;
}

// A KEXINIT packet with those lists; returns its length.
static uint32_t kexinit(uint8_t *to)
{
	uint32_t at = 6;
	memset(to + at, 0x11, 16);
	at += 16;
	for (uint32_t i = 0; i < 10; i++) {
		uint32_t len = (uint32_t)strlen(lists[i]);
		at += put32(to + at, len);
		memcpy(to + at, lists[i], len);
		at += len;
	}
	memset(to + at, 0, 5 + 4); // no guess follows, reserved, padding
	at += 9;
	put32(to, at - 4);
	to[4] = 4;
	to[5] = 20;
	return at;
}

static void both_sides_name_version_and_software(void **state)
{
	say(1, "SSH-2.0-OpenSSH_8.4p1 Debian-5\r\n");
	assert_string_equal(text("ssh.proto", 1), "2.0");
	assert_string_equal(text("ssh.software", 1), "OpenSSH_8.4p1");
	assert_null(text("ssh.software", 0));
	say(0, "SSH-2.0-PuTTY_Release_0.70\r\n");
	assert_int_equal(plab_count(&lab), 1);
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"ssh:{client:{proto_version:\"2.0\",software_version:\"PuTTY_Release_0.70\"},"
		"server:{proto_version:\"2.0\",software_version:\"OpenSSH_8.4p1\"}}");
}

static void lines_are_read_as_they_come(void **state)
{
	static const struct {
		const char *line, *proto, *software;
	} rows[] = {{"SSH-2.0-libssh\n", "2.0", "libssh"}, {"SSH-1.99-OpenSSH\r\n", "1.99", "OpenSSH"},
		{"SSH-2.0-a-b_c d e\r\n", "2.0", "a-b_c"}, {"SSH-2.0- abc\r\n", "2.0", " abc"},
		{"SSH-2.0-abc \r\n", "2.0", "abc"}, {"SSH-2.0-abc\rxyz\n", "2.0", "abc"},
		{"SSH-2.0-\r\n", "2.0", NULL}};
	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		open_lab(NULL);
		say(0, rows[i].line);
		assert_string_equal(text("ssh.proto", 0), rows[i].proto);
		if (rows[i].software)
			assert_string_equal(text("ssh.software", 0), rows[i].software);
		else
			assert_null(text("ssh.software", 0));
		assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
		close_lab(NULL);
	}
}

static void a_line_that_names_nothing_ends_the_reading(void **state)
{
	static const char *const bad[] = {"SSH-2.0\r\n", "SSH-2.0_abc\r\n", "hello\r\nSSH-2.0-a\r\n", "\n"};
	for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		open_lab(NULL);
		say(0, bad[i]);
		assert_int_equal(lab.answer, PARSE_STOP);
		assert_true(event("invalid_banner"));
		assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)), "");
		close_lab(NULL);
	}
}

static void a_line_of_more_than_255_bytes_is_an_event(void **state)
{
	char line[400];
	snprintf(line, sizeof(line), "SSH-2.0-%0*d\r\n", 247, 0);
	say(0, line);
	assert_int_equal(strlen(text("ssh.software", 0)), 247);
	assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
	snprintf(line, sizeof(line), "SSH-2.0-%0*d\r\n", 300, 0);
	say(1, line);
	assert_true(event("long_banner"));
	assert_int_equal(strlen(text("ssh.software", 1)), 248);
	uint8_t bytes[512];
	plab_feed(&lab, 1, bytes, kexinit(bytes));
	assert_non_null(text("ssh.hassh.server", 1));
}

static void hassh_is_made_of_each_side_s_lists(void **state)
{
	uint8_t bytes[512];
	uint32_t len = kexinit(bytes);
	say(1, "SSH-2.0-s\r\n");
	say(0, "SSH-2.0-c\r\n");
	assert_null(text("ssh.hassh", 0));
	plab_feed(&lab, 0, bytes, len);
	plab_feed(&lab, 1, bytes, len);
	assert_string_equal(text("ssh.hassh", 0), "b208a6025aee0ca1bb8cbed23165ce26");
	assert_string_equal(text("ssh.hassh.string", 0),
		"curve25519-sha256,ecdh;aes128-ctr,aes256-ctr;hmac-sha2-256,hmac-md5;none,zlib");
	assert_string_equal(text("ssh.hassh.server", 1), "0643b823fb10ecabd14075cea52c9b27");
	assert_string_equal(
		text("ssh.hassh.server.string", 1), "curve25519-sha256,ecdh;aes128-gcm,3des;hmac-sha1;none");
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 0)),
		"software_version:\"c\",hassh:{hash:\"b208a6025aee0ca1bb8cbed23165ce26\",string:"));
}

#define NEWKEYS                    \
	"\x00\x00\x00\x0c\x0a\x15" \
	"0123456789"

static void after_newkeys_nothing_is_read(void **state)
{
	say(0, "SSH-2.0-c\r\n");
	say(1, "SSH-2.0-s\r\n");
	plab_feed(&lab, 0, NEWKEYS "ciphered", sizeof(NEWKEYS "ciphered") - 1);
	assert_int_equal(lab.answer, PARSE_DONE);
	assert_false(app_tx_over(&parser_ssh, plab_tx(&lab, 0)));
	plab_feed(&lab, 1, NEWKEYS, sizeof(NEWKEYS) - 1);
	assert_true(app_tx_over(&parser_ssh, plab_tx(&lab, 0)));
}

static void version_1_is_told_of_and_not_read(void **state)
{
	say(0, "SSH-1.5-old\r\n");
	assert_int_equal(lab.answer, PARSE_DONE);
	assert_string_equal(text("ssh.proto", 0), "1.5");
}

static void packets_out_of_shape_end_the_reading(void **state)
{
	uint8_t bytes[512];
	uint32_t len = kexinit(bytes);
	say(0, "SSH-2.0-c\r\n");
	plab_feed(&lab, 0, "\x00\x00\x00\x01\x00\x14", 6);
	assert_int_equal(lab.answer, PARSE_STOP);
	assert_true(event("invalid_record"));
	close_lab(NULL), open_lab(NULL);
	say(0, "SSH-2.0-c\r\n");
	bytes[6 + 16 + 2] = 0xff; // the first list would be longer than the packet
	plab_feed(&lab, 0, bytes, len);
	assert_null(text("ssh.hassh", 0));
	assert_int_equal(lab.answer, PARSE_OK);
	plab_gap(&lab, 0, 10);
	plab_feed(&lab, 0, bytes, len);
	assert_int_equal(lab.answer, PARSE_STOP);
}

static void a_connection_is_the_same_however_it_is_cut(void **state)
{
	uint8_t client[700], server[700];
	uint32_t c = 0, s = 0;
	memcpy(client, "SSH-2.0-c x\r\n", 13);
	c = 13 + kexinit(client + 13);
	memcpy(client + c, NEWKEYS, sizeof(NEWKEYS) - 1);
	c += (uint32_t)sizeof(NEWKEYS) - 1;
	memcpy(server, "SSH-2.0-s\n", 10);
	memcpy(server + 10,
		"\x00\x00\x00\x06\x01\x02"
		"abcd",
		10); // of a kind that does not matter
	s = 20 + kexinit(server + 20);
	const struct plab_said said[] = {{1, server, s}, {0, client, c}};
	char *told = plab_every_split(&parser_ssh, said, 2);
	assert_non_null(strstr(told, "ssh.hassh[0] \"b208a6025aee0ca1bb8cbed23165ce26\""));
	assert_non_null(strstr(told, "ssh.hassh.server[0] \"0643b823fb10ecabd14075cea52c9b27\""));
	free(told);
}

#define LAB(name) cmocka_unit_test_setup_teardown(name, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(both_sides_name_version_and_software),
		cmocka_unit_test(lines_are_read_as_they_come),
		cmocka_unit_test(a_line_that_names_nothing_ends_the_reading),
		LAB(a_line_of_more_than_255_bytes_is_an_event),
		LAB(hassh_is_made_of_each_side_s_lists),
		LAB(after_newkeys_nothing_is_read),
		LAB(version_1_is_told_of_and_not_read),
		LAB(packets_out_of_shape_end_the_reading),
		cmocka_unit_test(a_connection_is_the_same_however_it_is_cut),
	};
	return cmocka_run_group_tests_name("ssh", tests, NULL, NULL);
}
