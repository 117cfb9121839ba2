// SYNs that took no session. Private to tcp_*.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "dataplane/api/flow.h"
#include "dataplane/api/packet.h"

struct tcp_streams;
struct tcp_rx;

#define TCP_HALF_WAYS 4u

// Four words at a time: a lane a way.
typedef uint32_t tcp_lanes __attribute__((vector_size(4 * TCP_HALF_WAYS)));

// SYNs of flows that had more than one, or an answer. Four in one cache line, the latest first; the oldest gives way,
// and then the SYN/ACK's acknowledgement number has to do.
struct tcp_half_bucket {
	tcp_lanes tag; // of the flow; 0: free
	tcp_lanes isn;
	tcp_lanes tsval;
	tcp_lanes rest; // enum tcp_half_rest
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct tcp_half_bucket) == 64, "a bucket is one cache line");

enum tcp_half_rest {
	HALF_WIN_MASK = 0xffff,          // window
	HALF_OPTS_SHIFT = 16,            // enum tcp_syn_opts, eight bits
	HALF_DIFFERENT_SHIFT = 24,       // SYNs of the flow with other sequence numbers before this one
	HALF_DIFFERENT_MAX = 63,         // what the field holds
	HALF_DATA = 1 << 30,             // it carried data, which tcp_syn_data.h may have
	HALF_ANSWERED = (int)(1u << 31), // its SYN/ACK was captured before it
};

// A SYN as it is remembered.
struct tcp_syn {
	uint32_t isn, tsval;
	uint16_t win;
	uint8_t opts; // enum tcp_syn_opts; 0: not known
	uint8_t different;
	bool answered, data;
};

enum tcp_syn_known { TCP_SYN_UNKNOWN, TCP_SYN_OTHER, TCP_SYN_THIS };

// Is p the SYN that its flow's line holds (FLOW_SYN_KEPT) once more, with nothing that would have to be remembered or
// said of it? The number and the acknowledgement, which is 0, are compared at once.
static inline bool tcp_half_is_again(const struct packet *p)
{
	uint64_t kept = p->flow->bytes[DIR_TO_CLIENT], numbers;

	memcpy(&numbers, p->data + p->l4_off + 4, sizeof(numbers));
	return (p->tcp_flags & 0x3f) == 0x02 && rte_be_to_cpu_64(numbers) == kept && !(uint32_t)kept &&
	       !((p->payload_off - p->l4_off - 20) | p->payload_len);
}
// The first SYN of a flow, or that SYN again: all that a flood of them costs. False: the long way.
bool tcp_half_take_syn(struct tcp_streams *ts, struct packet *p);
// What a SYN carries, already remembered itself, is kept until its answer, if there is room. opts: of the SYN.
void tcp_half_data(struct tcp_streams *ts, struct packet *p, uint32_t isn, uint8_t opts);
// Looks for the SYN of this flow with this sequence number, else for the latest one with another. Fills out
// unless the answer is TCP_SYN_UNKNOWN.
enum tcp_syn_known tcp_half_find(const struct tcp_streams *ts, const struct flow *f, uint32_t isn, struct tcp_syn *out);
// The same by the number that comes next: the one behind the SYN, or any up to the end of the data it carried (where
// that was not kept, up to as many bytes as its side has sent).
enum tcp_syn_known tcp_half_find_next(
	const struct tcp_streams *ts, const struct flow *f, uint32_t next, struct tcp_syn *out);
// The other side of a flow with FLOW_SYN_KEPT sends for the first time: the SYN goes to tcp_opening.h.
void tcp_half_answered(void *streams, struct flow *f);
// A SYN from its record. rest: enum tcp_half_rest.
struct tcp_syn tcp_syn_of(uint32_t isn, uint32_t tsval, uint32_t rest);
// Moves the SYN in a flow's line (FLOW_SYN_KEPT) or record (FLOW_OPENING) to the table: its place there is needed for
// something else, or the flow leaves SYN_SENT. In the line lies only the SYN of a flow in that state, whose other side
// has not sent, without session.
void tcp_half_move(struct tcp_streams *ts, struct flow *f);
// The flow ends with its SYN in its line: what that carried is given up.
void tcp_half_end(struct tcp_streams *ts, const struct flow *f);
// Remembers a SYN. Returns how many different ones came before.
uint32_t tcp_half_put(struct tcp_streams *ts, struct flow *f, const struct tcp_rx *x);
// A SYN/ACK without a SYN: should the SYN come after all, its answer is known to have been seen.
void tcp_half_put_answer(struct tcp_streams *ts, struct flow *f, const struct tcp_rx *x);
