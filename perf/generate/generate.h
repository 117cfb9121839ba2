// The traffic generator: ordinary traffic of a small site with attacks among it, as a capture file.
//
// Everything is made here and inert: attacks have the shape of the real thing (rates, addresses, flags), never
// its payload. The same seed gives the same bytes, and each kind of traffic draws from its own numbers, so
// that adding an attack leaves the rest as it was.
//
// Reading order: table.c (what there is), site.c (who there is), frame.c (one packet), conversation.c (one TCP
// connection), timeline.c (all packets in order), then one file a kind of traffic.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GEN_SECOND UINT64_C(1000000000)
#define GEN_MS UINT64_C(1000000)

// ---- numbers ----

struct rng {
	uint64_t state;
};

// The next 64 bits (SplitMix64, Steele et al. 2014).
uint64_t rng_next(struct rng *r);
// 0 .. below-1; below > 0.
uint32_t rng_below(struct rng *r, uint32_t below);
// low .. high, both included.
uint32_t rng_range(struct rng *r, uint32_t low, uint32_t high);
// 0 .. 1, 1 not included.
double rng_unit(struct rng *r);
// Gaps of a Poisson process with this mean.
double rng_exponential(struct rng *r, double mean);
void rng_bytes(struct rng *r, void *to, size_t n);
// A stream of numbers of its own for a name.
struct rng rng_named(uint64_t seed, const char *name);

// ---- the timeline ----

struct timeline;

struct timeline *timeline_new(void);
void timeline_free(struct timeline *t);
// Adds a frame. Frames of the same time keep the order they were added in. Exits when memory runs out.
void timeline_add(struct timeline *t, uint64_t ts_ns, const uint8_t *frame, uint32_t len);
size_t timeline_frames(const struct timeline *t);
uint64_t timeline_bytes(const struct timeline *t);
// Writes all frames in order of time, with nanoseconds, "-" to standard output. Returns 0, or -1 after
// saying on stderr what failed.
int timeline_write(struct timeline *t, const char *path);

// ---- who there is ----

// One end of a packet. The MAC of hosts outside the site is the router's.
struct endpoint {
	uint8_t version; // 4 or 6
	uint8_t ttl;
	uint16_t vlan; // 0: untagged
	uint16_t port;
	uint8_t mac[6];
	uint8_t addr[16]; // IPv4 in the first four
};

#define SITE_CLIENTS 60u
#define SITE_VLAN 20u // every fourth client

// Hosts of the site (10.20.0.0/16, 2001:db8:20::/48) and of the world (documentation and benchmark networks).
struct endpoint site_client(uint32_t n, uint8_t version);
struct endpoint site_server(uint32_t n, uint8_t version); // 10.20.0.10 + n
struct endpoint site_resolver(uint8_t version);           // 10.20.0.2
struct endpoint site_gateway(void);                       // 10.20.0.1
struct endpoint world_host(uint32_t n, uint8_t version);
// An address out of the whole IPv4 space, as a spoofing sender picks them (never of the site).
struct endpoint world_spoofed(struct rng *r);
// Parses an address; a host of the site when it lies in its networks. Returns false when it is none.
bool site_parse(const char *text, struct endpoint *out);
struct endpoint at_port(struct endpoint e, uint16_t port);
// A name an ordinary user would look up.
const char *site_name(uint32_t n);

// ---- one run ----

struct generator {
	struct timeline *out;
	struct rng rng; // of the kind that runs
	uint64_t start_ns;
	uint64_t duration_ns;
	uint32_t flows; // ordinary flows, all kinds together
	double scale;   // share of the kind that runs
};

// ---- one packet ----

enum tcp_bits { TH_F = 0x01, TH_S = 0x02, TH_R = 0x04, TH_P = 0x08, TH_A = 0x10, TH_U = 0x20 };

struct tcp_fields {
	uint32_t seq, ack;
	uint16_t window;
	uint8_t flags;
	bool syn_options; // MSS, SACK permitted, window scale
	uint16_t mss;
};

void emit_tcp(struct generator *g, uint64_t ts_ns, const struct endpoint *src, const struct endpoint *dst,
	const struct tcp_fields *tcp, const void *payload, uint32_t len);
void emit_udp(struct generator *g, uint64_t ts_ns, const struct endpoint *src, const struct endpoint *dst,
	const void *payload, uint32_t len);
// The same packet from its IP header on, to be carried by another. Returns its length, 0 when it does not fit.
uint32_t udp_packet(struct generator *g, uint8_t *to, size_t room, const struct endpoint *src,
	const struct endpoint *dst, const void *payload, uint32_t len);
// ICMP or ICMPv6 by the version of src; rest: the four bytes behind the checksum.
void emit_icmp(struct generator *g, uint64_t ts_ns, const struct endpoint *src, const struct endpoint *dst,
	uint8_t type, uint8_t code, uint32_t rest, const void *payload, uint32_t len);
// Any IP payload in one piece, or (IPv4) as one fragment of a datagram. offset in bytes.
struct ip_part {
	uint8_t proto;
	uint16_t id;
	uint32_t offset;
	bool more;
};
void emit_ip(struct generator *g, uint64_t ts_ns, const struct endpoint *src, const struct endpoint *dst,
	const struct ip_part *part, const void *payload, uint32_t len);
// operation 1 request, 2 reply. sender's MAC and address are as given; target_mac NULL: not known (request).
void emit_arp(struct generator *g, uint64_t ts_ns, uint16_t operation, const struct endpoint *sender,
	const struct endpoint *target, const uint8_t *target_mac, const uint8_t *ether_dst);

// ---- one TCP connection ----

struct conversation {
	struct generator *g;
	struct endpoint client, server;
	uint64_t now_ns; // when the next packet leaves
	uint64_t rtt_ns;
	uint32_t seq[2]; // next of client, server
	uint16_t mss;
};

enum side { CLIENT = 0, SERVER = 1 };

// Sets up both ends at a time; nothing is sent.
void conversation_begin(struct conversation *c, struct generator *g, const struct endpoint *client,
	const struct endpoint *server, uint64_t at_ns);
void conversation_open(struct conversation *c); // SYN, SYN ACK, ACK
void conversation_send(struct conversation *c, enum side from, const void *bytes, uint32_t len);
void conversation_text(struct conversation *c, enum side from, const char *text);
void conversation_wait(struct conversation *c, uint64_t ns);
void conversation_close(struct conversation *c, enum side first); // FIN ACK both ways
void conversation_reset(struct conversation *c, enum side from);

// An unprivileged port.
uint16_t client_port(struct generator *g);
// 4, or 6 for every fourth.
uint8_t pick_version(struct generator *g);
// A time within the run that leaves the last `margin` of it free.
uint64_t pick_time(struct generator *g, double margin);

// ---- kinds of traffic ----

// An ordinary kind: run is called with g->scale of the flows to make.
struct ordinary {
	const char *name;
	const char *help;
	double share; // of all ordinary flows
	void (*run)(struct generator *g, uint32_t flows);
};

struct attack_args {
	uint64_t start_ns, duration_ns; // absolute
	double rate;                    // what the row says it counts, a second
	uint32_t sources;
	struct endpoint victim; // with port
	bool near;              // the honest thing that looks like it, for kinds that have one
};

struct attack {
	const char *name;
	const char *help;
	const char *rate_unit;
	double rate; // defaults
	double duration_s;
	uint32_t sources; // 0: each packet from an address of its own
	const char *victim;
	uint16_t port; // 0: not used, or what the help says
	bool has_near;
	void (*run)(struct generator *g, const struct attack_args *a);
};

// Both end with a row without a name.
extern const struct ordinary ordinary_table[];
extern const struct attack attack_table[];

#define ORDINARY_KINDS(X)                                                     \
	X(dns, 0.30, "name look-ups, A and AAAA, with answers")               \
	X(http, 0.18, "web pages without encryption")                         \
	X(tls, 0.22, "TLS 1.3 sessions with server name and random contents") \
	X(ntp, 0.06, "time requests")                                         \
	X(ssh, 0.03, "SSH sessions of administrators")                        \
	X(mail, 0.05, "mail delivered over SMTP")                             \
	X(neighbour, 0.10, "ARP and IPv6 neighbour discovery")                \
	X(ping, 0.06, "echo requests and replies")

// name, what rate counts, rate, seconds, sources, victim, port, help. The victim of what begins within the site
// is the host it begins on. N: knows something honest that looks like it (near=1).
#define ATTACKS(X, N)                                                                                                  \
	X(syn_flood, "packets/s", 2000, 8, 0, "10.20.0.10", 80, "half-open handshakes from spoofed addresses")         \
	X(udp_flood, "packets/s", 5000, 5, 50, "10.20.0.11", 27015,                                                    \
		"large UDP packets to one port; port=0: to random ports")                                              \
	X(icmp_flood, "packets/s", 2000, 5, 0, "10.20.0.14", 0, "echo requests from spoofed addresses")                \
	X(fragment_flood, "fragments/s", 4000, 5, 40, "10.20.0.15", 0, "first fragments of datagrams that never come") \
	X(http_flood, "requests/s", 900, 4, 200, "10.20.0.10", 80,                                                     \
		"one page asked for by many clients, a connection each")                                               \
	X(amplification, "answers/s", 2000, 5, 120, "10.20.0.16", 0,                                                   \
		"time servers' answers to requests nobody made; port: of the service")                                 \
	X(carpet_bombing, "packets/s", 10000, 4, 60, "10.20.0.0", 0, "a UDP flood spread over all hosts of a /24")     \
	X(slow_dos, "connections/s", 20, 4, 1, "10.20.0.10", 80,                                                       \
		"requests that are never finished, one header line at a time")                                         \
	X(port_scan, "ports/s", 100, 10, 1, "10.20.0.12", 0, "one SYN to each port of a host")                         \
	X(host_scan, "hosts/s", 40, 5, 1, "10.20.1.0", 445, "one SYN to the same port of many hosts")                  \
	X(brute_force, "logins/s", 2, 30, 1, "10.20.0.13", 21, "refused logins, FTP on port 21, else SSH")             \
	X(worm_spread, "hosts/s", 20, 4, 1, "10.20.1.30", 445,                                                         \
		"a host is reached on a service and then tries it on others")                                          \
	X(beacon, "calls/s", 0.15, 130, 1, "10.20.1.33", 443, "a host of the site calls home at even intervals")       \
	X(dns_tunnel, "queries/s", 10, 15, 1, "10.20.1.34", 53, "a host of the site moves data in TXT queries")        \
	X(icmp_tunnel, "echoes/s", 8, 12, 1, "10.20.1.35", 0, "echoes of many sizes whose replies say something else") \
	X(dga, "queries/s", 3, 15, 1, "10.20.1.36", 53, "a host of the site asks for random names that do not exist")  \
	N(lookalike_domain, "queries/s", 1, 8, 1, "10.20.1.37", 53,                                                    \
		"a host of the site asks for names made to be mistaken")                                               \
	X(exfiltration, "kilobytes/s", 500, 10, 1, "10.20.1.38", 443,                                                  \
		"a host of the site sends far more than it gets")                                                      \
	X(lateral_movement, "hosts/s", 0.5, 14, 1, "10.20.1.40", 445,                                                  \
		"a host of the site opens service control on others")                                                  \
	N(arp_spoof, "answers/s", 2, 8, 1, "10.20.1.41", 0,                                                            \
		"answers nobody asked for that claim the gateway's address")                                           \
	X(rogue_dhcp, "offers/s", 1, 6, 1, "10.20.1.42", 67, "a second DHCP server offers leases")                     \
	X(rogue_ra, "messages/s", 8, 4, 1, "2001:db8:20::666", 0, "router advertisements from ever other routers")     \
	X(icmp_redirect, "messages/s", 3, 5, 1, "10.20.1.43", 0, "redirects that name another gateway")                \
	X(protocol_anomaly, "connections/s", 1, 3, 1, "10.20.1.44", 443, "SSH spoken on the port of another service")  \
	N(weak_crypto, "connections/s", 1, 3, 1, "10.20.1.45", 443,                                                    \
		"TLS 1.0 sessions whose server takes an export cipher")                                                \
	N(cleartext_credentials, "logins/s", 1, 3, 1, "10.20.1.46", 21, "FTP logins in the clear to a server outside") \
	N(device_tampering, "messages/s", 1, 3, 1, "10.20.0.1", 69, "a router's configuration is fetched over TFTP")   \
	N(mac_flood, "frames/s", 5000, 4, 0, "10.20.1.47", 80, "frames from ever other MACs, as macof sends them")     \
	N(stp_anomaly, "BPDUs/s", 0.5, 60, 1, "10.20.1.48", 0, "a new bridge takes over as root of the spanning tree") \
	N(lldp_anomaly, "announcements/s", 300, 3, 0, "10.20.1.49", 0, "LLDP neighbours without number")               \
	N(fast_flux, "queries/s", 0.1, 120, 0, "10.20.1.50", 53, "a name whose addresses are all over the world")      \
	N(long_flow, "exchanges/s", 2, 900, 1, "10.20.1.51", 195, "a host of the site stays connected to an odd port") \
	X(tunnel_redirect, "queries/s", 2, 8, 1, "10.20.0.1", 53, "name look-ups of the site leave in a GRE tunnel")   \
	X(test_signature, "requests/s", 1, 5, 1, "10.20.0.13", 80, "web requests with marks that test rules look for")

#define X(name, share, help) void ordinary_##name(struct generator *g, uint32_t flows);
ORDINARY_KINDS(X)
#undef X
#define X(name, unit, rate, duration, sources, victim, port, help) \
	void attack_##name(struct generator *g, const struct attack_args *a);
ATTACKS(X, X)
#undef X

// Calls each(g, a, i, ts) for every event of a steady attack: rate a second from start for duration, with jitter.
void attack_events(struct generator *g, const struct attack_args *a,
	void (*each)(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns));
// Source i of an attack: one of a->sources hosts of the world, or with 0 sources a spoofed one.
struct endpoint attack_source(struct generator *g, const struct attack_args *a, uint32_t i);
