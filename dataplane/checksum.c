// See checksum.h. The sum is taken eight bytes at a time with the carry added back in; one's complement addition does
// not care about byte order or about the width it is done in (RFC 1071 section 2).
#include "dataplane/checksum.h"

#include <string.h>
#include <rte_byteorder.h>
#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

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

// CRC32c, reflected polynomial 0x82f63b78: with the instruction for it, else four bits at a time.
static uint32_t crc32c(const uint8_t *at, uint32_t len, uint32_t crc)
{
#ifdef __SSE4_2__
	for (; len >= 8; len -= 8, at += 8)
		crc = (uint32_t)_mm_crc32_u64(crc, load64(at));
	for (; len > 0; len--, at++)
		crc = _mm_crc32_u8(crc, *at);
#else
	static const uint32_t nibble[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
		0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab,
		0xe330a81a, 0xf36e6f75};
	for (; len > 0; len--, at++) {
		crc ^= *at;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
#endif
	return crc;
}

uint32_t checksum_sctp(const uint8_t *packet, uint32_t len)
{
	static const uint8_t zero[4];
	uint32_t crc = crc32c(packet, 8, 0xffffffff);
	crc = crc32c(zero, sizeof(zero), crc);
	return ~crc32c(packet + 12, len - 12, crc);
}
