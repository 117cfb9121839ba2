// FTP data connections: known only because a control connection has announced them (app_expect).
#include "dataplane/api/parser.h"

const struct parser parser_ftp_data = {.name = "ftp_data", .proto = APP_FTP_DATA, .over = OVER_TCP};
