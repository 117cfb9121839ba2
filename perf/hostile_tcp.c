// Dear TCP: connections that the warm-up has opened and what may be sent on them, and TCP on none. Next: hostile_ip.c.
#include "perf/hostile.h"

#include <stdio.h>
#include <string.h>

#define SERVER_ISN 7000u
#define REVERSED 256u   // segments of a block
#define ACK_EVERY 64u   // packets of a flow: one of them is the server's acknowledgement
#define HELD_SPAN 8192u // places that segments behind a hole are drawn from

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

static uint32_t isn_of(uint64_t flow)
{
	return hostile_client(flow) * 2654435761u;
}

// A segment of the flow's client, `at` bytes into its stream.
static struct wire_segment to_server(uint64_t flow, uint32_t at, uint8_t flags, uint32_t len)
{
	return (struct wire_segment){.src = hostile_client(flow),
		.dst = HOSTILE_SERVER,
		.sport = hostile_port(flow),
		.dport = 80,
		.seq = isn_of(flow) + 1 + at,
		.ack = flags & ACK ? SERVER_ISN + 1 : 0,
		.flags = flags,
		.len = len};
}

// One of its server, which has got `acked` bytes.
static struct wire_segment to_client(uint64_t flow, uint32_t acked, uint8_t flags)
{
	return (struct wire_segment){.src = HOSTILE_SERVER,
		.dst = hostile_client(flow),
		.sport = 80,
		.dport = hostile_port(flow),
		.seq = SERVER_ISN + !(flags & SYN),
		.ack = isn_of(flow) + 1 + acked,
		.flags = flags};
}

static uint32_t payload_of(const struct hostile *h, uint32_t options)
{
	uint32_t head = WIRE_ETHERNET + WIRE_IPV4 + WIRE_TCP + options;

	return h->size > head + 6 ? h->size - head : 6;
}

// SYN, SYN/ACK, ACK with windows of a gigabyte.
static const uint8_t scaled[4] = {3, 3, 14, 0};

static struct wire_segment opening(uint64_t flow, uint32_t step)
{
	struct wire_segment s = step == 0   ? to_server(flow, UINT32_MAX, SYN, 0)
				: step == 1 ? to_client(flow, 0, SYN | ACK)
					    : to_server(flow, 0, ACK, 0);

	if (step < 2) {
		s.options = scaled;
		s.options_len = sizeof(scaled);
	}
	return s;
}

uint32_t hostile_open(const struct hostile *h, uint8_t *to)
{
	struct wire_segment s = opening(h->n / HOSTILE_OPEN, h->n % HOSTILE_OPEN);

	return wire_segment(to, &s, NULL);
}

uint32_t hostile_syn_data(const struct hostile *h, uint8_t *to)
{
	struct wire_segment s = to_server(h->n, UINT32_MAX, SYN, payload_of(h, 0));

	return wire_segment(to, &s, NULL);
}

uint32_t hostile_syn_fast_open(const struct hostile *h, uint8_t *to)
{
	uint8_t cookie[12] = {34, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1}; // RFC 7413 section 4.1.1
	struct wire_segment s = to_server(h->n, UINT32_MAX, SYN, payload_of(h, sizeof(cookie)));

	memcpy(cookie + 2, &h->random, 8);
	s.options = cookie;
	s.options_len = sizeof(cookie);
	return wire_segment(to, &s, NULL);
}

uint32_t hostile_handshake(const struct hostile *h, uint8_t *to)
{
	struct wire_segment s = opening(h->n / 2, h->n % 2);

	return wire_segment(to, &s, NULL);
}

uint32_t hostile_connect(const struct hostile *h, uint8_t *to)
{
	uint64_t flow = h->n / 7;
	uint32_t step = h->n % 7, len = payload_of(h, 0);
	struct wire_segment s = step < HOSTILE_OPEN ? opening(flow, step)
				: step == 3         ? to_server(flow, 0, PSH | ACK, len)
				: step == 4         ? to_client(flow, len, FIN | ACK)
				: step == 5         ? to_server(flow, len, FIN | ACK, 0)
						    : to_client(flow, len + 1, ACK);

	s.ack += step == 5;
	s.seq += step == 6;
	return wire_segment(to, &s, NULL);
}

// In-order data of all connections in turn, `len` bytes a segment.
static struct wire_segment in_order(const struct hostile *h, uint32_t len)
{
	uint64_t flow = h->n % h->flows, k = h->n / h->flows, sent = k - k / ACK_EVERY;

	if (k % ACK_EVERY == ACK_EVERY - 1)
		return to_client(flow, (uint32_t)sent * len, ACK);
	return to_server(flow, (uint32_t)sent * len, ACK, len);
}

uint32_t hostile_data(const struct hostile *h, uint8_t *to)
{
	struct wire_segment s = in_order(h, payload_of(h, 0));

	return wire_segment(to, &s, NULL);
}

uint32_t hostile_one_byte(const struct hostile *h, uint8_t *to)
{
	struct wire_segment s = in_order(h, 1);

	return wire_segment(to, &s, NULL);
}

uint32_t hostile_options(const struct hostile *h, uint8_t *to)
{
	uint8_t options[40];
	struct wire_segment s = in_order(h, payload_of(h, sizeof(options)));

	for (uint8_t i = 0; i < sizeof(options); i += 2) {
		options[i] = 100 + i;
		options[i + 1] = 2;
	}
	s.options = options;
	s.options_len = sizeof(options);
	return wire_segment(to, &s, NULL);
}

uint32_t hostile_reversed(const struct hostile *h, uint8_t *to)
{
	uint64_t flow = h->n % h->flows, k = h->n / h->flows, block = k / (REVERSED + 1);
	uint32_t nth = k % (REVERSED + 1), len = payload_of(h, 0);
	struct wire_segment s =
		nth == REVERSED ? to_client(flow, (uint32_t)(block + 1) * REVERSED * len, ACK)
				: to_server(flow, ((uint32_t)block * REVERSED + REVERSED - 1 - nth) * len, ACK, len);

	return wire_segment(to, &s, NULL);
}

// The first byte never comes, so that everything is held.
uint32_t hostile_holes(const struct hostile *h, uint8_t *to)
{
	struct wire_segment s = to_server(h->n % h->flows, 1 + (uint32_t)(h->random % HELD_SPAN) * 2, ACK, 1);

	return wire_segment(to, &s, NULL);
}

uint32_t hostile_overlap(const struct hostile *h, uint8_t *to)
{
	uint32_t len = payload_of(h, 0);
	struct wire_segment s = to_server(h->n % h->flows, 1 + (uint32_t)h->random % (4 * HELD_SPAN), ACK, len);
	uint8_t other[2048];

	memset(other, (int)(h->random >> 32), len);
	return wire_segment(to, &s, other);
}

// What browsers and servers send: a GET of 474 bytes and its answer with 1,024 bytes of body, in turn.
static const uint8_t request[] =
	"GET /assets/images/logo.png?v=20240131 HTTP/1.1\r\n"
	"Host: www.example.com\r\n"
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0\r\n"
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
	"Accept-Language: en-US,en;q=0.5\r\n"
	"Accept-Encoding: gzip, deflate\r\n"
	"Referer: http://www.example.com/index.html\r\n"
	"Connection: keep-alive\r\n"
	"Cookie: session=3f2a9c81d4e5; theme=light\r\n"
	"Upgrade-Insecure-Requests: 1\r\n"
	"Cache-Control: max-age=0\r\n\r\n";
static const uint8_t response[] = "HTTP/1.1 200 OK\r\n"
				  "Date: Mon, 23 Nov 2026 12:00:00 GMT\r\n"
				  "Server: Apache/2.4.57 (Debian)\r\n"
				  "Last-Modified: Tue, 17 Nov 2026 08:30:00 GMT\r\n"
				  "ETag: \"5f3-60a1b2c3d4e5f\"\r\n"
				  "Accept-Ranges: bytes\r\n"
				  "Content-Length: 1024\r\n"
				  "Keep-Alive: timeout=5, max=100\r\n"
				  "Connection: Keep-Alive\r\n"
				  "Content-Type: text/html; charset=UTF-8\r\n\r\n";
#define ANSWER_BODY 1024u

uint32_t hostile_http(const struct hostile *h, uint8_t *to)
{
	static const uint8_t body[ANSWER_BODY] = "<!DOCTYPE html><html><head><title>Example</title></head><body>";
	const uint32_t ask = sizeof(request) - 1, head = sizeof(response) - 1, answer = head + ANSWER_BODY;
	uint64_t flow = h->n / 2 % h->flows;
	uint32_t turn = (uint32_t)(h->n / 2 / h->flows);
	struct wire_segment s = to_server(flow, turn * ask, PSH | ACK, ask);
	uint8_t text[sizeof(response) + ANSWER_BODY];

	if (h->n % 2 == 0) {
		s.ack += turn * answer;
		return wire_segment(to, &s, request);
	}
	s = to_client(flow, (turn + 1) * ask, PSH | ACK);
	s.seq += turn * answer;
	s.len = answer;
	memcpy(text, response, head);
	memcpy(text + head, body, sizeof(body));
	return wire_segment(to, &s, text);
}

// One of two packets of a connection sends a thousand bytes, the other acknowledges the first and some of the rest.
uint32_t hostile_sack(const struct hostile *h, uint8_t *to)
{
	uint64_t flow = h->n % h->flows, k = h->n / h->flows;
	uint32_t base = isn_of(flow) + 1;
	uint8_t options[36] = {1, 1, 5, 34};
	struct wire_segment s = to_client(flow, 0, ACK);

	if (k == 0) {
		s = to_server(flow, 0, ACK, 1000);
		return wire_segment(to, &s, NULL);
	}
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t from = 10 + i * 200 + (uint32_t)(h->random >> 8 * i) % 100;
		put32(options + 4 + 8 * i, base + from);
		put32(options + 8 + 8 * i, base + from + 50);
	}
	s.options = options;
	s.options_len = sizeof(options);
	return wire_segment(to, &s, NULL);
}

uint32_t hostile_rst(const struct hostile *h, uint8_t *to)
{
	struct wire_segment s = to_server(h->n % h->flows, 5 + (uint32_t)h->random % 65536, RST, 0);

	return wire_segment(to, &s, NULL);
}

uint32_t hostile_fin(const struct hostile *h, uint8_t *to)
{
	struct wire_segment s = to_server(h->n % h->flows, UINT32_MAX / 2, FIN | ACK, 0);

	return wire_segment(to, &s, NULL);
}

// A segment of no connection that was seen to begin.
static uint32_t stray(const struct hostile *h, uint8_t *to, uint16_t port, const void *payload, uint32_t len)
{
	struct wire_segment s = to_server(h->n, 0, PSH | ACK, len);

	s.dport = port;
	return wire_segment(to, &s, payload);
}

// A ClientHello with its server's name as only extension (RFC 8446 section 4.1.2, RFC 6066 section 3).
uint32_t hostile_stray_tls(const struct hostile *h, uint8_t *to)
{
	uint8_t hello[256] = {22, 3, 1, 0, 0, 1};
	char *name = (char *)hello + 61;
	uint32_t len = (uint32_t)snprintf(name, sizeof(hello) - 61,
		"%016llx%016llx%016llx.g00gle-login-secure-paypa1.%06llx-example.com", (unsigned long long)h->random,
		(unsigned long long)~h->random, (unsigned long long)h->random << 7,
		(unsigned long long)h->random & 0xffffff);

	put16(hello + 3, 61 + len - 5);
	put16(hello + 7, 61 + len - 9);
	put16(hello + 9, 0x0303); // and 32 bytes at random, no session
	put16(hello + 44, 2);     // one cipher suite, one compression method
	put16(hello + 46, 0x1301);
	hello[48] = 1;
	put16(hello + 50, len + 9);
	put16(hello + 54, len + 5);
	put16(hello + 56, len + 3);
	put16(hello + 59, len);
	return stray(h, to, 443, hello, 61 + len);
}

uint32_t hostile_stray_http(const struct hostile *h, uint8_t *to)
{
	char text[1600];
	uint32_t len = (uint32_t)snprintf(text, sizeof(text),
		"POST /login?user=admin&session=%016llx HTTP/1.1\r\nHost: %016llx.g00gle-login.com\r\nCookie: %016llx",
		(unsigned long long)h->random, (unsigned long long)~h->random, (unsigned long long)h->random >> 3);

	for (; len + 2 <= payload_of(h, 0) && len + 2 <= sizeof(text); len += 2)
		memcpy(text + len, "\r\n", 2); // as what is looked for begins
	return stray(h, to, 80, text, len);
}

uint32_t hostile_stray_login(const struct hostile *h, uint8_t *to)
{
	static const struct {
		uint16_t port;
		const char *text;
	} login[] = {{21, "USER admin\r\nPASS secret-secret-secret\r\n"},
		{23, "\r\nlogin: admin\r\npassword: admin\r\n"}, {110, "USER admin\r\nPASS secret-secret-secret\r\n"},
		{143, "a1 LOGIN admin secret-secret-secret\r\n"}};
	uint32_t i = h->n % 4;

	return stray(h, to, login[i].port, login[i].text, (uint32_t)strlen(login[i].text));
}
