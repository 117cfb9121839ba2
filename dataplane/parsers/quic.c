// QUIC (RFC 9000, RFC 9369) and the Google versions before it: how it is told.
#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define VERSION_NEGOTIATION 0u
#define VERSION_2 0x6b3343cfu
#define VERSION_Q046 0x51303436u // its first packets have neither token nor length

// RFC 9000 section 16: the first two bits say how many bytes a number has.
static bool skip_counted(struct cursor *c)
{
	uint8_t byte;
	if (!cursor_u8(c, &byte))
		return false;
	uint64_t n = byte & 0x3f;
	for (uint32_t more = (1u << (byte >> 6)) - 1; more; more--) {
		if (!cursor_u8(c, &byte))
			return false;
		n = n << 8 | byte;
	}
	return n <= cursor_left(c) && cursor_skip(c, n);
}

static bool skip_connection_id(struct cursor *c)
{
	uint8_t len;
	return cursor_u8(c, &len) && cursor_skip(c, len);
}

// RFC 9000 section 17.2: connection ids, of any length so that versions to come are told as well; of an Initial its
// token and its content, which must be there.
static bool is_long_header(struct cursor c)
{
	uint8_t first;
	uint32_t version;
	if (!cursor_u8(&c, &first) || !cursor_be32(&c, &version) || !skip_connection_id(&c) || !skip_connection_id(&c))
		return false;
	bool initial = (first & 0x30) == (version == VERSION_2 ? 0x10 : 0) && version != VERSION_NEGOTIATION &&
		       version != VERSION_Q046;
	return !initial || (skip_counted(&c) && skip_counted(&c));
}

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	if (!(data[0] & 0x80))
		return PROBE_YES; // a short header says nothing of itself
	return is_long_header(cursor_of(data, len)) ? PROBE_YES : PROBE_NO;
}

const struct parser parser_quic = {
	.name = "quic", .proto = APP_QUIC, .over = OVER_UDP, .udp_ports = "443,80", .probe = probe};
