// How many things are open by now, by how long they have been: slow_dos's count of connections without progress.
//
// Time comes in parts. What begins is counted in its part and taken out of there when it ends; the parts of late are
// told apart, all that is older is one number.
#pragma once

#include <stdint.h>

#define AGED_PARTS 16u // that are told apart, the present one with them

struct aged {
	uint64_t part; // the present
	uint32_t open[AGED_PARTS];
	uint32_t old;
	uint32_t spare;
};

// Makes `part` the present one; an earlier one changes nothing.
static inline void aged_advance(struct aged *a, uint64_t part)
{
	for (uint32_t i = 0; a->part < part && i < AGED_PARTS; i++) {
		uint32_t *oldest = &a->open[++a->part % AGED_PARTS];
		a->old += *oldest;
		*oldest = 0;
	}
	if (a->part < part)
		a->part = part;
}

// Where what began in `part` is counted.
static inline uint32_t *aged_place(struct aged *a, uint64_t part)
{
	return part + AGED_PARTS <= a->part ? &a->old : &a->open[part % AGED_PARTS];
}

static inline void aged_begin(struct aged *a, uint64_t part)
{
	++*aged_place(a, part);
}

// What was counted by aged_begin() with the same part.
static inline void aged_end(struct aged *a, uint64_t part)
{
	uint32_t *n = aged_place(a, part);
	*n -= *n != 0;
}

// Things that are open since at least `parts` parts, below AGED_PARTS.
static inline uint32_t aged_open(const struct aged *a, uint32_t parts)
{
	uint32_t n = a->old;
	for (uint32_t i = parts; i < AGED_PARTS; i++)
		n += a->open[(a->part + AGED_PARTS - i) % AGED_PARTS];
	return n;
}
