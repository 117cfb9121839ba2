// Names of certificates as text, see tls_x509.h. Next: tls.c.
#include "dataplane/parsers/tls_x509.h"

// Object identifiers (as in DER) that have a short name; the others are written as numbers.
static const struct {
	uint8_t len, oid[12];
	const char *name;
} attributes[] = {
#define X520(n, name)                 \
	{                             \
		3, {0x55, 4, n}, name \
	}
	X520(3, "CN"), X520(6, "C"), X520(10, "O"), X520(11, "OU"), X520(7, "L"), X520(8, "ST"),
	{9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1}, "Email"},
	{10, {9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25}, "DC"},
	{10, {9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1}, "uid"}, X520(0, "objectClass"),
	X520(1, "aliasedEntryName"), X520(2, "knowledgeInformation"), X520(4, "surname"), X520(5, "serialNumber"),
	X520(9, "streetAddress"), X520(12, "title"), X520(13, "description"), X520(14, "searchGuide"),
	X520(15, "businessCategory"), X520(16, "postalAddress"), X520(17, "postalCode"), X520(41, "name"),
	X520(42, "givenName"), X520(43, "initials"), X520(44, "generationQualifier"), X520(45, "uniqueIdentifier"),
	X520(46, "dnQualifier"), {3, {0x55, 0x1d, 17}, "subjectAltName"},
	{9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 2}, "unstructuredName"},
#define JURISDICTION(n, name)                                         \
	{                                                             \
		11, {0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, n}, name \
	}
	JURISDICTION(1, "msJurisdictionLocality"), JURISDICTION(2, "msJurisdictionStateOrProvince"),
	JURISDICTION(3, "msJurisdictionCountry")};

static void put(struct tls_name *t, const void *bytes, uint32_t len)
{
	if (len > TLS_NAME_MAX - t->len)
		len = TLS_NAME_MAX - t->len;
	memcpy(t->at + t->len, bytes, len);
	t->len += len;
}

static void put_string(struct tls_name *t, const char *s)
{
	put(t, s, (uint32_t)strlen(s));
}

static void put_number(struct tls_name *t, uint32_t v)
{
	char digits[10];
	uint32_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + v % 10);
	while (v /= 10);
	put(t, digits + n, (uint32_t)sizeof(digits) - n);
}

// X.690 section 8.19: seven bits a byte, the first number holds two.
static void put_oid(struct tls_name *t, struct cursor c)
{
	bool first = true;
	uint32_t v = 0;
	uint8_t b;

	put_string(t, "OID(");
	while (cursor_u8(&c, &b)) {
		v = v << 7 | (b & 0x7fu);
		if (b & 0x80)
			continue;
		if (first) {
			uint32_t arc = v < 80 ? v / 40 : 2;
			put_number(t, arc);
			v -= arc * 40;
			first = false;
		}
		put_string(t, ".");
		put_number(t, v);
		v = 0;
	}
	put_string(t, ")");
}

static void put_attribute(struct tls_name *t, struct cursor oid)
{
	for (uint32_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (cursor_left(&oid) == attributes[i].len &&
			memcmp(oid.at, attributes[i].oid, attributes[i].len) == 0) {
			put_string(t, attributes[i].name);
			return;
		}
	put_oid(t, oid);
}

// RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF.
static bool is_utf8(struct cursor c)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint8_t b;

	while (cursor_u8(&c, &b)) {
		uint32_t more = b < 0x80             ? 0
				: (b & 0xe0) == 0xc0 ? 1
				: (b & 0xf0) == 0xe0 ? 2
				: (b & 0xf8) == 0xf0 ? 3
						     : 4;
		uint32_t v = b & (more ? 0x3fu >> more : 0x7fu);
		if (more == 4)
			return false;
		for (uint32_t i = more; i; i--) {
			if (!cursor_u8(&c, &b) || (b & 0xc0) != 0x80)
				return false;
			v = v << 6 | (b & 0x3fu);
		}
		if (v < least[more] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
			return false;
	}
	return true;
}

static void put_code_point(struct tls_name *t, uint32_t v)
{
	uint8_t b[4];

	if (v < 0x80) {
		b[0] = (uint8_t)v;
		put(t, b, 1);
	} else if (v < 0x800) {
		b[0] = (uint8_t)(0xc0 | v >> 6);
		b[1] = (uint8_t)(0x80 | (v & 0x3f));
		put(t, b, 2);
	} else {
		b[0] = (uint8_t)(0xe0 | v >> 12);
		b[1] = (uint8_t)(0x80 | (v >> 6 & 0x3f));
		b[2] = (uint8_t)(0x80 | (v & 0x3f));
		put(t, b, 3);
	}
}

// BMPString: two bytes a character. A lone byte at the end counts as one of 0.
static void put_bmp(struct tls_name *t, struct cursor c)
{
	uint16_t v;

	while (cursor_be16(&c, &v))
		put_code_point(t, v >= 0xd800 && v <= 0xdfff ? 0xfffd : v);
	if (cursor_left(&c))
		put_code_point(t, 0);
}

static bool put_value(struct tls_name *t, uint8_t tag, struct cursor c)
{
	static const char digits[] = "0123456789ABCDEF";
	uint8_t b;

	switch (tag) {
	case ASN1_BMP:
		put_bmp(t, c);
		return true;
	case ASN1_UTF8:
	case 0x12: // NumericString, PrintableString, T61String, VideotexString, IA5String
	case 0x13:
	case 0x14:
	case 0x15:
	case 0x16:
	case 0x19: // GraphicString, VisibleString, GeneralString
	case 0x1a:
	case 0x1b:
		if (!is_utf8(c))
			return false;
		put(t, c.at, (uint32_t)cursor_left(&c));
		return true;
	default:
		while (t->len < TLS_NAME_MAX && cursor_u8(&c, &b)) {
			put(t, &digits[b >> 4], 1);
			put(t, &digits[b & 15], 1);
		}
		return true;
	}
}

void tls_name_text(struct tls_name *t, struct cursor name)
{
	struct cursor set, pair, oid, value;
	uint8_t tag;

	t->len = 0;
	while (asn1_take(&name, ASN1_SET, &set) && cursor_left(&set)) {
		if (t->len)
			put_string(t, ", ");
		for (bool first = true; asn1_take(&set, ASN1_SEQUENCE, &pair); first = false) {
			if (!asn1_take(&pair, ASN1_OID, &oid) || !asn1_next(&pair, &tag, &value))
				return;
			if (!first)
				put_string(t, " + ");
			put_attribute(t, oid);
			put_string(t, "=");
			if (!put_value(t, tag, value)) {
				t->len = 0;
				put_string(t, "<X509Error: Invalid X.509 name>");
				return;
			}
		}
	}
}
