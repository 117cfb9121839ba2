// One element of DER (X.690 section 10): a tag of one byte, a definite length, the content.
#pragma once

#include "dataplane/api/cursor.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_UTF8 = 0x0c,
	DER_BMP = 0x1e,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT = 0x80,
	DER_CONSTRUCTED = 0x20,
};

// Takes the next element. Returns false when it is cut short, or of a form that DER does not have.
static inline bool der_next(struct cursor *c, uint8_t *tag, struct cursor *content)
{
	uint8_t first, n;
	uint32_t len = 0;

	if (!cursor_u8(c, tag) || (*tag & 0x1f) == 0x1f || !cursor_u8(c, &first))
		return false;
	if (first < 0x80)
		return cursor_sub(c, first, content);
	if (first == 0x80 || first > 0x84)
		return false;
	for (uint32_t i = first & 0x7fu; i; i--) {
		if (!cursor_u8(c, &n))
			return false;
		len = len << 8 | n;
	}
	return cursor_sub(c, len, content);
}

// Takes the next element if it has this tag; else false, and nothing is taken.
static inline bool der_take(struct cursor *c, uint8_t tag, struct cursor *content)
{
	struct cursor at = *c;
	uint8_t found;

	if (!der_next(&at, &found, content) || found != tag)
		return false;
	*c = at;
	return true;
}
