// Certificates as text: names, serial numbers, times, alternative names. Expected values are those of Suricata 7.0.10
// on the same bytes.
#include "dataplane/parsers/tls.h"
#include "tests/unit/tls_lab.h"

static struct parser_lab lab;
static struct tls_cert cert;

static int open_lab(void **state)
{
	plab_open(&lab, &parser_tls, OVER_TCP);
	memset(&cert, 0, sizeof(cert));
	return 0;
}

static int close_lab(void **state)
{
	tls_free_certificate(lab.run, &cert);
	plab_close(&lab);
	return 0;
}

// The event's number + 1, or 0.
static uint32_t read_bytes(const uint8_t *bytes, uint32_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	memcpy(exact, bytes, len);
	tls_free_certificate(lab.run, &cert);
	memset(&cert, 0, sizeof(cert));
	uint32_t fail = tls_read_certificate(lab.run, &cert, cursor_of(exact, len));
	free(exact);
	assert_int_equal(cert.whole, fail == 0);
	return fail;
}

static uint32_t read_parts(const struct cert_parts *p)
{
	struct blob b = {0};
	add_cert(&b, p);
	return read_bytes(b.at, b.len);
}

static const char *as_text(const struct app_text *t)
{
	char *at = lab.text;
	*at = 0;
	plab_put_bytes(&at, lab.text + sizeof(lab.text), (struct app_bytes){t->at, t->len});
	return lab.text;
}

static const char *subject(const void *oid, uint32_t oid_len, uint8_t tag, const void *value, uint32_t len)
{
	struct cert_parts *p = usual_cert();
	p->subject.len = 0;
	add_attribute(&p->subject, oid, oid_len, tag, value, len);
	assert_int_equal(read_parts(p), 0);
	return as_text(&cert.subject);
}
#define SUBJECT(oid, tag, value) subject(oid, sizeof(oid) - 1, tag, value, sizeof(value) - 1)

static void attributes_have_their_short_names(void **state)
{
	assert_string_equal(SUBJECT("\x55\x04\x05", 0x13, "1"), "serialNumber=1");
	assert_string_equal(SUBJECT("\x55\x04\x2a", 0x13, "1"), "givenName=1");
	assert_string_equal(SUBJECT("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 0x16, "a@b"), "Email=a@b");
	assert_string_equal(SUBJECT("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 0x16, "com"), "DC=com");
	assert_string_equal(
		SUBJECT("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03", 0x13, "US"), "msJurisdictionCountry=US");
	assert_string_equal(SUBJECT("\x55\x04\x61", 0x0c, "v"), "OID(2.5.4.97)=v");
	assert_string_equal(SUBJECT("\x2a\x86\x48\x01", 0x0c, "v"), "OID(1.2.840.1)=v");
}

static void values_are_text_as_their_type_says(void **state)
{
	assert_string_equal(SUBJECT(CN, 0x0c, "a, \"b\"+=;<>#"), "CN=a, \"b\"+=;<>#");
	assert_string_equal(SUBJECT(CN, 0x0c, "\xc3\xa9"), "CN=\\xc3\\xa9");
	assert_string_equal(SUBJECT(CN, 0x1e, "\0a\0\xe9\x61\x62"), "CN=a\\xc3\\xa9\\xe6\\x85\\xa2");
	assert_string_equal(SUBJECT(CN, 0x04, "ab\xff"), "CN=6162FF");
	assert_string_equal(SUBJECT(CN, 0x1c, "\0\0\0a"), "CN=00000061");
	assert_string_equal(SUBJECT(CN, 0x0c, "\xff"), "<X509Error: Invalid X.509 name>");
	assert_string_equal(SUBJECT(CN, 0x13, "\xe9"), "<X509Error: Invalid X.509 name>");
	assert_string_equal(SUBJECT(CN, 0x0c, "\xc0\x80"), "<X509Error: Invalid X.509 name>");
	assert_string_equal(SUBJECT(CN, 0x0c, "\xed\xa0\x80"), "<X509Error: Invalid X.509 name>");
}

static void names_keep_their_order_and_sets_are_joined(void **state)
{
	struct cert_parts *p = usual_cert();
	struct blob set = {0}, one = {0}, other = {0};
	DER(&one, 6, CN);
	DER(&one, 0x0c, "v");
	DER(&other, 6, "\x55\x04\x0a");
	DER(&other, 0x0c, "w");
	add_der(&set, 0x30, one.at, one.len);
	add_der(&set, 0x30, other.at, other.len);
	p->subject.len = 0;
	add_der(&p->subject, 0x31, set.at, set.len);
	ATTRIBUTE(&p->subject, C, 0x13, "DE");
	assert_int_equal(read_parts(p), 0);
	assert_string_equal(as_text(&cert.subject), "CN=v + O=w, C=DE");
}

static int64_t not_after(uint8_t tag, const char *text)
{
	struct cert_parts *p = usual_cert();
	p->validity.len = 0;
	DER(&p->validity, 0x17, "200101000000Z");
	add_der(&p->validity, tag, text, (uint32_t)strlen(text));
	uint32_t fail = read_parts(p);
	if (fail)
		assert_int_equal(fail, 1 + TLS_CERTIFICATE_INVALID_DATE);
	return fail ? -1 : cert.not_after;
}

static void times_of_both_kinds_are_seconds(void **state)
{
	assert_int_equal(not_after(0x17, "491231235959Z"), 2524607999);
	assert_int_equal(not_after(0x17, "500101000000Z"), -631152000);
	assert_int_equal(not_after(0x17, "2001010000Z"), 1577836800);
	assert_int_equal(not_after(0x17, "200101000000+0100"), 1577833200);
	assert_int_equal(not_after(0x17, "200229000000Z"), 1582934400);
	assert_int_equal(not_after(0x18, "99991231235959Z"), 253402300799);
	assert_int_equal(not_after(0x18, "20200101000000.5Z"), 1577836800);
	assert_int_equal(not_after(0x17, "210229000000Z"), -1);
	assert_int_equal(not_after(0x17, "201301000000Z"), -1);
	assert_int_equal(not_after(0x17, "garbage"), -1);
	assert_int_equal(not_after(0x18, "20200101000000"), -1);
	assert_int_equal(not_after(0x13, "200101000000Z"), -1);
}

static void alternative_names_that_are_dns_names_are_kept(void **state)
{
	struct cert_parts *p = usual_cert();
	struct blob names = {0}, seq = {0}, ext = {0}, list = {0}, all = {0};
	DER(&names, 0x82, "a.com");
	DER(&names, 0x87, "\x01\x02\x03\x04"); // an address
	DER(&names, 0x82, "b.com");
	add_der(&seq, 0x30, names.at, names.len);
	DER(&ext, 6, "\x55\x1d\x11");
	DER(&ext, 1, "\xff");
	add_der(&ext, 4, seq.at, seq.len);
	add_der(&list, 0x30, ext.at, ext.len);
	add_der(&all, 0x30, list.at, list.len);
	add_der(&p->extensions, 0xa3, all.at, all.len);
	assert_int_equal(read_parts(p), 0);
	assert_int_equal(cert.names.len, 2 * (2 + 5));
	assert_memory_equal(cert.names.at + 2, "a.com", 5);
	assert_memory_equal(cert.names.at + 9, "b.com", 5);
}

static void what_is_not_a_certificate_says_where(void **state)
{
	struct cert_parts *p = usual_cert();
	struct blob b = {0};
	assert_int_equal(read_bytes((const uint8_t *)"junk", 4), 1 + TLS_INVALID_CERTIFICATE);
	ADD(&p->extensions, "\xa3\x02\x04\x00");
	assert_int_equal(read_parts(p), 1 + TLS_CERTIFICATE_INVALID_DER);
	static const char *const ends[] = {"\x30", "\x30\x05", "\x30\x05\x01", "\x30\x81"}; // an element cut short
	for (uint32_t i = 0; i < 4; i++) {
		p = usual_cert();
		add(&p->extensions, ends[i], strlen(ends[i]));
		assert_int_equal(read_parts(p), 1 + TLS_INVALID_CERTIFICATE);
	}
	p = usual_cert();
	ADD(&p->extensions, "\x05\x00"); // whole, but nothing of a certificate
	assert_int_equal(read_parts(p), 1 + TLS_INVALID_CERTIFICATE);
	p = usual_cert();
	ADD(&p->extensions, "\x81\x02\x00\x01\x82\x02\x00\x01"); // unique identifiers
	assert_int_equal(read_parts(p), 0);
	p = usual_cert();
	ADD(&p->extensions, "\x82\x02\x00\x01\x81\x02\x00\x01"); // in the wrong order
	assert_int_equal(read_parts(p), 1 + TLS_INVALID_CERTIFICATE);
	p = usual_cert();
	ATTRIBUTE(&p->subject, CN, 0x0c, "a\0b");
	assert_int_equal(read_parts(p), 1 + TLS_CERTIFICATE_INVALID_SUBJECT);
	p = usual_cert();
	ATTRIBUTE(&p->issuer, CN, 0x0c, "a\0b");
	assert_int_equal(read_parts(p), 1 + TLS_CERTIFICATE_INVALID_ISSUER);
	add_cert(&b, usual_cert());
	for (uint32_t len = 0; len < b.len; len++) // cut short anywhere
		assert_int_not_equal(read_bytes(b.at, len), 0);
	assert_int_equal(read_bytes(b.at, b.len), 0);
}

// The events of Suricata 7.0.10 on the same bytes.
static void an_element_that_is_not_there_has_an_event(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t len;
		enum tls_event event;
	} cases[] = {
#define CASE(bytes, event) {bytes, sizeof(bytes) - 1, event}
		CASE("\x30", TLS_CERTIFICATE_INVALID_LENGTH),
		CASE("\x30\x84\xff\xff\xff", TLS_CERTIFICATE_INVALID_LENGTH),
		CASE("\x30\x05\x30\x84\xff\xff\xff", TLS_CERTIFICATE_INVALID_LENGTH),
		CASE("\x30\x00", TLS_CERTIFICATE_INVALID_LENGTH),
		CASE("\x30\x05\x30\x03\x02\x01\x05", TLS_CERTIFICATE_INVALID_LENGTH),
		CASE("\x30\x05", TLS_INVALID_CERTIFICATE),
		CASE("\x6a\x05", TLS_INVALID_CERTIFICATE),
		CASE("\x30\x85\x01\x01\x01\x01\x01", TLS_INVALID_CERTIFICATE),
		CASE("\x05\x00\x00", TLS_CERTIFICATE_INVALID_DER),
		CASE("\x30\x80", TLS_CERTIFICATE_INVALID_DER),
		CASE("\x30\xff", TLS_CERTIFICATE_INVALID_DER),
		CASE("\x1f\x1f\x01\x01", TLS_CERTIFICATE_INVALID_DER),
		CASE("\x30\x07\x30\x05\x02\x01\x05\x05\x00", TLS_CERTIFICATE_INVALID_DER),
		CASE("\x30\x02\x30\x00", TLS_CERTIFICATE_INVALID_SERIAL),
		CASE("\x30\x04\x30\x02\xa0\x00", TLS_CERTIFICATE_INVALID_VERSION),
#undef CASE
	};
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(read_bytes((const uint8_t *)cases[i].bytes, cases[i].len), 1 + cases[i].event);
}

#define LAB(name) cmocka_unit_test_setup_teardown(name, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(attributes_have_their_short_names),
		LAB(values_are_text_as_their_type_says),
		LAB(names_keep_their_order_and_sets_are_joined),
		LAB(times_of_both_kinds_are_seconds),
		LAB(alternative_names_that_are_dns_names_are_kept),
		LAB(what_is_not_a_certificate_says_where),
		LAB(an_element_that_is_not_there_has_an_event),
	};
	return cmocka_run_group_tests_name("tls_cert", tests, NULL, NULL);
}
