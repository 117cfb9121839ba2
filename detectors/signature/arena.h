// A bump allocator: everything a rule set is made of is freed at once.
#pragma once

#include <stddef.h>

struct arena {
	struct arena_block *blocks;
	struct arena_block *spare; // that a rewind has left, zeroed
	size_t used_bytes;         // handed out so far
};

// n zeroed bytes, 16-byte aligned; NULL without memory. Lives until arena_free.
void *arena_alloc(struct arena *a, size_t n);
// A copy of n bytes with a zero byte behind them.
char *arena_copy(struct arena *a, const char *s, size_t n);
char *arena_strdup(struct arena *a, const char *s);
// Where an arena stands; arena_rewind() gives back what was taken since, nothing of which may be in use any more.
struct arena_mark {
	struct arena_block *block, *next;
	size_t used, used_bytes;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, const struct arena_mark *mark);
void arena_free(struct arena *a);

// n zeroed bytes in pages of their own, 2 MB large where the kernel has such: for what is large and written at once,
// since a fault a page of 4 kB costs more than the work on it. NULL without memory.
void *huge_alloc(size_t n);
// Takes the n that was asked for. Accepts NULL.
void huge_free(void *p, size_t n);
