// Ports of data connections (RFC 959 4.1.2, RFC 2428). See ftp.h. Next: ftp_log.c.
#include "dataplane/parsers/ftp.h"

// A number of at most `most`, and the byte behind it taken as well when it is `behind` (0: any). False: it is none.
static bool number(struct app_bytes *b, uint32_t most, uint8_t behind, uint32_t *out)
{
	uint32_t n = 0, digits = 0;

	for (; digits < b->len && digits < 5 && b->at[digits] >= '0' && b->at[digits] <= '9'; digits++)
		n = n * 10 + b->at[digits] - '0';
	if (!digits || n > most || (behind && (digits == b->len || b->at[digits] != behind)))
		return false;
	digits += behind != 0;
	b->at += digits, b->len -= digits;
	*out = n;
	return true;
}

static struct app_bytes skip_blanks(struct app_bytes b)
{
	while (b.len && *b.at == ' ')
		b.at++, b.len--;
	return b;
}

// h1,h2,h3,h4,p1,p2
static uint16_t host_port(struct app_bytes b)
{
	uint32_t high, low, skipped;

	for (int i = 0; i < 4; i++)
		if (!number(&b, 255, ',', &skipped))
			return 0;
	return number(&b, 255, ',', &high) && number(&b, 255, 0, &low) ? (uint16_t)(high << 8 | low) : 0;
}

uint16_t ftp_port_argument(struct app_bytes text)
{
	return host_port(skip_blanks(text));
}

// |net-prt|net-addr|tcp-port|
uint16_t ftp_eprt_argument(struct app_bytes text)
{
	struct app_bytes b = skip_blanks(text);
	uint32_t port;

	for (int bars = 0; bars < 3; bars++) {
		const uint8_t *bar = b.len ? memchr(b.at, '|', b.len) : NULL;
		if (!bar || (bars == 0 && bar != b.at))
			return 0;
		b.len -= (uint32_t)(bar + 1 - b.at);
		b.at = bar + 1;
	}
	return number(&b, UINT16_MAX, '|', &port) ? (uint16_t)port : 0;
}

static struct app_bytes behind(struct app_bytes text, uint8_t c)
{
	const uint8_t *at = text.len ? memchr(text.at, c, text.len) : NULL;

	return at ? (struct app_bytes){at + 1, text.len - (uint32_t)(at + 1 - text.at)}
		  : (struct app_bytes){text.at, 0};
}

// 227 Entering Passive Mode (h1,h2,h3,h4,p1,p2).
uint16_t ftp_pasv_reply(struct app_bytes text)
{
	return host_port(behind(text, '('));
}

// 229 Entering Extended Passive Mode (|||tcp-port|)
uint16_t ftp_epsv_reply(struct app_bytes text)
{
	struct app_bytes b = behind(text, '(');
	uint32_t port;

	if (!text_begins(b, "|||"))
		return 0;
	b.at += 3, b.len -= 3;
	return number(&b, UINT16_MAX, '|', &port) ? (uint16_t)port : 0;
}

bool ftp_is_bounce(struct app_bytes text, const union ip_addr *client)
{
	struct app_bytes b = skip_blanks(text);
	uint8_t host[4];
	uint32_t n;

	for (int i = 0; i < 4; i++) {
		if (!number(&b, 255, ',', &n))
			return false;
		host[i] = (uint8_t)n;
	}
	return !client->w[1] && !client->d[1] && memcmp(host, client->b, sizeof(host)) != 0;
}
