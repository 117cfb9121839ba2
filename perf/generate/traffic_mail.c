// Mail delivered over SMTP (RFC 5321), from the world to the site and back.
#include <stdio.h>

#include "perf/generate/generate.h"

static void deliver(struct conversation *c)
{
	static const char *const people[] = {"anna", "ben", "chiara", "dmitri", "elif", "fatima", "goran", "hana"};
	struct rng *r = &c->g->rng;
	const char *from = people[rng_below(r, 8)], *to = people[rng_below(r, 8)];
	char text[1024];

	conversation_text(c, SERVER, "220 mail.example.com ESMTP\r\n");
	conversation_text(c, CLIENT, "EHLO relay.example.org\r\n");
	conversation_text(c, SERVER, "250-mail.example.com\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250 PIPELINING\r\n");
	snprintf(text, sizeof(text), "MAIL FROM:<%s@example.org>\r\n", from);
	conversation_text(c, CLIENT, text);
	conversation_text(c, SERVER, "250 2.1.0 Ok\r\n");
	snprintf(text, sizeof(text), "RCPT TO:<%s@example.com>\r\n", to);
	conversation_text(c, CLIENT, text);
	conversation_text(c, SERVER, "250 2.1.5 Ok\r\n");
	conversation_text(c, CLIENT, "DATA\r\n");
	conversation_text(c, SERVER, "354 End data with <CR><LF>.<CR><LF>\r\n");
	snprintf(text, sizeof(text),
		"From: %s@example.org\r\nTo: %s@example.com\r\nSubject: minutes of the %u. meeting\r\n"
		"Message-ID: <%016llx@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
		"Dear all,\r\n\r\nthe next meeting is on thursday at %u:30 in room %u.\r\n\r\nRegards\r\n.\r\n",
		from, to, rng_range(r, 2, 40), (unsigned long long)rng_next(r), rng_range(r, 9, 16),
		rng_range(r, 1, 30));
	conversation_text(c, CLIENT, text);
	conversation_text(c, SERVER, "250 2.0.0 Ok: queued\r\n");
	conversation_text(c, CLIENT, "QUIT\r\n");
	conversation_text(c, SERVER, "221 2.0.0 Bye\r\n");
}

void ordinary_mail(struct generator *g, uint32_t flows)
{
	for (uint32_t i = 0; i < flows; i++) {
		struct endpoint outside = world_host(600 + rng_below(&g->rng, 20), 4), server = site_server(5, 4);
		bool inbound = rng_below(&g->rng, 3) > 0;
		struct endpoint client = at_port(inbound ? outside : server, client_port(g));
		struct conversation c;

		server = at_port(inbound ? server : outside, 25);
		conversation_begin(&c, g, &client, &server, pick_time(g, 0.05));
		conversation_open(&c);
		deliver(&c);
		conversation_close(&c, SERVER);
	}
}
