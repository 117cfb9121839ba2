// The one bounds-checked reader: what fits is read, what does not changes nothing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dataplane/api/cursor.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void integers_are_read_in_either_byte_order(void **state)
{
	struct cursor c = cursor_of(bytes, sizeof(bytes));
	uint8_t one;
	uint16_t two;
	uint32_t four;
	uint64_t eight;
	assert_true(cursor_u8(&c, &one));
	assert_int_equal(one, 1);
	assert_true(cursor_be64(&c, &eight));
	assert_int_equal(eight, 0x0203040506070809);
	c = cursor_of(bytes, sizeof(bytes));
	assert_true(cursor_le64(&c, &eight));
	assert_int_equal(eight, 0x0807060504030201);
	c = cursor_of(bytes, sizeof(bytes));
	assert_true(cursor_be16(&c, &two));
	assert_int_equal(two, 0x0102);
	assert_true(cursor_be24(&c, &four));
	assert_int_equal(four, 0x030405);
	assert_true(cursor_le32(&c, &four));
	assert_int_equal(four, 0x09080706);
	c = cursor_of(bytes, sizeof(bytes));
	assert_true(cursor_be32(&c, &four));
	assert_int_equal(four, 0x01020304);
	assert_true(cursor_le16(&c, &two));
	assert_int_equal(two, 0x0605);
	assert_int_equal(cursor_left(&c), 3);
}

// From memory that ends where the cursor does, so that a sanitizer sees a read past it.
static void a_read_that_does_not_fit_fails_and_changes_nothing(void **state)
{
	for (size_t len = 0; len < 8; len++) {
		uint8_t *exact = malloc(len > 0 ? len : 1);
		struct cursor c = cursor_of(exact, len);
		uint16_t two = 7;
		uint32_t four = 7;
		uint64_t eight = 7;
		memset(exact, 0, len);
		assert_false(cursor_be64(&c, &eight));
		assert_false(cursor_le64(&c, &eight));
		assert_int_equal(eight, 7);
		assert_int_equal(cursor_be32(&c, &four), len >= 4);
		assert_int_equal(four, len >= 4 ? 0 : 7);
		assert_int_equal(cursor_le16(&c, &two), len % 4 >= 2);
		assert_int_equal(cursor_left(&c), len % 2);
		assert_false(cursor_skip(&c, 2));
		assert_null(cursor_take(&c, SIZE_MAX));
		assert_null(cursor_peek(&c, 2));
		assert_int_equal(cursor_left(&c), len % 2);
		free(exact);
	}
}

static void a_peek_takes_nothing_and_a_take_moves_on(void **state)
{
	struct cursor c = cursor_of(bytes, sizeof(bytes));
	assert_ptr_equal(cursor_peek(&c, 9), bytes);
	assert_ptr_equal(cursor_take(&c, 4), bytes);
	assert_ptr_equal(cursor_peek(&c, 5), bytes + 4);
	assert_null(cursor_peek(&c, 6));
	assert_int_equal(cursor_left(&c), 5);
}

static void a_limit_only_ever_shortens(void **state)
{
	struct cursor c = cursor_of(bytes, sizeof(bytes));
	cursor_limit(&c, 20);
	assert_int_equal(cursor_left(&c), 9);
	cursor_limit(&c, 3);
	assert_int_equal(cursor_left(&c), 3);
	cursor_limit(&c, 9);
	assert_int_equal(cursor_left(&c), 3);
}

static void a_piece_cut_off_ends_where_the_rest_begins(void **state)
{
	struct cursor c = cursor_of(bytes, sizeof(bytes)), piece = {0};
	assert_false(cursor_sub(&c, 10, &piece));
	assert_null(piece.at);
	assert_true(cursor_sub(&c, 4, &piece));
	assert_int_equal(cursor_left(&piece), 4);
	assert_ptr_equal(piece.end, c.at);
	assert_int_equal(cursor_left(&c), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_read_in_either_byte_order),
		cmocka_unit_test(a_read_that_does_not_fit_fails_and_changes_nothing),
		cmocka_unit_test(a_peek_takes_nothing_and_a_take_moves_on),
		cmocka_unit_test(a_limit_only_ever_shortens),
		cmocka_unit_test(a_piece_cut_off_ends_where_the_rest_begins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
