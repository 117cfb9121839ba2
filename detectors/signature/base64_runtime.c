// Base64 as attackers write it: RFC 2045, bytes outside the alphabet are passed over, '=' ends it.
#include "detectors/signature/match_runtime.h"

static int digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

uint32_t base64_decode_relaxed(const uint8_t *in, uint32_t len, uint8_t *out, uint32_t cap)
{
	uint32_t n = 0, bits = 0, have = 0;
	for (uint32_t i = 0; i < len && in[i] != '='; i++) {
		int d = digit(in[i]);
		if (d < 0)
			continue;
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have >= 8) {
			if (n == cap)
				break;
			have -= 8;
			out[n++] = (uint8_t)(bits >> have);
		}
	}
	return n;
}
