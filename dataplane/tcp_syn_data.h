// What SYNs carried, until their answer. Private to tcp_*.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow;
struct packet;
struct tcp_streams;

#define TCP_SYN_DATA_BYTES 1536u      // of one SYN: no Ethernet segment carries more
#define TCP_SYN_DATA_CLASSES 64u      // destinations are told apart by six bits of a keyed hash
#define TCP_SYN_DATA_NS 1000000000ull // what is younger never gives way (RFC 6298: after a second the SYN comes again)

// Of one SYN; its bytes lie beside the records.
struct tcp_syn_data {
	const struct flow *flow; // with start_ns: whose; NULL: free
	uint64_t start_ns;
	uint64_t at_ns; // when it came
	uint32_t isn;
	uint16_t len;
	uint16_t chain;        // the next of the same hash, or of the free ones
	uint16_t older, newer; // by arrival
	uint8_t class;
};

// Records are numbered from 1.
struct tcp_syn_data_pool {
	struct tcp_syn_data *at;
	uint8_t *bytes;
	uint16_t *heads; // of the hash chains
	uint64_t secret; // keys both hashes
	uint32_t mask;
	uint16_t used;
	uint16_t fresh, free;
	uint16_t oldest, newest;
	uint16_t share;        // records that each class can always have
	uint16_t lent, shared; // of those that are nobody's share: in use, all
	uint16_t of[TCP_SYN_DATA_CLASSES];
};

// Bytes for n records, and setting them up in zeroed, aligned memory. Returns behind it.
size_t tcp_syn_data_size(uint32_t n);
uint8_t *tcp_syn_data_init(struct tcp_syn_data_pool *pool, uint8_t *mem, uint32_t n, uint64_t secret);
// As many as fit into this many bytes.
uint32_t tcp_syn_data_records(uint64_t bytes);

// Keeps the payload of p, a SYN with this number. False, and counted: there was no room, or nobody wants streams.
bool tcp_syn_data_keep(struct tcp_streams *ts, const struct packet *p, uint32_t isn);
// The payload kept of this SYN, NULL without. It stays until the next SYN is kept.
const uint8_t *tcp_syn_data_find(const struct tcp_streams *ts, const struct flow *f, uint32_t isn, uint32_t *len);
// Gives it back.
void tcp_syn_data_drop(struct tcp_streams *ts, const struct flow *f, uint32_t isn);
