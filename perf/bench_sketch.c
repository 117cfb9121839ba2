// Heavy hitters side by side: DPDK's rte_member sketch, a table in the manner of Knot DNS's KRU, and ours.
//
// usage: bench_sketch [millions of updates, default 4]
//
// Keys are Zipf (exponent 1) over 100,000; an update is one key of weight 1. Cycles an update, and how far the counts
// of the 50 keys that come most are off. A key that is not there any more is off by all of its count.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_member.h>

#include "detectors/sketch/countmin.h"
#include "detectors/sketch/hash.h"
#include "detectors/sketch/heavy.h"

#define KEYS 100000u
#define TOP 50u
#define KRU_WAYS 15u
#define KRU_BUCKETS 128u

// One cache line of short tags and loads; two lines are looked at for a key. A newcomer takes the place of the least
// load once it has worn that down, and begins where it was: no keys, no errors, 16 bits.
struct kru {
	struct kru_line {
		uint16_t load[KRU_WAYS], tag[KRU_WAYS];
		uint32_t spare;
	} line[KRU_BUCKETS];
	uint32_t limit; // what one step of a load stands for, so that 16 bits hold all
	uint64_t luck;
};
_Static_assert(sizeof(struct kru_line) == 64, "a bucket is a cache line");

static uint32_t *keys;
static uint32_t exact[KEYS];
static uint64_t updates = 4000000;

static uint64_t digest_of(uint32_t key)
{
	return sketch_mix(key + 1) | 1;
}

static struct kru_line *kru_lines(struct kru *k, uint64_t digest, uint32_t which)
{
	return &k->line[(which ? digest >> 20 : digest >> 8) % KRU_BUCKETS];
}

static uint16_t *kru_find(struct kru *k, uint64_t digest)
{
	uint16_t tag = (uint16_t)(digest >> 48) | 1;
	for (uint32_t w = 0; w < 2; w++) {
		struct kru_line *l = kru_lines(k, digest, w);
		for (uint32_t i = 0; i < KRU_WAYS; i++)
			if (l->tag[i] == tag)
				return &l->load[i];
	}
	return NULL;
}

static void kru_add(struct kru *k, uint64_t digest)
{
	// one update in `limit` counts: a load is a count of those
	k->luck = k->luck * 6364136223846793005ull + 1442695040888963407ull;
	if ((k->luck >> 33) % k->limit)
		return;
	uint16_t *load = kru_find(k, digest);
	if (load) {
		*load += *load != UINT16_MAX;
		return;
	}
	struct kru_line *best = NULL;
	uint32_t least = 0;
	for (uint32_t w = 0; w < 2; w++) {
		struct kru_line *l = kru_lines(k, digest, w);
		for (uint32_t i = 0; i < KRU_WAYS; i++) {
			if (!best || l->load[i] < best->load[least]) {
				best = l;
				least = i;
			}
		}
	}
	if (best->load[least] > 1) {
		best->load[least]--;
		return;
	}
	best->load[least] = 1;
	best->tag[least] = (uint16_t)(digest >> 48) | 1;
}

static void make_keys(void)
{
	double *sum = calloc(KEYS + 1, sizeof(*sum));
	keys = calloc(updates, sizeof(*keys));
	if (!sum || !keys)
		exit(1);
	for (uint32_t i = 0; i < KEYS; i++)
		sum[i + 1] = sum[i] + 1.0 / (i + 1);
	for (uint64_t n = 0; n < updates; n++) {
		double want = (double)(sketch_mix(n + 99) >> 11) * 0x1p-53 * sum[KEYS];
		uint32_t lo = 0, hi = KEYS - 1;
		while (lo < hi) {
			uint32_t mid = (lo + hi) / 2;
			if (sum[mid + 1] > want)
				hi = mid;
			else
				lo = mid + 1;
		}
		keys[n] = lo;
		exact[lo]++;
	}
	free(sum);
}

// got: counts of the keys that come most.
static void report(const char *name, size_t bytes, uint64_t cycles, const double *got)
{
	double off = 0, worst = 0;
	uint32_t gone = 0;
	for (uint32_t i = 0; i < TOP; i++) {
		double error = fabs(got[i] - exact[i]) / exact[i];
		off += error / TOP;
		worst = error > worst ? error : worst;
		gone += got[i] == 0;
	}
	printf("%-24s %8zu %10.1f %9.2f %9.2f %6u\n", name, bytes, (double)cycles / (double)updates, off * 100,
		worst * 100, gone);
}

static size_t heap_used(void)
{
	struct rte_malloc_socket_stats stats = {0};
	rte_malloc_get_socket_stats(0, &stats);
	return stats.heap_allocsz_bytes;
}

static void run_member(const char *name, float error_rate)
{
	struct rte_member_parameters p = {.name = "member",
		.type = RTE_MEMBER_TYPE_SKETCH,
		.key_len = sizeof(uint64_t),
		.num_keys = KEYS,
		.prim_hash_seed = 1,
		.sec_hash_seed = 2,
		.error_rate = error_rate,
		.sample_rate = 1,
		.top_k = 256,
		.socket_id = 0};
	size_t before = heap_used();
	struct rte_member_setsum *s = rte_member_create(&p);
	double got[TOP] = {0};
	if (!s) {
		printf("rte_member: not made: %s\n", rte_strerror(rte_errno));
		return;
	}
	uint64_t start = rte_rdtsc();
	for (uint64_t n = 0; n < updates; n++) {
		uint64_t d = digest_of(keys[n]);
		rte_member_add(s, &d, 1);
	}
	uint64_t took = rte_rdtsc() - start;
	for (uint32_t i = 0; i < TOP; i++) {
		uint64_t d = digest_of(i), count = 0;
		if (rte_member_query_count(s, &d, &count) == 0)
			got[i] = (double)count;
	}
	report(name, heap_used() - before, took, got);
	rte_member_free(s);
}

static void run_kru(void)
{
	struct kru *k = calloc(1, sizeof(*k));
	double got[TOP] = {0};
	k->limit = (uint32_t)(updates / 300000 + 1);
	uint64_t start = rte_rdtsc();
	for (uint64_t n = 0; n < updates; n++)
		kru_add(k, digest_of(keys[n]));
	uint64_t took = rte_rdtsc() - start;
	for (uint32_t i = 0; i < TOP; i++) {
		const uint16_t *load = kru_find(k, digest_of(i));
		got[i] = load ? (double)*load * k->limit : 0;
	}
	report("KRU-style, 1920 entries", sizeof(*k), took, got);
	free(k);
}

static void run_heavy(void)
{
	size_t size = heavy_size(7);
	struct heavy *s = heavy_init(malloc(size), 7);
	double got[TOP] = {0};
	uint8_t name[16] = {0};
	uint64_t start = rte_rdtsc();
	for (uint64_t n = 0; n < updates; n++)
		heavy_add(s, digest_of(keys[n]), name, 1);
	uint64_t took = rte_rdtsc() - start;
	for (uint32_t i = 0; i < TOP; i++) {
		const struct heavy_entry *e = heavy_find(s, digest_of(i));
		got[i] = e ? e->count - e->error / 2.0 : 0;
	}
	report("heavy, 1024 entries", size, took, got);
	free(s);
}

static void run_countmin(void)
{
	size_t size = countmin_size(4, 12);
	struct countmin *s = countmin_init(malloc(size), 4, 12);
	double got[TOP];
	uint64_t start = rte_rdtsc();
	for (uint64_t n = 0; n < updates; n++)
		countmin_add(s, digest_of(keys[n]), 1);
	uint64_t took = rte_rdtsc() - start;
	for (uint32_t i = 0; i < TOP; i++)
		got[i] = countmin_get(s, digest_of(i));
	report("countmin, 4 x 4096", size, took, got);
	free(s);
}

int main(int argc, char **argv)
{
	char *eal[] = {argv[0], "--no-huge", "--no-shconf", "--no-pci", "-m", "64", "--log-level=1", "-l", "0", NULL};
	if (argc > 1)
		updates = (uint64_t)(atof(argv[1]) * 1e6);
	if (updates == 0 || rte_eal_init(9, eal) < 0) {
		printf("usage: bench_sketch [millions of updates]\n");
		return 1;
	}
	make_keys();
	printf("%-24s %8s %10s %9s %9s %6s\n", "", "bytes", "cycles", "mean %", "worst %", "gone");
	run_member("rte_member, error 0.001", 0.001f);
	run_member("rte_member, error 0.0001", 0.0001f);
	run_kru();
	run_heavy();
	run_countmin();
	free(keys);
	return 0;
}
