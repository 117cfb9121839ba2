// Checksums of the Internet protocols: the one's complement sum (RFC 1071) and CRC32c (SCTP, RFC 9260 appendix A).
#pragma once

#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

// The sum of more bytes than checksum_add takes in its stride. Use checksum_add.
uint64_t checksum_add_long(const uint8_t *at, uint32_t len, uint64_t sum);

static inline uint64_t checksum_add_carry(uint64_t a, uint64_t b)
{
	uint64_t sum;
	return __builtin_add_overflow(a, b, &sum) ? sum + 1 : sum;
}

// One's complement sum of len bytes, as 64-bit words in host order; pass it on as `sum` to go on with the next piece
// (every piece but the last must be of even length). Any alignment.
static inline uint64_t checksum_add(const void *bytes, uint32_t len, uint64_t sum)
{
	const uint8_t *at = bytes;
	uint64_t word;
	uint32_t half;
	uint16_t quarter;
	if (len >= 128)
		return checksum_add_long(at, len, sum);
	for (; len >= 8; len -= 8, at += 8) {
		memcpy(&word, at, 8);
		sum = checksum_add_carry(sum, word);
	}
	if (len & 4) {
		memcpy(&half, at, 4);
		sum = checksum_add_carry(sum, half);
		at += 4;
	}
	if (len & 2) {
		memcpy(&quarter, at, 2);
		sum = checksum_add_carry(sum, quarter);
		at += 2;
	}
	if (len & 1) {
		quarter = 0;
		memcpy(&quarter, at, 1); // the first byte in memory, whatever the host's order
		sum = checksum_add_carry(sum, quarter);
	}
	return sum;
}

// Folds a sum to 16 bits. A piece that includes its own correct checksum gives 0xffff.
static inline uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

// The part of the sum a TCP, UDP or ICMPv6 pseudo header adds. addrs: source and destination as on the wire,
// addrs_len 8 (RFC 9293) or 32 (RFC 8200 8.1). len: of the transport header and payload in bytes.
static inline uint64_t checksum_pseudo(const void *addrs, uint32_t addrs_len, uint8_t proto, uint32_t len)
{
	return checksum_add(addrs, addrs_len, (uint64_t)rte_cpu_to_be_32(len) + rte_cpu_to_be_16(proto));
}

// True when an IPv4 header of hlen bytes has a correct checksum.
static inline int checksum_ipv4_ok(const void *header, uint32_t hlen)
{
	if (hlen == 20) { // as nearly all are: ten words of 16 bits, no carries beyond 64
		uint64_t word[2];
		uint32_t half;
		memcpy(word, header, sizeof(word));
		memcpy(&half, (const uint8_t *)header + sizeof(word), sizeof(half));
		uint64_t sum = (word[0] & UINT32_MAX) + (word[0] >> 32) + (word[1] & UINT32_MAX) + (word[1] >> 32);
		sum += half;
		return sum != 0 && sum % 0xffff == 0; // folding takes off 65,535s, and what is left then is one
	}
	return checksum_fold(checksum_add(header, hlen, 0)) == 0xffff;
}

// CRC32c of an SCTP packet of at least 12 bytes, taken with its checksum field as zero.
// Returns the value as the field holds it when read little-endian.
uint32_t checksum_sctp(const uint8_t *packet, uint32_t len);
