// The flow table: which conversation a packet belongs to. One table a worker, no lock, fixed memory.
//
// Packets come from decode (and defrag) with addresses and ports; they leave with p->flow, p->dir and
// the flow flags set. Key and hash: flow_key.h. Timeouts and flow ends: flow_timer.c. Next: tcp_stream.h.
//
// What does not depend on batching: every packet is judged by its own ts_ns, in list order, and a flow
// that ends stays readable (p->flow of earlier packets) until the next call of any function below.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/config.h"
#include "dataplane/api/event.h"
#include "dataplane/api/flow.h"
#include "dataplane/api/packet.h"

// Which row of the timeouts a flow follows.
enum flow_class {
	FLOW_CLASS_OTHER, // SCTP, ESP and every other IP protocol
	FLOW_CLASS_TCP,
	FLOW_CLASS_UDP,
	FLOW_CLASS_ICMP,
	FLOW_CLASS_COUNT
};

// Idle time after which a flow ends, nanoseconds of packet time.
struct flow_timeouts {
	uint64_t new_ns;
	uint64_t established_ns;
	uint64_t closed_ns; // TCP only
};

#define FLOW_CARRIERS_A_TICK 10000u // of a wire: 100,000 new tunnels a second and worker

struct flow_table_config {
	uint64_t memory_bytes; // of this table; the caller divides flow.memory by the workers
	uint64_t max_flows;    // flows it must hold without eviction; 0: as many as memory_bytes has room for
	struct flow_timeouts timeouts[FLOW_CLASS_COUNT];
	uint64_t seed[2];    // secret of the hash; the default is fixed so that captures repeat
	bool tcp_by_stream;  // tcp_stream.c moves TCP flows through their states (flow_set_state) and sets
			     // PKT_FLOW_ESTABLISHED on TCP packets; else the table does so, from flags alone
	bool midstream;      // stream.midstream: a flow that begins with SYN|ACK is turned round, as Suricata then does
	bool records;        // make EVENT_FLOW records
	bool lossless;       // a full event ring makes a tick pause instead of losing records
	bool lossless_flush; // the same for flush; somebody must be draining the ring
	// Flows that packets which carry others may begin between two ticks; 0: no limit. Beyond that they find their
	// flow or have none, so that a flood of tunnels, in which each packet has several new ones, costs one a frame.
	uint32_t carriers_a_tick;
	uint32_t tick_budget; // flows a call of tick may end, so that a wire is not kept waiting; 0: no limit

	// A flow ends: release what cold->tcp, cold->app and cold->detect point to. cold is NULL where the
	// flow never had one. Called once a flow, before its record is made: it may emit events of its own,
	// set FLOW_ALERTED or app_proto. seq: ordinal of the packet (or tick) that ends it. Returns what the record
	// says of a TCP connection, valid until the next call; NULL: nothing.
	const struct event_tcp *(*on_end)(
		void *arg, struct flow *f, struct flow_cold *cold, enum flow_end_reason reason, uint64_t seq);
	void *on_end_arg;
	// p is a SYN on the existing TCP flow f: does it begin a new connection (port reuse)?
	// NULL: yes where f->state is FLOW_CLOSED.
	bool (*tcp_reuse)(void *arg, const struct flow *f, const struct flow_cold *cold, const struct packet *p);
	void *tcp_reuse_arg;
};

struct flow_counters {
	uint64_t packets; // that wanted a flow
	uint64_t hits;    // of those: the flow was there
	uint64_t created;
	uint64_t active;
	uint64_t active_max;
	uint64_t ended[FLOW_END_REUSED + 1]; // by enum flow_end_reason
	uint64_t evicted[FLOW_CLOSED + 1];   // by enum flow_state at eviction
	uint64_t no_room;                    // packets left without a flow: every candidate slot is in this burst
	uint64_t carriers_refused;           // packets left without a flow: see carriers_a_tick
	uint64_t tag_false;                  // a tag matched, the key did not
	uint64_t away;                       // created in their second bucket
};

// Suricata's timeouts, 256 MiB, the fixed seed, records on.
void flow_table_config_default(struct flow_table_config *cfg);

// Rows of flow.* and flow-timeouts.* over struct flow_table_config.
extern const struct config_row flow_config_rows[];

// Bytes of memory a table with this config needs, known before start.
size_t flow_table_size(const struct flow_table_config *cfg);

// Sets up a table in mem (flow_table_size() bytes, 64-byte aligned, zeroed; lines
// that no flow uses are never touched). Returns 0 or -EINVAL when cfg has no room for one bucket.
int flow_table_init(void *mem, const struct flow_table_config *cfg, struct flow_table **out);

// Gives b->list[from..] their flows. Returns the index it stopped at: b->n, or less when the next packet
// (a SYN after FIN or RST on the same tuple) can be judged only once the TCP stage has seen those before
// it. The caller runs the TCP stage over [from, returned) and calls again from there:
//   for (uint16_t i = 0; i < b->n;) { uint16_t e = flow_lookup_burst(t, b, i, sink); tcp_stream(..., i, e); i = e; }
uint16_t flow_lookup_burst(struct flow_table *t, struct burst *b, uint16_t from, struct event_sink *sink);

// Optional, before the first flow_lookup_burst of a burst: makes the keys of the packets that b->list holds so far and
// asks for the memory their flows lie in, while the caller decodes on. Called after every few frames, it hides most
// of the waiting.
void flow_lookup_ahead(struct flow_table *t, struct burst *b, struct event_sink *sink);

// Ends every flow whose deadline (last packet + timeout of its state) is <= now_ns, as records with
// ts_ns = deadline and this seq (the collector sorts them). Returns true when done, false when it must be
// called again with the same arguments: the event ring is full (lossless), or tick_budget is used up.
bool flow_table_tick(struct flow_table *t, uint64_t now_ns, uint64_t seq, struct event_sink *sink);

// Ends every flow: FLOW_END_TIMEOUT with ts_ns = deadline where that is past, else FLOW_END_SHUTDOWN
// with ts_ns = now_ns. Returns as flow_table_tick.
bool flow_table_flush(struct flow_table *t, uint64_t now_ns, uint64_t seq, struct event_sink *sink);

// Ends a flow (FLOW_END_EVICTED) so that what it holds is there for others. Not within a burst. Returns false, and
// nothing has happened, while the event ring has no room for its record (lossless).
bool flow_table_end(struct flow_table *t, struct flow *f, uint64_t now_ns, uint64_t seq, struct event_sink *sink);

// Packet time begins anew, earlier than it was. The table must be empty (flow_table_flush).
void flow_table_rewind(struct flow_table *t);

// Who is told that the other side of a flow with FLOW_SYN_KEPT sends for the first time: it clears the flag and what
// the flag says is kept, before that packet is counted. The TCP stage's.
void flow_table_on_answer(struct flow_table *t, void (*on_answer)(void *arg, struct flow *f), void *arg);

// Moves a flow to a state: its timeout and its rank at eviction follow. For the TCP stage.
void flow_set_state(struct flow_table *t, struct flow *f, enum flow_state state);

// Addresses, ports and protocol of a flow as events show them: src is the side that began.
void flow_tuple(const struct flow_table *t, const struct flow *f, struct event_tuple *out);

const struct flow_counters *flow_table_counters(const struct flow_table *t);

// Slots of the table: the most flows it could hold.
uint64_t flow_table_capacity(const struct flow_table *t);
