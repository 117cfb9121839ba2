// The RSS key: both directions of a pair meet on one queue, and pairs spread over queues.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_thash.h>

#include "dataplane/setup/port.h"

enum { QUEUES = 8 };

// What a NIC hashes: addresses and, where it is asked to, ports, in wire order as host words.
static uint32_t toeplitz(const uint32_t *words, uint32_t n)
{
	uint32_t tuple[RTE_THASH_V6_L4_LEN];

	memcpy(tuple, words, n * sizeof(*words));
	return rte_softrss(tuple, n, port_rss_key);
}

static uint32_t any(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*state >> 32);
}

static void port_rss_key_has_a_period_of_two_bytes(void **state)
{
	for (size_t i = 2; i < PORT_RSS_KEY_BYTES; i++)
		assert_int_equal(port_rss_key[i], port_rss_key[i - 2]);
}

static void port_rss_ipv4_directions_share_a_hash(void **state)
{
	uint64_t seed = 1;

	for (int i = 0; i < 10000; i++) {
		uint32_t a = any(&seed), b = any(&seed), ports = any(&seed);
		uint32_t there[] = {a, b, ports}, back[] = {b, a, ports << 16 | ports >> 16};

		assert_int_equal(toeplitz(there, 2), toeplitz(back, 2));
		assert_int_equal(toeplitz(there, 3), toeplitz(back, 3));
	}
}

static void port_rss_ipv6_directions_share_a_hash(void **state)
{
	uint64_t seed = 2;

	for (int i = 0; i < 10000; i++) {
		uint32_t there[9], back[9], ports = any(&seed);

		for (int w = 0; w < 8; w++)
			there[w] = any(&seed);
		memcpy(back, there + 4, 16);
		memcpy(back + 4, there, 16);
		there[8] = ports;
		back[8] = ports << 16 | ports >> 16;
		assert_int_equal(toeplitz(there, 8), toeplitz(back, 8));
		assert_int_equal(toeplitz(there, 9), toeplitz(back, 9));
	}
}

// The price of the symmetric key is fewer distinct hashes (65,536); every queue still gets its share.
static void port_rss_pairs_spread_over_queues(void **state)
{
	uint32_t count[QUEUES] = {0};
	uint64_t seed = 3;

	for (int i = 0; i < 80000; i++) {
		uint32_t pair[] = {any(&seed), any(&seed)};

		count[toeplitz(pair, 2) % QUEUES]++;
	}
	for (int q = 0; q < QUEUES; q++)
		assert_in_range(count[q], 9000, 11000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_rss_key_has_a_period_of_two_bytes),
		cmocka_unit_test(port_rss_ipv4_directions_share_a_hash),
		cmocka_unit_test(port_rss_ipv6_directions_share_a_hash),
		cmocka_unit_test(port_rss_pairs_spread_over_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
