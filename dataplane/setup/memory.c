// Packet buffer pools and mappings for big tables. Next: dataplane/source_pcap.c.
#include "dataplane/setup/memory.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mempool.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#define HUGE_PAGE_BYTES ((size_t)2 << 20)
#define POOL_CACHE 256u
#define JUMBO_CACHE 8u
#define JUMBO_ROOM_BYTES (RTE_PKTMBUF_HEADROOM + FRAME_MAX_BYTES)

static size_t map_length(size_t size)
{
	return RTE_ALIGN_CEIL(size ? size : 1, size >= HUGE_PAGE_BYTES ? HUGE_PAGE_BYTES : (size_t)4096);
}

// Maps len bytes at a multiple of align, both multiples of the page size.
static void *map_aligned(size_t len, size_t align)
{
	uint8_t *raw =
		mmap(NULL, len + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (raw == MAP_FAILED)
		return NULL;
	uint8_t *mem = RTE_PTR_ALIGN_CEIL(raw, align);
	if (mem > raw)
		munmap(raw, (size_t)(mem - raw));
	if (raw + align > mem)
		munmap(mem + len, (size_t)(raw + align - mem));
	return mem;
}

static bool huge_pages = true;     // set once at start
static bool fault_at_once = false; // likewise
static int preferred_node = -1;    // of what is mapped next

void mem_use_huge_pages(bool yes)
{
	huge_pages = yes;
}

void mem_fault_at_once(bool yes)
{
	fault_at_once = yes;
}

void mem_prefer_node(int node)
{
	preferred_node = node;
}

// Before the first page is touched. A kernel without NUMA has no nodes to choose from, so its answer does not matter.
static void bind_to(void *mem, size_t len, int node)
{
	unsigned long mask[16] = {0}; // 1,024 nodes
	size_t bits = sizeof(mask[0]) * 8;

	if (node < 0 || (size_t)node >= bits * RTE_DIM(mask))
		return;
	mask[(size_t)node / bits] |= 1ul << (size_t)node % bits;
	syscall(SYS_mbind, mem, len, MPOL_PREFERRED, mask, bits * RTE_DIM(mask), 0);
}

// Takes every page now. A kernel before 5.14 does not know the advice; then each page is touched.
static void fault_in(uint8_t *mem, size_t len)
{
	if (madvise(mem, len, MADV_POPULATE_WRITE) == 0)
		return;
	for (size_t at = 0; at < len; at += 4096)
		*(volatile uint8_t *)(mem + at) = 0;
}

void *mem_map_bytes(size_t size)
{
	size_t len = map_length(size);
	size_t align = len >= HUGE_PAGE_BYTES ? HUGE_PAGE_BYTES : (size_t)4096;
	void *mem = map_aligned(len, align);

	if (mem && len >= HUGE_PAGE_BYTES && huge_pages)
		(void)madvise(mem, len, MADV_HUGEPAGE); // a kernel without them still gives the memory
	if (mem)
		bind_to(mem, len, preferred_node);
	if (mem && fault_at_once)
		fault_in(mem, len);
	return mem;
}

void mem_unmap_bytes(void *mem, size_t size)
{
	if (!mem)
		return;
#ifdef __SANITIZE_ADDRESS__
	__asan_unpoison_memory_region(mem, size); // what lies here next is somebody else's
#endif
	munmap(mem, map_length(size));
}

static void free_chunk(struct rte_mempool_memhdr *chunk, void *size)
{
	mem_unmap_bytes(chunk->addr, (size_t)(uintptr_t)size);
}

// Gives the pool our own memory: EAL's heap without hugepages is small and never on huge pages.
// sparse: elements are much larger than what most frames touch, so huge pages would only waste memory.
static int populate_mapped(struct rte_mempool *pool, bool sparse)
{
	size_t element = (size_t)pool->header_size + pool->elt_size + pool->trailer_size;
	size_t size = (size_t)pool->size * element + RTE_CACHE_LINE_SIZE;
	void *mem = mem_map_bytes(size);

	if (!mem)
		return -ENOMEM;
	if (sparse)
		(void)madvise(mem, size, MADV_NOHUGEPAGE);
	int n = rte_mempool_populate_iova(pool, mem, RTE_BAD_IOVA, size, free_chunk, (void *)(uintptr_t)size);
	if (n == (int)pool->size)
		return 0;
	if (n <= 0)
		mem_unmap_bytes(mem, size);
	return n < 0 ? n : -ENOMEM;
}

static int populate(struct rte_mempool *pool, bool sparse)
{
	if (!rte_eal_has_hugepages())
		return populate_mapped(pool, sparse);
	int n = rte_mempool_populate_default(pool);
	return n < 0 ? n : 0;
}

static struct rte_mempool *pool_create(
	const char *prefix, const char *kind, uint32_t count, uint32_t room, uint32_t cache, int socket)
{
	struct rte_pktmbuf_pool_private priv = {.mbuf_data_room_size = RTE_MIN(room, (uint32_t)UINT16_MAX)};
	char name[RTE_MEMPOOL_NAMESIZE];
	bool sparse = room > UINT16_MAX;
	uint32_t cached = RTE_MIN(cache, count / 2);
	// Without hugepages no device reads this memory, so elements may lie across pages.
	unsigned flags = rte_eal_has_hugepages() ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG;

	snprintf(name, sizeof(name), "%s_%s", prefix, kind);
	struct rte_mempool *pool = rte_mempool_create_empty(
		name, count, (unsigned)(sizeof(struct rte_mbuf) + room), cached, sizeof(priv), socket, flags);
	if (!pool)
		return NULL;
	int err = rte_mempool_set_ops_byname(pool, RTE_MBUF_DEFAULT_MEMPOOL_OPS, NULL);
	rte_pktmbuf_pool_init(pool, &priv);
	if (!err)
		err = populate(pool, sparse);
	if (err) {
		rte_mempool_free(pool);
		rte_errno = -err;
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

int mbuf_pools_create(struct mbuf_pools *out, const struct mbuf_pools_config *cfg)
{
	uint32_t room = RTE_PKTMBUF_HEADROOM + (cfg->small_room ? cfg->small_room : MBUF_SMALL_ROOM_BYTES);

	mem_prefer_node(cfg->socket);
	out->small = pool_create(cfg->name, "small", cfg->small_count, room, POOL_CACHE, cfg->socket);
	out->jumbo = out->small ? pool_create(cfg->name, "jumbo", cfg->jumbo_count, JUMBO_ROOM_BYTES, JUMBO_CACHE,
					  cfg->socket)
				: NULL;
	mem_prefer_node(-1);
	if (out->jumbo)
		return 0;
	int err = -rte_errno;
	mbuf_pools_free(out);
	return err;
}

void mbuf_pools_free(struct mbuf_pools *pools)
{
	rte_mempool_free(pools->small);
	rte_mempool_free(pools->jumbo);
	pools->small = NULL;
	pools->jumbo = NULL;
}
