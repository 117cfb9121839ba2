// The stage that finds out which protocol a flow speaks and runs its parser. TCP: the first consumer of the stream
// stage. UDP: a step of the worker, packet by packet, before rules see the packet.
// Order of reading: app_detect.c (which protocol), app_layer.c (TCP and UDP), app_show.c (transactions to the rule
// engine and into the log), app_session.c (what parsers call), parsers/.
#pragma once

#include <rte_branch_prediction.h>

#include "dataplane/app_detect.h"
#include "dataplane/app_pool.h"
#include "dataplane/tcp_stream.h"

struct app_layer_config {
	struct app_detect_config detect; // .parsers NULL: there is no such stage
	struct app_limits limits;
	uint64_t memory;      // app-layer.memory: of one worker, bytes
	uint64_t flow_memory; // app-layer.flow-memory, bytes
	uint64_t log;         // bit a protocol: its transactions become records (EVENT_TX)
	uint8_t files;        // enum app_file_want: files become records as well; 0: none do
};

struct app_layer_stats {
	uint64_t flows[APP_PROTO_COUNT][APP_TRANSPORTS]; // by protocol, APP_FAILED: none was found
	uint64_t tx[APP_PROTO_COUNT][APP_TRANSPORTS];    // transactions begun
	uint64_t stops[APP_PROTO_COUNT];                 // flows whose parser gave up
	uint64_t gaps[APP_PROTO_COUNT];                  // told to parsers
	uint64_t expectations;                           // flows that another one had announced
	uint64_t refused_session;                        // flows not looked at: app-layer.memory
	uint64_t refused_flow_memory;                    // requests beyond app-layer.flow-memory
	uint64_t refused_memory;                         // requests beyond app-layer.memory
	uint64_t refused_tx;                             // transactions beyond app-layer.max-tx
	uint64_t refused_expectations;                   // announced flows that made room for later ones
	uint64_t memory_in_use, memory_peak;
};

// Every parser as it is, Suricata's limits, 64 MiB, 1 MiB a flow, no log.
void app_layer_config_default(struct app_layer_config *cfg, const struct parser *const *parsers);
// Bytes a worker needs, mostly untouched until used.
size_t app_layer_size(const struct app_layer_config *cfg);
// Sets the stage up in memory of that size, aligned to 64, and adds it to the streams as their first consumer.
// detector: of all workers. Returns 0 or -errno.
int app_layer_init(void *mem, const struct app_layer_config *cfg, const struct app_detector *detector,
	struct flow_table *flows, struct tcp_streams *streams, struct burst *burst, bool midstream,
	struct app_layer **out);

// One datagram, see app_layer_packet.
void app_layer_datagram(struct app_layer *a, struct packet *p, struct detector_run *run);
// The flow ends, after its stream has: open transactions are shown once more, everything goes back.
void app_layer_flow_end(struct app_layer *a, struct flow *f, struct flow_cold *cold, struct detector_run *run);
// The UDP packets of b->list[from..to), for runs in which nobody wants packets one by one.
void app_layer_burst(struct app_layer *a, const struct burst *b, uint16_t from, uint16_t to, struct detector_run *run);
void app_layer_stats(const struct app_layer *a, struct app_layer_stats *out);

// Any packet, in order. A datagram of a flow that speaks nothing we know costs a test of its hot line.
static inline void app_layer_packet(struct app_layer *a, struct packet *p, struct detector_run *run)
{
	const struct flow *f = p->flow;

	if (!(p->flags & PKT_UDP) || !f || likely(f->flags >> p->dir & FLOW_APP_QUIET))
		return;
	app_layer_datagram(a, p, run);
}
