// Distinct counts, see distinct.h.
#include "detectors/sketch/distinct.h"

#include <math.h>

static double hll_alpha(double m)
{
	if (m <= 16)
		return 0.673;
	if (m <= 32)
		return 0.697;
	if (m <= 64)
		return 0.709;
	return 0.7213 / (1 + 1.079 / m);
}

// 2^-rank by its bits: ldexp() would be most of the cost.
static inline double power_of_half(uint8_t rank)
{
	union {
		uint64_t bits;
		double value;
	} x = {.bits = (uint64_t)(1023 - rank) << 52};
	return x.value;
}

double hll_count(const uint8_t *registers, uint32_t p)
{
	uint32_t m = 1u << p, zeros = 0;
	double sum = 0;
	for (uint32_t i = 0; i < m; i++) {
		sum += power_of_half(registers[i]);
		zeros += registers[i] == 0;
	}
	double estimate = hll_alpha(m) * m * m / sum;
	// few keys: counting the registers never hit is the better estimate (section 4 of the paper)
	if (estimate <= 2.5 * m && zeros != 0)
		return m * log((double)m / zeros);
	return estimate;
}

double bitmap_count(const uint64_t *map, uint32_t words)
{
	double m = words * 64.0;
	uint32_t set = 0;
	for (uint32_t i = 0; i < words; i++)
		set += (uint32_t)__builtin_popcountll(map[i]);
	double zeros = m - set;
	return m * log(m / (zeros > 0 ? zeros : 0.5));
}
