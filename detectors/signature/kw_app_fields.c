// Keywords on single values that parsers find: numbers, and words that stand for them. What is offered as a number is a
// struct parser_field with the keyword's name; the rest is a buffer. Next: app_names.h.
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

// One of several numbers: "4", "!4", ">2", "1-3".
static int parse_number(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct range r;
	if (!lex_range(arg, kw->data, &r))
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
		if (!lex_range(field, kw->data, &l->at[l->n++]))
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
		{"tls.fingerprint", "tls.cert_fingerprint"}, {"filename", "file.name"}};
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

// fileext:"pdf" is a file name that ends with ".pdf".
static int parse_fileext(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	const struct keyword *filename = keyword_find("filename"), *endswith = keyword_find("endswith");
	char text[300];
	char *open = strchr(arg, '"');
	if (!open)
		return parse_fail(ps, "expected a text in double quotes, found %.40s", arg);
	snprintf(text, sizeof(text), "%.*s\".%s", (int)(open - arg), arg, open + 1);
	int rc = filename->parse(ps, filename, text);
	return rc ? rc : endswith->parse(ps, endswith, NULL);
}

#define SAME "same"

const struct keyword kw_app_fields_table[] = {
	{"dns.opcode", NULL, ARG_REQUIRED, parse_number, 255, "[!]n | <n | >n | a-b", "dns.opcode:!0;",
		"What a DNS message asks for.", SAME},
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
	{"filename", NULL, ARG_REQUIRED, parse_text, 1, "[!]\"text\"", "filename:\"setup\";",
		"A text in the name of a file, in any case.", SAME},
	{"fileext", NULL, ARG_REQUIRED, parse_fileext, 0, "[!]\"text\"", "fileext:\"pdf\";",
		"What the name of a file ends with, behind a dot, in any case.", SAME},
	{0},
};
