// See arena.h.
#include "detectors/signature/arena.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (256u * 1024)

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(16) char mem[];
};

void *arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *b = a->blocks;
	n = (n + 15) & ~(size_t)15;
	if (!b || b->size - b->used < n) {
		size_t size = n > BLOCK_BYTES / 4 ? n : BLOCK_BYTES;
		b = calloc(1, sizeof(*b) + size);
		if (!b)
			return NULL;
		b->size = size;
		if (a->blocks && n > BLOCK_BYTES / 4) { // keep filling the block in use
			b->next = a->blocks->next;
			a->blocks->next = b;
		} else {
			b->next = a->blocks;
			a->blocks = b;
		}
	}
	void *p = b->mem + b->used;
	b->used += n;
	a->used_bytes += n;
	return p;
}

char *arena_copy(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);
	if (p)
		memcpy(p, s, n);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_copy(a, s, strlen(s));
}

struct arena_mark arena_mark(const struct arena *a)
{
	struct arena_block *b = a->blocks;
	return (struct arena_mark){b, b ? b->next : NULL, b ? b->used : 0, a->used_bytes};
}

static void pop(struct arena_block **at)
{
	struct arena_block *b = *at;
	*at = b->next;
	free(b);
}

void arena_rewind(struct arena *a, const struct arena_mark *mark)
{
	while (a->blocks != mark->block)
		pop(&a->blocks);
	if (mark->block) {
		while (mark->block->next != mark->next)
			pop(&mark->block->next);
		memset(mark->block->mem + mark->used, 0, mark->block->used - mark->used);
		mark->block->used = mark->used;
	}
	a->used_bytes = mark->used_bytes;
}

void arena_free(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *b = a->blocks;
		a->blocks = b->next;
		free(b);
	}
	a->used_bytes = 0;
}
