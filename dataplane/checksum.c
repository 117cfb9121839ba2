// See checksum.h. The sum is taken eight bytes at a time with the carry added back in; one's complement addition does
// not care about byte order or about the width it is done in (RFC 1071 section 2).
#include "dataplane/checksum.h"

#include <string.h>

#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

typedef uint64_t u64x2 __attribute__((vector_size(16)));

// Words of 32 bits in lanes of 64 cannot overflow within 2^32 rounds: no carries, and the lanes are independent.
uint64_t checksum_add_long(const uint8_t *at, uint32_t len, uint64_t sum)
{
	u64x2 low = {0}, high = {0}, a, b;
	for (; len >= 32; len -= 32, at += 32) {
		memcpy(&a, at, 16);
		memcpy(&b, at + 16, 16);
		low += (a & 0xffffffff) + (b & 0xffffffff);
		high += (a >> 32) + (b >> 32);
	}
	low += high;
	sum = checksum_add_carry(sum, low[0]);
	sum = checksum_add_carry(sum, low[1]);
	// what comes first in a 64-bit word and what comes last add up the same (2^32 = 1 in this arithmetic)
	return checksum_add(at, len, sum);
}

// CRC32c, reflected polynomial 0x82f63b78: with the instruction for it, else four bits at a time.
static uint32_t crc32c(const uint8_t *at, uint32_t len, uint32_t crc)
{
#ifdef __SSE4_2__
	for (; len >= 8; len -= 8, at += 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		crc = (uint32_t)_mm_crc32_u64(crc, word);
	}
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
