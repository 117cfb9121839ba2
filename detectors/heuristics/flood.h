// What all flood detectors share: how much comes at a destination, and what is said of it. Next: flood_cell.h.
//
// A detector counts what it cares about per destination (a host, a prefix, a host and service) in
// its worker's cells; the main lcore adds the cells up to one record a destination with a window of
// one second and one of ten, and asks the detector's judge() after every tick in which the
// destination was touched. The engine does the rest: learned baselines, hysteresis, start, update and
// end, the description of sources, ports and sizes, and filters that would select the flood, as
// text for people.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/detector.h"

#define FLOOD_COUNTS 8u

struct flood;
struct flood_delta;

// A destination's last second or ten, and who sent it.
struct flood_view {
	uint64_t count[FLOOD_COUNTS]; // of the last second
	uint64_t pkts, bytes;
	uint64_t slow[FLOOD_COUNTS]; // of the last ten seconds
	uint64_t slow_pkts;
	double sources; // estimate over the last 5 to 10 s
	double ports;   // destination ports, at most about 270 can be told apart
	bool active;    // reported already and not yet over: judge with half the thresholds
	uint16_t port;  // of the service the key names
	uint16_t sport; // the one source port all packets had, 0: many
	bool one_ttl;   // all packets had the same
	uint8_t version;
	const union ip_addr *addr;
};

// What a judge finds. Strings are static.
struct flood_verdict {
	double observed, threshold;
	const char *unit;
	const char *what;    // "SYN flood", ...
	const char *vector;  // "syn", ...
	const char *bpf;     // what to add to "dst host A", or NULL
	const char *bpf6;    // the same where it differs for IPv6: libpcap's tcp[] and udp[] know IPv4 only
	const char *nft;     // what to add to "ip daddr A"
	const char *flow;    // what to add to "dst A;" of a flow specification, see flood_filter.c
	uint16_t tcp_port;   // the filters select this destination port as well, 0: any
	const char *spoofed; // "yes", "no", where the packets themselves prove it; NULL: see flood_spoofed()
	const char *spoofed_why;
	const char *lonely; // why sources seem to send one packet each and never come back; NULL: they do not seem to
	uint32_t window_ms;
	uint8_t confidence, severity;
	uint8_t proto;
	uint16_t dport;
	double answer_ratio; // requests an answer (SYN:SYN-ACK), < 0: not said
};

// Settings every flood detector has; a detector's config struct begins with it.
struct flood_config {
	uint64_t hold_ns;      // a flood is over when it has been below for this long
	uint64_t update_ns;    // an update this often
	double baseline_times; // a learned destination is flooded only above this many times its usual rate
	uint64_t learn_ns;     // packet time before the rate of late counts
};
#define FLOOD_CONFIG_ROWS(type)                                                                                     \
	{"hold", CONFIG_DURATION, offsetof(type, common.hold_ns), "ms", 100, 3600000, "5000ms", NULL,               \
		"a flood is over when its rate has been below half the threshold for this long"},                   \
		{"update", CONFIG_DURATION, offsetof(type, common.update_ns), "ms", 1000, 3600000, "10000ms", NULL, \
			"while a flood lasts an update is made this often"},                                        \
		{"baseline-times", CONFIG_DOUBLE, offsetof(type, common.baseline_times), "", 0, 1000, "4", NULL,    \
			"above the floor a rate counts as a flood only beyond this many times the learned rate"},   \
	{                                                                                                           \
		"learn", CONFIG_DURATION, offsetof(type, common.learn_ns), "ms", 0, 86400000, "300000ms", NULL,     \
			"packet time a destination is watched before its learned rate counts"                       \
	}

struct flood_ops {
	const struct detector *detector;
	uint8_t key_proto; // for events, where the verdict says none
	// Is this destination flooded? v->active: thresholds may be halved.
	bool (*judge)(const void *config, const struct flood_view *v, struct flood_verdict *out);
	// Which rate the baseline learns.
	double (*rate)(const struct flood_view *v);
	uint32_t scale;           // packets that one counted stands for; 0: 1
	uint32_t least_pkts;      // in ten seconds: fewer are not worth a judge's time; 0: 50
	const char *sources_name; // what the distinct count counts; NULL: "sources"
	const char *ports_name;   // what the port bitmap counts; NULL: "dest_ports"
	bool hides_sources;       // nothing is said about spoofing: what is counted are not sources
};

size_t flood_delta_size(void);
void flood_delta_init(struct flood_delta *d, const struct detector_env *env);
size_t flood_size(void);
// config begins with a struct flood_config. ops and config must outlive the state.
void flood_init(struct flood *f, const struct flood_ops *ops, const void *config, const struct detector_env *env);
void flood_merge(struct flood *f, struct flood_delta *d);
void flood_tick(struct flood *f, struct detector_run *run);
