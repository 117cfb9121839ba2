// Names of protocols and what parsers offer. Next: kw_app.c.
#include "detectors/signature/app_names.h"

#include <string.h>

#include "detectors/signature/rule_parse.h"

#define BIT(proto) (UINT64_C(1) << APP_##proto)

// Names that are not the one of app_proto.h, or that stand for more than it.
static const struct {
	const char *name;
	uint64_t set;
} others[] = {{"http", BIT(HTTP1) | BIT(HTTP2)}, {"ssl", BIT(TLS)}, {"ikev2", BIT(IKE)},
	{"dcerpc", BIT(DCERPC) | BIT(SMB)}}; // Suricata's rules for DCE/RPC are for what SMB carries of it as well

static const char *const names[] = {"http", "http1", "http2", "tls", "ssl", "dns", "smb", "ssh", "smtp", "ftp",
	"ftp-data", "dcerpc", "nfs", "tftp", "ike", "ikev2", "krb5", "ntp", "dhcp", "rfb", "rdp", "snmp", "sip", "mqtt",
	"modbus", "dnp3", "enip", "quic", "telnet", "imap", "pgsql", "bittorrent-dht", "msn", "irc", "jabber",
	"template"};

size_t app_name_count(void)
{
	return sizeof(names) / sizeof(*names);
}

const char *app_name_at(size_t slot)
{
	return names[slot];
}

size_t app_name_slot(const char *name)
{
	size_t i = 0;
	while (i + 1 < app_name_count() && strcmp(names[i], name))
		i++;
	return i;
}

uint64_t app_name_set(const char *name)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcmp(others[i].name, name))
			return others[i].set;
	enum app_proto proto = app_proto_by_name(name);
	return proto == APP_UNKNOWN ? 0 : UINT64_C(1) << proto;
}

uint64_t parsers_detect(const struct parser *const *parsers)
{
	uint64_t set = 0;
	for (; *parsers; parsers++)
		set |= UINT64_C(1) << (*parsers)->proto;
	return set;
}

static void offer(const struct parser *p, const char *name, uint64_t *by_slot)
{
	const struct keyword *kw = keyword_find(name);
	if (kw && p->parse)
		by_slot[keyword_slot(kw)] |= UINT64_C(1) << p->proto;
}

void parsers_offer(const struct parser *const *parsers, bool magic, uint64_t *by_slot)
{
	for (; *parsers; parsers++) {
		for (const struct parser_buffer *b = (*parsers)->buffers; b && b->name; b++)
			offer(*parsers, b->name, by_slot);
		for (const struct parser_field *f = (*parsers)->fields; f && f->name; f++)
			offer(*parsers, f->name, by_slot);
		if (!(*parsers)->file_dirs)
			continue;
		offer(*parsers, TX_FILE_TESTS, by_slot);
		if (magic)
			offer(*parsers, TX_FILE_MAGIC_BUFFER, by_slot);
	}
}

int parsers_event(const struct parser *const *parsers, const char *proto_name, const char *event, uint16_t *proto)
{
	uint64_t set = app_name_set(proto_name);
	for (; *parsers; parsers++) {
		const char *const *e = (*parsers)->events;
		if (!(set >> (*parsers)->proto & 1))
			continue;
		for (int i = 0; e && e[i]; i++)
			if (!strcmp(e[i], event)) {
				*proto = (*parsers)->proto;
				return i;
			}
	}
	return -1;
}
