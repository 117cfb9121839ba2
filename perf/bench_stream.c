// What TCP streams cost a packet on top of the flow stage: in-order bulk, the same reversed, a million holes, and a
// SYN flood. Prints cycles a packet, best of several rounds, and instructions, which are exact on a busy machine too.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <rte_cycles.h>

#include "dataplane/setup/memory.h"
#include "dataplane/tcp_stream.h"
#include "perf/perf.h"

#define PAYLOAD 1460u
#define FLOWS 32u
#define SEGMENTS 256u // of a flow, per round
#define ROUNDS 20u

struct bench {
	struct flow_table *flows;
	struct tcp_streams *ts;
	struct detector_run run;
	struct event_sink sink;
	struct burst burst;
	uint64_t handed;
	uint32_t next[FLOWS], server[FLOWS];
	uint8_t frames[PKT_BURST][2048];
};

static struct bench bench;

enum bench_stage { STAGE_FLOW, STAGE_STREAM, STAGE_NONE = PERF_MAX_STAGES };
static volatile uint32_t *stage; // shared with the process that counts instructions

static enum stream_verdict on_data(void *arg, struct stream_view *v)
{
	((struct bench *)arg)->handed += v->len;
	return STREAM_MORE;
}

static void on_end(void *arg, struct flow *f, struct flow_cold *cold, enum flow_end_reason reason, uint64_t seq)
{
	struct bench *b = arg;

	tcp_stream_flow_end(b->ts, f, cold, &b->run);
}

static void setup(struct bench *b, uint64_t flows, uint64_t depth)
{
	struct flow_table_config fc;
	struct tcp_stream_config sc;
	struct stream_consumer c = {.name = "bench", .arg = b, .on_data = on_data};

	memset(b, 0, sizeof(*b));
	flow_table_config_default(&fc);
	fc.max_flows = flows;
	fc.tcp_by_stream = true;
	fc.records = false;
	fc.on_end = on_end;
	fc.on_end_arg = b;
	tcp_stream_config_default(&sc);
	sc.depth = depth;
	void *flow_mem = mem_map_bytes(flow_table_size(&fc)), *ts_mem = mem_map_bytes(tcp_streams_size(&sc));
	if (!flow_mem || !ts_mem || flow_table_init(flow_mem, &fc, &b->flows) != 0 ||
		tcp_streams_init(ts_mem, &sc, b->flows, &b->ts) != 0 || tcp_stream_add_consumer(b->ts, &c) != 0) {
		fprintf(stderr, "bench_stream: no memory\n");
		exit(1);
	}
	b->run = (struct detector_run){.sink = &b->sink, .flows = b->flows};
	b->burst.now_ns = 1600000000000000000ull;
}

static bool scaled; // segments say a window scale

static void put(
	struct bench *b, uint32_t src, uint16_t port, int from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	uint16_t i = b->burst.n_frames++;
	struct packet *p = &b->burst.frames[i];
	uint8_t *h = b->frames[i];

	memset(h, 0, 20);
	seq = htonl(seq);
	ack = htonl(ack);
	memcpy(h + 4, &seq, 4);
	memcpy(h + 8, &ack, 4);
	h[12] = scaled ? 0x60 : 0x50;
	h[13] = flags;
	h[14] = h[15] = 0xff;
	memcpy(h + 20, "\3\3\7", 4); // window scale, end of options: where the header is long enough
	memset(p, 0, sizeof(*p));
	p->data = h;
	p->len = p->wire_len = (scaled ? 24 : 20) + len;
	p->payload_off = scaled ? 24 : 20;
	p->payload_len = len;
	p->flags = PKT_IPV4 | PKT_TCP;
	p->ip_proto = 6;
	p->tcp_flags = flags;
	p->src.w[0] = htonl(from ? 0x0a800001 : src);
	p->dst.w[0] = htonl(from ? src : 0x0a800001);
	p->sport = from ? 80 : port;
	p->dport = from ? port : 80;
	p->ts_ns = b->burst.now_ns += 1000;
	p->seq = 1;
	burst_push(&b->burst, p);
}

// Runs the burst; adds the cycles of each stage.
static void run(struct bench *b, uint64_t *flow_cycles, uint64_t *stream_cycles)
{
	uint64_t t0 = rte_rdtsc_precise();

	for (uint16_t i = 0; i < b->burst.n;) {
		uint64_t a = rte_rdtsc();
		*stage = STAGE_FLOW;
		uint16_t end = flow_lookup_burst(b->flows, &b->burst, i, &b->sink);
		uint64_t m = rte_rdtsc();
		*stage = STAGE_STREAM;
		tcp_stream_burst(b->ts, &b->burst, i, end, &b->run);
		*flow_cycles += m - a;
		i = end;
	}
	*stage = STAGE_NONE;
	*stream_cycles += rte_rdtsc_precise() - t0;
	b->burst.n = b->burst.n_frames = 0;
}

static void connect_all(struct bench *b)
{
	uint64_t f = 0, s = 0;

	scaled = true;
	for (uint32_t i = 0; i < FLOWS; i++) {
		b->next[i] = 1001;
		b->server[i] = 5001;
		put(b, 0x0a000000 + i, 4000, 0, 0x02, 1000, 0, 0);
		put(b, 0x0a000000 + i, 4000, 1, 0x12, 5000, 1001, 0);
		put(b, 0x0a000000 + i, 4000, 0, 0x10, 1001, 5001, 0);
		put(b, 0x0a000000 + i, 4000, 1, 0x10, 5001, 1001, 0); // a window of eight megabytes from here on
		run(b, &f, &s);
	}
	scaled = false;
}

// PKT_BURST packets of some load: cycles of the flow stage and of both are added to the counts.
typedef void burst_fn(struct bench *b, uint64_t *flow_cycles, uint64_t *cycles);

static uint32_t turn, span; // of the load: bursts so far; segments that change places

// One flow's segments in blocks of `span`, each block last segment first, acknowledged off the clock.
static void bulk(struct bench *b, uint64_t *fc, uint64_t *sc)
{
	uint32_t bursts = span > PKT_BURST ? span / PKT_BURST : 1, f = turn / bursts % FLOWS, part = turn % bursts;
	uint64_t skip = 0;

	for (uint32_t k = part * PKT_BURST; k < (part + 1) * PKT_BURST; k++) {
		uint32_t nth = span ? k / span * span + span - 1 - k % span : k;
		put(b, 0x0a000000 + f, 4000, 0, 0x10, b->next[f] + nth * PAYLOAD, b->server[f], PAYLOAD);
	}
	run(b, fc, sc);
	turn++;
	if (part + 1 < bursts)
		return;
	b->next[f] += bursts * PKT_BURST * PAYLOAD;
	put(b, 0x0a000000 + f, 4000, 1, 0x10, b->server[f], b->next[f], 0);
	run(b, &skip, &skip);
}

// Segments of one byte, each behind a hole of its own.
static void holes(struct bench *b, uint64_t *fc, uint64_t *sc)
{
	static uint32_t x = 1;

	for (uint32_t k = 0; k < PKT_BURST; k++) {
		x = x * 1664525u + 1013904223u;
		put(b, 0x0a000000, 4000, 0, 0x10, b->next[0] + 1 + (x >> 17) * 2, b->server[0], 1);
	}
	run(b, fc, sc);
}

static void syn_flood(struct bench *b, uint64_t *fc, uint64_t *sc)
{
	for (uint32_t k = 0; k < PKT_BURST; k++, turn++)
		put(b, turn * 2654435761u, (uint16_t)turn, 0, 0x02, turn, 0, 0);
	run(b, fc, sc);
}

struct counted {
	burst_fn *load;
	uint32_t bursts;
};

static void run_counted(void *arg)
{
	const struct counted *c = arg;
	uint64_t skip = 0;

	for (uint32_t i = 0; i < c->bursts; i++)
		c->load(&bench, &skip, &skip);
}

// Instructions of the stream stage a packet, over as many bursts as the load takes to repeat.
static double instructions(burst_fn *load)
{
	struct counted c = {load, span > PKT_BURST ? span / PKT_BURST : 1};
	uint64_t count[PERF_MAX_STAGES];

	if (!stages_count(stage, run_counted, &c, count))
		return 0;
	return (double)count[STAGE_STREAM] / (c.bursts * PKT_BURST);
}

// Best round of `rounds`, each of `bursts`.
static double measure(const char *name, burst_fn *load, uint32_t rounds, uint32_t bursts, double base)
{
	double best = 1e9, flow = 0;

	turn = 0;
	for (uint32_t r = 0; r < rounds; r++) {
		uint64_t fc = 0, sc = 0;
		for (uint32_t i = 0; i < bursts; i++)
			load(&bench, &fc, &sc);
		double cost = (double)(sc - fc) / (bursts * PKT_BURST);
		if (cost < best) {
			best = cost;
			flow = (double)fc / (bursts * PKT_BURST);
		}
	}
	printf("%-24s %7.1f cycles, %7.1f instructions a packet (flow stage %.1f cycles)", name, best,
		instructions(load), flow);
	if (base > 0)
		printf(", %.1fx", best / base);
	putchar('\n');
	return best;
}

static double measure_bulk(const char *name, uint32_t segments, double base)
{
	setup(&bench, 1024, 0);
	connect_all(&bench);
	span = segments;
	return measure(name, bulk, ROUNDS, FLOWS * SEGMENTS / PKT_BURST, base);
}

int main(void)
{
	struct tcp_stream_stats st;

	stage = stages_shared(sizeof(*stage));
	if (!stage)
		return 1;
	double in_order = measure_bulk("in-order bulk", 0, 0);
	measure_bulk("reversed, 32 segments", 32, in_order);
	measure_bulk("reversed, 256 segments", 256, in_order);
	span = 0;
	setup(&bench, 1024, 0);
	connect_all(&bench);
	measure("a million holes", holes, 1, 1000000 / PKT_BURST, 0);
	tcp_streams_stats(bench.ts, &st);
	printf("%24s %" PRIu64 " held, %" PRIu64 " bytes of pools\n", "", st.held_segments, st.reassembly_memuse);
	setup(&bench, 1 << 20, 0);
	measure("SYN flood", syn_flood, 1, 1000000 / PKT_BURST, 0);
	tcp_streams_stats(bench.ts, &st);
	printf("%24s %" PRIu64 " sessions\n", "", st.active);
	return 0;
}
