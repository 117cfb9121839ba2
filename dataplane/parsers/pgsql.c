// PostgreSQL's frontend/backend protocol 3.0: how it is told.
#include <string.h>

#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define SSL_REQUEST 80877103u
#define CANCEL_REQUEST 80877102u

// A message without a type, as a connection begins: a request code, or a version and parameters.
static enum probe_answer probe_startup(const uint8_t *data, uint32_t len)
{
	if (len < 8)
		return PROBE_MORE;
	uint32_t whole = load_be32(data), code = load_be32(data + 4);
	if (code == SSL_REQUEST)
		return whole == 8 ? PROBE_YES : PROBE_NO;
	if (code == CANCEL_REQUEST)
		return whole == 16 ? PROBE_YES : PROBE_NO;
	if (code >> 16 < 1 || code >> 16 > 3 || whole < 14)
		return PROBE_NO;
	if (len < whole)
		return PROBE_MORE;
	return memcmp(data + 8, "user", 5) == 0 ? PROBE_YES : PROBE_NO;
}

static enum probe_answer probe_answer_of_server(const uint8_t *data, uint32_t len)
{
	if (data[0] == 'N' || data[0] == 'S')
		return PROBE_YES;
	if (!strchr("RZKTDCEAGHWV", data[0]) || !data[0])
		return PROBE_NO;
	if (len < 5)
		return PROBE_MORE;
	uint32_t rest = load_be32(data + 1);
	return rest < 4 || rest > 65536 ? PROBE_NO : len > rest ? PROBE_YES : PROBE_MORE;
}

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	return dir == DIR_TO_SERVER ? probe_startup(data, len) : probe_answer_of_server(data, len);
}

const struct parser parser_pgsql = {
	.name = "pgsql", .proto = APP_PGSQL, .over = OVER_TCP, .tcp_ports = "5432", .probe = probe, .off = true};
