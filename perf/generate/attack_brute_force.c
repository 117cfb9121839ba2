// Guessing of passwords: logins that are refused, in FTP (RFC 959) or in short SSH sessions.
#include <stdio.h>

#include "perf/generate/generate.h"
#include "perf/generate/ssh.h"

static void guess_ftp(struct conversation *c, uint32_t i)
{
	char text[64];

	conversation_text(c, SERVER, "220 FTP server ready\r\n");
	conversation_text(c, CLIENT, "USER admin\r\n");
	conversation_text(c, SERVER, "331 Password required for admin\r\n");
	snprintf(text, sizeof(text), "PASS guess%u\r\n", i);
	conversation_text(c, CLIENT, text);
	conversation_text(c, SERVER, "530 Login incorrect\r\n");
}

static void guess_ssh(struct conversation *c)
{
	ssh_handshake(c);
	for (unsigned i = 0; i < 3; i++) {
		ssh_noise(c, CLIENT, 84);
		ssh_noise(c, SERVER, 68);
	}
}

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint from = at_port(attack_source(g, a, i), client_port(g));
	struct conversation c;

	conversation_begin(&c, g, &from, &a->victim, ts_ns);
	conversation_open(&c);
	if (a->victim.port == 21)
		guess_ftp(&c, i);
	else
		guess_ssh(&c);
	conversation_close(&c, SERVER);
}

void attack_brute_force(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
