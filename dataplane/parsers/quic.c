// QUIC (RFC 9000) and the Google versions before it: how it is told.
#include "dataplane/api/parser.h"

#define INITIAL_BYTES 1200u // RFC 9000 section 14.1
#define MAX_CID 20u

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	if (!(data[0] & 0x80))
		return PROBE_YES; // a short header says nothing of itself
	if (len < 6 || data[5] > MAX_CID)
		return PROBE_NO;
	return (data[0] & 0x30) == 0 && len < INITIAL_BYTES ? PROBE_NO : PROBE_YES;
}

const struct parser parser_quic = {
	.name = "quic", .proto = APP_QUIC, .over = OVER_UDP, .udp_ports = "443,80", .probe = probe};
