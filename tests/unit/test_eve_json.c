// The JSON writer: whatever bytes go in, valid JSON in valid UTF-8 comes out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>

#include <cmocka.h>
#include <jansson.h>

#include "ctl/eve/json_out.h"

// What jansson reads back for a string of these bytes. The caller owns it.
static json_t *through(const char *s, size_t n)
{
	struct json_out o = {0};
	json_error_t err;

	jout_string_n(&o, s, n);
	json_t *v = json_loadb(o.buf, o.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &err);
	if (!v)
		fail_msg("%s in %.*s", err.text, (int)o.len, o.buf);
	jout_free(&o);
	return v;
}

static void expect(const char *in, size_t n, const char *want)
{
	json_t *v = through(in, n);
	assert_int_equal(json_string_length(v), strlen(want));
	assert_memory_equal(json_string_value(v), want, strlen(want));
	json_decref(v);
}

static void plain_text_and_utf8_pass_through(void **state)
{
	expect("", 0, "");
	expect("GET /index.html", 15, "GET /index.html");
	expect("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x94 \xf4\x8f\xbf\xbf", 19,
		"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x94 \xf4\x8f\xbf\xbf");
}

static void controls_quotes_and_backslashes_come_back(void **state)
{
	char in[128], *p = in;
	for (int c = 0; c < 128; c++)
		*p++ = (char)c;
	json_t *v = through(in, 128);
	assert_int_equal(json_string_length(v), 128);
	assert_memory_equal(json_string_value(v), in, 128);
	json_decref(v);
}

static void text_that_is_not_utf8_shows_its_bytes(void **state)
{
	expect("/a\xff\xe9\x01\xc3\xa9\x80", 8, "/a\\xff\\xe9\x01\\xc3\\xa9\\x80"); // as Suricata 7 does
	expect("\xc0\xaf", 2, "\\xc0\\xaf");                                        // overlong
	expect("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");                               // surrogate
	expect("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80");                      // above U+10FFFF
	expect("x\xe2\x82", 3, "x\\xe2\\x82");                                      // cut short
}

static void any_bytes_make_valid_json(void **state)
{
	uint32_t x = 1;
	char in[48];

	for (int round = 0; round < 20000; round++) {
		size_t n = round % sizeof(in);
		for (size_t i = 0; i < n; i++) {
			x = x * 1664525u + 1013904223u;
			in[i] = (char)(x >> 24 & (round & 1 ? 0xff : 0x8f));
		}
		json_decref(through(in, n));
	}
}

static void numbers_read_back(void **state)
{
	static const double values[] = {0, 1, -1, 0.5, 1e-9, 123456, 1234567890123.0, 1e300, -2.5e-7, 99.9};
	struct json_out o = {0};
	json_error_t err;

	jout_open(&o, '[');
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		jout_double(&o, values[i]);
	jout_double(&o, NAN);
	jout_double(&o, -INFINITY);
	jout_int(&o, INT64_MIN);
	jout_uint(&o, 9007199254740993u);
	jout_bool(&o, true);
	jout_null(&o);
	jout_close(&o, ']');
	json_t *v = json_loadb(o.buf, o.len, 0, &err);
	assert_non_null(v);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		double got = json_number_value(json_array_get(v, i));
		assert_true(fabs(got - values[i]) <= fabs(values[i]) * 1e-5);
	}
	assert_true(json_is_null(json_array_get(v, 10)));
	assert_true(json_is_null(json_array_get(v, 11)));
	assert_true(json_integer_value(json_array_get(v, 12)) == INT64_MIN);
	assert_true(json_integer_value(json_array_get(v, 13)) == 9007199254740993);
	json_decref(v);
	jout_free(&o);
}

static void nesting_places_its_own_commas(void **state)
{
	struct json_out o = {0};

	jout_open(&o, '{');
	jout_kuint(&o, "a", 1);
	jout_open_key(&o, "b", '[');
	jout_string(&o, "x{");
	jout_string(&o, "y[");
	jout_open(&o, '{');
	jout_close(&o, '}');
	jout_close(&o, ']');
	jout_kstring(&o, "c", "");
	jout_kbool(&o, "d", false);
	jout_close(&o, '}');
	jout_raw(&o, "", 1);
	assert_string_equal(o.buf, "{\"a\":1,\"b\":[\"x{\",\"y[\",{}],\"c\":\"\",\"d\":false}");
	jout_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_and_utf8_pass_through),
		cmocka_unit_test(controls_quotes_and_backslashes_come_back),
		cmocka_unit_test(text_that_is_not_utf8_shows_its_bytes),
		cmocka_unit_test(any_bytes_make_valid_json),
		cmocka_unit_test(numbers_read_back),
		cmocka_unit_test(nesting_places_its_own_commas),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
