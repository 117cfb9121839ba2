// "Did you mean": the known name closest to one that was mistyped. Used for keys and for options.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// The best candidate so far. Start with nearest_begin, offer every known name, then ask.
struct nearest {
	const char *wanted;
	const char *best; // borrowed from the caller of nearest_offer
	size_t distance;
};

void nearest_begin(struct nearest *n, const char *wanted);
void nearest_offer(struct nearest *n, const char *known);
// The best name, or NULL when even that one is too far off to help.
const char *nearest_found(const struct nearest *n);

// Edits (insert, delete, replace, swap of neighbours) that turn a into b; case does not count and '_' equals '-'.
// Strings past 96 bytes are compared by their first 96.
size_t nearest_distance(const char *a, const char *b);
