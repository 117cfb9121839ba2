// What decode alone costs, in cycles a frame, with frames and packets in the first-level cache: the common stacks, then
// tunnels, then the dearest malformed frames. Bursts are made outside the clock. `meson test --benchmark`.
#include <stdio.h>

#include <rte_cycles.h>

#include "dataplane/decode.h"
#include "tests/unit/decode_rows.h"

#define TRIALS 200
#define BURSTS 50u
#define WORST 6u

static struct decoder decoder;
static struct burst burst;
static struct build b;

// The best of TRIALS: cycles a frame, the clock's own cost taken off.
static double measure(uint16_t link_type, uint32_t flags)
{
	double best = 1e9;
	for (int trial = 0; trial < TRIALS; trial++) {
		uint64_t cycles = 0;
		for (uint32_t i = 0; i < BURSTS; i++) {
			memset(burst.frames, 0, sizeof(burst.frames));
			burst.n_frames = PKT_BURST;
			burst.n = burst.n_extra = 0;
			for (uint32_t k = 0; k < PKT_BURST; k++) {
				struct packet *p = &burst.frames[k];
				p->data = b.data;
				p->len = p->wire_len = b.len;
				p->link_type = link_type;
				p->flags = flags;
			}
			uint64_t before = rte_rdtsc_precise();
			decode_burst(&decoder, &burst);
			cycles += rte_rdtsc_precise() - before;
		}
		double each = (double)cycles / BURSTS / PKT_BURST;
		if (each < best)
			best = each;
	}
	return best;
}

static void set_checks(bool check)
{
	decode_init(&decoder, NULL);
	decoder.config.check_l3_csum = decoder.config.check_l4_csum = check;
}

// A stack with `payload` bytes at its end. vlans: tags. opts: bytes of TCP options.
static void build_stack(uint32_t vlans, bool v4, bool tcp, uint32_t opts_len, uint32_t payload)
{
	static const uint8_t opts[] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 2, 4, 5, 0xb4, 4, 2, 3, 3, 7, 1, 1, 1};
	uint16_t type = v4 ? 0x0800 : 0x86dd;
	build_start(&b);
	build_ethernet(&b, vlans > 0 ? 0x8100 : type);
	for (uint32_t i = 0; i < vlans; i++)
		build_vlan(&b, (uint16_t)(i + 1), i + 1 == vlans ? type : 0x8100);
	if (v4)
		build_ipv4(&b, HERE, THERE, tcp ? 6 : 17);
	else
		build_ipv6(&b, HERE6, THERE6, tcp ? 6 : 17);
	if (tcp)
		build_tcp_opts(&b, 40000, 443, BUILD_TCP_ACK, 1, 2, opts, opts_len);
	else
		build_udp(&b, 40000, 53);
	build_fill(&b, 'x', payload);
	build_finish(&b);
}

static void report(const char *what)
{
	set_checks(false);
	double off = measure(1, 0);
	set_checks(true);
	printf("%-44s %5u B %9.1f %9.1f\n", what, b.len, off, measure(1, 0));
}

static void common_stacks(void)
{
	build_stack(0, true, true, 0, 6);
	report("Ethernet IPv4 TCP");
	build_stack(0, true, true, 12, 0);
	report("Ethernet IPv4 TCP, timestamps");
	build_stack(0, true, true, 24, 0);
	report("Ethernet IPv4 TCP, the options of a SYN");
	build_stack(0, true, false, 0, 18);
	report("Ethernet IPv4 UDP");
	build_stack(1, true, true, 0, 2);
	report("Ethernet VLAN IPv4 TCP");
	build_stack(2, true, true, 0, 2);
	report("Ethernet VLAN VLAN IPv4 TCP");
	build_stack(0, false, true, 0, 0);
	report("Ethernet IPv6 TCP");
	build_stack(0, false, false, 0, 0);
	report("Ethernet IPv6 UDP");
	build_start(&b);
	base_icmp(&b, 0x0800);
	build_fill(&b, 'x', 18);
	build_finish(&b);
	report("Ethernet IPv4 ICMP echo");
	build_start(&b);
	base_ip4(&b, 17);
	build_ipv4_frag(&b, 7, 1480, 1);
	build_fill(&b, 'x', 24);
	build_finish(&b);
	report("Ethernet IPv4 fragment, none rebuilt");
	build_stack(0, true, true, 12, 1448);
	report("Ethernet IPv4 TCP, full size");
}

static void tunnels(void)
{
	build_start(&b);
	base_vxlan(&b, 7);
	base_tcp(&b, 0);
	build_finish(&b);
	report("VXLAN of Ethernet IPv4 TCP");
	build_start(&b);
	base_ip4(&b, 47);
	build_bytes(&b, "\0\0\x08\0", 4);
	build_ipv4(&b, HERE, THERE, 6);
	build_tcp(&b, 1, 2, BUILD_TCP_ACK, 3, 4);
	build_finish(&b);
	report("GRE of IPv4 TCP");
	build_start(&b);
	build_ethernet(&b, 0x8847);
	build_mpls(&b, 100, 0);
	build_mpls(&b, 200, 1);
	build_ipv4(&b, HERE, THERE, 6);
	build_tcp(&b, 1, 2, BUILD_TCP_ACK, 3, 4);
	build_finish(&b);
	report("MPLS MPLS IPv4 TCP");
}

// Frames made to be slow: headers as small and as many as fit in 1,514 bytes.
static void long_walks(void)
{
	build_start(&b);
	build_ethernet(&b, 0x88e7);
	for (int i = 0; i < 82; i++) {
		build_fill(&b, 0, 16);
		build_be16(&b, 0x88e7);
	}
	report("802.1ah within itself, 82 times");
	build_start(&b);
	base_ip6(&b, 60);
	for (int i = 0; i < 182; i++)
		build_bytes(&b, i == 181 ? "\x3b\0\5\2\0\0\0\0" : "\x3c\0\5\2\0\0\0\0", 8);
	build_finish(&b);
	report("IPv6 with 182 destination option headers");
	build_start(&b);
	base_ip6(&b, 0);
	build_bytes(&b, "\x3b\xb5", 2);
	for (int i = 0; i < 1454; i += 2)
		build_bytes(&b, "\1\0", 2);
	build_finish(&b);
	report("IPv6 with 727 empty PadN options");
	build_start(&b);
	build_ethernet(&b, 0x8847);
	for (int i = 0; i < 375; i++)
		build_mpls(&b, 100, 0);
	report("MPLS labels without end");
}

static void dearest_rows(void)
{
	double cost[DECODE_ROWS];
	set_checks(true);
	for (uint32_t i = 0; i < DECODE_ROWS; i++) {
		decode_row_build(&decode_rows[i], &b);
		cost[i] = measure(decode_rows[i].link_type, 0);
	}
	printf("the dearest malformed frames:\n");
	for (uint32_t k = 0; k < WORST; k++) {
		uint32_t at = 0;
		for (uint32_t i = 1; i < DECODE_ROWS; i++)
			at = cost[i] > cost[at] ? i : at;
		printf("%-60s %9.1f\n", drop_table[decode_rows[at].reason].name, cost[at]);
		cost[at] = 0;
	}
}

int main(void)
{
	printf("cycles a frame, %u a burst, best of %d                       checksums: off        on\n", PKT_BURST,
		TRIALS);
	common_stacks();
	tunnels();
	long_walks();
	dearest_rows();
	return 0;
}
