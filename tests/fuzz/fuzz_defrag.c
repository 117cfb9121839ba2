// Defragmentation under arbitrary fragments. The input is a list of fragments: a command byte (version, more
// fragments, policy, a jump in time), an identification, an offset in units, a length, then the next.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/defrag.h"

#define COMMAND_BYTES 5u
#define HEADER_BYTES 48u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *memory;
static size_t memory_size;

static struct defrag *fresh(uint8_t policy)
{
	struct defrag_config cfg;
	struct defrag *df;

	defrag_config_defaults(&cfg);
	cfg.memcap_bytes = 512 << 10;
	cfg.max_datagrams = 6;
	cfg.policy = policy % (DEFRAG_WINDOWS + 1);
	if (!memory) {
		memory_size = (defrag_size(&cfg) + 63) & ~(size_t)63;
		memory = aligned_alloc(64, memory_size);
	}
	// only the part before the rebuilt datagrams must be zero, and it is small
	memset(memory, 0, 64 << 10);
	if (defrag_init(memory, &cfg, &df) < 0)
		abort();
	return df;
}

static void check(const struct packet *p)
{
	bool ipv4 = p->flags & PKT_IPV4;
	uint32_t sum = 0;

	if (!(p->flags & PKT_REBUILT) || p->len > 65575)
		abort();
	if (ipv4 && (p->data[2] << 8 | p->data[3]) != (int)p->len)
		abort();
	if (!ipv4 && (p->data[4] << 8 | p->data[5]) + 40 != (int)p->len)
		abort();
	for (uint32_t i = 0; ipv4 && i < 20; i += 2)
		sum += (uint32_t)p->data[i] << 8 | p->data[i + 1];
	if (ipv4 && (sum & 0xffff) + (sum >> 16) != 0xffff)
		abort();
	volatile uint8_t last = p->data[p->len - 1];
	(void)last;
}

// One fragment whose bytes repeat its ordinal.
static void give(struct defrag *df, struct burst *b, const uint8_t *command, uint8_t ordinal, uint64_t *now_ns)
{
	static uint8_t frame[HEADER_BYTES + 2048];
	bool ipv4 = !(command[0] & 1), more = command[0] & 2;
	uint32_t len = command[4] * (command[0] & 4 ? 8u : 1u), units = (uint32_t)command[2] << 5 | command[3] % 32;
	struct packet p = {.data = frame,
		.seq = b->frames[0].seq,
		.flags = PKT_FRAGMENT | (ipv4 ? PKT_IPV4 : PKT_IPV6),
		.payload_off = ipv4 ? 20 : HEADER_BYTES,
		.payload_len = len,
		.ip_proto = 17};

	*now_ns += command[0] & 8 ? (uint64_t)command[1] * 1000000000u : 1000;
	p.ts_ns = *now_ns;
	p.len = p.payload_off + len;
	memset(frame, 0, HEADER_BYTES);
	if (ipv4) {
		frame[0] = 0x45;
		frame[5] = command[1] % 8;
		frame[6] = (uint8_t)((more ? 0x20 : 0) | units >> 8);
		frame[7] = (uint8_t)units;
	} else {
		frame[0] = 0x60;
		frame[6] = 44;
		frame[42] = (uint8_t)(units >> 5);
		frame[43] = (uint8_t)(units << 3 | more);
		frame[47] = command[1] % 8;
	}
	memset(frame + p.payload_off, ordinal, len);
	const struct packet *out = defrag_packet(df, b, &p);
	if (out)
		check(out);
	if (command[0] & 16)
		defrag_tick(df, *now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct burst b;
	uint64_t now_ns = 1;

	if (size < 1)
		return 0;
	struct defrag *df = fresh(data[0]);
	b.n_extra = 0;
	b.frames[0].seq = 1;
	for (size_t i = 1, n = 0; i + COMMAND_BYTES <= size; i += COMMAND_BYTES, n++) {
		if (n % PKT_BURST == 0) {
			b.n_extra = 0;
			b.frames[0].seq++;
		}
		give(df, &b, data + i, (uint8_t)n, &now_ns);
		if (defrag_counters(df)->active > 6)
			abort();
	}
	return 0;
}
