// See checksum.h. The sum is taken eight bytes at a time with the carry added back in; one's complement addition does
// not care about byte order or about the width it is done in (RFC 1071 section 2).
#include "dataplane/checksum.h"

#include <string.h>
#include <rte_byteorder.h>
#include <rte_hash_crc.h>

static inline uint64_t add_carry(uint64_t a, uint64_t b)
{
	uint64_t sum;
	return __builtin_add_overflow(a, b, &sum) ? sum + 1 : sum;
}

static inline uint64_t load64(const uint8_t *at)
{
	uint64_t v;
	memcpy(&v, at, sizeof(v));
	return v;
}

// The last 0..7 bytes as one word, zero-filled behind.
static inline uint64_t load_tail(const uint8_t *at, uint32_t len)
{
	uint64_t v = 0;
	memcpy(&v, at, len);
	return v;
}

uint64_t checksum_add(const void *bytes, uint32_t len, uint64_t sum)
{
	const uint8_t *at = bytes;
	// 32-bit halves in 64-bit lanes cannot overflow within 65535 bytes, so the long loop needs no carries and the
	// compiler is free to use vectors.
	while (len >= 32) {
		uint64_t lane[4] = {0};
		uint32_t rounds = len / 32;
		if (rounds > 65536)
			rounds = 65536;
		for (uint32_t i = 0; i < rounds; i++, at += 32) {
			uint32_t w[8];
			memcpy(w, at, sizeof(w));
			for (int k = 0; k < 4; k++)
				lane[k] += (uint64_t)w[k] + w[k + 4];
		}
		len -= rounds * 32;
		sum = add_carry(sum, lane[0] + lane[1]);
		sum = add_carry(sum, lane[2] + lane[3]);
	}
	for (; len >= 8; len -= 8, at += 8)
		sum = add_carry(sum, load64(at));
	return add_carry(sum, load_tail(at, len));
}

uint64_t checksum_pseudo(const void *addrs, uint32_t addrs_len, uint8_t proto, uint32_t len)
{
	return checksum_add(addrs, addrs_len, (uint64_t)rte_cpu_to_be_32(len) + rte_cpu_to_be_16(proto));
}

uint32_t checksum_sctp(const uint8_t *packet, uint32_t len)
{
	static const uint8_t zero[4];
	uint32_t crc = rte_hash_crc(packet, 8, 0xffffffff);
	crc = rte_hash_crc(zero, sizeof(zero), crc);
	return ~rte_hash_crc(packet + 12, len - 12, crc);
}
