// Community ID v1 against what Wireshark 4.0 computes for the same packets.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <arpa/inet.h>

#include <cmocka.h>

#include "ctl/eve/community_id.h"

static struct event_tuple tuple(const char *src, const char *dst, uint8_t proto, uint16_t a, uint16_t b)
{
	struct event_tuple t = {.proto = proto, .ip_version = strchr(src, ':') ? 6 : 4};
	int family = t.ip_version == 6 ? AF_INET6 : AF_INET;

	assert_int_equal(inet_pton(family, src, t.src.b), 1);
	assert_int_equal(inet_pton(family, dst, t.dst.b), 1);
	if (proto == 1 || proto == 58) {
		t.icmp_type = (uint8_t)a;
		t.icmp_code = (uint8_t)b;
	} else {
		t.sport = a;
		t.dport = b;
	}
	return t;
}

static const struct {
	const char *src, *dst, *want;
	uint8_t proto;
	uint16_t a, b; // ports, or ICMP type and code
} vectors[] = {
	{"128.232.110.120", "66.35.250.204", "1:LQU9qZlK+B5F3KDmev6m5PMibrg=", 6, 34855, 80},
	{"66.35.250.204", "128.232.110.120", "1:LQU9qZlK+B5F3KDmev6m5PMibrg=", 6, 80, 34855},
	{"192.168.1.52", "8.8.8.8", "1:d/FP5EW3wiY1vCndhwleRRKHowQ=", 17, 54585, 53},
	{"192.168.0.89", "192.168.0.1", "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=", 1, 8, 0},
	{"192.168.0.1", "192.168.0.89", "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=", 1, 0, 0},
	{"192.168.0.89", "192.168.0.1", "1:LXCfhMUFbYXe+CEMrQuZCbiLY3o=", 1, 3, 1},
	{"192.168.0.1", "192.168.0.89", "1:o3zT92uTgnRWv/YrDVeXcWumpC4=", 1, 3, 1},
	{"fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=", 58, 135, 0},
	{"fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", "1:7fO1NoMmOlnn29+Lz7gg3xJHO+k=", 58, 1, 4},
	{"192.168.170.8", "192.168.170.56", "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ=", 132, 7, 80},
	{"127.0.0.1", "127.0.0.1", "1:Cu/qTEIzNyB7l0XMff6Q2aFyPYA=", 6, 59954, 6379},
	{"10.0.0.2", "10.0.0.1", "1:1sy+G8MJZzhzFatLbi6+YD245wo=", 89, 0, 0},
	{"2001:db8::2", "2001:db8::1", "1:sH+XK6f7DLezGVDX3EcKVxKLTfI=", 17, 53, 4000},
};

static void ids_are_those_of_wireshark(void **state)
{
	struct community_id *c = community_id_new(0);
	char text[COMMUNITY_ID_BYTES];

	for (int round = 0; round < 2; round++) { // the second comes from the cache
		for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
			struct event_tuple t =
				tuple(vectors[i].src, vectors[i].dst, vectors[i].proto, vectors[i].a, vectors[i].b);
			assert_int_equal(community_id(c, &t, text), COMMUNITY_ID_BYTES - 1);
			assert_string_equal(text, vectors[i].want);
		}
	}
	community_id_free(c);
}

static void another_seed_gives_other_ids(void **state)
{
	struct community_id *c = community_id_new(1);
	char text[COMMUNITY_ID_BYTES];
	struct event_tuple t = tuple("128.232.110.120", "66.35.250.204", 6, 34855, 80);

	community_id(c, &t, text);
	assert_string_equal(text, "1:3V71V58M3Ksw/yuFALMcW0LAHvc=");
	t = tuple("192.168.1.52", "8.8.8.8", 17, 54585, 53);
	community_id(c, &t, text);
	assert_string_equal(text, "1:Q9We8WO3piVF8yEQBNJF4uiSVrI=");
	community_id_free(c);
	community_id_free(NULL);
}

static void without_ip_there_is_no_id(void **state)
{
	struct community_id *c = community_id_new(0);
	char text[COMMUNITY_ID_BYTES];
	struct event_tuple t = {0};

	assert_int_equal(community_id(c, &t, text), 0);
	community_id_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_those_of_wireshark),
		cmocka_unit_test(another_seed_gives_other_ids),
		cmocka_unit_test(without_ip_there_is_no_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
