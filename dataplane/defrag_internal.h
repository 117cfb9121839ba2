// What defrag.c and defrag_rebuild.c share: the datagram, and the log that holds its fragments.
#pragma once

#include "dataplane/defrag.h"

#define DEFRAG_UNIT 8u // fragment offsets count these
#define DEFRAG_MAX_BYTES 65535u
#define DEFRAG_MAX_UNITS (65536u / DEFRAG_UNIT)
#define DEFRAG_MAP_WORDS (DEFRAG_MAX_UNITS / 64u)
#define DEFRAG_MAX_HEADER 256u // IP header with everything before the fragmented part
#define DEFRAG_CHUNK 2048u
#define DEFRAG_NONE UINT32_MAX
#define DEFRAG_LINK_INDEX 0xffffffu
// Bytes of fragments kept of one datagram: whole once, and as much again in overlaps.
#define DEFRAG_MAX_LOG (2u * 65536u + DEFRAG_MAX_UNITS * sizeof(struct defrag_entry))

struct defrag_key {
	union ip_addr src, dst;
	uint64_t tunnel; // digest of what carries the packet, 0 without
	// in words, since a word read right behind writes of its parts waits until those are in the cache
	uint64_t id_vlans;      // identification, above it two VLAN ids of 16 bits
	uint64_t version_proto; // 4 or 6, and above it the protocol, IPv4 only: RFC 8200 leaves the next header out
};
_Static_assert(sizeof(struct defrag_key) == 56, "keys are compared as bytes");

// In front of each fragment's bytes in the log.
struct defrag_entry {
	uint16_t offset; // in bytes, of the datagram's fragmented part
	uint16_t len;
};

struct defrag_datagram {
	struct defrag_key key;
	uint64_t first_ns; // time of the fragment that came first
	uint64_t live[DEFRAG_MAP_WORDS /
		      64];   // words of the map that are in use, a bit each: the rest is not even cleared
	uint64_t first_word; // the word of the map that the first fragment begins in, which is not in `map`
	uint32_t bucket;     // hash chain it hangs in
	uint32_t age_prev, age_next;
	uint32_t log_head, log_tail; // chunks, DEFRAG_NONE when empty
	uint32_t log_bytes;
	uint32_t end; // bytes of the fragmented part, known with the last fragment
	uint16_t fragments;
	uint16_t units; // of the map that are set
	uint16_t header_len;
	uint8_t next_header;
	uint8_t policy;
	bool overlap;
	bool have_end;
	uint8_t first_at; // which word first_word is, once there is a fragment
	uint8_t header[DEFRAG_MAX_HEADER]
		__attribute__((aligned(64))); // of the first fragment, IPv6: without the fragment header
	uint64_t map[DEFRAG_MAP_WORDS];       // units that have come
} __attribute__((aligned(64)));
_Static_assert(offsetof(struct defrag_datagram, live) == 64 && offsetof(struct defrag_datagram, header) == 128,
	"a fragment touches two lines of its datagram and that of its bytes, the first in order a third, units "
	"elsewhere another");
_Static_assert(DEFRAG_MAP_WORDS <= 256 && DEFRAG_MAX_UNITS <= UINT16_MAX, "first_at, fragments and units");

// Where an entry's bytes lie, for sorting.
struct defrag_piece {
	uint32_t chunk; // and offset within it
	uint16_t at;
	uint16_t offset;
	uint16_t len;
	uint16_t arrival;
};

struct defrag {
	struct defrag_config config;
	struct defrag_counters counters;
	uint32_t buckets;                        // power of two
	uint32_t max_datagrams, fresh_datagrams; // those from `fresh` on were never used
	uint32_t chunks, fresh_chunks, free_chunks;
	uint32_t free_datagram, free_chunk; // lists
	uint32_t oldest, newest;            // by arrival of the first fragment
	uint32_t joined;                    // fragments of datagrams begun before, since the latest look ahead
	uint64_t burst_seq;                 // ordinal of the first frame of the burst that owns `rebuilt`
	size_t rebuilt_used;
	uint32_t *bucket; // links: DEFRAG_LINK_INDEX of the datagram, above it a tag of its hash; or DEFRAG_NONE
	uint32_t *chain;  // by datagram: link to the next in its chain, or index of the next in the free list
	uint32_t *chunk_next;
	struct defrag_datagram *datagrams;
	struct defrag_piece *pieces; // scratch, max_fragments
	uint8_t *chunk_bytes;
	uint32_t ends[DEFRAG_MAX_UNITS + 1]; // scratch, see drop_covered
	uint8_t *rebuilt;                    // DEFRAG_REBUILT_BYTES: the datagrams of one burst
};

// A burst cannot rebuild more datagrams than it has extra packets.
#define DEFRAG_REBUILT_SLOT 65600u // 40 bytes of IPv6 header and 65535 of payload, rounded up
#define DEFRAG_REBUILT_BYTES ((size_t)PKT_BURST * (PKT_MAX_DEPTH - 1) * DEFRAG_REBUILT_SLOT)

// A rebuilt datagram about to be: what stands before its bytes, and how many of them come.
struct defrag_whole {
	const uint8_t *header; // IP header, IPv6: with what follows it, without the fragment header
	uint32_t header_len;
	uint32_t len; // bytes behind the header
	uint8_t next_header;
	bool ipv4;
};

// Puts together a datagram that is complete, as a packet of b that follows frag. NULL when it is longer than a
// datagram can be (noted on frag) or the burst has no packet left.
struct packet *defrag_rebuild(struct defrag *df, const struct defrag_datagram *d, struct burst *b, struct packet *frag);

// The same for a fragment that is a whole datagram by itself; data: its w->len bytes.
struct packet *defrag_unwrap(
	struct defrag *df, const struct defrag_whole *w, const uint8_t *data, struct burst *b, struct packet *frag);

static inline uint8_t *defrag_chunk(struct defrag *df, uint32_t chunk)
{
	return df->chunk_bytes + (size_t)chunk * DEFRAG_CHUNK;
}
