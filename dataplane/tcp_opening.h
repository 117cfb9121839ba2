// Connections between the server's first packet and the one after its SYN/ACK. Private to tcp_*.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/flow.h"

struct tcp_streams;
struct tcp_session;
struct tcp_rx;
struct event_tcp;

// What a handshake has told so far. Records lie in a ring, in the order in which servers first sent; a flow with
// FLOW_OPENING knows its record by ordinal (flow.bytes[DIR_TO_CLIENT] above its 32 bits of bytes).
struct tcp_opening {
	uint32_t slot;        // of the flow
	uint32_t answered_ns; // packet time of the SYN/ACK after the flow's first packet
	uint32_t isn[2];      // by enum packet_dir of who sent it
	uint32_t tsval[2];
	uint32_t syn;  // enum tcp_half_rest of the client's
	uint16_t win;  // of the SYN/ACK
	uint8_t opts;  // enum tcp_syn_opts of the SYN/ACK; 0: none yet
	uint8_t timed; // SYN and SYN/ACK were seen once: the time between them is half of a round trip through us
};
_Static_assert(sizeof(struct tcp_opening) == 32, "two handshakes a cache line");

// Records for this much memory of sessions.
uint32_t tcp_opening_records(uint64_t memcap);
// Gives a flow in SYN_SENT, or about to be, whose server has sent, a record of its SYN. rest: enum tcp_half_rest. The
// oldest record gives way; where a turn of the ring takes longer than a second, its handshake, if it still goes on, is
// moved first: to a session, or a mere SYN to the table of SYNs.
void tcp_opening_begin(struct tcp_streams *ts, struct flow *f, uint32_t isn, uint32_t tsval, uint32_t rest);
// The record of a flow with FLOW_OPENING; NULL where it gave way.
struct tcp_opening *tcp_opening_of(const struct tcp_streams *ts, const struct flow *f);
// Takes FLOW_OPENING from a flow: its record is its no more.
void tcp_opening_leave(struct flow *f);
// Notes a SYN/ACK that acknowledges the SYN and carries nothing: the flow is in SYN_RECV without a session. False where
// that cannot be: it wants a session.
bool tcp_opening_answer(struct tcp_streams *ts, const struct tcp_rx *x);
// The session of a handshake noted here, as it would be had it been there from the SYN/ACK on. NULL without a record,
// or without room, which is noted on p; p may be NULL.
struct tcp_session *tcp_opening_session(struct tcp_streams *ts, struct flow *f, struct packet *p);
// The flow ends. Returns whether *out says what its record is to say of the connection.
bool tcp_opening_end(struct tcp_streams *ts, struct flow *f, struct event_tcp *out);
