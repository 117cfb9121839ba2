// Lateral movement: one host opens the service control pipe of several others over SMB 2 (MS-SMB2 2.2.13).
// The pipe is named, nothing is asked of it.
#include <string.h>

#include "perf/generate/generate.h"

#define SMB2_HEADER 64u
#define SMB2_CREATE 5u

// A NetBIOS session message with an SMB 2 request or response of this command.
static uint32_t smb2(uint8_t *to, uint16_t command, bool response, const void *body, uint32_t len)
{
	uint32_t total = SMB2_HEADER + len;

	memset(to, 0, 4 + SMB2_HEADER);
	to[2] = (uint8_t)(total >> 8);
	to[3] = (uint8_t)total;
	memcpy(to + 4, "\xfeSMB", 4);
	to[8] = 64; // structure size
	to[16] = (uint8_t)command;
	to[20] = response;
	memcpy(to + 4 + SMB2_HEADER, body, len);
	return 4 + total;
}

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	static const char pipe[] = "s\0v\0c\0c\0t\0l\0";
	struct endpoint client = at_port(a->victim, client_port(g)), server = site_server(40 + i, a->victim.version);
	uint8_t body[80] = {57}, message[256];
	struct conversation c;

	server.port = a->victim.port;
	body[44] = 120;              // name offset, from the SMB 2 header
	body[46] = sizeof(pipe) - 1; // name length
	memcpy(body + 56, pipe, sizeof(pipe) - 1);
	conversation_begin(&c, g, &client, &server, ts_ns);
	conversation_open(&c);
	conversation_send(&c, CLIENT, message, smb2(message, SMB2_CREATE, false, body, 56 + sizeof(pipe) - 1));
	memset(body, 0, sizeof(body));
	body[0] = 89;
	conversation_send(&c, SERVER, message, smb2(message, SMB2_CREATE, true, body, sizeof(body)));
	conversation_close(&c, CLIENT);
}

void attack_lateral_movement(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
