// Observations: what workers tell a detector's master. Next: any detector of behaviour, e.g. port_scan.c.
//
// A worker notes the few packets that matter (a new connection, an answer, a failed login) as fixed
// records in its delta; the master sees the records of all workers in packet order, a tick at a
// time, and holds all state. So decisions do not depend on how packets were spread, and packets
// that do not matter cost a branch. A full log drops records and counts them: under a flood of
// millions of new flows a second a detector of behaviour works on a sample.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/packet.h"

struct obs {
	uint64_t ts_ns;
	uint64_t seq;
	union ip_addr src, dst;
	uint16_t sport, dport;
	uint8_t proto;
	uint8_t version; // 4, 6
	uint8_t kind;    // the detector's own
	uint8_t flags;   // the detector's own
	uint32_t a, b;   // the detector's own
};
_Static_assert(sizeof(struct obs) == 64, "an observation is a cache line");

#define OBSLOG_RUNS 64u // most workers a tick is gathered from

// A worker's log, and the master's queue of all their logs.
struct obslog {
	uint32_t n, max;
	uint32_t record_size; // at least sizeof(struct obs), a multiple of 8
	uint32_t runs;        // master: number of workers' runs in the queue
	uint64_t lost;
	uint32_t run_end[OBSLOG_RUNS];
	uint64_t records[];
};

static inline size_t obslog_size(uint32_t max, uint32_t record_size)
{
	return sizeof(struct obslog) + (size_t)max * record_size;
}

static inline void obslog_init(struct obslog *l, uint32_t max, uint32_t record_size)
{
	l->max = max;
	l->record_size = record_size;
}

static inline struct obs *obslog_at(struct obslog *l, uint32_t i)
{
	return (struct obs *)((uint8_t *)l->records + (size_t)i * l->record_size);
}

// The next record, with the packet's time, ordinal and addresses filled in; NULL when full.
static inline struct obs *obslog_take(struct obslog *l, const struct packet *p, uint8_t kind)
{
	if (l->n == l->max) {
		l->lost++;
		return NULL;
	}
	struct obs *o = obslog_at(l, l->n++);
	o->ts_ns = p->ts_ns;
	o->seq = p->seq;
	o->src = p->src;
	o->dst = p->dst;
	o->sport = p->sport;
	o->dport = p->dport;
	o->proto = p->ip_proto;
	o->version = p->flags & PKT_IPV6 ? 6 : 4;
	o->kind = kind;
	o->flags = 0;
	o->a = 0;
	o->b = 0;
	return o;
}

// Which link a frame was on: VLANs and interface. The same addresses on two links are two hosts.
static inline uint32_t packet_link(const struct packet *p)
{
	uint32_t link = p->iface;
	for (uint32_t i = 0; i < p->vlan_count && i < PKT_MAX_VLANS; i++)
		link = (link + p->vlan[i] + 1) * 0x9e3779b1u;
	return link;
}

// Moves a worker's records to the end of the master's queue and empties the log.
void obslog_merge(struct obslog *master, struct obslog *delta);

// Calls see() for every queued record in packet order (ties: by worker, then as noted), then empties the queue.
// Returns how many records were lost for want of room since the last time.
uint64_t obslog_drain(struct obslog *master, void (*see)(void *ctx, const struct obs *o), void *ctx);
