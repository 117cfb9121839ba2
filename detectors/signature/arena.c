// See arena.h.
#include "detectors/signature/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BLOCK_BYTES (256u * 1024)
#define HUGE_BYTES (2u << 20)
#define LARGE_BYTES (1u << 20) // an arena that has handed out so much goes on in huge pages

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	bool huge;
	_Alignas(16) char mem[];
};

static size_t huge_size(size_t n)
{
	return (n + HUGE_BYTES - 1) & ~(size_t)(HUGE_BYTES - 1);
}

void *huge_alloc(size_t n)
{
	size_t size = huge_size(n);
	char *map = mmap(NULL, size + HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	// Huge pages begin at their own size: what lies before and behind is given back.
	size_t before = -(uintptr_t)map & (HUGE_BYTES - 1);
	if (before)
		munmap(map, before);
	if (before < HUGE_BYTES)
		munmap(map + before + size, HUGE_BYTES - before);
	madvise(map + before, size, MADV_HUGEPAGE); // a kernel without them gives small pages
	return map + before;
}

void huge_free(void *p, size_t n)
{
	if (p)
		munmap(p, huge_size(n));
}

static struct arena_block *block_new(struct arena *a, size_t n)
{
	bool own = n > BLOCK_BYTES / 4, huge = !own && a->used_bytes >= LARGE_BYTES;
	size_t size = own ? n : huge ? HUGE_BYTES - sizeof(struct arena_block) : BLOCK_BYTES;
	struct arena_block *b = own ? NULL : a->spare;
	if (b) {
		a->spare = NULL;
		return b;
	}
	b = huge ? huge_alloc(HUGE_BYTES) : calloc(1, sizeof(*b) + size);
	if (!b)
		return NULL;
	b->size = size;
	b->huge = huge;
	return b;
}

static void block_free(struct arena_block *b)
{
	if (b->huge)
		huge_free(b, HUGE_BYTES);
	else
		free(b);
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *b = a->blocks;
	n = (n + 15) & ~(size_t)15;
	if (!b || b->size - b->used < n) {
		b = block_new(a, n);
		if (!b)
			return NULL;
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

// Takes a block out. One of the common sizes is kept, so that refused rules at the end of a block do not make one each.
static void pop(struct arena *a, struct arena_block **at)
{
	struct arena_block *b = *at;
	*at = b->next;
	if (a->spare || (!b->huge && b->size != BLOCK_BYTES)) {
		block_free(b);
		return;
	}
	memset(b->mem, 0, b->used);
	b->used = 0;
	a->spare = b;
}

void arena_rewind(struct arena *a, const struct arena_mark *mark)
{
	while (a->blocks != mark->block)
		pop(a, &a->blocks);
	if (mark->block) {
		while (mark->block->next != mark->next)
			pop(a, &mark->block->next);
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
		block_free(b);
	}
	if (a->spare)
		block_free(a->spare);
	a->spare = NULL;
	a->used_bytes = 0;
}
