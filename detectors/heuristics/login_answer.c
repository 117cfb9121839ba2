// Logins as they go by, see login_answer.h. What servers say in the clear: login_reply.c. Here: who asks, web pages and
// forms, sessions whose answers are encrypted, VPNs.
#include "detectors/heuristics/login_answer.h"

#include <string.h>

#include "detectors/heuristics/login_places.h"
#include "detectors/heuristics/login_text.h"
#include "detectors/sketch/hash.h"

const char *const login_service_names[LOGIN_SERVICES] = {"", "ftp", "smtp", "pop3", "imap", "http", "smb", "krb5",
	"ldap", "telnet", "mysql", "pgsql", "mssql", "vnc", "redis", "sip", "ssh", "rdp", "snmp", "oracle", "mongodb",
	"http-form", "ike", "openvpn", "pptp"};

// A session whose server has sent this many packets was let in: refusals take about 15.
#define STAYED_PKTS 60u
// A VPN's first data comes within so many packets of its server.
#define VPN_PKTS 64u

// struct flow_cold.detect_bits[0]: what the flow's two sides have begun.
enum login_mark {
	MARK_SSH = 1u << 0,
	MARK_RDP = 1u << 1,
	MARK_AUTHORIZATION = 1u << 2, // an HTTP request with credentials, perhaps the first half of them
	MARK_PASSWORD = 1u << 3,      // one with all of them
	MARK_FORM = 1u << 4,          // one with a form's password
};

static uint64_t marks_of(const struct packet *p, struct flow_table *flows)
{
	return p->flow && p->flow->flags & FLOW_COLD_SET ? flow_cold_get(flows, p->flow)->detect_bits[0] : 0;
}

static void mark(const struct packet *p, struct flow_table *flows, uint64_t set, uint64_t clear)
{
	if (!p->flow)
		return;
	uint64_t *marks = &flow_cold_get(flows, p->flow)->detect_bits[0];
	*marks = (*marks & ~clear) | set;
}

static uint32_t digest_of(const uint8_t *d, uint32_t n)
{
	return (uint32_t)(sketch_bytes(d, n) >> 32) | 1;
}

// SNMPv1 and v2c messages (RFC 1157): SEQUENCE, version, community.
static enum login_result snmp(const uint8_t *d, uint32_t n, struct login *out)
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
	out->service = LOGIN_SNMP;
	out->value = digest_of(d + at + 5, len);
	return LOGIN_TRIED;
}

// The first message of a VPN's negotiation: IKE (RFC 2408, RFC 7296: no responder SPI yet), OpenVPN's reset of the
// client; value: its SPI or session.
static enum login_result vpn_datagram(const uint8_t *d, uint32_t n, uint16_t port, struct login *out)
{
	if (port == 1194) {
		if (n < 14 || (d[0] != 7 << 3 && d[0] != 10 << 3))
			return LOGIN_SAID_NOTHING;
		out->service = LOGIN_OPENVPN;
		out->value = digest_of(d + 1, 8);
		return LOGIN_TRIED;
	}
	if (port == 4500 && n > 4) { // behind the marker that it is not ESP (RFC 3948)
		d += 4;
		n -= 4;
	}
	if (n < 28 || memcmp(d + 8, "\0\0\0\0\0\0\0", 8) != 0 || (d[18] != 2 && d[18] != 4 && d[18] != 34))
		return LOGIN_SAID_NOTHING;
	out->service = LOGIN_IKE;
	out->value = digest_of(d, 8);
	return LOGIN_TRIED;
}

// What makes an answer to a form differ from another: its status and where it leads to, up to a '?'.
static uint32_t answer_digest(const uint8_t *d, uint32_t n)
{
	uint64_t h = (uint64_t)d[9] << 16 | (uint64_t)d[10] << 8 | d[11];
	const uint8_t *at = memmem(d, n, "\r\nLocation: ", 12);
	for (at = at ? at + 12 : d + n; at<d + n && * at> ' ' && *at != '?'; at++)
		h = sketch_mix(h ^ *at);
	return (uint32_t)(sketch_mix(h) >> 32) | 1;
}

// "HTTP/1.1 401 ...": a challenge; to a password a refusal. Another answer that is no error says that credentials, or a
// form, were taken.
static enum login_result web_answer(const struct packet *p, struct flow_table *flows, struct login *out)
{
	const uint8_t *d = packet_payload(p);
	bool challenge = memcmp(d + 8, " 401", 4) == 0, fine = d[8] == ' ' && (d[9] == '2' || d[9] == '3');
	uint64_t marks = marks_of(p, flows) & (MARK_AUTHORIZATION | MARK_PASSWORD | MARK_FORM);
	out->service = LOGIN_HTTP;
	if (marks)
		mark(p, flows, 0, marks);
	if (challenge)
		return marks & MARK_PASSWORD ? LOGIN_FAILED : LOGIN_CHALLENGED;
	if (!fine || !marks)
		return LOGIN_SAID_NOTHING;
	if (marks & MARK_AUTHORIZATION)
		return LOGIN_SUCCEEDED;
	out->service = LOGIN_FORM;
	out->value = answer_digest(d, p->payload_len);
	return LOGIN_ANSWERED;
}

// A server's datagram: an agent answers only to a community that is right; a VPN's data follows a login that works
// (OpenVPN's P_DATA, ESP behind NAT: RFC 3948).
static enum login_result datagram_from_server(const struct packet *p, struct login *out)
{
	const uint8_t *d = packet_payload(p);
	uint32_t n = p->payload_len;
	if (p->sport == 161) {
		enum login_result r = snmp(d, n, out);
		out->value = 0;
		return r == LOGIN_TRIED ? LOGIN_SUCCEEDED : LOGIN_SAID_NOTHING;
	}
	if (p->nth[p->dir & 1] > VPN_PKTS)
		return LOGIN_SAID_NOTHING;
	out->service = p->sport == 1194 ? LOGIN_OPENVPN : LOGIN_IKE;
	bool data = p->sport == 1194 ? d[0] >> 3 == 6 || d[0] >> 3 == 9
				     : p->sport == 4500 && n > 32 && memcmp(d, "\0\0\0\0", 4) != 0;
	return data ? LOGIN_SUCCEEDED : LOGIN_SAID_NOTHING;
}

static enum login_result from_server(const struct packet *p, struct flow_table *flows, struct login *out)
{
	const uint8_t *d = packet_payload(p);
	uint32_t n = p->payload_len;
	uint64_t marks = p->nth[DIR_TO_CLIENT] == STAYED_PKTS ? marks_of(p, flows) : 0;
	if (marks & (MARK_SSH | MARK_RDP)) {
		out->service = marks & MARK_RDP ? LOGIN_RDP : LOGIN_SSH;
		return LOGIN_STAYED;
	}
	if (begins(d, n, "SSH-")) {
		out->service = LOGIN_SSH;
		mark(p, flows, MARK_SSH, 0);
		return LOGIN_TRIED;
	}
	if (n > 12 && begins(d, n, "HTTP/1."))
		return web_answer(p, flows, out);
	return login_reply(d, n, p->sport, &out->service);
}

// X.224 connection request with a negotiation or a cookie (MS-RDPBCGR 2.2.1.1); on RDP's own port with neither.
static bool is_rdp(const uint8_t *d, uint32_t n, uint16_t port)
{
	if (n < 11 || d[5] != 0xe0)
		return false;
	bool asks = n >= 19 && d[n - 8] == 1 && d[n - 6] == 8 && d[n - 5] == 0;
	return port == 3389 || (d[3] == n && (asks || contains(d, n, 40, "mstshash=", 9)));
}

#define URL_BYTES 300u   // of a GET
#define FORM_BYTES 1500u // of another request, where a password is looked for

// What the field's value says: a password (Basic, Digest), or NTLM, whose third message answers the challenge to its
// first ([MS-NLMP] 2.2.1; "NTLMSSP", a zero and the type in base64).
static uint64_t credentials_at(const uint8_t *at, uint32_t n)
{
	bool password = begins(at, n, "Basic ") || begins(at, n, "Digest ") || contains(at, n, 30, "TlRMTVNTUAAD", 12);
	return MARK_AUTHORIZATION | (password ? MARK_PASSWORD : 0);
}

// A request with credentials, or one that carries a password in the clear, as web forms do, or the body of one.
static enum login_result web_request(const struct packet *p, struct flow_table *flows, struct login *out)
{
	const uint8_t *d = packet_payload(p);
	uint32_t n = p->payload_len;
	bool post = begins(d, n, "POST "), get = begins(d, n, "GET /"), path = get || begins(d, n, "POST /");
	bool body = !post && !get && n < 1000 && (d[0] == '{' || contains(d, n, 40, "=", 1));
	bool headers = path || begins(d, n, "HEAD /"), form = n > 20 && (post || get || body);
	if (!headers && !form)
		return LOGIN_SAID_NOTHING;
	struct login_places at = login_places_of(d, n);
	if (headers && at.authorization != LOGIN_NOWHERE)
		mark(p, flows, credentials_at(d + at.authorization, n - at.authorization),
			MARK_AUTHORIZATION | MARK_PASSWORD);
	if (!form || at.password > (get ? URL_BYTES : FORM_BYTES) - 2)
		return LOGIN_SAID_NOTHING;
	out->service = LOGIN_FORM;
	mark(p, flows, MARK_FORM, 0);
	return LOGIN_CHALLENGED;
}

static enum login_result from_client(const struct packet *p, struct flow_table *flows, struct login *out)
{
	const uint8_t *d = packet_payload(p);
	uint32_t n = p->payload_len;
	if (d[0] >= ' ')
		return web_request(p, flows, out);
	if (d[0] == 3 && is_rdp(d, n, p->dport)) {
		out->service = LOGIN_RDP;
		mark(p, flows, MARK_RDP, 0);
		return LOGIN_TRIED;
	}
	// Outgoing-Call-Request (RFC 2637 section 2.7): the call's number
	if (p->dport == 1723 && n >= 16 && memcmp(d + 4, "\x1a\x2b\x3c\x4d\0\7", 6) == 0) {
		out->service = LOGIN_PPTP;
		out->value = digest_of(d + 12, 4);
		return LOGIN_TRIED;
	}
	return LOGIN_SAID_NOTHING;
}

// The end of a session in private: how much its server has said, and for how long.
static enum login_result session_end(const struct packet *p, struct flow_table *flows, struct login *out)
{
	uint64_t marks = marks_of(p, flows) & (MARK_SSH | MARK_RDP);
	if (!marks)
		return LOGIN_SAID_NOTHING;
	mark(p, flows, 0, marks); // the other side's FIN says nothing new
	out->service = marks & MARK_RDP ? LOGIN_RDP : LOGIN_SSH;
	uint64_t bytes = flow_bytes(p->flow, DIR_TO_CLIENT);
	out->value = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
	out->seconds = p->ts_ns > p->flow->start_ns ? (uint32_t)((p->ts_ns - p->flow->start_ns) / 1000000000) : 0;
	return LOGIN_ENDED;
}

static bool is_login_datagram_port(uint16_t port)
{
	return port == 161 || port == 500 || port == 4500 || port == 1194;
}

// Whichever way the flow was taken up, and where both ports are the service's.
static enum login_result datagram(const struct packet *p, struct login *out)
{
	const uint8_t *d = packet_payload(p);
	enum login_result r = LOGIN_SAID_NOTHING;
	out->by_client = true;
	if (is_login_datagram_port(p->dport))
		r = p->dport == 161 ? snmp(d, p->payload_len, out) : vpn_datagram(d, p->payload_len, p->dport, out);
	if (r != LOGIN_SAID_NOTHING || !is_login_datagram_port(p->sport) || p->dir != DIR_TO_CLIENT)
		return r;
	out->by_client = false;
	return datagram_from_server(p, out);
}

bool login_answer(const struct packet *p, struct flow_table *flows, struct login *out)
{
	*out = (struct login){0};
	out->by_client = p->dir == DIR_TO_SERVER && p->sport != 88 && p->sport != 445;
	if (p->flags & PKT_TCP && p->tcp_flags & 0x05)
		out->result = session_end(p, flows, out);
	if (out->result != LOGIN_SAID_NOTHING || p->payload_len < 4)
		return out->result != LOGIN_SAID_NOTHING;
	if (p->flags & PKT_UDP && (is_login_datagram_port(p->dport) || is_login_datagram_port(p->sport)))
		out->result = datagram(p, out);
	else
		out->result = out->by_client ? from_client(p, flows, out) : from_server(p, flows, out);
	return out->result != LOGIN_SAID_NOTHING;
}
