// What servers say to a login, recognised in one packet without a parser: brute_force's evidence.
#pragma once

#include <stdbool.h>

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
	LOGIN_TRIED, // no answer to read (encrypted): an attempt
	LOGIN_STAYED // a session of such a service that went on for long
};

extern const char *const login_service_names[LOGIN_SERVICES];

// Is it the client's packet, not the server's, that tells of a login to this service?
static inline bool login_is_told_by_client(enum login_service service)
{
	return service == LOGIN_RDP || service == LOGIN_SNMP || service >= LOGIN_FORM;
}

// Does the service negotiate in private, so that only the number of attempts tells?
static inline bool login_is_vpn(enum login_service service)
{
	return service >= LOGIN_IKE;
}

// Reads a packet's payload. Returns what it says about a login, and the service. *secret is a digest of
// what was tried where that is seen (an SNMP community, a VPN negotiation), else 0.
enum login_result login_answer(const struct packet *p, enum login_service *service, uint32_t *secret);
