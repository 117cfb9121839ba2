// Checksums of the Internet protocols: the one's complement sum (RFC 1071) and CRC32c (SCTP, RFC 9260 appendix A).
#pragma once

#include <stdint.h>

// One's complement sum of len bytes, as 64-bit words in host order; pass it on as `sum` to go on with the next piece
// (every piece but the last must be of even length). Any alignment.
uint64_t checksum_add(const void *bytes, uint32_t len, uint64_t sum);

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
uint64_t checksum_pseudo(const void *addrs, uint32_t addrs_len, uint8_t proto, uint32_t len);

// True when an IPv4 header of hlen bytes has a correct checksum.
static inline int checksum_ipv4_ok(const void *header, uint32_t hlen)
{
	return checksum_fold(checksum_add(header, hlen, 0)) == 0xffff;
}

// CRC32c of an SCTP packet of at least 12 bytes, taken with its checksum field as zero.
// Returns the value as the field holds it when read little-endian.
uint32_t checksum_sctp(const uint8_t *packet, uint32_t len);
