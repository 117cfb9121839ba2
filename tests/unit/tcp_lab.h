// One TCP connection on the bench: segments go through a real flow table and the stream engine, and
// a consumer writes down what it is given. Sequence numbers count from the first byte of each side.
// With TCP_LAB_CAPTURE=FILE every connection of default configuration is also written to FILE, each from an
// address of its own, so that another engine can be asked about it (tests/corpora/stream_events.py).
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "dataplane/event_ring.h"
#include "dataplane/tcp_opening.h"
#include "dataplane/tcp_stream.h"

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10
#define URG 0x20

#define LAB_BYTES 262144u
#ifndef LAB_FLOWS
#define LAB_FLOWS 64 // of the table
#endif

enum { C = DIR_TO_SERVER, S = DIR_TO_CLIENT }; // who sends

struct lab_seen {
	uint8_t bytes[LAB_BYTES]; // gaps appear as '?'
	uint32_t len;
	uint32_t gaps, gap_bytes, calls, ends;
	uint16_t flags; // all view flags seen
	uint64_t acked;
};

struct lab {
	struct tcp_stream_config cfg;
	struct flow_table *flows;
	void *flow_mem, *ts_mem;
	struct tcp_streams *ts;
	struct event_sink sink;
	struct detector_run run;
	struct burst burst;
	struct lab_seen seen[2];
	uint32_t leave;      // bytes the consumer leaves unused while more may come
	uint32_t done_after; // calls after which it is done, 0: never
	uint32_t isn[2];
	uint16_t port;
	uint64_t now_ns, seq;
	// Options of the next segment, and its window and urgent pointer.
	uint8_t opts[40];
	uint32_t opts_len;
	uint16_t win, urgent;
	uint64_t step_ns;
	uint32_t number;    // in TCP_LAB_CAPTURE, from 1; 0: not written
	struct packet last; // as the engine left it
	struct flow *flow;
	uint8_t frame[70000];
};

static inline void *lab_zeroed(size_t size)
{
	size_t whole = (size + 63) & ~(size_t)63;
	void *mem = aligned_alloc(64, whole);

	assert_non_null(mem);
	return memset(mem, 0, whole);
}

static enum stream_verdict lab_on_data(void *arg, struct stream_view *v)
{
	struct lab *lab = arg;
	struct lab_seen *s = &lab->seen[v->dir];
	if (v->flags & STREAM_FORCED) // what was left unused, and written down, is lost: forget it
		s->len = (uint32_t)v->offset - v->gap;
	uint32_t again = v->flags & STREAM_KEPT ? s->len + v->gap - (uint32_t)v->offset : 0;

	assert_true(s->len + v->gap + v->len < LAB_BYTES);
	assert_true(again <= v->len && again <= s->len);
	assert_memory_equal(s->bytes + s->len - again, v->data, again); // what was left comes back unchanged
	assert_int_equal(v->offset + again, s->len + v->gap);
	memset(s->bytes + s->len, '?', v->gap);
	s->len += v->gap;
	memcpy(s->bytes + s->len, v->data + again, v->len - again);
	s->len += v->len - again;
	s->gaps += v->gap != 0;
	s->gap_bytes += v->gap;
	s->ends += (v->flags & STREAM_LAST) != 0;
	s->flags |= v->flags;
	s->acked = v->acked;
	s->calls++;
	if (v->len > lab->leave)
		v->used = v->len - lab->leave;
	else
		v->used = 0;
	return lab->done_after && s->calls >= lab->done_after ? STREAM_DONE : STREAM_MORE;
}

static const struct event_tcp *lab_on_end(
	void *arg, struct flow *f, struct flow_cold *cold, enum flow_end_reason reason, uint64_t seq)
{
	struct lab *lab = arg;

	return tcp_stream_flow_end(lab->ts, f, cold, &lab->run);
}

// What stands before the lab's own consumer, and what is told that the flow has ended; NULL: nothing.
static void (*lab_first)(struct lab *lab);
static void (*lab_flow_ended)(struct lab *lab);

static inline void lab_open_with(struct lab *lab, const struct tcp_stream_config *cfg)
{
	struct flow_table_config flow;
	struct stream_consumer consumer = {.name = "lab", .arg = lab, .on_data = lab_on_data};

	memset(lab, 0, sizeof(*lab));
	lab->cfg = *cfg;
	flow_table_config_default(&flow);
	flow.max_flows = LAB_FLOWS;
	flow.tcp_by_stream = true;
	flow.records = false;
	flow.on_end = lab_on_end;
	flow.on_end_arg = lab;
	lab->flow_mem = lab_zeroed(flow_table_size(&flow));
	assert_int_equal(flow_table_init(lab->flow_mem, &flow, &lab->flows), 0);
	lab->ts_mem = lab_zeroed(tcp_streams_size(cfg));
	assert_int_equal(tcp_streams_init(lab->ts_mem, cfg, lab->flows, &lab->ts), 0);
	if (lab_first)
		lab_first(lab);
	assert_int_equal(tcp_stream_add_consumer(lab->ts, &consumer), 0);
	lab->isn[C] = 1000;
	lab->isn[S] = 5000;
	lab->port = 40000;
	lab->win = 65535;
	lab->step_ns = 1000000;
	lab->now_ns = UINT64_C(1600000000000000000);
	lab->run = (struct detector_run){.sink = &lab->sink, .flows = lab->flows};
}

static inline struct tcp_stream_config lab_config(void)
{
	struct tcp_stream_config cfg;

	tcp_stream_config_default(&cfg);
	cfg.memcap = 1 << 20;
	cfg.reassembly_memcap = 8 << 20;
	return cfg;
}

static inline FILE *lab_capture(void)
{
	static const uint32_t header[6] = {0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, 101}; // LINKTYPE_RAW
	static FILE *file;
	const char *name = getenv("TCP_LAB_CAPTURE");

	if (name && !file && (file = fopen(name, "w")) != NULL)
		fwrite(header, sizeof(header), 1, file);
	return file;
}

static inline struct lab *lab_open(void)
{
	static uint32_t opened;
	struct lab *lab = malloc(sizeof(*lab));
	struct tcp_stream_config cfg = lab_config();

	assert_non_null(lab);
	lab_open_with(lab, &cfg);
	if (lab_capture())
		lab->number = ++opened;
	return lab;
}

static inline struct lab *lab_open_policy(int policy)
{
	struct lab *lab = malloc(sizeof(*lab));
	struct tcp_stream_config cfg = lab_config();

	assert_non_null(lab);
	cfg.default_policy = policy;
	lab_open_with(lab, &cfg);
	return lab;
}

static inline struct flow_cold *lab_cold(struct lab *lab)
{
	return lab->flow && lab->flow->flags & FLOW_COLD_SET ? flow_cold_get(lab->flows, lab->flow) : NULL;
}

static inline void lab_end(struct lab *lab)
{
	if (lab->flow)
		tcp_stream_flow_end(lab->ts, lab->flow, lab_cold(lab), &lab->run);
	if (lab->flow && lab_flow_ended)
		lab_flow_ended(lab);
	lab->flow = NULL;
}

// Ends the connection and checks that all memory came back.
static inline void lab_free(struct lab *lab)
{
	free(lab->flow_mem);
	free(lab->ts_mem);
	free(lab);
}

static inline void lab_close(struct lab *lab)
{
	struct tcp_stream_stats st;

	lab_end(lab);
	tcp_streams_stats(lab->ts, &st);
	assert_int_equal(st.active, 0);
	assert_int_equal(st.held_segments, 0);
	assert_int_equal(st.held_bytes, 0);
	assert_int_equal(st.reassembly_memuse, 0);
	lab_free(lab);
}

static inline void lab_put32(uint8_t *at, uint32_t v)
{
	v = htonl(v);
	memcpy(at, &v, 4);
}

// One segment with absolute numbers. Options, window and urgent pointer are those set in lab.
static inline struct packet *lab_raw(
	struct lab *lab, int from, uint8_t flags, uint32_t seq, uint32_t ack, const void *data, uint32_t len)
{
	struct packet *p = &lab->burst.frames[0];
	uint32_t opts = (lab->opts_len + 3) & ~3u;
	uint8_t *h = lab->frame;

	memset(h, 0, 20 + opts);
	memcpy(h + 20, lab->opts, lab->opts_len);
	lab_put32(h + 4, seq);
	lab_put32(h + 8, ack);
	h[12] = (uint8_t)((20 + opts) / 4 << 4);
	h[13] = flags;
	h[14] = (uint8_t)(lab->win >> 8);
	h[15] = (uint8_t)lab->win;
	h[18] = (uint8_t)(lab->urgent >> 8);
	h[19] = (uint8_t)lab->urgent;
	if (len)
		memcpy(h + 20 + opts, data, len);
	memset(p, 0, sizeof(*p));
	p->data = h;
	p->len = p->wire_len = 20 + opts + len;
	p->payload_off = 20 + opts;
	p->payload_len = len;
	p->flags = PKT_IPV4 | PKT_TCP;
	p->ip_proto = 6;
	p->tcp_flags = flags;
	p->src.w[0] = htonl(from == C ? 0x0a000001 : 0x0a000002);
	p->dst.w[0] = htonl(from == C ? 0x0a000002 : 0x0a000001);
	p->sport = from == C ? lab->port : 80;
	p->dport = from == C ? 80 : lab->port;
	lab->now_ns += lab->step_ns;
	p->ts_ns = lab->now_ns;
	p->seq = ++lab->seq;
	return p;
}

// The prepared packet as a record of the capture, the client's address 10.1.N.N by the connection's number.
static inline void lab_write(const struct lab *lab, const struct packet *p)
{
	uint32_t total = 20 + p->len, own = 0x0a010000 + lab->number, peer = 0x0a000002;
	uint64_t at = lab->number * UINT64_C(1000) * 1000000 + p->ts_ns / 1000;
	uint32_t record[4] = {(uint32_t)(at / 1000000), (uint32_t)(at % 1000000), total, total};
	uint8_t ip[20] = {0x45, 0, (uint8_t)(total >> 8), (uint8_t)total, 0, 1, 0x40, 0, 64, 6};
	uint8_t ports[4] = {(uint8_t)(p->sport >> 8), (uint8_t)p->sport, (uint8_t)(p->dport >> 8), (uint8_t)p->dport};
	bool from_client = p->dport == 80;

	own = htonl(own);
	peer = htonl(peer);
	memcpy(ip + 12, from_client ? &own : &peer, 4);
	memcpy(ip + 16, from_client ? &peer : &own, 4);
	fwrite(record, sizeof(record), 1, lab_capture());
	fwrite(ip, sizeof(ip), 1, lab_capture());
	fwrite(ports, sizeof(ports), 1, lab_capture());
	fwrite(p->data + 4, p->len - 4, 1, lab_capture());
	fflush(lab_capture());
}

static inline void lab_run(struct lab *lab)
{
	struct burst *b = &lab->burst;

	if (lab->number)
		lab_write(lab, &b->frames[0]);
	b->n = 0;
	b->n_frames = 1;
	burst_push(b, &b->frames[0]);
	lab->run.now_ns = lab->now_ns;
	flow_lookup_burst(lab->flows, b, 0, &lab->sink);
	tcp_stream_burst(lab->ts, b, 0, b->n, &lab->run);
	lab->last = b->frames[0];
	lab->flow = lab->last.flow;
}

static inline void lab_abs(
	struct lab *lab, int from, uint8_t flags, uint32_t seq, uint32_t ack, const void *data, uint32_t len)
{
	lab_raw(lab, from, flags, seq, ack, data, len);
	lab_run(lab);
}

// One segment; seq and ack count from the first byte of the sender and of its peer.
static inline void lab_send(struct lab *lab, int from, uint8_t flags, int64_t seq, int64_t ack, const char *text)
{
	lab_abs(lab, from, flags, lab->isn[from] + 1 + (uint32_t)seq,
		flags & ACK ? lab->isn[!from] + 1 + (uint32_t)ack : 0, text, (uint32_t)strlen(text));
}

static inline void lab_handshake(struct lab *lab)
{
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, C, ACK, 0, 0, "");
}

// Client data at an offset, nothing of the server acknowledged.
static inline void lab_data(struct lab *lab, uint32_t off, const char *text)
{
	lab_send(lab, C, ACK | PSH, off, 0, text);
}

// What the next packet would find: a handshake has no session before its third.
static inline void lab_info(struct lab *lab, struct tcp_session_info *info)
{
	if (lab->flow->flags & FLOW_OPENING && lab->flow->tcp_state == TCP_SYN_RECV)
		tcp_opening_session(lab->ts, lab->flow, NULL);
	tcp_session_info(lab_cold(lab), info);
}

static inline uint8_t lab_state(struct lab *lab)
{
	struct tcp_session_info info;

	tcp_session_info(lab_cold(lab), &info);
	return info.state ? info.state : lab->flow->tcp_state;
}

static inline int lab_noted(const struct lab *lab, uint16_t reason)
{
	for (uint8_t i = 0; i < lab->last.event_count; i++)
		if (lab->last.events[i] == reason)
			return 1;
	return 0;
}

// Reasons that some test of this program has asked for and found.
static inline bool *lab_found(uint16_t reason)
{
	static bool found[DROP_REASON_COUNT];

	return &found[reason];
}

static inline void assert_noted(const struct lab *lab, uint16_t reason)
{
	if (!lab_noted(lab, reason))
		fail_msg("%s was not noted", drop_table[reason].id);
	*lab_found(reason) = true;
}

// Events of handshakes have it in their name (three-way and four-way), but for what a SYN and its answer may carry.
static inline bool lab_is_of_handshake(uint16_t reason)
{
	return strstr(drop_table[reason].name, "whs_") || reason == STREAM_PKT_DATA_ON_SYN ||
	       reason == STREAM_WRONG_WINDOW_SCALE || reason == STREAM_PKT_INVALID_TIMESTAMP;
}

// What drops.def names, of handshakes or of the rest, this program has found.
static inline void assert_all_found(bool of_handshakes)
{
	uint32_t missing = 0;

	for (uint16_t r = STREAM_3WHS_ACK_IN_WRONG_DIR; r <= STREAM_WRONG_THREAD; r++) {
		// a flow belongs to one worker: rules may name the event, nothing raises it
		if (r == STREAM_WRONG_THREAD || lab_is_of_handshake(r) != of_handshakes || *lab_found(r))
			continue;
		print_error("%s has no test\n", drop_table[r].id);
		missing++;
	}
	assert_int_equal(missing, 0);
}

#define assert_quiet(lab) assert_int_equal((lab)->last.event_count, 0)

static inline void lab_expect(struct lab *lab, int from, const char *text)
{
	struct lab_seen *s = &lab->seen[from];

	if (s->len != strlen(text) || memcmp(s->bytes, text, s->len) != 0)
		fail_msg("stream is '%.*s', expected '%s'", (int)s->len, s->bytes, text);
}
