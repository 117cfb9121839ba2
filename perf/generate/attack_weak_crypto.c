// Weak cryptography: the server of a TLS 1.0 session takes an export cipher (RFC 2246, TLS_RSA_EXPORT_WITH_RC4_40_MD5).
// Near: the client offers it, the server takes AES (RFC 3268).
#include <string.h>

#include "perf/generate/generate.h"

// A handshake message in a record. Returns its length.
static uint32_t handshake(uint8_t *to, uint8_t type, const uint8_t *body, uint32_t len)
{
	uint8_t head[9] = {
		0x16, 3, 1, (uint8_t)((len + 4) >> 8), (uint8_t)(len + 4), type, 0, (uint8_t)(len >> 8), (uint8_t)len};

	memcpy(to, head, sizeof(head));
	memcpy(to + sizeof(head), body, len);
	return (uint32_t)sizeof(head) + len;
}

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint client = at_port(a->victim, client_port(g)),
			far = at_port(attack_source(g, a, i), a->victim.port);
	uint8_t client_hello[45] = {3, 1}, server_hello[38] = {3, 1}, message[128];
	struct conversation c;

	rng_bytes(&g->rng, client_hello + 2, 32);
	memcpy(client_hello + 34, (uint8_t[]){0, 0, 6, 0, 3, 0, 0x2f, 0, 10, 1, 0}, 11);
	rng_bytes(&g->rng, server_hello + 2, 32);
	memcpy(server_hello + 34, (uint8_t[]){0, 0, a->near ? 0x2f : 3, 0}, 4);
	conversation_begin(&c, g, &client, &far, ts_ns);
	conversation_open(&c);
	conversation_send(&c, CLIENT, message, handshake(message, 1, client_hello, sizeof(client_hello)));
	conversation_send(&c, SERVER, message, handshake(message, 2, server_hello, sizeof(server_hello)));
	conversation_close(&c, CLIENT);
}

void attack_weak_crypto(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
