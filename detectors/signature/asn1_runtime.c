// asn1: looks through BER encodings (ITU-T X.690) for lengths that attackers use. Bounded in depth and count.
#include "detectors/signature/match_runtime.h"

#define FRAMES_MAX 128
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
		if (n > 8 || at + n > len)
			return false;
		while (n--)
			t->length = t->length << 8 | b[at++];
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

// Elements are looked at one behind the other and, where constructed, within; one that does not fit into what is around
// it ends the walk, as does an indefinite length, which DER does not have.
bool asn1_match(const struct asn1_args *a, const uint8_t *buf, uint32_t len, uint32_t at)
{
	uint64_t ends[DEPTH_MAX];
	int64_t from = a->relative ? (int64_t)at + a->offset : a->offset;
	int depth = 0;
	if (from < 0 || from >= len)
		return false;
	uint64_t pos = (uint64_t)from;
	for (int i = 0; i < FRAMES_MAX && pos < len; i++) {
		struct tlv t;
		uint64_t limit = depth ? ends[depth - 1] : len;
		if (!read_tlv(buf, (uint32_t)limit, (uint32_t)pos, &t) || t.indefinite || t.length > limit - t.body)
			return false;
		if (odd(a, &t, buf, len))
			return true;
		pos = t.body;
		if (t.constructed && depth < DEPTH_MAX)
			ends[depth++] = t.body + t.length;
		else
			pos += t.length;
		while (depth && pos >= ends[depth - 1])
			pos = ends[--depth];
	}
	return false;
}
