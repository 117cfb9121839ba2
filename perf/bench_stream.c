// What TCP streams cost a packet on top of the flow stage: in-order bulk, its acknowledgements, the same reversed, a
// million holes, and SYN floods with and without data. Prints cycles a packet, the median of many rounds, and
// instructions, which are exact on a busy machine too.
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
#define ROUNDS 301u

// What a flow's segments carry and in which order.
struct bulk_kind {
	const char *name;
	uint32_t span;  // segments that change places: each block comes last segment first; 0: in order
	bool stamped;   // with timestamps
	bool only_acks; // the acknowledgements are on the clock, not the data
};

struct bench {
	struct bulk_kind kind;
	struct flow_table *flows;
	struct tcp_streams *ts;
	struct detector_run run;
	struct event_sink sink;
	struct burst burst;
	uint64_t handed;
	uint32_t turn;                          // bursts so far
	bool scaled;                            // segments say a window scale
	uint32_t next[FLOWS], server[FLOWS];    // numbers of both sides
	double cost[ROUNDS], flow_cost[ROUNDS]; // cycles a packet
	uint8_t frames[PKT_BURST][2048];
};

enum bench_stage { STAGE_FLOW, STAGE_STREAM, STAGE_NONE = PERF_MAX_STAGES };
static volatile uint32_t *stage; // shared with the process that counts instructions

static enum stream_verdict on_data(void *arg, struct stream_view *v)
{
	((struct bench *)arg)->handed += v->len;
	return STREAM_MORE;
}

static const struct event_tcp *on_end(
	void *arg, struct flow *f, struct flow_cold *cold, enum flow_end_reason reason, uint64_t seq)
{
	struct bench *b = arg;

	return tcp_stream_flow_end(b->ts, f, cold, &b->run);
}

static void setup(struct bench *b, uint64_t flows)
{
	struct flow_table_config fc;
	struct tcp_stream_config sc;
	struct stream_consumer c = {.name = "bench", .arg = b, .on_data = on_data};

	flow_table_config_default(&fc);
	fc.max_flows = flows;
	fc.tcp_by_stream = true;
	fc.records = false;
	fc.on_end = on_end;
	fc.on_end_arg = b;
	tcp_stream_config_default(&sc);
	sc.depth = 0;
	void *flow_mem = mem_map_bytes(flow_table_size(&fc)), *ts_mem = mem_map_bytes(tcp_streams_size(&sc));
	if (!flow_mem || !ts_mem || flow_table_init(flow_mem, &fc, &b->flows) != 0 ||
		tcp_streams_init(ts_mem, &sc, b->flows, &b->ts) != 0 || tcp_stream_add_consumer(b->ts, &c) != 0) {
		fprintf(stderr, "bench_stream: no memory\n");
		exit(1);
	}
	b->run = (struct detector_run){.sink = &b->sink, .flows = b->flows};
	b->burst.now_ns = 1600000000000000000ull;
}

// TCP options of a segment into o; returns their bytes.
static uint32_t put_options(const struct bench *b, uint8_t *o, uint64_t now_ns)
{
	uint32_t n = 0, stamp = htonl((uint32_t)(now_ns / 1000000));

	if (b->kind.stamped) { // as RFC 7323 appendix A says
		memcpy(o, "\1\1\10\12", 4);
		memcpy(o + 4, &stamp, 4);
		memset(o + 8, 0, 4);
		n = 12;
	}
	if (b->scaled) {
		memcpy(o + n, "\3\3\7", 4); // window scale, end of options
		n += 4;
	}
	return n;
}

static void put(
	struct bench *b, uint32_t src, uint16_t port, int from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	uint16_t i = b->burst.n_frames++;
	struct packet *p = &b->burst.frames[i];
	uint8_t *h = b->frames[i];
	uint32_t head = 20 + put_options(b, h + 20, b->burst.now_ns);

	memset(h, 0, 20);
	seq = htonl(seq);
	ack = htonl(ack);
	memcpy(h + 4, &seq, 4);
	memcpy(h + 8, &ack, 4);
	h[12] = (uint8_t)(head << 2);
	h[13] = flags;
	h[14] = h[15] = 0xff;
	memset(p, 0, sizeof(*p));
	p->data = h;
	p->len = p->wire_len = head + len;
	p->payload_off = head;
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

// Runs the burst; adds the cycles of each stage. NULL: what is not to be measured.
static void run(struct bench *b, uint64_t *flow_cycles, uint64_t *stream_cycles)
{
	uint64_t t0 = rte_rdtsc_precise();
	bool count = flow_cycles != NULL;

	for (uint16_t i = 0; i < b->burst.n;) {
		uint64_t a = rte_rdtsc();
		*stage = count ? STAGE_FLOW : STAGE_NONE;
		uint16_t end = flow_lookup_burst(b->flows, &b->burst, i, &b->sink);
		uint64_t m = rte_rdtsc();
		*stage = count ? STAGE_STREAM : STAGE_NONE;
		tcp_stream_burst(b->ts, &b->burst, i, end, &b->run);
		if (flow_cycles)
			*flow_cycles += m - a;
		i = end;
	}
	*stage = STAGE_NONE;
	if (stream_cycles)
		*stream_cycles += rte_rdtsc_precise() - t0;
	b->burst.n = b->burst.n_frames = 0;
}

static void connect_all(struct bench *b)
{
	b->scaled = true;
	for (uint32_t i = 0; i < FLOWS; i++) {
		b->next[i] = 1001;
		b->server[i] = 5001;
		put(b, 0x0a000000 + i, 4000, 0, 0x02, 1000, 0, 0);
		put(b, 0x0a000000 + i, 4000, 1, 0x12, 5000, 1001, 0);
		put(b, 0x0a000000 + i, 4000, 0, 0x10, 1001, 5001, 0);
		put(b, 0x0a000000 + i, 4000, 1, 0x10, 5001, 1001, 0); // a window of eight megabytes from here on
		run(b, NULL, NULL);
	}
	b->scaled = false;
}

// PKT_BURST packets of some load: cycles of the flow stage and of both are added to the counts.
typedef void burst_fn(struct bench *b, uint64_t *flow_cycles, uint64_t *cycles);

static uint32_t bursts_of(const struct bulk_kind *k)
{
	return k->span > PKT_BURST ? k->span / PKT_BURST : 1;
}

// One flow's segments in blocks of `span`, each block last segment first, acknowledged off the clock.
static void bulk(struct bench *b, uint64_t *fc, uint64_t *sc)
{
	uint32_t span = b->kind.span, bursts = bursts_of(&b->kind);
	uint32_t f = b->turn / bursts % FLOWS, part = b->turn % bursts;

	for (uint32_t k = part * PKT_BURST; k < (part + 1) * PKT_BURST; k++) {
		uint32_t nth = span ? k / span * span + span - 1 - k % span : k;
		put(b, 0x0a000000 + f, 4000, 0, 0x10, b->next[f] + nth * PAYLOAD, b->server[f], PAYLOAD);
	}
	run(b, fc, sc);
	b->turn++;
	if (part + 1 < bursts)
		return;
	b->next[f] += bursts * PKT_BURST * PAYLOAD;
	put(b, 0x0a000000 + f, 4000, 1, 0x10, b->server[f], b->next[f], 0);
	run(b, NULL, NULL);
}

// The acknowledgements of one flow's segments, one each; the data itself off the clock.
static void acks(struct bench *b, uint64_t *fc, uint64_t *sc)
{
	uint32_t f = b->turn++ % FLOWS;

	for (uint32_t k = 0; k < PKT_BURST; k++)
		put(b, 0x0a000000 + f, 4000, 0, 0x10, b->next[f] + k * PAYLOAD, b->server[f], PAYLOAD);
	run(b, NULL, NULL);
	for (uint32_t k = 0; k < PKT_BURST; k++)
		put(b, 0x0a000000 + f, 4000, 1, 0x10, b->server[f], b->next[f] += PAYLOAD, 0);
	run(b, fc, sc);
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

// First SYNs of ever other clients, with len bytes of data each.
static void first_syns(struct bench *b, uint32_t len, uint64_t *fc, uint64_t *sc)
{
	for (uint32_t k = 0; k < PKT_BURST; k++, b->turn++)
		put(b, b->turn * 2654435761u, (uint16_t)b->turn, 0, 0x02, b->turn, 0, len);
	run(b, fc, sc);
}

static void syn_flood(struct bench *b, uint64_t *fc, uint64_t *sc)
{
	first_syns(b, 0, fc, sc);
}

static void syn_data_flood(struct bench *b, uint64_t *fc, uint64_t *sc)
{
	first_syns(b, 1000, fc, sc);
}

struct counted {
	burst_fn *load;
	struct bench *b;
};

static void run_counted(void *arg)
{
	const struct counted *c = arg;
	uint64_t skip = 0;

	for (uint32_t i = 0; i < bursts_of(&c->b->kind); i++)
		c->load(c->b, &skip, &skip);
}

// Instructions of the stream stage a packet, over as many bursts as the load takes to repeat.
static double instructions(burst_fn *load, struct bench *b)
{
	struct counted c = {load, b};
	uint64_t count[PERF_MAX_STAGES];

	if (!stages_count(stage, run_counted, &c, count))
		return 0;
	return (double)count[STAGE_STREAM] / (bursts_of(&b->kind) * PKT_BURST);
}

// One round of `bursts`: cycles a packet of both stages.
static void one_round(struct bench *b, burst_fn *load, uint32_t bursts, uint32_t round)
{
	uint64_t fc = 0, sc = 0;

	for (uint32_t i = 0; i < bursts; i++)
		load(b, &fc, &sc);
	b->cost[round] = (double)(sc - fc) / (bursts * PKT_BURST);
	b->flow_cost[round] = (double)fc / (bursts * PKT_BURST);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct bench *bench_new(struct bulk_kind kind, uint64_t flows)
{
	struct bench *b = calloc(1, sizeof(*b));

	if (!b)
		exit(1);
	b->kind = kind;
	setup(b, flows);
	return b;
}

// The bulk loads take turns, so that a neighbour who takes the core's caches for a while takes them from all.
static void measure_bulk(void)
{
	static const struct bulk_kind kinds[] = {
		{"in-order bulk", 0, false, false},
		{"... with timestamps", 0, true, false},
		{"... its acknowledgements", 0, false, true},
		{"reversed, 32 segments", 32, false, false},
		{"reversed, 256 segments", 256, false, false},
	};
	struct bench *b[RTE_DIM(kinds)];
	double base = 0;

	for (size_t i = 0; i < RTE_DIM(kinds); i++) {
		b[i] = bench_new(kinds[i], 1024);
		connect_all(b[i]);
	}
	for (uint32_t r = 0; r < ROUNDS; r++)
		for (size_t i = 0; i < RTE_DIM(kinds); i++)
			one_round(b[i], kinds[i].only_acks ? acks : bulk, FLOWS * SEGMENTS / PKT_BURST, r);
	for (size_t i = 0; i < RTE_DIM(kinds); i++) {
		qsort(b[i]->cost, ROUNDS, sizeof(double), by_size);
		qsort(b[i]->flow_cost, ROUNDS, sizeof(double), by_size);
		double median = b[i]->cost[ROUNDS / 2];
		base = i == 0 ? median : base;
		printf("%-25s %6.1f cycles (best %5.1f), %6.1f instructions a packet, %.1fx; flow stage %.1f cycles\n",
			kinds[i].name, median, b[i]->cost[0], instructions(kinds[i].only_acks ? acks : bulk, b[i]),
			median / base, b[i]->flow_cost[ROUNDS / 2]);
	}
}

static void measure_attack(const char *name, burst_fn *load, struct bench *b)
{
	struct tcp_stream_stats st;

	one_round(b, load, 1000000 / PKT_BURST, 0);
	tcp_streams_stats(b->ts, &st);
	printf("%-25s %6.1f cycles, %6.1f instructions a packet; %" PRIu64 " sessions, %" PRIu64
	       " pieces held, %" PRIu64 " bytes\n",
		name, b->cost[0], instructions(load, b), st.active, st.held_segments, st.memuse + st.reassembly_memuse);
}

int main(void)
{
	struct bench *b;

	stage = stages_shared(sizeof(*stage));
	if (!stage)
		return 1;
	*stage = STAGE_NONE;
	measure_bulk();
	b = bench_new((struct bulk_kind){0}, 1024);
	connect_all(b);
	measure_attack("a million holes", holes, b);
	measure_attack("SYN flood", syn_flood, bench_new((struct bulk_kind){0}, 1 << 20));
	measure_attack("... with 1000 bytes each", syn_data_flood, bench_new((struct bulk_kind){0}, 1 << 20));
	return 0;
}
