// HTTP request floods toward a server: many clients asking for the same thing, a connection a
// request, or HTTP/2 streams opened and cancelled at once (rapid reset, CVE-2023-44487; clear text only). Of TLS only
// the ClientHellos are seen: what they are like counts as what is asked for.
#include <stddef.h>

#include <rte_byteorder.h>

#include "detectors/heuristics/flood_detector.h"

enum http_flood_count {
	HTTP_REQUESTS,
	HTTP_FIRST,      // the first request of its connection
	HTTP2_HEADERS,   // request streams opened
	HTTP2_CANCELLED, // RST_STREAM with CANCEL from the client
	HTTP_HELLOS,     // ClientHellos
};

#define FEW_CLIENTS 8u

struct http_flood_config {
	struct flood_config common;
	uint64_t same_url_rps;
	uint64_t clients;
	uint64_t connections_rps;
	uint64_t few_clients_rps;
	uint64_t cancelled_rps;
};

static const struct config_row http_flood_rows[] = {
	{"threshold", CONFIG_UINT, offsetof(struct http_flood_config, same_url_rps), "requests/s", 1, 1e9, "400", NULL,
		"requests a second to one server for at most four URLs, from at least `clients` clients"},
	{"clients", CONFIG_UINT, offsetof(struct http_flood_config, clients), "addresses", 1, 1e9, "100", NULL,
		"clients a same-URL flood comes from"},
	{"connection-threshold", CONFIG_UINT, offsetof(struct http_flood_config, connections_rps), "requests/s", 1, 1e9,
		"2000", NULL,
		"requests a second to one server, each on a connection of its own, for at most four URLs; or TLS "
		"handshakes of at most four kinds"},
	{"few-clients-threshold", CONFIG_UINT, offsetof(struct http_flood_config, few_clients_rps), "requests/s", 1,
		1e9, "1000", NULL, "the same from at most eight clients, whatever they ask for"},
	{"cancel-threshold", CONFIG_UINT, offsetof(struct http_flood_config, cancelled_rps), "streams/s", 1, 1e9, "100",
		NULL, "HTTP/2 streams a second that a client opens and cancels"},
	FLOOD_CONFIG_ROWS(struct http_flood_config), CONFIG_END};

// The four bytes that begin a request of the methods floods use.
static bool is_request(const uint8_t *d, uint32_t len)
{
	uint32_t w;
	if (len < 16)
		return false;
	memcpy(&w, d, 4);
	return w == RTE_STATIC_BSWAP32(0x47455420u) || w == RTE_STATIC_BSWAP32(0x504f5354u) ||
	       w == RTE_STATIC_BSWAP32(0x48454144u) || w == RTE_STATIC_BSWAP32(0x50555420u);
}

// Digest of the request's path: what stands between the first two spaces, up to a '?', 64 bytes at most.
static uint64_t path_digest(const uint8_t *d, uint32_t len)
{
	uint32_t i = 0, end;
	uint64_t h = 0;
	while (i < 8 && d[i] != ' ')
		i++;
	end = RTE_MIN(len, i + 64);
	for (i++; i < end && d[i] != ' ' && d[i] != '?'; i++)
		h = (h ^ d[i]) * 0x100000001b3ULL;
	return sketch_mix(h);
}

// Walks the frames of a segment that begins with one (RFC 9113 section 4.1): HEADERS from a client opens
// a stream, RST_STREAM with error CANCEL takes it back.
static void count_http2(struct flood_cell *c, const uint8_t *d, uint32_t len)
{
	for (uint32_t frames = 0; len >= 9 && frames < 256; frames++) {
		uint32_t size = (uint32_t)d[0] << 16 | (uint32_t)d[1] << 8 | d[2];
		if (size > 16384 || d[3] > 9)
			return;
		c->count[HTTP2_HEADERS] += d[3] == 1;
		if (d[3] == 3 && size == 4 && len >= 13)
			c->count[HTTP2_CANCELLED] += d[12] == 8;
		if (len - 9 < size)
			return;
		d += 9 + size;
		len -= 9 + size;
	}
}

static bool is_http2(const uint8_t *d, uint32_t len)
{
	return len >= 9 && d[0] == 0 && d[3] == 1 && !(d[5] & 0x80) && (d[8] & 1);
}

// A connection's first message is a ClientHello (RFC 8446 section 4.1.2).
static bool is_hello(const struct packet *p, const uint8_t *d)
{
	return d[0] == 22 && p->payload_len > 100 && d[1] == 3 && d[5] == 1 && p->nth[DIR_TO_SERVER] <= 3;
}

// What tells one maker of ClientHellos from another: its size, and the suites behind random and session id.
static uint64_t hello_digest(const uint8_t *d, uint32_t len)
{
	uint64_t h = (uint64_t)d[3] << 8 | d[4];
	uint32_t at = 44u + RTE_MIN(d[43], 32u), end = RTE_MIN(len, at + 40);
	for (; at < end; at++)
		h = (h ^ d[at]) * 0x100000001b3ULL;
	return sketch_mix(h);
}

static void count_packet(struct flood_delta *d, const struct packet *p)
{
	const uint8_t *data = packet_payload(p);
	bool hello = is_hello(p, data), request = hello || is_request(data, p->payload_len);
	if (!request && !is_http2(data, p->payload_len))
		return;
	struct flood_cell *c = flood_cell(d, sketch_pair(sketch_addr(&p->dst), p->dport), &p->dst, p, 1);
	if (!c)
		return;
	struct flood_detail *t = flood_detail(d, c);
	t->port = p->dport;
	if (!request) {
		c->pkts++;
		c->bytes += p->wire_len;
		hll_add(t->sources, FLOOD_SOURCE_BITS, flood_source(p));
		flood_pick(t->pick_hash, t->pick, flood_pick_hash(p), &p->src);
		count_http2(c, data, p->payload_len);
		return;
	}
	flood_count(c, hello ? HTTP_HELLOS : HTTP_REQUESTS, p);
	// counts URLs where others count ports
	uint64_t what = hello ? hello_digest(data, p->payload_len) : path_digest(data, p->payload_len);
	flood_describe(t, p, flood_source(p), (uint32_t)(what >> 32));
	flood_pick(t->pick_hash, t->pick, flood_pick_hash(p), &p->src);
	c->count[HTTP_FIRST] += p->flow && p->nth[DIR_TO_SERVER] <= 3;
}

static void http_flood_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t i = 0; i < n; i++)
		if (pkts[i]->payload_len >= 9 && pkts[i]->dir == DIR_TO_SERVER)
			count_packet(state, pkts[i]);
}

static bool judge_http2(const struct http_flood_config *c, const struct flood_view *v, struct flood_verdict *out)
{
	uint64_t cancelled = v->count[HTTP2_CANCELLED];
	if (cancelled * (v->active ? 2 : 1) < c->cancelled_rps || cancelled * 2 < v->count[HTTP2_HEADERS])
		return false;
	out->what = "HTTP/2 rapid reset";
	out->vector = "http2-reset";
	out->observed = (double)cancelled;
	out->threshold = (double)c->cancelled_rps;
	out->unit = "streams/s";
	out->confidence = 90;
	return true;
}

static bool http_flood_judge(const void *config, const struct flood_view *v, struct flood_verdict *out)
{
	const struct http_flood_config *c = config;
	uint64_t part = v->active ? 2 : 1;
	out->window_ms = 1000;
	out->dport = out->tcp_port = v->port;
	out->bpf = out->nft = out->flow = "";
	if (judge_http2(c, v, out))
		return true;
	bool alike = v->ports <= 4.5, few = v->sources <= FEW_CLIENTS + 0.5;
	bool tls = v->count[HTTP_HELLOS] > v->count[HTTP_REQUESTS];
	bool same = alike && v->count[HTTP_REQUESTS] * part >= c->same_url_rps &&
		    v->sources * (double)part >= (double)c->clients;
	uint64_t threshold = few ? c->few_clients_rps : c->connections_rps;
	if (!same && (v->count[HTTP_FIRST] * part < threshold || (!alike && !few)))
		return false;
	out->what = same  ? "HTTP flood of one URL by many clients"
		    : tls ? "flood of TLS handshakes"
			  : "HTTP flood, a connection a request";
	out->vector = tls ? "tls" : "http";
	out->observed = (double)(same ? v->count[HTTP_REQUESTS] : v->count[HTTP_FIRST]);
	out->threshold = (double)(same ? c->same_url_rps : threshold);
	out->unit = tls ? "handshakes/s" : "requests/s";
	out->confidence = same ? 80 : 60;
	out->spoofed = "no";
	out->spoofed_why = "requests need a completed handshake";
	return true;
}

static double http_flood_rate(const struct flood_view *v)
{
	return (double)(v->count[HTTP_REQUESTS] + v->count[HTTP_HELLOS]);
}

FLOOD_DETECTOR(http_flood, 9010005, "Tocsin HTTP flood", DET_TCP, DET_DATA, IPPROTO_TCP, .least_pkts = 1,
	.sources_name = "sources", .ports_name = "urls");
