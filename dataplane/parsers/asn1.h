// ASN.1 in its basic encoding (X.690), definite lengths: what SNMP, Kerberos and certificates are written in. Next:
// snmp.c, krb5.c, tls_x509.c.
#pragma once

#include "dataplane/api/cursor.h"

enum asn1_id {
	ASN1_BOOLEAN = 0x01,
	ASN1_INTEGER = 0x02,
	ASN1_BIT_STRING = 0x03,
	ASN1_OCTETS = 0x04,
	ASN1_OID = 0x06,
	ASN1_UTF8 = 0x0c,
	ASN1_UTC_TIME = 0x17,
	ASN1_GENERALIZED_TIME = 0x18,
	ASN1_GENERAL_STRING = 0x1b,
	ASN1_BMP = 0x1e,
	ASN1_SEQUENCE = 0x30,
	ASN1_SET = 0x31,
	ASN1_APPLICATION = 0x60,       // constructed; + the number
	ASN1_CONTEXT_PRIMITIVE = 0x80, // + the number
	ASN1_CONTEXT = 0xa0,           // constructed; likewise
};

// The next element: its identifier (numbers up to 30) and what it holds. Returns false when it is none, or longer than
// what is left; c is where it was then.
static inline bool asn1_next(struct cursor *c, uint8_t *id, struct cursor *body)
{
	struct cursor at = *c;
	uint8_t len, byte;
	uint64_t n;

	if (!cursor_u8(&at, id) || (*id & 0x1f) == 0x1f || !cursor_u8(&at, &len) || len == 0x80)
		return false;
	n = len;
	if (len > 0x80) {
		if (len > 0x84)
			return false;
		n = 0;
		for (uint8_t i = 0; i < (len & 0x7f); i++) {
			if (!cursor_u8(&at, &byte))
				return false;
			n = n << 8 | byte;
		}
	}
	if (!cursor_sub(&at, n, body))
		return false;
	*c = at;
	return true;
}

// The next element, when it is of this identifier; else false, and c is where it was.
static inline bool asn1_take(struct cursor *c, uint8_t id, struct cursor *body)
{
	struct cursor at = *c;
	uint8_t is;

	if (!asn1_next(&at, &is, body) || is != id)
		return false;
	*c = at;
	return true;
}

// The next element is an integer of at most eight bytes, sign included.
static inline bool asn1_integer(struct cursor *c, int64_t *v)
{
	struct cursor at = *c, body;

	if (!asn1_take(&at, ASN1_INTEGER, &body) || cursor_left(&body) == 0 || cursor_left(&body) > 8)
		return false;
	uint64_t n = body.at[0] & 0x80 ? UINT64_MAX : 0;
	for (const uint8_t *b = body.at; b < body.end; b++)
		n = n << 8 | *b;
	*v = (int64_t)n;
	*c = at;
	return true;
}
