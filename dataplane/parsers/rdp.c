// RDP (MS-RDPBCGR): how it is told: TPKT (RFC 1006) version 3.
#include "dataplane/api/parser.h"

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	return data[0] == 3 ? PROBE_YES : PROBE_NO;
}

const struct parser parser_rdp = {
	.name = "rdp", .proto = APP_RDP, .over = OVER_TCP, .tcp_ports = "3389", .probe = probe};
