// DNP3 (IEEE 1815): how it is told: a link header, or the banner of some servers.
#include <string.h>

#include "dataplane/api/parser.h"

#define HEADER_BYTES 10u

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	if (memmem(data, len, "DNP3", 4))
		return PROBE_YES;
	if (data[0] != 0x05 || (len > 1 && data[1] != 0x64) || (len > 2 && data[2] < 5))
		return PROBE_NO;
	return len < HEADER_BYTES ? PROBE_MORE : PROBE_YES;
}

const struct parser parser_dnp3 = {
	.name = "dnp3", .proto = APP_DNP3, .over = OVER_TCP, .tcp_ports = "20000", .probe = probe, .off = true};
