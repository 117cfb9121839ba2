// HTTP/1 (RFC 9112): how it is told.
#include "dataplane/api/parser.h"

#define METHOD(text)                                                             \
	{                                                                        \
		text, sizeof(text) - 1, 0, sizeof(text) - 1, DIR_TO_SERVER, true \
	}
#define VERSION(text)                                                             \
	{                                                                         \
		text, sizeof(text) - 1, 0, sizeof(text) - 1, DIR_TO_CLIENT, false \
	}

static const struct parser_pattern patterns[] = {
	METHOD("GET "), METHOD("POST "), METHOD("HEAD "), VERSION("HTTP/1."), {0}};

const struct parser parser_http1 = {.name = "http", .proto = APP_HTTP1, .over = OVER_TCP, .patterns = patterns};
