// RFB, the protocol of VNC (RFC 6143): how it is told.
#include "dataplane/api/parser.h"

static const struct parser_pattern patterns[] = {
	{"RFB ", 4, 0, 4, DIR_TO_SERVER, true}, {"RFB ", 4, 0, 4, DIR_TO_CLIENT, true}, {0}};

const struct parser parser_rfb = {.name = "rfb", .proto = APP_RFB, .over = OVER_TCP, .patterns = patterns};
