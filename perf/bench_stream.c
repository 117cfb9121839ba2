// What TCP streams cost a packet on top of the flow stage: in-order bulk, the same reversed, pure
// acknowledgements, a million holes, and a SYN flood. Prints cycles a packet, best of several rounds.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <rte_cycles.h>

#include "dataplane/setup/memory.h"
#include "dataplane/tcp_stream.h"

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
	h[12] = 0x50;
	h[13] = flags;
	h[14] = h[15] = 0xff;
	memset(p, 0, sizeof(*p));
	p->data = h;
	p->len = p->wire_len = 20 + len;
	p->payload_off = 20;
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
		uint16_t end = flow_lookup_burst(b->flows, &b->burst, i, &b->sink);
		uint64_t m = rte_rdtsc();
		tcp_stream_burst(b->ts, &b->burst, i, end, &b->run);
		*flow_cycles += m - a;
		i = end;
	}
	*stream_cycles += rte_rdtsc_precise() - t0;
	b->burst.n = b->burst.n_frames = 0;
}

static void connect_all(struct bench *b)
{
	uint64_t f = 0, s = 0;

	for (uint32_t i = 0; i < FLOWS; i++) {
		b->next[i] = 1001;
		b->server[i] = 5001;
		put(b, 0x0a000000 + i, 4000, 0, 0x02, 1000, 0, 0);
		put(b, 0x0a000000 + i, 4000, 1, 0x12, 5000, 1001, 0);
		put(b, 0x0a000000 + i, 4000, 0, 0x10, 1001, 5001, 0);
		run(b, &f, &s);
	}
}

// Bulk: bursts of one flow's segments, acknowledged in between outside the measured time. span: how
// many segments are sent in the order given by reversed.
static double bulk(bool reversed, double *flow_cost)
{
	struct bench *b = &bench;
	double best = 1e9;

	setup(b, 1024, 0);
	connect_all(b);
	for (uint32_t r = 0; r < ROUNDS; r++) {
		uint64_t fc = 0, sc = 0, n = 0, skip = 0;
		for (uint32_t i = 0; i < FLOWS * SEGMENTS / PKT_BURST; i++) {
			uint32_t f = i % FLOWS;
			for (uint32_t k = 0; k < PKT_BURST; k++)
				put(b, 0x0a000000 + f, 4000, 0, 0x10,
					b->next[f] + (reversed ? PKT_BURST - 1 - k : k) * PAYLOAD, b->server[f],
					PAYLOAD);
			b->next[f] += PKT_BURST * PAYLOAD;
			n += PKT_BURST;
			run(b, &fc, &sc);
			put(b, 0x0a000000 + f, 4000, 1, 0x10, b->server[f], b->next[f], 0);
			run(b, &skip, &skip);
		}
		double cost = (double)(sc - fc) / (double)n;
		*flow_cost = (double)fc / (double)n;
		best = cost < best ? cost : best;
	}
	return best;
}

static double holes(void)
{
	struct bench *b = &bench;
	uint64_t fc = 0, sc = 0;
	uint32_t x = 1;

	setup(b, 1024, 0);
	connect_all(b);
	for (uint32_t i = 0; i < 1000000; i++) {
		x = x * 1664525u + 1013904223u;
		put(b, 0x0a000000, 4000, 0, 0x10, b->next[0] + 1 + (x >> 17) * 2, b->server[0], 1);
		if (b->burst.n == PKT_BURST)
			run(b, &fc, &sc);
	}
	return (double)(sc - fc) / 1e6;
}

static double syn_flood(double *flow_cost)
{
	struct bench *b = &bench;
	uint64_t fc = 0, sc = 0;

	setup(b, 1 << 20, 0);
	for (uint32_t i = 0; i < 1000000; i++) {
		put(b, i * 2654435761u, (uint16_t)i, 0, 0x02, i, 0, 0);
		if (b->burst.n == PKT_BURST)
			run(b, &fc, &sc);
	}
	*flow_cost = (double)fc / 1e6;
	return (double)(sc - fc) / 1e6;
}

int main(void)
{
	double flow = 0, flood_flow = 0;
	struct tcp_stream_stats st;

	double in_order = bulk(false, &flow);
	printf("in-order bulk      %7.1f cycles a packet (flow stage %.1f)\n", in_order, flow);
	double reversed = bulk(true, &flow);
	printf("all reversed       %7.1f cycles a packet, %.1fx (%.1f cycles a payload byte)\n", reversed,
		reversed / in_order, reversed / PAYLOAD);
	double hole = holes();
	tcp_streams_stats(bench.ts, &st);
	printf("a million holes    %7.1f cycles a packet, %" PRIu64 " held, %" PRIu64 " bytes of pools\n", hole,
		st.held_segments, st.reassembly_memuse);
	double flood = syn_flood(&flood_flow);
	tcp_streams_stats(bench.ts, &st);
	printf("SYN flood          %7.1f cycles a packet (flow stage %.1f), %" PRIu64 " sessions\n", flood, flood_flow,
		st.active);
	return 0;
}
