// A retransmission beside what was handed on. Next: tcp_held.c.
#include "dataplane/tcp_glimpse.h"

#include "dataplane/tcp_seq.h"

bool tcp_glimpse_contradicts(const struct tcp_glimpse *g, uint32_t seq, const uint8_t *data, uint32_t len)
{
	uint32_t n = g->len < TCP_GLIMPSE_BYTES ? g->len : TCP_GLIMPSE_BYTES;

	for (uint32_t i = 0; i < 3 && n; i++) {
		uint32_t at_seq = g->seq + (g->len < TCP_GLIMPSE_BYTES ? 0 : tcp_glimpse_at(g->len, i));
		uint32_t off = at_seq - seq;
		const uint8_t *word = (const uint8_t *)&g->word[i];
		uint32_t skip = seq_lt(at_seq, seq) ? seq - at_seq : 0;
		if (skip >= n || (!skip && off >= len))
			continue;
		uint32_t from = skip ? 0 : off, size = n - skip;
		if (size > len - from)
			size = len - from;
		if (memcmp(word + skip, data + from, size) != 0)
			return true;
		if (g->len < TCP_GLIMPSE_BYTES)
			break;
	}
	return false;
}
