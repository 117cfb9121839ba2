// Quantile sketch, see quantile.h.
#include "detectors/sketch/quantile.h"

#include <math.h>

static const double log_gamma = 0.10008345855698253; // ln((1 + 0.05) / (1 - 0.05))

void quantile_add(struct quantile *s, double value)
{
	double i = value > 1 ? ceil(log(value) / log_gamma) : 0;
	uint32_t b = i < QUANTILE_BUCKETS ? (uint32_t)i : QUANTILE_BUCKETS - 1;
	s->total++;
	if (s->counts[b] != UINT32_MAX)
		s->counts[b]++;
}

double quantile_get(const struct quantile *s, double q)
{
	if (s->total == 0)
		return 0;
	double rank = q * (double)(s->total - 1);
	uint64_t seen = 0;
	uint32_t b = 0;
	for (; b < QUANTILE_BUCKETS - 1; b++) {
		seen += s->counts[b];
		if ((double)seen > rank)
			break;
	}
	if (b == 0)
		return 1;
	// the middle of the bucket's bounds, in the sense that minimises the relative error
	return 2 * exp(b * log_gamma) / (exp(log_gamma) + 1);
}

void quantile_merge(struct quantile *to, const struct quantile *from)
{
	to->total += from->total;
	for (uint32_t b = 0; b < QUANTILE_BUCKETS; b++) {
		uint64_t sum = (uint64_t)to->counts[b] + from->counts[b];
		to->counts[b] = sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
	}
}
