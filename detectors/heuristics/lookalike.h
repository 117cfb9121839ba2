// When does a name look like a brand? The judgement behind lookalike_domain.c, on text alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct brand {
	char name[32]; // lower-case ASCII
	uint32_t length;
};

// text: a whole lower-case name whose registered domain's first label is text[at..at+len).
// Returns what makes it look like the brand's (static text) and how sure that is in percent, or NULL.
const char *lookalike_judge(
	const struct brand *brand, const char *text, uint32_t at, uint32_t len, uint8_t *confidence);

// Decodes a punycode label (RFC 3492) behind its "xn--". Returns the code points written to out[0..max), 0 when
// it is not valid or does not fit.
uint32_t punycode_decode(const char *in, uint32_t n, uint32_t *out, uint32_t max);

// Writes the label with every character replaced by the ASCII one it looks like. Returns the length, 0 when a
// code point looks like none. Characters: the Latin look-alikes of Unicode's UTS #39 in common use.
uint32_t lookalike_skeleton(const uint32_t *in, uint32_t n, char *out, uint32_t max);
