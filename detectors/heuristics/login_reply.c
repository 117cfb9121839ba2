// What servers say to a login, by service. Every reader is given the payload and its length and reads nothing else.
// Next: login_answer.c, for clients, web pages and sessions in private.
#include "detectors/heuristics/login_answer.h"
#include "detectors/heuristics/login_text.h"

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
	if (begins(d, n, "430 ") && port == 21) { // invalid user name or password
		*service = LOGIN_FTP;
		return LOGIN_FAILED;
	}
	if (begins(d, n, "230 ") && port == 21) {
		*service = LOGIN_FTP;
		return LOGIN_SUCCEEDED;
	}
	*service = LOGIN_SMTP;
	return said(begins(d, n, "535 ") || begins(d, n, "535-"), begins(d, n, "235 "));
}

static enum login_result mail(const uint8_t *d, uint32_t n, uint16_t port, enum login_service *service)
{
	*service = port == 110 ? LOGIN_POP3 : LOGIN_IMAP;
	if (port == 110) // "+OK" also greets; what follows a password speaks of the mailbox
		return said(begins(d, n, "-ERR"),
			begins(d, n, "+OK") && (contains(d, n, 64, "ogged", 5) || contains(d, n, 64, "essage", 6) ||
						       contains(d, n, 64, "ail", 3)));
	return said(contains(d, n, 64, " NO ", 4) &&
			    (contains(d, n, 128, "AUTHENTICATIONFAILED", 20) || contains(d, n, 128, "LOGIN", 5) ||
				    contains(d, n, 128, "ogin", 4) || contains(d, n, 128, "uthentication", 13)),
		contains(d, n, 32, " OK LOGIN", 9) ||
			(contains(d, n, 32, " OK ", 4) && contains(d, n, 400, "ogged in", 8)));
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

static enum login_result telnet(const uint8_t *d, uint32_t n)
{
	static const char *const refusals[] = {"ncorrect", "ogin failed", "uthentication failed", "nvalid password",
		"ogin invalid", "ad password", "ccess denied"};
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (contains(d, n, 256, refusals[i], strlen(refusals[i])))
			return LOGIN_FAILED;
	// a shell's prompt
	bool prompt = n >= 2 && d[n - 1] == ' ' && (d[n - 2] == '#' || d[n - 2] == '$');
	return said(false, prompt || contains(d, n, 256, "Last login", 10));
}

// RFC 4511 section 4.2.2: bindResponse (tag 61) with resultCode invalidCredentials (49) or success.
static enum login_result ldap(const uint8_t *d, uint32_t n)
{
	if (n < 10 || d[0] != 0x30 || !contains(d, n, 12, "\x61", 1))
		return LOGIN_SAID_NOTHING;
	return said(contains(d, n, 24, "\x0a\x01\x31", 3), contains(d, n, 24, "\x0a\x01\0", 3));
}

// Databases, by port.
static enum login_result database(const uint8_t *d, uint32_t n, uint16_t port, enum login_service *service)
{
	switch (port) {
	case 1433: // an error token with number 18456; a login's answer begins with ENVCHANGE (MS-TDS 2.2.7.9)
		*service = LOGIN_MSSQL;
		return said(n > 12 && d[0] == 4 && contains(d, n, 64, "\x18\x48\x00\x00", 4),
			n > 12 && d[0] == 4 && d[8] == 0xe3);
	case 1521: // what follows a password that is right names the version first
		*service = LOGIN_ORACLE;
		return said(contains(d, n, 600, "ORA-01017", 9), contains(d, n, 600, "AUTH_VERSION_STRING", 19));
	case 3306: // error packet 1045; an OK packet that is not a query's answer
		*service = LOGIN_MYSQL;
		return said(n > 7 && d[4] == 0xff && d[5] == 0x15 && d[6] == 0x04, n > 6 && d[3] >= 2 && d[4] == 0);
	case 5432: // invalid_password, invalid_authorization_specification; AuthenticationOk
		*service = LOGIN_POSTGRES;
		return said(n > 8 && d[0] == 'E' && (contains(d, n, 64, "28P01", 5) || contains(d, n, 64, "28000", 5)),
			n > 8 && memcmp(d, "R\0\0\0\x08\0\0\0\0", 9) == 0);
	case 6379:
		*service = LOGIN_REDIS;
		return said(begins(d, n, "-WRONGPASS") || begins(d, n, "-ERR invalid password"),
			n == 5 && begins(d, n, "+OK\r\n"));
	case 27017: // SCRAM's last answer: the boolean `done` is true
		*service = LOGIN_MONGODB;
		return said(contains(d, n, 400, "Authentication failed", 21) ||
				    contains(d, n, 400, "AuthenticationFailed", 20),
			contains(d, n, 400,
				"\x08"
				"done\0\1",
				7));
	default:
		return LOGIN_SAID_NOTHING;
	}
}

static enum login_result by_port(const uint8_t *d, uint32_t n, uint16_t port, enum login_service *service)
{
	switch (port) {
	case 23:
	case 2323:
		*service = LOGIN_TELNET;
		return telnet(d, n);
	case 389:
	case 3268:
		*service = LOGIN_LDAP;
		return ldap(d, n);
	case 110:
	case 143:
		return mail(d, n, port, service);
	case 88:
		*service = LOGIN_KERBEROS;
		return kerberos(d, n);
	default:
		if (port >= 5900 && port < 5910) { // SecurityResult, RFC 6143 section 7.1.3
			*service = LOGIN_VNC;
			return said(n >= 4 && n < 80 && memcmp(d, "\0\0\0\1", 4) == 0,
				n == 4 && memcmp(d, "\0\0\0\0", 4) == 0);
		}
		return database(d, n, port, service);
	}
}

// RFC 3261 section 22: a challenge begins every registration, 403 ends a wrong one.
static enum login_result sip(const uint8_t *d, uint32_t n)
{
	if (begins(d + 8, n - 8, "403"))
		return LOGIN_FAILED;
	if (begins(d + 8, n - 8, "401") || begins(d + 8, n - 8, "407") || begins(d + 8, n - 8, "404"))
		return LOGIN_CHALLENGED;
	return said(false, begins(d + 8, n - 8, "200") && contains(d, n, 1400, " REGISTER\r\n", 11));
}

enum login_result login_reply(const uint8_t *d, uint32_t n, uint16_t port, enum login_service *service)
{
	if (n > 12 && begins(d, n, "SIP/2.0 ")) {
		*service = LOGIN_SIP;
		return sip(d, n);
	}
	if (port == 445 || port == 139) {
		*service = LOGIN_SMB;
		return smb(d, n);
	}
	enum login_result r = by_port(d, n, port, service);
	return r != LOGIN_SAID_NOTHING ? r : reply_code(d, n, port, service);
}
