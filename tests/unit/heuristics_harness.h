// Feeds packets to one detector the way workers and the main lcore do: decode, flow table, deltas of one or
// two workers, a tick every 100 ms of packet time, a last tick. Findings are kept for the test to look at.
//
//	struct harness h;
//	harness_start(&h, &detector_syn_flood, 1);
//	harness_tcp(&h, 0, "10.0.0.1", 1000, "10.0.0.2", 80, BUILD_TCP_SYN, NULL, 0);
//	harness_end(&h);
//	assert_int_equal(harness_count(&h, NULL), 1);
//	harness_stop(&h);
#pragma once

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/config/config.h"
#include "dataplane/api/addr_set.h"
#include "dataplane/api/packet_traits.h"
#include "dataplane/decode.h"
#include "dataplane/event_ring.h"
#include "dataplane/flow_table.h"
#include "detectors/heuristics/baseline.h"
#include "detectors/heuristics/finding.h"
#include "tests/unit/build_packet.h"

#define HARNESS_WORKERS 2u
#define HARNESS_FINDINGS 64u
#define HARNESS_TICK_NS (DETECTOR_TICK_MS * 1000000ull)
#define HARNESS_START_NS 1700000000000000000ull

struct harness {
	const struct detector *detector;
	struct config *config;
	void *settings, *master;
	struct addr_set *home;
	struct baselines *site;
	uint32_t workers;
	struct harness_worker {
		void *delta;
		struct flow_table *flows;
		void *flow_memory;
		struct decoder decoder;
		struct burst burst;
	} worker[HARNESS_WORKERS];
	struct event_sink sink;
	void *ring_memory;
	uint64_t next_ns, now_ns, seq;
	uint64_t missed, evicted; // sums of struct detector_run's
	uint32_t findings;
	struct event found[HARNESS_FINDINGS];
	char text[HARNESS_FINDINGS][FINDING_TEXT_MAX + 1];
	struct build build;
};

static inline void *harness_memory(size_t size)
{
	void *m = aligned_alloc(64, (size + 63) & ~(size_t)63);
	assert_non_null(m);
	memset(m, 0, size);
	return m;
}

static inline void harness_start_worker(struct harness *h, struct harness_worker *w, const struct detector_env *env)
{
	struct flow_table_config flow;
	flow_table_config_default(&flow);
	flow.memory_bytes = 8 << 20;
	flow.records = false;
	w->flow_memory = harness_memory(flow_table_size(&flow));
	assert_int_equal(flow_table_init(w->flow_memory, &flow, &w->flows), 0);
	decode_init(&w->decoder, NULL);
	w->delta = harness_memory(h->detector->delta_size(h->settings));
	assert_int_equal(h->detector->init_delta(w->delta, h->settings, env), 0);
}

// HOME_NET is 10/8, 172.16/12, 192.168/16; every setting has its default.
static inline void harness_start(struct harness *h, const struct detector *detector, uint32_t workers)
{
	memset(h, 0, sizeof(*h));
	h->detector = detector;
	h->workers = workers;
	h->config = config_new(NULL, NULL);
	h->settings = calloc(1, detector->config_size + 8);
	assert_int_equal(config_add_part(h->config, "detector", detector->config, h->settings), 0);
	h->home = addr_set_parse("[10.0.0.0/8,172.16.0.0/12,192.168.0.0/16]", NULL, NULL);
	assert_non_null(h->home);
	h->site = baselines_init(harness_memory(baselines_size()));
	struct detector_env env = {.home = h->home, .baselines = h->site, .workers = (uint16_t)workers};
	h->ring_memory = harness_memory(event_ring_size(8192));
	h->sink.ring = event_ring_init(h->ring_memory, 8192);
	h->master = harness_memory(detector->state_size(h->settings));
	assert_int_equal(detector->init(h->master, h->settings, &env), 0);
	for (uint32_t i = 0; i < workers; i++)
		harness_start_worker(h, &h->worker[i], &env);
}

static inline void harness_stop(struct harness *h)
{
	for (uint32_t i = 0; i < h->workers; i++) {
		free(h->worker[i].delta);
		free(h->worker[i].flow_memory);
	}
	free(h->master);
	free(h->site);
	config_free(h->config); // and the strings in settings
	free(h->settings);
	free(h->ring_memory);
	addr_set_free(h->home);
}

static inline void harness_collect(struct harness *h)
{
	const struct event *e;
	while ((e = event_ring_peek(h->sink.ring))) {
		if (e->kind == EVENT_FINDING && h->findings < HARNESS_FINDINGS) {
			memset(&h->found[h->findings], 0, sizeof(h->found[0]));
			memcpy(&h->found[h->findings], e, offsetof(struct event, finding) + sizeof(e->finding));
			memcpy(h->text[h->findings], event_text(e), e->aux_len);
			h->text[h->findings++][e->aux_len] = 0;
		}
		event_ring_pop(h->sink.ring);
	}
}

static inline void harness_tick(struct harness *h, bool last)
{
	struct detector_run run = {.sink = &h->sink, .now_ns = h->next_ns, .seq = h->seq, .last = last};
	for (uint32_t i = 0; i < h->workers; i++) {
		flow_table_tick(h->worker[i].flows, h->next_ns, h->seq, &h->sink);
		h->detector->merge(h->master, h->worker[i].delta);
	}
	h->detector->on_tick(h->master, &run);
	h->missed += run.missed;
	h->evicted += run.evicted;
	harness_collect(h);
}

// Both directions of an address pair go to one worker.
static inline uint32_t harness_worker_of(const struct harness *h)
{
	const uint8_t *ip = h->build.data + 14;
	uint32_t a, b;
	if (h->workers == 1 || h->build.len < 34)
		return 0;
	memcpy(&a, ip + 12, 4);
	memcpy(&b, ip + 16, 4);
	return ((a ^ b) * 0x9e3779b1u >> 16) % h->workers;
}

// Passes the ticks that lie before the frame, then the frame. us: microseconds since the test began.
static inline void harness_frame(struct harness *h, uint64_t us)
{
	uint64_t ts = HARNESS_START_NS + us * 1000, start = ts - ts % HARNESS_TICK_NS;
	if (h->next_ns == 0)
		h->next_ns = start + HARNESS_TICK_NS;
	while (ts >= h->next_ns) {
		harness_tick(h, false);
		h->next_ns = start > h->next_ns ? start : start + HARNESS_TICK_NS;
	}
	struct harness_worker *w = &h->worker[harness_worker_of(h)];
	struct burst *b = &w->burst;
	struct packet *list[PKT_MAX_DEPTH], *p = &b->frames[0];
	struct detector_run run = {.sink = &h->sink, .flows = w->flows, .now_ns = ts};
	memset(p, 0, sizeof(*p));
	p->data = h->build.data;
	p->len = p->wire_len = h->build.len;
	p->link_type = 1;
	p->ts_ns = ts;
	p->seq = ++h->seq;
	b->n_frames = 1;
	b->n = b->n_extra = b->n_extra_mbufs = 0;
	b->now_ns = ts;
	decode_burst(&w->decoder, b);
	for (uint16_t at = 0; at < b->n;)
		at = flow_lookup_burst(w->flows, b, at, &h->sink);
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n; i++)
		if (packet_look_wanted(h->detector, packet_look(b->list[i])))
			list[n++] = b->list[i];
	if (n)
		h->detector->on_packets(w->delta, list, n, &run);
}

static inline void harness_begin(struct harness *h, const char *src, const char *dst, uint8_t proto)
{
	bool v6 = strchr(src, ':') != NULL;
	build_start(&h->build);
	build_ethernet(&h->build, v6 ? 0x86dd : 0x0800);
	if (v6)
		build_ipv6(&h->build, src, dst, proto);
	else
		build_ipv4(&h->build, src, dst, proto);
}

static inline void harness_finish(struct harness *h, uint64_t us, const void *payload, size_t len)
{
	if (len)
		build_bytes(&h->build, payload, len);
	build_finish(&h->build);
	harness_frame(h, us);
}

static inline void harness_tcp(struct harness *h, uint64_t us, const char *src, uint16_t sport, const char *dst,
	uint16_t dport, uint8_t flags, const void *payload, size_t len)
{
	harness_begin(h, src, dst, 6);
	build_tcp(&h->build, sport, dport, flags, 1000, flags & BUILD_TCP_ACK ? 2000 : 0);
	harness_finish(h, us, payload, len);
}

static inline void harness_udp(struct harness *h, uint64_t us, const char *src, uint16_t sport, const char *dst,
	uint16_t dport, const void *payload, size_t len)
{
	harness_begin(h, src, dst, 17);
	build_udp(&h->build, sport, dport);
	harness_finish(h, us, payload, len);
}

static inline void harness_icmp(struct harness *h, uint64_t us, const char *src, const char *dst, uint8_t type,
	uint32_t rest, const void *payload, size_t len)
{
	bool v6 = strchr(src, ':') != NULL;
	harness_begin(h, src, dst, v6 ? 58 : 1);
	if (v6)
		build_icmpv6(&h->build, type, 0, rest);
	else
		build_icmp(&h->build, type, 0, rest);
	harness_finish(h, us, payload, len);
}

// The three packets of a handshake, a microsecond apart.
static inline void harness_handshake(
	struct harness *h, uint64_t us, const char *client, uint16_t port, const char *server, uint16_t service)
{
	harness_tcp(h, us, client, port, server, service, BUILD_TCP_SYN, NULL, 0);
	harness_tcp(h, us + 1, server, service, client, port, BUILD_TCP_SYN | BUILD_TCP_ACK, NULL, 0);
	harness_tcp(h, us + 2, client, port, server, service, BUILD_TCP_ACK, NULL, 0);
}

static inline void harness_end(struct harness *h)
{
	harness_tick(h, true);
}

// Findings whose `what` is this; NULL: all.
static inline uint32_t harness_count(const struct harness *h, const char *what)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < h->findings; i++)
		n += what == NULL || (h->found[i].finding.what && strcmp(h->found[i].finding.what, what) == 0);
	return n;
}

// Findings of a stage.
static inline uint32_t harness_stages(const struct harness *h, const char *stage)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < h->findings; i++)
		n += h->found[i].finding.stage && strcmp(h->found[i].finding.stage, stage) == 0;
	return n;
}

static inline void harness_assert_victim(const struct harness *h, uint32_t i, const char *address)
{
	char text[64];
	assert_true(i < h->findings);
	address_text(text, &h->found[i].finding.victim, h->found[i].finding.victim_version);
	assert_string_equal(text, address);
}

static inline void harness_assert_attacker(const struct harness *h, uint32_t i, const char *address)
{
	char text[64];
	assert_true(i < h->findings);
	address_text(text, &h->found[i].finding.attacker, h->found[i].finding.attacker_version);
	assert_string_equal(text, address);
}

// "198.18.x.y" number i.
static inline const char *harness_host(char *out, uint32_t i)
{
	sprintf(out, "198.18.%u.%u", (i >> 8) & 255, i & 255);
	return out;
}

static struct harness h; // one at a time: it is large

static inline int harness_teardown(void **state)
{
	(void)state;
	if (h.detector)
		harness_stop(&h);
	h.detector = NULL;
	return 0;
}
#define heuristic_test(f) cmocka_unit_test_setup_teardown(f, NULL, harness_teardown)
