// IKE (RFC 7296, RFC 2408): how it is told.
#include <string.h>

#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define HEADER_BYTES 28u

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	static const uint8_t none[8];

	if (len < HEADER_BYTES || load_be32(data + 24) != len)
		return PROBE_NO;
	uint8_t version = data[17], exchange = data[18];
	if (version != 0x10 && (version != 0x20 || exchange < 34 || exchange > 37))
		return PROBE_NO;
	// without the responder's SPI it is the initiator who speaks
	return dir == DIR_TO_CLIENT && memcmp(data + 8, none, sizeof(none)) == 0 ? PROBE_YES_REVERSED : PROBE_YES;
}

const struct parser parser_ike = {
	.name = "ike", .proto = APP_IKE, .over = OVER_UDP, .udp_ports = "500", .probe = probe};
