// Decoded packets and a flow table for the tests of the flow stage: one call a packet, no bytes.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "dataplane/event_ring.h"
#include "dataplane/flow_internal.h"

#define SEC UINT64_C(1000000000)
#define T0 (UINT64_C(1600000000) * SEC)
#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

struct rig {
	struct flow_table *t;
	void *mem;
	struct event_sink sink;
	struct burst b;
	uint64_t seq;
};

static inline void *aligned_zeroed(size_t size)
{
	size_t whole = (size + 63) & ~(size_t)63;
	void *mem = aligned_alloc(64, whole);
	assert_non_null(mem);
	return memset(mem, 0, whole);
}

static inline void rig_open(struct rig *r, const struct flow_table_config *cfg, uint32_t event_slots)
{
	memset(r, 0, sizeof(*r));
	r->mem = aligned_zeroed(flow_table_size(cfg));
	assert_int_equal(flow_table_init(r->mem, cfg, &r->t), 0);
	r->sink.ring = event_ring_init(aligned_zeroed(event_ring_size(event_slots)), event_slots);
	r->sink.flows = r->t;
}

static inline void rig_close(struct rig *r)
{
	free(r->mem);
	free(r->sink.ring);
}

// A small table with Suricata's timeouts.
static inline struct flow_table_config small_config(uint64_t flows)
{
	struct flow_table_config cfg;
	flow_table_config_default(&cfg);
	cfg.max_flows = flows;
	return cfg;
}

static inline void rig_begin(struct rig *r)
{
	r->b.n = r->b.n_frames = 0;
}

// Adds a packet to the burst; addresses are host order IPv4.
static inline struct packet *add4(struct rig *r, uint8_t proto, uint32_t src, uint16_t sport, uint32_t dst,
	uint16_t dport, uint8_t tcp_flags, uint64_t ts_ns)
{
	struct packet *p = &r->b.frames[r->b.n_frames++];
	memset(p, 0, sizeof(*p));
	p->flags = PKT_IPV4;
	p->flags |= proto == 6     ? PKT_TCP
		    : proto == 17  ? PKT_UDP
		    : proto == 1   ? PKT_ICMPV4
		    : proto == 132 ? PKT_SCTP
				   : 0;
	p->flags |= proto == 50 ? PKT_ESP : 0;
	p->ip_proto = proto;
	p->src.w[0] = htonl(src);
	p->dst.w[0] = htonl(dst);
	p->sport = sport;
	p->dport = dport;
	p->tcp_flags = tcp_flags;
	p->ts_ns = ts_ns;
	p->seq = ++r->seq;
	p->len = p->wire_len = 100;
	burst_push(&r->b, p);
	return p;
}

static inline struct packet *add6(
	struct rig *r, uint8_t proto, const char *src, uint16_t sport, const char *dst, uint16_t dport, uint64_t ts_ns)
{
	struct packet *p = add4(r, proto, 0, sport, 0, dport, 0, ts_ns);
	p->flags = (p->flags & ~(PKT_IPV4 | PKT_ICMPV4)) | PKT_IPV6 | (proto == 58 ? PKT_ICMPV6 : 0);
	assert_int_equal(inet_pton(AF_INET6, src, p->src.b), 1);
	assert_int_equal(inet_pton(AF_INET6, dst, p->dst.b), 1);
	return p;
}

// Runs the burst as a worker without a stream engine would.
static inline void rig_run(struct rig *r)
{
	uint16_t i = 0;
	do
		i = flow_lookup_burst(r->t, &r->b, i, &r->sink);
	while (i < r->b.n);
}

// One packet as a burst of its own. Returns its flow; the packet is r->b.frames[0].
static inline struct flow *one4(struct rig *r, uint8_t proto, uint32_t src, uint16_t sport, uint32_t dst,
	uint16_t dport, uint8_t tcp_flags, uint64_t ts_ns)
{
	rig_begin(r);
	struct packet *p = add4(r, proto, src, sport, dst, dport, tcp_flags, ts_ns);
	rig_run(r);
	return p->flow;
}

// Takes the oldest flow record out of the ring. Returns false when there is none.
static inline bool next_record(struct rig *r, struct event *out)
{
	const struct event *ev = event_ring_peek(r->sink.ring);
	if (!ev)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out, ev, event_base_size((enum event_kind)ev->kind));
	event_ring_pop(r->sink.ring);
	return true;
}
