// Address sets: lists, negation, nesting, variables, both families, and every way to spell one wrong.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/api/addr_set.h"

static struct config_pair pairs[] = {{"HOME_NET", "[10.0.0.0/8,192.168.0.0/16]"}, {"EXTERNAL_NET", "!$HOME_NET"},
	{"SERVERS", "[$HOME_NET,!10.1.0.0/16]"}, {"LOOP", "$LOOP"}};
static const struct config_map vars = {pairs, 4};

static bool has(const struct addr_set *s, const char *addr)
{
	union ip_addr a = {0};
	int version = strchr(addr, ':') ? 6 : 4;
	assert_int_equal(inet_pton(version == 6 ? AF_INET6 : AF_INET, addr, a.b), 1);
	return addr_set_has(s, &a, version);
}

static bool set_has(const char *text, const char *addr)
{
	struct addr_set_error err;
	struct addr_set *s = addr_set_parse(text, &vars, &err);
	if (!s)
		fail_msg("\"%s\": %s", text, err.text);
	bool yes = has(s, addr);
	addr_set_free(s);
	return yes;
}

static void addr_set_any_holds_both_families(void **state)
{
	struct addr_set *s = addr_set_parse("any", NULL, NULL);
	assert_non_null(s);
	assert_true(addr_set_is_any(s));
	assert_true(has(s, "0.0.0.0"));
	assert_true(has(s, "255.255.255.255"));
	assert_true(has(s, "::"));
	assert_true(has(s, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
	addr_set_free(s);
	addr_set_free(NULL);
}

static void addr_set_prefix_edges_are_inclusive(void **state)
{
	assert_true(set_has("10.1.2.0/24", "10.1.2.0"));
	assert_true(set_has("10.1.2.0/24", "10.1.2.255"));
	assert_false(set_has("10.1.2.0/24", "10.1.3.0"));
	assert_false(set_has("10.1.2.0/24", "10.1.1.255"));
	assert_true(set_has("10.1.2.3/255.255.255.0", "10.1.2.200"));
	assert_true(set_has("0.0.0.0/0", "255.0.0.1"));
	assert_false(set_has("0.0.0.0/0", "::1"));
	assert_true(set_has("2001:db8::/32", "2001:db8:ffff::1"));
	assert_false(set_has("2001:db8::/32", "2001:db9::"));
	assert_true(set_has("10.0.0.5-10.0.0.7", "10.0.0.7"));
	assert_false(set_has("10.0.0.5-10.0.0.7", "10.0.0.8"));
}

static void addr_set_list_with_negation_takes_away(void **state)
{
	assert_true(set_has("[10.0.0.0/8,!10.1.0.0/16]", "10.2.0.1"));
	assert_false(set_has("[10.0.0.0/8,!10.1.0.0/16]", "10.1.0.1"));
	assert_false(set_has("[10.0.0.0/8, ![10.1.0.0/16, 10.2.0.0/16]]", "10.2.3.4"));
	assert_true(set_has("[10.0.0.0/8, ![10.1.0.0/16, !10.1.7.0/24]]", "10.1.7.1"));
	assert_false(set_has("!10.0.0.0/8", "10.0.0.1"));
	assert_true(set_has("[!10.0.0.1,!10.0.0.2]", "10.0.0.3"));
}

static void addr_set_variables_nest_and_negate(void **state)
{
	assert_true(set_has("$HOME_NET", "192.168.9.9"));
	assert_false(set_has("$EXTERNAL_NET", "192.168.9.9"));
	assert_true(set_has("$EXTERNAL_NET", "8.8.8.8"));
	assert_true(set_has("!$EXTERNAL_NET", "10.9.9.9"));
	assert_false(set_has("$SERVERS", "10.1.2.3"));
	assert_true(set_has("[$SERVERS,172.16.0.1]", "172.16.0.1"));
}

// What Suricata 7 makes of the same lists: rules mean what they mean there.
static void addr_set_each_family_stands_alone(void **state)
{
	assert_false(set_has("!10.0.0.0/8", "2001:db8::1"));
	assert_false(set_has("$EXTERNAL_NET", "2001:db8::1"));
	assert_false(set_has("!2001:db8::1", "10.0.0.1"));
	assert_true(set_has("!2001:db8::1", "2001:db8::2"));
	assert_true(set_has("[any,!10.0.0.1]", "2001:db8::1"));
	assert_true(set_has("[::/0,!10.0.0.1]", "10.0.0.2"));
	assert_false(set_has("[::/0,!10.0.0.1]", "10.0.0.1"));
	assert_true(set_has("[10.0.0.1,!2001:db8::1]", "2001:db8::2"));
	assert_false(set_has("[10.0.0.1,!2001:db8::1]", "10.0.0.2"));
}

static void addr_set_nested_negation_takes_from_the_whole_list(void **state)
{
	assert_true(set_has("[8.8.8.8,$EXTERNAL_NET]", "8.8.8.8"));
	assert_false(set_has("[8.8.8.8,$EXTERNAL_NET]", "9.9.9.9"));
	assert_false(set_has("[192.168.0.0/16,[8.8.8.8,!192.168.1.5]]", "192.168.1.5"));
	assert_true(set_has("[192.168.1.5,![8.8.8.8,$EXTERNAL_NET]]", "192.168.1.5"));
	assert_true(set_has("![2001:db8::/32,!2001:db8::8]", "2001:db8::8"));
	assert_true(set_has("[[8.8.8.8,fd00::5],!$EXTERNAL_NET]", "fd00::5"));
	assert_false(set_has("[[8.8.8.8,fd00::5],!$EXTERNAL_NET]", "8.8.8.8"));
}

static void addr_set_neighbours_are_joined(void **state)
{
	struct addr_set *s = addr_set_parse("[10.0.0.0/25,10.0.0.128/25,10.0.0.64/26]", NULL, NULL);
	uint32_t lo, hi;
	assert_int_equal(addr_set_ranges_v4(s), 1);
	addr_set_range_v4(s, 0, &lo, &hi);
	assert_int_equal(lo, 0x0a000000);
	assert_int_equal(hi, 0x0a0000ff);
	addr_set_free(s);
}

static void addr_set_bad_text_says_what_was_expected(void **state)
{
	static const char *const bad[] = {"", "10.0.0.0/33", "10.0.0", "[10.0.0.1", "10.0.0.1]", "$NOPE", "$LOOP",
		"[10.0.0.1,,]", "10.0.0.9-10.0.0.1", "2001:db8::/129", "[10.0.0.0/8,!10.0.0.0/8]", "!any", "10.0.0.1 x",
		"[[[[[[[[[[[[[[[[[[10.0.0.1]]]]]]]]]]]]]]]]]]", "10.0.0.0/255.0.255.0"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct addr_set_error err;
		struct addr_set *s = addr_set_parse(bad[i], &vars, &err);
		if (s)
			fail_msg("accepted \"%s\"", bad[i]);
		assert_true(strlen(err.text) > 10);
	}
}

// Random lists against a plain walk over their items.
static void addr_set_agrees_with_a_plain_walk(void **state)
{
	srandom(7);
	for (int round = 0; round < 200; round++) {
		char text[2048] = "[";
		uint32_t net[20], mask[20];
		bool neg[20];
		int n = 1 + (int)(random() % 20);
		bool plain = false;
		for (int i = 0; i < n; i++) {
			int bits = 20 + (int)(random() % 13);
			mask[i] = UINT32_MAX << (32 - bits);
			net[i] = (0x0a000000u | (uint32_t)(random() & 0xffff)) & mask[i];
			neg[i] = random() % 3 == 0;
			plain |= !neg[i];
			sprintf(text + strlen(text), "%s%s%u.%u.%u.%u/%d", i ? "," : "", neg[i] ? "!" : "",
				net[i] >> 24, net[i] >> 16 & 255, net[i] >> 8 & 255, net[i] & 255, bits);
		}
		strcat(text, "]");
		struct addr_set *s = addr_set_parse(text, NULL, NULL);
		for (int q = 0; q < 500; q++) {
			uint32_t a = 0x0a000000u | (uint32_t)(random() & 0xffff);
			bool want = !plain;
			for (int i = 0; i < n; i++)
				want |= !neg[i] && (a & mask[i]) == net[i];
			for (int i = 0; i < n; i++)
				want &= !(neg[i] && (a & mask[i]) == net[i]);
			assert_int_equal(s && addr_set_has_v4(s, htonl(a)), want);
		}
		addr_set_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addr_set_any_holds_both_families),
		cmocka_unit_test(addr_set_prefix_edges_are_inclusive),
		cmocka_unit_test(addr_set_list_with_negation_takes_away),
		cmocka_unit_test(addr_set_variables_nest_and_negate),
		cmocka_unit_test(addr_set_each_family_stands_alone),
		cmocka_unit_test(addr_set_nested_negation_takes_from_the_whole_list),
		cmocka_unit_test(addr_set_neighbours_are_joined),
		cmocka_unit_test(addr_set_bad_text_says_what_was_expected),
		cmocka_unit_test(addr_set_agrees_with_a_plain_walk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
