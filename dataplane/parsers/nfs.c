// NFS (RFC 1813, RFC 7530) over ONC RPC (RFC 5531): how it is told.
#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define PROGRAM_NFS 100003u
#define CALL_BYTES 40u
#define CALL_BYTES_UDP 44u
#define REPLY_BYTES 8u
#define REPLY_BYTES_UDP 32u
#define PROCEDURES 22u // of version 3

static bool is_call(const uint8_t *rpc)
{
	uint32_t version = load_be32(rpc + 16);

	return load_be32(rpc + 4) == 0 && load_be32(rpc + 8) == 2 && load_be32(rpc + 12) == PROGRAM_NFS &&
	       version >= 2 && version <= 4 && load_be32(rpc + 20) < PROCEDURES;
}

static bool is_reply(const uint8_t *rpc, uint32_t len)
{
	return load_be32(rpc + 4) == 1 && (len < 12 || load_be32(rpc + 8) == 0);
}

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	bool tcp = over == OVER_TCP;
	uint32_t mark = tcp ? 4 : 0, call = tcp ? CALL_BYTES : CALL_BYTES_UDP,
		 reply = tcp ? REPLY_BYTES : REPLY_BYTES_UDP;

	if (len < mark + (dir == DIR_TO_SERVER ? call : reply))
		return tcp ? PROBE_MORE : PROBE_NO;
	return (dir == DIR_TO_SERVER ? is_call(data + mark) : is_reply(data + mark, len - mark)) ? PROBE_YES : PROBE_NO;
}

const struct parser parser_nfs = {
	.name = "nfs", .proto = APP_NFS, .over = OVER_BOTH, .tcp_ports = "2049", .udp_ports = "2049", .probe = probe};
