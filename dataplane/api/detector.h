// What a detector is. One const struct a detector, listed by the build in the generated detector_table.
//
// A worker hands each detector the packets it wants, a burst at a time. State that must see the
// whole site is a delta: the worker fills it, and once a tick the main lcore merges every worker's
// delta into one master state and lets on_tick decide on that. So an attack spread over queues is
// seen as one, and the result does not depend on the number of workers.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/config.h"
#include "dataplane/api/event.h"
#include "dataplane/api/flow.h"
#include "dataplane/api/packet.h"

#define DETECTOR_GID 901u
#define DETECTOR_TICK_MS 100u // packet time between ticks

// Which packets on_packets sees.
enum detector_wants {
	DET_TCP = 1u << 0,
	DET_UDP = 1u << 1,
	DET_ICMP = 1u << 2,
	DET_ARP = 1u << 3,
	DET_FRAGMENT = 1u << 4,
	DET_OTHER = 1u << 5, // SCTP, ESP, other IP protocols, no IP at all
	DET_ALL = 0x3f,
	DET_FLOW_END = 1u << 6, // on_flow_end
	DET_TICK = 1u << 7,     // merge and on_tick
	DET_INVALID =
		1u << 8, // with PKT_INVALID, which nobody else is shown: only data, len and link_type are to be trusted
};

// Which of those packets on_packets sees at all (detector.only): those with one of these traits. Most packets are
// the middle of something, and most detectors need not be asked about them. See packet_traits.h.
enum detector_only {
	DET_FIRST = 1u << 0,      // the first of its direction in its flow, or without a flow, or neither TCP nor UDP
	DET_START = 1u << 1,      // likewise the first two
	DET_SYN = 1u << 2,        // TCP with SYN
	DET_CLOSE = 1u << 3,      // TCP with FIN or RST
	DET_EARLY = 1u << 4,      // TCP with payload, among the first 64 of its direction
	DET_DATA = 1u << 5,       // with payload
	DET_BARE = 1u << 6,       // TCP without payload, SYN, FIN and RST
	DET_STEP = 1u << 7,       // every 256th of its direction
	DET_NAMED = 1u << 8,      // from or to a port packet_traits.h names: DNS, DHCP, SNMP, IKE, SIP, ...
	DET_SAMPLE = 1u << 9,     // one frame in eight, by its ordinal
	DET_REFLECTED = 1u << 10, // from the port of a UDP service that is abused as a reflector, and perhaps others
};

// What a detector may use while it looks at packets.
struct detector_run {
	struct event_sink *sink;
	struct flow_table *flows; // of this worker; NULL in on_tick
	uint64_t now_ns;          // packet time of the burst or tick
	uint64_t seq;             // in on_tick: ordinal of the last packet before it
	uint16_t worker;          // 0..workers-1
	bool last;                // on_tick: the run ends; say what would otherwise wait for more traffic
	uint64_t missed;          // on_tick adds what workers had no room to tell it: packets or notes of the tick
	uint64_t evicted;         // on_tick adds what made room for other things: destinations of the tick
};

struct addr_set;  // api/addr_set.h
struct baselines; // detectors/heuristics/baseline.h

struct detector_env {
	const struct addr_set *home; // HOME_NET; NULL: every address is home
	struct baselines *baselines; // what is usual at the site; NULL: nobody keeps it
	uint16_t workers;
};

struct detector {
	const char *name;                // as in DESIGN: "syn_flood"
	uint32_t sid;                    // fixed for ever: 9010001 and up
	const char *title;               // alert.signature
	const char *category;            // alert.category
	uint8_t severity;                // 1 high, 2 medium, 3 low
	uint32_t wants;                  // enum detector_wants
	uint32_t only;                   // enum detector_only; 0: all of them
	const struct config_row *config; // rows under detectors.<name>.; `enabled` is implied
	size_t config_size;              // bytes of the struct those rows fill

	// Bytes of state a worker (and the master) needs, known before start.
	size_t (*state_size)(const void *config);
	// Sets up zeroed state memory. Returns 0 or -errno.
	int (*init)(void *state, const void *config, const struct detector_env *env);
	// Where a worker's delta is a smaller thing than the master: its size and set-up. Optional; NULL: state_size
	// and init serve both. on_packets and on_flow_end get a delta, on_tick the master, merge one of each.
	size_t (*delta_size)(const void *config);
	int (*init_delta)(void *delta, const void *config, const struct detector_env *env);
	// n packets this detector wants, in order, borrowed until return. Cannot fail.
	void (*on_packets)(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run);
	// A flow of this worker ends. Optional.
	void (*on_flow_end)(void *state, const struct flow *f, const struct flow_cold *cold, struct detector_run *run);
	// Adds a worker's delta to the master and leaves the delta empty. With DET_TICK.
	void (*merge)(void *master, void *delta);
	// Decides on the master state; main lcore, cold: may format text. With DET_TICK.
	void (*on_tick)(void *master, struct detector_run *run);
};

// Generated by detectors/heuristics/meson.build from its list of files; NULL-terminated.
extern const struct detector *const detector_table[];
