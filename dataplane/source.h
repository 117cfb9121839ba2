// Where bursts come from. One ops struct a kind: source_pcap.c, source_memory.c, source_ethdev.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/packet.h"

#define SOURCE_LINK_ETHERNET 1u // LINKTYPE_ETHERNET

struct source;

// What a source says of itself, for the loss ledger. A count the source cannot take is UINT64_MAX.
struct source_stats {
	uint64_t offered;   // frames the wire or the file held
	uint64_t bytes;     // their wire bytes
	uint64_t received;  // frames handed to workers
	uint64_t missed;    // lost before us (NIC ring full)
	uint64_t errors;    // frames the device or the file format spoiled
	uint64_t no_buffer; // no mbuf free
};

struct source_ops {
	const char *name;
	// Fills frames[0..n) (data, mbuf, ts_ns, seq, len, wire_len, link_type, iface, flags; decode fills the rest)
	// and returns n <= max. The mbufs belong to the caller from here. 0: nothing now.
	uint16_t (*rx)(struct source *s, struct packet *frames, uint16_t max);
	// True once rx will never return a frame again.
	bool (*ended)(const struct source *s);
	void (*stats)(const struct source *s, struct source_stats *out);
	// Live sources: the time now, so that ticks pass without packets. NULL: time is what packets say.
	uint64_t (*clock)(const struct source *s);
	// Live sources: returns when a frame may have come, after ms milliseconds at the latest; false at once where
	// the device cannot say so. NULL: never can.
	bool (*wait)(struct source *s, unsigned int ms);
	// Frees the source. Accepts NULL.
	void (*close)(struct source *s);
};

struct source {
	const struct source_ops *ops;
};
