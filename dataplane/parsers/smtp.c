// SMTP (RFC 5321): how it is told.
#include "dataplane/api/parser.h"

#define COMMAND(text)                                                            \
	{                                                                        \
		text, sizeof(text) - 1, 0, sizeof(text) - 1, DIR_TO_SERVER, true \
	}

static const struct parser_pattern patterns[] = {COMMAND("EHLO"), COMMAND("HELO"), COMMAND("QUIT"), {0}};

const struct parser parser_smtp = {.name = "smtp", .proto = APP_SMTP, .over = OVER_TCP, .patterns = patterns};
