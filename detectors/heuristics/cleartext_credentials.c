// Passwords in the clear that cross the border of HOME_NET: FTP, POP3 and IMAP logins, HTTP Basic, SMTP AUTH.
//
// Inside the site they are a matter of taste; across the border everybody on the way can read them. The
// password itself is never part of the event.
#include "detectors/heuristics/once.h"

enum credential { FTP_PASSWORD = 1, POP3_PASSWORD, IMAP_LOGIN, HTTP_BASIC, SMTP_PLAIN };

static const struct once_kind kinds[] = {
	[FTP_PASSWORD] = {"FTP password in the clear", 3, 90, true},
	[POP3_PASSWORD] = {"POP3 password in the clear", 3, 90, true},
	[IMAP_LOGIN] = {"IMAP login in the clear", 3, 90, true},
	[HTTP_BASIC] = {"HTTP Basic password in the clear", 3, 90, true},
	[SMTP_PLAIN] = {"SMTP password in the clear", 3, 90, true},
};

static uint32_t look(const struct packet *p)
{
	const uint8_t *d = packet_payload(p);
	uint32_t n = p->payload_len;
	if (n < 8 || p->dir != DIR_TO_SERVER)
		return 0;
	switch (p->dport) {
	case 21: // whoever says anonymous gives nothing away
		return memcmp(d, "PASS ", 5) == 0 && !memchr(d, '@', RTE_MIN(n, 64u)) ? FTP_PASSWORD : 0;
	case 110:
		return memcmp(d, "PASS ", 5) == 0 ? POP3_PASSWORD : 0;
	case 143:
		return memmem(d, RTE_MIN(n, 24u), " LOGIN ", 7) ? IMAP_LOGIN : 0;
	case 25:
	case 587:
		return memcmp(d, "AUTH PLAIN ", RTE_MIN(n, 11u)) == 0 ? SMTP_PLAIN : 0;
	default:
		break;
	}
	if (memcmp(d, "GET ", 4) != 0 && memcmp(d, "POST ", 5) != 0)
		return 0;
	return memmem(d, RTE_MIN(n, 1460u), "\r\nAuthorization: Basic ", 23) ? HTTP_BASIC : 0;
}

static bool crosses_border(const struct addr_set *home, const struct obs *o)
{
	return home && is_home(home, &o->src, o->version) && !is_home(home, &o->dst, o->version);
}

extern const struct detector detector_cleartext_credentials;
static const struct once_ops cleartext_credentials_ops = {&detector_cleartext_credentials, kinds, look, crosses_border};

ONCE_DETECTOR(cleartext_credentials, 9010026, "Tocsin cleartext credentials", "Potential Corporate Privacy Violation",
	3, DET_TCP, DET_EARLY);
