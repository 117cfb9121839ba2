// asn1: looks through BER encodings (ITU-T X.690) for lengths that attackers use. Bounded in depth and count.
#include "detectors/signature/match_runtime.h"

#include <string.h>

#define FRAMES_MAX 256
#define DEPTH_MAX 30

struct tlv {
	uint8_t class, tag;
	bool constructed, indefinite;
	uint64_t length;
	uint32_t body; // offset of the contents
};

static bool read_tlv(const uint8_t *b, uint32_t len, uint32_t at, struct tlv *t)
{
	if (at + 2 > len)
		return false;
	t->class = b[at] >> 6;
	t->constructed = b[at] & 0x20;
	t->tag = b[at++] & 0x1f;
	if (t->tag == 0x1f) { // high tag number
		for (int i = 0; at < len && b[at] & 0x80 && i < 4; i++)
			at++;
		at++;
	}
	if (at >= len)
		return false;
	uint8_t first = b[at++], n = first & 0x7f;
	t->indefinite = first == 0x80;
	t->length = first < 0x80 ? first : 0;
	if (first > 0x80) {
		if (at + n > len)
			return false;
		for (; n && !(t->length >> 56); n--)
			t->length = t->length << 8 | b[at++];
		if (n)
			return false;
	}
	t->body = at;
	return true;
}

static bool odd(const struct asn1_args *a, const struct tlv *t, const uint8_t *b, uint32_t len)
{
	if (a->oversize && t->length > a->oversize_length)
		return true;
	if (a->bitstring_overflow && t->class == 0 && t->tag == 3 && !t->constructed && t->body < len && t->length &&
		((t->length - 1) << 3) < b[t->body])
		return true;
	// REAL in decimal form with more digits than a buffer of 256 takes
	return a->double_overflow && t->class == 0 && t->tag == 9 && !t->constructed && t->body < len &&
	       t->length > 256 && !(b[t->body] & 0xc0);
}

static bool is_utf8(const uint8_t *b, uint64_t n)
{
	for (uint64_t i = 0; i < n;) {
		uint32_t more = b[i] < 0x80 ? 0 : b[i] >= 0xc2 && b[i] < 0xe0 ? 1 : b[i] >= 0xe0 && b[i] < 0xf0 ? 2 : 3;
		if (b[i] >= 0x80 && (b[i] < 0xc2 || b[i] > 0xf4))
			return false;
		for (i++; more; more--, i++)
			if (i >= n || (b[i] & 0xc0) != 0x80)
				return false;
	}
	return true;
}

// Whether an element's contents can be what its universal tag says (X.680): a decoder stops where they cannot.
static bool is_sound(const struct tlv *t, const uint8_t *b)
{
	static const char *const letters[] = {[0x12] = " 0123456789",
		[0x13] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?",
		[0x17] = "0123456789+-Z",
		[0x18] = "0123456789+-Z.,"};
	const uint8_t *c = b + t->body;
	if (t->class)
		return true;
	switch (t->tag) {
	case 0x01: // BOOLEAN
		return t->length == 1;
	case 0x03: // BIT STRING
		return t->length >= 1;
	case 0x0c: // UTF8String
		return is_utf8(c, t->length);
	case 0x12: // NumericString, PrintableString, UTCTime, GeneralizedTime
	case 0x13:
	case 0x17:
	case 0x18:
		for (uint64_t i = 0; i < t->length; i++)
			if (!c[i] || !strchr(letters[t->tag], c[i]))
				return false;
		return true;
	case 0x07: // the strings of seven bits
	case 0x14:
	case 0x15:
	case 0x16:
	case 0x19:
	case 0x1a:
	case 0x1b:
		for (uint64_t i = 0; i < t->length; i++)
			if (c[i] & 0x80)
				return false;
		return true;
	default:
		return true;
	}
}

// Elements are looked at one behind the other; a SEQUENCE or SET counts once all within it could be read. One that does
// not fit into what is around it ends the walk, as does an indefinite length, which DER does not have.
bool asn1_match(const struct asn1_args *a, const uint8_t *buf, uint32_t len, uint32_t at)
{
	uint64_t ends[DEPTH_MAX];
	int64_t from = a->relative ? (int64_t)at + a->offset : a->offset;
	int depth = 0;
	bool found = false;
	if (from < 0 || from >= len)
		return false;
	uint64_t pos = (uint64_t)from;
	for (int i = 0; i < FRAMES_MAX && pos < len; i++) {
		struct tlv t;
		uint64_t limit = depth ? ends[depth - 1] : len;
		if (!read_tlv(buf, (uint32_t)limit, (uint32_t)pos, &t) || t.indefinite || t.length > limit - t.body ||
			!is_sound(&t, buf))
			return false;
		found |= odd(a, &t, buf, len);
		pos = t.body;
		if (!t.class && (t.tag == 0x10 || t.tag == 0x11) && depth < DEPTH_MAX)
			ends[depth++] = t.body + t.length;
		else
			pos += t.length;
		while (depth && pos >= ends[depth - 1])
			pos = ends[--depth];
		if (found && !depth)
			return true;
	}
	return false;
}
