// Password guessing by service: what servers say when they refuse, what they say when they do not, and what ordinary
// use of the same service looks like.
#include "tests/unit/heuristics_harness.h"

extern const struct detector detector_brute_force;

#define SEC 1000000ull
#define GUESSER "198.18.0.9"
#define SERVER "10.1.1.80"

struct service {
	const char *name;
	uint16_t port;
	bool udp;
	const void *refusal, *success; // success NULL: not told
	size_t refusal_len, success_len;
	uint32_t refusals; // that make it guessing
};

#define TEXT(s) s, sizeof(s) - 1
#define S(n, p, u, refuse, accept, least)                                                                           \
	{                                                                                                           \
		.name = n, .port = p, .udp = u, .refusal = refuse, .refusal_len = sizeof(refuse) - 1,               \
		.success = sizeof(accept) > 1 ? accept : NULL, .success_len = sizeof(accept) - 1, .refusals = least \
	}

static const struct service services[] = {
	S("ftp", 21, false, "530 Login incorrect.\r\n", "230 Logged in\r\n", 8),
	S("ftp", 21, false, "430 Invalid username or password\r\n", "", 8),
	S("smtp", 587, false, "535-5.7.8 Username and Password not accepted\r\n", "235 2.7.0 Accepted\r\n", 8),
	S("pop3", 110, false, "-ERR [AUTH] Authentication failed.\r\n", "+OK Logged in.\r\n", 8),
	S("imap", 143, false, "a1 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n",
		"a1 OK [CAPABILITY IMAP4rev1 IDLE] Logged in\r\n", 8),
	S("imap", 143, false, "3 NO Login failed\r\n", "", 8),
	S("telnet", 23, false, "\r\n% Login invalid\r\n", "\r\nrouter# ", 8),
	S("krb5", 88, false, "\0\0\0\x20\x7e\x1e\x30\x1c\xa0\3\2\1\5\xa1\3\2\1\x1e\xa6\3\2\1\x18", "", 8),
	S("ldap", 389, false, "\x30\x0c\2\1\1\x61\7\x0a\1\x31\4\0\4\0", "\x30\x0c\2\1\1\x61\7\x0a\1\0\4\0\4\0", 8),
	S("mysql", 3306, false, "\x10\0\0\2\xff\x15\4#28000Access", "\7\0\0\2\0\0\0\2\0\0\0", 8),
	S("pgsql", 5432, false, "E\0\0\0\x40SFATAL\0C28P01\0Mno\0\0", "R\0\0\0\x08\0\0\0\0Z\0\0\0\5I", 8),
	S("mssql", 1433, false, "\4\1\0\x40\0\0\1\0\xaa\x30\0\x18\x48\0\0\1\x0e", "\4\1\0\x40\0\0\1\0\xe3\x1b\0\1\6m",
		8),
	S("oracle", 1521, false, "\0\x40\0\0\6\0\0\0ORA-01017: invalid username/password", "", 8),
	S("mongodb", 27017, false, "\x80\0\0\0\1\0\0\0\1\0\0\0\xdd\7\0\0\0\0\0\0\0errmsg\0Authentication failed.\0", "",
		8),
	S("redis", 6379, false, "-WRONGPASS invalid username-password pair\r\n", "+OK\r\n", 8),
	S("vnc", 5901, false, "\0\0\0\1\0\0\0\4nope", "\0\0\0\0", 8),
	S("sip", 5060, true, "SIP/2.0 403 Forbidden\r\nCSeq: 1 REGISTER\r\n\r\n",
		"SIP/2.0 200 OK\r\nCSeq: 2 REGISTER\r\n\r\n", 8),
	S("sip", 5060, true, "SIP/2.0 401 Unauthorized\r\nCSeq: 1 REGISTER\r\n\r\n", "", 30),
	S("http", 80, false, "HTTP/1.1 401 Unauthorized\r\n\r\n", "", 30),
};

// What the server of the i-th try says, each on a connection of its own (datagrams: on one).
static void server_says(const struct service *s, uint32_t i, const void *bytes, size_t len)
{
	uint64_t us = i * 300000;
	uint16_t port = (uint16_t)(40000 + (s->udp ? 0 : i));
	if (s->udp) {
		harness_udp(&h, us, GUESSER, port, SERVER, s->port, "REGISTER sip:x SIP/2.0\r\n\r\n", 26);
		harness_udp(&h, us + 1000, SERVER, s->port, GUESSER, port, bytes, len);
		return;
	}
	harness_handshake(&h, us, GUESSER, port, SERVER, s->port);
	harness_tcp(&h, us + 1000, SERVER, s->port, GUESSER, port, BUILD_TCP_ACK | BUILD_TCP_PSH, bytes, len);
}

static void every_service_that_refuses_often_is_guessed_at(void **state)
{
	for (size_t k = 0; k < sizeof(services) / sizeof(services[0]); k++) {
		const struct service *s = &services[k];
		harness_start(&h, &detector_brute_force, 1);
		for (uint32_t i = 0; i < s->refusals; i++)
			server_says(s, i, s->refusal, s->refusal_len);
		harness_end(&h);
		if (harness_count(&h, "password guessing") != 1)
			fail_msg("%s (row %zu): %u findings", s->name, k, h.findings);
		harness_assert_attacker(&h, 0, GUESSER);
		harness_assert_victim(&h, 0, SERVER);
		char service[40];
		sprintf(service, "\"service\":\"%s\"", s->name);
		assert_non_null(strstr(h.text[0], service));
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void one_refusal_less_is_silent(void **state)
{
	for (size_t k = 0; k < sizeof(services) / sizeof(services[0]); k++) {
		const struct service *s = &services[k];
		harness_start(&h, &detector_brute_force, 1);
		for (uint32_t i = 0; i + 1 < s->refusals; i++)
			server_says(s, i, s->refusal, s->refusal_len);
		harness_end(&h);
		assert_int_equal(h.findings, 0);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void a_login_that_works_after_guessing_is_severe(void **state)
{
	for (size_t k = 0; k < sizeof(services) / sizeof(services[0]); k++) {
		const struct service *s = &services[k];
		if (!s->success)
			continue;
		harness_start(&h, &detector_brute_force, 1);
		for (uint32_t i = 0; i < s->refusals + 2; i++)
			server_says(s, i, s->refusal, s->refusal_len);
		server_says(s, s->refusals + 2, s->success, s->success_len);
		harness_end(&h);
		if (harness_count(&h, "a login succeeded after guessing") != 1 || h.found[1].finding.severity != 1)
			fail_msg("%s (row %zu): %u findings", s->name, k, h.findings);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void logins_that_work_are_silent(void **state)
{
	for (size_t k = 0; k < sizeof(services) / sizeof(services[0]); k++) {
		const struct service *s = &services[k];
		harness_start(&h, &detector_brute_force, 1);
		for (uint32_t i = 0; s->success && i < 60; i++)
			server_says(s, i, s->success, s->success_len);
		harness_end(&h);
		assert_int_equal(h.findings, 0);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void telephones_behind_one_address_register_in_silence(void **state)
{
	const struct service sip = S("sip", 5060, true, "SIP/2.0 401 Unauthorized\r\nCSeq: 1 REGISTER\r\n\r\n",
		"SIP/2.0 200 OK\r\nCSeq: 2 REGISTER\r\n\r\n", 30);
	harness_start(&h, &detector_brute_force, 1);
	for (uint32_t i = 0; i < 160; i++)
		server_says(&sip, i, i % 2 ? sip.success : sip.refusal, i % 2 ? sip.success_len : sip.refusal_len);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void client_says(uint64_t us, uint16_t sport, uint16_t port, const void *bytes, size_t len)
{
	harness_handshake(&h, us, GUESSER, sport, SERVER, port);
	harness_tcp(&h, us + 1000, GUESSER, sport, SERVER, port, BUILD_TCP_ACK | BUILD_TCP_PSH, bytes, len);
}

static void passwords_in_web_forms_are_guessing_from_thirty_on(void **state)
{
	// in one segment, or the body in one of its own
	static const char whole[] =
		"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\nuser=admin&password=abcdef",
			  body[] = "log=admin&pwd=abcdef&wp-submit=Log+In";
	for (uint32_t n = 29; n <= 30; n++) {
		harness_start(&h, &detector_brute_force, 1);
		for (uint32_t i = 0; i < n; i++) {
			const char *form = i % 2 ? whole : body;
			client_says(i * SEC, (uint16_t)(40000 + i), 80, form, strlen(form));
		}
		harness_end(&h);
		assert_int_equal(harness_count(&h, "password guessing"), n == 30);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void remote_desktops_are_tried_with_and_without_a_name(void **state)
{
	static const char plain[] = "\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0";
	harness_start(&h, &detector_brute_force, 1);
	for (uint32_t i = 0; i < 6; i++)
		client_says(i * SEC, (uint16_t)(40000 + i), 3389, TEXT(plain));
	harness_end(&h);
	assert_int_equal(harness_count(&h, "password guessing by short sessions"), 1);
	harness_assert_victim(&h, 0, SERVER);
}

// Negotiations with `distinct` different numbers among n messages.
static void negotiate(uint16_t port, uint32_t n, uint32_t distinct)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t ike[48] = {[16] = 0x21, [17] = 0x20, [18] = 34}, vpn[32] = {7 << 3},
			call[168] = {0, 168, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 7};
		uint8_t number = (uint8_t)(1 + i % distinct);
		if (port == 500) {
			ike[0] = 0x77, ike[7] = number;
			harness_udp(&h, i * SEC, GUESSER, 500, SERVER, 500, ike, sizeof(ike));
		} else if (port == 1194) {
			vpn[8] = number;
			harness_udp(&h, i * SEC, GUESSER, 40000, SERVER, 1194, vpn, sizeof(vpn));
		} else {
			call[13] = number;
			harness_tcp(&h, i * SEC, GUESSER, 40000, SERVER, port, BUILD_TCP_ACK | BUILD_TCP_PSH, call,
				sizeof(call));
		}
	}
	harness_end(&h);
}

static void vpn_sessions_one_after_the_other_are_reported(void **state)
{
	static const uint16_t ports[] = {500, 1194, 1723};
	for (size_t i = 0; i < 3; i++) {
		harness_start(&h, &detector_brute_force, 1);
		if (ports[i] == 1723)
			harness_handshake(&h, 0, GUESSER, 40000, SERVER, 1723);
		negotiate(ports[i], 40, 40);
		if (harness_count(&h, "VPN sessions begun one after the other") != 1)
			fail_msg("port %u: %u findings", ports[i], h.findings);
		harness_assert_attacker(&h, 0, GUESSER);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void a_vpn_client_that_repeats_itself_is_silent(void **state)
{
	harness_start(&h, &detector_brute_force, 1);
	negotiate(500, 40, 5);
	assert_int_equal(h.findings, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heuristic_test(every_service_that_refuses_often_is_guessed_at),
		heuristic_test(one_refusal_less_is_silent),
		heuristic_test(a_login_that_works_after_guessing_is_severe),
		heuristic_test(logins_that_work_are_silent),
		heuristic_test(telephones_behind_one_address_register_in_silence),
		heuristic_test(passwords_in_web_forms_are_guessing_from_thirty_on),
		heuristic_test(remote_desktops_are_tried_with_and_without_a_name),
		heuristic_test(vpn_sessions_one_after_the_other_are_reported),
		heuristic_test(a_vpn_client_that_repeats_itself_is_silent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
