// HPACK against the examples of RFC 7541, appendix C, and what must not be believed.
#include "tests/unit/parser_lab.h"

#include "dataplane/parsers/hpack.h"

static struct parser_lab lab;
static struct hpack table;
static struct app_text text;
static char told[4096];

extern const struct parser parser_http2;

static int begin(void **state)
{
	plab_open(&lab, &parser_http2, OVER_TCP);
	table = (struct hpack){0};
	text = (struct app_text){0};
	return 0;
}

static int end(void **state)
{
	hpack_free(lab.run, &table);
	app_text_free(lab.run, &text);
	plab_close(&lab);
	return 0;
}

// The block's fields as "name: value\n", what is none by its answer.
static const char *read_block(const void *bytes, uint32_t len)
{
	uint8_t *exact = malloc(len ? len : 1); // a read past the end is seen
	struct cursor c = cursor_of(memcpy(exact, bytes, len), len);
	enum hpack_answer a;
	uint32_t name_len = 0;
	uint64_t number = 0;
	char *at = told;

	*at = 0;
	do {
		text.len = 0;
		a = hpack_next(lab.run, &table, &c, &text, APP_ALLOC_MAX, &name_len, &number);
		if (a == HPACK_FIELD) {
			plab_put_bytes(&at, told + sizeof(told), (struct app_bytes){text.at, name_len});
			plab_put(&at, told + sizeof(told), ": ");
			plab_put_bytes(
				&at, told + sizeof(told), (struct app_bytes){text.at + name_len, text.len - name_len});
			plab_put(&at, told + sizeof(told), "\n");
		} else if (a == HPACK_SIZE_UPDATE) {
			plab_put(&at, told + sizeof(told), "size %u\n", (unsigned)number);
		} else if (a != HPACK_END) {
			plab_put(&at, told + sizeof(told), "answer %d\n", a);
		}
	} while (a == HPACK_FIELD || a == HPACK_SIZE_UPDATE || a == HPACK_INDEX_ZERO || a == HPACK_NOT_INDEXED);
	free(exact);
	return told;
}
#define BLOCK(literal) read_block(literal, sizeof(literal) - 1)

static void integers_are_read_as_in_the_rfc(void **state)
{
	static const uint8_t small[] = {0xea}, large[] = {0x1f, 0x9a, 0x0a}, cut[] = {0xff, 0x80},
			     endless[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
	struct cursor c = cursor_of(small, sizeof(small));
	uint64_t v;

	assert_int_equal(hpack_integer(&c, 5, &v), HPACK_FIELD); // C.1.1
	assert_int_equal(v, 10);
	c = cursor_of(large, sizeof(large)); // C.1.2
	assert_int_equal(hpack_integer(&c, 5, &v), HPACK_FIELD);
	assert_int_equal(v, 1337);
	c = cursor_of(cut, sizeof(cut));
	assert_int_equal(hpack_integer(&c, 7, &v), HPACK_CUT);
	c = cursor_of(endless, sizeof(endless));
	assert_int_equal(hpack_integer(&c, 7, &v), HPACK_OVERFLOW);
}

static void requests_with_huffman_code_share_a_table(void **state) // C.4
{
	assert_string_equal(BLOCK("\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"),
		":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\n");
	assert_int_equal(table.size, 57);
	assert_string_equal(BLOCK("\x82\x86\x84\xbe\x58\x86\xa8\xeb\x10\x64\x9c\xbf"),
		":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\ncache-control: no-cache\n");
	assert_string_equal(BLOCK("\x82\x87\x85\xbf\x40\x88\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f\x89\x25\xa8\x49\xe9\x5b\xb8"
				  "\xe8\xb4\xbf"),
		":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\n"
		"custom-key: custom-value\n");
	assert_int_equal(table.size, 164);
}

static void old_entries_leave_a_small_table(void **state) // C.6
{
	table.max = 256;
	table.sized = true;
	assert_string_equal(
		BLOCK("\x48\x82\x64\x02\x58\x85\xae\xc3\x77\x1a\x4b\x61\x96\xd0\x7a\xbe\x94\x10\x54\xd4\x44\xa8\x20\x05"
		      "\x95\x04\x0b\x81\x66\xe0\x82\xa6\x2d\x1b\xff\x6e\x91\x9d\x29\xad\x17\x18\x63\xc7\x8f\x0b\x97\xc8"
		      "\xe9\xae\x82\xae\x43\xd3"),
		":status: 302\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n"
		"location: https://www.example.com\n");
	assert_int_equal(table.size, 222);
	assert_string_equal(BLOCK("\x48\x83\x64\x0e\xff\xc1\xc0\xbf"),
		":status: 307\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n"
		"location: https://www.example.com\n");
	assert_int_equal(table.size, 222); // :status: 302 has gone for :status: 307
}

static void a_literal_that_is_never_indexed_leaves_the_table_alone(void **state) // C.2.3
{
	assert_string_equal(BLOCK("\x10\x08password\x06secret"), "password: secret\n");
	assert_int_equal(table.size, 0);
	assert_string_equal(BLOCK("\xbe"), "answer 3\n"); // HPACK_NOT_INDEXED
}

static void a_size_update_empties_the_table(void **state)
{
	BLOCK("\x40\x01"
	      "a\x01"
	      "b");
	assert_int_equal(table.size, 34);
	assert_string_equal(BLOCK("\x20\x3f\xe1\x1f"), "size 0\nsize 4096\n");
	assert_int_equal(table.size, 0);
	assert_string_equal(BLOCK("\xbe"), "answer 3\n");
}

static void a_table_never_grows_past_its_bounds(void **state)
{
	uint8_t field[3 + 1 + 100] = {0x40, 1, 'n', 100};

	BLOCK("\x3f\xe1\xff\x3f"); // a megabyte is asked for
	assert_int_equal(table.max, HPACK_TABLE_MAX);
	for (uint32_t i = 0; i < 3000; i++) {
		memset(field + 4, 'a' + (int)(i % 26), 100);
		read_block(field, sizeof(field));
	}
	assert_true(table.size <= HPACK_TABLE_MAX && table.size > HPACK_TABLE_MAX - 200);
	assert_true(table.bytes.len <= APP_ALLOC_MAX);
	assert_memory_equal(BLOCK("\xbe"), "n: jjjj", 7); // 2999 % 26
	for (uint32_t i = 0; i < 5000; i++)               // entries of no bytes cost 32 all the same
		BLOCK("\x40\x00\x00");
	assert_true(table.entries.len <= 4096 * 12);
}

static void an_entry_larger_than_the_table_empties_it(void **state)
{
	BLOCK("\x40\x01"
	      "a\x01"
	      "b");
	BLOCK("\x3f\x11\x40\x01"
	      "a\x20"
	      "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"); // 48 bytes of table, 65 of entry
	assert_int_equal(table.size, 0);
	assert_string_equal(BLOCK("\xbe"), "answer 3\n");
}

static void what_is_malformed_is_told(void **state)
{
	assert_string_equal(BLOCK("\x80"), "answer 2\n"); // HPACK_INDEX_ZERO
	assert_string_equal(BLOCK("\x82\xff\x20"), ":method: GET\nanswer 3\n");
	assert_string_equal(BLOCK("\x40\x05"
				  "abc"),
		"answer 5\n"); // HPACK_CUT
	assert_string_equal(BLOCK("\x40\x01"
				  "a\x84\xff\xff\xff\xff"),
		"a: \n"); // a string that is padded with more than seven bits
}

static void every_byte_survives_the_code(void **state)
{
	// the code of 0x0a, 30 bits, and of 'a', five, from appendix B; three bits of padding short of 40
	assert_string_equal(BLOCK("\x40\x01"
				  "n\x85\xff\xff\xff\xf0\x7f"),
		"n: \\x0aa\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(integers_are_read_as_in_the_rfc, begin, end),
		cmocka_unit_test_setup_teardown(requests_with_huffman_code_share_a_table, begin, end),
		cmocka_unit_test_setup_teardown(old_entries_leave_a_small_table, begin, end),
		cmocka_unit_test_setup_teardown(a_literal_that_is_never_indexed_leaves_the_table_alone, begin, end),
		cmocka_unit_test_setup_teardown(a_size_update_empties_the_table, begin, end),
		cmocka_unit_test_setup_teardown(a_table_never_grows_past_its_bounds, begin, end),
		cmocka_unit_test_setup_teardown(an_entry_larger_than_the_table_empties_it, begin, end),
		cmocka_unit_test_setup_teardown(what_is_malformed_is_told, begin, end),
		cmocka_unit_test_setup_teardown(every_byte_survives_the_code, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
