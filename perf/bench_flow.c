// What the flow stage alone costs, in cycles a packet: known flows by table size, a new flow a packet, all
// packets in one bucket pair, one flow. Bursts are made outside the clock. `meson test --benchmark`.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_cycles.h>

#include "dataplane/event_ring.h"
#include "dataplane/flow_internal.h"

#define TRIALS 5
#define MAX_BURSTS 60000u
#define SECOND UINT64_C(1000000000)

struct bench {
	struct flow_table *t;
	void *mem;
	size_t size;
	struct event_sink sink;
	struct burst b;
	uint64_t now_ns;
};

static uint64_t next_random(uint64_t *x)
{
	*x += UINT64_C(0x9e3779b97f4a7c15);
	return flow_mum(*x, *x ^ UINT64_C(0xd6e8feb86659fd93));
}

static void *map(size_t size)
{
	size = (size + (2u << 20)) & ~(size_t)((2u << 20) - 1);
	uint8_t *mem = mmap(NULL, size + (2u << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	mem = (uint8_t *)(((uintptr_t)mem + (2u << 20) - 1) & ~(uintptr_t)((2u << 20) - 1));
	madvise(mem, size, MADV_HUGEPAGE);
	return mem;
}

static void open_table(struct bench *s, uint64_t max_flows, bool records)
{
	struct flow_table_config cfg;

	flow_table_config_default(&cfg);
	cfg.max_flows = max_flows;
	cfg.records = records;
	memset(s, 0, sizeof(*s));
	s->size = flow_table_size(&cfg);
	s->mem = map(s->size);
	if (flow_table_init(s->mem, &cfg, &s->t) != 0)
		exit(1);
	s->sink.ring = event_ring_init(map(event_ring_size(65536)), 65536);
	s->now_ns = UINT64_C(1600000000) * SECOND;
}

static void put(struct bench *s, uint32_t i, uint64_t id)
{
	struct packet *p = &s->b.frames[i];

	p->flags = PKT_IPV4 | PKT_TCP;
	p->ip_proto = 6;
	p->src.w[0] = 0x0a000000u + (uint32_t)id;
	p->dst.w[0] = 0xc0a80001u + (uint32_t)(id >> 32);
	p->sport = 1000;
	p->dport = 80;
	p->tcp_flags = 2;
	p->wire_len = 64;
	p->ts_ns = s->now_ns;
	p->vlan_count = 0;
	p->flow = NULL;
	s->b.list[i] = p;
}

static uint64_t run(struct bench *s)
{
	uint64_t begin = rte_rdtsc_precise();

	for (uint16_t i = 0; i < s->b.n;)
		i = flow_lookup_burst(s->t, &s->b, i, &s->sink);
	uint64_t cycles = rte_rdtsc_precise() - begin;
	struct event_ring *r = s->sink.ring;
	while (event_ring_peek(r))
		event_ring_pop(r);
	return cycles;
}

typedef uint64_t (*next_fn)(uint64_t *x, uint64_t flows);

static uint64_t any_of(uint64_t *x, uint64_t flows)
{
	return next_random(x) % flows;
}

static uint64_t counted(uint64_t *x, uint64_t flows)
{
	return (*x)++ % flows;
}

static int by_cycles(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

// The median burst, so that a burst in which the machine did something else does not count.
static double cycles_a_packet(struct bench *s, next_fn next, uint64_t flows, uint64_t *x, uint32_t bursts)
{
	static uint32_t sample[MAX_BURSTS];

	for (uint32_t i = 0; i < bursts; i++) {
		s->b.n = PKT_BURST;
		s->now_ns += 2000; // 14.88 million packets a second
		for (uint32_t j = 0; j < PKT_BURST; j++)
			put(s, j, next(x, flows));
		sample[i % MAX_BURSTS] = (uint32_t)run(s);
	}
	uint32_t n = bursts < MAX_BURSTS ? bursts : MAX_BURSTS;
	qsort(sample, n, sizeof(*sample), by_cycles);
	return (double)sample[n / 2] / PKT_BURST;
}

static int by_value(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;
	return d < 0 ? -1 : d > 0;
}

static void report(const char *what, double trial[TRIALS])
{
	qsort(trial, TRIALS, sizeof(*trial), by_value);
	printf("%-44s %7.1f cycles a packet (%.1f..%.1f)\n", what, trial[TRIALS / 2], trial[0], trial[TRIALS - 1]);
	fflush(stdout);
}

static void known_flows(uint64_t flows)
{
	struct bench *s = map(sizeof(*s));
	double trial[TRIALS];
	uint64_t x = 0;
	char what[64];

	open_table(s, flows, true);
	cycles_a_packet(s, counted, flows, &x, (uint32_t)(flows / PKT_BURST + 1));
	for (int i = 0; i < TRIALS; i++)
		trial[i] = cycles_a_packet(s, any_of, flows, &x, 60000);
	snprintf(what, sizeof(what), "known, %lu flows", flows);
	report(what, trial);
	munmap(s->mem, s->size);
}

static void new_flows(uint64_t flows, bool records)
{
	struct bench *s = map(sizeof(*s));
	double trial[TRIALS];
	uint64_t x = 0;
	char what[64];

	open_table(s, flows, records);
	cycles_a_packet(s, counted, UINT64_MAX, &x, (uint32_t)(flows * 3 / PKT_BURST));
	for (int i = 0; i < TRIALS; i++)
		trial[i] = cycles_a_packet(s, counted, UINT64_MAX, &x, 60000);
	snprintf(what, sizeof(what), "new flow a packet, table for %lu%s", flows, records ? "" : ", no records");
	report(what, trial);
	munmap(s->mem, s->size);
}

static void one_flow(void)
{
	struct bench *s = map(sizeof(*s));
	double trial[TRIALS];
	uint64_t x = 0;

	open_table(s, 1 << 20, true);
	for (int i = 0; i < TRIALS; i++)
		trial[i] = cycles_a_packet(s, any_of, 1, &x, 60000);
	report("one flow", trial);
	munmap(s->mem, s->size);
}

int main(int argc, char **argv)
{
	bool large = argc > 1 && !strcmp(argv[1], "--large");

	one_flow();
	known_flows(1 << 16);
	known_flows(1 << 20);
	if (large)
		known_flows(1 << 23);
	new_flows(1 << 16, true);
	new_flows(1 << 20, true);
	new_flows(1 << 20, false);
	return 0;
}
