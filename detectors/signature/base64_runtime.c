// Base64 as RFC 4648 section 4 has it and Suricata reads it: blocks of four characters, '=' stands for missing bits
// anywhere, the first other character ends it. What is left of a block is decoded as far as it goes, its '=' as zeros;
// one character alone gives a byte only in front of another that ends it.
#include "dataplane/api/base64.h"
#include "detectors/signature/match_runtime.h"

// The bytes that `digits` characters of a block give. Returns how many were written.
static uint32_t put_block(uint8_t *out, uint32_t cap, uint32_t bits, uint32_t digits)
{
	uint32_t n = digits > 1 ? digits - 1 : 0;
	if (n > cap)
		n = cap;
	for (uint32_t i = 0; i < n; i++)
		out[i] = (uint8_t)(bits >> (16 - 8 * i));
	return n;
}

uint32_t base64_decode(const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	uint32_t n = 0, bits = 0, have = 0, padding = 0;
	bool broken = false;
	for (uint32_t i = 0; i < len && !broken; i++) {
		int d = base64_digit(in[i]);
		if ((broken = d < 0 && in[i] != '='))
			continue;
		padding += d < 0;
		bits = bits << 6 | (d < 0 ? 0 : (uint32_t)d);
		if (++have == 4) {
			n += put_block(out + n, cap - n, bits, 4 - padding);
			bits = have = padding = 0;
		}
	}
	if (have)
		n += put_block(out + n, cap - n, bits << 6 * (4 - have), have + (have == 1 && broken));
	return n;
}
