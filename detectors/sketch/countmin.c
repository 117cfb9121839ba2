// Count-min sketch, see countmin.h.
#include "detectors/sketch/countmin.h"

#include <string.h>

#include "detectors/sketch/hash.h"

#define COUNTMIN_MAGIC 0x314d4354u // "TCM1"

size_t countmin_size(uint8_t rows, uint8_t width_log)
{
	if (rows < 1 || rows > 8 || width_log < 4 || width_log > 24)
		return 0;
	return sizeof(struct countmin) + ((size_t)rows << width_log) * sizeof(uint32_t);
}

struct countmin *countmin_init(void *mem, uint8_t rows, uint8_t width_log)
{
	struct countmin *s = mem;
	memset(s, 0, countmin_size(rows, width_log));
	s->magic = COUNTMIN_MAGIC;
	s->rows = rows;
	s->width_log = width_log;
	return s;
}

// Row r's counter: two halves of the digest give all rows (Kirsch and Mitzenmacher, 2006).
static inline size_t countmin_slot(const struct countmin *s, uint64_t digest, uint32_t r)
{
	uint32_t h = (uint32_t)digest + r * ((uint32_t)(digest >> 32) | 1);
	return ((size_t)r << s->width_log) + (h >> (32 - s->width_log));
}

uint32_t countmin_add(struct countmin *s, uint64_t digest, uint32_t weight)
{
	uint32_t least = UINT32_MAX;
	s->total += weight;
	for (uint32_t r = 0; r < s->rows; r++) {
		uint32_t *c = &s->counts[countmin_slot(s, digest, r)];
		*c = *c > UINT32_MAX - weight ? UINT32_MAX : *c + weight;
		if (*c < least)
			least = *c;
	}
	return least;
}

uint32_t countmin_get(const struct countmin *s, uint64_t digest)
{
	uint32_t least = UINT32_MAX;
	for (uint32_t r = 0; r < s->rows; r++) {
		uint32_t c = s->counts[countmin_slot(s, digest, r)];
		if (c < least)
			least = c;
	}
	return least;
}

bool countmin_merge(struct countmin *to, const struct countmin *from)
{
	if (to->rows != from->rows || to->width_log != from->width_log)
		return false;
	size_t n = (size_t)to->rows << to->width_log;
	for (size_t i = 0; i < n; i++) {
		uint64_t sum = (uint64_t)to->counts[i] + from->counts[i];
		to->counts[i] = sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
	}
	to->total += from->total;
	return true;
}

void countmin_halve(struct countmin *s)
{
	size_t n = (size_t)s->rows << s->width_log;
	for (size_t i = 0; i < n; i++)
		s->counts[i] >>= 1;
	s->total >>= 1;
}

bool countmin_check(const void *mem, size_t len)
{
	const struct countmin *s = mem;
	if (len < sizeof(*s) || s->magic != COUNTMIN_MAGIC)
		return false;
	size_t need = countmin_size(s->rows, s->width_log);
	return need != 0 && need == len;
}
