// See text.h.
#include "ctl/eve/text.h"

#include <string.h>

#include "ctl/eve/json_out.h"

static char *digits2(char *p, uint32_t v)
{
	p[0] = (char)('0' + v / 10);
	p[1] = (char)('0' + v % 10);
	return p + 2;
}

// Days since 1970-01-01 to a civil date (proleptic Gregorian), after the usual shift of the year's
// start to March so that the leap day comes last.
static char *text_date(char *p, uint64_t days)
{
	uint64_t z = days + 719468, era = z / 146097;
	uint32_t doe = (uint32_t)(z - era * 146097);
	uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	uint32_t mp = (5 * doy + 2) / 153, day = doy - (153 * mp + 2) / 5 + 1;
	uint32_t month = mp < 10 ? mp + 3 : mp - 9;
	uint32_t year = yoe + (uint32_t)era * 400 + (month <= 2);

	p = digits2(digits2(p, year / 100), year % 100);
	*p++ = '-';
	p = digits2(p, month);
	*p++ = '-';
	return digits2(p, day);
}

size_t text_time(char *start, uint64_t ts_ns)
{
	uint64_t s = ts_ns / 1000000000u;
	uint32_t us = (uint32_t)(ts_ns % 1000000000u) / 1000, day_s = (uint32_t)(s % 86400);
	char *p = text_date(start, s / 86400);

	*p++ = 'T';
	p = digits2(p, day_s / 3600);
	*p++ = ':';
	p = digits2(p, day_s / 60 % 60);
	*p++ = ':';
	p = digits2(p, day_s % 60);
	*p++ = '.';
	p = digits2(digits2(digits2(p, us / 10000), us / 100 % 100), us % 100);
	memcpy(p, "+0000", 6);
	return (size_t)(p + 5 - start);
}

static size_t text_ipv4(char *start, const uint8_t *b)
{
	char *p = start;
	for (int i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		p += jout_digits(p, b[i]);
	}
	*p = 0;
	return (size_t)(p - start);
}

static size_t text_ipv6(char *start, const uint8_t *b)
{
	static const char hex[] = "0123456789abcdef";
	char *p = start;
	for (int i = 0; i < 16; i++) {
		if (i && !(i & 1))
			*p++ = ':';
		*p++ = hex[b[i] >> 4];
		*p++ = hex[b[i] & 15];
	}
	*p = 0;
	return (size_t)(p - start);
}

size_t text_addr(char *p, const union ip_addr *a, uint8_t version)
{
	*p = 0;
	return version == 4 ? text_ipv4(p, a->b) : version == 6 ? text_ipv6(p, a->b) : 0;
}

// IANA's assigned protocol numbers, spelled as Suricata 7 prints them.
static const char *const ip_protos[256] = {"HOPOPT", "ICMP", "IGMP", "GGP", "IP-in-IP", "ST", "TCP", "CBT", "EGP",
	"IGP", "BBN-RCC-MON", "NVP-II", "PUP", "ARGUS", "EMCON", "XNET", "CHAOS", "UDP", "MUX", "DCN-MEAS", "HMP",
	"PRM", "XNS-IDP", "TRUNK-1", "TRUNK-2", "LEAF-1", "LEAF-2", "RDP", "IRTP", "ISO-TP4", "NETBLT", "MFE-NSP",
	"MERIT-INP", "DCCP", "3PC", "IDPR", "XTP", "DDP", "IDPR-CMTP", "TP++", "IL", "IPv6", "SDRP", "IPv6-Route",
	"IPv6-Frag", "IDRP", "RSVP", "GRE", "DSR", "BNA", "ESP", "AH", "I-NLSP", "SwIPe", "NARP", "MOBILE", "TLSP",
	"SKIP", "IPv6-ICMP", "IPv6-NoNxt", "IPv6-Opts", "Any", "CFTP", "Any", "SAT-EXPAK", "KRYPTOLAN", "RVD", "IPPC",
	"Any", "SAT-MON", "VISA", "IPCU", "CPNX", "CPHB", "WSN", "PVP", "BR-SAT-MON", "SUN-ND", "WB-MON", "WB-EXPAK",
	"ISO-IP", "VMTP", "SECURE-VMTP", "VINES", "TTP", "NSFNET-IGP", "DGP", "TCF", "EIGRP", "OSPF", "Sprite-RPC",
	"LARP", "MTP", "AX.25", "OS", "MICP", "SCC-SP", "ETHERIP", "ENCAP", "Any", "GMTP", "IFMP", "PNNI", "PIM",
	"ARIS", "SCPS", "QNX", "A/N", "IPComp", "SNP", "Compaq-Peer", "IPX-in-IP", "VRRP", "PGM", "Any", "L2TP", "DDX",
	"IATP", "STP", "SRP", "UTI", "SMP", "SM", "PTP", "IS-IS", "FIRE", "CRTP", "CRUDP", "SSCOPMCE", "IPLT", "SPS",
	"PIPE", "SCTP", "FC", "RSVP-E2E-IGNORE", "Mobility", "UDPLite", "MPLS-in-IP", "manet", "HIP", "Shim6", "WESP",
	"ROHC", "Ethernet", "144", "145", "146", "147", "148", "149", "150", "151", "152", "153", "154", "155", "156",
	"157", "158", "159", "160", "161", "162", "163", "164", "165", "166", "167", "168", "169", "170", "171", "172",
	"173", "174", "175", "176", "177", "178", "179", "180", "181", "182", "183", "184", "185", "186", "187", "188",
	"189", "190", "191", "192", "193", "194", "195", "196", "197", "198", "199", "200", "201", "202", "203", "204",
	"205", "206", "207", "208", "209", "210", "211", "212", "213", "214", "215", "216", "217", "218", "219", "220",
	"221", "222", "223", "224", "225", "226", "227", "228", "229", "230", "231", "232", "233", "234", "235", "236",
	"237", "238", "239", "240", "241", "242", "243", "244", "245", "246", "247", "248", "249", "250", "251", "252",
	"253", "254", "255"};

const char *text_ip_proto(uint8_t proto)
{
	return ip_protos[proto];
}
