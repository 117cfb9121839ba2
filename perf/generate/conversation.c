// One TCP connection as two ordinary hosts would have it, seen from the site's edge.
#include "perf/generate/generate.h"

#include <string.h>

#define WINDOW 64240

void conversation_begin(struct conversation *c, struct generator *g, const struct endpoint *client,
	const struct endpoint *server, uint64_t at_ns)
{
	*c = (struct conversation){
		.g = g,
		.client = *client,
		.server = *server,
		.now_ns = at_ns,
		.rtt_ns = rng_range(&g->rng, 2, 60) * GEN_MS + rng_below(&g->rng, 1000000),
		.seq = {(uint32_t)rng_next(&g->rng), (uint32_t)rng_next(&g->rng)},
		.mss = client->version == 4 ? 1460 : 1440,
	};
}

static void segment(struct conversation *c, enum side from, uint8_t flags, const void *bytes, uint32_t len)
{
	struct tcp_fields tcp = {.seq = c->seq[from],
		.ack = flags & TH_A ? c->seq[!from] : 0,
		.window = flags & TH_R ? 0 : WINDOW,
		.flags = flags,
		.syn_options = flags & TH_S,
		.mss = c->mss};
	const struct endpoint *ends[2] = {&c->client, &c->server};

	emit_tcp(c->g, c->now_ns, ends[from], ends[!from], &tcp, bytes, len);
	c->seq[from] += len + (flags & (TH_S | TH_F) ? 1 : 0);
}

void conversation_wait(struct conversation *c, uint64_t ns)
{
	c->now_ns += ns;
}

void conversation_open(struct conversation *c)
{
	segment(c, CLIENT, TH_S, NULL, 0);
	conversation_wait(c, c->rtt_ns);
	segment(c, SERVER, TH_S | TH_A, NULL, 0);
	conversation_wait(c, 200000);
	segment(c, CLIENT, TH_A, NULL, 0);
	conversation_wait(c, 300000);
}

// Segments of one MSS at the pace of a 100 Mbit/s line; every second one is acknowledged, and the last.
void conversation_send(struct conversation *c, enum side from, const void *bytes, uint32_t len)
{
	const uint8_t *at = bytes;

	for (uint32_t i = 1; len > 0; i++) {
		uint32_t n = len < c->mss ? len : c->mss;
		len -= n;
		segment(c, from, len ? TH_A : TH_P | TH_A, at, n);
		at += n;
		conversation_wait(c, 120000);
		if (i % 2 == 0 || len == 0)
			segment(c, !from, TH_A, NULL, 0);
	}
	conversation_wait(c, c->rtt_ns / 2);
}

void conversation_text(struct conversation *c, enum side from, const char *text)
{
	conversation_send(c, from, text, (uint32_t)strlen(text));
}

void conversation_close(struct conversation *c, enum side first)
{
	segment(c, first, TH_F | TH_A, NULL, 0);
	conversation_wait(c, c->rtt_ns);
	segment(c, !first, TH_F | TH_A, NULL, 0);
	conversation_wait(c, 200000);
	segment(c, first, TH_A, NULL, 0);
}

void conversation_reset(struct conversation *c, enum side from)
{
	segment(c, from, TH_R | TH_A, NULL, 0);
}

uint16_t client_port(struct generator *g)
{
	return (uint16_t)rng_range(&g->rng, 32768, 60999);
}

uint8_t pick_version(struct generator *g)
{
	return rng_below(&g->rng, 4) == 0 ? 6 : 4;
}

uint64_t pick_time(struct generator *g, double margin)
{
	return g->start_ns + (uint64_t)(rng_unit(&g->rng) * (1.0 - margin) * (double)g->duration_ns);
}
