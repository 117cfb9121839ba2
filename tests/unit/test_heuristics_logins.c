// Password guessing by service: what servers say when they refuse, what they say when they do not, and what ordinary
// use of the same service looks like.
#include "detectors/heuristics/login_places.h"
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
	S("krb5", 88, false, "\0\0\0\x20\x7e\x1e\x30\x1c\xa0\3\2\1\5\xa1\3\2\1\x1e\xa6\3\2\1\x18",
		"\0\0\2\x20\x6b\x82\2\x1c\x30\x82\2\x18\xa0\3\2\1\5", 8),
	S("ldap", 389, false, "\x30\x0c\2\1\1\x61\7\x0a\1\x31\4\0\4\0", "\x30\x0c\2\1\1\x61\7\x0a\1\0\4\0\4\0", 8),
	S("mysql", 3306, false, "\x10\0\0\2\xff\x15\4#28000Access", "\7\0\0\2\0\0\0\2\0\0\0", 8),
	S("pgsql", 5432, false, "E\0\0\0\x40SFATAL\0C28P01\0Mno\0\0", "R\0\0\0\x08\0\0\0\0Z\0\0\0\5I", 8),
	S("mssql", 1433, false, "\4\1\0\x40\0\0\1\0\xaa\x30\0\x18\x48\0\0\1\x0e", "\4\1\0\x40\0\0\1\0\xe3\x1b\0\1\6m",
		8),
	S("oracle", 1521, false, "\0\x40\0\0\6\0\0\0ORA-01017: invalid username/password",
		"\4\x10\0\0\6\0\0\0\x08\x1e\0\x13\x13"
		"AUTH_VERSION_STRING",
		8),
	S("mongodb", 27017, false, "\x80\0\0\0\1\0\0\0\1\0\0\0\xdd\7\0\0\0\0\0\0\0errmsg\0Authentication failed.\0",
		"\x80\0\0\0\1\0\0\0\1\0\0\0\xdd\7\0\0\0\0\0\0\0\x08"
		"done\0\1\x05payload\0",
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

// Wherever a field's name stands in the request; one that only looks like it says nothing.
static void every_name_of_a_password_field_is_known_at_any_place(void **state)
{
	static const char *const names[] = {"password=", "passwd=", "pwd=", "pass=", "passwort=", "\"password\""},
				 *const others[] = {"bypas=", "passwo=", "word=", "ports=", "assword=", "\"passworx\""};
	for (uint32_t real = 0; real < 2; real++) {
		harness_start(&h, &detector_brute_force, 1);
		for (uint32_t i = 0; i < 36 * 6; i++) {
			char text[128];
			const char *name = real ? names[i % 6] : others[i % 6];
			int len = snprintf(text, sizeof(text), "POST /x HTTP/1.1\r\n\r\n%.*s%s", (int)(i / 6),
				"d=s=t=d\"d=s=t=d\"d=s=t=d\"d=s=t=d\"d=s=t=d\"", name);
			client_says(i * SEC / 2, (uint16_t)(20000 + i), 80, text, (size_t)len);
		}
		harness_end(&h);
		assert_int_equal(h.findings != 0, real);
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

// What one connection says: the client `ask`, its server `answer`, 100 ms later.
static void exchange(
	uint64_t us, const char *client, uint16_t sport, uint16_t port, const char *ask, const char *answer)
{
	harness_handshake(&h, us, client, sport, SERVER, port);
	harness_tcp(&h, us + 1000, client, sport, SERVER, port, BUILD_TCP_ACK | BUILD_TCP_PSH, ask, strlen(ask));
	harness_tcp(
		&h, us + 100000, SERVER, port, client, sport, BUILD_TCP_ACK | BUILD_TCP_PSH, answer, strlen(answer));
}

#define SUCCESS "a login succeeded after guessing"
static const char basic[] = "GET /admin HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTpi\r\n\r\n",
		  plain_get[] = "GET /logo.png HTTP/1.1\r\nHost: x\r\n\r\n",
		  post[] = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 24\r\n\r\nuser=admin&password=abcd",
		  no_401[] = "HTTP/1.1 401 Unauthorized\r\n\r\n", ok_200[] = "HTTP/1.1 200 OK\r\n\r\n";

static void a_page_behind_a_password_that_opens_after_guessing_is_a_success(void **state)
{
	for (uint32_t right = 0; right < 2; right++) {
		harness_start(&h, &detector_brute_force, 1);
		for (uint32_t i = 0; i < 35; i++)
			exchange(i * SEC, GUESSER, (uint16_t)(4000 + i), 80, basic, no_401);
		exchange(36 * SEC, GUESSER, 5000, 80, plain_get, ok_200); // what needs no password
		if (right)
			exchange(37 * SEC, GUESSER, 5001, 80, basic, ok_200);
		harness_end(&h);
		assert_int_equal(harness_count(&h, "password guessing"), 1);
		assert_int_equal(harness_count(&h, SUCCESS), right);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void browsing_where_each_connection_logs_in_anew_is_silent(void **state)
{
	static const char *const ntlm[] = {"GET /a HTTP/1.1\r\nHost: x\r\nAuthorization: NTLM TlRMTVNTUAABAAAA\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: x\r\nAuthorization: NTLM TlRMTVNTUAADAAAA\r\n\r\n"};
	harness_start(&h, &detector_brute_force, 1);
	for (uint32_t i = 0; i < 60; i++) { // NTLM: two challenges a connection
		uint16_t port = (uint16_t)(4000 + i);
		exchange(i * SEC / 2, "10.0.0.5", port, 80, plain_get, no_401);
		for (uint32_t k = 0; k < 2; k++) {
			harness_tcp(&h, i * SEC / 2 + 110000 + k * 100, "10.0.0.5", port, SERVER, 80, BUILD_TCP_ACK,
				ntlm[k], strlen(ntlm[k]));
			harness_tcp(&h, i * SEC / 2 + 110050 + k * 100, SERVER, 80, "10.0.0.5", port, BUILD_TCP_ACK,
				k ? ok_200 : no_401, strlen(k ? ok_200 : no_401));
		}
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void passwords_refused_by_a_web_server_are_guessing_from_eight_on(void **state)
{
	static const char *const asks[] = {basic,
		"HEAD / HTTP/1.1\r\nAuthorization: Digest username=\"a\", response=\"0\"\r\n\r\n",
		"GET / HTTP/1.1\r\nAuthorization: Negotiate TlRMTVNTUAADAAAA\r\n\r\n"};
	for (uint32_t n = 7; n <= 8; n++)
		for (uint32_t k = 0; k < 3; k++) {
			harness_start(&h, &detector_brute_force, 1);
			for (uint32_t i = 0; i < n; i++)
				exchange(i * SEC, GUESSER, (uint16_t)(4000 + i), 8080, asks[k], no_401);
			harness_end(&h);
			assert_int_equal(harness_count(&h, "password guessing"), n == 8);
			harness_stop(&h);
		}
	h.detector = NULL;
}

static void a_form_answered_unlike_before_is_a_success(void **state)
{
	static const struct {
		const char *usual, *last;
		uint32_t successes;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\n\r\nwrong", "HTTP/1.1 302 Found\r\nLocation: /home\r\n\r\n", 1},
		{"HTTP/1.1 302 Found\r\nLocation: /login.php\r\n\r\n",
			"HTTP/1.1 302 Found\r\nLocation: /index.php\r\n\r\n", 1},
		{"HTTP/1.1 302 Found\r\nLocation: /login.php?try=1\r\n\r\n",
			"HTTP/1.1 302 Found\r\nLocation: /login.php?try=2\r\n\r\n", 0},
		{"HTTP/1.1 200 OK\r\n\r\nwrong", "HTTP/1.1 429 Too Many Requests\r\n\r\n", 0},
		{"HTTP/1.1 200 OK\r\n\r\nwrong", "HTTP/1.1 503 Service Unavailable\r\n\r\n", 0},
	};
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		harness_start(&h, &detector_brute_force, 1);
		for (uint32_t i = 0; i < 35; i++)
			exchange(i * SEC, GUESSER, (uint16_t)(4000 + i), 80, post, rows[k].usual);
		exchange(36 * SEC, GUESSER, 5000, 80, post, rows[k].last);
		harness_end(&h);
		if (harness_count(&h, SUCCESS) != rows[k].successes)
			fail_msg("row %zu: %u findings", k, h.findings);
		harness_stop(&h);
	}
	h.detector = NULL;
}

// A session in private whose server says so many segments of 100 bytes before it ends, `seconds` later.
static void session(uint32_t i, uint16_t port, uint32_t segments, uint32_t seconds)
{
	static const char rdp[] = "\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0", data[100] = "x";
	uint64_t us = i * SEC;
	uint16_t sport = (uint16_t)(3000 + i);
	harness_handshake(&h, us, GUESSER, sport, SERVER, port);
	if (port == 3389)
		harness_tcp(&h, us + 10, GUESSER, sport, SERVER, port, BUILD_TCP_ACK, rdp, sizeof(rdp) - 1);
	else
		harness_tcp(&h, us + 10, SERVER, port, GUESSER, sport, BUILD_TCP_ACK, "SSH-2.0-x\r\n", 11);
	for (uint32_t k = 0; k < segments; k++)
		harness_tcp(&h, us + 20 + k, SERVER, port, GUESSER, sport, BUILD_TCP_ACK, data, sizeof(data));
	us += seconds * SEC;
	harness_tcp(&h, us + 400, GUESSER, sport, SERVER, port, BUILD_TCP_ACK | BUILD_TCP_FIN, NULL, 0);
	harness_tcp(&h, us + 401, SERVER, port, GUESSER, sport, BUILD_TCP_ACK | BUILD_TCP_FIN, NULL, 0);
}

static void a_session_unlike_the_refused_ones_is_a_success(void **state)
{
	static const struct {
		uint16_t port;
		uint32_t segments, seconds, successes;
	} rows[] = {{22, 15, 0, 0}, // refused as well
		{22, 20, 30, 0},    // a little more
		{22, 55, 0, 1},     // far larger
		{22, 15, 200, 1},   // longer than anybody waits for a password
		{22, 80, 0, 1},     // goes on
		{902, 55, 0, 1}, {3389, 15, 0, 0}, {3389, 80, 0, 1}, {3389, 55, 0, 1}};
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		harness_start(&h, &detector_brute_force, 1);
		for (uint32_t i = 0; i < 10; i++)
			session(i, rows[k].port, 13 + i % 3, 0);
		session(12, rows[k].port, rows[k].segments, rows[k].seconds);
		harness_end(&h);
		assert_int_equal(harness_count(&h, "password guessing by short sessions"), 1);
		if (harness_count(&h, SUCCESS) != rows[k].successes)
			fail_msg("row %zu: %u findings", k, h.findings);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void an_administrator_without_guessing_has_sessions_of_all_sizes(void **state)
{
	harness_start(&h, &detector_brute_force, 1);
	for (uint32_t i = 0; i < 5; i++)
		session(i, 22, i * 50, i * 100);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void a_success_long_after_the_window_is_still_one(void **state)
{
	const struct service ftp = S("ftp", 21, false, "530 Login incorrect.\r\n", "230 Logged in\r\n", 8);
	for (uint32_t minutes = 5; minutes <= 20; minutes += 15) {
		harness_start(&h, &detector_brute_force, 1);
		for (uint32_t i = 0; i < 10; i++)
			server_says(&ftp, i, ftp.refusal, ftp.refusal_len);
		server_says(&ftp, minutes * 200, ftp.success, ftp.success_len); // 300 ms each
		harness_end(&h);
		assert_int_equal(harness_count(&h, SUCCESS), minutes == 5);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void an_agent_that_answers_a_guessed_community_is_a_success(void **state)
{
	harness_start(&h, &detector_brute_force, 1);
	for (uint32_t i = 0; i < 20; i++) {
		char get[40] = {0x30, 38, 2, 1, 1, 4, 6, 'c', 'o', 'm', 'm', 'a', (char)('a' + i), (char)0xa0};
		harness_udp(&h, i * 100000, GUESSER, 5000, SERVER, 161, get, sizeof(get));
		get[13] = (char)0xa2;
		if (i == 3)
			harness_udp(&h, i * 100000 + 500, SERVER, 161, GUESSER, 5000, get, sizeof(get));
	}
	harness_end(&h);
	assert_int_equal(harness_count(&h, "SNMP community guessing"), 1);
	assert_int_equal(harness_count(&h, SUCCESS), 1);
}

static void a_vpn_that_carries_data_after_guessing_is_a_success(void **state)
{
	for (uint32_t port = 1194; port <= 4500; port += 4500 - 1194) {
		harness_start(&h, &detector_brute_force, 1);
		for (uint32_t i = 0; i < 22; i++) {
			uint8_t vpn[64] = {7 << 3, [8] = (uint8_t)(1 + i)},
				ike[64] = {[4] = 0x77, [11] = (uint8_t)(1 + i), [20] = 0x21, [21] = 0x20, [22] = 34},
				data[64] = {9 << 3, 1, 2, 3};
			uint16_t sport = (uint16_t)(port == 4500 ? 4500 : 40000 + i);
			harness_udp(&h, i * SEC, GUESSER, sport, SERVER, (uint16_t)port, port == 4500 ? ike : vpn, 64);
			if (i == 21)
				harness_udp(&h, i * SEC + 9, SERVER, (uint16_t)port, GUESSER, sport, data, 64);
		}
		harness_end(&h);
		assert_int_equal(harness_count(&h, "VPN sessions begun one after the other"), 1);
		if (harness_count(&h, SUCCESS) != 1)
			fail_msg("port %u: %u findings", port, h.findings);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void a_login_that_works_after_spraying_is_a_success(void **state)
{
	static const char no[] = "530 Login incorrect.\r\n", yes[] = "230 Logged in\r\n";
	char server[32];
	harness_start(&h, &detector_brute_force, 1);
	for (uint32_t i = 0; i < 13; i++) {
		sprintf(server, "10.1.3.%u", i + 1);
		harness_handshake(&h, i * SEC, GUESSER, 4000, server, 21);
		harness_tcp(&h, i * SEC + 1000, server, 21, GUESSER, 4000, BUILD_TCP_ACK, i < 12 ? no : yes,
			strlen(i < 12 ? no : yes));
	}
	harness_end(&h);
	assert_int_equal(harness_count(&h, "password guessing at many servers"), 1);
	assert_int_equal(harness_count(&h, SUCCESS), 1);
	harness_assert_victim(&h, 1, "10.1.3.13");
}

// At every distance from the begin and from the end, so that it falls on every border of the search.
static void a_password_or_a_header_is_found_wherever_it_stands(void **state)
{
	static const char *const names[] = {"password=", "passwd=", "pwd=", "pass=", "passwort=", "\"password\""};
	static const char header[] = "\r\nAuthorization: ";
	const uint32_t header_len = sizeof(header) - 1;
	for (uint32_t at = 0; at < 50; at++) {
		for (uint32_t behind = 0; behind < 20; behind++) {
			uint8_t d[128];
			memset(d, 's', sizeof(d)); // half of a pair
			memcpy(d + at, header, header_len);
			struct login_places found = login_places_of(d, at + header_len + behind);
			assert_int_equal(found.authorization, at + header_len);
			assert_int_equal(found.password, LOGIN_NOWHERE);
			for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
				uint32_t len = (uint32_t)strlen(names[k]);
				memset(d, 's', sizeof(d));
				memcpy(d + at, names[k], len);
				found = login_places_of(d, at + len + behind);
				assert_int_equal(found.password, at + len - 2);
				assert_int_equal(found.authorization, LOGIN_NOWHERE);
				assert_int_equal(login_places_of(d, at + len - 1).password, LOGIN_NOWHERE);
			}
		}
	}
}

static void the_first_password_counts_and_the_first_header(void **state)
{
	static const char text[] = "d=s=\nAx pwd=1\r\nAuthorization: a\r\nAuthorization: b&pass=2";
	struct login_places found = login_places_of((const uint8_t *)text, sizeof(text) - 1);
	assert_int_equal(found.password, strstr(text, "d=1") - text);
	assert_int_equal(found.authorization, strstr(text, "a\r") - text);
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
		heuristic_test(every_name_of_a_password_field_is_known_at_any_place),
		heuristic_test(remote_desktops_are_tried_with_and_without_a_name),
		heuristic_test(vpn_sessions_one_after_the_other_are_reported),
		heuristic_test(a_vpn_client_that_repeats_itself_is_silent),
		heuristic_test(a_page_behind_a_password_that_opens_after_guessing_is_a_success),
		heuristic_test(browsing_where_each_connection_logs_in_anew_is_silent),
		heuristic_test(passwords_refused_by_a_web_server_are_guessing_from_eight_on),
		heuristic_test(a_form_answered_unlike_before_is_a_success),
		heuristic_test(a_session_unlike_the_refused_ones_is_a_success),
		heuristic_test(an_administrator_without_guessing_has_sessions_of_all_sizes),
		heuristic_test(a_success_long_after_the_window_is_still_one),
		heuristic_test(an_agent_that_answers_a_guessed_community_is_a_success),
		heuristic_test(a_vpn_that_carries_data_after_guessing_is_a_success),
		heuristic_test(a_login_that_works_after_spraying_is_a_success),
		cmocka_unit_test(a_password_or_a_header_is_found_wherever_it_stands),
		cmocka_unit_test(the_first_password_counts_and_the_first_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
