// Passwords in the clear: FTP logins (RFC 959) of a host of the site on a server outside. Near: on one of the site.
#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint client = at_port(a->victim, client_port(g)),
			far = at_port(a->near ? site_server(3, 4) : attack_source(g, a, i), a->victim.port);
	struct conversation c;

	conversation_begin(&c, g, &client, &far, ts_ns);
	conversation_open(&c);
	conversation_text(&c, SERVER, "220 files.example.org ready\r\n");
	conversation_text(&c, CLIENT, "USER hana\r\n");
	conversation_text(&c, SERVER, "331 Password required\r\n");
	conversation_text(&c, CLIENT, "PASS not-a-real-password\r\n");
	conversation_text(&c, SERVER, "230 Logged in\r\n");
	conversation_text(&c, CLIENT, "QUIT\r\n");
	conversation_text(&c, SERVER, "221 Goodbye\r\n");
	conversation_close(&c, SERVER);
}

void attack_cleartext_credentials(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
