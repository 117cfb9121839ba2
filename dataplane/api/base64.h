// The alphabet of base64, for mail and for rules.
#pragma once

#include <stdint.h>

// The value of a character, 0..63 (RFC 4648 section 4); -1: not of the alphabet, as '=' is not.
static inline int base64_digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}
