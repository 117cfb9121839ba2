// Keywords on single values that parsers find: numbers, and words that stand for them. What is offered as a number is a
// struct parser_field with the keyword's name; the rest is a buffer. Next: kw_enip.c.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "detectors/signature/match_runtime.h"
#include "detectors/signature/rule_parse.h"

static struct step *add_step(struct rule_parser *ps, const struct keyword *kw, enum step_kind kind)
{
	struct step *s = step_add_to(ps, buffer_app_new(ps, kw->name), kind);
	ps->rule->flags |= RULE_F_TX;
	return s;
}

#define NO_LIMIT 0 // as a keyword's data: any number of 64 bits

// One of several numbers: "4", "!4", ">2", "1-3" (which is 2).
static int parse_number(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct range r;
	if (!lex_range(arg, kw->data == NO_LIMIT ? UINT64_MAX : kw->data, &r))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	struct step *s = add_step(ps, kw, STEP_NUMBER);
	if (!s)
		return -ENOMEM;
	s->range = r;
	return 0;
}

struct number_list {
	uint32_t n;
	struct range at[];
};

static bool in_list(const struct match_ctx *m, const void *args)
{
	const struct number_list *l = args;
	for (uint32_t i = 0; i < l->n; i++)
		if (range_has(&l->at[i], m->number))
			return true;
	return false;
}

// "26-30" is both ends and what is between.
static bool read_span(char *s, uint32_t max, struct range *out)
{
	uint32_t lo, hi;
	char *dash = strchr(s, '-');
	if (!dash)
		return lex_range(s, max, out);
	*dash = 0;
	if (!lex_u32(lex_trim(s), 0, max, &lo) || !lex_u32(lex_trim(dash + 1), lo, max, &hi))
		return false;
	*out = (struct range){.op = RANGE_IN, .lo = lo, .hi = hi};
	return true;
}

// dcerpc.opnum: any of a list of numbers and ranges.
static int parse_numbers(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	uint32_t most = 1;
	for (const char *c = arg; *c; c++)
		most += *c == ',';
	struct number_list *l = rule_alloc(ps, sizeof(*l) + most * sizeof(l->at[0]));
	char *field;
	if (!l)
		return -ENOMEM;
	while ((field = lex_field(&arg, ',')))
		if (!read_span(field, kw->data, &l->at[l->n++]))
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, field);
	struct step *s = add_step(ps, kw, STEP_CHECK);
	if (!s)
		return -ENOMEM;
	s->check = (struct check_args){in_list, l};
	return 0;
}

// dcerpc.iface: a value of the parser's buffer is a struct of 16 bytes of UUID in the order it is written in, two of
// the version, and whether the bind was a first fragment, as anything but any_frag asks.
struct iface_args {
	uint8_t uuid[16];
	bool versioned, any_frag;
	struct range version;
};

static bool iface_holds(const struct match_ctx *m, const void *args)
{
	const struct iface_args *a = args;
	if (m->len < 19 || memcmp(m->buf, a->uuid, sizeof(a->uuid)) != 0 || (!a->any_frag && !m->buf[18]))
		return false;
	return !a->versioned || range_has(&a->version, (uint64_t)m->buf[16] << 8 | m->buf[17]);
}

static bool read_uuid(const char *s, uint8_t out[16])
{
	uint32_t n = 0;
	for (; *s && n < 32; s++) {
		if (*s == '-' && (n == 8 || n == 12 || n == 16 || n == 20))
			continue;
		int c = tolower((unsigned char)*s), v = isdigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
		if (v < 0)
			return false;
		out[n >> 1] = (uint8_t)(n & 1 ? out[n >> 1] | v : v << 4);
		n++;
	}
	return n == 32 && !*s;
}

static int parse_iface(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct iface_args *a = rule_alloc(ps, sizeof(*a));
	char *uuid = lex_field(&arg, ','), *field;
	if (!a)
		return -ENOMEM;
	if (!read_uuid(lex_trim(uuid), a->uuid))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, uuid);
	while ((field = lex_field(&arg, ','))) {
		if (!strcmp(field, "any_frag")) {
			a->any_frag = true;
			continue;
		}
		char *text = *field == '=' ? field + 1 : field;
		if (a->versioned || !lex_range(text, 65535, &a->version))
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, field);
		a->versioned = true;
	}
	struct step *s = add_step(ps, kw, STEP_CHECK);
	if (!s)
		return -ENOMEM;
	s->check = (struct check_args){iface_holds, a};
	return 0;
}

// A text that stands in another keyword's buffer: what older keywords ask.
static int parse_text(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const struct {
		const char *from, *to;
	} names[] = {{"tls.subject", "tls.cert_subject"}, {"tls.issuerdn", "tls.cert_issuer"},
		{"tls.fingerprint", "tls.cert_fingerprint"}, {"filename", "file.name"}, {"filemagic", "file.magic"}};
	const struct keyword *content = keyword_find("content");
	struct buffer_test *now = ps->buffer;
	size_t i = 0;
	while (i + 1 < sizeof(names) / sizeof(*names) && strcmp(names[i].from, kw->name))
		i++;
	ps->buffer = buffer_app(ps, names[i].to);
	ps->rule->flags |= RULE_F_TX;
	int rc = ps->buffer ? content->parse(ps, content, arg) : -ENOMEM;
	ps->buffer = now;
	if (rc || !kw->data)
		return rc;
	const struct keyword *nocase = keyword_find("nocase");
	return nocase->parse(ps, nocase, NULL);
}

// A text in the name of a file, with quotes or without; behind `dot` for fileext.
static int parse_name(struct rule_parser *ps, char *arg, const char *dot)
{
	bool negated = *arg == '!', quoted;
	char text[512], *name = lex_trim(arg + negated);
	quoted = lex_unquote(&name);
	if (!*name || (!quoted && strchr(name, '"')))
		return parse_fail(ps, "expected a text, found \"%.40s\"", arg);
	if (snprintf(text, sizeof(text), "%s\"%s%s\"", negated ? "!" : "", dot, name) >= (int)sizeof(text))
		return parse_fail(ps, "expected a text of at most %zu bytes", sizeof(text) - 5);
	return parse_text(ps, keyword_find("filename"), text);
}

static int parse_filename(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	return parse_name(ps, arg, "");
}

// fileext:"pdf" is a file name that ends with ".pdf".
static int parse_fileext(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	const struct keyword *endswith = keyword_find("endswith");
	int rc = parse_name(ps, arg, ".");
	return rc ? rc : endswith->parse(ps, endswith, NULL);
}

// krb5_msg_type and its kin: one number, in digits.
static int parse_plain(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	uint32_t n;
	if (!isdigit((unsigned char)*arg) || strpbrk(arg, "xX") || !lex_u32(arg, 0, (uint32_t)kw->data, &n))
		return parse_fail(ps, "expected %s up to %u, found \"%.40s\"", kw->syntax, (unsigned)kw->data, arg);
	struct step *s = add_step(ps, kw, STEP_NUMBER);
	if (!s)
		return -ENOMEM;
	s->range = (struct range){.op = RANGE_EQ, .lo = n};
	return 0;
}

// A word that a number stands for, from 1 on, or 1 where there is none to be said.
static int parse_ftp(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	bool stor = arg && !strcmp(arg, "stor");
	if (arg && !stor && strcmp(arg, "retr"))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	struct step *s = add_step(ps, kw, STEP_NUMBER);
	if (!s)
		return -ENOMEM;
	s->range = (struct range){.op = RANGE_EQ, .lo = stor ? 2 : 1};
	return 0;
}

// Versions as they are on the wire; the drafts of TLS 1.3 are TLS 1.3.
static const struct tls_version_name {
	const char *ssl, *tls; // as ssl_version and tls.version spell it
	uint16_t version;
} tls_versions[] = {{"sslv2", NULL, 0x0200}, {"sslv3", NULL, 0x0300}, {"tls1.0", "1.0", 0x0301},
	{"tls1.1", "1.1", 0x0302}, {"tls1.2", "1.2", 0x0303}, {"tls1.3", "1.3", 0x0304}};
#define TLS_VERSIONS (sizeof(tls_versions) / sizeof(*tls_versions))

// args: a bit for each of tls_versions.
static bool version_is_one(const struct match_ctx *m, const void *args)
{
	uint64_t v = m->number >> 8 == 0x7f ? 0x0304 : m->number;
	for (uint32_t i = 0; i < TLS_VERSIONS; i++)
		if (tls_versions[i].version == v)
			return *(const uint32_t *)args >> i & 1;
	return false;
}

static int add_versions(struct rule_parser *ps, const struct keyword *kw, uint32_t set, bool negated)
{
	uint32_t *args = rule_alloc(ps, sizeof(*args));
	struct step *s = args ? add_step(ps, kw, STEP_CHECK) : NULL;
	if (!s)
		return -ENOMEM;
	*args = set;
	s->check = (struct check_args){version_is_one, args};
	s->negated = negated;
	return 0;
}

// ssl_version: all of the list negated, or none.
static int parse_ssl_version(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	uint32_t set = 0;
	bool negated = *arg == '!';
	for (char *rest, *word = strtok_r(arg, ", \t", &rest); word; word = strtok_r(NULL, ", \t", &rest)) {
		uint32_t i = 0;
		while (i < TLS_VERSIONS && strcasecmp(tls_versions[i].ssl, word + negated))
			i++;
		if ((*word == '!') != negated || i == TLS_VERSIONS || set >> i & 1)
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, word);
		set |= 1u << i;
	}
	if (!set)
		return parse_fail(ps, "expected %s", kw->syntax);
	return add_versions(ps, kw, set, negated);
}

// tls.version: by name, or the two bytes themselves.
static int parse_tls_version(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	uint64_t raw;
	for (uint32_t i = 0; i < TLS_VERSIONS; i++)
		if (tls_versions[i].tls && !strcmp(tls_versions[i].tls, arg))
			return add_versions(ps, kw, 1u << i, false);
	if (strncmp(arg, "0x", 2) || !lex_bytes(arg, &raw) || raw > 65535)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	struct step *s = add_step(ps, kw, STEP_NUMBER);
	if (!s)
		return -ENOMEM;
	s->range = (struct range){.op = RANGE_EQ, .lo = raw};
	return 0;
}

struct ssl_states {
	uint32_t named, negated; // bits as the parser's field has them
};

// Of the states that are named one has come that is not negated, or one has not come that is.
static bool state_differs(const struct match_ctx *m, const void *args)
{
	const struct ssl_states *a = args;
	return (m->number & a->named) != a->negated;
}

static int parse_ssl_state(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const char *const names[] = {"client_hello", "server_hello", "client_keyx", "server_keyx", "unknown"};
	struct ssl_states *a = rule_alloc(ps, sizeof(*a));
	char *word;
	if (!a)
		return -ENOMEM;
	for (char *c = arg; *c; c++)
		*c = *c == '|' ? ',' : *c;
	while ((word = lex_field(&arg, ','))) {
		bool negated = *word == '!';
		uint32_t i = 0;
		while (i < 5 && strcmp(names[i], word + negated))
			i++;
		if (i == 5)
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, word);
		a->named |= 1u << i;
		a->negated |= (uint32_t)negated << i;
	}
	struct step *s = add_step(ps, kw, STEP_CHECK);
	if (!s)
		return -ENOMEM;
	s->check = (struct check_args){state_differs, a};
	return 0;
}

#define SAME "same"
#define NUMBER "[!]n | <n | >n | a-b"

const struct keyword kw_app_fields_table[] = {
	{"dns.opcode", NULL, ARG_REQUIRED, parse_number, 255, NUMBER, "dns.opcode:!0;", "What a DNS message asks for.",
		SAME},
	{"ssl_version", NULL, ARG_REQUIRED, parse_ssl_version, 0, "[!]sslv2|sslv3|tls1.0|tls1.1|tls1.2|tls1.3, ...",
		"ssl_version:sslv3,tls1.0;", "The version of TLS is any of these, or with ! none.",
		"same, but for ! (never true in Suricata)"},
	{"ssl_state", NULL, ARG_REQUIRED, parse_ssl_state, 0,
		"[!]client_hello|server_hello|client_keyx|server_keyx|unknown, ...", "ssl_state:server_hello;",
		"The handshake message that has just come is any of these; one with ! has not.",
		"same without flow; a direction asks the side that sent the message (in Suricata the packet behind "
		"it)"},
	{"tls.version", "tls_version", ARG_REQUIRED, parse_tls_version, 0, "1.0 | 1.1 | 1.2 | 1.3 | 0xnnnn",
		"tls.version:1.2;", "The version of TLS.", SAME},
	{"tls.cert_chain_len", NULL, ARG_REQUIRED, parse_number, UINT32_MAX, NUMBER, "tls.cert_chain_len:>3;",
		"How many certificates the server has sent.", SAME},
	{"snmp.version", NULL, ARG_REQUIRED, parse_number, UINT32_MAX, NUMBER, "snmp.version:<3;",
		"The version of SNMP.", SAME},
	{"snmp.pdu_type", NULL, ARG_REQUIRED, parse_plain, UINT32_MAX, "n", "snmp.pdu_type:5;",
		"What an SNMP message asks for.", SAME},
	{"krb5_msg_type", NULL, ARG_REQUIRED, parse_plain, 255, "n", "krb5_msg_type:10;",
		"The kind of a Kerberos message.", SAME},
	{"krb5_err_code", NULL, ARG_REQUIRED, parse_plain, INT32_MAX, "n", "krb5_err_code:25;",
		"The error a Kerberos server answers with.", SAME},
	{"dhcp.leasetime", NULL, ARG_REQUIRED, parse_number, NO_LIMIT, NUMBER, "dhcp.leasetime:<60;",
		"For how many seconds a DHCP lease is given.", SAME},
	{"dhcp.renewal_time", NULL, ARG_REQUIRED, parse_number, NO_LIMIT, NUMBER, "dhcp.renewal_time:<60;",
		"After how many seconds a DHCP lease is to be renewed.", SAME},
	{"dhcp.rebinding_time", NULL, ARG_REQUIRED, parse_number, NO_LIMIT, NUMBER, "dhcp.rebinding_time:<60;",
		"After how many seconds any DHCP server may be asked.", SAME},
	{"dcerpc.opnum", "dce_opnum", ARG_REQUIRED, parse_numbers, 65535, "n | <n | >n | a-b, ...",
		"dcerpc.opnum:15,26-30;", "The operation that a DCE/RPC request calls.", SAME},
	{"dcerpc.iface", "dce_iface", ARG_REQUIRED, parse_iface, 0, "UUID[, <n | >n | =n | !n][, any_frag]",
		"dcerpc.iface:afa8bd80-7d8a-11c9-bef4-08002b102989;",
		"The interface that a DCE/RPC request is for, and its version.", SAME},
	{"tls.subject", NULL, ARG_REQUIRED, parse_text, 0, "[!]\"text\"", "tls.subject:\"CN=example\";",
		"A text in the subject of the certificate.", SAME},
	{"tls.issuerdn", NULL, ARG_REQUIRED, parse_text, 0, "[!]\"text\"", "tls.issuerdn:\"O=Example\";",
		"A text in the issuer of the certificate.", SAME},
	{"tls.fingerprint", NULL, ARG_REQUIRED, parse_text, 1, "[!]\"text\"", "tls.fingerprint:\"4f:a4\";",
		"A text in the SHA-1 fingerprint of the certificate.", SAME},
	{"filename", NULL, ARG_REQUIRED, parse_filename, 1, "[!]\"text\"", "filename:\"setup\";",
		"A text in the name of a file, in any case.", SAME},
	{"filemagic", NULL, ARG_REQUIRED, parse_text, 1, "[!]\"text\"", "filemagic:\"PDF\";",
		"A text in what libmagic says of a file, in any case.", "same; waits in a live sensor"},
	{"fileext", NULL, ARG_REQUIRED, parse_fileext, 0, "[!]\"text\"", "fileext:\"pdf\";",
		"What the name of a file ends with, behind a dot, in any case.", SAME},
	{"ftpbounce", NULL, ARG_NONE, parse_ftp, 0, "", "ftpbounce;", "PORT names a host that is not the client.",
		SAME},
	{"ftpdata_command", NULL, ARG_REQUIRED, parse_ftp, 0, "retr | stor", "ftpdata_command:retr;",
		"The command that an FTP data connection belongs to.", SAME},
	{0},
};
