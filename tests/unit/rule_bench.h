// Rules on a bench: rule text in, packets in, alerts out, through the whole packet path of one worker.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "dataplane/api/parser.h"
#include "dataplane/pipeline.h"
#include "detectors/signature/signature.h"

#define BENCH_ALERTS 512
#define CLIENT 0
#define SERVER 1

struct rule_bench {
	struct ruleset *rules;
	struct rule_report report;
	struct pipeline *pipeline;
	struct worker *w;
	struct signature_worker *engine;
	struct alert_gate *gate;
	uint64_t now_ns, seq;
	uint32_t sids[BENCH_ALERTS];
	uint64_t seqs[BENCH_ALERTS];
	uint64_t txs[BENCH_ALERTS]; // tx_id, UINT64_MAX: without
	bool blocked[BENCH_ALERTS]; // EVE action
	size_t n;
	uint64_t packets[BENCH_ALERTS]; // that were logged for a tag
	size_t n_packets;
	size_t flows, flows_alerted; // flow records, and those of which an alert went out
	uint32_t tcp_seq[2];         // next sequence number of each side
	uint16_t sport, dport;
	uint32_t addr[2];
	uint8_t ip_flags; // R 0x80, D 0x40, M 0x20 of each IPv4 header
	uint8_t frames[PKT_BURST][65600];
};

static inline void bench_on_event(void *arg, const struct event *ev)
{
	struct rule_bench *b = arg;
	bool out = alert_gate_pass(b->gate, (struct event *)(uintptr_t)ev);
	if (out && ev->kind == EVENT_PACKET && b->n_packets < BENCH_ALERTS)
		b->packets[b->n_packets++] = ev->seq;
	b->flows += ev->kind == EVENT_FLOW;
	b->flows_alerted += ev->kind == EVENT_FLOW && ev->flow.alerted;
	if (!out || ev->kind != EVENT_ALERT || b->n == BENCH_ALERTS)
		return;
	b->sids[b->n] = ev->alert.info->sid;
	b->blocked[b->n] = ev->alert.blocked;
	b->txs[b->n] = ev->alert.has_tx ? ev->alert.tx_id : UINT64_MAX;
	b->seqs[b->n++] = ev->flags & EVENT_HAS_PACKET ? ev->seq : 0;
}

static inline void bench_write(char *path, size_t cap, const char *text)
{
	const char *dir = getenv("TMPDIR");
	snprintf(path, cap, "%s/rulesXXXXXX", dir ? dir : "/tmp");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

// For rules that are to wait whatever parsers there are.
static const struct parser *const bench_no_parsers[] __attribute__((unused)) = {NULL};

// Loads rules from text; the report is the bench's. cfg may add what is not default, or be NULL.
static inline struct ruleset *bench_load(
	const char *text, const struct ruleset_config *extra, struct rule_report *report)
{
	char path[256];
	bench_write(path, sizeof(path), text);
	const char *files[] = {path};
	struct ruleset_config cfg = extra ? *extra : (struct ruleset_config){0};
	cfg.files = files;
	cfg.file_count = 1;
	cfg.flow_state_max = 4096;
	cfg.host_state_max = 1024;
	cfg.flow_var_max = 64;
	struct ruleset *rs = ruleset_load(&cfg, report);
	unlink(path);
	return rs;
}

// parsers: of the protocols that flows speak; NULL: none are looked for.
static inline void bench_pipeline(struct rule_bench *b, const struct parser *const *parsers)
{
	struct pipeline_config c = {
		.workers = 1, .event_slots = 4 * PIPELINE_BURST_SLOTS, .on_event = bench_on_event, .on_event_arg = b};
	decode_config_defaults(&c.decode);
	c.decode.check_l3_csum = c.decode.check_l4_csum = false;
	defrag_config_defaults(&c.defrag);
	flow_table_config_default(&c.flow);
	tcp_stream_config_default(&c.stream);
	c.flow.max_flows = 1024;
	c.flow.records = true;
	if (parsers)
		app_layer_config_default(&c.app, parsers);
	assert_int_equal(pipeline_create(&b->pipeline, &c), 0);
	b->w = pipeline_worker(b->pipeline, 0);
	size_t size = (signature_worker_size(b->rules) + 63) & ~(size_t)63;
	b->engine = aligned_alloc(64, size);
	assert_non_null(b->engine);
	assert_int_equal(signature_worker_init(b->engine, b->rules, b->w->flows, 0), 0);
	struct stream_consumer consumer = signature_stream_consumer(b->engine);
	assert_int_equal(tcp_stream_add_consumer(b->w->streams, &consumer), 0);
	b->w->engine = (struct packet_engine){b->engine, signature_between_bursts, signature_on_flow_end};
	if (parsers) {
		struct app_consumer rules = signature_app_consumer(b->engine);
		app_layer_set_consumer(b->w->app, &rules);
	}
	b->gate = alert_gate_new(b->rules);
	assert_non_null(b->gate);
	signature_worker_set_gate(b->engine, b->gate, false);
}

static inline struct rule_bench *bench_open_with(const char *rules, const struct ruleset_config *cfg)
{
	struct rule_bench *b = calloc(1, sizeof(*b));
	assert_non_null(b);
	b->rules = bench_load(rules, cfg, &b->report);
	assert_non_null(b->rules);
	for (size_t i = 0; i < b->report.problem_count; i++)
		if (b->report.problems[i].verdict == RULE_REJECTED)
			fail_msg("line %u: %s", b->report.problems[i].line, b->report.problems[i].text);
	bench_pipeline(b, cfg ? cfg->parsers : NULL);
	b->now_ns = 1700000000ull * 1000000000ull;
	b->tcp_seq[0] = 1000;
	b->tcp_seq[1] = 70000;
	b->ip_flags = 0x40;
	b->sport = 40000;
	b->dport = 9999;
	b->addr[CLIENT] = 0xc0a80105;
	b->addr[SERVER] = 0x08080808;
	return b;
}

static inline struct rule_bench *bench_open(const char *rules)
{
	return bench_open_with(rules, NULL);
}

// Ends all flows and gives back everything.
static inline void bench_close(struct rule_bench *b)
{
	signature_worker_fini(b->engine);
	pipeline_free(b->pipeline);
	free(b->engine);
	alert_gate_free(b->gate);
	ruleset_free(b->rules);
	rule_report_free(&b->report);
	free(b);
}

// Puts one frame (Ethernet with IPv4 inside) through the worker.
static inline void bench_ip(struct rule_bench *b, int from, uint8_t proto, const uint8_t *body, size_t len)
{
	struct burst *burst = &b->w->burst;
	uint8_t *f = b->frames[0];
	uint32_t src = htonl(b->addr[from]), dst = htonl(b->addr[!from]);
	assert_true(len < 65000);
	memset(f, 0, 34);
	f[12] = 8;
	f[14] = 0x45;
	f[16] = (uint8_t)((20 + len) >> 8);
	f[17] = (uint8_t)(20 + len);
	f[18] = 0x12;
	f[19] = 0x34;
	f[20] = b->ip_flags;
	f[22] = 64;
	f[23] = proto;
	memcpy(f + 26, &src, 4);
	memcpy(f + 30, &dst, 4);
	memcpy(f + 34, body, len);
	b->now_ns += 1000000;
	struct packet *p = &burst->frames[0];
	memset(p, 0, sizeof(*p));
	p->data = f;
	p->len = p->wire_len = (uint32_t)(34 + len);
	p->ts_ns = b->now_ns;
	p->seq = ++b->seq;
	p->link_type = 1;
	burst->n_frames = 1;
	worker_process(b->w);
	pipeline_collect_all(b->pipeline);
}

static inline void bench_udp(struct rule_bench *b, int from, const void *payload, size_t len)
{
	static uint8_t body[65000];
	uint16_t sport = from ? b->dport : b->sport, dport = from ? b->sport : b->dport;
	assert_true(len < 60000);
	memset(body, 0, 8);
	body[0] = (uint8_t)(sport >> 8);
	body[1] = (uint8_t)sport;
	body[2] = (uint8_t)(dport >> 8);
	body[3] = (uint8_t)dport;
	body[4] = (uint8_t)((8 + len) >> 8);
	body[5] = (uint8_t)(8 + len);
	memcpy(body + 8, payload, len);
	bench_ip(b, from, 17, body, 8 + len);
}

static inline void bench_say(struct rule_bench *b, int from, const char *text)
{
	bench_udp(b, from, text, strlen(text));
}

// A TCP segment with the side's next sequence number, which moves on.
static inline void bench_tcp(struct rule_bench *b, int from, uint8_t flags, const void *payload, size_t len)
{
	static uint8_t body[65000];
	uint16_t sport = from ? b->dport : b->sport, dport = from ? b->sport : b->dport;
	uint32_t seq = htonl(b->tcp_seq[from]), ack = htonl(flags & 0x10 ? b->tcp_seq[!from] : 0);
	memset(body, 0, 20);
	body[0] = (uint8_t)(sport >> 8);
	body[1] = (uint8_t)sport;
	body[2] = (uint8_t)(dport >> 8);
	body[3] = (uint8_t)dport;
	memcpy(body + 4, &seq, 4);
	memcpy(body + 8, &ack, 4);
	body[12] = 0x50;
	body[13] = flags;
	body[14] = 0xff;
	if (len)
		memcpy(body + 20, payload, len);
	b->tcp_seq[from] += (uint32_t)len + !!(flags & 3);
	bench_ip(b, from, 6, body, 20 + len);
}

static inline void bench_handshake(struct rule_bench *b)
{
	bench_tcp(b, CLIENT, 0x02, NULL, 0);
	bench_tcp(b, SERVER, 0x12, NULL, 0);
	bench_tcp(b, CLIENT, 0x10, NULL, 0);
}

// Sends text and lets the other side acknowledge it.
static inline void bench_send(struct rule_bench *b, int from, const char *text)
{
	bench_tcp(b, from, 0x18, text, strlen(text));
	bench_tcp(b, !from, 0x10, NULL, 0);
}

static inline void bench_fin(struct rule_bench *b)
{
	bench_tcp(b, CLIENT, 0x11, NULL, 0);
	bench_tcp(b, SERVER, 0x11, NULL, 0);
	bench_tcp(b, CLIENT, 0x10, NULL, 0);
}

// Ends every flow.
static inline void bench_flush(struct rule_bench *b)
{
	while (!worker_flush(b->w, b->now_ns, b->seq))
		pipeline_collect_all(b->pipeline);
	pipeline_collect_all(b->pipeline);
}

static inline size_t bench_count(const struct rule_bench *b, uint32_t sid)
{
	size_t n = 0;
	for (size_t i = 0; i < b->n; i++)
		n += b->sids[i] == sid;
	return n;
}
