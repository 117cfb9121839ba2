// TLS hello messages. Source: RFC 8446 section 4.1, RFC 6066 (server name), RFC 7301 (ALPN).
#include "perf/generate/tls.h"

#include <string.h>

struct writer {
	uint8_t *at, *end;
};

static void put(struct writer *w, const void *bytes, size_t n)
{
	if (n > (size_t)(w->end - w->at))
		n = (size_t)(w->end - w->at);
	memcpy(w->at, bytes, n);
	w->at += n;
}

static void put16(struct writer *w, uint32_t v)
{
	put(w, (uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static void put_random(struct writer *w, struct rng *r, size_t n)
{
	uint8_t bytes[64];

	rng_bytes(r, bytes, n);
	put(w, bytes, n);
}

static void set16(uint8_t *at, size_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

// Record and handshake headers, lengths to be set by finish().
static uint8_t *begin(struct writer *w, uint8_t type)
{
	uint8_t *record = w->at;

	put(w, (uint8_t[]){0x16, 3, 1, 0, 0, type, 0, 0, 0, 3, 3}, 11);
	return record;
}

static uint32_t finish(struct writer *w, uint8_t *record, uint8_t *extensions)
{
	set16(extensions, (size_t)(w->at - extensions) - 2);
	set16(record + 7, (size_t)(w->at - record) - 9);
	set16(record + 3, (size_t)(w->at - record) - 5);
	return (uint32_t)(w->at - record);
}

static void put_server_name(struct writer *w, const char *name)
{
	size_t n = strlen(name);

	put16(w, 0);
	put16(w, (uint32_t)n + 5);
	put16(w, (uint32_t)n + 3);
	put(w, "", 1);
	put16(w, (uint32_t)n);
	put(w, name, n);
}

static void put_key_share(struct writer *w, struct rng *r, bool client)
{
	put16(w, 51);
	put16(w, client ? 38 : 36);
	if (client)
		put16(w, 36);
	put16(w, 29); // x25519
	put16(w, 32);
	put_random(w, r, 32);
}

uint32_t tls_client_hello(uint8_t *to, size_t room, struct rng *r, const char *name)
{
	static const uint8_t ciphers[] = {0, 18, 0x13, 0x01, 0x13, 0x03, 0x13, 0x02, 0xc0, 0x2b, 0xc0, 0x2f, 0xcc, 0xa9,
		0xcc, 0xa8, 0xc0, 0x2c, 0xc0, 0x30, 1, 0};
	static const uint8_t groups[] = {0, 10, 0, 8, 0, 6, 0, 29, 0, 23, 0, 24};
	static const uint8_t signatures[] = {0, 13, 0, 10, 0, 8, 4, 3, 8, 4, 4, 1, 5, 3};
	static const uint8_t alpn[] = {0, 16, 0, 14, 0, 12, 2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
	static const uint8_t versions[] = {0, 43, 0, 5, 4, 3, 4, 3, 3};
	struct writer w = {.at = to, .end = to + room};
	uint8_t *record = begin(&w, 1);

	put_random(&w, r, 32);
	put(&w, &(uint8_t){32}, 1);
	put_random(&w, r, 32); // session id
	put(&w, ciphers, sizeof(ciphers));
	uint8_t *extensions = w.at;
	put16(&w, 0);
	put_server_name(&w, name);
	put(&w, groups, sizeof(groups));
	put(&w, signatures, sizeof(signatures));
	put(&w, alpn, sizeof(alpn));
	put(&w, versions, sizeof(versions));
	put_key_share(&w, r, true);
	return finish(&w, record, extensions);
}

uint32_t tls_server_hello(uint8_t *to, size_t room, struct rng *r)
{
	static const uint8_t version[] = {0, 43, 0, 2, 3, 4};
	struct writer w = {.at = to, .end = to + room};
	uint8_t *record = begin(&w, 2);

	put_random(&w, r, 32);
	put(&w, &(uint8_t){32}, 1);
	put_random(&w, r, 32);
	put(&w, (uint8_t[]){0x13, 0x01, 0}, 3);
	uint8_t *extensions = w.at;
	put16(&w, 0);
	put(&w, version, sizeof(version));
	put_key_share(&w, r, false);
	return finish(&w, record, extensions);
}
