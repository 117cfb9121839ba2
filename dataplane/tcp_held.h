// Payload that came early, in pieces that never overlap, by sequence number. Private to tcp_*.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct tcp_streams;
struct tcp_side;
struct tcp_rx;

// Held pieces are found through a skip list of four levels; with one node in eight on the next
// level it stays logarithmic up to the most a direction may hold.
#define TCP_LEVELS 4u
#define TCP_SIDE_MAX_SEGMENTS 4096u
#define TCP_INLINE_BYTES 24u
#define TCP_SMALL_BYTES 256u
#define TCP_LARGE_BYTES 2048u
#define TCP_MAX_BORROWED 64u

enum tcp_block_kind { TCP_BLOCK_INLINE, TCP_BLOCK_SMALL, TCP_BLOCK_LARGE };

// One held piece of payload. Its bytes lie inline, in a small or in a large block, by their number; until the burst
// is over they may still lie in the packet alone.
struct tcp_segment {
	uint32_t next[TCP_LEVELS];
	uint32_t seq; // of the first byte
	uint16_t len;
	uint8_t level;   // levels it is on, 1..TCP_LEVELS
	uint8_t where;   // enum tcp_block_kind
	uint32_t origin; // first sequence number of the segment it came in
	uint32_t origin_end;
	uint32_t block; // index in the pool of `where`
	uint8_t urgent; // enum tcp_urgent_policy of a marked byte: TCP_URGENT_OOB, TCP_URGENT_GAP, else 0
	bool borrowed;  // the bytes lie at `packet`, their block is empty yet
	uint16_t spare;
	union {
		uint8_t bytes[TCP_INLINE_BYTES];
		const uint8_t *packet;
	};
};
_Static_assert(sizeof(struct tcp_segment) == 64, "a held segment's record is one cache line");

// Holds data at seq, which x carries. Pieces already held that it overlaps are compared and settled by the
// receiver's policy. Returns false when some of it found no room. data must stay until tcp_held_own().
bool tcp_held_put(struct tcp_streams *ts, struct tcp_side *side, struct tcp_rx *x, uint32_t seq, const uint8_t *data,
	uint32_t len);
// The byte at seq, held as a piece of its own, is urgent: what becomes of it is policy's to say.
void tcp_held_mark_urgent(struct tcp_streams *ts, struct tcp_side *side, uint32_t seq, uint8_t policy);
// Frees all pieces of a side.
void tcp_held_drop(struct tcp_streams *ts, struct tcp_side *side);
// The packets of the burst are about to go: what still lies in them alone is copied.
void tcp_held_own(struct tcp_streams *ts);
