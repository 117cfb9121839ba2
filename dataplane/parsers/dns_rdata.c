// Resource records and their data, read and told (RFC 1035 sections 3.2 and 3.3, RFC 2782, RFC 3596, RFC 4255). See
// dns_message.h. Next: dns.c.
#include "dataplane/parsers/dns_message.h"

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_NULL = 10,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_SSHFP = 44,
};

// IANA's names, but for ND and CDSNKEY: EVE as Suricata 7 writes it has them so.
void dns_log_type(struct app_log *l, const char *key, uint16_t type)
{
	static const char *const names[] = {[1] = "A",
		"NS",
		"ND",
		"MF",
		"CNAME",
		"SOA",
		"MB",
		"MG",
		"MR",
		"NULL",
		"WKS",
		"PTR",
		"HINFO",
		"MINFO",
		"MX",
		"TXT",
		"RP",
		"AFSDB",
		"X25",
		"ISDN",
		"RT",
		"NSAP",
		"NSAPPT",
		"SIG",
		"KEY",
		"PX",
		"GPOS",
		"AAAA",
		"LOC",
		"NXT",
		[33] = "SRV",
		"ATMA",
		"NAPTR",
		"KX",
		"CERT",
		"A6",
		"DNAME",
		[41] = "OPT",
		"APL",
		"DS",
		"SSHFP",
		"IPSECKEY",
		"RRSIG",
		"NSEC",
		"DNSKEY",
		"DHCID",
		"NSEC3",
		"NSEC3PARAM",
		"TLSA",
		[55] = "HIP",
		[59] = "CDS",
		"CDSNKEY",
		[65] = "HTTPS",
		[99] = "SPF",
		[249] = "TKEY",
		"TSIG",
		[254] = "MAILA",
		"ANY",
		"URI"};
	uint8_t text[5], at = sizeof(text);

	if (type < sizeof(names) / sizeof(names[0]) && names[type]) {
		log_string(l, key, names[type]);
		return;
	}
	do
		text[--at] = (uint8_t)('0' + type % 10);
	while (type /= 10);
	log_text(l, key, (struct app_bytes){text + at, sizeof(text) - at});
}

// Where EVE groups a type's data: a name and a place in dns_log_records' mask.
static const struct {
	uint16_t type;
	const char *name;
} groups[] = {{DNS_A, "A"}, {DNS_AAAA, "AAAA"}, {DNS_CNAME, "CNAME"}, {DNS_MX, "MX"}, {DNS_NS, "NS"}, {DNS_PTR, "PTR"},
	{DNS_TXT, "TXT"}, {DNS_NULL, "NULL"}, {DNS_SRV, "SRV"}, {DNS_SOA, "SOA"}, {DNS_SSHFP, "SSHFP"}};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

// The fixed part, in front of a name, of data that has a name behind it.
static uint32_t before_name(uint16_t type)
{
	return type == DNS_MX ? 2 : type == DNS_SRV ? 6 : 0;
}

// Data of known shape has it. There is no data without a byte: Suricata takes that for malformed.
static bool check_rdata(struct dns_message *m, uint16_t type, struct cursor c)
{
	struct dns_name name;
	uint8_t len;

	if (cursor_left(&c) == 0)
		return false;
	switch (type) {
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
	case DNS_MX:
	case DNS_SRV:
		return cursor_skip(&c, before_name(type)) && dns_name_read(m, &c, &name);
	case DNS_SOA:
		return dns_name_read(m, &c, &name) && dns_name_read(m, &c, &name) && cursor_skip(&c, 20);
	case DNS_TXT:
		return cursor_u8(&c, &len) && cursor_skip(&c, len);
	case DNS_SSHFP:
		return cursor_skip(&c, 2);
	default:
		return true;
	}
}

bool dns_record_read(struct dns_message *m, struct cursor *c, struct dns_record *out)
{
	uint16_t len;

	return dns_name_read(m, c, &out->name) && cursor_be16(c, &out->type) && cursor_skip(c, 2) &&
	       cursor_be32(c, &out->ttl) && cursor_be16(c, &len) && cursor_sub(c, len, &out->rdata) &&
	       check_rdata(m, out->type, out->rdata);
}

static void log_name(struct app_log *l, const char *key, const char *cut_key, const struct dns_name *n)
{
	log_text(l, key, (struct app_bytes){n->text, n->len});
	if (n->cut && cut_key)
		log_bool(l, cut_key, true);
}

static uint32_t put_hex(uint8_t *to, uint8_t byte)
{
	static const char digits[] = "0123456789abcdef";

	to[0] = (uint8_t)digits[byte >> 4];
	to[1] = (uint8_t)digits[byte & 15];
	return 2;
}

static uint32_t put_decimal(uint8_t *to, uint8_t byte)
{
	uint32_t n = 0;

	if (byte >= 100)
		to[n++] = (uint8_t)('0' + byte / 100);
	if (byte >= 10)
		to[n++] = (uint8_t)('0' + byte / 10 % 10);
	to[n++] = (uint8_t)('0' + byte % 10);
	return n;
}

// An address by its length, as EVE has it: IPv6 is not shortened, and what is of neither length is empty.
static void log_address(struct app_log *l, const char *key, struct cursor c)
{
	uint8_t text[39];
	uint32_t n = 0, len = (uint32_t)cursor_left(&c);

	for (uint32_t i = 0; i < 4 && len == 4; i++) {
		if (i)
			text[n++] = '.';
		n += put_decimal(text + n, c.at[i]);
	}
	for (uint32_t i = 0; i < 16 && len == 16; i++) {
		if (i && i % 2 == 0)
			text[n++] = ':';
		n += put_hex(text + n, c.at[i]);
	}
	log_text(l, key, (struct app_bytes){text, n});
}

static void log_soa(struct dns_message *m, struct app_log *l, const char *key, struct cursor c)
{
	static const char *const numbers[] = {"serial", "refresh", "retry", "expire", "minimum"};
	struct dns_name name;
	uint32_t v = 0;

	log_object(l, key);
	if (dns_name_read(m, &c, &name))
		log_name(l, "mname", "mname_truncated", &name);
	if (dns_name_read(m, &c, &name))
		log_name(l, "rname", "rname_truncated", &name);
	for (uint32_t i = 0; i < 5 && cursor_be32(&c, &v); i++)
		log_uint(l, numbers[i], v);
	log_close(l);
}

static void log_srv(struct dns_message *m, struct app_log *l, const char *key, struct cursor c)
{
	static const char *const numbers[] = {"priority", "weight", "port"};
	struct dns_name name;
	uint16_t v = 0;

	log_object(l, key);
	for (uint32_t i = 0; i < 3 && cursor_be16(&c, &v); i++)
		log_uint(l, numbers[i], v);
	if (dns_name_read(m, &c, &name))
		log_name(l, "name", NULL, &name);
	log_close(l);
}

static void log_sshfp(struct app_log *l, const char *key, struct cursor c)
{
	uint8_t algo = 0, type = 0, text[3 * 64];
	uint32_t n = 0;

	cursor_u8(&c, &algo);
	cursor_u8(&c, &type);
	for (uint32_t i = 0, len = (uint32_t)cursor_left(&c); i < len && i < 64; i++) {
		if (i)
			text[n++] = ':';
		n += put_hex(text + n, c.at[i]);
	}
	log_object(l, key);
	log_text(l, "fingerprint", (struct app_bytes){text, n});
	log_uint(l, "algo", algo);
	log_uint(l, "type", type);
	log_close(l);
}

// Data as a member, or with in_list as an item of a list.
static void log_rdata(struct dns_message *m, const struct dns_record *r, bool in_list, struct app_log *l)
{
	struct cursor c = r->rdata;
	struct dns_name name;
	const char *key = in_list ? NULL : "rdata";

	switch (r->type) {
	case DNS_A:
	case DNS_AAAA:
		log_address(l, key, c);
		break;
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
	case DNS_MX:
		if (cursor_skip(&c, before_name(r->type)) && dns_name_read(m, &c, &name))
			log_name(l, key, in_list ? NULL : "rdata_truncated", &name);
		break;
	case DNS_TXT: // the caller has cut one string off
	case DNS_NULL:
		log_text(l, key, (struct app_bytes){c.at, (uint32_t)cursor_left(&c)});
		break;
	case DNS_SOA:
		log_soa(m, l, in_list ? NULL : "soa", c);
		break;
	case DNS_SRV:
		log_srv(m, l, in_list ? NULL : "srv", c);
		break;
	case DNS_SSHFP:
		log_sshfp(l, in_list ? NULL : "sshfp", c);
		break;
	default:
		break;
	}
}

static void log_record(struct dns_message *m, const struct dns_record *r, bool in_list, struct app_log *l)
{
	if (in_list) {
		log_rdata(m, r, true, l);
		return;
	}
	log_object(l, NULL);
	log_name(l, "rrname", "rrname_truncated", &r->name);
	dns_log_type(l, "rrtype", r->type);
	log_uint(l, "ttl", r->ttl);
	log_rdata(m, r, false, l);
	log_close(l);
}

// A TXT record holds strings, and each is told by itself.
static void log_each(struct dns_message *m, const struct dns_record *r, bool in_list, struct app_log *l)
{
	struct dns_record one = *r;
	struct cursor c = r->rdata;
	uint8_t len;

	if (r->type != DNS_TXT) {
		log_record(m, r, in_list, l);
		return;
	}
	while (cursor_u8(&c, &len) && cursor_sub(&c, len, &one.rdata) && m->steps != 0) {
		m->steps--;
		log_record(m, &one, in_list, l);
	}
}

uint32_t dns_log_records(struct dns_message *m, struct cursor c, uint32_t count, const char *name, struct app_log *l)
{
	struct dns_record r;
	uint32_t types = 0;

	log_list(l, name);
	for (uint32_t i = 0; i < count && dns_record_read(m, &c, &r); i++) {
		for (uint32_t g = 0; g < GROUPS; g++)
			if (groups[g].type == r.type)
				types |= 1u << g;
		log_each(m, &r, false, l);
	}
	log_close(l);
	return types;
}

void dns_log_grouped(struct dns_message *m, struct cursor c, uint32_t count, uint32_t types, struct app_log *l)
{
	struct dns_record r;

	log_object(l, "grouped");
	for (uint32_t g = 0; g < GROUPS; g++) {
		if (!(types & 1u << g))
			continue;
		struct cursor at = c;
		log_list(l, groups[g].name);
		for (uint32_t i = 0; i < count && dns_record_read(m, &at, &r); i++)
			if (r.type == groups[g].type)
				log_each(m, &r, true, l);
		log_close(l);
	}
	log_close(l);
}
