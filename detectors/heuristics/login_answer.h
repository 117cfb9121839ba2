// What servers say to a login, recognised in one packet without a parser: brute_force's evidence.
#pragma once

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
	LOGIN_SERVICES
};

enum login_result {
	LOGIN_SAID_NOTHING,
	LOGIN_FAILED,
	LOGIN_SUCCEEDED,
	LOGIN_TRIED, // no answer to read (encrypted): an attempt
	LOGIN_STAYED // a session of such a service that went on for long
};

extern const char *const login_service_names[LOGIN_SERVICES];

// Reads a packet's payload. Returns what it says about a login, and the service. *secret is a digest of
// what was tried where that is seen (an SNMP community), else 0.
enum login_result login_answer(const struct packet *p, enum login_service *service, uint32_t *secret);
