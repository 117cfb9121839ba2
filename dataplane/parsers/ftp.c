// FTP (RFC 959): how it is told.
#include "dataplane/api/parser.h"

#define COMMAND(text)                                                            \
	{                                                                        \
		text, sizeof(text) - 1, 0, sizeof(text) - 1, DIR_TO_SERVER, true \
	}

static const struct parser_pattern patterns[] = {
	COMMAND("USER "), COMMAND("PASS "), COMMAND("PORT "), COMMAND("FEAT"), {0}};

const struct parser parser_ftp = {.name = "ftp", .proto = APP_FTP, .over = OVER_TCP, .patterns = patterns};
