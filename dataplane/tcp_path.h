// What a connection's segments tell about the way between its hosts: round trips, losses, windows. Private to tcp_*.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct tcp_streams;
struct tcp_session;
struct tcp_side;
struct tcp_rx;
struct event_tcp;

// Of one direction, named after its sender; counters are those of struct event_tcp_side.
struct tcp_path {
	uint64_t timed_at; // packet time of the segment whose acknowledgement is waited for
	uint32_t srtt_8;   // smoothed round trip in eighths of a microsecond
	uint32_t min_rtt_us;
	uint32_t rtt_samples;
	uint32_t segs_retrans, octets_retrans;
	uint32_t out_of_order;
	uint32_t sack_losses;
	uint32_t sack_mark; // with SIDE_SACK_MARK: holes before it are counted
	uint32_t gaps;
	uint32_t zero_rwin;
	uint32_t mss; // longest segment that was looked at
};

// Begins to measure a round trip: the segment of len bytes before `end` is in order and new.
void tcp_path_time(struct tcp_side *side, uint32_t end, uint32_t len, uint64_t now_ns);
// The segment that is measured has been acknowledged.
void tcp_path_acked(struct tcp_streams *ts, struct tcp_side *side, uint64_t now_ns);
// A segment of which `octets` bytes, more than none, had been seen before.
void tcp_path_again(struct tcp_streams *ts, struct tcp_side *side, uint32_t octets);
// A segment of len bytes ahead of a hole.
void tcp_path_ahead(struct tcp_side *side, uint32_t len);
// side offers a window of win bytes, after one of `before`.
void tcp_path_window(struct tcp_side *side, uint32_t win, uint32_t before);
// SACK blocks in an acknowledgement of what `side` has sent.
void tcp_path_sack(struct tcp_streams *ts, struct tcp_side *side, const struct tcp_rx *x);
// The handshake, step by step: the answer to a SYN that was seen once, the client's answer to that.
void tcp_path_syn_ack(struct tcp_session *s, uint64_t now_ns, bool once);
void tcp_path_established(struct tcp_streams *ts, struct tcp_session *s, const struct tcp_rx *x);
