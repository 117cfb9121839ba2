// Segments made from the input go through a small flow table and the stream engine. Whatever they say,
// each direction is handed on once and in order, memory stays in its pools, and all of it comes back.
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/event_ring.h"
#include "dataplane/tcp_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

#define FLOWS 8u

static struct {
	struct flow_table *flows;
	struct tcp_streams *ts;
	void *flow_mem, *ts_mem;
	struct detector_run run;
	struct event_sink sink;
	struct burst burst;
	uint64_t next[2][65536];  // stream offset expected, by direction and client port
	uint64_t shown[2][65536]; // end of what was shown
	bool ended[2][65536];
	uint8_t leave, done;
	uint8_t frame[4096];
} z;

static enum stream_verdict on_data(void *arg, struct stream_view *v)
{
	uint16_t port = v->flow->port[0] < v->flow->port[1] ? v->flow->port[1] : v->flow->port[0];
	uint64_t *next = &z.next[v->dir][port];
	volatile uint8_t sum = 0;

	if (v->flags & STREAM_START) {
		*next = z.shown[v->dir][port] = 0;
		z.ended[v->dir][port] = false;
	}
	MUST(!z.ended[v->dir][port]);
	// before a gap, what was left unused is gone
	MUST(v->offset - v->gap == *next || (v->gap && v->offset - v->gap == z.shown[v->dir][port]));
	for (uint32_t i = 0; i < v->len; i++) // every byte must be readable
		sum = (uint8_t)(sum + v->data[i]);
	uint32_t left = v->len < z.leave * 64u ? v->len : z.leave * 64u;
	v->used = v->len - left;
	*next = v->offset + v->used;
	z.shown[v->dir][port] = v->offset + v->len;
	if (v->flags & STREAM_LAST)
		z.ended[v->dir][port] = true;
	return z.done && v->offset > z.done * 64u ? STREAM_DONE : STREAM_MORE;
}

static const struct event_tcp *on_end(
	void *arg, struct flow *f, struct flow_cold *cold, enum flow_end_reason reason, uint64_t seq)
{
	return tcp_stream_flow_end(z.ts, f, cold, &z.run);
}

static bool reuse(void *arg, const struct flow *f, const struct flow_cold *cold, const struct packet *p)
{
	uint32_t seq;

	memcpy(&seq, p->data + 4, 4);
	return tcp_stream_is_reuse(f, cold, ntohl(seq));
}

static void *zeroed(size_t size)
{
	void *mem = aligned_alloc(64, (size + 63) & ~(size_t)63);

	MUST(mem);
	return memset(mem, 0, (size + 63) & ~(size_t)63);
}

static void start(const uint8_t *cfg_bytes)
{
	struct flow_table_config flow;
	struct tcp_stream_config cfg;
	struct stream_consumer c = {.name = "fuzz", .on_data = on_data};

	flow_table_config_default(&flow);
	flow.max_flows = FLOWS;
	flow.tcp_by_stream = true;
	flow.records = false;
	flow.on_end = on_end;
	flow.tcp_reuse = reuse;
	tcp_stream_config_default(&cfg);
	cfg.memcap = cfg_bytes[1] & 0x20 ? 1500 : 4096; // a few sessions: eviction is part of the game
	cfg.reassembly_memcap = 262144;
	cfg.flow_cap = 16384;
	cfg.default_policy = cfg_bytes[0] % TCP_POLICY_COUNT;
	cfg.midstream = cfg_bytes[1] & 1;
	cfg.async_oneside = cfg_bytes[1] & 2;
	cfg.urgent_policy = cfg_bytes[1] >> 2 & 3;
	cfg.depth = cfg_bytes[1] & 0x10 ? 1000 : 0;
	cfg.urgent_oob_limit = 4;
	flow.midstream = cfg.midstream;
	z.leave = cfg_bytes[2] & 7;
	z.done = cfg_bytes[2] >> 5;
	z.flow_mem = zeroed(flow_table_size(&flow));
	MUST(flow_table_init(z.flow_mem, &flow, &z.flows) == 0);
	z.ts_mem = zeroed(tcp_streams_size(&cfg));
	MUST(tcp_streams_init(z.ts_mem, &cfg, z.flows, &z.ts) == 0);
	MUST(tcp_stream_add_consumer(z.ts, &c) == 0);
	z.run = (struct detector_run){.sink = &z.sink, .flows = z.flows};
}

// Ten bytes a segment: who, flags, sequence and acknowledgement near interesting places, window, length.
static void segment(const uint8_t *in, uint64_t now_ns, uint64_t ordinal)
{
	static const uint32_t anchor[2] = {0xfffffff0, 1000};
	struct packet *p = &z.burst.frames[0];
	int from = in[0] & 1;
	uint32_t seq = anchor[from] + (uint32_t)(int16_t)(in[2] | in[3] << 8) + (in[0] & 0x40 ? 1u << 30 : 0);
	uint32_t ack = anchor[!from] + (uint32_t)(int16_t)(in[4] | in[5] << 8);
	uint32_t opts = (in[0] >> 3 & 7) < 6 ? (in[0] >> 3 & 7) * 4u : 0, len = in[7] * (in[8] & 8 ? 8u : 1u);
	uint8_t *h = z.frame;

	memset(h, 0, 20);
	memset(h + 20, 1, opts);
	if (opts == 20) { // NOP NOP SACK, two blocks beside the acknowledgement
		memcpy(h + 20, (uint8_t[]){1, 1, 5, 18}, 4);
		for (uint32_t i = 0; i < 4; i++) {
			uint32_t edge = htonl(ack + (uint32_t)(int8_t)in[6 + i] * 16u);
			memcpy(h + 24 + 4 * i, &edge, 4);
		}
	} else if (opts >= 12)
		memcpy(h + 20, (uint8_t[]){1, 1, 8, 10, 0, 0, in[9], in[8], 0, 0, 0, in[6]}, 12);
	else if (opts >= 4)
		memcpy(h + 20, (uint8_t[]){in[8] & 1 ? 34 : 3, in[8] & 1 ? 4 : 3, in[9], in[6]}, 4);
	seq = htonl(seq);
	ack = htonl(ack);
	memcpy(h + 4, &seq, 4);
	memcpy(h + 8, &ack, 4);
	h[12] = (uint8_t)((20 + opts) / 4 << 4);
	h[13] = in[1];
	h[14] = in[6];
	h[19] = in[9];
	memset(h + 20 + opts, in[9], len);
	memset(p, 0, sizeof(*p));
	*p = (struct packet){
		.data = h, .len = 20 + opts + len, .payload_off = 20 + opts, .payload_len = len, .ip_proto = 6};
	p->flags = PKT_IPV4 | PKT_TCP;
	p->tcp_flags = in[1];
	p->src.w[0] = htonl(0x0a000001u + (uint32_t)from);
	p->dst.w[0] = htonl(0x0a000002u - (uint32_t)from);
	uint16_t port = (uint16_t)(40000 + (in[0] >> 1 & 3));
	p->sport = from ? 80 : port;
	p->dport = from ? port : 80;
	p->ts_ns = now_ns;
	p->seq = ordinal;
	z.burst.n = 0;
	z.burst.n_frames = 1;
	burst_push(&z.burst, p);
	z.run.now_ns = now_ns;
	flow_lookup_burst(z.flows, &z.burst, 0, &z.sink);
	tcp_stream_burst(z.ts, &z.burst, 0, 1, &z.run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t now_ns = 1600000000000000000ull, ordinal = 0;
	struct tcp_stream_stats st;

	if (size < 3)
		return 0;
	start(data);
	for (size_t at = 3; at + 10 <= size; at += 10) {
		segment(data + at, now_ns += data[at + 1] & 0x20 ? (uint64_t)-1500000 : 1000000, ++ordinal);
		if (data[1] & 0x40 && ordinal % 4 == 0)
			MUST(flow_table_tick(z.flows, now_ns, ordinal, &z.sink) &&
				tcp_stream_tick(z.ts, now_ns, ordinal, &z.sink));
	}
	flow_table_flush(z.flows, now_ns, ordinal, &z.sink);
	tcp_streams_stats(z.ts, &st);
	MUST(st.active == 0 && st.held_segments == 0 && st.held_bytes == 0 &&
		st.reassembly_memuse == st.syn_data_bytes);
	free(z.flow_mem);
	free(z.ts_mem);
	return 0;
}
