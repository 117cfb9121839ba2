// MQTT (OASIS 5.0 section 2.1): how it is told: a fixed header.
#include "dataplane/api/parser.h"

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	if (!(data[0] >> 4))
		return PROBE_NO;           // packet type 0 is reserved
	for (uint32_t i = 1; i < 5; i++) { // remaining length, seven bits a byte
		if (i == len)
			return PROBE_MORE;
		if (!(data[i] & 0x80))
			return PROBE_YES;
	}
	return PROBE_NO;
}

const struct parser parser_mqtt = {
	.name = "mqtt", .proto = APP_MQTT, .over = OVER_TCP, .tcp_ports = "1883", .probe = probe};
