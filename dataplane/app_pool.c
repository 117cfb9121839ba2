// Blocks of halves of halves. Next: app_session.c.
#include "dataplane/app_pool.h"

#include <stdbool.h>
#include <string.h>

#include "dataplane/api/parser.h"

#ifdef __has_feature // clang
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define POISON(at, len) __asan_poison_memory_region(at, len)
#define UNPOISON(at, len) __asan_unpoison_memory_region(at, len)
#else
#define POISON(at, len) ((void)(at), (void)(len))
#define UNPOISON(at, len) ((void)(at), (void)(len))
#endif

#define ORDERS 13u // 32 << 0 .. 32 << 12
#define TOP (ORDERS - 1)
#define TOP_UNITS (1u << TOP)
#define NIL UINT32_MAX
#define HEAD_LENT 0x80u
#define HEAD_FREE 0x40u
#define HEAD_WAITS 0x20u
#define WAITING_ORDERS 9u // blocks up to 8 KiB may wait ...
#define WAITING_MAX 8u    // ... so many of a size

_Static_assert(APP_POOL_BLOCK_MIN << TOP == APP_ALLOC_MAX, "the largest block is what a parser may ask for");

// Free blocks of an order form a list, whose links lie in the blocks.
struct link {
	uint32_t next, prev; // units
};

struct app_pool {
	uint8_t *base;
	uint8_t *head;  // a byte a unit of 32 bytes: what begins there, 0: nothing
	uint32_t tops;  // blocks of the largest size
	uint32_t fresh; // of those, never lent: from here on
	uint32_t has;   // bit an order: its list is not empty
	uint32_t first[ORDERS];
	uint8_t waiting_count[WAITING_ORDERS];
	uint32_t waiting[WAITING_ORDERS][WAITING_MAX]; // units of blocks given back that have not joined
	struct app_pool_stats stats;
};

static uint32_t tops_of(uint64_t bytes)
{
	uint64_t tops = bytes / APP_ALLOC_MAX;

	if (tops > NIL / TOP_UNITS)
		tops = NIL / TOP_UNITS;
	return tops ? (uint32_t)tops : 1;
}

static size_t header_bytes(uint32_t tops)
{
	return (sizeof(struct app_pool) + (size_t)tops * TOP_UNITS + 63) & ~(size_t)63;
}

size_t app_pool_size(uint64_t bytes)
{
	uint32_t tops = tops_of(bytes);

	return header_bytes(tops) + (size_t)tops * APP_ALLOC_MAX;
}

struct app_pool *app_pool_init(void *mem, uint64_t bytes)
{
	struct app_pool *p = mem;

	memset(mem, 0, header_bytes(tops_of(bytes)));
	p->tops = tops_of(bytes);
	p->head = (uint8_t *)(p + 1);
	p->base = (uint8_t *)mem + header_bytes(p->tops);
	p->stats.size = (uint64_t)p->tops * APP_ALLOC_MAX;
	memset(p->first, 0xff, sizeof(p->first));
	POISON(p->base, p->stats.size);
	return p;
}

static uint32_t order_of(uint32_t bytes)
{
	return bytes <= APP_POOL_BLOCK_MIN ? 0 : 27u - (uint32_t)__builtin_clz(bytes - 1);
}

uint32_t app_pool_block(uint32_t bytes)
{
	return bytes > APP_ALLOC_MAX ? 0 : APP_POOL_BLOCK_MIN << order_of(bytes);
}

static struct link *link_at(const struct app_pool *p, uint32_t unit)
{
	return (struct link *)(p->base + (size_t)unit * APP_POOL_BLOCK_MIN);
}

// Free blocks are poisoned, their links included: only these two functions may touch them.
__attribute__((no_sanitize_address)) static void push(struct app_pool *p, uint32_t unit, uint32_t order)
{
	uint32_t next = p->first[order];

	link_at(p, unit)->next = next;
	link_at(p, unit)->prev = NIL;
	if (next != NIL)
		link_at(p, next)->prev = unit;
	p->first[order] = unit;
	p->has |= 1u << order;
	p->head[unit] = (uint8_t)(HEAD_FREE | order);
}

__attribute__((no_sanitize_address)) static void unlink_block(struct app_pool *p, uint32_t unit, uint32_t order)
{
	struct link l = *link_at(p, unit);

	if (l.next != NIL)
		link_at(p, l.next)->prev = l.prev;
	if (l.prev != NIL)
		link_at(p, l.prev)->next = l.next;
	else
		p->first[order] = l.next;
	if (p->first[order] == NIL)
		p->has &= ~(1u << order);
	p->head[unit] = 0;
}

// Gives a block to the lists, with its other half and that one's, where they are free.
static void join(struct app_pool *p, uint32_t unit, uint32_t order)
{
	p->head[unit] = 0;
	for (; order < TOP; order++) {
		uint32_t buddy = unit ^ 1u << order;
		if (p->head[buddy] != (HEAD_FREE | order))
			break;
		unlink_block(p, buddy, order);
		unit &= ~(1u << order);
	}
	push(p, unit, order);
}

static void join_waiting(struct app_pool *p)
{
	for (uint32_t order = 0; order < WAITING_ORDERS; order++)
		while (p->waiting_count[order])
			join(p, p->waiting[order][--p->waiting_count[order]], order);
}

// Takes the smallest free block of at least `order` and halves it down to that. Returns its unit, or NIL.
static uint32_t take_unit(struct app_pool *p, uint32_t order)
{
	uint32_t large, at, unit;

	if (order < WAITING_ORDERS && p->waiting_count[order]) {
		unit = p->waiting[order][--p->waiting_count[order]];
		p->head[unit] = (uint8_t)(HEAD_LENT | order);
		return unit;
	}
	if (!(p->has >> order) && p->fresh == p->tops)
		join_waiting(p);
	large = p->has >> order;
	if (large) {
		at = order + (uint32_t)__builtin_ctz(large);
		unit = p->first[at];
		unlink_block(p, unit, at);
	} else {
		if (p->fresh == p->tops)
			return NIL;
		at = TOP;
		unit = p->fresh++ * TOP_UNITS;
	}
	while (at > order) {
		at--;
		push(p, unit + (1u << at), at);
	}
	p->head[unit] = (uint8_t)(HEAD_LENT | order);
	return unit;
}

void *app_pool_take(struct app_pool *p, uint32_t bytes)
{
	uint32_t unit = bytes > APP_ALLOC_MAX ? NIL : take_unit(p, order_of(bytes));

	if (unit == NIL) {
		p->stats.refused++;
		return NULL;
	}
	void *mem = link_at(p, unit);
	p->stats.lent++;
	p->stats.in_use += app_pool_block(bytes);
	if (p->stats.in_use > p->stats.peak)
		p->stats.peak = p->stats.in_use;
	UNPOISON(mem, bytes);
	return mem;
}

uint32_t app_pool_give(struct app_pool *p, void *mem)
{
	uint32_t unit = (uint32_t)((size_t)((uint8_t *)mem - p->base) / APP_POOL_BLOCK_MIN);
	uint32_t order = p->head[unit] & 0xfu, size = APP_POOL_BLOCK_MIN << order;

	if (!(p->head[unit] & HEAD_LENT)) // given back twice: a bug, which must not become two owners of one block
		return *(volatile uint8_t *)mem & 0; // the address sanitizer says where
	p->stats.in_use -= size;
	POISON(mem, size);
	if (order < WAITING_ORDERS && p->waiting_count[order] < WAITING_MAX) {
		p->head[unit] = (uint8_t)(HEAD_WAITS | order);
		p->waiting[order][p->waiting_count[order]++] = unit;
	} else {
		join(p, unit, order);
	}
	return size;
}

const struct app_pool_stats *app_pool_stats(const struct app_pool *p)
{
	return &p->stats;
}
