// TLS (RFC 8446) and its elders: how they are told.
#include "dataplane/api/parser.h"

const struct parser parser_tls = {.name = "tls", .proto = APP_TLS, .over = OVER_TCP, .tcp_ports = "443"};
