// The stage's own. Private to app_layer.c and app_show.c.
#pragma once

#include "dataplane/app_layer.h"
#include "dataplane/app_session.h"

struct app_layer {
	struct app_run run;
	const struct app_detector *detector;
	struct flow_table *flows;
	struct tcp_streams *streams;
	struct burst *burst;
	struct app_consumer consumer; // on_tx NULL: nobody
	uint64_t log;                 // bit a protocol
	struct {                      // what the packet at hand has brought, not shown yet
		struct flow *flow;
		struct flow_cold *cold;
		uint8_t dirs;
	} later;
	bool midstream;
	struct app_layer_stats stats;
};

// What a parser has just done, or the end of its flow, is shown: each open transaction to the consumer; those that are
// over are logged and given back. dirs: bit a direction of the parser. p: NULL where a flow ends.
void app_show(struct app_layer *a, struct app_session *s, uint8_t dirs, struct packet *p, struct flow *f,
	struct flow_cold *cold, struct detector_run *run);
// The same once all of the packet's bytes have been inspected, where packets are shown one by one: rules on
// transactions ask about raw bytes, too.
void app_show_later(struct app_layer *a, struct app_session *s, uint8_t dir, struct packet *p, struct flow *f,
	struct flow_cold *cold, struct detector_run *run);
// What was put off for this packet.
void app_show_now(struct app_layer *a, struct packet *p, struct detector_run *run);
// A packet of a flow with FLOW_APP_LATE: what waited for it is shown to the client's side.
void app_show_acked(struct app_layer *a, struct packet *p, struct detector_run *run);
// Nothing more comes: open transactions are marked stopped and shown.
void app_show_end(struct app_layer *a, struct app_session *s, struct packet *p, struct flow *f, struct flow_cold *cold,
	struct detector_run *run);
