// SSH sessions of administrators (RFC 4253): banners and key exchange lists in clear, then keystrokes.
#include <string.h>

#include "perf/generate/generate.h"
#include "perf/generate/ssh.h"

static void key_exchange_list(struct conversation *c, enum side from)
{
	static const char *const lists[10] = {"sntrup761x25519-sha512@openssh.com,curve25519-sha256",
		"ssh-ed25519,rsa-sha2-512", "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com",
		"chacha20-poly1305@openssh.com,aes256-gcm@openssh.com", "hmac-sha2-256-etm@openssh.com",
		"hmac-sha2-256-etm@openssh.com", "none,zlib@openssh.com", "none,zlib@openssh.com", "", ""};
	uint8_t packet[768] = {0, 0, 0, 0, 6, 20};
	size_t at = 22;

	rng_bytes(&c->g->rng, packet + 6, 16); // cookie
	for (size_t i = 0; i < 10; i++) {
		size_t n = strlen(lists[i]);
		packet[at + 2] = (uint8_t)(n >> 8);
		packet[at + 3] = (uint8_t)n;
		memcpy(packet + at + 4, lists[i], n);
		at += 4 + n;
	}
	at += 5; // no first packet follows, reserved
	size_t padding = 8 - at % 8 + 8;
	packet[4] = (uint8_t)padding;
	at += padding;
	packet[2] = (uint8_t)((at - 4) >> 8);
	packet[3] = (uint8_t)(at - 4);
	conversation_send(c, from, packet, (uint32_t)at);
}

void ssh_noise(struct conversation *c, enum side from, uint32_t len)
{
	uint8_t bytes[1400];

	rng_bytes(&c->g->rng, bytes, len);
	conversation_send(c, from, bytes, len);
}

void ssh_handshake(struct conversation *c)
{
	conversation_text(c, CLIENT, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
	conversation_text(c, SERVER, "SSH-2.0-OpenSSH_9.6\r\n");
	key_exchange_list(c, CLIENT);
	key_exchange_list(c, SERVER);
	ssh_noise(c, CLIENT, 1208);
	ssh_noise(c, SERVER, 1084);
	ssh_noise(c, CLIENT, 16);
}

void ordinary_ssh(struct generator *g, uint32_t flows)
{
	for (uint32_t i = 0; i < flows; i++) {
		uint8_t version = pick_version(g);
		struct endpoint client = at_port(site_client(rng_below(&g->rng, 5), version), client_port(g));
		struct endpoint server = at_port(site_server(rng_below(&g->rng, 8), version), 22);
		struct conversation c;

		conversation_begin(&c, g, &client, &server, pick_time(g, 0.3));
		conversation_open(&c);
		ssh_handshake(&c);
		for (uint32_t keys = rng_range(&g->rng, 20, 120); keys > 0; keys--) {
			ssh_noise(&c, CLIENT, 36);
			ssh_noise(&c, SERVER, rng_range(&g->rng, 36, 500));
			conversation_wait(&c, rng_range(&g->rng, 40, 600) * GEN_MS);
		}
		conversation_close(&c, CLIENT);
	}
}
