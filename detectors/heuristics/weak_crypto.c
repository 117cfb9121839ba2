// Cryptography that protects nothing: the server chose a NULL, export or anonymous cipher, SSH 1, or both sides
// speak extended_random, which gives Dual_EC's state away (Checkoway et al., 2014).
#include "detectors/heuristics/once.h"

enum weakness { CIPHER_NULL = 1, CIPHER_EXPORT, CIPHER_ANONYMOUS, EXTENDED_RANDOM, SSH_ONE };

static const struct once_kind kinds[] = {
	[CIPHER_NULL] = {"TLS without encryption (NULL cipher)", 2, 95, true},
	[CIPHER_EXPORT] = {"TLS with an export cipher", 2, 95, true},
	[CIPHER_ANONYMOUS] = {"TLS without authentication (anonymous cipher)", 3, 90, true},
	[EXTENDED_RANDOM] = {"TLS extended_random is echoed (Dual_EC exposure)", 2, 85, true},
	[SSH_ONE] = {"SSH protocol version 1", 3, 95, true},
};

static uint32_t be16(const uint8_t *d)
{
	return (uint32_t)d[0] << 8 | d[1];
}

// IANA's TLS cipher suite registry.
static uint32_t judge_cipher(uint32_t c)
{
	if (c == 0x01 || c == 0x02 || c == 0x3b || c == 0x2c || c == 0x2d || c == 0x2e || c == 0xc001 || c == 0xc006 ||
		c == 0xc00b || c == 0xc010)
		return CIPHER_NULL;
	if (c == 0x03 || c == 0x06 || c == 0x08 || c == 0x0b || c == 0x0e || c == 0x11 || c == 0x14 || c == 0x17 ||
		c == 0x19)
		return CIPHER_EXPORT;
	if (c == 0x18 || c == 0x1a || c == 0x1b || c == 0x34 || c == 0x3a || c == 0x6c || c == 0x6d || c == 0xa6 ||
		c == 0xa7 || (c >= 0xc015 && c <= 0xc019))
		return CIPHER_ANONYMOUS;
	return 0;
}

// Extension 40 was also TLS 1.3 drafts' key_share: supported_versions (43) beside it says so.
static uint32_t look_extensions(const uint8_t *d, uint32_t n)
{
	bool extended = false;
	for (uint32_t at = 0; at + 4 <= n;) {
		uint32_t type = be16(d + at), size = be16(d + at + 2);
		at += 4;
		if (size > n - at)
			return 0;
		if (type == 43)
			return 0;
		// a vector of at least 32 random bytes
		extended |= type == 40 && size >= 34 && be16(d + at) == size - 2;
		at += size;
	}
	return extended ? EXTENDED_RANDOM : 0;
}

// ServerHello (RFC 5246 section 7.4.1.3) in one segment.
static uint32_t look_server_hello(const uint8_t *d, uint32_t n)
{
	if (n < 47 || d[1] != 3 || d[5] != 2 || d[9] != 3 || d[10] > 3)
		return 0;
	uint32_t at = 44u + d[43];
	if (at + 3 > n)
		return 0;
	uint32_t cipher = judge_cipher(be16(d + at));
	at += 3;
	if (cipher || at + 2 > n)
		return cipher;
	uint32_t size = be16(d + at);
	return look_extensions(d + at + 2, RTE_MIN(size, n - at - 2));
}

static uint32_t look(const struct packet *p)
{
	const uint8_t *d = packet_payload(p);
	if (p->payload_len < 9)
		return 0;
	if (d[0] == 22)
		return look_server_hello(d, p->payload_len);
	return memcmp(d, "SSH-1.", 6) == 0 && memcmp(d + 6, "99", 2) != 0 && p->dir == DIR_TO_CLIENT ? SSH_ONE : 0;
}

extern const struct detector detector_weak_crypto;
static const struct once_ops weak_crypto_ops = {&detector_weak_crypto, kinds, look, NULL};

ONCE_DETECTOR(weak_crypto, 9010025, "Tocsin weak cryptography", "Potential Corporate Privacy Violation", 3, DET_TCP,
	DET_EARLY);
