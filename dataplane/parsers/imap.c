// IMAP (RFC 9051): told, not read.
#include "dataplane/api/parser.h"

static const struct parser_pattern patterns[] = {{"1 capability", 12, 0, 12, DIR_TO_SERVER, false}, {0}};

const struct parser parser_imap = {.name = "imap", .proto = APP_IMAP, .over = OVER_TCP, .patterns = patterns};
