// Detectors that read names and small messages: DNS tunnels, generated and look-alike domains, ICMP tunnels,
// device tampering, weak cryptography, cleartext credentials, protocols out of place.
#include "tests/unit/heuristics_harness.h"

#include "detectors/heuristics/lookalike.h"
#include "detectors/heuristics/name_obs.h"
#include "detectors/sketch/hash.h"

extern const struct detector detector_dns_tunnel, detector_dga, detector_lookalike_domain, detector_icmp_tunnel,
	detector_device_tampering, detector_weak_crypto, detector_cleartext_credentials, detector_protocol_anomaly;

#define CLIENT "10.0.0.5"
#define RESOLVER "10.0.0.53"
#define SEC 1000000ull

// A DNS message with one question.
static size_t dns(uint8_t *out, const char *name, uint16_t type, int rcode)
{
	static const uint8_t head[12] = {0x12, 0x34, 1, 0, 0, 1};
	size_t at = 12;
	memcpy(out, head, 12);
	if (rcode >= 0) {
		out[2] |= 0x80;
		out[3] = (uint8_t)rcode;
	}
	while (*name) {
		size_t len = strcspn(name, ".");
		out[at++] = (uint8_t)len;
		memcpy(out + at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	memcpy(out + at, (uint8_t[]){0, (uint8_t)(type >> 8), (uint8_t)type, 0, 1}, 5);
	return at + 5;
}

static void query(uint64_t us, const char *name, uint16_t type)
{
	uint8_t m[512];
	harness_udp(&h, us, CLIENT, 5353 + 1, RESOLVER, 53, m, dns(m, name, type, -1));
}

static void nxdomain(uint64_t us, const char *name)
{
	uint8_t m[512];
	query(us, name, 1);
	harness_udp(&h, us + 1, RESOLVER, 53, CLIENT, 5353 + 1, m, dns(m, name, 1, 3));
}

static void encoded(uint32_t n, uint16_t type, uint32_t length)
{
	char name[256];
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < length; k++) // hexadecimal digits without a pattern
			name[k] = "0123456789abcdef"[sketch_mix(i * 1000 + k) & 15];
		strcpy(name + length, ".t.example.com");
		query(i * SEC, name, type);
	}
	harness_end(&h);
}

static void dns_tunnel_in_txt_is_reported_with_its_domain(void **state)
{
	harness_start(&h, &detector_dns_tunnel, 1);
	encoded(20, 16, 34);
	assert_int_equal(harness_count(&h, "DNS tunnel"), 1);
	assert_non_null(strstr(h.text[0], "\"domain\":\"example.com\""));
	harness_assert_attacker(&h, 0, CLIENT);
}

static void what_a_member_of_a_domain_asks_at_start_is_no_tunnel(void **state)
{
	static const char *const services[] = {"_ldap._tcp.", "_kerberos._tcp.", "_gc._tcp.", "_kpasswd._udp.",
		"_kerberos._udp.", "_kpasswd._tcp.", "_vlmcs._tcp.", "_sip._tls."},
				 *const places[] = {"", "Default-First-Site-Name._sites.", "dc._msdcs.",
					 "Default-First-Site-Name._sites.dc._msdcs.", "pdc._msdcs.", "gc._msdcs."};
	char name[256];
	harness_start(&h, &detector_dns_tunnel, 1);
	for (uint32_t i = 0; i < 48; i++) {
		sprintf(name, "%s%scorp-headquarters.example.com", services[i % 8], places[i / 8]);
		query(i * SEC, name, 33);
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void dns_tunnel_in_null_records_is_reported(void **state)
{
	harness_start(&h, &detector_dns_tunnel, 1);
	encoded(20, 10, 8);
	assert_int_equal(harness_count(&h, "DNS tunnel in odd record types"), 1);
}

static void dns_tunnel_in_long_address_queries_is_reported(void **state)
{
	harness_start(&h, &detector_dns_tunnel, 2);
	encoded(90, 1, 60);
	assert_int_equal(harness_count(&h, "DNS tunnel in long names"), 1);
}

static void a_few_encoded_names_are_silent(void **state)
{
	harness_start(&h, &detector_dns_tunnel, 1);
	encoded(6, 16, 34);
	assert_int_equal(h.findings, 0);
}

static void ordinary_lookups_are_silent(void **state)
{
	static const char *const names[] = {"www.example.com", "mail.example.com", "img1.cdn.example.com",
		"api.example.com", "static.example.com", "login.example.com", "selector1._domainkey.example.com",
		"_dmarc.example.com", "_sip._tcp.example.com", "4.3.2.1.zen.example.com", "ns1.example.com",
		"ftp.example.com"};
	harness_start(&h, &detector_dns_tunnel, 1);
	for (uint32_t i = 0; i < 240; i++)
		query(i * 100000, names[i % 12], i % 12 >= 6 && i % 12 <= 8 ? 16 : 1);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void dga_burst_is_reported(void **state)
{
	char name[64];
	harness_start(&h, &detector_dga, 1);
	for (uint32_t i = 0; i < 40; i++) {
		for (uint32_t k = 0; k < 14; k++)
			name[k] = (char)('a' + sketch_mix(i * 100 + k) % 26);
		strcpy(name + 14, ".info");
		nxdomain(i * 200000, name);
	}
	harness_end(&h);
	assert_int_equal(harness_count(&h, "many random names that do not exist"), 1);
	harness_assert_victim(&h, 0, CLIENT);
}

static void mistyped_names_are_no_dga(void **state)
{
	static const char *const stems[] = {
		"example", "weather", "mountain", "railway", "garden", "library", "kitchen", "travel"};
	char name[64];
	harness_start(&h, &detector_dga, 1);
	for (uint32_t i = 0; i < 64; i++) {
		sprintf(name, "%s%s.com", stems[i % 8], stems[i / 8]);
		nxdomain(i * 200000, name);
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void a_few_random_names_are_no_dga(void **state)
{
	char name[64];
	harness_start(&h, &detector_dga, 1);
	for (uint32_t i = 0; i < 10; i++) { // what a browser asks to see whether answers are faked
		for (uint32_t k = 0; k < 12; k++)
			name[k] = (char)('a' + sketch_mix(i * 100 + k) % 26);
		strcpy(name + 12, ".com");
		nxdomain(i * 200000, name);
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void http(uint64_t us, const char *server, uint16_t port, const char *request)
{
	harness_handshake(&h, us, CLIENT, 4000, server, port);
	harness_tcp(&h, us + 10, CLIENT, 4000, server, port, BUILD_TCP_ACK | BUILD_TCP_PSH, request, strlen(request));
}

static void a_site_named_in_hexadecimal_is_reported_once(void **state)
{
	harness_start(&h, &detector_dga, 1);
	http(0, "198.51.100.7", 80, "GET / HTTP/1.1\r\nHost: db54a845.top\r\n\r\n");
	http(SEC, "198.51.100.8", 80, "GET / HTTP/1.1\r\nHost: db54a845.top\r\n\r\n");
	http(2 * SEC, "198.51.100.9", 80, "GET / HTTP/1.1\r\nHost: decade2019.com\r\n\r\n");
	query(3 * SEC, "ab12cd34ef.top", 1); // asked for, but nobody went there
	harness_end(&h);
	assert_int_equal(h.findings, 1);
}

static void look(const char *name)
{
	query(h.seq * 10000, name, 1);
}

static void lookalike_names_are_reported_each_once(void **state)
{
	static const char *const names[] = {"rnicrosoft.com", "www.micros0ft.com", "g00gle.com",
		"microsoft-login-secure.com", "xn--mcrosoft-thh.com", "xn--pple-43d.com", "mircosoft.com",
		"facebok.com", "login.microsoft.com.example.net"};
	harness_start(&h, &detector_lookalike_domain, 1);
	for (uint32_t i = 0; i < 18; i++)
		look(names[i / 2]);
	harness_end(&h);
	assert_int_equal(h.findings, 9);
	assert_int_equal(harness_count(&h, "characters that look like a brand's"), 3);
	assert_int_equal(harness_count(&h, "an international name that prints like a brand's"), 2);
	assert_int_equal(harness_count(&h, "one letter away from a brand"), 2);
}

static void brands_themselves_and_real_names_are_silent(void **state)
{
	static const char *const names[] = {"www.microsoft.com", "google.com", "google-analytics.com",
		"images-na.ssl-images-amazon.com", "goggle.com", "xn--mnchen-3ya.de", "xn--p1ai", "xn--80ak6aa.com",
		"login.microsoftonline.com", "apply.com", "example.org", "a.b.c.d.amazonaws.com", "microsoft.co.uk",
		"paypalobjects.com", "outlook.office.com", "pineapple.io"};
	harness_start(&h, &detector_lookalike_domain, 1);
	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		look(names[i]);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void punycode_is_decoded_and_bad_punycode_refused(void **state)
{
	uint32_t out[64];
	assert_int_equal(punycode_decode("mnchen-3ya", 10, out, 64), 7);
	assert_int_equal(out[1], 0xfc);
	assert_int_equal(punycode_decode("p1ai", 4, out, 64), 2);
	assert_int_equal(out[0], 0x440);
	assert_int_equal(punycode_decode("99999999", 8, out, 64), 0);
	assert_int_equal(punycode_decode("mnchen-3ya", 10, out, 3), 0);
	assert_int_equal(punycode_decode("abc-!", 5, out, 64), 0);
}

static void names_have_a_registered_domain(void **state)
{
	assert_int_equal(name_registered("www.example.com", 15), 4);
	assert_int_equal(name_registered("a.b.example.co.uk", 17), 4);
	assert_int_equal(name_registered("example.co.uk", 13), 0);
	assert_int_equal(name_registered("example.com", 11), 0);
	assert_int_equal(name_registered("localhost", 9), 0);
	assert_int_equal(name_registered("", 0), 0);
	assert_true(name_surprise("weather", 7) < 4.6);
	assert_true(name_surprise("xqzvkwjpfh", 10) > 5);
	assert_true(name_entropy("aaaa", 4) == 0);
}

static void truncated_dns_is_not_read_past_its_end(void **state)
{
	uint8_t m[512];
	size_t len = dns(m, "abcdefgh.example.com", 16, -1);
	harness_start(&h, &detector_dns_tunnel, 1);
	for (size_t n = 0; n <= len; n++)
		harness_udp(&h, n * 1000, CLIENT, 4000, RESOLVER, 53, m, n);
	m[12] = 0xc0; // a compressed question
	harness_udp(&h, SEC, CLIENT, 4000, RESOLVER, 53, m, len);
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void echo(uint64_t us, bool reply, uint32_t seed, size_t len)
{
	uint8_t data[1024];
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)sketch_mix(seed * 4096 + i);
	harness_icmp(
		&h, us, reply ? "198.51.100.7" : CLIENT, reply ? CLIENT : "198.51.100.7", reply ? 0 : 8, 1, data, len);
}

static void icmp_replies_with_data_of_their_own_are_a_tunnel(void **state)
{
	harness_start(&h, &detector_icmp_tunnel, 1);
	for (uint32_t i = 0; i < 30; i++) {
		echo(i * SEC, false, i, 100);
		echo(i * SEC + 5000, true, 1000 + i, 120);
	}
	harness_end(&h);
	assert_int_equal(h.findings, 1);
	harness_assert_attacker(&h, 0, CLIENT);
}

// n pings that are returned as they are: a time stamp of 16 bytes, then what fill() writes for number i.
static void returned_pings(uint32_t n, size_t len, size_t step, void (*fill)(uint8_t *at, size_t len, uint32_t i))
{
	uint8_t data[1500];
	harness_start(&h, &detector_icmp_tunnel, 1);
	for (uint32_t i = 0; i < n; i++, len += step) {
		memcpy(data, (uint64_t[]){1700000000 + i, i * 7919}, 16);
		fill(data + 16, len - 16, i);
		harness_icmp(&h, i * SEC, CLIENT, "198.51.100.7", 8, i, data, len);
		harness_icmp(&h, i * SEC + 5000, "198.51.100.7", CLIENT, 0, i, data, len);
	}
	harness_end(&h);
}

static void fill_count(uint8_t *at, size_t len, uint32_t i)
{
	for (size_t k = 0; k < len; k++)
		at[k] = (uint8_t)(16 + k);
}

static void fill_letters(uint8_t *at, size_t len, uint32_t i)
{
	for (size_t k = 0; k < len; k++)
		at[k] = (uint8_t)('a' + k % 23);
}

// A number of the monitor's own, then zeros.
static void fill_number(uint8_t *at, size_t len, uint32_t i)
{
	memset(at, 0, len);
	memcpy(at, &i, sizeof(i));
}

static void fill_data(uint8_t *at, size_t len, uint32_t i)
{
	for (size_t k = 0; k < len; k++)
		at[k] = (uint8_t)sketch_mix(i * 4096 + k);
}

static void fill_some_data(uint8_t *at, size_t len, uint32_t i)
{
	fill_data(at, len, i % 12);
}

static void icmp_pings_of_all_kinds_that_are_returned_are_silent(void **state)
{
	returned_pings(400, 56, 0, fill_count); // iputils
	assert_int_equal(h.findings, 0);
	harness_stop(&h);
	returned_pings(400, 32, 0, fill_letters); // Windows
	assert_int_equal(h.findings, 0);
	harness_stop(&h);
	returned_pings(400, 64, 0, fill_number);
	assert_int_equal(h.findings, 0);
	harness_stop(&h);
	returned_pings(400, 17, 3, fill_count); // looking for the path's MTU
	assert_int_equal(h.findings, 0);
}

static void icmp_messages_of_ever_other_content_that_are_returned_are_a_tunnel(void **state)
{
	returned_pings(40, 64, 0, fill_data);
	assert_int_equal(harness_count(&h, "ICMP messages of ever other content"), 1);
	harness_assert_attacker(&h, 0, CLIENT);
	assert_true(h.found[0].finding.observed >= 19 && h.found[0].finding.observed < 24);
}

static void icmp_messages_of_twelve_contents_are_silent(void **state)
{
	returned_pings(400, 64, 0, fill_some_data);
	assert_int_equal(h.findings, 0);
}

static void icmp_replies_alone_of_ever_other_content_are_a_tunnel(void **state)
{
	harness_start(&h, &detector_icmp_tunnel, 1);
	for (uint32_t i = 0; i < 40; i++)
		echo(i * SEC, true, i, 100);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "ICMP messages of ever other content"), 1);
}

static void icmp_replies_few_of_which_differ_are_silent(void **state)
{
	harness_start(&h, &detector_icmp_tunnel, 1);
	for (uint32_t i = 0; i < 8; i++) {
		echo(i * SEC, false, i, 100);
		echo(i * SEC + 5000, true, 1000 + i, 120);
	}
	harness_end(&h);
	assert_int_equal(h.findings, 0);
}

static void smart_install_commands_are_reported_and_others_on_the_port_not(void **state)
{
	uint8_t smi[200] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 8};
	harness_start(&h, &detector_device_tampering, 1);
	harness_handshake(&h, 0, "198.51.100.7", 5000, "10.0.0.1", 4786);
	harness_tcp(&h, 10, "198.51.100.7", 5000, "10.0.0.1", 4786, BUILD_TCP_ACK, "GET / HTTP/1.1\r\n\r\n", 18);
	harness_tcp(&h, 20, "198.51.100.7", 5000, "10.0.0.1", 4786, BUILD_TCP_ACK, smi, sizeof(smi));
	harness_end(&h);
	assert_int_equal(h.findings, 1);
	assert_int_equal(h.found[0].finding.sample, 5);
	harness_assert_victim(&h, 0, "10.0.0.1");
}

static void tftp_of_a_configuration_is_reported_and_of_firmware_not(void **state)
{
	harness_start(&h, &detector_device_tampering, 1);
	harness_udp(&h, 0, "10.0.0.1", 5000, "198.51.100.7", 69, "\0\2router-confg\0octet", 21);
	harness_udp(&h, 1000, "10.0.0.2", 5000, "198.51.100.7", 69, "\0\1firmware.bin\0octet", 21);
	harness_end(&h);
	assert_int_equal(h.findings, 1);
	harness_assert_victim(&h, 0, "10.0.0.1");
}

static void server_hello(uint64_t us, uint16_t port, uint16_t cipher, bool extended, bool versions)
{
	uint8_t m[160] = {22, 3, 3, 0, 0, 2, 0, 0, 0, 3, 3};
	size_t at = 44; // no session id
	m[at++] = (uint8_t)(cipher >> 8), m[at++] = (uint8_t)cipher, m[at++] = 0;
	size_t length_at = at;
	at += 2;
	if (extended) {
		m[at + 1] = 40, m[at + 3] = 34, m[at + 5] = 32;
		at += 38;
	}
	if (versions) {
		m[at + 1] = 43, m[at + 3] = 2, m[at + 4] = 3, m[at + 5] = 4;
		at += 6;
	}
	m[length_at + 1] = (uint8_t)(at - length_at - 2);
	harness_handshake(&h, us, CLIENT, port, "198.51.100.7", 443);
	harness_tcp(&h, us + 10, "198.51.100.7", 443, CLIENT, port, BUILD_TCP_ACK, m, at);
}

static void weak_ciphers_and_extended_random_are_reported(void **state)
{
	harness_start(&h, &detector_weak_crypto, 1);
	server_hello(0, 4000, 0xc02f, false, false);
	server_hello(SEC, 4001, 0x1301, true, true); // key_share of a TLS 1.3 draft
	harness_tick(&h, false);
	assert_int_equal(h.findings, 0);
	server_hello(2 * SEC, 4002, 0x0001, false, false);
	server_hello(3 * SEC, 4003, 0x002f, true, false);
	server_hello(4 * SEC, 4004, 0x002f, true, false);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "TLS without encryption (NULL cipher)"), 1);
	assert_int_equal(harness_count(&h, "TLS extended_random is echoed (Dual_EC exposure)"), 1);
	assert_int_equal(h.findings, 2);
}

static void passwords_that_cross_the_border_are_reported_without_the_password(void **state)
{
	static const char basic[] = "GET / HTTP/1.1\r\nAuthorization: Basic c2VjcmV0OnNlY3JldA==\r\n\r\n";
	harness_start(&h, &detector_cleartext_credentials, 1);
	http(0, "198.51.100.7", 80, basic);
	http(SEC, "10.0.0.80", 80, basic);                                      // inside
	http(2 * SEC, "198.51.100.8", 80, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); // none
	http(3 * SEC, "198.51.100.9", 21, "PASS guest@example.org\r\n");        // anonymous
	harness_end(&h);
	assert_int_equal(h.findings, 1);
	assert_null(strstr(h.text[0], "c2VjcmV0"));
}

static void ssh_on_a_web_port_is_reported_and_on_its_own_not(void **state)
{
	harness_start(&h, &detector_protocol_anomaly, 1);
	harness_handshake(&h, 0, CLIENT, 4000, "198.51.100.7", 443);
	harness_tcp(&h, 10, "198.51.100.7", 443, CLIENT, 4000, BUILD_TCP_ACK, "SSH-2.0-x\r\n", 11);
	harness_handshake(&h, SEC, CLIENT, 4001, "198.51.100.7", 22);
	harness_tcp(&h, SEC + 10, "198.51.100.7", 22, CLIENT, 4001, BUILD_TCP_ACK, "SSH-2.0-x\r\n", 11);
	harness_handshake(&h, 2 * SEC, CLIENT, 4002, "198.51.100.7", 2222);
	harness_tcp(&h, 2 * SEC + 10, "198.51.100.7", 2222, CLIENT, 4002, BUILD_TCP_ACK, "SSH-2.0-x\r\n", 11);
	harness_end(&h);
	assert_int_equal(h.findings, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heuristic_test(dns_tunnel_in_txt_is_reported_with_its_domain),
		heuristic_test(what_a_member_of_a_domain_asks_at_start_is_no_tunnel),
		heuristic_test(dns_tunnel_in_null_records_is_reported),
		heuristic_test(dns_tunnel_in_long_address_queries_is_reported),
		heuristic_test(a_few_encoded_names_are_silent),
		heuristic_test(ordinary_lookups_are_silent),
		heuristic_test(dga_burst_is_reported),
		heuristic_test(mistyped_names_are_no_dga),
		heuristic_test(a_few_random_names_are_no_dga),
		heuristic_test(a_site_named_in_hexadecimal_is_reported_once),
		heuristic_test(lookalike_names_are_reported_each_once),
		heuristic_test(brands_themselves_and_real_names_are_silent),
		heuristic_test(punycode_is_decoded_and_bad_punycode_refused),
		heuristic_test(names_have_a_registered_domain),
		heuristic_test(truncated_dns_is_not_read_past_its_end),
		heuristic_test(icmp_replies_with_data_of_their_own_are_a_tunnel),
		heuristic_test(icmp_pings_of_all_kinds_that_are_returned_are_silent),
		heuristic_test(icmp_messages_of_ever_other_content_that_are_returned_are_a_tunnel),
		heuristic_test(icmp_messages_of_twelve_contents_are_silent),
		heuristic_test(icmp_replies_alone_of_ever_other_content_are_a_tunnel),
		heuristic_test(icmp_replies_few_of_which_differ_are_silent),
		heuristic_test(smart_install_commands_are_reported_and_others_on_the_port_not),
		heuristic_test(tftp_of_a_configuration_is_reported_and_of_firmware_not),
		heuristic_test(weak_ciphers_and_extended_random_are_reported),
		heuristic_test(passwords_that_cross_the_border_are_reported_without_the_password),
		heuristic_test(ssh_on_a_web_port_is_reported_and_on_its_own_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
