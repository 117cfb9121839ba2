// Three glimpses of a segment that was handed on, so that a retransmission with other content shows without the
// payload being kept: its first, middle and last eight bytes. Private to tcp_*.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TCP_GLIMPSES 4u
#define TCP_GLIMPSE_BYTES 8u

struct tcp_glimpse {
	uint32_t seq, len;
	uint64_t word[3];
};

// Where in a segment of at least TCP_GLIMPSE_BYTES the glimpses lie.
static inline uint32_t tcp_glimpse_at(uint32_t len, uint32_t i)
{
	return i == 0 ? 0 : i == 1 ? (len - TCP_GLIMPSE_BYTES) / 2 : len - TCP_GLIMPSE_BYTES;
}

static inline void tcp_glimpse_take(struct tcp_glimpse *g, uint32_t seq, const uint8_t *data, uint32_t len)
{
	__asm__("" : "+r"(g)); // one address for all stores
	g->seq = seq;
	g->len = len;
	if (len < TCP_GLIMPSE_BYTES) {
		memcpy(&g->word[0], data, len);
		return;
	}
	for (uint32_t i = 0; i < 3; i++)
		memcpy(&g->word[i], data + tcp_glimpse_at(len, i), TCP_GLIMPSE_BYTES);
}

// tcp_glimpse.c: true where the segment has other bytes than a glimpse of what was handed on.
bool tcp_glimpse_contradicts(const struct tcp_glimpse *g, uint32_t seq, const uint8_t *data, uint32_t len);
