// The bump allocator of rule sets: what it hands out is zeroed, and a rewind gives back what came since the mark.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "detectors/signature/arena.h"

#define MB (1u << 20)

static bool is_zero(const uint8_t *p, size_t n)
{
	return !p[0] && !memcmp(p, p + 1, n - 1);
}

// Takes n bytes in pieces, each of which has to be zeroed, and writes on them.
static void take(struct arena *a, size_t n, size_t piece)
{
	for (size_t at = 0; at < n; at += piece) {
		uint8_t *p = arena_alloc(a, piece);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_true(is_zero(p, piece));
		memset(p, 0xa5, piece);
	}
}

static void memory_is_zeroed_and_aligned_in_blocks_of_any_size(void **state)
{
	struct arena a = {0};
	take(&a, 5 * MB, 1024);   // small blocks, then huge pages
	take(&a, MB, 200 * 1024); // pieces with a block of their own
	assert_true(a.used_bytes >= 6 * MB);
	arena_free(&a);
	assert_int_equal(a.used_bytes, 0);
	take(&a, MB, 1000);
	arena_free(&a);
}

static void a_rewind_gives_back_what_came_since_and_zeroes_it(void **state)
{
	static const size_t before[] = {0, 1000, 300 * 1024, 3 * MB};
	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
		struct arena a = {0};
		take(&a, before[i], 1000);
		struct arena_mark mark = arena_mark(&a);
		size_t used = a.used_bytes;
		char *last = NULL;
		for (int round = 0; round < 20; round++) {
			take(&a, 5 * MB, 3000);
			take(&a, MB / 2, 100 * 1024);
			arena_rewind(&a, &mark);
			assert_int_equal(a.used_bytes, used);
			char *next = arena_copy(&a, "next", 4);
			assert_string_equal(next, "next");
			if (last && before[i])
				assert_ptr_equal(next, last); // nothing was lost on the way
			last = next;
			arena_rewind(&a, &mark);
		}
		arena_free(&a);
	}
}

// Otherwise a file of bad lines would ask the kernel for memory at each of them.
static void what_overflows_a_block_again_and_again_takes_one_block(void **state)
{
	for (int large = 0; large < 2; large++) {
		struct arena a = {0};
		take(&a, large ? 3 * MB : 1000, 1000);
		while (!a.spare) { // until a piece does not fit and comes from a block that is left over
			struct arena_mark mark = arena_mark(&a);
			take(&a, 60000, 60000);
			arena_rewind(&a, &mark);
			take(&a, 1000, 1000);
		}
		const struct arena_block *spare = a.spare;
		for (int i = 0; i < 100; i++) {
			struct arena_mark mark = arena_mark(&a);
			take(&a, 60000, 60000);
			assert_null(a.spare);
			arena_rewind(&a, &mark);
			assert_ptr_equal(a.spare, spare);
		}
		arena_free(&a);
		assert_null(a.spare);
	}
}

static void huge_memory_is_zeroed_and_begins_at_a_huge_page(void **state)
{
	static const size_t sizes[] = {1, 4096, 2 * MB, 2 * MB + 1, 9 * MB};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint8_t *p = huge_alloc(sizes[i]);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % (2 * MB), 0);
		assert_true(is_zero(p, sizes[i]));
		memset(p, 0xa5, sizes[i]);
		huge_free(p, sizes[i]);
	}
	huge_free(NULL, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned_in_blocks_of_any_size),
		cmocka_unit_test(a_rewind_gives_back_what_came_since_and_zeroes_it),
		cmocka_unit_test(what_overflows_a_block_again_and_again_takes_one_block),
		cmocka_unit_test(huge_memory_is_zeroed_and_begins_at_a_huge_page),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
