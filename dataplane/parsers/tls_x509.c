// Certificates (RFC 5280), read for what rules and EVE ask: serial number, names, validity, alternative names,
// fingerprint. See tls.h; tls_name.c makes text of names. Next: tls.c.
#include "dataplane/parsers/tls_x509.h"

#define FAIL(event) (1u + (uint32_t)(event))

// The next element must be one of this identifier. Suricata's events: a header that ends early is an invalid length,
// one that says nonsense or of another element is invalid DER, what it holds that ends early is of `cut`.
static uint32_t take(struct cursor *c, uint8_t id, struct cursor *body, enum tls_event cut)
{
	size_t left = cursor_left(c);
	uint8_t len = left > 1 ? c->at[1] : 0, is;

	if (asn1_take(c, id, body))
		return 0;
	if (left < 2 || (len > 0x80 && len < 0xff && left < 2u + (len & 0x7f)))
		return FAIL(TLS_CERTIFICATE_INVALID_LENGTH);
	if (len == 0x80 || len == 0xff || (c->at[0] & 0x1f) == 0x1f ||
		asn1_next(&(struct cursor){c->at, c->end}, &is, body))
		return FAIL(TLS_CERTIFICATE_INVALID_DER);
	return FAIL(cut);
}

static void put_octets(uint8_t *to, const uint8_t *bytes, uint32_t len, const char *digits)
{
	for (uint32_t i = 0; i < len; i++) {
		if (i)
			*to++ = ':';
		*to++ = (uint8_t)digits[bytes[i] >> 4];
		*to++ = (uint8_t)digits[bytes[i] & 15];
	}
}

static bool digits(struct cursor *c, uint32_t n, int *out)
{
	*out = 0;
	for (; n; n--) {
		uint8_t d;
		if (!cursor_u8(c, &d) || d < '0' || d > '9')
			return false;
		*out = *out * 10 + (d - '0');
	}
	return true;
}

static int days_of(int year, int month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

// Days from 1970-01-01 to the first of March of `year` and on: years begin in March, so that leap days are last.
static int64_t days_since_1970(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

// "Z", or hours and minutes east or west of it; seconds to be taken off, false: neither.
static bool read_zone(struct cursor *c, int *seconds)
{
	uint8_t sign;
	int hours, minutes;

	*seconds = 0;
	if (!cursor_u8(c, &sign))
		return false;
	if (sign == 'Z')
		return true;
	if ((sign != '+' && sign != '-') || !digits(c, 2, &hours) || !digits(c, 2, &minutes) || hours > 23 ||
		minutes > 59)
		return false;
	*seconds = (sign == '-' ? -60 : 60) * (hours * 60 + minutes);
	return true;
}

// UTCTime or GeneralizedTime (RFC 5280 section 4.1.2.5); seconds may be missing, a fraction is passed over.
static bool read_time(struct cursor *c, int64_t *out)
{
	struct cursor t;
	uint8_t tag;
	int year, month, day, hour, minute, second = 0, zone;

	if (!asn1_next(c, &tag, &t) || (tag != ASN1_UTC_TIME && tag != ASN1_GENERALIZED_TIME) ||
		!digits(&t, tag == ASN1_UTC_TIME ? 2 : 4, &year) || !digits(&t, 2, &month) || !digits(&t, 2, &day) ||
		!digits(&t, 2, &hour) || !digits(&t, 2, &minute))
		return false;
	if (tag == ASN1_UTC_TIME)
		year += year < 50 ? 2000 : 1900;
	if (cursor_left(&t) && *t.at >= '0' && *t.at <= '9' && !digits(&t, 2, &second))
		return false;
	if (cursor_left(&t) && *t.at == '.')
		while (cursor_skip(&t, 1) && cursor_left(&t) && *t.at >= '0' && *t.at <= '9')
			;
	if (!read_zone(&t, &zone) || month < 1 || month > 12 || day < 1 || day > days_of(year, month) || hour > 23 ||
		minute > 59 || second > 60)
		return false;
	*out = days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone;
	return true;
}

// Names of an alternative name's value (RFC 5280 section 4.2.1.6) that are DNS names.
static void read_alternative(struct app_run *run, struct tls_cert *cert, struct cursor c)
{
	struct cursor list, name;
	uint8_t tag;

	if (!asn1_take(&c, ASN1_SEQUENCE, &list))
		return;
	while (asn1_next(&list, &tag, &name)) {
		uint16_t len = (uint16_t)cursor_left(&name);
		if (tag != ASN1_CONTEXT_PRIMITIVE + 2 ||
			cert->names.len + sizeof(len) + cursor_left(&name) > TLS_NAMES_MAX)
			continue;
		if (!app_text_add(run, &cert->names, (const uint8_t *)&len, sizeof(len), TLS_NAMES_MAX) ||
			!app_text_add(run, &cert->names, name.at, len, TLS_NAMES_MAX))
			return;
	}
}

static uint32_t read_extensions(struct app_run *run, struct tls_cert *cert, struct cursor c)
{
	static const uint8_t alternative_name[] = {0x55, 0x1d, 0x11};
	struct cursor list, ext, oid, value;
	uint32_t fail = take(&c, ASN1_SEQUENCE, &list, TLS_INVALID_CERTIFICATE);

	while (!fail && cursor_left(&list)) {
		if (!asn1_take(&list, ASN1_SEQUENCE, &ext) || !asn1_take(&ext, ASN1_OID, &oid))
			return FAIL(TLS_INVALID_CERTIFICATE);
		asn1_take(&ext, ASN1_BOOLEAN, &value);
		if (!asn1_take(&ext, ASN1_OCTETS, &value))
			return FAIL(TLS_INVALID_CERTIFICATE);
		if (cursor_left(&oid) == sizeof(alternative_name) &&
			memcmp(oid.at, alternative_name, sizeof(alternative_name)) == 0)
			read_alternative(run, cert, value);
	}
	return fail;
}

// Certificates of version 1 have no such element.
static uint32_t read_version(struct cursor *c)
{
	struct cursor explicit, number;
	uint32_t fail;

	if (cursor_left(c) == 0 || c->at[0] != ASN1_CONTEXT + 0)
		return 0;
	fail = take(c, ASN1_CONTEXT + 0, &explicit, TLS_CERTIFICATE_INVALID_LENGTH);
	if (!fail && !asn1_take(&explicit, ASN1_INTEGER, &number))
		fail = FAIL(TLS_CERTIFICATE_INVALID_VERSION);
	return fail;
}

// AlgorithmIdentifier (RFC 5280 section 4.1.1.2), whose parameters are anything.
static uint32_t read_algorithm(struct cursor *c)
{
	struct cursor algorithm, oid;
	uint32_t fail = take(c, ASN1_SEQUENCE, &algorithm, TLS_CERTIFICATE_INVALID_LENGTH);

	return fail ? fail : take(&algorithm, ASN1_OID, &oid, TLS_CERTIFICATE_INVALID_LENGTH);
}

// SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
static uint32_t read_key(struct cursor *c)
{
	struct cursor info;
	uint32_t fail = take(c, ASN1_SEQUENCE, &info, TLS_INVALID_CERTIFICATE);

	return fail ? fail : read_algorithm(&info);
}

static void read_serial(struct app_run *run, struct tls_cert *cert, struct cursor c)
{
	uint8_t text[3 * 64];
	uint32_t len = cursor_left(&c) > 64 ? 64 : (uint32_t)cursor_left(&c); // the standard has 20

	put_octets(text, c.at, len, "0123456789ABCDEF");
	app_text_add(run, &cert->serial, text, len ? 3 * len - 1 : 0, sizeof(text));
}

static uint32_t read_name(struct app_run *run, struct app_text *out, struct cursor c, enum tls_event event)
{
	struct tls_name name;

	tls_name_text(&name, c);
	if (memchr(name.at, 0, name.len)) // would end the text for those who read it as C does
		return FAIL(event);
	app_text_add(run, out, name.at, name.len, TLS_NAME_MAX);
	return 0;
}

// TBSCertificate (RFC 5280 section 4.1).
static uint32_t read_body(struct app_run *run, struct tls_cert *cert, struct cursor c)
{
	struct cursor part, issuer, subject, validity;
	uint32_t fail = read_version(&c);

	if (fail)
		return fail;
	if (!asn1_take(&c, ASN1_INTEGER, &part))
		return FAIL(TLS_CERTIFICATE_INVALID_SERIAL);
	read_serial(run, cert, part);
	if ((fail = read_algorithm(&c)) || (fail = take(&c, ASN1_SEQUENCE, &issuer, TLS_INVALID_CERTIFICATE)) ||
		(fail = take(&c, ASN1_SEQUENCE, &validity, TLS_INVALID_CERTIFICATE)))
		return fail;
	if (!read_time(&validity, &cert->not_before) || !read_time(&validity, &cert->not_after))
		return FAIL(TLS_CERTIFICATE_INVALID_DATE);
	if ((fail = take(&c, ASN1_SEQUENCE, &subject, TLS_INVALID_CERTIFICATE)) || (fail = read_key(&c)))
		return fail;
	asn1_take(&c, ASN1_CONTEXT_PRIMITIVE + 1, &part); // unique identifiers of issuer and subject
	asn1_take(&c, ASN1_CONTEXT_PRIMITIVE + 2, &part);
	if (asn1_take(&c, ASN1_CONTEXT + 3, &part) && (fail = read_extensions(run, cert, part)))
		return fail;
	if (cursor_left(&c))
		return FAIL(TLS_INVALID_CERTIFICATE);
	fail = read_name(run, &cert->issuer, issuer, TLS_CERTIFICATE_INVALID_ISSUER);
	return fail ? fail : read_name(run, &cert->subject, subject, TLS_CERTIFICATE_INVALID_SUBJECT);
}

uint32_t tls_read_certificate(struct app_run *run, struct tls_cert *cert, struct cursor der)
{
	struct cursor c = der, outer, body, part;
	uint8_t sha1[20];
	uint32_t fail;

	if ((fail = take(&c, ASN1_SEQUENCE, &outer, TLS_INVALID_CERTIFICATE)) ||
		(fail = take(&outer, ASN1_SEQUENCE, &body, TLS_INVALID_CERTIFICATE)))
		return fail;
	fail = read_body(run, cert, body);
	if (!fail && !(fail = read_algorithm(&outer)) && !asn1_take(&outer, ASN1_BIT_STRING, &part))
		fail = FAIL(TLS_INVALID_CERTIFICATE);
	if (fail) {
		tls_free_certificate(run, cert);
		return fail;
	}
	app_digest(APP_SHA1, der.at, cursor_left(&der), sha1);
	put_octets(cert->fingerprint, sha1, sizeof(sha1), "0123456789abcdef");
	cert->whole = true;
	return 0;
}

void tls_free_certificate(struct app_run *run, struct tls_cert *cert)
{
	app_text_free(run, &cert->subject);
	app_text_free(run, &cert->issuer);
	app_text_free(run, &cert->serial);
	app_text_free(run, &cert->names);
}
