// EtherNet/IP (CIP volume 2): how it is told: an encapsulation header with a known command.
#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define HEADER_BYTES 24u

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	if (len < HEADER_BYTES)
		return PROBE_MORE;
	switch (load_le16(data)) {
	case 0x65: // RegisterSession always carries four bytes
		return load_le16(data + 2) == 4 ? PROBE_YES : PROBE_NO;
	case 0x00: // NOP
	case 0x04: // ListServices
	case 0x05:
	case 0x63: // ListIdentity
	case 0x66: // UnRegisterSession
	case 0x6f: // SendRRData
	case 0x70: // SendUnitData
	case 0x72:
	case 0x73:
		return PROBE_YES;
	default:
		return PROBE_NO;
	}
}

const struct parser parser_enip = {.name = "enip",
	.proto = APP_ENIP,
	.over = OVER_BOTH,
	.tcp_ports = "44818",
	.udp_ports = "44818",
	.probe = probe,
	.off = true,
	.either_port = true};
