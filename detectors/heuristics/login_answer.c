// Answers to logins, see login_answer.h. Every reader is given the payload and its length and reads nothing else.
#include "detectors/heuristics/login_answer.h"

#include <string.h>

#include "detectors/sketch/hash.h"

const char *const login_service_names[LOGIN_SERVICES] = {"", "ftp", "smtp", "pop3", "imap", "http", "smb", "krb5",
	"ldap", "telnet", "mysql", "pgsql", "mssql", "vnc", "redis", "sip", "ssh", "rdp", "snmp"};

// A session whose server has sent this many packets was let in: refusals take about 15.
#define STAYED_PKTS 60u

static bool begins(const uint8_t *d, uint32_t n, const char *text)
{
	size_t len = strlen(text);
	return n >= len && memcmp(d, text, len) == 0;
}

// Is the text somewhere in the first `within` bytes?
static bool contains(const uint8_t *d, uint32_t n, uint32_t within, const void *text, size_t len)
{
	if (n > within)
		n = within;
	return d && memmem(d, n, text, len) != NULL;
}

static enum login_result said(bool failed, bool succeeded)
{
	return failed ? LOGIN_FAILED : succeeded ? LOGIN_SUCCEEDED : LOGIN_SAID_NOTHING;
}

// RFC 959 and RFC 4954 reply codes; a server on another port is known by its text.
static enum login_result reply_code(const uint8_t *d, uint32_t n, uint16_t port, enum login_service *service)
{
	if (n < 4 || d[0] < '2' || d[0] > '5')
		return LOGIN_SAID_NOTHING;
	if (begins(d, n, "530 ") || begins(d, n, "530-")) {
		*service = LOGIN_FTP;
		// "530 Please login" asks, it does not refuse; on SMTP ports it asks for STARTTLS
		bool refuses = contains(d, n, 80, "incorrect", 9) || contains(d, n, 80, "cannot log in", 13) ||
			       contains(d, n, 80, "fail", 4) || contains(d, n, 80, "denied", 6) ||
			       contains(d, n, 80, "nvalid", 6);
		return refuses ? LOGIN_FAILED : LOGIN_SAID_NOTHING;
	}
	if (begins(d, n, "230 ") && port == 21) {
		*service = LOGIN_FTP;
		return LOGIN_SUCCEEDED;
	}
	*service = LOGIN_SMTP;
	return said(begins(d, n, "535 "), begins(d, n, "235 "));
}

static enum login_result mail(const uint8_t *d, uint32_t n, uint16_t port, enum login_service *service)
{
	*service = port == 110 ? LOGIN_POP3 : LOGIN_IMAP;
	if (port == 110)
		return said(begins(d, n, "-ERR"), false);
	return said(contains(d, n, 64, " NO ", 4) &&
			    (contains(d, n, 128, "AUTHENTICATIONFAILED", 20) || contains(d, n, 128, "LOGIN", 5)),
		contains(d, n, 32, " OK LOGIN", 9));
}

// MS-CIFS 2.2.4.53, MS-SMB2 2.2.6: SESSION_SETUP answered with STATUS_LOGON_FAILURE and its like.
static enum login_result smb(const uint8_t *d, uint32_t n)
{
	uint32_t status;
	if (n < 36)
		return LOGIN_SAID_NOTHING;
	if (memcmp(d + 4, "\xffSMB", 4) == 0 && d[8] == 0x73)
		memcpy(&status, d + 9, 4);
	else if (memcmp(d + 4, "\xfeSMB", 4) == 0 && d[16] == 1 && d[17] == 0)
		memcpy(&status, d + 12, 4);
	else
		return LOGIN_SAID_NOTHING;
	// logon failure, wrong password, no such user, account locked, disabled
	bool failed = status == 0xc000006d || status == 0xc000006a || status == 0xc0000064 || status == 0xc0000234 ||
		      status == 0xc0000072;
	return said(failed, status == 0);
}

// RFC 4120 section 5.9.1: KRB-ERROR, error-code [6]: no such principal, pre-authentication failed, revoked.
static enum login_result kerberos(const uint8_t *d, uint32_t n)
{
	static const uint8_t tag[] = {0xa6, 0x03, 0x02, 0x01};
	if (n > 4 && d[0] == 0 && d[1] == 0) { // TCP: a length comes first
		d += 4;
		n -= 4;
	}
	if (n < 8)
		return LOGIN_SAID_NOTHING;
	if (d[0] == 0x6b)
		return LOGIN_SUCCEEDED;
	if (d[0] != 0x7e)
		return LOGIN_SAID_NOTHING;
	const uint8_t *at = memmem(d, n < 128 ? n : 128, tag, sizeof(tag));
	if (!at || at + 4 >= d + n)
		return LOGIN_SAID_NOTHING;
	return said(at[4] == 6 || at[4] == 24 || at[4] == 18, false);
}

// Databases and such, by port.
static enum login_result by_port(const uint8_t *d, uint32_t n, uint16_t port, enum login_service *service)
{
	switch (port) {
	case 23:
	case 2323:
		*service = LOGIN_TELNET;
		return said(contains(d, n, 256, "ncorrect", 8) || contains(d, n, 256, "ogin failed", 11) ||
				    contains(d, n, 256, "uthentication failed", 20) ||
				    contains(d, n, 256, "nvalid password", 15),
			false);
	case 389:
		*service = LOGIN_LDAP; // bindResponse with resultCode 49, RFC 4511
		return said(
			n > 9 && d[0] == 0x30 && contains(d, n, 24, "\x0a\x01\x31", 3) && contains(d, n, 12, "\x61", 1),
			false);
	case 1433:
		*service = LOGIN_MSSQL; // error token with number 18456
		return said(n > 12 && d[0] == 4 && contains(d, n, 64, "\x18\x48\x00\x00", 4), false);
	case 3306:
		*service = LOGIN_MYSQL; // error packet 1045
		return said(n > 7 && d[4] == 0xff && d[5] == 0x15 && d[6] == 0x04, false);
	case 5432:
		*service = LOGIN_POSTGRES; // invalid_password, invalid_authorization_specification
		return said(n > 8 && d[0] == 'E' && (contains(d, n, 64, "28P01", 5) || contains(d, n, 64, "28000", 5)),
			false);
	case 5900:
		*service = LOGIN_VNC; // SecurityResult, RFC 6143 section 7.1.3
		return said(n >= 4 && n < 80 && memcmp(d, "\0\0\0\1", 4) == 0, false);
	case 6379:
		*service = LOGIN_REDIS;
		return said(begins(d, n, "-WRONGPASS") || begins(d, n, "-ERR invalid password"), false);
	case 110:
	case 143:
		return mail(d, n, port, service);
	case 88:
		*service = LOGIN_KERBEROS;
		return kerberos(d, n);
	default:
		return LOGIN_SAID_NOTHING;
	}
}

static enum login_result from_server(const struct packet *p, enum login_service *service)
{
	const uint8_t *d = packet_payload(p);
	uint32_t n = p->payload_len;
	if (begins(d, n, "SSH-")) {
		*service = LOGIN_SSH;
		return LOGIN_TRIED;
	}
	if (n > 12 && begins(d, n, "HTTP/1.")) {
		*service = LOGIN_HTTP;
		return said(memcmp(d + 8, " 401", 4) == 0, false);
	}
	if (begins(d, n, "SIP/2.0 403")) {
		*service = LOGIN_SIP;
		return LOGIN_FAILED;
	}
	if (p->sport == 445 || p->sport == 139) {
		*service = LOGIN_SMB;
		return smb(d, n);
	}
	enum login_result r = by_port(d, n, p->sport, service);
	return r != LOGIN_SAID_NOTHING ? r : reply_code(d, n, p->sport, service);
}

// SNMPv1 and v2c messages (RFC 1157): SEQUENCE, version, community.
static enum login_result snmp(const uint8_t *d, uint32_t n, enum login_service *service, uint32_t *secret)
{
	uint32_t at = 2;
	if (n < 16 || d[0] != 0x30)
		return LOGIN_SAID_NOTHING;
	if (d[1] & 0x80)
		at += d[1] & 3;
	if (at + 5 > n || d[at] != 2 || d[at + 1] != 1 || d[at + 2] > 1 || d[at + 3] != 4)
		return LOGIN_SAID_NOTHING;
	uint32_t len = d[at + 4];
	if (len > 64 || at + 5 + len > n)
		return LOGIN_SAID_NOTHING;
	uint64_t h = 1;
	for (uint32_t i = 0; i < len; i++)
		h = sketch_mix(h ^ d[at + 5 + i]);
	*service = LOGIN_SNMP;
	*secret = (uint32_t)(h >> 32) | 1;
	return LOGIN_TRIED;
}

enum login_result login_answer(const struct packet *p, enum login_service *service, uint32_t *secret)
{
	const uint8_t *d = packet_payload(p);
	uint32_t n = p->payload_len;
	*secret = 0;
	if (p->flags & PKT_UDP && p->dport == 161)
		return snmp(d, n, service, secret);
	if (p->dir == DIR_TO_CLIENT || p->sport == 88 || p->sport == 445) {
		if (p->flags & PKT_TCP && p->nth[DIR_TO_CLIENT] == STAYED_PKTS) {
			*service = LOGIN_SSH;
			return LOGIN_STAYED;
		}
		return n ? from_server(p, service) : LOGIN_SAID_NOTHING;
	}
	// the client of RDP names its user in the connection request (MS-RDPBCGR 2.2.1.1)
	if (p->dport == 3389 && n > 11 && d[0] == 3 && d[5] == 0xe0 && contains(d, n, 40, "Cookie: mstshash", 16)) {
		*service = LOGIN_RDP;
		return LOGIN_TRIED;
	}
	return LOGIN_SAID_NOTHING;
}
