// Web pages without encryption: one to four requests a connection.
#include <stdio.h>
#include <string.h>

#include "perf/generate/generate.h"

static const char *const pages[] = {"/", "/index.html", "/style.css", "/news/today", "/images/logo.png", "/app.js",
	"/search?q=weather", "/contact", "/feed.xml", "/favicon.ico"};
static const char *const agents[] = {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
	"Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
	"Safari/605.1.15"};

static void fill_words(struct generator *g, char *to, uint32_t n)
{
	static const char *const words[] = {"the ", "garden ", "opens ", "again ", "on ", "monday ", "with ", "new ",
		"hours ", "and ", "a ", "small ", "cafe ", "by ", "the ", "river "};

	for (uint32_t used = 0; used < n;) {
		const char *word = words[rng_below(&g->rng, 16)];
		for (; *word && used < n; word++)
			to[used++] = *word;
	}
}

static void exchange(struct conversation *c, const char *host, const char *agent)
{
	struct generator *g = c->g;
	uint32_t body = rng_range(&g->rng, 200, 24000);
	char head[640];
	static char text[24000];

	snprintf(head, sizeof(head),
		"GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept: */*\r\nAccept-Language: en\r\nConnection: "
		"keep-alive\r\n\r\n",
		pages[rng_below(&g->rng, 10)], host, agent);
	conversation_text(c, CLIENT, head);
	conversation_wait(c, rng_range(&g->rng, 1, 30) * GEN_MS);
	snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: %u\r\nCache-Control: "
		"max-age=600\r\n\r\n",
		body);
	fill_words(g, text, body);
	conversation_text(c, SERVER, head);
	conversation_send(c, SERVER, text, body);
}

void ordinary_http(struct generator *g, uint32_t flows)
{
	for (uint32_t i = 0; i < flows; i++) {
		uint8_t version = pick_version(g);
		bool inbound = rng_below(&g->rng, 4) == 0; // somebody outside reads the site's own pages
		struct endpoint client = inbound ? world_host(rng_below(&g->rng, 300), version)
						 : site_client(rng_below(&g->rng, SITE_CLIENTS), version);
		struct endpoint server = inbound ? site_server(rng_below(&g->rng, 4), version)
						 : world_host(rng_below(&g->rng, 300), version);
		struct conversation c;

		client.port = client_port(g);
		server.port = 80;
		conversation_begin(&c, g, &client, &server, pick_time(g, 0.05));
		conversation_open(&c);
		const char *host = site_name(rng_below(&g->rng, 30)), *agent = agents[rng_below(&g->rng, 3)];
		for (uint32_t n = rng_range(&g->rng, 1, 4); n > 0; n--) {
			exchange(&c, host, agent);
			conversation_wait(&c, rng_range(&g->rng, 20, 900) * GEN_MS);
		}
		conversation_close(&c, rng_below(&g->rng, 2) ? CLIENT : SERVER);
	}
}
