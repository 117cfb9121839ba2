// Tampering with routers and switches (TA18-106A): Smart Install messages, configurations over TFTP and SNMP,
// and the knock of the SYNful implant.
#include "detectors/heuristics/once.h"

enum tampering { SMI_COMMAND = 1, TFTP_CONFIG, SNMP_CONFIG_COPY, SYNFUL_KNOCK, SYNFUL_ANSWER };

static const struct once_kind kinds[] = {
	[SMI_COMMAND] = {"Smart Install command to a switch", 1, 90, false},
	[TFTP_CONFIG] = {"a device's configuration is moved over TFTP", 2, 70, true},
	[SNMP_CONFIG_COPY] = {"SNMP tells a device to copy its configuration", 1, 85, false},
	[SYNFUL_KNOCK] = {"knock of a router implant", 1, 80, false},
	[SYNFUL_ANSWER] = {"a router implant answers a knock", 1, 95, true},
};

static uint32_t be32(const uint8_t *d)
{
	return (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
}

// Client messages: 1, 1, type, length, ... (Cisco's advisory of 2018-04-09). 4786 is also an ordinary client port,
// so the header decides.
static bool is_smart_install(const uint8_t *d, uint32_t n)
{
	if (n < 16 || be32(d) != 1 || be32(d + 4) != 1)
		return false;
	uint32_t type = be32(d + 8), length = be32(d + 12);
	return (type == 4 && length == 8) || (type == 2 && length == 0x1c4) || (type == 3 && length == 0x128) ||
	       (type == 8 && length == 0x408);
}

static bool ends_like_config(const char *name, uint32_t n)
{
	return (n >= 6 && memcmp(name + n - 6, "-confg", 6) == 0) ||
	       (n >= 7 && memcmp(name + n - 7, "-config", 7) == 0) ||
	       (n >= 14 && memcmp(name, "startup-config", 14) == 0) ||
	       (n >= 14 && memcmp(name, "running-config", 14) == 0);
}

// RFC 1350: a read or write request names the file.
static bool is_tftp_config(const uint8_t *d, uint32_t n)
{
	if (n < 8 || d[0] != 0 || (d[1] != 1 && d[1] != 2))
		return false;
	uint32_t len = 0;
	while (2 + len < n && len < 128 && d[2 + len] != 0)
		len++;
	return ends_like_config((const char *)d + 2, len);
}

// A SetRequest (tag a3) of CISCO-CONFIG-COPY-MIB or the older writeNet.
static bool is_config_copy(const uint8_t *d, uint32_t n)
{
	static const uint8_t copy[] = {0x2b, 6, 1, 4, 1, 9, 9, 0x60, 1, 1, 1, 1},
			     write_net[] = {0x2b, 6, 1, 4, 1, 9, 2, 1, 0x37};
	if (!d || n < 30 || d[0] != 0x30 || !memmem(d, RTE_MIN(n, 80u), "\xa3", 1))
		return false;
	return memmem(d, RTE_MIN(n, 400u), copy, sizeof(copy)) ||
	       memmem(d, RTE_MIN(n, 400u), write_net, sizeof(write_net));
}

// SYNful Knock (Mandiant 2015): the SYN's sequence and acknowledgment numbers differ by 0xC123D; the answer carries
// an urgent pointer of 1 without URG, its numbers differ by one more.
static inline uint32_t look_knock(const struct packet *p)
{
	if (p->len < p->l4_off + 20u)
		return 0;
	const uint8_t *t = p->data + p->l4_off;
	uint8_t flags = p->tcp_flags & 0x3f;
	// a SYN acknowledges nothing: that is all that is seen of a flood's
	if (flags == 0x02 && memcmp(t + 8, "\0\0\0", 4) == 0)
		return 0;
	uint32_t seq = be32(t + 4), ack = be32(t + 8);
	if (flags == 0x02 && seq - ack == 0xc123d)
		return SYNFUL_KNOCK;
	if (flags == 0x12 && ack - seq == 0xc123e && t[18] == 0 && t[19] == 1)
		return SYNFUL_ANSWER;
	return 0;
}

static __attribute__((noinline)) uint32_t look_payload(const struct packet *p)
{
	const uint8_t *d = packet_payload(p);
	if (p->flags & PKT_TCP)
		return p->dport == 4786 && is_smart_install(d, p->payload_len) ? SMI_COMMAND : 0;
	if (p->dport == 69)
		return is_tftp_config(d, p->payload_len) ? TFTP_CONFIG : 0;
	return p->dport == 161 && is_config_copy(d, p->payload_len) ? SNMP_CONFIG_COPY : 0;
}

static inline uint32_t look(const struct packet *p)
{
	return p->flags & PKT_TCP && p->tcp_flags & 0x02 ? look_knock(p) : look_payload(p);
}

extern const struct detector detector_device_tampering;
static const struct once_ops device_tampering_ops = {&detector_device_tampering, kinds, look, NULL};

ONCE_DETECTOR(device_tampering, 9010027, "Tocsin device tampering", "Attempted Administrator Privilege Gain", 1,
	DET_TCP | DET_UDP, DET_EARLY | DET_NAMED | DET_SYN);
