// Harmless marks for test rules: a web request for /tocsin-test-signature by "TocsinTest", and an answer that
// says what `id` prints for root, the text public "is detection on" rules look for.
#include <stdio.h>

#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	static const char body[] = "uid=0(root) gid=0(root) groups=0(root)\n";
	struct endpoint from = at_port(attack_source(g, a, i), client_port(g));
	struct conversation c;
	char text[256];

	conversation_begin(&c, g, &from, &a->victim, ts_ns);
	conversation_open(&c);
	conversation_text(&c, CLIENT,
		"GET /tocsin-test-signature HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: TocsinTest/1.0\r\nAccept: "
		"*/*\r\n\r\n");
	snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
		sizeof(body) - 1, body);
	conversation_text(&c, SERVER, text);
	conversation_close(&c, CLIENT);
}

void attack_test_signature(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
