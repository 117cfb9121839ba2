// TLS handshakes and certificates put together from parts, each part a blob that ends up in the next.
#pragma once

#include "tests/unit/parser_lab.h"

extern const struct parser parser_tls;

struct blob {
	uint32_t len;
	uint8_t at[4096];
};

static inline void add(struct blob *b, const void *bytes, size_t len)
{
	assert_true(b->len + len <= sizeof(b->at));
	memcpy(b->at + b->len, bytes, len);
	b->len += (uint32_t)len;
}
#define ADD(b, literal) add(b, literal, sizeof(literal) - 1)

static inline void add_number(struct blob *b, uint32_t v, uint32_t bytes)
{
	while (bytes--)
		add(b, &(uint8_t){bytes < 4 ? (uint8_t)(v >> 8 * bytes) : 0}, 1);
}

// `in` behind a length of `bytes` bytes.
static inline void add_sized(struct blob *b, const struct blob *in, uint32_t bytes)
{
	add_number(b, in->len, bytes);
	add(b, in->at, in->len);
}

static inline void add_record(struct blob *b, uint8_t type, const struct blob *content)
{
	add(b, &type, 1);
	ADD(b, "\x03\x03");
	add_sized(b, content, 2);
}

static inline void add_message(struct blob *b, uint8_t type, const struct blob *body)
{
	add(b, &type, 1);
	add_sized(b, body, 3);
}

static inline void add_extension(struct blob *b, uint16_t type, const void *bytes, uint32_t len)
{
	add_number(b, type, 2);
	add_number(b, len, 2);
	add(b, bytes, len);
}
#define EXT(b, type, literal) add_extension(b, type, literal, sizeof(literal) - 1)

static inline void add_sni(struct blob *b, const char *name)
{
	struct blob n = {0};
	add_number(&n, (uint32_t)strlen(name) + 3, 2);
	add_number(&n, 0, 1);
	add_number(&n, (uint32_t)strlen(name), 2);
	add(&n, name, strlen(name));
	add_extension(b, 0, n.at, n.len);
}

// Version, random 00 01 .. 1f, a session id, ciphers c02f and 0035, no compression. extensions: NULL for none at all.
static inline void add_client_hello(struct blob *b, const char *session, const struct blob *extensions)
{
	struct blob h = {0};
	ADD(&h, "\x03\x03");
	for (uint32_t i = 0; i < 32; i++)
		add_number(&h, i, 1);
	add_number(&h, (uint32_t)strlen(session), 1);
	add(&h, session, strlen(session));
	ADD(&h, "\x00\x04\xc0\x2f\x00\x35\x01\x00");
	if (extensions)
		add_sized(&h, extensions, 2);
	add_message(b, 1, &h);
}

static inline void add_server_hello(struct blob *b, const char *session, const struct blob *extensions)
{
	struct blob h = {0};
	ADD(&h, "\x03\x03");
	for (uint32_t i = 0; i < 32; i++)
		add_number(&h, 31 - i, 1);
	add_number(&h, (uint32_t)strlen(session), 1);
	add(&h, session, strlen(session));
	ADD(&h, "\xc0\x2f\x00");
	if (extensions)
		add_sized(&h, extensions, 2);
	add_message(b, 2, &h);
}

static inline void add_der(struct blob *b, uint8_t tag, const void *bytes, uint32_t len)
{
	add(b, &tag, 1);
	if (len < 128) {
		add_number(b, len, 1);
	} else {
		add_number(b, 0x82, 1);
		add_number(b, len, 2);
	}
	add(b, bytes, len);
}
#define DER(b, tag, literal) add_der(b, tag, literal, sizeof(literal) - 1)

// One attribute in a set of its own.
static inline void add_attribute(
	struct blob *name, const void *oid, uint32_t oid_len, uint8_t tag, const void *value, uint32_t len)
{
	struct blob pair = {0}, seq = {0};
	add_der(&pair, 6, oid, oid_len);
	add_der(&pair, tag, value, len);
	add_der(&seq, 0x30, pair.at, pair.len);
	add_der(name, 0x31, seq.at, seq.len);
}
#define ATTRIBUTE(name, oid, tag, value) add_attribute(name, oid, sizeof(oid) - 1, tag, value, sizeof(value) - 1)
#define CN "\x55\x04\x03"
#define C "\x55\x04\x06"

struct cert_parts {
	struct blob serial, issuer, subject, validity, extensions; // content of each
};

static inline struct cert_parts *usual_cert(void)
{
	static struct cert_parts p;
	memset(&p, 0, sizeof(p));
	ADD(&p.serial, "\x00\xab\x01");
	ATTRIBUTE(&p.issuer, C, 0x13, "DE");
	ATTRIBUTE(&p.issuer, CN, 0x0c, "iss");
	ATTRIBUTE(&p.subject, C, 0x13, "DE");
	ATTRIBUTE(&p.subject, CN, 0x0c, "sub");
	DER(&p.validity, 0x17, "200101000000Z");
	DER(&p.validity, 0x17, "300101000000Z");
	return &p;
}

static inline void add_cert(struct blob *b, const struct cert_parts *p)
{
	static const char sha256_rsa[] = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00";
	struct blob body = {0}, cert = {0};
	ADD(&body, "\xa0\x03\x02\x01\x02");
	add_der(&body, 2, p->serial.at, p->serial.len);
	add_der(&body, 0x30, sha256_rsa, sizeof(sha256_rsa) - 1);
	add_der(&body, 0x30, p->issuer.at, p->issuer.len);
	add_der(&body, 0x30, p->validity.at, p->validity.len);
	add_der(&body, 0x30, p->subject.at, p->subject.len);
	DER(&body, 0x30, "\x30\x03\x06\x01\x2a\x03\x02\x00\x01");
	add(&body, p->extensions.at, p->extensions.len);
	add_der(&cert, 0x30, body.at, body.len);
	add_der(&cert, 0x30, sha256_rsa, sizeof(sha256_rsa) - 1);
	DER(&cert, 3, "\x00\x01\x02\x03");
	add_der(b, 0x30, cert.at, cert.len);
}

// A Certificate message with this one, twice.
static inline void add_certificates(struct blob *b, const struct cert_parts *p)
{
	struct blob one = {0}, list = {0}, body = {0};
	add_cert(&one, p);
	add_sized(&list, &one, 3);
	add_sized(&list, &one, 3);
	add_sized(&body, &list, 3);
	add_message(b, 11, &body);
}
