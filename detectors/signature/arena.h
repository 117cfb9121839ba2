// A bump allocator: everything a rule set is made of is freed at once.
#pragma once

#include <stddef.h>

struct arena {
	struct arena_block *blocks;
	size_t used_bytes; // handed out so far
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
