// Modbus/TCP (Modbus Messaging on TCP/IP 1.0b): how it is told.
#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define HEADER_BYTES 8u // MBAP and the function code

// Function codes of the Modbus Application Protocol 1.1b3, and the few that vendors share.
static bool is_function(uint8_t code)
{
	code &= 0x7f; // the bit of an exception
	return (code >= 1 && code <= 24) || code == 43;
}

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	if (len < HEADER_BYTES)
		return PROBE_MORE;
	uint16_t rest = load_be16(data + 4); // of the message, with the unit and the function code
	if (load_be16(data + 2) != 0 || rest < 2 || !is_function(data[7]))
		return PROBE_NO;
	return len >= 6u + rest ? PROBE_YES : PROBE_MORE;
}

const struct parser parser_modbus = {
	.name = "modbus", .proto = APP_MODBUS, .over = OVER_TCP, .tcp_ports = "502", .probe = probe, .off = true};
