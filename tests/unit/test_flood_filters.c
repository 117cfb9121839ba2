// Every kind of flood: it is told under its own name, half of its threshold is not, and its filters select its packets
// and no others. With two arguments: the nftables matches are written to the first file and the flow specifications
// to the second, for nft and BIRD to look at (tests/cli/flood_filters.py).
#include <pcap/pcap.h>

#include "tests/unit/flowspec.h"
#include "tests/unit/heuristics_harness.h"

extern const struct detector detector_syn_flood, detector_udp_flood, detector_icmp_flood, detector_fragment_flood,
	detector_http_flood, detector_amplification, detector_carpet_bombing;

enum kind { TCP, UDP, ICMP, FRAGMENT, HTTP, CARPET };

static const uint8_t quic[1200] = {0xc3, 0, 0, 0, 1, 8}, plain[500];

static const struct vector {
	const struct detector *detector;
	const char *what, *vector; // as told
	enum kind kind;
	bool v6;
	uint8_t flags; // of TCP; type of ICMP
	uint16_t sport, dport;
	const uint8_t *payload;
	uint32_t len, pps, miss_pps; // a flood, and what is not one yet
} vectors[] = {
	{&detector_syn_flood, "SYN flood", "syn", TCP, false, 0x02, 0, 80, NULL, 0, 1000, 75},
	{&detector_syn_flood, "SYN flood", "syn", TCP, true, 0x02, 0, 80, NULL, 0, 1000, 75},
	{&detector_syn_flood, "TCP ACK flood", "ack", TCP, false, 0x10, 0, 80, NULL, 0, 4000, 1000},
	{&detector_syn_flood, "TCP ACK flood", "ack", TCP, true, 0x10, 0, 80, NULL, 0, 4000, 1000},
	{&detector_syn_flood, "TCP RST flood", "rst", TCP, false, 0x04, 0, 80, NULL, 0, 4000, 1000},
	{&detector_syn_flood, "TCP RST flood", "rst", TCP, true, 0x14, 0, 80, NULL, 0, 4000, 1000},
	{&detector_syn_flood, "TCP FIN flood", "fin", TCP, false, 0x11, 0, 80, NULL, 0, 4000, 1000},
	{&detector_syn_flood, "TCP FIN flood", "fin", TCP, true, 0x11, 0, 80, NULL, 0, 4000, 1000},
	{&detector_syn_flood, "SYN-ACK reflection or backscatter", "synack", TCP, false, 0x12, 80, 0, NULL, 0, 4000,
		1000},
	{&detector_syn_flood, "SYN-ACK reflection or backscatter", "synack", TCP, true, 0x12, 80, 0, NULL, 0, 4000,
		1000},
	{&detector_syn_flood, "malformed TCP flood", "malformed", TCP, false, 0x00, 0, 80, NULL, 0, 4000, 1000},
	{&detector_syn_flood, "malformed TCP flood", "malformed", TCP, true, 0x03, 0, 80, NULL, 0, 4000, 1000},
	{&detector_syn_flood, "malformed TCP flood", "malformed", TCP, false, 0x29, 0, 80, NULL, 0, 4000, 1000},
	{&detector_udp_flood, "UDP flood", "udp", UDP, false, 0, 0, 9000, plain, 20, 4000, 1000},
	{&detector_udp_flood, "UDP flood", "udp", UDP, true, 0, 0, 9000, plain, 20, 4000, 1000},
	{&detector_udp_flood, "QUIC Initial flood", "quic", UDP, false, 0, 0, 443, quic, 1200, 800, 150},
	{&detector_udp_flood, "QUIC Initial flood", "quic", UDP, true, 0, 0, 443, quic, 1200, 800, 150},
	{&detector_icmp_flood, "ICMP echo flood", "icmp-echo", ICMP, false, 8, 0, 0, plain, 56, 1000, 250},
	{&detector_icmp_flood, "ICMP echo flood", "icmp-echo", ICMP, true, 128, 0, 0, plain, 56, 1000, 250},
	{&detector_icmp_flood, "ICMP echo reply flood (smurf)", "icmp-echo-reply", ICMP, false, 0, 0, 0, plain, 56,
		1000, 250},
	{&detector_icmp_flood, "ICMP error flood", "icmp-error", ICMP, false, 13, 0, 0, plain, 12, 8000, 2500},
	{&detector_fragment_flood, "flood of fragments that make no datagram", "fragment", FRAGMENT, false, 0, 0, 0,
		plain, 400, 4000, 1000},
	{&detector_fragment_flood, "flood of fragments that make no datagram", "fragment", FRAGMENT, true, 0, 0, 0,
		plain, 400, 4000, 1000},
	{&detector_carpet_bombing, "flood spread over a prefix", "carpet", CARPET, false, 0, 0, 9000, plain, 20, 9000,
		2000},
	{&detector_carpet_bombing, "flood spread over a prefix", "carpet", CARPET, true, 0, 0, 9000, plain, 20, 9000,
		2000},
	{&detector_http_flood, "HTTP flood of one URL by many clients", "http", HTTP, false, 0x18, 0, 8080, NULL, 0,
		800, 200},
#define AMPLIFIER(port, name)                                                                                      \
	{                                                                                                          \
		&detector_amplification, name " reflection", name, UDP, false, 0, port, 40000, plain, 500, 400, 50 \
	}
	AMPLIFIER(17, "QOTD"),
	AMPLIFIER(19, "CharGEN"),
	AMPLIFIER(69, "TFTP"),
	AMPLIFIER(111, "RPC"),
	AMPLIFIER(123, "NTP"),
	AMPLIFIER(137, "NetBIOS"),
	AMPLIFIER(161, "SNMP"),
	AMPLIFIER(389, "CLDAP"),
	AMPLIFIER(500, "IKE"),
	AMPLIFIER(520, "RIP"),
	AMPLIFIER(1900, "SSDP"),
	AMPLIFIER(3283, "ARMS"),
	AMPLIFIER(3702, "WS-Discovery"),
	AMPLIFIER(4500, "IKE-NAT"),
	AMPLIFIER(5353, "mDNS"),
	AMPLIFIER(5683, "CoAP"),
	AMPLIFIER(11211, "memcached"),
	AMPLIFIER(1194, "OpenVPN"),
	AMPLIFIER(1434, "SQL-browser"),
	AMPLIFIER(1604, "Citrix-ICA"),
	AMPLIFIER(3389, "RDP"),
	AMPLIFIER(3478, "STUN"),
	AMPLIFIER(5060, "SIP"),
	AMPLIFIER(5351, "NAT-PMP"),
	AMPLIFIER(10001, "Ubiquiti"),
	AMPLIFIER(10074, "TP240"),
	AMPLIFIER(27960, "Quake"),
	AMPLIFIER(37810, "DVR-DHCP"),
	AMPLIFIER(47808, "BACnet"),
	{&detector_amplification, "DNS reflection", "DNS", UDP, false, 0, 53, 40000, plain, 500, 1500, 250},
	{&detector_amplification, "DNS reflection", "DNS", UDP, true, 0, 53, 40000, plain, 500, 1500, 250},
	// a service nobody has listed: known by its one port, its many sources and its large answers
	{&detector_udp_flood, "UDP reflection flood", "udp", UDP, false, 0, 7777, 0, plain, 500, 4000, 1000},
};

static const char get[] = "GET /index.html HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
static FILE *nft, *bird;

// Packet i of a vector toward a host of the victim's network.
static void send_one(const struct vector *x, uint64_t us, uint32_t i, uint32_t host)
{
	char src[40], dst[40];
	uint16_t sport = x->sport ? x->sport : (uint16_t)(1024 + i % 60000);
	uint16_t dport = x->dport ? x->dport : (uint16_t)(1024 + i * 7 % 60000);
	snprintf(src, sizeof(src), x->v6 ? "2001:db8:ffff:%x::1" : "198.18.%u.7", i % (x->v6 ? 300 : 250));
	if (!x->v6)
		snprintf(src, sizeof(src), "198.%u.%u.7", 18 + i % 300 / 250, i % 250);
	snprintf(dst, sizeof(dst), x->v6 ? "2001:db8:1::%x" : "10.1.1.%u", x->kind == CARPET ? i % 200 : host);
	switch (x->kind) {
	case TCP:
		harness_tcp(&h, us, src, sport, dst, dport, x->flags, NULL, 0);
		break;
	case HTTP:
		harness_handshake(&h, us, src, sport, dst, dport);
		harness_tcp(&h, us + 3, src, sport, dst, dport, x->flags, get, sizeof(get) - 1);
		break;
	case ICMP:
		harness_icmp(&h, us, src, dst, x->flags, i << 16, x->payload, x->len);
		break;
	case FRAGMENT:
		build_start(&h.build);
		build_ethernet(&h.build, x->v6 ? 0x86dd : 0x0800);
		if (x->v6) {
			build_ipv6(&h.build, src, dst, 44);
			build_ipv6_frag(&h.build, 17, i, 0, true);
		} else {
			build_ipv4(&h.build, src, dst, 17);
			build_ipv4_frag(&h.build, (uint16_t)i, 0, true);
		}
		harness_finish(&h, us, x->payload, x->len);
		break;
	default:
		harness_udp(&h, us, src, sport, dst, dport, x->payload, x->len);
	}
}

// A member of the finding's text into out.
static void member(char *out, size_t max, const char *name)
{
	char key[64];
	snprintf(key, sizeof(key), "\"%s\":\"", name);
	const char *at = strstr(h.text[0], key);
	assert_non_null(at);
	at += strlen(key);
	assert_true(strcspn(at, "\"") < max);
	snprintf(out, max, "%.*s", (int)strcspn(at, "\""), at);
}

struct filters {
	struct bpf_program bpf;
	char flow[512];
};

// Do the filters select the frame sent last?
static void assert_selected(const struct filters *f, bool expected)
{
	struct pcap_pkthdr head = {.caplen = h.build.len, .len = h.build.len};
	assert_int_equal(pcap_offline_filter(&f->bpf, &head, h.build.data) != 0, expected);
	assert_int_equal(flowspec_selects(f->flow, h.build.data), expected);
}

// The filters take packets of the flood; not those for another host, nor another protocol for this one.
static void check_filters(const struct vector *x, const char *bpf)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	struct vector other = *x;
	struct filters f;
	if (pcap_compile(pcap, &f.bpf, bpf, 1, PCAP_NETMASK_UNKNOWN) != 0)
		fail_msg("%s: %s: %s", x->what, bpf, pcap_geterr(pcap));
	member(f.flow, sizeof(f.flow), "match_flowspec");
	for (uint32_t i = 0; i < 50; i++) {
		send_one(x, 3000000 + i, i, 80);
		assert_selected(&f, true);
	}
	other.kind = x->kind == TCP || x->kind == HTTP ? UDP : TCP;
	other.flags = 0x18;
	if (x->kind != CARPET) {
		send_one(x, 3001000, 1, 81);
		assert_selected(&f, false);
		send_one(&other, 3002000, 1, 80);
		assert_selected(&f, false);
	}
	if (strcmp(x->vector, "malformed") == 0) {
		other.kind = TCP;
		other.flags = 0x02;
		send_one(&other, 3003000, 1, 80);
		assert_selected(&f, false);
	}
	pcap_freecode(&f.bpf);
	pcap_close(pcap);
}

static void send_for(const struct vector *x, uint32_t pps)
{
	for (uint32_t i = 0; i < 2 * pps; i++)
		send_one(x, (uint64_t)i * 1000000 / pps, i, 80);
}

static void every_flood_is_told_and_its_filter_selects_it(void **state)
{
	char text[512];
	for (size_t k = 0; k < sizeof(vectors) / sizeof(vectors[0]); k++) {
		const struct vector *x = &vectors[k];
		harness_start(&h, x->detector, 1);
		send_for(x, x->pps);
		if (h.findings == 0)
			fail_msg("%s: nothing found", x->what);
		assert_string_equal(h.found[0].finding.what, x->what);
		assert_string_equal(h.found[0].finding.stage, "start");
		assert_true(h.found[0].ts_ns <= HARNESS_START_NS + 1000000000ull);
		assert_int_equal(h.found[0].finding.attacker_version, 0);
		member(text, sizeof(text), "vector");
		assert_string_equal(text, x->vector);
		if (nft) {
			member(text, sizeof(text), "match_nft");
			fprintf(nft, "\t\t%s counter\n", text);
		}
		if (bird) {
			member(text, sizeof(text), "match_flowspec");
			fprintf(bird, "protocol static { flow%c; route %s; }\n", text[4], text);
		}
		member(text, sizeof(text), "match_bpf");
		check_filters(x, text);
		harness_stop(&h);
	}
	h.detector = NULL;
}

static void half_of_a_flood_is_none(void **state)
{
	for (size_t k = 0; k < sizeof(vectors) / sizeof(vectors[0]); k++) {
		harness_start(&h, vectors[k].detector, 1);
		send_for(&vectors[k], vectors[k].miss_pps);
		if (h.findings != 0)
			fail_msg("%s at half its threshold: %s", vectors[k].what, h.found[0].finding.what);
		harness_stop(&h);
	}
	h.detector = NULL;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		heuristic_test(every_flood_is_told_and_its_filter_selects_it),
		heuristic_test(half_of_a_flood_is_none),
	};
	if (argc > 2 && (!(nft = fopen(argv[1], "w")) || !(bird = fopen(argv[2], "w"))))
		return 1;
	if (nft) {
		fprintf(nft, "table inet tocsin {\n\tchain matches {\n");
		fprintf(bird, "router id 192.0.2.1;\nflow4 table flows4;\nflow6 table flows6;\n");
	}
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	if (nft) {
		fprintf(nft, "\t}\n}\n");
		fclose(nft);
		fclose(bird);
	}
	return rc;
}
