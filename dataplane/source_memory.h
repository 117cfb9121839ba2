// Frames held in memory, handed out in bursts, again and again: for tests and measurements, where neither a
// disk nor a network card should be what is measured.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/setup/memory.h"
#include "dataplane/source.h"

struct source_frame {
	const uint8_t *data; // copied by open
	uint32_t len;        // at most FRAME_MAX_BYTES
	uint32_t wire_len;   // 0: len
	uint64_t ts_ns;
	uint16_t link_type;
	uint16_t iface;
};

struct source_memory_config {
	const struct mbuf_pools *pools; // for fresh_bits, else NULL will do; must outlive the source
	uint64_t loops;                 // times all frames are handed out; 0: without end
	// Addresses of Ethernet IPv4 and IPv6 frames (VLAN tags allowed) change from loop to loop in their lowest
	// bits, 0..16 of them, the same way for both ends: each loop brings fresh flows between fresh hosts, and after
	// 2^bits loops they repeat. IP, TCP, UDP and ICMPv6 checksums follow (RFC 1624). Fragments and tunnels keep
	// their inner addresses.
	uint8_t fresh_bits;
	// Packet time. 0: as the frames say, each loop following the last. Else this many frames a second.
	double frames_a_second;
};

// Takes n frames, 1 or more. Close the source only when every frame has been freed. Returns 0, -EINVAL (no frames, one
// too long, too many bits) or -ENOMEM.
int source_memory_open(
	struct source **out, const struct source_frame *frames, size_t n, const struct source_memory_config *cfg);

// Reads another source to its end (say, a capture file) and takes its frames. The source is left open.
// max_frames: stop there, 0: no limit.
int source_memory_load(
	struct source **out, struct source *from, size_t max_frames, const struct source_memory_config *cfg);

// Frames handed out a loop.
size_t source_memory_frames(const struct source *s);
