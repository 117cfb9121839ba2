// Quantiles of positive numbers with a bounded relative error.
//
// DDSketch (Masson et al., 2019): bucket i counts the values in (g^(i-1), g^i], g = (1+a)/(1-a), so that
// every quantile is exact to the relative error a = 5 %, for values from 1 to 2^40 (everything else is
// taken as the nearest of those). Merging is exact. The struct is flat: embed it, write it, send it.
#pragma once

#include <stdint.h>

#define QUANTILE_BUCKETS 280u
#define QUANTILE_ERROR 0.05

struct quantile {
	uint64_t total;
	uint32_t counts[QUANTILE_BUCKETS];
};

// Counts one value. An all-zero struct is an empty sketch.
void quantile_add(struct quantile *s, double value);
// The value below which the share q (0..1) of all values lie; 0 when empty.
double quantile_get(const struct quantile *s, double q);
// Adds what `from` counted.
void quantile_merge(struct quantile *to, const struct quantile *from);
