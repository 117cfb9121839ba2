// A protocol where it does not belong: SSH, HTTP or TLS spoken on a port that is another service's, as tunnels
// and implants do to pass a filter.
#include "detectors/heuristics/once.h"

enum anomaly { SSH_ELSEWHERE = 1, HTTP_ELSEWHERE, TLS_ELSEWHERE };

static const struct once_kind kinds[] = {
	[SSH_ELSEWHERE] = {"SSH on the port of another service", 2, 80, true},
	[HTTP_ELSEWHERE] = {"HTTP on the port of another service", 3, 70, false},
	[TLS_ELSEWHERE] = {"TLS on the port of another service", 3, 70, false},
};

// Ports whose protocol is none of the three, and never begins like one.
static bool is_others(uint16_t port)
{
	return port == 53 || port == 25 || port == 110 || port == 143 || port == 445 || port == 139 || port == 3389 ||
	       port == 123 || port == 23 || port == 21;
}

static uint32_t look(const struct packet *p)
{
	const uint8_t *d = packet_payload(p);
	if (p->payload_len < 8 || p->nth[p->dir & 1] > 4)
		return 0;
	if (p->dir == DIR_TO_CLIENT)
		return memcmp(d, "SSH-2.0-", 8) == 0 && (is_others(p->sport) || p->sport == 80 || p->sport == 443)
			       ? SSH_ELSEWHERE
			       : 0;
	if (!is_others(p->dport) && p->dport != 22)
		return 0;
	if (memcmp(d, "GET /", 5) == 0 || memcmp(d, "POST /", 6) == 0)
		return HTTP_ELSEWHERE;
	// implicit TLS on a mail port is only unusual; elsewhere it is a tunnel
	bool mail = p->dport == 25 || p->dport == 110 || p->dport == 143 || p->dport == 21 || p->dport == 3389;
	return !mail && d[0] == 22 && d[1] == 3 && d[5] == 1 ? TLS_ELSEWHERE : 0;
}

extern const struct detector detector_protocol_anomaly;
static const struct once_ops protocol_anomaly_ops = {&detector_protocol_anomaly, kinds, look, NULL};

ONCE_DETECTOR(
	protocol_anomaly, 9010024, "Tocsin protocol anomaly", "Generic Protocol Command Decode", 3, DET_TCP, DET_EARLY);
