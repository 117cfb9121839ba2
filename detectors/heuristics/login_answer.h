// What servers say to a login, recognised in one packet without a parser: brute_force's evidence. Next:
// login_reply.c.
#pragma once

#include <stdbool.h>

#include "dataplane/api/flow.h"
#include "dataplane/api/packet.h"

enum login_service {
	LOGIN_NONE,
	LOGIN_FTP,
	LOGIN_SMTP,
	LOGIN_POP3,
	LOGIN_IMAP,
	LOGIN_HTTP,
	LOGIN_SMB,
	LOGIN_KERBEROS,
	LOGIN_LDAP,
	LOGIN_TELNET,
	LOGIN_MYSQL,
	LOGIN_POSTGRES,
	LOGIN_MSSQL,
	LOGIN_VNC,
	LOGIN_REDIS,
	LOGIN_SIP,
	LOGIN_SSH,
	LOGIN_RDP,
	LOGIN_SNMP,
	LOGIN_ORACLE,
	LOGIN_MONGODB,
	LOGIN_FORM, // a web page with a password in it
	LOGIN_IKE,
	LOGIN_OPENVPN,
	LOGIN_PPTP,
	LOGIN_SERVICES
};

enum login_result {
	LOGIN_SAID_NOTHING,
	LOGIN_FAILED,
	LOGIN_CHALLENGED, // asked for credentials, as the first answer of every ordinary login may
	LOGIN_SUCCEEDED,
	LOGIN_TRIED,   // no answer to read (encrypted): an attempt
	LOGIN_STAYED,  // a session of such a service goes on for long
	LOGIN_ENDED,   // one has ended; value: bytes from the server
	LOGIN_ANSWERED // a web form; value: digest of what makes one answer differ from another
};

struct login {
	enum login_result result;
	enum login_service service;
	uint32_t value;   // of LOGIN_ENDED and LOGIN_ANSWERED; else a digest of what was tried where that is seen (an
			  // SNMP community, a VPN negotiation), or 0
	uint32_t seconds; // of LOGIN_ENDED
	bool by_client;   // the packet is the client's
};

extern const char *const login_service_names[LOGIN_SERVICES];

// Does the service negotiate in private, so that only the number of attempts tells?
static inline bool login_is_vpn(enum login_service service)
{
	return service >= LOGIN_IKE;
}

// Reads a packet; marks its flow where what comes later is to be understood. Returns whether it says anything.
bool login_answer(const struct packet *p, struct flow_table *flows, struct login *out);

// What a server's message says about a login, and the service, by its text and by the port.
enum login_result login_reply(const uint8_t *d, uint32_t n, uint16_t port, enum login_service *service);
