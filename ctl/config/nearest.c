// Optimal string alignment distance over short names. Next: schema.c.
#include "ctl/config/nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { NEAREST_MAX = 96 };

static int fold(char c)
{
	return c == '_' ? '-' : tolower((unsigned char)c);
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;
	return m < c ? m : c;
}

// Restricted Damerau-Levenshtein: three rows of the table are enough to see a swap of neighbours.
size_t nearest_distance(const char *a, const char *b)
{
	size_t la = strnlen(a, NEAREST_MAX), lb = strnlen(b, NEAREST_MAX);
	uint8_t rows[3][NEAREST_MAX + 1];

	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = (uint8_t)j;
	for (size_t i = 1; i <= la; i++) {
		uint8_t *row = rows[i % 3];
		const uint8_t *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = (uint8_t)i;
		for (size_t j = 1; j <= lb; j++) {
			bool same = fold(a[i - 1]) == fold(b[j - 1]);
			size_t d = min3(up[j] + 1u, row[j - 1] + 1u, up[j - 1] + !same);

			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]))
				d = min3(d, up2[j - 2] + 1u, d);
			row[j] = (uint8_t)d;
		}
	}
	return rows[la % 3][lb];
}

void nearest_begin(struct nearest *n, const char *wanted)
{
	*n = (struct nearest){.wanted = wanted, .distance = SIZE_MAX};
}

void nearest_offer(struct nearest *n, const char *known)
{
	size_t d = nearest_distance(n->wanted, known);

	if (d < n->distance) {
		n->distance = d;
		n->best = known;
	}
}

// A third of the letters wrong is still a typing error; more is another word.
const char *nearest_found(const struct nearest *n)
{
	size_t limit = strlen(n->wanted) / 3;

	if (limit < 2)
		limit = 2;
	return n->best && n->distance <= limit ? n->best : NULL;
}
