// Sketches against exact counts, over their stated error bounds. With an argument: up to so many keys (10000000 takes
// some seconds; without, a million).
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "detectors/sketch/countmin.h"
#include "detectors/sketch/distinct.h"
#include "detectors/sketch/hash.h"
#include "detectors/sketch/heavy.h"
#include "detectors/sketch/quantile.h"

static uint32_t most_keys = 1000000;

static uint64_t key(uint64_t i)
{
	return sketch_mix(i + 1) | 1;
}

// Key i comes 1 + n/(i+1) times: Zipf, as addresses do.
static uint32_t zipf(uint32_t i, uint32_t n)
{
	return 1 + n / (i + 1) / 10;
}

static void check_countmin(uint32_t keys)
{
	struct countmin *s = countmin_init(malloc(countmin_size(4, 14)), 4, 14);
	uint32_t wrong = 0;
	for (uint32_t i = 0; i < keys; i++)
		countmin_add(s, key(i), zipf(i, keys));
	double bound = 2.718281828 / (1 << 14) * (double)s->total;
	for (uint32_t i = 0; i < keys; i++) {
		uint32_t got = countmin_get(s, key(i));
		assert_true(got >= zipf(i, keys));
		wrong += got - zipf(i, keys) > bound;
	}
	// a key is outside the bound with probability exp(-4) at most
	assert_true(wrong <= keys * 0.0184);
	free(s);
}

static void countmin_is_never_low_and_rarely_off_by_more_than_its_bound(void **state)
{
	for (uint32_t keys = 1000; keys <= most_keys; keys *= 10)
		check_countmin(keys);
}

static void countmin_merged_equals_one_over_both(void **state)
{
	size_t size = countmin_size(3, 10);
	struct countmin *a = countmin_init(malloc(size), 3, 10), *b = countmin_init(malloc(size), 3, 10);
	struct countmin *both = countmin_init(malloc(size), 3, 10),
			*other = countmin_init(malloc(countmin_size(3, 9)), 3, 9);
	for (uint32_t i = 0; i < 5000; i++) {
		countmin_add(i & 1 ? a : b, key(i % 700), i % 5 + 1);
		countmin_add(both, key(i % 700), i % 5 + 1);
	}
	assert_true(countmin_merge(a, b));
	assert_memory_equal(a, both, size);
	assert_false(countmin_merge(a, other));
	countmin_halve(a);
	assert_int_equal(countmin_get(a, key(3)), countmin_get(both, key(3)) / 2);
	free(a), free(b), free(both), free(other);
}

static void countmin_saturates(void **state)
{
	struct countmin *s = countmin_init(malloc(countmin_size(2, 4)), 2, 4);
	countmin_add(s, key(1), UINT32_MAX - 1);
	assert_int_equal(countmin_add(s, key(1), 5), UINT32_MAX);
	free(s);
}

static void sketches_from_elsewhere_are_checked(void **state)
{
	size_t size = countmin_size(2, 8), heavy = heavy_size(3);
	uint8_t *bytes = malloc(size), *table = malloc(heavy);
	countmin_init(bytes, 2, 8);
	assert_true(countmin_check(bytes, size));
	assert_false(countmin_check(bytes, size - 1));
	bytes[4] = 200;
	assert_false(countmin_check(bytes, size));
	heavy_init(table, 3);
	assert_true(heavy_check(table, heavy));
	assert_false(heavy_check(table, 8));
	table[0] ^= 1;
	assert_false(heavy_check(table, heavy));
	assert_int_equal(countmin_size(9, 8), 0);
	assert_int_equal(heavy_size(21), 0);
	free(bytes), free(table);
}

// What another sensor sends: bytes, at an address of their own.
static void *sent(const void *sketch, size_t size)
{
	void *bytes = malloc(size);
	memcpy(bytes, sketch, size);
	return bytes;
}

static void sketches_of_two_sensors_merge_from_bytes_as_if_one_had_seen_all(void **state)
{
	size_t counts = countmin_size(4, 10), tops = heavy_size(6);
	struct countmin *c[3];
	struct heavy *t[3];
	struct quantile q[3];
	uint8_t name[16] = {0}, distinct[3][1 << 10];
	memset(q, 0, sizeof(q));
	memset(distinct, 0, sizeof(distinct));
	for (uint32_t i = 0; i < 3; i++) {
		c[i] = countmin_init(malloc(counts), 4, 10);
		t[i] = heavy_init(malloc(tops), 6);
	}
	for (uint32_t n = 0; n < 20000; n++) {
		uint32_t k = n % 97 * (n % 89);
		for (uint32_t i = n & 1; i < 3; i += 2 - (n & 1)) { // its own sensor, and the one that sees all
			countmin_add(c[i], key(k), 1);
			heavy_add(t[i], key(k % 60), name, 1);
			quantile_add(&q[i], k);
			hll_add(distinct[i], 10, key(k));
		}
	}
	void *bytes[] = {sent(c[1], counts), sent(t[1], tops), sent(&q[1], sizeof(q[1])), sent(distinct[1], 1 << 10)};
	assert_true(countmin_check(bytes[0], counts) && countmin_merge(c[0], bytes[0]));
	assert_memory_equal(c[0], c[2], counts);
	assert_true(heavy_check(bytes[1], tops) && heavy_merge(t[0], bytes[1]));
	for (uint32_t k = 0; k < 60; k++) // no bucket overflows: the counts are exact
		if (heavy_find(t[2], key(k)))
			assert_int_equal(heavy_find(t[0], key(k))->count, heavy_find(t[2], key(k))->count);
	quantile_merge(&q[0], bytes[2]);
	assert_memory_equal(&q[0], &q[2], sizeof(q[0]));
	hll_merge(distinct[0], bytes[3], 10);
	assert_memory_equal(distinct[0], distinct[2], 1 << 10);
	for (uint32_t i = 0; i < 4; i++)
		free(bytes[i]);
	for (uint32_t i = 0; i < 3; i++)
		free(c[i]), free(t[i]);
}

static void check_heavy(uint32_t keys)
{
	struct heavy *s = heavy_init(malloc(heavy_size(7)), 7); // 1024 entries
	uint8_t name[16] = {0};
	// interleaved, the rarest first and last
	for (uint32_t round = 0; round < 10; round++) {
		for (uint32_t i = keys; i-- > 0;) {
			memcpy(name, &i, 4);
			if (zipf(i, keys) > round)
				heavy_add(s, key(i), name, (zipf(i, keys) + 9 - round) / 10);
		}
	}
	const struct heavy_entry *top[20];
	assert_int_equal(heavy_top(s, top, 20), 20);
	for (uint32_t i = 0; i < 10; i++) {
		const struct heavy_entry *e = heavy_find(s, key(i));
		assert_non_null(e);
		assert_true(e->count >= zipf(i, keys));
		assert_true(e->count - e->error <= zipf(i, keys));
		assert_memory_equal(e->key, &i, 4);
	}
	assert_true(top[0] == heavy_find(s, key(0)));
	free(s);
}

static void heavy_hitters_are_there_within_their_error(void **state)
{
	for (uint32_t keys = 1000; keys <= most_keys; keys *= 10)
		check_heavy(keys);
}

static void heavy_hitters_fade(void **state)
{
	struct heavy *s = heavy_init(malloc(heavy_size(0)), 0);
	uint8_t name[16] = {0};
	heavy_add(s, key(1), name, 100);
	for (int i = 0; i < 7; i++)
		heavy_halve(s);
	assert_null(heavy_find(s, key(1)));
	free(s);
}

static void heavy_hitters_of_two_workers_add_up(void **state)
{
	struct heavy *a = heavy_init(malloc(heavy_size(4)), 4), *b = heavy_init(malloc(heavy_size(4)), 4);
	uint8_t name[16] = {0};
	for (uint32_t i = 0; i < 50; i++) {
		heavy_add(a, key(i), name, i + 1);
		heavy_add(b, key(i), name, 2 * i + 1);
	}
	assert_true(heavy_merge(a, b));
	assert_true(heavy_find(a, key(49))->count >= 50 + 99);
	free(a), free(b);
}

static void check_hll(uint32_t keys, uint32_t p)
{
	uint8_t *r = calloc(1, 1u << p);
	for (uint32_t i = 0; i < keys; i++)
		for (int twice = 0; twice < 2; twice++)
			hll_add(r, p, key(i));
	double error = fabs(hll_count(r, p) - keys) / keys;
	// four standard errors
	assert_true(error < 4 * 1.04 / sqrt(1u << p));
	free(r);
}

static void distinct_counts_hold_their_standard_error(void **state)
{
	for (uint32_t keys = 1000; keys <= most_keys; keys *= 10) {
		check_hll(keys, 6);
		check_hll(keys, 10);
		check_hll(keys, 14);
	}
	check_hll(5, 6);
	check_hll(40, 6);
}

static void distinct_counts_of_two_workers_are_exactly_those_of_one(void **state)
{
	uint8_t a[64] = {0}, b[64] = {0}, both[64] = {0};
	uint64_t ma[4] = {0}, mb[4] = {0}, mboth[4] = {0};
	for (uint32_t i = 0; i < 1000; i++) {
		hll_add(i % 3 ? a : b, 6, key(i));
		hll_add(both, 6, key(i));
		bitmap_add(i % 3 ? ma : mb, 4, key(i));
		bitmap_add(mboth, 4, key(i));
	}
	hll_merge(a, b, 6);
	assert_memory_equal(a, both, 64);
	bitmap_merge(ma, mb, 4);
	assert_memory_equal(ma, mboth, sizeof(ma));
}

static void bitmaps_count_small_sets_closely(void **state)
{
	for (uint32_t keys = 8; keys <= 1000; keys = keys * 5 / 2) {
		uint64_t map[16] = {0};
		for (uint32_t i = 0; i < keys; i++)
			bitmap_add(map, 16, key(i));
		assert_true(fabs(bitmap_count(map, 16) - keys) <= 2 + keys * 0.06);
	}
	uint64_t full[1] = {UINT64_MAX};
	assert_true(bitmap_count(full, 1) > 250);
}

static void quantiles_hold_their_relative_error(void **state)
{
	static struct quantile s, other;
	memset(&s, 0, sizeof(s));
	memset(&other, 0, sizeof(other));
	assert_true(quantile_get(&s, 0.5) == 0);
	for (uint32_t i = 1; i <= 100000; i++)
		quantile_add(i & 1 ? &s : &other, i);
	quantile_merge(&s, &other);
	for (double q = 0.01; q < 1; q += 0.07)
		assert_true(fabs(quantile_get(&s, q) - q * 100000) <= q * 100000 * (QUANTILE_ERROR + 0.001) + 1);
	quantile_add(&s, 1e30);
	quantile_add(&s, -5);
	assert_true(quantile_get(&s, 1) > 1e6);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		most_keys = (uint32_t)strtoul(argv[1], NULL, 10);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(countmin_is_never_low_and_rarely_off_by_more_than_its_bound),
		cmocka_unit_test(countmin_merged_equals_one_over_both),
		cmocka_unit_test(countmin_saturates),
		cmocka_unit_test(sketches_from_elsewhere_are_checked),
		cmocka_unit_test(sketches_of_two_sensors_merge_from_bytes_as_if_one_had_seen_all),
		cmocka_unit_test(heavy_hitters_are_there_within_their_error),
		cmocka_unit_test(heavy_hitters_fade),
		cmocka_unit_test(heavy_hitters_of_two_workers_add_up),
		cmocka_unit_test(distinct_counts_hold_their_standard_error),
		cmocka_unit_test(distinct_counts_of_two_workers_are_exactly_those_of_one),
		cmocka_unit_test(bitmaps_count_small_sets_closely),
		cmocka_unit_test(quantiles_hold_their_relative_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
