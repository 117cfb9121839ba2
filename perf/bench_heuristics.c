// What each heuristic costs a packet: 64-byte packets of a million flows, in the shapes that hurt most.
//
// usage: bench_heuristics [millions of packets a shape, default 6]
//
// Packets and flow lines are touched before a detector sees them, as decode and the flow table do, so the numbers
// are what a detector adds to the bare pipeline; which packets it is shown is decided by sorter.c and costs extra
// (the line "sorting"). A tick every 1.488 million packets (10 GbE at line rate) is counted.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "ctl/config/config.h"
#include "dataplane/api/packet_traits.h"
#include "dataplane/event_ring.h"
#include "dataplane/sorter.h"
#include "detectors/sketch/hash.h"

#define FLOWS (1u << 20)
#define TICK_PACKETS 1488000u
#define MAX_DETECTORS 64u
#define STEPS 4096u

enum shape { SYN_ONE, UDP_ONE, UDP_MANY, TCP_DATA, SHAPES };
static const char *const shape_names[SHAPES] = {"SYN->1", "UDP->1", "UDP->64k", "TCP data"};

struct subject {
	const struct detector *d;
	void *config, *master, *delta;
	uint64_t ticks[SHAPES];
	uint32_t steps[SHAPES][STEPS];
};

static struct subject subjects[MAX_DETECTORS];
static uint32_t subject_count;
static struct flow *flows;
static struct packet packets[PKT_BURST];
static uint8_t frame[128];
static struct event_sink sink;

static void set_up(void)
{
	struct detector_env env = {.home = NULL, .workers = 1};
	struct config *c = config_new(NULL, NULL);
	for (uint32_t i = 0; detector_table[i] && subject_count < MAX_DETECTORS; i++) {
		struct subject *s = &subjects[subject_count++];
		char prefix[96];
		s->d = detector_table[i];
		s->config = calloc(1, s->d->config_size + 8);
		snprintf(prefix, sizeof(prefix), "detectors.%s", s->d->name);
		if (config_add_part(c, prefix, s->d->config, s->config) != 0)
			exit(1);
		s->master = calloc(1, s->d->state_size(s->config));
		s->delta = calloc(1, s->d->delta_size(s->config));
		if (s->d->init(s->master, s->config, &env) != 0 || s->d->init_delta(s->delta, s->config, &env) != 0)
			exit(1);
	}
	flows = calloc(FLOWS, sizeof(*flows));
	sink.ring = event_ring_init(aligned_alloc(64, event_ring_size(1 << 16)), 1 << 16);
}

// Packet number n of a shape.
static void make(struct packet *p, enum shape shape, uint64_t n)
{
	uint64_t h = sketch_mix(n);
	uint32_t flow = (uint32_t)h & (FLOWS - 1);
	struct flow *f = &flows[flow];
	bool first = f->pkts[0] == 0, tcp = shape == SYN_ONE || shape == TCP_DATA;
	memset(p, 0, sizeof(*p));
	p->data = frame;
	p->len = p->wire_len = 64;
	p->ts_ns = 1700000000000000000ull + n * 67;
	p->seq = n + 1;
	p->link_type = 1;
	p->flags = PKT_IPV4 | (tcp ? PKT_TCP : PKT_UDP) | (first ? PKT_NEW_FLOW : 0);
	p->l3_off = 14;
	p->l4_off = 34;
	p->payload_off = tcp ? 54 : 42;
	p->payload_len = shape == SYN_ONE ? 0 : 64 - p->payload_off;
	p->ip_proto = tcp ? 6 : 17;
	p->ttl = 64;
	p->tcp_flags = shape == SYN_ONE ? 0x02 : 0x10;
	p->src.w[0] = flow * 2654435761u;
	p->dst.w[0] = shape == UDP_MANY ? (flow & 0xffff) | 0x0a000000 : 0x0a010101;
	p->sport = (uint16_t)(1024 + flow % 60000);
	p->dport = shape == UDP_MANY ? 9000 : 80;
	f->pkts[0]++;
	f->tcp_flags[0] |= p->tcp_flags;
	p->flow = f;
	p->nth[0] = f->pkts[0];
	p->nth[1] = shape == TCP_DATA ? 7 : 0;
}

// What a worker would hand the detector of a burst.
static uint32_t show(const struct detector *d, struct packet *const *list, struct packet **out)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < PKT_BURST; i++)
		if (packet_look_wanted(d, packet_look(list[i])))
			out[n++] = list[i];
	return n;
}

// Takes down what a burst cost, in steps of eight cycles.
static void note(struct subject *s, enum shape shape, uint64_t cycles)
{
	uint64_t step = cycles / 8;
	s->steps[shape][step < STEPS ? step : STEPS - 1]++;
}

// Mean cycles a burst, without the dearest percent: those are the ones in which somebody else had the core.
static double mean_cycles(const struct subject *s, enum shape shape)
{
	uint64_t total = 0, seen = 0, limit;
	double sum = 0;
	for (uint32_t i = 0; i < STEPS; i++)
		total += s->steps[shape][i];
	limit = total - total / 100;
	for (uint32_t i = 0; i < STEPS && seen < limit; i++) {
		uint64_t n = s->steps[shape][i];
		if (n > limit - seen)
			n = limit - seen;
		sum += (double)n * (i ? i * 8.0 + 4 : 0);
		seen += n;
	}
	return seen ? sum / (double)seen : 0;
}

static void drain(void)
{
	while (event_ring_peek(sink.ring))
		event_ring_pop(sink.ring);
}

static void run_shape(enum shape shape, uint64_t count)
{
	struct packet *list[PKT_BURST], *few[PKT_BURST];
	struct detector_run run = {.sink = &sink};
	uint64_t next_tick = TICK_PACKETS;
	memset(flows, 0, FLOWS * sizeof(*flows));
	for (uint64_t n = 0; n < count; n += PKT_BURST) {
		for (uint32_t i = 0; i < PKT_BURST; i++) {
			make(&packets[i], shape, n + i);
			list[i] = &packets[i];
		}
		run.now_ns = packets[PKT_BURST - 1].ts_ns;
		for (uint32_t k = 0; k < subject_count; k++) {
			struct subject *s = &subjects[k];
			uint32_t shown = show(s->d, list, few);
			if (shown == 0) {
				note(s, shape, 0);
				continue;
			}
			uint64_t start = rte_rdtsc();
			s->d->on_packets(s->delta, few, shown, &run);
			note(s, shape, rte_rdtsc() - start);
		}
		if (n + PKT_BURST < next_tick)
			continue;
		next_tick += TICK_PACKETS;
		run.seq = n;
		for (uint32_t k = 0; k < subject_count; k++) {
			struct subject *s = &subjects[k];
			uint64_t start = rte_rdtsc();
			s->d->merge(s->master, s->delta);
			s->d->on_tick(s->master, &run);
			s->ticks[shape] += rte_rdtsc() - start;
			drain();
		}
	}
}

// What reading the clock itself costs a packet.
static double clock_cost(void)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < 100000; i++) {
		uint64_t start = rte_rdtsc();
		sum += rte_rdtsc() - start;
	}
	return (double)sum / 100000 / PKT_BURST;
}

// Sorting a burst by who wants its packets.
static double sorting_cost(enum shape shape)
{
	static struct burst burst;
	struct sorter *sorter = calloc(1, sizeof(*sorter));
	uint64_t best = UINT64_MAX;
	for (uint32_t k = 0; k < subject_count; k++)
		sorter_add(sorter, k, subjects[k].d);
	for (uint32_t i = 0; i < PKT_BURST; i++) {
		make(&packets[i], shape, i);
		burst_push(&burst, &packets[i]);
	}
	for (uint32_t round = 0; round < 1000; round++) {
		uint64_t start = rte_rdtsc();
		sorter_sort(sorter, &burst);
		uint64_t took = rte_rdtsc() - start;
		best = took < best ? took : best;
	}
	burst.n = 0;
	free(sorter);
	return (double)best / PKT_BURST;
}

int main(int argc, char **argv)
{
	uint64_t count = (uint64_t)((argc > 1 ? atof(argv[1]) : 6) * 1e6);
	double sums[SHAPES] = {0};
	set_up();
	for (enum shape s = 0; s < SHAPES; s++)
		run_shape(s, count);
	double clock = clock_cost();
	printf("cycles a packet: on_packets + ticks, %u flows, burst %u\n%-22s", FLOWS, PKT_BURST, "");
	for (enum shape s = 0; s < SHAPES; s++)
		printf(" %16s", shape_names[s]);
	for (uint32_t k = 0; k < subject_count; k++) {
		printf("\n%-22s", subjects[k].d->name);
		for (enum shape s = 0; s < SHAPES; s++) {
			double packets_cost = mean_cycles(&subjects[k], s) / PKT_BURST;
			double ticks_cost = (double)subjects[k].ticks[s] / (double)count;
			packets_cost = packets_cost > clock ? packets_cost - clock : packets_cost;
			sums[s] += packets_cost + ticks_cost;
			printf(" %8.2f + %5.2f", packets_cost, ticks_cost);
		}
	}
	printf("\n%-22s", "sorting");
	for (enum shape s = 0; s < SHAPES; s++) {
		double cost = sorting_cost(s);
		sums[s] += cost;
		printf(" %16.2f", cost);
	}
	printf("\n%-22s", "all");
	for (enum shape s = 0; s < SHAPES; s++)
		printf(" %16.1f", sums[s]);
	printf("\n");
	return 0;
}
