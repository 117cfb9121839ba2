// The tag keyword: which packets behind an alert are logged (EVE event type packet). A worker puts every packet
// that may be one of them to the gate (tag_runtime.c); the gate, which knows what is an alert, decides in packet
// order (tag_table.c). So the answer is the same however packets are spread over workers.
#pragma once

#include "detectors/signature/host_table.h"
#include "detectors/signature/match_runtime.h"

enum tag_metric { TAG_PACKETS, TAG_BYTES, TAG_SECONDS };

// One tag of a rule.
struct tag_args {
	const struct tag_args *next;
	uint32_t count; // of the metric, with the packet that alerted
	uint8_t metric; // enum tag_metric
	uint8_t track;  // TRACK_FLOW: the session; TRACK_SRC, TRACK_DST: a host of the alert, both ways
};

// Worker. A rule with tags has matched: if that is an alert, packets from here on are tagged.
void tag_on_match(struct match_ctx *m);
// Worker. Puts the packet to the gate if it may be tagged. After the packet's rules.
void tag_offer(struct signature_worker *w, const struct packet *p, struct detector_run *run);

// Gate, main lcore.
struct tag_table;
struct bulletin;

struct tag_table *tag_table_new(void); // NULL without memory
void tag_table_free(struct tag_table *t);
// A match of this rule is an alert, or would be but for noalert, a limit or a suppression.
void tag_table_add(struct tag_table *t, const struct rule *r, const struct event *ev);
// An EVENT_PACKET: counts it for every tag of its session and hosts. Returns whether one of them logs it. Takes a
// host's word off the bulletin with its last tag.
bool tag_table_logs(struct tag_table *t, const struct event *ev, struct bulletin *bulletin);
// A flow has ended.
void tag_table_forget(struct tag_table *t, uint64_t flow_id);
// Tags that were pushed out by others before their time.
uint64_t tag_table_evicted(const struct tag_table *t);
