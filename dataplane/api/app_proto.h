// Application protocols by number: what flow_cold.app_proto and an event's app_proto hold. Names are Suricata's.
#pragma once

#include <stdint.h>

// One line a protocol: number, name in rules and configuration, EVE app_proto where it differs (NULL: the same).
#define APP_PROTO_LIST(X)             \
	X(HTTP1, "http1", "http")     \
	X(HTTP2, "http2", NULL)       \
	X(TLS, "tls", NULL)           \
	X(DNS, "dns", NULL)           \
	X(SMTP, "smtp", NULL)         \
	X(FTP, "ftp", NULL)           \
	X(FTP_DATA, "ftp-data", NULL) \
	X(SSH, "ssh", NULL)           \
	X(SMB, "smb", NULL)           \
	X(DCERPC, "dcerpc", NULL)     \
	X(IMAP, "imap", NULL)         \
	X(NFS, "nfs", NULL)           \
	X(NTP, "ntp", NULL)           \
	X(TFTP, "tftp", NULL)         \
	X(IKE, "ike", NULL)           \
	X(KRB5, "krb5", NULL)         \
	X(QUIC, "quic", NULL)         \
	X(DHCP, "dhcp", NULL)         \
	X(SNMP, "snmp", NULL)         \
	X(SIP, "sip", NULL)           \
	X(RFB, "rfb", NULL)           \
	X(MQTT, "mqtt", NULL)         \
	X(TELNET, "telnet", NULL)     \
	X(RDP, "rdp", NULL)           \
	X(MODBUS, "modbus", NULL)     \
	X(DNP3, "dnp3", NULL)         \
	X(ENIP, "enip", NULL)         \
	X(PGSQL, "pgsql", NULL)       \
	X(BITTORRENT_DHT, "bittorrent-dht", NULL)

enum app_proto {
	APP_UNKNOWN = 0, // not decided yet, or nobody has looked
	APP_FAILED,      // decided: none of those below
#define APP_PROTO_NUMBER(number, name, eve) APP_##number,
	APP_PROTO_LIST(APP_PROTO_NUMBER)
#undef APP_PROTO_NUMBER
		APP_PROTO_COUNT
};
_Static_assert(APP_PROTO_COUNT <= 64, "sets of protocols are 64-bit masks");
