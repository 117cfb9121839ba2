// A text found whatever its case, against a search byte by byte: random bytes of few kinds, every length of text and of
// what is searched around the sixteen places that are looked at together.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <ctype.h>

#include "detectors/signature/match_runtime.h"

#define BYTES 70u

static uint32_t plain(const uint8_t *at, uint32_t len, const uint8_t *text, uint32_t n)
{
	for (uint32_t i = 0; i + n <= len; i++) {
		uint32_t k = 0;
		while (k < n && tolower(at[i + k]) == text[k])
			k++;
		if (k == n)
			return i;
	}
	return UINT32_MAX;
}

static void fill(uint8_t *out, uint32_t n, bool lower)
{
	// '@' and '`', '[' and '{' differ like two cases of a letter, and are none
	static const char kinds[] = "aAbBzZ@`[{\xc1\xe1\x01!";
	for (uint32_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)kinds[random() % (long)(sizeof(kinds) - 1)];
		out[i] = lower ? (uint8_t)tolower(c) : c;
	}
}

// The bytes lie at the end of a block of their own, so that a sanitizer sees one that is read behind them.
static void text_is_found_where_a_search_by_bytes_finds_it(void **state)
{
	srandom(7);
	for (uint32_t len = 0; len <= BYTES; len++) {
		for (int turn = 0; turn < 60; turn++) {
			uint8_t *at = malloc(len ? len : 1), text[20];
			uint32_t n = 1 + (uint32_t)random() % (turn % 3 ? 3 : sizeof(text));
			fill(at, len, false);
			fill(text, n, true);
			if (turn % 2 && len >= n)
				for (uint32_t i = 0, to = (uint32_t)random() % (len - n + 1); i < n; i++)
					at[to + i] = (uint8_t)(random() % 2 ? toupper(text[i]) : text[i]);
			assert_int_equal(find_nocase(at, len, text, n), plain(at, len, text, n));
			free(at);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_found_where_a_search_by_bytes_finds_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
