// HTTP/2 (RFC 9113): how it is told: the connection preface, or the SETTINGS frame a server begins with.
#include "dataplane/api/parser.h"

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	if (dir == DIR_TO_SERVER)
		return PROBE_NO; // the preface is a pattern
	if (len < 9)
		return PROBE_MORE;
	return data[3] == 4 && !(data[5] & 0x80) ? PROBE_YES : PROBE_NO;
}

static const struct parser_pattern patterns[] = {{"PRI * HTTP/2.0\r\n", 16, 0, 16, DIR_TO_SERVER, true}, {0}};

const struct parser parser_http2 = {
	.name = "http2", .proto = APP_HTTP2, .over = OVER_TCP, .patterns = patterns, .tcp_ports = "80", .probe = probe};
