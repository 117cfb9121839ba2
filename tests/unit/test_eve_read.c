// Reading EVE: what jansson takes is taken, what it refuses is refused, and the fields are right.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "ctl/eve/eve_read.h"
#include "ctl/eve/json_in.h"

static int read_text(const char *text, struct eve_fields *f)
{
	char why[128];
	return eve_read(text, strlen(text), f, why, sizeof(why));
}

static void an_alert_is_filed_under_its_fields(void **state)
{
	struct eve_fields f;
	assert_int_equal(
		read_text("{\"sensor_seq\":77,\"timestamp\":\"2009-11-13T21:32:05.123456+0000\",\"flow_id\":"
			  "1551548983447419,"
			  "\"event_type\":\"alert\",\"src_ip\":\"10.0.0.1\",\"src_port\":34567,\"dest_ip\":\"2001:0db8:"
			  ":1\","
			  "\"proto\":\"TCP\",\"alert\":{\"gid\":901,\"signature_id\":9010001,\"severity\":1,"
			  "\"signature\":\"caf\\u00e9 \\\"x\\\" \\ud83d\\udd14\",\"metadata\":{\"gid\":[\"no\"]}},"
			  "\"tocsin\":{\"detector\":\"syn_flood\",\"deep\":{\"detector\":\"no\"}},\"list\":[{\"gid\":5}"
			  "]}",
			&f),
		0);
	assert_int_equal(f.type, EVE_ALERT);
	assert_int_equal(f.seq, 77);
	assert_true(f.ts_us == INT64_C(1258147925123456));
	assert_true(f.flow_id == 1551548983447419);
	assert_int_equal(f.src.len, 4);
	assert_int_equal(f.dst.len, 16);
	assert_int_equal(f.src_port, 34567);
	assert_int_equal(f.dest_port, -1);
	assert_int_equal(f.gid, 901);
	assert_int_equal(f.sid, 9010001);
	assert_int_equal(f.severity, 1);
	assert_string_equal(f.signature, "caf\xc3\xa9 \"x\" \xf0\x9f\x94\x94");
	assert_string_equal(f.detector, "syn_flood");
	assert_string_equal(f.proto, "TCP");
}

static void times_of_any_zone_are_utc(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} good[] = {
		{"1970-01-01T00:00:00.000000+0000", 0},
		{"1970-01-01T01:00:00.5+0100", 500000},
		{"1970-01-01T01:00:00.5+01:00", 500000},
		{"1969-12-31T23:00:00Z", -3600000000},
		{"1970-01-01T00:00:01", 1000000},
		{"2009-11-13T21:32:05.1234567-0530", INT64_C(1258167725123456)},
	};
	static const char *const bad[] = {
		"", "yesterday", "2009-11-13", "2009-11-13T21:32:05+99:00", "2009-11-13T21:32:05+0100x"};
	int64_t us;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(eve_read_time(good[i].text, &us));
		assert_true(us == good[i].us);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(eve_read_time(bad[i], &us));
}

static void records_without_time_or_type_are_refused(void **state)
{
	struct eve_fields f;
	assert_int_not_equal(read_text("{}", &f), 0);
	assert_int_not_equal(read_text("{\"event_type\":\"alert\"}", &f), 0);
	assert_int_not_equal(read_text("{\"timestamp\":\"2009-11-13T21:32:05\"}", &f), 0);
	assert_int_not_equal(read_text("{\"timestamp\":5,\"event_type\":\"alert\"}", &f), 0);
	assert_int_equal(read_text(" {\"timestamp\":\"2009-11-13T21:32:05\",\"event_type\":\"dns\"} ", &f), 0);
	assert_int_equal(f.type, EVE_OTHER);
}

static void ignore(
	void *ctx, const char *outer, size_t outer_len, const char *key, size_t key_len, const struct json_in_value *v)
{
	char text[16];
	if (v->type == JIN_STRING)
		assert_true(json_in_string(v, text, sizeof(text)) < sizeof(text));
}

// Texts that jansson and we must judge alike; depth and huge numbers apart.
static void sound_and_unsound_texts_are_told_apart_as_jansson_does(void **state)
{
	static const char *const texts[] = {"{}", "{ }", "[]", "", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
		"{\"a\":1 \"b\":2}", "{\"a\":01}", "{\"a\":-}", "{\"a\":-0}", "{\"a\":1.}", "{\"a\":1.5e}",
		"{\"a\":1.5e+3}", "{\"a\":.5}", "{\"a\":+1}", "{\"a\":tru}", "{\"a\":true}", "{\"a\":nul}",
		"{\"a\":[1,2,[3,{\"b\":null}]]}", "{\"a\":[1,]}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}",
		"{\"a\":\"\\ud83d\"}", "{\"a\":\"\\udd14\"}", "{\"a\":\"\\ud83d\\udd14\"}", "{\"a\":\"\\ud83dx\"}",
		"{\"a\":\"\t\"}", "{\"a\":\"\xff\"}", "{\"a\":\"\xc3\xa9\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":1}x",
		"{\"a\":1} {", "{\"a\":\"b", "{\"a\":\"\\u0000\"}", "{'a':1}", "{\"a\":NaN}", "{\"a\":{\"b\":{}}}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *j = json_loads(texts[i], JSON_ALLOW_NUL, NULL);
		const char *wrong = json_in_object(texts[i], strlen(texts[i]), ignore, NULL);
		if (json_is_object(j) != !wrong)
			fail_msg("%s: jansson says %s, we say %s", texts[i], j ? "sound" : "unsound",
				wrong ? wrong : "sound");
		json_decref(j);
	}
}

static void any_damage_to_a_record_is_judged_as_jansson_does(void **state)
{
	static const char record[] =
		"{\"timestamp\":\"2009-11-13T21:32:05.1+0000\",\"n\":[1,-2.5e3,true,null,\"\\u00e9\\n\"],"
		"\"alert\":{\"gid\":1,\"signature\":\"caf\xc3\xa9\"},\"z\":{}}";
	char text[sizeof(record)];
	uint32_t x = 7;

	for (int round = 0; round < 200000; round++) {
		memcpy(text, record, sizeof(text));
		for (int k = 0; k <= round % 3; k++) {
			x = x * 1664525u + 1013904223u;
			text[(x >> 8) % (sizeof(text) - 1)] =
				round & 4 ? (char)(x >> 24) : "{}[]\",:\\u0e-. 1tn"[x >> 24 & 15];
		}
		json_t *j = json_loadb(text, sizeof(text) - 1, JSON_ALLOW_NUL, NULL);
		bool sound = !json_in_object(text, sizeof(text) - 1, ignore, NULL);
		if (json_is_object(j) != sound)
			fail_msg("%s", text);
		json_decref(j);
	}
}

static void deep_nesting_ends_in_a_refusal(void **state)
{
	enum { N = 100000 };
	char *text = malloc(2 * N + 16);
	strcpy(text, "{\"a\":");
	memset(text + 5, '[', N);
	assert_non_null(json_in_object(text, N + 5, ignore, NULL));
	free(text);
}

static void long_text_is_cut_between_characters(void **state)
{
	struct json_in_value v = {JIN_STRING, "aaaaaaa\xc3\xa9\xc3\xa9\xc3\xa9", 13};
	char out[14];
	size_t n = json_in_string(&v, out, 12);
	assert_true(n < 12 && json_in_utf8(out, n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_is_filed_under_its_fields),
		cmocka_unit_test(times_of_any_zone_are_utc),
		cmocka_unit_test(records_without_time_or_type_are_refused),
		cmocka_unit_test(sound_and_unsound_texts_are_told_apart_as_jansson_does),
		cmocka_unit_test(any_damage_to_a_record_is_judged_as_jansson_does),
		cmocka_unit_test(deep_nesting_ends_in_a_refusal),
		cmocka_unit_test(long_text_is_cut_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
