// Telnet (RFC 854): how it is told: by its port, since any bytes are a terminal's.
#include "dataplane/api/parser.h"

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	return len < 2 ? PROBE_MORE : PROBE_YES;
}

const struct parser parser_telnet = {
	.name = "telnet", .proto = APP_TELNET, .over = OVER_TCP, .tcp_ports = "23", .probe = probe};
