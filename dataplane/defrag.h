// IPv4 and IPv6 defragmentation in fixed memory, with the overlap rules of the fragment's target.
// defrag.c keeps what has come (keys, limits, time), defrag_rebuild.c makes the datagram.
//
// Sources: RFC 791 section 3.2, RFC 815, RFC 8200 section 4.5, RFC 5722 (overlaps), RFC 6946 (atomic
// fragments), RFC 1858 and RFC 3128 (tiny fragments); J. Novak, "Target-Based Fragmentation Reassembly",
// Sourcefire 2005.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/packet.h"

struct defrag;

// Whose bytes stand where fragments overlap. "First" and "later" are in order of arrival.
enum defrag_policy {
	DEFRAG_BSD,       // the fragment that begins further left; at the same offset the first
	DEFRAG_BSD_RIGHT, // the fragment that begins further right; at the same offset the later
	DEFRAG_LINUX,     // the fragment that begins further left; at the same offset the later
	DEFRAG_FIRST,     // the first
	DEFRAG_LAST,      // the later
	DEFRAG_SOLARIS,   // the first, unless the later begins before it and ends with it or after it
	DEFRAG_WINDOWS,   // the first, unless the later begins before it and ends after it
};

// The policy of an operating system by its name in Suricata's host-os-policy (bsd, bsd-right, old-linux,
// linux, old-solaris, solaris, hpux10, hpux11, irix, macos, windows, vista, windows2k3, first, last).
// Returns false when nothing has that name.
bool defrag_policy_by_name(const char *name, enum defrag_policy *out);

struct defrag_config {
	uint64_t memcap_bytes;     // for fragments and what is known of their datagrams; 512 KiB and up
	uint32_t max_datagrams;    // incomplete at one time, at most what half of memcap_bytes holds
	uint32_t max_fragments;    // of one datagram, 1..8192
	uint64_t timeout_ns;       // from a datagram's first fragment, on packet time
	enum defrag_policy policy; // where policy_of is NULL or says nothing
	uint32_t seed;             // of the hash
	// The policy for a fragment by its destination; NULL: the one above. Called once a datagram.
	enum defrag_policy (*policy_of)(const void *arg, const struct packet *frag);
	const void *policy_arg;
};

// Suricata's defaults: 32 MiB, 65535 datagrams, 60 s, bsd; 8192 fragments a datagram. When memory or datagrams
// run out, the oldest incomplete datagram is given up.
void defrag_config_defaults(struct defrag_config *cfg);

struct defrag_counters {
	uint64_t fragments[2]; // taken, [0] IPv4, [1] IPv6
	uint64_t rebuilt[2];   // datagrams put together
	uint64_t overlaps;     // fragments that overlapped
	uint64_t ignored;      // fragments not kept: malformed or past a limit
	uint64_t timeouts;     // datagrams given up incomplete after timeout_ns
	uint64_t evicted;      // datagrams given up incomplete for want of memory
	uint64_t active;       // incomplete datagrams now
};

// Bytes of memory defrag_init needs.
size_t defrag_size(const struct defrag_config *cfg);
// Sets up in mem (defrag_size bytes, zeroed, aligned to 64). Returns 0, or -EINVAL for a config out of range.
int defrag_init(void *mem, const struct defrag_config *cfg, struct defrag **out);

// Takes a fragment: PKT_FRAGMENT and PKT_IPV4 or PKT_IPV6, l3_off at its IP header, payload_off behind that
// header (IPv6: behind the fragment header), payload_len bytes of data, src, dst, ip_proto, vlan, outer.
//
// Returns the rebuilt datagram when frag was the last piece missing, else NULL. The rebuilt packet is one of
// b's extra packets (PKT_REBUILT): `data` at an IP header with lengths, fragment fields and checksum set right;
// time, ordinal, interface, VLANs, tunnel, depth and outer of the fragment that completed it. Its bytes stay
// until defrag_packet is called with another burst (a burst is known by the ordinal of its first frame).
// What is wrong with a fragment is noted on it.
struct packet *defrag_packet(struct defrag *df, struct burst *b, struct packet *frag);

// Asks for the memory that fragments among n <= PKT_BURST frames, not decoded yet, will touch, so that it is waited for
// together: where fragments of datagrams begun before have come since the last call.
void defrag_ahead(struct defrag *df, const struct packet *frames, uint32_t n);

// Gives up datagrams whose first fragment is timeout_ns or longer ago.
void defrag_tick(struct defrag *df, uint64_t now_ns);

const struct defrag_counters *defrag_counters(const struct defrag *df);
