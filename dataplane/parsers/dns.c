// DNS (RFC 1035): how it is told.
#include "dataplane/api/parser.h"

const struct parser parser_dns = {
	.name = "dns", .proto = APP_DNS, .over = OVER_TCP | OVER_UDP, .tcp_ports = "53", .udp_ports = "53"};
