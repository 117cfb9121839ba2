// NTP (RFC 5905): how it is told.
#include "dataplane/api/parser.h"

#define HEADER_BYTES 48u

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	uint8_t version = data[0] >> 3 & 7;

	return len >= HEADER_BYTES && (version == 3 || version == 4) ? PROBE_YES : PROBE_NO;
}

const struct parser parser_ntp = {
	.name = "ntp", .proto = APP_NTP, .over = OVER_UDP, .udp_ports = "123", .probe = probe};
